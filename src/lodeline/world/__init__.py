"""A synthetic national industry, from mine to magnet to border, written in the exchange format and nothing else.

It is clean but for the natural dirt of ordinary filers and the loopholes that it was asked to plant, all of which is
listed. It knows the filing format
and stoichiometry, and not one line of the system that is tested against it.
"""

from __future__ import annotations

import re

from lodeline.world.dossier import write_world
from lodeline.world.plan import World, plan_world
from lodeline.world.plant import Plant, PlantError, asked_plants
from lodeline.world.profile import DEFAULT, PROFILES, profile
from lodeline.world.visits.measure import MeasureError, Shown, measure, read_items, write_shown

FEWEST_ORGANISATIONS = 20
#: The month that a world begins with unless told otherwise.
FIRST_MONTH = "2025-01"


def build_world(
    *, seed: int, organisations: int, months: int, start: str = FIRST_MONTH, habits: str = DEFAULT
) -> World:
    """Plans a world of so many filing organisations (buyers come on top) over so many months.

    The same arguments give the same dossier, byte for byte, on any machine. `habits` names a profile (`PROFILES`).
    Raises ValueError for a negative seed, fewer than 20 organisations (every stage must be there), no
    month, a `start` that is no period such as 2025-01, or a profile that there is not.
    """
    if seed < 0:
        raise ValueError(f"a seed is not negative: {seed}")
    if organisations < FEWEST_ORGANISATIONS:
        raise ValueError(f"a world has at least {FEWEST_ORGANISATIONS} organisations: {organisations}")
    if months < 1:
        raise ValueError(f"a world lasts at least one month: {months}")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", start):
        raise ValueError(f"not a period: {start!r}")
    return plan_world(seed, organisations, months, start, profile(habits))


__all__ = [
    "DEFAULT", "FIRST_MONTH", "PROFILES", "MeasureError", "Plant", "PlantError", "Shown", "World", "asked_plants",
    "build_world", "measure", "read_items", "write_shown", "write_world",
]  # fmt: skip
