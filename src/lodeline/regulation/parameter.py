"""Parameters of the law as dated data: in force from, published on, cited, tagged with their evidence.

A value is never edited; a later `published` version corrects it. Lookup takes both days, so any decision can
be replayed under the law as it could be known at the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


class NoLawError(LookupError):
    """No value of the parameter was in force on the day, as far as was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value with the days that bound it. `evidence`: text, case, secondary or assumption."""

    value: Any
    in_force_from: date
    in_force_until: date | None
    published: date
    citation: dict[str, str]
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A thing that the law sets, with every value it has had."""

    name: str
    label_en: str
    label_zh: str
    values: tuple[Value, ...]
    tests: tuple[dict[str, Any], ...]

    def at(self, day: date, *, known: date) -> Value:
        """The value in force on `day`, as published up to `known`; the later in force, then the later published.

        Raises NoLawError where there is none.
        """
        valid = [
            value
            for value in self.values
            if value.published <= known
            and value.in_force_from <= day
            and (value.in_force_until is None or day < value.in_force_until)
        ]
        if not valid:
            raise NoLawError(f"{self.name} has no value in force on {day} known on {known}")
        return max(valid, key=lambda value: (value.in_force_from, value.published))


@dataclass(frozen=True, slots=True, kw_only=True)
class Jurisdiction:
    """A country's pack: which addresses are domestic, in which time its days are counted, its parameters."""

    code: str
    country: str
    timezone: str
    parameters: dict[str, Parameter]


@cache
def load(code: str = "cn") -> Jurisdiction:
    """Reads the pack `data/regulations/<code>`; raises FileNotFoundError when there is none."""
    root = files("lodeline") / "data/regulations" / code
    head = yaml.safe_load((root / "jurisdiction.yaml").read_text("utf-8"))
    parameters: dict[str, Parameter] = {}
    for instrument in sorted(root.iterdir(), key=lambda path: path.name):
        if not instrument.is_dir():
            continue
        for path in sorted(instrument.iterdir(), key=lambda path: path.name):
            if path.name.endswith(".yaml"):
                parameter = _parameter(yaml.safe_load(path.read_text("utf-8")))
                parameters[parameter.name] = parameter
    return Jurisdiction(code=code, country=head["country"], timezone=head["timezone"], parameters=parameters)


def _parameter(raw: dict[str, Any]) -> Parameter:
    return Parameter(
        name=raw["parameter"],
        label_en=raw["label"]["en"],
        label_zh=raw["label"]["zh"],
        values=tuple(
            Value(
                value=value["value"],
                in_force_from=value["in_force_from"],
                in_force_until=value.get("in_force_until"),
                published=value["published"],
                citation=value["citation"],
                evidence=value["evidence"],
            )
            for value in raw["values"]
        ),
        tests=tuple(raw.get("tests", ())),
    )
