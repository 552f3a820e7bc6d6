"""Who stands between: what firms buy and sell on as it came, how long it lay with them, and what was put upon the price.

A trader is judged by what it does: whoever ships on what it received under the same lot is told, called a trader or
not. What came in is followed until it left, first in, first out within a lot, whatever name the firm has for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import polars as pl

from lodeline.collation.piece import number_parts
from lodeline.ledger.movement import makes_lot
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.subject import known_element
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
#: One firm, those that pass on most first. Masses are of the element asked for; `share` of `in_mg`, `days` the median of
#: what left, `markup` of what has a price in and out in one currency (`currency`, that of most of it), `priced_mg` how
#: much that is, `other_currencies` how many dealings have two different ones, `changed` how many another paper.
TRADER: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "is_trader": pl.Boolean(), "in_mg": pl.Int64(), "out_mg": pl.Int64(),
    "passed_mg": pl.Int64(), "share": pl.Float64(), "days": pl.Float64(), "dealings": pl.UInt32(),
    "markup": pl.Float64(), "currency": pl.String(), "priced_mg": pl.Int64(), "other_currencies": pl.UInt32(),
    "changed": pl.UInt32(), "abroad_mg": pl.Int64(), "home_mg": pl.Int64(), "supplier": pl.String(),
    "suppliers": pl.UInt32(), "customer": pl.String(), "customers": pl.UInt32(),
}  # fmt: skip
_ORDINARY_OR_SPECIAL: Final = ("invoice-ordinary", "invoice-special")
_KEY: Final = ("organisation", "lot")
_CELLS: Final = ("document", "document_kind", "declaration", "value", "currency")


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


def dealings(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every dealing (`DEALING`) of the firms that trade.

    Goods that are held or moved for somebody else, lots that the firm itself made, and what went back to whom it came
    from are no trade.
    """
    came, left = _came(snapshot), _left(snapshot)
    made = (
        snapshot.lines.filter(makes_lot(), (pl.col("origin_kind") != "imported").fill_null(True))
        .select("organisation", "lot").unique()
    )  # fmt: skip
    came, left = (_as_one(snapshot, side).join(made, on=_KEY, how="anti") for side in (came, left))
    pieces = _followed(came, left)
    sides = {
        "in": _with_papers(snapshot, came.join(pieces.select("in_line"), left_on="line", right_on="in_line", how="semi")),
        "out": _with_papers(snapshot, left.join(pieces.select("out_line"), left_on="line", right_on="out_line", how="semi")),
    }  # fmt: skip
    rows = pieces
    for side, frame in sides.items():
        named = {
            f"{side}_line": "line", f"{side}_entry": "entry", f"{side}_event": "event", f"{side}_on": "on",
            f"{side}_lot": "named", f"{side}_product": "product", f"{side}_kind": "document_kind",
            f"{side}_document": "document", f"{side}_name": "name", f"price_{side}": "price",
            f"currency_{side}": "money", f"paper_{side}": "paper", f"{side}_mg": "dry_mg", f"{side}_paper_mg": "paper_mg",
            {"in": "supplier", "out": "customer"}[side]: "other",
        }  # fmt: skip
        more = [] if side == "in" else ["country", pl.col("kind").alias("out_row")]
        chosen = frame.select(*_KEY, *(pl.col(column).alias(name) for name, column in named.items()), *more)
        rows = rows.join(chosen, on=[*_KEY, f"{side}_line"], how="left", maintain_order="left")
    back = (pl.col("supplier") == pl.col("customer")).fill_null(False)
    rows = _judged(rows.filter(~back), law)
    has_role = [one for one, roles in snapshot.register.roles.items() if TRADER_ROLE in roles]
    passing = rows.filter(pl.col("in_line").is_not_null(), pl.col("out_line").is_not_null())["organisation"].unique()
    trades = pl.col("organisation").is_in(has_role) | pl.col("organisation").is_in(passing.implode())
    return rows.filter(trades).select(pl.col(name).cast(kind) for name, kind in DEALING.items())


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
    `paper_mg` of the goods on the invoice; null where no paper has them. What was invoiced comes first, then what crossed
    the border, then what the seller filed."""
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
    """`line`, `fed_price`, `fed_money`, `fed_paper`, `name`, `paper_mg` of the rows whose papers the feeds have: the row
    of a paper that is nearest in mass, where it is that mass or the only one."""
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
    named = pl.concat([
        rows.select("line", "organisation", "other", "mass_mg", "out" if "out" in rows.columns else pl.lit(None).alias("out"),
                    key=number_parts(pl.col(cell)), source=pl.lit(source))
        for cell, source in (("document", "invoice"), ("declaration", "customs"))
    ])  # fmt: skip
    named = named.explode("key").drop_nulls("key").unique(["line", "key", "source"], maintain_order=True)
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
