"""Programs that act for a firm, or for the authority: which, what they may do, until when; making and ending them.

The text of a token is shown in answer to the form that made it, and never again.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import bilingual
from lodeline.office.access import clock
from lodeline.office.accounts.tokens import (
    CERTIFY,
    LONGEST,
    Scope,
    WrongRequestError,
    grantable,
    issue,
    revoke,
    scopes_of,
    tokens,
)
from lodeline.office.models import Token
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice, Problem, Problems
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

_DAYS: Final = (30, 90, 180, LONGEST.days)


def firm_tokens(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/tokens/`: all of the firm see which programs act for it."""
    return _page(visit, organisation)


def authority_tokens(visit: Visit) -> HttpResponse:
    """The page `tokens/`: programs of the authority."""
    return _page(visit, "")


def _page(visit: Visit, organisation: str) -> HttpResponse:
    error: WrongRequestError | None = None
    issued: tuple[Token, str] | None = None
    form = visit.request.POST
    if visit.request.method == "POST":
        if form.get("do") == "revoke":
            number = form.get("token", "")
            if number.isdecimal() and len(number) < 18:
                revoke(visit.actor, organisation, int(number), now=clock.now(), request=_request(visit))
            return HttpResponseRedirect(f"{visit.request.path}?done=revoked", status=303)
        if CERTIFY in form.getlist("scope") and not is_recent(visit):
            back = urlencode({"next": f"{visit.request.path}?done=confirmed#new"})
            return HttpResponseRedirect(f"/{visit.language}/account/reauthenticate/?{back}")
        try:
            issued = _issue(visit, organisation)
        except WrongRequestError as wrong:
            error = wrong
    found = tokens(visit.actor, organisation)
    now = clock.now()
    standing = [one for one in found if one.revoked_at is None and one.expires_at > now]
    may_give = grantable(visit.actor, organisation)
    name = firm_names(visit).get(organisation, organisation) if organisation else visit.text("the authority")
    return show(
        visit,
        "lodeline/accounts/firm_tokens.html",
        title=_title(visit, name, len(standing)),
        status=400 if error else 200,
        name=name,
        done=_notices(visit),
        problems=_problems(visit, error),
        issued=issued,
        standing=[_shown(visit, one, organisation, may_revoke=bool(may_give)) for one in standing],
        ended=[_shown(visit, one, organisation, may_revoke=False) for one in found if one not in standing],
        fields=_fields(visit, error) if may_give else [],
        scopes=_scope_fields(visit, may_give, error),
        api=visit.opens("api"),
    )


def _issue(visit: Visit, organisation: str) -> tuple[Token, str]:
    form = visit.request.POST
    days = form.get("days", "")
    return issue(
        visit.actor, organisation, name=form.get("name", ""), scopes=form.getlist("scope"),
        days=int(days) if days.isdecimal() and len(days) < 6 else 0, now=clock.now(), request=_request(visit),
    )  # fmt: skip


def _request(visit: Visit) -> str:
    return str(getattr(visit.request, "request_id", ""))


def _title(visit: Visit, name: str, count: int) -> str:
    if count == 0:
        return visit.text("No program acts for {name}", name=name)
    if count == 1:
        return visit.text("One program acts for {name}", name=name)
    return visit.text("{count} programs act for {name}", count=count, name=name)


def _notices(visit: Visit) -> list[Notice]:
    done = visit.query("done")
    if done == "revoked":
        text = visit.text("The token opens nothing any more.")
        return [Notice(kind="success", text=text)]
    if done == "confirmed":
        text = visit.text("You are confirmed. Fill in the form once more.")
        return [Notice(kind="info", text=text)]
    return []


def _problems(visit: Visit, error: WrongRequestError | None) -> Problems | None:
    if error is None:
        return None
    problems = [Problem(severity="reject", text=visit.localized(error.words), href="#new")]
    return Problems(heading=visit.text("No token was made"), problems=problems)


def _shown(visit: Visit, one: Token, organisation: str, *, may_revoke: bool) -> dict[str, Any]:
    zone, names = (
        visit.law.timezone,
        {scope.name: visit.localized(bilingual(scope.en, scope.zh)) for scope in scopes_of(organisation)},
    )

    def when(moment: Any) -> str:
        return written.moment(moment.isoformat(), visit.language, zone)

    if one.revoked_at is not None:
        state = visit.text("revoked {when}", when=when(one.revoked_at))
    elif one.expires_at <= clock.now():
        state = visit.text("expired {when}", when=when(one.expires_at))
    else:
        state = visit.text("until {when}", context="accounts, tokens", when=when(one.expires_at))
    used = visit.text("never used", context="accounts, tokens")
    if one.last_used_at is not None:
        used = visit.text("last used {when}", when=when(one.last_used_at))
    made = visit.text("made by {name}, {when}", name=one.created_by.name, when=when(one.created_at))
    return {
        "id": one.pk,
        "name": one.name,
        "beginning": one.beginning,
        "may": [names.get(scope, scope) for scope in one.scopes.split()],
        "text": " · ".join((state, used, made)),
        "may_revoke": may_revoke,
    }


def _fields(visit: Visit, error: WrongRequestError | None) -> list[Field]:
    form = visit.request.POST if error else {}
    return [
        Field(
            name="name", label=visit.text("Name of the program"), required=True, value=form.get("name", ""),
            hint=visit.text("Such as the system that files: everybody here sees it."),
        ),
        Field(
            name="days", label=visit.text("Valid for"), kind="select", width="short", required=True,
            value=form.get("days", "180"),
            options=[(str(days), visit.text("{days} days", context="accounts", days=days)) for days in _DAYS],
        ),
    ]  # fmt: skip


def _scope_fields(visit: Visit, scopes: tuple[Scope, ...], error: WrongRequestError | None) -> list[Field]:
    chosen = visit.request.POST.getlist("scope") if error else []
    return [
        Field(
            name="scope", key=one.name.replace(":", "-"), kind="checkbox", value=one.name, checked=one.name in chosen,
            label=f"{visit.localized(bilingual(one.en, one.zh))} · {one.name}",
        )
        for one in scopes
    ]  # fmt: skip
