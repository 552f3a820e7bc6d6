"""What agencies of other states are shown of a run: sums of groups of firms, from which no firm can be told.

A group is a class of goods and one country, where that stands by itself, else all the countries of the class that do
not. Which stand by themselves is settled when the class is first published, and never again: nobody chooses a group,
and no two overlap. There is no total beside them that does not follow from them.

A figure of a group is shown where

    few         at least FIRMS_LEAST firms have a part in it,
    dominated   the largest makes up at most half of it, and the two largest together at most four fifths,
    difference  no sum or difference of it with whatever was ever shown of the group, however weighted, is by more than
                half of one firm, nor all but a twentieth of fewer than FIRMS_LEAST: other scenarios, other months, and
                what has since been withdrawn. What rounding to two digits hides counts with the rest.

The last is a linear programme for each firm of the group (`most_of_one`), so it holds against whoever knows in which
scenarios which firms are touched. It grows stricter as more is shown: a group of n firms bears about n - 2 scenarios
that differ at random, and any number of which the differences are spread over the firms.

What this does not hold against: whoever already knows what most firms of a group use, since what is left is then the
last one's (the second largest, of itself, still leaves the largest open to four tenths above); firms of one owner, each
of which counts as one; what a firm of the group tells of itself; and it tells by what is kept back that there is
something to be kept. What a state buys in all, its own customs know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lodeline.linear import Rows, least_sum
from lodeline.strategy.figure import BASES, Basis, weakest

FIRMS_LEAST: Final = 5
LARGEST_MOST: Final = 0.5
TWO_LARGEST_MOST: Final = 0.8
#: What fewer than FIRMS_LEAST firms may not make up of a difference.
_FEW_MOST: Final = 0.95
_DIGITS: Final = 2
#: Values closer than this share of each other are one value.
_SAME: Final = 1e-9
#: The countries of a class that do not stand by themselves; and all together.
OTHER: Final = "other"
ALL: Final = "all"
#: need_kg_per_day: what the plants use in normal times. stopping_kg_per_day: the part of it that is used by plants of
#: which the middle draw stops within the run. lost_kg: the sum of what the plants lose in their middle draws.
Quantity = Literal["need_kg_per_day", "stopping_kg_per_day", "lost_kg"]
QUANTITIES: Final[tuple[Quantity, ...]] = get_args(Quantity)
Why = Literal["", "few", "dominated", "difference"]
#: Lower bounds of the bands in which the number of firms is told.
_BANDS: Final = (FIRMS_LEAST, 10, 20, 50, 100)
Json = dict[str, Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A figure of a group: what each firm has in it, and why it is kept back ("" where it is shown). Never sent."""

    goods: str
    part: str
    quantity: Quantity
    firms: Mapping[str, float]
    why: Why = ""

    @property
    def key(self) -> tuple[str, str]:
        """The group."""
        return self.goods, self.part

    @property
    def value(self) -> float:
        """What is shown: the sum, to two digits."""
        return rounded(math.fsum(self.firms.values()))

    def as_json(self) -> Json:
        return {
            "goods": self.goods, "part": self.part, "quantity": self.quantity, "firms": dict(self.firms),
            "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is kept of a run that is published: its groups, and every figure of them. Never sent; `disclose` makes of it
    what is.

    alone: class → the countries that stand by themselves. bases: group → basis of its plants.
    """

    alone: Mapping[str, tuple[str, ...]]
    sums: tuple[Sum, ...]
    bases: Mapping[tuple[str, str], Basis]

    def as_json(self) -> Json:
        return {
            "alone": {goods: list(named) for goods, named in self.alone.items()},
            "sums": [one.as_json() for one in self.sums],
            "bases": [[*group, basis] for group, basis in self.bases.items()],
        }


def release_from(document: Mapping[str, Any]) -> Release:
    """`Release.as_json`, read back."""
    return Release(
        alone={goods: tuple(named) for goods, named in document["alone"].items()},
        sums=tuple(Sum(**one) for one in document["sums"]),
        bases={(goods, part): basis for goods, part, basis in document["bases"]},
    )


def rounded(value: float) -> float:
    """To two significant digits, halves away from zero."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    step = _step(value)
    return math.copysign(math.floor(abs(value) / step + 0.5) * step, value)


def hidden(value: float) -> float:
    """How far from a value that is shown the one that it stands for can lie."""
    return 0.0 if value == 0 else _step(value) / 2


def _step(value: float) -> float:
    return float(10.0 ** (math.floor(math.log10(abs(value)) + 1e-12) - _DIGITS + 1))


def release(run: Mapping[str, Any], before: Sequence[Release] = ()) -> Release:
    """What may be shown of a run (`strategy.run.Run.as_json`) after all that was ever released before."""
    plants = run["plants"]
    settled: dict[str, tuple[str, ...]] = {}
    for one in before:
        settled = {**one.alone, **settled}
    classes = sorted({row["class"] for row in plants})
    alone = {
        goods: settled[goods] if goods in settled else _standing(_needs(row for row in plants if row["class"] == goods))
        for goods in classes
    }
    horizon = float(run["settings"]["horizon_days"])
    sums = _sums(plants, alone, horizon)
    shown: dict[tuple[str, str], list[Sum]] = {}
    for told in (figure for earlier in before for figure in earlier.sums if not figure.why):
        shown.setdefault(told.key, []).append(told)
    judged: list[Sum] = []
    for key in sorted({one.key for one in sums}):
        judged += _judged([one for one in sums if one.key == key], shown.get(key, []))
    groups = {key: [row for row in plants if _group(row, alone) == key] for key in {one.key for one in judged}}
    return Release(
        alone=alone, sums=tuple(judged), bases={key: weakest(_bases(rows)) for key, rows in sorted(groups.items())}
    )


def disclose(found: Release, run: Mapping[str, Any], country: str) -> Json:
    """What the agency of a state is sent: the groups of its country, and of each class all countries together.

    `country`: ISO 3166-1 alpha-2. Of the run only its stamp, the names and days of its scenario, and what it was asked.
    """
    scenario, settings = run["scenario"], run["settings"]
    rows = []
    for goods in sorted(found.alone):
        own = country if country in found.alone[goods] else OTHER
        parts = sorted({one.part for one in found.sums if one.goods == goods})
        stated = {part: _row(found, goods, part, run["stamp"]) for part in parts}
        if own in stated:
            rows.append({**stated[own], "own": True})
        if len(parts) > 1:
            rows.append({**_together(goods, list(stated.values())), "own": False})
    return {
        "stamp": dict(run["stamp"]),
        "scenario": {name: scenario[name] for name in ("name", "name_en", "name_zh") if name in scenario},
        "settings": {name: settings[name] for name in ("starts", "horizon_days") if name in settings},
        "country": country,
        "rows": rows,
    }


def _group(row: Mapping[str, Any], alone: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    goods = row["class"]
    return goods, row["country"] if row["country"] in alone[goods] else OTHER


def _bases(rows: Iterable[Mapping[str, Any]]) -> Iterable[Basis]:
    return (row["basis"] if row.get("basis") in BASES else "synthetic" for row in rows)


def _needs(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Country → firm → what its plants of a class need."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        firms = found.setdefault(row["country"] or "", {})
        firms[row["organisation"]] = firms.get(row["organisation"], 0.0) + float(row["need_kg_per_day"])
    return found


def _standing(needs: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """The countries of a class that stand by themselves. The rest stand together, with as many more as that takes."""
    alone = [country for country in sorted(needs) if country and not _unfit(needs[country])]
    alone.sort(key=lambda country: (-len(needs[country]), country))
    while alone:
        rest: dict[str, float] = {}
        for country in needs.keys() - set(alone):
            for firm, need in needs[country].items():
                rest[firm] = rest.get(firm, 0.0) + need
        if not rest or not _unfit(rest):
            break
        alone.pop()
    return tuple(sorted(alone))


def _sums(plants: Iterable[Mapping[str, Any]], alone: Mapping[str, Sequence[str]], horizon: float) -> list[Sum]:
    found: dict[tuple[str, str, Quantity], dict[str, float]] = {}
    for row in plants:
        need = float(row["need_kg_per_day"])
        stops = row["stop"]["p50"]
        values: dict[Quantity, float] = {
            "need_kg_per_day": need,
            "stopping_kg_per_day": need if stops is not None and stops <= horizon else 0.0,
            "lost_kg": float(row["lost_kg"]["p50"] or 0.0),
        }
        for quantity, value in values.items():
            firms = found.setdefault((*_group(row, alone), quantity), {})
            firms[row["organisation"]] = firms.get(row["organisation"], 0.0) + value
    return [
        Sum(goods=goods, part=part, quantity=quantity, firms=firms) for (goods, part, quantity), firms in found.items()
    ]


def _unfit(firms: Mapping[str, float]) -> Why:
    """What speaks against a sum by itself."""
    sizes = sorted((abs(value) for value in firms.values() if value), reverse=True)
    total = math.fsum(sizes)
    if len(sizes) < FIRMS_LEAST:
        return "few"
    if sizes[0] > LARGEST_MOST * total or sizes[0] + sizes[1] > TWO_LARGEST_MOST * total:
        return "dominated"
    return ""


def _judged(sums: Sequence[Sum], shown: Sequence[Sum]) -> list[Sum]:
    """The figures of one group, each with why it is kept back, after what was shown of it before."""
    judged = {one.quantity: replace(one, why=_unfit(one.firms)) for one in sums}
    fit = [one for one in judged.values() if not one.why]
    if not _tells(shown, fit):
        return [judged[one.quantity] for one in sums]
    taken: list[Sum] = []
    for one in sorted(fit, key=lambda one: QUANTITIES.index(one.quantity)):
        if _tells([*shown, *taken], [one]):
            judged[one.quantity] = replace(one, why="difference")
        else:
            taken.append(one)
    return [judged[one.quantity] for one in sums]


def _tells(shown: Sequence[Sum], more: Sequence[Sum]) -> bool:
    """Whether figures of one group, laid together, would tell of a firm, or of few."""
    names = sorted({firm for one in (*shown, *more) for firm in one.firms})
    kept: list[Sum] = []
    vectors: list[Floats] = []
    fresh = False
    for place, one in enumerate((*shown, *more)):
        vector = np.array([one.firms.get(name, 0.0) for name in names])
        # What was shown before, and stands for the same, is nothing new.
        if any(np.allclose(vector, other, rtol=_SAME, atol=0.0) for other in vectors):
            continue
        fresh = fresh or place >= len(shown)
        kept.append(one)
        vectors.append(vector)
    if not fresh or len(kept) < 2:
        return False
    scales = np.array([max(np.abs(vector).sum(), np.finfo(float).tiny) for vector in vectors])
    matrix = np.array(vectors) / scales[:, None]
    noise = np.array([hidden(one.value) for one in kept]) / scales
    return any(_few(first - second, a + b) for first, second, a, b in _pairs(np.array(vectors), noise * scales)) or any(
        _isolated(matrix, noise, place) for place in range(len(names))
    )


def _pairs(vectors: Floats, noise: Floats) -> Iterable[tuple[Floats, Floats, float, float]]:
    for later in range(1, len(vectors)):
        for earlier in range(later):
            yield vectors[later], vectors[earlier], float(noise[later]), float(noise[earlier])


def _few(content: Floats, noise: float) -> bool:
    """Whether a sum, of which each firm has so much, is nearly all of fewer than FIRMS_LEAST."""
    sizes = np.sort(np.abs(content))[::-1]
    return bool(sizes[: FIRMS_LEAST - 1].sum() > _FEW_MOST * (sizes.sum() + noise))


def _isolated(matrix: Floats, noise: Floats, firm: int) -> bool:
    """Whether some weighting of figures is by more than half of one firm, or nearly all of few."""
    found = most_of_one(matrix, noise, firm)
    if found is None:
        return True
    most, weights = found
    if most > LARGEST_MOST / (1 - LARGEST_MOST) * (1 + 1e-7):
        return True
    return _few(weights @ matrix, float(np.abs(weights) @ noise))


def most_of_one(matrix: Floats, noise: Floats, firm: int) -> tuple[float, Floats] | None:
    """The weighting of figures that tells most of a firm, and how much of it stands against one part of all else.

    matrix: [figures, firms], what each firm has in each. noise: [figures], how far each is rounded. All else is what
    the other firms have in the weighted sum, without regard to sign, and the weighted rounding. None: not found out.
    """
    figures, firms = matrix.shape
    others = np.delete(matrix, firm, axis=1).T
    own = matrix[:, firm]
    # Variables: weights up, weights down, what each other firm has.
    cost = np.concatenate([-own, own, np.zeros(firms - 1)])
    within = np.block([[others, -others, -np.eye(firms - 1)], [-others, others, -np.eye(firms - 1)]])
    sizes = np.concatenate([noise, noise, np.ones(firms - 1)])[None, :]
    bound = np.concatenate([np.zeros(2 * (firms - 1)), [1.0]])
    rows = Rows.dense(np.vstack([within, sizes]))
    unbounded = np.full(len(bound), np.inf)
    found = least_sum(
        cost, rows, row_least=-unbounded, row_most=bound, least=np.zeros(len(cost)), most=np.full(len(cost), np.inf)
    )
    if found is None:
        return None
    return float(-(cost @ found)), found[:figures] - found[figures : 2 * figures]


def _row(found: Release, goods: str, part: str, stamp: Mapping[str, Any]) -> Json:
    """A group as it is sent."""
    sums = {one.quantity: one for one in found.sums if one.key == (goods, part)}
    # How many there are is told of those whose need is shown; else that would say how few there are.
    need = sums["need_kg_per_day"]
    firms = sum(1 for value in need.firms.values() if value)
    return {
        "class": goods, "part": part, "firms": None if need.why else _band(firms),
        **{quantity: None if sums[quantity].why else sums[quantity].value for quantity in QUANTITIES},
        "kept_back": {quantity: sums[quantity].why for quantity in QUANTITIES if sums[quantity].why},
        "basis": found.bases[goods, part], "source": "run", "vintage": f"entry {stamp['entry']}",
    }  # fmt: skip


def _together(goods: str, rows: Sequence[Json]) -> Json:
    """All groups of a class: sums of what is shown, where all of it is."""
    values = {
        quantity: None if any(row[quantity] is None for row in rows) else sum(row[quantity] for row in rows)
        for quantity in QUANTITIES
    }
    return {
        "class": goods, "part": ALL, "firms": None,
        **{quantity: None if value is None else rounded(value) for quantity, value in values.items()},
        "kept_back": {quantity: "part" for quantity, value in values.items() if value is None},
        "basis": weakest(row["basis"] for row in rows), "source": rows[0]["source"], "vintage": rows[0]["vintage"],
    }  # fmt: skip


def _band(firms: int) -> str:
    """In which band a number of firms lies: `5-9`, or `100+`."""
    place = max((place for place, least in enumerate(_BANDS) if firms >= least), default=0)
    return f"{_BANDS[place]}-{_BANDS[place + 1] - 1}" if place + 1 < len(_BANDS) else f"{_BANDS[place]}+"
