"""What is carried over from one entry to the next, or made part by part, is what would be computed at once."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from tests.properties.test_ledger_machine import QUIET, LedgerMachine

from lodeline.engine.running import Here
from lodeline.service.lots.lots import catalogue
from lodeline.service.overview import overview
from lodeline.service.overview.flow_cube import flow_cube
from lodeline.service.overview.parting import prepare
from lodeline.store.carrying import Touched
from lodeline.store.snapshot import Snapshot, open_snapshot
from lodeline.store.splicing import spliced

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


class CarryingMachine(LedgerMachine):
    """The random histories of the ledger machine; now and then a snapshot is caught up and compared."""

    carried: Snapshot | None = None

    @rule()
    def catch_up(self) -> None:
        self.carried = open_snapshot(self.desk.store, self.carried)
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
        overview.prepare_balances(parted, Here(processors=2))
        alike(parted, self.carried)


def _run(examples: int, steps: int, machine: type[CarryingMachine] = CarryingMachine) -> None:
    told = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=QUIET)
    run_state_machine_as_test(machine, settings=told)


@pytest.mark.medium
def test_a_carried_snapshot_is_the_one_made_anew() -> None:
    _run(100, 10)


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


def test_what_was_touched_adds_up() -> None:
    one, other = Touched(lots=frozenset({1}), sites=frozenset({"a"})), Touched(lots=frozenset({2}))
    assert one | other == Touched(lots=frozenset({1, 2}), sites=frozenset({"a"}))
