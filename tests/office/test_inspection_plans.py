"""A plan of a visit is drawn by lot, can be drawn again from log and paper, and is not shown to the firm before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.test import override_settings
from tests.desk import Desk, organisation, site
from tests.office.conftest import of_firm, official
from tests.stores import copied

from lodeline.filing.inspection.columns import columns
from lodeline.journal.entry import canonical_json
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, NotAllowedError, RoleGrant
from lodeline.office.inspections.plans import enter_plan, plan_open_to, plans_open_to
from lodeline.office.models import AuditRecord, Notice
from lodeline.service.entries import papers
from lodeline.service.inspections import planning
from lodeline.service.inspections.asked import detect_of, goals_of
from lodeline.service.inspections.drawing import bags, redrawn, with_check
from lodeline.service.inspections.items import held_by_site, site_items
from lodeline.service.inspections.planning import EnteredPlan, PlanError, Proposal, Wanted, propose
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import INSPECTION_KIND, Store

pytestmark = pytest.mark.medium

NOW, TODAY = datetime(2025, 2, 20, 2, 0, tzinfo=UTC), date(2025, 2, 20)
WANTED = Wanted(site="sep", on=TODAY, goals={"Nd": 50_000_000}, minutes=240)


def make(url: str) -> None:
    """SEP holds twenty drums of oxide, counted, and a lot that it has used up but for what weighing left."""
    desk = Desk(url)
    desk.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
        methods=[{"id": "scale", "quantity": "mass", "element": None, "random_pct": "0.1", "systematic_pct": "0.1",
                  "calibration": None}],
    )  # fmt: skip
    mined = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"
    desk.rows("MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {mined}", "S1 shipment 3 mine ORE 900 counterparty=SEP")
    drums = [f"D{number:02d}" for number in range(20)]
    made = "role=out product=oxide:Nd composition=Nd=80 method=scale"
    desk.rows(
        "SEP", "2025-01", "R1 receipt 4 sep MINE/ORE 900 counterparty=MINE reference=S1",
        "T1 transformation 5 sep MINE/ORE 899.9 role=in",
        *(f"T1 transformation 5 sep {drum} 10 {made}" for drum in drums),
        *(f"C1 stock 31 sep {drum} 10 location=Hall-{place % 2} method=scale" for place, drum in enumerate(drums)),
        "C1 stock 31 sep D00 10 location=Yard method=scale composition=Nd=79",
    )  # fmt: skip
    desk.put_away()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """What `make` makes, on each database in turn."""
    with override_settings(LODELINE_DATABASE=copied(make, url)):
        yield open_store(url)


def proposed(store: Store, wanted: Wanted = WANTED) -> Proposal:
    snapshot = open_snapshot(store)
    items = site_items(snapshot, site=wanted.site)
    return propose(items, wanted, register=snapshot.register, entry=snapshot.entry, today=TODAY)


def entered(store: Store, who: Actor | None = None) -> EnteredPlan:
    return enter_plan(who or official("inspector"), store, proposed(store), now=NOW)


def measured_under(store: Store, plan: int) -> None:
    """Something is measured under the plan."""
    paper = {"act": "measurement", "organisation": "SEP", "site": "sep", "on": "2025-02-20", "plan": plan,
             "rows": [], "seals": [], "samples": [], "note": "", "whole": False}  # fmt: skip
    with store.database.transaction():
        papers.put_paper(
            store, store.head(lock=True), canonical_json(paper), kind=INSPECTION_KIND, name="inspection.json",
            filed_at=NOW, facts={}, organisation="SEP", period="2025-02",
        )  # fmt: skip


def test_items_are_what_the_books_have_there(store: Store) -> None:
    items = {row["lot"]: row for row in site_items(open_snapshot(store), site="sep").iter_rows(named=True)}
    # A tenth of a kilogram of nine hundred is what weighing left over.
    assert set(items) == {f"SEP/D{number:02d}" for number in range(20)}
    first, second = items["SEP/D00"], items["SEP/D01"]
    assert (second["label"], second["product"], second["location"], second["method"], second["dry_mg"]) == (
        "D01", "oxide:Nd", "Hall-1", "scale", 10_000_000
    )  # fmt: skip
    # A count named it at two places, and assayed it anew.
    assert first["location"] == "Hall-0 · Yard"
    assert first["composition"].startswith("Nd=790000000;TREO=")
    assert second["composition"].startswith("Nd=800000000;TREO=")
    held = {row["site"]: row for row in held_by_site(open_snapshot(store)).iter_rows(named=True)}
    assert (held["sep"]["organisation"], held["sep"]["items"], held["sep"]["held_mg"]) == ("SEP", 20, 200_000_000)


def test_proposal_enters_nothing_and_a_plan_names_no_firm(store: Store) -> None:
    before = store.head().size
    proposal = proposed(store)
    assert store.head().size == before
    plan = enter_plan(official("inspector"), store, proposal, now=NOW)
    entry = store.entry(before)
    assert entry is not None and (entry.organisation, entry.period) == (None, None)
    assert not any(told in entry.envelope for told in ("SEP", "sep", "D0", "official"))
    assert plan.paper["organisation"] == "SEP" and plan.paper["goals"] == {"Nd": 50_000_000}
    assert any(one["do"] for one in plan.paper["items"]) and plan.paper["minutes"] <= 240
    assert not verify(store).faults
    assert Notice.objects.count() == 0
    (record,) = AuditRecord.objects.filter(what="inspection.plan")
    assert (record.organisation, record.subject) == ("SEP", "sep")


def test_draw_is_made_again_from_log_and_paper(store: Store) -> None:
    plan = entered(store)
    paper: dict[str, Any] = dict(deepcopy(plan.paper))
    root = store.entry(plan.entry.index - 1)
    assert root is not None
    about: Any = {"root": root.root, "entry": plan.entry.index}
    assert redrawn(paper, **about) == []
    # The rule, reckoned here by hand.
    text = "\n".join((root.root, "sep", "2025-02-20", paper["nonce"]))
    assert paper["seed"] == sha256(text.encode()).hexdigest()
    for stratum in paper["strata"]:
        lots = [one["lot"] for one in paper["items"] if one["stratum"] == stratum["key"]]
        order = sorted(lots, key=lambda lot: sha256(bytes.fromhex(paper["seed"]) + lot.encode()).digest())
        for act, n in stratum["n"].items():
            assert {one["lot"] for one in paper["items"] if act in one["do"] and one["lot"] in lots} == set(order[:n])
    # Who exchanges an item for another, or its bags, or the number used once, is found out.
    exchanged = deepcopy(paper)
    chosen = next(one for one in exchanged["items"] if one["do"])
    other = next(one for one in exchanged["items"] if one["do"] != chosen["do"])
    chosen["do"], other["do"] = other["do"], chosen["do"]
    assert "do" in redrawn(exchanged, **about)
    assert redrawn({**paper, "nonce": "00"}, **about) == ["seed"]
    assert "bags" in redrawn(paper, root=root.root, entry=plan.entry.index + 1)


def test_verify_names_a_plan_that_was_not_drawn(store: Store) -> None:
    paper = dict(entered(store).paper)
    items = [{**one, "do": ["count"]} for one in paper["items"]]
    with store.database.transaction():
        entry = papers.put_paper(
            store, store.head(lock=True), canonical_json({**paper, "items": items}), kind="inspection-plan",
            name="plan.json", filed_at=NOW, facts={},
        )  # fmt: skip
    faults = [one for one in verify(store).faults if one.what == "plan.not-drawn"]
    # Its root is another as well, so the seed is not its own.
    assert {(one.entry, one.facts["of"]) for one in faults} >= {(entry.index, "seed"), (entry.index, "do")}


def bag_holds(bag: str) -> bool:
    return with_check(bag[:-1]) == bag


def test_bags_are_unique_in_the_log_and_a_slip_is_caught(store: Store) -> None:
    every = [bag for _ in range(2) for bag in _bags(entered(store).paper)]
    assert every and len(set(every)) == len(every) and len(every) % 6 == 0
    assert all(bag_holds(bag) for bag in every)
    bag = every[0]
    for at, character in enumerate(bag):
        for other in "0123456789AFR":
            if character not in (other, "-"):
                assert not bag_holds(bag[:at] + other + bag[at + 1 :])
    # Known answer: the example of the Global Release Identifier, which has the same check character.
    assert bag_holds("A12425GABC1234002M") and not bag_holds("A12425GABC1230402M")


def test_every_number_that_a_bag_can_have_is_read_in_a_file() -> None:
    every = [bag for entry in range(60) for row in bags([{"do": ["laboratory"]}] * 9, entry) for bag in row]
    assert len({bag[-1] for bag in every}) == 36, "every check character occurs"
    read = columns("measurement")["bag_authority"].read
    assert [bag for bag in every if read(bag).value != bag] == []


def _bags(paper: Any) -> list[str]:
    return [bag for one in paper["items"] for bag in one["bags"]]


def test_only_inspectors_of_the_firm_plan_and_are_shown_it(store: Store) -> None:
    proposal = proposed(store)
    for role in AUTHORITY_ROLES.keys() - {"inspector"}:
        with pytest.raises(NotAllowedError):
            enter_plan(official(role), store, proposal, now=NOW)
    here, elsewhere = (
        Actor(user=0, name="P", pseudonym="p", standings=(
            RoleGrant(organisation="", role="inspector", region="CN-JX", firms=frozenset({firm})),
        ))
        for firm in ("SEP", "MINE")
    )  # fmt: skip
    with pytest.raises(NotAllowedError):
        enter_plan(elsewhere, store, proposal, now=NOW)
    plan = enter_plan(here, store, proposal, now=NOW).entry.index
    shown = {who: plan_open_to(actor, store, plan, today=TODAY) for who, actor in {
        "here": here, "elsewhere": elsewhere, "firm": of_firm("SEP", "organisation-admin"),
        "another firm": of_firm("MINE", "filer"), "analyst": official("analyst"), "inspector": official("inspector"),
    }.items()}  # fmt: skip
    assert {who for who, one in shown.items() if one} == {"here", "inspector"}
    assert plans_open_to(elsewhere, store) == [] and len(plans_open_to(here, store)) == 1
    measured_under(store, plan)
    firm, analyst, week = of_firm("SEP", "filer"), official("analyst"), TODAY + timedelta(days=7)
    assert {plan_open_to(who, store, plan, today=day) for who in (firm, analyst) for day in (TODAY, week)} == {None}
    # Nobody ended the visit: a week later it is taken as ended.
    late = week + timedelta(days=1)
    assert plan_open_to(firm, store, plan, today=late) and plan_open_to(analyst, store, plan, today=late)
    assert plan_open_to(of_firm("MINE", "filer"), store, plan, today=late) is None
    assert plan_open_to(elsewhere, store, plan, today=late) is None
    assert plan_open_to(official("inspector"), store, 0, today=late) is None


def test_what_cannot_be_planned_is_said(store: Store) -> None:
    for wrong, said in (
        ({"on": date(2025, 2, 19)}, "has passed"), ({"minutes": 0}, "minutes"), ({"goals": {"Xx": 1}}, "no element"),
        ({"goals": {"Nd": 0}}, "more than nothing"), ({"detect": {"gross": 1.0}}, "below 1"),
        ({"detect": {"loud": 0.5}}, "gross, partial or bias"), ({"detect": {}}, "below 1"),
        ({"chosen": "liked"}, "by lot"), ({"site": "nowhere"}, "in the register"),
    ):  # fmt: skip
        with pytest.raises(PlanError, match=said):
            proposed(store, replace(WANTED, **wrong))
    for text in ("Nd", "Nd=", "Nd=-5", "Nd=0", "Nd=1e99", "Nd=nan", "Xx=5kg", "=5", "Nd=5lb", "<b>=1"):
        with pytest.raises(PlanError, match="is no goal"):
            goals_of([text])
    assert goals_of(["dy=10kg", "Nd = 0.2 t", "TREO=5"]) == {"Dy": 10**7, "Nd": 2 * 10**8, "TREO": 5 * 10**6}
    with pytest.raises(PlanError, match="two goals"):
        goals_of(["Nd=5", "nd=6"])
    with pytest.raises(PlanError, match="wanted probability"):
        detect_of(["gross=often"])
    assert detect_of(["gross=90%", "bias=0.5"]) == {"gross": 0.9, "bias": 0.5}


def test_usual_goals_are_of_what_is_there(store: Store) -> None:
    usual = proposed(store, replace(WANTED, goals={}))
    # There are 160 kg of neodymium, less than the usual goal: a tenth of the oxide stands in.
    assert usual.usual and list(usual.goals) == ["TREO"]
    held = planning.held_mg(site_items(open_snapshot(store), site="sep"))
    assert usual.goals["TREO"] == held["TREO"] // 10
    assert json.loads(canonical_json(planning.plan_facts(usual)))["usual"] is True
