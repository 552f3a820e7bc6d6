"""Lines become movements, and movements become holdings; what was drawn beyond what was held is never hidden.

Everything here is a function of frames: the same lines give the same movements, holdings and shortfalls in
whatever order they arrived, because the order of a holding's movements is a property of the movements.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

#: The columns of a stored line that the ledger works on. `lot` is the surrogate id and `local` the
#: maker's own id, `party` the resolved counterparty; the identifiers as filed stay in the store.
LINE: dict[str, pl.DataType] = {
    "line": pl.Int64(), "entry": pl.Int64(), "organisation": pl.String(), "ordinal": pl.UInt32(),
    "event": pl.String(), "kind": pl.String(), "role": pl.String(), "on": pl.Date(), "site": pl.String(),
    "lot": pl.Int64(), "local": pl.String(), "product": pl.String(), "mass_mg": pl.Int64(), "dry_mg": pl.Int64(),
    "composition": pl.String(), "method": pl.String(), "origin_kind": pl.String(), "origin_place": pl.String(),
    "owner": pl.String(), "party": pl.String(), "counterparty_country": pl.String(), "to_site": pl.String(),
    "location": pl.String(), "reference": pl.String(), "destination": pl.String(), "run": pl.String(),
    "reason": pl.String(),
}  # fmt: skip

ACCOUNT = ("site", "lot", "owner")

_MAKES = (pl.col("kind") == "origin") | pl.col("role").is_in(["out", "waste"])
_MOVES = ~pl.col("kind").is_in(["stock", "void"])
#: +1 for what enters a site, −1 for what leaves it; an adjustment carries its own sign.
_SIGN = pl.when(_MAKES | pl.col("kind").is_in(["receipt", "adjustment"])).then(1).otherwise(-1)


def makes_lot() -> pl.Expr:
    """True on lines that bring a lot into being: an origin, or an output or waste of a transformation."""
    return _MAKES & pl.col("kind").is_in(["origin", "transformation"])


def movements(lines: pl.DataFrame) -> pl.DataFrame:
    """Signed dry masses per account, one row per movement.

    A shipment to one's own site gives two movements of kind `move`; a title gives two that change the owner
    at the site where the seller holds the lot; a stock count gives none.

    Parameters
    ----------
    lines : frame with the columns of `LINE`.

    Returns
    -------
    The columns of `LINE` with `delta_mg` (Int64, milligrams, dry, signed) and `owner` filled.
    """
    moving = lines.filter(_MOVES).with_columns(
        owner=pl.coalesce("owner", "organisation"),
        delta_mg=pl.col("dry_mg") * _SIGN,
        kind=pl.when((pl.col("kind") == "shipment") & pl.col("to_site").is_not_null())
        .then(pl.lit("move"))
        .otherwise("kind"),
    )
    arrivals = moving.filter(pl.col("kind") == "move")
    if arrivals.height:
        moving = pl.concat([moving, arrivals.with_columns(site=pl.col("to_site"), delta_mg=pl.col("dry_mg"))])
    titles = moving.filter(pl.col("kind") == "title")
    if titles.height:
        moving = pl.concat([moving.filter(pl.col("kind") != "title"), _title_movements(moving, titles)])
    return moving


def _title_movements(moving: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """The two sides of each change of ownership, at the site where the seller holds the lot that day.

    A title names no site. It is carried out day by day, where the seller's book is largest; a seller who
    holds nothing is charged at no site, where the shortfall shows.
    """
    involved = moving.join(titles.select("lot").unique(), on="lot", how="semi")
    ordered = involved.sort("on", pl.col("delta_mg") < 0, "organisation", "event", "ordinal")
    books = _Books()
    placed: list[tuple[int, str]] = []
    for _, day in ordered.group_by("on", maintain_order=True):
        sales: list[_Title] = []
        for kind, lot, owner, site, delta_mg, line, buyer in day.select(
            "kind", "lot", "owner", "site", "delta_mg", "line", pl.col("party").fill_null("?")
        ).iter_rows():
            if kind == "title":
                sales.append(_Title(line=line, lot=lot, seller=owner, buyer=buyer, mass_mg=-delta_mg))
            else:
                books.add(lot, owner, site, delta_mg)
        # Sales wait for the purchases of their own day, however long the chain of traders is.
        while sales:
            ready = [sale for sale in sales if books.covers(sale)] or sales[:1]
            placed += [(sale.line, books.carry_out(sale)) for sale in ready]
            sales = [sale for sale in sales if sale not in ready]
    sites_of = pl.DataFrame(placed, schema={"line": pl.Int64(), "placed": pl.String()}, orient="row")
    at_site = (
        titles.join(sites_of, on="line", how="left").with_columns(site=pl.coalesce("site", "placed")).drop("placed")
    )
    bought = at_site.with_columns(owner=pl.col("party").fill_null("?"), delta_mg=pl.col("dry_mg"))
    return pl.concat([at_site, bought])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    line: int
    lot: int
    seller: str
    buyer: str
    mass_mg: int


class _Books:
    """What each owner holds of each lot, by site, while the titles of the lots are carried out."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, str], dict[str, int]] = {}

    def add(self, lot: int, owner: str, site: str, delta_mg: int) -> None:
        sites = self._held.setdefault((lot, owner), {})
        sites[site] = sites.get(site, 0) + delta_mg

    def _sellers_sites(self, title: _Title) -> dict[str, int]:
        return self._held.get((title.lot, title.seller), {})

    def covers(self, title: _Title) -> bool:
        return max(self._sellers_sites(title).values(), default=0) >= title.mass_mg

    def carry_out(self, title: _Title) -> str:
        """Moves the mass to the buyer at the seller's fullest site, and names the site ("" if there is none)."""
        sites = self._sellers_sites(title)
        site = min(sites, key=lambda name: (-sites[name], name), default="")
        self.add(title.lot, title.seller, site, -title.mass_mg)
        self.add(title.lot, title.buyer, site, title.mass_mg)
        return site


