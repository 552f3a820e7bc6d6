"""Who files for this organisation, and for whom it files: given from day to day, and ended by either side."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.accounts.delegation import delegate, delegations, end_delegation
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.office.models import Delegation
from lodeline.web.pages.common.entered import day_of, field_errors, number_of, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

_DONE: Final = {
    "delegate": text("That organisation may file for you."),
    "end": text("The delegation ends."),
}


def firm_delegations(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/delegations/`."""
    today = clock.today(visit.law.timezone)
    error: InputError | PeopleError | None = None
    names = firm_names(visit)
    if visit.request.method == "POST":
        try:
            _done(visit, organisation, today, names)
        except (InputError, PeopleError) as refused:
            error = refused
        else:
            done = visit.request.POST.get("do")
            return HttpResponseRedirect(f"{visit.request.path}?done={done if done in _DONE else ''}", status=303)
    found = delegations(visit.actor, organisation, on=today)
    done = visit.query("done")
    return show(
        visit,
        "lodeline/accounts/delegations.html",
        title=_title(visit, names.get(organisation, organisation), len(found.given)),
        status=400 if error else 200,
        name=names.get(organisation, organisation),
        people=visit.opens("firm-people", organisation=organisation),
        done=[Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else [],
        problems=problems_part(visit, error),
        given=[_shown(visit, one, names.get(one.agent, one.agent), today) for one in found.given],
        received=[_shown(visit, one, names.get(one.organisation, one.organisation), today) for one in found.received],
        may_change=visit.actor.may("own.people", organisation),
        fields=_fields(visit, today, error),
        today=today.isoformat(),
    )


def _done(visit: Visit, organisation: str, today: date, names: Any) -> None:
    form = visit.request.POST
    if form.get("do") == "delegate":
        delegate(
            visit.actor,
            organisation=organisation,
            agent=form.get("agent", "").strip(),
            may_certify=form.get("may_certify") == "yes",
            valid_from=day_of(form.get("valid_from", ""), "valid_from") or today,
            valid_to=day_of(form.get("valid_to", ""), "valid_to"),
            registered=names.keys(),
            now=clock.now(),
        )
    elif form.get("do") == "end":
        last = day_of(form.get("last_day", ""), "last_day") or today
        end_delegation(visit.actor, number_of(form.get("delegation", "")), last_day=last)


def _title(visit: Visit, name: str, count: int) -> str:
    if count == 0:
        return visit.text("Nobody else files for {name}", name=name)
    if count == 1:
        return visit.text("One other organisation files for {name}", name=name)
    return visit.text("{count} other organisations file for {name}", count=written.count(count), name=name)


def _shown(visit: Visit, one: Delegation, name: str, today: date) -> dict[str, Any]:
    since = written.day(one.valid_from, visit.language)
    until = written.day(one.valid_to, visit.language) if one.valid_to else ""
    period = (
        visit.text("{since} to {until}", since=since, until=until)
        if until
        else visit.text("since {since}", since=since)
    )
    if one.valid_from > today:
        period = visit.text("from {since} on", since=since)
    does = visit.text("files and certifies") if one.may_certify else visit.text("files")
    return {"id": one.pk, "name": name, "text": visit.text("{does}, {period}", does=does, period=period)}


def _fields(visit: Visit, today: date, error: InputError | PeopleError | None) -> list[Field]:
    form = visit.request.POST if error and visit.request.POST.get("do") == "delegate" else {}
    return [
        Field(
            name="agent",
            label=visit.text("Id of the organisation"),
            required=True,
            width="short",
            value=form.get("agent", ""),
            errors=field_errors(visit, error, "agent"),
            hint=visit.text("As in the register: ask the agent for it."),
        ),
        Field(
            name="valid_from",
            label=visit.text("From", context="accounts, delegations"),
            kind="date",
            width="short",
            required=True,
            value=form.get("valid_from", today.isoformat()),
            errors=field_errors(visit, error, "valid_from"),
        ),
        Field(
            name="valid_to",
            label=visit.text("Until", context="accounts, delegations"),
            kind="date",
            width="short",
            value=form.get("valid_to", ""),
            errors=field_errors(visit, error, "valid_to"),
        ),
        Field(
            name="may_certify",
            label=visit.text("It may certify too"),
            kind="checkbox",
            checked=form.get("may_certify") == "yes",
            hint=visit.text("Its certifiers then sign in your name."),
        ),
    ]
