"""What a run would have said before an event of which the outcome is published, and by how much it errs.

An `Event` is a control with what was known of its terms, a seller whose buyers are so many like plants, and what was
seen: the first plant that was reported to stop, and what crossed the border by month. Nothing of the outcome enters the
run. Of April 2025 (`april_2025`) the stock of 60 days was chosen after seeing it: that is calibration after the event,
and said so. A first stop is a minimum: with more plants it comes earlier, so the answer is given for several numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import numpy as np

from lodeline.errors import UserError
from lodeline.language import Text, bilingual, text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import VINTAGE, assumption
from lodeline.strategy.inputs.tables import EMPTY
from lodeline.strategy.network import ESSENTIAL, Edges, Holdings, Network, Units
from lodeline.strategy.run import Run, percentiles, run
from lodeline.strategy.scenario import Instrument, Scenario
from lodeline.tables import table_rows

Json = dict[str, Any]
#: Days of a mean month, as the published computation has it.
DAYS_OF_MONTH: Final = 30.4
#: A first stop is a minimum over plants: said for so many.
PLANTS: Final = (10, 33, 100, 300)
_GOODS: Final = "magnet-ndfeb+heavy"
_ASSUMED: Final[Basis] = "assumption"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A control and what was seen of it.

    plants: like ones abroad, as many as are assumed. use_kg_per_day: what they use together. exports: month → tonnes
    that crossed the border, from `first_month` on. first_stop: days after `starts`, None where none was reported.
    calibrated: the stock was chosen after seeing this event.
    """

    name: str
    words: Text
    starts: date
    horizon_days: int
    delay_working_days: tuple[float, float, float]
    approval: tuple[float, float, float]
    use_kg_per_day: float
    plants: int = 33
    stock_days: float = 60.0
    transit_days: int = 30
    first_stop: float | None = None
    first_stop_source: str = ""
    exports: Mapping[str, float] = field(default_factory=dict)
    seen_months: tuple[str, ...] = ()
    use_t_per_year: float = 0.0
    exports_source: str = ""
    calibrated: bool = False


def april_2025() -> Event:
    """The licences of April 2025, as published (`data/strategy/`)."""
    stop = next(one for one in _rows("stoppages.csv") if one["days_after_2025-04-04"].isdigit())
    delay, approval = assumption("licence_days"), assumption("approval_share_first_2_months")
    exports = {
        one["month"]: float(one["tonnes"])
        for one in _rows("magnet_exports.csv") if one["to"] == "world" and one["month"].startswith("2025")
    }  # fmt: skip
    use = 58_152.0
    return Event(
        name="april-2025", words=text("Licences of April 2025"), starts=date(2025, 4, 4),
        horizon_days=180, delay_working_days=(delay.low, delay.central, delay.high),
        approval=(approval.low, approval.central, approval.high), use_kg_per_day=use * 1000 / 365.25,
        stock_days=assumption("stock_days_customer").central, first_stop=float(stop["days_after_2025-04-04"]),
        first_stop_source=f"{stop['firm']} {stop['plant']} ({stop['source']})", exports=exports,
        seen_months=("2025-04", "2025-05", "2025-06"), use_t_per_year=use,
        exports_source="press reports of the customs authority by month (magnet_exports.csv); 58 152 t in 2024",
        calibrated=True,
    )  # fmt: skip


def event_of(told: Mapping[str, Any]) -> Event:
    """An event that the program does not know, from a JSON object with the names of `Event`'s fields: `starts` as a
    day, ranges as three numbers, `words` as en and zh. Raises UserError for what is none."""
    try:
        found = {**told, "starts": date.fromisoformat(str(told["starts"]))}
        for name in ("delay_working_days", "approval"):
            low, central, high = (float(one) for one in told[name])
            found[name] = (low, central, high)
        found["words"] = bilingual(str(told["words"]["en"]), str(told["words"]["zh"]))
        found["seen_months"] = tuple(sorted(told.get("seen_months", ())))
        event = Event(**found)
        missing = set(event.seen_months) - set(event.exports)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            text(
                "this is no event: {error}; it needs name, words, starts, horizon_days, "
                "delay_working_days and approval (low, central, high), use_kg_per_day",
                error=error,
            )
        ) from None
    if missing:
        listed = ", ".join(sorted(missing))
        raise UserError(text("exports lack the months {listed}", listed=listed))
    return event


