"""What a run comes to in words: its headline, and what a reader must know before using it."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Final

import numpy as np

from lodeline.language import Text, bilingual, text
from lodeline.regulation.span import month_after
from lodeline.strategy.control.held import carried_kg
from lodeline.strategy.draws import WORDS
from lodeline.strategy.losses import rates
from lodeline.strategy.run import Run, is_anything_touched, percentiles

#: The headline says how many plants stand still by this day.
_BY_DAY: Final = 90
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
#: A scenario that starts so long after its base window is said to.
_GAP_DAYS: Final = 62


def headline(run: Run) -> Text:
    """First stop, how many by a day, who stops with no control at all, and the assumption on which it hangs most."""
    scenario = run.scenario
    name, name_zh = scenario.name_en or scenario.name, scenario.name_zh or scenario.name_en or scenario.name
    en, zh = f"{name}, from {_day(scenario.starts)}: ", f"{name_zh}，自{_day_zh(scenario.starts)}起："
    if not scenario.instruments:
        return bilingual(en + "it has no instrument, so nobody stops by it.", zh + "没有任何管制措施，无工厂因此停产。")
    if not is_anything_touched(run.ends["central"]):
        return bilingual(
            en + "nothing that was shipped in the base window is in its scope, so nobody stops by it.",
            zh + "基准期内没有任何发运属于其范围，无工厂因此停产。",
        )
    first = percentiles(run.stop.min(axis=0)) if len(run.plants) else (math.inf,) * 3
    share = float(np.isfinite(run.stop).any(axis=0).mean()) if len(run.plants) else 0.0
    if not math.isfinite(first[0]):
        rarely = f" in more than {100 * share:.0f} % of draws" if share else ""
        rarely_zh = f"（{100 * share:.0f}% 的抽样中有工厂停产）" if share else ""
        en += f"no plant stops within {scenario.horizon_days} days{rarely}."
        zh += f"{scenario.horizon_days} 天内无工厂停产{rarely_zh}。"
    else:
        by = min(_BY_DAY, scenario.horizon_days)
        count = percentiles((run.stop <= by).sum(axis=0).astype(np.float64))[1]
        ends, ends_zh = _between(scenario.starts, first[0], first[2], scenario.horizon_days)
        en += f"first plant stops {ends} (P10–P90), {count:.0f} of {len(run.touched)} by day {by}."
        zh += f"首家工厂停产在{ends_zh}（P10–P90），第 {by} 天前 {len(run.touched)} 家中有 {count:.0f} 家停产。"
    apart = _alone(run)
    en, zh = en + apart["en"], zh + apart["zh"]
    most = run.moves[0] if run.moves else None
    if most is None or max(most.swing, most.first_swing) == 0:
        return bilingual(
            en + " No single assumption moves a stop by a day.", zh + "没有任何单项假定会使停产日改变一天。"
        )
    basis = next(one.basis for one in run.ranges.inputs if one.key == most.key)
    so = {"synthetic": ("which is invented", "为虚构数据"), "assumption": ("which is assumed", "属假定")}
    known = bilingual(*so.get(basis, ("which is estimated", "属估计")))
    stops = bilingual(en, zh)
    return text("{stops} Most hangs on {input}, {known}.", stops=stops, input=WORDS[most.key], known=known)


def _alone(run: Run) -> Text:
    """How many plants stop with no control at all, what makes them stop, and that they are left out."""
    if not run.alone:
        return bilingual("", "")
    units = run.network.units
    need = np.add.reduceat(np.append(units.need_rate, 0.0), units.need_start[:-1]) * (np.diff(units.need_start) > 0)
    plants, count = len(run.plants) + len(run.alone), len(run.alone)
    share = 100 * float(need[[one.unit for one in run.alone]].sum() / need[units.is_plant].sum())
    late = sum(one.edge < 0 for one in run.alone)
    said, said_zh = [], []
    if late:
        said.append(f"as what is under way comes after their stock is used up ({late})")
        said_zh.append(f"在途货物到达前库存已用尽（{late}家）")
    if late < count:
        said.append(f"as suppliers send less than in the base window ({count - late})")
        said_zh.append(f"供应商发货少于基准期（{count - late}家）")
    verb, be = ("stops", "is") if count == 1 else ("stop", "are")
    return bilingual(
        f" {count} of {plants} plants ({share:.0f} % of all need) {verb} with no control at all, {' or '.join(said)}, "
        f"and {be} left out.",
        f"{plants}家工厂中有{count}家（占总需求{share:.0f}%）在没有任何管制时也停产：{'、'.join(said_zh)}，不计入结果。",
    )


def notes(run: Run) -> list[tuple[str, Text]]:
    """What a reader must know before using the answer."""
    found: list[tuple[str, Text]] = []
    if not run.scenario.instruments:
        found.append(
            (
                "no-instrument",
                text("The scenario has no instrument, so it changes nothing: file its rows of instruments.csv."),
            )
        )
    elif not is_anything_touched(run.ends["central"]):
        found.append(
            (
                "no-edge-in-scope",
                text("No flow of the base window is in the scope of these instruments: the answer is zero."),
            )
        )
    found += _apart(run.scenario.starts, run.network.window)
    held = run.held_kg
    if held > 0:
        scope, flow = run.ends["central"], run.network.edges.flow
        whole = float(flow[scope.in_scope].sum()) * run.scenario.horizon_days
        most = np.minimum(carried_kg(run.network), flow * run.scenario.horizon_days)
        usual = float(most[scope.held].sum())
        found.append(
            (
                "licences-held",
                text(
                    "On licences that were held before, {held:,.0f} kg of what is in scope may still leave: "
                    "they are used first, each until its last day. At the usual flow {usual:,.0f} kg of it "
                    "leave before they end, of {whole:,.0f} kg that the base window would send in the run.",
                    held=held,
                    usual=usual,
                    whole=whole,
                ),
            )
        )
    if len(run.scenario.instruments) > 1:
        found.append(
            (
                "several-instruments-not-monotone",
                text(
                    "Several instruments together: a stricter one may lower the loss of all, where goods "
                    "that it holds back go to nearer buyers. Only with one instrument does loss rise with "
                    "severity."
                ),
            )
        )
    told = {one.code for one in run.network.notes}
    if (~run.network.units.is_plant).any() and "capacity-of-main-product" not in told:
        found.append(
            (
                "capacity-of-main-product",
                text(
                    "A capacity in the register is of a site's main product alone; of other products it is "
                    "the largest month."
                ),
            )
        )
    stopping = int((np.isfinite(run.stop).mean(axis=1) >= 0.1).sum()) if len(run.plants) else 0
    if stopping > len(run.helps):
        found.append(
            (
                "helps-of-first",
                text(
                    "What still helps is computed for the {helps} plants that stop first, of {stopping} that "
                    "stop in a tenth of the draws or more.",
                    helps=len(run.helps),
                    stopping=stopping,
                ),
            )
        )
    if run.prices.left_out:
        found.append(
            (
                "currencies-apart",
                text(
                    "The losses of {left_out} plants are stated in another currency and not in the sum.",
                    left_out=run.prices.left_out,
                ),
            )
        )
    used = rates(run.prices)
    if used is None:
        found.append(
            (
                "sides-in-two-currencies",
                text(
                    "The seller's loss is in {seller_currency}, the buyers' in {currency}: no rate is "
                    "assumed, so the day on which the curves cross is not told.",
                    seller_currency=run.prices.seller_currency,
                    currency=run.prices.currency,
                ),
            )
        )
    elif used:
        said = ", ".join(f"{one.central:g} {one.unit} ({one.low:g}–{one.high:g})" for one in used)
        found.append(
            (
                "rate-assumed",
                text(
                    "The seller's loss is in {seller_currency}, the buyers' in {currency}. For the day on "
                    "which they cross, {said} is assumed.",
                    seller_currency=run.prices.seller_currency,
                    currency=run.prices.currency,
                    said=said,
                ),
            )
        )
    found += [(one.code, bilingual(one.en, one.zh)) for one in run.network.notes]
    return found


def _apart(starts: date, window: tuple[str, str]) -> list[tuple[str, Text]]:
    """That a scenario does not begin where its base window ends, if it begins within it or before, or long after."""
    after = date.fromisoformat(f"{month_after(window[1])}-01")
    gap = (starts - after).days
    if 0 <= gap <= _GAP_DAYS:
        return []
    if gap < 0:
        return [
            (
                "starts-before-window-ends",
                text(
                    "The scenario starts on {starts}, before its base window ({window} to {window2}) is "
                    "over: stocks, flows and goods under way are those of the end of that window.",
                    starts=starts,
                    window=window[0],
                    window2=window[1],
                ),
            )
        ]
    return [
        (
            "starts-long-after-window",
            text(
                "The scenario starts {gap} days after the end of its base window ({window} to "
                "{window2}): stocks, flows and goods under way are taken to be as they were then.",
                gap=gap,
                window=window[0],
                window2=window[1],
            ),
        )
    ]


def _day(day: date, *, year: bool = True) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


def _day_zh(day: date, *, year: bool = True) -> str:
    return (f"{day.year}年" if year else "") + f"{day.month}月{day.day}日"


def _between(starts: date, low: float, high: float, horizon: int) -> tuple[str, str]:
    """Two days in words, in both languages; the later one may be beyond the run."""
    first = starts + timedelta(days=int(low))
    if not math.isfinite(high):
        return f"{_day(first)} or later, not in every draw within {horizon} days", f"{_day_zh(first)}或更晚"
    last = starts + timedelta(days=int(high))
    if first == last:
        return f"on {_day(first)}", _day_zh(first)
    same_year = first.year == last.year
    if same_year and first.month == last.month:
        return f"{first.day}–{_day(last, year=False)}", f"{_day_zh(first, year=False)}至{last.day}日"
    return (
        f"{_day(first, year=not same_year)} – {_day(last, year=not same_year)}",
        f"{_day_zh(first, year=not same_year)}至{_day_zh(last, year=not same_year)}",
    )
