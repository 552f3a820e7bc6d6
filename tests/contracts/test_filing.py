"""Filing, filing again, correcting and withdrawing: what enters, what is refused, and what follows from it."""

from __future__ import annotations

import datetime

import pytest
from django.test.utils import CaptureQueriesContext
from tests.desk import LAW, Desk, amounts, codes, sheet

from lodeline.material.mass import MG_PER_KG
from lodeline.regulation.duty import deadline_without_extension
from lodeline.service.licences.quotas import quota
from lodeline.store import books, database
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = [pytest.mark.medium, pytest.mark.both]

SHARE = "composition=TREO=60"
ORIGIN = f"O origin 2 mine 7 1000 product=concentrate {SHARE} origin_kind=mined origin_place=P"
SHIP = "S shipment 5 mine 7 400 counterparty=SEP"
RECEIVE = "R receipt 9 sep 7 400 counterparty=MINE"
FEED = "T transformation 12 sep 7 300 role=in"
OXIDE = "T transformation 12 sep X 180 role=out product=oxide composition=TREO=99"


def size(desk: Desk) -> int:
    return desk.store.head().size


def used_kg(desk: Desk) -> dict[str, tuple[float, float, float]]:
    """Kind of quota → (used, overdrawn, left) in kg; granted + overdrawn = reserved + used + left."""
    found: dict[str, tuple[float, float, float]] = {}
    for row in quota(desk.store, open_snapshot(desk.store)):
        one = row.reo
        assert one.granted_mg is not None and one.overdrawn_mg is not None and one.left_mg is not None
        assert one.granted_mg + one.overdrawn_mg == one.reserved_mg + one.used_mg + one.left_mg
        found[row.kind] = (one.used_mg / MG_PER_KG, one.overdrawn_mg / MG_PER_KG, one.left_mg / MG_PER_KG)
    return found


def test_a_filing_is_an_entry_with_its_rows_and_the_state_follows(desk: Desk) -> None:
    index = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    entry = desk.store.entry(index)
    assert entry is not None
    assert (entry.kind, entry.organisation, entry.period, entry.row_count) == ("filing", "MINE", "2025-06", 2)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (600, 0)}


def test_a_refusal_asks_for_no_lot_by_itself(desk: Desk) -> None:
    """Each lot that somebody objects to was asked for its name: hundreds of questions for one upload."""

    def origins(mark: str, count: int) -> list[str]:
        row = f"product=concentrate {SHARE} origin_kind=mined origin_place=P"
        return [f"{mark}{number} origin 2 mine {number} 10 {row}" for number in range(count)]

    desk.rows("MINE", "2025-06", *origins("O", 12))
    asked = []
    for count in (2, 12):
        with CaptureQueriesContext(desk.store.database.connection) as seen:
            assert codes(desk.try_rows("MINE", "2025-07", *origins("P", count))).count("lot.exists") == count
        asked.append(len(seen))
    assert asked[0] == asked[1]


def test_a_nil_return_is_an_entry_without_rows(desk: Desk) -> None:
    index = desk.rows("MINE", "2025-06")
    entry = desk.store.entry(index)
    assert entry is not None
    assert entry.row_count == 0
    assert desk.try_rows("MINE", "2025-06").repeated


def test_a_refused_filing_leaves_no_trace(desk: Desk) -> None:
    before = size(desk), amounts(desk.store)
    refused = desk.try_rows("MINE", "2025-06", "L loss 2 mine 9 5 reason=", ORIGIN)
    assert refused.entry is None
    assert desk.try_rows("MINE", "2025-06", ORIGIN, "S shipment 5 mine 9 4 counterparty=SEP").entry is None
    assert (size(desk), amounts(desk.store)) == before
    assert desk.store.database.rows("SELECT COUNT(*) FROM lot") == [(0,)]


