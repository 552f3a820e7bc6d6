"""The receipt by mail: whoever worked on a month last and whoever certified it get its hash and where to find it.

The mail is a job of the transaction that files the draft, so that a receipt is told of if and only if it stands. It
names entry, hash and address, and like every mail no month, mass or counterparty: others read it on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.filing.sandbox import ledger
from lodeline.office.jobs import jobs
from lodeline.office.models import Draft, User
from lodeline.office.notices.mail import address, deliver, language_of, message_to


class ReceiptMailError(Exception):
    """A mail did not go out; the job is done again."""


def announce(draft: Draft, *, now: datetime) -> None:
    """Has the receipt of a filed draft mailed, where the portal sends mail. A sandbox gives none that proves."""
    if settings.LODELINE_SENDS_MAIL and not draft.sandbox:
        jobs.enqueue(
            "draft.receipt", {"draft": draft.pk}, now=now, organisation=draft.organisation, key=f"receipt:{draft.pk}"
        )


def receipt_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `draft.receipt`: one mail to each, however often it is done."""
    del progress
    draft = Draft.objects.select_related("changed_by", "certified_by").filter(pk=payload["draft"]).first()
    if draft is None or draft.state != Draft.State.FILED or draft.entry is None:
        return None
    entry = ledger().entry(draft.entry)
    assert entry is not None, "a draft that is filed has an entry"
    people = {one.pk: one for one in (draft.changed_by, draft.certified_by) if one is not None and _wants(one)}
    outcomes = [_send(person, draft, entry.index, entry.leaf_hash) for person in people.values()]
    if "failed" in outcomes:
        raise ReceiptMailError
    return {"sent": outcomes.count("sent")}


def _wants(person: User) -> bool:
    return bool(person.is_active and person.wants_mail and person.erased_at is None)


def _send(person: User, draft: Draft, entry: int, leaf_hash: str) -> str:
    language = language_of(person)
    subject = text("Your receipt from Lodeline")[language]
    opening = text("What you filed or certified is in the log, as entry {entry}. Its hash:", entry=entry)[language]
    leading = text("The receipt, to print and to save:")[language]
    link = address(language, "firm-filing", f"{draft.organisation}/filings/{entry}")
    message = message_to(person, subject, [opening, leaf_hash, "", leading, link])
    return deliver(person, f"receipt:{draft.pk}", message, clock.now())
