"""Whom a name means that somebody filed: by what was decided, by its letters, by likeness, or not yet.

What a person or a run decided about a name stands in the register, and goes before everything else. A name that is
written as one firm's is that firm's. A name that is only alike is taken for a party where it is so likely that nobody
need look (`resolve` in `data/party/thresholds.csv`) and no other party is possible; else it waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from lodeline.ledger.register import Register
from lodeline.party.reasons import threshold
from lodeline.party.registered import REGISTER
from lodeline.party.screening import Hit, Screener, Screening

By = Literal["decided", "exact", "alike", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """`party`: id in the register, None while it waits. `probability`: of what is alike. `found`: if one looked."""

    party: str | None
    by: By
    probability: float | None = None
    found: Screening | None = None

    @property
    def candidates(self) -> tuple[Hit, ...]:
        """Parties of the register that it may be, the likeliest first."""
        return parties_of(self.found) if self.found else ()


def as_row(name: str) -> str:
    """A name as a row has it in the place of its counterparty: an id holds no slash, so neither does a name."""
    return name.replace("/", "∕")


def resolve(
    name: str, *, register: Register, screener: Screener, day: date, country: str | None = None, look: bool = True
) -> Resolution:  # fmt: skip
    """Whom a name as filed means on the day. `look`: whether names that are only alike are looked for."""
    text = as_row(name)
    if (party := register.party_of.get(text)) is not None:
        return Resolution(party=party, by="decided")
    if (party := register.party_by_name.get(name.strip().casefold())) is not None:
        return Resolution(party=register.party_of.get(party, party), by="exact", probability=1.0)
    if not look:
        return Resolution(party=None, by="open")
    found = screener.screen(name, day=day, country=country)
    denied = register.denied.get(text)
    possible = [
        hit
        for hit in parties_of(found)
        if hit.probability >= threshold("possible", day) and party_of(hit) not in (denied or ())
    ]
    certain = [hit for hit in possible if hit.probability >= threshold("resolve", day)]
    # What somebody has looked at and left open, or wrote with letters that deceive the eye, is not settled by itself.
    if len(possible) == len(certain) == 1 and denied is None and not found.remarks:
        return Resolution(party=party_of(certain[0]), by="alike", probability=certain[0].probability, found=found)
    return Resolution(party=None, by="open", found=found)


def party_of(hit: Hit) -> str:
    """The id of a hit's record in the register."""
    return next(record.id for record in hit.records if record.source == REGISTER)


def parties_of(found: Screening) -> tuple[Hit, ...]:
    """The hits that are parties of the register."""
    hits = (hit for hit in found.hits if any(record.source == REGISTER for record in hit.records))
    return tuple(sorted(hits, key=lambda hit: -hit.probability))
