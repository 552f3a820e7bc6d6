"""Rights and papers of the office, a row at a time, with the names that proofs give their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lodeline.store.database import Rows, integer, marks
from lodeline.store.store import Store

_PAGE: Final = " WHERE r.id > %s AND r.id <= %s ORDER BY r.id LIMIT %s"
_AT_ONCE: Final = 1_000
_LAST_NUMBER: Final = 2**63 - 1
#: Right or paper → how it is read, and what the columns behind the number are called.
_KEPT: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "membership": (
        "SELECT r.id, u.pseudonym, r.organisation, r.role, r.region, r.valid_from, r.valid_to, g.pseudonym,"
        " r.granted_at FROM office_membership r LEFT JOIN office_user u ON u.id = r.user_id"
        " LEFT JOIN office_user g ON g.id = r.granted_by_id",
        ("person", "organisation", "role", "region", "from", "to", "granted_by", "at"),
    ),
    "delegation": (
        "SELECT r.id, r.organisation, r.agent, r.may_certify, r.valid_from, r.valid_to, g.pseudonym,"
        " r.granted_at FROM office_delegation r LEFT JOIN office_user g ON g.id = r.granted_by_id",
        ("organisation", "agent", "may_certify", "from", "to", "granted_by", "at"),
    ),
    "token": (
        "SELECT r.id, r.organisation, r.name, r.beginning, r.digest, r.scopes, u.pseudonym, r.created_at,"
        " r.expires_at, r.revoked_at FROM office_token r LEFT JOIN office_user u ON u.id = r.created_by_id",
        ("organisation", "name", "beginning", "digest", "scopes", "created_by", "at", "expires", "revoked"),
    ),
    "dispute": (
        "SELECT r.id, r.receiver, r.shipper, r.shipment_event, r.lot, r.reason, u.pseudonym, r.raised_at,"
        " r.answer, r.answered_at, r.withdrawn_at FROM office_dispute r LEFT JOIN office_user u"
        " ON u.id = r.raised_by_id",
        (
            "receiver", "shipper", "event", "lot", "reason", "raised_by", "raised_at", "answer", "answered_at",
            "withdrawn_at",
        ),
    ),
    "hold": (
        "SELECT r.id, p.pseudonym, r.organisation, r.reason, s.pseudonym, r.set_at, r.lifted_reason,"
        " l.pseudonym, r.lifted_at FROM office_legal_hold r LEFT JOIN office_user p ON p.id = r.user_id"
        " LEFT JOIN office_user s ON s.id = r.set_by_id LEFT JOIN office_user l ON l.id = r.lifted_by_id",
        ("person", "organisation", "reason", "set_by", "set_at", "lifted_reason", "lifted_by", "lifted_at"),
    ),
    "request": (
        "SELECT r.id, p.pseudonym, r.state, r.ground, r.said, a.pseudonym, r.requested_at, r.decided_said,"
        " d.pseudonym, r.decided_at, r.before_term FROM office_erasure_request r"
        " LEFT JOIN office_user p ON p.id = r.user_id LEFT JOIN office_user a ON a.id = r.requested_by_id"
        " LEFT JOIN office_user d ON d.id = r.decided_by_id",
        (
            "person", "state", "ground", "said", "requested_by", "requested_at", "decided_said", "decided_by",
            "decided_at", "before_term",
        ),
    ),
    "proposal": (
        "SELECT r.id, r.kind, r.organisation, r.subject, r.content, r.state, r.proposed_by, r.proposed_at,"
        " r.expires_at, r.decided_by, r.decided_at FROM office_proposal r",
        (
            "kind", "organisation", "subject", "content", "state", "proposed_by", "proposed_at", "expires_at",
            "decided_by", "decided_at",
        ),
    ),
}  # fmt: skip


def kept_rows(store: Store, kind: str, only: int | None = None) -> Iterator[tuple[int, dict[str, object]]]:
    """Number and columns of each row of a kind of right or paper, or of one row, in order; a page at a time."""
    statement, names = _KEPT[kind]
    after, last = (0, _LAST_NUMBER) if only is None else (only - 1, only)
    for number, *values in store.database.paged(statement + _PAGE, _AT_ONCE, after=after, upto=(last,)):
        yield integer(number), dict(zip(names, values, strict=True))


def recorded_acts(store: Store, acts: tuple[str, ...]) -> Rows:
    """Subject and facts of the audit records of these acts, in order."""
    return store.database.rows(
        f"SELECT subject, facts FROM office_audit_record WHERE kind = 'act' AND what IN ({marks(acts)}) ORDER BY id",
        acts,
    )


def recorded(store: Store, acts: tuple[str, ...], *, subject: str | None = None) -> Rows:
    """Number, act, who, subject and facts of the audit records of these acts, or of those about a subject, in order."""
    condition, params = ("", ()) if subject is None else (" AND subject = %s", (subject,))
    return store.database.rows(
        "SELECT id, what, who, subject, facts FROM office_audit_record"
        f" WHERE kind = 'act' AND what IN ({marks(acts)}){condition} ORDER BY id",
        (*acts, *params),
    )


def recorded_of_organisations(store: Store, act: str) -> Rows:
    """Organisation and facts of the audit records of an act, in order."""
    return store.database.rows(
        "SELECT organisation, facts FROM office_audit_record WHERE kind = 'act' AND what = %s ORDER BY id", (act,)
    )


def second_person_rules(store: Store) -> Rows:
    """Organisation, and whether a second person certifies for it."""
    return store.database.rows("SELECT organisation, second_person FROM office_organisation_settings")


def invitations(store: Store) -> Rows:
    """Number and role of all invitations but those that no link opens yet: they wait for their letter, or are proposed
    and not confirmed."""
    return store.database.rows(
        "SELECT id, role FROM office_invitation WHERE NOT waits AND digest NOT LIKE %s ORDER BY id", ("proposed %",)
    )


_RELEASE: Final = (
    "run", "scenario", "content", "sha256", "told", "kept_back", "who", "withdrawn_by", "withdrawn_at",
)  # fmt: skip
_RUN: Final = ("reference", "scenario", "entry", "root", "draws", "digests", "content", "sha256", "again_sha256")


def strategy_releases(store: Store) -> Iterator[dict[str, Any]]:
    """What was published of runs to agencies, in order, by column; a few at a time."""
    return _by_column(store, _RELEASE, "office_strategy_release", "")


def strategy_runs(store: Store) -> Iterator[dict[str, Any]]:
    """The runs of scenarios that are done, in order, by column; a few at a time."""
    return _by_column(store, _RUN, "office_strategy_run", " AND state = 'done'")


def _by_column(store: Store, names: tuple[str, ...], table: str, condition: str) -> Iterator[dict[str, Any]]:
    statement = f"SELECT id, {','.join(names)} FROM {table} WHERE id > %s{condition} ORDER BY id LIMIT %s"
    for _, *values in store.database.paged(statement, 5):
        yield dict(zip(names, values, strict=True))
