"""Who belongs to an organisation, or to the authority, as what and until when.

A membership is never edited: another role is an end and a new beginning, and both stay to be read. Nobody is left
without an administrator, nor the authority without two registrars. What gives power in the authority takes two
(`office.accounts.proposals`): the verbs here refuse it.

InputError          what was entered cannot be meant; every field at once
PeopleError         what was asked for is not done, and why
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils import translation

from lodeline.errors import UserError
from lodeline.filing.country import alpha2
from lodeline.language import bilingual, text
from lodeline.office.access import clock, rights
from lodeline.office.access.actor import (
    AGENCY_ROLES,
    AUTHORITY,
    AUTHORITY_ROLES,
    ORGANISATION_ROLES,
    Actor,
    NotAllowedError,
)
from lodeline.office.access.audit import record_act
from lodeline.office.access.territory import regions
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Delegation, Membership, OrganisationSettings, Token, User
from lodeline.store.database import Database
from lodeline.store.opening import open_store

#: The role without which nobody could invite anybody, by whether it is the authority's.
KEEPERS: Final = {True: "registrar", False: "organisation-admin"}
#: Registrars of the whole country that stay, since one proposes and another confirms.
LEAST_REGISTRARS: Final = 2
#: Roles of an organisation that may not be used without a second factor; all of the authority's may not.
GUARDED_ROLES: Final = frozenset({"certifier", "organisation-admin"})
LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongField:
    """A field of a form and what is wrong with it, in both languages."""

    field: str
    en: str
    zh: str


class InputError(UserError):
    """What was entered cannot be meant: `problems`, one for each field that is wrong."""

    def __init__(self, problems: Collection[WrongField]) -> None:
        assert problems, "an error names what is wrong"
        super().__init__(bilingual(" ".join(one.en for one in problems), "".join(one.zh for one in problems)))
        self.problems = tuple(problems)


class PeopleError(UserError):
    """What was asked for is not done; the message says why, and what can be done instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in an organisation with the memberships there that are in force or still to come."""

    user: User
    memberships: tuple[Membership, ...]
    has_second_factor: bool


def office_transaction() -> AbstractContextManager[None]:
    """A transaction that covers what the office writes, the audit record included: all of it or nothing."""
    return Database(settings.LODELINE_DATABASE).transaction()


def enter_right(actor: Actor, act: str, row: Membership | Delegation | Token) -> None:
    """Enters in the log that a role, delegation or token was given or ended, as its row says now.

    The last step of the caller's transaction: the log is locked from here on.
    """
    store = open_store(settings.LODELINE_DATABASE)
    rights.enter(store, act, row.pk, by=actor.pseudonym, now=clock.now())


def roles_of(organisation: str) -> tuple[str, ...]:
    """The roles that there are in an organisation, or ("") in the authority and beside it."""
    return tuple(ORGANISATION_ROLES if organisation else {**AUTHORITY_ROLES, **AGENCY_ROLES})


def require_people(actor: Actor, organisation: str) -> None:
    """Raises NotAllowedError unless the actor may say who belongs to an organisation, or ("") to the authority."""
    if organisation and actor.may("own.people", organisation):
        return
    actor.require("accounts.write", organisation)


def members(actor: Actor, organisation: str, *, on: date) -> list[Member]:
    """Who belongs to an organisation on a day or will, by name. Requires "own.read" there, or "accounts.write"."""
    if not organisation or not actor.may("own.read", organisation):
        actor.require("accounts.write", organisation)
    standing = Membership.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on), organisation=organisation)
    found: dict[int, list[Membership]] = {}
    for one in standing.select_related("user", "granted_by").order_by("user__name", "user_id", "valid_from", "id"):
        found.setdefault(one.user_id, []).append(one)
    guarded = with_second_factor(found)
    return [
        Member(user=own[0].user, memberships=tuple(own), has_second_factor=user in guarded)
        for user, own in found.items()
    ]


def with_second_factor(users: Iterable[int]) -> frozenset[int]:
    """Those of the accounts that cannot be entered with a password alone."""
    factors = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    found = Authenticator.objects.filter(user_id__in=list(users), type__in=factors)
    return frozenset(found.values_list("user_id", flat=True))


def needs_second_factor(actor: Actor) -> bool:
    """Whether any of the actor's roles may not be used without a second factor."""
    return any(not one.organisation or one.role in GUARDED_ROLES for one in actor.standings)


