"""What would explain a difference: simple mistakes that the rows of that time allow, the least far-fetched first.

Each is one happening that alone would close the balance: a row that is missing, dated beside the count, filed twice or
a thousand times too large, a lot left out of a count, a laboratory or a scale that is off. All are computed from the
rows; how far-fetched each kind is stands in `data/reference/explanation_costs.csv`, and is an assumption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from math import hypot, log
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.accountancy.accounts import Accounts
from lodeline.accountancy.balance import reckon
from lodeline.accountancy.uncertainty import error_terms
from lodeline.detection.evidence import with_element_mass
from lodeline.material.element import SYMBOLS
from lodeline.service.balance.sites import Statement, lacking
from lodeline.store.snapshot import Snapshot
from lodeline.tables import table_rows

Kind = Literal[
    "unfiled-side", "dated-beside", "filed-twice", "not-counted", "not-booked", "counted-otherwise", "unit-slip",
    "one-row", "lot-share", "laboratory", "scale",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: How many are worth reading, and how many of one kind.
SHOWN: Final = 6
_OF_A_KIND: Final = 2
_UNIT: Final = 1000
#: Rows of a time that are alike in these are taken for one row filed twice.
_ALIKE: Final = ("kind", "lot", "delta_mg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One happening that would close a balance.

    `left_mg`: what would remain of the difference, of its sign. `cost`: how far-fetched it is, in standard deviations.
    `row`: `event`, `kind`, `on`, `entry`, `lot` (its number), `mass_mg` of the element, `entering`, as far as there is
    one; `count` rows or deliveries together. `share`: by how much of itself a composition or scale would have to be off
    (+ means that it states too little); of a slip, the factor. `method`, `laboratory`: whose figure it would be; a
    `method` that begins with ";" is a default.
    """

    kind: Kind
    cost: float
    left_mg: int
    row: Mapping[str, Any] | None = None
    share: float | None = None
    count: int = 1
    method: str | None = None
    laboratory: str | None = None


def explanations(
    book: Accounts,
    snapshot: Snapshot,
    transfers: pl.DataFrame,
    *,
    site: str,
    organisation: str,
    element: str,
    statement: Statement,
) -> tuple[Explanation, ...]:
    """At most SHOWN, the least far-fetched first; none where the difference has no σ or lies within it.

    `transfers` is the answer of `service.filing.transfers.judged_transfers`, `statement` one balance of the site.
    """
    if statement.muf_mg is None or not statement.sigma_mg or statement.z is None:
        return ()
    if abs(statement.muf_mg) <= costs()["near_sigmas"] * statement.sigma_mg:
        return ()
    asked = _Asked(
        book=book, snapshot=snapshot, site=site, organisation=organisation, element=element, since=statement.since,
        until=statement.until, muf_mg=statement.muf_mg, sigma_mg=statement.sigma_mg,
    )  # fmt: skip
    rows = _rows(asked)
    found = [*_one_sided(asked, transfers), *_beside(asked), *_in_rows(asked, rows), *_lots(asked, rows), *_off(asked)]
    kept: list[Explanation] = []
    for one in sorted(found, key=lambda each: (each.cost, each.kind, str(each.row))):
        taken = [each for each in kept if each.row is not None and one.row is not None and _same(each.row, one.row)]
        if not taken and one.cost <= costs()["most"] and sum(each.kind == one.kind for each in kept) < _OF_A_KIND:
            kept.append(one)
    return tuple(kept[:SHOWN])


