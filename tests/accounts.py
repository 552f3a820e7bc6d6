"""People for tests: an office that is ready, accounts with memberships, the code that an app would show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.test import override_settings

from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.accounts.proposals import Confirmed, confirm
from lodeline.office.models import Membership, Proposal, User
from tests.stores import ready_store

PASSWORD = "correct horse battery"
NOW = datetime(2025, 7, 15, 9, 0, tzinfo=UTC)
TODAY = date(2025, 7, 15)
LONG_AGO = date(2025, 1, 1)


class QuickArgon2(Argon2PasswordHasher):
    """The portal's hasher with the smallest memory, one pass and one lane."""

    time_cost, memory_cost, parallelism = 1, 8, 1


@contextmanager
def office(url: str | Path) -> Iterator[str]:
    """The office of a store, made where there is none, as the one that this process serves."""
    with override_settings(LODELINE_DATABASE=str(url)):
        database = ready_store(str(url)).database
        yield str(url)
        database.close()


@contextmanager
def empty_office(room: Path) -> Iterator[str]:
    """An office without accounts over an empty store, in a directory of its own."""
    with office(room / "store.sqlite3") as url:
        yield url


@cache
def _kept_password() -> str:
    return make_password(PASSWORD)


def person(email: str, *places: tuple[str, str], until: date | None = None, name: str = "") -> User:
    """An account with PASSWORD and memberships: (organisation, role)."""
    user = User.objects.create(
        email=email, name=name or email.partition("@")[0], joined_at=NOW, password=_kept_password()
    )
    for organisation, role in places:
        Membership.objects.create(
            user=user, organisation=organisation, role=role, valid_from=LONG_AGO, valid_to=until, granted_at=NOW
        )
    return user


def as_actor(user: User, on: date = TODAY) -> Actor:
    """Who a person is on a day."""
    return actor_of(user, on=on)


def with_app(user: User) -> str:
    """Sets up an app for codes; gives its secret."""
    secret = str(generate_totp_secret())
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(secret)}
    )
    return secret


def code(secret: str, *, periods: int = 0) -> str:
    """What the app shows now, or by a clock that is off by so many half minutes."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + periods)))


def later(**duration: int) -> datetime:
    """A moment after NOW."""
    return NOW + timedelta(**duration)


def by_two(proposal: Proposal, *, today: date = TODAY, now: datetime = NOW) -> Confirmed:
    """Confirms a proposal as a registrar of whom nobody else knows."""
    second = User.objects.filter(email="second@authority.example").first()
    second = second or person("second@authority.example", ("", "registrar"))
    return confirm(as_actor(second, today), proposal.pk, today=today, now=now)
