"""Asking for one's own data to be erased: what goes, what stays, what stands in the way, and from which day."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import bilingual, text
from lodeline.office.access import clock
from lodeline.office.accounts import erasure
from lodeline.office.accounts.erasure import Obstacle
from lodeline.office.accounts.people import InputError, PeopleError, account_of
from lodeline.web.pages.common.entered import field_errors, number_of, problems_part
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_NAMES

_DONE: Final = {
    "ask": text("Your request is entered. An official decides it."),
    "withdraw": text("Your request is taken back."),
}
#: A person asks for the own data to be erased; a court's order is entered by an official.
_OWN_GROUNDS: Final = ("not-needed", "consent", "unlawful")


def account_erasure(visit: Visit) -> HttpResponse:
    """The page `self/erasure/`; asking and taking back need who one is to have been proved lately."""
    error: InputError | PeopleError | None = None
    if visit.request.method == "POST":
        if not is_recent(visit):
            return HttpResponseRedirect(prove_first(visit))
        try:
            _done(visit)
        except (InputError, PeopleError) as refused:
            error = refused
        else:
            done = visit.request.POST.get("do")
            return HttpResponseRedirect(f"{visit.request.path}?done={done if done in _DONE else ''}", status=303)
    user = account_of(visit.actor)
    newest = erasure.own_request(visit.actor)
    waiting = newest is not None and newest.state == erasure.State.OPEN
    standing = erasure.obstacles(user, law=visit.law, today=clock.today(visit.law.timezone))
    done = visit.query("done")
    return show(
        visit,
        "lodeline/accounts/account_erasure.html",
        title=visit.text("You have asked to be erased") if waiting else visit.text("Have your personal data erased"),
        status=400 if error else 200,
        pseudonym=user.pseudonym,
        done=[Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else [],
        problems=problems_part(visit, error),
        request=newest,
        waiting=waiting,
        refused=newest is not None and newest.state == erasure.State.REFUSED,
        asked_at=None
        if newest is None
        else written.moment(newest.requested_at.isoformat(), visit.language, visit.law.timezone),
        obstacles=[obstacle_words(visit, one) for one in standing],
        prove=None if is_recent(visit) else prove_first(visit),
        fields=ground_fields(visit, error, _OWN_GROUNDS),
        account=visit.url("account-self"),
    )


def _done(visit: Visit) -> None:
    """What a form of this page does. Raises InputError, PeopleError."""
    form, now = visit.request.POST, clock.now()
    if form.get("do") == "ask":
        erasure.ask(visit.actor, ground=form.get("ground", ""), reason=form.get("said", ""), now=now)
    elif form.get("do") == "withdraw":
        erasure.withdraw(visit.actor, number_of(form.get("request", "")), now=now)


def prove_first(visit: Visit) -> str:
    """Where one proves once more who one is, and from where one comes back to this page."""
    return f"/{visit.language}/account/reauthenticate/?{urlencode({'next': visit.here()})}"


def ground_fields(visit: Visit, error: InputError | PeopleError | None, grounds: tuple[str, ...]) -> list[Field]:
    """Ground and reason of a request, as they were sent where something was wrong with them."""
    form = visit.request.POST if error else {}
    return [
        Field(
            name="ground",
            label=visit.text("Ground"),
            kind="radio",
            required=True,
            value=form.get("ground", ""),
            options=[(one, visit.localized(erasure.GROUNDS[one])) for one in grounds],
            errors=field_errors(visit, error, "ground"),
        ),
        reason_field(visit, error),
    ]


def reason_field(visit: Visit, error: InputError | PeopleError | None) -> Field:
    """The reason, in one's own words."""
    form = visit.request.POST if error else {}
    return Field(
        name="said",
        label=visit.text("Why", context="accounts"),
        kind="textarea",
        required=True,
        value=form.get("said", ""),
        errors=field_errors(visit, error, "said"),
        hint=visit.text("It goes with the name when the name goes."),
    )


def obstacle_words(visit: Visit, one: Obstacle) -> str:
    """What stands in the way, with firms, roles and days as the reader calls them."""
    if one.code == "term" and one.until is not None:
        day = written.day(one.until, visit.language)
        return visit.text(
            "Filing, certifying or answering for a firm is on record, and such records are kept: "
            "from {day} on it can be erased.",
            day=day,
        )
    if one.code == "needed":
        role = visit.localized(ROLE_NAMES[one.role])
        names = firm_names(visit) if one.organisation else {}
        where = names.get(one.organisation, one.organisation) or visit.localized(AUTHORITY_NAME)
        return visit.text(
            "There is no other {role} of {where}: hand the role over first.",
            role=bilingual(role.lower(), role),
            where=where,
        )
    return visit.localized(bilingual(one.en, one.zh))
