"""Doing in the office what nobody may do: its guards are taken away, something is changed, and they are put back."""

from __future__ import annotations

from collections.abc import Sequence

from lodeline.journal.verify import Fault
from lodeline.office.access.guarded import OFFICE_TABLES
from lodeline.office.log.proof import judge
from lodeline.service.log.audit import Verdict, verify
from lodeline.store.guards import Guards, guards_of, make_guards
from lodeline.store.store import Store


def alter(store: Store, statement: str, params: Sequence[str | int | bytes] = ()) -> None:
    """Runs a statement as whoever owns the database can, and leaves no trace beside what it did."""
    with store.database.transaction():
        for table in OFFICE_TABLES.tables:
            for name in ("update", "delete") if store.database.is_sqlite else ("change", "truncate"):
                on = "" if store.database.is_sqlite else f' ON "{table}"'
                store.database.execute(f'DROP TRIGGER "{table}_no_{name}"{on}')
        store.database.execute(statement, params)
        make_guards(store.database, OFFICE_TABLES)
    assert guards_of(store.database, OFFICE_TABLES) == Guards(missing=(), foreign=())


def verdict_of(store: Store) -> Verdict:
    """What `lodeline verify` says."""
    return verify(store, judge=judge)


def faults_of(store: Store) -> list[Fault]:
    """What does not hold."""
    return list(verdict_of(store).faults)
