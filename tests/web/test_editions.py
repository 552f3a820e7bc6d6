"""A month is frozen in the portal, the overview says so, and a correction shows in the next edition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings
from tests.web.conftest import Browser, Page

from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, NotAllowedError, RoleGrant
from lodeline.office.log.editions import freeze
from lodeline.office.models import AuditRecord
from lodeline.regulation.parameter import load
from lodeline.service.filing.filing import submit
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


def mined_more(store: Store) -> None:
    """The first origin of January is restated with 100 t more."""
    ((organisation, event, entry, site, lot, place),) = store.database.rows(
        "SELECT l.organisation, l.event, l.entry, l.site, lot.local, l.origin_place FROM line l"
        " JOIN lot ON lot.id = l.lot_id WHERE l.kind = 'origin' AND l.origin_kind = 'mined' AND l.\"on\" < '2025-02-01'"
        " AND l.composition IS NOT NULL ORDER BY l.id LIMIT 1"
    )
    row = {
        "event": event, "kind": "origin", "on": "2025-01-15", "site": site, "lot": lot, "product": "concentrate",
        "mass_kg": "900000", "composition": "Nd=10;Pr=3", "basis": "element", "origin_kind": "mined",
        "origin_place": place, "reason": "weighed again",
    }  # fmt: skip
    text = ",".join(row) + "\n" + ",".join(str(cell) for cell in row.values()) + "\n"
    register = store.register(store.head())
    checked = check(
        read_bytes([("c.csv", text.encode())]), organisation=str(organisation), period="2025-01", register=register,
        correcting=True,
    )  # fmt: skip
    outcome = submit(store, checked, uploads=[], filed_at=clock.now(), law=load("cn"), corrects=int(str(entry)))
    assert outcome.entry is not None, [one.message("en") for one in outcome.problems]


@pytest.mark.medium
def test_month_is_frozen_and_revised_openly(own: tuple[Browser, Store]) -> None:
    browser, store = own
    assert "Edition 1" not in browser.page("/en/?period=2025-01&element=Nd").text
    sent = browser.post("/en/year/", {"period": "2025-01"})
    assert sent.status_code == 303
    page = Page(browser.get(sent["Location"]))
    assert page.headings == ["January\xa02025, edition 1 of 1"]
    assert "Frozen: it stands in the log as entry" in page.text
    assert "Nothing has come in for this month since." in page.text
    overview = browser.page("/en/?period=2025-01&element=Nd").text
    assert "Edition 1 of January 2025, frozen" in overview and "since then" not in overview
    assert "Nothing has changed since edition 1" in Page(browser.post("/en/year/", {"period": "2025-01"})).text

    mined_more(store)
    browser.post("/en/year/", {"period": "2025-02"})  # computed from an entry that holds the correction
    overview = browser.page("/en/?period=2025-01&element=Nd").text
    assert "of Nd entered, by 1 correction" in overview
    refused = Page(browser.post("/en/year/", {"period": "2025-01"}))
    assert refused.status == 400 and "Say why a new edition is published" in refused.text
    assert browser.post("/en/year/", {"period": "2025-01", "reason": "MIN-0001 weighed again"}).status_code == 303
    second = browser.page("/en/editions/2025-01/?element=Nd")
    assert second.headings == ["January\xa02025, edition 2 of 2"]
    assert "Why: MIN-0001 weighed again" in second.text and "What it changed of edition 1" in second.text
    assert "→" in browser.get("/en/editions/2025-01/?element=Nd&format=csv&table=changed").content.decode()
    first = browser.page("/zh/editions/2025-01/?edition=1")
    assert first.headings == ["2025年1月第1版（共2版）"] and "该月已有更新的版次" in first.text
    assert AuditRecord.objects.filter(what="edition.freeze").count() == 3


def test_file_is_what_the_entry_commits_to(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    browser.post("/en/year/", {"period": "2025-01"})
    content = browser.get("/en/editions/2025-01/1/edition.json").content
    assert json.loads(content)["format"] == "lodeline-edition-v1"
    assert browser.get("/en/editions/2025-01/2/edition.json").status_code == 404
    assert browser.get("/en/editions/2025-02/").status_code == 404
    assert browser.get("/en/editions/January/").status_code == 400


def test_only_an_analyst_of_the_whole_country_freezes(own: tuple[Browser, Store]) -> None:
    _, store = own
    regional = RoleGrant(organisation="", role="analyst", region="CN-JX", firms=frozenset({"MIN-0001"}))
    others = [RoleGrant(organisation="", role=role) for role in AUTHORITY_ROLES if role != "analyst"]
    for standing in (regional, *others):
        who = Actor(user=1, name="P", pseudonym="p", standings=(standing,))
        with pytest.raises(NotAllowedError):
            freeze(who, store, load("cn"), "2025-01", reason="", now=clock.now())
