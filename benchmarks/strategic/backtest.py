"""The back-test: what a run says of an event of which the outcome is known, and by how much it errs.

python benchmarks/strategic/backtest.py                    April 2025
python benchmarks/strategic/backtest.py --event FILE.json  one that the program does not know (`backtest.event_of`)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from lodeline.regulation.parameter import load
from lodeline.strategy.judged.backtest import Json, april_2025, backtest, days_short, event_of


def lines(found: Json) -> list[str]:
    """What is printed of a back-test."""
    told = [found["headline"]["en"]]
    told += [found[key]["en"] for key in ("calibration", "national_note") if found[key]]
    for one in (*found["first_stop"], *found["by_number_of_plants"]):
        told.append(
            f"first stop, {one['plants']} plants, median stock {one['stock_days']:g} d: day {one['p10']} / "
            f"{one['p50']} / {one['p90']} (P10 / P50 / P90), error {one['error_days']} d"
        )
    told += [
        f"days of use short by the end of {one['month']}: seen {-one['seen_days']:g}, run {-one['run_days']:g}, error "
        f"{one['error_days']:+g}" for one in found["national"]
    ]  # fmt: skip
    return told


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--event", type=Path, help="a JSON object that tells of another event")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--law", default="cn", help="the pack whose calendar counts")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    event = april_2025() if asked.event is None else event_of(json.loads(asked.event.read_text("utf-8")))
    print("\n".join(lines(backtest(event, law=load(asked.law), draws=asked.draws))))
    if event.exports:
        cover = days_short(event.exports, event.use_t_per_year)
        print("cover by month, days of use: " + ", ".join(f"{month} {days:+.1f}" for month, days in cover.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