def grant(
    actor: Actor, *, user: User, organisation: str, role: str, region: str = "", valid_from: date,
    valid_to: date | None = None, now: datetime,
) -> Membership:  # fmt: skip
    """Gives a person a role from a day, until a day.

    Requires "own.people" in the organisation, or "accounts.write". Raises InputError; PeopleError where the person has
    the role already, and of a role of the authority, which takes two.
    """
    check_grant(actor, user, organisation, role, region, valid_from=valid_from, valid_to=valid_to)
    require_two_for(organisation)
    with office_transaction():
        return add_membership(
            actor, user=user, organisation=organisation, role=role, region=region, valid_from=valid_from,
            valid_to=valid_to, now=now,
        )  # fmt: skip


def require_two_for(organisation: str) -> None:
    """Raises PeopleError for the authority: one registrar proposes it, and another confirms."""
    if not organisation:
        raise PeopleError(text("Two registrars let somebody into the authority: one proposes it, another confirms."))


def check_grant(
    actor: Actor, user: User, organisation: str, role: str, region: str, *, valid_from: date, valid_to: date | None
) -> None:  # fmt: skip
    """Raises what `grant` does, and NotAllowedError, before anything is written."""
    require_people(actor, organisation)
    problems = wrong_role(organisation, role, region) + wrong_period(valid_from, valid_to)
    if problems:
        raise InputError(problems)
    if not organisation and user.pk == actor.user:
        raise PeopleError(text("Nobody gives himself a role in the authority: ask another registrar."))
    require_free(user, organisation, role, valid_from=valid_from, valid_to=valid_to)


def add_membership(
    actor: Actor, *, user: User, organisation: str, role: str, region: str, valid_from: date, valid_to: date | None,
    now: datetime, granted_by: int | None = None, confirmed_by: int | None = None,
) -> Membership:  # fmt: skip
    """Writes a membership that has been allowed already: by `grant`, by two registrars, or by an invitation.

    The last step of the caller's transaction, as `enter_right` is. Raises PeopleError where the person has the role in
    those days, or would be of another state's agency and of something else at the same time.
    """
    require_free(user, organisation, role, valid_from=valid_from, valid_to=valid_to)
    made = Membership.objects.create(
        user=user, organisation=organisation, role=role, region=region, valid_from=valid_from, valid_to=valid_to,
        granted_by_id=granted_by or actor.user or None, confirmed_by_id=confirmed_by, granted_at=now,
    )  # fmt: skip
    facts = {"role": role, "from": str(valid_from), "until": str(valid_to or ""), "region": region}
    record_act(actor, "membership.grant", organisation=organisation, subject=user.pseudonym, facts=facts)
    enter_right(actor, "membership.grant", made)
    return made


def require_free(user: User, organisation: str, role: str, *, valid_from: date, valid_to: date | None) -> None:
    """Raises PeopleError where the person has the role in those days, or one that does not go with it."""
    _require_apart(user, role, valid_from, valid_to)
    clash = Membership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from), user=user, organisation=organisation, role=role
    )
    if valid_to is not None:
        clash = clash.filter(valid_from__lte=valid_to)
    if clash.exists():
        raise PeopleError(text("This person has that role already. End it first if the dates are to change."))


