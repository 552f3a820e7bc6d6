"""Doing what nobody may do: the triggers are taken away, something is changed, and they are put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lodeline.store.guards import Guards, guards_of, make_guards
from lodeline.store.store import Store


def triggers(store: Store) -> list[tuple[str, str]]:
    """(table, trigger) of every guard of the ledger that stands; the office guards tables of its own."""
    if store.database.is_sqlite:
        found = store.database.rows("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    else:
        found = store.database.rows(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
        )
    return [(str(table), str(name)) for table, name in found if not str(table).startswith("office_")]


def drop_trigger(store: Store, table: str, name: str) -> None:
    """Removes one guard."""
    store.database.execute(f'DROP TRIGGER "{name}"' + ("" if store.database.is_sqlite else f' ON "{table}"'))


@contextmanager
def unguarded(store: Store) -> Iterator[None]:
    """No guards inside, all of them again afterwards."""
    for table, name in triggers(store):
        drop_trigger(store, table, name)
    yield
    make_guards(store.database)
    assert guards_of(store.database) == Guards(missing=(), foreign=())
