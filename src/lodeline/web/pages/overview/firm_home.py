"""A firm's home: what is due and when, what waits for its people, what is left of what it may do.

It is opened by everybody on the day of a deadline, so it asks the firm's own rows alone; what comes from the nation's
snapshot is shown where it is at hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl
from django.http import HttpResponse

from lodeline.office.findings.views import own_cases
from lodeline.office.models import Draft
from lodeline.office.overview.home import Home, home
from lodeline.service.firm.organisation_view import Month
from lodeline.web.pages.common.firm_part import WEEKDAYS, Firm, counted
from lodeline.web.pages.filing.waiting import waiting_table
from lodeline.web.pages.overview.cached_reading import cached_reading
from lodeline.web.pages.overview.firm_tiles import balances, questions, tiles
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Act
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.due import extended_words
from lodeline.web.words.language import Text, text
from lodeline.web.words.words import Tone

#: Rows of what waits that stand on the home page; the rest is behind the link.
_SHOWN: Final = 5
_DRAFT_STATES: Final[dict[str, Text]] = {
    Draft.State.OPEN: text("being made", "填报中"),
    Draft.State.CHECKING: text("being checked", "检查中"),
    Draft.State.ASKED: text("waits for the certifier", "待签认"),
    Draft.State.FILING: text("being filed", "正在提交"),
}


def firm_home(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/`."""
    firm = Firm(visit, organisation)
    found = home(visit.actor, firm.own, now=firm.now)
    tables = {
        "due": _due_table(firm, found),
        "drafts": _drafts_table(firm, found),
        "accept": waiting_table(firm, found.to_accept.reverse(), name="accept", per_page=_SHOWN),
        "sent": waiting_table(
            firm, found.waiting.filter(pl.col("standing") == "unconfirmed").reverse(), name="sent", per_page=_SHOWN
        ),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    reading = cached_reading(visit)
    return show(
        visit,
        "lodeline/overview/firm_home.html",
        title=_headline(firm, found),
        name=firm.name,
        today=written.day(firm.today, visit.language),
        lede=_lede(firm, found),
        acts=_acts(firm, found),
        tiles=tiles(firm, found),
        tables={key: shown(visit, table) for key, table in tables.items()},
        transfers=firm.url("firm-transfers"),
        sent_at=firm.url("firm-transfers", query={"view": "sent"}),
        balances=None if reading is None else balances(firm),
        balances_at=firm.url("firm-balances"),
        questions=None if reading is None else questions(firm, reading),
    )


def _headline(firm: Firm, found: Home) -> str:
    visit = firm.visit
    to_sign = _to_sign(firm, found)
    if to_sign:
        month = written.month(to_sign[0].period, visit.language)
        return visit.text(f"{month} waits for your signature", f"{month}的申报等待您签认")
    waiting = found.to_accept.height
    first = _first(firm, found)
    if not waiting:
        return first
    also = counted(visit, waiting, "one delivery waits for you", "{n} deliveries wait for you", "有{n}笔到货待确认")
    return visit.text(f"{first}; {also}", f"{first}；{also}")


def _to_sign(firm: Firm, found: Home) -> list[Draft]:
    """Drafts that wait for a certifier, for whoever is one."""
    if not firm.visit.actor.may("own.certify", firm.organisation):
        return []
    return [draft for draft in found.open_drafts if draft.state == Draft.State.ASKED]


def _first(firm: Firm, found: Home) -> str:
    """What is most pressing of the months."""
    visit, language = firm.visit, firm.visit.language
    if found.missing:
        month, more = written.month(found.missing[0].period, language), len(found.missing) - 1
        if more:
            n = written.count(more)
            return visit.text(
                f"{month} is late, and so {'is one more month' if more == 1 else f'are {n} more'}",
                f"{month}等{written.count(more + 1)}个月份已逾期未报",
            )
        last = _soon(firm, found.missing[0])
        return visit.text(f"{month} is late: it was due by {last}", f"{month}的申报已逾期：{last}截止")
    if found.due:
        month, last, left = (
            written.month(found.due[0].period, language),
            _soon(firm, found.due[0]),
            _left(firm, found.due[0]),
        )
        return visit.text(f"{month} is due by {last}, {left}", f"{month}的申报{last}截止，{left}")
    running = [month for month in found.months if month.state == "running"]
    if running:
        month, last = written.month(running[0].period, language), _soon(firm, running[0])
        return visit.text(
            f"Every month is filed; {month} is the next, due by {last}",
            f"各月均已申报；下一次为{month}，{last}截止",
        )
    return visit.text("Nothing has to be filed", "没有须申报的月份")


def _by(firm: Firm, month: Month) -> str:
    """The last day in time: Monday 9 February 2026; a deadline at midnight is met on the day before."""
    last = (month.due - timedelta(seconds=1)).date()
    weekday, day = WEEKDAYS[firm.visit.language][last.weekday()], written.day(last, firm.visit.language)
    return firm.visit.text(f"{weekday} {day}", f"{day}（{weekday}）")


def _left(firm: Firm, month: Month) -> str:
    days = ((month.due - timedelta(seconds=1)).date() - firm.today).days
    if days == 0:
        return firm.visit.text("today", "即今天")
    return firm.visit.text("tomorrow" if days == 1 else f"in {days} days", "即明天" if days == 1 else f"还有{days}天")


def _soon(firm: Firm, month: Month) -> str:
    """The last day in time as one says it in its own year: Monday 9 February, 2月9日（星期一）."""
    last = (month.due - timedelta(seconds=1)).date()
    if last.year != firm.today.year:
        return _by(firm, month)
    weekday = WEEKDAYS[firm.visit.language][last.weekday()]
    name = written.month_name(last.month, firm.visit.language)
    return firm.visit.text(f"{weekday} {last.day} {name}", f"{last.month}月{last.day}日（{weekday}）")


def _lede(firm: Firm, found: Home) -> list[str]:
    """What carries the headline, sentence by sentence; what is nothing is not said."""
    visit = firm.visit
    sentences = []
    filed = sum(month.state in ("filed", "late") for month in found.months)
    if filed:
        sentences.append(counted(visit, filed, "One month is filed.", "{n} months are filed.", "已申报{n}个月。"))
    pending = len(found.pending)
    if pending:
        sentences.append(
            counted(
                visit, pending, "One delivery is accepted and waits for certification.",
                "{n} deliveries are accepted and wait for certification.", "另有{n}笔到货已确认，待签认。",
            )
        )  # fmt: skip
    disputed = sum(one.shipper == firm.organisation and not one.answer for one in found.disputed)
    if disputed:
        sentences.append(
            counted(
                visit, disputed, "A buyer disputes one of your shipments.", "Buyers dispute {n} of your shipments.",
                "有{n}笔发货被提出异议。",
            )
        )  # fmt: skip
    asked = _asked(firm)
    if asked:
        sentences.append(
            counted(
                visit, asked, "The authority waits for your answer to a question.",
                "The authority waits for your answer to {n} questions.", "主管部门有{n}项询问待答复。",
            )
        )  # fmt: skip
    return sentences


def _asked(firm: Firm) -> int:
    """Questions of the authority that wait for the firm's answer."""
    return sum(one.state == "asked" for one in own_cases(firm.visit.actor, firm.organisation))


def _acts(firm: Firm, found: Home) -> list[Act]:
    visit = firm.visit
    pressing = [*found.missing, *found.due]
    acts = []
    if _asked(firm) and (href := firm.url("firm-findings")):
        acts.append(Act(label=visit.text("Answer the authority", "答复询问"), href=href))
    for draft in _to_sign(firm, found)[:1]:
        if href := visit.opens("firm-draft-certify", organisation=draft.organisation, draft=draft.pk):
            acts.append(Act(label=visit.text("Read and sign", "阅读并签认"), href=href))
    if pressing and (href := firm.url("firm-file", query={"period": pressing[0].period})):
        month = written.month(pressing[0].period, visit.language)
        acts.append(Act(label=visit.text(f"File {month}", f"申报{month}"), href=href, look="ghost" if acts else ""))
    if found.to_accept.height and (href := firm.url("firm-transfers")):
        acts.append(Act(label=visit.text("Accept deliveries", "确认到货"), href=href, look="ghost"))
    return acts


def _due_table(firm: Firm, found: Home) -> Table:
    visit, language = firm.visit, firm.visit.language
    marks: dict[str, tuple[Text, str, Tone]] = {
        "missing": (text("Late, not filed", "逾期未报"), "down", "loss"),
        "due": (text("Due", "待申报"), "ring", "ink"),
        "running": (text("Running", "进行中"), "ring", "quiet"),
    }
    rows = []
    for month in found.months:
        if month.state not in marks:
            continue
        word, shape, tone = marks[month.state]
        href = None if month.state == "running" else firm.url("firm-file", query={"period": month.period})
        rows.append(
            (
                Cell(text=written.month(month.period, language), value=month.period, href=href),
                Cell(
                    text=_by(firm, month), value=(month.due - timedelta(seconds=1)).date().isoformat(),
                    note=extended_words(visit, month.extension),
                ),
                Cell(text=visit.localized(word), value=month.state, shape=shape, tone=tone),
            )
        )  # fmt: skip
    return Table(
        name="due",
        caption=visit.text("Months to file", "待申报月份"),
        columns=(
            Column(key="month", label=text("Month", "月份")),
            Column(key="by", label=text("In time until the end of", "按期截止日")),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=rows,
        empty=visit.text("Nothing has to be filed.", "没有须申报的月份。"),
    )


def _drafts_table(firm: Firm, found: Home) -> Table:
    visit = firm.visit
    return Table(
        name="drafts",
        caption=visit.text("Drafts", "草稿"),
        columns=(
            Column(key="month", label=text("Month", "月份")),
            Column(key="state", label=text("State", "状态")),
            Column(key="rows", label=text("Rows", "行数"), number=True),
            Column(key="changed", label=text("Changed", "最近修改")),
        ),
        rows=[
            (
                Cell(
                    text=written.month(one.period, visit.language), value=one.period,
                    href=firm.url("firm-draft", draft=one.pk),
                    note="" if one.corrects is None else visit.text("correction", "更正"),
                ),
                Cell(text=visit.localized(_DRAFT_STATES[one.state]), value=one.state),
                Cell(text=written.count(one.rows), value=one.rows),
                Cell(text=firm.moment(one.changed_at), value=one.changed_at.isoformat()),
            )
            for one in found.open_drafts
        ],
        per_page=_SHOWN,
        empty=visit.text("No draft is open.", "没有未完成的草稿。"),
    )  # fmt: skip
