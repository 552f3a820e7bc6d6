"""Rows of the three records in one form: who, to whom, which numbers, which day, how much, each with its row number.

Parties are compared by their id in the register; where a record gives none, by the id that its name resolves to; where
that fails, by the name without what cannot be seen or said. Numbers are compared without spaces, marks and leading
zeros, which spreadsheets eat.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

FILED, INVOICED, BORDER = 0, 1, 2
DOMESTIC, EXPORT, IMPORT = 0, 1, 2

#: A name → the id of the one organisation that it means, or None.
Resolve = Callable[[str], str | None]

#: Rows of filings that goods leave or enter a firm by. `party` is the other side as the ledger resolved it; `value` is
#: a decimal text of the whole row; `owner` whose the goods stay where the row sells them not, else null.
GOODS: Final[Mapping[str, pl.DataType]] = {
    "line": pl.Int64(), "entry": pl.Int64(), "organisation": pl.String(), "event": pl.String(), "kind": pl.String(),
    "on": pl.Date(), "party": pl.String(), "product": pl.String(), "mass_mg": pl.Int64(), "document": pl.String(),
    "document_kind": pl.String(), "declaration": pl.String(), "value": pl.String(), "currency": pl.String(),
    "hs_code": pl.String(), "owner": pl.String(), "reason": pl.String(),
}  # fmt: skip
#: `seller` and `buyer` are places in `Pieces.parties`, -1 for nobody named; `value` is in whole units of the currency.
#: `evidence`: 0 the seller's own row, 1 the buyer's receipt of what the seller has not filed. `back`: goods or papers
#: that undo an earlier one. `no_sale`: goods of somebody else that only move. `left`: customs saw them leave or enter.
#: `tariff`: the six digits of a tariff code that all countries share.
PIECE: Final[Mapping[str, pl.DataType]] = {
    "side": pl.Int8(), "ref": pl.Int64(), "lane": pl.Int8(), "seller": pl.Int64(), "buyer": pl.Int64(),
    "on": pl.Int64(), "mass_mg": pl.Int64(), "value": pl.Float64(), "currency": pl.String(), "product": pl.String(),
    "special": pl.Boolean(), "evidence": pl.Int8(), "back": pl.Boolean(), "no_sale": pl.Boolean(), "left": pl.Boolean(),
    "event": pl.String(), "number": pl.String(), "declaration": pl.String(), "tariff": pl.String(),
}  # fmt: skip
#: What of a piece orders it on its side.
SAID: Final = ("on", "mass_mg", "event", "number", "declaration", "product", "value", "ref")
#: Digits of a tariff code that all countries share.
_SHARED_DIGITS: Final = 6
_RETURNED = r"(?i)\breturn(ed)?\b|退货|退回"
_NUMBER_PARTS = r"[;；,，、|\s]+"


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """`frame`: `PIECE`, filed, invoiced, border, each in the order of what it says. `parties`: ids, `~` and names."""

    frame: pl.DataFrame
    parties: pl.Series


def pieces(
    goods: pl.DataFrame,
    invoices: pl.DataFrame,
    customs: pl.DataFrame,
    *,
    known: Collection[str],
    resolve: Resolve,
    special: Collection[str],
) -> Pieces:
    """The rows in one form.

    Parameters: `goods` (`GOODS`); `invoices` and `customs` with the cells of the exchange format (masses in mg) and
    `id`; `known`: ids of the register; `special`: kinds of product whose sale takes the special invoice.
    """
    frames = [_filed(goods, special), _invoiced(invoices), _border(customs)]
    whole = pl.concat(
        [
            frame.with_columns(pl.col(name).cast(PIECE[name]) for name in frame.columns if name in PIECE)
            # What a row says orders it, and not when it came: equal choices fall the same way in any order of arrival.
            .sort(SAID)
            for frame in frames
        ]
    )
    keys = _party_keys(whole, known, resolve)
    parties = pl.concat([keys["seller"], keys["buyer"]]).unique().drop_nulls().sort()
    codes = pl.DataFrame({"key": parties, "code": pl.int_range(len(parties), dtype=pl.Int64, eager=True)})
    coded = {}
    for side in ("seller", "buyer"):
        joined = keys.select(key=side).join(codes, on="key", how="left", maintain_order="left")
        coded[side] = joined["code"].fill_null(-1)
    frame = whole.with_columns(**coded).select(
        pl.col(name).cast(dtype) for name, dtype in PIECE.items()
    )  # fmt: skip
    return Pieces(frame=frame, parties=parties)


def skeleton(name: pl.Expr) -> pl.Expr:
    """What of a name is compared when nobody resolves it: without marks, spaces and characters that are not seen."""
    return name.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"[\p{Cf}\s\p{P}]", "")


def number_key(number: pl.Expr) -> pl.Expr:
    """A number as it is compared; null where nothing is left of it."""
    key = number.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    key = key.str.strip_chars_start("0")
    return pl.when(key != "").then(key)


def number_parts(cell: pl.Expr) -> pl.Expr:
    """The numbers that one cell names, as lists of keys."""
    parts = cell.str.replace_all(_NUMBER_PARTS, ";").str.split(";")
    return parts.list.eval(number_key(pl.element())).list.drop_nulls()


def days(on: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01."""
    return on.to_physical().cast(pl.Int64)