@cache
def costs() -> Mapping[str, float]:
    """The table of assumptions, name → value."""
    return {row["name"]: float(row["value"]) for row in table_rows("reference/explanation_costs.csv")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The difference that is to be explained: > 0 missing."""

    book: Accounts
    snapshot: Snapshot
    site: str
    organisation: str
    element: str
    since: date
    until: date
    muf_mg: int
    sigma_mg: float

    @property
    def gain(self) -> bool:
        return self.muf_mg < 0

    @property
    def near_mg(self) -> float:
        """What one happening may leave."""
        return min(costs()["near_sigmas"] * self.sigma_mg, costs()["near_share"] * abs(self.muf_mg))

    def closes(self) -> pl.Expr:
        """Whether the change `by` of the difference closes it."""
        return (pl.col("by") + self.muf_mg).abs() <= self.near_mg

    def made(self, kind: Kind, by: float, **facts: Any) -> Explanation:
        """The explanation that changes the difference by so much."""
        left = self.muf_mg + by
        return Explanation(kind=kind, cost=costs()[kind] + abs(left) / self.sigma_mg, left_mg=round(left), **facts)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two explanations speak of one row, or of one lot with the same mass but for a tenth: one happening."""
    if one.get("seq") is not None and one.get("seq") == other.get("seq"):
        return True
    return one["lot"] == other["lot"] and bool(abs(one["mass_mg"] - other["mass_mg"]) <= one["mass_mg"] / 10)


def _of_element(asked: _Asked, rows: pl.DataFrame, mass: str) -> pl.DataFrame:
    snapshot = asked.snapshot
    return with_element_mass(
        rows, mass=mass, lot_assays=snapshot.lot_assays, site_assays=snapshot.site_assays,
        elements=[SYMBOLS.index(asked.element)],
    )  # fmt: skip


def _rows(asked: _Asked, first: date | None = None, last: date | None = None) -> pl.DataFrame:
    """Movements of the site after `first` up to `last` (of the balance, unless given), with `element_mg`, signed."""
    first, last = first or asked.since, last or asked.until
    moved = asked.snapshot.accountancy_movements.filter(
        (pl.col("site") == asked.site) & (pl.col("on") > first) & (pl.col("on") <= last) & (pl.col("kind") != "title")
    )
    entries = asked.snapshot.lines.select("entry", seq="line")
    return _of_element(asked, moved, "delta_mg").join(entries, on="seq", how="left", maintain_order="left")


def _counted(asked: _Asked, on: date) -> pl.DataFrame:
    counts = asked.snapshot.counts.filter((pl.col("site") == asked.site) & (pl.col("on") == on))
    places = asked.snapshot.lines.select("entry", "event", seq="line")
    return _of_element(asked, counts, "mass_mg").join(places, on="seq", how="left", maintain_order="left")


def _crossing() -> pl.Expr:
    return pl.col("kind") != "transformation"


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    named = {key: row.get(key) for key in ("seq", "entry", "event", "kind", "on", "lot")}
    return {**named, "mass_mg": abs(int(row["element_mg"])), "entering": row["element_mg"] > 0}


def _best(asked: _Asked, rows: pl.DataFrame) -> Iterator[tuple[dict[str, Any], float]]:
    """The rows whose change `by` closes the balance, those that leave least first."""
    near = rows.filter(asked.closes()).sort((pl.col("by") + asked.muf_mg).abs(), "seq").head(_OF_A_KIND)
    for row in near.iter_rows(named=True):
        yield row, float(row["by"])


def _one_sided(asked: _Asked, transfers: pl.DataFrame) -> Iterator[Explanation]:
    """Deliveries that only the other side has filed: one of that mass, or all of them together."""
    # What was shipped in the time before may have come in now; what left now may have been received later.
    on_the_way = timedelta(days=costs()["on_the_way_days"])
    found = lacking(
        asked.book, transfers, organisation=asked.organisation, element=asked.element, gain=asked.gain,
        since=asked.since - (on_the_way if asked.gain else timedelta()),
        until=asked.until + (timedelta() if asked.gain else on_the_way),
    )  # fmt: skip
    sign = 1 if asked.gain else -1
    rows = found.select(
        "lot", "on", seq=pl.lit(None, pl.Int64), kind=pl.lit("receipt" if asked.gain else "shipment"),
        element_mg=pl.col("element_mg"), by=sign * pl.col("element_mg"),
    )  # fmt: skip
    alone = 0
    for row, by in _best(asked, rows):
        alone += 1
        yield asked.made("unfiled-side", by, row=_row(row))
    together = sign * int(found["element_mg"].sum())
    if not alone and abs(together + asked.muf_mg) <= asked.near_mg:
        yield asked.made("unfiled-side", together, count=found.height)


def _beside(asked: _Asked) -> Iterator[Explanation]:
    """Rows dated a few days after a count to which they belong.

    After the closing count: goods that came in are in it already, goods that left are not. After the opening count the
    other way round: they were counted before they came in, or were gone before they were shipped.
    """
    days = timedelta(days=costs()["cut_off_days"])
    for count, sign in ((asked.until, 1), (asked.since, -1)):
        there = _counted(asked, count)["lot"].implode()
        # Goods that were counted before they came in are in the count.
        rows = _rows(asked, count, count + days).filter(
            _crossing() & ((pl.col("element_mg") < 0) | pl.col("lot").is_in(there))
        )
        for row, by in _best(asked, rows.with_columns(by=sign * pl.col("element_mg"))):
            yield asked.made("dated-beside", by, row={**_row(row), "count_on": count})


def _in_rows(asked: _Asked, rows: pl.DataFrame) -> Iterator[Explanation]:
    """A row too many, or one whose mass is a thousand times too large or too small."""
    crossing = rows.filter(_crossing() & (pl.col("element_mg") != 0)).select(
        "seq", "entry", "event", "kind", "on", "lot", "delta_mg", "element_mg"
    )
    without = crossing.with_columns(by=-pl.col("element_mg"), alike=pl.len().over(_ALIKE))
    for row, by in _best(asked, without.filter(pl.col("alike") > 1)):
        yield asked.made("filed-twice", by, row=_row(row))
    for row, by in _best(asked, without.filter(pl.col("alike") == 1)):
        yield asked.made("one-row", by, row=_row(row))
    counts = [
        _counted(asked, on).select(
            "seq", "entry", "event", pl.lit("stock").alias("kind"), "on", "lot", delta_mg="mass_mg",
            element_mg=sign * pl.col("element_mg"),
        )
        for on, sign in ((asked.since, 1), (asked.until, -1))
    ]  # fmt: skip
    # A slip makes a row unlike its kind: without it the mass is nearer to what such rows usually have.
    every = pl.concat([crossing, *counts], how="vertical_relaxed").with_columns(
        unlike=(pl.col("delta_mg").abs() / pl.col("delta_mg").abs().median().over("kind")).log()
    )
    for factor in (_UNIT, 1 / _UNIT):
        slips = every.filter((pl.col("unlike") + log(factor)).abs() < pl.col("unlike").abs())
        for row, by in _best(asked, slips.with_columns(by=(factor - 1) * pl.col("element_mg"))):
            yield asked.made("unit-slip", by, row=_row(row), share=factor)


def _lots(asked: _Asked, rows: pl.DataFrame) -> Iterator[Explanation]:
    """Lots whose closing count is not what opening count and rows make of them; and lots whose share would be off."""
    opening, closing = _counted(asked, asked.since), _counted(asked, asked.until)
    book = pl.concat([opening.select("lot", "element_mg"), rows.select("lot", "element_mg")], how="vertical_relaxed")
    held = book.group_by("lot").agg(book_mg=pl.col("element_mg").sum())
    found = closing.group_by("lot").agg(found_mg=pl.col("element_mg").sum(), seq=pl.col("seq").min())
    lots = held.join(found, on="lot", how="full", coalesce=True).with_columns(
        pl.col("book_mg").fill_null(0), counted=pl.col("found_mg").is_not_null(),
        found_mg=pl.col("found_mg").fill_null(0),
    )  # fmt: skip
    # Counting what the book says would change the difference by as much, the other way round.
    changed = lots.with_columns(by=pl.col("found_mg") - pl.col("book_mg"), element_mg=pl.col("book_mg"))
    for row, by in _best(asked, changed):
        kind: Kind = "counted-otherwise" if row["counted"] else "not-counted"
        if row["book_mg"] <= 0:
            kind = "not-booked"
        mass_mg = row["found_mg"] - row["book_mg"] if kind == "not-booked" else row["book_mg"]
        yield asked.made(kind, by, row={"seq": row["seq"], "lot": row["lot"], "on": asked.until, "mass_mg": mass_mg})


def _off(asked: _Asked) -> Iterator[Explanation]:
    """A composition, a laboratory or a scale that would have to be off by a share; its cost is that share in its δ."""
    month = {"first_period": f"{asked.since + timedelta(days=1):%Y-%m}", "last_period": f"{asked.until:%Y-%m}"}
    snapshot = asked.snapshot
    reckoned = reckon(
        movements=snapshot.accountancy_movements, counts=snapshot.counts, count_scopes=snapshot.count_scopes,
        lot_assays=snapshot.lot_assays, site_assays=snapshot.site_assays, elements=[asked.element],
        sites=[asked.site], **month,
    )  # fmt: skip
    run = None if reckoned is None else _run_until(reckoned.grid.segments, reckoned, asked.until)
    if reckoned is None or run is None:
        return
    terms = error_terms(
        batches=reckoned.batches.filter(pl.col("run") == run), assays=reckoned.assays,
        methods=snapshot.register.tables["methods"],
    )  # fmt: skip
    for quantity, kind in (("weighing", "scale"), ("assay", "laboratory")):
        shared = (
            terms[quantity]
            .group_by("laboratory", "method_id")
            .agg(pl.col("signed_mg").sum(), pl.col("random").first(), pl.col("systematic").first())
        )
        for row in shared.iter_rows(named=True):
            deviation = row["systematic"] or row["random"]
            yield from _off_by(
                asked, kind, row["signed_mg"], deviation, method=row["method_id"], laboratory=row["laboratory"]
            )
    yield from _lot_shares(asked, terms["assay"], terms["sampling"])


def _run_until(segments: pl.DataFrame, reckoned: Any, until: date) -> int | None:
    """The number of the run that a count on a day closes; of a site that changed hands, the last."""
    ends = segments["until"].to_numpy()[reckoned.grid.segment] == until
    found = reckoned.rolled.run[ends & reckoned.rolled.closed]
    return int(found[-1]) if len(found) else None


def _lot_shares(asked: _Asked, assay: pl.DataFrame, sampling: pl.DataFrame) -> Iterator[Explanation]:
    """The lots with the largest part in the difference, whose composition would have to be off."""
    if assay.is_empty():
        return
    deviation = hypot(*(float(str(assay[name].max())) for name in ("random", "systematic")))
    if sampling.height:
        deviation = hypot(deviation, *(float(str(sampling[name].max())) for name in ("random", "systematic")))
    opening, closing = _counted(asked, asked.since), _counted(asked, asked.until)
    signed = pl.concat(
        [
            opening.select("lot", "element_mg"),
            _rows(asked).filter(_crossing()).select("lot", "element_mg"),
            closing.select("lot", element_mg=-pl.col("element_mg")),
        ],
        how="vertical_relaxed",
    )
    by_lot = signed.group_by("lot").agg(pl.col("element_mg").sum()).sort(-pl.col("element_mg").abs(), "lot")
    for lot, signed_mg in by_lot.head(_OF_A_KIND).iter_rows():
        row = {"seq": None, "lot": lot, "mass_mg": abs(signed_mg)}
        yield from _off_by(asked, "lot-share", signed_mg, deviation, row=row)


def _off_by(asked: _Asked, kind: str, signed_mg: int, deviation: float, **facts: Any) -> Iterator[Explanation]:
    """Closed exactly, were the true mass (1 + share) times what is stated."""
    if not signed_mg or not deviation:
        return
    share = -asked.muf_mg / signed_mg
    if abs(share) <= costs()["largest_share"]:
        named = next(one for one in KINDS if one == kind)
        yield Explanation(kind=named, cost=abs(share) / deviation, left_mg=0, share=share, **facts)
