"""What is licensed and exported to the end users of an application, by whomever, against what they are said to need.

One end user is whoever the register's decisions, the lists and the names themselves certainly make one; a name that is
only like it is left out. Masses of elements are those of licences, of rows and of applications' compositions; a licence
that states none counts as its application's goods, and where there is none as goods of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain

import polars as pl

from lodeline.control.declaration import Line
from lodeline.control.licences.application import Application
from lodeline.control.licences.end_use import YEAR_DAYS, EndUse, Kind, Supply, compare
from lodeline.control.record import plain
from lodeline.ledger.licence import GOODS, Licence
from lodeline.ledger.register import Register
from lodeline.material.element import RARE_EARTHS
from lodeline.material.mass import share_mg
from lodeline.party.lists import Party
from lodeline.party.reasons import threshold
from lodeline.party.screening import FILED, Hit, Screener
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, compositions, element_masses, licence_accounts
from lodeline.service.parties.index import screener_of
from lodeline.store.queries.licences import exports_between
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: Numbers of licences → the applications that they were granted on, as read.
Granted = Callable[[Collection[str]], Mapping[str, Application]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUses:
    """What is known of the end users. `unstated_mg`: end user → goods on licences in force of whose elements nothing is
    stated; `names`: end user → other names that were taken for it."""

    rows: tuple[EndUse, ...]
    unstated_mg: Mapping[str, int]
    names: Mapping[str, frozenset[str]]


def end_uses(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, application: Application, pending: Iterable[Application],
    granted: Granted, today: date, is_decided: bool = False,
) -> EndUses:  # fmt: skip
    """Every end user and element of an application. `pending`: other applications that are not decided; `granted`: the
    applications of these licences, as far as there are any. Licences and exports are those of every exporter.

    An application that `is_decided` asks for nothing more: what it was granted is counted once, as its licence's.
    """
    elements = _elements(application, law, today)
    waiting, rows = list(pending), exports_between(store, today - timedelta(days=YEAR_DAYS), today)
    register, licences = snapshot.register, _standing(snapshot.register, today)
    named = [application.end_users, *(one.end_users for one in licences), *(one.end_users for one in waiting)]
    filed = (rows[column].drop_nulls().unique().to_list() for column in ("end_user_name", "counterparty_name"))
    names = frozenset(chain.from_iterable((*named, *filed)))
    called = _Called(application.end_users, names, screener_of(store, snapshot), register, today)
    supplies: list[Supply] = []
    if not is_decided:
        supplies += _of_application("asked", application, called.of_all(application.end_users), elements, today)
    for one in waiting:
        supplies += _of_application("pending", one, called.of_all(one.end_users), elements, today)
    ids = [one.id for one in licences if called.of_all(one.end_users)]
    accounts = licence_accounts(store, register, law, ids) if ids else {}
    licensed, unstated = _licensed(accounts, called, granted(list(accounts)), elements, today)
    supplies += [*licensed, *_exported(store, rows, called, elements)]
    # Two names of one end user on the application itself are one, too.
    needs = [replace(one, end_user=called.of(one.end_user) or one.end_user) for one in application.needs]
    return EndUses(
        rows=tuple(compare(supplies, needs)), unstated_mg=unstated,
        names={user: frozenset(names) for user, names in called.taken.items()},
    )  # fmt: skip


class _Called:
    """Which end user of the application a name means. `taken`: names that were taken for one and differ from it."""

    def __init__(
        self, end_users: Sequence[str], names: frozenset[str], screener: Screener, register: Register, day: date
    ) -> None:  # fmt: skip
        """`names`: all that may be asked about."""
        self.taken: dict[str, set[str]] = {}
        self._register = register
        self._known: dict[str, str | None] = {}
        self._names: dict[str, set[str]] = {}
        self._alike: dict[str, set[str]] = {}
        index = _index(names)
        for user in end_users:
            hits = _certain(screener, user, day)
            self._alike[user] = {one.id for hit in _certain(index, user, day) for one in hit.records}
            # Where several parties certainly bear the name, none of them lends its other names.
            records = hits[0].records if len(hits) == 1 else ()
            known = {user, self._party(user), *(name for one in records for name in (*one.names, one.id))}
            self._names[user] = {plain(name) for name in known if name} - {""}

    def of(self, *names: str | None) -> str | None:
        """The end user that any of these texts about one party means."""
        return next((user for name in names if name and (user := self._of(name)) is not None), None)

    def of_all(self, names: Iterable[str]) -> list[str]:
        """The end users that are among these names, each once."""
        return list(dict.fromkeys(user for name in names if (user := self.of(name)) is not None))

    def _party(self, name: str) -> str:
        meant = self._register.party_by_name.get(name.strip().casefold(), name)
        return self._register.party_of.get(meant, meant)

    def _of(self, name: str) -> str | None:
        if name not in self._known:
            texts = {plain(name), plain(self._party(name))}
            same = (
                user for user, known in self._names.items()
                if texts & known or name in self._alike[user]
            )  # fmt: skip
            self._known[name] = next(same, None)
        user = self._known[name]
        if user is not None and name != user and name not in self._register.party_ids:
            self.taken.setdefault(user, set()).add(name)
        return user


def _certain(screener: Screener, name: str, day: date) -> list[Hit]:
    return [hit for hit in screener.screen(name, day=day).hits if hit.probability >= threshold("certain", day)]


@lru_cache(maxsize=4)
def _index(names: frozenset[str]) -> Screener:
    """The names to be looked among; made once for as long as no licence or export brings another."""
    return Screener([Party(source=FILED, id=name, names=(name,)) for name in sorted(names)])


def _elements(application: Application, law: Jurisdiction, today: date) -> list[str]:
    """The listed elements of the items applied for and those of the needs; where none is, every rare earth in it."""
    stated = {line["control_item"] for line in application.goods}
    items = control_items(law, today, known=today)
    listed = {element for one in items if one.item in stated for element in one.rare_earths}
    wanted = listed | {one.element for one in application.needs}
    held = {element for line in application.goods for element in _masses(line)}
    return [one for one in RARE_EARTHS if one in wanted] or [one for one in RARE_EARTHS if one in held]


def _masses(line: Line) -> dict[str, int]:
    """Element → mg of a line of goods; nothing where mass or composition is not read."""
    composition, mass_mg = line.composition, line["mass_kg"]
    if composition is None or not mass_mg:
        return {}
    return {element: share_mg(mass_mg, ppb) for element, ppb in composition.shares.items()}


def _of_application(
    kind: Kind, application: Application, users: Sequence[str], elements: Sequence[str], today: date
) -> Iterator[Supply]:
    """All of it for each of its end users: any of them may get it."""
    last = application.valid_to or today
    days = (last - max(today, application.valid_from or today)).days + 1
    for user in users:
        for element in elements:
            mass_mg = sum(_masses(line).get(element, 0) for line in application.goods)
            yield Supply(kind=kind, end_user=user, element=element, mass_mg=mass_mg, days=days)


def _standing(register: Register, today: date) -> list[Licence]:
    """The licences that stand or are to come; what is suspended may be used again."""
    states = ("granted", "to-come", "suspended")
    return [one for one in register.licences.values() if one.standing(today) in states]


def _licensed(
    accounts: Mapping[str, LicenceAccount], called: _Called, granted: Mapping[str, Application],
    elements: Sequence[str], today: date,
) -> tuple[list[Supply], dict[str, int]]:  # fmt: skip
    """What may still leave, reservations included: all of it for each of the end users, for any of them may get it.

    Of a licence whose one export has left nothing more may but what is reserved.
    """
    supplies: list[Supply] = []
    unstated: dict[str, int] = {}
    for id_, account in accounts.items():
        licence = account.licence
        assert licence is not None, "it was found in the register"
        days = YEAR_DAYS if licence.valid_to is None else (licence.valid_to - today).days + 1
        may = 0 if account.standing(today) == "exhausted" else 1
        goods = account.account.balance(GOODS, today)
        goods_mg = goods.left * may + goods.reserved
        for user in called.of_all(licence.end_users):
            for element in elements:
                if element in licence.elements_mg:
                    one = account.account.balance(element, today)
                    mass_mg = one.left * may + one.reserved
                else:
                    mass_mg = _share_of(granted.get(id_), element, goods_mg)
                if mass_mg:
                    supplies.append(Supply(kind="licensed", end_user=user, element=element, mass_mg=mass_mg, days=days))
            if not licence.elements_mg and id_ not in granted:
                unstated[user] = unstated.get(user, 0) + goods_mg
    return supplies, unstated


def _share_of(application: Application | None, element: str, goods_mg: int) -> int:
    """Of a mass of goods what is this element, in the proportion of the application's goods, rounded up."""
    if application is None or not application.mass_mg:
        return 0
    of_element = sum(_masses(line).get(element, 0) for line in application.goods)
    return -(-goods_mg * of_element // application.mass_mg)


def _exported(store: Store, rows: pl.DataFrame, called: _Called, elements: Collection[str]) -> list[Supply]:
    """What left to an end user, and what one bought for another end user."""
    places = []
    for end_user, party, buyer in rows.select("end_user_name", "party", "counterparty_name").iter_rows():
        bought = called.of(party, buyer)
        # A row without an end user goes to whom it is sold.
        user = called.of(end_user) if end_user else bought
        found: list[tuple[Kind, str]] = [("exported", user)] if user is not None else []
        places.append(found + ([("onward", bought)] if bought is not None and bought != user else []))
    kept = rows.filter(pl.Series([bool(one) for one in places], dtype=pl.Boolean()))
    lots = set(kept.filter(pl.col("composition").is_null())["lot"].drop_nulls())
    of_lot = compositions(store, lots) if lots else {}
    supplies = []
    for found, row in zip(filter(None, places), kept.iter_rows(named=True), strict=True):
        masses = element_masses(row["dry_mg"] or 0, row["composition"] or of_lot.get(row["lot"]))
        supplies += [
            Supply(kind=kind, end_user=user, element=element, mass_mg=masses[element])
            for kind, user in found for element in elements if masses.get(element)
        ]  # fmt: skip
    return supplies
