"""What to take along to a site, and what measuring there would settle, of the plan that its books would give today.

Nothing is entered and nothing drawn: it is `planning.propose` with the usual goals, an assumption of this program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

from lodeline.accountancy.verification.plan import Sight
from lodeline.filing.inspection.columns import PARTS
from lodeline.material.mass import format_kg
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.planning import PlanError, Wanted, propose
from lodeline.store.snapshot import Snapshot

Instrument = Literal["count", "weigh", "xrf", "laboratory"]
#: Bags of an item that is sampled.
BAGS: Final = len(PARTS)
_SOME_DAY: Final = "2025-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An act of the plan: on how many items of which strata, (product, size) each. `heaviest_mg`: the heaviest of them,
    which the scale must take."""

    act: Instrument
    items: int
    strata: tuple[tuple[str, str], ...]
    heaviest_mg: int

    @property
    def bags(self) -> int:
        """How many bags it takes."""
        return self.items * BAGS if self.act == "laboratory" else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingAlong:
    """`uses`: by act; `minutes` at the site; `items` there; `settles`: which mass of an element a count there would
    show to be gone, and how surely: of the goals the one that shows least."""

    uses: tuple[Use, ...]
    minutes: int
    items: int
    settles: Sight | None


def taking_along(snapshot: Snapshot, *, site: str) -> TakingAlong | None:
    """Of a site as its books stand; None where they hold nothing that could be drawn from."""
    return snapshot.once(_reckoned, site)


def _reckoned(snapshot: Snapshot, site: str) -> TakingAlong | None:
    # Nothing is entered, so the day is any: that of the books.
    on = date.fromisoformat((snapshot.as_of or _SOME_DAY)[:10])
    try:
        proposal = propose(
            site_items(snapshot, site=site), Wanted(site=site, on=on), register=snapshot.register,
            entry=snapshot.entry, today=on, compare=False,
        )  # fmt: skip
    except PlanError:
        return None
    plan, uses = proposal.plan, list[Use]()
    for act in get_args(Instrument):
        taken = [(one.stratum, one.numbers[act]) for one in plan.strata if one.numbers.get(act)]
        if taken:
            uses.append(
                Use(
                    act=act, items=sum(number for _, number in taken),
                    strata=tuple(dict.fromkeys((stratum.product, stratum.size) for stratum, _ in taken)),
                    heaviest_mg=max(stratum.heaviest_mg for stratum, _ in taken),
                )
            )  # fmt: skip
    whole = [one for one in plan.sights if one.kind == "gross"]
    return TakingAlong(
        uses=tuple(uses), minutes=plan.minutes, items=len(proposal.items),
        settles=min(whole, key=lambda one: (one.probability, one.element), default=None),
    )  # fmt: skip


def as_json(found: TakingAlong) -> dict[str, Any]:
    """As `lodeline inspect choose --json` has it."""
    sight = found.settles
    return {
        "minutes": found.minutes, "items": found.items,
        "uses": [
            {
                "act": one.act, "items": one.items, "bags": one.bags, "heaviest_kg": format_kg(one.heaviest_mg),
                "strata": [{"product": product, "size": size} for product, size in one.strata],
            }
            for one in found.uses
        ],
        "settles": None if sight is None else {
            "element": sight.element, "mass_kg": format_kg(sight.goal_mg), "probability": round(sight.probability, 6)
        },
    }  # fmt: skip
