"""A firm that becomes part of another, a site that changes hands: what follows, and what stays as it was filed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from django.test import override_settings
from tests.desk import Desk, organisation, quota, site
from tests.office.conftest import official
from tests.stores import copied

from lodeline.ledger.succession import holder_on, holders_of, merged_from, merged_into
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.accounts.people import InputError
from lodeline.office.models import AuditRecord, Notice
from lodeline.office.register.successions import Wanted, enter, handover_rows
from lodeline.regulation.parameter import load
from lodeline.service.balance.balances import balance
from lodeline.service.filing.drafting import known_for_template
from lodeline.service.filing.status import filing_status, has_duty
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.log.audit import verify
from lodeline.service.overview.flow_matrix import flow_ends
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

LAW, NOW = load("cn"), datetime(2025, 3, 3, 2, 0, tzinfo=UTC)
MERGER = Wanted(kind="merger", organisation="OLD", successor="NEW", on=date(2025, 3, 1), reason="Decision 12 of 2025")
MADE = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"


def make(url: str) -> None:
    """OLD mined 500 of its 600 kg quota in February, and holds the pit and a store; NEW is another mine."""
    made = Desk(url)
    licence: dict[str, object] = {
        "id": "L-1", "kind": "individual", "exporter": "OLD", "end_users": [], "control_items": [], "products": [],
        "mass_mg": None, "elements": None, "destination": "DE", "end_use": None, "valid_from": date(2025, 1, 1),
        "valid_to": date(2025, 12, 31),
    }  # fmt: skip
    made.register(
        organisations=[organisation(name, roles="miner") for name in ("OLD", "NEW", "OTHER")],
        sites=[site("pit", "OLD", "mine"), site("shed", "OLD", "mine"), site("new", "NEW", "mine")],
        quotas=[quota("OLD", "mining", 600), quota("NEW", "mining", 100), quota("OLD", "mining", 900, year=2024)],
        licences=[licence],
    )
    made.rows("OLD", "2025-02", f"O1 origin 10 pit ORE 400 {MADE}", "S1 shipment 20 pit ORE 100 counterparty=NEW")
    made.put_away()


@pytest.fixture
def desk(url: str) -> Iterator[Desk]:
    """What `make` makes, on each database in turn."""
    with override_settings(LODELINE_DATABASE=copied(make, url)):
        yield Desk(open_store(url))


def entered(store: Store, wanted: Wanted = MERGER) -> None:
    enter(official("registrar"), store, wanted, now=NOW)


def test_merger_is_one_entry_with_who_decided_it_and_from_which_day(desk: Desk) -> None:
    size = desk.store.head().size
    entered(desk.store)
    assert desk.store.head().size == size + 1
    register = desk.store.register(desk.store.head())
    found = merged_into(register, "OLD")
    assert found is not None and (found.successor, found.on, found.reason) == ("NEW", MERGER.on, MERGER.reason)
    assert [one.organisation for one in merged_from(register, "NEW")] == ["OLD"]
    (record,) = AuditRecord.objects.filter(what="register.merger")
    assert (record.organisation, record.who) == ("OLD", "official")
    assert not verify(desk.store).faults


def test_site_is_of_each_holder_for_its_own_days(desk: Desk) -> None:
    entered(desk.store)
    register = desk.store.register(desk.store.head())
    assert register.site_organisation["pit"] == "NEW" and holders_of(register, "pit") == ["OLD", "NEW"]
    assert [holder_on(register, "pit", date(2025, month, 1)) for month in (2, 3)] == ["OLD", "NEW"]
    # A correction of February is the business of who held the pit then; March is not.
    desk.rows("OLD", "2025-02", f"O2 origin 11 pit ORE2 10 {MADE}", corrects=1)
    desk.rows("NEW", "2025-03", f"N1 origin 5 pit ORE3 10 {MADE}")
    for who, period, day in (("OLD", "2025-03", 5), ("NEW", "2025-02", 12), ("OTHER", "2025-02", 12)):
        refused = desk.file(who, period, f"event,kind,on,site,lot\nX,origin,{period}-{day:02d},pit,L\n")
        told = {one.code: one.facts for one in refused.problems}
        assert told["site.other-organisation"]["organisation"] == ("NEW" if period == "2025-03" else "OLD")


def test_rows_keep_their_filer_and_the_duty_ends_with_the_month_before(desk: Desk) -> None:
    before = open_snapshot(desk.store).lines
    entered(desk.store)
    after = open_snapshot(desk.store)
    assert after.lines.equals(before)
    duty = has_duty(after.register, LAW)
    assert duty("OLD", date(2025, 2, 28)) and not duty("OLD", date(2025, 3, 31)) and duty("NEW", date(2025, 3, 31))
    status = filing_status(desk.store, after, LAW)
    assert status.filter(pl.col("organisation") == "OLD")["state"].to_list() == ["filed"]


@pytest.mark.parametrize("by", ["stage", "organisation", "country"])
def test_flows_of_before_are_what_they_were(desk: Desk, by: str) -> None:
    desk.rows("NEW", "2025-02", f"N1 origin 3 new ORE9 70 {MADE}", "N2 shipment 4 new ORE9 70 counterparty=OLD")
    before = flow_ends(open_snapshot(desk.store), LAW, by)
    entered(desk.store)
    assert flow_ends(open_snapshot(desk.store), LAW, by).equals(before)


def test_what_is_left_of_the_quota_moves_and_the_nation_has_as_much_as_before(desk: Desk) -> None:
    before = desk.store.register(desk.store.head()).grants
    used_mg = int(desk.store.books.drawn("OLD")["reo_mg"].sum())
    assert used_mg > 0
    entered(desk.store)
    after = desk.store.register(desk.store.head()).grants
    assert after["OLD", "mining", "", 2025] == used_mg
    assert after["NEW", "mining", "", 2025] == 100_000_000 + 600_000_000 - used_mg
    assert after["OLD", "mining", "", 2024] == before["OLD", "mining", "", 2024]
    assert sum(after.values()) == sum(before.values())


def test_licences_end_and_do_not_pass_on(desk: Desk) -> None:
    entered(desk.store)
    licences = desk.store.register(desk.store.head()).tables["licences"]
    assert licences.select("exporter", "valid_to").rows() == [("OLD", date(2025, 2, 28))]


def test_goods_follow_by_a_delivery_that_the_successor_confirms(desk: Desk) -> None:
    entered(desk.store)
    (row,) = handover_rows(desk.store, "OLD", "NEW", ["pit", "shed"], date(2025, 3, 1))
    assert (row["lot"], row["mass_kg"], row["on"]) == ("OLD/ORE", "300", "2025-02-28")
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    assert desk.file("OLD", "2025-02", text, corrects=1).entry is not None
    desk.rows("NEW", "2025-03", f"R1 receipt 1 pit OLD/ORE 300 counterparty=OLD reference={row['event']}")
    held = desk.store.database.rows("SELECT owner, mass_mg FROM holding WHERE site = 'pit'")
    assert held == [("NEW", 300_000_000)]
    assert not verify(desk.store).faults


def test_site_alone_takes_neither_quota_nor_licence_with_it(desk: Desk) -> None:
    before = desk.store.register(desk.store.head())
    entered(desk.store, replace(MERGER, kind="holder", site="shed", on=date(2025, 3, 17)))
    after = desk.store.register(desk.store.head())
    assert after.site_organisation == {"pit": "OLD", "shed": "NEW", "new": "NEW"}
    assert after.grants == before.grants and after.tables["licences"].equals(before.tables["licences"])
    assert merged_into(after, "OLD") is None
    assert [holder_on(after, "shed", date(2025, 3, day)) for day in (16, 17)] == ["OLD", "NEW"]


def test_closed_site_ends_with_the_day_before(desk: Desk) -> None:
    entered(desk.store, replace(MERGER, kind="closure", site="shed", successor=""))
    sites = desk.store.register(desk.store.head()).tables["sites"]
    assert sites.filter(pl.col("id") == "shed")["valid_to"].to_list() == [date(2025, 2, 28)]
    assert sites.filter(pl.col("id") == "pit")["valid_to"].to_list() == [None]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"on": None}, "on"),
        ({"on": date(2025, 3, 2)}, "on"),
        ({"successor": "NOBODY"}, "successor"),
        ({"successor": "OLD"}, "successor"),
        ({"reason": " "}, "reason"),
        ({"kind": "holder", "site": "new"}, "site"),
        ({"kind": "closure"}, "site"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(desk: Desk, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as wrong:
        entered(desk.store, replace(MERGER, **changes))  # type: ignore[arg-type]
    assert [one.field for one in wrong.value.problems] == [field]


def test_nobody_merges_twice_and_who_may(desk: Desk) -> None:
    regional = RoleGrant(organisation="", role="registrar", region="CN-JX", firms=frozenset({"OLD"}))
    for actor in (official("analyst"), Actor(user=0, name="P", pseudonym="p", standings=(regional,))):
        with pytest.raises(NotAllowedError):
            enter(actor, desk.store, MERGER, now=NOW)
    entered(desk.store)
    with pytest.raises(InputError) as wrong:
        entered(desk.store)
    assert [one.field for one in wrong.value.problems] == ["kind"]


def handed_over(desk: Desk) -> tuple[OrganisationView, OrganisationView]:
    """OLD counts the pit at the end of February and delivers; NEW receives, mines on and counts in March."""
    entered(desk.store)
    (row,) = handover_rows(desk.store, "OLD", "NEW", ["pit", "shed"], date(2025, 3, 1))
    text = ",".join(row) + "\n" + ",".join(row.values()) + "\n"
    assert desk.file("OLD", "2025-02", text, corrects=1).entry is not None
    desk.rows("OLD", "2025-02", "C1 stock 28 pit ORE 0", corrects=1)
    desk.rows("NEW", "2025-03", f"R1 receipt 1 pit OLD/ORE 300 counterparty=OLD reference={row['event']}",
              f"N1 origin 5 pit SECRET 70 {MADE}", "C1 stock 31 pit SECRET 70",
              "C1 stock 31 pit OLD/ORE 300")  # fmt: skip
    return OrganisationView(desk.store, LAW, "OLD"), OrganisationView(desk.store, LAW, "NEW")


def test_each_holder_has_its_own_balances_of_the_site(desk: Desk) -> None:
    handed_over(desk)
    asked = desk.store, open_snapshot(desk.store), LAW
    months = {
        who: {(row["organisation"], row["period"]) for row in balance(*asked, organisation=who, site="pit")["rows"]}
        for who in ("OLD", "NEW", "OTHER")
    }
    assert months["OLD"] == {("OLD", "2025-02")}
    assert months["NEW"] == {("NEW", "2025-03")}
    assert months["OTHER"] == set()
    whole = {(row["organisation"], row["period"]) for row in balance(*asked, site="pit")["rows"]}
    assert whole == months["OLD"] | months["NEW"], "the authority sees both"


def test_each_keeps_its_lots_transfers_quota_and_licences(desk: Desk) -> None:
    old, new = handed_over(desk)
    now = datetime(2025, 4, 7, tzinfo=UTC)
    assert old.sites["id"].to_list() == [] and sorted(old.sites_before["id"]) == ["pit", "shed"]
    assert set(old.lots()["called"]) == {"OLD/ORE"} and set(new.lots()["called"]) == {"OLD/ORE", "NEW/SECRET"}
    assert old.lot_of("NEW/SECRET") is None
    for own in (old, new):
        moved = own.transfers(now).filter(pl.col("shipment_event").str.starts_with("HANDOVER"))
        assert moved["standing"].to_list() == ["closed"]
    day = date(2025, 4, 1)
    left = {who.organisation: [one.reo.left_mg for one in who.quota(day) if one.year == 2025] for who in (old, new)}
    assert left["OLD"] == [0]
    assert [one.state for one in old.licences(day)] == ["expired"] and not new.licences(day)
    assert [month.period for month in old.months(now)] == ["2025-02"], "no duty after the day"
    assert "2025-03" in [month.period for month in new.months(now)]
    assert old.next_to >= {"NEW"} and new.next_to >= {"OLD"}


def test_goods_that_wait_are_the_former_holders_and_not_the_successors_to_see(desk: Desk) -> None:
    entered(desk.store)
    old, new = OrganisationView(desk.store, LAW, "OLD"), OrganisationView(desk.store, LAW, "NEW")
    assert old.held()["held_mg"].to_list() == [300_000_000] and new.held().height == 0
    assert known_for_template(desk.store, "OLD").lots == ["ORE"]
    assert known_for_template(desk.store, "NEW").lots == []
    told = desk.try_rows("NEW", "2025-03", f"N1 origin 5 pit ORE3 10 {MADE}", "C1 stock 31 pit ORE3 10")
    assert [one.code for one in told.problems] == [], "a count is not asked for what another has in book there"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, {("OLD", "merged-into"), ("NEW", "merged-from")}),
        ({"kind": "holder", "site": "shed"}, {("OLD", "site-handed-over"), ("NEW", "site-taken-over")}),
        ({"kind": "closure", "site": "shed", "successor": ""}, {("OLD", "site-closed")}),
    ],
)
def test_both_sides_are_told(desk: Desk, changes: dict[str, str], told: set[tuple[str, str]]) -> None:
    entered(desk.store, replace(MERGER, **changes))  # type: ignore[arg-type]
    assert set(Notice.objects.values_list("organisation", "kind")) == told


def test_nothing_is_entered_of_which_the_firms_are_not_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object, **__: object) -> bool:
        raise SystemExit

    size, known = desk.store.head().size, AuditRecord.objects.count()
    with monkeypatch.context() as dead:
        dead.setattr("lodeline.office.register.successions.notify", dies)
        with pytest.raises(SystemExit):
            entered(desk.store, MERGER)
    assert (desk.store.head().size, AuditRecord.objects.count()) == (size, known)
    entered(desk.store, MERGER)
    assert desk.store.head().size == size + 1
