"""Two planted controls, and when each parcel leaves under them.

A licence is for one exporter, one end user and one class. It is applied for on the first day, and comes after working
days of a calendar of this world's own, or is refused; what was to leave meanwhile leaves on the day that it comes.
A ban refuses what goes to some countries for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from lodeline.world.plan import WORKS
from lodeline.world.strategy.figures import triangular
from lodeline.world.strategy.goods import Parcel
from lodeline.world.strategy.plants import PlantPlan
from lodeline.world.stream import Stream

LICENSED = ("magnet-ndfeb+heavy", "magnet-smco")
BANNED = ("magnet-ndfeb", "magnet-ndfeb+heavy")
#: Share of applications that are granted; day of the general licence; share of plants abroad that a ban is to reach.
APPROVED, GENERAL_DAY, BANNED_PLANTS = 0.95, 30, 0.55
#: Days after the general licence, or after three licences in four, until dealers abroad have goods again (assumption).
DEALERS_WAIT = 30
#: (month, first day, last day) that nobody works on: a calendar of this world's own (assumption).
HOLIDAYS = ((1, 1, 1), (1, 29, 31), (2, 1, 4), (4, 4, 5), (5, 1, 5), (10, 1, 7))

Case = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`countries` empty: all abroad. `cases`: (exporter, end user, class) → (working days, day it comes or None).

    dealers_from: the day from which dealers abroad have such goods to sell again; None: never.
    """

    name: str
    goods: tuple[str, ...] = ()
    countries: frozenset[str] = frozenset()
    is_ban: bool = False
    general_from: int | None = None
    dealers_from: int | None = None
    cases: dict[Case, tuple[int, int | None]] = field(default_factory=dict)

    def touches(self, goods: str, country: str) -> bool:
        """Whether goods to a plant abroad are in its scope."""
        return goods in self.goods and (not self.countries or country in self.countries)

    def dealers_have(self, goods: str, country: str, day: int, starts: int) -> bool:
        """Whether a plant abroad can buy such goods on the spot."""
        if day < starts or not self.touches(goods, country):
            return True
        return self.dealers_from is not None and day >= self.dealers_from

    def leaving(self, parcels: Iterable[Parcel], starts: int, abroad: dict[str, str]) -> Iterator[Parcel]:
        """What leaves, with the day on which it truly does; `abroad`: buyer → country, buyers abroad alone."""
        for parcel in parcels:
            country = abroad.get(parcel.buyer)
            if parcel.day < starts or country is None or not self.touches(parcel.goods, country):
                yield parcel
            elif not self.is_ban:
                allowed = self.allowed(parcel)
                if allowed is not None:
                    yield replace(parcel, day=max(parcel.day, allowed))

    def allowed(self, parcel: Parcel) -> int | None:
        """The day from which such a parcel may leave; None: never."""
        comes = self.cases[parcel.exporter, parcel.buyer, parcel.goods][1]
        days = [day for day in (comes, self.general_from) if day is not None]
        return min(days, default=None)


def controls(
    seed: int, parcels: list[Parcel], plants: list[PlantPlan], starts: int, abroad: dict[str, str]
) -> list[Control]:
    """No control, the licence, the licence with a general one, and the ban; without plants abroad the first alone."""
    if not any(plant.abroad for plant in plants):
        return [Control(name="none")]
    cases = _cases(seed, parcels, starts, abroad)
    came = sorted(comes for _, comes in cases.values() if comes is not None)
    licence = Control(
        name="dy-licence", goods=LICENSED, cases=cases,
        dealers_from=came[len(came) * 3 // 4] + DEALERS_WAIT if came else None,
    )  # fmt: skip
    ban = Control(name="nd-ban", goods=BANNED, is_ban=True, countries=_banned(Stream(seed, WORKS, 2), plants))
    general_from = starts + GENERAL_DAY
    general = replace(
        licence, name="dy-general", general_from=general_from, dealers_from=general_from + DEALERS_WAIT
    )  # fmt: skip
    return [Control(name="none"), licence, general, ban]


def _cases(seed: int, parcels: list[Parcel], starts: int, abroad: dict[str, str]) -> dict[Case, tuple[int, int | None]]:
    stream = Stream(seed, WORKS, 1)
    asked = {(p.exporter, p.buyer, p.goods) for p in parcels if p.buyer in abroad and p.goods in LICENSED}
    cases: dict[Case, tuple[int, int | None]] = {}
    for case in sorted(asked):
        days = int(triangular(stream, "licence-working-days") + 0.5)
        cases[case] = (days, after_working_days(starts, days) if stream.chance(APPROVED) else None)
    return cases


def after_working_days(day: int, count: int) -> int:
    """The day on which so many working days have passed since the beginning of a day (ordinals)."""
    while count:
        count -= is_working_day(day)
        day += 1
    return day


def is_working_day(day: int) -> bool:
    """Neither a weekend nor a holiday of this world."""
    on = date.fromordinal(day)
    return on.weekday() < 5 and not any(on.month == month and low <= on.day <= high for month, low, high in HOLIDAYS)


def _banned(stream: Stream, plants: list[PlantPlan]) -> frozenset[str]:
    """Countries drawn until they have the share of the plants abroad."""
    where = [plant.party.country for plant in plants if plant.abroad]
    banned: set[str] = set()
    for country in stream.shuffled(sorted(set(where))):
        if sum(one in banned for one in where) < BANNED_PLANTS * len(where):
            banned.add(country)
    return frozenset(banned)
