"""Who followed whom: a firm that became part of another, a site that changed hands, a site that was closed.

Each is a record of the register, from a day on, with its reason. A row belongs to whoever filed it, for good; what a
succession changes is who answers for a site from its day on, and who did before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from lodeline.ledger.register import Register

Kind = Literal["merger", "holder", "closure"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """From `on`, `successor` stands where `organisation` stood: as a whole (`merger`), or at a `site` (`holder`).

    A `closure` has no successor: `on` is the first day on which the site is closed.
    """

    id: str
    kind: Kind
    organisation: str
    successor: str
    site: str
    on: date
    reason: str


def successions(register: Register) -> list[Succession]:
    """Every succession in the register, by day."""
    rows = register.tables.get("successions")
    if rows is None or rows.is_empty():
        return []
    found = [
        Succession(
            id=row["id"], kind=row["kind"], organisation=row["organisation"], successor=row["successor"] or "",
            site=row["site"] or "", on=row["on"], reason=row["reason"],
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.on, one.id))


def handovers(register: Register) -> dict[str, list[Succession]]:
    """Site → the times it changed hands, by day; sites that never did are left out."""
    found: dict[str, list[Succession]] = {}
    for one in successions(register):
        if one.kind == "holder":
            found.setdefault(one.site, []).append(one)
    return found


def holder_on(register: Register, site: str, on: date) -> str | None:
    """Who held a site on a day; None for a site that is not in the register."""
    later = (one.organisation for one in handovers(register).get(site, ()) if one.on > on)
    return next(later, register.site_organisation.get(site))


def holders_of(register: Register, site: str) -> list[str]:
    """Whoever holds a site or held it before, the first holder first."""
    current = register.site_organisation.get(site)
    before = [one.organisation for one in handovers(register).get(site, ())]
    return list(dict.fromkeys([*before, *([current] if current else [])]))


def former_holders(register: Register) -> dict[str, frozenset[str]]:
    """Site → whoever held it and holds it no more; sites that never changed hands are left out."""
    return {
        site: frozenset(one.organisation for one in found) - {register.site_organisation.get(site, "")}
        for site, found in handovers(register).items()
    }


def sites_held_before(register: Register, organisation: str) -> list[str]:
    """The sites that an organisation held and holds no more."""
    return sorted(site for site, before in former_holders(register).items() if organisation in before)


def partners(register: Register, organisation: str) -> frozenset[str]:
    """Whom an organisation follows, as a whole or at a site, and who follows it."""
    pairs = [(one.organisation, one.successor) for one in successions(register) if one.successor]
    return frozenset(other for pair in pairs if organisation in pair for other in pair) - {organisation}


def merged_into(register: Register, organisation: str) -> Succession | None:
    """The merger by which an organisation became part of another; None where it stands by itself."""
    return next(
        (one for one in successions(register) if one.kind == "merger" and one.organisation == organisation), None
    )


def merged_from(register: Register, organisation: str) -> list[Succession]:
    """The mergers by which others became part of an organisation, by day."""
    return [one for one in successions(register) if one.kind == "merger" and one.successor == organisation]
