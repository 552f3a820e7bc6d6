"""The page `inspections/`: whom to visit this month and why, the plans that were entered, the visits that were made."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from django.http import HttpResponse

from lodeline.office.access import clock
from lodeline.office.inspections.plans import plans_open_to
from lodeline.service.findings.finding import findings
from lodeline.service.inspections import choosing
from lodeline.service.inspections.choosing import Choice
from lodeline.service.inspections.items import held_by_site
from lodeline.service.inspections.planning import EnteredPlan, measured_under
from lodeline.service.inspections.visits import inspections
from lodeline.web.access.territory import kept_to_firms
from lodeline.web.pages.inspections.plan_part import CHOSEN, duration
from lodeline.web.pages.inspections.visits_part import inspections_table
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import text

_held_by_site: Final = kept_to_firms(held_by_site)


def inspection_plans(visit: Visit) -> HttpResponse:
    """The page; `?month=`, `?visits=` and `?share=` (percent by lot) say for how many visits sites are chosen."""
    month = visit.query("month") or f"{clock.today(visit.law.timezone):%Y-%m}"
    choice.check_month(month)
    chosen = _chosen(visit, month)
    entered = plans_open_to(visit.actor, visit.store)
    firms = visit.actor.firms("inspection.write")
    made = inspections(visit.store, None if firms is None else sorted(firms))
    tables = {
        "choices": _choices_table(visit, chosen, month),
        "plans": _plans_table(visit, entered),
        "inspections": inspections_table(visit, made),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    by_lot = sum(one.how == "random" for one in chosen)
    named = written.month(month, visit.language)
    return show(
        visit,
        "lodeline/inspections/plans.html",
        title=visit.text(
            f"In {named}, {len(chosen)} sites are to be visited, {by_lot} of them by lot",
            f"{named}拟检查{len(chosen)}个场所，其中{by_lot}个随机抽取",
        )
        if chosen
        else visit.text("No site holds material in its books", "没有账面存有物料的场所"),
        tables={name: shown(visit, table) for name, table in tables.items()},
        chance=written.percent(max((one.chance for one in chosen), default=0.0), visit.language, 0),
        fields=_fields(visit, month),
    )


def _chosen(visit: Visit, month: str) -> list[Choice]:
    reading = visit.reading
    asked = reading.answer(findings, reading.store, reading.snapshot, reading.law)["rows"]
    held, last = reading.answer(_held_by_site, reading.snapshot), choosing.last_visits(visit.store, month)
    visits = int(_number(visit, "visits", choosing.VISITS))
    share = _number(visit, "share", choosing.RANDOM_SHARE * 100) / 100
    seed = choosing.month_seed(visit.store, month)
    try:
        return choosing.choose(held, asked, last, month=month, seed=seed, visits=visits, share=share)
    except choosing.ChoosingError as error:
        raise BadQuestionError(error.en, error.zh) from error


def _number(visit: Visit, name: str, default: float) -> float:
    """A number of the address. Raises BadQuestionError."""
    given = visit.query(name)
    if given is None:
        return default
    try:
        number = Decimal(given)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= choosing.VISITS_MOST:
        raise BadQuestionError(
            f"{given[:40]!r} cannot be meant: write a number.", f"{given[:40]!r} 无法识别：请填写数字。"
        )
    return float(number)


def _fields(visit: Visit, month: str) -> list[Field]:
    return [
        Field(name="month", label=visit.text("Month", "月份"), kind="month", value=month, required=True, width="short"),
        Field(
            name="visits", label=visit.text("Visits", "检查次数"), width="short", inputmode="numeric", required=True,
            value=visit.query("visits") or str(choosing.VISITS),
        ),
        Field(
            name="share", label=visit.text("By lot, %", "随机抽取，%"), width="short", inputmode="decimal",
            required=True, value=visit.query("share") or f"{choosing.RANDOM_SHARE * 100:.0f}",
        ),
    ]  # fmt: skip


def _choices_table(visit: Visit, chosen: Sequence[Choice], month: str) -> Table:
    language, register = visit.language, visit.reading.snapshot.register
    sites, firms = words.site_names(register), words.organisation_names(register, language)
    last = choosing.last_visits(visit.store, month)

    def cells(one: Choice) -> Row:
        by_lot = one.how == "random"
        on = last.get(one.site)
        return (
            Cell(
                text=sites.get(one.site, one.site), value=one.site, note=firms.get(one.organisation, one.organisation),
                href=visit.url("inspection-plan-new", site=one.site, query={"chosen": one.how}),
            ),
            Cell(
                text=visit.localized(CHOSEN[one.how]), value=one.how, shape="diamond" if by_lot else "bar",
                tone="quiet" if by_lot else "ink",
                note="" if by_lot or not one.detector else words.word(words.DETECTORS, one.detector, language),
            ),
            Cell(
                text=written.mass(one.at_stake_mg, language) if one.at_stake_mg else written.NOTHING,
                value=one.at_stake_mg / written.MG_PER_KG,
            ),
            Cell(text=written.score(one.probability), value=one.probability),
            Cell(text=written.mass(one.held_mg, language), value=one.held_mg / written.MG_PER_KG),
            Cell(text=visit.text("never", "从未"), value=None)
            if on is None
            else Cell(text=written.day(on, language), value=on.isoformat()),
        )  # fmt: skip

    return Table(
        name="choices",
        caption=visit.text("Whom to visit", "拟检查场所"),
        columns=(
            Column(key="site", label=text("Site", "场所")),
            Column(key="how", label=text("Chosen", "选取")),
            Column(key="at-stake", label=text("At stake", "涉及质量"), number=True, unit="kg"),
            Column(key="probability", label=text("Score", "得分"), number=True),
            Column(key="held", label=text("In its books", "账面存量"), number=True, unit="kg"),
            Column(key="last", label=text("Last visited", "上次检查")),
        ),
        rows=[cells(one) for one in chosen],
        per_page=25,
        empty=visit.text("Sites appear here when filings say what lies at them.", "有申报说明存货后，场所将列于此处。"),
    )


def _plans_table(visit: Visit, entered: Sequence[EnteredPlan]) -> Table:
    language = visit.language
    sites = words.site_names(visit.register)
    measured = measured_under(visit.store)

    def cells(one: EnteredPlan) -> Row:
        paper, index = one.paper, one.entry.index
        first = measured.get(index, [None])[0]
        drawn = sum(bool(item["do"]) for item in paper["items"])
        return (
            Cell(
                text=sites.get(paper["site"], paper["site"]), value=paper["site"],
                href=visit.url("inspection-plan", plan=index),
                note=visit.localized(CHOSEN[paper["chosen"]]),
            ),
            Cell(text=written.day(paper["on"], language), value=paper["on"]),
            Cell(text=written.count(drawn), value=drawn, note=visit.text(
                f"of {len(paper['items'])}", f"共{len(paper['items'])}件"
            )),
            Cell(text=duration(paper["minutes"], language), value=paper["minutes"]),
            Cell(text=visit.text("not yet measured", "尚未测量"), value="", shape="ring", tone="quiet")
            if first is None
            else Cell(
                text=visit.text("measured", "已测量"), value="measured", shape="tick", tone="flow",
                href=visit.url("inspection-visit", entry=first),
            ),
        )  # fmt: skip

    return Table(
        name="plans",
        caption=visit.text("Plans", "抽样计划"),
        columns=(
            Column(key="site", label=text("Site", "场所")),
            Column(key="on", label=text("Day", "日期")),
            Column(key="items", label=text("Items drawn", "抽取件数"), number=True),
            Column(key="minutes", label=text("At the site", "现场时间"), number=True),
            Column(key="state", label=text("State", "状态")),
        ),
        rows=[cells(one) for one in reversed(entered)],
        per_page=15,
        empty=visit.text("Choose a site above to plan the first visit.", "请在上方选择场所，拟定首个计划。"),
    )
