"""Routes: what went from which site to whom in a base window.

Where a shipment arrived, its receipt says; without one, the first site of who got it. What goes to nobody's site, and
what is exported, goes to a final customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from lodeline.strategy.building.goods import MG, with_goods
from lodeline.strategy.building.names import NOBODY, Names
from lodeline.strategy.building.window import Window

#: What tells routes apart; `target` is a site, "" where a final customer (`user` in `country`) got the goods.
ROUTE: Final = ("site", "goods", "target", "user", "country", "end_use", "hs_code")
_SENT: Final = ("shipment", "export")
#: Days before which nothing is still under way.
_LONGEST_DAYS: Final = 120


def sent_rows(
    moved: pl.DataFrame, until: pl.DataFrame, *, lots: pl.DataFrame, places: pl.DataFrame, transfers: pl.DataFrame,
    window: Window, own_country: str, countries: Mapping[str, str],
) -> pl.DataFrame:  # fmt: skip
    """Shipments, exports and moves with `target` (a site; null: a final customer got them), `arrived` and `country`.

    Those of the window, and before it those that may still be under way at its end (`in_window` tells them apart).
    """
    early = window.last - timedelta(days=_LONGEST_DAYS)
    rows = moved.filter(pl.col("kind").is_in(_SENT)).with_columns(in_window=pl.lit(True))
    if early < window.first:
        before = until.filter(pl.col("kind").is_in(_SENT), pl.col("on") >= early, pl.col("on") < window.first)
        rows = pl.concat([rows, with_goods(before, lots).with_columns(in_window=pl.lit(False))])
    pairs = (
        transfers.select(line="shipment_line", receipt="receipt_line")
        .drop_nulls()
        .unique("line", keep="first", maintain_order=True)
        .join(rows.select("line"), on="line", how="semi")
    )
    arrived = pairs.join(
        until.filter(pl.col("kind") == "receipt").select(receipt="line", received_at="site", arrived="on"),
        on="receipt", how="inner",
    ).drop("receipt")  # fmt: skip
    first_site = places.group_by("holder", maintain_order=True).agg(own_site=pl.col("site").first())
    homes = pl.DataFrame(
        {"party": list(countries), "home": list(countries.values())}, schema={"party": pl.String, "home": pl.String}
    )
    is_export = pl.col("kind") == "export"
    end_country = pl.when(is_export).then("end_user_country")
    return (
        rows.join(arrived, on="line", how="left", maintain_order="left")
        .join(first_site, left_on="party", right_on="holder", how="left", maintain_order="left")
        .join(homes, on="party", how="left", maintain_order="left")
        .with_columns(
            target=pl.when(~is_export).then(pl.coalesce("to_site", "received_at", "own_site")),
            country=pl.coalesce(end_country, "destination", "counterparty_country", "home", pl.lit(own_country)),
            name=pl.when(is_export).then("end_user_name"),
        )
        .select(
            "line", "site", "goods", "lot", "on", "dry_mg", "target", "arrived", "country", "name", "party",
            "in_window", "value", "currency",
            *(pl.when(is_export).then(one).fill_null("").alias(one) for one in ("end_use", "hs_code", "control_item")),
        )
    )  # fmt: skip


def with_users(sent: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The rows with `user`: the party that a final customer is; "" of what went to a site."""
    spelt = (
        sent.filter(pl.col("target").is_null()).select("name", "party").unique().sort("name", "party", nulls_last=True)
    )
    users = [names.party(name or party) if name or party else NOBODY for name, party in spelt.iter_rows()]
    meant = spelt.with_columns(user=pl.Series(users, dtype=pl.String))
    known = sent.join(meant, on=["name", "party"], how="left", nulls_equal=True, maintain_order="left")
    at_site = pl.col("target").is_not_null()
    return known.with_columns(
        user=pl.when(at_site).then(pl.lit("")).otherwise("user"), target=pl.col("target").fill_null(""),
        country=pl.when(at_site).then(pl.lit("")).otherwise("country"),
        **{one: pl.when(at_site).then(pl.lit("")).otherwise(one) for one in ("end_use", "hs_code")},
    )  # fmt: skip


def routes_of(sent: pl.DataFrame) -> pl.DataFrame:
    """What went from where to whom: `ROUTE`, `mg` of the window, `transit` (median of matched days, or null), what was
    filed beside; in order."""
    worth = pl.col("value").cast(pl.Float64, strict=False)
    priced = sent.filter("in_window", worth > 0, pl.col("dry_mg") > 0, pl.col("currency").is_not_null())
    prices = (
        priced.group_by(*ROUTE, "currency")
        .agg(worth=worth.sum(), kg=pl.col("dry_mg").sum() / MG)
        .sort("kg", "currency", descending=[True, False])
        .unique(ROUTE, keep="first", maintain_order=True)
        .select(*ROUTE, "currency", value_per_kg=pl.col("worth") / pl.col("kg"))
    )
    days = (pl.col("arrived") - pl.col("on")).dt.total_days()
    items = pl.col("control_item")
    called = pl.col("name").drop_nulls().sort().mode().sort().first()
    return (
        sent.filter("in_window")
        .group_by(ROUTE)
        .agg(
            mg=pl.col("dry_mg").sum(), transit=days.filter(days >= 0).median(),
            items=items.filter(items != "").unique().sort().str.join(";"), called=called,
        )
        .filter(pl.col("mg") > 0)
        .sort(ROUTE)
        .join(prices, on=ROUTE, how="left", maintain_order="left")
        .with_row_index("route")
    )  # fmt: skip
