"""Which receipt belongs to which shipment, and what a pair amounts to on a day."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import polars as pl
import pytest
from tests.desk import ledger_lines

from lodeline.ledger.transfer import closing_tolerance_mg, judge, match

Pair = tuple[str | None, str | None, float | None, float | None]


def rows(*lines: str) -> list[dict[str, Any]]:
    return match(ledger_lines(*lines)).to_dicts()


def kg(mass_mg: int | None) -> float | None:
    return None if mass_mg is None else mass_mg / 1e6


def pairs(*lines: str) -> list[Pair]:
    """(shipment event, receipt events, shipped, received) in kg, sorted."""
    found = [
        (row["shipment_event"], row["receipt_event"], kg(row["shipped_mg"]), kg(row["received_mg"]))
        for row in rows(*lines)
    ]
    return sorted(found, key=repr)


SHIPPED = "A S1 shipment 2 a 1 100 party=B"


def test_a_receipt_that_quotes_the_shipment_closes_it() -> None:
    (row,) = rows(SHIPPED, "B R1 receipt 9 b 1 99 party=A reference=S1")
    assert (row["shipment_event"], row["receipt_event"], row["by_reference"]) == ("S1", "R1", True)
    assert (row["shipper"], row["receiver"], row["shipped_mg"], row["received_mg"]) == (
        "A",
        "B",
        100_000_000,
        99_000_000,
    )
    assert (row["shipped_on"], row["received_on"]) == (date(2025, 6, 2), date(2025, 6, 9))
    assert (row["lot_differs"], row["party_differs"]) == (False, False)


def test_a_quoted_shipment_is_closed_even_if_the_lot_differs() -> None:
    (row,) = rows(SHIPPED, "B R1 receipt 9 b 2 100 party=A reference=S1")
    assert (row["lot"], row["receipt_event"], row["lot_differs"]) == (1, "R1", True)


def test_a_quoted_shipment_is_closed_even_if_somebody_else_received_it() -> None:
    (row,) = rows(SHIPPED, "C R1 receipt 9 c 1 100 party=A reference=S1")
    assert (row["receiver"], row["receipt_event"], row["party_differs"]) == ("B", "R1", True)


def test_several_receipts_that_quote_one_shipment_are_its_parts() -> None:
    found = pairs(SHIPPED, "B R1 receipt 8 b 1 60 party=A reference=S1", "B R2 receipt 9 b 1 40 party=A reference=S1")
    assert found == [("S1", "R1;R2", 100, 100)]


def test_rows_of_one_quoted_event_are_paired_by_lot_and_what_is_left_in_order() -> None:
    shipped = ("A S1 shipment 2 a 1 10 party=B", "A S1 shipment 2 a 2 20 party=B", "A S1 shipment 2 a 3 30 party=B")
    received = ("B R1 receipt 9 b 3 30 party=A reference=S1", "B R2 receipt 9 b 7 11 party=A reference=S1")
    found = {row["lot"]: (row["receipt_event"], row["lot_differs"]) for row in rows(*shipped, *received)}
    assert found == {1: ("R2", True), 2: (None, False), 3: ("R1", False)}


def test_a_reference_that_nobody_filed_leaves_the_receipt_to_be_paired_by_lot() -> None:
    assert pairs(SHIPPED, "B R1 receipt 9 b 1 100 party=A reference=other") == [("S1", "R1", 100, 100)]


def test_a_reference_is_looked_up_with_the_shipper_named_and_nobody_else() -> None:
    found = pairs(SHIPPED, "C S1 shipment 2 c 2 5 party=B", "B R1 receipt 9 b 9 5 party=C reference=S1")
    assert found == [("S1", "R1", 5, 5), ("S1", None, 100, None)]


def test_without_a_reference_lot_and_both_parties_decide() -> None:
    assert pairs(SHIPPED, "B R1 receipt 9 b 1 100 party=A") == [("S1", "R1", 100, 100)]


@pytest.mark.parametrize(
    "receipt", ["B R1 receipt 9 b 2 100 party=A", "B R1 receipt 9 b 1 100 party=C", "C R1 receipt 9 c 1 100 party=A"]
)
def test_without_a_reference_another_lot_shipper_or_receiver_is_another_transfer(receipt: str) -> None:
    assert pairs(SHIPPED, receipt) == [("S1", None, 100, None), (None, "R1", None, 100)]


def test_a_traders_customer_who_knows_only_the_label_is_paired_by_it() -> None:
    (row,) = rows("T S1 shipment 2 t 1 10 party=B local=7", "B R1 receipt 9 b 2 10 party=T local=7")
    assert (row["lot"], row["receipt_event"], row["lot_differs"]) == (1, "R1", True)


def test_the_oldest_shipment_is_closed_first() -> None:
    found = pairs("A S2 shipment 3 a 1 50 party=B", "A S9 shipment 2 a 1 40 party=B", "B R1 receipt 9 b 1 40 party=A")
    assert found == [("S2", None, 50, None), ("S9", "R1", 40, 40)]


def test_a_partial_receipt_leaves_the_rest_open_and_the_next_one_fills_it() -> None:
    first = (SHIPPED, "A S2 shipment 3 a 1 50 party=B", "B R1 receipt 8 b 1 60 party=A")
    assert pairs(*first) == [("S1", "R1", 100, 60), ("S2", None, 50, None)]
    assert pairs(*first, "B R2 receipt 9 b 1 90 party=A") == [("S1", "R1;R2", 100, 100), ("S2", "R2", 50, 50)]


def test_one_receipt_may_take_in_several_shipments() -> None:
    found = pairs("A S1 shipment 2 a 1 40 party=B", "A S2 shipment 3 a 1 60 party=B", "B R1 receipt 9 b 1 100 party=A")
    assert found == [("S1", "R1", 40, 40), ("S2", "R1", 60, 60)]


def test_what_arrives_beyond_all_shipments_stays_with_the_last() -> None:
    found = pairs("A S1 shipment 2 a 1 40 party=B", "A S2 shipment 3 a 1 60 party=B", "B R1 receipt 9 b 1 110 party=A")
    assert found == [("S1", "R1", 40, 40), ("S2", "R1", 60, 70)]


def test_what_arrives_after_everything_shipped_has_arrived_has_no_shipment() -> None:
    found = pairs(SHIPPED, "B R1 receipt 8 b 1 100 party=A", "B R2 receipt 9 b 1 5 party=A")
    assert found == [("S1", "R1", 100, 100), (None, "R2", None, 5)]


def test_a_weighing_difference_within_tolerance_closes_a_shipment() -> None:
    shipped = (SHIPPED, "A S2 shipment 3 a 1 100 party=B")
    edge_kg = 100 - closing_tolerance_mg(100_000_000) / 1e6
    whole = pairs(*shipped, f"B R1 receipt 8 b 1 {edge_kg:.6f} party=A", "B R2 receipt 9 b 1 100 party=A")
    assert whole == [("S1", "R1", 100, edge_kg), ("S2", "R2", 100, 100)]
    short_kg = edge_kg - 0.000001
    split = pairs(*shipped, f"B R1 receipt 8 b 1 {short_kg:.6f} party=A", "B R2 receipt 9 b 1 100 party=A")
    assert split[0] == ("S1", "R1;R2", 100, 100)


def test_the_tolerance_is_three_sigma_of_two_weighings() -> None:
    assert closing_tolerance_mg(1_000_000_000) == 4_243_000  # 3 × √2 × 0.1 % of a tonne is 4.243 kg


def test_a_move_to_ones_own_site_is_no_transfer() -> None:
    assert rows("A S1 shipment 2 a 1 10 to_site=b") == []


def test_a_shipment_or_receipt_alone_is_a_row_of_its_own() -> None:
    assert pairs(SHIPPED) == [("S1", None, 100, None)]
    assert pairs("B R1 receipt 9 b 1 7 party=A") == [(None, "R1", None, 7)]


def test_every_shipped_and_received_milligram_stands_in_exactly_one_row() -> None:
    lines = [
        "A S1 shipment 2 a 1 40 party=B", "A S2 shipment 3 a 1 60 party=B", "A S3 shipment 3 a 2 5 party=B",
        "B R1 receipt 5 b 1 55 party=A", "B R2 receipt 6 b 2 9 party=A reference=S1", "B R3 receipt 7 b 3 1 party=A",
    ]  # fmt: skip
    found = rows(*lines)
    assert sum(row["shipped_mg"] or 0 for row in found) == 105_000_000
    assert sum(row["received_mg"] or 0 for row in found) == 65_000_000


def test_pairs_are_the_same_whoever_files_first() -> None:
    # Both receivers call their event R1, on the same day, and both quote the same shipment.
    lines = (
        SHIPPED, "A S2 shipment 2 a 1 30 party=B", "B R1 receipt 9 b 1 80 party=A reference=S1",
        "C R1 receipt 9 c 1 20 party=A reference=S1", "B R2 receipt 9 b 1 30 party=A",
    )  # fmt: skip
    seen = {
        tuple(sorted(repr(tuple(cells.values())) for cells in found.drop("shipment_line", "receipt_line").to_dicts()))
        for order in itertools.permutations(lines)
        for found in [match(ledger_lines(*order))]
    }
    assert len(seen) == 1


def verdict(*lines: str, duty: bool = True, passed: bool = False) -> tuple[str, str | None]:
    (row,) = judge(
        match(ledger_lines(*lines)),
        has_duty=lambda organisation, day: duty,
        both_deadlines_passed=lambda *_: passed,
    ).to_dicts()
    return row["state"], row["cause"]


RECEIVED = "B R1 receipt 9 b 1 100 party=A"


@pytest.mark.parametrize(("lines", "cause"), [((SHIPPED,), "no-receipt"), ((RECEIVED,), "no-shipment")])
def test_one_side_alone_is_open_until_both_deadlines_have_passed(lines: tuple[str], cause: str) -> None:
    assert verdict(*lines) == ("open", None)
    assert verdict(*lines, passed=True) == ("exception", cause)


@pytest.mark.parametrize("line", [SHIPPED, RECEIVED])
@pytest.mark.parametrize("passed", [False, True])
def test_the_other_side_of_a_party_without_duty_is_never_missing(line: str, passed: bool) -> None:
    assert verdict(line, duty=False, passed=passed) == ("delivered-unfiled", None)


def test_the_duty_asked_for_is_that_of_the_silent_side_on_the_day_of_the_event() -> None:
    asked: list[tuple[str | None, date]] = []

    def has_duty(organisation: str | None, day: date) -> bool:
        asked.append((organisation, day))
        return True

    lines = ledger_lines("A S1 shipment 2 a 1 5 party=B", "D R1 receipt 9 d 2 5 party=C")
    judge(match(lines), has_duty=has_duty, both_deadlines_passed=lambda *_: False)
    assert sorted(asked, key=repr) == [("B", date(2025, 6, 2)), ("C", date(2025, 6, 9))]


@pytest.mark.parametrize("passed", [False, True])
def test_deliveries_that_are_judged_together_stand_as_each_alone(passed: bool) -> None:
    found = match(
        ledger_lines(
            SHIPPED, RECEIVED, "A S2 shipment 2 a 2 5 party=B", "A S3 shipment 2 a 3 5 party=X",
            "D R2 receipt 9 d 4 5 party=C", "D R3 receipt 9 d 5 5", "A S4 shipment 3 a 6 100 party=B",
            "B R4 receipt 4 b 6 40 party=A", "A S5 shipment 3 a 7 100 party=B",
            "B R5 receipt 4 b 7 40 party=A reference=S5", "A S6 shipment 3 a 8 100 party=B",
            "B R6 receipt 4 b 9 100 party=A reference=S6", "A S7 shipment 3 a 10 100 party=B",
            "C R7 receipt 4 c 10 100 party=A reference=S7",
        )
    )  # fmt: skip

    def judged(rows: pl.DataFrame) -> pl.DataFrame:
        late = date(2025, 6, 3)
        return judge(
            rows, has_duty=lambda organisation, day: organisation != "X",
            both_deadlines_passed=lambda day, *_: passed and day <= late,
        )  # fmt: skip

    together = judged(found)
    assert together.equals(pl.concat([judged(row) for row in found.iter_slices(1)]))
    assert {"delivered-unfiled", "matched", "exception" if passed else "partial", "open"} <= {*together["state"]}


@pytest.mark.parametrize("passed", [False, True])
def test_a_whole_delivery_is_matched(passed: bool) -> None:
    assert verdict(SHIPPED, RECEIVED, passed=passed) == ("matched", None)


@pytest.mark.parametrize("reference", ["", " reference=S1"])
def test_a_difference_at_the_tolerance_is_none_and_beyond_it_is_one(reference: str) -> None:
    over = 100 + closing_tolerance_mg(100_000_000) / 1e6
    at_edge = f"B R1 receipt 9 b 1 {over:.6f} party=A{reference}"
    beyond = f"B R1 receipt 9 b 1 {over + 0.000001:.6f} party=A{reference}"
    assert verdict(SHIPPED, at_edge) == ("matched", None)
    assert verdict(SHIPPED, beyond) == ("matched", "mass-differs")


def test_a_quoted_shipment_that_came_up_short_is_closed_with_its_cause() -> None:
    assert verdict(SHIPPED, "B R1 receipt 9 b 1 60 party=A reference=S1") == ("matched", "mass-differs")


def test_a_part_delivery_paired_by_lot_is_partial_and_then_an_exception() -> None:
    part = "B R1 receipt 9 b 1 60 party=A"
    assert verdict(SHIPPED, part) == ("partial", None)
    assert verdict(SHIPPED, part, passed=True) == ("exception", "mass-differs")


def test_another_lot_or_another_party_is_the_cause_before_any_mass() -> None:
    assert verdict(SHIPPED, "B R1 receipt 9 b 2 60 party=A reference=S1") == ("matched", "lot-differs")
    assert verdict(SHIPPED, "C R1 receipt 9 c 2 60 party=A reference=S1") == ("matched", "party-differs")
