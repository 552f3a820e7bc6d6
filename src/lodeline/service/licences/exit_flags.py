"""What stands against an exit that customs confirmed: the licence did not stand, or more left than was reserved.

The goods are gone, so an exit is booked whatever is against it. What is flagged is not kept beside it: it follows from
the exits as they stand, their reservations and the acts upon the licence, so that a correction or a decision that is
entered later shows here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lodeline.ledger.licence import GOODS, Licence
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.reservation import Masses
from lodeline.material.mass import format_kg
from lodeline.service.licences.draw_facts import Draw, exits_in_force

#: How a licence stood, in words of either language.
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "to-come": ("not yet in force", "尚未生效"),
    "suspended": ("suspended", "中止"),
    "expired": ("past its last day", "到期"),
    "revoked": ("revoked", "撤销"),
}


def exit_flags(licence: Licence | None, draws: Iterable[Draw]) -> dict[int, tuple[Problem, ...]]:
    """Number of an exit → what is flagged about it as it stands; exits of which nothing is flagged are left out.

    `draws`: every row about the licence, in the order of the log.
    """
    every = list(draws)
    reserved = {one.number: one.masses_mg for one in every if one.act == "reserve"}
    left: dict[int, dict[str, int]] = {}
    found = {}
    for one in exits_in_force(every):
        flags = [*_not_in_force(licence, one)]
        if one.target in reserved:
            so_far = left.setdefault(one.target, {})
            for name, mass_mg in one.masses_mg.items():
                so_far[name] = so_far.get(name, 0) + mass_mg
            flags += _above(one, reserved[one.target], so_far)
        if flags and any(one.masses_mg.values()):
            found[one.number] = tuple(flags)
    return found


def _not_in_force(licence: Licence | None, one: Draw) -> Iterable[Problem]:
    standing = "granted" if licence is None else licence.standing(one.on)
    if standing != "granted":
        state, state_zh = _STATES[standing]
        yield problem(
            "exit.licence-not-in-force", licence=one.account, standing=standing, state=state, state_zh=state_zh,
            day=one.on.isoformat(),
        )  # fmt: skip


def _above(one: Draw, reserved: Masses, left: Masses) -> Iterable[Problem]:
    """The mass of goods that has left above the reservation, or where that fits the elements."""
    over = [name for name, mass_mg in reserved.items() if left.get(name, 0) > mass_mg and one.masses_mg.get(name)]
    for name in [GOODS] if GOODS in over else over:
        over_kg, reserved_kg = format_kg(left[name] - reserved[name]), format_kg(reserved[name])
        yield problem(
            "exit.above-reservation", declaration=one.declaration, line=one.line, what=name or "goods",
            what_zh=name or "货物", reserved_kg=reserved_kg, over_kg=over_kg,
        )  # fmt: skip
