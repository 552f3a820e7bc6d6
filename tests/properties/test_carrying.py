"""What is carried over from one entry to the next, or made part by part, is what would be computed at once."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from lodeline.service.overview.reckoned import prepare_books
from tests.properties.test_ledger_machine import QUIET, LedgerMachine

from lodeline.engine.running import Here
from lodeline.ledger.movement import movements, with_balances
from lodeline.service.lots.lots import catalogue
from lodeline.service.overview import overview
from lodeline.service.overview.flow_cube import flow_cube
from lodeline.service.overview.parting import prepare
from lodeline.splicing import spliced
from lodeline.store.carrying import Touched
from lodeline.store.published import SnapshotAtHand
from lodeline.store.queries.lots import aliases_about
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

FRAMES = (
    "lines", "lots", "transfers", "balanced", "own_facts", "renamed", "lot_facts", "drawn_as", "lot_assays",
    "site_assays", "accountancy_movements", "implied", "counts", "count_scopes",
)  # fmt: skip


def alike(carried: Snapshot, anew: Snapshot) -> None:
    for name in FRAMES:
        assert getattr(carried, name).equals(getattr(anew, name)), name
    assert overview.balances(carried).equals(overview.balances(anew))
    assert flow_cube(carried).equals(flow_cube(anew))
    assert catalogue(carried).equals(catalogue(anew))
    assert carried.stamp == anew.stamp and carried.as_of == anew.as_of


def read_of_the_store(store: Store, snapshot: Snapshot) -> None:
    """What a process without frames reads of a lot or a firm, as of the entry of the snapshot."""
    at_hand = SnapshotAtHand(store, entry=snapshot.entry, root=snapshot.root)
    for number, name in snapshot.lots.select("lot", "name").iter_rows():
        lines = at_hand.lines_of_lot(number)
        assert lines.equals(snapshot.lines_of_lot(number)), name
        moved = snapshot.balanced.filter(pl.col("lot") == number)
        read = with_balances(movements(lines)).select(moved.columns)
        assert sorted(read.rows(), key=str) == sorted(moved.rows(), key=str), name
    named = snapshot.aliases.join(snapshot.lots.select("lot", "name"), on="lot", maintain_order="left")
    labels = pl.concat_str("organisation", pl.lit("/"), "alias")
    for name in {*named["name"], *named.select(labels).to_series()}:
        wanted = named.filter((pl.col("name") == name) | (labels == name)).select("organisation", "alias", "name")
        assert aliases_about(store, name, entry=snapshot.entry).equals(wanted), name
    for firm in snapshot.lines["organisation"].unique():
        assert at_hand.exports_with(firm).equals(snapshot.exports_with(firm)), firm
    assert at_hand._opened is None


class CarryingMachine(LedgerMachine):
    """The random histories of the ledger machine; now and then a snapshot is caught up and compared."""

    carried: Snapshot | None = None

    @rule()
    def catch_up(self) -> None:
        before, self.carried = self.carried, open_snapshot(self.desk.store, self.carried)
        for one in (before, self.carried):
            if one is not None:
                read_of_the_store(self.desk.store, one)
        alike(self.carried, open_snapshot(self.desk.store))

    def the_state_is_the_models(self) -> None:
        """Told by the ledger machine."""

    def the_log_holds_and_a_rebuild_changes_nothing(self) -> None:
        """Told by the ledger machine."""

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.catch_up()
            self.have_it_made_by_parts()
            self.desk.store.database.close()
        self.room.cleanup()

    def have_it_made_by_parts(self) -> None:
        """Not each time."""


class PartedMachine(CarryingMachine):
    """The same, with what an engine makes compared at the end."""

    def have_it_made_by_parts(self) -> None:
        assert self.carried is not None
        parted = open_snapshot(self.desk.store)
        prepare(parted, Here(processors=2))
        prepare_books(parted, Here(processors=2))
        alike(parted, self.carried)


def _run(examples: int, steps: int, machine: type[CarryingMachine] = CarryingMachine) -> None:
    told = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=QUIET)
    run_state_machine_as_test(machine, settings=told)


@pytest.mark.medium
def test_a_carried_snapshot_is_the_one_made_anew() -> None:
    _run(100, 6)


@pytest.mark.medium
def test_a_snapshot_made_part_by_part_is_the_one_made_at_once() -> None:
    _run(10, 10, PartedMachine)


@pytest.mark.slow
def test_a_carried_snapshot_is_the_one_made_anew_for_long() -> None:
    _run(3_000, 30, PartedMachine)


ROWS = st.lists(st.tuples(st.one_of(st.none(), st.sampled_from("abc稀")), st.integers(0, 9)), unique=True, max_size=30)


@given(held=ROWS, came=ROWS, gone=st.sets(st.integers(0, 29)))
@settings(max_examples=200, deadline=None)
def test_spliced_rows_stand_where_sorting_would_put_them(
    held: list[tuple[str | None, int]], came: list[tuple[str | None, int]], gone: set[int]
) -> None:
    order = (pl.col("a"), pl.col("b") > 4, pl.col("b"))
    left = [row for place, row in enumerate(held) if place not in gone]
    before, new = (
        pl.DataFrame(rows, schema={"a": pl.String(), "b": pl.Int64()}, orient="row").sort(order)
        for rows in (held, [row for row in came if row not in left])
    )
    kept = pl.DataFrame(left, schema=before.schema, orient="row")
    mask = ~pl.Series([row in left for row in before.iter_rows()], dtype=pl.Boolean)
    assert spliced(before, mask, new, order).equals(pl.concat([kept, new]).sort(order))


def test_a_frame_that_is_spliced_again_and_again_stays_in_few_pieces() -> None:
    chance = random.Random(4)
    order = (pl.col("site"), pl.col("on"), pl.col("row"))

    def rows(count: int, first: int) -> pl.DataFrame:
        said = [(chance.choice(["稀土", "b", None]), chance.randrange(99), first + one) for one in range(count)]
        frame = pl.DataFrame(said, schema={"site": pl.String(), "on": pl.Int64(), "row": pl.Int64()}, orient="row")
        return frame.sort(order).with_columns(pl.col("site").cast(pl.Categorical))

    frame = expected = rows(2_000, 0)
    for step in range(60):
        gone = frame.select(pl.col("on") == chance.randrange(99)).to_series()
        came = rows(chance.randrange(40), 2_000 + 40 * step)
        expected = pl.concat([frame.filter(~gone), came]).sort(pl.col("site").cast(pl.String), "on", "row")
        frame = spliced(frame, gone, came, order)
        assert frame.equals(expected) and frame.n_chunks() < 100


def test_what_was_touched_adds_up() -> None:
    one, other = Touched(lots=frozenset({1}), sites=frozenset({"a"})), Touched(lots=frozenset({2}))
    assert one | other == Touched(lots=frozenset({1, 2}), sites=frozenset({"a"}))
