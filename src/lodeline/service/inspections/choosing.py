"""Which sites an inspectorate goes to next: those where most is at stake, and beside them some by lot.

Who is chosen by rank alone teaches every other firm that nobody comes. So a share of a month's visits is drawn among
all sites that hold material, and none of them has the chance nought. The draw rests on the root of the log as it stood
when the month began and on the store's secret: nobody chooses, no firm can reckon it out, and whoever keeps the store
can draw it again.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Literal

import polars as pl

from lodeline.errors import UserError
from lodeline.journal.merkle import EMPTY_ROOT
from lodeline.material.mass import MG_PER_KG, format_kg
from lodeline.service.inspections.visits import inspections
from lodeline.store.queries.log import root_before
from lodeline.store.store import Store

#: Part of a month's visits that is drawn by lot, and how many visits there are where nobody says.
RANDOM_SHARE: Final = 0.2
VISITS: Final = 10
VISITS_MOST: Final = 1_000
#: Days after a visit until the site counts in full again.
_DAYS_FULL: Final = 365
_PURPOSE: Final = b"lodeline inspections by lot\n"


class ChoosingError(UserError):
    """What was asked for cannot be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A site to visit, and why.

    `at_stake_mg`: the largest mass that an open question about the site speaks of, `probability` the score of that
    question (None: no error can be stated), `detector` what asks it; 0, None and "" where nothing is asked.
    `weight_mg`: by which it is ranked, mass × probability × part of a year since the last visit. `days`: since then;
    None: never visited. `chance`: with which the lot falls on it, were it not ranked.
    """

    site: str
    organisation: str
    how: Literal["ranked", "random"]
    held_mg: int
    at_stake_mg: int
    probability: float | None
    detector: str
    days: int | None
    weight_mg: float
    chance: float


def choose(
    held: pl.DataFrame, findings: Sequence[Mapping[str, Any]], last_visits: Mapping[str, date], *, month: str,
    seed: bytes, visits: int = VISITS, share: float = RANDOM_SHARE,
) -> list[Choice]:  # fmt: skip
    """The visits of a month (YYYY-MM): ranked ones first, then those by lot.

    held : `site`, `organisation`, `held_mg` of every site that holds material (`items.held_by_site`).
    findings : rows as `lodeline findings --json` prints them; those about no site count for no site.
    last_visits : site → day of its newest visit before the month (`last_visits`).

    Of a question without a score the mass counts by half: nothing says how likely it is, and it is not left out. One
    mass can stand in several questions, so of a site the weightiest counts and not their sum. Raises ChoosingError.
    """
    if not 1 <= visits <= VISITS_MOST or not 0 < share <= 1:
        raise ChoosingError(
            f"Give 1 to {VISITS_MOST} visits, and a share by lot above 0 and up to 100 %: nobody is never visited.",
            f"请填写 1 至 {VISITS_MOST} 次检查，随机比例须大于 0 且不超过 100%：任何场所都不会永不受检。",
        )
    first = date.fromisoformat(f"{month}-01")
    every = [_weighed(row, findings, last_visits, first) for row in held.iter_rows(named=True)]
    by_lot = math.ceil(visits * share)
    ranked = sorted(every, key=_rank)[: visits - by_lot]
    taken = {one.site for one in ranked}
    rest = [one for one in every if one.site not in taken]
    chance = min(1.0, by_lot / len(rest)) if rest else 0.0
    drawn = sorted(rest, key=lambda one: _lot(seed, month, one.site))[:by_lot]
    return [replace(one, chance=chance) for one in ranked] + [
        replace(one, how="random", chance=chance) for one in drawn
    ]


def month_seed(store: Store, month: str) -> bytes:
    """What a month's lots are drawn with: of the root of the log when the month began, under the store's secret."""
    root = root_before(store, month) or EMPTY_ROOT.hex()
    return hmac.new(store.secret, _PURPOSE + f"{month}\n{root}".encode(), sha256).digest()


def last_visits(store: Store, month: str) -> dict[str, date]:
    """Site → the day of its newest visit before the month; what is entered later in a month changes no choice of it."""
    days: dict[str, date] = {}
    for one in inspections(store):
        on = date.fromisoformat(one.paper["on"])
        if one.paper.get("site") and one.paper["on"][:7] < month:
            days[one.paper["site"]] = max(on, days.get(one.paper["site"], on))
    return days


def _weighed(
    row: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], last: Mapping[str, date], first: date
) -> Choice:
    site, organisation = row["site"], row["organisation"]
    # What is asked of a firm and not of a site of it may lie at any of its sites.
    asked = [one for one in findings if _is_about(one["subject"], site, organisation)]
    worst = max(asked, key=_expected_mg, default=None)
    days = (first - last[site]).days if site in last else None
    waited = 1.0 if days is None else min(1.0, days / _DAYS_FULL)
    return Choice(
        site=site, organisation=organisation, how="ranked", held_mg=row["held_mg"], days=days, chance=0.0,
        at_stake_mg=0 if worst is None else _mass_mg(worst), probability=None if worst is None else worst["score"],
        detector="" if worst is None else worst["detector"],
        weight_mg=0.0 if worst is None else _expected_mg(worst) * waited,
    )  # fmt: skip


def _is_about(subject: Mapping[str, str], site: str, organisation: str) -> bool:
    named = subject.get("site")
    return named == site if named else subject.get("organisation") == organisation


def _mass_mg(finding: Mapping[str, Any]) -> int:
    return int(Decimal(finding["mass_kg"]) * MG_PER_KG)


def _expected_mg(finding: Mapping[str, Any]) -> float:
    return _mass_mg(finding) * (0.5 if finding["score"] is None else finding["score"])


def _rank(one: Choice) -> tuple[float, float, int, str]:
    """Most at stake first, then who was not visited for longest, then who holds most."""
    return -one.weight_mg, -math.inf if one.days is None else -one.days, -one.held_mg, one.site


def _lot(seed: bytes, month: str, site: str) -> bytes:
    """Where a site stands in the month's draw: whoever joins or leaves the list moves nobody else."""
    return hmac.new(seed, f"{month}\n{site}".encode(), sha256).digest()


def as_json(one: Choice) -> dict[str, Any]:
    """As `lodeline inspect choose --json` prints it; probabilities to six decimals."""
    return {
        "site": one.site, "organisation": one.organisation, "how": one.how, "held_kg": format_kg(one.held_mg),
        "at_stake_kg": format_kg(one.at_stake_mg), "detector": one.detector or None, "days": one.days,
        "probability": None if one.probability is None else round(one.probability, 6), "chance": round(one.chance, 6),
    }  # fmt: skip
