"""How often a detector's question has something behind it, as it was measured where the truth is known.

The score of a finding says how rarely an honest firm looks like that. It does not say how many of the firms that look
like that are not honest: that depends on how many are, and on what else a detector takes for it. In worlds with planted
loopholes it can be counted, by detector and by the size of the firm that is asked: `detector_precision.csv`, written by
`lodeline bench precision`. Those worlds, their plants and the detectors have one author, and one firm in five hides
something there; so the figures order questions, and foretell nothing about any country.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import polars as pl

from lodeline.material.mass import MG_PER_KG
from lodeline.tables import table_rows

SizeClass = Literal["small", "middle", "large"]
Basis = Literal["class", "detector", "all"]
TONNE_MG: Final = 1_000 * MG_PER_KG
#: From which dry mass that a firm ships and exports in a year it is of the class (assumption: near the thirds of the
#: firms of those worlds).
SIZES: Final[Mapping[SizeClass, int]] = {"small": 0, "middle": 200 * TONNE_MG, "large": 500 * TONNE_MG}
#: So many alarms the wider group counts for, where a class or a detector has few of its own.
PRIOR: Final = 5.0
_TABLE: Final = "reference/detector_precision.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of so many alarms so many had a plant behind them at the firm that was asked, in worlds of these seeds."""

    true: int
    alarms: int
    seeds: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """The probability that something is behind a question, and the count that it rests on.

    `basis`: whose alarms `true` and `alarms` are: of the detector at firms of this class, of the detector at any firm,
    where there were none of this class, or of all detectors, where it never asked anything.
    """

    probability: float
    true: int
    alarms: int
    basis: Basis


def size_class(shipped_mg: float) -> SizeClass:
    """The class of a firm that ships and exports so much dry mass in a year."""
    return [name for name, least in SIZES.items() if shipped_mg >= least][-1]


def shipped_by_firm(lines: pl.DataFrame) -> dict[str, float]:
    """Organisation → dry mass (mg) that it shipped and exported in the last twelve months of the lines, a year.

    Where the lines span fewer months, what those would be in a year.
    """
    out = lines.filter(pl.col("kind").is_in(["shipment", "export"])).select(
        "organisation", "dry_mg", month=pl.col("on").dt.year() * 12 + pl.col("on").dt.month().cast(pl.Int32)
    )
    if not out.height:
        return {}
    last = out["month"].max()
    out = out.filter(pl.col("month") > last - 12)  # type: ignore[operator]
    months = int(last) - int(out["month"].min()) + 1  # type: ignore[arg-type]
    sums = out.group_by("organisation").agg(pl.col("dry_mg").sum()).iter_rows()
    return {firm: mass_mg * 12 / months for firm, mass_mg in sums}


def likelihood(
    detector: str, size: SizeClass, table: Mapping[tuple[str, str], Measured] | None = None
) -> Likelihood:  # fmt: skip
    """The probability that a question of the detector to a firm of this size has something behind it.

    A Beta prior of `PRIOR` alarms stands behind each count: all detectors' share behind a detector's, and a detector's
    behind that of a class. So a class with few alarms is drawn towards its detector, and one without any is it.
    """
    counted = measured() if table is None else table
    every, own = _sum(counted.values()), _sum(one for (name, _), one in counted.items() if name == detector)
    overall = every.true / every.alarms if every.alarms else 0.5
    of_detector = (own.true + PRIOR * overall) / (own.alarms + PRIOR)
    here = counted.get((detector, size), Measured(true=0, alarms=0))
    probability = (here.true + PRIOR * of_detector) / (here.alarms + PRIOR)
    basis, rests_on = next(
        (one for one in (("class", here), ("detector", own)) if one[1].alarms), ("all", every)
    )  # fmt: skip
    return Likelihood(probability=probability, true=rests_on.true, alarms=rests_on.alarms, basis=basis)  # type: ignore[arg-type]


@cache
def measured() -> Mapping[tuple[str, str], Measured]:
    """(detector, size class) → what was counted, of `detector_precision.csv`."""
    return {
        (row["detector"], row["size_class"]): Measured(
            true=int(row["true"]), alarms=int(row["alarms"]), seeds=row["seeds"], author=row["author"]
        )
        for row in table_rows(_TABLE)
    }


def of_detector(detector: str) -> Measured:
    """What was counted of a detector at firms of any size."""
    return _sum(one for (name, _), one in measured().items() if name == detector)


def _sum(counts: Iterable[Measured]) -> Measured:
    every: Sequence[Measured] = list(counts)
    return Measured(true=sum(one.true for one in every), alarms=sum(one.alarms for one in every))
