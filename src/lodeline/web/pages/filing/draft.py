"""One draft: what stands in the way of a month, at its cells; what it says in words; and who signs it.

Every state of a draft has this address: a page that was left is found again where it was left, whatever happened since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import bilingual, text
from lodeline.ledger.extension import due
from lodeline.office.access import clock
from lodeline.office.filing import certify, drafts, profiles, suggestions
from lodeline.office.filing.draft_check import is_small
from lodeline.office.filing.draft_content import Content, content_at
from lodeline.office.models import Draft, OrganisationSettings
from lodeline.regulation.parameter import Jurisdiction
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.pages.common.firm_notice import firm_name, notice_of
from lodeline.web.pages.filing import draft_grid as grid
from lodeline.web.pages.filing.draft_acts import act
from lodeline.web.pages.filing.draft_books import asked_about, in_the_books
from lodeline.web.pages.filing.draft_changes import changes, changes_csv
from lodeline.web.pages.filing.draft_files import wanted_file
from lodeline.web.pages.filing.draft_progress import progress
from lodeline.web.pages.filing.draft_suggestions import suggested, suggestions_csv
from lodeline.web.pages.filing.receipt import sandbox_receipt
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice, Problem, Problems, Step
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.due import counted, due_words, month_name

State = Draft.State
#: Problems in the list above the rows; all of them stand at their rows.
LISTED = 30
#: Elements drawn as bars.
_ELEMENTS = 8
_NO_RARE_EARTHS = ("TREO", "Fe", "B", "Co")


def firm_draft(visit: Visit, organisation: str, draft: int) -> HttpResponse:
    """The page `firm/<organisation>/file/<draft>/`; a form that is sent comes back here, with what has come of it."""
    now = clock.now()
    try:
        found = drafts.find(visit.actor, organisation, draft)
    except drafts.UnknownDraftError as error:
        raise NotHereError(error.words) from error
    if visit.request.method != "POST":
        file = wanted_file(visit, found) or suggestions_csv(visit, found) or changes_csv(visit, found)
        return file or _page(visit, found, now)
    try:
        return act(visit, found, now=now)
    except drafts.DraftError as error:
        # The page as it stands now, and what was written into its fields beside it.
        found = drafts.find(visit.actor, organisation, draft)
        return _page(visit, found, now, typed=_typed(visit), refused=error)


def _typed(visit: Visit) -> dict[str, str]:
    return {name: str(text) for name, text in visit.request.POST.items() if name.startswith("c-")}


def _page(
    visit: Visit,
    draft: Draft,
    now: datetime,
    *,
    typed: Mapping[str, str] | None = None,
    refused: UserError | None = None,
) -> HttpResponse:
    """The page that the state of the draft asks for."""
    status = 200 if refused is None else 409
    notices = [] if refused is None else [Notice(kind="problem", text=visit.localized(refused.words))]
    if draft.state == State.FILED:
        if draft.sandbox:
            return sandbox_receipt(visit, draft, now)
        return HttpResponseRedirect(_filing_address(visit, draft))
    if draft.state == State.SUPERSEDED:
        kept = visit.text(
            "Another draft of this month was filed with all that this one has. It is kept to be "
            "read; nothing is left to be done."
        )
        notices.append(Notice(kind="info", text=kept))
    frame = frame_of(visit, draft, now, notices=notices)
    if draft.state in (State.CHECKING, State.FILING):
        return progress(visit, draft, frame, status=status)
    if draft.state == State.DROPPED:
        title = visit.text("This draft was thrown away")
        return show(visit, "lodeline/filing/firm_draft_dropped.html", title=title, status=status, **frame)
    content = content_at(draft)
    if not content.keys[:-1] and not content.table.frame.height and visit.query("edit") is None:
        return _empty_page(visit, draft, frame, now, status=status)
    return _problems_page(visit, draft, content, frame, now, typed=typed or {}, status=status)


def _filing_address(visit: Visit, draft: Draft) -> str:
    address = visit.url("firm-filing", organisation=draft.organisation, entry=draft.entry)
    assert address is not None, "a filing has a page"
    return address


def frame_of(visit: Visit, draft: Draft, now: datetime, *, notices: list[Notice]) -> dict[str, Any]:
    """What every page of a draft has: whose and which month, its steps, what was said before."""
    law = visit.law
    late_from = due(draft.organisation, draft.period, law, visit.store.newest_register())
    local = now.astimezone(ZoneInfo(law.timezone))
    notice = notice_of(visit)
    return {
        "upload": Field(
            name="files",
            kind="file",
            label=visit.text("Files"),
            multiple=True,
            width="full",
            accept=".csv,.tsv,.txt,.xlsx,.json,.ndjson,.jsonl",
        ),
        "form_at": visit.here(said=None, row=None),
        "draft": draft,
        "organisation": draft.organisation,
        "firm_name": firm_name(visit, draft.organisation),
        "month": month_name(visit, draft.period, local),
        "month_in_full": written.month(draft.period, visit.language),
        "due": due_words(visit, late_from, local),
        "today": written.day(local.date(), visit.language),
        "saved": f"{draft.changed_at.astimezone(local.tzinfo):%H:%M}",
        "steps": steps(visit, draft, law),
        "notices": [*notices, *([notice] if notice else [])],
        "may_edit": visit.actor.may("own.file", draft.organisation) and draft.state in drafts.CHANGEABLE,
        "may_certify": visit.actor.may("own.certify", draft.organisation),
        "list": visit.url("firm-file", organisation=draft.organisation),
        "here": visit.url("firm-draft", organisation=draft.organisation, draft=draft.pk),
    }


def steps(visit: Visit, draft: Draft, law: Jurisdiction) -> list[Step]:
    """Where the draft is on its way from the month to the receipt; what there is to see of a step is one link away."""
    counts = json.loads(draft.counts)
    checked = draft.checked_revision == draft.revision
    has_rows = draft.rows > 0 or draft.checked_revision >= 0
    on_it = visit.name == "firm-draft"
    here = "" if on_it else visit.url("firm-draft", organisation=draft.organisation, draft=draft.pk)
    if draft.state == State.FILED:
        place = 5
    elif draft.state in (State.ASKED, State.FILING):
        place = 4
    else:
        place = 3 if checked and draft.accepted else 2 if has_rows else 1
    wrong = counts.get("reject", 0) + counts.get("confirm", 0)
    rows, wrongs = written.count(draft.rows), written.count(wrong)
    at = draft.asked_at.astimezone(ZoneInfo(law.timezone)) if draft.asked_at else None
    problems = visit.text("{wrongs} to settle", wrongs=wrongs) if wrong else visit.text("none in the way")
    labels = [
        (visit.text("Period", context="filing"), written.month(draft.period, visit.language), ""),
        (
            visit.text("Upload"),
            visit.text("{rows} row{fact}", rows=rows, fact="s" * (draft.rows != 1)) if has_rows else "",
            "",
        ),
        (visit.text("Problems"), problems if checked else "", "rows"),
        (visit.text("Summary", context="filing"), visit.text("in words"), "says"),
        (
            visit.text("Certify"),
            visit.text("asked at {at:%H:%M}", at=at) if at else "",
            "certify",
        ),
        (visit.text("Receipt", context="filing"), "", ""),
    ]
    return [
        Step(
            label=label,
            note=note,
            state="done" if number < place else "now" if number == place else "next",
            href=f"{here}#{part}" if part and checked else None,
        )
        for number, (label, note, part) in enumerate(labels)
    ]


def _empty_page(visit: Visit, draft: Draft, frame: dict[str, Any], now: datetime, *, status: int) -> HttpResponse:
    title = visit.text("Upload {month}, or type it in", month=frame["month"])
    before = _month_before(draft.period)
    return show(
        visit,
        "lodeline/filing/firm_draft_upload.html",
        title=title,
        status=status,
        **frame,
        last_month=month_name(visit, before, now),
        workbook=visit.url("firm-file-template", organisation=draft.organisation),
        copy=visit.url("firm-file-copy", organisation=draft.organisation, period=before),
        profiles=visit.url("firm-profiles", organisation=draft.organisation),
        type_in=visit.url("firm-draft", {"edit": "cells"}, organisation=draft.organisation, draft=draft.pk),
    )


def _month_before(period: str) -> str:
    year, month = int(period[:4]), int(period[5:7])
    return f"{year - (month == 1):04d}-{(month - 2) % 12 + 1:02d}"


def _problems_page(
    visit: Visit,
    draft: Draft,
    content: Content,
    frame: dict[str, Any],
    now: datetime,
    *,
    typed: Mapping[str, str],
    status: int,
) -> HttpResponse:
    checked = draft.checked_revision == draft.revision
    found = grid.found_problems(draft, content)
    if draft.checked_revision < 0:
        found = []
    offered = suggestions.of_draft(draft)
    view = grid.View.of(visit, empty=not any(one.row for one in found) and not offered)
    rows = grid.rows_of(
        visit,
        draft,
        content,
        found,
        view,
        typed=typed,
        may_edit=frame["may_edit"] and draft.state != State.ASKED,
        today=now,
        offered=offered,
    )
    counts, summary = json.loads(draft.counts), json.loads(draft.summary) or {}
    wrong = len({_place(one) for one in found if one.problem.severity != "flag"})
    other_columns = [one for one in found if one.problem.code == "column.missing" and one.problem.severity == "reject"]
    unknown_columns = any(one.problem.code in ("column.unknown", "column.missing") for one in found)
    first = next((one for one in found if one.row is not None and one.problem.severity != "flag"), None)
    return show(
        visit,
        "lodeline/filing/firm_draft.html",
        title=visit.text("{month} was filed by another draft", month=frame["month"])
        if draft.state == State.SUPERSEDED
        else _headline(visit, draft, frame, found, checked),
        status=status,
        **frame,
        lede="" if draft.state == State.SUPERSEDED else _lede(visit, draft, frame, counts, checked),
        checked=checked,
        asked=draft.state == State.ASKED,
        files=list(draft.files.order_by("id").defer("content")),
        problems=_problem_list(visit, draft, content, found, rows),
        grid=rows.grid,
        rows=rows,
        view=view,
        pages=_pages(visit, rows),
        counts={name: written.count(int(number)) for name, number in counts.items()},
        good=int(counts.get("good", 0)),
        wrong=wrong,
        may_divide=checked and not draft.accepted and draft.corrects is None and int(counts.get("good", 0)) > 0,
        first=first and _href(visit, draft, first, rows, content),
        other_months=[
            (f"move:{month}", month_name(visit, month, now), number)
            for month, number in summary.get("other_months", {}).items()
        ],
        # Of rows that nobody could read there is nothing to tell.
        sentences=[one[visit.language] for one in summary.get("sentences", [])]
        if summary.get("events") or draft.accepted
        else [],
        bars=_bars(visit, summary),
        books=in_the_books(visit, summary, counts),
        shown_what=visit.localized(_SHOWN[summary["shown"]]) if summary.get("shown") in _SHOWN else "",
        changes=changes(visit, draft, summary),
        offered=suggested(visit, draft, content, offered),
        exists=any(one.problem.code.startswith("event.exists") for one in found),
        small=is_small(draft),
        certify_at=visit.url("firm-draft-certify", organisation=draft.organisation, draft=draft.pk),
        own_signature=frame["may_certify"] and not _needs_second(visit, draft),
        second_person=OrganisationSettings.objects.filter(organisation=draft.organisation, second_person=True).exists(),
        other_columns=bool(other_columns) and draft.files.exists(),
        unknown_columns=unknown_columns,
        near=_near(visit, draft) if unknown_columns else None,
        columns_at=visit.url("firm-draft-columns", organisation=draft.organisation, draft=draft.pk),
    )


def near_words(visit: Visit, nearest: profiles.Nearest | None) -> str:
    """In what a file differs from the saved columns that nearly fit it; "" where there are none."""
    if nearest is None:
        return ""
    gone, new = nearest.gone, ", ".join(nearest.new)
    if not new:
        return visit.text("“{gone}” is not in this file.", gone=gone)
    return visit.text("“{gone}” is not in this file; new: {new}.", gone=gone, new=new)


def _near(visit: Visit, draft: Draft) -> dict[str, str] | None:
    """Saved columns that fit the draft's files but for one; a large file is not read for it."""
    if draft.profile is not None or not is_small(draft):
        return None
    nearest = profiles.nearest_profile(draft)
    return None if nearest is None else {"name": nearest.profile.name, "words": near_words(visit, nearest)}