def days_short(exports: Mapping[str, float], use_t_per_year: float) -> dict[str, float]:
    """Month → days of use by which all that crossed the border up to its end is above (below) what was used.

    exports: month → tonnes, without a gap from the first on.
    """
    use, sum_, found = use_t_per_year / 12, 0.0, {}
    for month in sorted(exports):
        sum_ += exports[month] - use
        found[month] = sum_ / use * DAYS_OF_MONTH
    return found


def backtest(event: Event, *, law: Jurisdiction, draws: int = 400, seed: int = 1) -> Json:
    """What the run says of the event, and its error; every number with what it rests on."""
    stocks = [event.stock_days] + ([event.stock_days / 2] if event.calibrated else [])
    stated = {
        "basis": "assumption", "vintage": VINTAGE,
        "source": f"strategy_assumptions.csv; like plants, {event.transit_days} days under way (assumption)",
    }  # fmt: skip
    firsts = []
    for stock in stocks:
        found = _run(replace(event, stock_days=stock), law, draws, seed)
        firsts.append(_first(found, event, stock, event.plants) | stated)
    others = []
    for plants in PLANTS:
        if plants != event.plants:
            found = _run(replace(event, plants=plants), law, draws, seed)
            others.append(_first(found, event, event.stock_days, plants) | stated)
    national = _national(event, law) if event.exports else []
    return {
        "event": event.name, **{f"name_{language}": said for language, said in event.words.items()},
        "starts": event.starts.isoformat(), "headline": dict(_headline(event, firsts, national)),
        "calibration": dict(_CALIBRATED) if event.calibrated else None,
        "seen": {
            "first_stop_day": event.first_stop, "basis": "estimated", "source": event.first_stop_source or "-",
            "vintage": VINTAGE,
        },
        "first_stop": firsts, "by_number_of_plants": others, "national": national,
        "national_note": dict(_NATIONAL) if national else None,
        "settings": {"draws": draws, "seed": seed, "plants": event.plants},
    }  # fmt: skip


_CALIBRATED: Final = text(
    "A median stock of 60 days was chosen after seeing that the first reported stop came on "
    "day 52: calibration after the event, not proof. A first stop is a minimum and comes "
    "earlier with more plants."
)


_NATIONAL: Final = text(
    "The run takes all goods as under licence from the first day; how much of them the law "
    "left free was not published, and no share was fitted to the outcome."
)


def _headline(event: Event, firsts: list[Json], national: list[Json]) -> Text:
    en, zh = f"{event.words['en']}: ", f"{event.words['zh']}："
    first = firsts[0]
    if event.first_stop is None:
        en, zh = en + "no stop was reported to hold the run against.", zh + "没有可供对照的停产报道。"
    elif first["p50"] is None:
        en += f"the first reported stop was on day {event.first_stop:.0f}; the run says that none stops."
        zh += f"首次报道的停产在第 {event.first_stop:.0f} 天；推演为无工厂停产。"
    else:
        error = first["error_days"]
        side, side_zh = ("late", "偏晚") if error > 0 else ("early", "偏早")
        en += (
            f"the run says day {first['p50']:.0f} ({first['p10']:.0f}–{first['p90']:.0f}) for the first stop, the "
            f"first reported was on day {event.first_stop:.0f}: {abs(error):.0f} days too {side}"
        )
        zh += (
            f"推演首家停产在第 {first['p50']:.0f} 天（{first['p10']:.0f}–{first['p90']:.0f}），"
            f"首次报道在第 {event.first_stop:.0f} 天：{side_zh} {abs(error):.0f} 天"
        )
        if event.calibrated:
            before = firsts[1]["error_days"]
            en += f", after calibration to this event; {abs(before or 0):.0f} days too early before" if before else ""
            zh += f"（已按此事件校准；校准前偏早 {abs(before or 0):.0f} 天）" if before else ""
        en, zh = en + ".", zh + "。"
    if national:
        last = national[-1]
        month = date.fromisoformat(f"{last['month']}-01")
        en += (
            f" What crossed the border was {-last['seen_days']:.0f} days of use short by the end of {month:%B %Y}, "
            f"the run says {-last['run_days']:.0f}: an error of {abs(last['error_days']):.0f} days."
        )
        zh += (
            f"截至{month.year}年{month.month}月末，出口累计比用量少 {-last['seen_days']:.0f} 天，"
            f"推演为 {-last['run_days']:.0f} 天：误差 {abs(last['error_days']):.0f} 天。"
        )
    return bilingual(en, zh)


def _first(found: Run, event: Event, stock: float, plants: int) -> Json:
    p10, p50, p90 = (None if not np.isfinite(one) else one for one in percentiles(found.stop.min(axis=0)))
    error = None if p50 is None or event.first_stop is None else p50 - event.first_stop
    return {"stock_days": stock, "plants": plants, "p10": p10, "p50": p50, "p90": p90, "error_days": error}


