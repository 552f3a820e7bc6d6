"""What firms that trade bought and sold on: each part of a lot with the row that brought it and the row that took it.

What came in is followed until it left, first in, first out within a lot, whatever name the firm has for it. Prices are
those of the papers, in their currency, and are never converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.collation.piece import number_parts
from lodeline.ledger.movement import makes_lot
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.snapshot import Snapshot

#: The role of the register.
TRADER_ROLE: Final = "trader"
#: How far two masses of one paper, or of one lot on two papers, may lie apart and be the same (assumption).
SAME_MASS: Final = 0.02

#: A part of a lot that one row brought in and one row took out. One of both is null: it has not left as it came, or did
#: not come as it left. `mass_mg` is dry; `days` null where the books have it leave before it came. `price_*`: per
#: kilogram, as the paper has it; `paper_*` says which: `invoice`, `customs` or `filing`. `changed`: what is another
#: on the paper out than on the paper in (`CHANGES`).
DEALING: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "lot": pl.Int64(), "mass_mg": pl.Int64(),
    "in_line": pl.Int64(), "in_entry": pl.Int64(), "in_event": pl.String(), "in_on": pl.Date(), "in_lot": pl.Int64(),
    "in_product": pl.String(), "supplier": pl.String(), "in_kind": pl.String(), "in_document": pl.String(),
    "in_name": pl.String(), "price_in": pl.Float64(), "currency_in": pl.String(), "paper_in": pl.String(),
    "out_line": pl.Int64(), "out_entry": pl.Int64(), "out_event": pl.String(), "out_on": pl.Date(),
    "out_lot": pl.Int64(), "out_product": pl.String(), "customer": pl.String(), "out_kind": pl.String(),
    "out_document": pl.String(), "out_name": pl.String(), "price_out": pl.Float64(), "currency_out": pl.String(),
    "paper_out": pl.String(), "country": pl.String(), "abroad": pl.Boolean(), "days": pl.Int64(),
    "changed": pl.List(pl.String()),
}  # fmt: skip
#: What may be another on the paper out than on that in. `number` is told where it is the same: nothing was invoiced.
CHANGES: Final = ("kind", "product", "name", "mass", "number")
_ORDINARY_OR_SPECIAL: Final = ("invoice-ordinary", "invoice-special")
_KEY: Final = ("organisation", "lot")
_CELLS: Final = ("document", "document_kind", "declaration", "value", "currency")


def dealings(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every dealing (`DEALING`) of the firms that trade: by their role, or because they shipped on what they received.

    Goods that are held or moved for somebody else, lots that the firm itself made, and what went back to whom it came
    from are no trade.
    """
    brings = (pl.col("origin_kind") != "imported").fill_null(True)
    made = snapshot.lines.filter(makes_lot(), brings).select(_KEY).unique()
    came, left = (
        _as_one(snapshot, rows).join(made, on=_KEY, how="anti") for rows in (_came(snapshot), _left(snapshot))
    )
    pieces = _followed(came, left)
    rows = pieces.join(_side(snapshot, came, "in"), on=[*_KEY, "in_line"], how="left", maintain_order="left").join(
        _side(snapshot, left, "out"), on=[*_KEY, "out_line"], how="left", maintain_order="left"
    )
    back = (pl.col("supplier") == pl.col("customer")).fill_null(False)
    rows = _judged(rows.filter(~back), law)
    has_role = [one for one, roles in snapshot.register.roles.items() if TRADER_ROLE in roles]
    passing = rows.filter(pl.col("in_line").is_not_null(), pl.col("out_line").is_not_null())["organisation"].unique()
    trades = pl.col("organisation").is_in(has_role) | pl.col("organisation").is_in(passing.implode())
    return rows.filter(trades).select(pl.col(name).cast(kind) for name, kind in DEALING.items())


def _side(snapshot: Snapshot, rows: pl.DataFrame, side: str) -> pl.DataFrame:
    """The rows of one side with their papers, under the names of `DEALING`."""
    columns = {
        f"{side}_line": "line", f"{side}_entry": "entry", f"{side}_event": "event", f"{side}_on": "on",
        f"{side}_lot": "named", f"{side}_product": "product", f"{side}_kind": "document_kind",
        f"{side}_document": "document", f"{side}_name": "name", f"price_{side}": "price",
        f"currency_{side}": "money", f"paper_{side}": "paper", f"{side}_mg": "dry_mg",
        f"{side}_paper_mg": "paper_mg",
    }  # fmt: skip
    more = {"supplier": "other"} if side == "in" else {"customer": "other", "country": "country", "out_row": "kind"}
    named = (pl.col(column).alias(name) for name, column in {**columns, **more}.items())
    return _with_papers(snapshot, rows).select(*_KEY, *named)


_ROW: Final = ("line", "entry", "event", "kind", "on", "organisation", "lot", "product", "mass_mg", "dry_mg")


