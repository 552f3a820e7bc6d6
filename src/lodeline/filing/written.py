"""Typed rows as the text of the format again: what is written here and checked gives the same cells.

Masses are in kg, shares in %, compositions on the element basis, because that is how they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lodeline.filing.schema import CELLS, COLUMNS
from lodeline.material.mass import MG_PER_KG, PPB_PER_PERCENT

#: Column as filed → its name once typed.
TYPED: Mapping[str, str] = {column.name: column.typed for column in COLUMNS}


def kg_text(mass_mg: pl.Expr) -> pl.Expr:
    """`material.mass.format_kg` as an expression over Int64."""
    return _decimal_text(mass_mg, MG_PER_KG, 6)


def percent_text(share_ppb: pl.Expr) -> pl.Expr:
    """The shortest decimal percent text of Int64 parts per billion."""
    return _decimal_text(share_ppb, PPB_PER_PERCENT, 7)


def _decimal_text(number: pl.Expr, unit: int, decimals: int) -> pl.Expr:
    size = number.abs()
    fraction = (size % unit).cast(pl.String).str.zfill(decimals).str.strip_chars_end("0")
    return pl.concat_str(
        pl.when(number < 0).then(pl.lit("-")).otherwise(pl.lit("")),
        (size // unit).cast(pl.String),
        pl.when(fraction == "").then(pl.lit("")).otherwise(pl.lit(".") + fraction),
    )


def composition_text(canonical: pl.Expr) -> pl.Expr:
    """Canonical text in ppb (`Nd=241000000`) as percent of dry mass (`Nd=24.1`)."""
    part = pl.element()
    percent = percent_text(part.str.extract("=(.*)$", 1).cast(pl.Int64))
    return canonical.str.split(";").list.eval(part.str.extract("^(.*=)", 1) + percent).list.join(";")


def cell_text(column: str) -> pl.Expr:
    """A column of the format as text, from the typed cells."""
    typed = TYPED[column]
    cell = pl.col(typed)
    if column == "mass_kg":
        return kg_text(cell).alias(column)
    if column == "moisture_pct":
        return percent_text(cell).alias(column)
    if column == "composition":
        return composition_text(cell).alias(column)
    if CELLS[typed] == pl.Date:
        return cell.dt.to_string("iso").alias(column)
    return cell.cast(pl.String).alias(column)


def written(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as text: one String column for each column of the format, in its order.

    `rows` has the columns of `schema.CELLS`. A composition stated on oxides is written on the element basis and says
    so; a firm's own further columns are left out.
    """
    basis = pl.when(pl.col("composition").is_not_null() & pl.col("basis").is_not_null()).then(pl.lit("element"))
    return rows.select(basis.alias("basis") if name == "basis" else cell_text(name) for name in TYPED)


def table_csv(text: pl.DataFrame) -> bytes:
    """Text columns as CSV in UTF-8 with its mark, so that a spreadsheet reads the Chinese in it."""
    return b"\xef\xbb\xbf" + text.write_csv().encode()


def filled_cells(row: Mapping[str, Any]) -> dict[str, str]:
    """The filled cells of one written row."""
    return {name: text for name, text in row.items() if isinstance(text, str) and text}