def _needs_second(visit: Visit, draft: Draft) -> bool:
    try:
        certify.require_second_person(draft, visit.actor)
    except certify.CertifyError:
        return True
    return False


def _place(one: grid.Found) -> tuple[int | None, int]:
    """What counts as one: a row, whatever is wrong with it, or what is said of no row."""
    return (one.key, one.row) if one.row is not None else (None, one.number)


def _things(found: list[grid.Found]) -> str:
    return "row" if all(one.row is not None for one in found) else "thing"


def _headline(visit: Visit, draft: Draft, frame: dict[str, Any], found: list[grid.Found], checked: bool) -> str:
    month, due = frame["month"], frame["due"]
    wrongs = [one for one in found if one.problem.severity != "flag"]
    wrong, what = len({_place(one) for one in wrongs}), _things(wrongs)
    if draft.state == State.ASKED:
        return visit.text("{month}, {due}, waits for a signature", month=month, due=due)
    if draft.checked_revision < 0:
        return visit.text("Type {month} in, {due}", month=month, due=due)
    if not checked:
        return visit.text("{month}, {due}, was changed since it was checked", month=month, due=due)
    if draft.accepted:
        question = asked_about(visit, json.loads(draft.summary) or {})
        if question is not None:
            return question["headline"]
        return visit.text("Nothing stands in the way of {month}, {due}", month=month, due=due)
    if draft.corrects is not None and not wrong:
        return visit.text("Nothing here differs from what is filed for {month}", month=month)
    if wrong == 1:
        return visit.text("One {what} stands in the way of {month}, {due}", what=what, month=month, due=due)
    return visit.text(
        "{counted} {what}s stand in the way of {month}, {due}",
        counted=counted(wrong),
        what=what,
        month=month,
        due=due,
        wrong=written.count(wrong),
    )


