"""What the lot graph is built of: lots, the events that make and consume them, and what lots hold, from a snapshot.

An origin's rows are sources of their own; a transformation's rows share one mixture. A lot that nobody made, but that
was received where another lot was shipped, is that lot under another name: the transfer is the event that joins them.
An event's number is its first line in force, that of such a transfer the line of the receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lodeline.ledger.movement import makes_lot
from lodeline.store.flow_files import Frames

if TYPE_CHECKING:
    from lodeline.store.snapshot import Snapshot

_EVENT = ["organisation", "event", "key"]
#: What of a line is said of its event.
_OF_AN_EVENT = (
    "line", "organisation", "event", "kind", "role", "on", "site", "lot", "dry_mg", "origin_kind", "origin_place",
)  # fmt: skip


def flow_frames(snapshot: Snapshot) -> Frames:
    """The four frames of `flow.index.build_index`; a lot's dense id is its number less one."""
    lines = snapshot.lines.lazy().filter(_is_of_an_event()).select(_OF_AN_EVENT).collect()
    return _frames(snapshot, lines, _passed_on(snapshot))


def _is_of_an_event() -> pl.Expr:
    return makes_lot() | (pl.col("kind") == "transformation")


def _passed_on(snapshot: Snapshot) -> pl.DataFrame:
    """`Snapshot.renamed`, the line of the receipt as `key`."""
    return snapshot.renamed.rename({"receipt_line": "key"})


def _frames(snapshot: Snapshot, lines: pl.DataFrame, passed: pl.DataFrame) -> Frames:
    lines = lines.with_columns(key=pl.when(pl.col("kind") == "origin").then("line").otherwise(pl.lit(-1, pl.Int64())))
    steps = pl.concat(
        [
            lines.select(*_EVENT, "site", "on", "kind", "origin_kind", "origin_place", number="line"),
            passed.select(
                *_EVENT, "site", "on",
                kind=pl.lit("transformation"), origin_kind=pl.lit(None, pl.String()),
                origin_place=pl.lit(None, pl.String()), number="key",
            ),
        ]
    )  # fmt: skip
    events = steps.group_by(_EVENT, maintain_order=True).agg(pl.all().first())
    numbers = events.select(*_EVENT, "number")
    made = pl.concat(
        [
            lines.filter(makes_lot()).select(*_EVENT, "lot", "dry_mg", "line"),
            passed.select(*_EVENT, "lot", dry_mg="received_mg", line="key"),
        ]
    )
    making = (
        made.join(numbers, on=_EVENT)
        .sort("line")
        .group_by("lot", maintain_order=True)
        .agg(made_event=pl.col("number").first(), made_mg=pl.col("dry_mg").first())
    )
    links = pl.concat(
        [
            lines.filter(pl.col("kind") == "transformation", pl.col("role") == "in").select(
                *_EVENT, "lot", mass_mg="dry_mg"
            ),
            passed.select(*_EVENT, lot="shipped_lot", mass_mg="received_mg"),
        ]
    ).join(numbers, on=_EVENT)
    return (
        _lots(snapshot, making),
        events.select(
            "organisation", "site", "on", "kind", "origin_kind", "origin_place", name="event", event="number"
        ),
        links.filter(pl.col("mass_mg") > 0).select(event="number", lot=pl.col("lot") - 1, mass_mg="mass_mg"),
        snapshot.lot_assays.with_columns(pl.col("lot") - 1),
    )


def _lots(snapshot: Snapshot, making: pl.DataFrame) -> pl.DataFrame:
    facts = snapshot.lot_facts.select("lot", "product")
    short = snapshot.balanced.group_by("lot").agg(pl.col("unaccounted_mg").sum())
    return (
        snapshot.lots.join(facts, on="lot", how="left", maintain_order="left")
        .join(making, on="lot", how="left", maintain_order="left")
        .join(short, on="lot", how="left", maintain_order="left")
        .select(
            "name", "product",
            lot=pl.col("lot") - 1,
            organisation="maker",
            made_event=pl.col("made_event").fill_null(-1),
            made_mg=pl.col("made_mg").fill_null(0),
            unaccounted_mg=pl.col("unaccounted_mg").fill_null(0),
        )
    )  # fmt: skip
