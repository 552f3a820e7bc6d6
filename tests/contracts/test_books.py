"""What a filing is judged by: the same as one would find in all rows, and found without reading all of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from tests.desk import HOLDING
from tests.stores import bare_store

from lodeline.ledger.movement import LINE
from lodeline.ledger.register import TABLES, Register
from lodeline.store import books
from lodeline.store.books import Books
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

FIRMS = ("A", "B", "C", "D")
#: Texts that mean a party: names that were decided, and one that nobody has decided.
NAMED = {"Beta": "B", "Beta Ltd": "B", "Gamma": "C"}
TEXTS = (*FIRMS, *NAMED, "Nobody")
#: Every firm numbers its lots alike.
LOCALS = tuple(str(number) for number in range(6))
LOTS = [(number, maker, local) for number, (maker, local) in enumerate(itertools.product(FIRMS, LOCALS), start=1)]
REGISTER = Register(
    tables={name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    | {
        "party_names": pl.DataFrame(
            [{"name": name, "party": party} for name, party in NAMED.items()], schema=TABLES["party_names"]
        )
    }
)

Row = dict[str, Any]


def meant(text: str | None) -> str | None:
    return NAMED.get(text or "", text)


def put(store: Store, rows: list[Row], entries: list[Row] | None = None) -> None:
    """Appends rows as they are, without judging them."""
    whole = {"entry": 1, "ordinal": 0, "leaf": b"leaf"}
    frame = pl.DataFrame([whole | row for row in rows], infer_schema_length=None)
    with store.database.transaction():
        store.append_rows("line", frame.with_columns(pl.col("mass_mg").cast(pl.Int64)))
        if entries:
            store.append_rows("entry", pl.DataFrame(entries))


def put_lots(store: Store, lots: list[tuple[int, str, str]]) -> None:
    with store.database.transaction():
        store.append_rows(
            "lot",
            pl.DataFrame(
                [{"id": number, "name": f"{maker}/{local}", "maker": maker, "local": local}
                 for number, maker, local in lots]
            ),
        )  # fmt: skip


def drawn_rows(chance: random.Random, count: int) -> list[Row]:
    """Rows of every kind that names a lot, of all firms about all others, under whatever text."""
    return [
        {
            "id": number, "organisation": chance.choice(FIRMS), "event": f"E{number}", "lot_id": chance.choice(LOTS)[0],
            "kind": chance.choice(("shipment", "receipt", "receipt", "title", "origin", "stock")),
            "party": chance.choice((*TEXTS, None)), "mass_mg": 1, "product": chance.choice(("oxide", "metal")),
        }
        for number in range(1, count + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_what_came_to_a_firm_is_what_all_rows_say(empty: Store, seed: int) -> None:
    chance = random.Random(seed)
    rows = drawn_rows(chance, 80)
    put_lots(empty, LOTS)
    put(empty, rows)
    held = {(chance.choice(LOTS)[0], firm): chance.randint(1, 9) for firm in FIRMS for _ in range(9)}
    with empty.database.transaction():
        empty.append_rows(
            "holding",
            pl.DataFrame(
                [{"lot": lot, "site": "s", "owner": owner, "mass_mg": mass, "unaccounted_mg": 0}
                 for (lot, owner), mass in held.items()],
                schema={"lot": pl.Int64(), **HOLDING},
            ),
        )  # fmt: skip
    named = {number: (local, f"{maker}/{local}") for number, maker, local in LOTS}
    kept = Books(empty.database, lambda: REGISTER)
    for firm, wanted in itertools.product(FIRMS, (["1", "3", "none"], list(LOCALS), [])):
        found = kept.known(firm, wanted)
        expected = {
            (*named[row["lot_id"]], meant(row["party"] if row["kind"] == "receipt" else row["organisation"]),
             held.get((row["lot_id"], firm), 0), row["product"])
            for row in rows
            if named[row["lot_id"]][0] in wanted and named[row["lot_id"]][0] not in found.made
            and ((row["organisation"] == firm and row["kind"] == "receipt")
                 or (meant(row["party"]) == firm and row["kind"] == "title"))
        }  # fmt: skip
        assert set(found.received.iter_rows()) == expected, (firm, wanted)
        assert found.received.columns == ["local", "name", "party", "held_mg", "product"]


@pytest.mark.parametrize("seed", range(4))
def test_lots_that_two_firms_call_alike_are_tied_whoever_made_them(empty: Store, seed: int) -> None:
    rows = drawn_rows(random.Random(seed), 200)
    put_lots(empty, LOTS)
    put(empty, rows)
    of_lot = {number: (maker, local) for number, maker, local in LOTS}
    kept = Books(empty.database, lambda: REGISTER)
    other_side = {"shipment": "receipt", "receipt": "shipment"}
    found_any = False
    for row in rows:
        maker, local = of_lot[row["lot_id"]]
        typed = {**row, "lot": row["lot_id"], "maker": maker, "local": local, "party": meant(row["party"])}
        line = pl.DataFrame([{name: typed.get(name) for name in LINE}], schema=LINE)
        expected = {
            other["lot_id"] for other in rows
            if row["party"] is not None and other_side.get(row["kind"]) == other["kind"]
            and other["organisation"] == typed["party"] and meant(other["party"]) == row["organisation"]
            and of_lot[other["lot_id"]][1] == local
        } - {row["lot_id"]}  # fmt: skip
        assert kept.lots_tied([line]) == expected, row
        found_any |= bool(expected)
    assert found_any


@pytest.fixture
def bare(sqlite_url: str) -> Iterator[Store]:
    store = bare_store(sqlite_url)
    yield store
    store.database.close()


@pytest.fixture
def steps(bare: Store) -> Iterator[Callable[[Callable[[], object]], int]]:
    """How many steps of its machine SQLite takes for what is asked."""
    bare.database.connection.ensure_connection()
    connection: Any = bare.database.connection.connection
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def of(ask: Callable[[], object]) -> int:
        nonlocal taken
        taken = 0
        connection.set_progress_handler(count, 1)
        ask()
        connection.set_progress_handler(None, 1)
        return taken

    yield of


def test_what_a_firm_filed_before_costs_nothing_when_it_files_again(
    bare: Store, steps: Callable[[Callable[[], object]], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "NEWEST_ROWS", (20, 20))
    kept = Books(bare.database, lambda: REGISTER)
    mine = {
        "line": 0, "organisation": "A", "event": "new", "kind": "shipment", "party": "B", "lot": 1, "maker": "A",
        "local": "1",
    }  # fmt: skip
    line = pl.DataFrame([{name: mine.get(name) for name in LINE}], schema=LINE)
    asked: dict[str, Callable[[], object]] = {
        "known": lambda: kept.known("A", ["1", "none"]),
        "tied": lambda: kept.lots_tied([line]),
        "smallest": lambda: kept.smallest_masses("A", judged=1),
        "earlier": lambda: kept.earlier_masses("A", judged=1),
    }

    def history(first: int, months: int) -> None:
        """Months of ten rows each between two firms: what either received, shipped and gave title to, lot by lot."""
        numbers = range(first, first + 10 * months)
        put_lots(bare, [(number, "A", f"L{number}") for number in numbers])
        turns = itertools.cycle((("A", "B", "receipt"), ("B", "A", "shipment"), ("A", "B", "shipment"),
                                 ("B", "A", "receipt"), ("B", "A", "stock")))  # fmt: skip
        rows: list[Row] = [
            {"id": number, "organisation": filer, "event": f"E{number}", "lot_id": number, "kind": kind, "party": party,
             "mass_mg": 5, "product": "oxide", "entry": number // 10}
            for number, (filer, party, kind) in zip(numbers, turns, strict=False)
        ]  # fmt: skip
        entries = [
            {"index": start // 10, "kind": "filing", "organisation": "A", "period": "2025-01", "digest": "",
             "row_count": 10, "first_line": start, "envelope": "", "leaf_hash": "", "root": "", "flags": "[]"}
            for start in numbers[::10]
        ]  # fmt: skip
        put(bare, rows, entries)

    put_lots(bare, [(1, "A", "1"), (2, "B", "1"), (3, "C", "1")])
    history(10, 10)
    before = {name: steps(ask) for name, ask in asked.items()}
    history(110, 300)
    after = {name: steps(ask) for name, ask in asked.items()}
    assert min(before.values()) > 10
    assert all(after[name] <= 1.2 * before[name] for name in asked), (before, after)
