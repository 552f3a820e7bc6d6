"""One paper for several deliveries: which of them it sums up, where the masses say so and nothing else would fit.

Of many deliveries some add up to any mass by chance. So a sum is taken only where, among all the sums that were looked
at, less than one in seven would have come as near by chance, and where no other comes about as near. What
fits two ways is left open: it is a question, not a match. Sums are looked for among deliveries that follow each other,
and, where few stand open, among all of them; the work for one paper is bounded whatever stands open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.collation.joining import Floats, Ints, money_apart

#: Of so many open deliveries all sums are looked at; of more only those of deliveries that follow each other.
SUBSETS_OF: Final = 18
#: Deliveries of a sum that need not follow each other. The least is two.
SUBSET: Final = 5
#: Open deliveries nearest to the day of a paper that are looked at.
NEAREST: Final = 64
#: Days in which what one paper sums up is usually delivered.
LAST_WEEKS: Final = 35
#: Sums this far around (a share) tell how many there are of about this size.
_AROUND: Final = 0.1
#: A rival that is less than so many times as far from the paper might as well be meant.
_RIVAL: Final = 2.0
#: Prices this near to each other (a share) are one price: then values say nothing that masses do not.
_ONE_PRICE: Final = 1e-3
#: Sums within tolerance that are asked for their goods. More than that are chance.
_ASKED: Final = 32
_ROUNDS: Final = 12
#: Of two sums that want one delivery the one stays that chance explains so many times less.
_MUCH: Final = 3

#: (label of a single, labels of a sum) → whether their goods agree.
Agree = Callable[[int, Sequence[int]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How near a sum must be. Shares are shares, `window` days; `chance`: how many sums as near may be expected."""

    mass: float
    value: float
    window: int
    longest: int
    chance: float


def sums(
    singles: pl.DataFrame, many: pl.DataFrame, *, block: tuple[str, ...], bounds: Bounds, agree: Agree
) -> list[tuple[int, list[int]]]:
    """Sums of `many` that are one of `singles` each: (its label, their labels). Each is used once.

    Columns as in `joining.pairs`, and `tax` (a share, of the single's day), `goods` (a number where all of it is of
    one goods, else -1), and what a single already has of its `mass` and `value`: `had_mass`, `had_value`.
    """
    usable = pl.all_horizontal(pl.col(name) >= 0 for name in block) & (pl.col("mass") > 0)
    left, right = singles.filter(usable), many.filter(usable)
    right = right.filter(pl.len().over(block) > 1).join(left.select(block).unique(), on=block, how="semi")
    left = left.join(right.select(block).unique(), on=block, how="semi")
    if not left.height:
        return []
    singles_of, opened_of = _Blocks(left, block), _Blocks(right, block)
    found: list[tuple[int, list[int]]] = []
    for key in singles_of.places:
        rows = singles_of.rows(key).with_columns(
            pl.col("mass", "value", "had_mass", "had_value").cast(pl.Float64).fill_null(float("nan")),
            pl.col("currency").fill_null(""),
        )  # fmt: skip
        waiting = [_Single(**row) for row in rows.select([one.name for one in fields(_Single)]).to_dicts()]
        found += _of_block(waiting, _Open(opened_of.rows(key)), bounds, agree)
    return found


class _Blocks:
    """Rows by block, each by day, mass and label."""

    def __init__(self, rows: pl.DataFrame, block: tuple[str, ...]) -> None:
        self._rows = rows.sort(*block, "on", "mass", "label")
        counts = self._rows.group_by(block, maintain_order=True).len()
        ends = counts["len"].cum_sum().to_list()
        self.places = {
            key: (end - count, count)
            for key, end, count in zip(counts.select(block).iter_rows(), ends, counts["len"].to_list(), strict=True)
        }

    def rows(self, key: tuple[int, ...]) -> pl.DataFrame:
        return self._rows.slice(*self.places[key])


