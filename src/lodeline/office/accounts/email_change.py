"""Another e-mail address of an account: it is the new one that proves itself, by a link that its owner opens signed in.

The link is good for a day, for the account that asked, and while the address is still the old one; what it carries is
encrypted, so that no address stands in a log of requests. Both are needed to use it, the account and the mailbox: an
address that was mistyped gives its owner nothing. Whether an address has an account already is told to nobody.

EmailChangeError    it cannot be asked for now, or the link cannot be used; the message says why
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import InputError, WrongField, account_of, office_transaction, wrong_email
from lodeline.office.models import AuditRecord, User

#: How long a link is good, and how many an account may ask for in an hour.
GOOD_FOR: Final = timedelta(days=1)
LINKS_PER_HOUR: Final = 3
_ASKED: Final = "account.email-ask"
_CHANGED: Final = "account.email-change"


class EmailChangeError(UserError):
    """It cannot be asked for now, or the link cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What has been changed: the account as it is now, and the address that it had."""

    user: User
    before: str


def ask(actor: Actor, *, email: str, now: datetime) -> str | None:
    """What goes into the link to the new address; None where another account has it, which whoever asks is not told.

    Requires "signed in", and that the caller has made sure of the person. Raises InputError, EmailChangeError.
    """
    user = account_of(actor)
    email = email.strip().lower()
    problems = wrong_email(email)
    if email == user.email:
        problems.append(WrongField(field="email", en="This is your address already.", zh="这已是您的邮箱。"))
    if problems:
        raise InputError(problems)
    with office_transaction():
        lately = AuditRecord.objects.filter(what=_ASKED, who=user.pseudonym, at__gt=now - timedelta(hours=1))
        if lately.count() >= LINKS_PER_HOUR:
            raise EmailChangeError(
                text("Three links were sent within an hour. Look into that mailbox, or try again later.")
            )
        record_act(actor, _ASKED, subject=user.pseudonym)
    return None if User.objects.filter(email=email).exists() else token_of(user, email, now=now)


def token_of(user: User, email: str, *, now: datetime) -> str:
    """What a link carries: whose address, which one, until when; and after how many changes, so it is good once."""
    content = {"user": user.pk, "to": email, "until": (now + GOOD_FOR).isoformat(), "after": _changes(user)}
    return _cipher().encrypt(json.dumps(content).encode()).decode()


def new_address(actor: Actor, token: str, *, now: datetime) -> str:
    """The address of a link of the actor's. Raises EmailChangeError where it cannot be used. Requires "signed in"."""
    user = account_of(actor)
    try:
        content = json.loads(_cipher().decrypt(token.encode()))
    except (InvalidToken, ValueError):
        content = {}
    good = (
        content.get("user") == user.pk
        and content["after"] == _changes(user)
        and now < datetime.fromisoformat(content["until"])
        and not User.objects.filter(email=content["to"]).exists()
    )
    if not good:
        raise EmailChangeError(
            text(
                "This link is not good, or not any more. Sign in with the account that asked for it, and "
                "ask for another."
            )
        )
    return str(content["to"])


def change(actor: Actor, token: str, *, now: datetime) -> Changed:
    """Gives the account the address of the link; its sessions stay. Requires and raises what `new_address` does."""
    with office_transaction():
        user = User.objects.select_for_update().get(pk=account_of(actor).pk)
        before, user.email = user.email, new_address(actor, token, now=now)
        user.save(update_fields=["email"])
        # What the account library has kept of the old address would let people in by it.
        EmailAddress.objects.filter(user=user).delete()
        record_act(actor, _CHANGED, subject=user.pseudonym)
    return Changed(user=user, before=before)


def _changes(user: User) -> int:
    return AuditRecord.objects.filter(what=_CHANGED, subject=user.pseudonym).count()


def _cipher() -> Fernet:
    key = salted_hmac("lodeline.office.email_change", "links", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
