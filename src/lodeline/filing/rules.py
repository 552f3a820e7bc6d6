"""What a filing can be refused or flagged for by its rows alone: one line for each rule, one select for all.

A rule is a boolean expression over the columns of the judged frame (typed cells and the helpers of
`with_helpers`). Its code is in `data/reference/problems.csv`, with an example and the cure. An optional
column that is filled where it does not apply is never a reason for anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from lodeline.filing.country import alpha2_by_code
from lodeline.filing.schema import COLUMNS, COMPOSITION_STATUSES, DOCUMENT_KINDS, KINDS, ORIGIN_KINDS, ROLES
from lodeline.ledger.problem import Fact
from lodeline.material.mass import PPB, PPB_PER_PERCENT
from lodeline.material.product import PRODUCTS

Row = Mapping[str, Any]
Facts = Callable[[Row], Mapping[str, Fact]]

LOT_CHARACTERS = r"A-Za-z0-9._:-"
#: `https://id.gs1.org/01/…/10/…` and `urn:epc:…`: canonical as they stand, with the characters of a URI.
GS1_URI = r"^(urn:|https?://)[A-Za-z0-9._:/%?=&+()!*'~,;#-]{1,248}$"
_BARE_LOT = rf"^[{LOT_CHARACTERS}]{{1,64}}$"
_MAKER_LOT = rf"^[{LOT_CHARACTERS}]{{1,128}}/[{LOT_CHARACTERS}]{{1,64}}$"
_LOT_TEXT = rf"^[/{LOT_CHARACTERS}]{{1,64}}$"

#: Columns whose cells may be filled and still have no value; `unread_<column>` says where that is so.
UNREAD = ("on", "mass_kg", "composition")
#: What customs asks for on an export row; what is missing is flagged, not refused.
EXPORT_COLUMNS = ("declaration", "hs_code", "destination", "end_user_name", "end_user_country", "end_use")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reason: its code, the column it points at, when it holds, and the facts that its text quotes.

    `facts` gets the row with `value`, the text filed in the rule's column, and `first_row`, the kind, site and
    day of the event's first row.
    """

    code: str
    column: str | None
    when: pl.Expr
    facts: Facts = lambda _: {}


def _value(row: Row) -> Mapping[str, Fact]:
    return {"value": str(row["value"])}


def _of(*names: str) -> Facts:
    return lambda row: {name: str(row[name]) for name in names}


_kind = pl.col("kind")
_is = {kind: pl.col(f"is_{kind}") for kind in KINDS}
#: Rows that say something about a lot: all but void, also those whose kind is unknown.
_live = ~_is["void"]
_makes = pl.col("makes")


def with_helpers(cells: pl.DataFrame) -> pl.DataFrame:
    """The typed cells with the columns that rules share.

    `first` UInt32, the position of the event's first row; `is_<kind>` Boolean; `makes` Boolean, the row makes
    a lot; `product_kind` String.
    """
    role = pl.col("role")
    makes = _kind.eq_missing(pl.lit("origin")) | (
        _kind.eq_missing(pl.lit("transformation")) & role.is_in(["out", "waste"]).fill_null(False)
    )
    return cells.with_columns(
        pl.col("place").min().over("event").alias("first"),
        *(_kind.eq_missing(pl.lit(kind)).alias(f"is_{kind}") for kind in KINDS),
        makes.alias("makes"),
        pl.col("product").str.extract("^([^:]*)").alias("product_kind"),
    )


def _choice(column: str, choices: tuple[str, ...], applies: pl.Expr) -> Rule:
    listed = ", ".join(choices)
    when = applies & pl.col(column).is_not_null() & ~pl.col(column).is_in(choices)
    return Rule(
        code="choice.unknown", column=column, when=when, facts=lambda row: {"value": row["value"], "choices": listed}
    )


def _missing(column: str, applies: pl.Expr) -> Rule:
    """The cell is empty. One that is filled but cannot be read has its own problem."""
    typed = next(one.typed for one in COLUMNS if one.name == column)
    empty = pl.col(typed).is_null()
    if column in UNREAD:
        empty &= ~pl.col(f"unread_{column}")
    return Rule(
        code="cell.missing",
        column=column,
        when=applies & empty,
        facts=lambda row: {"kind": row["kind"] or "?", "column": column},
    )


def _lot_rules() -> list[Rule]:
    lot = pl.col("lot")
    is_uri = lot.str.contains(GS1_URI)
    fits = lot.str.contains(_BARE_LOT) | is_uri | lot.str.contains(_MAKER_LOT)
    in_form = lot.str.contains(_LOT_TEXT)
    return [
        Rule(code="lot.malformed", column="lot", when=_live & ~fits & ~in_form, facts=_value),
        Rule(code="lot.slash", column="lot", when=_live & ~fits & in_form, facts=_value),
    ]


