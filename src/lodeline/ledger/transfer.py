"""A transfer is a shipment and its receipt, found by reference, else by lot and parties, oldest first.

Between two parties a lot is known by its local id: a trader passes on `MAKER/7`, its customer, who has only
the label, files a receipt of `TRADER/7`. They are one transfer whose lot differs.

Pairing is a function of the lines alone, so it comes out the same whichever party files first. What a pair
*means* on a day (still open, or an exception) is judged when it is read, against the law and the register.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

import polars as pl

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

    0.1 % is the weighing uncertainty assumed where no method is registered (04-accountancy: assumption).
    """
    return mass_mg * 4243 // 1_000_000


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
    local: str
    party: str | None
    reference: str | None
    mass_mg: int
    #: Of a shipment: the receipts that belong to it, each with the part of its mass.
    parts: list[tuple[_Line, int]] = field(default_factory=list)
    by_reference: bool = True

    @property
    def received_mg(self) -> int:
        return sum(part_mg for _, part_mg in self.parts)


_SIDE = ["on", "event", "ordinal", "organisation", "kind", "line", "lot", "local", "party", "reference", "dry_mg"]


def match(lines: pl.DataFrame) -> pl.DataFrame:
    """Pairs the shipments and receipts among `lines` (columns of `movement.LINE`); returns `TRANSFER` rows.

    Loops over plain rows: pairing is a conversation between two queues, and of a filing's rows few take part.
    """
    moving = lines.filter(_MOVING)
    if not moving.height:
        return pl.DataFrame(schema=TRANSFER)
    sides = [_Line(*row) for row in sorted(moving[_SIDE].iter_rows(), key=lambda row: row[:4])]
    shipments = [side for side in sides if side.kind == "shipment"]
    waiting = [side for side in sides if side.kind == "receipt"]
    if shipments and waiting:
        waiting = _by_reference(shipments, waiting, with_lot=True)
        waiting = _by_reference(shipments, waiting, with_lot=False)
        waiting = _by_local_id([side for side in shipments if not side.parts], waiting)
    rows = [*map(_shipment_row, shipments), *map(_receipt_row, waiting)]
    return pl.DataFrame(rows, schema=TRANSFER, orient="row")


def _by_reference(shipments: list[_Line], receipts: list[_Line], *, with_lot: bool) -> list[_Line]:
    """Gives receipts that name the shipper's event to its lines; returns those that found none.

    First with first, second with second; surplus receipts are further parts of the last line. Lines of the same
    lot are paired before the event's other lines are.
    """

    def key(shipper: str | None, event: str | None, lot: int) -> tuple[str | None, str | None, int | None]:
        return shipper, event, lot if with_lot else None

    free: dict[tuple[str | None, str | None, int | None], list[_Line]] = {}
    for side in shipments:
        if not side.parts:
            free.setdefault(key(side.organisation, side.event, side.lot), []).append(side)
    taken: dict[tuple[str | None, str | None, int | None], int] = {}
    left = []
    for receipt in receipts:
        wanted = key(receipt.party, receipt.reference, receipt.lot)
        if receipt.reference is None or wanted not in free:
            left.append(receipt)
            continue
        place = taken.get(wanted, 0)
        taken[wanted] = place + 1
        candidates = free[wanted]
        candidates[min(place, len(candidates) - 1)].parts.append((receipt, receipt.mass_mg))
    return left


def _by_local_id(shipments: list[_Line], receipts: list[_Line]) -> list[_Line]:
    """Both parties and the local id, oldest first; a receipt may fill part of a shipment, or several of them."""
    queues: dict[tuple[str | None, str | None, str], list[_Line]] = {}
    for side in shipments:
        queues.setdefault((side.organisation, side.party, side.local), []).append(side)
    left = []
    for receipt in receipts:
        queue = queues.get((receipt.party, receipt.organisation, receipt.local))
        if queue:
            _fill(queue, receipt)
        else:
            left.append(receipt)
    return left


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
        if shipment.received_mg >= shipment.mass_mg - tolerance_mg:
            # Whole: a later receipt waits for a shipment of its own.
            queue.pop(0)
        if rest_mg == 0:
            return


def _shipment_row(shipment: _Line) -> tuple[object, ...]:
    side = shipment
    receipts = sorted((receipt for receipt, _ in side.parts), key=lambda one: (one.on, one.organisation, one.event))
    if not receipts:
        return (
            side.lot, side.line, None, side.organisation, side.party, side.event, None, side.mass_mg, None,
            side.on, None, None, False, False,
        )  # fmt: skip
    return (
        side.lot, side.line, receipts[0].line, side.organisation, side.party, side.event,
        ";".join(dict.fromkeys(receipt.event for receipt in receipts)),
        side.mass_mg, side.received_mg, side.on, receipts[-1].on, side.by_reference,
        any(receipt.lot != side.lot for receipt in receipts),
        any(receipt.organisation != side.party for receipt in receipts),
    )  # fmt: skip


