"""The queue of cases: whose they are, what is done to many at once, and what the filings do not raise any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.http import QueryDict

from lodeline.detection.finding import Finding
from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.matching import cases_of
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.states import CaseError
from lodeline.office.findings.views import CaseStatus, standing_of, watched, without_finding
from lodeline.web.pages.findings.case_acts import BULK, done, proposed_question
from lodeline.web.pages.findings.case_part import state_cell
from lodeline.web.parts.table import Cell, Column, Shown, Table
from lodeline.web.parts.values import Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Cases that one form takes: each is a signed entry of the log.
MOST_AT_ONCE = 100


def findings_assigned(visit: Visit, stand: Mapping[str, CaseStatus], chosen: str | None) -> set[str]:
    """The findings among `stand` that a choice of `?assigned=` keeps."""
    mine, today = visit.actor.user, _today(visit)
    marked = watched(visit.actor) if chosen == "watched" else frozenset()

    def keeps(one: CaseStatus) -> bool:
        assignee = None if one.case is None else one.case.assignee_id
        return {
            None: True,
            "mine": assignee is not None and assignee == mine,
            "nobody": assignee is None,
            "watched": one.case is not None and one.case.pk in marked,
            "overdue": one.is_overdue(today),
        }[chosen]

    return {finding for finding, one in stand.items() if keeps(one)}


def picks(part: Shown, rows: Sequence[Finding], stand: Mapping[str, CaseStatus]) -> list[tuple[str, Any]]:
    """(what choosing a row sends, its cells) of the rows shown."""
    sent = {row.id: f"{row.id}:{stand[row.id].steps}" for row in rows}
    return [(sent[str(cells[0].href).rstrip("/").rpartition("/")[2]], cells) for cells in part.rows]


def act_on_chosen(visit: Visit, every: Sequence[Finding], *, today: date, now: datetime) -> tuple[str, int, int]:
    """Does to those chosen what the form says; returns the act, to how many it was done, and to how many not.

    Each is a step of its own: what cannot be done to one is done to the others. Raises CaseError where it can be done
    to none.
    """
    form = visit.request.POST
    act, chosen = form.get("act", ""), form.getlist("finding")
    rows, kept = {row.id: row for row in every}, cases_of(every)
    if act not in BULK or not chosen:
        raise CaseError(text("Nothing was chosen: tick findings and choose what to do."))
    if len(chosen) > MOST_AT_ONCE:
        raise CaseError(text("At most {most_at_once} at once.", most_at_once=MOST_AT_ONCE))
    count, refusals = 0, []
    for one in chosen:
        finding, _, steps = one.partition(":")
        if finding not in rows:
            continue
        seen = FindingAsSeen(
            finding=rows[finding],
            stamp=visit.reading.snapshot.stamp,
            today=today,
            steps=int(steps) if steps.isdecimal() and len(steps) < 19 else 0,
            case=kept[finding].finding if finding in kept else None,
        )
        sent = QueryDict(mutable=True)
        sent.update({name: form.get(name, "") for name in ("text", "until", "to")})
        if act == "ask" and not form.get("text", "").strip():
            sent["text"] = proposed_question(visit, seen.finding)
        try:
            done(visit, seen, act, now, sent)
            count += 1
        except CaseError as error:
            refusals.append(error)
    if refusals and not count:
        raise refusals[0]
    return act, count, len(chosen) - count


def bulk_notices(visit: Visit, refused: UserError | None) -> list[Notice]:
    """What has come of the form."""
    if refused is not None:
        return [Notice(kind="problem", text=visit.localized({"en": refused.en, "zh": refused.zh}))]
    count, left = visit.query("done") or "", visit.query("left") or ""
    if visit.query("said") not in BULK or not count.isdecimal() or not left.isdecimal():
        return []
    more = (
        ""
        if left == "0"
        else visit.text(
            "For {left} it could not be done: somebody else was faster, or their state does not allow it.", left=left
        )
    )
    return [Notice(kind="success", text=visit.text("Done for {count}.", count=count), more=more)]


def withdrawn_table(visit: Visit, every: Sequence[Finding], names: Mapping[str, str]) -> Table:
    """Cases that were asked about and whose finding the filings do not raise any more."""
    today, language = _today(visit), visit.language
    rows = []
    for case in without_finding(visit.actor, every):
        seen = finding_seen(case)
        standing = standing_of(case, seen, today=today)
        rows.append(
            (
                Cell(
                    text=words.word(words.DETECTORS, case.detector, language),
                    value=case.detector,
                    href=visit.url("finding", finding=case.finding),
                ),
                Cell(text=names.get(case.organisation, case.organisation), value=case.organisation),
                Cell(text=written.month(seen.last_period, language), value=seen.last_period),
                state_cell(visit, standing, today),
            )
        )
    return Table(
        name="gone",
        caption=visit.text("Cases without a finding"),
        columns=(
            Column(key="detector", label=text("What was seen")),
            Column(key="firm", label=text("Firm")),
            Column(key="until", label=text("Until", context="findings, case queue")),
            Column(key="state", label=text("State")),
        ),
        rows=rows,
        empty=visit.text("The filings still raise all of them."),
    )


def _today(visit: Visit) -> date:
    return clock.today(visit.reading.law.timezone)