def _lede(visit: Visit, draft: Draft, frame: dict[str, Any], counts: Mapping[str, int], checked: bool) -> str:
    """What was read, and what of it can go at once."""
    if not checked or draft.state == State.ASKED:
        return ""
    names = [file.name for file in draft.files.order_by("id").defer("content")]
    rows = written.count(draft.rows)
    n, good = written.count(counts.get("good", 0)), counts.get("good", 0)
    were = "row was" if draft.rows == 1 else "rows were"
    en = f"{rows} {were} read from {', '.join(names)}" if names else f"{rows} {were} typed in"
    zh = f"从{'、'.join(names)}读取{rows}行" if names else f"在线填写{rows}行"
    read = visit.text("Today is {today}. {text}.", today=frame["today"], text=bilingual(en, zh))
    if draft.corrects is not None and not draft.accepted and counts.get("bad", 0):
        return read + visit.text(
            " A correction is filed whole: it says what stands instead of the month, and of half of "
            "it the events left out would count as missing."
        )
    if draft.accepted and (question := asked_about(visit, json.loads(draft.summary) or {})):
        return f"{read} {question['cause']}"
    if draft.accepted or draft.corrects is not None or not good:
        return read
    can = (
        visit.text(" {n} events are good and can be filed now; the rest keeps as a draft.", n=n)
        if good > 1
        else visit.text(" One event is good and can be filed now; the rest keeps as a draft.", n=n)
    )
    return read + can


