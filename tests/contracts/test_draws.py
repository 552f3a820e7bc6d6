"""What is drawn on a licence: promised, filed, confirmed, taken back, in any order, and always to the milligram."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from tests.desk import LAW, Desk
from tests.licences import change_holder, licence_from, suspend_licence

from lodeline.ledger.licence import GOODS
from lodeline.ledger.reservation import Balance
from lodeline.material.element import TREO
from lodeline.service.filing.posting import Outcome
from lodeline.service.licences.accounts import LicenceAccount, licence_accounts, quota_accounts
from lodeline.service.licences.answers import licence_shown
from lodeline.service.licences.draws import Drawn, Wanted, allot, reserve, void, void_tranche
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.service.licences.licences import grant_licence, revoke_licence
from lodeline.service.licences.runs import announce_run, cancel_run, cancel_run_numbered, planned_runs
from lodeline.service.log.audit import rebuild

pytestmark = [pytest.mark.medium, pytest.mark.both]

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
DAY = date(2025, 6, 10)
KG = 1_000_000
MADE = "M origin 1 mag 1 {kg} product=magnet-ndfeb origin_kind=opening composition=Nd=28;Pr=2;Dy=2;Fe=65;B=1"


@pytest.fixture
def licensed(desk: Desk) -> Desk:
    """L1 is MAG's general licence over 100 kg of magnets with at most 4 kg of dysprosium, from June to May."""
    grant(desk, "L1", mass_mg=100 * KG, elements="Dy=4")
    desk.rows("MAG", "2025-06", MADE.format(kg=1000))
    return desk


def grant(desk: Desk, id_: str, **changed: Any) -> None:
    row = {
        "id": id_, "kind": "general", "exporter": "MAG", "end_users": ["Drives GmbH", "Motors GmbH"],
        "control_items": ["1C905.a.4"], "valid_from": date(2025, 6, 1), "valid_to": date(2026, 5, 31),
    } | changed  # fmt: skip
    decided = grant_licence(store=desk.store, licence=licence_from(row), law=LAW, filed_at=NOW)
    assert decided.entry, [one.message("en") for one in decided.problems]


def account(desk: Desk, licence: str = "L1") -> LicenceAccount:
    return licence_accounts(desk.store, desk.store.register(desk.store.head()), LAW, [licence])[licence]


def goods(desk: Desk, licence: str = "L1", day: date = DAY) -> tuple[float, float, float, float]:
    """(reserved, used, left, overdrawn) kg of goods."""
    return _kg(account(desk, licence).account.balance(GOODS, day))


def _kg(one: Balance) -> tuple[float, float, float, float]:
    return one.reserved / KG, one.used / KG, one.left / KG, one.overdrawn / KG


def want(line: str, kg: float, declaration: str = "D1", **changed: Any) -> Wanted:
    fields = {"licence": "L1", "organisation": "MAG", "elements_mg": {"Dy": round(kg * KG / 50)}} | changed
    return Wanted(declaration=declaration, line=line, mass_mg=round(kg * KG), **fields)


def ask(desk: Desk, *wanted: Wanted, on: date = DAY) -> list[Drawn]:
    return reserve(store=desk.store, wanted=wanted, law=LAW, on=on, filed_at=NOW, by="customs")


def leave(desk: Desk, line: str, kg: float, reference: str, **changed: Any) -> Drawn:
    fields: dict[str, Any] = {"declaration": "D1"} | changed
    one = Exit(line=line, mass_mg=round(kg * KG), reference=reference, **fields)
    return confirm_exits(store=desk.store, exits=[one], law=LAW, on=DAY, filed_at=NOW)[0]


def export(number: int, kg: float, licence: str = "L1", declaration: str = "D1", day: int = 12) -> str:
    return f"X{number} export {day} mag 1 {kg} product=magnet-ndfeb licence={licence} declaration={declaration}"


def codes(outcome: Outcome) -> list[str]:
    """What a filing is flagged for, but for what customs would ask for besides."""
    return sorted(found.code for found in outcome.problems if found.code != "export.incomplete")


def said(*drawn: Drawn) -> list[str]:
    return [one.code for each in drawn for one in each.problems]


def test_a_line_is_reserved_once_and_posted_by_the_export_row(licensed: Desk) -> None:
    first, second = ask(licensed, want("1", 30), want("2", 20))
    assert said(first, second) == []
    assert first.draw and first.draw.until == date(2025, 9, 8)
    assert goods(licensed) == (50, 0, 50, 0)
    again = ask(licensed, want("1", 30))[0]
    assert again.repeated and again.draw and again.draw.number == first.draw.number
    assert said(*ask(licensed, want("1", 31))) == ["reservation.exists-with-other-content"]
    assert codes(licensed.try_rows("MAG", "2025-06", export(1, 30))) == []
    assert goods(licensed) == (20, 30, 50, 0)


