"""What the columns and codes of a filing are called on a page; the names of the format stay those of the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.language import Language, Text, text

LABELS: Final[Mapping[str, Text]] = {
    "event": text("Event", context="filing, labels"),
    "kind": text("Kind", context="filing"),
    "on": text("On", context="filing"),
    "site": text("Site"),
    "role": text("In or out"),
    "lot": text("Lot"),
    "product": text("Product"),
    "mass_kg": text("Mass", context="filing"),
    "mass_t": text("Mass", context="filing"),
    "mass_g": text("Mass", context="filing"),
    "moisture_pct": text("Moisture"),
    "composition": text("Composition, %"),
    "composition_status": text("Composition is"),
    "basis": text("Composition stated as"),
    "method": text("Method", context="filing"),
    "model": text("Model"),
    "pieces": text("Pieces"),
    "origin_kind": text("Kind of origin"),
    "origin_place": text("Place of origin"),
    "owner": text("Owner", context="filing"),
    "counterparty": text("Counterparty, by id"),
    "counterparty_name": text("Counterparty", context="filing"),
    "counterparty_other_name": text("Its other name", context="filing"),
    "counterparty_country": text("Its country"),
    "to_site": text("To own site"),
    "location": text("Location"),
    "reference": text("Their event"),
    "document": text("Document", context="filing"),
    "document_kind": text("Kind of document"),
    "value": text("Value", context="filing"),
    "currency": text("Currency"),
    "declaration": text("Declaration", context="filing"),
    "hs_code": text("HS code"),
    "control_item": text("Control item", context="filing"),
    "licence": text("Licence", context="filing"),
    "destination": text("Destination", context="filing"),
    "end_user_name": text("End user"),
    "end_user_country": text("Country of end user"),
    "end_use": text("End use"),
    "port": text("Port"),
    "run": text("Run", context="filing"),
    "reason": text("Reason", context="filing"),
    "note": text("Note", context="filing"),
}
assert set(LABELS) == {column.name for column in COLUMNS} | set(MASS_COLUMNS), "every column has its label"
_UNITS: Final[Mapping[str, Text]] = {
    "mass_kg": text("kg"),
    "mass_t": text("t"),
    "mass_g": text("g"),
    "moisture_pct": text("%"),
}
NUMBERS: Final = frozenset((*MASS_COLUMNS, "moisture_pct", "pieces", "value"))
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {column.name: column.choices for column in COLUMNS if column.choices}
KINDS: Final[Mapping[str, Text]] = {
    "origin": text("origin", context="filing"),
    "transformation": text("transformation"),
    "shipment": text("shipment"),
    "receipt": text("receipt"),
    "title": text("title"),
    "export": text("export"),
    "stock": text("stock count"),
    "loss": text("loss", context="filing"),
    "adjustment": text("adjustment"),
    "void": text("withdrawal"),
}
_CODES: Final[Mapping[str, Mapping[str, Text]]] = {
    "kind": KINDS,
    "role": {"in": text("in"), "out": text("out"), "waste": text("waste")},
}


def label(column: str, language: Language) -> str:
    """What a column is called; an unknown one of the filer's own keeps its name."""
    return LABELS[column][language] if column in LABELS else column.removeprefix("?")


def unit(column: str, language: Language) -> str:
    """The unit of a column, where it has one."""
    return _UNITS[column][language] if column in _UNITS else ""


def shown(column: str, text: str, language: Language) -> str:
    """A cell as it is read: codes by their word, the rest as filed."""
    code = _CODES.get(column, {}).get(text.strip().lower())
    return text if code is None else code[language]


def options(column: str, text: str, language: Language) -> list[tuple[str, str]]:
    """What can be chosen in a cell of a column of codes; a text that is no code stays there until it is changed."""
    codes = CHOICES.get(column)
    if codes is None:
        return []
    found = [("", "–"), *((code, shown(column, code, language)) for code in codes)]
    return found if text in ("", *codes) else [(text, text), *found]
