"""Exports after the controls of 4 April 2025: no controlled magnet leaves without a licence that covers it.

Announcement 18 of 2025 (MOFCOM and GAC, 2025-04-04) controls NdFeB with dysprosium or terbium and Sm-Co
magnets; licences were granted one by one from summer on, general ones from 2 December 2025 (Reuters).
Decree on dual-use items art. 15: individual at most one year and one end user, general at most three years;
art. 17: 45 working days. Waiting times, masses and shares here are assumptions, as
is that whoever delivers to one user again and again holds a general licence, before December 2025 too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from lodeline.world.stock import KG
from lodeline.world.stream import Stream

CONTROLLED_FROM = date(2025, 4, 4).toordinal()
FIRST_GRANTS = date(2025, 6, 1).toordinal()
#: Until then, this share of uncontrolled magnets was held back too: one customs code covers them all (assumption;
#: exports of the first half of 2025 fell by 18.9 %, General Administration of Customs).
CAUTION = 0.45
FIRST_GENERAL = date(2025, 12, 2).toordinal()
WAIT_DAYS = (62, 105)
VALID_DAYS = (180, 364)
GENERAL_SHARE = 0.15
WITH_ELEMENTS = 0.3
#: A licence of which less than this share is left, or which ends within so many days, is renewed.
RENEW_LEFT, RENEW_DAYS = 0.4, 90


@dataclass(slots=True, kw_only=True)
class Licence:
    """A licence and what is left of it. Masses in milligrams; `elements_mg` is empty where none is stated."""

    id: str
    kind: str
    exporter: str
    end_user: str
    items: tuple[str, ...]
    product: str
    mass_mg: int
    left_mg: int
    elements_mg: dict[str, int]
    elements_left_mg: dict[str, int]
    destination: str
    end_use: str
    valid_from: int
    valid_to: int
    #: Declarations that it truly served. One that serves several is written as a general licence (art. 15).
    served: dict[str, None] = field(default_factory=dict)
    #: Written as an individual licence whatever it served: a plot uses it a second time.
    is_single: bool = False

    @property
    def kind_granted(self) -> str:
        """Its kind in the register: an individual licence is for one export."""
        return self.kind if self.is_single or len(self.served) < 2 else "general"

    def covers(self, day: int, mass_mg: int, elements_mg: dict[str, int]) -> bool:
        """True while in force and not exhausted by this mass."""
        return (
            self.valid_from <= day <= self.valid_to
            and mass_mg <= self.left_mg
            and all(elements_mg.get(element, 0) <= left for element, left in self.elements_left_mg.items())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One lot that is to leave."""

    exporter: str
    end_user: str
    items: tuple[str, ...]
    product: str
    mass_mg: int
    elements_mg: dict[str, int]
    destination: str
    end_use: str
    day: int


class Licences:
    """Every licence of the world, applied for when it is first missed and renewed before it runs out."""

    def __init__(self, first_day: int) -> None:
        self.granted: list[Licence] = []
        self._by_purpose: dict[tuple[str, str, tuple[str, ...]], list[Licence]] = {}
        self._first_day = first_day

    def draw(self, request: Request, stream: Stream) -> Licence | None:
        """A licence that covers the lot, drawn down by it; None while there is none, which starts an application."""
        purpose = (request.exporter, request.end_user, request.items)
        mine = self._by_purpose.setdefault(purpose, [])
        for licence in mine:
            if licence.covers(request.day, request.mass_mg, request.elements_mg):
                licence.left_mg -= request.mass_mg
                for element in licence.elements_left_mg:
                    licence.elements_left_mg[element] -= request.elements_mg.get(element, 0)
                if mine[-1] is licence and _due(licence, request.day):
                    mine.append(self._grant(request, stream, licence.mass_mg))
                return licence
        if not mine or (mine[-1].valid_from <= request.day):
            mine.append(self._grant(request, stream, 0))
        return None

    def _grant(self, request: Request, stream: Stream, usual_mg: int) -> Licence:
        start = request.day + stream.integer(*WAIT_DAYS)
        if request.day < self._first_day + 31 and self._first_day > FIRST_GRANTS + WAIT_DAYS[1]:
            start = request.day - stream.integer(5, 60)
        start = max(start, FIRST_GRANTS + stream.integer(0, 25))
        general = start >= FIRST_GENERAL and stream.chance(GENERAL_SHARE)
        mass_mg = usual_mg or request.mass_mg * stream.integer(10, 24)
        if mass_mg < request.mass_mg * 4:
            mass_mg = request.mass_mg * 12
        mass_mg = -(-mass_mg // (100 * KG)) * 100 * KG
        elements: dict[str, int] = {}
        if not general and stream.chance(WITH_ELEMENTS):
            elements = {
                element: -(-mass_mg // request.mass_mg * element_mg * 5 // 4 // KG) * KG
                for element, element_mg in request.elements_mg.items()
            }
        licence = Licence(
            id=f"SYN-{date.fromordinal(start).year}-{len(self.granted) + 1:06d}",
            kind="general" if general else "individual", exporter=request.exporter, end_user=request.end_user,
            items=request.items, product=request.product, mass_mg=mass_mg, left_mg=mass_mg, elements_mg=elements,
            elements_left_mg=dict(elements), destination=request.destination, end_use=request.end_use,
            valid_from=start, valid_to=start + (364 if general else stream.integer(*VALID_DAYS)),
        )  # fmt: skip
        self.granted.append(licence)
        return licence


def _due(licence: Licence, day: int) -> bool:
    return licence.left_mg < RENEW_LEFT * licence.mass_mg or licence.valid_to - day < RENEW_DAYS
