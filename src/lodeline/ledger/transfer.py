"""A transfer is a shipment and its receipt, found by reference, else by lot and parties, oldest first.

Pairing is a function of the lines alone, so it comes out the same whichever party files first. What a pair
*means* on a day (still open, or an exception) is judged when it is read, against the law and the register.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

#: One row per shipment line with the receipts that belong to it, or per receipt without a shipment.
TRANSFER: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "shipment_line": pl.Int64(), "receipt_line": pl.Int64(), "shipper": pl.String(),
    "receiver": pl.String(), "shipment_event": pl.String(), "receipt_event": pl.String(), "shipped_mg": pl.Int64(),
    "received_mg": pl.Int64(), "shipped_on": pl.Date(), "received_on": pl.Date(), "by_reference": pl.Boolean(),
    "lot_differs": pl.Boolean(), "party_differs": pl.Boolean(),
}  # fmt: skip

_SHIPMENT = ("shipper", "receiver", "event", "lot", "on", "mass_mg", "ordinal", "line")


def closing_tolerance_mg(mass_mg: int) -> int:
    """Below this difference a delivery is whole: three standard deviations of two weighings at 0.1 % each.

    0.1 % is the weighing uncertainty assumed where no method is registered (04-accountancy: assumption).
    """
    return mass_mg * 4243 // 1_000_000


def match(lines: pl.DataFrame) -> pl.DataFrame:
    """Pairs the shipments and receipts among `lines` (columns of `movement.LINE`); returns `TRANSFER` rows."""
    shipments = _side(
        lines.filter((pl.col("kind") == "shipment") & pl.col("to_site").is_null()), "organisation", "party"
    )
    receipts = _side(lines.filter(pl.col("kind") == "receipt"), "party", "organisation")
    pairs = [_by_reference(shipments, receipts)]
    paired_shipments, paired_receipts = pairs[0]["shipment"], pairs[0]["receipt"]
    pairs.append(
        _by_lot(
            shipments.filter(~pl.col("line").is_in(paired_shipments.implode())),
            receipts.filter(~pl.col("line").is_in(paired_receipts.implode())),
        )
    )
    return _rows(shipments, receipts, pl.concat(pairs))


def _side(lines: pl.DataFrame, shipper: str, receiver: str) -> pl.DataFrame:
    return lines.select(
        "line", "event", "lot", "on", "ordinal", "reference",
        shipper=pl.col(shipper), receiver=pl.col(receiver), mass_mg=pl.col("dry_mg"),
    ).sort("on", "event", "ordinal", "shipper", "receiver")  # fmt: skip


_PAIR: dict[str, pl.DataType] = {
    "shipment": pl.Int64(), "receipt": pl.Int64(), "part_mg": pl.Int64(), "by_reference": pl.Boolean(),
}  # fmt: skip


def _by_reference(shipments: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts that name the shipper's event: same lot first, then the event's other lines in their order."""
    waiting = receipts.filter(pl.col("reference").is_not_null())
    if not waiting.height or not shipments.height:
        return pl.DataFrame(schema=_PAIR)
    found: list[pl.DataFrame] = []
    for shipment_key, receipt_key in (
        (["shipper", "event", "lot"], ["shipper", "reference", "lot"]),
        (["shipper", "event"], ["shipper", "reference"]),
    ):
        taken = pl.concat(found)["shipment"] if found else pl.Series("shipment", [], dtype=pl.Int64())
        free = shipments.filter(~pl.col("line").is_in(taken.implode()))
        ranked = free.with_columns(place=pl.int_range(pl.len()).over(shipment_key), lines=pl.len().over(shipment_key))
        # More receipts than lines: the surplus are further parts of the last line.
        wanted = waiting.with_columns(place=pl.int_range(pl.len()).over(receipt_key))
        counts = ranked.select(*shipment_key, "lines").unique()
        wanted = wanted.join(counts, left_on=receipt_key, right_on=shipment_key, how="inner").with_columns(
            place=pl.min_horizontal("place", pl.col("lines").cast(pl.Int64()) - 1)
        )
        hits = wanted.join(
            ranked.select(*shipment_key, "place", shipment="line"),
            left_on=[*receipt_key, "place"],
            right_on=[*shipment_key, "place"],
            how="inner",
        )
        found.append(
            hits.select("shipment", receipt="line", part_mg="mass_mg", by_reference=pl.lit(True)).cast(pl.Schema(_PAIR))
        )
        waiting = waiting.filter(~pl.col("line").is_in(hits["line"].implode()))
        if not waiting.height:
            break
    return pl.concat(found)


