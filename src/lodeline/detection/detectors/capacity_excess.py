"""More came out of a site in a month than its plant, as registered, can make.

Loophole: material made elsewhere, or never made at all, is passed off as the site's own output. Papers can be written
in any quantity; furnaces cannot. What was mined and what runs made of one product is added up by month and held against
the capacity in the register, which is that of the main product: co-products are not added to it, and what is worked on
at the same site is none.

Innocent: the plant was enlarged and the register does not say so; several months' output was filed in one; a mass in
the wrong unit; output of a contractor filed under the site.
Ask: the permit with the capacity; power and reagent use of the month; run sheets of the rows listed.
Evidence: output and capacity of each month, then the largest rows.
Source: the capacity is the firm's own statement in the register; the margin above it is an assumption.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.detection.detector import ROW, Detector
from lodeline.detection.evidence import described, largest_rows, last_day, month_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.language import Text, text
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import Count, Mass, Month, Percent, Texts

INNOCENT: tuple[Text, ...] = (
    text("The plant was enlarged, and the register does not say so yet."),
    text("Output of several months was filed in one."),
    text("A mass was filed in the wrong unit, wet instead of dry, or twice."),
    text("Work of a contractor was filed under this site."),
)
ASK: tuple[Text, ...] = (
    text("The permit or design document that states the capacity."),
    text("Power, water and reagent use of the month, with the bills."),
    text("Run sheets and weighings of the rows listed."),
)
TEXTS: Final = Texts(
    "capacity-excess",
    {
        "beyond": text(
            "In {month} the site filed {made} kg of output (dry mass), and its registered capacity "
            "is {capacity} kg a month: {share} of it."
        ),
        "months": text("It is the worst of {months} such months."),
    },
)
_SITE = ["organisation", "site"]


def capacity_excess(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per site and run of neighbouring months whose output passed its capacity, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`. Output
    is the dry mass of what was mined and of what runs made of the product of which most was made; opening stock,
    imports, collected scrap and waste are none, nor is a product half of which or more the site's own runs used.
    A site without a capacity in the register is not testable. `score` is None: nothing says how far a stated capacity
    may be off. `mass_mg` is the TREO beyond the capacity.
    """
    room = 1 + limits.on(last_day(lines))["margin_pct"] / 100
    capacity = (
        register.tables["sites"]
        .select(site="id", capacity_mg="capacity_mg_per_month")
        .filter(pl.col("capacity_mg").is_not_null() & (pl.col("capacity_mg") > 0))
    )
    made = lines.filter(
        makes_lot()
        & (pl.col("role").is_null() | (pl.col("role") == "out"))
        & (pl.col("origin_kind").is_null() | pl.col("origin_kind").is_in(["mined", "by-product"]))
        & (pl.col("dry_mg") > 0)
    )
    made = made.with_columns(goods=pl.col("product").str.split(":").list.first(), period=month_of())
    fed = lines.filter((pl.col("kind") == "transformation") & (pl.col("role") == "in"))
    used = fed.group_by("site", "lot").agg(used_mg=pl.col("dry_mg").sum())
    own = made.group_by("site", "lot", "goods").agg(pl.col("dry_mg").sum()).join(used, on=["site", "lot"], how="left")
    sold = (
        own.group_by("site", "goods").agg(pl.sum("dry_mg", "used_mg")).filter(pl.col("used_mg") * 2 < pl.col("dry_mg"))
    )
    made = made.join(sold.select("site", "goods"), on=["site", "goods"], nulls_equal=True)
    # Of a run its largest product counts: the others are what comes with it.
    of_product = pl.col("dry_mg").sum().over("organisation", "event", "product")
    made = made.with_columns(run=of_product).filter(pl.col("run") == pl.col("run").max().over("organisation", "event"))
    months = (
        made.group_by(*_SITE, "period", "goods")
        .agg(made_mg=pl.col("dry_mg").sum())
        .join(capacity, on="site")
        .filter(pl.col("made_mg") > pl.col("capacity_mg") * room)
        .sort("made_mg", "goods", descending=True)
        .unique([*_SITE, "period"], keep="first", maintain_order=True)
    )
    if months.is_empty():
        return []
    month = pl.col("period").str.slice(0, 4).cast(pl.Int64) * 12 + pl.col("period").str.slice(5, 2).cast(pl.Int64)
    runs = months.sort(*_SITE, "period").with_columns(
        stretch=pl.struct(*_SITE, step=month - pl.int_range(pl.len()).over(_SITE)).rle_id()
    )
    rows = with_treo_mass(made.join(runs, on=[*_SITE, "period", "goods"], nulls_equal=True), lot_assays)
    totals = rows.group_by("stretch").agg(treo_mg=pl.col("treo_mg").sum(), dry_mg=pl.col("dry_mg").sum())
    shares = {
        stretch: treo_mg / dry_mg
        for stretch, treo_mg, dry_mg in totals.select("stretch", "treo_mg", "dry_mg").iter_rows()
    }
    largest = largest_rows(rows.rename({"line": "seq"}), ["stretch"], mass="dry_mg")
    return ranked(
        _finding(group.to_dicts(), shares[stretch], largest[stretch])
        for (stretch,), group in runs.group_by("stretch", maintain_order=True)
    )


DETECTOR: Final = Detector(
    name="capacity-excess",
    label=text("Beyond capacity"),
    mark=("bar", "gain"),
    find=capacity_excess,
    texts=TEXTS,
    labels={
        "made_kg": text("Made", context="detectors"),
        "capacity_kg": text("Capacity"),
    },
    shown=ROW,
)


def _finding(months: list[dict[str, Any]], treo_share: float, rows: list[dict[str, Any]]) -> Finding:
    worst = max(months, key=lambda month: month["made_mg"] / month["capacity_mg"])
    over_mg = sum(month["made_mg"] - month["capacity_mg"] for month in months)
    beyond = TEXTS.message(
        "beyond",
        month=Month(worst["period"]),
        made=Mass(worst["made_mg"]),
        capacity=Mass(worst["capacity_mg"]),
        share=Percent(worst["made_mg"] / worst["capacity_mg"], 0),
    )
    more = (TEXTS.message("months", months=Count(len(months))),) if len(months) > 1 else ()
    return Finding(
        detector=DETECTOR.name, subject={"organisation": worst["organisation"], "site": worst["site"]},
        first_period=months[0]["period"], last_period=months[-1]["period"], score=None,
        mass_mg=round(over_mg * treo_share), interval_mg=(None, None), elements=(TREO,) if treo_share else (),
        explanation=(beyond, *more),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            *(
                {
                    "period": month["period"],
                    "made_kg": format_kg(month["made_mg"]),
                    "capacity_kg": format_kg(month["capacity_mg"]),
                }
                for month in months
            ),
            *(described(row, mass=row["dry_mg"]) for row in rows),
        ),
    )  # fmt: skip
