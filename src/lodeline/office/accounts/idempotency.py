"""A request that is sent twice is done once: what it was answered is kept by the key that its sender gave it.

KeyReusedError   the key has been used for another request: 422
InFlightError    the first request with this key is still at work: 409
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import DatabaseError, IntegrityError, connections, transaction

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.jobs.process import is_dead, mark
from lodeline.office.models import IdempotentAnswer
from lodeline.office.router import OneStore

KEY_CHARACTERS_MAX: Final = 255
#: How long an answer is kept, and after how long a request that never answered counts as dead where nobody can know
#: whether its process lives.
KEPT: Final = timedelta(days=7)
_DEAD_AFTER: Final = timedelta(minutes=10)
#: Seconds between two attempts to give a key back to a store that has gone away.
_AGAIN_S: Final = 1.0


class WrongKeyError(UserError):
    """The key is empty, too long or no plain text."""


class KeyReusedError(UserError):
    """The key has been used for another request."""


class InFlightError(UserError):
    """The first request with this key is still at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the first request was answered."""

    status: int
    body: str


def begin(token: int, key: str, request_digest: str, *, now: datetime) -> Kept | None:
    """The answer that the key was given before; None where this request is the first, and has to `finish`.

    `request_digest` stands for everything that was asked. Raises WrongKeyError, KeyReusedError, InFlightError.
    """
    if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise WrongKeyError(
            text(
                "Idempotency-Key is a text of 1 to {key_characters_max} printable characters, such as a UUID.",
                key_characters_max=KEY_CHARACTERS_MAX,
            )
        )
    IdempotentAnswer.objects.filter(token_id=token, created_at__lt=now - KEPT).delete()
    try:
        # Within a point to return to: PostgreSQL ends a transaction in which a row was refused.
        with transaction.atomic(using=OneStore().db_for_write(IdempotentAnswer)):
            IdempotentAnswer.objects.create(
                token_id=token, key=key, request_digest=request_digest, body=mark(), created_at=now
            )
    except IntegrityError:
        return _again(token, key, request_digest, now)
    return None


def _again(token: int, key: str, request_digest: str, now: datetime) -> Kept | None:
    before = IdempotentAnswer.objects.filter(token_id=token, key=key).first()
    if before is None:  # The first request failed a moment ago, and has taken its key back.
        return begin(token, key, request_digest, now=now)
    if before.request_digest != request_digest:
        raise KeyReusedError(
            text("This Idempotency-Key has been used for another request. Give every new request a key of its own.")
        )
    if before.status is not None:
        return Kept(status=before.status, body=before.body)
    # Whoever puts another mark and date takes the dead request over; nobody else does.
    if is_dead(before.body) or before.created_at < now - _DEAD_AFTER:
        taken = IdempotentAnswer.objects.filter(
            pk=before.pk, status__isnull=True, created_at=before.created_at, body=before.body
        ).update(created_at=now, body=mark())
        if taken:
            return None
    raise InFlightError(
        text("The first request with this Idempotency-Key is still at work. Ask again in a few seconds.")
    )


def finish(token: int, key: str, *, status: int, body: str) -> None:
    """Keeps the answer for whoever asks again."""
    IdempotentAnswer.objects.filter(token_id=token, key=key, status__isnull=True).update(status=status, body=body)


def forget(token: int, key: str) -> None:
    """Gives the key back, because the request came to nothing and may be sent again.

    Where the store has gone away meanwhile, that is done as soon as it is back: this process lives, so that nobody else
    would take the request for dead.
    """
    try:
        _delete(token, key)
    except DatabaseError:
        threading.Thread(target=_forget_later, args=(token, key), daemon=True).start()


def _delete(token: int, key: str) -> None:
    IdempotentAnswer.objects.filter(token_id=token, key=key, status__isnull=True).delete()


def _forget_later(token: int, key: str) -> None:
    # After _DEAD_AFTER the key is another's.
    until = time.monotonic() + _DEAD_AFTER.total_seconds() / 2
    while time.monotonic() < until:
        time.sleep(_AGAIN_S)
        try:
            _delete(token, key)
        except DatabaseError:
            continue
        finally:
            connections.close_all()
        return
