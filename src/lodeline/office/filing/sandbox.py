"""Which ledger a filing goes into: the log itself, or the sandbox of its organisation, where filing is only tried.

A sandbox is a store of its own beside the log, with the same register and nothing else in it. What is tried there is
judged by the log as it stands (holdings, deliveries on their way, what others filed), which is read and not written.
Its key and its name differ from the log's, so a receipt of a sandbox can never be taken for one of the log.
"""

from __future__ import annotations

import hmac
import os
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from django.conf import settings

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.models import Draft
from lodeline.service.entries.records import put_records
from lodeline.store.database import Database
from lodeline.store.opening import create, open_store
from lodeline.store.store import Store

ORIGIN: Final = "lodeline.local/sandbox"
_KEPT: Final = 64


def ledger() -> Store:
    """The store of the log that this process serves."""
    return _opened(settings.LODELINE_DATABASE)


def ledger_of(draft: Draft, *, now: datetime) -> Store:
    """The store that a draft is judged against and filed into."""
    return sandbox(draft.organisation, now=now) if draft.sandbox else ledger()


def books_of(draft: Draft, store: Store) -> Store:
    """What a draft is judged by: the log, also where it is only tried. `store`: where it is filed.

    What was filed in a sandbox is known there alone, so a correction of it is judged there.
    """
    return ledger() if draft.sandbox and draft.corrects is None else store


def sandbox(organisation: str, *, now: datetime) -> Store:
    """The sandbox of an organisation, made where there is none, with the register as it stands."""
    main = ledger()
    url = str(_path(organisation))
    # Derived and never stored: whoever sets LODELINE_SECRET sets that of the log.
    secret = hmac.digest(main.secret, b"lodeline sandbox v1\0" + organisation.encode(), sha256).hex()
    if Path(url).exists():
        store = _sandbox(url, secret)
    else:
        _sandbox.cache_clear()
        store, _ = create(url, secret=secret, origin=ORIGIN)
    entry = main.head().register_entry
    # What says how far the register was copied lies beside the sandbox: no process needs to look twice.
    mark = Path(url + ".register")
    if _text(mark) != str(entry):
        put_records(store, main.register(main.head()).tables, filed_at=now)
        mark.write_text(str(entry), "ascii")
    return store


def empty(actor: Actor, organisation: str, *, now: datetime) -> None:
    """Throws away what was filed in the sandbox, and the drafts that were meant for it. Requires "own.file"."""
    actor.require("own.file", organisation)
    path = _path(organisation)
    Database(str(path)).close()
    for end in ("", "-wal", "-shm", ".register"):
        Path(str(path) + end).unlink(missing_ok=True)
    tried = Draft.objects.filter(organisation=organisation, sandbox=True)
    with Database(settings.LODELINE_DATABASE).transaction():
        for draft in tried:
            draft.files.all().delete()
            draft.edits.all().delete()
        tried.update(state=Draft.State.DROPPED, entry=None, changed_at=now, certification="")
        record_act(actor, "sandbox.empty", organisation=organisation)


def _text(path: Path) -> str:
    """What a file says; "" where there is none, as when another window has just emptied the sandbox."""
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return ""


def _path(organisation: str) -> Path:
    name = sha256(organisation.encode()).hexdigest()[:32]
    return _directory() / f"{name}.sqlite3"


def _directory() -> Path:
    if named := os.environ.get("LODELINE_SANDBOXES"):
        return Path(named)
    beside = Database(settings.LODELINE_DATABASE).path
    return (Path("var") if beside is None else beside.parent) / "sandboxes"


@lru_cache(maxsize=8)
def _opened(url: str) -> Store:
    return open_store(url)


@lru_cache(maxsize=_KEPT)
def _sandbox(url: str, secret: str) -> Store:
    return open_store(url, secret=secret)
