"""The records of other authorities as tables: which columns an invoice and a customs line have, and how each is read.

The names are fixed by the exchange format (docs/reference/feeds.md); the order of the columns is the order of the
cells in a row's leaf and never changes within one encoding version. A customs line has the columns of a declaration
but for what the desk alone asks, and which way it went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, get_args

import polars as pl

from lodeline.filing.canonical import cells
from lodeline.filing.cell import FREE_TEXT, PARSERS, Parser, choice_parser
from lodeline.filing.names import folded
from lodeline.tables import table_rows

Feed = Literal["invoices", "customs"]
FEEDS: Final[tuple[Feed, ...]] = get_args(Feed)

#: Words for a code beside the code itself.
_MEANT: Final[Mapping[str, Mapping[str, str]]] = {
    "invoice-kind": {
        "special": "special", "专用": "special", "专票": "special", "增值税专用发票": "special", "专用发票": "special",
        "ordinary": "ordinary", "普通": "ordinary", "普票": "ordinary", "增值税普通发票": "ordinary",
        "普通发票": "ordinary",
    },
    "direction": {"import": "import", "进口": "import", "export": "export", "出口": "export"},
    "customs-status": {
        "released": "released", "放行": "released", "exited": "exited", "离境": "exited", "已入境": "exited",
        "returned": "returned", "退运": "returned",
    },
}  # fmt: skip
_PARSED_AS: Final[Mapping[str, Parser]] = {
    "date": PARSERS["on"], "mass": PARSERS["mass_kg"], "decimal": PARSERS["value"], "currency": PARSERS["currency"],
    "country": PARSERS["destination"], "hs-code": PARSERS["hs_code"], "integer": PARSERS["pieces"],
    "percent": PARSERS["moisture_pct"], **{name: choice_parser(meant) for name, meant in _MEANT.items()},
}  # fmt: skip
_TYPED_NAME: Final = {"mass_kg": "mass_mg", "re_total_pct": "re_total_ppb"}
#: What identifies the thing that a row is about: stated again in a later feed, it replaces what stood.
IDENTITY: Final[Mapping[Feed, tuple[str, ...]]] = {"invoices": ("number",), "customs": ("declaration", "line")}
#: What identifies a row within one file.
ROW_IDENTITY: Final[Mapping[Feed, tuple[str, ...]]] = {
    "invoices": ("number", "line"), "customs": ("declaration", "line"),
}  # fmt: skip
#: What the desk asks of a declaration and no record of customs tells.
_DESK_ALONE: Final = frozenset({"composition_of", "assay_of", "export_licence", "movement"})
#: Cells that rows of an earlier time had not, as `schema.LATER`.
LATER: Final[Mapping[Feed, tuple[str, ...]]] = {"invoices": ("line",), "customs": ()}
#: Customs lines need these beyond what a declaration needs to get an answer.
_CUSTOMS_REQUIRED: Final = frozenset({"declaration", "line", "on", "product_name", "hs_code", "mass_kg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedColumn:
    """One column as sent; `typed` is its name once read, with its unit."""

    name: str
    typed: str
    names_zh: tuple[str, ...]
    type: str
    required: str
    description: Mapping[str, str]
    example: str

    @property
    def parser(self) -> Parser:
        """What reads its cells; what has no form of its own is kept as sent."""
        return _PARSED_AS.get(self.type, FREE_TEXT)

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes that a cell may hold; empty where it may hold anything."""
        return tuple(sorted(set(_MEANT.get(self.type, {}).values())))


@cache
def columns(feed: Feed) -> dict[str, FeedColumn]:
    """The columns of a feed by name, in the order of its cells."""
    rows = [row for row in _rows("feed_columns.csv") if row["feed"] == feed]
    if feed == "customs":
        declared = [
            {**row, "required": "no"} for row in _rows("declaration_columns.csv") if row["name"] not in _DESK_ALONE
        ]
        rows = [*declared, *rows]
        for row in rows:
            row["required"] = "yes" if row["name"] in _CUSTOMS_REQUIRED else row["required"]
    return {
        row["name"]: FeedColumn(
            name=row["name"], typed=_TYPED_NAME.get(row["name"], row["name"]),
            names_zh=tuple(row["names_zh"].split("|")), type=row["type"], required=row["required"],
            description={"en": row["description_en"], "zh": row["description_zh"]}, example=row["example"],
        )
        for row in rows
    }  # fmt: skip


@cache
def feed_cells(feed: Feed) -> dict[str, pl.DataType]:
    """The cells of a row as they are read, stored and hashed: masses in mg, shares in ppb, days as dates, else text."""
    typed = {one.typed: one.parser.dtype for one in columns(feed).values()}
    later = {name: typed.pop(name) for name in LATER[feed]}
    return {**typed, "extra": pl.String(), **later}


def feed_text(rows: pl.DataFrame, feed: Feed) -> pl.Series:
    """(n,) String: the canonical text of each row of a feed (`canonical.cells`)."""
    return cells(rows, feed_cells(feed), later=LATER[feed])


@cache
def column_by_folded(feed: Feed) -> dict[str, str]:
    """Folded header, in English or Chinese → column."""
    return {folded(name): one.name for one in columns(feed).values() for name in (one.name, *one.names_zh)}


def feed_of(header: tuple[str, ...]) -> Feed | None:
    """Which feed a header is of: the one of which it has every column that a row cannot do without."""
    names = {folded(name) for name in header}
    for feed in FEEDS:
        found = {column for name, column in column_by_folded(feed).items() if name in names}
        if set(IDENTITY[feed]) <= found and {"kind", "direction"} & found and {"mass_kg", "product_name"} & found:
            return feed
    return None


def _rows(name: str) -> list[dict[str, str]]:
    return table_rows(f"reference/{name}")