def _problem_list(
    visit: Visit, draft: Draft, content: Content, found: list[grid.Found], rows: grid.Rows
) -> Problems | None:
    if not found:
        return None
    counts = {severity: sum(one.problem.severity == severity for one in found) for severity in grid.SEVERITIES}
    n, what = len({_place(one) for one in found}), _things(found)
    heading = (
        visit.text("One {what} to look at", what=bilingual(what, written.count(n)))
        if n == 1
        else visit.text("{counted} {what}s to look at", counted=counted(n), what=what, n=written.count(n))
    )
    parts = [
        (counts["reject"], "{n} to fix", "{n}项须更正"),
        (counts["confirm"], "{n} to confirm", "{n}项请确认"),
        (counts["flag"], "{n} flag" if counts["flag"] == 1 else "{n} flags", "{n}项提示"),
    ]
    note = visit.localized(
        bilingual(
            ", ".join(en.format(n=n) for n, en, _ in parts if n) + ".",
            "，".join(zh.format(n=n) for n, _, zh in parts if n) + "。",
        )
    )
    if any(one.problem.where.row is not None for one in found):
        note += visit.text(" A row number leads to its cell.")
    if len(found) > LISTED:
        note += visit.text(" The first {listed} are listed; all stand at their rows.", listed=LISTED)
    if json.loads(draft.summary).get("books_next"):
        note += visit.text(
            " What these rows say against the books (lots, deliveries, quotas) is looked at once they can be read."
        )
    several = len(content.keys) > 2
    return Problems(
        heading=heading,
        note=note,
        problems=[
            Problem(
                severity=one.problem.severity,
                text=one.problem.message(visit.language),
                where="" if one.row is None else grid.where_of(visit, one, several_files=several),
                href=None if one.row is None else _href(visit, draft, one, rows, content),
            )
            for one in found[:LISTED]
        ],
    )


