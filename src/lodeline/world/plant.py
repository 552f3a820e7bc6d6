"""What is to be planted: read from a file, or drawn at random; every mistake of the file is told at once.

A plant is one loophole at one firm over some months. What it is made of is decided here; what it does to the
filings is the business of `plots`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lodeline.language import Text, bilingual, enumerated, text
from lodeline.world.border import CONTROLLED_FROM
from lodeline.world.market import Month, months_of
from lodeline.world.plan import FEEDS, MARKET, PLANTS, FirmPlan, World
from lodeline.world.stream import Stream
from lodeline.world.tables import Row, table

ADVERSARIES = ("plain", "adaptive")
RANDOM = "random:"
_KEYS = ("loophole", "organisation", "site", "from", "to", "size", "manner", "adversary")
#: Months of a pattern, at least and at most.
_LENGTHS = {"month": (1, 1), "season": (3, 6), "year": (12, 12)}
#: What a plant may be only at some trades: a mine has nothing to hide in, a smelter's slag is analysed by others.
_ONLY = {
    ("quota-overrun", "hidden"): ("light-separator", "heavy-separator"),
    ("yield-outlier", "inflated"): ("light-separator", "heavy-separator", "recycler"),
}
_ONLY |= {
    ("feed-mismatch", "export-not-filed"): ("magnet-maker", "smco-maker", "exporter"),
    ("feed-mismatch", "border-mass-low"): ("magnet-maker", "smco-maker", "exporter"),
    ("feed-mismatch", "ordinary-invoice"): ("light-separator", "heavy-separator", "smelter", "alloy-maker"),
}
#: Who writes papers together with a supplier receives what is weighed lot by lot.
_ONLY |= {
    ("false-declaration", f"{kind}-received"): ("smelter", "alloy-maker", "oxide-trader", "metal-trader")
    for kind in ("gross", "partial", "bias")
}
#: Loopholes of the feeds: drawn after the others and from a stream of their own, so that these stay what they were.
OF_FEEDS = ("feed-mismatch",)
#: What the registers say of a firm is bent once.
_ONCE = ("capacity-excess", "quota-overrun")
#: Loopholes that came after worlds had been planted at random.
LATER = ("licence-abuse",)
#: Loopholes that no filing shows: planted only where a file names them, so that worlds planted at random stay what
#: they were and no detector that reads filings is measured on them.
UNSEEN = ("false-declaration",)
#: Firms are tried this often before a loophole is given up for want of a free one.
_TRIES = 60


class PlantError(Exception):
    """What is wrong with the plants that were asked for, all of it, in English and Chinese."""

    def __init__(self, faults: list[Text]) -> None:
        self.en = "\n".join(one["en"] for one in faults)
        self.zh = "\n".join(one["zh"] for one in faults)
        super().__init__(self.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """One loophole. `first` and `last` are months of the world from 0; `size` is in the unit of the loophole."""

    number: int
    loophole: str
    organisation: str
    first: int
    last: int
    size: float
    pattern: str
    manner: str
    adversary: str


def loopholes() -> dict[str, Row]:
    """Loophole → its row of `data/world/loopholes.csv`, in the order in which they are taken in turn."""
    return {row["loophole"]: row for row in table("loopholes")}


def asked_plants(world: World, asked: str) -> tuple[Plant, ...]:
    """The plants of a file, or of `random:RATE` (that share of the firm-years).

    Raises PlantError for a file that cannot be read or asks for what this world cannot hold.
    """
    planner = _Planner(world)
    if not asked.startswith(RANDOM):
        return planner.from_file(Path(asked))
    stated = asked.removeprefix(RANDOM)
    rate = float(stated) if re.fullmatch(r"\d*\.?\d+", stated) else 0.0
    if not 0 < rate <= 1:
        raise PlantError([text("{asked}: the rate is a number above 0 and up to 1, such as random:0.1", asked=asked)])
    return planner.random(rate)


class _Planner:
    def __init__(self, world: World) -> None:
        self._world = world
        self._stream = Stream(world.seed, PLANTS)
        self._rules = loopholes()
        self._months: list[Month] = list(months_of(world.start, world.months, Stream(world.seed, MARKET)))
        self._periods = {month.period: month.index for month in self._months}
        self._firms = {plan.id: plan for plan in world.firms}
        self._taken: set[tuple[str, int]] = set()
        self._once: set[tuple[str, str]] = set()
        self._faults: list[Text] = []

    def random(self, rate: float) -> tuple[Plant, ...]:
        """All loopholes in turn, each at a firm and in months that no other has.

        Those that were thought of later come last and by chances of their own, so that a seed plants what it did.
        """
        count = max(1, int(rate * len(self._firms) * self._world.months / 12 + 0.5))
        order = self._stream.shuffled([name for name in self._rules if name not in (*OF_FEEDS, *LATER, *UNSEEN)])
        found: list[Plant] = []
        # One in so many as there are loopholes, but at least one, on firms and months that the others left.
        more = max(1, round(count * len(OF_FEEDS) / len(order)))
        for place in range(count):
            # The round is completed by the next loophole where this one finds no free firm.
            for offset in range(len(order)):
                plant = self._draw(order[(place + offset) % len(order)], len(found) + 1, {})
                if plant:
                    found.append(plant)
                    break
        self._stream = Stream(self._world.seed, FEEDS, PLANTS)
        for place in range(more):
            plant = self._draw(OF_FEEDS[place % len(OF_FEEDS)], len(found) + 1, {})
            found += [plant] if plant else []
        self._stream = Stream(self._world.seed, PLANTS, 1)
        for name in LATER:
            for _ in range(round(count / len(order))):
                plant = self._draw(name, len(found) + 1, {})
                found += [plant] if plant else []
        return tuple(found)

    def from_file(self, path: Path) -> tuple[Plant, ...]:
        found = [plant for plant in map(self._from_item, *self._items(path)) if plant]
        if self._faults:
            raise PlantError(self._faults)
        return tuple(found)

    def _items(self, path: Path) -> tuple[list[str], list[Any], Iterator[int]]:
        try:
            items = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise PlantError(
                [
                    text(
                        "{path}: cannot be read ({strerror}): name a JSON file, or random:RATE",
                        path=path,
                        strerror=error.strerror,
                    )
                ]
            ) from error
        except UnicodeDecodeError as error:
            raise PlantError([text("{path}: not UTF-8: save it as UTF-8", path=path)]) from error
        except json.JSONDecodeError as error:
            raise PlantError(
                [
                    text(
                        "{path}, line {lineno}, column {colno}: not JSON ({msg}): write a list of objects, "
                        '[{{"loophole": "unexplained-gain"}}]',
                        path=path,
                        lineno=error.lineno,
                        colno=error.colno,
                        msg=error.msg,
                    )
                ]
            ) from error
        if not isinstance(items, list):
            raise PlantError([text("{path}: not a list: put the objects into [ ]", path=path)])
        return [f"{path}, item {n}" for n in range(1, len(items) + 1)], items, iter(range(1, len(items) + 1))

    def _from_item(self, where: str, item: Any, number: int) -> Plant | None:
        before = len(self._faults)
        if not isinstance(item, dict):
            self._fault(where, text('not an object: write {"loophole": …}'))
            return None
        for key in item.keys() - set(_KEYS):
            self._fault(
                where,
                text("{key} is not known: use {keys}", key=key, keys=enumerated(_KEYS)),
            )
        name = item.get("loophole")
        if name not in self._rules:
            problem = text("loophole is missing") if name is None else text("loophole {name!r} is not known", name=name)
            rules = enumerated(self._rules)
            self._fault(where, text("{problem}: use one of {rules}", problem=problem, rules=rules))
            return None
        self._judge(where, item, self._rules[name])
        if len(self._faults) > before:
            return None
        plant = self._draw(name, number, item)
        if plant is None:
            self._fault(
                where,
                text(
                    "no firm is free for {name} in these months: name another organisation, or other months", name=name
                ),
            )
        return plant

    def _fault(self, where: str, what: Text) -> None:
        at = bilingual(where, where.replace(", item ", " 第 ") + " 项")
        self._faults.append(text("{at}: {what}", at=at, what=what))

    def _judge(self, where: str, item: dict[str, Any], rule: Row) -> None:
        trades = rule["trades"].split()
        fits = [plan.id for plan in self._world.firms if plan.trade in trades]
        organisation, site = item.get("organisation"), item.get("site")
        if organisation is not None and organisation not in fits:
            known = organisation in self._firms
            others = enumerated(fits[:8])
            self._fault(
                where,
                text(
                    "organisation {organisation!r} is not of a trade that {loophole} can be planted in: "
                    "use one of {others} …",
                    organisation=organisation,
                    loophole=item["loophole"],
                    others=others,
                )
                if known
                else text(
                    "organisation {organisation!r} is not in this world: use one of {others} …",
                    organisation=organisation,
                    others=others,
                ),
            )
        mains = [plan.sites[0].id for plan in self._world.firms if plan.id in fits and plan.id in (organisation, *fits)]
        if site is not None and (site not in mains or (organisation and site.rpartition("-")[0] != organisation)):
            self._fault(
                where,
                text("site {site!r} is no main site of such a firm: leave it out, or use ORGANISATION-A", site=site),
            )
        for key in ("from", "to"):
            if item.get(key) is not None and item[key] not in self._periods:
                first, last = self._months[0].period, self._months[-1].period
                self._fault(
                    where,
                    text(
                        "{key} {item!r} is no month of this world: use {first} to {last}",
                        key=key,
                        item=item[key],
                        first=first,
                        last=last,
                    ),
                )
        if (item.get("from") in self._periods and item.get("to") in self._periods) and item["to"] < item["from"]:
            self._fault(where, text("to lies before from: exchange them"))
        size = item.get("size")
        if size is not None and (isinstance(size, bool) or not isinstance(size, int | float) or not 0 < size < 1e6):
            self._fault(where, text("size {size!r} is no positive number ({unit})", size=size, unit=rule["unit"]))
        for key, allowed in (("manner", rule["manners"].split()), ("adversary", list(ADVERSARIES))):
            if item.get(key) is not None and item[key] not in allowed:
                self._fault(
                    where,
                    text(
                        "{key} {item!r} is not known: use {allowed}",
                        key=key,
                        item=item[key],
                        allowed=enumerated(allowed),
                    ),
                )

    def _draw(self, name: str, number: int, asked: dict[str, Any]) -> Plant | None:
        """The plant with what is not asked for drawn; None where no firm is free."""
        rule, stream = self._rules[name], self._stream
        organisation = asked.get("organisation") or (asked.get("site") or "").rpartition("-")[0]
        firms = [
            plan
            for plan in self._world.firms
            if plan.trade in rule["trades"].split()
            and (not organisation or plan.id == organisation)
            and (plan.count_months == 1 or name not in ("ghost-stock", *UNSEEN) or organisation)
        ]
        pattern = stream.choose(rule["patterns"].split())
        size = asked.get("size") or _log_uniform(stream, float(rule["low"]), float(rule["high"]))
        manner = asked.get("manner") or stream.choose(rule["manners"].split())
        only = _ONLY.get((name, manner), rule["trades"].split())
        firms = [plan for plan in firms if plan.trade in only and (name, plan.id) not in self._once]
        adversary = asked.get("adversary") or stream.choose(ADVERSARIES)
        for _ in range(_TRIES):
            first, last = self._span(pattern, asked)
            plan: FirmPlan | None = stream.choose(firms) if firms else None
            if plan is None or first > last:
                return None
            months = {(plan.id, month) for month in range(first, last + 1)}
            if not months & self._taken:
                self._taken |= months
                if name in _ONCE:
                    self._once.add((name, plan.id))
                return Plant(
                    number=number,
                    loophole=name,
                    organisation=plan.id,
                    first=first,
                    last=last,
                    size=float(size),
                    pattern=pattern if asked.get("from") is None else "as-asked",
                    manner=manner,
                    adversary=adversary,
                )
        return None

    def _span(self, pattern: str, asked: dict[str, Any]) -> tuple[int, int]:
        """(first, last) month; the first month of a world has no history and is left alone where there is a choice."""
        stream, months = self._stream, self._world.months
        first, last = asked.get("from"), asked.get("to")
        if first is not None:
            start = self._periods[first]
            return start, self._periods[last] if last is not None else start
        least = 1 if months > 1 else 0
        if pattern == "after-control":
            control = next((m.index for m in self._months if m.first > CONTROLLED_FROM), months)
            start, end = max(least, control) + (stream.integer(0, 2) if months > control + 3 else 0), months - 1
        elif pattern == "to-the-end":
            start, end = stream.integer(max(least, months - 12), months - 1), months - 1
        elif pattern == "calendar":
            year = self._months[stream.integer(0, months - 1)].year
            span = [month.index for month in self._months if month.year == year]
            start, end = span[0], span[-1]
        else:
            low, high = _LENGTHS[pattern]
            length = min(months - least, stream.integer(low, high)) or 1
            start = stream.integer(least, months - length)
            end = start + length - 1
        return start, min(end, self._periods[last]) if last is not None else end


def _log_uniform(stream: Stream, low: float, high: float) -> float:
    """One number from low to high, as often in each octave; by bisection, as logarithms differ between machines."""
    share = stream.uniform()
    for _ in range(12):
        middle = math.sqrt(low * high)
        share *= 2
        low, high, share = (middle, high, share - 1) if share >= 1 else (low, middle, share)
    return low
