"""Notices: what an organisation's people should know, said once, unread until each has read it.

A notice is a kind with the facts that its sentence needs; the sentence is made when it is read, in the reader's
language. `key` says what happened: what has happened once is told once, however often it is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from lodeline.language import Text
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.models import Notice, NoticeRead
from lodeline.office.notices.kinds import KINDS
from lodeline.office.notices.sentences import Facts, Named
from lodeline.office.router import OneStore

#: Notices that are written together.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNotice:
    """A notice as its reader gets it. `page` is a page of the firm, `facts` what its address needs."""

    notice: int
    kind: str
    text: Text
    page: str
    facts: Facts
    created_at: datetime
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """A notice to an organisation. `key`: what has happened; `role`: to whom of it, "" for all; `user`: to that
    person alone."""

    organisation: str
    kind: str
    facts: Facts
    key: str
    role: str = ""
    user: int | None = None

    def kept(self) -> dict[str, Any]:
        """As a notice keeps it, without its moment."""
        assert self.kind in KINDS, f"{self.kind!r} is no kind of notice"
        facts = json.dumps(dict(self.facts), ensure_ascii=False)
        return {
            "organisation": self.organisation, "role": self.role, "user_id": self.user, "kind": self.kind,
            "facts": facts,
        }  # fmt: skip


def notify(organisation: str, kind: str, facts: Facts, *, key: str, now: datetime, role: str = "") -> bool:
    """Tells an organisation something once; False where it was told before. `role`: to whom of it, "" for all."""
    kept = NewNotice(organisation=organisation, kind=kind, facts=facts, key=key, role=role).kept()
    with transaction.atomic(using=OneStore().db_for_write(Notice)):
        _, new = Notice.objects.get_or_create(key=key, defaults={**kept, "created_at": now})
    return new


def notify_all(tellings: Iterable[NewNotice], *, now: datetime) -> int:
    """`notify` of many things at once; returns how many were new."""
    new, left = 0, iter(tellings)
    while part := {one.key: one for one in islice(left, _AT_ONCE)}:
        known = set(Notice.objects.filter(key__in=part).values_list("key", flat=True))
        fresh = [Notice(key=key, created_at=now, **one.kept()) for key, one in part.items() if key not in known]
        # Whoever tells the same at this moment is not told that it stands already.
        Notice.objects.bulk_create(fresh, ignore_conflicts=True)
        new += len(fresh)
    return new


def notices_of(actor: Actor, organisation: str, named: Named, *, most: int = 500) -> list[ReadNotice]:
    """The notices for a person, unread first, then the newest; `most` of each. Requires "own.read"."""
    actor.require("own.read", organisation)
    order = ("-created_at", "-id")
    fresh = _unread(actor, organisation).order_by(*order)[:most]
    known = _for(actor, organisation).filter(reads__user=actor.user).order_by(*order)[:most]
    return [_read_notice(one, named, read=False) for one in fresh] + [
        _read_notice(one, named, read=True) for one in known
    ]


def account_notices(actor: Actor, named: Named, *, most: int = 20) -> list[ReadNotice]:
    """Notices to a person outside firms: of the own account, and those to the own roles in the authority.

    The newest first. Requires "signed in".
    """
    actor.require("signed in")
    wanted = Q(user=actor.user) | Q(user=None, role__in=actor.roles(AUTHORITY))
    found = Notice.objects.filter(wanted, organisation=AUTHORITY, kind__in=KINDS).order_by("-created_at", "-id")
    shown: dict[tuple[str, str], Notice] = {}
    for one in found[: 2 * most]:
        # A registrar who is concerned gets one notice.
        shown.setdefault((one.kind, one.key.rpartition(":")[0]), one)
    return [_read_notice(one, named, read=False) for one in list(shown.values())[:most]]


def mark_read(actor: Actor, organisation: str, notices: Sequence[int] | None, *, now: datetime) -> int:
    """Marks notices as read by the person, all that are unread where `notices` is None; returns how many were.

    Requires "own.read". Another's notices, and those of another organisation, are left alone.
    """
    actor.require("own.read", organisation)
    assert actor.user is not None, "a program does not read notices"
    fresh = _unread(actor, organisation)
    if notices is not None:
        fresh = fresh.filter(pk__in=notices)
    rows = [NoticeRead(notice_id=number, user_id=actor.user, at=now) for number in fresh.values_list("pk", flat=True)]
    # In two windows at once, one of them finds it done.
    NoticeRead.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _for(actor: Actor, organisation: str) -> QuerySet[Notice]:
    """The notices of an organisation for a person: those for all, and those for a role that the person has."""
    wanted = Q(role="") | Q(role__in=actor.roles(organisation))
    return Notice.objects.filter(wanted, organisation=organisation, kind__in=KINDS)


def _unread(actor: Actor, organisation: str) -> QuerySet[Notice]:
    return _for(actor, organisation).exclude(reads__user=actor.user)


def _read_notice(one: Notice, named: Named, *, read: bool) -> ReadNotice:
    facts, kind = json.loads(one.facts), KINDS[one.kind]
    return ReadNotice(
        notice=one.pk, kind=one.kind, text=kind.text(facts, named), page=kind.page, facts=facts,
        created_at=one.created_at, read=read,
    )  # fmt: skip
