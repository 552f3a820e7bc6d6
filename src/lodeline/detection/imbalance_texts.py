"""What is told of an imbalance: between which counts, how much, how sure, and what it looks like.

The first sentence is that of the side, gain or loss; the others are the same for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from lodeline.accountancy.signature import Identification
from lodeline.detection.alarm import HALF_WIDTH_95
from lodeline.detection.imbalance import Imbalance, named_sources
from lodeline.detection.watching import Alarm
from lodeline.language import text
from lodeline.material.element import TREO
from lodeline.message import NOTHING, Count, Day, Key, Mass, Message, Number, Series, Term, Texts

TEXTS: Final = Texts(
    "imbalance",
    {
        "over": text(" over {balances} balances"),
        "measured": text("Measurement alone would give no more than ±{half} kg in 19 cases of 20; this is {z} σ."),
        "unassayed": text("Lots without an assay: {lots}; they are taken to hold what explains most."),
        "alone": text("The mass is of these elements alone ({elements}): the total oxide raises no alarm."),
        "wrong-count": text("Up to {day} as much differed the other way: a wrong count of that day explains both."),
        "echo": text("A difference the other way of {z} σ after it is its echo."),
        "chance": text("At a site without faults chance would bring it about once in {years} years."),
        "hardly-chance": text("Chance would bring it less than once in a million years."),
        "likely": text("What came in has the elements of {sources}."),
        "source": text("{signature} ({chance}%)"),
        "others": text("Also beyond the threshold: {elements}."),
        "element": text("{element} {mass} kg ({z} σ)"),
    },
)


def explained(imbalance: Imbalance, texts: Texts) -> tuple[Message, ...]:
    """The explanation; `texts` are those of the side, whose `between-counts` is the first sentence."""
    leading = imbalance.leading
    seen = leading.sighting
    balances = seen.last - seen.first + 1
    between = texts.message(
        "between-counts",
        since=Day(leading.since.isoformat()),
        until=Day(leading.until.isoformat()),
        mass=Mass(leading.mass_mg),
        element=Key(leading.element),
        over=TEXTS.message("over", balances=Count(balances)) if balances > 1 else NOTHING,
    )
    measured = TEXTS.message("measured", half=Mass(round(HALF_WIDTH_95 * leading.sigma_mg)), z=Number(float(seen.z), 1))
    return (
        between,
        measured,
        *_alone(imbalance.elements),
        *_taken_innocently(imbalance.unassayed),
        _chance(imbalance.score),
        *_likely_cause(imbalance.source),
        *_wrong_count(imbalance.miscounted),
        *([] if seen.echo is None else [TEXTS.message("echo", z=Number(float(seen.echo), 1))]),
        *_others(imbalance.others),
    )


def _alone(elements: Sequence[str]) -> list[Message]:
    """Where the total raises no alarm, what the mass is of."""
    return [] if TREO in elements else [TEXTS.message("alone", elements=Series(tuple(map(Key, elements))))]


def _wrong_count(day: date | None) -> list[Message]:
    return [] if day is None else [TEXTS.message("wrong-count", day=Day(day.isoformat()))]


def _taken_innocently(lots: int) -> list[Message]:
    return [TEXTS.message("unassayed", lots=Count(lots))] if lots else []


def _likely_cause(source: Identification | None) -> list[Message]:
    named = [] if source is None else named_sources(source)
    if not named:
        return []
    sources = (
        TEXTS.message("source", signature=Term(en, zh), chance=Number(100 * probability, 0))
        for _, en, zh, probability in named
    )
    return [TEXTS.message("likely", sources=Series(tuple(sources)))]


def _others(others: Sequence[Alarm]) -> list[Message]:
    elements = (
        TEXTS.message(
            "element",
            element=Key(other.element),
            mass=Mass(other.mass_mg),
            z=Number(float(other.sighting.z), 1),
        )
        for other in others
    )
    return [TEXTS.message("others", elements=Series(tuple(elements)))] if others else []


def _chance(score: float) -> Message:
    """How often a clean site would show as much, in years."""
    if 1 - score < 1e-6:
        return TEXTS.message("hardly-chance")
    return TEXTS.message("chance", years=Count(int(1 / (1 - score))))
