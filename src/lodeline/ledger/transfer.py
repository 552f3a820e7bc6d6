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

import polars as pl

#: One row per shipment line with the receipts that belong to it, or per receipt without a shipment.
TRANSFER: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "shipment_line": pl.Int64(), "receipt_line": pl.Int64(), "shipper": pl.String(),
    "receiver": pl.String(), "shipment_event": pl.String(), "receipt_event": pl.String(), "shipped_mg": pl.Int64(),
    "received_mg": pl.Int64(), "shipped_on": pl.Date(), "received_on": pl.Date(), "by_reference": pl.Boolean(),
    "lot_differs": pl.Boolean(), "party_differs": pl.Boolean(),
}  # fmt: skip


def closing_tolerance_mg(mass_mg: int) -> int:
    """Below this difference a delivery is whole: three standard deviations of two weighings at 0.1 % each.

    0.1 % is the weighing uncertainty assumed where no method is registered (04-accountancy: assumption).
    """
    return mass_mg * 4243 // 1_000_000


def match(lines: pl.DataFrame) -> pl.DataFrame:
    """Pairs the shipments and receipts among `lines` (columns of `movement.LINE`); returns `TRANSFER` rows."""
    moving = lines.filter(
        pl.col("kind").is_in(["shipment", "receipt"]) & pl.col("to_site").is_null() | (pl.col("kind") == "receipt")
    )
    if not moving.height:
        return pl.DataFrame(schema=TRANSFER)
    moving = moving.select(
        "line", "kind", "event", "lot", "local", "on", "ordinal", "reference", "organisation", "party", mass_mg="dry_mg"
    ).sort("on", "event", "ordinal", "organisation")
    shipments = moving.filter(pl.col("kind") == "shipment").rename({"organisation": "shipper", "party": "receiver"})
    receipts = moving.filter(pl.col("kind") == "receipt").rename({"organisation": "receiver", "party": "shipper"})
    if not shipments.height or not receipts.height:
        return _rows(shipments, receipts, pl.DataFrame(schema=_PAIR))
    quoted = _by_reference(shipments, receipts)
    left = receipts.filter(~pl.col("line").is_in(quoted["receipt"].implode())) if quoted.height else receipts
    if not left.height:
        return _rows(shipments, receipts, quoted)
    waiting = shipments.filter(~pl.col("line").is_in(quoted["shipment"].implode())) if quoted.height else shipments
    return _rows(shipments, receipts, pl.concat([quoted, _by_lot(waiting, left)]))


_PAIR: dict[str, pl.DataType] = {
    "shipment": pl.Int64(), "receipt": pl.Int64(), "part_mg": pl.Int64(), "by_reference": pl.Boolean(),
}  # fmt: skip


def _by_reference(shipments: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts that name the shipper's event: same lot first, then the event's other lines in their order."""
    waiting = receipts.filter(pl.col("reference").is_not_null())
    if not waiting.height:
        return pl.DataFrame(schema=_PAIR)
    pairs = _quoting(shipments, waiting, ["lot"])
    left = waiting.filter(~pl.col("line").is_in(pairs["receipt"].implode()))
    if not left.height:
        return pairs
    free = shipments.filter(~pl.col("line").is_in(pairs["shipment"].implode()))
    return pl.concat([pairs, _quoting(free, left, [])])


def _quoting(shipments: pl.DataFrame, receipts: pl.DataFrame, also: list[str]) -> pl.DataFrame:
    """Pairs on shipper, event and `also`: first with first, second with second; surplus receipts join the last."""
    key, quoted_key = ["shipper", "event", *also], ["shipper", "reference", *also]
    ranked = shipments.select(
        *key, shipment="line", place=pl.int_range(pl.len()).over(key), last=pl.len().cast(pl.Int64()).over(key) - 1
    )
    if ranked["last"].max() in (None, 0):
        hits = receipts.join(ranked, left_on=quoted_key, right_on=key, how="inner")
    else:
        lasts = ranked.select(*key, "last").unique()
        wanted = receipts.with_columns(place=pl.int_range(pl.len()).over(quoted_key)).join(
            lasts, left_on=quoted_key, right_on=key, how="inner"
        )
        hits = wanted.with_columns(place=pl.min_horizontal("place", "last")).join(
            ranked, left_on=[*quoted_key, "place"], right_on=[*key, "place"], how="inner"
        )
    return hits.select("shipment", receipt="line", part_mg="mass_mg", by_reference=pl.lit(True))


def _by_lot(shipments: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Lot and both parties, oldest first; a receipt may fill part of a shipment, or several of them."""
    key = ["shipper", "receiver", "local"]
    both = shipments.join(receipts.select(key).unique(), on=key, how="semi")
    if not both.height:
        return pl.DataFrame(schema=_PAIR)
    theirs = receipts.join(both.select(key).unique(), on=key, how="semi")
    queues: dict[tuple[object, ...], tuple[list[_Waiting], list[tuple[int, int]]]] = {}
    for shipper, receiver, local, line, mass_mg in both.select(*key, "line", "mass_mg").iter_rows():
        queues.setdefault((shipper, receiver, local), ([], []))[0].append(_Waiting(line=line, mass_mg=mass_mg))
    for shipper, receiver, local, line, mass_mg in theirs.select(*key, "line", "mass_mg").iter_rows():
        queues[(shipper, receiver, local)][1].append((line, mass_mg))
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
    """One row per shipment with all its receipts; one per receipt that has none."""
    found = []
    if shipments.height:
        arrived = (
            pairs.join(
                receipts.select(
                    receipt="line",
                    receipt_event="event",
                    received_on="on",
                    receipt_lot="lot",
                    receipt_receiver="receiver",
                ),
                on="receipt",
            )
            .join(shipments.select(shipment="line", shipped_lot="lot", named="receiver"), on="shipment")
            .sort("received_on", "receipt_receiver", "receipt_event", "receipt")
            .group_by("shipment", maintain_order=True)
            .agg(
                pl.col("receipt").first(),
                pl.col("receipt_event").unique(maintain_order=True).str.join(";"),
                pl.col("received_on").max(),
                pl.col("by_reference").all(),
                received_mg=pl.col("part_mg").sum(),
                lot_differs=(pl.col("receipt_lot") != pl.col("shipped_lot")).any(),
                party_differs=pl.col("receipt_receiver").ne_missing(pl.col("named")).any(),
            )
        )
        found.append(
            shipments.join(arrived, left_on="line", right_on="shipment", how="left").select(
                "lot",
                "shipper",
                "receiver",
                "receipt_event",
                "received_mg",
                "received_on",
                "by_reference",
                shipment_line="line",
                receipt_line="receipt",
                shipment_event="event",
                shipped_mg="mass_mg",
                shipped_on="on",
                lot_differs=pl.col("lot_differs").fill_null(False),
                party_differs=pl.col("party_differs").fill_null(False),
            )
        )
    unmatched = receipts.filter(~pl.col("line").is_in(pairs["receipt"].implode())) if pairs.height else receipts
    if unmatched.height:
        found.append(
            unmatched.select(
                "lot", "shipper", "receiver",
                receipt_line="line", receipt_event="event", received_mg="mass_mg", received_on="on",
            )
        )  # fmt: skip
    return pl.concat([pl.DataFrame(schema=TRANSFER), *found], how="diagonal")


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