class _Open:
    """The deliveries of one block as arrays, by day."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.label, self.on, self.goods = (rows[name].to_numpy().astype(np.int64) for name in ("label", "on", "goods"))
        self.mass = rows["mass"].to_numpy().astype(np.float64)
        self.value = rows["value"].to_numpy().astype(np.float64)
        self.currency = np.array(rows["currency"].to_list(), object)
        self.free = np.ones(len(self.label), np.bool_)

    def near(self, day: int, window: int, most: float) -> Ints:
        """Places of those free and not too heavy within so many days, the nearest `NEAREST`, by day."""
        begin, end = np.searchsorted(self.on, [day - window, day + window + 1])
        # Far more than are looked at in the end; a block of a hundred thousand costs no more than one of thousands.
        middle = int(np.searchsorted(self.on, day))
        begin, end = max(int(begin), middle - 16 * NEAREST), min(int(end), middle + 16 * NEAREST)
        places = np.arange(begin, end, dtype=np.int64)
        places = places[self.free[begin:end] & (self.mass[begin:end] < most)]
        if len(places) > NEAREST:
            nearest = np.argsort(np.abs(self.on[places] - day), kind="stable")[:NEAREST]
            places = np.sort(places[nearest])
        return places


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    label: int
    on: int
    mass: float
    value: float
    currency: str
    tax: float
    had_mass: float
    had_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """A sum for a single, and how many as near were to be expected by chance."""

    single: _Single
    places: tuple[int, ...]
    chance: float


def _of_block(
    waiting: list[_Single], opened: _Open, bounds: Bounds, agree: Agree
) -> list[tuple[int, list[int]]]:  # fmt: skip
    found: list[tuple[int, list[int]]] = []
    for _ in range(_ROUNDS):
        proposals = [one for single in waiting if (one := _proposal(single, opened, bounds, agree)) is not None]
        taken = list(_without_conflict(proposals))
        if not taken:
            break
        for one in taken:
            opened.free[list(one.places)] = False
            found.append((one.single.label, opened.label[list(one.places)].tolist()))
        done = {one.single.label for one in taken}
        waiting = [one for one in waiting if one.label not in done]
    return found


def _without_conflict(proposals: list[_Proposal]) -> Iterator[_Proposal]:
    """Those that share no delivery with another, or only with ones that chance explains much better."""
    claims: dict[int, list[_Proposal]] = {}
    for one in proposals:
        for place in one.places:
            claims.setdefault(place, []).append(one)
    for one in proposals:
        others = [other for place in one.places for other in claims[place] if other is not one]
        if all(other.chance > _MUCH * one.chance for other in others):
            yield one


def _proposal(single: _Single, opened: _Open, bounds: Bounds, agree: Agree) -> _Proposal | None:
    """The sum that chance explains least, over all pools of open deliveries; None where chance might explain it."""
    near = opened.near(single.on, bounds.window, single.mass * (1 + bounds.mass) - single.had_mass)
    if len(near) < 2:
        return None
    best: _Proposal | None = None
    for pool in _pools(near, opened, single.on):
        one = _nearest(single, opened, pool, bounds=bounds, agree=agree)
        if one is not None and (best is None or one.chance < best.chance):
            best = one
    return best if best is not None and best.chance <= bounds.chance else None


def _pools(near: Ints, opened: _Open, day: int) -> Iterator[Ints]:
    """The deliveries of the last weeks before the paper, all before it, and all; each by goods and together."""
    apart = day - opened.on[near]
    seen: set[tuple[int, ...]] = set()
    for part in (near[(apart >= 0) & (apart <= LAST_WEEKS)], near[apart >= 0], near):
        kinds = sorted(set(opened.goods[part].tolist()) - {-1})
        for pool in (*(part[opened.goods[part] == kind] for kind in kinds if len(kinds) > 1), part):
            if len(pool) > 1 and tuple(pool) not in seen:
                seen.add(tuple(pool))
                yield pool


@lru_cache(maxsize=128)
def _candidates(count: int, longest: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The sums of a pool: each row the places that are added up, `count` where there is none; which are runs.

    Runs follow each other in the pool. Of few deliveries all subsets are looked at besides.
    """
    runs = [range(first, first + length) for length in range(2, min(longest, count) + 1)
            for first in range(count - length + 1)]  # fmt: skip
    subsets = [
        chosen for length in range(2, min(SUBSET, count) + 1) for chosen in combinations(range(count), length)
        if chosen[-1] - chosen[0] >= length
    ] if count <= SUBSETS_OF else []  # fmt: skip
    table = np.full((len(runs) + len(subsets), min(longest, count)), count, np.int64)
    for row, places in enumerate([*runs, *subsets]):
        table[row, : len(places)] = places
    return table, np.arange(len(table)) < len(runs)


