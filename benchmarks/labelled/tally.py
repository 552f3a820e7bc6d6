"""All worlds together: how many plants of each kind were found, what it cost in false findings, and what peers find.

False findings are counted at honest firms only: firms that no plant touches, in worlds with plants and without. A
plant is found by its own detector, or not; what other detectors saw of it stands in a column of its own.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from labelled.chance import area, shuffled_areas
from labelled.matching import Planted, Seen, by_its_detector, match, months_between
from labelled.peers import Alarms, Scored, alarms, finds, scored
from labelled.plan import OF_MASS
from labelled.sizes import is_strong, size_class
from lodeline.detection.alarm import FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.detection.battery import DUTIES

#: Labels are dealt out anew this often, from this seed.
SHUFFLES, SHUFFLE_SEED = 500, 7
#: Detectors that state what is missing from the papers, and the natural dirt of which that is true: no false finding.
RIGHT_ABOUT: Final = {
    "missing-filing": ("month-not-filed",),
    "over-drawn-lot": ("receipt-lost", "month-not-filed"),
    "quota-overrun": ("quota-passed",),
    "unassayed-lot": ("waste-not-analysed",),
}
#: Points of a peer's curve.
_LEVELS, _MOST_ALARMS = 60, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A plant, what it is worth and what saw it. `best` is the highest score of its own detector, below alarms too."""

    planted: Planted
    manner: str
    adversary: str
    begins: str
    size_class: str
    strong: bool
    world: int
    hits: tuple[Seen, ...]
    other_hits: int
    best: float

    @property
    def months_to_detection(self) -> int:
        """From the first month of the plant to the last month that the first finding rests on."""
        return max(0, min(months_between(self.begins, one.last) for one in self.hits))


@dataclass(frozen=True, kw_only=True)
class World:
    """One tried world: `findings` are alarms, `below` is everything down to `asking.LEAST_SCORE`."""

    plants: list[Planted]
    facts: dict[str, dict[str, Any]]
    findings: list[Seen]
    below: list[Seen]
    sites: dict[str, int]
    months: int
    features: pl.DataFrame
    idle: dict[str, int]
    detectors: list[str]
    missing_papers: frozenset[tuple[str, str, str]]

    @cached_property
    def honest(self) -> set[str]:
        """Firms with a site that no plant touches."""
        touched = {one for plant in self.plants for one in plant.organisations}
        return set(self.sites) - touched

    @property
    def honest_site_years(self) -> float:
        return sum(self.sites[one] for one in self.honest) * self.months / 12

    def false(self, findings: Iterable[Seen]) -> list[Seen]:
        """Those at honest firms alone that are not right about a missing paper, and no bounds (`Seen.bound`)."""
        return [one for one in self._of_honest(findings) if not one.bound and not self._is_right(one)]

    @property
    def bounds(self) -> int:
        """Bounds at honest firms: papers that are missing, and measurement of which nobody stated the error."""
        return sum(one.bound for one in self._of_honest(self.findings))

    def _of_honest(self, findings: Iterable[Seen]) -> list[Seen]:
        # Who else is named has no site.
        return [one for one in findings if one.organisations & self.sites.keys() <= self.honest]

    def _is_right(self, finding: Seen) -> bool:
        """True where just what the detector states was done by mistake, by the firm it names, by the time it says."""
        return any(
            kind in RIGHT_ABOUT.get(finding.detector, ()) and firm in finding.organisations and period <= finding.last
            for kind, firm, period in self.missing_papers
        )


def read(path: Path) -> World:
    """A world as `trial.run` left it."""
    told = json.loads(path.read_text("utf-8"))
    return World(
        plants=[
            Planted(
                id=one["id"], loophole=one["loophole"], organisations=frozenset(one["organisations"]),
                first=one["first"], last=one["last"],
            ) for one in told["plants"]
        ],
        facts={one["id"]: one for one in told["plants"]}, findings=_seen(told["findings"]), below=_seen(told["below"]),
        sites=told["sites"], months=told["world"]["months"], features=pl.read_parquet(path.with_suffix(".parquet")),
        idle=told["idle"], detectors=told["detectors"],
        missing_papers=frozenset((kind, firm, period) for kind, firm, period in told["missing_papers"]),
    )  # fmt: skip


