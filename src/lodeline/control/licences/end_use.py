"""End users and what they need: all that is licensed and exported to one against what it says it uses, exactly.

Two years are compared with the stated need of a year, and never added up: what left in the last twelve months, and what
may leave in the next. What may leave over longer counts for the next year at an even pace, rounded up. Nothing here
decides: what exceeds is asked about.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from lodeline.ledger.problem import Problem, Where, problem
from lodeline.material.element import RARE_EARTHS
from lodeline.material.mass import MG_PER_KG, PPB, parse_mass
from lodeline.tables import table_rows

YEAR_DAYS: Final = 365
#: Statements of need that an application may hold.
NEEDS_MOST: Final = 200
#: What leaves: asked for here, in other applications that wait, may still leave on licences; has left to it as the end
#: user; was bought by it for another end user.
Kind = Literal["asked", "pending", "licensed", "exported", "onward"]
#: Why the applicant is asked: the need is not stated though the mass is large; more leaves than it needs, or than it
#: uses itself; goods were seen going on that it says it uses.
Question = Literal["need-missing", "need-exceeded", "own-exceeded", "onward"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What an end user needs of an element in a year, from whomever; `own_mg`: of it for its own use, None unstated."""

    end_user: str
    element: str
    need_mg: int
    own_mg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Mass of an element to an end user. `days`: over which it may leave; of what has left, the last twelve months."""

    kind: Kind
    end_user: str
    element: str
    mass_mg: int
    days: int = YEAR_DAYS

    @property
    def year_mg(self) -> int:
        """What of it may leave within a year at an even pace, rounded up."""
        return -(-self.mass_mg * YEAR_DAYS // max(self.days, YEAR_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUse:
    """One end user and element: mg by kind, the next year's of what may leave, and the stated need."""

    end_user: str
    element: str
    asked_mg: int
    pending_mg: int
    licensed_mg: int
    exported_mg: int
    onward_mg: int
    next_year_mg: int
    need_mg: int | None
    own_mg: int | None

    @property
    def most_mg(self) -> int:
        """The larger of the two years."""
        return max(self.exported_mg, self.next_year_mg)

    @property
    def over_need_mg(self) -> int:
        """What of the larger year exceeds the need; nothing where none is stated."""
        return 0 if self.need_mg is None else max(0, self.most_mg - self.need_mg)

    @property
    def over_own_mg(self) -> int:
        """What of the larger year exceeds its own use: it stays with the buyer, or goes on."""
        return 0 if self.own_mg is None else max(0, self.most_mg - self.own_mg)

    @property
    def onward_ppb(self) -> int | None:
        """Of what it bought in the last twelve months the share that it bought for others; None where nothing."""
        bought = self.exported_mg + self.onward_mg
        return self.onward_mg * PPB // bought if bought else None

    @property
    def questions(self) -> tuple[Question, ...]:
        """What there is to ask the applicant."""
        found: list[Question] = []
        if self.need_mg is None and self.most_mg >= large_mg():
            found.append("need-missing")
        if self.over_need_mg:
            found.append("need-exceeded")
        elif self.over_own_mg:
            found.append("own-exceeded")
        if self.onward_mg > (0 if self.need_mg is None or self.own_mg is None else self.need_mg - self.own_mg):
            found.append("onward")
        return tuple(found)


def compare(supplies: Iterable[Supply], needs: Iterable[Need]) -> list[EndUse]:
    """Every (end user, element) that is named, in the order of first mention; one name is one end user.

    Of several needs of one the last stands, as a later statement does.
    """
    by_place: dict[tuple[str, str], dict[str, int]] = {}
    stated: dict[tuple[str, str], Need] = {}
    for one in supplies:
        place = by_place.setdefault((one.end_user, one.element), {})
        place[one.kind] = place.get(one.kind, 0) + one.mass_mg
        if one.kind in ("asked", "pending", "licensed"):
            place["year"] = place.get("year", 0) + one.year_mg
    for need in needs:
        stated[need.end_user, need.element] = need
        by_place.setdefault((need.end_user, need.element), {})
    found = []
    for (end_user, element), mg in by_place.items():
        statement = stated.get((end_user, element))
        found.append(
            EndUse(
                end_user=end_user, element=element, asked_mg=mg.get("asked", 0), pending_mg=mg.get("pending", 0),
                licensed_mg=mg.get("licensed", 0), exported_mg=mg.get("exported", 0), onward_mg=mg.get("onward", 0),
                next_year_mg=mg.get("year", 0), need_mg=statement.need_mg if statement else None,
                own_mg=statement.own_mg if statement else None,
            )
        )  # fmt: skip
    return found


def read_needs(text: str, end_users: Sequence[str]) -> tuple[tuple[Need, ...], list[Problem]]:
    """The needs of `Dy; 120; 90; Drives GmbH`, one a line: element, kg a year, of it own use, end user.

    The own use may be empty; the end user too, where there is one alone. A line that cannot be read is a problem.
    """
    found: list[Need] = []
    wrong: list[Problem] = []
    lines = [line.strip() for line in unicodedata.normalize("NFKC", text).splitlines() if line.strip()]
    for line in lines[:NEEDS_MOST]:
        need = _need(line, end_users)
        if need is None:
            wrong.append(problem("application.need-unread", Where(column="needs"), value=line[:200]))
        else:
            found.append(need)
    return tuple(found), wrong


def _need(line: str, end_users: Sequence[str]) -> Need | None:
    element, need, own, named = ([part.strip() for part in line.split(";", 3)] + [""] * 4)[:4]
    alone = end_users[0] if len(end_users) == 1 else ""
    # The line is read in one width of its signs; the end user is the one that the application names, as it stands.
    end_user = next((one for one in end_users if unicodedata.normalize("NFKC", one) == named), None) if named else alone
    symbol = next((one for one in RARE_EARTHS if one.casefold() == element.casefold()), None)
    try:
        need_mg = int(parse_mass(need))
        own_mg = int(parse_mass(own)) if own else None
    except ValueError:
        return None
    if symbol is None or not end_user or need_mg < 0 or not 0 <= (own_mg or 0) <= need_mg:
        return None
    return Need(end_user=end_user, element=symbol, need_mg=need_mg, own_mg=own_mg)


@cache
def large_mg() -> int:
    """From this mass of an element a year to one end user its need is asked for (`data/reference/end_use.csv`)."""
    (row,) = (row for row in table_rows("reference/end_use.csv") if row["name"] == "large_kg")
    return int(row["value"]) * MG_PER_KG
