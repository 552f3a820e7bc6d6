"""The law of one day held on every day: what a replay asks with, so that only the law differs between two answers.

How each parameter stood on the day is how it stands always; what it had been before and what came after are gone. Such
a law has the digest of its pack and is another law than the pack's: unequal, and another key of a cache.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lodeline.regulation.parameter import Jurisdiction, Parameter


def held(law: Jurisdiction, day: date, *, known: date) -> Jurisdiction:
    """The law as it stood on `day`, as published up to `known`, for whatever day it is asked about.

    A value in force keeps the days that it has in the pack: who asks since when a list is in force is told truly. What
    was suspended, unknown, ended or to come stays so, and holds no value.
    """
    return replace(law, parameters={key: _held(one, day, known) for key, one in law.parameters.items()})


def _held(parameter: Parameter, day: date, known: date) -> Parameter:
    state = parameter.state(day, known=known)
    in_force = state.value if state.status == "in-force" else None
    return replace(parameter, values=() if in_force is None else (in_force,), effects=(), tests=(), always=state)


def differing(one: Jurisdiction, other: Jurisdiction) -> frozenset[str]:
    """The names of the parameters that stand otherwise in one held law than in another."""
    return frozenset(
        parameter.name
        for parameter in (*other.parameters.values(), *one.parameters.values())
        if _deciding_content(one.ruled(parameter.rule)) != _deciding_content(other.ruled(parameter.rule))
    )


def _deciding_content(parameter: Parameter | None) -> tuple[object, ...]:
    """What of a state decides: its status, and where it is in force its value and since when. What a pack does not have
    is as what had not been published."""
    if parameter is None:
        return ("not-yet",)
    assert parameter.always is not None, "only laws that are held are compared"
    state = parameter.always
    if state.status != "in-force" or state.value is None:
        return (state.status,)
    return (state.status, state.value.value, state.value.in_force_from)
