"""What buyers got, row by row, under the words of where it goes: abroad, and at home what final customers use.

The same rows as the sums of `service.trade.where`, which this subject cannot ask: filing takes in its tables, and what
goes where rests on filing. `tests/contracts/test_strategy_network.py` holds the two to the same milligrams.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from lodeline.ledger.register import Register
from lodeline.ledger.succession import handovers
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr
from lodeline.regulation.span import Span
from lodeline.store.snapshot import Snapshot

#: Exports and what was shipped to another country; at home, to firms without a site in the register.
Way = Literal["abroad", "sale"]


def deliveries(snapshot: Snapshot, *, element: str, span: Span, way: Way) -> pl.DataFrame:
    """`line`, `lot`, `party`, `country`, `dry_mg` of the goods, `mass_mg` of the element (0 without a composition), and
    `assayed` (null without one), in the order of the ledger."""
    month = pl.col("on").dt.strftime("%Y-%m")
    goes = (pl.col("kind") == "export") | ((pl.col("kind") == "shipment") & pl.col("to_site").is_null())
    columns = ("line", "lot", "kind", "site", "organisation", "party", "dry_mg")
    rows = snapshot.lines.filter(goes, month.is_between(pl.lit(span.first), pl.lit(span.last))).select(
        *columns, filed=pl.coalesce("destination", "counterparty_country").fill_null("?")
    )
    ended = _with_ends(snapshot, rows)
    shares = snapshot.lot_assays.filter(pl.col("element") == SYMBOLS.index(element)).select("lot", "ppb")
    facts = snapshot.known_facts.select("lot", "assayed")
    mass = share_mg_expr(pl.col("dry_mg"), pl.col("ppb")).fill_null(0)
    return (
        ended.filter(pl.col("way") == way)
        .join(shares, on="lot", how="left", maintain_order="left")
        .join(facts, on="lot", how="left", maintain_order="left")
        .select("line", "lot", "party", "country", "dry_mg", mass_mg=mass, assayed="assayed")
    )


def _with_ends(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `country`, in which their goods end, and `way`."""
    tables = snapshot.register.tables
    firms = tables["organisations"].select("id", country=pl.col("country").fill_null("?"))
    of_site = (
        tables["sites"].select(site="id", id="organisation").join(firms, on="id", how="left")
        .select("site", there=pl.col("country").fill_null("?"))
    )  # fmt: skip
    arrivals = (
        snapshot.lines.filter(pl.col("kind") == "receipt")
        .select("lot", party="organisation", organisation="party", received_at="site")
        .unique(["organisation", "party", "lot"], keep="first", maintain_order=True)
    )
    ends = firms.join(_first_sites(snapshot.register), on="id", how="left").join(of_site, on="site", how="left")
    is_export, left = pl.col("kind") == "export", pl.col("there")
    country = pl.when(is_export).then("filed").otherwise(pl.coalesce("received_in", "party_in", "filed"))
    in_chain = pl.col("received_at").is_not_null() | pl.col("party").is_in(tables["sites"]["organisation"].implode())
    registered = pl.col("party").is_in(firms["id"].implode())
    abroad = is_export | ((pl.col("country") != left) & (pl.col("country") != "?"))
    is_sale = ~in_chain.fill_null(False) & (registered.fill_null(False) | (pl.col("country") != "?"))
    return (
        rows.join(arrivals, on=["organisation", "party", "lot"], how="left", maintain_order="left")
        .join(of_site, on="site", how="left", maintain_order="left")
        .join(of_site.rename({"site": "received_at", "there": "received_in"}), on="received_at", how="left",
              maintain_order="left")
        .join(ends.select(party="id", party_in=pl.coalesce("there", "country")), on="party", how="left",
              maintain_order="left")
        .with_columns(country=country)
        .with_columns(way=pl.when(abroad).then(pl.lit("abroad")).when(is_sale).then(pl.lit("sale")))
    )  # fmt: skip


def _first_sites(register: Register) -> pl.DataFrame:
    """`id`, `site`: the first site that an organisation has, or had."""
    sites = register.tables["sites"].select("id", "organisation").rows()
    before = [(site, one.organisation) for site, found in handovers(register).items() for one in found]
    first: dict[str, str] = {}
    for site, holder in (*sites, *before):
        first.setdefault(holder, site)
    return pl.DataFrame({"id": list(first), "site": list(first.values())}, schema={"id": pl.String, "site": pl.String})
