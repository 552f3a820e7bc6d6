"""How firms of a world behave: two profiles of one industry, each habit with its value and reason in one table.

The default profile is the world that detectors were made on. The stranger's has the habits of firms whose paper
somebody else might have made: it exists so that what a detector finds there rests on physics, law or the exchange
format and not on how one world is written. Habits of firms are drawn from a stream of their own, so that the default
world stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Final

from lodeline.world.stream import Stream
from lodeline.world.tables import dirt_rate, table

DEFAULT, STRANGER = PROFILES = ("default", "stranger")
#: Shares that the makers of short certificates leave out, ppb.
MAIN_ELEMENTS_PPB: Final = 500_000
#: Who rounds reads to this many of the usual divisions.
ROUNDED: Final = 10
#: Filed days after the month's end where a firm has its day: the last ones before the tenth are the usual ones.
_DAYS: Final = (3, 5, 6, 7, 7, 8, 8, 8)
_FORMS: Final = ("zh", "zh", "en", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The habits of `data/world/profiles.csv`, in its order. `dirt`: rates of natural dirt other than in dirt.csv."""

    name: str
    dirt: Mapping[str, float]
    customers_by_name: float
    wording_slips: float
    suppliers_by_name: float
    names_by_habit: float
    traders_beside_honest: float
    pass_through_low: float
    pass_through_high: float
    part_low_kg: float
    part_high_kg: float
    both_products: float
    imports_of_both: float
    bare_ids: float
    own_numbers: float
    filing_day: float
    rounding: float
    other_units: float
    oxide_statements: float
    main_elements: float
    analyses_all: float
    repeats_by_label: float
    correctors: float
    corrected_months: float
    never_quoting: float
    counted_early: float
    without_counts: float
    quarterly_counts: float
    sold_in_parts: float
    exported_in_parts: float
    dispatch_days_low: float
    dispatch_days_high: float
    transit_days: float
    yield_step: float
    yield_width: float

    def rate(self, kind: str) -> float:
        """How often a kind of natural dirt happens."""
        return self.dirt.get(kind, dirt_rate(kind))


@cache
def profile(name: str) -> Profile:
    """The profile of a name. Raises ValueError for another."""
    if name not in PROFILES:
        raise ValueError(f"a profile is {' or '.join(PROFILES)}: {name!r}")
    values = {row["habit"]: float(row[name]) for row in table("profiles") if row[name]}
    own = {one.name for one in fields(Profile)}
    dirt = {habit: value for habit, value in values.items() if habit not in own}
    return Profile(name=name, dirt=dirt, **{habit: value for habit, value in values.items() if habit in own})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one firm works and files.

    `numbering`: a form of lot numbers, 0 the default's. `filing_day`: 0 for any. `unit`: "" for that of the trade.
    `names`: the form in which its lists have others' names, "" for no form of its own. `basis`: of what it makes, ""
    for that of the trade. `least_stated_ppb`: certificates of its ores leave out what is below. `early`: days by which
    it counts before the month ends.
    """

    numbering: int
    filing_day: int
    coarser: int
    unit: str
    names: str
    basis: str
    least_stated_ppb: int
    suppliers_by_name: bool
    corrects: bool
    quotes: bool
    early: int
    dispatch_days: int

    def number(self, product: str, stamp: str, serial: int) -> str:
        """An id for a lot, never given before by this firm where the serial was not."""
        if self.numbering == 1:
            return f"{stamp}{serial:04d}"
        if self.numbering == 2:
            return f"L{serial:04d}"
        if self.numbering == 3:
            return f"{product.rpartition(':')[2][:4].upper()}{serial:05d}"
        return f"{product.replace(':', '.').upper()}-{stamp}-{serial:05d}"


def habits_of(given: Profile, stream: Stream) -> Habits:
    """The habits of one firm; every draw is made whatever comes of it, so that no habit shifts another."""
    draws = [stream.uniform() for _ in range(12)]
    days, forms = stream.choose(_DAYS), stream.choose(_FORMS)
    unit = stream.choose(("mass_t", "mass_g", "mass_t", "mass_kg"))
    basis, form, early = stream.choose(("oxide", "oxide", "reo-share")), stream.integer(1, 3), stream.integer(1, 4)
    return Habits(
        numbering=form if draws[0] < given.own_numbers else 0,
        filing_day=days if draws[1] < given.filing_day else 0,
        coarser=ROUNDED if draws[2] < given.rounding else 1,
        unit=unit if draws[3] < given.other_units else "",
        names=forms if draws[4] < given.names_by_habit else "",
        basis=basis if draws[5] < given.oxide_statements else "",
        least_stated_ppb=MAIN_ELEMENTS_PPB if draws[6] < given.main_elements else 0,
        suppliers_by_name=draws[7] < given.suppliers_by_name,
        corrects=draws[8] < given.correctors,
        quotes=draws[9] >= given.never_quoting,
        early=early if draws[10] < given.counted_early else 0,
        dispatch_days=int(
            given.dispatch_days_low + draws[11] * (given.dispatch_days_high - given.dispatch_days_low) + 0.5
        ),
    )


def in_share(place: int, share: float) -> bool:
    """Whether the one at a place from 0 is one of a share, so that of any first n at least that share are."""
    return math.ceil((place + 1) * share - 1e-9) > math.ceil(place * share - 1e-9)
