"""The order between parties does not matter: the same filings give the same world, whoever came first."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.conftest import register_industry
from tests.desk import LAW, Desk, amounts, assert_sound, codes
from tests.stores import copy_postgresql

from lodeline.service.balance.balances import balance
from lodeline.service.entries.receipts import receipt
from lodeline.service.filing.transfers import transfers
from lodeline.service.licences.quotas import quota
from lodeline.service.lots.flow import origins, trace
from lodeline.store.opening import create, open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

Filing = tuple[str, str, tuple[str, ...], int | None]

CONCENTRATE = "product=concentrate composition=Nd=12;Pr=4;TREO=60 origin_kind=mined origin_place=P"
OXIDE = "product=oxide:PrNd composition=Nd=60;Pr=20"

#: (organisation, month, rows, which of its own filings it corrects); each organisation's are in its own order.
WORLD: tuple[Filing, ...] = (
    ("MINE", "2025-06", (
        f"O1 origin 2 mine 7 1000 {CONCENTRATE}", "S1 shipment 5 mine 7 400 counterparty=SEP",
        "S2 shipment 6 mine 7 100 counterparty=TRADE", "M1 shipment 7 mine 7 50 to_site=pit",
    ), None),
    ("MINE", "2025-07", (f"O2 origin 2 pit 8 70 {CONCENTRATE}", "L1 loss 3 pit 7 5 reason=rain"), None),
    ("MINE", "2025-06", (f"O1 origin 2 mine 7 900 {CONCENTRATE.replace('TREO=60', 'TREO=55')}", "S2 void"), 0),
    ("SEP", "2025-06", (
        "R1 receipt 9 sep 7 399 counterparty=MINE reference=S1", "T1 transformation 12 sep 7 300 role=in",
        f"T1 transformation 12 sep X 50 role=out {OXIDE}",
        "T1 transformation 12 sep W 20 role=waste product=residue composition_status=unknown",
        "S1 shipment 20 sep X 40 counterparty=TRADE",
    ), None),
    ("SEP", "2025-07", ("R2 receipt 2 sep 7 90 counterparty=TRADE", "C1 stock 31 sep MINE/7 180"), None),
    ("TRADE", "2025-06", (
        "R1 receipt 8 trade 7 95 counterparty=MINE", "R2 receipt 22 trade X 40 counterparty=SEP",
        "S1 shipment 25 trade X 30 counterparty=MAG", "S2 shipment 28 trade 7 95 counterparty=SEP",
    ), None),
    ("TRADE", "2025-07", ("S3 shipment 2 trade X 9 counterparty=ABROAD",), None),
    ("MAG", "2025-06", (
        "R1 receipt 27 mag X 30 counterparty=TRADE", "T1 transformation 28 mag X 30 role=in",
        "T1 transformation 28 mag M 24 role=out product=metal:PrNd composition=Nd=72;Pr=24",
    ), None),
    ("MAG", "2025-07", (
        "E1 export 5 mag M 20 counterparty=ABROAD product=metal:PrNd", "L1 loss 6 mag X 1 reason=found-none",
    ), None),
)  # fmt: skip


def interleaved(chance: random.Random) -> list[Filing]:
    """The world's filings in some order that keeps each organisation's own."""
    waiting = {firm: [filing for filing in WORLD if filing[0] == firm] for firm in sorted({row[0] for row in WORLD})}
    turns = [firm for firm, filings in waiting.items() for _ in filings]
    chance.shuffle(turns)
    return [waiting[firm].pop(0) for firm in turns]


def file_all(desk: Desk, filings: Sequence[Filing]) -> None:
    entries: dict[str, list[int]] = {}
    for who, period, rows, corrects in filings:
        own = entries.setdefault(who, [])
        own.append(desk.rows(who, period, *rows, corrects=None if corrects is None else own[corrects]))


def answers(store: Store) -> dict[str, Any]:
    """Everything that can be asked, in full."""
    snapshot = open_snapshot(store)
    lots = sorted(snapshot.lots["name"])
    return {
        "trace": {lot: trace(snapshot, lot) for lot in lots},
        "forward": {lot: trace(snapshot, lot, forward=True) for lot in lots},
        "origins": {lot: origins(snapshot, lot) for lot in lots},
        "transfers": transfers(snapshot, LAW),
        "quota": quota(store, snapshot),
        "balance": balance(store, snapshot, LAW),
    }


def without_stamps(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {key: without_stamps(value) for key, value in answer.items() if key != "stamp"}
    return [without_stamps(value) for value in answer] if isinstance(answer, list) else answer


@pytest.fixture(scope="module")
def expected(made_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The amounts and answers of the world as it is written above."""
    path = tmp_path_factory.mktemp("order") / "store.sqlite3"
    shutil.copy(made_sqlite, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LODELINE_SNAPSHOTS", str(path.parent / "snapshots"))
        desk = Desk(open_store(str(path)))
        file_all(desk, WORLD)
        assert_sound(desk.store)
        found = amounts(desk.store), without_stamps(answers(desk.store))
        desk.store.database.close()
    return found


def test_the_world_is_worth_asking_about(expected: tuple[Any, Any]) -> None:
    state, found = expected
    assert len(state["holding"]) >= 8
    assert len(state["transfer"]) >= 5
    assert {row.kind for row in found["quota"]} == {"mining", "separation"}
    assert {row["state"] for row in found["transfers"]["rows"]} >= {"matched", "delivered-unfiled"}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_between_parties_gives_the_same_world(desk: Desk, expected: tuple[Any, Any], seed: int) -> None:
    file_all(desk, interleaved(random.Random(seed)))
    assert amounts(desk.store) == expected[0]
    found = without_stamps(answers(desk.store))
    for question, answer in expected[1].items():
        assert found[question] == answer, question


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_forty_more_orders_between_parties_give_the_same_world(
    desk: Desk, expected: tuple[Any, Any], seed: int
) -> None:
    file_all(desk, interleaved(random.Random(seed)))
    assert (amounts(desk.store), without_stamps(answers(desk.store))) == expected


def test_both_databases_give_the_same_log_and_the_same_answers_to_the_letter(
    made_sqlite: Path, made_postgresql: tuple[Any, str], tmp_path: Path
) -> None:
    path = tmp_path / "store.sqlite3"
    shutil.copy(made_sqlite, path)
    seen = []
    for url in (str(path), copy_postgresql(made_postgresql)):
        desk = Desk(open_store(url))
        file_all(desk, WORLD)
        head = desk.store.head()
        entries = [(entry.envelope, entry.root, entry.flags) for entry in desk.store.entries()]
        receipts = [receipt(desk.store, index) for index in range(head.size)]
        seen.append((head, entries, receipts, amounts(desk.store), answers(desk.store)))
        desk.store.database.close()
    assert seen[0] == seen[1]


def test_the_same_filings_under_another_secret_give_another_log(tmp_path: Path) -> None:
    roots: list[bytes] = []
    for secret in ("the one secret of it", "the one secret of it", "the other secret of it"):
        store, _ = create(str(tmp_path / f"{len(roots)}.sqlite3"), secret=secret)
        desk = Desk(store)
        register_industry(desk)
        desk.rows(*WORLD[0][:2], *WORLD[0][2])
        roots.append(store.head().frontier.root())
        store.database.close()
    assert roots[0] == roots[1] != roots[2]


def test_a_lot_is_held_until_its_maker_files_and_then_is_what_the_maker_says(desk: Desk) -> None:
    told = desk.try_rows("SEP", "2025-06", "R receipt 9 sep 7 10 counterparty=MINE product=oxide composition=Nd=1")
    assert codes(told) == ["lot.awaiting-maker"]
    assert desk.held_kg() == {("MINE/7", "sep", "SEP"): (10, 0)}
    assert product_of(desk, "MINE/7") == "oxide"
    desk.rows("MINE", "2025-06", f"O origin 2 mine 7 10 {CONCENTRATE}", "S shipment 3 mine 7 10 counterparty=SEP")
    assert product_of(desk, "MINE/7") == "concentrate"
    assert codes(desk.try_rows("SEP", "2025-07", "R2 receipt 9 sep 7 1 counterparty=MINE")) == []


def product_of(desk: Desk, lot: str) -> str:
    (node,) = [node for node in trace(open_snapshot(desk.store), lot)["nodes"] if node["lot"] == lot]
    return str(node["product"])


def test_a_receipt_keeps_the_flags_as_filed_when_their_reason_is_gone(desk: Desk) -> None:
    told = desk.try_rows("SEP", "2025-06", "R receipt 9 sep 7 10 counterparty=MINE")
    assert told.entry is not None
    before = receipt(desk.store, told.entry.index)
    desk.rows("MINE", "2025-06", f"O origin 2 mine 7 10 {CONCENTRATE}", "S shipment 3 mine 7 10 counterparty=SEP")
    after = receipt(desk.store, told.entry.index)
    assert before is not None and after is not None
    assert after["flags"] == before["flags"]
    assert [flag["code"] for flag in after["flags"]] == ["lot.awaiting-maker"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("trader_first", [True, False])
def test_a_traders_label_means_the_same_whoever_files_first(desk: Desk, trader_first: bool) -> None:
    desk.rows("MINE", "2025-06", f"O origin 2 mine 7 10 {CONCENTRATE}", "S shipment 3 mine 7 10 counterparty=TRADE")
    trader = ("TRADE", "2025-06", "R receipt 4 trade 7 10 counterparty=MINE", "S shipment 5 trade 7 8 counterparty=MAG")
    customer = ("MAG", "2025-06", "R receipt 6 mag 7 8 counterparty=TRADE")
    for who, period, *rows in (trader, customer) if trader_first else (customer, trader):
        desk.rows(who, period, *rows)
    ((lot, received_mg),) = desk.store.database.rows(
        "SELECT lot.name, received_mg FROM transfer JOIN lot ON lot.id = lot"
        " WHERE shipper = 'TRADE' AND shipment_event = 'S' AND receipt_event = 'R'"
    )
    assert (lot, received_mg) == ("MINE/7", 8_000_000)
    # What was received can be used by its label in the next month.
    told = desk.try_rows("MAG", "2025-07", "L loss 2 mag 7 3 reason=spilt")
    assert codes(told) == []
    assert sum(held for (_, site, _), (held, _) in desk.held_kg().items() if site == "mag") == 5


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_chain_of_titles_means_the_same_whoever_files_first(desk: Desk, order: tuple[int, ...]) -> None:
    chain = (
        ("MINE", f"O origin 2 mine 7 10 {CONCENTRATE}", "T title 3 - 7 10 counterparty=TRADE"),
        # A title has no receipt: whoever sells before its seller has filed must name the maker.
        ("TRADE", "T title 3 - MINE/7 10 counterparty=SEP reason=back-to-back"),
        ("SEP", "T title 3 - MINE/7 10 counterparty=MAG reason=back-to-back"),
    )
    for place in order:
        who, *rows = chain[place]
        desk.rows(who, "2025-06", *rows)
    assert desk.held_kg() == {("MINE/7", "mine", "MAG"): (10, 0)}


def test_what_was_unaccounted_is_recomputed_when_something_earlier_arrives(desk: Desk) -> None:
    desk.rows("SEP", "2025-07", "L loss 5 sep MINE/7 4 reason=found-none")
    assert desk.held_kg() == {("MINE/7", "sep", "SEP"): (0, 4)}
    desk.rows("SEP", "2025-06", "R receipt 9 sep 7 3 counterparty=MINE")
    assert desk.held_kg() == {("MINE/7", "sep", "SEP"): (0, 1)}
    desk.rows("SEP", "2025-08", "R2 receipt 9 sep MINE/7 3 counterparty=MINE")
    # What comes later pays for nothing.
    assert desk.held_kg() == {("MINE/7", "sep", "SEP"): (3, 1)}
