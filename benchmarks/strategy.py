"""The strategic view: how fast a run is, and what it forecasts.

Run: `python benchmarks/strategy.py [speed] [backtest] [prediction] [--boario PYTHON]`; without a name, all sections.

speed       a made-up industry of 1 000 and of 5 000 firms over 364 days with all elements, and 200 draws at 120 firms:
            the first call in a process of its own, then the median of 5, and the memory. A run is one thread, so bars
            are of seconds of the processor, which other work on the machine does not change much; the clock stands
            beside. With `--boario`, a Python that
            has BoARIO (GPL: installed apart, `pip install boario pymrio progressbar2`), the same machine in the same
            minute does 48 industries × 365 steps of its model; and both are asked on which day a maker of magnets with
            30 days of ore falls below half when no more ore is made. Reported, no bar: they are other models.
backtest    what a run says of events that happened, and by how much it is wrong: `benchmarks/strategic/backtest.py`.
prediction  stop days in synthetic worlds, forecast from filings before a control: `benchmarks/strategic/prediction.py`.

Exit status 1: a bar of speed was missed, or of the prediction.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from labelled.report import aligned
from lodeline.strategy.network import Network
from lodeline.strategy.simulate import simulate
from strategic.industry import chain, drawn, industry, licence, without_ore

HERE = Path(__file__).parent
SECTIONS = ("speed", "backtest", "prediction")
DAYS, DRAWS, TIMES = 364, 200, 5
#: Seconds: firms of one run with all elements; draws at 120 firms.
BARS = {1_000: 1.0, 5_000: 2.0}
BAR_DRAWS = 4.0


def print_speed(boario: str | None, *, times: int = TIMES) -> bool:
    """Prints both tables; True when no bar is missed."""
    rows = [["", "holdings", "flows", "first call", f"median of {times}", "processor", "bar", "largest process"]]
    held = True
    for firms, bar in BARS.items():
        network = industry(firms)
        openness = licence(network, DAYS)
        clock, seconds, _ = timed(partial(simulate, network, openness, days=DAYS), times)
        held &= seconds < bar
        first, memory = first_call(firms)
        rows.append([f"{firms:,} firms × {DAYS} days, {len(network.elements)} elements", *size(network),
                     f"{first:.2f} s", f"{clock:.2f} s", f"{seconds:.2f} s",
                     f"{bar:.0f} s", f"{memory:.0f} MB"])  # fmt: skip
    network = industry(120)
    clock, seconds, stopped = timed(lambda: draws(network, DRAWS), times)
    held &= seconds < BAR_DRAWS
    rows.append([f"120 firms × {DAYS} days, {DRAWS} draws", *size(network), "–", f"{clock:.2f} s", f"{seconds:.2f} s",
                 f"{BAR_DRAWS:.0f} s", "–"])  # fmt: skip
    print(f"\nA run ({platform.processor() or platform.machine()}, {os.cpu_count()} cores; the first call reads what "
          "was compiled before)")  # fmt: skip
    print(aligned(rows))
    print(f"In the draws {stopped:.0%} of plants stop.")
    print_oracle(boario, times)
    return held


def timed(work: Callable[[], Any], times: int) -> tuple[float, float, Any]:
    """Medians of seconds by the clock and of the processor, and what came of it; once before that does not count."""
    found, clock, processor = work(), [], []
    for _ in range(times):
        started, used = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return statistics.median(clock), statistics.median(processor), found


def draws(network: Network, count: int) -> float:
    """Share of plants that stop in so many draws of stocks, transits and approvals."""
    chance, stopped = np.random.default_rng(5), 0.0
    for _ in range(count):
        one, openness = drawn(network, chance, DAYS)
        run = simulate(one, openness, days=DAYS, with_elements=False, at_plants_only=True)
        stopped += float(np.isfinite(run.first_below(0.5)).mean())
    return stopped / count


def size(network: Network) -> list[str]:
    """Holdings and edges, as a table has them."""
    return [f"{len(network.holdings):,}", f"{len(network.edges):,}"]


def first_call(firms: int) -> tuple[float, float]:
    """Seconds of the first run in a process that has loaded no compiler, and the memory of that process, MB."""
    asked = [sys.executable, __file__, "--first", str(firms)]
    seconds, memory = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)
    return seconds, memory


def print_first(firms: int) -> None:
    """What `first_call` reads."""
    network = industry(firms)
    openness = licence(network, DAYS)
    started = time.perf_counter()
    simulate(network, openness, days=DAYS)
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def print_oracle(boario: str | None, times: int) -> None:
    """Both on a chain; and how long BoARIO takes for its own."""
    if boario is None:
        print("BoARIO: not asked; --boario PYTHON names a Python that has it.")
        return
    asked = [boario, str(HERE / "strategic/oracle.py")]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ran.returncode:
        print(f"BoARIO did not answer: {ran.stderr.strip().splitlines()[-1]}")
        return
    theirs = json.loads(ran.stdout.strip().splitlines()[-1])
    network = chain()
    openness = without_ore(network, since=theirs["shock"], days=theirs["days"])
    seconds, _, run = timed(lambda: simulate(network, openness, days=theirs["days"]), times)
    ours, other = run.activity[1], np.array(theirs["chain"])
    print(f"\nBeside BoARIO {theirs['version']}: a maker of magnets with {theirs['cover']} days of ore, no ore is made "
          f"from day {theirs['shock']}")  # fmt: skip
    print(
        aligned(
            [["", "first day below half", f"output lost in {theirs['days']} days", "time"],
             ["Lodeline", day(ours), f"{1 - ours.mean():.1%}", f"{seconds * 1000:.1f} ms (this chain)"],
             ["BoARIO", day(other), f"{1 - other.mean():.1%}", f"{theirs['seconds']:.2f} s (48 industries × 365)"]]
        )
    )  # fmt: skip


def day(output: Any) -> str:
    """The first day below half."""
    below = np.flatnonzero(output < 0.5)
    return str(below[0]) if len(below) else "never"


def print_section(name: str, arguments: list[str]) -> bool:
    """What the section's own program prints; whether it holds."""
    program = HERE / f"strategic/{name}.py"
    if not program.exists():
        print(f"\n{name}: there is none in this version")
        return True
    print(flush=True)
    return subprocess.run([sys.executable, str(program), *arguments], check=False).returncode == 0


def main() -> int:
    """Runs what the arguments ask for; the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("section", nargs="*", choices=[[], *SECTIONS], help="all of them where none is named")
    options.add_argument("--boario", metavar="PYTHON", help="a Python that has boario, pymrio and progressbar2")
    options.add_argument("--seeds", help="of the worlds of the prediction, as 101-108")
    options.add_argument("--first", type=int, metavar="FIRMS", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.first:
        print_first(given.first)
        return 0
    wanted, held = given.section or SECTIONS, True
    if "speed" in wanted:
        held &= print_speed(given.boario)
    if "backtest" in wanted:
        held &= print_section("backtest", [])
    if "prediction" in wanted:
        held &= print_section("prediction", ["--seeds", given.seeds] if given.seeds else [])
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