def test_a_confirmed_row_is_accepted_booked_and_flagged_for_good(desk: Desk) -> None:
    asked = desk.try_rows("MINE", "2025-06", "S shipment 5 mine 9 4 counterparty=SEP")
    assert [(found.code, found.severity) for found in asked.problems] == [("lot.unknown", "confirm")]
    told = desk.try_rows("MINE", "2025-06", "S shipment 5 mine 9 4 counterparty=SEP reason=old-stock")
    assert told.entry is not None
    assert [(found.code, found.severity) for found in told.problems] == [("lot.unknown", "flag")]
    assert [flag["code"] for flag in told.entry.flags] == ["lot.unknown"]
    assert desk.held_kg() == {("MINE/9", "mine", "MINE"): (0, 4)}


def test_an_unusual_mass_on_a_receipt_is_only_flagged(desk: Desk) -> None:
    small = [f"R{day} receipt {day} mag {day} 1 counterparty=SEP" for day in range(1, 6)]
    told = desk.try_rows("MAG", "2025-06", *small, "R9 receipt 9 mag 9 5000 counterparty=SEP")
    assert told.entry is not None
    assert "mass.unusual" in codes(told)


# Again and again


def test_the_same_filing_again_is_the_same_entry(desk: Desk) -> None:
    first = desk.try_rows("MINE", "2025-06", ORIGIN, SHIP)
    before = size(desk), amounts(desk.store)
    again = desk.try_rows("MINE", "2025-06", ORIGIN, SHIP, filed_at=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    assert again.repeated and not first.repeated
    assert again.entry == first.entry
    assert (size(desk), amounts(desk.store)) == before


def test_the_same_rows_in_another_dress_are_the_same_filing(desk: Desk) -> None:
    first = desk.file("MINE", "2025-06", sheet("2025-06", ORIGIN))
    dressed = (
        "Mass_KG;LOT;kind;Event;on;site;product;composition;origin kind;origin_place\r\n"
        "1000.000;7;origin;O;2025-06-02;mine;concentrate;TREO=60.0;mined;P\r\n"
    )
    again = desk.file("MINE", "2025-06", dressed)
    assert again.repeated
    assert again.entry == first.entry


def test_the_same_rows_for_another_month_or_firm_are_another_filing(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06")
    assert desk.rows("MINE", "2025-07") != first
    assert desk.rows("SEP", "2025-06") != first


def test_an_event_filed_again_with_the_same_content_exists(desk: Desk) -> None:
    index = desk.rows("MINE", "2025-06", ORIGIN)
    again = desk.try_rows("MINE", "2025-06", ORIGIN, SHIP)
    assert again.entry is None
    (found,) = [one for one in again.problems if one.code.startswith("event.")]
    assert (found.code, found.where.row, found.facts["event"], found.facts["entry"]) == ("event.exists", 2, "O", index)


def test_an_event_filed_again_with_other_content_is_refused_and_says_so(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN)
    assert "event.exists-with-other-content" in codes(desk.try_rows("MINE", "2025-06", ORIGIN.replace("1000", "999")))
    wider = desk.try_rows("MINE", "2025-06", ORIGIN, f"O origin 2 mine 8 1 product=ore {SHARE} origin_kind=mined")
    assert "event.exists-with-other-content" in codes(wider)


def test_the_same_event_name_of_another_firm_is_no_conflict(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN)
    desk.rows("SEP", "2025-06", f"O origin 2 sep 7 5 product=residue {SHARE} origin_kind=secondary")
    assert set(desk.held_kg()) == {("MINE/7", "mine", "MINE"), ("SEP/7", "sep", "SEP")}


def test_what_is_compared_is_the_event_as_it_stands_after_its_correction(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    less = ORIGIN.replace("1000", "900")
    desk.rows("MINE", "2025-06", less, corrects=first)
    assert "event.exists" in codes(desk.try_rows("MINE", "2025-06", less))
    old_content = desk.try_rows("MINE", "2025-06", ORIGIN, SHIP)
    assert "event.exists-with-other-content" in codes(old_content)


def test_the_original_filed_again_after_its_correction_returns_the_old_receipt(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "900"), corrects=first)
    again = desk.try_rows("MINE", "2025-06", ORIGIN)
    assert again.repeated
    assert again.entry is not None and again.entry.index == first
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (900, 0)}


def test_ones_own_lot_cannot_be_made_twice(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN)
    again = f"O2 origin 3 mine 7 5 product=concentrate {SHARE} origin_kind=secondary"
    assert codes(desk.try_rows("MINE", "2025-07", again)) == ["lot.exists"]


# When


def test_filing_is_late_from_the_deadline_on(desk: Desk) -> None:
    due = deadline_without_extension("2025-06", LAW)
    assert codes(desk.try_rows("MINE", "2025-06", filed_at=due - datetime.timedelta(seconds=1))) == []
    late = desk.try_rows("SEP", "2025-06", filed_at=due)
    assert codes(late) == ["period.late"]
    assert late.entry is not None
    (flag,) = late.entry.flags
    # The month is due until its last day is over, and that day is what is said.
    assert (flag["code"], flag["facts"]) == (
        "period.late", {"period": "2025-06", "due": "2025-07-09", "filed": "2025-07-10"}
    )  # fmt: skip


def test_a_month_that_has_not_begun_cannot_be_filed(desk: Desk) -> None:
    # The month begins at midnight in Shanghai, eight hours before it does in UTC.
    before = datetime.datetime(2025, 6, 30, 15, 59, 59, tzinfo=datetime.UTC)
    assert codes(desk.try_rows("MINE", "2025-07", filed_at=before)) == ["period.future"]
    assert codes(desk.try_rows("MINE", "2025-07", filed_at=before + datetime.timedelta(seconds=1))) == []


# Corrections


def test_a_correction_restates_an_event_and_leaves_the_others(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "700"), corrects=first)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (300, 0)}
    assert used_kg(desk)["mining"] == (420, 0, 180)


