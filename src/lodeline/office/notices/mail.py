"""Mails that tell people of notices: one digest a day for each person, and at once what cannot wait.

A mail says that there is something and where to look, and never of whom, of how much or of what: mail is read by
others on its way. Each is claimed in the database before it is sent, so that nobody gets it twice, whatever dies in
between. Who does not want mail gets none; every mail has the link that ends them.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Max, Q

from lodeline.language import text
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Delegation, Mail, Membership, Notice, NoticeRead, User
from lodeline.office.notices.kinds import KINDS
from lodeline.office.router import OneStore

#: The hour of the jurisdiction from which the day's digest goes out.
DIGEST_AT: Final = time(8)
#: A notice that nobody has been mailed about for longer is no news.
_NEWS: Final = timedelta(days=14)
_AT_ONCE: Final = tuple(kind for kind, one in KINDS.items() if one.at_once)
_SALT: Final = "lodeline.mail"

Outcome = Literal["sent", "sent before", "failed"]

_log = logging.getLogger(__name__)


def send(now: datetime) -> int:
    """Sends what is due at `now`; returns how many mails went out. Without LODELINE_SMTP_URL there is no mail."""
    if not settings.LODELINE_SENDS_MAIL:
        return 0
    local = now.astimezone(ZoneInfo(law_in_force().timezone))
    sent = _send_at_once(now, local.date())
    return sent + (_send_digests(now, local.date()) if local.time() >= DIGEST_AT else 0)


def person_of(token: str) -> User | None:
    """Whose mails the link of a mail ends; None where it is no such link."""
    try:
        number = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=number, erased_at__isnull=True).first()


def end(token: str) -> User | None:
    """No more mails to whoever the link was sent to; the notices stay. None where it is no such link."""
    person = person_of(token)
    if person is not None:
        User.objects.filter(pk=person.pk).update(wants_mail=False)
    return person


def _send_at_once(now: datetime, today: date) -> int:
    sent = 0
    waiting = Notice.objects.filter(kind__in=_AT_ONCE, mailed_at__isnull=True, created_at__gte=now - _NEWS)
    if not waiting.exists():
        return 0
    readers = _Readers(today)
    for notice in waiting:
        outcomes = [_deliver(person, f"notice:{notice.pk}", [notice], now) for person in readers.of(notice)]
        sent += outcomes.count("sent")
        if "failed" not in outcomes:
            Notice.objects.filter(pk=notice.pk).update(mailed_at=now)
    return sent


def _send_digests(now: datetime, today: date) -> int:
    """To each person what has come since the last digest and is unread."""
    key = f"digest:{today.isoformat()}"
    had = set(Mail.objects.filter(key=key).values_list("user", flat=True))
    before = dict(
        Mail.objects.filter(key__startswith="digest:")
        .values("user")
        .annotate(at=Max("sent_at"))
        .values_list("user", "at")
    )
    news = Notice.objects.filter(kind__in=KINDS, created_at__gte=now - _NEWS).exclude(kind__in=_AT_ONCE)
    read = set(NoticeRead.objects.filter(notice__in=news).values_list("notice", "user"))
    readers = _Readers(today)
    for_person: dict[int, list[Notice]] = {}
    persons: dict[int, User] = {}
    for notice in news.exclude(organisation="").order_by("id"):
        for person in readers.of(notice):
            known = person.pk in before and notice.created_at <= before[person.pk]
            if person.pk in had or known or (notice.pk, person.pk) in read:
                continue
            persons[person.pk] = person
            for_person.setdefault(person.pk, []).append(notice)
    return [_deliver(persons[number], key, about, now) for number, about in for_person.items()].count("sent")


class _Readers:
    """Who wants mail, by organisation ("" for the authority) and role, on a day: members, and the filers of agents."""

    def __init__(self, today: date) -> None:
        in_force = Q(valid_from__lte=today) & (Q(valid_to__isnull=True) | Q(valid_to__gte=today))
        members = Membership.objects.select_related("user").filter(
            in_force, user__is_active=True, user__wants_mail=True, user__erased_at__isnull=True
        )
        self._of: dict[tuple[str, str], dict[int, User]] = {}
        for one in members:
            self._add(one.organisation, one.role, one.user)
        for organisation, agent in Delegation.objects.filter(in_force).values_list("organisation", "agent"):
            for person in self._of.get((agent, "filer"), {}).values():
                self._add(organisation, "filer", person)

    def _add(self, organisation: str, role: str, person: User) -> None:
        # Under the empty role is everybody.
        for one in (role, ""):
            self._of.setdefault((organisation, one), {})[person.pk] = person

    def of(self, notice: Notice) -> list[User]:
        """The people that a notice is for."""
        if notice.user_id is not None:
            return list(User.objects.filter(pk=notice.user_id, is_active=True, wants_mail=True, erased_at__isnull=True))
        return list(self._of.get((notice.organisation, notice.role), {}).values())


def _deliver(person: User, key: str, notices: Sequence[Notice], now: datetime) -> Outcome:
    return deliver(person, key, _message(person, notices), now)


def deliver(person: User, key: str, message: EmailMessage, now: datetime) -> Outcome:
    """Sends a mail to a person, once for a key; `failed` leaves it to be sent the next time."""
    with transaction.atomic(using=OneStore().db_for_write(Mail)):
        _, claimed = Mail.objects.get_or_create(user=person, key=key, defaults={"sent_at": now})
    if not claimed:
        return "sent before"
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        # The claim is given back, so that the next run tries again. Nothing of the person goes to the log.
        Mail.objects.filter(user=person, key=key).delete()
        _log.error("a mail about notices could not be sent: %s", type(error).__name__)
        return "failed"
    return "sent"


def _message(person: User, notices: Sequence[Notice]) -> EmailMessage:
    language = language_of(person)
    subject = text("There is something for you in Lodeline")[language]
    lines = [f"- {line}" for line in dict.fromkeys(KINDS[one.kind].mail[language] for one in notices)]
    organisations = sorted({one.organisation for one in notices})
    pages = [address(language, "firm" if one else "self", one) for one in organisations]
    return message_to(person, subject, [*lines, "", *pages])


def language_of(person: User) -> Literal["en", "zh"]:
    """The language in which a person is written to."""
    return "zh" if person.language == "zh" else "en"


def message_to(person: User, subject: str, lines: Sequence[str]) -> EmailMessage:
    """A mail to a person who acts for a firm or for the authority, with the link that ends such mails."""
    language = language_of(person)
    ending = text("You get this because you act for a firm or for the authority. No more of these mails:")[language]
    stop = address(language, "mail-end", signing.dumps(person.pk, salt=_SALT))
    body = "\n".join([*lines, "", ending, stop, ""])
    return EmailMessage(
        subject=subject, body=body, to=[person.email],
        headers={"List-Unsubscribe": f"<{stop}>", "Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def address(language: str, page: str, what: str) -> str:
    """The whole address of a page, as it stands in a mail: a firm's notices, a filing (`FIRM/filings/ENTRY`), the own
    account, or ending the mails."""
    host = settings.LODELINE_HOSTS[0] if settings.LODELINE_HOSTS else "localhost"
    path = {
        "firm": f"firm/{what}/?kind=notice", "firm-filing": f"firm/{what}/", "mail-end": f"mail/end/{what}/",
        "self": "self/",
    }[page]  # fmt: skip
    return f"https://{host}/{language}/{path}"