def end_membership(actor: Actor, membership: int, *, last_day: date) -> Membership:
    """Ends a membership with the end of a day; one that has not begun by then never counts.

    Requires "own.people" in its organisation, or "accounts.write". Raises PeopleError where there is none, where it has
    ended, or where nobody would be left who can invite others.
    """
    with office_transaction():
        found = _own_membership(actor, membership)
        _lock_keepers(found.organisation)
        if found.valid_to is not None and found.valid_to <= last_day:
            raise PeopleError(text("This membership has ended already."))
        _require_keepers(found, last_day)
        found.valid_to = last_day
        found.save(update_fields=["valid_to"])
        facts = {"role": found.role, "until": str(last_day)}
        record_act(actor, "membership.end", organisation=found.organisation, subject=found.user.pseudonym, facts=facts)
        enter_right(actor, "membership.end", found)
    return found


def change_role(actor: Actor, membership: int, role: str, *, today: date, now: datetime) -> Membership:
    """Another role from today on: the old one ended yesterday. Requires and raises what `grant` and ending one do."""
    old = check_change(actor, membership, role, today=today)
    require_two_for(old.organisation)
    with office_transaction():
        return put_change(actor, membership, role, today=today, now=now)


def check_change(actor: Actor, membership: int, role: str, *, today: date) -> Membership:
    """The membership whose role is to be another. Raises what `change_role` does, before anything is written."""
    old = _own_membership(actor, membership)
    if AGENCY_ROLES.keys() & {role, old.role}:
        raise PeopleError(
            text(
                "The role of another state's agency is not changed for another, nor another for it: end "
                "the one, then give the other."
            )
        )
    begins = max(today, old.valid_from)
    check_grant(actor, old.user, old.organisation, role, old.region, valid_from=begins, valid_to=old.valid_to)
    _require_keepers(old, begins - timedelta(days=1))
    return old


def put_change(
    actor: Actor, membership: int, role: str, granted_by: int | None = None, confirmed_by: int | None = None, *,
    today: date, now: datetime,
) -> Membership:  # fmt: skip
    """Writes a change that has been allowed already. The last step of the caller's transaction."""
    old = _own_membership(actor, membership)
    # All that is locked, before the new role locks the log.
    _lock_keepers(old.organisation)
    old = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=old.pk)
    begins = max(today, old.valid_from)
    made = add_membership(
        actor, user=old.user, organisation=old.organisation, role=role, region=old.region, valid_from=begins,
        valid_to=old.valid_to, now=now, granted_by=granted_by, confirmed_by=confirmed_by,
    )  # fmt: skip
    end_membership(actor, membership, last_day=begins - timedelta(days=1))
    return made


def _own_membership(actor: Actor, membership: int) -> Membership:
    """A membership that the actor may end. Raises NotAllowedError before it says whether there is one."""
    found = Membership.objects.select_related("user").filter(pk=membership).first()
    require_people(actor, AUTHORITY if found is None else found.organisation)
    if found is None:
        raise PeopleError(text("There is no such membership."))
    return found


def _lock_keepers(organisation: str) -> None:
    """Whoever ends a membership waits here, so that two administrators cannot end each other at the same time."""
    keepers = Membership.objects.filter(organisation=organisation, role=KEEPERS[not organisation])
    list(keepers.select_for_update().order_by("pk").values_list("pk"))


def _require_keepers(leaving: Membership, last_day: date) -> None:
    """Raises PeopleError where too few could still invite others: in the authority it takes two.

    Counted are open-ended memberships of active accounts; in the authority those for the whole country.
    """
    if leaving.role != KEEPERS[not leaving.organisation] or leaving.region:
        return
    left = Membership.objects.filter(
        organisation=leaving.organisation, role=leaving.role, region="", user__is_active=True, valid_to__isnull=True,
        valid_from__lte=last_day + timedelta(days=1),
    ).exclude(user=leaving.user_id)  # fmt: skip
    people = left.values("user").distinct().count()
    if leaving.organisation and not people:
        raise PeopleError(text("Nobody would be left who can invite others: give somebody else this role first."))
    if not leaving.organisation and people < LEAST_REGISTRARS:
        raise PeopleError(
            text(
                "Fewer than two registrars of the whole country would be left, and roles take two: let "
                "another in first."
            )
        )