def _by_lot(shipments: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Lot and both parties, oldest first; a receipt may fill part of a shipment, or several of them."""
    key = ["shipper", "receiver", "lot"]
    both = shipments.join(receipts.select(key).unique(), on=key, how="semi")
    if not both.height:
        return pl.DataFrame(schema=_PAIR)
    theirs = receipts.join(both.select(key).unique(), on=key, how="semi")
    queues: dict[tuple[object, ...], tuple[list[_Waiting], list[tuple[int, int]]]] = {}
    for shipper, receiver, lot, line, mass_mg in both.select(*key, "line", "mass_mg").iter_rows():
        queues.setdefault((shipper, receiver, lot), ([], []))[0].append(_Waiting(line=line, mass_mg=mass_mg))
    for shipper, receiver, lot, line, mass_mg in theirs.select(*key, "line", "mass_mg").iter_rows():
        queues[(shipper, receiver, lot)][1].append((line, mass_mg))
    pairs = [pair for waiting, arrived in queues.values() for pair in _fill(waiting, arrived)]
    return pl.DataFrame([(*pair, False) for pair in pairs], schema=_PAIR, orient="row")


@dataclass(slots=True, kw_only=True)
class _Waiting:
    line: int
    mass_mg: int
    received_mg: int = field(default=0)


def _fill(shipments: list[_Waiting], receipts: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(shipment line, receipt line, part in mg), first come first served."""
    pairs: list[tuple[int, int, int]] = []
    place = 0
    for receipt, mass_mg in receipts:
        rest_mg = mass_mg
        while place < len(shipments):
            shipment = shipments[place]
            tolerance_mg = closing_tolerance_mg(shipment.mass_mg)
            missing_mg = shipment.mass_mg - shipment.received_mg
            last = place == len(shipments) - 1
            # What is too much for the last shipment stays with it: the difference is the transfer's cause.
            part_mg = rest_mg if last or rest_mg <= missing_mg + tolerance_mg else missing_mg
            pairs.append((shipment.line, receipt, part_mg))
            shipment.received_mg += part_mg
            rest_mg -= part_mg
            if shipment.received_mg >= shipment.mass_mg - tolerance_mg:
                place += 1
            if rest_mg == 0:
                break
    return pairs


def _rows(shipments: pl.DataFrame, receipts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    arrived = pairs.join(
        receipts.select(
            receipt="line", receipt_event="event", received_on="on", receipt_lot="lot", receipt_receiver="receiver",
            receipt_shipper="shipper",
        ),
        on="receipt",
        how="left",
    ).sort("received_on", "receipt_event", "receipt")  # fmt: skip
    per_shipment = arrived.group_by("shipment", maintain_order=True).agg(
        receipt_line=pl.col("receipt").first(),
        receipt_event=pl.col("receipt_event").unique(maintain_order=True).str.join(";"),
        received_mg=pl.col("part_mg").sum(),
        received_on=pl.col("received_on").max(),
        by_reference=pl.col("by_reference").all(),
        receipt_lot=pl.col("receipt_lot").first(),
        receipt_receiver=pl.col("receipt_receiver").first(),
        receipt_shipper=pl.col("receipt_shipper").first(),
    )
    shipped = (
        shipments.join(per_shipment, left_on="line", right_on="shipment", how="left")
        .with_columns(
            lot_differs=(pl.col("receipt_lot") != pl.col("lot")).fill_null(False),
            party_differs=pl.col("receipt_line").is_not_null()
            & (
                pl.col("receipt_receiver").ne_missing(pl.col("receiver"))
                | pl.col("receipt_shipper").ne_missing(pl.col("shipper"))
            ),
        )
        .select(
            "lot", "receipt_line", "shipper", "receiver", "receipt_event", "received_mg", "received_on", "by_reference",
            "lot_differs", "party_differs",
            shipment_line="line", shipment_event="event", shipped_mg="mass_mg", shipped_on="on",
        )
    )  # fmt: skip
    unmatched = receipts.filter(~pl.col("line").is_in(pairs["receipt"].implode())).select(
        "lot", "shipper", "receiver",
        receipt_line="line", receipt_event="event", received_mg="mass_mg", received_on="on",
    )  # fmt: skip
    return pl.concat([shipped, unmatched], how="diagonal").select(
        pl.col(name).cast(dtype) if name in shipped.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in TRANSFER.items()
    )


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