def _hs_pairs() -> list[str]:
    return [f"{product.kind} {code}" for product in PRODUCTS.values() for code in product.hs_codes]


def _code_rules() -> list[Rule]:
    product, hs_code, currency = pl.col("product"), pl.col("hs_code"), pl.col("currency")
    known_product = pl.col("product_kind").is_in(list(PRODUCTS)) & (
        product.str.contains(r"^[^:]+(:[^\s:]([^:]{0,62}[^\s:])?)?$")
    )
    digits = hs_code.str.contains(r"^[0-9]{6,13}$")
    pair = pl.concat_str("product_kind", hs_code.str.slice(0, 6), separator=" ")
    differs = digits & pl.col("product_kind").is_in(list(PRODUCTS)) & ~pair.is_in(_hs_pairs())
    return [
        Rule(code="product.unknown", column="product", when=_live & ~known_product, facts=_value),
        Rule(code="hs-code.malformed", column="hs_code", when=_is["export"] & ~digits, facts=_value),
        Rule(
            code="hs-code.differs-from-product", column="hs_code", when=_live & differs, facts=_of("hs_code", "product")
        ),
        Rule(
            code="currency.malformed",
            column="currency",
            when=(_is["shipment"] | _is["export"]) & ~currency.str.contains(r"^[A-Z]{3}$"),
            facts=_value,
        ),
    ]


def _choice_rules() -> list[Rule]:
    documented = _is["shipment"] | _is["receipt"] | _is["export"] | _is["title"]
    bases = next(column.choices for column in COLUMNS if column.name == "basis")
    return [
        _choice("kind", KINDS, pl.lit(True)),
        _choice("role", ROLES, _is["transformation"]),
        _choice("origin_kind", ORIGIN_KINDS, _is["origin"]),
        _choice("composition_status", COMPOSITION_STATUSES, _live),
        _choice("basis", bases, _live & pl.col("composition").is_not_null()),
        _choice("document_kind", DOCUMENT_KINDS, documented),
    ]


def _missing_rules() -> list[Rule]:
    return [
        _missing("event", pl.lit(True)),
        _missing("kind", pl.lit(True)),
        _missing("on", _live),
        _missing("site", _live & ~_is["title"]),
        _missing("role", _is["transformation"]),
        _missing("lot", _live),
        _missing("product", _makes | _is["export"]),
        _missing("mass_kg", _live),
        _missing("origin_kind", _is["origin"]),
        _missing("reason", _is["loss"] | _is["adjustment"]),
    ]


def _mass_rules() -> list[Rule]:
    mass = pl.col("mass_mg")
    return [
        Rule(code="mass.negative", column="mass_kg", when=_live & ~_is["adjustment"] & (mass < 0), facts=_value),
        Rule(code="adjustment.zero", column="mass_kg", when=_is["adjustment"] & (mass == 0)),
    ]


def _event_form_rules() -> list[Rule]:
    event = pl.col("event")
    printable = (event.str.len_chars() <= 64) & ~event.str.contains(r"[\p{C}\p{Zl}\p{Zp}]")
    return [Rule(code="event.malformed", column="event", when=~printable, facts=_value)]


def _event_rules() -> list[Rule]:
    """What an event has one of: rows are held against the first row of their event."""
    named, first = pl.col("event").is_not_null(), pl.col("first")
    of_void, first_of_void = _is["void"], _is["void"].gather(first)
    rules = [
        Rule(code="void.and-restated", column="kind", when=named & (of_void != first_of_void), facts=_of("event")),
        Rule(
            code="void.twice", column="kind", facts=_of("event"),
            when=named & of_void & first_of_void & (pl.col("place") != first),
        ),
    ]  # fmt: skip
    for code, column in (("event.mixes-kinds", "kind"), ("event.mixes-sites", "site"), ("event.mixes-days", "on")):
        differs = pl.col(column) != pl.col(column).gather(first)
        when = named & ~of_void & ~first_of_void & differs
        rules.append(Rule(code=code, column=column, when=when, facts=_difference(column)))
    return rules


def _difference(column: str) -> Facts:
    return lambda row: {"event": row["event"], "first": str(row["first_row"][column]), "value": str(row[column])}


