"""A transfer is a shipment and its receipt, found by reference, else by lot and parties, oldest first.

Between two parties a lot is known by the shipper's label: a trader passes on `MAKER/7`, its customer, who has only
the label, files a receipt of `TRADER/7`. They are one transfer of one lot (ledger.label).

Pairing is a function of the lines alone, so it comes out the same whichever party files first. What a pair
*means* on a day (still open, or an exception) is judged when it is read, against the law and the register.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import polars as pl

from lodeline.ledger.label import NO_ALIASES, aliased_lots, run_together, with_inherited
from lodeline.ledger.movement import frame_of, makes_lot, plain_rows

#: One row per shipment line with the receipts that belong to it, or per receipt without a shipment.
TRANSFER: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "shipment_line": pl.Int64(), "receipt_line": pl.Int64(), "shipper": pl.String(),
    "receiver": pl.String(), "shipment_event": pl.String(), "receipt_event": pl.String(), "shipped_mg": pl.Int64(),
    "received_mg": pl.Int64(), "shipped_on": pl.Date(), "received_on": pl.Date(), "by_reference": pl.Boolean(),
    "lot_differs": pl.Boolean(), "party_differs": pl.Boolean(),
}  # fmt: skip


Mass = TypeVar("Mass", int, pl.Expr)


def closing_tolerance_mg(mass_mg: Mass) -> Mass:
    """Below this difference a delivery is whole: three standard deviations of two weighings at 0.1 % each.

    0.1 % is the weighing uncertainty assumed where no method is registered (assumption; docs/reference/ledger.md).
    """
    return mass_mg * 4243 // 1_000_000


_SENT_OR_GOT = {"shipment", "receipt"}
_MOVING = (pl.col("kind") == "receipt") | (pl.col("kind") == "shipment") & pl.col("to_site").is_null()


@dataclass(slots=True)
class _Line:
    """One side of a transfer while it is being paired; fields in the order of `_SIDE`."""

    on: date
    event: str
    ordinal: int
    organisation: str
    kind: str
    line: int
    lot: int
    maker: str | None
    local: str
    party: str | None
    reference: str | None
    mass_mg: int
    #: Of a shipment: the receipts that belong to it, each with the part of its mass.
    parts: list[tuple[_Line, int]] = field(default_factory=list)
    by_reference: bool = True
    #: Of a receipt paired by its label: every lot that waited under that label.
    may_be: set[int] = field(default_factory=set)

    @property
    def received_mg(self) -> int:
        return sum(part_mg for _, part_mg in self.parts)

    @property
    def is_whole(self) -> bool:
        """Of a shipment: nothing of it is missing any more, but for the weighing."""
        return bool(self.parts) and self.received_mg >= self.mass_mg - closing_tolerance_mg(self.mass_mg)

    @property
    def is_labelled(self) -> bool:
        """Of a receipt: it calls the lot by the shipper's name, as a buyer does who has only the label."""
        return self.maker is not None and self.maker == self.party


#: A lot that is another under the name that a receiver had for it, and the receipt that joins the two.
PASSED_ON: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "shipped_lot": pl.Int64(), "organisation": pl.String(), "event": pl.String(),
    "site": pl.String(), "on": pl.Date(), "receipt_line": pl.Int64(), "received_mg": pl.Int64(),
}  # fmt: skip
_SIDE = [
    "on", "event", "ordinal", "organisation", "kind", "line", "lot", "maker", "local", "party", "reference", "dry_mg",
]  # fmt: skip
#: The columns of a line that pairing looks at.
PAIRS = (*_SIDE, "to_site")
_NO_TRANSFERS = pl.DataFrame(schema=TRANSFER)
_NOTHING_PASSED_ON = pl.DataFrame(schema=PASSED_ON)
_Aliased = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """What belongs to what, shipper by shipper: a shipper's lines are paired with the receipts that name it, and with
    no others.

    rows : `TRANSFER` without a word on lots, and `ordinal`, of the line that leads; in the order of `PAIRED_BY`.
    others : `OTHERS`, the pairs whose receipt is of another lot than was shipped.
    """

    rows: pl.DataFrame
    others: pl.DataFrame


