"""What anybody could try instead: three sigma on every balance, and two anomaly detectors on the same features.

The 3σ rule asks about a site in a month when |MUF| of some rare earth exceeds a multiple of its σ. The isolation forest
(Liu, Ting & Zhou 2008) and ECOD (Li et al. 2022), both from PyOD with its own settings, score every site and month by
`features`. They learn from the clean worlds alone, which is more than an authority could give them.

A peer says that something is odd, not what: its alarm answers every plant of that firm and month. Neighbouring months
of a site are one alarm, as they are one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from labelled.features import FEATURES

Floats = npt.NDArray[np.float64]

RULE: Final = "3σ on MUF"
FOREST: Final = "isolation forest"
ECOD_NAME: Final = "ECOD"
PEERS: Final = (RULE, FOREST, ECOD_NAME)
#: Rows that a peer learns from at most, and the seed by which they are chosen.
LEARNED, SEED = 20_000, 20_260_525


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One world as a peer sees it: `organisation`, `site`, `month` (whole, counted from year 0) and `score` (n,)."""

    organisation: npt.NDArray[np.str_]
    site: npt.NDArray[np.str_]
    month: npt.NDArray[np.int64]
    score: Floats


def scored(worlds: Sequence[pl.DataFrame], clean: Sequence[pl.DataFrame]) -> dict[str, list[Scored]]:
    """Peer → its scores of each world's features, in the order of `worlds`. Without PyOD only the rule is there."""
    judges: dict[str, Any] = {RULE: None}
    learned = _numbers(pl.concat(clean)) if clean else None
    if learned is not None and len(learned):
        chosen = np.random.default_rng(SEED).permutation(len(learned))[:LEARNED]
        judges |= _fitted(learned[chosen])
    return {name: [_world(frame, _score(frame, judge)) for frame in worlds] for name, judge in judges.items()}


def _fitted(learned: Floats) -> dict[str, Any]:
    try:
        from pyod.models.ecod import ECOD  # noqa: PLC0415  (a peer; the environment of `make test` has it)
        from pyod.models.iforest import IForest  # noqa: PLC0415
    except ImportError:
        return {}
    judges = {FOREST: IForest(random_state=SEED % 2**31), ECOD_NAME: ECOD()}
    for judge in judges.values():
        judge.fit(learned)
    return judges


def _numbers(frame: pl.DataFrame) -> Floats:
    return frame.select(FEATURES).to_numpy().astype(np.float64)


def _score(frame: pl.DataFrame, judge: Any) -> Floats:
    if judge is None:
        return frame.select(pl.max_horizontal("z_missing", "z_gained")).to_series().to_numpy()
    found: Floats = np.asarray(judge.decision_function(_numbers(frame)), np.float64)
    return found


def _world(frame: pl.DataFrame, score: Floats) -> Scored:
    period = frame["period"]
    month = period.str.slice(0, 4).cast(pl.Int64) * 12 + period.str.slice(5).cast(pl.Int64)
    return Scored(
        organisation=frame["organisation"].to_numpy(), site=frame["site"].to_numpy(), month=month.to_numpy(),
        score=score,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How many alarms a peer raises at honest firms when all that scores at least `level` (n,), falling, is one."""

    level: Floats
    count: npt.NDArray[np.int64]

    def limit_for(self, most: float) -> float:
        """The lowest level at which, and above which, no more than `most` alarms are raised; ∞ where there is none."""
        loud = np.flatnonzero(self.count > most)
        quiet = self.level[: loud[0]] if len(loud) else self.level
        return float(quiet[-1]) if len(quiet) else np.inf


def alarms(worlds: Sequence[Scored], honest: Sequence[set[str]]) -> Alarms:
    """Alarms at the honest firms of all worlds: runs of neighbouring months of a site, counted as the level falls."""
    cells = [
        (float(score), number, str(site), int(month))
        for number, (world, firms) in enumerate(zip(worlds, honest, strict=True))
        for organisation, site, month, score in zip(
            world.organisation, world.site, world.month, world.score, strict=True
        )
        if organisation in firms
    ]
    cells.sort(key=lambda cell: -cell[0])
    alarmed: set[tuple[int, str, int]] = set()
    levels: list[float] = []
    counts: list[int] = []
    count = 0
    for score, number, site, month in cells:
        # A month between two that alarmed makes one run of two; one beside a run makes it longer.
        count += 1 - ((number, site, month - 1) in alarmed) - ((number, site, month + 1) in alarmed)
        alarmed.add((number, site, month))
        if levels and levels[-1] == score:
            counts[-1] = count
        else:
            levels.append(score)
            counts.append(count)
    return Alarms(level=np.array(levels), count=np.array(counts, np.int64))


def finds(world: Scored, organisations: frozenset[str], first: str, last: str) -> float:
    """The largest score of any of the firms in the months, both included; −∞ where they have no row."""
    begin, end = (int(text[:4]) * 12 + int(text[5:]) for text in (first, last))
    own = np.isin(world.organisation, sorted(organisations)) & (world.month >= begin) & (world.month <= end)
    return float(world.score[own].max()) if own.any() else -np.inf
