"""The first run: while there is no account, a code that the server prints opens that of the first registrar.

The code follows from the key that signs sessions: every worker knows it, nobody writes it down, and it is good for
nothing as soon as there is an account.
"""

from __future__ import annotations

import base64
from datetime import date, datetime

from django.utils.crypto import constant_time_compare, salted_hmac

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.accounts.people import (
    InputError,
    PeopleError,
    WrongField,
    add_membership,
    office_transaction,
    wrong_email,
    wrong_name,
    wrong_password,
)
from lodeline.office.models import User
from lodeline.office.router import is_prepared

#: Stores that are known to have accounts: the question is asked before every page, and its answer stays.
_SETTLED: set[str] = set()


def is_first_run(url: str) -> bool:
    """Whether the office of a store is ready and nobody has an account in it."""
    if url in _SETTLED:
        return False
    if not is_prepared(url):
        return False
    if User.objects.exists():
        _SETTLED.add(url)
        return False
    return True


def first_run_code(url: str) -> str | None:
    """The code with which the first registrar begins, for the operator alone; None where there are accounts."""
    if not is_first_run(url):
        return None
    digest = salted_hmac("lodeline.office.first_run", url, algorithm="sha256").digest()
    text = base64.b32encode(digest)[:20].decode()
    return "-".join(text[at : at + 5] for at in range(0, len(text), 5))


def begin(
    url: str, code: str, *, name: str, email: str, password: str, language: str, today: date, now: datetime
) -> User:
    """Opens the account of the first registrar. Raises InputError, and PeopleError where somebody was quicker."""
    expected = first_run_code(url)
    if expected is None:
        raise PeopleError("There is a registrar already: sign in.", "已有登记人员：请登录。")
    user = User(email=email.strip().lower(), name=name.strip(), language=language, joined_at=now)
    problems = wrong_name(name) + wrong_email(email) + wrong_password(password, user)
    if not constant_time_compare(_plain(code), _plain(expected)):
        problems.insert(
            0,
            WrongField(
                field="code",
                en="That is not the code that the server has printed for this store.",
                zh="与服务器为本数据库输出的代码不符。",
            ),
        )
    if problems:
        raise InputError(problems)
    user.set_password(password)
    with office_transaction():
        if User.objects.exists():
            raise PeopleError("There is a registrar already: sign in.", "已有登记人员：请登录。")
        user.save()
        actor = Actor(user=user.pk, name=user.name, pseudonym=user.pseudonym)
        add_membership(
            actor, user=user, organisation=AUTHORITY, role="registrar", region="", valid_from=today, valid_to=None,
            now=now,
        )  # fmt: skip
    return user


def _plain(code: str) -> str:
    return "".join(code.upper().split()).replace("-", "")