def _came(snapshot: Snapshot) -> pl.DataFrame:
    """Rows by which firms got goods of their own, with `other`: whom from."""
    lines = snapshot.lines_with(*_CELLS)
    own = pl.coalesce("owner", "organisation") == pl.col("organisation")
    imported = (pl.col("kind") == "origin") & (pl.col("origin_kind") == "imported")
    got = lines.filter(own, ((pl.col("kind") == "receipt") | imported).fill_null(False))
    sold = lines.filter(
        pl.col("kind") == "title", pl.col("party").is_not_null(), pl.col("party") != pl.col("organisation")
    )
    bought = sold.with_columns(organisation="party", party="organisation")
    columns = (*_ROW, *_CELLS, pl.col("party").alias("other"))
    return pl.concat([got.select(columns), bought.select(columns)])


def _left(snapshot: Snapshot) -> pl.DataFrame:
    """Rows by which firms gave goods of their own to others, with `other`: whom to, and `country`."""
    lines = snapshot.lines_with(*_CELLS)
    own = pl.coalesce("owner", "organisation") == pl.col("organisation")
    given = pl.col("kind").is_in(["shipment", "export", "title"]) & pl.col("to_site").is_null()
    homes = snapshot.register.tables["organisations"].select(party="id", home="country")
    return (
        lines.filter(own, given)
        .join(homes, on="party", how="left", maintain_order="left")
        .with_columns(country=pl.coalesce("destination", "counterparty_country", "home"))
        .select(*_ROW, *_CELLS, pl.col("party").alias("other"), "country")
    )


