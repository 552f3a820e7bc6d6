"""Which laboratories and scales drift: two sides measured the same thing, and one of them may be off.

A bias is the mean of the paired differences of logarithms, with Student's interval. Whether it grows is asked of each
difference against those before it, studentised, which are independent standard normals however large bias and errors
are; Page's test sums them up. Who of the two is off, only a certified reference material says.

Source: Student, Biometrika 6 (1908), for the interval; Grubbs, J. Am. Stat. Assoc. 43 (1948), for the two errors;
Quesenberry, J. Qual. Technol. 23 (1991), for differences against those before; Page, Biometrika 41 (1954); Benjamini &
Hochberg, J. R. Stat. Soc. B 57 (1995), for many tests at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import inf, isnan, nan, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import f_quantile, f_tail, normal_quantile, normal_tail
from lodeline.accountancy.sequential import page, page_tail
from lodeline.accountancy.untestable import TOO_FEW
from lodeline.accountancy.verification.estimation import two_instruments
from lodeline.accountancy.verification.frames import DRIFTS

Floats = npt.NDArray[np.float64]

#: Reference value of Page's test: a bias that grows by some standard errors, not by one jump alone.
REFERENCE: Final = 0.5
#: At which probability a bias is said to grow, and a reference material to be missed.
BUDGET: Final = 0.05
_CONFIDENCE: Final = 0.95
_KEY: Final = ("kind", "own", "other", "method", "calibration", "element")
#: A probability of Student's distribution nearer to 0 than this has a score that no sum can hold.
_TINY: Final = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The mean of paired differences between `low` and `high`, its standard error, and p of none, both sides; nan where
    fewer than two were measured."""

    n: int
    mean: float = nan
    error: float = nan
    low: float = nan
    high: float = nan
    p: float = nan


def paired(difference: npt.ArrayLike, *, confidence: float = _CONFIDENCE) -> Paired:
    """The mean of differences (n,) with Student's interval."""
    values = np.asarray(difference, np.float64)
    n = len(values)
    if n < 2:
        return Paired(n=n, mean=float(values.mean()) if n else nan)
    mean, error = float(values.mean()), float(values.std(ddof=1)) / sqrt(n)
    half = sqrt(f_quantile(confidence, 1, n - 1)) * error
    square = (mean / error) ** 2 if error > 0 else (inf if mean else 0.0)
    p = 0.0 if square == inf else f_tail(square, 1, n - 1)
    return Paired(n=n, mean=mean, error=error, low=mean - half, high=mean + half, p=p)


def against_before(values: Floats) -> Floats:
    """What each of the third and later values shows beyond those before it, (n − 2,), as a standard normal score.

    Independent and exact where the values are alike normal, whatever their mean and spread.
    """
    scores = np.zeros(max(len(values) - 2, 0))
    for place in range(2, len(values)):
        before = values[:place]
        error = float(before.std(ddof=1)) * sqrt(1 + 1 / place)
        off = float(values[place] - before.mean())
        if off == 0 or error == 0:
            # Equal figures say nothing of how exact they are.
            continue
        tail = max(f_tail((off / error) ** 2, 1, place - 1) / 2, _TINY)
        scores[place - 2] = np.sign(off) * normal_quantile(1 - tail)
    return scores


def growing(values: Floats) -> tuple[float, int | None]:
    """p of a steady bias showing as much change in either direction, and the place at which the change began.

    nan where there are fewer than three values; no place where p exceeds BUDGET.
    """
    scores = against_before(values)
    if len(scores) == 0:
        return nan, None
    side = max((1.0, -1.0), key=lambda sign: float(page((sign * scores)[None], REFERENCE)[0]))
    highest = float(page((side * scores)[None], REFERENCE)[0])
    p = min(1.0, 2 * page_tail(highest, reference=REFERENCE, periods=len(scores)))
    if p > BUDGET:
        return p, None
    level, begin, best, since = 0.0, 0, -1.0, 0
    for place, score in enumerate(side * scores):
        begin = place if level == 0 else begin
        level = max(0.0, level + float(score) - REFERENCE)
        if level > best:
            best, since = level, begin
    return p, since + 2


