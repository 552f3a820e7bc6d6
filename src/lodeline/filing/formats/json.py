"""JSON and NDJSON, read strictly and one row at a time: numbers keep the text in which they were written.

A document is `{"organisation", "period", "corrects", "rows": […]}`; its first row is row 2, as if a header
stood before it. In NDJSON, which has rows only, the row is the number of the line.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import polars as pl

from lodeline.filing.formats import Envelope, Limits, Sheet, unreadable
from lodeline.ledger.problem import Problem, Where, problem

_PIECE_ROWS = 50_000
#: What may be in a JSON string and is no text: U+0000 and half of a surrogate pair.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n]*")


class _Object(dict[str, Any]):
    """An object that remembers which of its keys stood twice."""

    twice: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found.twice = tuple(sorted({name for name in names if names.count(name) > 1}))
    return found


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON number", name, 0)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_no_constant, strict=True
)


class _MalformedError(Exception):
    """The document ends here as far as it can be understood; carries the problem."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.code)
        self.found = found


def read_json(path: Path, file: str, limits: Limits) -> Sheet:
    """The rows of a JSON document; a bare array of rows is read like one without an envelope."""
    text = _text(path, file, limits)
    if isinstance(text, Problem):
        return unreadable(text)
    rows = _Rows(file=file, limits=limits)
    try:
        envelope = _document(text, file, rows)
    except _MalformedError as error:
        return unreadable(error.found)
    return rows.sheet(envelope)


def read_ndjson(path: Path, file: str, limits: Limits) -> Sheet:
    """The rows of an NDJSON file, one object a line; empty lines are skipped and counted."""
    text = _text(path, file, limits)
    if isinstance(text, Problem):
        return unreadable(text)
    rows = _Rows(file=file, limits=limits)
    try:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip(" \t\r"):
                value, end = _value(line, _skip(line, 0), file, number)
                if _skip(line, end) != len(line):
                    raise _MalformedError(
                        problem("json.malformed", Where(file=file, row=number), detail="more behind the row")
                    )
                rows.add(value, number)
    except _MalformedError as error:
        return unreadable(error.found)
    return rows.sheet(Envelope())


