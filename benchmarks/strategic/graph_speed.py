"""How long the network of a base window takes to build from rows of a ledger: frames in, arrays out, no store.

    python benchmarks/strategic/graph_speed.py [--rows 100000 1000000]

The rows are a plain industry: firms in stages that each receive, make, count, ship and export lots, month after month,
each lot measured. One firm files some 90 rows a month, as in a synthetic world. Bars: 100 000 rows below 1 s, 1 000 000
below 5 s, the best of three runs after one that warms up; exit status 1 says that one was missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from lodeline.material.element import SYMBOLS
from lodeline.strategy.building.graph import LINES, TRADED, build

BARS_S: Final = {100_000: 1.0, 1_000_000: 5.0}
_MONTHS: Final = 6
_ROWS_A_MONTH: Final = 90
_STAGES: Final = (
    ("mine", "concentrate"), ("separation", "oxide:Dy"), ("metal", "metal:Dy"), ("alloy", "strip-cast"),
    ("magnet", "magnet-ndfeb"),
)  # fmt: skip
_COUNTRIES: Final = ("DE", "JP", "US", "KR", "IN", "HU")


class Rows(NamedTuple):
    """What `build` is given."""

    lines: pl.DataFrame
    lots: pl.DataFrame
    assays: pl.DataFrame
    sites: pl.DataFrame
    transfers: pl.DataFrame
    countries: dict[str, str]


def industry(count: int, seed: int = 1) -> Rows:
    """About so many lines in force of the six months from 2025-01."""
    draw = np.random.default_rng(seed)
    firms = max(len(_STAGES), round(count / _MONTHS / _ROWS_A_MONTH))
    stage = np.arange(firms) % len(_STAGES)
    names = np.array([f"F-{number:05d}" for number in range(firms)])
    products = np.array([product for _, product in _STAGES])
    # A batch is an event of two inputs and two outputs, a count, a shipment with its receipt, and at the end an export.
    batches = round(count / 6.2)
    firm = draw.integers(0, firms, batches)
    day = draw.integers(0, 181, batches)
    mass = draw.integers(1_000_000, 900_000_000, batches)
    lot = np.arange(batches) + 1
    older = np.maximum(1, lot - draw.integers(1, 4 * firms, batches))
    last = stage[firm] == len(_STAGES) - 1
    buyer = np.where(last, firm, np.minimum(firms - 1, firm + 1))
    on = np.datetime64("2025-01-01") + day.astype("timedelta64[D]")
    later = np.minimum(on + np.timedelta64(4, "D"), np.datetime64("2025-06-30"))

    def rows(kind: str, **given: Any) -> pl.DataFrame:
        about: dict[str, Any] = {
            "organisation": names[firm], "site": names[firm], "event": lot, "kind": kind, "role": None, "on": on,
            "lot": lot, "dry_mg": mass,
        }  # fmt: skip
        return pl.DataFrame({**about, **given}).with_columns(pl.col("event").cast(pl.String))

    sold = rows("shipment", party=names[buyer]).filter(~pl.Series(last))
    abroad = np.array([f"USER-{number:04d}" for number in range(max(10, firms // 3))])
    who = draw.integers(0, len(abroad), batches)
    exported = rows(
        "export", party=abroad[who], end_user_name=abroad[who],
        end_user_country=np.array(_COUNTRIES)[who % len(_COUNTRIES)],
        end_use=np.array(["motors", "sensors"])[who % 2], hs_code="8505111000",
        value=(mass / 1e6 * 60).round(2).astype(str), currency="USD",
    ).filter(pl.Series(last))  # fmt: skip
    first = stage[firm] == 0
    made = [
        rows("origin", origin_kind="mined").filter(pl.Series(first)),
        *(rows("transformation", role=role, **given).filter(~pl.Series(first)) for role, given in (
            ("in", {"lot": older, "dry_mg": mass // 2}), ("in", {"lot": np.maximum(1, older - 1), "dry_mg": mass // 2}),
            ("out", {"dry_mg": mass * 9 // 10}), ("waste", {"lot": older, "dry_mg": mass // 10}),
        )),
    ]  # fmt: skip
    received = rows(
        "receipt", organisation=names[buyer], site=names[buyer], party=names[firm], on=later,
        event=lot + batches,
    ).filter(~pl.Series(last))  # fmt: skip
    lines = pl.concat([*made, rows("stock"), sold, received, exported], how="diagonal_relaxed").with_row_index("line")
    lines = lines.with_columns(
        pl.col("line").cast(pl.Int64), pl.col("dry_mg").cast(pl.Int64), pl.col("lot").cast(pl.Int64)
    )
    texts = [one for one in (*LINES, *TRADED) if one not in lines.columns]
    lines = lines.with_columns(pl.lit(None, pl.String).alias(one) for one in texts)
    paired = lines.filter(pl.col("kind") == "shipment").select("lot", shipment_line="line").join(
        lines.filter(pl.col("kind") == "receipt").select("lot", receipt_line="line"), on="lot"
    )  # fmt: skip
    elements = [SYMBOLS.index(one) for one in ("Pr", "Nd", "Dy", "Tb")]
    assays = pl.DataFrame({
        "lot": np.repeat(lot, len(elements)), "element": np.tile(elements, batches).astype(np.uint8),
        "ppb": np.full(batches * len(elements), 70_000_000),
    })  # fmt: skip
    sites = pl.DataFrame({
        "id": names, "organisation": names, "stage": [_STAGES[one][0] for one in stage],
        "capacity_mg_per_month": np.full(firms, 10**13),
    })  # fmt: skip
    lots = pl.DataFrame({"lot": lot, "product": products[stage[firm]]})
    return Rows(lines, lots, assays, sites, paired.select("shipment_line", "receipt_line"), dict.fromkeys(names, "CN"))


def measured(count: int, runs: int = 3) -> tuple[float, int, int]:
    """Seconds of the best run, the rows there were, and the edges that came out."""
    given = industry(count)
    best, edges = float("inf"), 0
    for attempt in range(runs + 1):
        began = time.perf_counter()
        network = build(
            given.lines, given.lots, given.assays, given.sites, given.transfers, base_from="2025-01",
            base_to="2025-06", own_country="CN", countries=given.countries, names={},
        )  # fmt: skip
        if attempt:
            best = min(best, time.perf_counter() - began)
        edges = len(network.edges)
    return best, given.lines.height, edges


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, nargs="*", default=list(BARS_S))
    missed = False
    for count in asked.parse_args().rows:
        seconds, rows, edges = measured(count)
        bar = BARS_S.get(count)
        missed |= bar is not None and seconds >= bar
        print(f"graph of {rows:>9} rows: {seconds:6.3f} s, {edges} edges" + (f", bar {bar:g} s" if bar else ""))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
