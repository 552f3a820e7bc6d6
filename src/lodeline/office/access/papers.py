"""Disputes, legal holds, requests to erase and proposals are papers that change: each act says in its record what they
then said.

The record holds a salted digest of the paper, and the record is anchored. So what a paper says now can be compared with
the last act upon it. What is sealed about a person stays sealed, and is compared as it is: after an erasure too, when
nobody can read it any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final, Literal

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.office.access.guarded import moment, plain
from lodeline.store.queries.access import kept_rows, recorded_acts
from lodeline.store.store import Store

Kind = Literal["dispute", "hold", "request", "proposal"]
DIGEST: Final = "said"
ACTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "dispute": ("dispute.raise", "dispute.answer", "dispute.withdraw"),
    "hold": ("hold.set", "hold.lift"),
    "request": ("erasure.ask", "erasure.withdraw", "erasure.refuse", "erasure.done", "erasure.again"),
    "proposal": ("proposal.make", "proposal.confirm", "proposal.refuse", "proposal.withdraw"),
}
#: Which paper an act is about stands in its subject, or in the fact that is called as its kind.
_BY_SUBJECT: Final = "dispute"
TEXTS: Final[dict[str, tuple[str, str]]] = {
    "paper.changed": (
        "A dispute, legal hold, request to erase or proposal does not say what it said when it was last acted upon",
        "异议、法律保全、删除申请或提议的内容与最后一次操作时不符",
    ),
    "paper.missing": (
        "A dispute, legal hold, request to erase or proposal is gone",
        "异议、法律保全、删除申请或提议缺失",
    ),
    "paper.without-act": (
        "Nobody made this dispute, legal hold, request to erase or proposal",
        "该异议、法律保全、删除申请或提议没有对应操作",
    ),
}  # fmt: skip


def digest_of(store: Store, kind: Kind, row: int) -> dict[str, str]:
    """The digest of what a paper says now, for the facts of the act's record."""
    ((_, content),) = _rows(store, kind, row)
    return {DIGEST: _digest(store, kind, row, content)}


def judge(store: Store) -> Iterator[Fault]:
    """Every paper against the last act upon it. Acts of before there were digests say nothing; none comes after one
    that has a digest."""
    for kind in ACTS:
        last = _last_acts(store, kind)
        for row, content in _rows(store, kind):
            digest = last.pop(row, "")
            facts = {"paper": kind, "row": row}
            if digest == "":
                yield Fault(entry=None, what="paper.without-act", facts=facts)
            elif digest is not None and digest != _digest(store, kind, row, content):
                yield Fault(entry=None, what="paper.changed", facts=facts)
        for row in last:
            yield Fault(entry=None, what="paper.missing", facts={"paper": kind, "row": row})


def _last_acts(store: Store, kind: Kind) -> dict[int, str | None]:
    """Row → the digest of the last act upon it, None where that is older than digests."""
    last: dict[int, str | None] = {}
    with_digests = False
    for subject, text in recorded_acts(store, ACTS[kind]):
        facts = _facts(text)
        row = subject if kind == _BY_SUBJECT else facts.get(kind)
        if not str(row).isdecimal():
            continue  # of a person anew, where no request was open
        digest = facts.get(DIGEST)
        with_digests |= digest is not None
        # A record without one is older; later it fits nothing.
        last[int(str(row))] = str(digest) if digest is not None or with_digests else None
    return last


def _facts(text: object) -> dict[str, object]:
    try:
        facts = json.loads(str(text))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _rows(store: Store, kind: Kind, only: int | None = None) -> Iterator[tuple[int, bytes]]:
    for row, columns in kept_rows(store, kind, only):
        stated = {name: _plain(name, value) for name, value in columns.items()}
        yield row, json.dumps(stated, default=str, sort_keys=True).encode()


def _plain(name: str, value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return sha256(bytes(value)).hexdigest()
    if name.endswith("_at"):
        return plain(moment(value) or value)
    return bool(value) if name == "before_term" else plain(value)


def _digest(store: Store, kind: Kind, row: int, content: bytes) -> str:
    salt = journal.opening_salt(journal.salt_key(store.secret, b"lodeline office papers v1"), f"{kind} {row}")
    return journal.commitment(salt, sha256(content).digest())