def _seen(rows: list[dict[str, Any]]) -> list[Seen]:
    return [Seen(**row | {"organisations": frozenset(row["organisations"])}) for row in rows]


def plants_of(worlds: Sequence[World]) -> list[Plant]:
    """Every plant of all worlds with what answers it."""
    found: list[Plant] = []
    for number, world in enumerate(worlds):
        alarmed, seen = match(world.plants, world.findings), match(world.plants, world.below)
        for plant in world.plants:
            fact = world.facts[plant.id]
            size, sigma = fact["size"]["value"], fact["size_sigma"]
            own = by_its_detector(alarmed, plant)
            found.append(Plant(
                planted=plant, manner=fact["manner"], adversary=fact["adversary"], begins=fact["begins"],
                size_class=size_class(plant.loophole, size, sigma),
                strong=is_strong(plant.loophole, size, fact["ceiling"]), world=number, hits=own,
                other_hits=len(alarmed.found[plant.id]) - len(own),
                best=max((one.score for one in (*by_its_detector(seen, plant), *own)), default=0.0),
            ))  # fmt: skip
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Recall of the large plants against false findings per 200 site-years, falling limits, (n,) each."""

    name: str
    false: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one detector did. Site-years are those of honest firms, `false` its findings there."""

    detector: str
    plants: tuple[Plant, ...]
    false: int
    #: Findings in a year of a world without plants, those right about natural dirt too; NaN without such a world.
    in_a_clean_year: float
    site_years: float
    area: float
    shuffled: float
    peers: dict[str, float]
    curves: tuple[Curve, ...] = field(repr=False)

    @property
    def strong(self) -> list[Plant]:
        return [one for one in self.plants if one.strong]

    @property
    def false_per_200_site_years(self) -> float:
        return self.false / (self.site_years * FALSE_FINDINGS_PER_SITE_YEAR)

    @property
    def months_to_detection(self) -> float | None:
        hits = [one.months_to_detection for one in self.plants if one.hits]
        return statistics.median(hits) if hits else None


