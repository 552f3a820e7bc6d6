"""A frame that is mapped is the frame, lies in a file that is gone by its name, and stays in memory where it must."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from lodeline import mapped


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


def test_files_are_given_back_for_as_long_as_a_frame_that_goes_on_from_theirs_lives(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    told = frame()
    found = mapped.mapped(told, tmp_path)
    later = mapped.beside(pl.concat([found.head(5), found.tail(3)]), found)
    wider = mapped.beside(later.with_columns(more=1), later)
    assert len(mapped._pages) == 3 and {len(pages) for pages in mapped._pages.values()} == {told.width}
    del found, later
    mapped.let_go()
    assert len(mapped._pages) == 1
    assert wider.drop("more").equals(pl.concat([told.head(5), told.tail(3)]))
    del wider
    assert not mapped._pages
    if sys.platform == "linux":
        assert "lodeline-mapped-" not in Path("/proc/self/maps").read_text("utf-8")


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


def written(path: Path, rows: int = 300) -> pl.DataFrame:
    """A frame in a file, as an analyst publishes it: in several pieces."""
    told = frame(rows)
    told.write_ipc(path, compat_level=pl.CompatLevel.newest(), record_batch_size=100)
    return told


def test_a_large_file_is_mapped_for_as_long_as_its_frame_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(mapped, "BYTES", 1000)
    told = written(tmp_path / "large.arrow")
    found = mapped.read(tmp_path / "large.arrow")
    assert found.equals(told) and found.schema == told.schema
    assert len(mapped._pages) == 1
    mapped.let_go()
    (tmp_path / "large.arrow").unlink()
    assert found.equals(told)
    if sys.platform == "linux":
        assert "large.arrow" in Path("/proc/self/maps").read_text("utf-8")
    part = found[120:150]
    del found
    assert not mapped._pages and part.equals(told[120:150])
    del part
    if sys.platform == "linux":
        assert "large.arrow" not in Path("/proc/self/maps").read_text("utf-8")


def test_a_small_file_and_any_without_the_library_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = written(tmp_path / "file.arrow")
    assert mapped.read(tmp_path / "file.arrow").equals(told) and not mapped._pages
    monkeypatch.setattr(mapped, "BYTES", 1000)
    monkeypatch.setattr(mapped, "find_spec", lambda _: None)
    assert mapped.read(tmp_path / "file.arrow").equals(told) and not mapped._pages


@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("harm", ["end", "text", "place"])
def test_a_file_that_holds_no_frame_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, large: bool
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(mapped, "BYTES", 1000 if large else 1 << 30)
    path = tmp_path / "file.arrow"
    written(path)
    content = path.read_bytes()
    # Of a longer text a column has its length, its first four bytes and where all of it stands.
    view, text = b"\0\0\0a te", b"a text that is longer than twelve bytes"
    at = content.index(view) + len(view)
    spoiled = {
        "end": content[:-40],
        "text": content.replace(text, b"\xff" * len(text)),
        "place": content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :],
    }
    path.write_bytes(spoiled[harm])
    with pytest.raises((OSError, pl.exceptions.PolarsError)):
        mapped.read(path)
    assert not mapped._pages
