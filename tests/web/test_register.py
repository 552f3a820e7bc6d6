"""The pages of whoever keeps the register, chases the duty and reads the audit records."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from csv import DictReader
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import AuditRecord, Notice
from lodeline.store.opening import open_store
from lodeline.store.store import Store


@pytest.fixture
def own(pages: None, store: Store, tmp_path: Path) -> Iterator[tuple[Browser, Store]]:
    """The small world in a file that this test may change."""
    assert store.database.path is not None
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(store.database.path, copy)
    with override_settings(LODELINE_DATABASE=str(copy)):
        made = open_store(str(copy))
        yield Browser(client=Client(HTTP_HOST="127.0.0.1")), made
        made.database.close()


NEW = {"id": "SEP-9", "name_zh": "赣北分离", "name_en": "Ganbei", "country": "CN", "roles": ["separator", "exporter"]}


def test_firm_is_admitted_with_its_site(own: tuple[Browser, Store]) -> None:
    browser, store = own
    asked = browser.page("/zh/register/new/").text
    assert "代理申报" in asked and "agent" not in asked
    admitted = browser.post("/en/register/new/", NEW)
    assert admitted.status_code == 303
    page = Page(browser.get(admitted["Location"]))
    assert page.headings == ["Ganbei has no site yet: add one, then its people"]
    assert "It stands in the log as entry" in page.text
    site = {"do": "sites", "id": "SEP-9-A", "organisation": "SEP-9", "name": "Ganzhou", "stage": "separation"}
    assert browser.post("/en/register/SEP-9/", site).status_code == 303
    register = store.register(store.head())
    assert register.roles["SEP-9"] == {"separator", "exporter"}
    assert register.site_organisation["SEP-9-A"] == "SEP-9"
    assert Page(browser.get("/zh/register/SEP-9/")).headings == ["赣北分离及其1个场所"]


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(own: tuple[Browser, Store]) -> None:
    browser, store = own
    size = store.head().size
    refused = browser.post("/en/register/new/", {**NEW, "id": "SEP-0001", "uscc": "91350100M000100Y34"})
    assert refused.status_code == 400
    page = Page(refused)
    assert "SEP-0001 is in the register already." in page.text
    assert 'value="91350100M000100Y34"' in page.html and 'value="separator" checked' in page.html
    assert store.head().size == size


def test_site_is_changed_by_its_own_form(own: tuple[Browser, Store]) -> None:
    browser, store = own
    form = browser.page("/en/register/SEP-0001/?site=SEP-0001-A")
    assert "Change site SEP-0001-A" in form.text
    changed = {"do": "sites", "id": "SEP-0001-A", "organisation": "SEP-0001", "name": "New name", "stage": "separation"}
    assert browser.post("/en/register/SEP-0001/?site=SEP-0001-A", changed).status_code == 303
    sites = store.register(store.head()).tables["sites"]
    assert sites.filter(id="SEP-0001-A")["name"].to_list() == ["New name"]
    assert browser.get("/en/register/SEP-0001/?site=NONE").status_code == 404
    assert browser.get("/en/register/NOBODY/").status_code == 404


def test_firms_that_have_not_filed_are_reminded(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    page = browser.page("/en/organisations/?period=2025-03&state=filed")
    assert page.html.count('rel="prev"') == 1, "the month before is a link"
    assert 'name="organisation" value="SEP-0001"' in page.html
    form = {"kind": "reminded", "organisation": ["SEP-0001", "SEP-0002", "NOBODY"]}
    sent = browser.post("/en/organisations/?period=2025-03&state=filed", form)
    assert sent.status_code == 303
    assert Notice.objects.filter(kind="reminded").count() == 2
    assert "Said to 2 firms" in Page(browser.get(sent["Location"])).text
    assert "reminded" in browser.page("/en/organisations/?period=2025-03&state=filed").text
    refused = browser.post(
        "/en/organisations/?period=2025-03&state=filed", {"kind": "ordered-to-file", "organisation": "SEP-0001"}
    )
    assert refused.status_code == 400 and "still to come" in Page(refused).text


def test_every_look_at_a_firm_is_written_with_its_reason(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    before = AuditRecord.objects.count()
    browser.get("/en/organisations/SEP-0001/")
    assert browser.post("/en/reason/?next=/en/balances/", {"reason": "court"})["Location"] == "/en/balances/"
    browser.get("/en/sites/SEP-0001-A/")
    browser.get("/en/lots/SEP-0001/CONCENTRATE-2501-00001/")
    browser.get("/en/log/1/")
    looks = list(AuditRecord.objects.values_list("what", "reason", "organisation").order_by("id"))[before:]
    assert looks[:3] == [
        ("organisation", "oversight", "SEP-0001"), ("balance", "court", "SEP-0001"), ("lot", "court", "SEP-0001"),
    ]  # fmt: skip
    assert looks[3][0] == "entry" and looks[3][2]
    page = browser.page("/en/audit/?organisation=SEP-0001")
    assert "Order of a court or prosecutor" in page.text and "looks at firms" in page.headings[0]


def test_who_looked_at_a_firm_stands_on_its_page_for_auditors_alone(own: tuple[Browser, Store]) -> None:
    def as_role(role: str) -> Browser:
        standings = (RoleGrant(organisation="", role=role),)
        environ: Any = {"lodeline.actor": Actor(user=1, name="A", pseudonym=f"the-{role}", standings=standings)}
        return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))

    at = "/en/organisations/SEP-0001/"
    assert "Access records" not in as_role("analyst").page(at).text
    assert "Access records" in as_role("auditor").page(at).text
    text = as_role("auditor").get(f"{at}?format=csv&table=looks").content.decode("utf-8-sig")
    assert [row["Who"] for row in list(DictReader(StringIO(text)))[:3]] == ["the-auditor", "the-auditor", "the-analyst"]
    assert as_role("analyst").get(f"{at}?format=csv&table=looks").status_code == 404


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_reason_leads_back_to_this_portal_alone(own: tuple[Browser, Store], address: str) -> None:
    browser, _ = own
    sent = browser.post(f"/en/reason/?next={address}", {"reason": "court"})
    assert sent["Location"] == "/en/home/"


def test_records_cannot_be_changed(own: tuple[Browser, Store]) -> None:
    browser, store = own
    browser.get("/en/organisations/SEP-0001/")
    for statement in ("UPDATE office_audit_record SET reason = 'none'", "DELETE FROM office_audit_record"):
        with pytest.raises(Exception, match="audit records are only added"):
            store.database.execute(statement)


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        ("registrar", {"register/new", "organisations"}),
        ("auditor", {"audit", "organisations"}),
        ("system-admin", {"system"}),
        ("customs-officer", set()),
        ("analyst", {"organisations"}),
    ],
)
def test_each_official_opens_what_the_role_is_for(own: Any, store: Store, role: str, opens: set[str]) -> None:
    actor = Actor(user=1, name="A", pseudonym="a", standings=(RoleGrant(organisation="", role=role),))
    environ: Any = {"lodeline.actor": actor}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    opened = {
        name
        for name in ("register/new", "organisations", "audit", "system")
        if client.get(f"/en/{name}/").status_code == 200
    }
    assert opened == opens
