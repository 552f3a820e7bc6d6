"""Who saw and did what. A look at an organisation is written before it is granted; records are only ever added.

An act and its record are one transaction: both stand or neither. Two things cannot be: what the account library does,
which tells of it afterwards (`web.accounts.records`), and a look, which is written down before it is had.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from django.conf import settings

from lodeline.office.access import clock, papers
from lodeline.office.access.actor import Actor
from lodeline.office.access.acts import ACTS
from lodeline.office.models import AuditRecord
from lodeline.store.opening import open_store


def record_act(
    actor: Actor, what: str, *, organisation: str = "", subject: str = "", request: str = "",
    facts: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Writes that the actor did something; `what` is a name of `ACTS`, such as `membership.grant`."""
    assert what in ACTS, f"the act {what} has no words in lodeline.office.access.acts"
    _write(_row(actor, "act", what, organisation, subject, "", request, facts or {}))


def record_paper(
    actor: Actor, what: str, kind: papers.Kind, row: int, *, organisation: str = "", subject: str = "",
    facts: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Writes that the actor did something to a paper, with a digest of what it says now that this is done."""
    digest = papers.digest_of(open_store(settings.LODELINE_DATABASE), kind, row)
    record_act(actor, what, organisation=organisation, subject=subject, facts={**(facts or {}), **digest})


def record_access(
    actor: Actor, page: str, *, organisations: Iterable[str], subject: str = "", reason: str, request: str = ""
) -> None:
    """Writes that an official looked at these organisations, and why (a code of `LOOK_REASONS`): a record for each."""
    _write(*(_row(actor, "look", page, one, subject, reason, request, {}) for one in organisations))


def _row(  # noqa: PLR0917  (a row, column by column)
    actor: Actor, kind: str, what: str, organisation: str, subject: str, reason: str, request: str,
    facts: Mapping[str, object],
) -> AuditRecord:  # fmt: skip
    return AuditRecord(
        at=clock.now(), who=actor.pseudonym, token=actor.token, kind=kind, what=what, organisation=organisation,
        subject=subject, reason=reason, request=request, facts=json.dumps(dict(facts), ensure_ascii=False),
    )  # fmt: skip


def _write(*rows: AuditRecord) -> None:
    """All of them or none."""
    AuditRecord.objects.bulk_create(rows)
