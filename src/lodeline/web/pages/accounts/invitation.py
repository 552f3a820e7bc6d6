"""Accepting an invitation: whoever has the link opens the account, or takes the role into the one that there is."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import perform_login
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.access import clock
from lodeline.office.accounts.invitations import InvitationError, accept_as, accept_new, has_account, look
from lodeline.office.accounts.people import InputError, PeopleError, account_of
from lodeline.office.models import Invitation, User
from lodeline.web.accounts.forms import PASSWORD_RULES
from lodeline.web.pages.common.entered import field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit, to_sign_in
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.language import NAMES
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_NAMES, duty


def invitation(visit: Visit, token: str) -> HttpResponse:
    """The page `invitation/<token>/`. The address is a secret: it is neither kept by browsers nor sent on."""
    response = _answered(visit, token)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer" if response.status_code >= 400 else "same-origin"
    return response


def _answered(visit: Visit, token: str) -> HttpResponse:
    now, today = clock.now(), clock.today(visit.law.timezone)
    error: InputError | None = None
    try:
        found = look(token, now=now)
        if visit.request.method == "POST":
            form = visit.request.POST
            if visit.actor.signed_in:
                accept_as(visit.actor, token, today=today, now=now)
                return HttpResponseRedirect(f"/{visit.language}/home/", status=303)
            language = "zh" if form.get("language") == "zh" else "en"
            try:
                user = accept_new(
                    token, name=form.get("name", ""), password=form.get("password", ""), language=language,
                    today=today, now=now,
                )  # fmt: skip
            except InputError as wrong:
                error = wrong
            else:
                return enter(visit, user, f"/{language}/home/")
    except (InvitationError, PeopleError) as no:
        return show(
            visit,
            "lodeline/accounts/invitation_refused.html",
            title=visit.text("This invitation cannot be used"),
            status=410,
            says=visit.localized(no.words),
        )
    return _form(visit, found, error)


def enter(visit: Visit, user: User, to: str) -> HttpResponse:
    """Signs in who has just opened the account; the gate asks for a second factor if the role needs one."""
    return perform_login(visit.request, user, redirect_url=to)  # type: ignore[no-any-return]


def _form(visit: Visit, found: Invitation, error: InputError | None) -> HttpResponse:
    name = visit.localized(AUTHORITY_NAME)
    if found.organisation:
        name = firm_names(visit).get(found.organisation, found.organisation)
    known = has_account(found)
    signed_in = account_of(visit.actor).email if visit.actor.signed_in else None
    return show(
        visit,
        "lodeline/accounts/invitation.html",
        title=visit.text("You are invited to act for {name}", name=name),
        status=400 if error else 200,
        role=visit.localized(ROLE_NAMES[found.role]),
        may=duty(found.role, visit.language),
        inviter=found.invited_by.name if found.invited_by else "",
        email=found.email,
        until=written.moment(found.expires_at.isoformat(), visit.language, visit.law.timezone),
        mine=signed_in == found.email,
        other=signed_in if signed_in and signed_in != found.email else None,
        to_sign_in=to_sign_in(visit) if known and not signed_in else None,
        problems=problems_part(visit, error),
        fields=account_fields(visit, error, name=found.name),
    )


def account_fields(visit: Visit, error: InputError | None, *, name: str = "") -> list[Field]:
    """Name, password and language of an account that is being opened."""
    form: Any = visit.request.POST if error else {}
    return [
        Field(
            name="name", label=visit.text("Name", context="accounts"), required=True, autocomplete="name",
            value=form.get("name", name), errors=field_errors(visit, error, "name"),
            hint=visit.text("As it stands under what you sign."),
        ),
        Field(
            name="password", label=visit.text("Password"), kind="password", required=True,
            autocomplete="new-password", hint=str(PASSWORD_RULES), errors=field_errors(visit, error, "password"),
        ),
        Field(
            name="language", label=visit.text("Language"), kind="select", width="short", required=True,
            value=form.get("language", visit.language), options=[(one, NAMES[one]) for one in NAMES],
        ),
    ]  # fmt: skip
