"""A typed answer has one form in JSON, whether API, command or log gives it.

The form follows from the fields of the data class, in their order:

    mass_mg: int                     "mass_kg": "60.5"            milligrams as decimal kilograms
    elements_mg: Mapping[str, int]   "elements": {"Dy": "0.2"}    masses by name
    on: date                         "on": "2026-02-05"
    problems: tuple[Problem, ...]    "problems": [...]            what has `as_json` encodes itself
    field(metadata=SPREAD)           the fields of what it holds, without a key of their own; of None, none
    field(metadata={"key": "at"})    "at": …                      another key than the name
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date
from typing import Any, Final

from lodeline.material.mass import format_kg

SPREAD: Final = {"spread": True}


def key_of(one: Field[Any], *, by_name: bool) -> str:
    """The key of a field; `by_name`: it holds masses by name, each with kilograms of its own."""
    if one.name.endswith("_mg"):
        return one.name.removesuffix("_mg") + ("" if by_name else "_kg")
    return str(one.metadata.get("key", one.name))


def encoded(value: Any) -> Any:
    """The value as JSON has it."""
    if hasattr(value, "as_json"):
        return value.as_json()
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_pairs(value))
    if isinstance(value, Mapping):
        return {key: encoded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    for one in fields(value):
        content = getattr(value, one.name)
        if one.metadata.get("spread"):
            yield from () if content is None else _pairs(content)
        else:
            by_name = isinstance(content, Mapping)
            yield key_of(one, by_name=by_name), _mass(content) if one.name.endswith("_mg") else encoded(content)


def _mass(mass_mg: Any) -> Any:
    """Kilograms of a mass, or of masses by name; None stays None."""
    if isinstance(mass_mg, Mapping):
        return {name: format_kg(one) for name, one in mass_mg.items()}
    return None if mass_mg is None else format_kg(mass_mg)
