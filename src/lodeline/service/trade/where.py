"""Where it goes: what firms sent to others, by who got it and how, in whole milligrams of each element.

Every figure is a sum over the flows of the ledger (`service.overview.flow_cube`) and is found again in its lines. A
mass is *exact* where the composition of the lot is a measurement or a certificate of that lot, and *booked* where it is
a recipe that holds for many or nobody said where it comes from. Lots without a composition add nothing to a mass: how
much such goods weigh is said beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.ledger.register import Register
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.span import Span
from lodeline.service.entries.subject import Json, known_element
from lodeline.service.overview.flow_cube import flow_cube, flowing
from lodeline.service.overview.flow_matrix import with_ends
from lodeline.store.snapshot import Snapshot

#: `abroad`: exports, and shipments to another country. `sale`: at home, to a firm without a site in the register: it
#: uses the goods. `delivery`: at home, to a firm of the chain. `unknown`: a shipment to a name that nobody has settled,
#: without a country.
WAYS: Final = ("abroad", "sale", "delivery", "unknown")
#: What the sums are told apart by → the column of `GOODS` that says it.
DIMENSIONS: Final = {
    "country": "country", "customer": "party", "product": "product", "grade": "model", "use": "end_use",
    "licence": "licence", "firm": "organisation",
}  # fmt: skip
#: What tells the rows of `goods_sent` apart. `site`, `organisation`: who sent it; `party`: who got it; `model`,
#: `end_use` and `licence` are those of exports.
GOODS: Final = (
    "period", "way", "organisation", "site", "party", "country", "product", "model", "end_use", "licence", "assayed",
)  # fmt: skip
#: In the place of a value where rows state none.
NONE: Final = "-"


def goods_sent(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """What firms sent to others: `GOODS`, `dry_mg` of the goods and a column of milligrams for each of SYMBOLS."""
    sent = flow_cube(snapshot).filter(pl.col("kind").is_in(["export", "shipment"]))
    return (
        _with_ways(sent, snapshot.register, law)
        .group_by(GOODS)
        .agg(pl.col("dry_mg").sum(), pl.col(SYMBOLS).sum())
        .sort(GOODS)
    )


def _with_ways(flows: pl.DataFrame, register: Register, law: Jurisdiction) -> pl.DataFrame:
    """Rows of flows with `way`, and as `country` the one in which the matrix of flows has them end."""
    tables = register.tables
    abroad = (pl.col("kind") == "export") | ((pl.col("to") != pl.col("from")) & (pl.col("to") != "?"))
    in_chain = pl.col("received_at").is_not_null() | pl.col("party").is_in(tables["sites"]["organisation"].implode())
    registered = pl.col("party").is_in(tables["organisations"]["id"].implode())
    return with_ends(flows, register, law, "country").with_columns(
        way=pl.when(abroad).then(pl.lit("abroad"))
        .when(in_chain.fill_null(False)).then(pl.lit("delivery"))
        .when(registered.fill_null(False) | (pl.col("to") != "?")).then(pl.lit("sale"))
        .otherwise(pl.lit("unknown")),
        country="to",
    )  # fmt: skip


def narrowed(
    rows: pl.DataFrame,
    *,
    span: Span | None = None,
    way: str | None = None,
    firms: Collection[str] | None = None,
    sites: Collection[str] | None = None,
    values: Mapping[str, str | None] | None = None,
) -> pl.DataFrame:
    """Of rows of `GOODS` those of these months, of what these firms and sites sent, and with these `values`.

    values: a dimension → its value, NONE where rows state none; of `product` a kind, too.
    """
    wanted = [pl.lit(True)]
    if span is not None:
        wanted.append(pl.col("period").is_between(pl.lit(span.first), pl.lit(span.last)))
    if way is not None:
        wanted.append(pl.col("way") == way)
    for column, within in (("organisation", firms), ("site", sites)):
        if within is not None:
            wanted.append(pl.col(column).is_in(list(within)))
    for name, value in (values or {}).items():
        stated = pl.col(DIMENSIONS[name])
        if name == "product" and value is not None and ":" not in value:
            stated = stated.str.split(":").list.first()
        if value is not None:
            wanted.append(stated.is_null() if value == NONE else stated == value)
    return rows.filter(*wanted)


def summed(rows: pl.DataFrame, element: str, *key: str) -> pl.DataFrame:
    """Rows of `GOODS` summed by columns of it, the largest first; what holds nothing and is not open is left out.

    `mass_mg` of the element, of it `exact_mg`; `open_mg`, the dry mass of goods without a composition.
    """
    sums = [
        pl.col(element).sum().alias("mass_mg"),
        pl.col(element).filter(pl.col("assayed")).sum().alias("exact_mg"),
        pl.col("dry_mg").filter(pl.col("assayed").is_null()).sum().alias("open_mg"),
    ]
    found = rows.group_by(key).agg(sums) if key else rows.select(sums)
    if not key:
        return found
    kept = found.filter((pl.col("mass_mg") > 0) | (pl.col("open_mg") > 0))
    return kept.sort("mass_mg", "open_mg", *key, descending=[True, True, *([False] * len(key))], nulls_last=True)


def compared(now: pl.DataFrame, before: pl.DataFrame, element: str, column: str) -> pl.DataFrame:
    """`summed` by a column, and `before_mg`: the same of the rows of the period before, with what was there alone."""
    found = summed(now, element, column).join(
        summed(before, element, column).select(column, before_mg="mass_mg"), on=column, how="full", coalesce=True,
        nulls_equal=True,
    )  # fmt: skip
    masses = ["mass_mg", "exact_mg", "open_mg", "before_mg"]
    return (
        found.with_columns(pl.col(masses).fill_null(0))
        .sort("mass_mg", "before_mg", column, descending=[True, True, False], nulls_last=True)
        .select(column, *masses)
    )  # fmt: skip


#: What `rows_sent` says of a line.
ROWS: Final = (
    "line", "entry", "event", "on", "organisation", "site", "lot", "product", "model", "way", "party", "country",
    "end_user", "end_use", "licence", "assayed", "dry_mg", "mass_mg",
)  # fmt: skip


def rows_sent(
    snapshot: Snapshot,
    law: Jurisdiction,
    *,
    element: str,
    period: str,
    way: str = "abroad",
    firms: frozenset[str] | None = None,
    of_firms: tuple[str, ...] | None = None,
    sites: tuple[str, ...] | None = None,
    narrow: tuple[tuple[str, str], ...] = (),
) -> pl.DataFrame:
    """The lines behind a sum: `ROWS`, `lot` by its name, `mass_mg` ⌊dry mass × share⌋, the largest first.

    Those without a composition have none, and stand last. period: a span. firms: whose lines may be seen at all.
    narrow: `values` of `narrowed`.
    """
    span, index = Span.read(period), SYMBOLS.index(element)
    sent = pl.col("kind").is_in(["export", "shipment"]) & (pl.col("on").dt.strftime("%Y-%m") >= span.first)
    sent &= pl.col("on").dt.strftime("%Y-%m") <= span.last
    for column, within in (("organisation", firms), ("organisation", of_firms), ("site", sites)):
        if within is not None:
            sent &= pl.col(column).is_in(list(within))
    lines = _with_ways(flowing(snapshot, sent), snapshot.register, law)
    lines = narrowed(lines, way=way, values=dict(narrow))
    shares = snapshot.lot_assays.filter(pl.col("element") == index).select("lot", "ppb")
    filed = snapshot.lines.select("line", "entry", "event", "on")
    users = snapshot.trade.select("line", end_user="end_user_name")
    return (
        lines.join(shares, on="lot", how="left")
        .with_columns(mass_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")))
        .filter(pl.col("mass_mg").fill_null(0).gt(0) | pl.col("assayed").is_null())
        .join(filed, on="line", how="left")
        .join(users, on="line", how="left")
        .join(snapshot.lots.select("lot", "name"), on="lot", how="left")
        .with_columns(lot="name")
        .sort("mass_mg", "line", descending=[True, False], nulls_last=True)
        .select(ROWS)
    )


def where(
    goods: pl.DataFrame,
    *,
    element: str,
    period: str | None = None,
    by: str = "country",
    way: str = "abroad",
    narrow: Mapping[str, str] | None = None,
) -> Json:
    """Where an element went in a period, against the period before: the `total`, and `rows` by one of DIMENSIONS.

    goods: `goods_sent`. period: a span of months; None: all that were filed. narrow: values of DIMENSIONS (`product`
    may be a kind). Raises UnknownSubject for an element there is not, UserError for what else cannot be read.
    """
    symbol, span = SYMBOLS[known_element(element)], _span(period, goods)
    for text, known in ((by, DIMENSIONS), (way, WAYS), *((name, DIMENSIONS) for name in narrow or ())):
        if text not in known:
            listed = ", ".join(known)
            raise UserError(lang.text("there is no {text!r}: one of {listed}", text=text, listed=listed))
    every = narrowed(goods, way=way, values=narrow)
    now, before = narrowed(every, span=span), narrowed(every, span=span_before(span))
    rows = [{by: key, **_told(*masses)} for key, *masses in compared(now, before, symbol, DIMENSIONS[by]).iter_rows()]
    total = (*summed(now, symbol).row(0), summed(before, symbol).row(0)[0])
    return {
        "element": symbol, "period": str(span), "before": str(span_before(span)), "by": by, "way": way,
        "total": _told(*total), "rows": rows,
    }  # fmt: skip


def _span(period: str | None, goods: pl.DataFrame) -> Span:
    """The months of a period; None: from the first to the last of the goods."""
    if period is None:
        months = goods["period"].unique().sort()
        period = f"{months[0]}..{months[-1]}" if months.len() else "2000-01"
    try:
        return Span.read(period)
    except ValueError:
        raise UserError(
            lang.text(
                "{period!r} is no month, quarter, year or span of months: write it like 2025-06, "
                "2025-Q2, 2025 or 2025-03..2025-08",
                period=period[:40],
            )
        ) from None


def span_before(span: Span) -> Span:
    """As many months just before; of a span at the beginning of the calendar that span itself."""
    try:
        return span.before
    except ValueError:
        return span


def _told(mass_mg: int, exact_mg: int, open_mg: int, before_mg: int) -> Json:
    return {
        "mass_kg": format_kg(mass_mg), "exact_kg": format_kg(exact_mg), "booked_kg": format_kg(mass_mg - exact_mg),
        "before_kg": format_kg(before_mg), "open_goods_kg": format_kg(open_mg),
    }  # fmt: skip
