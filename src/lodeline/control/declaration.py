"""A customs declaration as filed: every line is read, and what cannot be read is named with its cell, never dropped.

The files are read by the same bounded readers as filings; the columns are those of
`data/reference/declaration_columns.csv`, in any order, in English or Chinese.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from lodeline.control.goods.other_matter import is_other_matter
from lodeline.control.labels import LABELS, SHORT_LABELS
from lodeline.control.loose_cells import READERS
from lodeline.filing.cell import PARSERS, Read, compatible
from lodeline.filing.columns.header import column_letter
from lodeline.filing.formats import Limits, Sheet
from lodeline.filing.names import folded, header_words
from lodeline.filing.table import read_sheet
from lodeline.ledger.problem import Problem, Severity, Where, problem
from lodeline.material.composition import BASES, CompositionError, Stated, read_stated
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.tables import table_rows

Cells = Mapping[str, Any]
_YES_NO = {
    **dict.fromkeys(("yes", "y", "true", "1", "是"), True),
    **dict.fromkeys(("no", "n", "false", "0", "否"), False),
}
#: Whose a composition is: of the whole goods, or of the magnet inside.
_MEASURED_ON = {
    **dict.fromkeys(("goods", "whole", "整件货物", "整件", "货物"), "goods"),
    **dict.fromkeys(("magnet", "货物内的磁体", "内含磁体", "磁体"), "magnet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a declaration; `type` names how its cells are read."""

    name: str
    names_zh: tuple[str, ...]
    type: str
    required: bool
    description: Mapping[str, str]
    example: str


@cache
def columns() -> dict[str, Column]:
    """The columns by name, in the order of the reference table."""
    return {
        row["name"]: Column(
            name=row["name"],
            names_zh=tuple(row["names_zh"].split("|")),
            type=row["type"],
            required=row["required"] == "yes",
            description={"en": row["description_en"], "zh": row["description_zh"]},
            example=row["example"],
        )
        for row in table_rows("reference/declaration_columns.csv")
    }


_NAMES = frozenset(columns())
assert set(LABELS) == _NAMES and set(SHORT_LABELS) < _NAMES, "every column has its label"
_REQUIRED = tuple(one.name for one in columns().values() if one.required)


