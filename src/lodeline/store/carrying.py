"""What an entry touches, and the frames of a snapshot of which nothing else is computed anew.

The frames of an earlier snapshot are carried over: the rows of what was touched go, and what the same functions give of
its lines comes. A carried frame equals the one that is computed from nothing, row by row.

| what changed | computed anew |
|---|---|
| a filing, a correction, a void | the lots of the rows that came and that went; transfers of the shippers they name |
| … which only used, lost, exported or delivered of a lot | answers: of the firms of these rows and deliveries and of |
| | who has the lot at their sites; else of all who have it |
| a transfer, or of which lot it is | the lots of both its sides |
| an alias, a title of a lot that has one | the transfers of the shippers that call the lot so |
| for which lot a name stands (`drawn_as`, `renamed`) | what the lot is, and what it is made of |
| what a lot is made of | the lot at each site that holds it |
| a record of a firm, a site or a method; a law pack | frames: nothing; answers: everything |
| whom a party means | everything |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from lodeline.ledger.movement import ACCOUNT, booked, lot_facts
from lodeline.ledger.transfer import PAIRED_BY, Pairing, pair
from lodeline.splicing import spliced

if TYPE_CHECKING:
    from lodeline.store.snapshot import Snapshot

#: What a snapshot says of some sites; None for all.
BySite = Callable[["Snapshot", frozenset[str] | None], pl.DataFrame]
#: What a snapshot says of some lots; None for all.
ByLot = Callable[["Snapshot", frozenset[int] | None], pl.DataFrame]

#: The order of the frames of these names.
BALANCED_BY = (
    *map(pl.col, ACCOUNT), pl.col("on"), pl.col("delta_mg") < 0, pl.col("organisation"), pl.col("event"),
    pl.col("ordinal"),
)  # fmt: skip
ASSAYS_BY = (pl.col("lot"), pl.col("element"))
#: Columns of a line that name firms.
_FIRMS = ("organisation", "owner", "party")
_PLACES = ("site", "to_site")
#: Rows that say nothing of a lot to those who have it elsewhere: of what became of it at one site, or of a delivery,
#: which others see by the transfer that it is part of.
_IS_OF_A_FIRM = (
    ((pl.col("kind") == "transformation") & (pl.col("role") == "in"))
    | (pl.col("kind").is_in(["loss", "receipt", "export"]))
    | ((pl.col("kind") == "shipment") & pl.col("to_site").is_null())
).fill_null(False)  # fmt: skip
SITE_ASSAYS_BY = (pl.col("site"), pl.col("lot"), pl.col("element"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What is not as it was: lots of which a row, a transfer or a fact is another; the sites that ever held or counted
    one of them, and the firms that named one."""

    lots: frozenset[int] = field(default_factory=frozenset)
    sites: frozenset[str] = field(default_factory=frozenset)
    organisations: frozenset[str] = field(default_factory=frozenset)

    def __or__(self, other: Touched) -> Touched:
        return Touched(
            lots=self.lots | other.lots, sites=self.sites | other.sites,
            organisations=self.organisations | other.organisations,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LotGraph:
    """The entry and root of the lot graph that was written last, and the lots that were touched since."""

    entry: int
    root: str
    lots: frozenset[int] = frozenset()

    def after(self, touched: Touched) -> LotGraph:
        """With what a later entry touched."""
        return replace(self, lots=self.lots | touched.lots)


@dataclass(slots=True)
class Made:
    """What was made of a snapshot part by part, by a key, each with what was touched since it was right; and the lot
    graph."""

    graph: LotGraph | None = None
    _of: dict[Any, tuple[Any, Touched]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def latest(self, key: Any) -> tuple[Any, Touched]:
        """What was kept under a key, and what was touched since; (None, nothing) where there is none."""
        with self._lock:
            return self._of.get(key, (None, Touched()))

    def keep(self, key: Any, value: Any, *, among: int | None = None) -> None:
        """Keeps what is right at this snapshot; of keys (tuples) that begin alike only so many, those kept last."""
        with self._lock:
            self._of.pop(key, None)
            alike = [one for one in self._of if among is not None and isinstance(one, tuple) and one[0] == key[0]]
            for one in alike[: len(alike) + 1 - among] if among is not None else ():
                del self._of[one]
            self._of[key] = (value, Touched())

    def carry(self, before: Made, touched: Touched) -> None:
        """Takes what was made of an earlier snapshot; what was touched between is made anew when it is asked for."""
        with before._lock:
            self._of.update({key: (value, since | touched) for key, (value, since) in before._of.items()})


def carry(before: Snapshot, now: Snapshot, moved: pl.DataFrame) -> Touched:
    """Gives `now` the frames that `before` has computed, as they are at its entry; returns what was touched.

    moved: the lines that came since and those that went, under one register.
    """
    kept = vars(before)
    # What is not known to be as it was may be another.
    told = _lots(moved if "lot_assays" not in kept or "pairing" not in kept else moved.filter(~_IS_OF_A_FIRM))
    lots, delivered = _lots(moved), moved.clear().select(_FIRMS)
    if "pairing" in kept:
        paired, delivered = _carry_transfers(before, now, moved)
        lots |= paired
    if "own_facts" in kept:
        anew = lot_facts(_of(now.lines, "lot", _lots(moved)))
        _give(now, own_facts=_spliced(before.own_facts, anew, "lot", _lots(moved), (pl.col("lot"),)))
    if "lot_assays" in kept:
        others = _carry_assays(before, now, _lots(moved))
        lots, told = lots | others, told | others
    if "balanced" in kept:
        own = _lots(moved)
        anew = booked(_of(now.lines, "lot", own))
        _give(now, balanced=_spliced(before.balanced, anew, "lot", own, BALANCED_BY))
    if "site_assays" in kept:
        anew = now.own_assays(_of(now.lines, "lot", lots), _of(now.lot_assays, "lot", lots))
        _give(now, site_assays=_spliced(before.site_assays, anew, "lot", lots, SITE_ASSAYS_BY))
    return _touched(before, now, moved, lots=lots, told=told, delivered=delivered)


def _carry_transfers(before: Snapshot, now: Snapshot, moved: pl.DataFrame) -> tuple[set[int], pl.DataFrame]:
    """Pairs the shippers anew whose lines or receipts moved; returns the lots of the transfers that are others, and who
    shipped and received them (`_FIRMS`)."""
    sent = (pl.col("kind") == "shipment") & pl.col("to_site").is_null()
    renamed = changed(before.inherited, now.inherited)
    shippers = {
        *moved.filter(sent)["organisation"], *moved.filter(pl.col("kind") == "receipt")["party"],
        *renamed["organisation"],
    }  # fmt: skip
    theirs = now.lines.filter(
        sent & _is_one("organisation", shippers) | (pl.col("kind") == "receipt") & _is_one("party", shippers)
    )
    anew = pair(theirs, _of(now.inherited, "organisation", shippers))
    rows = _spliced(before.pairing.rows, anew.rows, "shipper", shippers, PAIRED_BY)
    others = pl.concat([before.pairing.others.filter(~_is_one("shipper", shippers)), anew.others])
    _give(now, pairing=Pairing(rows=rows, others=others))
    of_shippers = [_of(one.transfers, "shipper", shippers) for one in (before, now)]
    told = [one.transfers.filter("lot_differs") for one in (before, now)]
    another = pl.concat([changed(*of_shippers), changed(*told)])
    received = [
        one.lines.select("line", "lot").join(another.select(line="receipt_line"), on="line", how="semi")
        for one in (before, now)
    ]
    ends = another.select(organisation="shipper", owner=pl.lit(None, pl.String), party="receiver")
    return set(another["lot"]) | {lot for frame in received for lot in frame["lot"]}, ends


def _carry_assays(before: Snapshot, now: Snapshot, own: set[int]) -> set[int]:
    """Gives the compositions of the lots whose facts or names are others; returns the lots whose facts or composition
    are."""
    names = [one.select("lot", "shipped_lot") for one in (before.drawn_as, now.drawn_as, before.renamed, now.renamed)]
    lots = own | {lot for frame in names for lot in frame["lot"]}
    anew = now.compositions(_of(now.known_facts, "lot", lots))
    _give(now, lot_assays=_spliced(before.lot_assays, anew, "lot", lots, ASSAYS_BY))
    facts = pl.concat([
        changed(*(_of(one, "lot", lots) for one in both))
        for both in ((before.lot_facts, now.lot_facts), (before.known_facts, now.known_facts))
    ])  # fmt: skip
    shares = changed(_of(before.lot_assays, "lot", lots), _of(now.lot_assays, "lot", lots))
    renamed = pl.concat([
        changed(*names).select("lot", "shipped_lot")
        for names in ((before.drawn_as, now.drawn_as), (before.renamed, now.renamed))
    ])  # fmt: skip
    return {*facts["lot"], *shares["lot"], *renamed["lot"], *renamed["shipped_lot"]}


def _touched(
    before: Snapshot, now: Snapshot, moved: pl.DataFrame, *, lots: set[int], told: set[int], delivered: pl.DataFrame
) -> Touched:
    """Whoever has to do with a lot of which something is `told` otherwise; of the other lots, who filed what moved, or
    `delivered` what is paired otherwise, and whoever has the lot at a site of theirs."""
    rows = [_of(one.lines, "lot", lots).select(*_FIRMS, "lot", "site", "to_site") for one in (before, now)]
    # A title moves goods at a site that its row does not name.
    held = [_of(one.balanced, "lot", lots) for one in (before, now) if "balanced" in vars(one)]
    rows += [one.select("organisation", "owner", "lot", "site") for one in held]
    every = pl.concat(rows, how="diagonal")
    of_firms = moved.filter(pl.col("lot").is_null() | ~_is_one("lot", told))
    firms, places = _texts(of_firms.select(_FIRMS), delivered), _texts(of_firms.select(_PLACES))
    is_told = _is_one("lot", told)
    is_theirs = pl.any_horizontal(
        *(_is_one(one, firms) for one in ("organisation", "owner")), *(_is_one(one, places) for one in _PLACES)
    )
    whole, near = every.filter(is_told), every.filter(~is_told, is_theirs)
    return Touched(
        lots=frozenset(lots),
        sites=frozenset(places | _texts(whole.select(_PLACES), near.select(_PLACES))),
        organisations=frozenset(firms | _texts(whole.select(_FIRMS), near.select("organisation", "owner"))),
    )  # fmt: skip


def _texts(*frames: pl.DataFrame) -> set[str]:
    """All that stands in some frames."""
    return {text for frame in frames for column in frame.get_columns() for text in column.drop_nulls().unique()}


def changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The rows that only one of two frames of the same columns has."""
    if before.equals(now):
        return now.clear()
    columns = now.columns
    return pl.concat([
        one.join(other, on=columns, how="anti", nulls_equal=True) for one, other in ((before, now), (now, before))
    ])  # fmt: skip


def _lots(rows: pl.DataFrame) -> set[int]:
    return set(rows["lot"].drop_nulls())


def _of(rows: pl.DataFrame, column: str, parts: Collection[Any]) -> pl.DataFrame:
    return rows.filter(_is_one(column, parts))


def _is_one(column: str, parts: Iterable[Any]) -> pl.Expr:
    """Whether a column has one of these values, of which one may be None."""
    known = [one for one in parts if one is not None]
    unknown = pl.col(column).is_null()
    is_one = pl.col(column).is_in(known).fill_null(False) if known else unknown & False
    return is_one | unknown if None in set(parts) else is_one


def _spliced(
    before: pl.DataFrame, anew: pl.DataFrame, column: str, parts: Collection[Any], order: tuple[pl.Expr, ...]
) -> pl.DataFrame:
    return spliced(before, before.with_columns(gone=_is_one(column, parts))["gone"], anew, order)


def _give(snapshot: Snapshot, **frames: Any) -> None:
    # What has been copied into one piece lies in memory again.
    vars(snapshot).update(
        {
            name: snapshot.at_rest(one) if isinstance(one, pl.DataFrame) and one.n_chunks() == 1 else one
            for name, one in frames.items()
        }
    )
