"""The office's tables to which rows are only added, and whether a store has an office: knows the database alone.

The commands ask it, which know nothing of the tables as the portal has them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from lodeline.store.database import Database
from lodeline.store.guards import Guarded, guards_of

#: What the office changes, and nobody else.
_OTHERS: Final = (
    "membership", "delegation", "token", "user", "invitation", "person_key", "certifier_key", "key_registration",
    "legal_hold", "erasure_request", "idempotent_answer", "desk_batch", "organisation_settings", "import_profile",
    "draft", "draft_file", "draft_edit", "dispute", "case", "case_watch", "application", "application_document",
    "strategy_run", "strategy_release", "proposal", "job", "notice", "notice_read", "bookmark", "mail",
)  # fmt: skip
OFFICE_TABLES: Final = Guarded(
    tables=("office_audit_record", "office_case_step", "office_case_file", "office_application_step"),
    refusal="audit records are only added", function="lodeline_refuse_audit",
    others=tuple(f"office_{name}" for name in _OTHERS),
)  # fmt: skip


def has_office(database: Database) -> bool:
    """Whether the office's tables are there."""
    return OFFICE_TABLES.tables[0] in database.connection.introspection.table_names()


def missing_office_guards(database: Database) -> tuple[str, ...]:
    """The guards of an office that is there which do not stand."""
    return guards_of(database, OFFICE_TABLES).missing if has_office(database) else ()


def plain(value: object) -> object:
    """A value as either database gives it, for JSON: moments in UTC to the microsecond, days, numbers, texts, null."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    return value


def moment(value: object) -> datetime | None:
    """A moment as either database gives it; None for what is none, such as a text that somebody has put there."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
