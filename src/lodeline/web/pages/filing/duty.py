"""The day after the deadline: who has filed the month, who has not, and what has been said to them about it.

Firms are reminded in bulk, or ordered to file or to correct by a day; what is said reaches them as a notice, and stands
in the audit records with who said it.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.access import clock
from lodeline.office.filing.duty import DEMANDS, Demand, DemandError, demand, demands
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import NoLawError
from lodeline.service.filing import status as filing_status
from lodeline.service.overview import overview as questions
from lodeline.web.pages.filing.extensions import for_whom
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text
from lodeline.web.words.words import STATE_MARKS

_WORDS: Final[dict[str, Text]] = {
    "reminded": text("Remind them", "发送提醒"),
    "ordered-to-file": text("Order them to file by", "责令限期申报"),
    "ordered-to-correct": text("Order them to correct by", "责令限期更正"),
}
_NOTICES: Final[dict[str, Text]] = {
    "reminded": text("reminded", "已提醒"),
    "ordered-to-file": text("ordered to file", "已责令申报"),
    "ordered-to-correct": text("ordered to correct", "已责令更正"),
}


def duty(visit: Visit) -> HttpResponse:
    """The page `duty/`: `?period=` a month, `?state=` missing, late or filed; a form says something to those chosen."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    if months is None:
        return show(visit, "lodeline/filing/duty.html", title=visit.text("Nobody has filed yet", "尚无申报"))
    period = choice.period(visit, months)
    states = reading.answer(filing_status.filing_status, reading.store, reading.snapshot, reading.law)
    states = states.filter(pl.col("period") == period)
    refused: DemandError | None = None
    if visit.request.method == "POST":
        try:
            notice = _demand(visit, period, set(states["organisation"]))
            return HttpResponseRedirect(visit.here(said=notice), status=303)
        except DemandError as error:
            refused = error
    table = _table(visit, period, states)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    counts = {str(state): int(count) for state, count in states.group_by("state").len().iter_rows()}
    month = written.month(period, visit.language)
    missing = counts.get("missing", 0)
    # The law's own day: what has been extended, and for whom, stands beside it.
    try:
        due = written.day(deadline_without_extension(period, reading.law).date(), visit.language)
    except NoLawError:
        due = ""
    return show(
        visit,
        "lodeline/filing/duty.html",
        title=visit.text(
            f"{written.count(missing)} of {written.count(states.height)} firms"
            f" {'has' if missing == 1 else 'have'} not filed {month}",
            f"{month}应申报{written.count(states.height)}家，{written.count(missing)}家尚未申报",
        ) if missing else visit.text(f"Everybody who had to has filed {month}", f"{month}应申报企业均已申报"),
        status=200 if refused is None else 400,
        due=due,
        extended=_extended(visit, period),
        extensions=visit.opens("extensions"),
        late=counts.get("late", 0),
        filed=counts.get("filed", 0),
        table=shown(visit, table),
        months=choice.period_links(visit, months, period),
        states=[(key, visit.localized(words.FILING_STATES[key])) for key in ("missing", "late", "filed")],
        asked=visit.query("state") or "missing",
        period=period,
        may_chase=visit.actor.may("duty.chase"),
        kinds=[(kind, visit.localized(_WORDS[kind])) for kind in DEMANDS],
        until=Field(name="until", label=visit.text("Until", "期限"), kind="date", width="short"),
        why=Field(
            name="why", label=visit.text("What is to be corrected", "更正内容"), kind="textarea", lines=2, width="full",
            value=visit.request.POST.get("why", ""),
            errors=() if refused is None else [visit.localized({"en": refused.en, "zh": refused.zh})],
        ),
        notices=_notices(visit),
    )  # fmt: skip


def _extended(visit: Visit, period: str) -> list[str]:
    """What has been extended for the month: until when, for whom and why, a sentence each."""
    register = visit.reading.snapshot.register
    found = register.extensions.get(period, ())
    if visit.territory is not None:
        found = [one for one in found if any(one.is_for(firm, register) for firm in visit.territory)]
    return [
        visit.text(
            f"Extended for {for_whom(visit, one)} to the end of {written.day(one.until, 'en')}: {one.reason}",
            f"{for_whom(visit, one)}延至{written.day(one.until, 'zh')}：{one.reason}",
        )
        for one in found
    ]


def _demand(visit: Visit, period: str, with_duty: set[str]) -> int:
    form = visit.request.POST
    kind = form.get("kind", "")
    if kind not in DEMANDS:
        raise BadQuestionError("Choose what to say to them.", "请选择操作。")
    chosen = [one for one in form.getlist("organisation") if one in with_duty]
    if not chosen:
        raise DemandError("Nobody was chosen: tick the firms first.", "未选择企业：请先勾选。")
    try:
        until = date.fromisoformat(form["until"]) if form.get("until") else None
    except ValueError:
        raise DemandError(
            "The day cannot be read: write it like 2026-02-20.", "日期无法识别：请写作 2026-02-20。"
        ) from None
    typed: Demand = kind
    return demand(visit.actor, chosen, period=period, kind=typed, now=clock.now(), until=until, why=form.get("why", ""))


def _notices(visit: Visit) -> list[Notice]:
    code = visit.query("said")
    if code is None or not code.isdecimal():
        return []
    if code == "0":
        return [Notice(kind="info", text=visit.text("They had been told that already.", "此前已发送过。"))]
    return [
        Notice(
            kind="success",
            text=visit.text(
                f"Said to {code} firms: they find it in their notices.", f"已通知{code}家企业，见其通知栏。"
            ),
        )
    ]


def _table(visit: Visit, period: str, states: pl.DataFrame) -> Table:
    reading, language = visit.reading, visit.language
    asked = visit.query("state") or "missing"
    names = words.organisation_names(reading.snapshot.register, language)
    demands_sent = demands(period)
    rows: list[tuple[Cell, ...]] = []
    for organisation, state in states.filter(pl.col("state") == asked).select("organisation", "state").iter_rows():
        shape, tone = STATE_MARKS[state]
        last: list[Any] = demands_sent.get(organisation, [])
        latest = written.NOTHING
        if last:
            kind, when, facts = last[0]
            latest = (
                f"{visit.localized(_NOTICES[kind])}, {written.moment(when.isoformat(), language, reading.law.timezone)}"
            )
            if facts.get("until"):
                latest += visit.text(", by ", "，期限") + written.day(date.fromisoformat(str(facts["until"])), language)
        rows.append(
            (
                Cell(
                    text=names.get(organisation, organisation), value=organisation, note=organisation,
                    href=visit.url("organisation", organisation=organisation),
                ),
                Cell(text=visit.localized(words.FILING_STATES[state]), value=state, shape=shape, tone=tone),
                Cell(text=latest, value=len(last)),
            )
        )  # fmt: skip
    return Table(
        name="duty",
        caption=visit.text("Firms", "企业"),
        columns=(
            Column(key="organisation", label=text("Organisation", "企业")),
            Column(key="state", label=text("This month", "本月")),
            Column(key="said", label=text("Said to it", "已发送")),
        ),
        rows=rows,
        per_page=500,
        empty=visit.text("Nobody.", "无。"),
    )