def _receipt_row(side: _Line) -> tuple[object, ...]:
    return (
        side.lot, None, side.line, side.party, side.organisation, None, side.event, None, side.mass_mg,
        None, side.on, None, None, None,
    )  # fmt: skip


def passed_on(transfers: pl.DataFrame, lines: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Lots that nobody made but that are another lot under the name on a trader's label.

    Returns `lot`, `shipped_lot` and, of the receipt that joins them, `organisation`, `event`, `site`, `on`,
    `receipt_line`, `received_mg`. The first such receipt of a lot decides. `lots` is `movement.lot_facts`.
    """
    renamed = transfers.filter(pl.col("lot_differs").fill_null(False)).select(
        "receipt_line", "received_mg", shipped_lot="lot"
    )
    receipts = lines.select("organisation", "event", "site", "on", "lot", receipt_line="line")
    return (
        renamed.join(receipts, on="receipt_line")
        .join(lots.filter(~pl.col("made")).select("lot"), on="lot", how="semi")
        .filter(pl.col("lot") != pl.col("shipped_lot"))
        .sort("on", "organisation", "event", "receipt_line")
        .unique("lot", keep="first", maintain_order=True)
    )


def stand_in(lots: pl.DataFrame, renamed: pl.DataFrame) -> pl.DataFrame:
    """`lots` with the product, composition and origin of the lot that each renamed one really is.

    A chain of traders renames more than once: what stands in is passed along it.
    """
    facts = ("product", "composition", "origin_kind")
    known = {lot: values for lot, *values in lots.select("lot", *facts).iter_rows()}
    maker_of = dict(renamed.select("lot", "shipped_lot").iter_rows())
    found = []
    for lot in maker_of:
        source, seen = lot, {lot}
        while source in maker_of and maker_of[source] not in seen:
            source = maker_of[source]
            seen.add(source)
        own, theirs = known[lot], known.get(source, [None] * len(facts))
        found.append((lot, *(mine if mine is not None else other for mine, other in zip(own, theirs, strict=True))))
    if not found:
        return lots
    values = pl.DataFrame(found, schema={"lot": pl.Int64(), **dict.fromkeys(facts, pl.String())}, orient="row")
    return lots.update(values, on="lot", how="left")


def judge(
    transfers: pl.DataFrame,
    *,
    has_duty: Callable[[str | None, date], bool],
    both_deadlines_passed: Callable[[date], bool],
) -> pl.DataFrame:
    """Adds `state` and `cause` to `TRANSFER` rows, as they stand on the day the callables speak for.

    States: `open`, `partial`, `matched`, `delivered-unfiled` (the other side has no duty to file),
    `exception`. Causes: `no-receipt`, `no-shipment`, `mass-differs`, `lot-differs`, `party-differs`.
    """
    judged = [
        _judge(row, has_duty, both_deadlines_passed)
        for row in transfers.select(
            "shipper", "receiver", "shipped_mg", "received_mg", "shipped_on", "received_on", "by_reference",
            "lot_differs", "party_differs",
        ).iter_rows(named=True)
    ]  # fmt: skip
    verdicts = pl.DataFrame(judged, schema={"state": pl.String(), "cause": pl.String()}, orient="row")
    return pl.concat([transfers, verdicts], how="horizontal")


def _judge(
    row: dict[str, object], has_duty: Callable[[str | None, date], bool], both_deadlines_passed: Callable[[date], bool]
) -> tuple[str, str | None]:
    shipped, received = row["shipped_mg"], row["received_mg"]
    day = row["shipped_on"] or row["received_on"]
    assert isinstance(day, date), "a transfer has a shipment or a receipt, and each has a day"
    if shipped is None or received is None:
        missing, cause = (row["shipper"], "no-shipment") if shipped is None else (row["receiver"], "no-receipt")
        if missing is not None and not has_duty(str(missing), day):
            return "delivered-unfiled", None
        return ("exception", cause) if both_deadlines_passed(day) else ("open", None)
    assert isinstance(shipped, int) and isinstance(received, int)
    tolerance_mg = closing_tolerance_mg(shipped)
    if row["party_differs"]:
        return "matched", "party-differs"
    if row["lot_differs"]:
        return "matched", "lot-differs"
    if abs(shipped - received) <= tolerance_mg:
        return "matched", None
    if row["by_reference"] or received > shipped:
        return "matched", "mass-differs"
    return ("exception", "mass-differs") if both_deadlines_passed(day) else ("partial", None)