def _text(path: Path, file: str, limits: Limits) -> str | Problem:
    size = path.stat().st_size
    if size > limits.json_bytes:
        return problem("file.too-large", Where(file=file), bytes=size, limit=limits.json_bytes)
    content = path.read_bytes()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return problem("file.encoding", Where(file=file), offset=0, line=1, guess="UTF-16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return problem("file.encoding", Where(file=file), offset=error.start, line=line, guess="GBK")
    return text if text.strip() else problem("file.empty", Where(file=file))


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def _value(text: str, place: int, file: str, row: int | None) -> tuple[Any, int]:
    """One JSON value and the place behind it; raises _MalformedError, naming the row."""
    try:
        return _DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        detail = error.msg if error.doc != text else f"{error.msg} (line {error.lineno}, column {error.colno})"
        raise _MalformedError(problem("json.malformed", Where(file=file, row=row), detail=detail)) from None
    except RecursionError:
        raise _MalformedError(
            problem("json.malformed", Where(file=file, row=row), detail="nested too deeply")
        ) from None


def _document(text: str, file: str, rows: _Rows) -> Envelope:
    """Hands each row to `rows` as it is decoded, so that the document never stands in memory as objects."""
    place = _skip(text, 0)
    if text[place] == "[":
        place = _array(text, place, file, rows)
        _expect_end(text, place, file)
        return Envelope()
    if text[place] != "{":
        raise _MalformedError(problem("json.not-a-table", Where(file=file), expected='{"rows": […]}'))
    found: dict[str, Any] = {}
    place = _skip(text, place + 1)
    while text[place : place + 1] != "}":
        name, place = _value(text, place, file, None)
        place = _skip(text, place)
        if not isinstance(name, str) or text[place : place + 1] != ":":
            raise _MalformedError(problem("json.malformed", Where(file=file), detail=f"no key at character {place}"))
        if name in found:
            raise _MalformedError(problem("json.duplicate-key", Where(file=file), key=name))
        place = _skip(text, place + 1)
        if name == "rows" and text[place : place + 1] == "[":
            found[name], place = True, _array(text, place, file, rows)
        else:
            found[name], place = _value(text, place, file, None)
        place = _after(text, place, "}", file)
    _expect_end(text, place + 1, file)
    if found.get("rows") is not True:
        raise _MalformedError(problem("json.not-a-table", Where(file=file), expected='{"rows": […]}'))
    return Envelope(
        **{name: _envelope_text(found.get(name), name, file) for name in ("organisation", "period", "corrects")}
    )


def _array(text: str, place: int, file: str, rows: _Rows) -> int:
    """The place behind an array of rows that begins at `place`."""
    place, number = _skip(text, place + 1), 2
    while text[place : place + 1] != "]":
        value, place = _value(text, place, file, number)
        rows.add(value, number)
        number += 1
        place = _after(text, place, "]", file, number)
    return place + 1


def _after(text: str, place: int, closing: str, file: str, row: int | None = None) -> int:
    """Behind the comma that follows a member, or at the closing bracket."""
    place = _skip(text, place)
    mark = text[place : place + 1]
    if mark == ",":
        place = _skip(text, place + 1)
        if text[place : place + 1] != closing:
            return place
    elif mark == closing:
        return place
    raise _MalformedError(
        problem("json.malformed", Where(file=file, row=row), detail=f"expected , or {closing} at character {place}")
    )


def _expect_end(text: str, place: int, file: str) -> None:
    if _skip(text, place) != len(text):
        raise _MalformedError(problem("json.malformed", Where(file=file), detail="more behind the document"))


def _envelope_text(value: Any, name: str, file: str) -> str | None:
    if value is None or (isinstance(value, str) and not _NO_TEXT.search(value)):
        return value
    raise _MalformedError(problem("json.not-a-table", Where(file=file, column=name), expected=f'"{name}": "…"'))


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Gathers rows into columns; every piece of rows becomes a frame, so that memory stays near that of the cells."""

    file: str
    limits: Limits
    names: dict[str, int] = field(default_factory=dict)
    columns: list[list[str | None]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, value: Any, number: int) -> None:
        where = Where(file=self.file, row=number)
        if not isinstance(value, _Object):
            raise _MalformedError(problem("json.not-a-table", where, expected="{…}"))
        if self.count >= self.limits.rows:
            raise _MalformedError(problem("file.too-many-rows", where, limit=self.limits.rows))
        self.problems += [
            problem("json.duplicate-key", Where(file=self.file, row=number, column=k), key=k) for k in value.twice
        ]
        held = len(self.numbers)
        for name, cell in value.items():
            place = self.names.get(name)
            if place is None:
                place = self._new_column(name, where)
            column = self.columns[place]
            column += [None] * (held - len(column))
            column.append(self._cell(name, cell, number))
        self.numbers.append(number)
        self.count += 1
        if len(self.numbers) >= _PIECE_ROWS:
            self._close_piece()

    def _new_column(self, name: str, where: Where) -> int:
        if _NO_TEXT.search(name):
            raise _MalformedError(problem("json.malformed", where, detail="a key that is no text"))
        if len(self.names) >= self.limits.columns:
            raise _MalformedError(
                problem("column.too-many", where, count=len(self.names) + 1, limit=self.limits.columns)
            )
        self.names[name] = len(self.columns)
        self.columns.append([])
        return self.names[name]

    def _cell(self, name: str, cell: Any, number: int) -> str | None:
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if cell is None:
            return None
        where = Where(file=self.file, row=number, column=name)
        if not isinstance(cell, str):
            self.problems.append(problem("cell.not-scalar", where))
        elif len(cell) > self.limits.cell_characters:
            self.problems.append(problem("cell.too-long", where, limit=self.limits.cell_characters))
        elif _NO_TEXT.search(cell):
            self.problems.append(problem("cell.not-text", where))
        else:
            return cell or None
        return None

    def _close_piece(self) -> None:
        height = len(self.numbers)
        data = {str(i): column + [None] * (height - len(column)) for i, column in enumerate(self.columns)}
        schema = dict.fromkeys(data, pl.String()) | {"row": pl.UInt32()}
        self.frames.append(pl.DataFrame(data | {"row": self.numbers}, schema=schema))
        self.columns = [[] for _ in self.columns]
        self.numbers = []

    def sheet(self, envelope: Envelope) -> Sheet:
        self._close_piece()
        whole = pl.concat(self.frames, how="diagonal")
        if not self.names:
            # Records without a cell are empty rows: there is nothing that a reader could be right or wrong about.
            whole = whole.clear()
        cells = whole.select(str(i) for i in range(len(self.names)))
        return Sheet(
            header=tuple(self.names), cells=cells, rows=whole["row"], envelope=envelope, problems=tuple(self.problems)
        )
