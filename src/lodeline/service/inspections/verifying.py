"""What visits show: papers and books made into frames, and the statistics of them.

`verification(store, snapshot)` answers for the sites visited alone, and for a nation without inspections at the cost of
one look into the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.accountancy.frames import element_indices
from lodeline.accountancy.uncertainty import estimated, estimates_of
from lodeline.accountancy.verification.difference import differences, single_items, verified
from lodeline.accountancy.verification.frames import (
    DIFFERENCES,
    DRIFTS,
    ITEMS,
    PAIRS,
    REFERENCES,
    SHARES,
    SINGLE,
    STRATA,
    VERIFIED,
)  # fmt: skip
from lodeline.accountancy.verification.laboratories import drifts
from lodeline.detection.imbalance import TESTED
from lodeline.material.assay import TREO_INDEX, explode, shares_of, with_treo
from lodeline.material.element import RARE_EARTHS, SYMBOLS
from lodeline.service.balance.book import book
from lodeline.service.inspections.books_of_visits import ASKED, VISITS, SiteBooks
from lodeline.service.inspections.measured import Item, Measured, Share, Visit, measured
from lodeline.store.law import law_before
from lodeline.store.queries.filing import first_filings
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: False alarms of one visit and element, both sides together.
BUDGET: Final = 0.05
#: A difference beyond this factor is no scale's.
_NO_SCALE: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Frames of `accountancy.verification.frames`: what was measured, and what it shows. `drifts` is what `pairs` and
    `references` show."""

    items: pl.DataFrame
    shares: pl.DataFrame
    strata: pl.DataFrame
    single: pl.DataFrame
    differences: pl.DataFrame
    verified: pl.DataFrame
    pairs: pl.DataFrame
    references: pl.DataFrame
    drifts: pl.DataFrame


_NOTHING: Final = Verification(
    items=pl.DataFrame(schema=dict(ITEMS)), shares=pl.DataFrame(schema=dict(SHARES)),
    strata=pl.DataFrame(schema=dict(STRATA)), differences=pl.DataFrame(schema=dict(DIFFERENCES)),
    single=pl.DataFrame(schema=dict(SINGLE)), verified=pl.DataFrame(schema=dict(VERIFIED)),
    pairs=pl.DataFrame(schema=dict(PAIRS)), references=pl.DataFrame(schema=dict(REFERENCES)),
    drifts=pl.DataFrame(schema=dict(DRIFTS)),
)  # fmt: skip


def verification(store: Store, snapshot: Snapshot, *, budget: float = BUDGET) -> Verification:
    """What the visits up to the snapshot's entry measured, and what it shows."""
    seen = measured(store, upto=snapshot.entry)
    if not seen.visits and not seen.references:
        return _NOTHING
    methods = snapshot.register.tables["methods"]
    if not seen.visits:
        return _with_drifts(_NOTHING, _NOTHING.pairs, _references(seen, methods))
    sites = frozenset(one.site for one in seen.visits)
    rows = book(store, snapshot, law_before(store, snapshot.entry + 1)).rows_of(pl.Series(sorted(sites)))
    visits = _visits(store, snapshot, seen.visits)
    books = SiteBooks(snapshot=snapshot.of_sites(sites), rows=rows, visits=visits)
    numbered = _numbered(seen, snapshot, visits, books)
    of_books, theirs = books.of(numbered.select(list(ASKED)))
    items = _items(numbered, of_books.stated)
    shares = _shares(seen, numbered.join(items, on="item", how="semi", maintain_order="left"), theirs)
    strata = _strata(seen, numbered, books.book, snapshot)
    made = {"items": items, "shares": shares, "strata": strata, "methods": methods}
    found = Verification(
        items=items, shares=shares, strata=strata, single=single_items(**made, assays=of_books.assays),
        differences=differences(**made, assays=of_books.assays),
        verified=verified(**made, books=of_books, budget=budget), pairs=_NOTHING.pairs,
        references=_NOTHING.references, drifts=_NOTHING.drifts,
    )  # fmt: skip
    pairs = pl.concat([_laboratories(seen), _scales(items, of_books.stated, methods)])
    return _with_drifts(found, pairs, _references(seen, methods))


