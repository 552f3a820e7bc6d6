"""Programs that act for an organisation or for the authority: a token, shown once, that may do what its scopes name.

A token stands for its organisation and not for a person: it outlives the membership of whoever made it, and its page
says who that was. Two kinds of scope are bound to the person for as long as the token lives: certifying, which is
somebody's word, and everything of the authority.

TokenError     the token that came with a request opens nothing: 401; `reason` is one of REASONS
TooManyError   the token has asked too often in this minute: 429
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Final, Literal

from django.conf import settings
from django.db.models import F, Q

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.access.actor import AUTHORITY, Actor, NotAllowedError, Permission, RoleGrant, actor_of
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import enter_right, office_transaction
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Token, User

#: What every token begins with, so that scanners of leaked secrets know it.
PREFIX: Final = "lodeline_"
_SHOWN: Final = len(PREFIX) + 6
LONGEST: Final = timedelta(days=365)
NAME_CHARACTERS_MAX: Final = 80
#: Requests of one token in a minute, and how many of them a process takes from the common count at a time.
REQUESTS_PER_MINUTE: Final = 600
_TAKEN_AT_ONCE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a scope lets a program do. `permission` is what a person needs for the same."""

    name: str
    permission: Permission
    en: str
    zh: str


_OWN: Final = (
    Scope(
        name="filings:read", permission="own.read", en="Read filings, receipts and drafts", zh="读取申报、回执和草稿"
    ),
    Scope(name="filings:write", permission="own.file", en="Check filings and hand them in", zh="检查并提交申报"),
    Scope(
        name="filings:certify", permission="own.certify", en="File without a person certifying each filing",
        zh="无需逐次人工签认即可申报",
    ),
    Scope(name="transfers:read", permission="own.read", en="Read shipments and receipts", zh="读取发货与收货"),
    Scope(name="transfers:write", permission="own.file", en="Accept and dispute deliveries", zh="确认收货、提出异议"),
    Scope(name="lots:read", permission="own.read", en="Read lots and where they come from", zh="读取批次及其来源"),
    Scope(
        name="balances:read", permission="own.read", en="Read balances, quota and licences",
        zh="读取物料平衡、总量控制指标和许可证",
    ),
    Scope(
        name="findings:read", permission="own.read", en="Read findings about the organisation",
        zh="读取涉及本企业的线索",
    ),
    Scope(
        name="findings:answer", permission="own.file", en="Answer questions of the authority", zh="答复主管部门的询问",
    ),
    Scope(
        name="declarations:judge", permission="own.read", en="Check a customs declaration beforehand",
        zh="预先核对报关单",
    ),
    Scope(
        name="applications:read", permission="own.read", en="Read applications for export licences",
        zh="读取出口许可申请",
    ),
    Scope(
        name="applications:write", permission="own.file", en="Apply for export licences and answer queries",
        zh="申请出口许可、答复质询",
    ),
    Scope(name="changes:read", permission="own.read", en="Follow what changes", zh="跟踪变动"),
)  # fmt: skip
_AUTHORITY: Final = (
    Scope(
        name="nation:read", permission="nation.read", en="Read everything that is filed",
        zh="读取全部申报数据",
    ),
    Scope(
        name="findings:decide", permission="finding.decide", en="Ask about findings and decide them",
        zh="就线索提出询问并作出决定",
    ),
    Scope(
        name="parties:decide", permission="parties.decide", en="Decide whom names mean", zh="决定名称归并",
    ),
    Scope(
        name="inspections:write", permission="inspection.write", en="Enter what inspectors found", zh="登记检查结果",
    ),
    Scope(
        name="register:write", permission="register.write", en="Enter mergers, hand-overs and closures",
        zh="登记企业合并、场所转移与关闭",
    ),
    Scope(name="feeds:invoices", permission="records.write", en="Hand in invoices", zh="提交发票数据"),
    Scope(name="feeds:customs", permission="records.write", en="Hand in customs lines", zh="提交海关数据"),
    Scope(name="declarations:judge", permission="desk.use", en="Judge customs declarations", zh="核对报关单"),
    Scope(
        name="declarations:decide", permission="desk.decide",
        en="Decide about declarations and queries, confirm exits, allot tranches",
        zh="处理报关单与质疑、出境确认、分配额度",
    ),
    Scope(
        name="applications:decide", permission="licence.decide", en="Decide about applications for export licences",
        zh="审查出口许可申请",
    ),
    Scope(
        name="licences:decide", permission="licence.decide", en="Suspend, resume, revoke and hand over licences",
        zh="中止、恢复、撤销许可证及变更持有人",
    ),
    Scope(
        name="strategy:read", permission="strategy.read", en="Read the strategic view: network, scenarios, runs",
        zh="读取战略推演：网络、情景、推演结果",
    ),
    Scope(
        name="strategy:run", permission="strategy.run", en="Run scenarios, hand in their tables, publish to agencies",
        zh="推演情景、提交数据表、向外国机构公布",
    ),
    Scope(name="quotas:decide", permission="quotas.decide", en="Call planned runs of firms off", zh="取消企业计划批次"),
)  # fmt: skip
SCOPES: Final[tuple[str, ...]] = tuple(dict.fromkeys(one.name for one in (*_OWN, *_AUTHORITY)))
CERTIFY: Final = "filings:certify"
#: What a certifier may let a program do without being the administrator: file, and certify what is filed.
_OF_CERTIFIER: Final = frozenset({"filings:read", "filings:write", CERTIFY})
#: The role that a token has in its organisation while it holds a scope of this permission.
_ROLE: Final[Mapping[str, str]] = {"own.read": "filer", "own.file": "filer", "own.certify": "certifier"}

