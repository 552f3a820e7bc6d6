"""What was measured between two physical inventories, by whom, and with which methods.

Inventories, origins, receipts, shipments, exports and losses are measured; what happens inside a site cancels
and takes no part. A composition is measured once, by whoever states it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.kernels import mark_passed_on, read_only, sorted_by
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.register import CARRIED_OVER
from lodeline.material.assay import OXIDE_FACTORS, TREO_INDEX
from lodeline.material.mass import PPB

_LOT = ["run", "held"]
_ITEM = [*_LOT, "counted_mg"]


def measured_batches(
    flows: pl.DataFrame,
    found: pl.DataFrame,
    *,
    run: npt.NDArray[np.int64],
    closed: npt.NDArray[np.bool_],
    follows: npt.NDArray[np.bool_],
) -> pl.DataFrame:
    """Batches of the runs that begin and end with an inventory, as `muf_sigma` takes them.

    Parameters: movements and inventory items by cell (movements inside the site left out); `run`, `closed` and
    `follows` (the cell continues the one before it) by cell. Opening items and what enters are positive. An adjustment
    is a statement about the book, not a weighing, but the composition it applies is one. `act` is the ledger's number
    of the row in which the mass was weighed: an opening item has that of the closing item it was, and an item carried
    over has act and method of the count that last weighed it.
    """
    run_closed = np.zeros(run[-1] + 1, np.bool_)
    run_closed[run[closed]] = True
    moved = flows.select(
        "element", "held", "seq", "method", "weighed",
        act="seq",
        run=pl.Series(run[flows["cell"].to_numpy()]),
        signed_mg="mass_mg",
        counted_mg=pl.lit(None, pl.Int64),
    )  # fmt: skip
    cell = found["cell"].to_numpy()
    after = np.minimum(cell + 1, len(run) - 1)
    items = found.with_columns(
        weighed=True,
        act="seq",
        run=pl.Series(run[cell]),
        next_run=pl.Series(np.where((cell + 1 < len(run)) & follows[after], run[after], -1)),
    )
    closing = items.with_columns(signed_mg=-pl.col("mass_mg")).select(moved.columns)
    opening = (
        items.filter(pl.col("next_run") >= 0).with_columns(run="next_run", signed_mg="mass_mg").select(moved.columns)
    )
    opening, closing = _carried_over(opening, closing)
    batches = pl.concat([opening, moved, closing])
    counted = np.ones(batches.height, np.bool_)
    counted[opening.height : opening.height + moved.height] = False
    passed_on = _passed_on(batches, counted)
    kept = pl.Series(run_closed[batches["run"].to_numpy()])
    weighed = pl.col("weighed") & pl.Series(~passed_on)
    return batches.with_columns(weighed=weighed).filter(kept).drop("counted_mg")


def _passed_on(batches: pl.DataFrame, counted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The rows of a lot that nobody counted, of which to the milligram as much went as had come: it was not weighed
    twice.

    The last of it was filed as what the book had left, so whatever the scales erred cancels. (Element masses are
    rounded down row by row.)
    """
    run, held, signed_mg = (batches[name].cast(pl.Int64).to_numpy() for name in (*_LOT, "signed_mg"))
    order = sorted_by(sorted_by(np.arange(batches.height, dtype=np.int32), held), run)
    passed_on = np.zeros(batches.height, np.bool_)
    mark_passed_on(passed_on, order, *read_only(run, held, signed_mg, counted))
    return passed_on


