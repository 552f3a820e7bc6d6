"""The form of the desk: one line of a declaration, field by field, and the columns that a file may have.

The fields are the columns of a declaration; an address may fill them in (`?product_name=…&composition=…`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.control.declaration import columns
from lodeline.control.labels import LABELS
from lodeline.language import Text, bilingual, text
from lodeline.material.composition import BASES
from lodeline.material.product import PRODUCTS
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit

_FIRST: Final = (
    "product_name", "hs_code", "composition", "mass_kg", "value", "currency", "destination", "controlled_declared",
    "licence", "on",
)  # fmt: skip
_FURTHER: Final = tuple(name for name in LABELS if name not in _FIRST)
_YES_NO: Final = (
    ("", text("not stated")),
    ("yes", text("yes", context="customs")),
    ("no", text("no", context="customs")),
)
_BASES: Final[Mapping[str, Text]] = {
    "element": text("elements"),
    "oxide": text("oxides"),
    "reo-share": text("shares of the rare-earth oxides"),
}
_MEASURED_ON: Final[Mapping[str, Text]] = {
    "goods": text("the whole goods"),
    "magnet": text("the magnet inside"),
}
assert set(_BASES) == set(BASES), "every basis has its words"


def filled(fields: Mapping[str, str]) -> dict[str, str]:
    """The columns among named texts that hold something; other names are not the form's."""
    return {name: text for name in LABELS if (text := fields.get(name, "").strip())}


def form(visit: Visit, fields: Mapping[str, str], wrong: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """The fields as a template needs them; `wrong`: column → what is wrong with its cell."""
    return {
        "first": [_field(visit, name, fields, wrong) for name in _FIRST],
        "further": [_field(visit, name, fields, wrong) for name in _FURTHER],
        "further_open": any(name in fields and fields[name] != "1" for name in _FURTHER) or any(
            name in wrong for name in _FURTHER
        ),
    }  # fmt: skip


def _field(visit: Visit, name: str, fields: Mapping[str, str], wrong: Mapping[str, Sequence[str]]) -> dict[str, object]:
    column = columns()[name]
    value = fields.get(name, "")
    options = _options(visit, name)
    return {
        "name": name,
        "label": visit.localized(LABELS[name]),
        "value": value,
        "example": "" if options else column.example,
        "needed": column.required and name != "line",
        "wide": name in ("product_name", "composition", "assay_composition", "note"),
        "date": name == "on",
        # A value that is no option is kept as one: what was written is what is asked.
        "options": [*options, *([(value, value)] if options and value not in dict(options) else [])],
        "wrong": list(wrong.get(name, ())),
    }


def _options(visit: Visit, name: str) -> list[tuple[str, str]]:
    if name == "controlled_declared":
        return [(value, visit.localized(text)) for value, text in _YES_NO]
    if name in ("composition_of", "assay_of"):
        unsaid = visit.text("not stated") if name == "composition_of" else visit.text("the whole goods")
        return [("", unsaid), *((value, visit.localized(text)) for value, text in _MEASURED_ON.items())]
    if name == "basis":
        return [("", visit.text("elements (unless stated)")), *(
            (value, visit.localized(text)) for value, text in _BASES.items()
        )]  # fmt: skip
    if name == "product":
        named = [(one.kind, visit.localized(bilingual(one.name_en, one.name_zh))) for one in PRODUCTS.values()]
        return [("", visit.text("not stated")), *named]
    return []


def column_table(visit: Visit) -> Table:
    """Every column that a file of a declaration may have."""
    rows: list[Any] = [
        (
            Cell(text=one.name),
            Cell(text=" · ".join(one.names_zh)),
            Cell(text=visit.text("yes", context="customs") if one.required else visit.text("no", context="customs")),
            Cell(text=visit.localized(one.description)),
            Cell(text=one.example or "–"),
        )
        for one in columns().values()
    ]
    return Table(
        name="columns",
        caption=visit.text("Columns of a declaration"),
        columns=(
            Column(key="column", label=text("Column")),
            Column(key="chinese", label=text("or in Chinese")),
            Column(key="needed", label=text("Needed")),
            Column(key="meaning", label=text("Meaning")),
            Column(key="example", label=text("Example")),
        ),
        rows=rows,
        empty=visit.text("There is no column."),
    )
