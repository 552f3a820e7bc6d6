"""Whatever a filer hands in, the cell that is wrong is named, memory stays bounded, and nothing is posted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.cli.program import ENVELOPE, HEADER, ORIGIN, PROGRAM, Lodeline, write
from tests.workbooks import workbook as far_apart

#: What the program may hold at most while it looks at a hostile file.
MEMORY_BYTES = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a problem is expected."""

    code: str
    row: int | None = None
    column: str | None = None
    severity: str = "reject"

    def among(self, problems: list[dict[str, Any]]) -> bool:
        return any(
            (self.code, self.severity, self.row, self.column)
            == (one["code"], one["severity"], one["where"]["row"], one["where"]["column"])
            for one in problems
        )


def origin(**cells: str) -> str:
    """The right row with some cells replaced."""
    row = dict(zip(HEADER.split(","), ORIGIN.split(","), strict=True)) | cells
    return ",".join(row.values())


def text(*lines: str) -> Callable[[Path], Path]:
    return lambda room: write(room / "june.csv", *lines)


def raw(content: bytes, name: str = "june.csv") -> Callable[[Path], Path]:
    def make(room: Path) -> Path:
        (room / name).write_bytes(content)
        return room / name

    return make


def workbook(change: Callable[[Any], None]) -> Callable[[Path], Path]:
    """A right workbook of three rows after something was done to its sheet."""

    def make(room: Path) -> Path:
        book = openpyxl.Workbook()
        sheet = book.worksheets[0]
        sheet.append(HEADER.split(","))
        for number in range(1, 4):
            cells = origin(event=f"O-{number}", lot=f"ORE-{number}").split(",")
            sheet.append([float(cell) if place == 6 else cell for place, cell in enumerate(cells)])
        change(sheet)
        book.save(room / "june.xlsx")
        return room / "june.xlsx"

    return make


def put(address: str, value: Any) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        sheet[address] = value

    return change


