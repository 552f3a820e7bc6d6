"""What every page of the desk says of a verdict: its word and mark, the mass and value of lines, a problem's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from lodeline.control.declaration import Line
from lodeline.control.labels import LABELS
from lodeline.language import Text, text
from lodeline.office.customs.queries import STATES
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

Json = dict[str, Any]
#: A line of the answer, and what was declared.
Pair = tuple[Json, Line]
VERDICTS: Final[Mapping[str, Text]] = {
    "hold": text("Hold"),
    "query": text("Query"),
    "release": text("Release", context="customs"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "hold": ("square", "hold"), "query": ("diamond", "ink"), "release": ("tick", "flow"),
}  # fmt: skip
WORST: Final = tuple(VERDICTS)


def mass_of(visit: Visit, pairs: Sequence[Pair]) -> str | None:
    """The mass of all lines, None where one of them does not state its own."""
    masses = [line["mass_kg"] for _, line in pairs]
    return written.mass(sum(masses), visit.language) if masses and all(masses) else None


def value_of(pairs: Sequence[Pair]) -> str | None:
    """The value of all lines, None where one does not state its own or the currencies differ."""
    values = [(line["currency"], line["value"]) for _, line in pairs]
    if not values or len({currency for currency, _ in values}) != 1 or not all(map(all, values)):
        return None
    return f"{values[0][0]} {written.number(float(sum(Decimal(str(value)) for _, value in values)))}"


def problem_words(visit: Visit, one: Json) -> dict[str, object]:
    flag = one["severity"] == "flag"
    where = one["where"]
    column = where["column"]
    place = [
        visit.text("row {row}", context="customs", row=where["row"])
        if where["row"] is not None and where["file"]
        else None,
        visit.localized(LABELS[column]) if column in LABELS else column,
    ]
    return {
        "place": " · ".join(filter(None, place)),
        "text": visit.localized(one["message"]),
        "code": one["code"],
        "tone": "gain" if flag else "loss",
        "shape": "up" if flag else "square",
        "word": visit.text("Flag") if flag else visit.text("Fix"),
    }


#: State of a query → its word, shape and tone.
QUERY_STATES: Final[Mapping[str, tuple[Text, str, Any]]] = {
    "asked": (text("Waits for the shipper"), "half", "flow"),
    "answered": (text("Answered", context="customs"), "circle", "hold"),
    "laboratory": (text("At the laboratory"), "diamond", "ink"),
    "found": (text("Result is there"), "circle", "hold"),
    "released": (text("Released", context="customs"), "tick", "flow"),
    "refused": (text("Not released"), "square", "loss"),
    "settled": (text("Settled by a standing answer", context="customs"), "tick", "ink"),
    "closed": (text("Closed", context="customs"), "bar", "quiet"),
}
assert set(QUERY_STATES) == set(STATES), "every state has its word"