def recall(plants: Sequence[Plant]) -> float:
    """The share that its own detector found; NaN of none."""
    return sum(bool(one.hits) for one in plants) / len(plants) if plants else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All detectors, and all of them together beside a peer that raises as many false alarms as all of them."""

    rows: tuple[Row, ...]
    together: float
    peers_together: dict[str, float]
    site_years: float
    bounds: int
    idle: dict[str, int]

    @property
    def false_per_20_site_years(self) -> float:
        """False findings of all detectors together; wrong lines among what is still to be filed are none."""
        return self._wrong(duty=False)

    @property
    def wrong_duties_per_20_site_years(self) -> float:
        """Lines among duties and papers that are wrong."""
        return self._wrong(duty=True)

    def _wrong(self, *, duty: bool) -> float:
        return sum(row.false for row in self.rows if (row.detector in DUTIES) == duty) / (self.site_years / 20)

    @property
    def in_a_clean_year(self) -> float:
        """Findings of all detectors in a year of a nation without plants, but for what is still to be filed."""
        return sum(row.in_a_clean_year for row in self.rows if row.detector not in DUTIES)


def tally(worlds: Sequence[World]) -> Tally:
    """Counts everything. At least one world; the peers learn from those without plants."""
    plants = plants_of(worlds)
    honest = [world.honest for world in worlds]
    site_years = sum(world.honest_site_years for world in worlds)
    clean = [world.features for world in worlds if not world.plants] or [world.features for world in worlds]
    peers = scored([world.features for world in worlds], clean)
    best = {name: _best(judged, plants) for name, judged in peers.items()}
    raised = {name: alarms(judged, honest) for name, judged in peers.items()}
    budget = site_years * FALSE_FINDINGS_PER_SITE_YEAR
    rows = []
    for detector in worlds[0].detectors:
        own = [place for place, one in enumerate(plants) if one.planted.loophole == detector]
        false = sum(one.detector == detector for world in worlds for one in world.false(world.findings))
        strong = np.array([place for place in own if plants[place].strong], np.int64)
        # A peer may raise as many alarms as the detector did, and no fewer than the budget allows.
        limits = {name: raised[name].limit_for(max(false, budget)) for name in peers}
        scores, labels = _firms(worlds, detector)
        rows.append(Row(
            detector=detector, plants=tuple(plants[place] for place in own), false=false, site_years=site_years,
            in_a_clean_year=_in_a_clean_year(worlds, detector),
            area=area(scores, labels),
            shuffled=float(shuffled_areas(scores, labels, times=SHUFFLES, seed=SHUFFLE_SEED).mean()),
            peers={name: _share(best[name][strong] >= limits[name]) for name in peers},
            curves=(_own_curve(worlds, [plants[place] for place in strong], detector, budget),
                    *(_peer_curve(name, raised[name], best[name][strong], budget) for name in peers)),
        ))  # fmt: skip
    strong_ones = np.array([place for place, one in enumerate(plants) if one.strong], np.int64)
    total = sum(row.false for row in rows)
    return Tally(
        rows=tuple(rows),
        together=_share(np.array([bool(plants[place].hits or plants[place].other_hits) for place in strong_ones])),
        peers_together={
            name: _share(best[name][strong_ones] >= raised[name].limit_for(max(total, budget))) for name in peers
        },
        site_years=site_years,
        bounds=sum(world.bounds for world in worlds),
        idle={name: sum(world.idle.get(name, 0) for world in worlds) for world in worlds for name in world.idle},
    )  # fmt: skip


def _in_a_clean_year(worlds: Sequence[World], detector: str) -> float:
    clean = [world for world in worlds if not world.plants]
    found = [sum(one.detector == detector for one in world.findings) * 12 / world.months for world in clean]
    return statistics.fmean(found) if found else math.nan


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if flags.size else math.nan


def _best(judged: Sequence[Scored], plants: Sequence[Plant]) -> npt.NDArray[np.float64]:
    """What a peer makes of each plant at most."""
    return np.array([
        finds(judged[one.world], one.planted.organisations, one.planted.first, one.planted.last) for one in plants
    ])  # fmt: skip


def _peer_curve(name: str, raised: Alarms, best: npt.NDArray[np.float64], budget: float) -> Curve:
    """The upper part of a peer's levels, thinned out."""
    most = min(len(raised.level), int(_MOST_ALARMS * budget) * 2)
    places = np.unique(np.geomspace(1, max(2, most), _LEVELS).astype(np.int64) - 1)
    places = places[places < len(raised.level)]
    return Curve(
        name=name, false=raised.count[places] / budget,
        recall=np.array([_share(best >= level) for level in raised.level[places]]),
    )  # fmt: skip


def _own_curve(worlds: Sequence[World], strong: Sequence[Plant], detector: str, budget: float) -> Curve:
    false = np.array([one.score for w in worlds for one in w.false(w.below) if one.detector == detector])
    best = np.array([one.best for one in strong])
    limits = np.unique(np.concatenate([false, best[best > 0], [1.0]]))[::-1]
    return Curve(
        name=detector, false=np.array([(false >= limit).sum() / budget for limit in limits]),
        recall=np.array([_share(best >= limit) for limit in limits]),
    )  # fmt: skip


def _firms(worlds: Sequence[World], detector: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Firms with a site that a plant of this loophole touches, or none: their highest scores, and which they are."""
    scores: list[float] = []
    labels: list[bool] = []
    for world in worlds:
        best: dict[str, float] = {}
        for one in world.below:
            if one.detector == detector:
                for firm in one.organisations:
                    best[firm] = max(best.get(firm, 0.0), one.score)
        touched = {one for plant in world.plants if plant.loophole == detector for one in plant.organisations}
        for firm in sorted(world.sites):
            if firm in touched or firm in world.honest:
                scores.append(best.get(firm, 0.0))
                labels.append(firm in touched)
    return np.array(scores), np.array(labels, np.bool_)


def mean_recall(found: Tally, *, of_mass_only: bool = False) -> float:
    """The mean over detectors of their recall of large plants."""
    recalls = [recall(row.strong) for row in found.rows if row.strong and (not of_mass_only or row.detector in OF_MASS)]
    return statistics.fmean(recalls) if recalls else math.nan