GOOD = f"{HEADER}\n{ORIGIN}\n"
REFUSED: dict[str, tuple[Callable[[Path], Path], Place]] = {
    "GBK": (raw(GOOD.replace("MINE-1", "白云鄂博").encode("gbk")), Place(code="file.encoding", row=2)),
    "UTF-16": (raw(GOOD.encode("utf-16")), Place(code="file.encoding", row=1)),
    "a delimiter of its own": (
        text(*GOOD.replace(",", "|").splitlines()), Place(code="column.missing", row=1, column="event"),
    ),
    "zero bytes": (raw(GOOD.replace("1250.5", "12\0").encode()), Place(code="file.nul-byte", row=2)),
    "an open quotation mark": (text(HEADER, ORIGIN.replace("MINE-1", '"MINE-1')), Place(code="file.quotes", row=2)),
    "an empty file": (raw(b""), Place(code="file.empty", row=1)),
    "a picture": (raw(b"\x89PNG", "june.png"), Place(code="file.unknown-format")),
    "a workbook that is none": (raw(GOOD.encode(), "june.xlsx"), Place(code="file.damaged")),
    "two cells at the corners of a sheet": (raw(far_apart(), "june.xlsx"), Place(code="sheet.scattered")),
    "a doubled header": (
        text(f"{HEADER},Mass (kg)", f"{ORIGIN},1"), Place(code="column.twice", row=1, column="mass_kg"),
    ),
    "the same header in two languages": (
        text(f"{HEADER},批次", f"{ORIGIN},X"), Place(code="column.twice", row=1, column="lot"),
    ),
    "a row with a cell too many": (text(HEADER, ORIGIN, f"{ORIGIN},1"), Place(code="row.too-many-cells", row=3)),
    "1e400": (text(HEADER, origin(mass_kg="1e400")), Place(code="number.not-finite", row=2, column="mass_kg")),
    "1e-400": (
        text(HEADER, origin(mass_kg="1e-400")), Place(code="mass.finer-than-milligram", row=2, column="mass_kg"),
    ),
    "a negative mass": (text(HEADER, origin(mass_kg="-5")), Place(code="mass.negative", row=2, column="mass_kg")),
    "not a number": (text(HEADER, origin(mass_kg="NaN")), Place(code="number.not-finite", row=2, column="mass_kg")),
    "infinity": (text(HEADER, origin(mass_kg="-inf")), Place(code="number.not-finite", row=2, column="mass_kg")),
    "a thousands separator": (
        text(HEADER, origin(mass_kg='"1,250"')), Place(code="number.grouped", row=2, column="mass_kg"),
    ),
    "a day that does not exist": (
        text(HEADER, origin(on="2025-06-31")), Place(code="date.invalid", row=2, column="on"),
    ),
    "a day number out of range": (text(HEADER, origin(on="12")), Place(code="date.invalid", row=2, column="on")),
    "a formula": (workbook(put("G3", "=1250+0.5")), Place(code="cell.formula", row=3, column="mass_kg")),
    "merged cells": (
        workbook(lambda sheet: sheet.merge_cells("E3:E4")), Place(code="cell.merged", row=3, column="lot"),
    ),
    "NaN in JSON": (
        raw(b'{"rows": [{"event": "O-1", "mass_kg": NaN}]}', "june.json"), Place(code="json.malformed", row=2),
    ),
    "a key twice in JSON": (
        raw(b'[{"event": "O-1", "event": "O-2"}]', "june.json"),
        Place(code="json.duplicate-key", row=2, column="event"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_cell_is_named_and_nothing_is_posted(lodeline: Lodeline, tmp_path: Path, name: str) -> None:
    make, place = REFUSED[name]
    path = make(tmp_path)
    before = lodeline("verify", "--json").document
    for command in ("check", "file"):
        answer = lodeline(command, path, *ENVELOPE, "--json")
        assert answer.status == 1 and answer.document["accepted"] is False and answer.document["receipt"] is None
        assert place.among(answer.document["problems"]), answer.document["problems"]
        assert all(problem["where"]["file"] == str(path) for problem in answer.document["problems"][:1])
    assert lodeline("verify", "--json").document == before


ACCEPTED: dict[str, tuple[Callable[[Path], Path], list[Place]]] = {
    "full-width digits": (text(HEADER, origin(mass_kg="１２．５")), []),
    "a byte order mark": (raw(b"\xef\xbb\xbf" + GOOD.encode()), []),
    "semicolons": (text(*(line.replace(",", ";") for line in GOOD.splitlines())), []),
    "tabs": (text(*(line.replace(",", "\t") for line in GOOD.splitlines())), []),
    "dates as dates": (workbook(put("C3", datetime(2025, 6, 4))), []),
    "dates as serial numbers": (
        workbook(put("C3", 45812)), [Place(code="date.serial", row=3, column="on", severity="flag")],
    ),
    "an unknown column": (
        text(f"{HEADER},colour", f"{ORIGIN},red"),
        [Place(code="column.unknown", row=1, column="colour", severity="flag")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_can_be_understood_is_taken(nowhere: Lodeline, tmp_path: Path, name: str) -> None:
    make, places = ACCEPTED[name]
    answer = nowhere("check", make(tmp_path), *ENVELOPE, "--json")
    assert answer.status == 0, answer.out
    problems = answer.document["problems"]
    assert len(problems) == len(places) and all(place.among(problems) for place in places), problems


def test_full_width_digits_are_the_number_they_show(lodeline: Lodeline, tmp_path: Path) -> None:
    path = write(tmp_path / "june.csv", HEADER, origin(mass_kg="１２．５"))
    assert lodeline("file", path, *ENVELOPE).status == 0
    rows = lodeline("balance", "--element", "TREO", "--json").document["rows"]
    assert [row["origin_kg"] for row in rows] == ["7.5"]


_MEASURED = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr)
sys.exit(status)
"""


def measured(lodeline: Lodeline, *words: object) -> tuple[int, Any, int]:
    """(status, JSON, most memory held in bytes) of the installed program."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, PROGRAM, *map(str, words)], capture_output=True, text=True, check=False,
        env=os.environ | lodeline.environment(),
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout), int(done.stderr)


def refused_within_bounds(lodeline: Lodeline, path: Path, place: Place, memory_bytes: int = MEMORY_BYTES) -> None:
    status, document, held_bytes = measured(lodeline, "file", path, *ENVELOPE, "--json")
    assert status == 1 and document["receipt"] is None
    assert place.among(document["problems"]), document["problems"]
    assert held_bytes < memory_bytes, f"{held_bytes / 1024**2:.0f} MiB"
    assert lodeline("verify", "--json").document["size"] == 1


@pytest.mark.ci
@pytest.mark.medium
def test_two_hundred_megabytes_in_one_cell(lodeline: Lodeline, tmp_path: Path) -> None:
    path = tmp_path / "june.csv"
    with path.open("w") as stream:
        stream.write(f"{HEADER},note\n{ORIGIN},")
        for _ in range(200):
            stream.write("x" * 1_000_000)
        stream.write("\n")
    refused_within_bounds(lodeline, path, Place(code="cell.too-long", row=2, column="note"))


def bomb(path: Path, *, unpacked_mb: int) -> Path:
    """A workbook whose sheet is a few kilobytes that unpack to `unpacked_mb`."""
    workbook(lambda _: None)(path.parent)
    with zipfile.ZipFile(path.parent / "june.xlsx") as right, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for member in right.infolist():
            with made.open(member.filename, "w", force_zip64=True) as stream:
                content = right.read(member)
                stream.write(content.removesuffix(b"</worksheet>"))
                if member.filename.startswith("xl/worksheets/"):
                    for _ in range(unpacked_mb):
                        stream.write(b" " * 1_000_000)
                    stream.write(b"</worksheet>")
    return path


@pytest.mark.medium
def test_a_zip_bomb_is_not_unpacked(lodeline: Lodeline, tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.xlsx", unpacked_mb=300)
    assert path.stat().st_size < 1_000_000
    refused_within_bounds(lodeline, path, Place(code="file.zip-bomb"), MEMORY_BYTES // 2)


@pytest.mark.medium
def test_a_zip_bomb_that_lies_about_its_size_is_found_out(lodeline: Lodeline, tmp_path: Path) -> None:
    path = bomb(tmp_path / "bomb.xlsx", unpacked_mb=300)
    with zipfile.ZipFile(path) as book:
        size = next(one.file_size for one in book.infolist() if one.filename.startswith("xl/worksheets/"))
    content = path.read_bytes()
    assert content.count(size.to_bytes(4, "little")) >= 1
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (5_000).to_bytes(4, "little")))
    refused_within_bounds(lodeline, path, Place(code="file.damaged"), MEMORY_BYTES // 2)


@pytest.mark.ci
@pytest.mark.medium
def test_a_million_rows_with_one_bad_cell_in_the_last(lodeline: Lodeline, tmp_path: Path) -> None:
    rows = 1_000_000
    path = tmp_path / "june.csv"
    with path.open("w") as stream:
        stream.write(f"{HEADER}\n")
        for first in range(0, rows - 1, 111_111):
            stream.write("".join(f"O-{n},origin,2025-06-03,PLANT,ORE-{n},concentrate,1250.5,TREO=60,mined,MINE-1\n"
                                 for n in range(first, first + 111_111)))  # fmt: skip
        stream.write(origin(event="O-last", lot="ORE-last", mass_kg="12S0.5") + "\n")
    status, document, held_bytes = measured(lodeline, "file", path, *ENVELOPE, "--json")
    assert status == 1
    found = [(one["code"], one["where"]["row"], one["where"]["column"]) for one in document["problems"]]
    assert found == [("number.invalid", rows + 1, "mass_kg")]
    assert held_bytes < 2 * 1024**3, f"{held_bytes / 1024**2:.0f} MiB"
    assert lodeline("verify", "--json").document["size"] == 1
