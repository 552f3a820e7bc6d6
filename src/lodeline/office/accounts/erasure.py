"""Personal data are erased on lawful request, and what was filed stands: the name goes, the pseudonym stays.

Two people do it: one asks (the person, or an official who was asked), another official carries it out or refuses, each
with a reason. Nothing is erased while a legal hold stands, while nobody else could do the person's work, or before the
term of keeping records is over, unless the official sets that term aside and says why. Afterwards the account is a
pseudonym; the person's key is gone, and with it every text that was sealed under it, in every copy.

What it does not reach: free text that firms have filed as theirs, and backups made before. docs/howto/erase.md says
what to do about both.

Source: Personal Information Protection Law of China, article 47; the term is the parameter `personal-record-years`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Max, Q

from lodeline.language import Text, bilingual, text
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act, record_paper
from lodeline.office.access.sealing import destroy_key, opened_text, seal_text
from lodeline.office.access.two import require_apart
from lodeline.office.accounts import key_standing
from lodeline.office.accounts.holds import standing_on
from lodeline.office.accounts.people import (
    LEAST_REGISTRARS,
    InputError,
    PeopleError,
    WrongField,
    account_of,
    end_sessions,
    enter_right,
    office_transaction,
)
from lodeline.office.jobs import jobs
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import (
    CaseStep,
    CaseWatch,
    CertifierKey,
    Draft,
    ErasureRequest,
    Invitation,
    Mail,
    Membership,
    Notice,
    NoticeRead,
    Token,
    User,
)
from lodeline.regulation.parameter import Jurisdiction, NoLawError, Parameter

State = ErasureRequest.State
#: Why personal data are to be erased: a code → what it is called.
GROUNDS: Final[Mapping[str, Text]] = {
    "not-needed": text("No longer needed: the person has left"),
    "consent": text("The person withdraws consent"),
    "unlawful": text("The data were kept unlawfully"),
    "order": text("A court or authority orders it"),
}
#: Roles of which an organisation, or the authority, needs somebody.
NEEDED_ROLES: Final = ("certifier", "organisation-admin", "registrar", "system-admin")
LONGEST_TEXT: Final = 2_000
#: Scopes that are bound to the person who gave them, as a whole word of `Token.scopes`.
_CERTIFY: Final = "filings:certify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why somebody cannot be erased now.

    `until`: the first day on which a `term` is over. `organisation` ("" for the authority) and `role`: where the person
    is `needed`.
    """

    code: str
    en: str
    zh: str
    until: date | None = None
    organisation: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRequest:
    """A request with its words; None where the person has been erased, and the words with the name."""

    request: ErasureRequest
    reason: str | None
    decision_reason: str | None
    obstacles: tuple[Obstacle, ...]


def ask(actor: Actor, *, ground: str, reason: str, now: datetime) -> ErasureRequest:
    """The person asks. Requires "signed in"; raises InputError, PeopleError where a request is open."""
    return _put(actor, account_of(actor), ground, reason, now)


def enter(actor: Actor, person: str, *, ground: str, reason: str, now: datetime) -> ErasureRequest:
    """An official enters what a person, or a court, has asked for; `person` is the address or pseudonym of an account.

    Requires "erasure.write"; raises InputError, PeopleError where a request is open or it was done.
    """
    actor.require("erasure.write", AUTHORITY)
    found = account_called(person)
    if found is None:
        raise InputError(
            [WrongField(field="person", en="No account has this address or pseudonym.", zh="没有此邮箱或化名的账户。")]
        )
    return _put(actor, found, ground, reason, now)


def account_called(text: str) -> User | None:
    """The account of an address or pseudonym, for officials alone."""
    return User.objects.filter(Q(email=text.strip().lower()) | Q(pseudonym=text.strip())).first()


def withdraw(actor: Actor, request: int, *, now: datetime) -> ErasureRequest:
    """Takes a request back: the person may, and who entered it. Raises PeopleError where it is not open or theirs."""
    actor.require("signed in")
    with office_transaction():
        found = _open(request)
        if actor.user not in (found.user_id, found.requested_by_id):
            raise PeopleError(text("Only the person, or who entered the request, takes it back."))
        found.state, found.decided_by_id, found.decided_at = State.WITHDRAWN, actor.user, now
        found.save()
        _record(actor, "erasure.withdraw", found)
    return found


def own_request(actor: Actor) -> ErasureRequest | None:
    """The newest request about who asks. Requires "signed in"."""
    return ErasureRequest.objects.filter(user=account_of(actor)).order_by("-pk").first()