@cache
def _name_by_folded() -> dict[str, str]:
    labels = {**header_words(SHORT_LABELS), **header_words(LABELS)}
    names = {name: one.name for one in columns().values() for name in (one.name, *one.names_zh)}
    return {folded(name): column for name, column in {**labels, **names}.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a declaration. `cells`: the text as filed, by column; `values`: what was read of it.

    A cell that could not be read has a problem and no value. `values` holds text, but: `on` date; `mass_kg` int
    in mg; `models_in_lot` int; `re_total_pct` int in ppb; `controlled_declared` bool; `composition` and
    `assay_composition` Stated.
    """

    row: int
    cells: Mapping[str, str]
    values: Cells
    problems: tuple[Problem, ...] = ()

    def __getitem__(self, column: str) -> Any:
        found = self.values.get(column)
        assert found is not None or column in _NAMES, f"a declaration has no column {column}"
        return found

    @property
    def composition(self) -> Stated | None:
        stated: Stated | None = self.values.get("composition")
        return stated

    @property
    def assay(self) -> Stated | None:
        found: Stated | None = self.values.get("assay_composition")
        return found

    @property
    def is_read(self) -> bool:
        """Whether every filled cell could be read and every needed one is filled."""
        return all(one.severity == "flag" for one in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The lines of a file and what is wrong with the file itself; `readable` is False if no line could be trusted."""

    lines: tuple[Line, ...] = ()
    problems: tuple[Problem, ...] = ()
    readable: bool = True

    @property
    def is_clear(self) -> bool:
        """Whether nothing about the file as a whole casts doubt on its lines."""
        return all(one.severity == "flag" for one in self.problems)


def read_declaration(path: Path, *, file: str | None = None, limits: Limits | None = None) -> Declaration:
    """The lines of a CSV, XLSX, JSON or NDJSON file. Never raises on what the file contains."""
    name = file if file is not None else str(path)
    sheet = read_sheet(path, name, limits or Limits())
    if not sheet.readable:
        return Declaration(problems=sheet.problems, readable=False)
    where = Where(file=name, sheet=sheet.name)
    names, found = _match_header(sheet, where)
    if not sheet.cells.height:
        found.append(problem("declaration.no-lines", where))
        return Declaration(problems=(*sheet.problems, *found), readable=False)
    needed = [one.name for one in columns().values() if one.required and one.name not in names]
    found += [
        problem("column.missing", replace(where, row=1, column=column), column=column, count=sheet.cells.height)
        for column in needed
    ]
    lines = _lines(sheet, names, where)
    by_row: dict[int, list[Problem]] = {}
    rows = {line.row for line in lines}
    for one in sheet.problems:
        column = _name_by_folded().get(folded(one.where.column or ""), one.where.column)
        named = replace(one, where=replace(one.where, column=column))
        if one.where.row in rows:
            by_row.setdefault(one.where.row, []).append(named)
        else:
            found.append(named)
    return Declaration(lines=_with_problems(lines, by_row, where), problems=tuple(found))


def read_fields(fields: Mapping[str, str]) -> Declaration:
    """One line from named texts, as a form sends them; unknown names are flagged as columns of a file are."""
    where = Where(row=1)
    known: dict[str, str] = {}
    found: list[Problem] = []
    for raw, text in fields.items():
        name = _name_by_folded().get(folded(raw))
        if name is None:
            found.append(
                problem("column.unknown", replace(where, column=raw), header=raw, count=1 if text.strip() else 0)
            )
        elif text.strip():
            known[name] = unicodedata.normalize("NFC", text.strip())
    known = {name: known[name] for name in columns() if name in known}
    return Declaration(lines=(_line(known, 1, Where(), _Reader()),), problems=tuple(found))


def _match_header(sheet: Sheet, where: Where) -> tuple[dict[str, int], list[Problem]]:
    """Column → place in the sheet, and what is unclear about the header."""
    names: dict[str, int] = {}
    found: list[Problem] = []
    for place, raw in enumerate(sheet.header):
        header = unicodedata.normalize("NFC", raw.strip())
        name = _name_by_folded().get(folded(header))
        at = replace(where, row=1, column=name or header or None)
        if not header:
            if sheet.filled(place):
                found.append(problem("column.unnamed", at, letter=column_letter(place)))
        elif name is None:
            found.append(problem("column.unknown", at, header=header, count=sheet.filled(place)))
        elif name in names:
            headers = ", ".join(raw for raw in sheet.header if _name_by_folded().get(folded(raw)) == name)
            found.append(problem("column.twice", at, column=name, headers=headers))
        else:
            names[name] = place
    return names, found


def _lines(sheet: Sheet, names: Mapping[str, int], where: Where) -> list[Line]:
    reader = _Reader()
    texts = [sheet.cells[str(place)].str.strip_chars().to_list() for place in names.values()]
    if not texts:
        return []
    lines: list[Line] = []
    ordered = [(name, texts[list(names).index(name)]) for name in columns() if name in names]
    for place, row in enumerate(sheet.rows):
        cells = {
            name: unicodedata.normalize("NFC", text) for name, column in ordered if (text := column[place])
        }  # fmt: skip
        if cells or any(value for value in sheet.cells.row(place)):
            lines.append(_line(cells, row, where, reader))
    return lines


def _line(cells: Mapping[str, str], row: int, where: Where, reader: _Reader) -> Line:
    values: dict[str, Any] = {}
    found: list[Problem] = []
    basis = compatible(cells.get("basis", "element")).lower()
    for name, text in cells.items():
        own = _with_total(text, cells) if name == "composition" and basis == "reo-share" else text
        read = reader.read(name, own, basis)
        if read.code is not None:
            facts = {"value": text, **dict(read.facts)}
            # What is only a flag in a filing leaves a question here when no value could be taken from it.
            severity: Severity | None = "reject" if read.value is None else None
            found.append(problem(read.code, replace(where, row=row, column=name), severity=severity, **facts))
        if read.value is not None:
            values[name] = read.value
    found += [
        problem("declaration.cell-missing", replace(where, row=row, column=name), column=name)
        for name in _REQUIRED
        if name not in cells
    ]
    return Line(row=row, cells=cells, values=values, problems=tuple(found))


def _with_total(text: str, cells: Mapping[str, str]) -> str:
    """Shares of the rare earths with the total that another column states, where the cell leaves it out."""
    total = cells.get("re_total_pct", "").strip().removesuffix("%")
    return text if not total or "treo" in text.casefold() else f"{text};TREO={total}"


def _with_problems(lines: Sequence[Line], by_row: Mapping[int, list[Problem]], where: Where) -> tuple[Line, ...]:
    """The lines with what the reader said of their rows, and with the numbers that stand twice."""
    counts = Counter((line["declaration"], line["line"]) for line in lines if line["line"])

    def more(line: Line) -> Iterator[Problem]:
        yield from by_row.get(line.row, ())
        if counts[line["declaration"], line["line"]] > 1:
            at = replace(where, row=line.row, column="line")
            yield problem("declaration.line-twice", at, line=str(line["line"]))

    checked = ((line, tuple(more(line))) for line in lines)
    return tuple(replace(line, problems=(*line.problems, *found)) if found else line for line, found in checked)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads each distinct text of a column once."""

    known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def read(self, column: str, text: str, basis: str) -> Any:
        own = basis if column == "composition" else "element"
        known = self.known.setdefault((column, own), {})
        found = known.get(text)
        if found is None:
            found = known[text] = _read(columns()[column].type, text, own)
        return found


def _read(kind: str, text: str, basis: str) -> Any:
    """As the strict form is read; else as people write it, where that can mean one thing, with what was read."""
    found = _PARSERS[kind](text, basis)
    if found.value is not None or kind not in READERS or (strict := READERS[kind](text)) is None:
        return found
    meant = _PARSERS[kind](strict, basis)
    return found if meant.value is None else _Cell(value=meant.value, code="cell.read-as", facts=(("read", strict),))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    value: Any = None
    code: str | None = None
    facts: tuple[tuple[str, str | int], ...] = ()


def _as_filing(column: str, *, negative: str | None = None) -> Callable[[str, str], Any]:
    """Read as the same kind of cell of a filing; `negative` is the code for a figure below zero."""

    def read(text: str, _basis: str) -> Read | _Cell:
        found = PARSERS[column].other(text)
        if negative is not None and found.value is not None and float(str(found.value)) < 0:
            return _Cell(code=negative, facts=(("low", 0), ("high", 10**15)))
        return found

    return read


def _text(text: str, _basis: str) -> _Cell:
    return _Cell(value=text)


def _checked(column: str, pattern: str, code: str) -> Callable[[str, str], Any]:
    """A code that must fit its form; one that does not is no value."""

    def read(text: str, _basis: str) -> _Cell:
        value = PARSERS[column].other(text).value
        return _Cell(value=value) if value and re.fullmatch(pattern, str(value)) else _Cell(code=code)

    return read


def _product(text: str, _basis: str) -> _Cell:
    value = str(PARSERS["product"].other(text).value)
    return _Cell(value=value) if product_kind(value) in PRODUCTS else _Cell(code="product.unknown")


def _choice(values: Mapping[str, Any], shown: str) -> Callable[[str, str], Any]:
    def read(text: str, _basis: str) -> _Cell:
        value = values.get(compatible(text).lower())
        return _Cell(code="choice.unknown", facts=(("choices", shown),)) if value is None else _Cell(value=value)

    return read


def _composition(text: str, basis: str) -> _Cell:
    try:
        return _Cell(value=read_stated(text, basis if basis in BASES else "element"))
    except CompositionError as error:
        if error.code == "composition.treo-missing":
            # Shares of the rare earths alone: how much of the goods these are, the line may say in another column.
            return replace(_composition(f"{text};TREO=100", basis), code="cell.read-as", facts=(("read", "TREO=100"),))
        rest = ";".join(part for part in re.split(r"[;、\n]+", compatible(text)) if part.strip() != error.text)
        if error.code == "composition.unknown-element" and rest:
            found, other = _composition(rest, basis), is_other_matter(error.text)
            return (
                replace(found, code="cell.read-as", facts=(("read", rest),))
                if other and found.value
                else (replace(found, code=error.code))
            )
        total = sum(float(share) for share in re.findall(r"[0-9]+(?:\.[0-9]+)?(?=\s*(?:%|;|$))", compatible(text)))
        return _Cell(code=error.code, facts=(("total_pct", f"{total:g}"),))


def _percent(text: str, _basis: str) -> Read:
    return PARSERS["moisture_pct"].other(text)


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    "text": _text,
    "date": _as_filing("on"),
    "product": _product,
    "hs-code": _checked("hs_code", "[0-9]{6,13}", "hs-code.malformed"),
    "country": _checked("destination", "[A-Z]{2}", "country.unknown"),
    "currency": _checked("currency", "[A-Z]{3}", "currency.malformed"),
    "yes-no": _choice(_YES_NO, "yes, no"),
    "basis": _choice({basis: basis for basis in BASES}, ", ".join(BASES)),
    "whose": _choice(_MEASURED_ON, "goods, magnet"),
    "integer": _as_filing("pieces"),
    "percent": _percent,
    "mass": _as_filing("mass_kg", negative="mass.negative"),
    "decimal": _as_filing("value", negative="number.out-of-range"),
    "composition": _composition,
}
assert {one.type for one in columns().values()} <= _PARSERS.keys(), "every column type has its reader"
