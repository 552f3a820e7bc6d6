"""What each kind of row moves, and what is left when the movements of an account have run."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk import ledger_lines

from lodeline.ledger.movement import LINE, holdings, lot_facts, movements, with_balances

Account = tuple[str | None, int, str]


def deltas(*rows: str) -> list[tuple[str, str | None, str, float]]:
    """(kind, site, owner, signed kg) of every movement."""
    moving = movements(ledger_lines(*rows))
    cells = moving.select("kind", "site", "owner", pl.col("delta_mg") / 1_000_000).iter_rows()
    return sorted(cells, key=repr)


def books(*rows: str) -> dict[Account, tuple[float, float]]:
    """(site, lot, owner) → (held, unaccounted) in kg after all rows."""
    held = holdings(with_balances(movements(ledger_lines(*rows))))
    return {
        (site, lot, owner): (mass_mg / 1e6, unaccounted_mg / 1e6)
        for site, lot, owner, mass_mg, unaccounted_mg in held.select(
            "site", "lot", "owner", "mass_mg", "unaccounted_mg"
        ).iter_rows()
    }


@pytest.mark.parametrize(
    ("row", "signed_kg"),
    [
        ("E origin 2 a 1 10 origin_kind=mined", 10),
        ("E transformation 2 a 1 10 role=in", -10),
        ("E transformation 2 a 1 10 role=out", 10),
        ("E transformation 2 a 1 10 role=waste", 10),
        ("E shipment 2 a 1 10 party=B", -10),
        ("E receipt 2 a 1 10 party=B", 10),
        ("E export 2 a 1 10", -10),
        ("E loss 2 a 1 10 reason=spilt", -10),
        ("E adjustment 2 a 1 10 reason=found", 10),
        ("E adjustment 2 a 1 -10 reason=missing", -10),
    ],
)
def test_each_kind_moves_with_its_sign(row: str, signed_kg: float) -> None:
    ((_, site, owner, kg),) = deltas("A " + row)
    assert (site, owner, kg) == ("a", "A", signed_kg)


def test_a_count_moves_nothing() -> None:
    assert deltas("A E stock 2 a 1 10") == []


def test_a_shipment_to_ones_own_site_leaves_one_and_enters_the_other() -> None:
    assert deltas("A E shipment 2 a 1 10 to_site=b") == [("move", "a", "A", -10), ("move", "b", "A", 10)]


def test_a_transformation_that_has_no_role_of_the_row_kind_is_not_taken_for_a_maker() -> None:
    # An optional column filled where it does not apply is kept and means nothing.
    ((_, _, _, kg),) = deltas("A E loss 2 a 1 10 origin_kind=mined reason=x")
    assert kg == -10


def test_an_optional_role_on_a_row_that_is_no_transformation_changes_no_sign() -> None:
    assert deltas("A E shipment 2 a 1 10 party=B role=out") == [("shipment", "a", "A", -10)]


def test_mass_belongs_to_the_owner_named_else_to_the_filer() -> None:
    assert books("A E1 receipt 2 a 1 10 party=B owner=B", "A E2 receipt 2 a 1 4 party=B") == {
        ("a", 1, "B"): (10, 0),
        ("a", 1, "A"): (4, 0),
    }


def test_dry_mass_moves_not_net_mass() -> None:
    lines = ledger_lines("A E origin 2 a 1 10").with_columns(dry_mg=pl.lit(7_000_000, pl.Int64()))
    assert movements(lines)["delta_mg"].to_list() == [7_000_000]


def test_a_title_changes_the_owner_where_the_seller_holds_the_lot() -> None:
    assert books("A E1 origin 2 a 1 10", "A E2 title 3 - 1 4 party=B") == {
        ("a", 1, "A"): (6, 0),
        ("a", 1, "B"): (4, 0),
    }


def test_a_title_is_carried_out_where_the_sellers_book_is_largest() -> None:
    held = books("A E1 origin 2 a 1 10", "A E2 shipment 3 a 1 7 to_site=b", "A E3 title 4 - 1 5 party=B")
    assert held == {("a", 1, "A"): (3, 0), ("b", 1, "A"): (2, 0), ("b", 1, "B"): (5, 0)}


@pytest.mark.parametrize("chain", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_chain_of_traders_on_one_day_hands_the_lot_through(chain: tuple[int, ...]) -> None:
    # Organisation and event names sort against the direction of the trade, on purpose.
    titles = ("Z E title 3 - 1 10 party=Y", "Y E title 3 - 1 10 party=X", "X E title 3 - 1 10 party=A")
    assert books("Z M origin 2 z 1 10", *(titles[place] for place in chain)) == {("z", 1, "A"): (10, 0)}


def test_traders_in_a_circle_on_one_day_end() -> None:
    circle = ("A E title 3 - 1 10 party=B", "B E title 3 - 1 10 party=C", "C E title 3 - 1 10 party=A")
    held = books(*circle)
    assert sum(kept for kept, _ in held.values()) == sum(short for _, short in held.values())


def test_what_is_sold_but_not_held_is_charged_to_the_seller_at_no_site() -> None:
    assert books("A E title 3 - 1 10 party=B") == {("", 1, "A"): (0, 10), ("", 1, "B"): (10, 0)}


def test_a_sale_sees_a_purchase_of_its_own_day_but_not_of_a_later_one() -> None:
    same_day = ("B E1 receipt 3 b 1 10 party=A", "B E2 title 3 - 1 10 party=C")
    assert books(*same_day) == {("b", 1, "C"): (10, 0)}
    later = ("B E1 receipt 4 b 1 10 party=A", "B E2 title 3 - 1 10 party=C")
    assert books(*later)["", 1, "B"] == (0, 10)


def test_a_title_sees_the_book_as_it_was_cut_at_zero() -> None:
    site_a = ("A E1 origin 1 a 1 10", "A E2 loss 2 a 1 15", "A E3 receipt 3 a 1 4 party=C")
    held = books(*site_a, "A E4 receipt 3 b 1 2 party=C", "A E5 title 4 - 1 4 party=B")
    assert held == {("a", 1, "A"): (0, 5), ("a", 1, "B"): (4, 0), ("b", 1, "A"): (2, 0)}


def test_increases_of_a_day_come_before_decreases() -> None:
    assert books("A A1 loss 2 a 1 10", "A Z9 origin 2 a 1 10") == {}


def test_what_is_drawn_beyond_what_is_held_is_unaccounted_and_the_book_does_not_fall_below_zero() -> None:
    held = books("A E1 origin 2 a 1 10", "A E2 loss 3 a 1 15", "A E3 receipt 4 a 1 4 party=B", "A E4 loss 5 a 1 1")
    assert held == {("a", 1, "A"): (3, 5)}


def test_an_empty_account_is_no_holding() -> None:
    assert books("A E1 origin 2 a 1 10", "A E2 loss 3 a 1 10") == {}


organisations, events = st.sampled_from("AB"), st.sampled_from(["1", "2", "10"])
movement = st.builds(
    lambda organisation, event, kind, day, site, lot, mass_mg, owner: {
        "organisation": organisation, "event": event, "kind": kind, "on": date(2025, 6, day), "site": site, "lot": lot,
        "dry_mg": mass_mg if kind != "adjustment" else mass_mg - 10, "owner": owner,
    },
    organisations, events, st.sampled_from(["origin", "receipt", "shipment", "loss", "export", "adjustment"]),
    st.integers(1, 6), st.sampled_from("ab"), st.integers(1, 2), st.integers(0, 20), st.sampled_from(["A", "B", None]),
)  # fmt: skip


def plain_loop(rows: list[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """(line, held, unaccounted) after each row: a book of dictionaries, run day by day."""

    def signed(row: dict[str, Any]) -> int:
        return int(row["dry_mg"] if row["kind"] in ("origin", "receipt", "adjustment") else -row["dry_mg"])

    def turn(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["on"], signed(row) < 0, row["organisation"], row["event"], row["ordinal"]

    book: dict[Account, int] = {}
    seen = []
    for row in sorted(rows, key=turn):
        account = row["site"], row["lot"], row["owner"] or row["organisation"]
        left = book.get(account, 0) + signed(row)
        book[account] = max(left, 0)
        seen.append((row["line"], book[account], max(-left, 0)))
    return sorted(seen)


@given(st.lists(movement, max_size=14), st.randoms(use_true_random=False))
def test_balances_are_those_of_a_plain_loop_in_any_order_of_rows(rows: list[dict[str, Any]], chance: Any) -> None:
    for number, row in enumerate(rows):
        row.update(line=number, entry=number, ordinal=number)
    shuffled = chance.sample(rows, len(rows))
    lines = pl.DataFrame([{name: row.get(name) for name in LINE} for row in shuffled], schema=LINE, orient="row")
    found = with_balances(movements(lines)).select("line", "held_mg", "unaccounted_mg")
    assert sorted(found.iter_rows()) == plain_loop(rows)


def facts(*rows: str) -> dict[str, Any]:
    (found,) = lot_facts(ledger_lines(*rows)).to_dicts()
    return found


RECEIVED = "B R receipt 1 b 1 10 party=A product=oxide:Nd composition=Nd=5"
MADE = "A O origin 5 a 1 10 product=concentrate composition=Nd=9 origin_kind=mined"


def test_the_makers_row_decides_what_a_lot_is_however_early_others_spoke() -> None:
    found = facts(RECEIVED, MADE)
    assert found["made"]
    assert (found["product"], found["composition"], found["origin_kind"]) == ("concentrate", "Nd=9", "mined")
    assert found["made_line"] == 2


def test_until_the_maker_files_the_first_statement_by_day_stands_in() -> None:
    later = "C R receipt 2 c 1 10 party=B product=metal:Nd composition=Nd=7"
    found = facts(later, RECEIVED)
    assert not found["made"]
    assert (found["product"], found["composition"], found["origin_kind"]) == ("oxide:Nd", "Nd=5", None)


def test_product_and_composition_stand_in_one_by_one() -> None:
    first = "C R receipt 1 c 1 10 party=A product=salt:Nd"
    found = facts(first, "B R receipt 2 b 1 10 party=A composition=Nd=5")
    assert (found["product"], found["composition"]) == ("salt:Nd", "Nd=5")


def test_a_maker_who_does_not_know_the_composition_is_believed() -> None:
    found = facts(RECEIVED, "A T transformation 5 a 1 10 role=waste product=swarf")
    assert (found["product"], found["composition"]) == ("swarf", None)


def test_an_output_and_a_waste_make_a_lot_and_an_input_does_not() -> None:
    assert facts("A T transformation 5 a 1 10 role=out product=oxide")["made"]
    assert not facts("A T transformation 5 a 1 10 role=in product=oxide")["made"]
