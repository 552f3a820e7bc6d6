"""One row as canonical bytes: its typed cells in column order, each behind its length, so that no two rows share them.

`1|6:EVT-00110:transfer…`: the encoding version, then each cell of `schema.CELLS` as `<bytes in UTF-8>:<text>`,
and `-` for an empty cell. Integers are decimal, dates ISO 8601, text is NFC as filed. The leaf hash of a row
is made from this text, so neither it nor the order of the columns may change within one version. What may be added, and
what a new version needs, stands in docs/reference/journal.md ("Cells of a row").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from lodeline.filing.schema import CELLS, LATER

VERSION = "1"
#: Rows hashed at a time; bounds the memory of a digest.
_PIECE_ROWS = 65_536

Cell = str | int | date | None


def cells(
    rows: pl.DataFrame, schema: Mapping[str, pl.DataType] = CELLS, *, later: Sequence[str] = LATER
) -> pl.Series:  # fmt: skip
    """(n,) String: the canonical text of each row of a frame with the columns of `schema`, those of a filing.

    `later`: the last cells, where rows of an earlier time had not got them. A row is written up to the last of them
    that it fills, so that the text of earlier rows and its hash stay what they are.
    """
    known = _ENCODED if schema is CELLS else {name: _encoded(name, dtype) for name, dtype in schema.items()}
    encoded = [_EMPTY if rows[name].null_count() == rows.height else known[name] for name in schema]
    if later:
        assert list(later) == list(schema)[-len(later) :], "a cell in between would shift the others"
        written = [pl.any_horizontal(pl.col(one).is_not_null() for one in later[at:]) for at in range(len(later))]
        encoded[-len(later) :] = [
            pl.when(filled).then(known[name]).otherwise(pl.lit("")) for name, filled in zip(later, written, strict=True)
        ]
    text = pl.concat_str(_VERSION, *encoded).alias("cells")
    return rows.lazy().select(text).collect().to_series() if rows.height else pl.Series("cells", [], pl.String())


def _encoded(name: str, dtype: pl.DataType) -> pl.Expr:
    text = pl.col(name).dt.to_string("iso") if dtype == pl.Date else pl.col(name).cast(pl.String)
    return (text.str.len_bytes().cast(pl.String) + ":" + text).fill_null("-")


# Built once: for a small filing, building the expressions would take longer than running them.
_ENCODED = {name: _encoded(name, dtype) for name, dtype in CELLS.items()}
_EMPTY = pl.lit("-")
_VERSION = pl.lit(VERSION + "|")


def digest(canonical: pl.Series) -> str:
    """SHA-256 in hex over the canonical rows in order, each ended by a line feed.

    Two tables with the same digest are the same table: rows have a fixed number of length-prefixed cells.
    """
    hashed = hashlib.sha256()
    for begin in range(0, len(canonical), _PIECE_ROWS):
        piece = canonical.slice(begin, _PIECE_ROWS)
        hashed.update((piece.str.join("\n").item() + "\n").encode("utf-8"))
    return hashed.hexdigest()


def parse_cells(
    canonical: bytes, schema: Mapping[str, pl.DataType] = CELLS, *, later: Sequence[str] = LATER
) -> dict[str, Cell]:  # fmt: skip
    """The typed cells of one canonical row, by the names of `schema`; `later` as in `cells`.

    Raises ValueError for anything that `cells` does not write.
    """
    prefix = (VERSION + "|").encode()
    if not canonical.startswith(prefix):
        raise ValueError(f"not encoding version {VERSION}: {canonical[:8]!r}")
    place = len(prefix)
    found: dict[str, Cell] = {}
    for name, dtype in schema.items():
        if name in later and place == len(canonical):
            break
        text, place = _next_text(canonical, place)
        found[name] = None if text is None else _typed(text, dtype)
    if place != len(canonical):
        raise ValueError(f"{len(canonical) - place} bytes behind the last cell")
    last = next(reversed(found))
    if last in later and found[last] is None:
        raise ValueError(f"an empty {last} is not written at the end")
    return {name: found.get(name) for name in schema}


def _next_text(canonical: bytes, place: int) -> tuple[str | None, int]:
    if canonical[place : place + 1] == b"-":
        return None, place + 1
    colon = canonical.find(b":", place)
    length = canonical[place:colon]
    if colon < 0 or not length.isdigit() or (length.startswith(b"0") and length != b"0"):
        raise ValueError(f"no cell begins at byte {place}")
    end = colon + 1 + int(length)
    if end > len(canonical):
        raise ValueError(f"the cell at byte {place} is cut off")
    return canonical[colon + 1 : end].decode("utf-8"), end


def _typed(text: str, dtype: pl.DataType) -> Cell:
    value: Cell = text
    if dtype == pl.Date:
        value = date.fromisoformat(text)
    elif dtype == pl.Int64:
        value = int(text)
    if str(value) != text:
        raise ValueError(f"not written canonically: {text!r}")
    return value