def day(number: int) -> date:
    """The date of a number of days since 1970-01-01."""
    return date.fromordinal(int(number) + date(1970, 1, 1).toordinal())


def _filed(goods: pl.DataFrame, special: Collection[str]) -> pl.DataFrame:
    kind = pl.col("kind")
    origin, receipt = kind == "origin", kind == "receipt"
    on_invoice = pl.col("document_kind").fill_null("invoice").str.starts_with("invoice")
    declared = pl.when(pl.col("document_kind") == "declaration").then("document")
    incoming = origin | receipt
    return goods.select(
        side=pl.lit(FILED), ref="line",
        lane=pl.when(kind == "export").then(EXPORT).when(origin).then(IMPORT).otherwise(DOMESTIC),
        seller_id=pl.when(~incoming).then("organisation"), seller_name=pl.when(incoming).then("party"),
        buyer_id=pl.when(incoming).then("organisation"), buyer_name=pl.when(~incoming).then("party"),
        on=days(pl.col("on")), mass_mg="mass_mg", value=pl.col("value").cast(pl.Float64, strict=False),
        currency=pl.col("currency"), product="product",
        special=(pl.col("document_kind") == "invoice-special").fill_null(False)
        | pl.col("product").str.extract("^([^:]*)").is_in(list(special)).fill_null(False),
        evidence=receipt.cast(pl.Int8), back=pl.col("reason").str.contains(_RETURNED).fill_null(False),
        no_sale=pl.col("owner").is_not_null() & (kind != "title"), left=pl.lit(False),
        event=pl.concat_str("organisation", pl.lit("\t"), "event"),
        number=pl.when(on_invoice).then("document"), declaration=pl.coalesce("declaration", declared),
        tariff=pl.col("hs_code").str.head(_SHARED_DIGITS),
    )  # fmt: skip


def _invoiced(invoices: pl.DataFrame) -> pl.DataFrame:
    mass, value = pl.col("mass_mg"), pl.col("value").cast(pl.Float64, strict=False)
    red = mass < 0
    return invoices.select(
        side=pl.lit(INVOICED), ref="id", lane=pl.lit(DOMESTIC),
        seller_id="seller", seller_name="seller_name", buyer_id="buyer", buyer_name="buyer_name",
        on=days(pl.col("on")), mass_mg=mass, value=value, currency=pl.col("currency").fill_null("CNY"),
        product="product_name", special=pl.col("kind") == "special", evidence=pl.lit(0), back=red,
        no_sale=pl.lit(False), left=pl.lit(False), event=pl.lit(None, pl.String), number="number",
        declaration=pl.lit(None, pl.String), tariff=pl.lit(None, pl.String),
    )  # fmt: skip


def _border(customs: pl.DataFrame) -> pl.DataFrame:
    imported = pl.col("direction") == "import"
    return customs.select(
        side=pl.lit(BORDER), ref="id", lane=pl.when(imported).then(IMPORT).otherwise(EXPORT),
        seller_id=pl.when(~imported).then("exporter"), seller_name="exporter_name",
        # On an import the column of the domestic firm's id is the exporter's, which a foreign shipper leaves empty.
        buyer_id=pl.lit(None, pl.String), buyer_name="consignee_name",
        on=days(pl.col("on")), mass_mg="mass_mg", value=pl.col("value").cast(pl.Float64, strict=False),
        currency="currency", product="product_name", special=pl.lit(None, pl.Boolean), evidence=pl.lit(0),
        back=pl.col("status") == "returned", no_sale=pl.lit(False), left=pl.col("status") != "released",
        event=pl.lit(None, pl.String), number=pl.lit(None, pl.String), declaration="declaration",
        tariff=pl.col("hs_code").str.head(_SHARED_DIGITS),
    )  # fmt: skip


def _party_keys(whole: pl.DataFrame, known: Collection[str], resolve: Resolve) -> pl.DataFrame:
    """`seller` and `buyer` of each row as the text they are compared by; each distinct name is resolved once."""
    ids = pl.DataFrame({"id": sorted(known), "sure": True}, schema={"id": pl.String, "sure": pl.Boolean})
    names = pl.concat([whole["seller_name"], whole["buyer_name"]]).unique().drop_nulls()
    plain = pl.DataFrame({"name": names}).with_columns(skeleton=skeleton(pl.col("name")))
    sure = set(ids["id"])
    meant = [name if name in sure else resolve(name) for name in plain["name"]]
    plain = plain.with_columns(
        key=pl.coalesce(
            pl.Series(meant, dtype=pl.String), pl.when(pl.col("skeleton") != "").then("~" + pl.col("skeleton"))
        )
    )
    keys = {}
    for side in ("seller", "buyer"):
        given = whole.select(id=f"{side}_id", name=f"{side}_name")
        joined = given.join(ids, on="id", how="left", maintain_order="left")
        joined = joined.join(plain.select("name", "key"), on="name", how="left", maintain_order="left")
        named = pl.when("sure").then("id").otherwise(pl.coalesce("key", "id"))
        keys[side] = joined.select(named.alias(side)).to_series()
    return pl.DataFrame(keys)
