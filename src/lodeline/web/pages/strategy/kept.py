"""Runs that are kept: which one a page shows, how far one is, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.access.audit import record_access
from lodeline.office.models import Job, Proposal, StrategyRun, User
from lodeline.office.strategy import releases, runs
from lodeline.office.strategy.runs import State, StrategyError
from lodeline.service.strategy.briefing import with_names
from lodeline.web.access.access_log import reason_of
from lodeline.web.pages.strategy import asked
from lodeline.web.parts.values import Progress
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written

Json = Mapping[str, Any]
STATES: Final[Mapping[str, Text]] = {
    State.WAITING: text("waits for its turn"),
    State.RUNNING: text("is being run"),
    State.DONE: text("kept"),
    State.STOPPED: text("stopped"),
    State.REFUSED: text("could not be run"),
}
#: Runs of a scenario that its page lists.
_LISTED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows of a scenario: `run` what a run says, None while it is under way or where it failed; `kept`
    the run that was kept, None for one that was computed for this page."""

    run: Json | None
    kept: StrategyRun | None


def shown_run(visit: Visit, scenario: str) -> Shown:
    """The run of the address (`?run=`), else the newest that is kept, else one of now. A look at firms is written
    down. Raises NotHereError for a run that is not kept."""
    reference = visit.query("run")
    if reference is None:
        newest = (one for one in runs.saved(visit.actor, scenario=scenario) if one.state == State.DONE)
        reference = next((one.reference for one in newest), None)
    if reference is None:
        found = Shown(run=asked.run_of(visit, scenario), kept=None)
    else:
        try:
            kept = runs.load(visit.actor, reference)
        except StrategyError as error:
            raise NotHereError(error.words) from error
        found = Shown(run=runs.document(kept) if kept.state == State.DONE else None, kept=kept)
    if found.run is None:
        return found
    write_looks(visit, found.run["plants"], scenario)
    return replace(found, run=with_names(found.run, visit.register))


def write_looks(visit: Visit, plants: Sequence[Json], subject: str) -> None:
    """Writes down a look at those organisations of plants that are in the register."""
    there = set(visit.register.tables["organisations"]["id"])
    named = sorted({one["organisation"] for one in plants} & there)
    if named:
        record_access(
            visit.actor,
            visit.name,
            organisations=named,
            subject=subject,
            reason=reason_of(visit),
            request=getattr(visit.request, "request_id", ""),
        )


def acted(visit: Visit, scenario: str) -> HttpResponse | UserError:
    """Does what a form of the page asks: keeps a run, stops one, computes it again, proposes, confirms or
    refuses to publish it, withdraws it."""
    form, now = visit.request.POST, clock.now()
    reference = form.get("run", "")
    try:
        match form.get("act"):
            case "save":
                reference = runs.save(visit.actor, visit.store, scenario, now=now).reference
            case "stop":
                runs.stop(visit.actor, reference, now=now)
            case "again":
                runs.again(visit.actor, reference, now=now)
            case "publish":
                releases.propose(visit.actor, reference, now=now)
            case "confirm":
                releases.confirm(visit.actor, reference, now=now)
            case "refuse":
                releases.end_proposal(visit.actor, reference, now=now)
            case "withdraw":
                releases.withdraw(visit.actor, reference, now=now)
            case _:
                raise StrategyError(text("There is no such act: load the page again."))
    except UserError as error:
        return error
    return HttpResponseRedirect(visit.here(scenario=scenario, run=reference, done=form.get("act")), status=303)


def listed(visit: Visit, scenario: str) -> Sequence[Json]:
    """The newest runs of a scenario, each with its state and address."""
    return [
        {
            "href": visit.here(scenario=scenario, run=one.reference, done=None),
            "entry": one.entry,
            "word": visit.localized(STATES[one.state]),
            "draws": one.draws,
            "at": written.moment(one.created_at.isoformat(), visit.language, visit.law.timezone),
        }
        for one in runs.saved(visit.actor, scenario=scenario, most=_LISTED)
    ]


def progress_of(visit: Visit, kept: StrategyRun) -> Progress:
    """How far a run is."""
    job = runs.job_of(kept)
    share = 0.0 if job is None else float(job.progress or 0.0)
    running = kept.state in runs.OPEN and (job is None or job.state in (Job.State.WAITING, Job.State.RUNNING))
    said = written.percent(share, visit.language, 0)
    word = visit.localized(STATES[kept.state])
    return Progress(
        id="run",
        label=visit.text("Run", context="strategy"),
        text=visit.text("The run {word}: {said}.", word=word, said=said),
        done=round(share * 100),
        total=100 if share else None,
        running=running,
        seconds=2,
    )


def state_of(visit: Visit, kept: StrategyRun | None) -> Json:
    """What is said of the run that is shown, and what may be done with it."""
    may = visit.actor.may("strategy.run", AUTHORITY)
    if kept is None:
        return {"text": visit.text("Computed for this page; nobody keeps it."), "may": may}
    published = kept.reference in {one.run for one in releases.releases(visit.actor) if one.withdrawn_at is None}
    waiting = releases.proposed(visit.actor, now=clock.now()).get(kept.reference)
    head = visit.store.head().size - 1
    behind = max(0, head - kept.entry)
    at = written.moment(kept.created_at.isoformat(), visit.language, visit.law.timezone)
    said = visit.text("Kept on {at}, at entry {entry}.", at=at, entry=kept.entry)
    if behind:
        n = written.count(behind)
        said += visit.text(
            " {n} {entries} came since: run it anew to count what they say.",
            n=n,
            entries="entry" if behind == 1 else "entries",
        )
    same = runs.is_same(kept)
    if same is not None:
        said += (
            visit.text(" Computed again, it gave the same bytes.")
            if same
            else visit.text(" COMPUTED AGAIN, IT GAVE OTHER BYTES.")
        )
    return {
        "text": said,
        "may": may,
        "reference": kept.reference,
        "published": published,
        "sha256": kept.sha256,
        "proposal": None if waiting is None else _proposal(visit, waiting),
    }


def _proposal(visit: Visit, waiting: Proposal) -> Json:
    """That somebody proposed to publish the run, and what the reader may do about it."""
    by = User.objects.filter(pseudonym=waiting.proposed_by).values_list("name", flat=True).first()
    until = written.moment(waiting.expires_at.isoformat(), visit.language, visit.law.timezone)
    who = by or waiting.proposed_by
    return {
        "own": waiting.proposed_by == visit.actor.pseudonym,
        "text": visit.text(
            "{who} proposed to publish it to agencies; another officer confirms or refuses until {until}.",
            who=who,
            until=until,
        ),
    }