#: `called`: the receipt's lot is what the shipper's label says of the shipped one. `may_be`: `_Line.may_be`.
OTHERS: dict[str, pl.DataType] = {
    "shipment_line": pl.Int64(), "receipt_line": pl.Int64(), "shipper": pl.String(), "shipped_lot": pl.Int64(),
    "lot": pl.Int64(), "called": pl.Boolean(), "may_be": pl.List(pl.Int64()),
}  # fmt: skip
#: Rows of a pairing: what was shipped, then what was received of nobody's shipment, each as it was filed.
PAIRED_BY = (
    pl.col("shipment_line").is_null(), pl.coalesce("shipped_on", "received_on"),
    pl.coalesce("shipment_event", "receipt_event"), pl.col("ordinal"),
    pl.when(pl.col("shipment_line").is_null()).then("receiver").otherwise("shipper"),
)  # fmt: skip
#: Lines that are paired at once.
PAIRED_AT_ONCE = 200_000
_PAIRED = {**TRANSFER, "ordinal": pl.UInt32()}


def match(lines: pl.DataFrame, aliases: pl.DataFrame = NO_ALIASES) -> pl.DataFrame:
    """Pairs the shipments and receipts among `lines` (columns of `movement.LINE`); returns `TRANSFER` rows.

    `aliases` (`label.ALIAS`): those of the lots that are shipped here.
    """
    if _SENT_OR_GOT.isdisjoint(lines["kind"].to_list()):
        return _NO_TRANSFERS
    return told_of_lots(pair(lines, with_inherited(aliases, lines)), lines)


def pair(lines: pl.DataFrame, aliases: pl.DataFrame) -> Pairing:
    """Pairs the shipments and receipts among `lines`; `aliases` with those that were inherited.

    Loops over plain rows: pairing is a conversation between two queues, and of a filing's rows few take part.
    """
    moving = lines[[*PAIRS]].filter(_MOVING)
    sides = [_Line(*row) for row in sorted(plain_rows(moving, *_SIDE), key=lambda row: row[:4])]
    shipments = [side for side in sides if side.kind == "shipment"]
    waiting = [side for side in sides if side.kind == "receipt"]
    sent_to = {(side.organisation, side.party) for side in shipments}
    events = {(side.organisation, side.event) for side in shipments}
    aliased: _Aliased = {}
    if any((one.party, one.organisation) in sent_to or (one.party, one.reference) in events for one in waiting):
        aliased = aliased_lots(aliases)
        waiting = _by_reference(shipments, waiting, aliased)
        waiting = _by_label([side for side in shipments if not side.parts], waiting, aliased)
    others = [
        (side.line, receipt.line, side.organisation, side.lot, receipt.lot, _is_called(side, receipt, aliased),
         sorted(receipt.may_be))
        for side in shipments for receipt, _ in side.parts if receipt.lot != side.lot
    ]  # fmt: skip
    rows = [*map(_shipment_row, shipments), *map(_receipt_row, waiting)]
    return Pairing(rows=frame_of(rows, _PAIRED), others=pl.DataFrame(others, schema=OTHERS, orient="row"))


