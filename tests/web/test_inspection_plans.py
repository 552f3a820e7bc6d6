"""The pages of plans: whom to visit, what a plan would show, its route and labels; and who is not shown them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings
from tests.web.books import file_books
from tests.web.conftest import Browser, Page

from lodeline.journal.entry import canonical_json
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.service.entries import papers
from lodeline.store.opening import open_store
from lodeline.store.store import INSPECTION_KIND, Store

pytestmark = pytest.mark.medium

FORM = {"goal-Nd": "20", "detect-gross": "90", "detect-bias": "50", "minutes": "480", "chosen": "random"}


@pytest.fixture
def own(pages: None, tmp_path: Path) -> Iterator[Store]:
    """The books that are known by heart, in a file that this test may change."""
    url = file_books(tmp_path / "books.sqlite3")
    with override_settings(LODELINE_DATABASE=url):
        made = open_store(url)
        yield made
        made.database.close()


def as_(role: str, organisation: str = "", *, firms: frozenset[str] = frozenset()) -> Browser:
    standing = RoleGrant(organisation=organisation, role=role, region="CN-JX" if firms else "", firms=firms)
    environ: Any = {"lodeline.actor": Actor(user=1, name="P", pseudonym="p", standings=(standing,))}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def entered(browser: Browser) -> str:
    """The address of a plan that is entered."""
    sent = browser.post("/en/inspections/sep/plan/", FORM)
    assert sent.status_code == 303, Page(sent).text
    return str(sent["Location"])


def measure(store: Store, plan: int) -> int:
    """The entry of something that is measured under the plan."""
    paper = {
        "act": "measurement", "organisation": "SEP", "site": "sep", "on": "2025-03-31", "plan": plan, "rows": [],
        "seals": [], "samples": [], "note": "", "whole": False, "flags": [],
    }  # fmt: skip
    with store.database.transaction():
        entry = papers.put_paper(
            store, store.head(lock=True), canonical_json(paper), kind=INSPECTION_KIND, name="inspection.json",
            filed_at=clock.now(), facts={"act": "measurement"}, organisation="SEP", period="2025-03",
        )  # fmt: skip
    return entry.index


def test_whom_to_visit_leads_to_a_plan(own: Store) -> None:
    inspector = as_("inspector")
    page = inspector.page("/en/inspections/?visits=2&share=50&month=2025-04")
    assert page.headings[0] == "Visit 2 firms in April\xa02025, 1 of them drawn by lot"
    assert "/en/inspections/sep/plan/?chosen=ranked" in page.html and "/en/findings/" in page.html
    assert "made-up worlds" in page.text and "Nothing learns by itself" in page.text
    assert "by lot" in page.text and "Visit first" in page.text
    for wanted in ("Take along: scale to", "Never visited.", "times in 100", "/en/inspections/laboratories/"):
        assert wanted in page.text or wanted in page.html, wanted
    assert inspector.get("/zh/inspections/").status_code == 200
    for wrong in ("visits=0", "visits=many", "share=0", "share=1e9", "month=March", "visits=-1", "visits=1e400"):
        assert inspector.get(f"/en/inspections/?{wrong}").status_code == 400, wrong
    for unknown in ("region=CN-XX", "organisation=NOBODY", "stage=moon"):
        refused = inspector.get(f"/en/inspections/?{unknown}")
        assert refused.status_code in (400, 404) and "MINE" not in refused.content.decode(), unknown


def test_firms_are_narrowed_and_exported_alike(own: Store) -> None:
    inspector = as_("inspector")
    rows = inspector.get("/en/inspections/?month=2025-04&format=csv&table=choices").content.decode("utf-8-sig")
    firms = [line.split(",")[0].strip('"') for line in rows.splitlines()[1:]]
    assert firms[0] == "SEP" and len(set(firms)) == len(firms) > 1
    one = inspector.page("/en/inspections/?month=2025-04&organisation=SEP")
    assert one.headings[0].startswith("Visit 1 firm in April\xa02025") and "/en/inspections/mine/" not in one.html
    stage = inspector.page("/en/inspections/?month=2025-04&stage=mine&visits=3")
    assert "/en/inspections/mine/" in stage.html and "/en/inspections/sep/plan/" not in stage.html
    assert 'value="3"' in stage.html


def test_who_reads_the_nation_reads_whom_to_visit_and_no_plan(own: Store) -> None:
    entered(as_("inspector"))
    for role in ("analyst", "quota-officer", "auditor", "licensing-officer"):
        page = as_(role).page("/en/inspections/?month=2025-04")
        assert "made-up worlds" in page.text and "/plan/?chosen=" not in page.html, role
        assert "not yet measured" not in page.text and 'id="plans"' not in page.html, role
    assert as_("customs-officer").get("/en/inspections/").status_code == 403
    # Of another region nobody is listed, drawn or counted.
    elsewhere = as_("analyst", firms=frozenset({"MAG"})).page("/en/inspections/?month=2025-04&visits=50")
    assert "/en/organisations/SEP/" not in elsewhere.html and "/en/inspections/sep/" not in elsewhere.html


def test_plan_is_tried_without_a_trace_and_entered_once(own: Store) -> None:
    inspector, size = as_("inspector"), own.head().size
    tried = inspector.page("/en/inspections/sep/plan/")
    assert "this program's assumption" in tried.text and own.head().size == size
    tried = inspector.page("/en/inspections/sep/plan/?goal-Nd=20&minutes=60")
    assert "20.0\xa0kg of neodymium" in tried.headings[0] and "assumption" not in tried.text
    assert 'name="goal-Nd" value="20"' in tried.html
    page = inspector.page(entered(inspector))
    assert own.head().size == size + 1
    assert "20.0\xa0kg of neodymium" in page.headings[0] and "the same items and bags" in page.text
    assert "The firm does not see this before" in page.text and "chosen by lot" in page.text
    listed = inspector.page("/en/inspections/").text
    assert "not yet measured" in listed


def test_labels_have_every_bag_once(own: Store) -> None:
    inspector = as_("inspector")
    at = entered(inspector)
    route = inspector.get(f"{at}?format=csv&table=route").content.decode().splitlines()
    bags = re.findall(r"\d+-\d\d[AFR].", "\n".join(route[1:]))
    assert bags and len(bags) % 3 == 0
    labels = inspector.page(f"{at}labels/")
    printed = re.findall(r'<b class="mono">([^<]+)</b>', labels.html)
    assert sorted(printed) == sorted(bags) and len(set(printed)) == len(printed)
    assert labels.html.count("<svg") >= len(bags)
    # Whoever analyses the authority's part is not told whose it is.
    cards = re.findall(r"<li>.*?</li>", labels.html, re.DOTALL)
    named = [card for card in cards if 'class="mono"' in card and ("OX" in card or "ORE" in card)]
    assert len(named) == len(bags) // 3 and all("Firm" in card for card in named)
    assert "SEP" not in labels.html


def test_firm_never_sees_a_plan_before_the_visit_has_ended(own: Store) -> None:
    inspector = as_("inspector")
    number = int(re.findall(r"plans/(\d+)/", entered(inspector))[0])
    firm, another = as_("filer", "SEP"), as_("filer", "MAG")
    plan, mirror = f"/en/inspections/plans/{number}/", f"/en/firm/SEP/inspections/plans/{number}/"
    elsewhere = as_("inspector", firms=frozenset({"MAG"}))
    for who in (firm, another):
        assert [who.get(one).status_code for one in (plan, "/en/inspections/", "/en/inspections/sep/plan/")] == [
            403
        ] * 3
    assert firm.get(mirror).status_code == 404 and another.get(mirror).status_code == 403
    assert another.get(f"/en/firm/MAG/inspections/plans/{number}/").status_code == 404
    for at in (plan, f"{plan}labels/", "/en/inspections/sep/plan/"):
        assert elsewhere.get(at).status_code == 404, at
    assert elsewhere.post("/en/inspections/sep/plan/", FORM).status_code == 404
    mine = elsewhere.page("/en/inspections/")
    assert "not yet measured" not in mine.text and "/en/inspections/sep/" not in mine.html
    assert as_("analyst").get(plan).status_code == 404
    # Nothing that a firm reads names it.
    for at in ("/en/firm/SEP/", "/en/firm/SEP/?kind=notice", "/en/firm/SEP/inspections/", "/en/firm/SEP/sites/sep/"):
        text = firm.page(at).text
        assert "plan" not in text.replace("planned", "").casefold() or at == "/en/firm/SEP/", at
    measure(own, number)
    assert firm.get(mirror).status_code == as_("analyst").get(plan).status_code == 404
    assert inspector.post("/en/inspections/sep/", {"act": "end", "on": "2025-03-31"}).status_code == 303
    assert firm.get(mirror).status_code == 200 and as_("analyst").get(plan).status_code == 200
    assert another.get(f"/en/firm/MAG/inspections/plans/{number}/").status_code == 404
    assert elsewhere.get(plan).status_code == 404
    shown = firm.page(mirror)
    assert "The authority sees the same" in shown.text and "/en/lots/" not in shown.html


HOSTILE = (
    {"goal-Nd": "<script>alert(1)</script>"}, {"goal-Nd": "-5"}, {"goal-Nd": "1e400"}, {"goal-<b>": "5"},
    {"goal-Nd": "9" * 500}, {"goal-Nd": "=1+1"}, {"goal-Nd": "\x00"}, {"minutes": "1e9"}, {"minutes": "-1"},
    {"minutes": "٣٠"}, {"minutes": "9" * 50}, {"detect-gross": "101"}, {"detect-gross": "nan"}, {"chosen": "liked"},
    {"on": "yesterday"}, {"on": "1999-01-01"},
)  # fmt: skip


def test_what_cannot_be_meant_is_said_at_once(own: Store) -> None:
    inspector, size = as_("inspector"), own.head().size
    for hostile in HOSTILE:
        form = {**FORM, **hostile}
        tried = inspector.get(f"/en/inspections/sep/plan/?{urlencode(form)}")
        for answer in (tried, inspector.post("/en/inspections/sep/plan/", form)):
            page = Page(answer)
            assert page.status == 400, (hostile, page.text)
            assert "<script>alert" not in page.html and "This could not be done" in page.text
    assert own.head().size == size


def test_site_without_material_or_name_is_said(own: Store) -> None:
    inspector = as_("inspector")
    page = Page(inspector.get("/en/inspections/store/plan/"))
    assert page.status == 400 and "nothing to draw from" in page.text
    assert inspector.get("/en/inspections/nowhere/plan/").status_code == 404
    assert inspector.get("/en/inspections/plans/0/").status_code == 404