def test_a_correction_may_add_an_event(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    desk.rows("MINE", "2025-06", SHIP, corrects=first)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (600, 0)}


def test_a_restated_event_may_name_another_lot_and_leaves_nothing_at_the_old_one(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    desk.rows("MINE", "2025-06", ORIGIN.replace(" 7 ", " 8 "), corrects=first)
    assert desk.held_kg() == {("MINE/8", "mine", "MINE"): (1000, 0)}
    assert used_kg(desk)["mining"] == (600, 0, 0)


def test_a_correction_of_a_correction_is_what_counts(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    second = desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "900"), corrects=first)
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "800"), corrects=second)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (800, 0)}
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "750"), corrects=first)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (750, 0)}


def test_a_correction_filed_twice_is_one_entry(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    less = ORIGIN.replace("1000", "900")
    second = desk.rows("MINE", "2025-06", less, corrects=first)
    again = desk.try_rows("MINE", "2025-06", less, corrects=first)
    assert again.repeated
    assert again.entry is not None and again.entry.index == second


def test_voiding_an_origin_leaves_what_was_drawn_from_it_unaccounted_and_gives_the_quota_back(desk: Desk) -> None:
    origin = desk.rows("MINE", "2025-06", ORIGIN, "S1 shipment 6 mine 7 50 counterparty=SEP")
    desk.rows("MINE", "2025-07", "S2 shipment 5 mine 7 400 counterparty=SEP")
    desk.rows("SEP", "2025-07", "R receipt 9 sep 7 450 counterparty=MINE", FEED, OXIDE)
    assert used_kg(desk) == {"mining": (600, 0, 0), "separation": (180, 0, 420)}
    desk.rows("MINE", "2025-06", "O void", corrects=origin)
    assert desk.held_kg()["MINE/7", "mine", "MINE"] == (0, 450)
    # SEP still holds what it received; what its feed was made of is no longer known.
    assert desk.held_kg()["MINE/7", "sep", "SEP"] == (150, 0)
    assert used_kg(desk)["mining"] == (0, 0, 600)


def transfer_of(desk: Desk, event: str) -> tuple[object, object]:
    """(receipt event, received mg) of a shipment."""
    ((receipt, received_mg),) = desk.store.database.rows(
        "SELECT receipt_event, received_mg FROM transfer WHERE shipment_event = %s", (event,)
    )
    return receipt, received_mg


def test_voiding_a_receipt_opens_the_transfer_again_and_takes_back_what_was_received(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    received = desk.rows("SEP", "2025-06", RECEIVE)
    assert transfer_of(desk, "S") == ("R", 400_000_000)
    desk.rows("SEP", "2025-06", "R void", corrects=received)
    assert transfer_of(desk, "S") == (None, None)
    assert ("MINE/7", "sep", "SEP") not in desk.held_kg()


@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_quoted_shipment_of_another_lot_is_closed_whichever_comes_first(desk: Desk, receipt_first: bool) -> None:
    desk.rows("MINE", "2025-06", ORIGIN)
    filings = [("MINE", SHIP), ("SEP", "R receipt 9 sep other 400 counterparty=MINE reference=S")]
    for who, row in reversed(filings) if receipt_first else filings:
        desk.rows(who, "2025-07", row)
    assert transfer_of(desk, "S") == ("R", 400_000_000)


@pytest.mark.parametrize("quoted", ["", " reference=S"])
def test_voiding_a_shipment_leaves_the_receipt_without_one_even_of_another_lot(desk: Desk, quoted: str) -> None:
    shipped = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    lot = "other" if quoted else "7"
    desk.rows("SEP", "2025-06", f"R receipt 9 sep {lot} 400 counterparty=MINE{quoted}")
    desk.rows("MINE", "2025-06", "S void", corrects=shipped)
    assert desk.store.database.rows("SELECT shipment_event, receipt_event FROM transfer") == [(None, "R")]
    assert desk.held_kg()["MINE/7", "mine", "MINE"] == (1000, 0)


def test_restating_a_shipment_as_to_another_party_closes_and_opens(desk: Desk) -> None:
    shipped = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("SEP", "2025-06", RECEIVE)
    desk.rows("MINE", "2025-06", SHIP.replace("SEP", "MAG"), corrects=shipped)
    assert sorted(desk.store.database.rows("SELECT receiver, receipt_event FROM transfer"), key=repr) == [
        ("MAG", None),
        ("SEP", "R"),
    ]


def test_an_event_that_was_voided_can_be_restated(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    void = desk.rows("MINE", "2025-06", "O void", corrects=first)
    assert desk.held_kg() == {}
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "500"), corrects=void)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (500, 0)}


