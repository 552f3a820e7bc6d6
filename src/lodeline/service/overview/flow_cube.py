"""The nation's flows as one table: what moved, from where to whom, month by month, in whole milligrams of each element.

Every figure of flows is a sum over it. It rests on lines alone: what a site is and where a firm sits, the register says
when a figure is asked for. The rows of a site are next to each other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from lodeline.ledger.movement import makes_lot
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr
from lodeline.store.snapshot import Snapshot

#: What tells the rows of the cube apart; beside these it has columns of milligrams (Int64): `dry_mg` of the goods, and
#: one for each of SYMBOLS.
#: `kind`: `origin`, `shipment` (to another firm), `export` or `loss`. `site`: where an origin came in, else where the
#: goods left; `organisation`: who filed it. `origin_kind`, `origin_place`: of an origin. `party`: the counterparty as
#: the register means it; `received_at`: the site where it received them, null where it has filed nothing. `country`:
#: where they went as filed (destination, else the counterparty's country). `licence`, `end_use`, `model`: of an export.
#: `made_at`: the site that made the lot, and `made_as` the kind of origin, where it was one; null where nobody has
#: filed that. `assayed`: the composition is the lot's own (`ledger.movement.lot_facts`); null where it has none.
FLOW: Final[dict[str, pl.DataType]] = {
    "period": pl.String(), "kind": pl.String(), "site": pl.String(), "organisation": pl.String(),
    "origin_kind": pl.String(), "origin_place": pl.String(), "product": pl.String(), "party": pl.String(),
    "received_at": pl.String(), "country": pl.String(), "licence": pl.String(), "end_use": pl.String(),
    "model": pl.String(), "made_at": pl.String(), "made_as": pl.String(), "assayed": pl.Boolean(),
}  # fmt: skip
#: The columns of lines that it rests on.
_FILED: Final = (
    "line", "kind", "on", "site", "organisation", "origin_kind", "origin_place", "product", "party", "destination",
    "counterparty_country", "lot", "dry_mg",
)  # fmt: skip


def flow_cube(snapshot: Snapshot) -> pl.DataFrame:
    """Every flow of the ledger (`FLOW` and SYMBOLS), sorted by site; within a site in the order of the ledger."""
    return snapshot.once(computed_flows)


def computed_flows(snapshot: Snapshot) -> pl.DataFrame:
    """A delivery is a flow of the site that shipped; of the receiver it says where the goods arrived."""
    lines = flowing(snapshot, pl.lit(True))
    key = list(FLOW)
    flows = lines.group_by(key, maintain_order=True).agg(pl.col("dry_mg").sum()).sort("site", maintain_order=True)
    numbered = lines.join(flows.with_row_index("flow"), on=key, how="left", nulls_equal=True)
    shares = numbered.select("flow", "lot", "dry_mg").join(snapshot.lot_assays, on="lot")
    masses = np.zeros((flows.height, len(SYMBOLS)), np.int64)
    place = shares["flow"].cast(pl.Int64).to_numpy(), shares["element"].to_numpy()
    np.add.at(masses, place, shares.select(share_mg_expr(pl.col("dry_mg"), pl.col("ppb"))).to_series().to_numpy())
    found = flows.with_columns(pl.Series(symbol, masses[:, index]) for index, symbol in enumerate(SYMBOLS))
    return snapshot.at_rest(found)


def flowing(snapshot: Snapshot, here: pl.Expr) -> pl.DataFrame:
    """The lines, of those that `here` holds of, in which something flows: `line`, `lot`, `dry_mg`, and what the cube
    says of them (`FLOW`); in the order of the ledger."""
    moved = (pl.col("kind") == "shipment") & pl.col("to_site").is_null()
    every = snapshot.lines.select(*_FILED, "to_site")
    lines = every.filter(here, moved | pl.col("kind").is_in(["origin", "export", "loss"])).with_columns(
        period=pl.col("on").dt.strftime("%Y-%m"), country=pl.coalesce("destination", "counterparty_country")
    )
    about = pl.lit(True) if lines.height == every.height else pl.col("lot").is_in(lines["lot"].unique().implode())
    exported = lines.filter(pl.col("kind") == "export").select("line")
    stated = snapshot.trade.select("line", "licence", "end_use", "model").join(exported, on="line", how="semi")
    facts = snapshot.known_facts.select("lot", "assayed")
    products = snapshot.lot_facts.select("lot", made="product")
    return (
        lines.join(_arrivals(snapshot, about), on=["organisation", "party", "lot"], how="left", maintain_order="left")
        .join(_makers(snapshot, about), on="lot", how="left", maintain_order="left")
        .join(products, on="lot", how="left", maintain_order="left")
        .join(facts, on="lot", how="left", maintain_order="left")
        .join(stated, on="line", how="left", maintain_order="left")
        .with_columns(product=pl.coalesce("made", "product"))
        .select("line", "lot", "dry_mg", *FLOW)
    )


def _arrivals(snapshot: Snapshot, about: pl.Expr) -> pl.DataFrame:
    """`received_at` of what an `organisation` shipped to a `party`, lot by lot: the site of the first receipt."""
    return (
        snapshot.lines.select("kind", "lot", party="organisation", organisation="party", received_at="site")
        .filter(pl.col("kind") == "receipt", about)
        .drop("kind")
        .unique(["organisation", "party", "lot"], keep="first", maintain_order=True)
    )


def _makers(snapshot: Snapshot, about: pl.Expr) -> pl.DataFrame:
    """`lot`, `made_at`, `made_as` of the lots whose making was filed; one that a trader renamed is what it was shipped
    as."""
    made = (
        snapshot.lines.select("kind", "role", "lot", made_at="site", made_as="origin_kind")
        .filter(makes_lot())
        .select("lot", "made_at", "made_as")
        .unique("lot", keep="first", maintain_order=True)
    )
    renamed = snapshot.renamed.select("lot", "shipped_lot")
    source_of = dict(renamed.iter_rows())
    known = set(renamed["shipped_lot"].filter(renamed["shipped_lot"].is_in(made["lot"].implode())))
    last = []
    for lot in source_of:
        source, seen = lot, {lot}
        while source not in known and source in source_of and source_of[source] not in seen:
            source = source_of[source]
            seen.add(source)
        last.append(source)
    sources = renamed.select("lot", source=pl.Series(last, dtype=pl.Int64))
    return pl.concat([made.filter(about), sources.join(made, left_on="source", right_on="lot").drop("source")])


def by_element(flows: pl.DataFrame, key: list[str], *, element: str | None = None) -> pl.DataFrame:
    """The masses of rows of the cube summed by `key`: its columns, `element` (symbol), `mass_mg`; sorted by both.

    Sums of nothing are left out.
    """
    symbols = SYMBOLS if element is None else (element,)
    return (
        flows.group_by(key)
        .agg(pl.col(symbols).sum())
        .unpivot(symbols, index=key, variable_name="element", value_name="mass_mg")
        .filter(pl.col("mass_mg") > 0)
        .sort(*key, pl.col("element").cast(pl.Enum(SYMBOLS)))
    )
