"""Goods that come back: every chain of transfers that returns to where it began, with its mass and composition kept.

The answer is the whole set, not a sample: what is found here equals what trying every chain would find, and where the
search was cut short the answer says so. Each round trip is told once, from its first transfer on.

Source: time-respecting cycles as in Kumar and Calders, 2SCENT: An Efficient Algorithm for Enumerating All Simple
Temporal Cycles, Proc. VLDB Endow. 11 (2018); here with conservation of mass and composition, which prunes far more
than time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Compiled or plain, as kernels decides.
from lodeline.flow.kernels import njit  # type: ignore[attr-defined]

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Transfers looked at before a search is cut short: some seconds of work.
STEPS_LIMIT = 400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """Transfers of goods between firms, one entry each: n transfers, m shares.

    `source`, `target`: dense firm ids; `goods`: dense id of what must stay the same (a product); `day`: days of any
    epoch; `mass_mg` > 0; `share_ppb` (n, m): what of the composition must stay the same.
    """

    source: Int32s
    target: Int32s
    goods: Int32s
    day: Int32s
    mass_mg: Int64s
    share_ppb: Int32s


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a round trip keeps: at most `hops` transfers within `days`, and each within these bounds of the first.

    Each leaves at least `stay_days` after the one before it; 0 lets a whole round happen in a day.
    `mass_ppm` of the first mass; `share_ppb`, absolute, of each share.
    """

    hops: int = 8
    days: int = 180
    stay_days: int = 0
    mass_ppm: int = 10_000
    share_ppb: int = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """Round trip i is transfer[start[i]:start[i + 1]], positions in what was asked; in order of their first transfer.

    `complete` is False where the search was cut short (`STEPS_LIMIT`): then there may be more.
    """

    start: Int64s
    transfer: Int32s
    complete: bool

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, place: int) -> tuple[int, ...]:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return tuple(int(one) for one in self.transfer[self.start[place] : self.start[place + 1]])


def find_cycles(transfers: Transfers, kept: Kept, *, steps_limit: int = STEPS_LIMIT) -> Cycles:
    """All round trips: t₁ … t_k, 2 ≤ k ≤ hops, each from where the one before arrived, the last to where t₁ began.

    No firm is passed twice. Transfers follow each other by day, those of one day in any order; a round that happens in
    one day is told from the transfer that stands first.
    """
    order = np.argsort(transfers.day, kind="stable").astype(np.int32)
    firms = int(max(transfers.source.max(), transfers.target.max())) + 1 if len(order) else 0
    goods = int(transfers.goods.max()) + 1 if len(order) else 0
    assert firms * goods < 2**31, "a firm and a product fit one key of 32 bits"
    leaves = (transfers.source.astype(np.int64) * goods + transfers.goods)[order]
    arrives = (transfers.target.astype(np.int64) * goods + transfers.goods)[order]
    left = np.flatnonzero(can_return(leaves, arrives, firms * goods))
    order, leaves, arrives = order[left], leaves[left], arrives[left]
    # From here on positions are by day; successors are looked up by where they leave and by mass.
    mass = transfers.mass_mg[order]
    by_mass = np.lexsort((mass, leaves)).astype(np.int32)
    spots, leaf = np.unique(leaves[by_mass], return_index=True)
    first = np.append(leaf, len(by_mass)).astype(np.int64)
    found, start, complete = _search(
        np.searchsorted(spots, leaves).astype(np.int32),
        _positions(spots, arrives),
        transfers.day[order],
        mass,
        np.ascontiguousarray(transfers.share_ppb[order]),
        by_mass,
        mass[by_mass],
        first,
        kept.hops,
        kept.days,
        kept.stay_days,
        kept.mass_ppm,
        kept.share_ppb,
        steps_limit,
    )
    return Cycles(start=start, transfer=order[found] if len(found) else np.empty(0, np.int32), complete=complete)


def _positions(spots: Int64s, keys: Int64s) -> Int32s:
    """Where each key stands among the sorted `spots`, -1 for those that do not."""
    place = np.searchsorted(spots, keys)
    place[place == len(spots)] = 0
    found: Int32s = np.where(spots[place] == keys, place, -1).astype(np.int32) if len(spots) else place.astype(np.int32)
    return found


