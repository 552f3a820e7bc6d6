"""Which firms an inspectorate goes to next: those where most is expected to be found, and beside them some by lot.

A firm is ranked by expected worth × probability × role. Of each cause that is asked about (`causes`) the worth and the
measured precision of the detector that asks (`precision`) are known; causes are taken for independent, so a visit finds
something with 1 − Π (1 − pᵢ), and then Σ pᵢ wᵢ over that probability is the worth to be expected; their product is
Σ pᵢ wᵢ. What it is multiplied with is how much a firm of this role counts (`visit_roles.csv`, assumptions), and of each
cause the part of a year since the last visit to where it is, so that who was just visited waits.

Who is chosen by rank alone teaches every other firm that nobody comes. So a share of a month's visits is drawn among
all firms that hold material, and none of them, and no site of theirs, has the chance nought. The draw rests on the root
of the log as it stood when the month began and on the store's secret: nobody chooses, no firm can reckon it out, and
whoever keeps the store can draw it again.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal

import polars as pl

from lodeline.detection.finding import Finding
from lodeline.errors import UserError
from lodeline.journal.merkle import EMPTY_ROOT
from lodeline.language import text
from lodeline.service.inspections.causes import Cause, causes_of
from lodeline.service.inspections.items import held_by_site
from lodeline.service.inspections.precision import SizeClass, shipped_by_firm, size_class
from lodeline.service.inspections.visits import Inspection, inspections
from lodeline.store.queries.log import root_before
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.tables import table_rows

#: Part of a month's visits that is drawn by lot, and how many visits there are where nobody says.
RANDOM_SHARE: Final = 0.2
VISITS: Final = 10
VISITS_MOST: Final = 1_000
#: Days after a visit until a site counts in full again.
_DAYS_FULL: Final = 365
_PURPOSE: Final = b"lodeline inspections by lot\n"
_ROLES: Final = "reference/visit_roles.csv"


class ChoosingError(UserError):
    """What was asked for cannot be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site of a chosen firm. `expected_usd`: Σ worth × probability of the causes there; `days` since its last
    visit, None: never."""

    site: str
    held_mg: int
    expected_usd: float
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A firm to visit, and why.

    `site`: where to go, the one with the most at stake, by lot where the firm is. `causes`: what is asked, the
    weightiest first. `probability`: that at least one has something behind it; `found_usd`: the worth that is expected
    to be found then. `role`, `role_weight`: the weightiest role of the firm. `weight_usd`: by which it is ranked.
    `days`: since the last visit to any of its sites; None: never. `chance`: with which the lot falls on it, were it not
    ranked.
    """

    organisation: str
    how: Literal["ranked", "random"]
    site: str
    places: tuple[Place, ...]
    causes: tuple[Cause, ...]
    size: SizeClass
    role: str
    role_weight: float
    probability: float
    found_usd: float
    weight_usd: float
    days: int | None
    chance: float

    @property
    def held_mg(self) -> int:
        """What its sites hold in their books."""
        return sum(one.held_mg for one in self.places)

    @property
    def expected_usd(self) -> float:
        """Worth × probability, before role and time."""
        return self.found_usd * self.probability


def visitable(snapshot: Snapshot) -> pl.DataFrame:
    """Every site that could be visited: `site`, `organisation` (its holder), `held_mg`, `shipped_mg` of the firm in a
    year, `roles` of the firm."""
    register = snapshot.register
    shipped = shipped_by_firm(snapshot.lines)
    holders = register.tables["sites"].select(site="id", organisation="organisation")
    roles = register.tables["organisations"].select(organisation="id", roles="roles")
    return (
        holders.join(held_by_site(snapshot).select("site", "held_mg"), on="site", how="left")
        .join(roles, on="organisation", how="left")
        .with_columns(
            pl.col("held_mg").fill_null(0),
            shipped_mg=pl.col("organisation").replace_strict(shipped, default=0.0, return_dtype=pl.Float64),
        )
        .select("site", "organisation", "held_mg", "shipped_mg", "roles")
        .sort("site")
    )