def together(p: Floats) -> Floats:
    """The p of many tests (m,) adjusted for each other: of those that are at most α, a share of α or less is expected
    to be by chance. They hold for tests that depend on each other positively, as elements of one sample do."""
    count = len(p)
    order = np.argsort(-p)
    scaled = p[order] * count / np.arange(count, 0, -1)
    found = np.empty(count)
    found[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return found


def drifts(pairs: pl.DataFrame, references: pl.DataFrame) -> pl.DataFrame:
    """Columns DRIFTS, those that are off or grow first; parameters are the frames PAIRS and REFERENCES.

    Pairs of which a side is not positive are left out: their logarithm is none.
    """
    usable = pairs.filter((pl.col("own_value") > 0) & (pl.col("other_value") > 0))
    off = _off(references)
    rows = [
        _drift(dict(zip(_KEY, key, strict=True)), group, off)
        for key, group in usable.sort("on", "visit", maintain_order=True).group_by(_KEY, maintain_order=True)
    ]
    frame = pl.DataFrame([{name: row.get(name) for name in DRIFTS} for row in rows], schema=dict(DRIFTS), orient="row")
    return _adjusted(frame).sort(pl.min_horizontal("p", "p_growing"), *_KEY, nulls_last=True)


def _drift(
    named: dict[str, Any], group: pl.DataFrame, off: dict[tuple[str, str], tuple[float, float]]
) -> dict[str, Any]:
    days: Sequence[date] = group["on"].to_list()
    own, other = (group[name].cast(pl.Float64).to_numpy() for name in ("own_value", "other_value"))
    values = np.log(own / other)
    bias = paired(values)
    p_growing, place = growing(values)
    errors = two_instruments(own, other)
    of_own, of_other = (off.get((named[side], named["element"])) for side in ("own", "other"))
    row = {
        **named, "n": bias.n, "first": days[0], "last": days[-1], "bias": bias.mean, "low": bias.low, "high": bias.high,
        "p": bias.p, "own_random": errors[0].delta, "other_random": errors[1].delta, "growing": place is not None,
        "p_growing": p_growing, "since": None if place is None else days[place], "anchor": _anchor(of_own, of_other),
        "own_off": of_own and of_own[0], "other_off": of_other and of_other[0],
        "reason": TOO_FEW if bias.n < 2 else None,
    }  # fmt: skip
    return {name: None if isinstance(value, float) and isnan(value) else value for name, value in row.items()}


def _adjusted(frame: pl.DataFrame) -> pl.DataFrame:
    """With `q` and `q_growing`, of all that was tested in the frame."""
    p = frame.select("p", "p_growing").to_numpy()
    tested = ~np.isnan(p)
    q = np.full(p.shape, nan)
    q[tested] = together(p[tested])
    made = (pl.Series(name, q[:, place], pl.Float64).fill_nan(None) for place, name in enumerate(("q", "q_growing")))
    return frame.with_columns(*made)


def _off(references: pl.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """(laboratory, element) → by how much it is off its reference materials, and p of not at all."""
    usable = references.filter((pl.col("measured_ppb") > 0) & (pl.col("certified_ppb") > 0))
    found = usable.group_by("laboratory", "element").agg(
        off=(pl.col("measured_ppb") / pl.col("certified_ppb")).log().mean(),
        error=(pl.col("random") ** 2).sum().sqrt() / pl.len(),
    )
    return {
        (laboratory, element): (off, float(2 * normal_tail(abs(off) / error)) if error > 0 else float(off == 0))
        for laboratory, element, off, error in found.iter_rows()
    }


def _anchor(own: tuple[float, float] | None, other: tuple[float, float] | None) -> str | None:
    missed = [name for name, one in (("own", own), ("other", other)) if one is not None and one[1] <= BUDGET]
    if own is None and other is None:
        return None
    if len(missed) == 2:
        return "both"
    if missed:
        return missed[0]
    # That one is right says nothing of who was not asked.
    return "neither" if own is not None and other is not None else None
