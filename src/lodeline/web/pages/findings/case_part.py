"""A case on a page: the steps taken so far, with their files and proofs, for whoever may see which of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.office.findings.files import content_of
from lodeline.office.findings.views import CaseStatus, steps_of
from lodeline.office.models import Case, CaseFile, CaseStep
from lodeline.service.entries.receipts import receipt
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.parts.table import Cell
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

#: Kind of step → what it is called where the authority speaks, and its mark.
STEPS: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "asked": (text("Asked", context="findings"), "half", "flow"),
    "extended": (text("More time given"), "half", "quiet"),
    "answered": (text("Answered", context="findings"), "circle", "hold"),
    "explained": (text("Explanation accepted"), "tick", "ink"),
    "waived": (text("Not pursued"), "bar", "quiet"),
    "confirmed": (text("Confirmed", context="findings"), "cross", "loss"),
    "withdrawn": (text("Question withdrawn"), "ring", "quiet"),
    "reopened": (text("Open again"), "ring", "ink"),
    "assigned": (text("Assigned"), "diamond", "quiet"),
    "laboratory": (text("Sent to a laboratory"), "diamond", "ink"),
    "found": (text("Result of the laboratory"), "circle", "ink"),
    "released": (text("Released", context="findings"), "tick", "flow"),
    "refused": (text("Not released"), "square", "loss"),
    "settled": (text("Settled by a standing answer", context="findings"), "tick", "ink"),
    "closed": (text("Closed", context="findings"), "bar", "quiet"),
}
REASONS: Final[Mapping[str, Text]] = {
    "decided": text("An official opened it again."),
    "expired": text("The day until which the decision stood has passed."),
    "elements": text("It now concerns other elements."),
    "mass": text("The mass at stake has changed materially."),
    "score": text("The score has changed materially."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step as a template shows it. `files`: name and address of each; "" of one that the reader may not open."""

    when: str
    title: str
    by: str
    text: str
    more: str
    shape: str
    tone: Tone
    files: tuple[tuple[str, str], ...]
    entry: str
    entry_href: str | None
    words_href: str | None
    receipt_href: str | None


def state_cell(visit: Visit, standing: CaseStatus, today: date) -> Cell:
    """Where a finding stands: the word, who has it, until when something is due."""
    word = words.word(words.FINDING_STATES, standing.state, visit.language)
    shape, tone = words.FINDING_STATE_MARKS[standing.state]
    notes = []
    case = standing.case
    if standing.is_overdue(today):
        notes.append(visit.text("overdue"))
    elif case is not None and standing.state == "asked":
        notes.append(visit.text("answer by ") + written.day(case.until, visit.language))
    if standing.reason is not None:
        notes.append(visit.text("again"))
    if case is not None and case.assignee is not None:
        notes.append(case.assignee.name)
    return Cell(text=word, value=standing.state, shape=shape, tone=tone, note=" · ".join(notes))


def taken(
    visit: Visit, case: Case, *, reader: str | None, called: Callable[[str], str], timezone: str
) -> list[Taken]:  # fmt: skip
    """The steps of a case, oldest first. `reader` as of `steps_of`; `called`: the name of an organisation; of people
    their pseudonym is shown."""
    return [
        _taken(visit, step, content, called=called, timezone=timezone)
        for step, content in steps_of(case, reader=reader)
    ]


def _taken(
    visit: Visit, step: CaseStep, content: Mapping[str, Any], *, called: Callable[[str], str], timezone: str
) -> Taken:  # fmt: skip
    title, shape, tone = STEPS[step.kind]
    until, stands = content["until"], content["stands_until"]
    more = []
    if until:
        more.append(visit.text("To be answered by ") + written.day(until, visit.language))
    if stands:
        more.append(visit.text("Stands until ") + written.day(stands, visit.language))
    if content["reason"]:
        more.append(visit.localized(REASONS[content["reason"]]))
    if step.organisation:
        by = called(step.organisation)
    elif step.who:
        by = visit.text("Authority")
    else:
        by = visit.text("By itself")
    logged = step.entry is not None
    return Taken(
        when=written.moment(step.at.isoformat(), visit.language, timezone), title=visit.localized(title), by=by,
        text=content["text"], more=visit.text(" · ").join(more), shape=shape, tone=tone,
        files=tuple((one.name, visit.here(file=one.pk)) for one in step.files.all()),
        entry="" if step.entry is None else written.count(step.entry),
        entry_href=None if step.entry is None else visit.opens("entry", entry=step.entry),
        words_href=visit.here(words=step.number) if logged else None,
        receipt_href=visit.here(receipt=step.number) if logged else None,
    )  # fmt: skip


def wanted_paper(visit: Visit, case: Case, *, reader: str | None) -> HttpResponse | None:
    """The file that `?file=`, `?words=` or `?receipt=` asks for instead of the page; None where none is asked for."""
    for name, made in (("file", _file), ("words", _words), ("receipt", _receipt)):
        asked = visit.query(name)
        if asked is not None:
            number = int(asked) if asked.isdecimal() and len(asked) < 19 else -1
            steps = {step.number: step for step, _ in steps_of(case, reader=reader)}
            found = made(visit, steps, number)
            if found is None:
                raise NotHereError(text("The case has no such file."))
            return found
    return None


def _file(visit: Visit, steps: Mapping[int, CaseStep], number: int) -> HttpResponse | None:
    del visit
    found = CaseFile.objects.filter(pk=number, step__in=list(steps.values())).first()
    # Whatever it is, it is saved and never shown in our name.
    return None if found is None else attachment(content_of(found), found.name, "application/octet-stream")


def _words(visit: Visit, steps: Mapping[int, CaseStep], number: int) -> HttpResponse | None:
    del visit
    step = steps.get(number)
    return None if step is None else attachment(step.content.encode(), f"case-step-{number}.json", "application/json")


def _receipt(visit: Visit, steps: Mapping[int, CaseStep], number: int) -> HttpResponse | None:
    step = steps.get(number)
    if step is None or step.entry is None:
        return None
    document = receipt(visit.store, step.entry, content=step.content.encode())
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return attachment(text.encode(), f"lodeline-receipt-{step.entry}.json", "application/json")