def _national(event: Event, law: Jurisdiction) -> list[Json]:
    """By month: days of use that what crossed the border is short, as seen and as the run has it.

    The run knows the months before the control; from then on what its middle run sends, all of it under the licence.
    """
    found = _run(event, law, 1, 1)
    assert found.trajectory.shipped is not None
    daily = found.trajectory.shipped.sum(axis=0) / 1000
    run_exports = {month: tonnes for month, tonnes in event.exports.items() if month < event.starts.isoformat()[:7]}
    for month in event.seen_months:
        days = [date.fromordinal(event.starts.toordinal() + day).isoformat()[:7] for day in range(len(daily))]
        within = np.array([one == month for one in days])
        before = event.starts.day - 1 if month == event.starts.isoformat()[:7] else 0
        run_exports[month] = float(daily[within].sum()) + before * event.use_kg_per_day / 1000
    seen, said = days_short(event.exports, event.use_t_per_year), days_short(run_exports, event.use_t_per_year)
    return [
        {
            "month": month, "seen_days": round(seen[month], 1), "run_days": round(said[month], 1),
            "error_days": round(said[month] - seen[month], 1), "basis": "estimated", "source": event.exports_source,
            "vintage": VINTAGE,
        }
        for month in event.seen_months
    ]  # fmt: skip


def _run(event: Event, law: Jurisdiction, draws: int, seed: int) -> Run:
    low, central, high = event.delay_working_days
    licence = Instrument(
        id="licence", kind="licence", starts=event.starts, delay_working_days=central, low=low, high=high,
        approval=event.approval[1],
    )  # fmt: skip
    scenario = Scenario(
        name=event.name, name_en=event.words["en"], name_zh=event.words["zh"], base_from="", base_to="",
        starts=event.starts, horizon_days=event.horizon_days, seed=seed, draws=draws, instruments=(licence,),
    )  # fmt: skip
    return run(_network(event), scenario, EMPTY, law=law, helped=0, with_tornado=False)


def _network(event: Event) -> Network:
    """A seller at home and like plants abroad."""
    count, need = event.plants, event.use_kg_per_day / event.plants
    names = tuple(f"plant-{one + 1}" for one in range(count))
    assumed: tuple[Basis, ...] = tuple(_ASSUMED for _ in range(count + 1))
    flow = np.full(count, need)
    holdings = Holdings(
        site=("seller", *names), organisation=("seller", *names), goods=(_GOODS,) * (count + 1),
        country=("",) * (count + 1), is_plant=np.array([False] + [True] * count),
        level_kg=np.concatenate([[2 * event.use_kg_per_day], flow * event.stock_days]),
        level_basis=assumed, origin=np.concatenate([[event.use_kg_per_day], np.zeros(count)]),
        residual=np.zeros(count + 1), floor_kg=np.zeros(count + 1), content=np.ones((count + 1, 1)),
    )  # fmt: skip
    none, whole = np.zeros(count), np.zeros(count, np.int64)
    edges = Edges(
        source=whole, target=np.arange(1, count + 1), flow=flow, most=2 * flow,
        transit=np.full(count, event.transit_days), transit_basis=assumed[1:], rank=whole,
        qualified_from=whole, held_kg=none, value_per_kg=np.full(count, np.nan), border=np.ones(count, np.bool_),
        is_filed=np.ones(count, np.bool_), end_user=names, end_use=("",) * count, hs_code=("",) * count,
        items=("",) * count,
    )  # fmt: skip
    units = Units(
        name=names, organisation=names, country=("",) * count, is_plant=np.ones(count, np.bool_),
        need_start=np.arange(count + 1), need_holding=np.arange(1, count + 1), need_rate=flow,
        need_group=np.full(count, ESSENTIAL), out_start=np.zeros(count + 1, np.int64),
        out_holding=np.zeros(0, np.int64), out_rate=np.zeros(0),
        most=np.full(count, 1 + assumption("spare_capacity").central),
        most_basis=assumed[1:], stop_below=np.full(count, 0.5), loss_per_day=np.full(count, np.nan),
        currency=("",) * count,
    )  # fmt: skip
    return Network(
        elements=("RE",), holdings=holdings, edges=edges, units=units, vintage=VINTAGE, window=("2024-01", "2024-12")
    )


def _rows(name: str) -> list[dict[str, str]]:
    return table_rows(f"strategy/{name}")