def _with_drifts(found: Verification, pairs: pl.DataFrame, references: pl.DataFrame) -> Verification:
    return replace(found, pairs=pairs, references=references, drifts=drifts(pairs, references))


def _visits(store: Store, snapshot: Snapshot, seen: Iterable[Visit]) -> pl.DataFrame:
    """VISITS: each on that of its days on which the firm counted, else on its last."""
    filed = set(first_filings(store, upto=snapshot.entry).select("organisation", "period").iter_rows())
    sites = [one.site for one in seen]
    counted = snapshot.counts.filter(pl.col("site").is_in(sites)).select("organisation", "site", "on").unique()
    days = set(counted.iter_rows())
    rows = []
    for one in seen:
        on = max((day for day in one.days if (one.organisation, one.site, day) in days), default=one.on)
        waiting = (one.organisation, f"{on:%Y-%m}") not in filed
        rows.append((one.entry, one.organisation, one.site, on, waiting))
    return pl.DataFrame(rows, schema=VISITS, orient="row")


def _numbered(seen: Measured, snapshot: Snapshot, visits: pl.DataFrame, books: SiteBooks) -> pl.DataFrame:
    """One row for each item: ASKED, and what the papers say of it."""
    said = {one.name for visit in seen.visits for one in visit.items.values()}
    lots = snapshot.lots.filter(pl.col("name").is_in(list(said)))
    names = dict(lots.select("name", "lot").iter_rows())
    held: dict[int, set[int]] = {}
    for visit, lot in books.book.select("visit", "lot").unique().iter_rows():
        held.setdefault(visit, set()).add(lot)
    days = dict(visits.select("visit", "on").iter_rows())
    rows: list[dict[str, Any]] = []
    for visit in seen.visits:
        planned = {(one.get("place") or "stock", one["lot"]): one for one in _plan(seen, visit).get("items", ())}
        found = list(visit.items.values())
        if visit.whole:
            missing = sorted(held.get(visit.entry, set()) - {names.get(one.name, -1) for one in found})
            of_lots = names_of(snapshot, missing)
            names.update({name: lot for lot, name in of_lots.items()})
            found += [_absent(of_lots[lot], days[visit.entry]) for lot in missing]
        for one in found:
            plan = planned.get((one.place, one.name), {})
            number = len(rows)
            rows.append(
                {
                    "item": number, "visit": visit.entry, "lot": names.get(one.name, -1 - number), "place": one.place,
                    "event": one.event, "plan": visit.plan, "organisation": visit.organisation, "site": visit.site,
                    "on": days[visit.entry], "random": bool(plan.get("do")), "stratum": plan.get("stratum"),
                    "product": plan.get("product") or one.product, "outcome": one.outcome, "name": one.name,
                    "declared_mg": one.declared_mg, "inspector_mg": one.inspector_mg, "instrument": one.instrument,
                    "calibration": one.calibration, "inspector_method": one.method,
                }
            )  # fmt: skip
    schema = {**ASKED, **ITEMS, "name": pl.String(), "declared_mg": pl.Int64()}
    frame = pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row")
    facts = snapshot.known_facts.select("lot", known="product")
    frame = frame.join(facts, on="lot", how="left", maintain_order="left")
    product = pl.coalesce("product", "known").fill_null("")
    return frame.with_columns(product=product).with_columns(stratum=pl.coalesce("stratum", "product")).drop("known")


def names_of(snapshot: Snapshot, lots: Iterable[int]) -> dict[int, str]:
    """The canonical names of lots by number."""
    wanted = snapshot.lots.filter(pl.col("lot").is_in(list(lots)))
    return dict(wanted.select("lot", "name").iter_rows())


def _absent(name: str, on: date) -> Item:
    """What a count of the whole site did not list."""
    return Item(name=name, place="stock", event=None, on=on, outcome="absent", product=None, inspector_mg=0)


def _plan(seen: Measured, visit: Visit) -> Mapping[str, Any]:
    return {} if visit.plan is None else seen.plans[visit.plan]