def _href(visit: Visit, draft: Draft, one: grid.Found, rows: grid.Rows, content: Content) -> str:
    """The address of a problem's cell: on this page where its row is on it, else on the page that has it."""
    column = grid.filed_column(one, content.table.frame)
    here = {row.id: row for row in rows.grid.rows}
    row = here.get(f"r-{one.key}-{one.row}")
    if row is not None:
        cell = one.cell(column)
        return f"#{cell}" if any(each.id == cell for each in row.cells) else f"#{row.id}"
    page = visit.url("firm-draft", {"row": f"{one.key}-{one.row}"}, organisation=draft.organisation, draft=draft.pk)
    return f"{page}#{one.cell(column)}"


def _pages(visit: Visit, rows: grid.Rows) -> list[dict[str, Any]]:
    if rows.pages == 1:
        return []
    near = sorted({1, rows.pages, *range(max(1, rows.page - 2), min(rows.pages, rows.page + 2) + 1)})
    return [
        {
            "text": written.count(number),
            "href": visit.here(page=number, said=None) + "#rows",
            "here": number == rows.page,
        }
        for number in near
    ]


_SHOWN = {
    "shipment": text("Shipped, by element"),
    "export": text("Exported, by element"),
    "out": text("Made, by element"),
}


def _bars(visit: Visit, summary: Mapping[str, Any]) -> str:
    """The elements of what goes out, as bars; "" where none is stated."""
    found = [(symbol, mass_mg) for symbol, mass_mg in summary.get("elements", []) if symbol not in _NO_RARE_EARTHS][
        :_ELEMENTS
    ]
    if not found:
        return ""
    return draw_bars(
        Bars(
            name=_SHOWN[summary["shown"]][visit.language],
            bars=tuple(
                Bar(label=symbol, value=float(mass_mg), text=written.mass(mass_mg, visit.language))
                for symbol, mass_mg in found
            ),
        )
    )
