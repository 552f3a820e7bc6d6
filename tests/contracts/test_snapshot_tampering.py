"""Whoever can write where the files for analysis lie, but lacks the secret, changes no answer: what is wrong is named
by `verify`, said once in the program's log, thrown away and made again from the tables."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.desk import Desk, send_feed

from lodeline.flow.index import build_index
from lodeline.service.log.audit import verify
from lodeline.service.lots.flow import origins, trace
from lodeline.store import column_files, flow_files
from lodeline.store.column_files import MANIFEST, SEGMENTS_MAX, directory_of
from lodeline.store.flow_files import SEAL
from lodeline.store.opening import create
from lodeline.store.seal import SealKey
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import StoreError

pytestmark = pytest.mark.medium

ORIGIN = "product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"
JUNE = (
    f"O origin 2 mine 7 10 {ORIGIN}",
    f"P origin 3 mine 8 20 {ORIGIN}",
    "S shipment 5 mine 7 4 counterparty=SEP value=9 currency=CNY",
)
INVOICES = (
    "number,kind,on,seller,buyer,product_name,mass_kg,value,currency\n001,special,2025-06-05,MINE,SEP,ore,4,9,CNY\n"
)
OTHER_KEY = SealKey.of_store(b"the secret of another store")


@pytest.fixture
def mined(own: Desk) -> Desk:
    """The small industry with a month of MINE and one of SEP, an invoice, and the snapshot with its lot graph made."""
    own.rows("MINE", "2025-06", *JUNE)
    own.rows("SEP", "2025-06", "R receipt 6 sep 7 4 counterparty=MINE", "T transformation 7 sep 7 4 role=in",
             "T transformation 7 sep X 2 role=out product=oxide:Nd composition=Nd=80;TREO=99")  # fmt: skip
    sent = send_feed(own.store, INVOICES, "2025-06.csv", filed_at=datetime(2025, 7, 1, tzinfo=UTC), authority="TAX")
    assert sent.entry is not None
    answers(open_snapshot(own.store))
    return own


def answers(snapshot: Snapshot) -> dict[str, Any]:
    """What the files decide: every kind of them, and the lot graph."""
    return {
        "lines": snapshot.lines.rows(), "lots": snapshot.lots.rows(), "balances": snapshot.balanced.rows(),
        "trade": snapshot.trade.rows(), "invoices": snapshot.invoices.rows(),
        "trace": trace(snapshot, "SEP/X"), "origins": origins(snapshot, "SEP/X"),
    }  # fmt: skip


def files_in(directory: Path) -> dict[str, tuple[int, int]]:
    """Every file, as which it is known to the disk and when it was last written."""
    found = {str(path.relative_to(directory)): path.stat() for path in directory.rglob("*") if path.is_file()}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items() if name != "lock"}


def wrong(desk: Desk) -> list[str]:
    """The files that `verify` names."""
    return [str(fault.facts["file"]) for fault in verify(desk.store).faults]


def rewritten(path: Path) -> None:
    """Valid Parquet with the same columns and tripled masses, or other names and values."""
    rows = pl.read_parquet(path)
    changes = [
        pl.col("mass_mg") * 3,
        pl.col("dry_mg") * 3,
        pl.lit("MINE/forged").alias("name"),
        pl.lit("1").alias("value"),
    ]
    known = [change for change in changes if change.meta.output_name() in rows.columns]
    rows.with_columns(known).write_parquet(path, compression="lz4")


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 9)


def directory(path: Path) -> None:
    path.unlink()
    (path / "within").mkdir(parents=True)


HARMS: dict[str, Callable[[Path], None]] = {
    "rewritten": rewritten, "flipped": flipped, "cut": cut, "missing": Path.unlink, "a directory": directory,
}  # fmt: skip


def assert_mended(desk: Desk, expected: dict[str, Any], caplog: pytest.LogCaptureFixture, *, warnings: int = 1) -> None:
    """The next answers are right, the log has said it, and all holds again."""
    with caplog.at_level(logging.WARNING, "lodeline"):
        assert answers(open_snapshot(desk.store)) == expected
    said = [record.getMessage() for record in caplog.records if record.name.startswith("lodeline.store")]
    assert len(said) == warnings, said
    assert wrong(desk) == []


def test_what_nobody_touched_is_opened_as_it_is(mined: Desk, caplog: pytest.LogCaptureFixture) -> None:
    where = directory_of(mined.store.database)
    before, expected = files_in(where), answers(open_snapshot(mined.store))
    assert {name.partition("-")[0] for name in before} >= {"lines", "trade", "lots", "invoices", "flow", MANIFEST}
    assert_mended(mined, expected, caplog, warnings=0)
    assert files_in(where) == before


@pytest.mark.parametrize("kind", ["lines", "trade", "lots", "invoices"])
@pytest.mark.parametrize("harm", HARMS)
def test_a_changed_segment_is_named_and_made_again(
    mined: Desk, kind: str, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    where, expected = directory_of(mined.store.database), answers(open_snapshot(mined.store))
    (path,) = where.glob(f"{kind}-*")
    HARMS[harm](path)
    assert wrong(mined) == [path.name]
    assert_mended(mined, expected, caplog)


def test_what_is_caught_up_merged_or_seen_as_of_an_earlier_entry_rests_on_no_changed_file(
    mined: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    where, before = directory_of(mined.store.database), open_snapshot(mined.store)
    rewritten(next(where.glob("lines-*")))
    mined.rows("MINE", "2025-07", f"N origin 2 mine 9 10 {ORIGIN}")
    assert_frame_equal(open_snapshot(mined.store).lines.filter(pl.col("entry") <= before.entry), before.lines)
    rewritten(next(where.glob("lines-*")))
    assert_frame_equal(open_snapshot_as_of(mined.store, before.entry).lines, before.lines)
    for number in range(SEGMENTS_MAX):
        if number == SEGMENTS_MAX - 2:
            rewritten(next(where.glob("lines-1-*")))
        mined.rows("MINE", "2025-08", f"N{number} origin 2 mine A{number} 10 {ORIGIN}")
        lines = open_snapshot(mined.store).lines
    assert_frame_equal(lines.filter(pl.col("entry") <= before.entry), before.lines)
    assert len([one for one in caplog.records if one.name.startswith("lodeline.store")]) == 3


def forged(where: Path) -> None:
    """Tripled masses, listed as they are now, by whoever knows all but the key."""
    (path,) = where.glob("lines-*")
    rewritten(path)
    manifest = json.loads((where / MANIFEST).read_bytes())
    manifest["segments"]["lines"][path.name] = OTHER_KEY.seal_file(path).as_json()
    (where / MANIFEST).write_text(json.dumps(manifest, separators=(",", ":")), "utf-8")


def forged_and_coded(where: Path) -> None:
    """The same with a code under the key of another store, as that store would have written it."""
    forged(where)
    manifest = json.loads((where / MANIFEST).read_bytes())
    del manifest["code"]
    (where / MANIFEST).write_bytes(OTHER_KEY.document(b"snapshot", manifest))


def of_the_lot_graph(where: Path) -> None:
    """A document of this very store, which is none of this kind."""
    shutil.copy(next(where.glob("flow-*")) / SEAL, where / MANIFEST)


def nested(where: Path) -> None:
    (where / MANIFEST).write_bytes(b"[" * 100_000)


def newer(where: Path) -> None:
    """It says that it is newer, and no newer version wrote it."""
    (where / MANIFEST).write_text('{"format": 99}', "utf-8")


@pytest.mark.parametrize("harm", [forged, forged_and_coded, of_the_lot_graph, nested, newer])
def test_a_manifest_that_this_store_did_not_write_counts_for_nothing(
    mined: Desk, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    expected = answers(open_snapshot(mined.store))
    harm(directory_of(mined.store.database))
    assert wrong(mined) == [MANIFEST]
    assert_mended(mined, expected, caplog)


@pytest.mark.parametrize("secret", [None, "the secret of another store"])
def test_files_that_another_store_left_here_are_taken_away_without_a_word(
    mined: Desk, secret: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where, expected = directory_of(mined.store.database), answers(open_snapshot(mined.store))
    other, _ = create(str(tmp_path / "other.sqlite3"), secret=secret)
    open_snapshot(other)
    shutil.rmtree(where)
    shutil.copytree(directory_of(other.database), where)
    assert wrong(mined) == [], "nothing of it is believed"
    assert_mended(mined, expected, caplog, warnings=0)


def altered(graph: Path, others: Path) -> None:
    flipped(max(graph.glob("*.npy"), key=lambda path: path.stat().st_size))


def swapped(graph: Path, others: Path) -> None:
    shutil.rmtree(graph)
    shutil.copytree(others, graph)


def built_by_another(graph: Path, others: Path) -> None:
    """A whole graph in which nothing happened, with a seal under another key."""
    stamp = {name: json.loads((graph / SEAL).read_bytes())[name] for name in ("entry", "root")}
    shutil.rmtree(graph)
    empty_lots = pl.DataFrame(
        {"lot": [0], "name": ["SEP/X"], "product": [None], "organisation": ["SEP"], "made_event": [-1], "made_mg": [0],
         "unaccounted_mg": [0]},
        schema_overrides={"product": pl.String()},
    )  # fmt: skip
    no_events = pl.DataFrame(
        schema={
            "event": pl.Int64(), "name": pl.String(), "organisation": pl.String(), "site": pl.String(),
            "on": pl.Date(), "kind": pl.String(), "origin_kind": pl.String(), "origin_place": pl.String(),
        }
    )  # fmt: skip
    no_links = pl.DataFrame(schema={"event": pl.Int64(), "lot": pl.Int64(), "mass_mg": pl.Int64()})
    no_assays = pl.DataFrame(schema={"lot": pl.Int64(), "element": pl.Int64(), "ppb": pl.Int64()})
    build_index(empty_lots, no_events, no_links, no_assays, directory=graph, stamp=stamp)
    seals = {path.name: OTHER_KEY.seal_file(path).as_json() for path in graph.iterdir()}
    facts = {"format": column_files.FORMAT, **stamp, "files": seals}
    (graph / SEAL).write_bytes(OTHER_KEY.document(b"flow", facts))


def unsealed(graph: Path, others: Path) -> None:
    (graph / SEAL).unlink()


def a_file(graph: Path, others: Path) -> None:
    shutil.rmtree(graph)
    graph.write_text("no graph", "utf-8")


@pytest.mark.parametrize("harm", [altered, swapped, built_by_another, unsealed, a_file])
def test_a_lot_graph_that_is_not_as_it_was_built_is_named_and_built_again(
    mined: Desk, harm: Callable[[Path, Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    where = directory_of(mined.store.database)
    (others,) = where.glob("flow-*")
    mined.rows("SEP", "2025-07", f"N origin 2 sep 9 10 {ORIGIN}")
    expected = answers(open_snapshot(mined.store))
    (graph,) = set(where.glob("flow-*")) - {others}
    harm(graph, others)
    (named,) = wrong(mined)
    assert named.startswith(graph.name)
    assert_mended(mined, expected, caplog)


def test_a_large_lot_graph_is_checked_in_part_when_opened_and_whole_by_verify(
    mined: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flow_files, "sampled", lambda seals, most: {name: [] for name in seals})
    (graph,) = directory_of(mined.store.database).glob("flow-*")
    path = max(graph.glob("*.npy"), key=lambda path: path.stat().st_size)
    # What comes last is no header, which is looked at in any case.
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    open_snapshot(mined.store).flow_index()
    assert not caplog.records
    assert wrong(mined) == [f"{graph.name}/{path.name}"]
    shutil.rmtree(graph)


def test_a_disk_that_gives_back_otherwise_than_was_written_is_told_of(
    mined: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, written = directory_of(mined.store.database), column_files._replace
    flipped(next(where.glob("lines-*")))

    def failing(path: Path, content: bytes) -> None:
        written(path, content)
        if path.name.startswith("lines-"):
            flipped(path)

    with monkeypatch.context() as patch:
        patch.setattr(column_files, "_replace", failing)
        with pytest.raises(StoreError, match="check the disk") as told:
            open_snapshot(mined.store)
    assert "请检查磁盘" in told.value.zh
    open_snapshot(mined.store)


def test_files_that_cannot_be_written_are_verified_all_the_same(mined: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    where = directory_of(mined.store.database)
    flipped(next(where.glob("lines-*")))
    before = files_in(where)

    def refused(directory: Path) -> Any:
        raise PermissionError(directory)

    monkeypatch.setattr(flow_files, "one_writer", refused)
    assert wrong(mined) == [next(where.glob("lines-*")).name]
    assert files_in(where) == before, "verifying changes nothing"
    monkeypatch.undo()
    open_snapshot(mined.store)
