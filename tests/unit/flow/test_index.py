"""The index on disk: what is written is what is read, and what is damaged is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lodeline.flow.index import DamagedIndex, FlowIndex, UnknownLot, build_index, open_index
from lodeline.flow.trace import trace

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


@pytest.fixture
def directory(tmp_path: Path, blend: Frames) -> Path:
    build_index(*blend, tmp_path / "index", {"entry": 7, "root": "ab"})
    return tmp_path / "index"


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_an_opened_index_knows_every_name_and_its_stamp(directory: Path, blend: Frames) -> None:
    index = open_index(directory)
    assert index.stamp == {"entry": 7, "root": "ab"}
    assert [index.lot_name[lot] for lot in range(len(index.lot_name))] == blend[0]["name"].to_list()
    assert [index.find(name) for name in blend[0]["name"]] == list(range(6))
    assert [index.lot_product[lot] for lot in range(6)] == blend[0]["product"].to_list()


def test_the_same_rows_give_the_same_bytes_in_any_order(directory: Path, blend: Frames, tmp_path: Path) -> None:
    lots, events, links, assays = (table.reverse() for table in blend)
    build_index(lots, events, links, assays, tmp_path / "again", {"entry": 7, "root": "ab"})
    assert contents(tmp_path / "again") == contents(directory)


def test_names_in_any_script_are_found_in_the_order_of_their_bytes(
    indexed: Callable[[Any], FlowIndex], history: Any
) -> None:
    names = ["Z/1", "中/1", "é/1", "a/1", "𠮷/1", "A/10", "A/1", "https://id.gs1.org/01/1", "e\u0301/1"]
    index = indexed(history({}, {name: (None, 0, 0, {}) for name in names}, {}))
    assert [index.find(name) for name in names] == list(range(len(names)))
    same_id = {index.lot_name[lot] for lot in index.lots_with_local_id("1")}
    assert same_id == set(names) - {"A/10"}
    for absent in ("", "A/", "A/2", "中/", "𠮷/12", "zz"):
        with pytest.raises(UnknownLot):
            index.find(absent)


@pytest.mark.parametrize(
    ("asked", "suggested"),
    [("N/blend", "M/blend"), ("M/bland", "M/blend"), ("M/met", "M/metal"), ("黑矿", "M/黑矿")],
)
def test_a_mistyped_name_leads_to_the_one_meant(directory: Path, asked: str, suggested: str) -> None:
    with pytest.raises(UnknownLot) as caught:
        open_index(directory).find(asked)
    assert suggested in caught.value.suggestions


def test_a_name_like_no_other_gets_no_suggestion(directory: Path) -> None:
    with pytest.raises(UnknownLot, match=r"^There is no lot qqq\.$"):
        open_index(directory).find("qqq")


def test_an_empty_ledger_has_an_index(indexed: Callable[[Any], FlowIndex], history: Any) -> None:
    with pytest.raises(UnknownLot):
        trace(indexed(history({}, {}, {})), "M/1")


def test_late_filings_get_a_rank_after_their_ancestors(indexed: Callable[[Any], FlowIndex], history: Any) -> None:
    events = {"e-last": [("M/b", 1)], "e-middle": [("M/a", 1)], "e-first": []}
    lots: dict[str, Any] = {
        name: (event, 1, 0, {}) for name, event in (("M/c", "e-last"), ("M/b", "e-middle"), ("M/a", "e-first"))
    }
    index = indexed(history(events, lots, {"e-first": ("mined", "x")}))
    assert index.graph.rank.argsort().tolist() == [2, 1, 0]
    assert [node["lot"] for node in trace(index, "M/a", forward=True).as_json()["nodes"]] == ["M/a", "M/b", "M/c"]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "bytes instead of"),
        (lambda path: path.write_bytes(b"?" + path.read_bytes()[1:]), "header cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"'<i4'", b"'<f4'", 1)), "does not match"),
    ],
)
def test_a_damaged_file_is_named(directory: Path, damage: Callable[[Path], Any], what: str) -> None:
    damage(directory / "graph.use_span.npy")
    with pytest.raises(DamagedIndex, match=f"graph.use_span.npy: .*{what}"):
        open_index(directory)


@pytest.mark.parametrize(
    ("manifest", "what"),
    [("{", "not readable as JSON"), ('{"format": "other"}', "not a lodeline-flow-index"), (None, "format version 99")],
)
def test_a_manifest_of_another_kind_is_refused(directory: Path, manifest: str | None, what: str) -> None:
    path = directory / "manifest.json"
    path.write_text(manifest or json.dumps(json.loads(path.read_text("utf-8")) | {"version": 99}), "utf-8")
    with pytest.raises(DamagedIndex, match=f"manifest.json: .*{what}"):
        open_index(directory)


def test_an_index_without_an_array_that_a_walk_needs_is_refused(directory: Path) -> None:
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["files"]["graph.uses"]
    path.write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(DamagedIndex, match=r"manifest.json: names no graph.uses"):
        open_index(directory)


def test_a_new_index_replaces_the_old_one_and_its_readers_keep_theirs(
    directory: Path, blend: Frames, history: Any
) -> None:
    old = open_index(directory)
    before = trace(old, "M/metal").as_json()
    other: Frames = history({}, {"M/only": (None, 0, 0, {})}, {})
    build_index(*other, directory, {})
    assert open_index(directory).find("M/only") == 0
    assert trace(old, "M/metal").as_json() == before
    assert [path.name for path in directory.parent.iterdir()] == ["index"]


def test_a_directory_with_anything_else_in_it_is_left_alone(tmp_path: Path, blend: Frames) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("…", "utf-8")
    with pytest.raises(FileExistsError, match="left alone"):
        build_index(*blend, tmp_path / "letters", {})
    assert (tmp_path / "letters" / "dear.txt").exists()


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        (0, pl.col("lot") + 1, "lots.lot is not 0…n-1"),
        (0, pl.lit("M/ore").alias("name"), "lots.name is missing or not unique"),
        (0, pl.col("made_event") + 1, "lots.made_event names an event"),
        (0, pl.col("unaccounted_mg") - 1, "lots.unaccounted_mg is negative"),
        (1, pl.lit("shipment").alias("kind"), "events.kind is none of"),
        (1, pl.lit(None, pl.Date).alias("on"), "events.on is missing"),
        (2, pl.col("lot") + 9, "links.lot names a lot"),
        (2, pl.col("mass_mg") * 0, "links.mass_mg is not positive"),
        (2, pl.col("event") * 0, "an origin event consumes nothing"),
        (3, pl.col("element") + 21, "assays.element is no place in SYMBOLS"),
        (3, pl.col("element") * 0, "assays holds two rows of one lot and element"),
        (3, -pl.col("ppb"), "assays.ppb is negative"),
    ],
)
def test_frames_that_break_the_contract_are_refused_with_the_rule(
    tmp_path: Path, blend: Frames, table: int, change: pl.Expr, sentence: str
) -> None:
    lots, events, links, assays = (
        rows.with_columns(change) if place == table else rows for place, rows in enumerate(blend)
    )
    with pytest.raises(ValueError, match=f"flow index: {sentence}"):
        build_index(lots, events, links, assays, tmp_path / "index", {})
    assert not (tmp_path / "index").exists()
