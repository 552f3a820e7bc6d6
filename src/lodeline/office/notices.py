"""Notices: what an organisation's people should know, said once, unread until each has read it.

A notice is a kind with the facts that its sentence needs; the sentence is made when it is read, in the reader's
language. `key` says what happened: what has happened once is told once, however often it is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from lodeline.office.actor import Actor
from lodeline.office.models import Notice, NoticeRead
from lodeline.office.notice_kinds import KINDS
from lodeline.office.notice_sentences import Facts, Named, Text
from lodeline.office.router import OneStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice as its reader gets it. `page` is a page of the firm, `facts` what its address needs."""

    notice: int
    kind: str
    says: Text
    page: str
    facts: Facts
    created_at: datetime
    read: bool


def notify(organisation: str, kind: str, facts: Facts, *, key: str, now: datetime, role: str = "") -> bool:
    """Tells an organisation something once; False where it was told before. `role`: to whom of it, "" for all."""
    assert kind in KINDS, f"{kind!r} is no kind of notice"
    with transaction.atomic(using=OneStore().db_for_write(Notice)):
        _, new = Notice.objects.get_or_create(
            key=key,
            defaults={
                "organisation": organisation, "role": role, "kind": kind, "created_at": now,
                "facts": json.dumps(dict(facts), ensure_ascii=False),
            },
        )  # fmt: skip
    return new


def unread(actor: Actor, organisation: str) -> int:
    """How many notices of an organisation the person has not read. Requires "own.read"."""
    actor.require("own.read", organisation)
    return _unread(actor, organisation).count()


def told(actor: Actor, organisation: str, named: Named, *, most: int = 500) -> list[Told]:
    """The notices for a person, unread first, then the newest; `most` of each. Requires "own.read"."""
    actor.require("own.read", organisation)
    order = ("-created_at", "-id")
    fresh = _unread(actor, organisation).order_by(*order)[:most]
    known = _for(actor, organisation).filter(reads__user=actor.user).order_by(*order)[:most]
    return [_told(one, named, read=False) for one in fresh] + [_told(one, named, read=True) for one in known]


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


def _told(one: Notice, named: Named, *, read: bool) -> Told:
    facts, kind = json.loads(one.facts), KINDS[one.kind]
    return Told(
        notice=one.pk, kind=one.kind, says=kind.says(facts, named), page=kind.page, facts=facts,
        created_at=one.created_at, read=read,
    )  # fmt: skip