def with_balances(moving: pl.DataFrame) -> pl.DataFrame:
    """Adds `held_mg` after each movement and `unaccounted_mg`, the part of it that was not held.

    Movements of an account run by day, increases before decreases, then organisation, event and row. A
    decrease takes what is there and books the rest as unaccounted, so that held never falls below zero:
    held = S + U with S the running sum and U = max(0, max over the past of −S) (the reflection map).
    """
    ordered = moving.sort(*ACCOUNT, "on", pl.col("delta_mg") < 0, "organisation", "event", "ordinal")
    sums = ordered.with_columns(running=pl.col("delta_mg").cum_sum().over(ACCOUNT))
    short = sums.with_columns(shortfall=(-pl.col("running")).cum_max().over(ACCOUNT).clip(lower_bound=0))
    return short.with_columns(
        held_mg=pl.col("running") + pl.col("shortfall"),
        unaccounted_mg=pl.col("shortfall") - pl.col("shortfall").shift(1, fill_value=0).over(ACCOUNT),
    ).drop("running", "shortfall")


def holdings(balanced: pl.DataFrame) -> pl.DataFrame:
    """Book inventory per account: `site`, `lot`, `owner`, `mass_mg`, `unaccounted_mg`; empty accounts left out."""
    return (
        balanced.group_by(*ACCOUNT, maintain_order=True)
        .agg(mass_mg=pl.col("held_mg").last(), unaccounted_mg=pl.col("unaccounted_mg").sum())
        .filter((pl.col("mass_mg") > 0) | (pl.col("unaccounted_mg") > 0))
    )


def lot_facts(lines: pl.DataFrame) -> pl.DataFrame:
    """What each lot is: `lot`, `made` (its maker has filed), `product`, `composition`, `origin_kind`, `made_line`.

    The maker's line decides. Until the maker files, the first line (by day, organisation, event) that states
    a product or a composition stands in.
    """
    by_precedence = lines.filter(pl.col("lot").is_not_null()).sort(
        "lot", ~makes_lot(), "on", "organisation", "event", "ordinal"
    )
    made = makes_lot()
    return by_precedence.group_by("lot", maintain_order=True).agg(
        made=made.any(),
        product=pl.col("product").drop_nulls().first(),
        composition=pl.when(made.any())
        .then(pl.col("composition").filter(made).first())
        .otherwise(pl.col("composition").drop_nulls().first()),
        origin_kind=pl.col("origin_kind").filter(made).first(),
        made_line=pl.col("line").filter(made).first(),
    )