def _carried_over(opening: pl.DataFrame, closing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both ends of an item that says it was not weighed again and has the mass it had: one weighing, which cancels."""
    ids = pl.col("method").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())
    repeats = ids.list.contains(CARRIED_OVER)
    repeated = closing.filter(repeats).join(opening, on=_ITEM, how="semi")
    if repeated.is_empty():
        return opening, closing
    carried = repeated.select(_ITEM).unique().with_columns(carried=True)
    weighings = _weighings(repeated, opening)

    def resolved(items: pl.DataFrame, rows: pl.Expr) -> pl.DataFrame:
        marked = items.join(carried, on=_ITEM, how="left", maintain_order="left")
        marked = marked.join(weighings, on="seq", how="left", maintain_order="left")
        first = pl.col("weighed_in").is_not_null()
        return marked.with_columns(
            weighed=~(pl.col("carried").fill_null(False) & rows),
            act=pl.coalesce("weighed_in", "seq"),
            method=pl.when(first).then("weighed_with").otherwise("method"),
        ).select(items.columns)

    return resolved(opening, pl.lit(True)), resolved(closing, repeats)


def _weighings(repeated: pl.DataFrame, opening: pl.DataFrame) -> pl.DataFrame:
    """`seq` of each count row that repeats a mass, with `weighed_in` (the row that weighed it) and `weighed_with`."""
    nth = pl.int_range(pl.len()).over(*_ITEM)
    # Equal items of one lot are interchangeable: the first repeats the first.
    later, earlier = (
        frame.select(*_ITEM, "seq", "method").unique(maintain_order=True).sort(*_ITEM, "seq").with_columns(nth=nth)
        for frame in (repeated, opening)
    )
    link = later.join(earlier, on=[*_ITEM, "nth"], suffix="_before").unique("seq", keep="first", maintain_order=True)
    before = dict(link.select("seq", "seq_before").iter_rows())
    methods = dict(link.select("seq_before", "method_before").iter_rows())
    weighed_in: dict[int, int] = {}
    for row in before:
        origin, seen = row, {row}
        while (earlier_row := before.get(origin)) is not None and earlier_row not in seen:
            origin = earlier_row
            seen.add(origin)
        weighed_in[row] = origin
    return pl.DataFrame(
        {
            "seq": list(weighed_in),
            "weighed_in": list(weighed_in.values()),
            "weighed_with": [methods.get(origin) for origin in weighed_in.values()],
        },
        schema={"seq": pl.Int64(), "weighed_in": pl.Int64(), "weighed_with": pl.String()},
    )


def assay_acts(
    batches: pl.DataFrame,
    held: pl.DataFrame,
    shares: pl.DataFrame,
    *,
    parts: pl.DataFrame,
    makers: pl.DataFrame,
    receivers: pl.DataFrame,
    counts: pl.DataFrame,
) -> pl.DataFrame:
    """Who measured the composition that serves each (`held`, `element`) of the batches, as `muf_sigma` takes it.

    The maker's composition was measured where the lot was made (`makers`: the whole ledger's movements), with the
    methods that the making row names; a site's own with those of its receipt and stock rows (`receivers`, `counts`).
    `parts` as `parts_of_totals` gives them.
    """
    here = held.join(batches.select("held").unique(), on="held", how="semi")
    made = _methods_named(makers.filter(makes_lot()).join(here, on="lot", how="semi"), ["lot"])
    # Names are looked up for each lot once, and only then for each of its elements; a site's own where they count.
    named = here.join(made, on="lot", how="left")
    asked = named.join(shares.filter("own"), on="held", how="semi")
    asked = pl.concat([asked, named.filter(pl.col("product").is_null())]).select("area", "lot").unique()
    columns = ["area", "lot", "seq", "site", "product", "method"]
    stated = pl.concat([receivers.filter(pl.col("kind") == "receipt").select(columns), counts.select(columns)])
    own = _methods_named(stated.join(asked, on=["area", "lot"], how="semi"), ["area", "lot"])
    named = named.join(own, on=["area", "lot"], how="left", suffix="_own")
    kind = pl.coalesce("product", "product_own").str.split(":").list.first()
    named = named.select("held", "site", "laboratory", "method", "method_own", product=kind)
    total = pl.col("element") == TREO_INDEX
    totals = shares.filter(total).join(parts.drop("element"), on="held", how="left")
    others = shares.filter(~total).with_columns(parts=pl.lit(None, totals.schema["parts"]))
    return (
        pl.concat([totals, others])
        .join(named, on="held")
        .select(
            "held",
            "element",
            laboratory=pl.when("own").then("site").otherwise("laboratory"),
            method=pl.when("own").then("method_own").otherwise("method"),
            product="product",
            exact=pl.col("ppb") == PPB,
            parts="parts",
        )
    )


def parts_of_totals(shares: pl.DataFrame) -> pl.DataFrame:
    """Which part each element makes of a total oxide that is their sum: `held`, `element` (TREO), `parts`.

    `shares` as `serving_shares` gives them, of all elements. A total that was stated differs from the sum, if only in
    its last digit, and was measured as such.
    """
    rare = shares.join(OXIDE_FACTORS, on="element")
    # As `material.assay.with_treo` adds it up.
    oxide_ppb = (pl.col("ppb") * pl.col("factor") + PPB // 2) // PPB
    computed = rare.group_by("held").agg(total_ppb=oxide_ppb.sum())
    stated = shares.filter((pl.col("element") == TREO_INDEX) & (pl.col("ppb") > 0))
    same = stated.select("held", total_ppb="ppb").join(computed, on=["held", "total_ppb"], how="semi")
    fraction = (pl.col("ppb") * pl.col("factor")) / pl.col("total_ppb") / PPB
    return (
        rare.join(same, on="held", maintain_order="left")
        .group_by("held", maintain_order=True)
        .agg(parts=pl.struct(part="element", fraction=fraction))
        .select("held", pl.lit(TREO_INDEX, pl.UInt8()).alias("element"), "parts")
    )


def _methods_named(rows: pl.DataFrame, lot: list[str]) -> pl.DataFrame:
    """All methods that the rows of a lot name, in the order of the ledger, with the first row's site and product."""
    # Most lots have one row, which says it all.
    several = rows.select(pl.struct(lot).is_duplicated()).to_series()
    alone = rows.filter(~several).select(*lot, pl.col("method").fill_null(""), "product", laboratory="site")
    grouped = (
        rows.filter(several)
        .sort("seq")
        .group_by(lot)
        .agg(
            pl.col("method").drop_nulls().unique(maintain_order=True).str.join(";"),
            pl.col("product").drop_nulls().first(),
            pl.col("site").first().alias("laboratory"),
        )
    )
    return pl.concat([alone, grouped])
