"""One index of everybody who is known: the register, the lists, and the names that filings have and nobody resolved.

It is made once for a store and then follows: what an entry changes is put in or taken out by itself, in milliseconds.
Another process that finds it stale does the same. A search and a change do not meet: `Screener` keeps them apart. What
is followed is a log and no address: where another store has come to stand at the same one, the index is made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from lodeline.party.lists import Party, PartyList
from lodeline.party.registered import held_stakes, registered
from lodeline.party.screening import FILED, Screener
from lodeline.service.parties.lists import edition, lists_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Head, Store


@dataclass(kw_only=True)
class _Kept:
    """The index of one store, and what it was made of. `seen`: the last entry that was looked at, and the root of the
    log at it; -1 where there was none."""

    screener: Screener
    seen: tuple[int, str] = (-1, "")
    basis: tuple[object, ...] = ()
    lock: threading.Lock = field(default_factory=threading.Lock)


_KEPT: dict[str, _Kept] = {}
_MAKING = threading.Lock()


def known_parties(store: Store) -> Screener:
    """The parties of the register as it is now, and of the lists, with the names of filings as far as they are in."""
    return _caught_up(store, None)


def screener_of(store: Store, snapshot: Snapshot) -> Screener:
    """The same with every name that the rows of the snapshot have and that is no party yet."""
    return _caught_up(store, snapshot)


def screener_before(store: Store, snapshot: Snapshot, before: int) -> Screener:
    """The same as it was for a snapshot of old, with the lists that stood before an entry: made for this alone."""
    lists = lists_of(store, before=before)
    register = snapshot.register
    stakes = [*held_stakes(register), *(stake for one in lists for stake in one.stakes)]
    return Screener([*registered(register), *_of(lists), *_filed(snapshot)], stakes)


def _caught_up(store: Store, snapshot: Snapshot | None) -> Screener:
    with _MAKING:
        kept = _KEPT.setdefault(f"{store.database.url}\n{store.origin}", _Kept(screener=Screener([])))
    with kept.lock:
        head = store.head()
        if not _goes_on(store, kept):
            kept.screener, kept.basis = Screener([]), ()
        kept.seen = _end(store, head)
        lists = lists_of(store)
        named = None if snapshot is None else snapshot.root
        basis = (head.register_entry, store.signer.verifier.vkey, tuple((one.name, edition(one)) for one in lists))
        if kept.basis[:-1] == basis and (named is None or kept.basis[-1] == named):
            return kept.screener
        register = store.register(head)
        parties = {one.key: one for one in (*registered(register), *_of(lists))}
        if snapshot is not None:
            parties |= {one.key: one for one in _filed(snapshot)}
        # Without the rows it is not known which names have gone; they stay until somebody looks with them.
        gone = [key for key in kept.screener.keys if key not in parties and (named or not key.startswith(f"{FILED}:"))]
        if not kept.basis or len(gone) > len(parties):
            kept.screener = Screener(parties.values())
        else:
            for key in gone:
                kept.screener.take_out(key)
            for party in parties.values():
                kept.screener.put(party)
        kept.screener.own([*held_stakes(register), *(stake for one in lists for stake in one.stakes)])
        kept.basis = (*basis, named if named is not None else kept.basis[-1] if kept.basis else None)
        return kept.screener


def _end(store: Store, head: Head) -> tuple[int, str]:
    last = store.entry(head.size - 1) if head.size else None
    return (-1, "") if last is None else (last.index, last.root)


def _goes_on(store: Store, kept: _Kept) -> bool:
    """Whether the log of the store is that which was looked at before, as far as that went."""
    index, root = kept.seen
    if index < 0:
        return not kept.basis
    found = store.entry(index)
    return found is not None and found.root == root


def _of(lists: Sequence[PartyList]) -> list[Party]:
    return [party for one in lists for party in one.parties]


def _filed(snapshot: Snapshot) -> list[Party]:
    return [Party(source=FILED, id=name, names=(name,)) for name in unresolved_names(snapshot)]


def unresolved_names(snapshot: Snapshot) -> list[str]:
    """The names that rows in force have and that are no party yet."""
    known = snapshot.register.party_ids
    names = snapshot.lines["party"].drop_nulls().unique().sort()
    return names.filter(~names.is_in(pl.Series(list(known)))).to_list()
