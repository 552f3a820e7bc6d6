"""Tables of the strategic view: who may hand them in. They become entries of the log together, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.service.entries.upload import Upload
from lodeline.service.strategy.inputs import Filed, check_tables, file_tables
from lodeline.store.law import law_now
from lodeline.store.store import Store, StoredEntry

#: Files of one call: there are six tables.
FILES_MOST = 6


def hand_in(actor: Actor, store: Store, uploads: Sequence[Upload], *, now: datetime) -> list[Filed]:
    """Files tables (`service.strategy.inputs.file_tables`). Requires "strategy.run" for the whole country.

    Raises UserError where two files are the same table.
    """
    actor.require("strategy.run", AUTHORITY)

    def recorded(entries: Sequence[StoredEntry]) -> None:
        for entry in entries:
            record_act(actor, "strategy.table", subject=str(entry.index), facts={"entry": entry.index})

    return file_tables(
        store, uploads, filed_at=now, by=actor.pseudonym, law=law_now(store), in_transaction=recorded
    )  # fmt: skip


def check(actor: Actor, store: Store, uploads: Sequence[Upload]) -> list[Filed]:
    """What would become of tables that are handed in together. Requires "strategy.run" for the whole country."""
    actor.require("strategy.run", AUTHORITY)
    return check_tables(store, uploads, law=law_now(store))