def _composition_rules() -> list[Rule]:
    stated, unknown = pl.col("composition").is_not_null(), pl.col("composition_status").eq_missing(pl.lit("unknown"))
    return [
        Rule(
            code="composition.missing", column="composition",
            when=_makes & ~stated & ~unknown & ~pl.col("unread_composition"),
        ),
        Rule(code="composition.status-differs", column="composition_status", when=_live & stated & unknown),
        Rule(
            code="composition.near-100", column="composition", facts=_sums,
            when=_live & stated & (pl.col("sum_ppb") > PPB) & ~pl.col("unread_composition"),
        ),
    ]  # fmt: skip


def _export_missing(row: Row) -> Mapping[str, Fact]:
    missing = [name for name in EXPORT_COLUMNS if row[name] is None]
    if row["counterparty"] is None and row["counterparty_name"] is None:
        missing.insert(0, "counterparty_name")
    return {"columns": ", ".join(missing)}


def _movement_rules() -> list[Rule]:
    to_site = pl.col("to_site")
    party = pl.coalesce("counterparty", "counterparty_name").is_not_null()
    incomplete = pl.any_horizontal(pl.col(name).is_null() for name in EXPORT_COLUMNS)
    imported = pl.col("origin_kind").is_in(["mined", "by-product", "imported"])
    return [
        Rule(
            code="party.missing", column="counterparty_name", facts=_of("kind"),
            when=~party & ((_is["shipment"] & to_site.is_null()) | _is["receipt"] | _is["title"]),
        ),
        Rule(
            code="shipment.two-destinations", column="to_site", when=_is["shipment"] & to_site.is_not_null() & party
        ),
        Rule(code="shipment.to-itself", column="to_site", when=_is["shipment"] & (to_site == pl.col("site"))),
        Rule(
            code="export.incomplete", column=None, when=_is["export"] & (incomplete | ~party), facts=_export_missing
        ),
        Rule(
            code="origin.place-missing", column="origin_place",
            when=_is["origin"] & imported & pl.col("origin_place").is_null(),
        ),
    ]  # fmt: skip


def _country_rules() -> list[Rule]:
    codes = sorted(set(alpha2_by_code().values()))
    traded = _is["shipment"] | _is["receipt"] | _is["title"] | _is["export"]
    applies = {"counterparty_country": traded, "destination": _is["export"], "end_user_country": _is["export"]}
    return [
        Rule(code="country.unknown", column=column, when=when & ~pl.col(column).is_in(codes), facts=_value)
        for column, when in applies.items()
    ]


def _sums(row: Row) -> Mapping[str, Fact]:
    return {"value": str(row["value"]), "total_pct": percent(row["sum_ppb"])}


def percent(share_ppb: int) -> str:
    """The shortest decimal percent text of a share."""
    return f"{share_ppb / PPB_PER_PERCENT:.7f}".rstrip("0").rstrip(".")


#: Every rule that needs nothing but the row.
ROW_RULES: tuple[Rule, ...] = (
    *_choice_rules(),
    *_missing_rules(),
    *_event_form_rules(),
    *_event_rules(),
    *_lot_rules(),
    *_code_rules(),
    *_mass_rules(),
    *_composition_rules(),
    *_movement_rules(),
    *_country_rules(),
)


def own_lot(organisation: str | None) -> pl.Expr:
    """The lot id without the filer's own id before it: `ACME/17` and `17` are one lot of ACME."""
    lot = pl.col("lot")
    return lot if organisation is None else lot.str.strip_prefix(organisation + "/")


def filing_rules(
    *, organisation: str | None, period: str | None, first: date | None, last: date | None, correcting: bool
) -> list[Rule]:
    """The rules that depend on whose filing it is, for which month, and whether it corrects another."""
    rules: list[Rule] = []
    if first is not None:
        outside = _live & ~pl.col("on").is_between(first, last)
        facts = {"period": str(period)}
        rules.append(
            Rule(code="date.outside-period", column="on", when=outside, facts=lambda row: {**_value(row), **facts})
        )
    made = pl.when(_makes).then(own_lot(organisation))
    again = made.is_not_null() & ~made.is_first_distinct()
    rules.append(Rule(code="lot.made-twice", column="lot", when=again, facts=_of("lot")))
    if not correcting:
        rules.append(Rule(code="void.not-a-correction", column="kind", when=_is["void"], facts=_of("event")))
    if organisation is not None:
        rules.append(
            Rule(code="party.self", column="counterparty", when=_live & (pl.col("counterparty") == organisation))
        )
        lot = pl.col("lot")
        foreign = lot.str.contains(_MAKER_LOT) & ~lot.str.contains(GS1_URI) & ~lot.str.starts_with(organisation + "/")
        rules.append(Rule(code="lot.other-maker", column="lot", when=_makes & foreign, facts=_of("lot")))
    return rules
