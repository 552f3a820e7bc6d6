"""Whom the register knows, as parties, and who owns whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from lodeline.ledger.register import Register
from lodeline.party.identifier import ONE_PERSON, SCHEMES, identifier
from lodeline.party.lists import Party
from lodeline.party.ownership import Stake

REGISTER: Final = "register"


def registered(register: Register) -> list[Party]:
    """The organisations and parties of a register, each once; numbers with a wrong check digit are left out.

    What was merged is part of whom it was merged into, with its names and numbers. Names that were decided to mean a
    party are names of it.
    """
    found: dict[str, Party] = {}
    for row in register.tables["organisations"].iter_rows(named=True):
        names = (row["name_zh"], row["name_en"], *(row["aliases"] or ()))
        numbers = [f"{scheme}:{row[scheme]}" for scheme in ONE_PERSON if row[scheme]]
        found[row["id"]] = _record(row["id"], names, row["country"], numbers)
    meant = register.party_of
    rows = register.tables["parties"].to_dicts() if "parties" in register.tables else []
    decided = register.tables["party_names"].to_dicts() if "party_names" in register.tables else []
    known = {row["id"] for row in rows} | set(found)
    for row in rows:
        one = _record(row["id"], (row["name"],), row["country"], row["identifiers"] or ())
        found[row["id"]] = _joined(found[row["id"]], one) if row["id"] in found else one
    for row in decided:
        if row["party"] and (party := meant.get(row["name"], row["party"])) in known:
            named = _record(party, (row["name"],), None, ())
            found[party] = _joined(found[party], named)
    for party in [one for one in found if one in meant]:
        if meant[party] in found:
            found[meant[party]] = _joined(found[meant[party]], found.pop(party))
    return list(found.values())


def _record(party: str, names: Iterable[str | None], country: str | None, numbers: Iterable[str]) -> Party:
    told = [(scheme, number) for scheme, _, number in (text.partition(":") for text in numbers) if scheme in SCHEMES]
    return Party(
        source=REGISTER, id=party, names=tuple(dict.fromkeys(filter(None, names))),
        countries=frozenset({country} if country else ()),
        identifiers=frozenset(one for scheme, number in told if (one := identifier(scheme, number))),
    )  # fmt: skip


def _joined(one: Party, other: Party) -> Party:
    return replace(
        one, names=tuple(dict.fromkeys([*one.names, *other.names])), countries=one.countries | other.countries,
        identifiers=one.identifiers | other.identifiers,
    )  # fmt: skip


def held_stakes(register: Register) -> list[Stake]:
    """Who owns whom, as the register has it; a share that is no number is not known."""
    rows = register.tables["ownership"].to_dicts() if "ownership" in register.tables else []
    meant = register.party_of

    def key(party: str) -> str:
        return f"{REGISTER}:{meant.get(party, party)}"

    return [
        Stake(
            owner=key(row["owner"]), owned=key(row["owned"]), share=_share(row["share_pct"]),
            since=row["valid_from"], until=row["valid_to"],
        )
        for row in rows
    ]  # fmt: skip


def _share(text: str | None) -> Fraction | None:
    try:
        share = Fraction(text or "") / 100
    except (ValueError, ZeroDivisionError):
        return None
    return share if 0 <= share <= 1 else None
