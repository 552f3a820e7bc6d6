"""Extensions of the deadline after an outage: which there are, granting one, ending one from today on."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import Text, text
from lodeline.ledger.extension import Extension
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.accounts.people import InputError
from lodeline.office.filing.extensions import REASON_CHARACTERS, ExtensionError, Wanted, end, grant, granted
from lodeline.web.pages.common.entered import day_of, field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_DONE: Final[dict[str, Text]] = {
    "grant": text("The deadline is extended. The firms find it in their notices."),
    "end": text("The extension ends with today."),
}


def extensions(visit: Visit) -> HttpResponse:
    """The page `register/extensions/`; its forms grant an extension, and end one with the end of today."""
    error: UserError | None = None
    if visit.request.method == "POST":
        try:
            done = _done(visit)
            return HttpResponseRedirect(f"{visit.request.path}?done={done}", status=303)
        except (InputError, ExtensionError) as refused:
            error = refused
    every = granted(visit.actor, visit.store.register(visit.store.head()))
    table = _table(visit, every)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    today = clock.today(visit.law.timezone)
    standing = [one for one in every if one.until > today]
    count = len([one for one in every if one.until >= today])
    done = visit.query("done") or ""
    return show(
        visit,
        "lodeline/filing/extensions.html",
        title=(
            visit.text("{count} extensions stand", count=written.count(count))
            if count > 1
            else visit.text("One extension stands", count=written.count(count))
        )
        if count
        else visit.text("No deadline is extended"),
        status=400 if error else 200,
        notices=[Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else [],
        problems=problems_part(visit, error),
        table=shown(visit, table),
        standing=[
            {
                "id": one.id,
                "text": visit.text(", ", context="filing, extensions").join((month(visit, one), for_whom(visit, one))),
            }
            for one in standing
            if _may_end(visit, one)
        ],
        fields=_fields(visit, error),
        back=visit.url("organisations"),
    )


def month(visit: Visit, extension: Extension) -> str:
    """January 2026 until 12 February 2026."""
    period, until = written.month(extension.period, visit.language), written.day(extension.until, visit.language)
    return visit.text("{period} until {until}", period=period, until=until)


def for_whom(visit: Visit, extension: Extension) -> str:
    """Whom an extension is for: everybody, a region, or firms by name."""
    if not extension.organisations:
        return words.region(extension.region, visit.language) or visit.text("everybody", context="filing")
    names = words.organisation_names(visit.register, visit.language)
    return visit.text(", ", context="filing, extensions, for whom").join(
        names.get(one, one) for one in extension.organisations
    )


def _may_end(visit: Visit, extension: Extension) -> bool:
    if extension.region in visit.actor.regions("register.write"):
        return True
    return all(visit.actor.may("register.write", one) for one in extension.organisations or [AUTHORITY])


def _done(visit: Visit) -> str:
    """What a form does. Raises InputError, ExtensionError, NotAllowedError."""
    form, law, now = visit.request.POST, visit.law, clock.now()
    if form.get("do") == "end":
        end(visit.actor, visit.store, form.get("extension", ""), law=law, now=now)
        return "end"
    wanted = Wanted(
        period=form.get("period", "").strip(),
        until=day_of(form.get("until", ""), "until"),
        reason=form.get("reason", ""),
        region=form.get("region", "").strip(),
        organisations=[one for one in re.split(r"[\s,，、|]+", form.get("organisations", "")) if one],
    )
    grant(visit.actor, visit.store, wanted, law=law, now=now)
    return "grant"


def _fields(visit: Visit, error: UserError | None) -> list[Field]:
    form = visit.request.POST if error is not None and visit.request.POST.get("do") != "end" else {}
    regions = visit.actor.regions("register.write")
    offered = sorted(regions or visit.register.firms_of_region)
    everybody = [] if regions else [("", visit.text("everybody, or those named below"))]
    return [
        Field(
            name="period",
            label=visit.text("Month", context="filing"),
            required=True,
            width="short",
            value=form.get("period", ""),
            hint=visit.text("Such as 2026-01"),
            errors=field_errors(visit, error, "period"),
        ),
        Field(
            name="until",
            label=visit.text("In time until the end of"),
            kind="date",
            required=True,
            width="short",
            value=form.get("until", ""),
            errors=field_errors(visit, error, "until"),
        ),
        Field(
            name="region",
            label=visit.text("For", context="filing"),
            kind="select",
            value=form.get("region", ""),
            options=[*everybody, *((one, words.region(one, visit.language)) for one in offered)]
            + ([("", visit.text("those named below"))] if regions else []),
            errors=field_errors(visit, error, "region"),
        ),
        Field(
            name="organisations",
            label=visit.text("Organisations, by id"),
            width="long",
            value=form.get("organisations", ""),
            errors=field_errors(visit, error, "organisations"),
            hint=visit.text("With blanks between them; empty for all of the above"),
        ),
        Field(
            name="reason",
            label=visit.text("Reason", context="filing"),
            kind="textarea",
            lines=2,
            width="full",
            required=True,
            value=form.get("reason", ""),
            errors=field_errors(visit, error, "reason"),
            hint=visit.text(
                "The firms read it, and it stays in the log; at most {reason_characters} characters.",
                reason_characters=REASON_CHARACTERS,
            ),
        ),
    ]


def _table(visit: Visit, every: list[Extension]) -> Table:
    rows = [
        (
            Cell(text=written.month(one.period, visit.language), value=one.period),
            Cell(text=for_whom(visit, one), value=one.region or " ".join(one.organisations)),
            Cell(text=written.day(one.until, visit.language), value=one.until.isoformat()),
            Cell(text=one.reason, value=one.reason),
        )
        for one in every
    ]
    return Table(
        name="extensions",
        caption=visit.text("Extensions"),
        columns=(
            Column(key="month", label=text("Month", context="filing")),
            Column(key="for", label=text("For", context="filing")),
            Column(key="until", label=text("Until the end of")),
            Column(key="reason", label=text("Reason", context="filing")),
        ),
        rows=rows,
        empty=visit.text("No deadline has been extended."),
    )