def requests(actor: Actor) -> list[ErasureRequest]:
    """All requests, open ones first, newest first. Requires "erasure.write"."""
    actor.require("erasure.write", AUTHORITY)
    found = list(ErasureRequest.objects.select_related("user", "requested_by", "decided_by").order_by("-pk"))
    return sorted(found, key=lambda one: one.state != State.OPEN)


def asked(actor: Actor, request: int, *, law: Jurisdiction, today: date) -> OpenedRequest:
    """One request with its words and what stands in the way. Requires "erasure.write"; raises PeopleError."""
    actor.require("erasure.write", AUTHORITY)
    found = (
        ErasureRequest.objects.select_related("user", "requested_by", "decided_by").filter(pk=request).first()
    )  # fmt: skip
    if found is None:
        raise PeopleError(text("There is no such request."))
    decided = found.decided_said
    return OpenedRequest(
        request=found, reason=opened_text(found.user, bytes(found.said), "erasure"),
        decision_reason="" if decided is None else opened_text(found.user, bytes(decided), "erasure"),
        obstacles=tuple(obstacles(found.user, law=law, today=today)) if found.state == State.OPEN else (),
    )  # fmt: skip


def refuse(actor: Actor, request: int, *, reason: str, now: datetime) -> ErasureRequest:
    """Refuses a request, with the reason. Requires "erasure.write", and another person than who asked."""
    actor.require("erasure.write", AUTHORITY)
    _require_text(reason)
    with office_transaction():
        found = _open(request)
        _require_second(actor, found)
        found.decided_said = seal_text(found.user, reason.strip(), "erasure")
        found.state, found.decided_by_id, found.decided_at = State.REFUSED, actor.user, now
        found.save()
        _record(actor, "erasure.refuse", found)
    return found


def carry_out(
    actor: Actor, request: int, *, reason: str, before_term: bool, law: Jurisdiction, now: datetime
) -> ErasureRequest:
    """Erases the person. `before_term`: even though the term of keeping records is not over; `reason` then says why.

    Requires "erasure.write", and another person than who asked. Raises InputError; PeopleError where anything else
    stands in the way.
    """
    actor.require("erasure.write", AUTHORITY)
    _require_text(reason)
    today = law.day_of(now)
    with office_transaction():
        found = _open(request)
        _require_second(actor, found)
        # Whoever sets a hold waits for this lock, and whoever ends a membership for that of the roles.
        person = User.objects.select_for_update().get(pk=found.user_id)
        list(Membership.objects.select_for_update().filter(role__in=NEEDED_ROLES).order_by("pk").values_list("pk"))
        standing = [one for one in obstacles(person, law=law, today=today) if one.code != "term" or not before_term]
        if standing:
            raise PeopleError(bilingual(" ".join(one.en for one in standing), "".join(one.zh for one in standing)))
        early = any(one.code == "term" for one in obstacles(person, law=law, today=today))
        found.decided_said = seal_text(person, reason.strip(), "erasure")
        found.state, found.decided_by_id, found.decided_at = State.DONE, actor.user, now
        found.before_term = early
        found.save()
        _record(actor, "erasure.done", found, {"ground": found.ground, "before_term": early})
        jobs.enqueue("erasure.sweep", {}, now=now, key="erasure.sweep")
        ended = _erase(actor, person, today=today, now=now)
        # Last: the log is locked from here on.
        _enter_ended(actor, ended)
        key_standing.end(person, now=now)
    return found


def erase_again(actor: Actor, pseudonyms: Collection[str], *, now: datetime) -> list[str]:
    """After a backup was restored: erases those who had been erased since it was made, and gives who they were.

    Their requests were decided then, by two people; holds, roles and terms were judged then. Requires "erasure.write".
    Raises InputError where a pseudonym is nobody's, and changes nothing.
    """
    actor.require("erasure.write", AUTHORITY)
    today = law_in_force().day_of(now)
    with office_transaction():
        found = {one.pseudonym: one for one in User.objects.select_for_update().filter(pseudonym__in=pseudonyms)}
        unknown = sorted(set(pseudonyms) - found.keys())
        if unknown or not found:
            names = ", ".join(unknown)
            raise InputError(
                [WrongField(field="pseudonyms", en=f"Nobody has this pseudonym: {names}.", zh=f"没有此化名：{names}。")]
            )
        living = [one for _, one in sorted(found.items()) if one.erased_at is None]
        for person in living:
            asked = ErasureRequest.objects.filter(user=person, state=State.OPEN).first()
            if asked is None:
                record_act(actor, "erasure.again", subject=person.pseudonym)
            else:
                asked.state, asked.decided_by_id, asked.decided_at = State.DONE, actor.user, now
                asked.save()
                _record(actor, "erasure.again", asked)
            jobs.enqueue("erasure.sweep", {}, now=now, key="erasure.sweep")
        ended = [_erase(actor, person, today=today, now=now) for person in living]
        # Last: the log is locked from here on.
        for person, rights in zip(living, ended, strict=True):
            _enter_ended(actor, rights)
            key_standing.end(person, now=now)
    return [one.pseudonym for one in living]


