"""File a month: which months are due, which drafts are on their way, and the sandbox to try it in."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, bilingual, text
from lodeline.office.access import clock
from lodeline.office.filing import beginning, draft_check, drafts, sandbox
from lodeline.office.models import Draft
from lodeline.service.filing.drafting import copy_of, known_for_template
from lodeline.service.firm.organisation_view import Month, OrganisationView
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.common.drafts import apart
from lodeline.web.pages.common.firm_notice import firm_name, notice_of
from lodeline.web.pages.common.firm_part import counted
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Notice
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.due import due_day, due_words, extended_words, month_name

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Months that have been filed and are offered for correction without being asked for.
_FILED_SHOWN = 6
_STATES: dict[str, Text] = {
    "open": text("being made"),
    "checking": text("being checked"),
    "asked": text("waits for a signature"),
    "filing": text("being filed", context="filing"),
}


def firm_file(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/file/`; a form begins a draft, or empties the sandbox."""
    now, law = clock.now(), visit.law
    refused = None
    if visit.request.method == "POST":
        try:
            return _act(visit, organisation)
        except drafts.DraftError as error:
            refused = Notice(kind="problem", text=visit.localized(error.words))
    own = OrganisationView(sandbox.ledger(), law, organisation)
    months = list(reversed(own.months(now)))
    local = now.astimezone(ZoneInfo(law.timezone))
    notice = notice_of(visit)
    due = [_month(visit, one, local, months) for one in months if one.state in ("missing", "due")]
    return show(
        visit, "lodeline/filing/firm_file.html", title=_headline(visit, months, local), status=409 if refused else 200,
        organisation=organisation, firm_name=firm_name(visit, organisation),
        today=written.day(local.date(), visit.language),
        notices=[one for one in (refused, notice) if one],
        may_file=visit.actor.may("own.file", organisation),
        due=due[::-1],
        running=[_month(visit, one, local, months) for one in months if one.state == "running"],
        filed=[_month(visit, one, local) for one in months if one.entry is not None][:_FILED_SHOWN],
        drafts=_drafts(visit, drafts.open_drafts(visit.actor, organisation), local),
        tried=_drafts(visit, drafts.open_drafts(visit.actor, organisation, sandbox=True), local),
        here=visit.url("firm-file", organisation=organisation),
        filings=visit.opens("firm-filings", organisation=organisation),
        workbook=visit.url("firm-file-template", organisation=organisation),
        this_month=f"{local:%Y-%m}",
    )  # fmt: skip


def firm_file_template(visit: Visit, organisation: str) -> HttpResponse:
    """`firm/<organisation>/file/template.xlsx`: the workbook with what is the firm's own to pick from."""
    from lodeline.filing.template import write_template  # noqa: PLC0415  (few need what writes workbooks)

    store = sandbox.ledger()
    out = io.BytesIO()
    own = known_for_template(store, organisation)
    write_template(out, organisation=organisation, register=store.newest_register(), own=own)
    return attachment(out.getvalue(), f"{organisation}-filing.xlsx", _XLSX)


def firm_file_copy(visit: Visit, organisation: str, period: str) -> HttpResponse:
    """`firm/<organisation>/file/copy/<period>/`: the month after `period` begun from its rows, as a workbook."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", period):
        raise BadQuestionError(text("A month is written like 2026-01."))
    content = copy_of(sandbox.ledger(), organisation, period)
    return attachment(content, f"{organisation}-from-{period}.xlsx", _XLSX)


def _act(visit: Visit, organisation: str) -> HttpResponse:
    post, now = visit.request.POST, clock.now()
    verb = post.get("act", "start")
    if verb == "empty":
        sandbox.empty(visit.actor, organisation, now=now)
        return HttpResponseRedirect(visit.url("firm-file", {"said": "emptied"}, organisation=organisation) or "/")
    period, law = post.get("period", "").strip(), visit.law
    corrects = None
    if verb == "correct":
        found = [
            one.entry
            for one in OrganisationView(sandbox.ledger(), law, organisation).months(now)
            if one.period == period
        ]
        corrects = found[0] if found else None
    draft = drafts.start(
        visit.actor, organisation, period, law=law, now=now, corrects=corrects, sandbox=verb == "try"
    )  # fmt: skip
    said = None
    if verb == "begin":
        try:
            draft_check.begin(beginning.begin(visit.actor, draft, now=now), now=now)
        except drafts.DraftError:
            drafts.drop(visit.actor, draft, seen=draft.revision, now=now)
            raise
        said = "begun"
    address = visit.url("firm-draft", {"said": said}, organisation=organisation, draft=draft.pk)
    assert address is not None, "a draft has a page"
    return HttpResponseRedirect(address)


def _headline(visit: Visit, months: list[Month], local: Any) -> str:
    missing = [one for one in months if one.state == "missing"]
    due = [one for one in months if one.state == "due"]
    if len(missing) == 1:
        name = month_name(visit, missing[0].period, local)
        return visit.text("{name} is late, and not filed yet", name=name)
    if missing:
        return visit.text(
            "{missing} months are late", missing=bilingual(written.count(len(missing)), str(len(missing)))
        )
    if due:
        name, day = month_name(visit, due[-1].period, local), due_day(visit, due[-1].due, local)
        left = (due[-1].due - local).days
        if left < 1:
            return visit.text("{name} is due today", name=name)
        days = f"{left} days" if left > 1 else "one day"
        return visit.text("{name} is due on {day}, in {days}", name=name, day=day, days=bilingual(days, left))
    return visit.text("Every month is filed")


def _month(visit: Visit, one: Month, local: Any, months: Sequence[Month] = ()) -> dict[str, Any]:
    before = beginning.month_before(months, one.period)
    return {
        "before": before and month_name(visit, before, local),
        "period": one.period,
        "name": month_name(visit, one.period, local),
        "due": visit.text("; ", context="filing").join(
            part for part in (due_words(visit, one.due, local), extended_words(visit, one.extension)) if part
        ),
        "late": one.state == "missing",
        "entry": one.entry,
        "filing": None
        if one.entry is None
        else visit.opens("firm-filing", organisation=visit.arguments["organisation"], entry=one.entry),
        "state": one.state,
    }


def _drafts(visit: Visit, found: Sequence[Draft], local: Any) -> list[dict[str, Any]]:
    told = apart(visit, found)
    return [{**_draft(visit, one, local), "apart": told.get(one.pk, "")} for one in found]


def _draft(visit: Visit, draft: Draft, local: Any) -> dict[str, Any]:
    at = draft.changed_at.astimezone(local.tzinfo)
    return {
        "href": visit.url("firm-draft", organisation=draft.organisation, draft=draft.pk),
        "name": month_name(visit, draft.period, local),
        "corrects": draft.corrects,
        "rows": counted(visit, draft.rows, text("1 row"), text("{n} rows", context="filing")),
        "state": _STATES[draft.state][visit.language],
        "who": draft.changed_by.name if draft.changed_by else "",
        "at": f"{written.day(at.date(), visit.language)}{visit.localized(bilingual(',', ''))} {at:%H:%M}",
    }
