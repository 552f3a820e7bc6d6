"""Licences of the ledger that a scenario finds held: which edges of a network each covers, and what is left of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from lodeline.control.record import plain
from lodeline.ledger.licence import GOODS, Licence, countries_of
from lodeline.ledger.register import Register
from lodeline.material.mass import MG_PER_KG
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, licence_accounts
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.strategy.classes import matches
from lodeline.strategy.control.held import HeldLicence, with_held
from lodeline.strategy.network import Network
from lodeline.strategy.scenario import Scenario

Accounts = Mapping[str, LicenceAccount]
#: Between the control items of an edge.
_ITEMS: Final = ";"


def accounts_at(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Accounts:
    """The accounts of all licences that were granted by the entry of the snapshot, as rows and draws had them then."""
    register = snapshot.register
    return licence_accounts(store, register, law, register.licences, before=snapshot.entry + 1)


def with_licences(network: Network, accounts: Accounts, register: Register, scenario: Scenario) -> Network:
    """The network with what licences allow that are in force on the first day of the scenario, less what is used and
    what is promised to declarations that are still to leave.

    A licence covers the exports of its holder to its end users, at its destination, of its control items and products;
    one that states none of these covers all. A licence that begins later is not held yet.
    """
    covering = _Covering(network, register)
    held = [covering.held(one, scenario.starts) for one in accounts.values()]
    return with_held(network, [one for one in held if one is not None and one.edges])


class _Covering:
    """Finds the edges that a licence covers."""

    def __init__(self, network: Network, register: Register) -> None:
        self._network = network
        settled = {name.strip().casefold(): party for name, party in register.party_of.items()}
        self._party = {**register.organisation_by_name, **settled}
        edges, holdings = network.edges, network.holdings
        self._of: dict[str, list[int]] = {}
        self._users: dict[int, frozenset[str]] = {}
        for edge, (source, target) in enumerate(zip(edges.source.tolist(), edges.target.tolist(), strict=True)):
            if edges.border[edge] and edges.is_filed[edge]:
                self._of.setdefault(holdings.organisation[source], []).append(edge)
                self._users[edge] = self._meant((edges.end_user[edge], holdings.organisation[target]))

    def held(self, found: LicenceAccount, day: date) -> HeldLicence | None:
        """A licence as a run finds it on a day; None where it is not in force then."""
        licence = found.licence
        if licence is None or found.standing(day) != "granted":
            return None
        last = found.account.ends
        left = {name: found.account.left(name, day) / MG_PER_KG for name in licence.granted_mg}
        return HeldLicence(
            id=licence.id, edges=tuple(self._edges(licence, day)), left_kg=left.pop(GOODS, None), elements_kg=left,
            last_day=None if last is None else (last - day).days,
        )  # fmt: skip

    def _edges(self, licence: Licence, day: date) -> Iterator[int]:
        edges, holdings = self._network.edges, self._network.holdings
        users = self._meant(licence.end_users)
        for edge in self._of.get(licence.holder(day) or "", ()):
            source, target = int(edges.source[edge]), int(edges.target[edge])
            goods = holdings.goods[source]
            if licence.end_users and users.isdisjoint(self._users[edge]):
                continue
            if licence.destination and holdings.country[target] not in countries_of(licence.destination):
                continue
            if licence.products and not any(matches(goods, one) for one in licence.products):
                continue
            if licence.control_items and not _is_of(edges.items[edge].split(_ITEMS), licence.control_items):
                continue
            yield edge

    def _meant(self, names: Iterable[str]) -> frozenset[str]:
        """Names as they are read alike, and whom each means."""
        given = [name for name in names if name]
        meant = [self._party.get(name.strip().casefold(), name) for name in given]
        return frozenset(map(plain, (*given, *meant)))


def _is_of(filed: Collection[str], licensed: Collection[str]) -> bool:
    """Whether one of the control items that were filed is one of a licence, or part of one."""
    return any(one == item or one.startswith(f"{item}.") for one in filed for item in licensed)
