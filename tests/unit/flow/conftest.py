"""A flow index of a few lots, from rows a reader can take in at a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.material.element import SYMBOLS

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]
DAY = date(2025, 6, 3)


def frames(
    events: Mapping[str, Sequence[tuple[str, int]]],
    lots: Mapping[str, tuple[str | None, int, int, Mapping[str, int]]],
    origins: Mapping[str, tuple[str, str]],
) -> Frames:
    """events: name → inputs (lot, mg); lots: canonical name → (event, made mg, unaccounted mg, {element: ppb});
    origins: event name → (kind, place)."""
    event_id = {name: number for number, name in enumerate(events)}
    lot_id = {name: number for number, name in enumerate(lots)}
    return (
        pl.DataFrame(
            {
                "lot": list(lot_id.values()),
                "name": list(lots),
                "product": ["oxide:Nd" if event else None for event, *_ in lots.values()],
                "organisation": [name.partition("/")[0] for name in lots],
                "made_event": [event_id[event] if event else -1 for event, *_ in lots.values()],
                "made_mg": [made for _, made, *_ in lots.values()],
                "unaccounted_mg": [over for *_, over, _ in lots.values()],
            },
            schema={
                "lot": pl.Int64, "name": pl.String, "product": pl.String, "organisation": pl.String,
                "made_event": pl.Int64, "made_mg": pl.Int64, "unaccounted_mg": pl.Int64,
            },
        ),
        pl.DataFrame(
            [
                (number, name, "M", f"S-{name}", DAY, "origin" if name in origins else "transformation", kind, place)
                for name, number in event_id.items()
                for kind, place in (origins.get(name, (None, None)),)
            ],
            schema={
                "event": pl.Int64, "name": pl.String, "organisation": pl.String, "site": pl.String, "on": pl.Date,
                "kind": pl.String, "origin_kind": pl.String, "origin_place": pl.String,
            },
            orient="row",
        ),
        pl.DataFrame(
            [(event_id[name], lot_id[lot], mass) for name, inputs in events.items() for lot, mass in inputs],
            schema={"event": pl.Int64, "lot": pl.Int64, "mass_mg": pl.Int64},
            orient="row",
        ),
        pl.DataFrame(
            [
                (lot_id[name], SYMBOLS.index(element), ppb)
                for name, (*_, stated) in lots.items()
                for element, ppb in stated.items()
            ],
            schema={"lot": pl.Int64, "element": pl.UInt8, "ppb": pl.Int64},
            orient="row",
        ),
    )  # fmt: skip


@pytest.fixture
def blend() -> Frames:
    """Two ores, one overdrawn, and an unknown lot are blended into a product and its waste; the product goes on."""
    nd, poor = {"Nd": 200_000_000, "TREO": 300_000_000}, {"Nd": 100_000_000, "TREO": 150_000_000}
    return frames(
        events={"e-mine": [], "e-import": [], "e-blend": [("M/ore", 600), ("N/ore", 400), ("M/黑矿", 200)],
                "e-melt": [("M/blend", 500)]},
        lots={
            "M/ore": ("e-mine", 1000, 0, nd),
            "N/ore": ("e-import", 300, 100, nd),
            "M/黑矿": (None, 0, 200, poor),
            "M/blend": ("e-blend", 1000, 0, nd),
            "M/tailings": ("e-blend", 100, 0, {}),
            "M/metal": ("e-melt", 100, 0, {"Nd": 990_000_000}),
        },
        origins={"e-mine": ("mined", "bayan-obo"), "e-import": ("imported", "MM")},
    )  # fmt: skip


@pytest.fixture
def indexed(tmp_path: Path) -> Callable[[Frames], FlowIndex]:
    def build(tables: Frames) -> FlowIndex:
        build_index(*tables, tmp_path / "index", {"entry": 7})
        return open_index(tmp_path / "index")

    return build


@pytest.fixture
def history() -> Callable[..., Any]:
    return frames
