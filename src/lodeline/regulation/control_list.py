"""The control list: which element is controlled for export in which form, by which instrument, on a day.

Several instruments can set the parameter `control-list`; each is in force, suspended or unknown by itself, and the list
of a day is the union of what is in force on it. An element that is listed in one form is not thereby listed in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lodeline.regulation.instrument import Citation
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import Status, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlItem:
    """An element in a form, as listed. `form` is one of `content.FORMS`.

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


def control_items(law: Jurisdiction, day: date, *, known: date) -> tuple[ControlItem, ...]:
    """The items in force on `day`, as published up to `known`; what is suspended or unknown is not among them."""
    return control_items_by_status(law, day, "in-force", known=known)


def control_items_by_status(law: Jurisdiction, day: date, status: Status, *, known: date) -> tuple[ControlItem, ...]:
    """The items of the lists that stand so on `day`, as published up to `known`."""
    return tuple(
        item
        for parameter in law.named("control-list")
        for state in [parameter.state(day, known=known)]
        if state.status == status and state.value is not None and not state.value.unknown
        for item in _items(state.value)
    )


def _items(value: Value) -> Iterator[ControlItem]:
    for row in value.value:
        yield ControlItem(
            item=row["item"],
            element=row["element"],
            form=row["form"],
            label=row["label"],
            instrument=value.citation.instrument,
            citation=Citation(
                instrument=value.citation.instrument,
                article={"en": f"item {row['item']}", "zh": f"{row['item']}项"},
            ),
            evidence=row["evidence"],
            named=tuple(row.get("named", ())),
            codes=tuple(row.get("codes", ())),
        )
