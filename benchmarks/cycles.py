"""Goods that come back: how long the search for every round trip takes on a nation's transfers.

Run: `python benchmarks/cycles.py [--transfers 1000000]`. It makes synthetic transfers among 2 000 firms of some 50
products over three years (seed 1): most go one way, from stage to stage, one in ten sideways, and 200 rounds
of two to eight hops are laid in. It prints machine, sizes and seconds, and fails when a round is not found or the bar
is missed. That the answer equals trying every chain is a property test (`tests/properties/test_cycles.py`).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time

import numpy as np

from lodeline.flow.cycles import Kept, Transfers, find_cycles

FIRMS, STAGES, GOODS, DAYS, ROUNDS = 2_000, 16, 48, 1_095, 200
#: Bar: every round trip of up to eight hops.
BAR_SECONDS = 2.0
KEPT = Kept(hops=8, days=180, stay_days=1, mass_ppm=5_000, share_ppb=2_000_000)


def history(size: int, seed: int = 1) -> tuple[Transfers, list[tuple[int, ...]]]:
    """`size` transfers in any order of days, and the rounds laid into them, as positions."""
    stream = np.random.default_rng(seed)
    stage = np.arange(FIRMS) * STAGES // FIRMS
    source = stream.integers(0, FIRMS, size)
    sideways = stream.random(size) < 0.1
    on = np.minimum(stage[source] + 1, STAGES - 1)
    ahead = (on * FIRMS // STAGES + stream.integers(0, FIRMS // STAGES, size)) % FIRMS
    aside = (stage[source] * FIRMS // STAGES + stream.integers(0, FIRMS // STAGES, size)) % FIRMS
    target = np.where(sideways, aside, ahead)
    goods = stage[source] * 3 + stream.integers(0, 3, size)
    day = stream.integers(0, DAYS, size)
    mass = np.round(np.exp(stream.normal(6, 1, size)) * 1e6).astype(np.int64) + 1
    # A product has makes; a lot of one differs from another by its assay.
    make = stream.integers(1, 300_000_000, (GOODS, 4))
    share = np.round(make[goods] * (1 + stream.normal(0, 0.02, (size, 4)))).astype(np.int64)
    laid, first = [], 0
    for _ in range(ROUNDS):
        hops = int(stream.integers(2, 9))
        ring = stream.choice(FIRMS, hops, replace=False)
        places = np.arange(first, first + hops)
        source[places], target[places] = ring, np.roll(ring, -1)
        goods[places], mass[places], share[places] = goods[first], mass[first], share[first]
        day[places] = stream.integers(0, DAYS - 60) + np.cumsum(stream.integers(1, 8, hops))
        laid.append(tuple(int(place) for place in places))
        first += hops
    whole = [one.astype(np.int32) for one in (source, target, goods, day, share)]
    made = Transfers(source=whole[0], target=whole[1], goods=whole[2], day=whole[3], mass_mg=mass, share_ppb=whole[4])
    return made, laid


def main() -> int:
    """Run; exit code 1 when the bar is missed or a round is not found."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--transfers", type=int, default=1_000_000)
    size = options.parse_args().transfers
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    find_cycles(history(10_000)[0], KEPT)  # Loads the compiled code.
    made, laid = history(size)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        found = find_cycles(made, KEPT)
        seconds.append(time.perf_counter() - start)
    chains = {found[place] for place in range(len(found))}
    missing = sum(one not in chains for one in laid)
    print(f"{size:,} transfers, {FIRMS:,} firms: {len(found):,} round trips, {ROUNDS} laid in, {missing} not found")
    print(f"seconds {', '.join(f'{one:.2f}' for one in seconds)}; search complete: {found.complete}")
    held = min(seconds) <= BAR_SECONDS and not missing and found.complete
    print(f"bar (all rounds within {BAR_SECONDS:.0f} s): {'held' if held else 'MISSED'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