Reason = Literal["unknown", "revoked", "expired", "creator"]
REASONS: Final[Mapping[Reason, tuple[str, str]]] = {
    "unknown": (
        "No such token. It is sent as `Authorization: Bearer lodeline_…`, whole and unchanged.",
        "令牌无效。请以 `Authorization: Bearer lodeline_…` 的形式完整发送。",
    ),
    "revoked": (
        "This token has been revoked. Ask the administrator of your organisation for another.",
        "该令牌已被撤销。请向本企业管理员申请新令牌。",
    ),
    "expired": (
        "This token expired on {expired}; by the clock of this server it is {now}.",
        "该令牌已于 {expired} 失效；本服务器时间为 {now}。",
    ),
    "creator": (
        "Whoever made this token may not do any of this any more, and a token never may more than its maker.",
        "签发该令牌的人员已无相应权限；令牌的权限不得超过其签发人。",
    ),
}


class TokenError(UserError):
    """The token of a request opens nothing."""

    def __init__(self, reason: Reason, **facts: str) -> None:
        en, zh = REASONS[reason]
        super().__init__(bilingual(en.format(**facts), zh.format(**facts)))
        self.reason = reason


class WrongRequestError(UserError):
    """What a token should be cannot be: a name, a scope or a day that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How often a token may still ask: of `limit` in a minute `remaining`, and in `reset_s` seconds all of them."""

    limit: int
    remaining: int
    reset_s: int


class TooManyError(UserError):
    """The token has asked too often in this minute."""

    def __init__(self, usage: Usage) -> None:
        super().__init__(
            lang.text(
                "More than {limit} requests in a minute. Ask again in {reset_s} s; the headers "
                "RateLimit-* say how many are left.",
                limit=usage.limit,
                reset_s=usage.reset_s,
            )
        )
        self.usage = usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Actor):
    """A program: an actor that may only what its scopes open."""

    organisation: str
    opened: frozenset[str]
    expires_at: datetime

    def may(self, permission: str, organisation: str | None = None) -> bool:
        """Whether a scope opens this, and the standing of the token allows it."""
        general = permission in ("anyone", "signed in")
        return Actor.may(self, permission, organisation) and (general or permission in self.opened)


def scopes_of(organisation: str) -> tuple[Scope, ...]:
    """The scopes that a token of an organisation ("" for the authority) can have."""
    return _OWN if organisation else _AUTHORITY


def grantable(actor: Actor, organisation: str) -> tuple[Scope, ...]:
    """The scopes that the actor may give a program; none where the actor may give it no token at all.

    An administrator decides who files for the organisation, and so which program. Only a certifier lets one certify.
    An official of the whole country gives away what an official may.
    """
    if not organisation:
        official = [one for one in _AUTHORITY if actor.may(one.permission, AUTHORITY)]
        return tuple(official) if actor.may("accounts.write", AUTHORITY) else ()
    admin, certifier = actor.may("own.people", organisation), actor.may("own.certify", organisation)
    return tuple(
        one for one in _OWN if (admin and one.name != CERTIFY) or (certifier and one.name in _OF_CERTIFIER)
    )  # fmt: skip


def issue(
    actor: Actor, organisation: str, *, name: str, scopes: Iterable[str], days: int, now: datetime, request: str = ""
) -> tuple[Token, str]:
    """A new token, and its text, which is kept nowhere. Raises NotAllowedError, WrongRequestError."""
    wanted = sorted(set(scopes))
    allowed = {one.name for one in grantable(actor, organisation)}
    if not allowed or not allowed.issuperset(set(wanted) & {one.name for one in scopes_of(organisation)}):
        raise NotAllowedError(
            lang.text(
                "You may not give a program these scopes: only a certifier lets one certify, only an "
                "administrator does the rest."
            )
        )
    assert actor.user is not None, "whoever may give away scopes has signed in"
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or "\0" in name:
        raise WrongRequestError(
            lang.text(
                "Give the program a name of at most {name_characters_max} characters, such as the system that files.",
                name_characters_max=NAME_CHARACTERS_MAX,
            )
        )
    if not wanted or not allowed.issuperset(wanted):
        raise WrongRequestError(lang.text("Choose at least one scope from the list."))
    if not 0 < days <= LONGEST.days:
        raise WrongRequestError(lang.text("A token is valid for 1 to {days} days.", days=LONGEST.days))
    text = PREFIX + secrets.token_urlsafe(32)
    with office_transaction():
        token = Token.objects.create(
            organisation=organisation, name=name, beginning=text[:_SHOWN], digest=_digest(text),
            scopes=" ".join(wanted), created_by_id=actor.user, created_at=now, expires_at=now + timedelta(days=days),
        )  # fmt: skip
        record_act(
            actor, "token.issue", organisation=organisation, subject=str(token.pk), request=request,
            facts={"scopes": wanted, "days": days},
        )  # fmt: skip
        enter_right(actor, "token.issue", token)
    return token, text


