"""What a filing in the making needs to know of the ledger; nothing here writes to it.

An organisation sees its own rows, and of others what stands on its own papers: who they are and what came from them.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from lodeline.filing.check import month_bounds
from lodeline.filing.comparison import Comparison
from lodeline.filing.schema import CELLS
from lodeline.filing.written import table_csv, written
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import resolve
from lodeline.ledger.succession import former_holders, sites_held_before
from lodeline.material.assay import explode, with_treo
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr
from lodeline.regulation.duty import next_month
from lodeline.service.filing.preparing import parties
from lodeline.service.lots.lot_naming import LotNaming
from lodeline.store.queries.filing import month_in_force, newest_parties
from lodeline.store.queries.lots import bought_lots, named_lots, stated_compositions
from lodeline.store.store import Store

if TYPE_CHECKING:
    from lodeline.filing.template import OwnNames

#: What a correction does to the books: see `what_changes`.
CHANGE: Final[dict[str, pl.DataType]] = {
    "what": pl.String(), "site": pl.String(), "element": pl.String(), "before_mg": pl.Int64(), "after_mg": pl.Int64(),
}  # fmt: skip
_NAMED_ALIKE: Final = 2_000
_DRAWS = ("shipment", "export", "loss")


def lot_compositions(store: Store, organisation: str, rows: pl.DataFrame) -> pl.DataFrame:
    """What the ledger knows of the lots that rows name: `lot` (as they name it), `composition` (canonical).

    `rows` as checked. One that the ledger does not know, or of which nobody has stated a composition, is absent.
    """
    names = _lot_names(store, organisation, rows)
    ids = store.books.lot_ids(names.drop_nulls().unique().to_list())
    known = _compositions(store, list(ids.values()))
    by_name = {name: known[lot] for name, lot in ids.items() if lot in known}
    return (
        pl.DataFrame({"lot": rows["lot"], "name": names})
        .with_columns(composition=pl.col("name").replace_strict(by_name, default=None, return_dtype=pl.String()))
        .drop_nulls()
        .unique("lot", keep="first", maintain_order=True)
        .select("lot", "composition")
    )


def what_changes(
    store: Store, organisation: str, comparison: Comparison, *, void: Collection[str] = ()
) -> pl.DataFrame:
    """What a correction would change in the organisation's books, from the rows alone: `CHANGE`, only what changes.

    `what` is `book` (what the month's events bring to a site less what they take from it) or `counted` (its physical
    counts); `element` is null for the dry mass itself; masses in mg, of the whole month, before and after. A title
    moves nothing between sites. `comparison.stands` is what `month_in_force` gave; `void` as for `as_correction`.
    """
    stands = comparison.stands
    withdrawn = [event for event in comparison.of("missing") if event in void]
    restated = [*comparison.of("changed"), *comparison.of("new")]
    names = store.books.lot_names(stands["lot_id"].drop_nulls().unique().to_list())
    before = stands.select(
        *_EFFECT, name=pl.col("lot_id").replace_strict(names, default=None, return_dtype=pl.String())
    )
    new = comparison.new
    named = new.select(*_EFFECT).with_columns(_lot_names(store, organisation, new).alias("name"))
    after = pl.concat(
        [
            before.filter(~pl.col("event").is_in([*restated, *withdrawn])),
            named.filter(pl.col("event").is_in(restated)),
        ]
    )
    ids = store.books.lot_ids(pl.concat([before["name"], after["name"]]).drop_nulls().unique().to_list())
    known = _compositions(store, list(ids.values()))
    of_ledger = {name: known[lot] for name, lot in ids.items() if lot in known}
    joined = _masses(before, of_ledger).join(
        _masses(after, of_ledger), on=["what", "site", "element"], how="full", coalesce=True, nulls_equal=True
    )
    order = pl.col("element").replace_strict({symbol: place for place, symbol in enumerate(SYMBOLS)}, default=-1)
    return (
        joined.select(
            "what",
            "site",
            "element",
            before_mg=pl.col("mass_mg").fill_null(0),
            after_mg=pl.col("mass_mg_right").fill_null(0),
        )
        .filter(pl.col("before_mg") != pl.col("after_mg"))
        .sort("what", "site", order)
        .select(*CHANGE)
    )


_EFFECT = ("event", "kind", "role", "site", "to_site", "composition", "dry_mg")


def _masses(rows: pl.DataFrame, of_ledger: dict[str, str]) -> pl.DataFrame:
    """`what`, `site`, `element`, `mass_mg`: what rows bring to each site, with the compositions that they make."""
    made = rows.filter(makes_lot()).select("name", made="composition").drop_nulls().unique("name", keep="first")
    stated = rows.join(made, on="name", how="left").with_columns(
        stated=pl.coalesce("made", pl.col("name").replace_strict(of_ledger, default=None, return_dtype=pl.String()))
    )
    kind = pl.col("kind")
    enters = makes_lot() | kind.is_in(["receipt", "adjustment"])
    leaves = kind.is_in(_DRAWS) | (kind == "transformation")
    signed = pl.when(enters).then("dry_mg").when(leaves).then(-pl.col("dry_mg"))
    book = stated.select("stated", "site", what=pl.lit("book"), mg=signed)
    moved = stated.filter((kind == "shipment") & pl.col("to_site").is_not_null()).select(
        "stated", site="to_site", what=pl.lit("book"), mg="dry_mg"
    )
    counted = stated.filter(kind == "stock").select("stated", "site", what=pl.lit("counted"), mg="dry_mg")
    effects = pl.concat([frame.select("stated", "site", "what", "mg") for frame in (book, moved, counted)]).drop_nulls(
        "mg"
    )
    texts = effects["stated"].drop_nulls().unique(maintain_order=True)
    shares = with_treo(explode(texts)).join(texts.to_frame("stated").with_row_index("place"), on="place")
    symbol = pl.col("element").cast(pl.Int64).replace_strict(dict(enumerate(SYMBOLS)), return_dtype=pl.String())
    by_element = effects.join(shares.select("stated", "ppb", element=symbol), on="stated").select(
        "what", "site", "element", mass_mg=pl.col("mg").sign() * share_mg_expr(pl.col("mg").abs(), pl.col("ppb"))
    )
    whole = effects.select("what", "site", element=pl.lit(None, pl.String()), mass_mg="mg")
    return pl.concat([whole, by_element]).group_by("what", "site", "element").agg(pl.col("mass_mg").sum())


def _lot_names(store: Store, organisation: str, rows: pl.DataFrame) -> pl.Series:
    """The canonical name of the lot that each row means, as posting will resolve it; null where there is none."""
    register = store.register(store.head())
    named = register.meant(rows.with_columns(parties(rows, register)))
    resolved = resolve(named, organisation=organisation, known=lambda wanted: store.books.known(organisation, wanted))
    return pl.Series("name", resolved.names, pl.String())


def _compositions(store: Store, lots: Sequence[int]) -> dict[int, str]:
    """Lot → its composition: of its making, else the first that anybody stated."""
    found = stated_compositions(store, lots).filter("in_force")
    first = found.sort(~makes_lot().fill_null(False), "on", "organisation", "event").unique(
        "lot", keep="first", maintain_order=True
    )
    return dict(first.select("lot", "composition").iter_rows())


# The workbook.


def known_for_template(store: Store, organisation: str) -> OwnNames:
    """What the organisation may want to pick: the lots at its sites, and the parties that its newest rows name.

    Own lots by their own id, those of others as it calls them; by the bare id, where it does not know who made them.
    """
    from lodeline.filing.template import OwnNames  # noqa: PLC0415  (few need what writes workbooks)

    register = store.register(store.head())
    lots = sorted(_called_in_rows(store, organisation, _held(store, register, organisation)))
    rows = newest_parties(store, organisation)
    meant = {register.party_of.get(party, party) for party, _ in rows if party is not None}
    ids = {party for party in meant if party in register.roles} - {organisation}
    names = {name for _, name in rows if name is not None}
    return OwnNames(lots=lots, counterparties=sorted(ids), counterparty_names=sorted(names)[:_NAMED_ALIKE])


def _called_in_rows(store: Store, organisation: str, lots: Sequence[int]) -> set[str]:
    found = named_lots(store, lots)
    naming = LotNaming(store, organisation)
    own = organisation + "/"
    called = {naming.lot_name(str(name), str(maker), str(local)).removeprefix(own) for name, maker, local in found}
    return {one.partition("/")[2] if one.startswith("~") else one for one in called}


def _held(store: Store, register: Register, organisation: str) -> list[int]:
    """The lots in book at the organisation's sites, but for what a former holder has not delivered, and those that it
    owns wherever they lie."""
    sites = [site for site, holder in register.site_organisation.items() if holder == organisation]
    at_sites = store.books.held_at(sites + sites_held_before(register, organisation))
    bought = bought_lots(store, organisation, register.texts_of(organisation))
    before = former_holders(register)
    here = {
        int(lot) for site, lot, owner, _ in at_sites.iter_rows()
        if owner == organisation or (site in sites and owner not in before.get(site, ()))
    }  # fmt: skip
    return sorted(here | {int(str(lot)) for (lot,) in bought})


def copy_of(store: Store, organisation: str, period: str, *, form: Literal["xlsx", "csv"] = "xlsx") -> bytes:
    """The month after `period` begun from its rows: the same business, with what must be new left open.

    Days move to the same day of the next month, the last day to the last. Left empty, because it names one act and no
    other: `event` (its old reference stands in `note`, with the month, so that rows of one event stay together), the
    lot of what is made or received, a lot that is no longer held, `document`, `declaration`, `reference`, `pieces`,
    `value`, `reason`. Left empty, because it is weighed or analysed anew each time: mass and moisture of every row but
    a `title` (ownership moves by contract, nobody weighs), and a composition unless it is a `recipe`, which holds until
    it is changed. Not taken over: adjustments and opening stock, which happen once, counts of lots that are gone, and
    a firm's own further columns. A workbook is for months that a person fills in; `csv` for those of 50 000 rows.
    """
    held = _held(store, store.register(store.head()), organisation)
    rows = _begun(month_in_force(store, organisation, period), period, held, to=next_month(period))
    text = written(rows)
    if form == "csv":
        return table_csv(text)
    from lodeline.filing.template import write_template  # noqa: PLC0415

    out = io.BytesIO()
    write_template(
        out, organisation=organisation, register=store.register(store.head()),
        own=known_for_template(store, organisation), rows=text,
    )  # fmt: skip
    return out.getvalue()


def begun_from(store: Store, organisation: str, period: str, to: str) -> pl.DataFrame:
    """The rows of `copy_of` as text, for the month `to`, to be gone on with in the portal.

    Rows of one event stay together by a new reference: the old one with the new month in the place of the old, or
    before it where it names none.
    """
    held = _held(store, store.register(store.head()), organisation)
    rows = month_in_force(store, organisation, period)
    begun = _begun(rows, period, held, to=to)
    old = begun["note"].str.strip_prefix(period + " ")
    new = old.str.replace(period, to, literal=True).str.replace(
        period.replace("-", ""), to.replace("-", ""), literal=True
    )
    events = pl.DataFrame({"old": old, "new": new}).select(
        event=pl.when(pl.col("old") == pl.col("new")).then(pl.concat_str(pl.lit(to + "-"), "old")).otherwise("new")
    )["event"]
    return written(begun.with_columns(events, note=pl.lit(None, pl.String())))


def _begun(rows: pl.DataFrame, period: str, held: Sequence[int], *, to: str) -> pl.DataFrame:
    kind = pl.col("kind")
    is_held = pl.col("lot_id").is_in(held)
    once = (kind == "adjustment") | ((kind == "origin") & (pl.col("origin_kind") == "opening").fill_null(False))
    kept = rows.filter(~once & ~((kind == "stock") & ~is_held))
    first, last = month_bounds(to)
    assert first is not None and last is not None, "a month has days"
    same_day = pl.lit(first) + pl.duration(days=pl.min_horizontal(pl.col("on").dt.day().cast(pl.Int64), last.day) - 1)
    by_contract, by_recipe = kind == "title", pl.col("composition_status").eq_missing(pl.lit("recipe"))
    new_lot = makes_lot() | (kind == "receipt")
    empty = {name: pl.lit(None, CELLS[name]) for name in _OF_ONE_ACT}
    return kept.with_columns(
        pl.when(pl.col("on") == pl.col("on").dt.month_end()).then(pl.lit(last)).otherwise(same_day).alias("on"),
        pl.when(~new_lot & is_held).then("lot").alias("lot"),
        pl.when(by_contract).then("mass_mg").alias("mass_mg"),
        pl.when(by_contract).then("moisture_ppb").alias("moisture_ppb"),
        pl.when(by_recipe).then("composition").alias("composition"),
        pl.when(by_recipe).then("basis").alias("basis"),
        pl.concat_str(pl.lit(period), pl.lit(" "), pl.col("event")).alias("note"),
        **empty,
    )


_OF_ONE_ACT = ("event", "document", "declaration", "reference", "pieces", "value", "reason")
