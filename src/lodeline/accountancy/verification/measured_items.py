"""What was measured of each item, by which weight it counts, and by how much each measurement enters D.

An item's difference has two parts: the mass that is not there, and the composition that is not so. Each is extrapolated
from the items in which it was measured, because a plan counts many, weighs fewer and assays a few.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.accountancy.verification.frames import ASSAYS
from lodeline.material.mass import share_mg_expr

STRATUM: Final = ("visit", "place", "stratum")
#: An inspector's weighings and samples are numbered below nothing, where no row of the ledger is.
INSPECTOR, UNKNOWN = -2, -1


def declared(items: pl.DataFrame) -> pl.DataFrame:
    """What was declared of the items at the visit, as STATED."""
    act = pl.coalesce("operator_seq", UNKNOWN + INSPECTOR * pl.col("item"))
    return items.select("item", act=act, method="operator_method", dry_mg="operator_mg")


def measured_items(
    items: pl.DataFrame, shares: pl.DataFrame, strata: pl.DataFrame, stated: pl.DataFrame
) -> pl.DataFrame:
    """Items by element: masses and compositions of both sides, the element masses made of them, and the weights.

    `mass_weight` and `share_weight`: how many items of the stratum this one stands for in its mass and composition.
    Everything is in element mass: `stated` and `present` with the operator's composition, `found` with the inspector's.
    """
    there = items.filter(pl.col("outcome") != "shipped")
    mass = stated.group_by("item").agg(stated_dry_mg=pl.col("dry_mg").sum())
    rows = (
        there.join(mass, on="item", how="left")
        .with_columns(pl.col("stated_dry_mg").fill_null(0))
        .join(shares, on="item")
        .join(strata.select(*STRATUM, "items"), on=list(STRATUM), how="left")
    )
    weighed, absent = pl.col("inspector_mg").is_not_null(), pl.col("inspector_mg").fill_null(1) == 0
    rows = rows.with_columns(
        weighed=weighed, absent=absent, assayed=pl.col("inspector_ppb").is_not_null() & ~absent,
        present_dry_mg=pl.coalesce("inspector_mg", "stated_dry_mg"),
    )  # fmt: skip
    rows = _weighted(rows)
    with_operators = pl.col("operator_ppb")
    return rows.with_columns(
        stated=share_mg_expr(pl.col("stated_dry_mg"), with_operators),
        declared=share_mg_expr(pl.col("operator_mg"), with_operators),
        present=share_mg_expr(pl.col("present_dry_mg"), with_operators),
        found=share_mg_expr(pl.col("present_dry_mg"), pl.coalesce("inspector_ppb", "operator_ppb")),
    ).with_columns(
        mass_difference=pl.col("mass_weight") * (pl.col("stated") - pl.col("present")),
        share_difference=pl.col("share_weight") * (pl.col("present") - pl.col("found")),
    )


def _weighted(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the weight of both parts; `population`, `seen`: of what the lot drew from, and how many."""
    group = [*STRATUM, "element"]
    drawn = pl.col("random")

    def of_drawn(what: pl.Expr) -> pl.Expr:
        return (what & drawn).sum().over(group)

    numbers = {
        "chosen": (~drawn).sum().over(group), "seen": drawn.sum().over(group),
        "absent_items": of_drawn(pl.col("absent")), "assayed_items": of_drawn(pl.col("assayed")),
        "weighed_items": of_drawn(pl.col("weighed") & ~pl.col("absent")),
    }  # fmt: skip
    rows = rows.with_columns(**{name: number.cast(pl.Int64) for name, number in numbers.items()})
    left = pl.col("items").fill_null(0) - pl.col("chosen")
    rows = rows.with_columns(population=pl.max_horizontal(left, "seen"))
    stands_for = pl.col("population") / pl.col("seen")
    there = stands_for * (pl.col("seen") - pl.col("absent_items"))
    return rows.with_columns(
        mass_weight=pl.when(~pl.col("weighed")).then(0.0).when(~drawn).then(1.0).when("absent").then(stands_for)
        .otherwise(there / pl.col("weighed_items")),
        share_weight=pl.when(~pl.col("assayed")).then(0.0).when(~drawn).then(1.0)
        .otherwise(there / pl.col("assayed_items")),
    )  # fmt: skip


