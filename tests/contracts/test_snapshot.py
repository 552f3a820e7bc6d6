"""Snapshots follow the log: caught up or made from nothing they are the same, and never those of another log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.contracts.conftest import Backup
from tests.desk import Desk, organisation

from lodeline.filing.schema import CELLS
from lodeline.ledger.movement import LINE, TRADE
from lodeline.service.lots.flow import trace
from lodeline.store import column_files
from lodeline.store.column_files import SEGMENTS_MAX, directory_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import StoreError

pytestmark = pytest.mark.medium

SHARE = "product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"


def origin(number: int, kg: int = 10) -> str:
    return f"O{number} origin 2 mine {number} {kg} {SHARE}"


def made_from_nothing(own: Desk, elsewhere: Path) -> Snapshot:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LODELINE_SNAPSHOTS", str(elsewhere))
        return open_snapshot(own.store)


def assert_same(left: Snapshot, right: Snapshot) -> None:
    assert (left.stamp, left.as_of) == (right.stamp, right.as_of)
    assert_frame_equal(left.lines, right.lines)
    assert_frame_equal(left.lots, right.lots)
    assert_frame_equal(left.trade, right.trade)
    for name, table in left.register.tables.items():
        assert_frame_equal(table, right.register.tables[name])


def test_catching_up_equals_making_it_from_nothing(own: Desk, tmp_path: Path) -> None:
    first = own.rows("MINE", "2025-06", origin(1), "S shipment 3 mine 1 4 counterparty=SEP")
    steps: list[Callable[[], object]] = [
        lambda: own.rows("SEP", "2025-06", "R receipt 4 sep 1 4 counterparty=MINE"),
        lambda: own.register(organisations=[organisation("NEW")]),
        lambda: own.rows("MINE", "2025-06", origin(1, 12), corrects=first),
        lambda: own.rows("MINE", "2025-07"),
        lambda: own.rows("MINE", "2025-06", "S void", corrects=first),
    ]
    for number, step in enumerate(steps):
        open_snapshot(own.store)
        step()
        assert_same(open_snapshot(own.store), made_from_nothing(own, tmp_path / str(number)))


def test_files_of_an_older_version_are_written_anew_and_those_of_a_newer_one_are_left(
    own: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.rows("MINE", "2025-06", origin(1))
    open_snapshot(own.store)
    manifest = directory_of(own.store.database) / "manifest.json"
    written = manifest.read_bytes()
    monkeypatch.setattr(column_files, "FORMAT", column_files.FORMAT - 1)
    with pytest.raises(StoreError, match="newer version"):
        open_snapshot(own.store)
    assert manifest.read_bytes() == written
    manifest.write_text('{"format": 3, "segments": []}', "utf-8")
    assert_same(open_snapshot(own.store), made_from_nothing(own, tmp_path / "anew"))


def test_segments_are_merged_and_nothing_is_lost(own: Desk, tmp_path: Path) -> None:
    for number in range(SEGMENTS_MAX + 3):
        own.rows("MINE", "2025-06", origin(number))
        open_snapshot(own.store)
    files = list(directory_of(own.store.database).glob("lines-*"))
    assert len(files) < SEGMENTS_MAX
    assert_same(open_snapshot(own.store), made_from_nothing(own, tmp_path / "new"))


def test_an_answer_carries_the_last_entry_and_its_root(own: Desk) -> None:
    for number in range(2):
        index = own.rows("MINE", "2025-06", origin(number))
        entry = own.store.entry(index)
        assert entry is not None
        assert open_snapshot(own.store).stamp == {"entry": index, "root": entry.root}


def test_an_empty_log_has_an_empty_snapshot(own: Desk) -> None:
    snapshot = open_snapshot(own.store)
    assert (snapshot.entry, snapshot.lines.height, snapshot.lots.height) == (0, 0, 0)


def test_a_damaged_or_missing_file_is_made_again(own: Desk, tmp_path: Path) -> None:
    own.rows("MINE", "2025-06", origin(1))
    open_snapshot(own.store)
    directory = directory_of(own.store.database)
    next(directory.glob("lines-*")).unlink()
    assert_same(open_snapshot(own.store), made_from_nothing(own, tmp_path / "a"))
    (directory / "manifest.json").write_text("{", "utf-8")
    assert_same(open_snapshot(own.store), made_from_nothing(own, tmp_path / "b"))


def test_a_restored_backup_starts_the_snapshot_again(
    own: Desk, back_up: Callable[[Desk], Backup], tmp_path: Path
) -> None:
    own.rows("MINE", "2025-06", origin(1))
    backup = back_up(own)
    own.rows("MINE", "2025-07", origin(2), origin(3))
    open_snapshot(own.store)
    restored = backup.restore(own)
    assert_same(open_snapshot(restored.store), made_from_nothing(restored, tmp_path / "a"))
    assert open_snapshot(restored.store).lots["name"].to_list() == ["MINE/1"]


def test_a_restored_backup_that_grew_to_the_old_size_is_another_log(
    own: Desk, back_up: Callable[[Desk], Backup], tmp_path: Path
) -> None:
    own.rows("MINE", "2025-06", origin(1))
    backup = back_up(own)
    own.rows("MINE", "2025-07", origin(2))
    trace(open_snapshot(own.store), "MINE/2")
    restored = backup.restore(own)
    restored.rows("MINE", "2025-07", origin(4))
    snapshot = open_snapshot(restored.store)
    assert_same(snapshot, made_from_nothing(restored, tmp_path / "a"))
    assert [node["lot"] for node in trace(snapshot, "MINE/4")["nodes"]] == ["MINE/4"]


def test_a_snapshot_shows_what_is_in_force(own: Desk) -> None:
    first = own.rows("MINE", "2025-06", origin(1), "S shipment 3 mine 1 4 counterparty=SEP")
    own.rows("MINE", "2025-06", origin(1, 12), "S void", corrects=first)
    lines = open_snapshot(own.store).lines
    assert lines.select("event", pl.col("dry_mg") // 1_000_000).rows() == [("O1", 12)]


def test_lines_are_given_with_what_they_state_of_their_trade(own: Desk) -> None:
    sold = (
        "X export 9 mine 1 2 product=concentrate counterparty=ABROAD destination=DE declaration=D1 value=1200.50"
        " currency=EUR licence=L1 control_item=1C902 hs_code=2846901900"
        " end_user_name=Motors end_user_country=DE end_use=motors model=N52 pieces=40"
    )
    first = own.rows("MINE", "2025-06", origin(1), "S shipment 3 mine 1 4 counterparty=SEP value=7 currency=CNY", sold)
    stated = open_snapshot(own.store).lines_with(*TRADE).filter(pl.col("line").is_not_null())
    assert stated.schema == {**LINE, **TRADE}
    assert [row[:2] for row in stated.select("value", "currency", "event").rows()] == [
        (None, None), ("7", "CNY"), ("1200.5", "EUR"),
    ]  # fmt: skip
    assert stated.filter(pl.col("event") == "X").select(*TRADE).row(0) == (
        "1200.5", "EUR", "L1", "1C902", "2846901900", "Motors", "DE", "motors", "N52", 40, None, None, "D1",
    )  # fmt: skip
    before = open_snapshot(own.store)
    own.rows("MINE", "2025-06", "S void", "X void", corrects=first)
    after = open_snapshot(own.store)
    assert (before.trade.height, after.trade.height) == (2, 0), "only lines in force, and of them those that state some"
    as_of = open_snapshot_as_of(own.store, first)
    assert_frame_equal(as_of.lines_with("value", "pieces"), before.lines_with("value", "pieces"))


def test_trade_is_read_by_who_asks_for_it_and_costs_nothing_where_none_is_stated(own: Desk) -> None:
    own.rows("MINE", "2025-06", origin(1))
    snapshot = open_snapshot(own.store)
    assert not list(directory_of(own.store.database).glob("trade-*"))
    assert "trade" not in vars(snapshot)
    assert snapshot.lines_with("value")["value"].to_list() == [None]
    assert snapshot.lines.schema == LINE
    assert {name: CELLS[name] for name in TRADE} == TRADE
