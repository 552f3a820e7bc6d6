"""Findings as rows, for every page that lists some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.detection.identity import named_in
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.office.access import clock
from lodeline.office.findings.views import CaseStatus, standings
from lodeline.web.pages.findings.case_part import state_cell
from lodeline.web.pages.findings.measured_part import measured_steps
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text
from lodeline.web.words.messages import first_sentence

#: What is said of everything that a parallel run has brought up.
PARALLEL_RUN: Final = text("parallel run: does not count", "并行期：不计入")


def practice_text(visit: Visit) -> str | None:
    """Until when what is found opens no case; None where no parallel run was set."""
    run = visit.reading.snapshot.register.parallel_run
    if run is None:
        return None
    month = written.month(run.last_month, visit.language)
    return visit.text(
        f"Months up to {month} are of the parallel run: what is found in them is shown and opens no case.",
        f"截至{month}的月份属于并行期：其线索仅供参考，不立案。",
    )


def findings_table(
    visit: Visit, rows: Sequence[Mapping[str, Any]], stand: Mapping[str, CaseStatus] | None = None
) -> Table:  # fmt: skip
    """Rows of `findings.finding.findings`, in the order given. `stand`: where each stands, where that is known yet."""
    language, today = visit.language, clock.today(visit.reading.law.timezone)
    stand = standings(visit.actor, rows, today=today) if stand is None else stand
    names = words.organisation_names(visit.reading.snapshot.register, language)
    return Table(
        name="findings",
        caption=visit.text("Findings", "线索"),
        columns=(
            Column(key="detector", label=text("What was seen", "所见情况")),
            Column(key="where", label=text("Where", "对象")),
            Column(key="period", label=text("Until", "截至")),
            Column(key="mass", label=text("At stake", "涉及质量"), number=True, unit="kg"),
            Column(key="score", label=text("Score", "得分"), number=True),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=[_row(visit, row, names, state_cell(visit, stand[row["id"]], today)) for row in rows],
        empty=visit.text("No detector has seen anything in these filings.", "各检测方法均未发现异常。"),
    )


def _row(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str], state: Cell) -> tuple[Cell, ...]:
    language = visit.language
    shape, tone = words.DETECTOR_MARKS.get(row["detector"], ("diamond", "ink"))
    organisation = next((one for one in named_in(row["subject"]) if one in names), "")
    subject = row["subject"]
    place = subject.get("site") or subject.get("lot") or subject.get("licence") or ""
    mass_kg, score = float(row["mass_kg"]), row["score"]
    measured = measured_steps(row, language)
    until = row["period"]["to"]
    practice = in_parallel_run(until, visit.reading.snapshot.register)
    return (
        Cell(
            text=words.word(words.DETECTORS, row["detector"], language), value=row["detector"], shape=shape, tone=tone,
            note=first_sentence(row, language, names), href=visit.url("finding", finding=row["id"]),
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
            text=written.mass(mass_kg * written.MG_PER_KG, language) if mass_kg else written.NOTHING, value=mass_kg,
            note=measured[-1].word if measured else "",
        ),
        Cell(text=written.score(score), value=score),
        state,
    )  # fmt: skip
