"""A bare id whose receipt was never filed means the one lot of that id that was shipped to the firm."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from tests.desk import Desk, assert_sound, codes

from lodeline.detection.imbalance import TESTED
from lodeline.ledger.problem import Problem
from lodeline.material.element import SYMBOLS
from lodeline.service.lots.aliases import give_alias
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

CONCENTRATE = "product=concentrate composition=Nd=12;Pr=4;TREO=60 origin_kind=mined origin_place=P"
MINED = (f"O origin 2 mine 7 1000 {CONCENTRATE}", "S shipment 3 mine 7 500 counterparty=MAG")
LOST = "L loss 9 mag 7 100 reason=arrival-not-filed"


def objected(desk: Desk, *rows: str, who: str = "MAG", month: str = "2025-06") -> list[Problem]:
    """What is objected to rows that are accepted."""
    outcome = desk.try_rows(who, month, *rows)
    assert outcome.entry is not None, codes(outcome)
    return list(outcome.problems)


def lots_of(desk: Desk, who: str) -> set[str]:
    rows = desk.store.database.rows(
        "SELECT DISTINCT lot.name FROM line JOIN lot ON lot.id = line.lot_id WHERE organisation = %s", (who,)
    )
    return {str(name) for (name,) in rows}


def test_it_is_the_shipped_lot_and_who_files_is_told(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", *MINED)
    found = {one.code: one for one in objected(desk, LOST)}
    assert found.keys() == {"lot.without-receipt", "lot.unknown"}
    told = found["lot.without-receipt"]
    assert (told.severity, told.facts) == ("flag", {"lot": "7", "meant": "MINE/7", "shipment": "S"})
    assert lots_of(desk, "MAG") == {"MINE/7"}


def balanced(desk: Desk) -> tuple[list[tuple[str, int, int]], list[int]]:
    """What a balance takes as received (site, lot, mass), and the neodymium of each lot that MAG draws on."""
    snapshot = open_snapshot(desk.store)
    lots = snapshot.lines.filter(pl.col("organisation") == "MAG")["lot"].unique()
    neodymium = snapshot.lot_assays.filter(
        pl.col("lot").is_in(lots.implode()), pl.col("element") == SYMBOLS.index("Nd")
    )
    return snapshot.accounts(TESTED).implied.select("site", "lot", "delta_mg").rows(), neodymium["ppb"].to_list()


@pytest.mark.parametrize("shipped_first", [True, False])
@pytest.mark.parametrize("trader", [False, True])
def test_whoever_files_first_what_was_sent_explains_what_was_drawn(
    desk: Desk, shipped_first: bool, trader: bool
) -> None:
    sent = [("MINE", MINED)]
    if trader:
        sent = [
            ("MINE", (MINED[0], "S shipment 3 mine 7 500 counterparty=TRADE")),
            ("TRADE", ("R receipt 4 trade 7 500 counterparty=MINE", "S shipment 5 trade 7 500 counterparty=MAG")),
        ]
    lost = ("MAG", (LOST, "L2 loss 10 mag 7 450 reason=arrival-not-filed"))
    for who, rows in [*sent, lost] if shipped_first else [lost, *sent]:
        desk.rows(who, "2025-06", *rows)
    # No more is taken as received than was sent, and it holds what was sent.
    mined = desk.store.books.lot_ids(["MINE/7"])["MINE/7"]
    assert balanced(desk) == ([("mag", mined, 500_000_000)], [120_000_000])


def test_what_is_no_name_of_the_shipped_lot_is_explained_by_nothing(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", *MINED)
    desk.rows("MAG", "2025-06", f"O origin 2 mag 7 9 {CONCENTRATE}", LOST, "L2 loss 9 mag SEP/7 1 reason=x")
    assert open_snapshot(desk.store).accounts(TESTED).implied.is_empty()


def test_it_is_refused_without_a_reason_and_the_missing_receipt_is_named(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", *MINED)
    outcome = desk.try_rows("MAG", "2025-06", "E export 9 mag 7 100 product=concentrate")
    assert outcome.entry is None
    assert {"lot.without-receipt", "lot.unknown"} <= set(codes(outcome))


def test_a_receipt_that_is_found_later_settles_it(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", *MINED)
    objected(desk, LOST)
    desk.rows("MAG", "2025-06", "R receipt 5 mag 7 500 counterparty=MINE")
    assert desk.held_kg()["MINE/7", "mag", "MAG"] == (400.0, 0.0)
    assert [one.code for one in objected(desk, "L2 loss 10 mag 7 100 reason=spill")] == []


def test_two_lots_of_that_id_on_their_way_are_ambiguous_until_the_maker_is_named(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", *MINED)
    desk.rows("SEP", "2025-06", f"O origin 2 sep 7 9 {CONCENTRATE}", "S shipment 3 sep 7 9 counterparty=MAG")
    outcome = desk.try_rows("MAG", "2025-06", LOST)
    assert outcome.entry is None
    (told,) = (one for one in outcome.problems if one.code == "lot.ambiguous")
    assert told.facts["candidates"] == "MINE/7, SEP/7"
    assert "lot.without-receipt" not in [one.code for one in objected(desk, LOST.replace(" 7 ", " MINE/7 "))]


def test_a_shipment_to_another_or_one_that_was_withdrawn_says_nothing(desk: Desk) -> None:
    entry = desk.rows("MINE", "2025-06", *MINED)
    assert [one.code for one in objected(desk, "L loss 9 trade 7 1 reason=x", who="TRADE")] == ["lot.unknown"]
    desk.rows("MINE", "2025-06", "S void", corrects=entry)
    assert [one.code for one in objected(desk, LOST)] == ["lot.unknown"]
    assert lots_of(desk, "MAG") == {"MAG/7"}


def test_goods_passed_on_go_by_the_label_and_an_alias_by_nothing_else(desk: Desk) -> None:
    desk.rows("MINE", "2025-06", MINED[0], "S shipment 3 mine 7 500 counterparty=TRADE")
    desk.rows(
        "TRADE", "2025-06", "R receipt 4 trade 7 500 counterparty=MINE", "S shipment 5 trade 7 9 counterparty=MAG"
    )
    (told,) = (one for one in objected(desk, LOST) if one.code == "lot.without-receipt")
    assert told.facts["meant"] == "TRADE/7"
    desk.rows("TRADE", "2025-06", "S2 shipment 5 trade 7 9 counterparty=SEP")
    lot = desk.store.books.lot_ids(["MINE/7"])["MINE/7"]
    give_alias(desk.store, "TRADE", lot=lot, alias="T-1", filed_at=datetime(2025, 8, 1, tzinfo=UTC))
    (told,) = (
        one for one in objected(desk, "L loss 9 sep T-1 1 reason=x", who="SEP") if one.code == "lot.without-receipt"
    )
    assert told.facts["meant"] == "TRADE/T-1"
    # The lot's own id is not the buyer's to learn, and trying it tells nothing.
    assert [one.code for one in objected(desk, "L2 loss 9 sep 7 1 reason=x", who="SEP")] == ["lot.unknown"]


def test_corrections_resolve_as_originals_do(desk: Desk) -> None:
    entry = desk.rows("MAG", "2025-06", LOST)
    assert lots_of(desk, "MAG") == {"MAG/7"}
    desk.rows("MINE", "2025-06", *MINED)
    outcome = desk.try_rows("MAG", "2025-06", LOST, "L2 loss 9 mag 7 1 reason=x", corrects=entry)
    assert "lot.without-receipt" in codes(outcome)
    assert desk.held_kg()["MINE/7", "mag", "MAG"] == (0.0, 101.0)
    assert_sound(desk.store)


@pytest.mark.parametrize("receipt_lost", [False, True])
@pytest.mark.parametrize(("made_of", "meant"), [("metal:Nd", "TRADE/7"), ("concentrate", "MINE/7")])
def test_goods_of_an_unfiled_month_are_not_what_came_as_another_product_under_their_number(
    desk: Desk, made_of: str, meant: str, receipt_lost: bool
) -> None:
    desk.rows("MINE", "2025-06", MINED[0], "S shipment 3 mine 7 500 counterparty=TRADE product=concentrate")
    received = [] if receipt_lost else ["R receipt 4 trade 7 500 counterparty=MINE product=concentrate"]
    sent = f"S shipment 5 trade 7 400 counterparty=MAG product={made_of} reason=month-not-filed"
    desk.rows("TRADE", "2025-06", *received, sent)
    desk.rows("MAG", "2025-06", f"R receipt 6 mag 7 400 counterparty=TRADE product={made_of} composition=Nd=99")
    assert lots_of(desk, "TRADE") == {meant} | (set() if receipt_lost else {"MINE/7"})
    # Nor are the two one lot in anybody's balance.
    assert meant == "MINE/7" or open_snapshot(desk.store).drawn_as.is_empty()
