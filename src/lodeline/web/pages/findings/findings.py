"""The queue of findings: what the filings raise, cause by cause, finding by finding or firm by firm.

The headline counts questions, causes and firms and names the first; where no detector has seen anything, it says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.accountancy.worth import price_year
from lodeline.detection.battery import DUTIES
from lodeline.detection.finding import Finding
from lodeline.detection.identity import named_in
from lodeline.errors import UserError
from lodeline.language import bilingual, text
from lodeline.office.access import clock
from lodeline.office.findings.states import CaseError
from lodeline.office.findings.views import standings
from lodeline.regulation.span import Span
from lodeline.service.findings.finding import findings as ask
from lodeline.service.findings.seeing import Seeing
from lodeline.service.inspections.causes import Cause
from lodeline.service.overview import overview as questions
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import asked
from lodeline.web.pages.common.filters import span_asked
from lodeline.web.pages.findings.case_acts import bulk_fields
from lodeline.web.pages.findings.case_queue import (
    act_on_chosen,
    bulk_notices,
    findings_assigned,
    picks,
    withdrawn_table,
)
from lodeline.web.pages.findings.table import causes_table, findings_table, practice_text
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.strategy import money

#: The ways to look at the queue.
_VIEWS = {
    "queue": text("By cause"),
    "each": text("Every finding"),
    "firms": text("By firm"),
}
#: Whose cases to show.
_ASSIGNEES = {
    "mine": text("Assigned to me"),
    "nobody": text("Assigned to nobody"),
    "watched": text("Watched by me"),
    "overdue": text("Answer overdue"),
}
#: Firms in the drawing; the table has all.
_FIRMS_DRAWN = 10


def findings(visit: Visit) -> HttpResponse:
    """The page `findings/`: `?detector=`, `?organisation=`, `?period=`, `?element=`, `?state=`, `?assigned=` and
    `?cause=` narrow it.

    `?view=each` has every finding, `?view=firms` groups them by firm; a form asks about, assigns or leaves aside those
    that are chosen.
    """
    reading = visit.reading
    names = words.organisation_names(reading.snapshot.register, visit.language)
    answer = reading.answer(ask, reading.store, reading.snapshot, reading.law)
    months = asked.months(visit)
    present = reading.answer(questions.elements, reading.snapshot)
    view = asked.one_of(visit, "view", _VIEWS) or ("each" if visit.query("cause") else "queue")
    span = None if months is None else span_asked(visit, months)
    chosen = {
        "detector": asked.one_of(visit, "detector", words.DETECTORS),
        "organisation": asked.organisation(visit, names),
        "period": None if span is None else str(span),
        "element": asked.element(visit, present),
        "cause": visit.query("cause"),
        "state": asked.one_of(visit, "state", words.FINDING_STATES),
        # `?whose=` of addresses that were kept, until version 0.2.0.
        "assigned": asked.one_of(visit, "assigned" if visit.query("assigned") else "whose", _ASSIGNEES),
    }
    is_duty = chosen["detector"] in DUTIES
    if is_duty and view == "queue":
        view = "each"
    every: Sequence[Finding] = [row for row in answer.raised if (row.detector in DUTIES) == is_duty]
    now, today = clock.now(), clock.today(reading.law.timezone)
    refused: UserError | None = None
    if visit.request.method == "POST":
        try:
            act, count, left = act_on_chosen(visit, every, today=today, now=now)
            return HttpResponseRedirect(visit.here(said=act, done=count, left=left), status=303)
        except CaseError as error:
            refused = error
    stand = standings(visit.actor, every, today=today)
    kept = findings_assigned(visit, stand, chosen["assigned"])
    together = {finding.id: one for one in answer.causes for finding in one.findings}
    rows = [
        row
        for row in every
        if _is_chosen(row, chosen, span)
        and row.id in kept
        and _is_of(together.get(row.id), chosen["cause"])
        and chosen["state"] in (None, stand[row.id].state)
    ]
    causes = list({one.finding.id: one for row in rows if (one := together.get(row.id))}.values())
    if view == "firms":
        table = _firms_table(visit, rows, causes, names)
    else:
        table = causes_table(visit, causes, rows, stand) if view == "queue" else findings_table(visit, rows, stand)
    gone, eyes = withdrawn_table(visit, answer.raised, names), _seeing_table(visit, answer.seeing)
    csv = wanted_csv(visit, table, gone, eyes)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/findings/findings.html",
        status=400 if refused else 200,
        title=_headline(visit, rows, every, causes, names, singly=view == "each"),
        table=(part := shown(visit, table)),
        picks=picks(part, rows, stand) if view != "firms" and visit.actor.may("finding.decide") else None,
        bulk=bulk_fields(visit, today, now) if view != "firms" and visit.actor.may("finding.decide") else [],
        notices=bulk_notices(visit, refused),
        states=asked.options(visit, words.FINDING_STATES),
        assigned=asked.options(visit, _ASSIGNEES),
        gone=shown(visit, gone) if gone.rows else None,
        seeing=shown(visit, eyes),
        practice=practice_text(visit),
        duties=_duties(visit, answer.raised),
        view=view,
        price_year=price_year(),
        views=[
            {"text": visit.localized(word), "href": visit.here(view=one, sort=None, cause=None), "here": one == view}
            for one, word in _VIEWS.items()
        ],
        any=bool(rows),
        drawing=_draw_firms(visit, rows, causes, names) if view == "firms" else "",
        firms_drawn=written.count(_FIRMS_DRAWN),
        detectors=asked.options(visit, {key: word for key, word in words.DETECTORS.items() if key not in DUTIES}),
        organisations=sorted(
            {(one, names.get(one, one)) for one in {row.firm for row in every}}, key=lambda option: option[1]
        ),
        months=asked.period_options(visit, months, span),
        elements=asked.element_options(visit, present),
        asked={name: value or "" for name, value in chosen.items()},
    )


def _seeing_table(visit: Visit, eyes: Sequence[Seeing]) -> Table:
    """From which month each detector can see in these books, and what it needs for that."""
    rows = [
        (
            Cell(text=words.word(words.DETECTORS, one.detector, visit.language), value=one.detector),
            Cell(
                text=written.month(one.since, visit.language)
                if one.since
                else visit.text("not yet", context="findings"),
                value=one.since or "",
            ),
            Cell(text=(needs := visit.localized(one.need.words)), value=needs),
        )
        for one in eyes
    ]
    return Table(
        name="seeing",
        caption=visit.text("From when each detector can see"),
        columns=(
            Column(key="detector", label=text("What it looks for")),
            Column(key="from", label=text("Can see from")),
            Column(key="needs", label=text("Needs")),
        ),
        rows=rows,
        per_page=50,
        empty=visit.text("There is no detector."),
    )


def _duties(visit: Visit, rows: Sequence[Finding]) -> list[dict[str, object]]:
    """What of all is still to be filed, and no question: how much of each kind, and where it is shown."""
    counts = Counter(str(row.detector) for row in rows if row.detector in DUTIES)
    where = {"missing-filing": visit.url("organisations"), "over-drawn-lot": visit.url("exceptions")}
    return [
        {
            "text": f"{words.word(words.DETECTORS, one, visit.language)}: {written.count(count)}",
            "href": where[one],
        }
        for one, count in sorted(counts.items())
    ]


def _is_of(cause: Cause | None, wanted: str | None) -> bool:
    return wanted is None or (cause is not None and cause.finding.id == wanted)


def _is_chosen(row: Finding, chosen: Mapping[str, str | None], span: Span | None) -> bool:
    return (
        chosen["detector"] in (None, row.detector)
        and chosen["organisation"] in (None, *named_in(row.subject))
        and (span is None or (row.first_period <= span.last and row.last_period >= span.first))
        and (chosen["element"] is None or chosen["element"] in row.elements)
    )


def _headline(
    visit: Visit, rows: Sequence[Finding], every: Sequence[Finding], causes: Sequence[Cause], names: Mapping[str, str],
    *, singly: bool,
) -> str:  # fmt: skip
    """What is counted are questions; where the table has `singly` their findings, the headline counts both."""
    if not rows:
        if every:
            return visit.text("No question of this kind is open")
        return visit.text("These filings raise no question")
    firms = len({row.firm for row in rows})
    if not causes:
        return visit.text(
            "{counted} for {counted2}",
            counted=asked.counted(len(rows), "question", "questions"),
            counted2=asked.counted(firms, "firm", "firms"),
            rows=written.count(len(rows)),
            firms=written.count(firms),
        )
    first = causes[0]
    firm, worth = first.finding.firm, _worth(visit, round(first.worth_usd))
    name = names.get(firm, firm)
    what = words.word(words.DETECTORS, first.finding.detector, visit.language)
    if singly and len(rows) != len(causes):
        return visit.text(
            "{counted} in {counted2}",
            counted=asked.counted(len(rows), "finding", "findings"),
            counted2=asked.counted(len(causes), "question", "questions"),
            rows=written.count(len(rows)),
            causes=written.count(len(causes)),
        )
    return visit.text(
        "{counted} for {counted2}; the first: {what2}, {worth}, {name}",
        counted=asked.counted(len(causes), "question", "questions"),
        counted2=asked.counted(firms, "firm", "firms"),
        what2=what.lower(),
        worth=worth,
        name=name,
        causes=written.count(len(causes)),
        firms=written.count(firms),
        what=what,
    )


def _worth(visit: Visit, usd: float) -> str:
    return money(usd, "USD", visit.language) if usd else written.NOTHING


def _by_firm(rows: Sequence[Finding], causes: Sequence[Cause]) -> list[tuple[str, list[Finding], float]]:
    """The findings of each firm and what its causes are worth, most first."""
    groups: dict[str, list[Finding]] = {}
    for row in rows:
        groups.setdefault(row.firm, []).append(row)
    worth = Counter[str]()
    for one in causes:
        worth[one.finding.firm] += round(one.worth_usd)
    return sorted(((one, seen, worth[one]) for one, seen in groups.items()), key=lambda group: (-group[2], group[0]))


def _firms_table(visit: Visit, rows: Sequence[Finding], causes: Sequence[Cause], names: Mapping[str, str]) -> Table:
    language = visit.language
    cells = []
    for one, seen, worth in _by_firm(rows, causes):
        kinds = [kind for kind in words.DETECTORS if any(row.detector == kind for row in seen)]
        newest = max(row.last_period for row in seen)
        cells.append(
            (
                Cell(
                    text=names.get(one, one),
                    value=names.get(one, one),
                    note=one,
                    href=visit.here(organisation=one, view=None, sort=None),
                ),
                Cell(text=written.count(len(seen)), value=len(seen)),
                Cell(
                    text=visit.text(", ", context="findings").join(
                        words.word(words.DETECTORS, kind, language) for kind in kinds
                    ),
                    value=", ".join(kinds),
                ),
                Cell(text=_worth(visit, worth), value=worth),
                Cell(text=written.month(newest, language), value=newest),
            )
        )
    return Table(
        name="firms",
        caption=visit.text("Findings by firm"),
        columns=(
            Column(key="firm", label=text("Firm")),
            Column(key="findings", label=text("Findings", context="findings, firms table"), number=True),
            Column(key="kinds", label=text("What was seen")),
            Column(key="worth", label=text("Worth"), number=True, unit="USD"),
            Column(key="until", label=text("Newest")),
        ),
        rows=cells,
        empty=_empty(visit),
    )


def _draw_firms(visit: Visit, rows: Sequence[Finding], causes: Sequence[Cause], names: Mapping[str, str]) -> Markup:
    bars = []
    for one, seen, worth in _by_firm(rows, causes)[:_FIRMS_DRAWN]:
        number = len(seen)
        text = visit.localized(
            bilingual(asked.counted(number, "finding", "findings"), f"{written.count(number)}条线索")
        )
        bars.append(
            Bar(
                label=names.get(one, one),
                value=worth,
                text=f"{_worth(visit, worth)} · {text}",
                href=visit.here(organisation=one, view=None, sort=None),
            )
        )
    return draw_bars(Bars(name=visit.text("Worth by firm"), bars=tuple(bars)), width=1040)


def _empty(visit: Visit) -> str:
    return visit.text("No finding is like that: take a filter away.")
