"""Ore or oxide from nowhere: a site has or sends out more rare earth than it ever took in.

Loophole: illegally mined or smuggled material is laundered by a site that passes it on as its own product. With stock
counts the inventory differences (MUF) of each rare earth and of their total are watched count by count, over windows
of up to a year. Without any, the difference is unknown, but what left beyond opening stock and inflow must have come
from somewhere: gain ≥ max(0, outflow − opening − inflow). The bound is never above the true gain, as long as what was
filed as mass and composition is true.

Innocent: stock that was there before the first filing, or that a count left out; goods received and not yet filed as
received; a composition of the product above that of its feed; a month boundary between shipping and receiving.
Ask: a stock count; the feed's documents; the assays of feed and product.
Evidence: the totals and their largest rows.
Source: IAEA Safeguards Glossary (2022), MUF; the bound follows from closing stock ≥ 0.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.accountancy.frames import AREA
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import described, largest_rows, with_element_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.imbalance import Books, Imbalance, imbalances
from lodeline.detection.imbalance_texts import explained
from lodeline.language import Text, text
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import Mass, Month, Texts

INNOCENT: tuple[Text, ...] = (
    text("Stock was on hand before the first filing and was not filed as opening stock."),
    text("The stock count at the beginning left something out, or the one at the end counted something twice."),
    text("Goods were received and used, and their receipt has not been filed yet or was filed for a later month."),
    text("The composition stated for the product is above, or that of the feed below, what they really were."),
    text("A mass was filed in the wrong unit, wet instead of dry, or twice."),
)
ASK: tuple[Text, ...] = (
    text("A stock count of the whole site, with its date and the methods of weighing and assay."),
    text("Contracts, invoices and weighbridge tickets of the feed behind the listed outgoing rows."),
    text("The assays of feed and product, with the laboratory that made them."),
)
TEXTS: Final = Texts(
    "unexplained-gain",
    {
        "between-counts": text(
            "Between the stock counts of {since} and {until}, {mass} kg {element} came from nowhere "
            "that was filed{over}."
        ),
        "sent-out": text(
            "In {month} the site sent out {outflow} kg TREO, but by its own filings it had at most "
            "{opening} kg at the start and took in {inflow} kg. At least {gain} kg are unexplained."
        ),
        "lower-bound": text(
            "This is a lower bound: the site has never filed a stock count, so whatever is still there comes on top."
        ),
    },
)
_TOTALS: Final = ("opening", "inflow", "outflow", "gain")


def unexplained_gain(
    *,
    books: Books,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    count_scopes: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    status: pl.DataFrame | None = None,
) -> list[Finding]:
    """Gains of sites that count, one finding per site and month in which a count ended; and lower bounds of the others.

    Parameters: `books` of the sites that count; the frames of `lodeline.accountancy.frames`, whose `event` and
    `entry` (where `movements` and `counts` have these columns) the evidence names; `status` says which months a firm
    never filed. Returns findings as `ranked`.

    With counts `score` is 1 − p over a clean site-year and `interval_mg` is the mass ± 1.96 σ. A site that never
    counted has one finding per month on TREO with `score` None, because without a count there is no σ, and
    `interval_mg` (bound, None). What the ledger booked as `unaccounted` is not counted as inflow.
    """
    frames = {"movements": movements, "lot_assays": lot_assays, "site_assays": site_assays}
    counted = imbalances(books, side=-1, counts=counts, status=status, **frames)
    counting = pl.concat([frame.select("site").unique() for frame in (counts, count_scopes)])
    never = pl.concat(
        [
            one.filter((pl.col("kind") != "title") & ~pl.col("site").is_in(counting["site"].implode()))
            for one in (movements, books.implied)
        ],
        how="diagonal",
    )
    rows = _treo_rows(never, lot_assays=lot_assays, site_assays=site_assays)
    months = _gains(rows)
    key = [*AREA, "period"]
    evidence = largest_rows(rows.join(months, on=key, how="semi"), key)
    bounds = [_bound(month, evidence[tuple(month[one] for one in key)]) for month in months.to_dicts()]
    return ranked([*map(_counted, counted), *bounds])


DETECTOR: Final = Detector(
    name="unexplained-gain",
    label=text("Unexplained gain"),
    mark=("up", "gain"),
    find=unexplained_gain,
    texts=TEXTS,
    question=text("Where did {mass} at {firm} come from?"),
    labels={
        "opening_kg": text("At hand at the start, at most"),
        "inflow_kg": text("Came in", context="detectors"),
        "outflow_kg": text("Went out"),
        "gain_kg": text("Unexplained, at least"),
    },
    shown={**ROW, "totals": plain("opening_kg", "inflow_kg", "outflow_kg", "gain_kg")},
)


def _counted(gain: Imbalance) -> Finding:
    return Finding(
        detector=DETECTOR.name, subject=gain.subject, first_period=gain.first_period, last_period=gain.last_period,
        score=gain.score, mass_mg=gain.mass_mg, interval_mg=gain.interval_mg, elements=gain.elements,
        explanation=explained(gain, TEXTS),
        innocent=INNOCENT, ask=ASK,
        evidence=gain.evidence,
    )  # fmt: skip


def _treo_rows(moves: pl.DataFrame, *, lot_assays: pl.DataFrame, site_assays: pl.DataFrame) -> pl.DataFrame:
    """What crossed the border of each site, with `element_mg` (TREO, signed) and `period`.

    Transformations stay inside. A downward adjustment is left out: it may only lower the book, and the bound
    must not rise by a statement.
    """
    adjusted_down = (pl.col("kind") == "adjustment") & (pl.col("delta_mg") < 0)
    crossing = moves.filter((pl.col("kind") != "transformation") & ~adjusted_down)
    treo = with_element_mass(crossing, lot_assays=lot_assays, site_assays=site_assays, elements=[TREO_INDEX])
    return treo.with_columns(period=pl.col("on").dt.strftime("%Y-%m"))


def _gains(rows: pl.DataFrame) -> pl.DataFrame:
    """Months with a gain: AREA, `period`, `opening_mg`, `inflow_mg`, `outflow_mg`, `gain_mg`.

    The book that is never let below zero, opening = max(0, previous opening + in − out), is the running sum above
    its own lowest value so far (or zero); a gain is a step by which that lowest value falls. A row's mass is
    rounded down by less than a milligram, so what is no larger than one milligram a row so far is no gain.
    """
    inflow = pl.col("element_mg").clip(lower_bound=0).sum()
    outflow = -pl.col("element_mg").clip(upper_bound=0).sum()
    total = pl.col("inflow_mg") - pl.col("outflow_mg")
    months = (
        rows.group_by(*AREA, "period")
        .agg(inflow_mg=inflow, outflow_mg=outflow, rows=pl.len())
        .sort(*AREA, "period")
        .with_columns(sum_mg=total.cum_sum().over(AREA))
        .with_columns(lowest_mg=pl.col("sum_mg").cum_min().over(AREA).clip(upper_bound=0))
        .with_columns(lowest_before_mg=pl.col("lowest_mg").shift(1).over(AREA).fill_null(0))
    )
    return months.select(
        *AREA,
        "period",
        "inflow_mg",
        "outflow_mg",
        opening_mg=pl.col("sum_mg") - total - pl.col("lowest_before_mg"),
        gain_mg=pl.col("lowest_before_mg") - pl.col("lowest_mg"),
        rounding_mg=pl.col("rows").cast(pl.Int64).cum_sum().over(AREA),
    ).filter(pl.col("gain_mg") > pl.col("rounding_mg"))


def _bound(month: dict[str, Any], rows: list[dict[str, Any]]) -> Finding:
    masses = {name: Mass(month[f"{name}_mg"]) for name in _TOTALS}
    totals = {f"{name}_kg": format_kg(month[f"{name}_mg"]) for name in _TOTALS}
    return Finding(
        detector=DETECTOR.name, subject={"organisation": month["organisation"], "site": month["site"]},
        first_period=month["period"], last_period=month["period"], score=None, mass_mg=month["gain_mg"],
        interval_mg=(month["gain_mg"], None), elements=(TREO,),
        explanation=(
            TEXTS.message("sent-out", month=Month(month["period"]), **masses),
            TEXTS.message("lower-bound"),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=({"totals": totals}, *(described(row, mass=row["element_mg"]) for row in rows)),
    )  # fmt: skip