def second_person(organisation: str) -> bool:
    """Whether who certifies a filing of this organisation may not be who made it."""
    return OrganisationSettings.objects.filter(organisation=organisation, second_person=True).exists()


def require_second_person(actor: Actor, organisation: str, wanted: bool) -> None:
    """Sets or lifts the rule that somebody else certifies. Requires "own.people" in the organisation."""
    actor.require("own.people", organisation)
    with office_transaction():
        OrganisationSettings.objects.update_or_create(organisation=organisation, defaults={"second_person": wanted})
        record_act(actor, "organisation.second-person", organisation=organisation, facts={"wanted": wanted})


def account_of(actor: Actor) -> User:
    """The account of who asks. Requires "signed in"."""
    actor.require("signed in")
    assert actor.user is not None, "who has signed in has an account"
    return User.objects.get(pk=actor.user)


def change_own(actor: Actor, *, name: str, language: str, wants_mail: bool) -> User:
    """What a person says of himself. Requires "signed in"; raises InputError."""
    user = account_of(actor)
    problems = wrong_name(name)
    if problems:
        raise InputError(problems)
    assert language in ("en", "zh"), "the page offers two languages"
    user.name, user.language, user.wants_mail = name.strip(), language, wants_mail
    with office_transaction():
        user.save(update_fields=["name", "language", "wants_mail"])
        record_act(actor, "account.change", subject=user.pseudonym)
    return user


def require_all_of(actor: Actor, user: User) -> None:
    """Raises NotAllowedError unless the actor keeps the accounts of every place where a person ever had a role.

    Else whoever keeps those of one region could take over the account of an official.
    """
    places = set(Membership.objects.filter(user=user).values_list("organisation", flat=True))
    for organisation in places or {AUTHORITY}:
        actor.require("accounts.write", organisation)


def may_let_back_in(actor: Actor, user: User) -> bool:
    """Whether `let_back_in`, or proposing it, is the actor's to do."""
    try:
        require_let_back_in(actor, user)
    except (NotAllowedError, PeopleError):
        return False
    return True


def require_let_back_in(actor: Actor, user: User) -> None:
    """Raises NotAllowedError, and PeopleError where it is the own account."""
    require_all_of(actor, user)
    if user.pk == actor.user:
        raise PeopleError(text("Ask another registrar to let you back in."))


def takes_two(user: User) -> bool:
    """Whether two registrars let a person back in: everybody who ever was more than a filer."""
    return Membership.objects.filter(user=user).exclude(role="filer").exists()


def let_back_in(actor: Actor, user: User) -> None:
    """For a filer who cannot sign in: password, second factor and sessions go; a link then sets a new password.

    Requires "accounts.write" wherever the person belongs. Raises PeopleError for the own account, and for everybody of
    whom it takes two.
    """
    require_let_back_in(actor, user)
    if takes_two(user):
        raise PeopleError(text("Two registrars let this person back in: one proposes it, another confirms."))
    with office_transaction():
        clear_sign_in(actor, user)


def clear_sign_in(actor: Actor, user: User) -> None:
    """Takes away by what a person signs in; it has been allowed already. Part of the caller's transaction."""
    Authenticator.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    end_sessions(user, except_key=None)
    record_act(actor, "account.let-back-in", subject=user.pseudonym)


def end_sessions(user: User, *, except_key: str | None, only: int | None = None) -> int:
    """Ends sessions of a person: all but one, or only one; gives how many there were."""
    found = UserSession.objects.filter(user=user).exclude(session_key=except_key or "")
    if only is not None:
        found = found.filter(pk=only)
    ended = list(found)
    for session in ended:
        session.end()
    return len(ended)