def _items(numbered: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """ITEMS, without what was shipped meanwhile: it has left the population with its row."""
    rows = stated.group_by("item", maintain_order=True).agg(
        stated_mg=pl.col("dry_mg").sum(), act=pl.col("act").first(), method=pl.col("method").first()
    )
    return (
        numbered.filter(pl.col("outcome") != "shipped")
        .join(rows, on="item", how="left", maintain_order="left")
        .with_columns(
            operator_mg=pl.coalesce("declared_mg", "stated_mg").fill_null(0), operator_seq="act",
            operator_method="method",
        )
        .select(list(ITEMS))
    )  # fmt: skip


def _shares(seen: Measured, items: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """SHARES: what the books have of each item, and what the authority found."""
    by_key = {
        (visit.entry, one.place, one.name, one.event): one.authority
        for visit in seen.visits
        for one in visit.items.values()
    }
    found = [by_key.get(key) for key in items.select("visit", "place", "name", "event").iter_rows()]
    own = _exploded(items["item"].to_list(), found)
    books = items.select("item", "visit", "lot").join(theirs, on=["visit", "lot"]).drop("visit", "lot")
    both = books.join(_whole(own, books), on=["item", "element"], how="full", coalesce=True)
    said = pl.DataFrame(
        [(item, one.laboratory, one.method, one.how) for item, one in zip(items["item"], found, strict=True) if one],
        schema={"item": pl.Int64(), **{name: SHARES[name] for name in ("laboratory", "assay_method", "how")}},
        orient="row",
    )
    there = pl.col("inspector_ppb").is_not_null()
    return (
        both.with_columns(pl.col("operator_ppb").fill_null(0))
        .join(said, on="item", how="left", maintain_order="left")
        .with_columns(pl.when(there).then(name).alias(name) for name in ("laboratory", "assay_method", "how"))
        .select(pl.col(name).cast(kind) for name, kind in SHARES.items())
        .sort("item", "element")
    )


def _exploded(items: list[int], found: list[Share | None]) -> pl.DataFrame:
    """`item`, `element`, `inspector_ppb` with the total oxide, stated or computed (`computed`)."""
    texts = pl.Series([None if one is None else one.composition for one in found], dtype=pl.String)
    shares = explode(texts)
    totals = shares.filter(pl.col("element") == TREO_INDEX)["place"].unique()
    number = pl.DataFrame({"item": items}, schema={"item": pl.Int64()}).with_row_index("place")
    return (
        with_treo(shares)
        .with_columns(computed=(pl.col("element") == TREO_INDEX) & ~pl.col("place").is_in(totals.implode()))
        .join(number, on="place")
        .filter(pl.col("element").is_in(element_indices(TESTED)))
        .select("item", "element", "computed", inspector_ppb="ppb")
    )


def _whole(own: pl.DataFrame, books: pl.DataFrame) -> pl.DataFrame:
    """The authority's shares without totals that rest on fewer rare earths than the books know of: they say nothing of
    what was not looked for."""
    rare = pl.col("element") < len(RARE_EARTHS)
    theirs, mine = (frame.filter(rare).group_by("item").agg(n=pl.len()) for frame in (books, own))
    fewer = theirs.join(mine, on="item", how="left", suffix="_own").filter(pl.col("n") > pl.col("n_own").fill_null(0))
    partial = pl.col("computed") & pl.col("item").is_in(fewer["item"].implode())
    return own.filter(~partial).drop("computed")


def _strata(seen: Measured, numbered: pl.DataFrame, book: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """STRATA: those of the plan, less what was shipped meanwhile; without a plan, what the books have of a product."""
    gone = numbered.filter(pl.col("outcome") == "shipped").group_by("visit", "place", "stratum").agg(
        gone=pl.len().cast(pl.Int64), gone_mg=pl.col("declared_mg").sum()
    )  # fmt: skip
    planned = [
        (visit.entry, one["place"], one["key"], one["product"], one["items"], one["dry_mg"], visit.plan)
        for visit in seen.visits
        for one in _plan(seen, visit).get("strata", ())
    ]
    plans = pl.DataFrame(planned, schema=dict(STRATA), orient="row")
    free = [visit.entry for visit in seen.visits if visit.plan is None]
    products = snapshot.known_facts.select("lot", "product")
    stock = (
        book.filter(pl.col("visit").is_in(free))
        .group_by("visit", "lot")
        .agg(pl.col("dry_mg").sum())
        .join(products, on="lot", how="left")
        .group_by("visit", stratum=pl.col("product").fill_null(""))
        .agg(items=pl.len().cast(pl.Int64), dry_mg=pl.col("dry_mg").sum())
        .with_columns(place=pl.lit("stock"), product="stratum", plan=pl.lit(None, pl.Int64()))
        .select(list(STRATA))
    )
    known = pl.concat([plans, stock])
    others = (
        numbered.filter(pl.col("outcome") != "shipped")
        .join(known, on=["visit", "place", "stratum"], how="anti")
        .group_by("visit", "place", "stratum", "product", "plan")
        .agg(items=pl.len().cast(pl.Int64), dry_mg=pl.col("declared_mg").sum())
        .unique(["visit", "place", "stratum"])
        .select(list(STRATA))
    )
    return (
        pl.concat([known, others])
        .join(gone, on=["visit", "place", "stratum"], how="left")
        .with_columns(
            items=(pl.col("items") - pl.col("gone").fill_null(0)).clip(lower_bound=0),
            dry_mg=(pl.col("dry_mg") - pl.col("gone_mg").fill_null(0)).clip(lower_bound=0),
        )
        .select(list(STRATA))
        .sort("visit", "place", "stratum")
    )


def _laboratories(seen: Measured) -> pl.DataFrame:
    """PAIRS of the split samples of which the firm's half and the authority's were both analysed."""
    rows = []
    for visit in seen.visits:
        for one in visit.items.values():
            firm = one.shares.get("firm")
            other = one.shares.get("referee") or one.shares.get("authority")
            if firm is None or other is None:
                continue
            theirs, mine = shares_of(firm.composition), shares_of(other.composition)
            rows += [
                {
                    "kind": "laboratory", "own": firm.laboratory, "other": other.laboratory, "method": firm.method,
                    "element": symbol, "on": firm.on, "own_value": theirs[symbol], "other_value": mine[symbol],
                    "visit": visit.entry, "organisation": visit.organisation, "site": visit.site,
                }
                for symbol in SYMBOLS
                if symbol in theirs and symbol in mine
            ]  # fmt: skip
    return pl.DataFrame([{name: row.get(name) for name in PAIRS} for row in rows], schema=dict(PAIRS), orient="row")


def _scales(items: pl.DataFrame, stated: pl.DataFrame, methods: pl.DataFrame) -> pl.DataFrame:
    """PAIRS of what both weighed. What differs by more than any scale is not one's doing."""
    calibrations = methods.filter(pl.col("quantity") == "weighing").select("id", firms="calibration").unique("id")
    by_scale = pl.col("operator_method").str.split(";").list.first().str.strip_chars()
    ratio = pl.col("operator_mg") / pl.col("inspector_mg")
    return (
        items.join(stated.select("item").unique(), on="item", how="semi")
        .filter((pl.col("inspector_mg") > 0) & ratio.is_between(1 / _NO_SCALE, _NO_SCALE))
        .with_columns(method=by_scale)
        .join(calibrations, left_on="method", right_on="id", how="left", maintain_order="left")
        .select(
            kind=pl.lit("scale"), own="site", other=pl.col("instrument").fill_null(""), method="method",
            calibration="firms", element=pl.lit(None, pl.String()), on="on", own_value="operator_mg",
            other_value="inspector_mg", visit="visit", organisation="organisation", site="site",
        )
    )  # fmt: skip


def _references(seen: Measured, methods: pl.DataFrame) -> pl.DataFrame:
    """REFERENCES: what laboratories found in materials whose composition is certified."""
    rows = []
    for one in seen.references:
        found, certified = shares_of(one.composition), shares_of(one.certified)
        rows += [
            (one.laboratory, symbol, SYMBOLS.index(symbol), one.on, found[symbol], certified[symbol], one.method)
            for symbol in SYMBOLS
            if symbol in found and symbol in certified
        ]
    frame = pl.DataFrame(
        rows, orient="row",
        schema={"laboratory": pl.String(), "symbol": pl.String(), "element": pl.UInt8(), "on": pl.Date(),
                "measured_ppb": pl.Int64(), "certified_ppb": pl.Int64(), "method": pl.String()},
    )  # fmt: skip
    known = estimated(frame, "assay", estimates_of(methods))
    return known.drop("element").rename({"symbol": "element"}).select(list(REFERENCES))
