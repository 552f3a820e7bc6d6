"""What two stock counts leave unexplained beyond what measurement explains; one happening gives one finding.

The inventory difference of every rare earth, and of their total, is tested from count to count. Iron, boron and
cobalt are not: they are bought outside the system, so their balance says nothing. All elements of a site that
alarm at one count are one imbalance, because they left or came together.
Source: IAEA Safeguards Glossary (2022), MUF; Avenhaus & Jaech, J. Inst. Nucl. Mater. Manage. 10 (1981).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from lodeline.accountancy.balance import FLOWS
from lodeline.accountancy.frames import AREA
from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95, clean_year_score
from lodeline.detection.evidence import described, largest_rows, places, with_element_mass
from lodeline.detection.finding import Text, spoken_kg
from lodeline.material.element import RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import format_kg

#: The elements whose balance the system can close.
TESTED: tuple[str, ...] = (*RARE_EARTHS, TREO)
#: Flows that cross the border of a site, in the order of the identity of the inventory difference.
_CROSSING = [flow for flow in FLOWS if flow not in ("consumed", "made")]
_RUN = [*AREA, "since", "until"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """The alarm of one site at the count of one month; masses are sizes, whichever side is asked for.

    `sigma_mg` of a sum is the sum of the σ: elements weighed together err together, so this is the widest.
    `leading` is the balance (columns of BALANCE, summed over its run, with `score`) that the text speaks of: TREO
    where it alarms, else the largest element; `others` are the remaining ones, largest first.
    """

    organisation: str
    site: str
    first_period: str
    last_period: str
    score: float
    mass_mg: int
    sigma_mg: float
    elements: tuple[str, ...]
    leading: dict[str, Any]
    others: tuple[dict[str, Any], ...]
    evidence: tuple[dict[str, Any], ...]

    @property
    def interval_mg(self) -> tuple[int, int]:
        """mass ± 1.96 σ."""
        half_mg = round(HALF_WIDTH_95 * self.sigma_mg)
        return self.mass_mg - half_mg, self.mass_mg + half_mg


def imbalances(
    balances: pl.DataFrame,
    *,
    side: int,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> list[Imbalance]:
    """The alarms of one side: `side` +1 for what is missing (muf > 0), −1 for what came from nowhere (muf < 0).

    Parameters: `balances` has the columns of `accountancy.balance.BALANCE`, at least for the elements of TESTED; the
    others are the frames it was made from, whose `entry` and `event` the evidence names if they are there.
    """
    alarms = _alarms(balances, side)
    if alarms.is_empty():
        return []
    alarms = _beyond_rounding(alarms, movements, counts)
    rows = _rows(alarms, movements, counts, lot_assays=lot_assays, site_assays=site_assays)
    return [
        _imbalance(group.to_dicts(), rows)
        for _, group in alarms.group_by(*AREA, "period", maintain_order=True)
    ]  # fmt: skip


def _alarms(balances: pl.DataFrame, side: int) -> pl.DataFrame:
    """Balances that alarm, summed over their run, with `score` and `first_on`; leading one first in each month."""
    tested = balances.filter(pl.col("z").is_not_null() & pl.col("element").is_in(TESTED)).with_columns(
        tests=pl.len().over(_RUN), first_on=pl.col("since").min().over(*AREA, "period")
    )
    scores = [
        clean_year_score(side * z, elements=tests, days=(until - since).days)
        for z, tests, since, until in tested.select("z", "tests", "since", "until").iter_rows()
    ]
    alarms = tested.with_columns(score=pl.Series(scores, dtype=pl.Float64)).filter(pl.col("score") >= ALARM_SCORE)
    run = [*AREA, "element", "since"]
    # A run of several months has its flows in as many rows; the last of them carries the difference.
    sums = (
        balances.join(alarms, on=run, how="semi")
        .sort(*run, "until")
        .group_by(run)
        .agg(pl.col("opening_mg").first(), *(pl.col(f"{flow}_mg").sum() for flow in _CROSSING))
    )
    return (
        alarms.select(pl.exclude("opening_mg", *(f"{flow}_mg" for flow in _CROSSING)))
        .join(sums, on=run)
        .sort(*AREA, "period", pl.col("element") != TREO, -pl.col("muf_mg").abs(), "element", "until")
    )


def _beyond_rounding(alarms: pl.DataFrame, movements: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """Leaves out what no more than a milligram a row explains: each row's element mass is rounded down.

    Where nothing is weighed anew, σ can be smaller than that.
    """
    acts = pl.concat([frame.select("site", "on") for frame in (movements, counts)])
    runs = alarms.select("site", "since", "until").unique()
    rows = (
        acts.join(runs, on="site")
        .filter(pl.col("on").is_between("since", "until"))
        .group_by("site", "since", "until")
        .agg(rounding_mg=pl.len().cast(pl.Int64))
    )
    rounded = alarms.join(rows, on=["site", "since", "until"], how="left", maintain_order="left")
    return rounded.filter(pl.col("muf_mg").abs() > pl.col("rounding_mg").fill_null(0)).drop("rounding_mg")


def _rows(
    alarms: pl.DataFrame,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    *,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> dict[Any, list[dict[str, Any]]]:
    """Evidence by (site, until, element): what each count found in all, then the largest rows between them."""
    wanted = alarms.select("site", "since", "until", "element")
    index = pl.col("element").replace_strict(list(SYMBOLS), range(len(SYMBOLS)), return_dtype=pl.UInt8)
    wanted = wanted.with_columns(symbol="element", element=index)
    here = pl.col("site").is_in(wanted["site"].unique().implode())
    elements = wanted["element"].unique().to_list()
    moved = movements.filter(here & ~pl.col("kind").is_in(["transformation", "title"]))
    between = (
        with_element_mass(moved, lot_assays=lot_assays, site_assays=site_assays, elements=elements)
        .join(wanted, on=["site", "element"])
        .filter((pl.col("on") > pl.col("since")) & (pl.col("on") <= pl.col("until")) & (pl.col("element_mg") != 0))
    )
    found = (
        with_element_mass(
            counts.filter(here), mass="mass_mg", lot_assays=lot_assays, site_assays=site_assays, elements=elements
        )
        .join(wanted, on=["site", "element"])
        .filter((pl.col("on") == pl.col("since")) | (pl.col("on") == pl.col("until")))
    )
    key = ["site", "until", "symbol"]
    where = [column for column in places(found) if column != "seq"]
    totals = found.group_by(*key, "on", *where).agg(pl.col("element_mg").sum()).sort(*key, "on", *where)
    evidence: dict[Any, list[dict[str, Any]]] = {}
    for row in totals.with_columns(kind=pl.lit("stock")).iter_rows(named=True):
        evidence.setdefault(tuple(row[one] for one in key), []).append(described(row, mass=row["element_mg"]))
    for place, rows in largest_rows(between, key).items():
        evidence.setdefault(place, []).extend(described(row, mass=row["element_mg"]) for row in rows)
    return evidence


def _imbalance(alarms: list[dict[str, Any]], rows: dict[Any, list[dict[str, Any]]]) -> Imbalance:
    leading = alarms[0]
    summed = [alarm for alarm in alarms if (alarm["element"] == TREO) == (leading["element"] == TREO)]
    elements = {alarm["element"] for alarm in alarms}
    return Imbalance(
        organisation=leading["organisation"],
        site=leading["site"],
        first_period=f"{leading['first_on'] + timedelta(days=1):%Y-%m}",
        last_period=leading["period"],
        score=max(alarm["score"] for alarm in alarms),
        mass_mg=sum(abs(alarm["muf_mg"]) for alarm in summed),
        sigma_mg=sum(alarm["sigma_mg"] for alarm in summed),
        elements=tuple(symbol for symbol in SYMBOLS if symbol in elements),
        leading=leading,
        others=tuple(alarms[1:]),
        evidence=(
            *(_totals(alarm) for alarm in alarms),
            *rows.get((leading["site"], leading["until"], leading["element"]), ()),
        ),
    )


def _totals(alarm: dict[str, Any]) -> dict[str, Any]:
    """muf = opening + origin + in − out − export − loss + adjustment − physical, from count to count."""
    masses = ("opening", *_CROSSING, "physical", "muf", "sigma")
    return {
        "balance": {
            "element": alarm["element"],
            "since": alarm["since"].isoformat(),
            "until": alarm["until"].isoformat(),
            **{f"{mass}_kg": format_kg(round(alarm[f"{mass}_mg"])) for mass in masses},
            "z": round(alarm["z"], 6),
        }
    }


def explained(imbalance: Imbalance, *, en: str, zh: str) -> Text:
    """The explanation; `en` and `zh` are the predicate of `{mass} kg of {element} …` between two counts."""
    leading = imbalance.leading
    mass, half = spoken_kg(abs(leading["muf_mg"])), spoken_kg(HALF_WIDTH_95 * leading["sigma_mg"])
    sigmas = f"{abs(leading['z']):.1f} σ"
    chance_en, chance_zh = _chance(imbalance.score)
    others = ", ".join(
        f"{other['element']} {spoken_kg(abs(other['muf_mg']))} kg ({abs(other['z']):.1f} σ)"
        for other in imbalance.others
    )
    counts = f"{leading['since']}", f"{leading['until']}"
    return {
        "en": (
            f"Between the stock counts of {counts[0]} and {counts[1]}, {mass} kg {leading['element']} {en}. Measurement"
            f" alone would give no more than ±{half} kg in 19 cases of 20; this is {sigmas}. {chance_en}"
            + (f" Also beyond the threshold: {others}." if others else "")
        ),
        "zh": (
            f"在 {counts[0]} 与 {counts[1]} 两次盘存之间，{mass} 千克 {leading['element']} {zh}。仅由测量误差引起的差额"
            f"有 95% 的把握不超过 ±{half} 千克，而此差额为 {sigmas}。{chance_zh}"
            + (f"同样超限的还有：{others.replace(' kg', ' 千克').replace(', ', '、')}。" if others else "")
        ),
    }


def _chance(score: float) -> tuple[str, str]:
    """How often a clean site would show as much, in years."""
    if 1 - score < 1e-6:
        return "Chance would bring it less than once in a million years.", "偶然出现的概率低于百万年一次。"
    years = int(1 / (1 - score))
    return (
        f"At a site without faults chance would bring it about once in {years} years.",
        f"在无异常的场所，偶然出现的概率约为 {years} 年一次。",
    )