def revoke(actor: Actor, organisation: str, token: int, *, now: datetime, request: str = "") -> Token | None:
    """Ends a token for good; None where the organisation has no such token. Revoking twice changes nothing.

    Raises NotAllowedError.
    """
    if not grantable(actor, organisation):
        actor.require("own.people" if organisation else "accounts.write", organisation)
    found = Token.objects.filter(pk=token, organisation=organisation).first()
    if found is not None and found.revoked_at is None:
        found.revoked_at = now
        with office_transaction():
            found.save(update_fields=["revoked_at"])
            record_act(actor, "token.revoke", organisation=organisation, subject=str(token), request=request)
            enter_right(actor, "token.revoke", found)
    return found


def tokens(actor: Actor, organisation: str) -> list[Token]:
    """The tokens of an organisation ("" for the authority), newest first, and who made them. Raises NotAllowedError."""
    actor.require("own.read" if organisation else "accounts.write", organisation)
    return list(Token.objects.filter(organisation=organisation).select_related("created_by").order_by("-pk"))


def program_of(text: str, *, now: datetime) -> Program:
    """Who asks with a token. Raises TokenError."""
    found = Token.objects.filter(digest=_digest(text)).select_related("created_by").first()
    if found is None:
        raise TokenError("unknown")
    if found.revoked_at is not None:
        raise TokenError("revoked")
    if now >= found.expires_at:
        raise TokenError("expired", expired=_moment(found.expires_at), now=_moment(now))
    program = _program(found, now)
    if not program.standings:
        raise TokenError("creator")
    return program


def _program(token: Token, now: datetime) -> Program:
    granted = frozenset(token.scopes.split())
    user: User = token.created_by
    maker = actor_of(user, on=law_in_force().day_of(now))
    known = {one.name: one for one in scopes_of(token.organisation) if one.name in granted}
    if token.organisation:
        if not maker.may("own.certify", token.organisation):
            known.pop(CERTIFY, None)
        roles = sorted({_ROLE[one.permission] for one in known.values()})
        standings = tuple(RoleGrant(organisation=token.organisation, role=role) for role in roles)
    else:
        known = {name: one for name, one in known.items() if maker.may(one.permission, AUTHORITY)}
        standings = tuple(one for one in maker.standings if not one.organisation) if known else ()
    return Program(
        user=user.pk, name=token.name, pseudonym=user.pseudonym, standings=standings, token=token.pk,
        scopes=frozenset(known), organisation=token.organisation, expires_at=token.expires_at,
        opened=frozenset(one.permission for one in known.values()),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """Requests of a minute that this process has taken from the common count, which then stood at `counted`."""

    minute: datetime
    counted: int
    left: int


_taken: dict[tuple[str, int], _Taken] = {}
_taken_lock = Lock()


def count(token: int, *, now: datetime) -> Usage:
    """Counts a request of a token. Raises TooManyError.

    The common count stands in the database, and a process takes several requests from it at a time: so most requests
    write nothing, and a token with little left may be refused a few early where several processes serve it.
    """
    minute = now.replace(second=0, microsecond=0)
    reset_s = max(1, 60 - now.second)
    place = (settings.LODELINE_DATABASE, token)
    with _taken_lock:
        taken = _taken.get(place)
        if taken is None or taken.minute != minute or taken.left == 0:
            taken = _take(token, minute, now)
        if taken.left == 0:
            raise TooManyError(Usage(limit=REQUESTS_PER_MINUTE, remaining=0, reset_s=reset_s))
        taken = replace(taken, left=taken.left - 1)
        _taken[place] = taken
    remaining = REQUESTS_PER_MINUTE - taken.counted + taken.left
    return Usage(limit=REQUESTS_PER_MINUTE, remaining=remaining, reset_s=reset_s)


def _take(token: int, minute: datetime, now: datetime) -> _Taken:
    """Takes requests from the common count of the minute; none where none are left."""
    of_token = Token.objects.filter(pk=token)
    of_token.filter(Q(counted_from__isnull=True) | ~Q(counted_from=minute)).update(counted=0, counted_from=minute)
    room = of_token.filter(counted__lte=REQUESTS_PER_MINUTE - _TAKEN_AT_ONCE)
    got = room.update(counted=F("counted") + _TAKEN_AT_ONCE, last_used_at=now)
    counted = of_token.values_list("counted", flat=True).get()
    return _Taken(minute=minute, counted=counted, left=_TAKEN_AT_ONCE if got else 0)


def _digest(text: str) -> str:
    """A token is 256 random bits, so one plain hash hides it as well as a slow one."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
