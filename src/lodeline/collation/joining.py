"""What belongs together: by a common number at once, else by parties, mass or value, and day, the nearest first.

Every choice has one order (numbers alike, days apart, masses apart, places), so the same records give the same groups
in whatever order they came. Candidates are looked for near in mass and day alone: time and memory grow with the records
and not with their square.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: So many candidates before and after a record's day are looked at, in each band of mass.
NEAREST: Final = 8
#: Records that are looked at together; bounds the memory.
_PART: Final = 50_000
#: Rounds in which records that were left out because others stood nearer are looked at again.
_ROUNDS: Final = 6
#: More bands of mass than lie between a milligram and all the world's goods; more days than anybody has filed for.
_BANDS: Final = 10**7
_DAYS: Final = 10**6
#: Numbers further apart are other numbers.
_TYPED_APART: Final = 2
_FAR: Final = 9


def components(count: int, node: Ints, key: Ints) -> Ints:
    """(count,) label of each node: the least node that common keys join it to. `node`, `key`: (n,) incidences."""
    label = np.arange(count, dtype=np.int64)
    if not len(node):
        return label
    by_key, by_node = np.argsort(key, kind="stable"), np.argsort(node, kind="stable")
    key_starts, node_starts = _starts(key[by_key]), _starts(node[by_node])
    place_of_key = np.cumsum(_is_first(key[by_key])) - 1
    rank = np.empty(len(key), np.int64)
    rank[by_key] = place_of_key
    nodes = node[by_node][node_starts]
    while True:
        least_of_key = np.minimum.reduceat(label[node[by_key]], key_starts)
        least_of_node = np.minimum.reduceat(least_of_key[rank[by_node]], node_starts)
        after = label.copy()
        after[nodes] = np.minimum(after[nodes], least_of_node)
        after = after[after]
        if np.array_equal(after, label):
            return label
        label = after


def _is_first(ordered: Ints) -> npt.NDArray[np.bool_]:
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return first


def _starts(ordered: Ints) -> Ints:
    return np.flatnonzero(_is_first(ordered)).astype(np.int64)


def merged(label: Ints, one: Ints, other: Ints) -> Ints:
    """The labels after these pairs of labels are one; the least of each group stands for it."""
    if not len(one):
        return label
    named, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    pair = np.arange(len(one), dtype=np.int64)
    joined = components(len(named), places.astype(np.int64), np.concatenate([pair, pair]))
    renamed = named[joined]
    at = np.searchsorted(named, label)
    at[at == len(named)] = 0
    return np.where(named[at] == label, renamed[at], label)


def money_apart(one: Floats, other: Floats, tax: Floats | float) -> Floats:
    """How far two values are apart where either may be with tax, and the other without; NaN where one is not known."""
    readings = (one - other, one / (1 + tax) - other, one - other / (1 + tax))
    apart: Floats = np.min(np.abs(readings), axis=0)
    return apart


def pairs(
    ours: pl.DataFrame, theirs: pl.DataFrame, *, block: tuple[str, ...], measure: str, tolerance: float, window: int,
    also: float | None = None, unknown: bool = False,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Labels of groups that belong together, one of ours with one of theirs, each at most once.

    Parameters: `ours` and `theirs` have `label`, `on` (days), `mass`, `value`, `currency`, `number`, `tax` (a share)
    and the columns of `block`, which must agree. `measure` (`mass` or `value`) agrees within `tolerance` (a share),
    days within `window`. `also`: then the other measure must agree as well, within this share, with tax or without;
    with `unknown` it need not where a record does not give it.
    """
    assert tolerance >= 1e-5, "narrower bands would not fit into the code of a place"
    usable = pl.all_horizontal(pl.col(name) >= 0 for name in block) & (pl.col(measure) > 0)
    left, right = ours.filter(usable), theirs.filter(usable)
    found: list[tuple[Ints, Ints]] = []
    for _ in range(_ROUNDS):
        if not left.height or not right.height:
            break
        one, other = _round(
            left, right, block, measure=measure, tolerance=tolerance, window=window, also=also,
            unknown=unknown,
        )  # fmt: skip
        if not len(one):
            break
        found.append((one, other))
        left = left.filter(~pl.col("label").is_in(pl.Series(one).implode()))
        right = right.filter(~pl.col("label").is_in(pl.Series(other).implode()))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _round(
    left: pl.DataFrame, right: pl.DataFrame, block: tuple[str, ...], *, measure: str, tolerance: float, window: int,
    also: float | None, unknown: bool,
) -> tuple[Ints, Ints]:  # fmt: skip
    names = [*block, "currency"] if measure == "value" else list(block)
    keys = pl.concat([left.select(names), right.select(names)])
    codes = _codes(keys)
    ours = _side(left, codes[: left.height], measure, tolerance)
    theirs = _side(right, codes[left.height :], measure, tolerance)
    order = np.lexsort((theirs["label"], theirs["on"], theirs["band"], theirs["code"]))
    theirs = {name: values[order] for name, values in theirs.items()}
    place = _Places(theirs)
    parts = []
    for begin in range(0, left.height, _PART):
        part = {name: values[begin : begin + _PART] for name, values in ours.items()}
        parts.append(_candidates(part, theirs, place, begin, tolerance=tolerance, window=window, also=also,
                                 unknown=unknown))  # fmt: skip
    first, second = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
    if not len(first):
        return first, second
    number = _number_distance(left["number"], right["number"].gather(order), first, second)
    apart = np.abs(ours["on"][first] - theirs["on"][second])
    differs = np.abs(ours["x"][first] - theirs["x"][second]) / np.maximum(ours["x"][first], theirs["x"][second])
    ranked = np.lexsort((theirs["label"][second], ours["label"][first], differs, apart, number))
    chosen = _greedy(first[ranked], second[ranked])
    return ours["label"][first[ranked][chosen]], theirs["label"][second[ranked][chosen]]