def entering_in(measured: pl.DataFrame) -> pl.DataFrame:
    """By how much each measurement of an item enters D: of the operator's scale and laboratory, of the inspector's."""
    mass, share = pl.col("mass_weight"), pl.col("share_weight")
    # What the inspector did not weigh has the operator's mass on both sides.
    same_mass = pl.when("weighed").then(0.0).otherwise(share * (pl.col("present") - pl.col("found")))
    return measured.with_columns(
        by_scale=mass * pl.col("stated") + same_mass,
        by_assay=mass * (pl.col("stated") - pl.col("present")) + share * pl.col("present"),
        own_scale=pl.when("weighed").then(share * (pl.col("present") - pl.col("found")) - mass * pl.col("present")),
        own_assay=-share * pl.col("found"),
    )


def rows_of(entering: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """The rows of `linear_form` of D, and `item`; `entering` has `form`, `sign` and `held`."""
    columns = ["form", "item", "element", "held", "act", "method", "scale", "signed_mg", "weighed"]
    own_act = INSPECTOR * (pl.col("item") + 1)

    def row(amount: pl.Expr, *, held: pl.Expr, act: pl.Expr, method: pl.Expr, scale: pl.Expr, weighed: bool) -> pl.Expr:
        return pl.struct(
            held=held, act=act, method=method, scale=scale, weighed=pl.lit(weighed),
            signed_mg=(pl.col("sign") * amount).round().cast(pl.Int64),
        )  # fmt: skip

    none, of_item = pl.lit(None, pl.String), pl.col("held")
    scales = entering.join(stated.rename({"dry_mg": "row_mg"}), on="item").filter(pl.col("stated_dry_mg") > 0)
    part = pl.col("by_scale") * pl.col("row_mg") / pl.col("stated_dry_mg")
    operator_scale = scales.select(
        "form", "item", "element",
        row=row(part, held=of_item, act=pl.col("act"), method=pl.col("method"), scale=none, weighed=True),
    )  # fmt: skip
    instrument = pl.concat_str(
        pl.lit("inspector"), pl.col("instrument").fill_null(""), pl.col("calibration").fill_null(""), separator=";"
    )
    own = {"held": own_act, "act": own_act, "method": pl.col("inspector_method"), "scale": instrument}
    operator = {"held": of_item, "act": own_act, "method": none, "scale": none}
    # An assay multiplies all that enters with it: a row that no scale has seen corrects the sum to what the assay's is.
    whole = pl.when(pl.col("stated_dry_mg") > 0).then("by_scale").otherwise(0.0)
    others = [
        row(pl.col("by_assay") - whole, **operator, weighed=False),
        row(pl.col("own_scale").fill_null(0.0), **own, weighed=True),
        row(pl.col("own_assay") - pl.col("own_scale").fill_null(0.0), **own, weighed=False),
    ]
    rows = [operator_scale, *(entering.select("form", "item", "element", row=one) for one in others)]
    return pl.concat(rows).unnest("row").select(columns).filter(pl.col("signed_mg") != 0)


def all_assays(measured: pl.DataFrame, assays: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """The assays of both sides by `held`; `lots` numbers (visit, lot)."""
    columns = ["held", *[name for name in ASSAYS if name not in {"visit", "lot"}]]
    operators = assays.join(lots, on=["visit", "lot"]).select(columns)
    laboratory = pl.concat_str(pl.lit("inspector"), pl.coalesce("laboratory", "how").fill_null(""), separator=";")
    own = measured.filter("assayed").select(
        "element", laboratory=laboratory, method="assay_method", held=INSPECTOR * (pl.col("item") + 1),
        product=pl.col("product").str.split(":").list.first(), exact=pl.lit(False),
        parts=pl.lit(None, ASSAYS["parts"]),
    )  # fmt: skip
    return pl.concat([operators, own.select(columns)])


def numbered_lots(*frames: pl.DataFrame) -> pl.DataFrame:
    every = pl.concat([frame.select("visit", "lot") for frame in frames]).unique().sort("visit", "lot")
    return every.with_row_index("held").with_columns(pl.col("held").cast(pl.Int64))
