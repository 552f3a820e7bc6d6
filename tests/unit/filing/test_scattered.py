"""A workbook costs what its cells cost, however far apart they lie; what takes a reader down is a problem, no more."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.workbooks import CORNERS, sheet_xml, workbook, write_workbook

from lodeline.control.declaration import read_declaration
from lodeline.filing.columns.header import column_letter
from lodeline.filing.feed import read_feed
from lodeline.filing.formats import Limits, apart, extent
from lodeline.filing.formats.apart import read_apart
from lodeline.filing.formats.extent import Extent, extent_of
from lodeline.filing.table import read, read_bytes

MIB = 1024**2


def codes(content: bytes, limits: Limits | None = None) -> list[str]:
    return [one.code for one in read_bytes([("a.xlsx", content)], limits=limits).problems]


def edges(data: str) -> tuple[int, int, int, int, int]:
    found = extent_of(io.BytesIO(sheet_xml(data).encode()))
    return found.first_row, found.last_row, found.first_column, found.last_column, found.cells


def row(number: int, columns: int) -> str:
    cells = "".join(f'<c r="{column_letter(place)}{number}"><v>{number % 997}.5</v></c>' for place in range(columns))
    return f'<row r="{number}">{cells}</row>'


def test_two_cells_at_the_corners_of_a_sheet_are_refused_with_their_place() -> None:
    content = workbook()
    assert len(content) < 1500
    (one,) = read_bytes([("a.xlsx", content)]).problems
    assert (one.code, one.severity, one.where.sheet) == ("sheet.scattered", "reject", "S")
    assert dict(one.facts) == {"rows": 1_048_576, "columns": 16_384, "cells": 2, "last": "XFD1048576"}


def test_every_way_in_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook())
    assert [one.code for one in read([path]).problems] == ["sheet.scattered"]
    assert "sheet.scattered" in {one.code for one in read_declaration(path).problems}
    assert "sheet.scattered" in {one.code for one in read_feed(path, today=date(2026, 2, 5)).problems}


@pytest.mark.parametrize(
    "far",
    [
        "<c s='1' r = 'XFD1048576'><v>1</v></c>",
        '<x:c r="XFD1048576"><v>1</v></x:c>',
        '<c r="xfd1048576"><v>1</v></c>',
        '<c t="/>" r="XFD1048576"><v>1</v></c>',
        '<c r="XFD1048576" t="/>"><v>1</v></c>',
        '<!-- > --><c r="XFD1048576"><v>1</v></c>',
    ],
)
def test_a_far_cell_is_seen_however_it_is_written(far: str) -> None:
    assert edges(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576">{far}</row>')[:4] == (
        1,
        1_048_576,
        1,
        16_384,
    )


def test_cells_without_a_reference_follow_those_before_them() -> None:
    plain = '<row r="7"><c r="C7"><v>1</v></c><c r="D7"/></row>'
    assert edges(plain) == (7, 7, 3, 3, 1)
    assert edges(plain + "<row><c><v>1</v></c><c><v>2</v></c></row>") == (7, 8, 1, 3, 3)
    assert edges("") == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("size", [7, 64, 301])
def test_a_cut_between_two_pieces_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sheet_xml("".join(row(number, 30) for number in range(3, 40))).encode()
    whole = extent_of(io.BytesIO(text))
    monkeypatch.setattr(extent, "_PIECE_BYTES", size)
    parts = extent_of(io.BytesIO(text))
    assert parts == whole
    assert (whole.rows, whole.columns, whole.cells, whole.corner) == (37, 30, 1110, "AD39")


def test_a_note_beside_a_table_and_empty_cells_afar_are_no_matter() -> None:
    table = row(1, 5) + '<row r="900"><c r="Z900"><v>1</v></c><c r="XFD900" s="3"/></row>'
    assert set(codes(workbook(table))) == {*codes(workbook(row(1, 5))), "column.unnamed"}


def test_the_bounds_hold_on_either_side() -> None:
    two = Extent()
    two.read(sheet_xml(CORNERS).encode())
    assert two.rows * two.columns == 2**34
    table = workbook("".join(row(number, 30) for number in range(1, 41)))
    assert "sheet.scattered" not in codes(table, Limits(area=1200))
    assert "sheet.scattered" in codes(table, Limits(area=1199))
    far = workbook(
        "".join(row(number, 30) for number in range(1, 5000)) + '<row r="40000"><c r="A40000"><v>1</v></c></row>'
    )
    assert "sheet.scattered" not in codes(far)
    assert "sheet.scattered" in codes(far, Limits(area_per_cell=8))


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Iterator[apart._Readers]:
    """Processes of this test alone."""
    own = apart._Readers()
    monkeypatch.setattr(apart, "_READERS", own)
    yield own
    own.end()


def waiting(readers: apart._Readers) -> apart._Reader:
    (one,) = readers._idle[os.getpid()]
    return one


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.xlsx"
    path.write_bytes(workbook(row(1, 5) + row(2, 5)))
    return path


def test_a_reader_is_kept_and_one_that_died_is_replaced(readers: apart._Readers, small: Path) -> None:
    first = read_apart(small, "small.xlsx", Limits())
    kept = waiting(readers).process.pid
    assert read_apart(small, "small.xlsx", Limits()).cells.equals(first.cells)
    assert waiting(readers).process.pid == kept
    os.kill(kept, signal.SIGKILL)
    waiting(readers).process.wait()
    assert read_apart(small, "small.xlsx", Limits()).readable
    assert waiting(readers).process.pid != kept


def test_a_reader_killed_at_work_is_a_problem_with_its_cure(readers: apart._Readers, small: Path) -> None:
    read_apart(small, "small.xlsx", Limits())
    stopped = waiting(readers).process
    os.kill(stopped.pid, signal.SIGSTOP)
    threading.Timer(0.3, stopped.kill).start()
    (one,) = read_apart(small, "small.xlsx", Limits()).problems
    assert (one.code, one.where.file, one.facts["detail"]) == ("file.reader-died", "small.xlsx", "signal 9")
    assert "CSV" in one.message("en") and "CSV" in one.message("zh")
    assert read_apart(small, "small.xlsx", Limits()).readable


@pytest.mark.ci
@pytest.mark.medium
def test_a_reader_has_its_bound_of_memory(readers: apart._Readers, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", (row(number, 40) for number in range(1, 25_001)))
    assert read_apart(path, "a.xlsx", Limits()).cells.shape == (24_999, 40)
    peak = waiting(readers).peak_kib * 1024
    assert peak < 400 * MIB
    read_apart(path, "a.xlsx", Limits())
    assert waiting(readers).peak_kib * 1024 < peak + 150 * MIB
    (one,) = read_apart(path, "a.xlsx", Limits(memory_bytes=100 * MIB)).problems
    assert one.code == "file.reader-died"


@pytest.mark.medium
def test_a_table_with_one_far_column_is_refused_before_room_is_made(readers: apart._Readers, tmp_path: Path) -> None:
    def wide(number: int) -> str:
        narrow = row(number, 7).removesuffix("</row>")
        return f'{narrow}<c r="OJ{number}"><v>1</v></c></row>'

    path = write_workbook(tmp_path / "a.xlsx", (wide(number) for number in range(1, 128_001)))
    (one,) = read_apart(path, "a.xlsx", Limits()).problems
    assert (one.code, one.where.sheet) == ("sheet.scattered", "S")
    assert dict(one.facts) == {"rows": 128_000, "columns": 400, "cells": 1_024_000, "last": "OJ128000"}
    assert waiting(readers).peak_kib < 256 * 1024


@pytest.mark.medium
def test_one_long_text_in_many_cells_ends_at_what_the_sheet_seems_to_need(
    readers: apart._Readers, tmp_path: Path
) -> None:
    shared = "x" * 32_000
    cells = "".join(f'<row r="{number}"><c r="A{number}" t="s"><v>0</v></c></row>' for number in range(1, 100_001))
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook(cells, shared=[shared]))
    (one,) = read_apart(path, "a.xlsx", Limits()).problems
    assert one.code == "file.reader-died"


def test_a_reader_ends_with_whoever_asked_for_it(tmp_path: Path) -> None:
    """The asker is killed while its reader is held up in the middle of a file, as by one that takes long."""
    path = tmp_path / "a.xlsx"
    os.mkfifo(path)
    code = (
        "from pathlib import Path; from lodeline.filing.formats import Limits, apart; import sys\n"
        "reader = apart._Reader(); print(reader.process.pid, flush=True)\n"
        f"reader.ask(apart._Order(path={str(path)!r}, file='a.xlsx', limits=Limits(), cells='c'))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as asker:
        assert asker.stdout is not None
        reader = int(asker.stdout.readline())
        with path.open("wb"):  # opened when the reader has begun with it
            asker.kill()
            asker.wait()
            until = time.monotonic() + 30
            while Path(f"/proc/{reader}/stat").exists() and " Z " not in Path(f"/proc/{reader}/stat").read_text():
                assert time.monotonic() < until
                time.sleep(0.02)


@pytest.mark.slow
def test_a_million_rows_of_forty_columns_are_read(readers: apart._Readers, tmp_path: Path) -> None:
    peaks: list[int] = []
    ask = apart._Reader.ask

    def asked(self: apart._Reader, order: apart._Order) -> apart._Answer:
        answer = ask(self, order)
        peaks.append(answer.peak_kib)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart._Reader, "ask", asked)
        path = write_workbook(tmp_path / "a.xlsx", (row(number, 40) for number in range(1, 1_000_002)))
        assert read_apart(path, "a.xlsx", Limits()).cells.shape == (1_000_000, 40)
    assert peaks[0] * 1024 < 5 * 1024 * MIB
    assert readers._idle[os.getpid()] == []
