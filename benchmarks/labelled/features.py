"""What detectors look at, as one row of numbers for each site and month: what the peers are given.

Every feature is a deviation from what the site itself usually does, or a share; a month in which nothing of the kind
happened has 0. The masses are taken as the detectors take them: TREO by the maker's composition.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.accountancy.frames import AREA
from lodeline.detection.detector import LedgerView, offered
from lodeline.detection.evidence import month_of, with_treo_mass
from lodeline.material.element import SYMBOLS

#: A row is (organisation, site, period); the largest and smallest balance of any rare earth stand first.
KEY: Final = (*AREA, "period")
FEATURES: Final = (
    "z_missing", "z_gained", "yield", "closure", "sent_short", "received_short", "collected", "scrap_lanthanum",
    "repeated_counts", "made_of_capacity", "new_destination", "exports", "titles", "corrections", "late", "price",
)  # fmt: skip
_LANTHANUM: Final = SYMBOLS.index("La")


def features(sight: LedgerView) -> pl.DataFrame:
    """KEY and FEATURES (Float64), one row for each site and month in which the site has a row in the ledger."""
    lines = sight.lines.filter(pl.col("site").is_not_null()).with_columns(period=month_of())
    rows = lines.select(KEY).unique()
    for part in (_balances(sight), _runs(sight, lines), _transfers(sight, lines), _scrap(sight, lines),
                 _counts(sight), _exports(sight, lines)):  # fmt: skip
        rows = rows.join(part, on=list(KEY), how="left", maintain_order="left")
    filed = _filings(sight)
    rows = rows.join(filed, on=["organisation", "period"], how="left", maintain_order="left")
    return rows.select(*KEY, *(pl.col(name).cast(pl.Float64).fill_null(0).fill_nan(0) for name in FEATURES)).sort(KEY)


def _usual(value: str, by: str | list[str] = "site") -> pl.Expr:
    return pl.col(value) - pl.col(value).median().over(by)


def _balances(sight: LedgerView) -> pl.DataFrame:
    """The largest z of any element on either side."""
    return (
        pl.concat(part.balances for part in sight.books.parts())
        .filter(pl.col("z").is_not_null())
        .group_by(KEY)
        .agg(z_missing=pl.col("z").max(), z_gained=-pl.col("z").min())
    )


def _runs(sight: LedgerView, lines: pl.DataFrame) -> pl.DataFrame:
    """Log yield and log closure against the site's middle month, and what was made of the registered capacity."""

    def of(role: str) -> pl.Expr:
        return pl.col("treo_mg").filter(pl.col("role") == role).sum().cast(pl.Float64)

    made = with_treo_mass(lines.filter(pl.col("kind") == "transformation"), sight.lot_assays)
    capacity = sight.register.tables["sites"].select(site="id", capacity="capacity_mg_per_month")
    dry_out = pl.col("dry_mg").filter(pl.col("role") == "out").sum()
    return (
        made.group_by(KEY)
        .agg(fed=of("in"), out=of("out"), waste=of("waste"), mass=dry_out)
        .filter((pl.col("fed") > 0) & (pl.col("out") > 0))
        .with_columns(yielded=(pl.col("out") / pl.col("fed")).log(),
                      closed=((pl.col("out") + pl.col("waste")) / pl.col("fed")).log())
        .join(capacity, on="site", how="left")
        .select(*KEY, **{"yield": _usual("yielded")}, closure=_usual("closed"),
                made_of_capacity=pl.col("mass") / pl.col("capacity").cast(pl.Float64))
    )  # fmt: skip


def _transfers(sight: LedgerView, lines: pl.DataFrame) -> pl.DataFrame:
    """The mean share that did not arrive of what a site sent, and of what was sent to it."""
    whole = sight.transfers.filter((pl.col("shipped_mg") > 0) & pl.col("received_mg").is_not_null()).with_columns(
        share=(pl.col("shipped_mg") - pl.col("received_mg")) / pl.col("shipped_mg")
    )
    parts = []
    for end, name in (("shipment_line", "sent_short"), ("receipt_line", "received_short")):
        own = whole.select("share", line=end).join(lines.select("line", *KEY), on="line")
        parts.append(own.group_by(KEY).agg(pl.col("share").mean().alias(name)))
    return parts[0].join(parts[1], on=list(KEY), how="full", coalesce=True)


def _scrap(sight: LedgerView, lines: pl.DataFrame) -> pl.DataFrame:
    """Collected scrap against the site's middle month, and the share of lanthanum in what entered as scrap."""
    came = with_treo_mass(
        lines.filter((pl.col("kind") == "origin") & (pl.col("origin_kind") == "secondary")), sight.lot_assays
    )
    lanthanum = sight.lot_assays.filter(pl.col("element") == _LANTHANUM).select("lot", lanthanum="ppb")
    return (
        came.join(lanthanum, on="lot", how="left")
        .group_by(KEY)
        .agg(pl.col("treo_mg").sum().log1p().alias("mass"), scrap_lanthanum=pl.col("lanthanum").max() / 1e9)
        .select(*KEY, "scrap_lanthanum", collected=_usual("mass"))
    )


def _counts(sight: LedgerView) -> pl.DataFrame:
    """The share of counted lots whose mass is to the milligram that of the count before."""
    return (
        sight.counts.sort("site", "lot", "on")
        .with_columns(
            period=month_of(),
            again=(pl.col("mass_mg") == pl.col("mass_mg").shift(1).over("site", "lot")).fill_null(False),
        )
        .group_by(KEY)
        .agg(repeated_counts=pl.col("again").mean())
    )


def _exports(sight: LedgerView, lines: pl.DataFrame) -> pl.DataFrame:
    """Exports and titles by number, the share to a country that the firm's first half never saw, and odd prices."""
    papers = offered(sight, "papers").select("line", value=pl.col("value").cast(pl.Float64, strict=False))
    half = lines.select(pl.col("on").min() + (pl.col("on").max() - pl.col("on").min()) / 2).item()
    place = pl.coalesce("destination", "counterparty_country")
    sold = lines.filter(pl.col("kind") == "export").with_columns(place=place)
    known = sold.filter(pl.col("on") < half).select("organisation", "place").unique().with_columns(known=pl.lit(True))
    priced = (
        sold.join(papers, on="line", how="left", maintain_order="left")
        .join(known, on=["organisation", "place"], how="left", maintain_order="left")
        .with_columns(price=(pl.col("value") / pl.col("dry_mg")).log())
        .with_columns(price=_usual("price", ["organisation", "product"]))
        .group_by(KEY)
        .agg(
            exports=pl.len().log1p(),
            new_destination=pl.col("known").is_null().mean(),
            price=pl.col("price").abs().max(),
        )
    )
    titles = lines.filter(pl.col("kind") == "title").group_by(KEY).agg(titles=pl.len().log1p())
    return priced.join(titles, on=list(KEY), how="full", coalesce=True)


def _filings(sight: LedgerView) -> pl.DataFrame:
    """Corrections of a firm's month, and whether it was filed late."""
    corrected = offered(sight, "filings").filter(pl.col("corrects").is_not_null())
    corrections = corrected.group_by("organisation", "period").agg(corrections=pl.len())
    late = sight.status.select("organisation", "period", late=(pl.col("state") != "filed"))
    return late.join(corrections, on=["organisation", "period"], how="full", coalesce=True)