def _codes(keys: pl.DataFrame) -> Ints:
    """(n,) a number for each distinct row."""
    distinct = keys.unique(maintain_order=True).with_row_index("code")
    found = keys.join(distinct, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")["code"]
    return found.cast(pl.Int64).to_numpy()


def _side(frame: pl.DataFrame, code: Any, measure: str, tolerance: float) -> dict[str, Any]:
    x = frame[measure].cast(pl.Float64).to_numpy()
    other = frame["value" if measure == "mass" else "mass"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return {
        "code": np.asarray(code, np.int64), "x": x, "other": other, "on": frame["on"].to_numpy().astype(np.int64),
        "label": frame["label"].to_numpy().astype(np.int64), "tax": frame["tax"].to_numpy(),
        "band": np.floor(np.log(x) / np.log1p(tolerance)).astype(np.int64),
    }  # fmt: skip


class _Places:
    """Where a (code, band, day) would stand among theirs, sorted so."""

    def __init__(self, theirs: dict[str, Any]) -> None:
        self._codes, starts = np.unique(self._code(theirs["code"], theirs["band"]), return_index=True)
        self._starts = np.append(starts, len(theirs["code"])).astype(np.int64)
        group = np.repeat(np.arange(len(self._codes)), np.diff(self._starts))
        self._keys = group * _DAYS + theirs["on"]

    @staticmethod
    def _code(code: Ints, band: Ints) -> Ints:
        both: Ints = code * _BANDS + band + _BANDS // 2
        return both

    def around(self, code: Ints, band: Ints, on: Ints) -> tuple[Ints, Ints, Ints]:
        """(place, begin, end): where each would stand, and the bounds of its group (empty where there is none)."""
        key = self._code(code, band)
        at = np.searchsorted(self._codes, key)
        at_safe = np.minimum(at, len(self._codes) - 1)
        there = self._codes[at_safe] == key
        begin = np.where(there, self._starts[at_safe], 0)
        end = np.where(there, self._starts[at_safe + 1], 0)
        place = np.searchsorted(self._keys, at_safe * _DAYS + on)
        return np.clip(place, begin, end), begin, end


def _candidates(
    ours: dict[str, Any], theirs: dict[str, Any], places: _Places, shift: int, *, tolerance: float, window: int,
    also: float | None, unknown: bool,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Places of pairs that agree, ours counted from `shift` on."""
    first: list[Ints] = []
    second: list[Ints] = []
    step = np.arange(-NEAREST, NEAREST, dtype=np.int64)
    for band in (-1, 0, 1):
        place, begin, end = places.around(ours["code"], ours["band"] + band, ours["on"])
        alive = np.flatnonzero(end > begin)
        if not len(alive):
            continue
        reach = place[alive, None] + step
        inside = (reach >= begin[alive, None]) & (reach < end[alive, None])
        mine = np.broadcast_to(alive[:, None], reach.shape)[inside]
        other = reach[inside]
        larger = np.maximum(ours["x"][mine], theirs["x"][other])
        fits = (np.abs(ours["x"][mine] - theirs["x"][other]) <= tolerance * larger) & (
            np.abs(ours["on"][mine] - theirs["on"][other]) <= window
        )
        if also is not None:
            a, b = ours["other"][mine], theirs["other"][other]
            with np.errstate(invalid="ignore"):
                apart, room = money_apart(a, b, ours["tax"][mine]), also * np.maximum(np.abs(a), np.abs(b))
                fits &= ~(apart > room) if unknown else apart <= room
        first.append(mine[fits] + shift)
        second.append(other[fits])
    if not first:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(first), np.concatenate(second)


def _number_distance(ours: pl.Series, theirs: pl.Series, first: Ints, second: Ints) -> Ints:
    """How many keystrokes two numbers are apart; 9 where they are others or one is not there."""
    apart = np.empty(len(first), np.int64)
    # Numbers are plain objects here: some of them after the others.
    for part in (slice(begin, begin + _PART) for begin in range(0, len(first), _PART)):
        a, b = ours.gather(first[part]).fill_null("").to_list(), theirs.gather(second[part]).fill_null("").to_list()
        found = np.asarray(cpdist(a, b, scorer=OSA.distance, score_cutoff=_TYPED_APART, workers=2), np.int64)
        blank = np.array([not x or not y for x, y in zip(a, b, strict=True)], np.bool_)
        apart[part] = np.where(blank | (found > _TYPED_APART), _FAR, found)
    return apart


def _greedy(first: Ints, second: Ints) -> Ints:
    """Places of the pairs that are taken when all are gone through in order and each side is taken once."""
    alive = np.arange(len(first), dtype=np.int64)
    taken: list[Ints] = []
    while len(alive):
        a, b = first[alive], second[alive]
        best_of_a = np.zeros(len(alive), np.bool_)
        best_of_b = np.zeros(len(alive), np.bool_)
        best_of_a[np.unique(a, return_index=True)[1]] = True
        best_of_b[np.unique(b, return_index=True)[1]] = True
        both = best_of_a & best_of_b
        taken.append(alive[both])
        free = ~np.isin(a, a[both]) & ~np.isin(b, b[both])
        alive = alive[free]
    return np.sort(np.concatenate(taken)) if taken else np.empty(0, np.int64)