def can_return(leaves: Int64s, arrives: Int64s, spots: int) -> Flags:
    """Transfers left when those that lead nowhere, or come from nowhere, are taken away until none is left of them.

    Most of an industry runs one way, from mine to magnet, and is gone after a few rounds.
    """
    alive = leaves != arrives
    while True:
        goes = np.zeros(spots, np.bool_)
        comes = np.zeros(spots, np.bool_)
        goes[leaves[alive]] = True
        comes[arrives[alive]] = True
        staying: Flags = alive & goes[arrives] & comes[leaves]
        if staying.sum() == alive.sum():
            return staying
        alive = staying


@njit(cache=True, nogil=True)
def _search(  # noqa: PLR0917  (numba takes no keywords)
    leaves: Int32s,
    arrives: Int32s,
    day: Int32s,
    mass: Int64s,
    share: Int32s,
    by_mass: Int32s,
    sorted_mass: Int64s,
    first: Int64s,
    hops: int,
    days: int,
    stay_days: int,
    mass_ppm: int,
    share_tolerance: int,
    steps_limit: int,
) -> Any:
    """(transfers of all round trips one after another, where each starts, whether the search was finished)."""
    found = np.empty(1024, np.int32)
    start = np.zeros(256, np.int64)
    size, count, steps = 0, 0, 0
    path = np.empty(hops, np.int32)
    cursor = np.empty(hops, np.int64)
    for opening in range(len(leaves)):
        home = leaves[opening]
        margin = mass[opening] // 1_000_000 * mass_ppm + mass[opening] % 1_000_000 * mass_ppm // 1_000_000
        least, most = mass[opening] - margin, mass[opening] + margin
        last_day = day[opening] + days
        path[0], depth = opening, 1
        cursor[0] = _at_least(sorted_mass, first, arrives[opening], least)
        while depth > 0:
            spot = arrives[path[depth - 1]]
            place = cursor[depth - 1]
            if spot < 0 or place >= first[spot + 1] or sorted_mass[place] > most:
                depth -= 1
                continue
            cursor[depth - 1] += 1
            steps += 1
            if steps > steps_limit:
                return found[:size].copy(), start[: count + 1].copy(), False
            following = by_mass[place]
            if day[following] < day[path[depth - 1]] + stay_days or day[following] > last_day:
                continue
            if not _alike(share, opening, following, share_tolerance):
                continue
            if arrives[following] == home:
                # A round in one day could begin anywhere: it begins with the transfer that stands first.
                if day[following] == day[opening] and _first_of(path, depth, following) != opening:
                    continue
                if size + depth + 1 > len(found):
                    longer = np.empty(2 * len(found), np.int32)
                    longer[:size] = found[:size]
                    found = longer
                if count + 2 > len(start):
                    longer_start = np.empty(2 * len(start), np.int64)
                    longer_start[: count + 1] = start[: count + 1]
                    start = longer_start
                found[size : size + depth] = path[:depth]
                found[size + depth] = following
                size, count = size + depth + 1, count + 1
                start[count] = size
                continue
            passed = False
            for before in range(depth):
                if arrives[path[before]] == arrives[following]:
                    passed = True
            if not passed and depth + 1 < hops:
                path[depth] = following
                depth += 1
                spot = arrives[following]
                cursor[depth - 1] = _at_least(sorted_mass, first, spot, least)
    return found[:size].copy(), start[: count + 1].copy(), True


@njit(cache=True, nogil=True)
def _first_of(path: Int32s, depth: int, following: int) -> int:
    """The lowest position of a round."""
    first = following
    for place in range(depth):
        first = min(first, path[place])
    return int(first)


@njit(cache=True, nogil=True)
def _at_least(sorted_mass: Int64s, first: Int64s, spot: int, least: int) -> int:
    """The first place of a spot whose mass is no less; 0 for no spot."""
    if spot < 0:
        return 0
    low, high = first[spot], first[spot + 1]
    while low < high:
        middle = (low + high) // 2
        if sorted_mass[middle] < least:
            low = middle + 1
        else:
            high = middle
    return int(low)


@njit(cache=True, nogil=True)
def _alike(share: Int32s, one: int, other: int, tolerance: int) -> bool:
    for column in range(share.shape[1]):  # noqa: SIM110  (numba compiles no generators)
        if abs(share[one, column] - share[other, column]) > tolerance:
            return False
    return True
