"""What the shell and the account pages need: who has signed in, what was just done, who may try the demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from lodeline.errors import UserError
from lodeline.language import Text, text
from lodeline.office.accounts.demonstration import PASSWORD, SAMPLE_ACCOUNTS
from lodeline.office.models import Membership
from lodeline.web.parts.values import Act, Notice, Person
from lodeline.web.visit import Visit
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.language import language_at
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_MAY, ROLE_NAMES

#: Name of an account page → its headline.
_TITLES: Final[Mapping[str, Text]] = {
    "account_login": text("Sign in to Lodeline"),
    "account_logout": text("Sign out now?"),
    "account_inactive": text("This account is closed"),
    "account_reauthenticate": text("Is it still you?"),
    "mfa_reauthenticate": text("Is it still you?"),
    "mfa_reauthenticate_webauthn": text("Is it still you?"),
    "account_change_password": text("Change your password"),
    "account_reset_password": text("Forgotten your password?"),
    "account_reset_password_done": text("Look into your mail"),
    "account_reset_password_from_key": text("Choose a new password"),
    "account_reset_password_from_key_done": text("Your new password is set"),
    "mfa_authenticate": text("Now the second factor"),
    "mfa_activate_totp": text("Scan this code with your app"),
    "mfa_deactivate_totp": text("Take the app away?"),
    "mfa_view_recovery_codes": text("Keep these codes where you find them without this computer"),
    "mfa_generate_recovery_codes": text("Make new recovery codes?"),
    "mfa_add_webauthn": text("Add a passkey"),
    "mfa_edit_webauthn": text("Rename this passkey"),
    "mfa_remove_webauthn": text("Remove this passkey?"),
}


def account_context(request: HttpRequest) -> dict[str, Any]:
    """Django's context processor. What costs a query is asked when a template wants it, once."""
    visit = getattr(request, "visit", None) or Visit(
        request,
        language=language_at(request.path_info, request.headers.get("Accept-Language", "")),
        name="account",
        arguments={},
    )
    known = (request.resolver_match.url_name if request.resolver_match else None) or ""
    title = {"title": visit.localized(_TITLES[known])} if known in _TITLES else {}
    return {
        **title,
        "person": SimpleLazyObject(lambda: _person(visit)),
        "said": SimpleLazyObject(lambda: _notices(request)),
        "samples": SimpleLazyObject(lambda: _samples(visit)),
        "sample_password": SimpleLazyObject(lambda: _sample_password(request)),
        "sends_mail": settings.LODELINE_SENDS_MAIL,
    }


def _person(visit: Visit) -> Person | None:
    actor = visit.actor
    if not actor.signed_in:
        return None
    others = []
    firm = visit.firm
    organisation = visit.localized(AUTHORITY_NAME) if actor.is_official else ""
    if actor.agency_of is not None:
        organisation = words.country(actor.agency_of, visit.language)
    names = _names(visit) if actor.organisations else {}
    if firm in actor.organisations:
        organisation = names.get(firm, firm)
    for one in actor.organisations:
        href = None if one == firm else visit.url("firm", organisation=one)
        if href is not None:
            others.append(Act(label=names.get(one, one), href=href))
    if actor.is_official and firm is not None:
        others.append(Act(label=visit.localized(AUTHORITY_NAME), href=visit.url("overview")))
    roles = actor.roles(firm if firm in actor.organisations else "")
    officials = visit.opens("officials")
    if officials is not None:
        others.append(Act(label=visit.text("The authority's people"), href=officials))
    own = visit.url("account-self")
    return Person(
        name=actor.name,
        role=visit.text(", ", context="accounts, frame").join(visit.localized(ROLE_NAMES[role]) for role in roles),
        organisation=organisation,
        sign_out=f"/{visit.language}/account/logout/",
        links=[*others, *([Act(label=visit.text("Your account"), href=own)] if own else [])],
    )


def _names(visit: Visit) -> Any:
    """The shell is shown on pages that say that there is no store, too."""
    try:
        return firm_names(visit)
    except UserError:
        return {}


def _notices(request: HttpRequest) -> list[Notice]:
    """What the account library has to say of what was just done."""
    kinds = {"error": "problem", "warning": "info", "info": "info", "success": "success"}
    return [Notice(kind=kinds.get(one.level_tag, "info"), text=str(one)) for one in get_messages(request)]  # type: ignore[arg-type]


def _sample_password(request: HttpRequest) -> str:
    """The demo's password where a sample account asks; "" for everybody else, and outside of a demo."""
    email = getattr(request.user, "email", "")
    return PASSWORD if settings.LODELINE_DEMO and email in {one.email for one in SAMPLE_ACCOUNTS} else ""


def _samples(visit: Visit) -> list[dict[str, str]]:
    """The demo's accounts as forms that sign in like anybody; none where this is no demo."""
    if not settings.LODELINE_DEMO:
        return []
    places = dict(
        Membership.objects.filter(user__email__in=[one.email for one in SAMPLE_ACCOUNTS]).values_list(
            "user__email", "organisation"
        )
    )
    names = _names(visit)
    return [
        {
            "email": one.email,
            "password": PASSWORD,
            "name": one.name_zh if visit.language == "zh" else one.name,
            "role": visit.localized(ROLE_NAMES[one.role]),
            "may": visit.localized(ROLE_MAY[one.role]),
            "organisation": names.get(places[one.email], places[one.email])
            or visit.localized(ROLE_NAMES["agency"] if one.role == "agency" else AUTHORITY_NAME),
        }
        for one in SAMPLE_ACCOUNTS
        if one.email in places
    ]
