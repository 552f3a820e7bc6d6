"""Transfers as a person asks about them: what has closed, what waits and how long, and whose scales disagree.

A difference between two scales is a fact about both; which of them is wrong, nothing here decides.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import polars as pl

from lodeline.ledger.extension import both_passed
from lodeline.ledger.transfer import judge
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.subject import Json
from lodeline.service.filing.status import has_duty
from lodeline.store.published import answered
from lodeline.store.snapshot import Snapshot

#: Standings in which a transfer has not closed.
UNCLOSED: Final = ("waiting", "exception")
#: Days up to which a transfer that has not closed belongs to a class of age; what is older belongs to the last.
AGES: Final = (30, 60, 90)
#: Fewer weighings than this say little about a pair of scales.
FEWEST_WEIGHINGS: Final = 5
_DAY: Final = pl.coalesce("shipped_on", "received_on")
_DIFFERENCE_MG: Final = pl.col("shipped_mg") - pl.col("received_mg")


def last_filing_day(snapshot: Snapshot, law: Jurisdiction) -> date | None:
    """The day of the last filing in the log on the jurisdiction's calendar: ages are counted to it."""
    if snapshot.as_of is None:
        return None
    return law.day_of(datetime.fromisoformat(snapshot.as_of))


def standing_transfers(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every transfer with where it stands, newest first.

    Columns of `judged_transfers`, and `day` (shipped, else received), `period` (its month), `standing` (`waiting`,
    `exception`, `differs`, `matched`, `delivered-unfiled`), `difference_mg` (shipped − received, null without both),
    `age_days` (from `day` to the last filing; null where it has closed), `shipment_entry` and `receipt_entry` (the
    entries of the log that hold the two halves).
    """
    return _standing(judged_transfers(snapshot, law), snapshot, law)


def questionable_transfers(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Of `standing_transfers` those that wait, are exceptions or differ: a few of a nation's."""
    differs = (pl.col("state") == "matched") & pl.col("cause").is_not_null()
    waits = pl.col("state").is_in(["open", "partial", "exception"])
    return _standing(judged_transfers(snapshot, law).filter(waits | differs), snapshot, law)


def _standing(halves: pl.DataFrame, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    halves = halves.with_columns(
        _entries(snapshot.lines, halves[f"{half}_line"]).alias(f"{half}_entry") for half in ("shipment", "receipt")
    )
    state, cause = pl.col("state"), pl.col("cause")
    standing = (
        pl.when(state.is_in(["open", "partial"]))
        .then(pl.lit("waiting"))
        .when((state == "matched") & cause.is_not_null())
        .then(pl.lit("differs"))
        .otherwise(state)
    )
    until = pl.lit(last_filing_day(snapshot, law), pl.Date())
    return (
        halves.with_columns(standing=standing, day=_DAY, difference_mg=_DIFFERENCE_MG)
        .with_columns(
            period=pl.col("day").dt.strftime("%Y-%m"),
            age_days=pl.when(pl.col("standing").is_in(UNCLOSED)).then((until - pl.col("day")).dt.total_days()),
        )
        .reverse()
    )


def _entries(lines: pl.DataFrame, wanted: pl.Series) -> pl.Series:
    """The entry of each line; lines stand in the order of their numbers, so that they are found without an index."""
    found = lines["entry"].gather(lines["line"].search_sorted(wanted.fill_null(0)))
    return found.zip_with(wanted.is_not_null(), pl.Series([None], dtype=pl.Int64))


def ages(transfers: pl.DataFrame) -> pl.DataFrame:
    """What has not closed by class of age: `from_days`, `to_days` (null: and older), `standing`, `count`, `mass_mg`.

    `transfers` as `standing_transfers` gives them. Classes in which nothing waits are left out. The mass is dry, as
    shipped, else as received.
    """
    begins = (0, *(days + 1 for days in AGES))
    from_days = pl.lit(0, pl.Int64())
    for first in begins[1:]:
        from_days = pl.when(pl.col("age_days") >= first).then(pl.lit(first, pl.Int64())).otherwise(from_days)
    ends = dict(zip(begins, (*AGES, None), strict=True))
    return (
        transfers.filter(pl.col("age_days").is_not_null())
        .with_columns(from_days=from_days)
        .group_by("from_days", "standing")
        .agg(count=pl.len(), mass_mg=pl.coalesce("shipped_mg", "received_mg").sum())
        .with_columns(to_days=pl.col("from_days").replace_strict(ends, return_dtype=pl.Int64))
        .sort("from_days", "standing")
        .select("from_days", "to_days", "standing", "count", "mass_mg")
    )


def unclosed(snapshot: Snapshot, law: Jurisdiction, *, firms: frozenset[str] | None = None) -> pl.DataFrame:
    """How many have not closed: `period` (the month shipped, else received), `state` (`open`, `partial`, `exception`),
    `count`. `firms`: only those of which one side is among them."""
    found = judged_transfers(snapshot, law).filter(pl.col("state").is_in(["open", "partial", "exception"]))
    if firms is not None:
        found = found.filter(pl.col("shipper").is_in(firms) | pl.col("receiver").is_in(firms))
    period = _DAY.dt.strftime("%Y-%m").alias("period")
    return found.group_by(period, "state").agg(count=pl.len()).sort("period", "state")


def weighings(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """`weighed_by_pair` of every transfer."""
    return weighed_by_pair(judged_transfers(snapshot, law))


def weighed_by_pair(transfers: pl.DataFrame) -> pl.DataFrame:
    """What both sides of deliveries have weighed, by `shipper`, `receiver` and `period` (the month shipped, else
    received), in their order.

    `deliveries` (how many, weighed by both or not), `weighed` (by both), `weighed_mg` (of these, as shipped),
    `missing_mg` (shipped − received). Of those with a mass above zero, of which difference ÷ shipped mass is the share:
    `shares` (how many), `share` and `square` (sums of it and of its square), `least`, `most`, `less` and `more` (how
    many arrived with less, with more), `shipped_mg`, `difference_mg`.
    """
    positive = pl.col("shipped_mg") > 0
    rows = transfers.select(
        "shipper", "receiver", month=_DAY.dt.month_start(), missing_mg=_DIFFERENCE_MG,
        weighed_mg=pl.when(_DIFFERENCE_MG.is_not_null()).then("shipped_mg"),
        difference_mg=pl.when(positive).then(_DIFFERENCE_MG),
    ).with_columns(
        share=pl.col("difference_mg") / pl.col("weighed_mg"), less=pl.col("difference_mg") > 0,
        more=pl.col("difference_mg") < 0, shipped_mg=pl.when(pl.col("difference_mg").is_not_null()).then("weighed_mg"),
    ).with_columns(square=pl.col("share") ** 2)  # fmt: skip
    summed = ("weighed_mg", "missing_mg", "share", "square", "less", "more", "shipped_mg", "difference_mg")
    return (
        # In their order, so that sums are the same to the last bit on any number of cores.
        rows.group_by("shipper", "receiver", "month", maintain_order=True)
        .agg(
            pl.col(*summed).sum(), deliveries=pl.len(), weighed=pl.col("missing_mg").count(),
            shares=pl.col("share").count(), least=pl.col("share").min(), most=pl.col("share").max(),
        )
        .sort("shipper", "receiver", "month")
        .select(
            "shipper", "receiver", "deliveries", "weighed", "weighed_mg", "missing_mg", "shares", "share", "square",
            "least", "most", "less", "more", "shipped_mg", "difference_mg", period=pl.col("month").dt.strftime("%Y-%m"),
        )
    )  # fmt: skip


def differences(weighed: pl.DataFrame) -> pl.DataFrame:
    """Shipper–receiver difference by pair, over the transfers that both have weighed; `weighed` as `weighed_by_pair`.

    `shipper`, `receiver`, `weighings`, `mean` (of difference / shipped mass; above zero: less arrives), `error` (its
    standard error, from the spread between weighings; null below two), `distance` (mean / error), `less`, `more` (times
    that less or more arrived than was shipped), `difference_mg`, `shipped_mg` (sums). Pairs whose mean stands furthest
    from zero come first; those with fewer than `FEWEST_WEIGHINGS` weighings follow.
    """
    n, mean = pl.col("weighings"), pl.col("share") / pl.col("weighings")
    # What never differs has no spread; else the rounding of sums might show some.
    spread = pl.when(pl.col("least") < pl.col("most")).then(pl.col("square") - n * mean**2).otherwise(0.0)
    variance = pl.when(n > 1).then(pl.max_horizontal(spread, 0.0) / (n - 1))
    summed = ("share", "square", "less", "more", "difference_mg", "shipped_mg")
    return (
        weighed.filter(pl.col("shares") > 0)
        .group_by("shipper", "receiver", maintain_order=True)
        .agg(pl.col(*summed).sum(), weighings=pl.col("shares").sum(), least=pl.col("least").min(),
             most=pl.col("most").max())
        .with_columns(mean=mean, error=(variance / n).sqrt())
        .with_columns(distance=pl.when(pl.col("error") > 0).then(pl.col("mean") / pl.col("error")))
        .sort(
            n < FEWEST_WEIGHINGS, -pl.col("distance").abs(), -pl.col("mean").abs(), "shipper", "receiver",
            nulls_last=True,
        )
        .select("shipper", "receiver", "weighings", "mean", "error", "less", "more", "difference_mg", "shipped_mg",
                "distance")
    )  # fmt: skip


def judged_transfers(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every transfer with state and cause, as of the last filing in the log."""
    return snapshot.once(computed_transfers, law)


def computed_transfers(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    found = snapshot.transfers.join(snapshot.lots.select("lot", "name"), on="lot", how="left")
    as_of = datetime.fromisoformat(snapshot.as_of) if snapshot.as_of else datetime.fromisoformat("1900-01-01T00:00Z")
    judged = judge(
        found, has_duty=has_duty(snapshot.register, law),
        both_deadlines_passed=both_passed(as_of, law, snapshot.register),
    )  # fmt: skip
    in_order = judged.sort(
        _DAY, "shipper", "receiver", "shipment_event", "receipt_event", "name",
        "shipped_mg", "received_mg",
    )  # fmt: skip
    return snapshot.at_rest(in_order)


def transfers(snapshot: Snapshot, law: Jurisdiction, *, only_open: bool = False) -> Json:
    """Shipments with their receipts; with `only_open`, those that lack a shipment or (part of) a receipt."""
    rows = answered(standing_transfers, snapshot, law).reverse()
    if only_open:
        rows = rows.filter(pl.col("state").is_in(["open", "partial"]) | (pl.col("state") == "exception"))
    return {
        "rows": [
            {
                "lot": row["name"],
                "shipper": row["shipper"],
                "receiver": row["receiver"],
                "shipment_event": row["shipment_event"],
                "receipt_event": row["receipt_event"],
                "shipped_on": _day(row["shipped_on"]),
                "received_on": _day(row["received_on"]),
                "shipped_kg": _kg(row["shipped_mg"]),
                "received_kg": _kg(row["received_mg"]),
                "difference_kg": _kg(_difference(row["shipped_mg"], row["received_mg"])),
                "state": row["state"],
                "cause": row["cause"],
            }
            for row in rows.iter_rows(named=True)
        ]
    }


def _difference(shipped_mg: int | None, received_mg: int | None) -> int | None:
    return None if shipped_mg is None or received_mg is None else shipped_mg - received_mg


def _kg(mass_mg: int | None) -> str | None:
    return None if mass_mg is None else format_kg(mass_mg)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
