"""Taking a nation over: its register from one table, the letters to its people, opening stocks, and the parallel run.

Each table is a dry run first; what was checked comes back with the button that enters it, and is checked again then.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.filing.opening_stock import OpeningDayError
from lodeline.filing.take_over import LIMITS
from lodeline.language import Text, text
from lodeline.ledger.problem import Problem as LedgerProblem
from lodeline.office.access import clock
from lodeline.office.accounts.people import InputError, WrongField
from lodeline.office.filing import opening_stock
from lodeline.office.jobs import jobs
from lodeline.office.models import Draft, Job
from lodeline.office.register import letters, parallel_run, take_over
from lodeline.office.register.progress import progress_of
from lodeline.web.pages.common.entered import day_of, field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problem, Problems, Progress
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_LISTED: Final = 200
_TABLES: Final = ".csv,.xlsx"
_STATES: Final[dict[str, Text]] = {
    Draft.State.OPEN: text("with the firm"),
    Draft.State.CHECKING: text("with the firm"),
    Draft.State.ASKED: text("waits for its certifier"),
    Draft.State.FILING: text("being filed", context="register"),
    Draft.State.FILED: text("attested"),
}
_DONE: Final[dict[str, Text]] = {
    "register": text("The table is entered. The letters go out now."),
    "stocks": text("The opening stocks are prepared; the firms find them in their notices."),
    "parallel": text("The day of the parallel run is set."),
    "letters": text("The letters go on."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _DryRun:
    """What the check of a table has shown: a sentence, its problems, and the form that enters it (None: refused)."""

    what: str
    sentence: str
    problems: Sequence[LedgerProblem] = ()
    refused: bool = False
    kept: dict[str, str] = field(default_factory=dict)


def register_take_over(visit: Visit) -> HttpResponse:
    """The page `register/take-over/`; its forms check a table, enter it, go on with letters, set the parallel run."""
    error: UserError | None = None
    dry: _DryRun | None = None
    if visit.request.method == "POST":
        try:
            done = _done(visit)
            if isinstance(done, str):
                return HttpResponseRedirect(f"{visit.request.path}?done={done}", status=303)
            dry = done
        except (InputError, OpeningDayError) as refused:
            error = refused
    table = _attesting(visit)
    given = wanted_csv(visit, table)
    if given is not None:
        return given
    counts, job = progress_of(visit.store), jobs.newest(letters.KIND)
    running = job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING)
    done = visit.query("done") or ""
    return show(
        visit,
        "lodeline/register/take_over.html",
        title=_title(visit, counts),
        status=400 if error or (dry and dry.refused) else 200,
        notices=[Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else [],
        problems=problems_part(visit, error) or (_problems(visit, dry) if dry else None),
        dry=dry,
        counts={name: written.count(count) for name, count in counts.items()},
        waiting=counts["waiting"],
        progress=_progress(visit, counts["waiting"], job) if running else None,
        file=letters.file_if_not_mailed() is not None and counts["invited"] > counts["waiting"],
        table=shown(visit, table),
        run=_run(visit),
        fields=_fields(visit, error),
        back=visit.url("organisations"),
    )


def _done(visit: Visit) -> str | _DryRun:
    """What a form does: the word of what was done, or what a check has shown. Raises InputError, OpeningDayError."""
    form, now = visit.request.POST, clock.now()
    match form.get("do"):
        case "register":
            return _register(visit)
        case "stocks":
            return _stocks(visit)
        case "letters":
            letters.go_on(visit.actor, address=_address(visit), now=now)
            return "letters"
        case "parallel":
            until = day_of(form.get("until", ""), "until")
            parallel_run.set_until(
                visit.actor, visit.store, until, reason=form.get("reason", ""), law=visit.law, now=now
            )
            return "parallel"
    raise BadQuestionError(text("Nothing was sent that can be entered.", context="register, take over"))


def _register(visit: Visit) -> str | _DryRun:
    name, content, enter = _table(visit)
    on = day_of(visit.request.POST.get("on", ""), "on") or clock.today(visit.law.timezone)
    found = take_over.check(visit.actor, visit.store, name, content, law=visit.law, on=on)
    if enter and not found.refused:
        made = take_over.enter(visit.actor, visit.store, found, address=_address(visit), now=clock.now())
        if made.entry is not None:
            visit.has_filed(made.entry.index)
        return "register"
    firms, sites, people = (*(found.records[name].height for name in ("organisations", "sites")), len(found.people))
    sentence = visit.text(
        "{many} and {many2} would be entered, {many3} invited",
        many=_many(firms, "firm"),
        many2=_many(sites, "site"),
        many3=_many(people, "person", "people"),
        firms=written.count(firms),
        sites=written.count(sites),
        people=written.count(people),
    )
    if found.is_entered:
        sentence = visit.text("All of it stands already: nothing would change")
    return _dry_run(visit, "register", name, content, found.problems, found.refused or found.is_entered, sentence, on)


def _stocks(visit: Visit) -> str | _DryRun:
    name, content, enter = _table(visit)
    on = day_of(visit.request.POST.get("evening", ""), "evening") or _last_evening(visit)
    found = opening_stock.check(visit.actor, visit.store, name, content, on=on)
    if enter and not found.refused:
        opening_stock.prepare(visit.actor, found, now=clock.now())
        return "stocks"
    lots, firms = sum(one.lots for one in found.filings), len(found.filings)
    sentence = visit.text(
        "{many} of {many2} would be prepared",
        many=_many(lots, "lot"),
        many2=_many(firms, "firm"),
        firms=written.count(firms),
        lots=written.count(lots),
    )
    return _dry_run(visit, "stocks", name, content, found.problems, found.refused, sentence, on)


def _many(count: int, one: str, more: str = "") -> str:
    """So many of a thing, in English."""
    return f"{written.count(count)} {one if count == 1 else more or one + 's'}"


def _dry_run(  # noqa: PLR0917  (what a check has shown, piece by piece)
    visit: Visit,
    what: str,
    name: str,
    content: bytes,
    problems: Sequence[LedgerProblem],
    refused: bool,
    sentence: str,
    on: date,
) -> _DryRun:
    if any(one.severity != "flag" for one in problems):
        faults = written.count(sum(one.severity != "flag" for one in problems))
        sentence = visit.text(
            "{faults} {problems_stand} in the way: nothing was entered",
            faults=faults,
            problems_stand="problem stands" if faults == "1" else "problems stand",
        )
    kept = {"name": name, "content": base64.b64encode(zlib.compress(content, 9)).decode(), "day": on.isoformat()}
    return _DryRun(what=what, sentence=sentence, problems=problems, refused=refused, kept={} if refused else kept)


def _table(visit: Visit) -> tuple[str, bytes, bool]:
    """The table that was sent: chosen for a check, or come back from one to be entered. Raises InputError."""
    form, file = visit.request.POST, visit.request.FILES.get("table")
    if file is not None:
        return file.name or "table", file.read(), False
    if not form.get("content"):
        raise InputError([WrongField(field="table", en="Choose a table.", zh="请选择表格。")])
    try:
        stream = zlib.decompressobj()
        content = stream.decompress(base64.b64decode(form["content"], validate=True), LIMITS.file_bytes + 1)
    except (binascii.Error, zlib.error) as error:
        raise BadQuestionError(text("The table did not come back whole: check it again.")) from error
    return form.get("name", "table.csv")[:200], content, True


def _address(visit: Visit) -> str:
    return visit.request.build_absolute_uri("/")


def _last_evening(visit: Visit) -> date:
    return clock.today(visit.law.timezone).replace(day=1) - timedelta(days=1)


def _title(visit: Visit, counts: dict[str, int]) -> str:
    firms, attested, prepared = (written.count(counts[name]) for name in ("firms", "attested", "prepared"))
    if not counts["firms"]:
        return visit.text("Nothing is taken over yet: begin with the register")
    return visit.text(
        "{firms} firms are in the register; {attested} of {prepared} opening stocks are attested",
        firms=firms,
        attested=attested,
        prepared=prepared,
    )


def _problems(visit: Visit, dry: _DryRun) -> Problems | None:
    if not dry.problems:
        return None
    listed = [
        Problem(
            severity=one.severity,
            text=one.message(visit.language),
            where=", ".join(
                part
                for part in (
                    visit.text("Row {row}", row=one.where.row) if one.where.row else "",
                    one.where.column or "",
                )
                if part
            ),
        )
        for one in dry.problems[:_LISTED]
    ]
    more = len(dry.problems) - len(listed)
    note = visit.text("… and {more} more", more=written.count(more)) if more else ""
    return Problems(heading=dry.sentence, problems=listed, note=note)


def _progress(visit: Visit, waiting: int, job: Job | None) -> Progress:
    share = 0 if job is None else round(job.progress * 100)
    return Progress(
        id="letters",
        label=visit.text("Letters"),
        done=share,
        total=100,
        text=visit.text(
            "{many} {wait}. You can leave this page: the work goes on.",
            many=_many(waiting, "letter"),
            wait="waits" if waiting == 1 else "wait",
            waiting=written.count(waiting),
        ),
    )


def _run(visit: Visit) -> str | None:
    run = visit.store.newest_register().parallel_run
    if run is None:
        return None
    day = written.day(run.until, visit.language)
    return visit.text("Until {day}: {reason}", day=day, reason=run.reason)


def _fields(visit: Visit, error: UserError | None) -> dict[str, list[Field]]:
    form = visit.request.POST if error is not None else {}
    asked = form.get("do")

    def file(key: str) -> Field:
        errors = field_errors(visit, error, "table") if asked == key else ()
        return Field(
            name="table",
            key=key,
            label=visit.text("Table"),
            kind="file",
            required=True,
            accept=_TABLES,
            width="long",
            errors=errors,
            hint=visit.text("CSV or XLSX, up to 2.5 MB"),
        )

    day = visit.text("Registered from")
    return {
        "register": [
            file("register"),
            Field(
                name="on",
                label=day,
                kind="date",
                width="short",
                value=form.get("on", ""),
                hint=visit.text("Of firms that do not say; today where empty"),
                errors=field_errors(visit, error, "on"),
            ),
        ],
        "stocks": [
            file("stocks"),
            Field(
                name="evening",
                label=visit.text("Evening of"),
                kind="date",
                width="short",
                value=form.get("evening", "") or _last_evening(visit).isoformat(),
                hint=visit.text("The last day of a month"),
                errors=field_errors(visit, error, "evening"),
            ),
        ],
        "parallel": [
            Field(
                name="until",
                label=visit.text("Last day"),
                kind="date",
                required=True,
                width="short",
                value=form.get("until", ""),
                errors=field_errors(visit, error, "until"),
            ),
            Field(
                name="reason",
                label=visit.text("Reason", context="register"),
                required=True,
                width="long",
                value=form.get("reason", ""),
                errors=field_errors(visit, error, "reason"),
            ),
        ],
    }


def _attesting(visit: Visit) -> Table:
    names = words.organisation_names(visit.register, visit.language)
    rows = []
    for one in opening_stock.attesting(visit.actor):
        state = visit.localized(_STATES[one.state])
        entry = visit.opens("entry", entry=one.entry) if one.entry is not None else None
        rows.append(
            (
                Cell(
                    text=names.get(one.organisation, one.organisation),
                    value=one.organisation,
                    note=one.organisation,
                    href=visit.opens("organisation", organisation=one.organisation),
                ),
                Cell(text=state, value=one.state, shape="tick" if one.entry is not None else "ring"),
                Cell(text=written.NOTHING if one.entry is None else str(one.entry), value=one.entry, href=entry),
            )
        )
    return Table(
        name="stocks",
        caption=visit.text("Opening stocks"),
        columns=(
            Column(key="organisation", label=text("Organisation", context="register")),
            Column(key="state", label=text("State")),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("No opening stock is prepared yet."),
    )
