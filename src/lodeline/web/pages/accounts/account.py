"""The own account: who one is here, by what one signs in, and where one is signed in. Nobody else's data is on it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access.actor import AGENCY_ROLES
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.email_change import EmailChangeError
from lodeline.office.accounts.people import (
    InputError,
    account_of,
    change_own,
    end_sessions,
    needs_second_factor,
    office_transaction,
    with_second_factor,
)
from lodeline.office.models import Membership, User
from lodeline.office.notices.notices import account_notices
from lodeline.web.pages.accounts.email import ask_for_link
from lodeline.web.pages.common.entered import field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Fact, Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.language import NAMES
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_NAMES

_MEMBERSHIPS: Final = (
    Column(key="organisation", label=text("Organisation", context="accounts")),
    Column(key="role", label=text("Role", context="accounts")),
    Column(key="from", label=text("Since", context="accounts, account, memberships")),
    Column(key="until", label=text("Until", context="accounts, account")),
    Column(key="by", label=text("Granted by")),
)


def account_self(visit: Visit) -> HttpResponse:
    """The page `self/`: name, language, address and mail; memberships; means of signing in; sessions."""
    user = account_of(visit.actor)
    error: InputError | EmailChangeError | None = None
    if visit.request.method == "POST":
        try:
            answer = _done(visit, user)
        except (InputError, EmailChangeError) as wrong:
            error = wrong
        else:
            return answer
    table = _memberships(visit, user)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    guarded = bool(with_second_factor([user.pk]))
    needed = not guarded and settings.LODELINE_MFA == "required" and needs_second_factor(visit.actor)
    return show(
        visit,
        "lodeline/accounts/account_self.html",
        title=_title(visit, guarded=guarded, needed=needed),
        status=400 if error else 200,
        user=user,
        needed=needed,
        done=_notices(visit),
        problems=problems_part(visit, error),
        fields=_fields(visit, user, error),
        email_field=_email_field(visit, error) if settings.LODELINE_SENDS_MAIL else None,
        memberships=shown(visit, table),
        told=_told(visit),
        factors=_factors(visit, user),
        sessions=_sessions(visit, user),
        erasure=visit.url("account-erasure"),
        several=UserSession.objects.filter(user=user).count() > 1,
    )


def _told(visit: Visit) -> list[dict[str, str]]:
    """What was done about accounts, as far as it concerns the reader: the own one, or those that a role looks after."""

    @cache
    def named(code: str) -> str:
        """A role, or who has a pseudonym."""
        if code in ROLE_NAMES:
            return visit.localized(ROLE_NAMES[code])
        return User.objects.filter(pseudonym=code).values_list("name", flat=True).first() or code

    found = account_notices(visit.actor, named)
    return [
        {
            "text": visit.localized(one.text),
            "at": written.moment(one.created_at.isoformat(), visit.language, visit.law.timezone),
        }
        for one in found
    ]


def _title(visit: Visit, *, guarded: bool, needed: bool) -> str:
    if needed:
        return visit.text("Set up a second factor, and you can begin")
    if guarded:
        return visit.text("Your account is guarded by two factors")
    return visit.text("Your account is guarded by a password alone")


def _done(visit: Visit, user: User) -> HttpResponse:
    """What a form of this page does. Raises InputError, EmailChangeError."""
    form = visit.request.POST
    done = form.get("do")
    if done == "email":
        return ask_for_link(visit)
    key = visit.request.session.session_key
    language = visit.language
    if done == "profile":
        chosen = form.get("language", "")
        language = "zh" if chosen == "zh" else "en"
        change_own(
            visit.actor, name=form.get("name", ""), language=language, wants_mail=form.get("wants_mail") == "yes"
        )
    elif done == "end-session":
        only = form.get("session", "")
        with office_transaction():
            end_sessions(user, except_key=key, only=int(only) if only.isdecimal() else 0)
            record_act(visit.actor, "account.session-end", subject=user.pseudonym)
    elif done == "end-others":
        with office_transaction():
            ended = end_sessions(user, except_key=key)
            record_act(visit.actor, "account.session-end", subject=user.pseudonym, facts={"sessions": ended})
    return HttpResponseRedirect(f"/{language}/self/?done={done if done in _DONE else ''}", status=303)


_DONE: Final = {
    "profile": text("Your data are kept."),
    "email": text("If the address can be used, a link is on its way to it. Open it here; it is good for a day."),
    "email-changed": text("You sign in with the new address from now on."),
    "end-session": text("That session has ended."),
    "end-others": text("You are signed in here alone now."),
}


def _notices(visit: Visit) -> list[Notice]:
    done = visit.query("done")
    return [Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else []


def _email_field(visit: Visit, error: UserError | None) -> Field:
    posted = visit.request.POST if error else {}
    return Field(
        name="email", label=visit.text("New e-mail address"), kind="email", required=True,
        autocomplete="email", value=posted.get("email", ""), errors=field_errors(visit, error, "email"),
        hint=visit.text("One person's own. It gets a link that proves it."),
    )  # fmt: skip


def _fields(visit: Visit, user: User, error: UserError | None) -> list[Field]:
    posted = visit.request.POST if error and visit.request.POST.get("do") == "profile" else None
    return [
        Field(
            name="name", label=visit.text("Name", context="accounts"), required=True, autocomplete="name",
            value=user.name if posted is None else posted.get("name", ""), errors=field_errors(visit, error, "name"),
            hint=visit.text("As it stands under what you sign."),
        ),
        Field(
            name="language", label=visit.text("Language of mails"), kind="select", required=True,
            value=user.language, options=[(one, NAMES[one]) for one in NAMES], width="short",
        ),
        Field(
            name="wants_mail", label=visit.text("Write to me what is due"), kind="checkbox",
            checked=user.wants_mail,
        ),
    ]  # fmt: skip


def _memberships(visit: Visit, user: User) -> Table:
    names = firm_names(visit) if user.memberships.exclude(organisation="").exists() else {}
    found = Membership.objects.filter(user=user).select_related("granted_by").order_by("-valid_from", "id")
    rows = []
    for one in found:
        organisation = names.get(one.organisation, one.organisation) or visit.localized(AUTHORITY_NAME)
        place = words.region(one.region, visit.language)
        if one.role in AGENCY_ROLES:
            organisation, place = words.country(one.region, visit.language), ""
        role = visit.localized(ROLE_NAMES[one.role])
        until = written.day(one.valid_to, visit.language) if one.valid_to else visit.text("open", context="accounts")
        by = one.granted_by.name if one.granted_by and one.granted_by.pk != user.pk else visit.text("the system")
        rows.append(
            (
                Cell(text=organisation, value=one.organisation or one.region, note=place),
                Cell(text=role, value=one.role),
                Cell(text=written.day(one.valid_from, visit.language), value=str(one.valid_from)),
                Cell(text=until, value=str(one.valid_to or "")),
                Cell(text=by, value=by),
            )
        )
    return Table(
        name="memberships", caption=visit.text("Your memberships"), columns=_MEMBERSHIPS, rows=rows,
        empty=visit.text("You belong to no organisation."),
    )  # fmt: skip


def _factors(visit: Visit, user: User) -> dict[str, Any]:
    """By what one signs in: the app, the codes, the passkeys."""
    found: dict[str, Any] = {"app": None, "codes": None, "passkeys": []}
    for one in Authenticator.objects.filter(user=user).order_by("created_at", "id"):
        since = _when(visit, one.created_at)
        used = (
            _when(visit, one.last_used_at)
            if one.last_used_at
            else visit.text("never used", context="accounts, account")
        )
        if one.type == Authenticator.Type.TOTP:
            found["app"] = {"since": since, "used": used}
        elif one.type == Authenticator.Type.RECOVERY_CODES:
            found["codes"] = {"left": len(one.wrap().get_unused_codes()), "since": since}
        else:
            passkey = one.wrap()
            found["passkeys"].append(
                {"id": one.pk, "name": passkey.name, "alone": passkey.is_passwordless, "since": since, "used": used}
            )
    return found


def _sessions(visit: Visit, user: User) -> list[dict[str, Any]]:
    found = sorted(UserSession.objects.purge_and_list(user), key=lambda one: one.created_at, reverse=True)
    return [
        {
            "id": one.pk,
            "here": one.session_key == visit.request.session.session_key,
            "facts": [
                Fact(
                    term=visit.text("Since", context="accounts, account, sessions"), text=_when(visit, one.created_at)
                ),
                Fact(term=visit.text("From", context="accounts, account"), text=str(one.ip), mono=True),
                Fact(term=visit.text("Browser"), text=_browser(visit, one.user_agent)),
            ],
        }
        for one in found
    ]


def _when(visit: Visit, at: Any) -> str:
    return written.moment(at.isoformat(), visit.language, visit.law.timezone)


#: What stands in the line by which a browser names itself, and what it is called; the first that fits.
_BROWSERS: Final = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS: Final = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "Mac"),
    ("HarmonyOS", "HarmonyOS"), ("Linux", "Linux"),
)  # fmt: skip


def _browser(visit: Visit, agent: str) -> str:
    """Chrome, Windows; else what the browser says of itself, which proves nothing anyway."""
    named = [next((name for mark, name in kind if mark in agent), "") for kind in (_BROWSERS, _SYSTEMS)]
    return visit.text(", ", context="accounts, account").join(one for one in named if one) or agent or "–"
