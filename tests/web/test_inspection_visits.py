"""The page of a visit: what was measured beside the firm's own figures, its bags and receipts, the same for both."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from tests.web.conftest import Browser
from tests.web.test_inspection_plans import as_, own  # the fixture: books that are known by heart

from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.service.entries.papers import paper_of
from lodeline.service.inspections import planning
from lodeline.service.inspections.custody import HandOver, hand_over
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.measuring import Weighing, measure
from lodeline.service.inspections.planning import EnteredPlan, Wanted
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

__all__ = ["own"]

pytestmark = pytest.mark.medium

ON = date(2025, 3, 31)


def planned(store: Store) -> EnteredPlan:
    snapshot = open_snapshot(store)
    items = site_items(snapshot, site="sep")
    wanted = Wanted(site="sep", on=ON, goals={"Nd": 20_000_000})
    proposal = planning.propose(items, wanted, register=snapshot.register, entry=snapshot.entry, today=ON)
    return planning.enter_plan(store, proposal, filed_at=clock.now(), by="p")


def visited(store: Store) -> tuple[EnteredPlan, int]:
    """The plan, and the entry of a visit under it: the oxide is not there, the concentrate was sampled."""
    plan, now, today = planned(store), clock.now(), clock.today("Asia/Shanghai")
    rows = (
        "lot,product,outcome,declared_kg,bag_authority,bag_firm,bag_reserve,seal,note\n"
        "SEP/OX,oxide:Nd,absent,100,,,,,shelf empty\n"
        "MINE/ORE,concentrate,present,200,B-1,B-2,B-3,S-7,\n"
    )
    weighing = Weighing(site="sep", on=ON, files=[("m.csv", rows.encode())], plan=plan.entry.index)
    done = measure(store, weighing, organisation="SEP", filed_at=now, today=today, by="p")
    assert done.entries, done.problems
    handed = "bag,from,to,at,seal_intact\nB-1,authority,Provincial Laboratory,2025-04-01,no\n"
    moved = hand_over(
        store, HandOver(files=[("c.csv", handed.encode())]), organisations=None, filed_at=now, today=today, by="p"
    )
    assert moved.entries, moved.problems
    return plan, done.entries[0].index


def csv(browser: Browser, at: str, table: str) -> list[list[str]]:
    lines = browser.get(f"{at}?format=csv&table={table}").content.decode().splitlines()
    return [[cell.strip('"') for cell in line.split('","')] for line in lines[1:]]


def test_results_stand_beside_the_firms_own_for_both(own: Store) -> None:
    plan, entry = visited(own)
    at, mirror = f"/en/inspections/visits/{entry}/", f"/en/firm/SEP/inspections/{entry}/"
    official, firm = as_("inspector"), as_("filer", "SEP")
    page, own_page = official.page(at), firm.page(mirror)
    # Eighty kilograms of neodymium are declared and not there.
    assert page.headings == own_page.headings and "sep" in page.headings[0]
    for text in (page.text, own_page.text):
        assert "shelf empty" in text and "absent" in text and "seal broken" in text and "Provincial Laboratory" in text
        assert "What it could have seen and did not" in text
    items = {row[0].split("/")[-1]: row for row in csv(official, at, "items")}
    assert (items["OX"][1], float(items["OX"][2]), float(items["OX"][4]), float(items["OX"][5])) == (
        "absent", 100.0, 0.0, 100.0
    )  # fmt: skip
    assert float(items["ORE"][2]) == 200.0 and items["ORE"][4] == "not weighed"
    verified = {row[0]: row for row in csv(official, at, "verified")}
    assert verified == {row[0]: row for row in csv(firm, mirror, "verified")}
    # D of closing stock is subtracted with its sign: what is truly missing is more by what is not there.
    assert float(verified["Nd"][3]) - float(verified["Nd"][1]) == pytest.approx(80, abs=1)
    assert [row[0] for row in csv(official, at, "bags")] == ["B-1", "B-2", "B-3"]
    assert f"/en/inspections/plans/{plan.entry.index}/" in page.html
    assert f"/en/firm/SEP/inspections/plans/{plan.entry.index}/" in own_page.html
    assert "/en/inspections/" not in own_page.html and "/en/lots/" not in own_page.html


def test_any_paper_of_the_visit_leads_to_it_and_each_has_a_receipt(own: Store) -> None:
    _, entry = visited(own)
    firm = as_("filer", "SEP")
    assert firm.page(f"/en/firm/SEP/inspections/{entry + 1}/").headings == (
        firm.page(f"/en/firm/SEP/inspections/{entry}/").headings
    )
    listed = firm.page("/en/firm/SEP/inspections/")
    assert listed.headings == ["Inspectors came once"] and f"/en/firm/SEP/inspections/{entry}/" in listed.html
    for one in (entry, entry + 1):
        document: Any = json.loads(firm.get(f"/en/firm/SEP/inspections/{one}/receipt/").content)
        stored = own.entry(one)
        assert stored is not None
        assert verify_receipt(document, own.signer.verifier.vkey, upload=paper_of(own, stored)) == []


def test_others_are_not_shown_it(own: Store) -> None:
    plan, entry = visited(own)
    another, elsewhere = as_("filer", "MAG"), as_("inspector", firms=frozenset({"MAG"}))
    for at in (f"{entry}/", f"{entry}/receipt/", f"plans/{plan.entry.index}/"):
        assert another.get(f"/en/firm/SEP/inspections/{at}").status_code == 403
        assert another.get(f"/en/firm/MAG/inspections/{at}").status_code == 404
    assert elsewhere.get(f"/en/inspections/visits/{entry}/").status_code == 404
    assert as_("auditor").get(f"/en/inspections/visits/{entry}/").status_code == 200
    assert as_("filer", "SEP").get(f"/en/firm/SEP/inspections/{plan.entry.index}/").status_code == 404
    assert as_("filer", "SEP").get(f"/en/firm/SEP/inspections/{plan.entry.index}/receipt/").status_code == 404