def wrong_name(name: str) -> list[WrongField]:
    """What is wrong with the name of a person."""
    if not name.strip():
        return [WrongField(field="name", en="Give the name.", zh="请填写姓名。")]
    if len(name.strip()) > LONGEST_NAME:
        return [WrongField(field="name", en="The name is too long.", zh="姓名过长。")]
    if any(unicodedata.category(one) in {"Cc", "Zl", "Zp"} for one in name):
        return [WrongField(field="name", en="Write the name in one line.", zh="姓名须写在一行内。")]
    return []


def wrong_email(email: str) -> list[WrongField]:
    """What is wrong with an address of mail."""
    try:
        validate_email(email.strip())
    except ValidationError:
        return [
            WrongField(
                field="email",
                en="Write an e-mail address, such as name@company.cn.",
                zh="请填写电子邮箱地址，如 name@company.cn。",
            )
        ]
    return []


def wrong_role(organisation: str, role: str, region: str) -> list[WrongField]:
    """What is wrong with a role in an organisation, or in the authority."""
    if role not in roles_of(organisation):
        return [WrongField(field="role", en="Choose a role.", zh="请选择角色。")]
    if organisation and region:
        return [WrongField(field="region", en="Only officials have a region.", zh="仅主管部门人员可设地区。")]
    if role in AGENCY_ROLES:
        return _wrong_state(region)
    if region and region not in regions():
        return [
            WrongField(
                field="region", en=f"Nobody in the register has a site in {region}: choose one of the regions.",
                zh=f"登记簿中没有位于 {region} 的场所：请从列表中选择地区。",
            )
        ]  # fmt: skip
    return []


def _wrong_state(code: str) -> list[WrongField]:
    """What is wrong with the state whose agency somebody is of."""
    if alpha2(code) != code:
        return [
            WrongField(
                field="country", en="Give the state whose agency it is: its two letters of ISO 3166-1, such as JP.",
                zh="请填写机构所属国家：ISO 3166-1 两位字母代码，如 JP。",
            )
        ]  # fmt: skip
    if code == law_in_force().country:
        return [
            WrongField(
                field="country",
                en="An agency of this state is the authority's: give its people one of the other roles.",
                zh="本国机构属主管部门：请授予其他角色。",
            )
        ]  # fmt: skip
    return []


def _require_apart(user: User, role: str, valid_from: date, valid_to: date | None) -> None:
    """Raises PeopleError where somebody would be of another state's agency and of something else in the same days."""
    others = Membership.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from), user=user)
    if valid_to is not None:
        others = others.filter(valid_from__lte=valid_to)
    is_guest = role in AGENCY_ROLES
    if any((one in AGENCY_ROLES) != is_guest for one in others.values_list("role", flat=True)):
        raise PeopleError(
            text(
                "Whoever is of another state's agency has no other role here, for that would show what "
                "is kept from the agency: end the one before the other begins."
            )
        )


def wrong_period(valid_from: date, valid_to: date | None) -> list[WrongField]:
    """What is wrong with the days of a membership."""
    if valid_to is not None and valid_to < valid_from:
        return [
            WrongField(field="valid_to", en="The last day is before the first.", zh="终止日期早于起始日期。"),
        ]
    return []


def wrong_password(password: str, user: User) -> list[WrongField]:
    """What is wrong with a password that a person has chosen: the rules of the settings, in both languages."""
    errors: dict[str, list[str]] = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            try:
                validate_password(password, user)
            except ValidationError as error:
                errors[language] = list(error.messages)
    if not errors:
        return []
    return [WrongField(field="password", en=" ".join(errors["en"]), zh="".join(errors["zh-hans"]))]


def with_people(today: date) -> frozenset[str]:
    """The organisations for which somebody can sign in on a day."""
    in_force = Q(valid_from__lte=today) & (Q(valid_to__isnull=True) | Q(valid_to__gte=today))
    found = Membership.objects.filter(in_force, user__is_active=True).exclude(organisation="")
    return frozenset(found.values_list("organisation", flat=True).distinct())