def test_what_was_voided_cannot_be_voided_again(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    void = desk.rows("MINE", "2025-06", "O void", corrects=first)
    assert codes(desk.try_rows("MINE", "2025-06", "O void", corrects=void)) == ["event.not-filed"]


def test_what_was_never_filed_cannot_be_voided(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    desk.rows("SEP", "2025-06", "X receipt 9 sep 7 1 counterparty=MINE")
    assert codes(desk.try_rows("MINE", "2025-06", "X void", corrects=first)) == ["event.not-filed"]


def test_a_void_outside_a_correction_is_refused(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN)
    assert "void.not-a-correction" in codes(desk.try_rows("MINE", "2025-06", "O void"))


def test_a_voided_lot_can_be_made_again_under_another_event(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    again = ORIGIN.replace("O origin", "O2 origin")
    desk.rows("MINE", "2025-06", "O void", again, corrects=first)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (1000, 0)}


@pytest.mark.parametrize("corrects", [0, 99, -1])
def test_a_correction_names_a_filing(desk: Desk, corrects: int) -> None:
    # Entry 0 is the register.
    assert "correction.unknown-filing" in codes(desk.try_rows("MINE", "2025-06", ORIGIN, corrects=corrects))


def test_a_correction_names_ones_own_filing_of_the_same_month(desk: Desk) -> None:
    theirs = desk.rows("SEP", "2025-06")
    assert "correction.unknown-filing" in codes(desk.try_rows("MINE", "2025-06", ORIGIN, corrects=theirs))
    june = desk.rows("MINE", "2025-06")
    other = f"L origin 1 mine 9 1 product=ore {SHARE} origin_kind=mined"
    assert "correction.other-period" in codes(desk.try_rows("MINE", "2025-07", other, corrects=june))


def test_a_correction_that_is_refused_supersedes_nothing(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    before = size(desk), amounts(desk.store)
    assert desk.try_rows("MINE", "2025-06", "O void", "Z void", corrects=first).entry is None
    more = SHIP.replace("400", "4000")
    assert codes(desk.try_rows("MINE", "2025-06", more, corrects=first)) == ["mass.exceeds-holding"]
    assert (size(desk), amounts(desk.store)) == before


def test_a_restated_draw_is_judged_without_the_one_it_replaces(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    assert codes(desk.try_rows("MINE", "2025-06", SHIP.replace("400", "900"), corrects=first)) == []
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (100, 0)}


def test_taking_back_what_others_drew_on_is_accepted_and_shows(desk: Desk) -> None:
    # A correction that lowers an origin draws nothing itself: the shortfall is with the shipment filed before.
    first = desk.rows("MINE", "2025-06", ORIGIN, SHIP)
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "300"), corrects=first)
    assert desk.held_kg() == {("MINE/7", "mine", "MINE"): (0, 100)}


def test_a_correction_of_the_composition_changes_the_draw_and_no_row(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    before = desk.store.database.rows("SELECT id, mass_mg, composition FROM line ORDER BY id")
    desk.rows("MINE", "2025-06", ORIGIN.replace("TREO=60", "TREO=50"), corrects=first)
    after = desk.store.database.rows("SELECT id, mass_mg, composition FROM line ORDER BY id")
    assert after[: len(before)] == before
    assert used_kg(desk)["mining"] == (500, 0, 100)


# Quotas


def test_the_quota_is_overdrawn_visibly_and_only_beyond_the_grant(desk: Desk) -> None:
    assert codes(desk.try_rows("MINE", "2025-06", ORIGIN)) == []
    more = f"O2 origin 3 mine 8 1 product=concentrate {SHARE} origin_kind=mined origin_place=P"
    over = desk.try_rows("MINE", "2025-06", more)
    assert over.entry is not None
    assert [(found.code, found.facts["over_kg"]) for found in over.problems] == [("quota.exceeded", "0.6")]
    assert used_kg(desk)["mining"] == (600.6, 0.6, 0)


def test_a_filing_that_draws_nothing_is_not_told_of_an_old_overdraft(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", ORIGIN.replace("1000", "1500"))
    assert codes(desk.try_rows("MINE", "2025-06", SHIP)) == []


def test_imported_feed_draws_when_it_is_separated_and_not_when_it_arrives(desk: Desk) -> None:
    imported = f"O origin 2 sep 7 100 product=concentrate {SHARE} origin_kind=imported origin_place=US"
    desk.rows("SEP", "2025-06", imported)
    assert used_kg(desk)["separation"] == (0, 0, 600)
    desk.rows("SEP", "2025-07", "T transformation 2 sep 7 50 role=in", OXIDE.replace("12", "2").replace("180", "29"))
    assert used_kg(desk)["separation"] == (30, 0, 570)


@pytest.mark.parametrize("entries_at_once", [200, 1])
def test_usual_masses_are_those_of_the_newest_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, entries_at_once: int
) -> None:
    monkeypatch.setattr(books, "NEWEST_ROWS", (2, 10))
    monkeypatch.setattr(database, "SPANS", entries_at_once)
    for month, mass in enumerate((1, 20, 300, 4_000), start=1):
        told = ORIGIN.replace("O origin 2 mine 7 1000", f"O{month} origin 2 mine {month} {mass}")
        desk.rows("MINE", f"2025-0{month}", told)
    kept = desk.store.books
    assert kept.smallest_masses("MINE", judged=0) == {("origin", "concentrate"): 300 * 10**6}
    assert kept.earlier_masses("MINE", judged=0)["mass_mg"].sort().to_list() == [300 * 10**6, 4_000 * 10**6]
    # Of a larger filing ten times as many are looked at.
    assert kept.smallest_masses("MINE", judged=1) == {("origin", "concentrate"): 10**6}
    assert kept.smallest_masses("SEP", judged=1) == {} and kept.earlier_masses("MINE").height == 4
