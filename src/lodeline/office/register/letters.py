"""The letters of many invitations: mailed, or written to a file for whoever hands them over where no mail is set up.

A job makes each link and sends its letter. What is killed on the way is begun again where it stopped: a letter that may
not have gone is made anew, and the link of the one before is good for nothing.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import os
import secrets
import smtplib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet

from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.invitations import GOOD_FOR, digest_of
from lodeline.office.accounts.people import office_transaction
from lodeline.office.jobs import jobs
from lodeline.office.models import Invitation, Job
from lodeline.store.database import Database

KIND: Final = "take-over.letters"
#: Letters that share a commit: so many are made anew where the job was killed.
_AT_ONCE: Final = 20
_HEAD: Final = ("organisation", "name", "email", "role", "language", "link", "good_until")
_SUBJECT: Final = text("Invitation to Lodeline")
_BODY: Final = text(
    "{name}, you are invited to act for {organisation} in Lodeline, the register and log of "
    "rare earths.\n\nOpen this link to begin. It is for you alone, and good until {until} "
    "(UTC):\n\n{link}\n\nYou did not expect this? Do nothing; the link expires by itself.\n"
)
_log = logging.getLogger(__name__)


class LettersError(Exception):
    """Some letters did not go; they wait for the next attempt."""


def begin(actor: Actor, *, address: str, now: datetime) -> Job:
    """The job that sends every letter that waits. Part of the caller's transaction, or by itself to go on."""
    payload = {"address": address.rstrip("/"), "user": actor.user, "by": actor.pseudonym}
    return jobs.enqueue(KIND, payload, now=now, key=KIND)


def go_on(actor: Actor, *, address: str, now: datetime) -> Job | None:
    """Begins the job again where letters wait and none is at work. Requires "accounts.write" for the whole country."""
    actor.require("accounts.write", AUTHORITY)
    return begin(actor, address=address, now=now) if waiting().exists() else None


def waiting() -> QuerySet[Invitation]:
    """The invitations whose letter has not gone."""
    return Invitation.objects.filter(waits=True, withdrawn_at=None, accepted_by=None).order_by("id")


def letters_job(payload: Mapping[str, Any], progress: Callable[[float], None]) -> object:
    """Does the work of a job `take-over.letters`. Raises LettersError where the mail server did not take some."""
    actor = Actor(user=payload["user"], pseudonym=payload["by"])
    numbers = list(waiting().values_list("pk", flat=True))
    failed = done = 0
    deliver = _mail if settings.LODELINE_SENDS_MAIL else _write
    for some in (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE)):
        gone = deliver(_made(some, str(payload["address"])))
        with office_transaction():
            for one in gone:
                Invitation.objects.filter(pk=one.pk).update(waits=False)
                record_act(
                    actor, "invitation.make", organisation=one.organisation, subject=str(one.pk),
                    facts={"role": one.role},
                )  # fmt: skip
        failed += len(some) - len(gone)
        done += len(some)
        progress(done / len(numbers))
    if failed:
        raise LettersError(f"{failed} letters did not go")
    return {"letters": done}


Letter = tuple[Invitation, str]


def _made(numbers: Sequence[int], address: str) -> list[Letter]:
    """The invitations with their links, which work from now on."""
    made, now = [], clock.now()
    with office_transaction():
        for one in waiting().filter(pk__in=numbers):
            token = secrets.token_urlsafe(32)
            one.digest, one.expires_at = digest_of(token), now + GOOD_FOR
            one.save(update_fields=["digest", "expires_at"])
            made.append((one, f"{address}/{one.language or 'zh'}/invitation/{token}/"))
    return made


def _mail(letters: Sequence[Letter]) -> list[Invitation]:
    gone = []
    connection = get_connection()
    for one, link in letters:
        try:
            _message(one, link, connection).send()
        except (OSError, smtplib.SMTPException) as error:
            # Nothing of the person goes to the log.
            _log.error("an invitation could not be sent: %s", type(error).__name__)
            continue
        gone.append(one)
    return gone


def _message(one: Invitation, link: str, connection: Any) -> EmailMessage:
    english = one.language == "en"
    facts = {"name": one.name, "organisation": one.organisation, "link": link, "until": _until(one)}
    return EmailMessage(
        subject=_worded(_SUBJECT, english), body=_worded(_BODY, english).format(**facts), to=[one.email],
        connection=connection, headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _worded(words: Text, english: bool) -> str:
    return words["en"] if english else words["zh"]


def _write(letters: Sequence[Letter]) -> list[Invitation]:
    """Adds the letters to the file, and sees that the disk has them."""
    path = file_of(settings.LODELINE_DATABASE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if not file.tell():
            writer.writerow(_HEAD)
        writer.writerows(
            (one.organisation, one.name, one.email, one.role, one.language, link, _until(one)) for one, link in letters
        )
        file.flush()
        os.fsync(file.fileno())
    return [one for one, _ in letters]


def _until(one: Invitation) -> str:
    return f"{one.expires_at:%Y-%m-%d %H:%M}"


def file_of(url: str) -> Path:
    """Where letters are written that nobody mails: beside the store, or under `var`. Whoever reads it can use them."""
    database = Database(url)
    if database.path is not None:
        return database.path.with_name(f"{database.path.name}.letters.csv")
    return Path("var") / f"letters-{hashlib.sha256(url.encode()).hexdigest()[:16]}.csv"


def file_if_not_mailed() -> Path | None:
    """The file of the letters; None where they are mailed."""
    return None if settings.LODELINE_SENDS_MAIL else file_of(settings.LODELINE_DATABASE)
