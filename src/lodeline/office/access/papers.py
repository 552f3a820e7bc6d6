"""Disputes, legal holds and requests to erase are papers that change: each act says in its record what they then said.

The record holds a salted digest of the paper, and the record is anchored. So what a paper says now can be compared with
the last act upon it. What is sealed about a person stays sealed, and is compared as it is: after an erasure too, when
nobody can read it any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.office.access.guarded import moment, plain
from lodeline.store.database import integer
from lodeline.store.store import Store

Kind = Literal["dispute", "hold", "request"]
SAID: Final = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    """How a paper is read, what its columns are called, and the acts upon it."""

    statement: str
    names: tuple[str, ...]
    acts: tuple[str, ...]


_PAGE: Final = " WHERE r.id > %s AND r.id <= %s ORDER BY r.id LIMIT %s"
PAPERS: Final[Mapping[Kind, _Paper]] = {
    "dispute": _Paper(
        statement="SELECT r.id, r.receiver, r.shipper, r.shipment_event, r.lot, r.reason, u.pseudonym, r.raised_at,"
        " r.answer, r.answered_at, r.withdrawn_at FROM office_dispute r LEFT JOIN office_user u"
        " ON u.id = r.raised_by_id" + _PAGE,
        names=(
            "receiver", "shipper", "event", "lot", "reason", "raised_by", "raised_at", "answer", "answered_at",
            "withdrawn_at",
        ),
        acts=("dispute.raise", "dispute.answer", "dispute.withdraw"),
    ),
    "hold": _Paper(
        statement="SELECT r.id, p.pseudonym, r.organisation, r.reason, s.pseudonym, r.set_at, r.lifted_reason,"
        " l.pseudonym, r.lifted_at FROM office_legal_hold r LEFT JOIN office_user p ON p.id = r.user_id"
        " LEFT JOIN office_user s ON s.id = r.set_by_id LEFT JOIN office_user l ON l.id = r.lifted_by_id" + _PAGE,
        names=(
            "person", "organisation", "reason", "set_by", "set_at", "lifted_reason", "lifted_by", "lifted_at",
        ),
        acts=("hold.set", "hold.lift"),
    ),
    "request": _Paper(
        statement="SELECT r.id, p.pseudonym, r.state, r.ground, r.said, a.pseudonym, r.requested_at, r.decided_said,"
        " d.pseudonym, r.decided_at, r.before_term FROM office_erasure_request r"
        " LEFT JOIN office_user p ON p.id = r.user_id LEFT JOIN office_user a ON a.id = r.requested_by_id"
        " LEFT JOIN office_user d ON d.id = r.decided_by_id" + _PAGE,
        names=(
            "person", "state", "ground", "said", "requested_by", "requested_at", "decided_said", "decided_by",
            "decided_at", "before_term",
        ),
        acts=("erasure.ask", "erasure.withdraw", "erasure.refuse", "erasure.done", "erasure.again"),
    ),
}  # fmt: skip
#: Which paper an act is about stands in its subject, or in the fact that is called as its kind.
_BY_SUBJECT: Final = "dispute"
_AT_ONCE: Final = 1_000
_LAST_NUMBER: Final = 2**63 - 1
TEXTS: Final[dict[str, tuple[str, str]]] = {
    "paper.changed": (
        "A dispute, legal hold or request to erase does not say what it said when it was last acted upon",
        "异议、法律保全或删除申请的内容与最后一次操作时不符",
    ),
    "paper.missing": ("A dispute, legal hold or request to erase is gone", "异议、法律保全或删除申请缺失"),
    "paper.without-act": (
        "Nobody made this dispute, legal hold or request to erase",
        "该异议、法律保全或删除申请没有对应操作",
    ),
}  # fmt: skip


def said(store: Store, kind: Kind, row: int) -> dict[str, str]:
    """The digest of what a paper says now, for the facts of the act's record."""
    ((_, content),) = _rows(store, kind, row)
    return {SAID: _digest(store, kind, row, content)}


def judge(store: Store) -> Iterator[Fault]:
    """Every paper against the last act upon it. Acts of before there were digests say nothing; none comes after one
    that has a digest."""
    for kind, paper in PAPERS.items():
        last = _last_acts(store, kind, paper)
        for row, content in _rows(store, kind):
            digest = last.pop(row, "")
            facts = {"paper": kind, "row": row}
            if digest == "":
                yield Fault(entry=None, what="paper.without-act", facts=facts)
            elif digest is not None and digest != _digest(store, kind, row, content):
                yield Fault(entry=None, what="paper.changed", facts=facts)
        for row in last:
            yield Fault(entry=None, what="paper.missing", facts={"paper": kind, "row": row})


def _last_acts(store: Store, kind: Kind, paper: _Paper) -> dict[int, str | None]:
    """Row → the digest of the last act upon it, None where that is older than digests."""
    marks = ",".join(["%s"] * len(paper.acts))
    found = store.database.rows(
        f"SELECT subject, facts FROM office_audit_record WHERE what IN ({marks}) ORDER BY id", paper.acts
    )
    last: dict[int, str | None] = {}
    with_digests = False
    for subject, text in found:
        facts = _facts(text)
        row = subject if kind == _BY_SUBJECT else facts.get(kind)
        if not str(row).isdecimal():
            continue  # of a person anew, where no request was open
        digest = facts.get(SAID)
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
    paper = PAPERS[kind]
    after, last = (0, _LAST_NUMBER) if only is None else (only - 1, only)
    while True:
        found = store.database.rows(paper.statement, (after, last, _AT_ONCE))
        for number, *values in found:
            stated = {name: _plain(name, value) for name, value in zip(paper.names, values, strict=True)}
            yield integer(number), json.dumps(stated, default=str, sort_keys=True).encode()
        if len(found) < _AT_ONCE:
            return
        after = integer(found[-1][0])


def _plain(name: str, value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return sha256(bytes(value)).hexdigest()
    if name.endswith("_at"):
        return plain(moment(value) or value)
    return bool(value) if name == "before_term" else plain(value)


def _digest(store: Store, kind: Kind, row: int, content: bytes) -> str:
    salt = journal.opening_salt(journal.salt_key(store.secret, b"lodeline office papers v1"), f"{kind} {row}")
    return journal.commitment(salt, sha256(content).digest())
