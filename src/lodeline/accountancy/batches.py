"""What was measured between two physical inventories, by whom, and with which methods.

Inventories, origins, receipts, shipments, exports and losses are measured; what happens inside a site cancels
and takes no part. A composition is measured once, by whoever states it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.uncertainty import CARRIED_OVER
from lodeline.ledger.movement import makes_lot
from lodeline.material.mass import PPB

_ITEM = ["run", "held", "counted_mg"]


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
    is a statement about the book, not a weighing, but the composition it applies is one.
    """
    run_closed = np.zeros(run[-1] + 1, np.bool_)
    run_closed[run[closed]] = True
    moved = flows.select(
        "element", "held", "seq", "method", "weighed",
        run=pl.Series(run[flows["cell"].to_numpy()]),
        signed_mg="mass_mg",
        counted_mg=pl.lit(None, pl.Int64),
    )  # fmt: skip
    cell = found["cell"].to_numpy()
    after = np.minimum(cell + 1, len(run) - 1)
    items = found.with_columns(
        weighed=True,
        run=pl.Series(run[cell]),
        next_run=pl.Series(np.where((cell + 1 < len(run)) & follows[after], run[after], -1)),
    )
    closing = items.with_columns(signed_mg=-pl.col("mass_mg")).select(moved.columns)
    opening = (
        items.filter(pl.col("next_run") >= 0).with_columns(run="next_run", signed_mg="mass_mg").select(moved.columns)
    )
    opening, closing = _carried_over(opening, closing)
    batches = pl.concat([opening, moved, closing]).drop("counted_mg")
    return batches.filter(pl.Series(run_closed[batches["run"].to_numpy()]))


def _carried_over(opening: pl.DataFrame, closing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both ends of an item that says it was not weighed again and has the mass it had: one weighing, which cancels."""
    ids = pl.col("method").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())
    repeated = closing.filter(ids.list.contains(CARRIED_OVER)).join(opening, on=_ITEM, how="semi")
    carried = repeated.select(_ITEM).unique().with_columns(carried=True)

    def unweighed(items: pl.DataFrame, rows: pl.Expr) -> pl.DataFrame:
        marked = items.join(carried, on=_ITEM, how="left", maintain_order="left")
        return marked.with_columns(weighed=~(pl.col("carried").fill_null(False) & rows)).drop("carried")

    return unweighed(opening, pl.lit(True)), unweighed(closing, ids.list.contains(CARRIED_OVER))


def assay_acts(
    batches: pl.DataFrame,
    held: pl.DataFrame,
    shares: pl.DataFrame,
    *,
    makers: pl.DataFrame,
    receivers: pl.DataFrame,
    counts: pl.DataFrame,
) -> pl.DataFrame:
    """Who measured the composition that serves each (`held`, `element`) of the batches, as `muf_sigma` takes it.

    The maker's composition was measured where the lot was made (`makers`: the whole ledger's movements), with the
    methods that the making row names; a site's own with those of its receipt and stock rows (`receivers`, `counts`).
    """
    wanted = batches.select("held", "element").unique().join(held, on="held").join(shares, on=["held", "element"])
    made = _methods_named(makers.filter(makes_lot()).join(wanted, on="lot", how="semi"), ["lot"])
    columns = ["area", "lot", "seq", "site", "product", "method"]
    stated = pl.concat([receivers.filter(pl.col("kind") == "receipt").select(columns), counts.select(columns)])
    own = _methods_named(stated.join(wanted, on=["area", "lot"], how="semi"), ["area", "lot"])
    return (
        wanted.join(made, on="lot", how="left")
        .join(own, on=["area", "lot"], how="left", suffix="_own")
        .select(
            "held",
            "element",
            laboratory=pl.when("own").then("site").otherwise("laboratory"),
            method=pl.when("own").then("method_own").otherwise("method"),
            product=pl.coalesce("product", "product_own").str.split(":").list.first(),
            exact=pl.col("ppb") == PPB,
        )
    )


def _methods_named(rows: pl.DataFrame, lot: list[str]) -> pl.DataFrame:
    """All methods that the rows of a lot name, in the order of the ledger, with the first row's site and product."""
    return (
        rows.sort("seq")
        .group_by(lot)
        .agg(
            pl.col("method").drop_nulls().unique(maintain_order=True).str.join(";"),
            pl.col("product").drop_nulls().first(),
            pl.col("site").first().alias("laboratory"),
        )
    )