def _nearest(
    single: _Single, opened: _Open, pool: Ints, *, bounds: Bounds, agree: Agree
) -> _Proposal | None:  # fmt: skip
    """The nearest of the sums, if no other is about as near."""
    members, is_run = _candidates(len(pool), bounds.longest)
    mass = opened.mass[pool]
    total = np.append(mass, 0.0)[members].sum(axis=1) + single.had_mass
    apart = np.abs(total - single.mass)
    value = np.where(opened.currency[pool] == single.currency, opened.value[pool], np.nan)
    worth = np.append(value, 0.0)[members].sum(axis=1) + single.had_value
    worth_apart = money_apart(worth, np.full(len(worth), single.value), single.tax)
    fits = (apart <= bounds.mass * single.mass) & ~(worth_apart > bounds.value * single.value)
    places = np.flatnonzero(fits)
    if not 0 < len(places) <= _ASKED:
        return None
    fitted = len(places)
    places = np.array([
        at for at in places
        if agree(single.label, [int(opened.label[pool[one]]) for one in members[at] if one < len(pool)])
    ], np.int64)  # fmt: skip
    if not len(places):
        return None
    step = _step(mass, single.mass)
    readings = [(apart, single.mass, step)]
    known = worth_apart[places]
    if not np.isnan(known).any() and _prices_differ(value / mass):
        readings.append((worth_apart, single.value, 0.01))
    chance, at = min(_expected(*reading, places, is_run) for reading in readings)
    if at < 0:
        return None
    # Of sums that fit in mass, so many have the goods as well.
    chance *= len(places) / fitted
    chosen = tuple(int(pool[one]) for one in members[at] if one < len(pool))
    return _Proposal(single=single, places=chosen, chance=chance)


def _expected(
    apart: Floats, target: float, step: float, places: Ints, is_run: npt.NDArray[np.bool_]
) -> tuple[float, int]:  # fmt: skip
    """How many of the sums would come as near by chance, and the nearest; (inf, -1) where another is about as near.

    What one paper sums up mostly follows each other: of a run it is asked how many runs would come as near.
    """
    at = int(places[np.argmin(apart[places])])
    reach = max(float(apart[at]), step / 2)
    rivals = places[apart[places] <= max(_RIVAL * reach, reach + step / 2)]
    if len(rivals) > 1:
        return float("inf"), -1
    like = apart[is_run] if is_run[at] else apart
    around = int((like <= _AROUND * target).sum())
    return max(around - 1, 0.5) * reach / (_AROUND * target), at


def _prices_differ(price: Floats) -> bool:
    return bool(price.max() - price.min() > _ONE_PRICE * price.max())


def _step(mass: Floats, target: float) -> float:
    """The unit in which masses were written: what divides them all, and not less than what the single is rounded to.

    A sum of whole sacks hits a whole number of sacks more often than its nearness to a milligram would say.
    """
    whole = int(np.gcd.reduce(mass.astype(np.int64)))
    written = next(unit for unit in _UNITS if whole % unit == 0)
    rounded = next(unit for unit in _UNITS[_KILOGRAM:] if int(target) % unit == 0)
    return float(max(written, rounded))


#: Units in which goods are packed and papers written, in mg: from a ton down to a milligram.
_UNITS: Final[Sequence[int]] = (
    *(kilograms * 10**6 for kilograms in (1000, 500, 250, 200, 100, 50, 25, 20, 10, 5, 2, 1)),
    *(10**power for power in range(5, -1, -1)),
)
_KILOGRAM: Final = _UNITS.index(10**6)