def test_the_row_may_come_before_the_reservation(licensed: Desk) -> None:
    licensed.rows("MAG", "2025-06", export(1, 30))
    assert goods(licensed) == (0, 30, 70, 0)
    ask(licensed, want("1", 40))
    assert goods(licensed) == (10, 30, 60, 0)


def test_partial_exits_add_up_and_the_rest_returns_on_closing(licensed: Desk) -> None:
    ask(licensed, want("1", 60))
    assert said(leave(licensed, "1", 20, "E1"), leave(licensed, "1", 15, "E2")) == []
    assert goods(licensed) == (25, 35, 40, 0)
    assert leave(licensed, "1", 15, "E2").repeated
    assert said(leave(licensed, "1", 16, "E2")) == ["exit.exists-with-other-content"]
    leave(licensed, "1", 3, "E3", closes=True)
    assert goods(licensed) == (0, 38, 62, 0)
    # The exporter's row about the same goods is not added to what customs saw; what is larger counts.
    licensed.rows("MAG", "2025-06", export(1, 38))
    assert goods(licensed) == (0, 38, 62, 0)
    licensed.rows("MAG", "2025-06", export(2, 1.5))
    assert goods(licensed) == (0, 39.5, 60.5, 0)


def test_elements_are_drawn_beside_the_goods(licensed: Desk) -> None:
    ask(licensed, want("1", 50))
    leave(licensed, "1", 25, "E1")
    dy = account(licensed).account.balance("Dy", DAY)
    assert (dy.granted, dy.reserved, dy.used, dy.left) == (4 * KG, KG // 2, KG // 2, 3 * KG)
    licensed.rows("MAG", "2025-06", export(1, 50))
    assert _kg(account(licensed).account.balance("Dy", DAY)) == (0, 1, 3, 0)
    many = want("2", 40, elements_mg={"Dy": 3 * KG + 1})
    assert said(*ask(licensed, many)) == ["reservation.exceeds-left"]


def test_a_corrected_assay_changes_what_is_left_and_no_stored_row(licensed: Desk) -> None:
    licensed.rows("MAG", "2025-06", export(1, 50))
    stored = licensed.store.database.rows("SELECT used_mg FROM reservation")
    licensed.rows("MAG", "2025-06", MADE.format(kg=1000).replace("Dy=2", "Dy=3"), corrects=2)
    assert _kg(account(licensed).account.balance("Dy", DAY)) == (0, 1.5, 2.5, 0)
    assert licensed.store.database.rows("SELECT used_mg FROM reservation") == stored


def test_what_is_taken_back_returns_and_the_line_may_be_reserved_anew(licensed: Desk) -> None:
    ask(licensed, want("1", 60))
    common: dict[str, Any] = {"store": licensed.store, "declaration": "D1", "on": DAY, "filed_at": NOW}
    assert said(void(**common, line="1", reason="")) == ["reservation.reason-missing"]
    assert void(**common, line="1", reason="amended").draw
    assert void(**common, line="1", reason="amended").repeated
    assert goods(licensed) == (0, 0, 100, 0)
    assert said(void(**common, line="7", reason="x")) == ["reservation.unknown"]
    assert not ask(licensed, want("1", 55))[0].repeated
    assert goods(licensed) == (55, 0, 45, 0)
    leave(licensed, "1", 50, "E1", closes=True)
    assert said(void(**common, line="1", reason="too late")) == ["reservation.closed"]
    # A line whose goods are gone is not reserved a second time.
    assert ask(licensed, want("1", 55))[0].repeated
    assert goods(licensed) == (0, 50, 50, 0)


def test_a_reservation_lapses_by_its_day_and_with_the_licence(licensed: Desk) -> None:
    ask(licensed, want("1", 60))
    assert goods(licensed, day=date(2025, 9, 8)) == (60, 0, 40, 0)
    assert goods(licensed, day=date(2025, 9, 9)) == (0, 0, 100, 0)
    anew = ask(licensed, want("1", 60), on=date(2026, 5, 20))[0]
    assert not anew.repeated and anew.draw and anew.draw.until == date(2026, 5, 31)
    assert goods(licensed, day=date(2026, 5, 31)) == (60, 0, 40, 0)
    assert goods(licensed, day=date(2026, 6, 1)) == (0, 0, 100, 0)


def test_nothing_is_promised_beyond_after_or_to_somebody_else(licensed: Desk) -> None:
    assert said(*ask(licensed, want("1", 101, elements_mg={"Dy": KG}))) == ["reservation.exceeds-left"]
    assert said(*ask(licensed, want("1", 5, organisation="SEP"))) == ["reservation.of-other"]
    assert said(*ask(licensed, want("1", 5, licence="L9"))) == ["grant.unknown"]
    assert said(*ask(licensed, want("1", 5), on=date(2026, 6, 1))) == ["reservation.not-in-force"]
    assert said(*ask(licensed, want("", 5, declaration=""))) == ["reservation.incomplete"]
    suspend_licence(store=licensed.store, licence="L1", on=DAY, reason="x", filed_at=NOW)
    assert said(*ask(licensed, want("1", 5))) == ["reservation.not-in-force"]
    assert goods(licensed) == (0, 0, 100, 0)


def test_one_batch_shares_what_is_left_in_the_order_of_the_lines(licensed: Desk) -> None:
    answers = ask(licensed, want("10", 40), want("2", 40), want("1", 30))
    assert [said(one) for one in answers] == [["reservation.exceeds-left"], [], []]
    assert goods(licensed) == (70, 0, 30, 0)


def test_an_individual_licence_serves_one_declaration(licensed: Desk) -> None:
    grant(licensed, "L2", kind="individual", end_users=["Drives GmbH"], mass_mg=100 * KG)
    one: dict[str, Any] = {"licence": "L2", "elements_mg": {}}
    assert said(*ask(licensed, want("1", 10, **one), want("2", 10, **one))) == []
    assert said(*ask(licensed, want("1", 10, declaration="D2", **one))) == ["reservation.exports-made"]
    assert account(licensed, "L2").standing(DAY) == "exhausted"
    # Until it has left, more of the same declaration may; then nothing, and what was not used has lapsed.
    register = licensed.store.newest_register()
    shown = partial(licence_shown, licensed.store, register, LAW, "L2", day=DAY)
    assert (shown().goods.reserved_mg, shown().goods.left_mg, shown().goods.lapsed_mg) == (20 * KG, 80 * KG, 0)
    assert codes(licensed.try_rows("MAG", "2025-06", export(1, 15, licence="L2", day=2))) == []
    goods = licence_shown(licensed.store, register, LAW, "L2", day=date(2026, 5, 1)).goods
    assert (goods.used_mg, goods.reserved_mg, goods.left_mg, goods.lapsed_mg) == (15 * KG, 0, 0, 85 * KG)


def test_what_has_left_is_booked_beyond_after_and_without_a_licence_and_flagged(licensed: Desk) -> None:
    assert codes(licensed.try_rows("MAG", "2025-06", export(1, 99))) == []
    over = licensed.try_rows("MAG", "2025-06", export(2, 2, declaration="D2"))
    assert codes(over) == ["export.licence-overdrawn"]
    assert goods(licensed) == (0, 101, 0, 1)
    assert codes(licensed.try_rows("MAG", "2025-06", export(3, 1, licence="L7"))) == ["export.licence-unknown"]
    unknown = account(licensed, "L7")
    assert (unknown.standing(DAY), unknown.strangers["MAG"].used(GOODS)) == (None, KG)
    revoke_licence(store=licensed.store, licence="L1", on=date(2025, 6, 20), reason="x", filed_at=NOW)
    late = licensed.try_rows("MAG", "2025-06", export(4, 1, declaration="D3", day=25))
    assert codes(late) == ["export.licence-not-in-force", "export.licence-overdrawn"]
    assert goods(licensed, day=date(2025, 6, 25)) == (0, 102, 0, 2)


def test_listed_goods_without_a_licence_are_flagged_and_others_are_not(licensed: Desk) -> None:
    bare = "X{} export {} mag {} 5 product=magnet-ndfeb destination={}"
    plain = MADE.format(kg=100).replace("M origin 1 mag 1", "P origin 1 mag 2").replace("Dy=2", "Dy=0.09")
    licensed.rows("MAG", "2025-06", plain)

    def flagged(row: str) -> list[str]:
        return [one for one in codes(licensed.try_rows("MAG", "2025-06", row)) if one == "export.licence-missing"]

    assert flagged(bare.format(1, 12, 1, "DE")) == ["export.licence-missing"]
    # Within the band of trade practice; inside the country; and with a number that is judged as such.
    assert flagged(bare.format(2, 12, 2, "DE")) == []
    assert flagged(bare.format(3, 12, 1, "CN")) == []
    assert flagged(export(4, 5)) == []
    found = licensed.try_rows("MAG", "2025-06", bare.format(5, 13, 1, "DE"))
    (one,) = (one for one in found.problems if one.code == "export.licence-missing")
    assert dict(one.facts) == {"elements": "Dy", "day": "2025-06-13"}
    assert (one.where.column, found.entry is not None) == ("licence", True)


def test_without_a_register_of_licences_nothing_is_said_of_them(desk: Desk) -> None:
    desk.rows("MAG", "2025-06", MADE.format(kg=1000))
    found = desk.try_rows("MAG", "2025-06", "X1 export 12 mag 1 5 product=magnet-ndfeb destination=DE")
    assert "export.licence-missing" not in codes(found)


def test_before_the_list_was_in_force_no_licence_was_needed(licensed: Desk) -> None:
    licensed.rows("MAG", "2025-03", MADE.format(kg=1000).replace("M origin 1 mag 1", "Q origin 2 mag 7"))
    found = licensed.try_rows("MAG", "2025-03", "X1 export 12 mag 7 5 product=magnet-ndfeb destination=DE")
    assert "export.licence-missing" not in codes(found)


def test_rows_of_somebody_else_do_not_spend_a_licence(licensed: Desk) -> None:
    made = MADE.format(kg=100).replace(" mag ", " trade ")
    licensed.rows("TRADE", "2025-06", made)
    stranger = licensed.try_rows("TRADE", "2025-06", export(1, 50).replace(" mag ", " trade "))
    assert codes(stranger) == ["export.licence-of-other"]
    assert goods(licensed) == (0, 0, 100, 0)
    change_holder(store=licensed.store, licence="L1", holder="TRADE", on=date(2025, 6, 1), reason="x", filed_at=NOW)
    assert goods(licensed) == (0, 50, 50, 0)


def test_a_correction_moves_what_is_drawn(licensed: Desk) -> None:
    grant(licensed, "L2", mass_mg=100 * KG)
    first = licensed.rows("MAG", "2025-06", export(1, 30))
    licensed.rows("MAG", "2025-06", export(1, 40, licence="L2"), corrects=first)
    assert (goods(licensed), goods(licensed, "L2")) == ((0, 0, 100, 0), (0, 40, 60, 0))
    licensed.rows("MAG", "2025-06", "X1 void", corrects=first)
    assert goods(licensed, "L2") == (0, 0, 100, 0)


def test_an_exit_that_passes_the_licence_is_booked_and_flagged(licensed: Desk) -> None:
    ask(licensed, want("1", 90))
    assert said(leave(licensed, "1", 95, "E1", elements_mg={"Dy": 1})) == ["exit.above-reservation"]
    assert goods(licensed) == (0, 95, 5, 0)
    over = leave(licensed, "1", 7, "E2", elements_mg={"Dy": 1})
    assert said(over) == ["exit.above-reservation", "export.licence-overdrawn"]
    assert goods(licensed) == (0, 102, 0, 2)
    nowhere = leave(licensed, "1", 7, "E3", declaration="D9")
    assert said(nowhere) == ["exit.incomplete"]


def test_a_port_without_network_spends_its_tranche(licensed: Desk) -> None:
    common: dict[str, Any] = {"store": licensed.store, "licence": "L1", "tranche": "T1", "on": DAY, "filed_at": NOW}
    given = allot(**common, port="Erenhot", mass_mg=40 * KG, elements_mg={"Dy": KG}, law=LAW)
    assert given.draw and goods(licensed) == (40, 0, 60, 0)
    assert allot(**common, port="Erenhot", mass_mg=40 * KG, elements_mg={"Dy": KG}, law=LAW).repeated
    spent = ask(licensed, want("1", 25, tranche="T1", elements_mg={"Dy": KG // 2}))
    assert said(*spent) == [] and goods(licensed) == (40, 0, 60, 0)
    assert said(*ask(licensed, want("2", 16, tranche="T1", elements_mg={}))) == ["reservation.exceeds-left"]
    assert said(*ask(licensed, want("2", 1, tranche="T2"))) == ["reservation.tranche-unknown"]
    leave(licensed, "1", 20, "E1", closes=True)
    assert goods(licensed) == (20, 20, 60, 0)
    assert void_tranche(**common, reason="the line is up again").draw
    assert goods(licensed) == (0, 20, 80, 0)


def test_a_run_of_two_quotas_is_put_off_in_both(desk: Desk) -> None:
    common: dict[str, Any] = {"store": desk.store, "organisation": "MINE", "on": DAY, "filed_at": NOW}
    for kind in ("mining", "separation"):
        announce_run(**common, kind=kind, ore_type="", year=2025, run="R1", reo_mg=KG)

    def runs() -> list[tuple[str, str]]:
        found = planned_runs(desk.store, desk.store.register(desk.store.head()), day=DAY)
        return [(one.kind, one.state) for one in found]

    number = planned_runs(desk.store, desk.store.register(desk.store.head()), day=DAY)[1].reservation
    assert cancel_run_numbered(store=desk.store, number=number, reason="no ore", on=DAY, filed_at=NOW).draw
    assert runs() == [("separation", "awaited"), ("mining", "put-off")]
    assert cancel_run_numbered(store=desk.store, number=number, reason="no ore", on=DAY, filed_at=NOW).repeated
    assert cancel_run(**common, run="R1", reason="no ore").draw
    assert runs() == [("separation", "put-off"), ("mining", "put-off")]
    assert cancel_run(**common, run="R1", reason="no ore").repeated
    assert said(cancel_run_numbered(store=desk.store, number=0, reason="x", on=DAY, filed_at=NOW)) == [
        "reservation.unknown"
    ]


@pytest.mark.parametrize(("year", "problems"), [(2024, ["run.year"]), (2025, []), (2026, []), (2027, ["run.year"])])
def test_a_run_is_of_a_quota_of_this_year_or_the_next(desk: Desk, year: int, problems: list[str]) -> None:
    head = desk.store.head().size
    planned = announce_run(
        store=desk.store, organisation="MINE", kind="mining", ore_type="", year=year, run="R1", reo_mg=KG, on=DAY,
        filed_at=NOW,
    )  # fmt: skip
    refusals = [one.code for one in planned.problems if one.severity == "reject"]
    assert (refusals, desk.store.head().size) == (problems, head + (not problems))


def test_a_planned_run_reserves_quota_until_its_rows_draw_it(desk: Desk) -> None:
    common: dict[str, Any] = {"store": desk.store, "organisation": "MINE", "on": DAY, "filed_at": NOW}
    plan: dict[str, Any] = {"kind": "mining", "ore_type": "rock", "year": 2025}

    def quota(day: date = DAY) -> tuple[float, float, float, float]:
        register = desk.store.register(desk.store.head())
        return _kg(quota_accounts(desk.store, register, "MINE")["MINE", "mining", "", 2025].balance(TREO, day))

    assert said(announce_run(**common, **plan, run="R1", reo_mg=400 * KG)) == []
    assert quota() == (400, 0, 200, 0)
    assert announce_run(**common, **plan, run="R1", reo_mg=400 * KG).repeated
    assert said(announce_run(**common, **plan, run="R1", reo_mg=1)) == ["run.exists-with-other-content"]
    row = "O{} origin 2 mine {} {} product=concentrate composition=TREO=60 origin_kind=mined origin_place=P{}"
    desk.rows("MINE", "2025-06", row.format(1, 1, 500, " run=R1"), row.format(2, 2, 100, ""))
    assert quota() == (100, 360, 140, 0)
    assert said(announce_run(**common, **plan, run="R2", reo_mg=200 * KG)) == ["quota.exceeded"]
    assert quota() == (300, 360, 0, 60)
    assert cancel_run(**common, run="R2", reason="put off").draw
    assert quota() == (100, 360, 140, 0)
    assert quota(date(2025, 9, 11)) == (0, 360, 240, 0)

    def runs(day: date = DAY) -> list[tuple[str, str, int, int]]:
        found = planned_runs(desk.store, desk.store.register(desk.store.head()), day=day)
        return [(one.run, one.state, one.used_mg // KG, one.open_mg // KG) for one in found]

    assert runs() == [("R2", "put-off", 0, 0), ("R1", "awaited", 300, 100)]
    assert runs(date(2025, 9, 11)) == [("R2", "put-off", 0, 0), ("R1", "lapsed", 300, 0)]
    desk.rows("MINE", "2025-07", row.format(3, 3, 200, " run=R1"))
    assert runs()[1] == ("R1", "drawn", 400, 0)
    assert said(cancel_run(**common, run="R1", reason="too late")) == ["run.nothing-reserved"]


def test_a_position_that_was_changed_is_found_and_mended(licensed: Desk) -> None:
    ask(licensed, want("1", 30))
    licensed.store.database.execute("UPDATE reservation SET open_mg = 0")
    found = rebuild(licensed.store)
    assert [(one["table"], one["lot"]) for one in found["differences"]] == [("reservation", "L1")]
    assert rebuild(licensed.store)["ok"]
