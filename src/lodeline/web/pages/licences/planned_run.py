"""A firm's planned run as the authority sees it: what it reserves of a quota, and the form that puts it off."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.ledger.problem import Problem
from lodeline.office.access import clock
from lodeline.office.licences import runs
from lodeline.service.licences.draw_facts import taken_back
from lodeline.service.licences.runs import PlannedRun, planned_runs
from lodeline.web.pages.licences.runs import STATES, notices
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Fact, Field
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def planned_run(visit: Visit, run: int) -> HttpResponse:
    """The page `quotas/runs/NUMBER/`, by the number of its reservation in the log."""
    row = _row(visit, run)
    refused: tuple[Problem, ...] = ()
    if visit.request.method == "POST":
        found = runs.put_off_by_authority(
            visit.actor, visit.store, run, reason=visit.request.POST.get("reason", ""), law=visit.law, now=clock.now()
        )
        if found.draw is not None:
            visit.has_filed(found.draw.entry)
            return HttpResponseRedirect(visit.here(said="repeated" if found.repeated else "put-off"), status=303)
        refused = found.problems
        row = _row(visit, run)
    waits = row.state == "awaited"
    name = words.organisation_names(visit.register, visit.language).get(row.organisation, row.organisation)
    return show(
        visit,
        "lodeline/licences/planned_run.html",
        title=visit.text("Run {run} of {name}", run=row.run, name=name),
        status=400 if refused else 200,
        notices=notices(visit, [one.message(visit.language) for one in refused]),
        facts=_facts(visit, row, name),
        back=visit.opens("quotas", query={"year": row.year, "organisation": row.organisation}),
        why=_reason(visit) if waits and visit.actor.may("quotas.decide", row.organisation) else None,
        open=written.mass(row.open_mg, visit.language),
    )


def _row(visit: Visit, run: int) -> PlannedRun:
    """The run as it stands now."""
    today = visit.law.day_of(clock.now())
    every = planned_runs(visit.store, visit.store.newest_register(), day=today)
    found = next((one for one in every if one.reservation == run), None)
    if found is None:
        raise NotHereError(text("No planned run has the number {run}.", run=run))
    return found


def _facts(visit: Visit, row: PlannedRun, name: str) -> list[Fact]:
    language, firm = visit.language, row.organisation
    kind = words.word(words.QUOTA_KINDS, row.kind, language)
    ore = words.word(words.ORE_TYPES, row.ore_type, language) if row.ore_type else ""
    void = taken_back(visit.store, row.reservation)

    def mass(mass_mg: int) -> str:
        return written.mass(mass_mg, language) if mass_mg else written.NOTHING

    put_off = (
        []
        if void is None
        else [
            Fact(
                term=visit.text("Called off", context="licences, planned run"),
                text=written.day(void.on, language),
                note=void.reason,
                href=visit.opens("entry", entry=void.entry),
            ),
        ]
    )
    return [
        Fact(
            term=visit.text("Firm"),
            text=name,
            note=firm if firm != name else "",
            href=visit.opens("organisation", organisation=firm),
        ),
        Fact(
            term=visit.text("Quota", context="licences, planned run"),
            note=ore,
            text=visit.text("{kind} {year}", kind=kind, year=row.year),
        ),
        Fact(
            term=visit.text("Announced, REO"),
            text=written.mass(row.reo_mg, language),
            href=visit.opens("entry", entry=row.entry),
        ),
        Fact(term=visit.text("Drawn", context="licences, planned run"), text=mass(row.used_mg)),
        Fact(term=visit.text("Still reserved"), text=mass(row.open_mg)),
        Fact(term=visit.text("Until", context="licences, planned run"), text=written.day(row.until, language)),
        Fact(term=visit.text("State"), text=visit.localized(STATES[row.state][0])),
        *put_off,
    ]


def _reason(visit: Visit) -> Field:
    return Field(
        name="reason",
        label=visit.text("Why", context="licences, planned run"),
        kind="textarea",
        lines=2,
        required=True,
        width="full",
        value=visit.request.POST.get("reason", "")[: runs.REASON_CHARACTERS],
        hint=visit.text("The firm is told so. It goes into the log and stays there."),
    )
