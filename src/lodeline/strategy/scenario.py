"""A scenario: what is done, from which day, and how a run of it goes; and the instruments that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

Rule = Literal["proportional", "priority", "guarantee"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
#: quota: an origin or unit is capped. licence: nothing goes for the delay, then what is approved. list: an element or
#: class needs a licence from now on. refuse: an end user gets nothing, nor who is owned by it. ban: a country gets
#: nothing. origin: an import stops. outage: a site stands still. loosen: a general licence. law: an instrument of the
#: published law pack, by its name.
InstrumentKind = Literal["quota", "licence", "list", "refuse", "ban", "origin", "outage", "loosen", "law"]
INSTRUMENT_KINDS: Final[tuple[InstrumentKind, ...]] = get_args(InstrumentKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """An act with dates and a scope; an empty scope is everything. Several multiply where they meet, but for
    licences: a case is decided once.

    goods: classes or products, of which it touches those that are one of them or of their kind. approval, cap: shares.
    low, high: the range of what is uncertain in it: of the delay in working days, else of the share.
    """

    id: str
    kind: InstrumentKind
    starts: date
    ends: date | None = None
    goods: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    hs_code: str = ""
    from_country: str = ""
    to_country: tuple[str, ...] = ()
    organisation: str = ""
    end_user: str = ""
    end_use: str = ""
    delay_working_days: float | None = None
    approval: float | None = None
    cap_kg: float | None = None
    cap: float | None = None
    de_minimis_value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a run is asked. Its day 0 is `starts`; base_from, base_to: months, both included.

    guarantee: share of its base orders that each receiver gets before the rest goes by rank (rule `guarantee`).
    substitution: share of a blocked input that other qualified suppliers may stand in for, where they have room.
    """

    name: str
    name_en: str
    name_zh: str
    base_from: str
    base_to: str
    starts: date
    horizon_days: int
    rule: Rule = "proportional"
    guarantee: float = 0.0
    substitution: float = 1.0
    seed: int = 1
    draws: int = 200
    note: str = ""
    instruments: tuple[Instrument, ...] = ()
