"""How the law runs: each parameter's states as spans of days, and what changed between two days.

A change is a day on which a state differs from that of the day before, or on which something was published that was to
hold from another day. Nothing that was published after `known` is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lodeline.regulation.instrument import Effect
from lodeline.regulation.parameter import Jurisdiction, Parameter, State
from lodeline.regulation.value import ONE_DAY, Value

What = Literal["published", "corrected", "came", "suspended", "resumed", "ended", "unknown"]
#: What is told first of several changes on one day.
_ORDER: tuple[What, ...] = ("published", "corrected", "came", "resumed", "ended", "suspended", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days from `first` to `last`, both included, on which a parameter stands in one state; None: no end known."""

    first: date
    last: date | None
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to a parameter on a day: to `value`, by `effect` where a suspension did it."""

    on: date
    what: What
    parameter: Parameter
    value: Value
    effect: Effect | None


def spans(parameter: Parameter, *, known: date) -> tuple[Span, ...]:
    """The states of a parameter in order of days, without gaps, from the first on which there was anything to say."""
    values, effects = _published(parameter, known)
    days = {min(value.published, value.in_force_from) for value in values} | _turns(values, effects)
    found: list[Span] = []
    for day in sorted(days):
        state = parameter.state(day, known=known)
        if found and found[-1].state == state:
            continue
        if found:
            found[-1] = Span(first=found[-1].first, last=day - ONE_DAY, state=found[-1].state)
        if state.value is not None:
            found.append(Span(first=day, last=None, state=state))
    return tuple(found)


def changes(law: Jurisdiction, first: date, last: date, *, known: date) -> tuple[Change, ...]:
    """Every change from `first` to `last`, both included, in order of days, then of parameters."""
    found = [
        change
        for parameter in law.parameters.values()
        for change in (*_turned(parameter, first, last, known), *_announced(parameter, first, last, known))
    ]
    return tuple(sorted(found, key=lambda change: (change.on, _ORDER.index(change.what))))


def _turned(parameter: Parameter, first: date, last: date, known: date) -> Iterator[Change]:
    for day in sorted(_turns(*_published(parameter, known))):
        if not first <= day <= last:
            continue
        before, after = parameter.state(day - ONE_DAY, known=known), parameter.state(day, known=known)
        what = _what(before, after)
        if what is not None and after.value is not None:
            effect = before.effect if what == "resumed" else after.effect
            yield Change(on=day, what=what, parameter=parameter, value=after.value, effect=effect)


def _what(before: State, after: State) -> What | None:
    match after.status:
        case "in-force":
            if before.status in ("suspended", "unknown") and before.value == after.value:
                return "resumed"
            return "came" if before != after else None
        case "suspended":
            return "suspended" if before.status != "suspended" else None
        case "ended":
            return "ended" if before.status != "ended" else None
        case "unknown":
            return "unknown" if before != after else None
        case "not-yet":
            return None


def _announced(parameter: Parameter, first: date, last: date, known: date) -> Iterator[Change]:
    values, effects = _published(parameter, known)
    for value in values:
        if first <= value.published <= last and value.published != value.in_force_from:
            what: What = "corrected" if value.corrects else "published"
            yield Change(on=value.published, what=what, parameter=parameter, value=value, effect=None)
    for effect in effects:
        if first <= effect.published <= last and effect.published != effect.first:
            value = next(value for value in parameter.values if value.citation.instrument in effect.instruments)
            yield Change(on=effect.published, what="published", parameter=parameter, value=value, effect=effect)


def _published(parameter: Parameter, known: date) -> tuple[list[Value], list[Effect]]:
    return (
        [value for value in parameter.values if value.published <= known],
        [effect for effect in parameter.effects if effect.published <= known],
    )


def _turns(values: list[Value], effects: list[Effect]) -> set[date]:
    """The days on which a state can begin."""
    bounds = [(value.in_force_from, value.in_force_to) for value in values]
    bounds += [(effect.first, effect.last) for effect in effects]
    return {first for first, _ in bounds} | {last + ONE_DAY for _, last in bounds if last is not None}
