"""A table of text becomes a frame of typed cells in one select; only what is written unusually costs more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from lodeline.filing.cell import FREE_TEXT, PARSERS, Parser, Read, trimmed
from lodeline.filing.columns.header import UNKNOWN_MARK
from lodeline.filing.schema import CELLS, COLUMNS, MASS_COLUMNS

_TYPED_NAME = {column.name: column.typed for column in COLUMNS}
#: Built once: a filing of sixty rows spends more on building expressions than on running them.
_PLAIN = {name: parser.plain(pl.col(name)).alias(name) for name, parser in PARSERS.items()}
_ALL_PLAIN = {
    name: parser.is_plain(pl.col(name)).all() for name, parser in PARSERS.items() if parser.dtype == pl.String()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """`frame`: the columns of `CELLS` but `extra`, then `source`, `row` and `place`, the
    position, in the order of the rows filed.

    A cell that could not be read is null. `faults`: column as filed → (n,) String, the code of what is wrong
    or remarkable with the cell, null elsewhere; `reads` holds the distinct texts behind those codes.
    """

    frame: pl.DataFrame
    faults: dict[str, pl.Series]
    reads: dict[str, dict[str, Read]]


def typed(frame: pl.DataFrame) -> Typed:
    """Typed cells of a table's text frame."""
    names = [name for name in _PLAIN if name in frame.columns]
    # A text column that is plain throughout is its own result: in a large filing most are, and none is copied.
    texts = [name for name in names if name in _ALL_PLAIN]
    kept = frame.select(_ALL_PLAIN[name] for name in texts).row(0, named=True) if texts else {}
    cells = frame.select(*(name if kept.get(name) else _PLAIN[name] for name in names), "source", "row")
    faults: dict[str, pl.Series] = {}
    reads: dict[str, dict[str, Read]] = {}
    for name in names:
        # Counts of nulls are kept with a column, so asking for open cells costs nothing where there are none.
        if cells[name].null_count() == frame[name].null_count():
            continue
        if PARSERS[name] is FREE_TEXT:
            cells = cells.with_columns(frame.select(trimmed(pl.col(name).str.normalize("NFC")).alias(name)))
            continue
        values, codes, found = read_others(frame[name], cells[name], PARSERS[name])
        cells = cells.with_columns(values)
        if codes is not None:
            faults[name], reads[name] = codes, found
    return Typed(frame=_in_order(cells), faults=faults, reads=reads)


def read_others(
    text: pl.Series, plain: pl.Series, parser: Parser
) -> tuple[pl.Series, pl.Series | None, dict[str, Read]]:
    """(values, codes or None, distinct texts read) of a column: `plain`, and what `parser` reads where that is null."""
    open_cells = text.filter(text.is_not_null() & plain.is_null()).unique().to_list()
    reads = {one: parser.other(one) for one in open_cells}
    values: list[Any] = [read.value for read in reads.values()]
    mapped = text.replace_strict(open_cells, pl.Series(values, dtype=parser.dtype), default=None)
    whole = pl.select(pl.coalesce(plain, mapped.alias(plain.name))).to_series()
    coded = {one: read for one, read in reads.items() if read.code is not None}
    if not coded:
        return whole, None, coded
    codes = text.replace_strict(
        list(coded), [read.code for read in coded.values()], default=None, return_dtype=pl.String()
    )
    return whole, codes, coded


def _in_order(cells: pl.DataFrame) -> pl.DataFrame:
    """The columns of `CELLS` in order, absent ones null; the mass from whichever unit it was stated in."""
    masses = [name for name in MASS_COLUMNS if name in cells.columns]
    columns: list[pl.Expr] = []
    for name, typed_name in _TYPED_NAME.items():
        if name == "mass_kg":
            mass = pl.coalesce(masses) if masses else pl.lit(None, pl.Int64())
            columns.append(mass.alias(typed_name))
        elif name in cells.columns:
            columns.append(pl.col(name).alias(typed_name))
        else:
            columns.append(pl.lit(None, CELLS[typed_name]).alias(typed_name))
    # A select of nothing but literals has one row; the address columns give it the right height.
    place = pl.int_range(pl.len(), dtype=pl.UInt32).alias("place")
    return cells.select(*columns, "source", "row", place)


def extra(frame: pl.DataFrame) -> pl.Series | pl.Expr:
    """`extra`: canonical JSON (RFC 8785) of the filled unknown columns of each row, null where none is filled."""
    names = [name for name in frame.columns if name.startswith(UNKNOWN_MARK)]
    if not names:
        return pl.lit(None, pl.String()).alias("extra")
    # RFC 8785 orders the names by their UTF-16 code units.
    members = [_member(name) for name in sorted(names, key=lambda name: name.encode("utf-16-be"))]
    joined = pl.concat_str(members, separator=",", ignore_nulls=True)
    filled = pl.any_horizontal(member.is_not_null() for member in members)
    return frame.select(pl.when(filled).then("{" + joined + "}").alias("extra")).to_series()


_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(0x20)} | {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def _member(name: str) -> pl.Expr:
    key = "".join(_ESCAPES.get(character, character) for character in name.removeprefix(UNKNOWN_MARK))
    value = trimmed(pl.col(name).str.normalize("NFC")).str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return pl.lit(f'"{key}":"') + value + '"'