def choose(
    sites: pl.DataFrame, findings: Iterable[Finding], last_visits: Mapping[str, date], *, month: str,
    seed: bytes, visits: int = VISITS, share: float = RANDOM_SHARE,
) -> list[Choice]:  # fmt: skip
    """The visits of a month (YYYY-MM): ranked ones first, then those by lot.

    sites : as `visitable` gives them.
    findings : of a firm without a site here they count for nobody.
    last_visits : site → day of its newest visit before the month (`last_visits`).

    Raises ChoosingError.
    """
    if not 1 <= visits <= VISITS_MOST or not 0 < share <= 1:
        raise ChoosingError(
            text(
                "Give 1 to {visits_most} visits, and a share by lot above 0 and up to 100 %: nobody is never visited.",
                visits_most=VISITS_MOST,
            )
        )
    first = date.fromisoformat(f"{month}-01")
    asked: dict[str, list[Finding]] = {}
    for finding in findings:
        asked.setdefault(finding.firm, []).append(finding)
    every = [
        _weighed(rows.to_dicts(), asked.get(str(firm), []), last_visits, first)
        for (firm,), rows in sites.sort("site").group_by("organisation", maintain_order=True)
    ]
    by_lot = math.ceil(visits * share)
    # A firm whose books are empty is not drawn; where something is asked of it, it is ranked all the same.
    ranked = sorted((one for one in every if one.held_mg or one.causes), key=_rank)[: visits - by_lot]
    taken = {one.organisation for one in ranked}
    rest = [one for one in every if one.held_mg and one.organisation not in taken]
    chance = min(1.0, by_lot / len(rest)) if rest else 0.0
    drawn = sorted(rest, key=lambda one: _lot(seed, month, one.organisation))[:by_lot]
    return [replace(one, chance=chance) for one in ranked] + [
        replace(one, how="random", chance=chance, site=_site_by_lot(one, seed, month)) for one in drawn
    ]


def month_seed(store: Store, month: str) -> bytes:
    """What a month's lots are drawn with: of the root of the log when the month began, under the store's secret."""
    root = root_before(store, month) or EMPTY_ROOT.hex()
    return hmac.new(store.secret, _PURPOSE + f"{month}\n{root}".encode(), sha256).digest()


def last_visits(store: Store, month: str) -> dict[str, date]:
    """Site → the day of its newest visit before the month; what is entered later in a month changes no choice of it."""
    return last_of(inspections(store), month)


def last_of(made: Iterable[Inspection], month: str) -> dict[str, date]:
    """`last_visits` of some papers."""
    days: dict[str, date] = {}
    for one in made:
        on = date.fromisoformat(one.paper["on"])
        if one.paper.get("site") and one.paper["on"][:7] < month:
            days[one.paper["site"]] = max(on, days.get(one.paper["site"], on))
    return days


@cache
def role_weights() -> Mapping[str, float]:
    """Role → how much a firm of it counts (`visit_roles.csv`; every row is an assumption)."""
    rows = table_rows(_ROLES)
    return {row["role"]: float(row["weight"]) for row in rows}


def _weighed(
    rows: Sequence[Mapping[str, Any]], asked: Sequence[Finding], last: Mapping[str, date], first: date
) -> Choice:
    """A firm, `rows` being its sites, as if it were ranked."""
    size = size_class(rows[0]["shipped_mg"])
    causes = causes_of(asked, size)
    days = {row["site"]: (first - last[row["site"]]).days if row["site"] in last else None for row in rows}
    # Of a firm the newest visit counts for what is asked of no site of it.
    newest = min((one for one in days.values() if one is not None), default=None)
    waited = [_waited(days.get(one.site or "", newest)) for one in causes]
    places = tuple(
        sorted(
            (
                Place(
                    site=row["site"], held_mg=row["held_mg"], days=days[row["site"]],
                    expected_usd=sum(one.expected_usd for one in causes if one.site == row["site"]),
                )
                for row in rows
            ),
            key=lambda one: (-one.expected_usd, -one.held_mg, one.site),
        )
    )  # fmt: skip
    none = math.prod(1 - one.likelihood.probability for one in causes)
    expected = sum(one.expected_usd for one in causes)
    role, weight = _role(rows[0]["roles"] or ())
    due = sum(one.expected_usd * part for one, part in zip(causes, waited, strict=True))
    return Choice(
        organisation=rows[0]["organisation"], how="ranked", site=places[0].site, places=places, causes=tuple(causes),
        size=size, role=role, role_weight=weight, probability=1 - none,
        found_usd=expected / (1 - none) if causes and none < 1 else 0.0, weight_usd=due * weight, days=newest,
        chance=0.0,
    )  # fmt: skip


def _waited(days: int | None) -> float:
    return 1.0 if days is None else min(1.0, days / _DAYS_FULL)


def _role(roles: Iterable[str]) -> tuple[str, float]:
    """The role that counts most, and how much; one that the table does not know counts once."""
    known = role_weights()
    return max(((one, known.get(one, 1.0)) for one in roles), key=lambda one: (one[1], one[0]), default=("", 1.0))


def _rank(one: Choice) -> tuple[float, float, int, str]:
    """Most to be expected first, then who was not visited for longest, then who holds most."""
    return -one.weight_usd, -math.inf if one.days is None else -one.days, -one.held_mg, one.organisation


def _site_by_lot(one: Choice, seed: bytes, month: str) -> str:
    """Of the sites of a drawn firm that hold material, the one that the lot falls on."""
    holding = [place.site for place in one.places if place.held_mg]
    return min(holding, key=lambda site: _lot(seed, month, site))


def _lot(seed: bytes, month: str, name: str) -> bytes:
    """Where a firm or site stands in the month's draw: whoever joins or leaves the list moves nobody else."""
    return hmac.new(seed, f"{month}\n{name}".encode(), sha256).digest()