def pair_by_shippers(lines: pl.DataFrame, aliases: pl.DataFrame) -> Pairing:
    """`pair`, of some shippers after the others where there are many lines: what is paired are plain objects, some 500
    bytes a line."""
    moving = lines.filter(_MOVING).select(PAIRS)
    parts = -(-moving.height // PAIRED_AT_ONCE)
    if parts <= 1:
        return pair(moving, aliases)
    shipper = pl.when(pl.col("kind") == "shipment").then("organisation").otherwise("party")
    part = moving.select(shipper.hash() % parts).to_series()
    found = [pair(moving.filter(part == one), aliases) for one in range(parts)]
    return Pairing(
        rows=pl.concat([one.rows for one in found]).sort(PAIRED_BY, maintain_order=True),
        others=pl.concat([one.others for one in found]),
    )  # fmt: skip


def told_of_lots(pairing: Pairing, lines: pl.DataFrame) -> pl.DataFrame:
    """The `TRANSFER` rows of a pairing of all shippers: whether a receipt of another lot is one of the shipped lot
    under another name is told by all labels together. `lines` as for `match`."""
    rows = pairing.rows.drop("ordinal")
    differing = _differing(pairing.others, lines)
    if not differing:
        return rows
    differs = pl.col("shipment_line").is_in(list(differing)) & pl.col("lot_differs").is_not_null()
    return rows.with_columns(lot_differs=pl.col("lot_differs") | differs)


_Tag = int | str | None


def _by_reference(shipments: list[_Line], receipts: list[_Line], aliased: _Aliased) -> list[_Line]:
    """Gives receipts that name the shipper's event to its lines; returns those that found none.

    Lines of the same lot are paired first, then those that its label names, then the event's other lines.
    """
    receipts = _quoting(shipments, receipts, lambda side: side.lot, lambda side: side.lot)
    receipts = _quoting(shipments, receipts, lambda side: side.lot, lambda side: _aliased_lot(side, aliased))
    receipts = _quoting(
        shipments, receipts, lambda side: side.local, lambda side: side.local if side.is_labelled else None
    )
    return _quoting(shipments, receipts, lambda side: "", lambda side: "")


def _quoting(
    shipments: list[_Line], receipts: list[_Line], shipped: Callable[[_Line], _Tag], received: Callable[[_Line], _Tag]
) -> list[_Line]:
    """Pairs by event and tag: first with first, second with second; surplus receipts are parts of the last line."""
    free: dict[tuple[str | None, str | None, _Tag], list[_Line]] = {}
    for side in shipments:
        if not side.parts:
            free.setdefault((side.organisation, side.event, shipped(side)), []).append(side)
    taken: dict[tuple[str | None, str | None, _Tag], int] = {}
    left = []
    for receipt in receipts:
        tag = received(receipt)
        wanted = (receipt.party, receipt.reference, tag)
        if receipt.reference is None or tag is None or wanted not in free:
            left.append(receipt)
            continue
        place = taken.get(wanted, 0)
        taken[wanted] = place + 1
        candidates = free[wanted]
        candidates[min(place, len(candidates) - 1)].parts.append((receipt, receipt.mass_mg))
    return left


def _aliased_lot(receipt: _Line, aliased: _Aliased) -> int | None:
    return aliased.get((receipt.maker, receipt.local)) if receipt.is_labelled and receipt.maker else None


def _by_label(shipments: list[_Line], receipts: list[_Line], aliased: _Aliased) -> list[_Line]:
    """Both parties and the lot, oldest first; a receipt may fill part of a shipment, or several of them.

    First the receipts that say which lot it is, by its own name or by an alias; then those that give the local id.
    """
    exact = _queues(shipments, lambda side: side.lot)
    left = []
    for receipt in receipts:
        alias = _aliased_lot(receipt, aliased)
        queue = exact.get((receipt.party, receipt.organisation, receipt.lot if alias is None else alias))
        if queue:
            _fill(queue, receipt)
        else:
            left.append(receipt)
    alike = _queues([side for side in shipments if not side.is_whole], lambda side: side.local)
    receipts, left = left, []
    for receipt in receipts:
        queue = alike.get((receipt.party, receipt.organisation, receipt.local))
        if queue:
            receipt.may_be = {side.lot for side in queue}
            _fill(queue, receipt)
        else:
            left.append(receipt)
    return left


def _queues(
    shipments: list[_Line], tag: Callable[[_Line], _Tag]
) -> dict[tuple[str | None, str | None, _Tag], list[_Line]]:
    queues: dict[tuple[str | None, str | None, _Tag], list[_Line]] = {}
    for side in shipments:
        queues.setdefault((side.organisation, side.party, tag(side)), []).append(side)
    return queues


def _fill(queue: list[_Line], receipt: _Line) -> None:
    """Spreads a receipt over the shipments that wait, and takes those off the queue that are whole."""
    rest_mg = receipt.mass_mg
    while True:
        shipment = queue[0]
        shipment.by_reference = False
        tolerance_mg = closing_tolerance_mg(shipment.mass_mg)
        missing_mg = shipment.mass_mg - shipment.received_mg
        # What is too much for the last shipment stays with it: the difference is the transfer's cause.
        last = len(queue) == 1
        part_mg = rest_mg if last or rest_mg <= missing_mg + tolerance_mg else missing_mg
        shipment.parts.append((receipt, part_mg))
        rest_mg -= part_mg
        if shipment.is_whole:
            # A later receipt waits for a shipment of its own.
            queue.pop(0)
        if rest_mg == 0:
            return


def _differing(others: pl.DataFrame, lines: pl.DataFrame) -> set[int]:
    """The lines of shipments of which a receipt is of another lot than was shipped."""
    if others.is_empty():
        return set()
    made = lines.filter(pl.col("lot").is_in(others["lot"].unique().implode()) & makes_lot()).select("lot")
    names = others.filter("called").join(made, on="lot", how="anti")
    sources: dict[int, set[int]] = {}
    for lot, shipped_lot, may_be in names.select("lot", "shipped_lot", "may_be").iter_rows():
        sources.setdefault(lot, set()).update({shipped_lot}, may_be)
    same = names.filter(~pl.col("lot").is_in(list(run_together(sources))))
    differing = others.join(same, on=["shipment_line", "receipt_line"], how="anti")
    return set(differing["shipment_line"].to_list())


def _is_called(shipment: _Line, receipt: _Line, aliased: _Aliased) -> bool:
    """Whether the receipt's lot is what the shipper's label says of the shipped one."""
    alias = _aliased_lot(receipt, aliased)
    return receipt.is_labelled and (receipt.local == shipment.local if alias is None else alias == shipment.lot)


def _shipment_row(shipment: _Line) -> tuple[object, ...]:
    side = shipment
    receipts = sorted((receipt for receipt, _ in side.parts), key=lambda one: (one.on, one.organisation, one.event))
    if not receipts:
        return (
            side.lot, side.line, None, side.organisation, side.party, side.event, None, side.mass_mg, None,
            side.on, None, None, False, False, side.ordinal,
        )  # fmt: skip
    return (
        side.lot, side.line, receipts[0].line, side.organisation, side.party, side.event,
        ";".join(dict.fromkeys(receipt.event for receipt in receipts)),
        side.mass_mg, side.received_mg, side.on, receipts[-1].on, side.by_reference, False,
        any(receipt.organisation != side.party for receipt in receipts), side.ordinal,
    )  # fmt: skip


def _receipt_row(side: _Line) -> tuple[object, ...]:
    return (
        side.lot, None, side.line, side.party, side.organisation, None, side.event, None, side.mass_mg,
        None, side.on, None, None, None, side.ordinal,
    )  # fmt: skip


def passed_on(transfers: pl.DataFrame, lines: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Lots that nobody made but that are another lot under the name that the receiver had for it.

    Returns `PASSED_ON`: of the receipts that join two lots the first of each lot. A name under which different lots
    were shipped joins none of them. `lots` is `movement.lot_facts`.
    """
    if lots["made"].all() or transfers["receipt_line"].null_count() == transfers.height:
        return _NOTHING_PASSED_ON
    both = transfers.filter(pl.col("shipment_line").is_not_null() & pl.col("receipt_line").is_not_null()).select(
        "shipment_line", "receipt_line", "received_mg", "shipper", "lot_differs", shipped_lot="lot"
    )
    sides = lines.filter(pl.col("lot").is_in(lots.filter(~pl.col("made"))["lot"].implode())).select(
        "organisation", "event", "site", "on", "lot", "maker", "local", receipt_line="line"
    )
    received = both.join(sides, on="receipt_line").filter(pl.col("lot") != pl.col("shipped_lot"))
    if not received.height:
        return _NOTHING_PASSED_ON
    shipped_as = lines.select(shipment_line="line", shipped_local="local")
    # A shipper's label that differs all the same stands for more than the lot that was shipped.
    label = (pl.col("maker") == pl.col("shipper")) & (pl.col("local") == pl.col("shipped_local"))
    renamed = (
        received.join(shipped_as, on="shipment_line")
        .filter(~(pl.col("lot_differs") & label.fill_null(False)))
        .sort("on", "organisation", "event", "receipt_line")
    )
    sources: dict[int, set[int]] = {}
    for lot, shipped_lot in renamed.select("lot", "shipped_lot").iter_rows():
        sources.setdefault(lot, set()).add(shipped_lot)
    return (
        renamed.filter(~pl.col("lot").is_in(list(run_together(sources))))
        .unique("lot", keep="first", maintain_order=True)
        .select(*PASSED_ON)
    )


def stand_in(lots: pl.DataFrame, renamed: pl.DataFrame) -> pl.DataFrame:
    """`lots` with the product, composition (and whether it is an assay) and origin of the lot that each renamed one
    really is.

    A chain of traders renames more than once: what stands in is passed along it.
    """
    if not renamed.height:
        return lots
    facts = {"product": pl.String(), "composition": pl.String(), "assayed": pl.Boolean(), "origin_kind": pl.String()}
    told = pl.concat([renamed["lot"], renamed["shipped_lot"]]).unique()
    of_these = lots.select("lot", *facts).filter(pl.col("lot").is_in(told.implode()))
    known = {lot: values for lot, *values in of_these.iter_rows()}
    maker_of = dict(renamed.select("lot", "shipped_lot").iter_rows())
    found = []
    for lot in maker_of:
        source, seen = lot, {lot}
        while source in maker_of and maker_of[source] not in seen:
            source = maker_of[source]
            seen.add(source)
        own, theirs = known[lot], known.get(source, [None] * len(facts))
        found.append((lot, *(mine if mine is not None else other for mine, other in zip(own, theirs, strict=True))))
    values = pl.DataFrame(found, schema={"lot": pl.Int64(), **facts}, orient="row")
    return lots.update(values, on="lot", how="left")


def judge(
    transfers: pl.DataFrame,
    *,
    has_duty: Callable[[str | None, date], bool],
    both_deadlines_passed: Callable[[date, str | None, str | None], bool],
) -> pl.DataFrame:
    """Adds `state` and `cause` to `TRANSFER` rows, as they stand on the day the callables speak for.

    `both_deadlines_passed` takes the day, the shipper and the receiver. States: `open`, `partial`, `matched`,
    `delivered-unfiled` (the other side has no duty to file), `exception`.
    Causes: `no-receipt`, `no-shipment`, `mass-differs`, `lot-differs`, `party-differs`.
    """
    shipped, received = pl.col("shipped_mg"), pl.col("received_mg")
    alone = shipped.is_null() | received.is_null()
    rows = transfers.with_columns(
        _day=pl.coalesce("shipped_on", "received_on"),
        # Whose side is missing; a side that names nobody is missing all the same.
        _missing=pl.when(alone).then(pl.when(shipped.is_null()).then("shipper").otherwise("receiver")),
    )
    assert rows["_day"].null_count() == 0, "a transfer has a shipment or a receipt, and each has a day"
    # Days and firms recur: the duty and the deadlines are asked of each once.
    rows = _told(rows, ["_missing", "_day"], pl.col("_missing").is_not_null(), "_owes", has_duty)
    less = ~pl.col("by_reference") & (received < shipped - closing_tolerance_mg(shipped))
    unsettled = pl.when(alone).then(pl.col("_owes").fill_null(True)).otherwise(
        less & ~pl.col("party_differs") & ~pl.col("lot_differs")
    )  # fmt: skip
    rows = _told(rows, ["_day", "shipper", "receiver"], unsettled, "_passed", both_deadlines_passed)
    late = pl.when("_passed").then(pl.lit("exception"))
    state = (
        pl.when(alone & ~pl.col("_owes").fill_null(True)).then(pl.lit("delivered-unfiled"))
        .when(alone).then(late.otherwise(pl.lit("open")))
        .when(unsettled).then(late.otherwise(pl.lit("partial")))
        .otherwise(pl.lit("matched"))
    )  # fmt: skip
    cause = (
        pl.when(alone & pl.col("_passed")).then(
            pl.when(shipped.is_null()).then(pl.lit("no-shipment")).otherwise(pl.lit("no-receipt"))
        )
        .when(alone).then(None)
        .when("party_differs").then(pl.lit("party-differs"))
        .when("lot_differs").then(pl.lit("lot-differs"))
        .when((shipped - received).abs() <= closing_tolerance_mg(shipped)).then(None)
        .when(~unsettled | pl.col("_passed")).then(pl.lit("mass-differs"))
    )  # fmt: skip
    return rows.with_columns(state=state, cause=cause).drop("_day", "_missing", "_owes", "_passed")


def _told(rows: pl.DataFrame, key: list[str], where: pl.Expr, name: str, question: Callable[..., bool]) -> pl.DataFrame:
    """The rows with what a question says of their key; null where it was not asked."""
    asked = rows.filter(where).select(key).unique(maintain_order=True)
    answers = pl.Series(name, [question(*values) for values in asked.iter_rows()], pl.Boolean)
    told = asked.with_columns(answers, _asked=True)
    return (
        rows.with_columns(_asked=where)
        .join(told, on=[*key, "_asked"], how="left", nulls_equal=True, maintain_order="left")
        .drop("_asked")
    )
