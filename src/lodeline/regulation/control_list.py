"""The control list: which element is controlled for export in which form, by which instrument, on a day.

Several instruments can set the parameter `control-list`; each is in force, suspended or unknown by itself, and the list
of a day is the union of what is in force on it. An element that is listed in one form is not thereby listed in another.
Technology and equipment are listed without one: they are those of rare earths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import cast

from lodeline.language import text
from lodeline.material.element import RARE_EARTHS
from lodeline.regulation.content import ANY_RARE_EARTH
from lodeline.regulation.instrument import Citation
from lodeline.regulation.parameter import Jurisdiction, Parameter
from lodeline.regulation.value import Status, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlItem:
    """An element in a form, as listed. `form` is one of `content.FORMS`; `element` may be `content.ANY_RARE_EARTH`.

    `barred`: no licence lets it leave. `unknown`: no text tells whether the list, which is in force, reaches it.
    `free`: the list does not reach it, whatever else it names. `first_pct`, `end_pct`: the share of its element, or of
    all rare-earth oxides, from which on it is reached, and from which on no more. `permit`: another permit that it
    needs. `words`: by which goods of it are known, in the language of the country.
    `rule`: the parameter that lists it, as `instrument/parameter`.
    `named`: the alloys or compounds that the list gives by name, as far as its text was found; empty where none was.
    `codes`: customs codes that the list gives for reference; they never decide. `evidence` is that of this item.
    """

    item: str
    element: str
    form: str
    label: dict[str, str]
    instrument: str
    citation: Citation
    evidence: str
    named: tuple[str, ...]
    codes: tuple[str, ...]
    rule: str
    barred: bool = False
    unknown: bool = False
    free: bool = False
    first_pct: float | int | None = None
    end_pct: float | int | None = None
    permit: dict[str, str] | None = None
    words: tuple[str, ...] = ()

    @property
    def rare_earths(self) -> tuple[str, ...]:
        """Those that it names, and so what of it the ledger can hold; none where it is of another element."""
        if self.element == ANY_RARE_EARTH:
            return RARE_EARTHS
        return (self.element,) if self.element in RARE_EARTHS else ()


def control_items(law: Jurisdiction, day: date, *, known: date) -> tuple[ControlItem, ...]:
    """The items in force on `day`, as published up to `known`; what is suspended or unknown is not among them."""
    return control_items_by_status(law, day, "in-force", known=known)


def control_items_by_status(law: Jurisdiction, day: date, status: Status, *, known: date) -> tuple[ControlItem, ...]:
    """The items that stand so on `day`, as published up to `known`."""
    return tuple(item for stands, item in items_with_status(law, day, known=known) if stands == status)


def items_with_status(law: Jurisdiction, day: date, *, known: date) -> Iterator[tuple[Status, ControlItem]]:
    """Every item published up to `known`, and how it stands on `day`: as its list does, but for one that is unknown in
    a list that is in force."""
    for parameter in law.named("control-list"):
        state = parameter.state(day, known=known)
        if state.value is not None and not state.value.unknown:
            for item in _items(state.value, parameter.rule):
                yield "unknown" if item.unknown and state.status == "in-force" else state.status, item


def items_published(parameter: Parameter) -> tuple[ControlItem, ...]:
    """The items of one list as it was published last, whether it is in force, suspended or ended."""
    values = [value for value in parameter.values if not value.unknown]
    if not values:
        return ()
    return tuple(_items(max(values, key=lambda value: (value.published, value.in_force_from)), parameter.rule))


def _items(value: Value, rule: str) -> Iterator[ControlItem]:
    for row in value.value:
        yield ControlItem(
            item=row["item"],
            element=row.get("element", ANY_RARE_EARTH),
            form=row["form"],
            label=row["label"],
            instrument=value.citation.instrument,
            citation=Citation(
                instrument=value.citation.instrument,
                article=cast(dict[str, str], text("item {item}", item=row["item"])),
            ),
            evidence=row["evidence"],
            named=tuple(row.get("named", ())),
            codes=tuple(row.get("codes", ())),
            barred=row.get("barred", False),
            unknown=row.get("unknown", False),
            free=row.get("free", False),
            first_pct=row.get("from"),
            end_pct=row.get("to"),
            permit=row.get("permit"),
            words=tuple(word for several in row.get("words", {}).values() for word in several),
            rule=rule,
        )
