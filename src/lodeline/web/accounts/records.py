"""What happens to accounts is recorded: signing in and failing to, leaving, passwords and second factors that change.

Records name a person by pseudonym and never carry an address, a name or what was typed. The account library says what
has happened once it has, so a record is not one transaction with it: a server that dies in between leaves none.
"""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest

from lodeline.office.access.actor import NOBODY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.models import User


def connect() -> None:
    """Listens to the account library; once in a process."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    password_changed.connect(_password_changed)
    password_reset.connect(_password_reset)
    authenticator_added.connect(_factor_added)
    authenticator_removed.connect(_factor_removed)
    authenticator_reset.connect(_codes_renewed)
    authentication_failed.connect(_code_failed)


def record_failure(email: str) -> None:
    """Somebody could not prove who he is; `email` as typed, of which only the pseudonym behind it is kept."""
    found = User.objects.filter(email=email.strip().lower()).values_list("pseudonym", flat=True).first()
    record_act(NOBODY, "account.sign-in-failed", subject=found or "")


def _by(user: User) -> Actor:
    return Actor(user=user.pk, name=user.name, pseudonym=user.pseudonym)


def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    record_act(_by(user), "account.sign-in", subject=user.pseudonym)
    # Who has signed in this minute is not asked again for what is asked only of those who came just now.
    record_authentication(request, user, "sign-in", reauthenticated=True)


def _signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        record_act(_by(user), "account.sign-out", subject=user.pseudonym)


def _password_changed(user: User, **_: Any) -> None:
    record_act(_by(user), "account.password-change", subject=user.pseudonym)


def _password_reset(user: User, **_: Any) -> None:
    record_act(_by(user), "account.password-reset", subject=user.pseudonym)


def _factor_added(user: User, authenticator: Authenticator, **_: Any) -> None:
    record_act(_by(user), "account.factor-add", subject=user.pseudonym, facts={"type": authenticator.type})


def _factor_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    record_act(_by(user), "account.factor-remove", subject=user.pseudonym, facts={"type": authenticator.type})


def _codes_renewed(user: User, **_: Any) -> None:
    record_act(_by(user), "account.codes-renew", subject=user.pseudonym)


def _code_failed(user: User, authenticator: Authenticator, **_: Any) -> None:
    record_act(NOBODY, "account.code-failed", subject=user.pseudonym, facts={"type": authenticator.type})
