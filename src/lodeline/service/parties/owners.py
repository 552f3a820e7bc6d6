"""Who stands behind a name: the party that holds half and more of it, up the chain, as register and lists have it.

The desk looks by it at consignments to one beneficial owner under several names. A party with no such owner stands for
itself. What the register knows of owners is the authority's and is not looked up for an exporter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from lodeline.control.record import plain
from lodeline.ledger.register import Register
from lodeline.party.lists import PartyList
from lodeline.party.ownership import controllers
from lodeline.party.reasons import threshold
from lodeline.party.registered import REGISTER, held_stakes


def owners_behind(register: Register, lists: Sequence[PartyList], *, day: date) -> dict[str, str]:
    """Name (`control.record.plain`), and `@` with the id of an organisation or party → what stands for its owner and
    for all whom that owns on the day. Only of those that own or are owned."""
    stakes = [*held_stakes(register), *(stake for one in lists for stake in one.stakes)]
    if not stakes:
        return {}
    tops = controllers(stakes, day=day, threshold=Fraction(str(threshold("ownership-share", day))))
    known = {key for stake in stakes for key in (stake.owner, stake.owned)}
    bearers = register.organisation_by_name
    found: dict[str, str] = {}
    # What the register says of a party weighs more than what a list says of its name.
    for key, names in (*_listed(lists, known), *_registered(register, known)):
        label = _label(tops.get(key, key))
        found |= {plain(name): label for name in names if plain(name)}
        found |= {f"@{bearers[name.casefold()]}": label for name in names if name.casefold() in bearers}
        found[_label(key)] = label
    return found


def _label(key: str) -> str:
    """What the desk calls a party of the register: `@` and its id; one of a list is called as the list calls it."""
    source, _, id_ = key.partition(":")
    return f"@{id_}" if source == REGISTER else key


def _registered(register: Register, known: set[str]) -> Iterator[tuple[str, Iterable[str]]]:
    meant = register.party_of
    columns = ("id", "name_zh", "name_en", "aliases")
    for id_, name_zh, name_en, aliases in register.tables["organisations"].select(*columns).iter_rows():
        yield from _of(meant.get(id_, id_), (name_zh, name_en, *(aliases or ())), known)
    for id_, name in register.tables["parties"].select("id", "name").iter_rows():
        yield from _of(meant.get(id_, id_), (name,), known)
    for name, party in register.tables["party_names"].select("name", "party").iter_rows():
        if party:
            yield from _of(meant.get(name, party), (name,), known)


def _of(id_: str, names: Iterable[str | None], known: set[str]) -> Iterator[tuple[str, Iterable[str]]]:
    key = f"{REGISTER}:{id_}"
    if key in known:
        yield key, [name for name in names if name]


def _listed(lists: Sequence[PartyList], known: set[str]) -> Iterator[tuple[str, Iterable[str]]]:
    for one in lists:
        yield from ((party.key, party.names) for party in one.parties if party.key in known)
