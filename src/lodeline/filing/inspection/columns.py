"""The columns of an inspection's tables: their names in both languages, and how each is read.

The names are fixed by docs/reference/inspection-format.md. A column that no table knows is kept with its row, as in a
filing; one that is meant for a known one and is not understood (a mass without its unit, a fourth bag) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from functools import cache
from typing import Final, Literal, get_args

from lodeline.filing.cell import FREE_TEXT, PARSERS, Read, choice_parser, compatible
from lodeline.filing.names import folded
from lodeline.tables import table_rows

TableName = Literal["measurement", "custody", "results"]
TABLES: Final[tuple[TableName, ...]] = get_args(TableName)
Place = Literal["stock", "receipt", "shipment"]
PLACES: Final[tuple[Place, ...]] = get_args(Place)
Outcome = Literal["present", "absent", "shipped"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
Part = Literal["authority", "firm", "reserve"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)
BAG_CHARACTERS: Final = 64
CELL_CHARACTERS: Final = 500
NOTE_CHARACTERS: Final = 4_000
_BAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
_BETWEEN: Final = re.compile(r"[;,；，、|\s]+")

#: Words for a code beside the code itself.
_MEANT: Final[Mapping[str, Mapping[str, str]]] = {
    "place": {"stock": "stock", "库存": "stock", "receipt": "receipt", "收货": "receipt", "shipment": "shipment",
              "发货": "shipment"},
    "outcome": {"present": "present", "在场": "present", "absent": "absent", "不在场": "absent", "缺失": "absent",
                "shipped": "shipped", "已发运": "shipped"},
    "basis": {"element": "element", "元素": "element", "oxide": "oxide", "氧化物": "oxide", "reo-share": "reo-share",
              "配分": "reo-share"},
    "choice": {"yes": "yes", "是": "yes", "完好": "yes", "true": "yes", "no": "no", "否": "no", "破损": "no",
               "false": "no"},
}  # fmt: skip


def bag_key(bag: str) -> str:
    """By which bags are told apart: no two differ by the case of a letter alone."""
    return compatible(bag).casefold()


def _read_bag(text: str) -> Read:
    plain = compatible(text)
    several = [one for one in _BETWEEN.split(plain) if one]
    if len(several) > 1:
        return Read(code="inspection.part-twice", facts=(("bags", ", ".join(several)),))
    if len(plain) > BAG_CHARACTERS or not _BAG.fullmatch(plain):
        return Read(code="inspection.bag-malformed", facts=())
    return Read(value=plain)


def _read_moment(text: str) -> Read:
    """ISO text to the minute, or a day; a zone is not read, as days are those of the place."""
    plain = compatible(text).replace("/", "-")
    day, _, clock = plain.replace("T", " ").partition(" ")
    found = PARSERS["on"].other(day)
    if found.code is not None or found.value is None or not clock:
        return Read(value=None if found.value is None else str(found.value), code=found.code, facts=found.facts)
    try:
        moment = time.fromisoformat(clock.strip())
    except ValueError:
        return Read(code="inspection.moment-invalid")
    if moment.tzinfo is not None:
        return Read(code="inspection.moment-invalid")
    return Read(value=f"{found.value}T{moment:%H:%M}")


def _read_party(text: str) -> Read:
    return Read(value=" ".join(compatible(text).split()) or None)


#: Cells are read one by one: these tables are small.
_READ: Final[Mapping[str, Callable[[str], Read]]] = {
    "date": PARSERS["on"].other, "mass": PARSERS["mass_kg"].other, "percent": PARSERS["moisture_pct"].other,
    "composition": PARSERS["composition"].other, "product": PARSERS["product"].other, "bag": _read_bag,
    "moment": _read_moment, "party": _read_party,
    **{name: choice_parser(meant).other for name, meant in _MEANT.items()},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column as sent."""

    name: str
    names_zh: tuple[str, ...]
    type: str
    required: str
    description: Mapping[str, str]
    example: str

    def read(self, text: str) -> Read:
        """The value of one cell, or what is wrong with it."""
        return _READ.get(self.type, FREE_TEXT.other)(text)

    @property
    def characters(self) -> int:
        """No cell of the column is longer."""
        return NOTE_CHARACTERS if self.type == "note" else CELL_CHARACTERS

    @property
    def choices(self) -> tuple[str, ...]:
        """The codes that a cell may hold; empty where it may hold anything."""
        return tuple(dict.fromkeys(_MEANT.get(self.type, {}).values()))


@cache
def columns(table: TableName) -> dict[str, TableColumn]:
    """The columns of a table by name, in the order in which they are documented."""
    return {
        row["name"]: TableColumn(
            name=row["name"], names_zh=tuple(row["names_zh"].split("|")), type=row["type"], required=row["required"],
            description={"en": row["description_en"], "zh": row["description_zh"]}, example=row["example"],
        )
        for row in table_rows("reference/inspection_columns.csv") if row["table"] == table
    }  # fmt: skip


@cache
def column_by_folded(table: TableName) -> dict[str, str]:
    """Folded header, in English or Chinese → column."""
    return {folded(name): one.name for one in columns(table).values() for name in (one.name, *one.names_zh)}
