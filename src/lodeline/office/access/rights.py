"""Roles, delegations and tokens: each that is given or ended is an entry of the log, in the transaction that does it.

The entry says who did it, and which row; it commits with a salt to what the row says, so that neither a name nor an
organisation shows. Rows that are older than such entries are committed to at once, by one entry (`begin`).

What a row says is read from the database as it stands, by the same words for who writes and who verifies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, get_args

from lodeline.journal import entry as journal
from lodeline.office.access.guarded import moment, plain
from lodeline.service.entries.office_log import STANDING, Paper, facts_of, key_of, newest_first, put
from lodeline.store.queries.access import kept_rows
from lodeline.store.store import Store

Right = Literal["membership", "delegation", "token"]
RIGHTS: Final[tuple[Right, ...]] = get_args(Right)
ACTS: Final[Mapping[str, Right]] = {
    "membership.grant": "membership", "membership.end": "membership", "delegation.grant": "delegation",
    "delegation.end": "delegation", "token.issue": "token", "token.revoke": "token",
}  # fmt: skip
ROW_FORMAT: Final = "lodeline-office-row-v1"
STANDING_FILE: Final = "standing.json"
_MOMENTS: Final = frozenset({"at", "expires", "revoked"})


def enter(store: Store, act: str, row: int, *, by: str, now: datetime) -> None:
    """Enters that a right was given or ended, as its row says now. `by`: the pseudonym of who did it.

    The last step of the caller's transaction: the log is locked from here on.
    """
    right = ACTS[act]
    ((_, content),) = rows_of(store, right, row)
    put(store, {"what": act, "row": row, "by": by}, filed_at=now, paper=Paper(content=content))


def begin(store: Store, *, now: datetime) -> bool:
    """Commits to the rows of a store that is older than entries of them; False where there is nothing to be done."""
    if not is_older(store):
        return False
    with store.database.transaction():
        store.head(lock=True)
        if not is_older(store):
            return False
        standing = {
            right: {str(row): sha256(values).hexdigest() for row, values in rows_of(store, right)} for right in RIGHTS
        }
        paper = Paper(content=journal.canonical_json(standing), name=STANDING_FILE)
        put(store, {"what": STANDING}, filed_at=now, paper=paper)
    return True


def is_older(store: Store) -> bool:
    """Whether rights stand in a log that says nothing of any."""
    if any(next(rows_of(store, right), None) is not None for right in RIGHTS):
        return not any(facts_of(entry).get("what") in (STANDING, *ACTS) for entry in newest_first(store))
    return False


def rows_of(store: Store, right: Right, only: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Number and content of the rows of a right, or of one, in order: canonical JSON."""
    for row, columns in kept_rows(store, right, only):
        content = {name: _json_value(name, value) for name, value in columns.items()}
        yield row, _encoded({"format": ROW_FORMAT, "right": right, "row": row, **content})


def commitment_of(store: Store, index: int, content: bytes) -> str:
    """What the entry of this index commits to, if it is about this content."""
    return journal.upload_commitment(sha256(content).digest(), key_of(store, index))


def _json_value(name: str, value: object) -> object:
    if name in _MOMENTS:
        return plain(moment(value) or value)
    if name == "may_certify":
        return bool(value)
    return plain(value)


def _encoded(values: Mapping[str, object]) -> bytes:
    try:
        return journal.canonical_json(values)
    except journal.EntryError:
        # No row of ours: what somebody else put there fits no commitment.
        return json.dumps(values, default=str).encode()
