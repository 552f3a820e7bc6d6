"""Ore or oxide from nowhere: a site sends out more rare earth than it ever had.

Loophole: illegally mined or smuggled material is laundered by a site that passes it on as its own product.
Without a stock count the inventory difference is unknown, but what left beyond opening stock and inflow must have
come from somewhere: gain ≥ max(0, outflow − opening − inflow). The bound is never above the true gain, as long
as what was filed as mass and composition is true.

Innocent: stock that was there before the first filing; goods received and not yet filed as received; a composition
of the product above that of its feed; a month boundary between shipping and receiving.
Ask: a stock count; the feed's documents; the assays of feed and product.
Evidence: the month's totals and its largest rows.
Source: IAEA Safeguards Glossary (2022), MUF; the bound follows from closing stock ≥ 0.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.accountancy.frames import AREA, element_mass, serving_shares
from lodeline.detection.finding import Finding, Text
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg

DETECTOR: Final = "unexplained-gain"
#: Rows of evidence per finding: enough to see what made the month, few enough to read.
EVIDENCE_ROWS: Final = 10

INNOCENT: tuple[Text, ...] = (
    {
        "en": "Stock was on hand before the first filing and was not filed as opening stock.",
        "zh": "首次申报前已有库存，但未作为期初库存申报。",
    },
    {
        "en": "Goods were received and used, and their receipt has not been filed yet or was filed for a later month.",
        "zh": "货物已收到并使用，但收货尚未申报，或申报在以后的月份。",
    },
    {
        "en": "The composition stated for the product is above, or that of the feed below, what they really were.",
        "zh": "产品所报成分高于实际，或原料所报成分低于实际。",
    },
    {
        "en": "A mass was filed in the wrong unit, wet instead of dry, or twice.",
        "zh": "质量单位填错、以湿重代替干重，或重复申报。",
    },
)
ASK: tuple[Text, ...] = (
    {
        "en": "A stock count of the whole site, with its date and the methods of weighing and assay.",
        "zh": "全场所盘存结果，注明日期及称重和化验方法。",
    },
    {
        "en": "Contracts, invoices and weighbridge tickets of the feed behind the listed outgoing rows.",
        "zh": "所列发出批次对应原料的合同、发票和过磅单。",
    },
    {
        "en": "The assays of feed and product, with the laboratory that made them.",
        "zh": "原料与产品的化验单及化验单位。",
    },
)


def unexplained_gain(
    *,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    count_scopes: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> list[Finding]:
    """The lower bound of the gain of every site that never counted, one finding per site and month, on TREO.

    Parameters: the frames of `lodeline.accountancy.frames`; if `movements` has a column `event`, the evidence names it.
    Returns findings by falling mass, then by subject and month. `score` is None, because without a count there
    is no σ; `interval_mg` is (bound, None). What the ledger booked as `unaccounted` is not counted as inflow.
    """
    counting = pl.concat([frame.select("site").unique() for frame in (counts, count_scopes)])
    moves = movements.filter(pl.col("kind") != "title").join(counting, on="site", how="anti")
    rows = _treo_rows(moves, lot_assays=lot_assays, site_assays=site_assays)
    months = _gains(rows)
    if months.is_empty():
        return []
    evidence = _largest_rows(rows, months)
    findings = [_finding(month, evidence[*(month[key] for key in (*AREA, "period"))]) for month in months.to_dicts()]
    return sorted(findings, key=lambda found: (-found.mass_mg, *found.subject.values(), found.first_period))


def _treo_rows(moves: pl.DataFrame, *, lot_assays: pl.DataFrame, site_assays: pl.DataFrame) -> pl.DataFrame:
    """What crossed the border of each site, with `treo_mg` (signed) and `period`.

    Transformations stay inside. A downward adjustment is left out: it may only lower the book, and the bound
    must not rise by a statement.
    """
    adjusted_down = (pl.col("kind") == "adjustment") & (pl.col("delta_mg") < 0)
    crossing = moves.filter((pl.col("kind") != "transformation") & ~adjusted_down)
    held = crossing.select("site", "lot").unique().with_row_index("held")
    shares = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=[TREO_INDEX])
    return (
        crossing.join(held, on=["site", "lot"])
        .join(shares, on="held")
        .with_columns(treo_mg=element_mass(), period=pl.col("on").dt.strftime("%Y-%m"))
    )


def _gains(rows: pl.DataFrame) -> pl.DataFrame:
    """Months with a gain: AREA, `period`, `opening_mg`, `inflow_mg`, `outflow_mg`, `gain_mg`.

    The book that is never let below zero, opening = max(0, previous opening + in − out), is the running sum above
    its own lowest value so far (or zero); a gain is a step by which that lowest value falls. A row's mass is
    rounded down by less than a milligram, so what is no larger than one milligram a row so far is no gain.
    """
    inflow = pl.col("treo_mg").clip(lower_bound=0).sum()
    outflow = -pl.col("treo_mg").clip(upper_bound=0).sum()
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


def _largest_rows(rows: pl.DataFrame, months: pl.DataFrame) -> dict[Any, list[dict[str, Any]]]:
    """The largest rows of each month with a gain, by (organisation, site, period), largest first."""
    key = [*AREA, "period"]
    columns = ["seq", "event", "kind", "on", "treo_mg"] if "event" in rows.columns else ["seq", "kind", "on", "treo_mg"]
    largest = (
        rows.join(months, on=key, how="semi")
        .sort([*key, pl.col("treo_mg").abs(), "seq"], descending=[False, False, False, True, False])
        .group_by(key, maintain_order=True)
        .head(EVIDENCE_ROWS)
    )
    return largest.select(key + columns).rows_by_key(key, named=True)


def _finding(month: dict[str, Any], rows: list[dict[str, Any]]) -> Finding:
    kg = {name: format_kg(month[f"{name}_mg"]) for name in ("opening", "inflow", "outflow", "gain")}
    explanation: Text = {
        "en": (
            f"In {month['period']} the site sent out {kg['outflow']} kg TREO, but by its own filings it had at most "
            f"{kg['opening']} kg at the start and took in {kg['inflow']} kg. At least {kg['gain']} kg are unexplained. "
            "This is a lower bound: the site has never filed a stock count, so whatever is still there comes on top."
        ),
        "zh": (
            f"{month['period']} 该场所发出 {kg['outflow']} 千克 TREO，而按其申报期初至多有 {kg['opening']} 千克，"
            f"当月流入 {kg['inflow']} 千克，至少有 {kg['gain']} 千克来源不明。"
            "这是下限：该场所从未申报盘存，仍在库的数量还应计入。"
        ),
    }
    totals = {f"{name}_kg": kg[name] for name in ("opening", "inflow", "outflow", "gain")}
    return Finding(
        detector=DETECTOR,
        subject={"organisation": month["organisation"], "site": month["site"]},
        first_period=month["period"],
        last_period=month["period"],
        score=None,
        mass_mg=month["gain_mg"],
        interval_mg=(month["gain_mg"], None),
        elements=(TREO,),
        explanation=explanation,
        innocent=INNOCENT,
        ask=ASK,
        evidence=({"totals": totals}, *(_evidence(row) for row in rows)),
    )


def _evidence(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the ledger: its number, the filer's event where known, and its signed TREO mass."""
    event = {"event": row["event"]} if "event" in row else {}
    return {
        "movement": row["seq"], **event, "kind": row["kind"], "on": row["on"].isoformat(),
        "mass_kg": format_kg(row["treo_mg"]),
    }  # fmt: skip