def _as_one(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the lot that each really is as `lot`, and what the firm calls it as `named`."""
    drawn = snapshot.drawn_as.unique(_KEY, keep="first", maintain_order=True).select(*_KEY, meant="shipped_lot")
    shipped = dict(snapshot.renamed.select("lot", "shipped_lot").iter_rows())
    source = {}
    for lot in shipped:
        last, seen = lot, {lot}
        while last in shipped and shipped[last] not in seen:
            last = shipped[last]
            seen.add(last)
        source[lot] = last
    really = pl.DataFrame(
        {"lot": list(source), "really": list(source.values())}, schema={"lot": pl.Int64, "really": pl.Int64}
    )
    return (
        rows.drop_nulls("lot")
        .join(drawn, on=_KEY, how="left", maintain_order="left")
        .with_columns(named="lot", lot=pl.coalesce("meant", "lot"))
        .join(really, on="lot", how="left", maintain_order="left")
        .with_columns(lot=pl.coalesce("really", "lot"))
        .drop("meant", "really")
    )


def _followed(came: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """What came in, until it left, first in first out: `organisation`, `lot`, `in_line`, `out_line`, `mass_mg`.

    Along the sum of a lot each row ends somewhere; between two ends the goods are of one row in and one row out.
    """
    ends = pl.concat(
        [
            rows.sort("on", "line").select(*_KEY, end=pl.col("dry_mg").cum_sum().over(_KEY), **{f"{side}_line": "line"})
            for side, rows in (("in", came), ("out", left))
        ],
        how="diagonal",
    ).sort(*_KEY, "end", maintain_order=True)
    between = ends.with_columns(
        pl.col("in_line", "out_line").fill_null(strategy="backward").over(_KEY),
        mass_mg=pl.col("end") - pl.col("end").shift(1).over(_KEY).fill_null(0),
    )
    return between.filter(pl.col("mass_mg") > 0).select(*_KEY, "in_line", "out_line", "mass_mg")


def _with_papers(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `price` (per kilogram of the paper), `money` (its currency), `paper` (where it stands), `name` and
    `paper_mg` of the goods on it; null where no paper has them. What was invoiced comes first, then what crossed the
    border, then what the seller filed."""
    fed = _fed_papers(snapshot, rows)
    rows = rows.join(fed, on="line", how="left", maintain_order="left")
    filed = _filed_prices(snapshot, rows)
    rows = rows.join(filed, on="line", how="left", maintain_order="left")
    has_fed = pl.col("fed_price").is_not_null()
    return rows.with_columns(
        price=pl.coalesce("fed_price", "filed_price"),
        money=pl.when(has_fed).then("fed_money").otherwise("filed_money"),
        paper=pl.when(has_fed).then("fed_paper").when(pl.col("filed_price").is_not_null()).then(pl.lit("filing")),
    )


def _fed_papers(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """`line`, `fed_price`, `fed_money`, `fed_paper`, `name`, `paper_mg` of the rows whose papers the feeds have: of a
    paper the row that is nearest in mass, where it is that mass or the only one."""
    invoices = snapshot.invoices.select(
        "id", "number", "mass_mg", "value", "currency", name="product_name", seller="seller", source=pl.lit("invoice")
    )
    border = snapshot.customs.select(
        "id", "mass_mg", "value", "currency", number="declaration", name="product_name", seller="exporter",
        source=pl.lit("customs"),
    )  # fmt: skip
    papers = (
        pl.concat([invoices, border], how="diagonal_relaxed")
        .with_columns(money=pl.col("value").cast(pl.Float64, strict=False), key=number_parts(pl.col("number")))
        .filter(pl.col("mass_mg") > 0, pl.col("money") > 0)
        .explode("key").drop_nulls("key")
        .select("id", "key", "money", "currency", "name", "seller", "source", paper_mg="mass_mg")
    )  # fmt: skip
    cells = (("document", "invoice"), ("declaration", "customs"))
    named = pl.concat(
        rows.select(
            "line", "organisation", "other", "mass_mg", key=number_parts(pl.col(cell)), source=pl.lit(source)
        )
        for cell, source in cells
    ).explode("key").drop_nulls("key").unique(["line", "key", "source"], maintain_order=True)  # fmt: skip
    met = named.join(papers, on=["key", "source"]).filter(
        pl.any_horizontal(
            pl.col("seller").is_null(), pl.col("seller") == pl.col("organisation"), pl.col("seller") == pl.col("other")
        ).fill_null(True)
    )
    apart = (pl.col("paper_mg") - pl.col("mass_mg")).abs() / pl.col("mass_mg")
    met = met.filter(pl.col("mass_mg") > 0).with_columns(apart=apart, alone=pl.len().over("line", "source") == 1)
    chosen = (
        met.filter((pl.col("apart") <= SAME_MASS) | pl.col("alone"))
        .sort(pl.col("source") == "customs", "apart", "id")
        .unique("line", keep="first", maintain_order=True)
    )
    # A paper for several deliveries says nothing of the mass of one.
    one = pl.len().over("source", "id") == 1
    return chosen.select(
        "line", "name", fed_price=pl.col("money") / (pl.col("paper_mg") / 1_000_000), fed_money="currency",
        fed_paper="source", paper_mg=pl.when(one).then("paper_mg"),
    )  # fmt: skip


def _filed_prices(snapshot: Snapshot, rows: pl.DataFrame) -> pl.DataFrame:
    """`line`, `filed_price`, `filed_money`: as the seller filed it, in its own row of a delivery."""
    sent = snapshot.transfers.filter(pl.col("shipment_line").is_not_null(), pl.col("receipt_line").is_not_null())
    sold = rows.select("line").join(
        sent.select(line="receipt_line", source="shipment_line").unique("line", keep="first", maintain_order=True),
        on="line", how="left",
    ).with_columns(pl.coalesce("source", "line").alias("source"))  # fmt: skip
    stated = snapshot.trade.select("line", "value", "currency").drop_nulls()
    masses = snapshot.lines.select("line", "mass_mg").join(stated, on="line")
    value = pl.col("value").cast(pl.Float64, strict=False)
    priced = masses.filter(pl.col("mass_mg") > 0, value > 0).select(
        source="line", filed_price=value / (pl.col("mass_mg") / 1_000_000), filed_money="currency"
    )
    return sold.join(priced, on="source").select("line", "filed_price", "filed_money")


def _judged(rows: pl.DataFrame, law: Jurisdiction) -> pl.DataFrame:
    """The pieces with `abroad`, `days` and `changed`."""
    both = pl.col("in_line").is_not_null() & pl.col("out_line").is_not_null()
    stay = (pl.col("out_on") - pl.col("in_on")).dt.total_days()
    abroad = (pl.col("out_row") == "export") | (pl.col("country") != law.country)
    invoices = [pl.col(one).is_in(_ORDINARY_OR_SPECIAL) for one in ("in_kind", "out_kind")]
    goods = [pl.col(one).str.split(":").list.first() for one in ("in_product", "out_product")]
    names = [
        pl.col(one).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", "")
        for one in ("in_name", "out_name")
    ]
    keys = [number_parts(pl.col(one)) for one in ("in_document", "out_document")]
    whole = (pl.col("mass_mg") == pl.col("in_mg")) & _near("in_mg", "out_mg")
    changes = {
        "kind": invoices[0] & invoices[1] & (pl.col("in_kind") != pl.col("out_kind")),
        "product": goods[0] != goods[1],
        # Beyond the border goods have another name, in another language.
        "name": (names[0] != names[1]) & ~abroad.fill_null(False),
        "mass": whole & ~_near("in_paper_mg", "out_paper_mg"),
        "number": keys[0].list.set_intersection(keys[1]).list.len() > 0,
    }
    told = [pl.when((both & where).fill_null(False)).then(pl.lit(name)) for name, where in changes.items()]
    return rows.with_columns(
        abroad=pl.when(pl.col("out_line").is_not_null()).then(abroad.fill_null(False)),
        days=pl.when(both & (stay >= 0)).then(stay), changed=pl.concat_list(told).list.drop_nulls(),
    )  # fmt: skip


def _near(one: str, other: str) -> pl.Expr:
    largest = pl.max_horizontal(one, other)
    return (pl.col(one) - pl.col(other)).abs() <= largest * SAME_MASS