def obstacles(person: User, *, law: Jurisdiction, today: date) -> list[Obstacle]:
    """Everything that stands in the way of erasing a person on a day."""
    found = []
    if standing_on(person):
        found.append(
            Obstacle(
                code="hold",
                en="A legal hold stands on this person or on an organisation of theirs: whoever audits or inspects has"
                " to lift it first.",
                zh="此人或其所在企业处于法律保全状态：须先由审计或检查人员解除。",
            )
        )
    found += [
        Obstacle(
            code="needed",
            en=f"Too few others are {role} in {organisation or 'the authority'}: give somebody else the role first.",
            zh=f"{organisation or '主管部门'}中担任 {role} 的其他人员不足：请先将该角色授予他人。",
            organisation=organisation,
            role=role,
        )
        for organisation, role in _last_in(person, today)
    ]
    if Draft.objects.filter(state=Draft.State.FILING).filter(_worked_on(person)).exists():
        found.append(
            Obstacle(
                code="filing", en="A filing of theirs is just being filed: try again in a minute.",
                zh="其申报正在提交：请稍后再试。",
            )
        )  # fmt: skip
    first = erasable_from(person, law=law, today=today)
    if first is not None and first > today:
        found.append(
            Obstacle(
                code="term",
                en=f"They filed, certified or answered for a firm, and such records are kept: they can be erased from"
                f" {first.isoformat()} on.",
                zh=f"此人曾代表企业申报、签认或答复，相关记录须在期限内保存：自{first.isoformat()}起可删除。",
                until=first,
            )
        )
    return found


def erasable_from(person: User, *, law: Jurisdiction, today: date) -> date | None:
    """The first day after the term of keeping records, counted from the person's last act for a firm.

    None where there was no such act, or where the law sets no term.
    """
    last = _last_act(person)
    if last is None:
        return None
    years = [_years(one, today) for one in law.named(_TERM)]
    term = max((one for one in years if one is not None), default=None)
    if term is None:
        return None
    on = law.day_of(last) + timedelta(days=1)
    try:
        return on.replace(year=on.year + term)
    except ValueError:
        # From the 29th of February, in a year that has none.
        return date(on.year + term, 3, 1)


#: The parameter of the law pack that says for how long.
_TERM: Final = "personal-record-years"


def _years(parameter: Parameter, today: date) -> int | None:
    try:
        return int(parameter.at(today, known=today).value["years_least"])
    except NoLawError:
        return None


def _last_act(person: User) -> datetime | None:
    """When the person last filed, certified or answered for a firm."""
    filed = Draft.objects.filter(_worked_on(person), state=Draft.State.FILED, sandbox=False)
    answered = CaseStep.objects.filter(who=person.pseudonym).exclude(organisation="")
    moments = [
        filed.aggregate(last=Max("changed_at"))["last"],
        filed.aggregate(last=Max("asked_at"))["last"],
        answered.aggregate(last=Max("at"))["last"],
    ]
    return max((one for one in moments if one is not None), default=None)


def _worked_on(person: User) -> Q:
    return Q(created_by=person) | Q(changed_by=person) | Q(certified_by=person)


def _last_in(person: User, today: date) -> list[tuple[str, str]]:
    """The (organisation, role) that too few others would hold: nobody, or of registrars only one."""
    in_force = Q(valid_from__lte=today) & (Q(valid_to__isnull=True) | Q(valid_to__gte=today))
    own = Membership.objects.filter(in_force, user=person, role__in=NEEDED_ROLES)
    return [
        (organisation, role)
        for organisation, role in own.order_by("organisation", "role").values_list("organisation", "role").distinct()
        if Membership.objects.filter(in_force, organisation=organisation, role=role, user__is_active=True)
        .exclude(user=person)
        .values("user")
        .distinct()
        .count()
        < (LEAST_REGISTRARS if role == "registrar" else 1)
    ]


