"""A frame that is mapped is the frame, lies in a file that is gone by its name, and stays in memory where it must."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from lodeline import mapped
from lodeline.splicing import spliced


def frame(rows: int = 300) -> pl.DataFrame:
    return pl.DataFrame({
        "line": range(rows), "on": [date(2025, 1, 1 + row % 28) for row in range(rows)],
        "text": [None if row % 3 else f"a text that is longer than twelve bytes {row}" for row in range(rows)],
        "few": pl.Series([row % 7 for row in range(rows)], dtype=pl.UInt8), "is": [row % 2 == 0 for row in range(rows)],
        "parts": [[{"part": row % 5, "fraction": row / 7}] if row % 4 else None for row in range(rows)],
    })  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "CELLS", 600)


def test_a_large_frame_lies_in_a_file_without_a_name(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    told = frame()
    found = mapped.mapped(told, tmp_path)
    assert found is not told and found.equals(told) and found.schema == told.schema
    assert not list(tmp_path.iterdir()) and mapped.mapped(found, tmp_path) is found
    if sys.platform == "linux":
        assert "lodeline-mapped-" in Path("/proc/self/maps").read_text("utf-8")
    mapped.let_go()
    assert found.equals(told)
    gone, order = found["line"] == 5, (pl.col("line"),)
    assert spliced(found, gone, told.clear(), order).equals(spliced(told, gone, told.clear(), order))


@pytest.mark.parametrize("rows", [90, 700])
def test_pieces_are_put_in_order_as_a_sort_would(tmp_path: Path, rows: int) -> None:
    pieces = pl.concat([frame(rows), frame(rows).slice(rows // 2)])
    order = (pl.col("text"), pl.col("on"), pl.col("line") % 2 == 0)
    found = mapped.in_order(pieces, order, tmp_path)
    assert found.equals(pieces.sort(order, maintain_order=True)) and set(found.n_chunks("all")) == {1}


def test_a_small_frame_and_one_without_a_place_stay_in_memory(tmp_path: Path) -> None:
    small, large = frame(50), frame()
    assert mapped.mapped(small, tmp_path) is small
    assert mapped.mapped(large, tmp_path / "nowhere") is large


def test_without_the_library_frames_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "find_spec", lambda _: None)
    told = frame()
    assert mapped.mapped(told, tmp_path) is told
