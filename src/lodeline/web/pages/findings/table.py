"""Findings as rows, one by one or cause by cause, for every page that lists some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lodeline.accountancy.worth import price_year
from lodeline.detection.finding import Finding
from lodeline.detection.identity import named_in
from lodeline.language import text
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.material.mass import format_kg
from lodeline.office.access import clock
from lodeline.office.findings.views import CaseStatus, standings
from lodeline.service.inspections.causes import Cause
from lodeline.web.pages.findings.case_part import state_cell
from lodeline.web.pages.findings.measured_part import measured_steps
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.messages import sentences
from lodeline.web.words.strategy import money

#: What is said of everything that a parallel run has brought up.
PARALLEL_RUN: Final = text("parallel run: does not count")


def practice_text(visit: Visit) -> str | None:
    """Until when what is found opens no case; None where no parallel run was set."""
    run = visit.reading.snapshot.register.parallel_run
    if run is None:
        return None
    month = written.month(run.last_month, visit.language)
    return visit.text(
        "Months up to {month} are of the parallel run: what is found in them is shown and opens no case.", month=month
    )


def findings_table(
    visit: Visit, rows: Sequence[Finding], stand: Mapping[str, CaseStatus] | None = None
) -> Table:  # fmt: skip
    """Findings, in the order given. `stand`: where each stands, where that is known yet."""
    language, today = visit.language, clock.today(visit.reading.law.timezone)
    stand = standings(visit.actor, rows, today=today) if stand is None else stand
    names = words.organisation_names(visit.reading.snapshot.register, language)
    return Table(
        name="findings",
        caption=visit.text("Findings", context="findings, table, findings table"),
        columns=(
            Column(key="detector", label=text("What was seen")),
            Column(key="where", label=text("Where", context="findings")),
            Column(key="period", label=text("Until", context="findings, table")),
            Column(key="mass", label=text("At stake", context="findings"), number=True, unit="kg"),
            Column(key="score", label=text("Score"), number=True),
            Column(key="state", label=text("State")),
        ),
        rows=[_row(visit, row, names, state_cell(visit, stand[row.id], today)) for row in rows],
        empty=visit.text("No detector has seen anything in these filings."),
    )


def causes_table(
    visit: Visit, causes: Sequence[Cause], rows: Sequence[Finding],
    stand: Mapping[str, CaseStatus] | None = None,
) -> Table:  # fmt: skip
    """One row for each cause that some of `rows` speak of; the first of these leads."""
    language, today = visit.language, clock.today(visit.reading.law.timezone)
    stand = standings(visit.actor, rows, today=today) if stand is None else stand
    names = words.organisation_names(visit.reading.snapshot.register, language)
    by_id = {row.id: row for row in rows}

    def cells(one: Cause) -> tuple[Cell, ...]:
        ids = [finding.id for finding in one.findings]
        row = by_id[next(name for name in ids if name in by_id)]
        what, where, *_, state = _row(visit, row, names, state_cell(visit, stand[row.id], today))
        masses = [
            (words.element(element, language), written.mass(mass_mg, language))
            for element, mass_mg in one.masses_mg.items()
        ]
        return (
            what, where,
            Cell(
                text=masses[0][1] if masses else written.NOTHING,
                note=visit.text("; ", context="findings").join(
                    [name for name, _ in masses[:1]] + [f"{name} {mass}" for name, mass in masses[1:]]
                ),
                value=", ".join(f"{element} {format_kg(mass_mg)}" for element, mass_mg in one.masses_mg.items()),
            ),
            Cell(
                text=money(worth, "USD", language) if (worth := round(one.worth_usd)) else written.NOTHING,
                value=worth, note=visit.text("prices of {price_year}", price_year=price_year()),
            ),
            Cell(text=written.percent(one.innocent, language, 0), value=one.innocent),
            Cell(text=(ask := visit.localized(one.ask) if one.ask else ""), value=ask),
            Cell(
                text=written.count(len(ids)), value=len(ids),
                href=visit.url("findings", query={"cause": one.finding.id}) if len(ids) > 1 else None,
            ),
            state,
        )  # fmt: skip

    here = [one for one in causes if not by_id.keys().isdisjoint(finding.id for finding in one.findings)]
    return Table(
        name="findings",
        caption=visit.text("Findings by cause"),
        columns=(
            Column(key="detector", label=text("What was seen")),
            Column(key="where", label=text("Where", context="findings")),
            Column(key="mass", label=text("Whole mass"), unit="kg"),
            Column(key="worth", label=text("Worth"), number=True, unit="USD"),
            Column(key="innocent", label=text("Innocent"), number=True),
            Column(key="next", label=text("Next step")),
            Column(key="findings", label=text("Findings", context="findings, table, causes table"), number=True),
            Column(key="state", label=text("State")),
        ),
        rows=[cells(one) for one in here],
        empty=visit.text("No detector has seen anything in these filings."),
    )


def _row(visit: Visit, row: Finding, names: Mapping[str, str], state: Cell) -> tuple[Cell, ...]:
    language = visit.language
    shape, tone = words.DETECTOR_MARKS.get(row.detector, ("diamond", "ink"))
    organisation = next((one for one in named_in(row.subject) if one in names), "")
    subject = row.subject
    place = subject.get("site") or subject.get("lot") or subject.get("licence") or ""
    mass_mg = row.mass_mg
    measured = measured_steps(row, language)
    until = row.last_period
    practice = in_parallel_run(until, visit.reading.snapshot.register)
    return (
        Cell(
            text=words.word(words.DETECTORS, row.detector, language), value=row.detector, shape=shape, tone=tone,
            note=sentences(row.explanation[:1], language, names), href=visit.url("finding", finding=row.id),
        ),
        Cell(
            text=names.get(organisation, organisation), value=organisation, note=place,
            href=visit.url("organisation", organisation=organisation) if organisation else None,
        ),
        Cell(
            text=written.month(until, language), value=until,
            note=visit.localized(PARALLEL_RUN) if practice else "",
        ),
        Cell(
            text=written.mass(mass_mg, language) if mass_mg else written.NOTHING, value=mass_mg / written.MG_PER_KG,
            note=measured[-1].word if measured else "",
        ),
        Cell(text=written.score(row.score), value=row.score),
        state,
    )  # fmt: skip
