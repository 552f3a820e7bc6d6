"""The states of a case and the steps between them: nobody is confirmed to be at fault before having been heard.

Everything here is a function of what a case holds and of a day; nothing is written.

    open ── asked ── answered ── explained    stands until its day, or until the facts change materially
     │        │          ├───── confirmed    by another official than the one who asked
     │        └──────────┴───── withdrawn
     └─ waived                               not pursued, for a reason and until a day

CaseError      what was asked cannot be done in this case; the message says what can
 └─ MovedError somebody else took a step meanwhile: look again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final, Literal, get_args

from lodeline.detection.finding import Finding
from lodeline.detection.limits import Limits
from lodeline.errors import UserError
from lodeline.tables import table_rows

State = Literal["open", "asked", "answered", "explained", "waived", "confirmed", "withdrawn"]
STATES: Final[tuple[State, ...]] = get_args(State)
Kind = Literal[
    "asked", "extended", "answered", "explained", "waived", "confirmed", "withdrawn", "reopened", "assigned"
]  # fmt: skip
#: Why a case is open again: an official said so, the day came, or the facts changed.
Reason = Literal["decided", "expired", "elements", "mass", "score"]

#: Kind of step → the states it may be taken in, and the state it leads to (None: the same).
MOVES: Final[Mapping[Kind, tuple[frozenset[State], State | None]]] = {
    "asked": (frozenset({"open", "answered"}), "asked"),
    "extended": (frozenset({"asked"}), "asked"),
    "answered": (frozenset({"asked", "answered"}), "answered"),
    "explained": (frozenset({"asked", "answered"}), "explained"),
    "waived": (frozenset({"open"}), "waived"),
    "confirmed": (frozenset({"asked", "answered"}), "confirmed"),
    "withdrawn": (frozenset({"asked", "answered", "confirmed"}), "withdrawn"),
    "reopened": (frozenset({"explained", "waived", "confirmed", "withdrawn"}), "open"),
    "assigned": (frozenset(STATES), None),
}
#: States that stand for the facts of their day and no others.
STANDING: Final[frozenset[State]] = frozenset({"explained", "waived", "withdrawn"})
#: What the organisation is told and shown; the rest arranges the authority's own work.
DISCLOSED: Final[frozenset[Kind]] = frozenset(MOVES.keys() - {"assigned", "waived"})
#: What an organisation never hears of until it has been asked.
NOT_DISCLOSED: Final[frozenset[State]] = frozenset({"open", "waived"})
#: Scores are stated to nine decimals: a chance below this is no number.
_LEAST_CHANCE: Final = 1e-9


class CaseError(UserError):
    """This cannot be done in this case."""


class UnknownCaseError(CaseError):
    """There is none of that name, for any reader."""


class MovedError(CaseError):
    """Somebody else took a step meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision about a finding rests on."""

    mass_mg: int
    score: float | None
    elements: frozenset[str]

    @classmethod
    def of(cls, finding: Finding) -> Facts:
        """Those of a finding."""
        return cls(mass_mg=finding.mass_mg, score=finding.score, elements=frozenset(finding.elements))


@cache
def parameters() -> Limits:
    """The values of `data/reference/case_parameters.csv`; none of them is law."""
    values: dict[str, list[tuple[date, float]]] = {}
    for row in table_rows("reference/case_parameters.csv"):
        values.setdefault(row["name"], []).append((date.fromisoformat(row["in_force_from"]), float(row["value"])))
    return Limits(values={name: tuple(sorted(dated)) for name, dated in values.items()})


def material_change(before: Facts, now: Facts, *, on: date) -> Reason | None:
    """What of the facts has changed so much that what was decided about them does not stand; None where nothing has."""
    limits = parameters().on(on)
    if now.elements != before.elements:
        return "elements"
    if abs(now.mass_mg - before.mass_mg) > limits["material_mass_share"] * before.mass_mg:
        return "mass"
    if (now.score is None) != (before.score is None):
        return "score"
    if now.score is not None and before.score is not None:
        chances = sorted(max(_LEAST_CHANCE, 1 - score) for score in (now.score, before.score))
        if chances[1] > limits["material_chance_factor"] * chances[0]:
            return "score"
    return None


def reopens(
    state: State, *, stands_until: date | None, seen: Facts, now: Facts | None, today: date
) -> Reason | None:  # fmt: skip
    """Why what was decided does not stand any more; None while it does.

    `seen` are the facts that were decided about, `now` those of today: None where the finding is gone, which changes
    nothing.
    """
    if state not in STANDING:
        return None
    if stands_until is not None and today > stands_until:
        return "expired"
    return None if now is None else material_change(seen, now, on=today)


def has_answered_or_expired(state: State, *, until: date | None, today: date) -> bool:
    """Whether the organisation has answered the question that stands, or has let the day for it pass."""
    return state == "answered" or (state == "asked" and until is not None and today > until)


def askers(steps: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Of steps (kind, who) in order, who has asked since the case was last open: none of them confirms it."""
    found: set[str] = set()
    for kind, who in steps:
        if kind == "reopened":
            found.clear()
        elif kind == "asked":
            found.add(who)
    return frozenset(found)