def _put(actor: Actor, person: User, ground: str, reason: str, now: datetime) -> ErasureRequest:
    assert actor.user is not None, "whoever asks has signed in"
    problems = []
    if ground not in GROUNDS:
        problems.append(WrongField(field="ground", en="Choose a ground.", zh="请选择依据。"))
    problems += _wrong_text(reason)
    if problems:
        raise InputError(problems)
    with office_transaction():
        locked = User.objects.select_for_update().get(pk=person.pk)
        if locked.erased_at is not None:
            raise PeopleError(text("This person has been erased already."))
        if ErasureRequest.objects.filter(user=locked, state=State.OPEN).exists():
            raise PeopleError(text("A request about this person is open already."))
        made = ErasureRequest.objects.create(
            user=locked, ground=ground, said=seal_text(locked, reason.strip(), "erasure"), requested_by_id=actor.user,
            requested_at=now,
        )  # fmt: skip
        _record(actor, "erasure.ask", made, {"ground": ground})
    return made


def _record(
    actor: Actor, what: str, request: ErasureRequest, facts: Mapping[str, object] | None = None
) -> None:  # fmt: skip
    subject, named = request.user.pseudonym, {"request": request.pk, **(facts or {})}
    record_paper(actor, what, "request", request.pk, subject=subject, facts=named)


def _open(request: int) -> ErasureRequest:
    found = ErasureRequest.objects.select_for_update(of=("self",)).select_related("user").filter(pk=request).first()
    if found is None or found.state != State.OPEN:
        raise PeopleError(text("This request is not open any more."))
    return found


def _require_second(actor: Actor, request: ErasureRequest) -> None:
    if actor.user is None or actor.user in (request.user_id, request.requested_by_id):
        raise PeopleError(text("Somebody else than who asked decides: ask another official."))
    require_apart(actor, request.requested_by.pseudonym)


def _require_text(reason: str) -> None:
    problems = _wrong_text(reason)
    if problems:
        raise InputError(problems)


def _wrong_text(reason: str) -> list[WrongField]:
    if reason.strip() and len(reason) <= LONGEST_TEXT and "\0" not in reason:
        return []
    return [
        WrongField(
            field="said", en=f"Say why, in at most {LONGEST_TEXT} characters.",
            zh=f"请说明理由，最多{LONGEST_TEXT}字。",
        )
    ]  # fmt: skip


def _enter_ended(actor: Actor, rights: Sequence[Membership | Token]) -> None:
    for one in rights:
        enter_right(actor, "token.revoke" if isinstance(one, Token) else "membership.end", one)


def _erase(actor: Actor, person: User, *, today: date, now: datetime) -> list[Membership | Token]:
    """Takes away what says who the person is, and whatever lets the person in. Evidence is not touched.

    Returns the roles and tokens that ended with it, which the caller enters last.
    """
    ended: list[Membership | Token] = []
    for one in Membership.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=today), user=person):
        one.valid_to = today
        one.save(update_fields=["valid_to"])
        facts = {"role": one.role, "until": str(today)}
        record_act(actor, "membership.end", organisation=one.organisation, subject=person.pseudonym, facts=facts)
        ended.append(one)
    end_sessions(person, except_key=None)
    for of_person in (UserSession, Authenticator, EmailAddress, Mail, Notice, NoticeRead, CaseWatch, CertifierKey):
        of_person.objects.filter(user=person).delete()
    Invitation.objects.filter(Q(email=person.email) | Q(accepted_by=person)).delete()
    # What a firm's programs file does not rest on who made the token; certifying and all of the authority's does.
    tokens = Token.objects.filter(created_by=person, revoked_at=None)
    for token in tokens.filter(Q(organisation="") | Q(scopes__contains=_CERTIFY)).select_for_update():
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        record_act(actor, "token.revoke", organisation=token.organisation, subject=str(token.pk))
        ended.append(token)
    # What was signed stands in the entry; the copy beside the draft may hold a certificate with the name.
    Draft.objects.filter(certified_by=person).exclude(certification="").update(certification="")
    person.email = f"{person.pseudonym}@erased.invalid"
    person.name = called_when_erased(person)
    person.set_unusable_password()
    person.is_active, person.wants_mail, person.last_login, person.erased_at = False, False, None, now
    person.save()
    destroy_key(person)
    return ended


def called_when_erased(person: User) -> str:
    """What stands in place of the name, on every page, in both languages."""
    return f"erased person · 已删除人员 ({person.pseudonym})"
