"""Who stands between: what firms sell on as it came, how long it lay with them, and what was put upon the price.

A trader is judged by what it does: whoever ships on what it received under the same lot is told, called a trader or
not. What came in is followed until it left, first in, first out within a lot, whatever name the firm has for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.subject import known_element
from lodeline.service.trade.dealings import TRADER_ROLE, dealings
from lodeline.store.snapshot import Snapshot

#: One firm, those that pass on most first. Masses are of the element asked for; `share` of `in_mg`, `days` the median
#: of what left, `markup` of what has a price in and out in one currency (`currency`, that of most of it), `priced_mg`
#: how much that is, `other_currencies` how many dealings have two different ones, `changed` how many another paper.
TRADER: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "is_trader": pl.Boolean(), "in_mg": pl.Int64(), "out_mg": pl.Int64(),
    "passed_mg": pl.Int64(), "share": pl.Float64(), "days": pl.Float64(), "dealings": pl.UInt32(),
    "markup": pl.Float64(), "currency": pl.String(), "priced_mg": pl.Int64(), "other_currencies": pl.UInt32(),
    "changed": pl.UInt32(), "abroad_mg": pl.Int64(), "home_mg": pl.Int64(), "supplier": pl.String(),
    "suppliers": pl.UInt32(), "customer": pl.String(), "customers": pl.UInt32(),
}  # fmt: skip


def traders(
    snapshot: Snapshot, law: Jurisdiction, *, first: str, last: str, element: str, firms: Collection[str] | None = None
) -> pl.DataFrame:
    """Every firm that trades (`TRADER`): by its role, or because it shipped on what it had received.

    What came in from month `first` to `last` is followed until the last filing; `out_mg` is what left in these months.
    `firms`: those that may be seen.
    """
    rows = _asked(snapshot, law, first=first, last=last, element=element, firms=firms)
    has_role = [one for one, roles in snapshot.register.roles.items() if TRADER_ROLE in roles]
    came, passed, mass = pl.col("came"), pl.col("passed"), pl.col("element_mg")
    known = passed & pl.col("markup").is_not_null()
    found = rows.group_by("organisation").agg(
        is_trader=pl.col("organisation").first().is_in(has_role),
        in_mg=mass.filter(came).sum(), out_mg=mass.filter("left").sum(), passed_mg=mass.filter(passed).sum(),
        days=pl.col("days").filter(passed).median(), dealings=passed.sum(),
        priced_mg=mass.filter(known).sum(),
        other_currencies=(passed & (pl.col("currency_in") != pl.col("currency_out"))).sum(),
        changed=(passed & (pl.col("changed").list.len() > 0)).sum(),
        abroad_mg=mass.filter(passed & pl.col("abroad")).sum(), home_mg=mass.filter(passed & ~pl.col("abroad")).sum(),
        suppliers=pl.col("supplier").filter(passed).drop_nulls().n_unique(),
        customers=pl.col("customer").filter(passed).drop_nulls().n_unique(),
    )  # fmt: skip
    most = [_most(rows.filter(passed), side) for side in ("supplier", "customer")]
    return (
        found.filter(pl.col("is_trader") | (pl.col("passed_mg") > 0))
        .filter((pl.col("in_mg") > 0) | (pl.col("out_mg") > 0))
        .join(_markups(rows.filter(known)), on="organisation", how="left")
        .join(most[0], on="organisation", how="left")
        .join(most[1], on="organisation", how="left")
        .with_columns(share=pl.when(pl.col("in_mg") > 0).then(pl.col("passed_mg") / pl.col("in_mg")))
        .sort("passed_mg", "in_mg", "organisation", descending=[True, True, False])
        .select(pl.col(name).cast(kind) for name, kind in TRADER.items())
    )


def dealings_of(
    snapshot: Snapshot, law: Jurisdiction, *, organisation: str, first: str, last: str, element: str,
    firms: Collection[str] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """The rows behind a firm's line of `traders`: `DEALING`, and beside it `element_mg`, `markup`, the lots' names
    (`in_called`, `out_called`), and whether the row is counted as `came`, `left` and `passed`. The newest first."""
    rows = _asked(snapshot, law, first=first, last=last, element=element, firms=firms)
    rows = rows.filter(pl.col("organisation") == organisation, pl.col("came") | pl.col("left"))
    for side in ("in", "out"):
        names = snapshot.lots.select(pl.col("lot").alias(f"{side}_lot"), pl.col("name").alias(f"{side}_called"))
        rows = rows.join(names, on=f"{side}_lot", how="left", maintain_order="left")
    newest = pl.coalesce("out_on", "in_on")
    return rows.sort(newest, "lot", "in_line", "out_line", descending=[True, False, False, False], nulls_last=True)


def _asked(
    snapshot: Snapshot, law: Jurisdiction, *, first: str, last: str, element: str, firms: Collection[str] | None
) -> pl.DataFrame:
    """The dealings with what each counts for in these months, of an element."""
    shares = snapshot.lot_assays.filter(pl.col("element") == SYMBOLS.index(SYMBOLS[known_element(element)]))
    rows = snapshot.once(dealings, law)
    if firms is not None:
        rows = rows.filter(pl.col("organisation").is_in(list(firms)))
        # What a supplier elsewhere filed of its price is its own.
        told = (pl.col("paper_in") != "filing") | pl.col("supplier").is_in(list(firms))
        rows = rows.with_columns(
            pl.when(told.fill_null(False)).then(name).alias(name) for name in ("price_in", "currency_in", "paper_in")
        )
    within = {
        side: pl.col(f"{side}_on").dt.strftime("%Y-%m").is_between(pl.lit(first), pl.lit(last)) for side in _SIDES
    }
    same_money = pl.col("currency_in") == pl.col("currency_out")
    return (
        rows.join(shares.select("lot", "ppb"), on="lot", how="left", maintain_order="left")
        .with_columns(
            element_mg=share_mg_expr(pl.col("mass_mg"), pl.col("ppb").fill_null(0)),
            came=within["in"].fill_null(False), left=within["out"].fill_null(False),
            markup=pl.when(same_money).then(pl.col("price_out") / pl.col("price_in") - 1),
        )
        .filter(pl.col("element_mg") > 0)
        .with_columns(passed=pl.col("came") & pl.col("out_line").is_not_null())
        .drop("ppb")
    )  # fmt: skip


_SIDES: Final = ("in", "out")


def _most(passed: pl.DataFrame, side: str) -> pl.DataFrame:
    """`organisation` and the party that most of its goods came from, or went to."""
    return (
        passed.drop_nulls(side).group_by("organisation", side).agg(pl.col("element_mg").sum())
        .sort("element_mg", side, descending=[True, False])
        .unique("organisation", keep="first", maintain_order=True)
        .select("organisation", side)
    )  # fmt: skip


def _markups(priced: pl.DataFrame) -> pl.DataFrame:
    """`organisation`, `markup`, `currency`: what was asked for all the goods beyond what was paid, in the currency in
    which most of them were traded."""
    money = {f"{side}_sum": pl.col(f"price_{side}") * pl.col("mass_mg") for side in _SIDES}
    return (
        priced.with_columns(**money)
        .group_by("organisation", currency="currency_in")
        .agg(pl.col("mass_mg", "in_sum", "out_sum").sum())
        .sort("mass_mg", "currency", descending=[True, False])
        .unique("organisation", keep="first", maintain_order=True)
        .select("organisation", "currency", markup=pl.col("out_sum") / pl.col("in_sum") - 1)
    )
