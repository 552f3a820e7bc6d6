"""The pictures of a run, as values that the drawing room draws: when plants stop, what is lost, what it hangs on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from lodeline.language import Language, text
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.drawing.curves import Curve, Curves, draw_curves
from lodeline.web.drawing.stops import StopRow, Stops, StopsWords, draw_stops
from lodeline.web.drawing.svg import NARROW, NOTHING, Markup, join, wide_and_narrow
from lodeline.web.drawing.tornado import Swing, Tornado, draw_tornado
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import words

Json = Mapping[str, Any]
#: Widths in pixels: of what spans the page, and of one of two beside each other.
WIDE, HALF = 1040.0, 560.0
#: Of the height of a drawing of both sides, what one of one side has.
_ONE_OF_TWO = 0.56


def by_stop(plants: Sequence[Json]) -> list[Json]:
    """Plants in the order in which they stop; those that do not come last."""

    def key(one: Json) -> tuple[float, float, float, str]:
        stop = one["stop"]
        middle, early = (float("inf") if stop.get(part) is None else stop[part] for part in ("p50", "p10"))
        return middle, early, stop.get("never_pct") or 0.0, one["plant"]

    return sorted(plants, key=key)


def helps_of(plants: Iterable[Json]) -> list[tuple[Json, Json]]:
    """What still helps, with its plant: most output saved first, then most days won; what changes nothing is left
    out."""
    found = [
        (one, help_)
        for one in plants
        for help_ in one.get("helps") or ()
        if (help_.get("later_days") or 0) > 0 or (help_.get("avoided_kg") or 0) > 0
    ]
    return sorted(
        found, key=lambda both: (-(both[1].get("avoided_kg") or 0), -(both[1].get("later_days") or 0), both[0]["plant"])
    )


def names_of_inputs(run: Json, language: Language) -> dict[str, str]:
    """Key of an input → what it is called."""
    return {
        one["key"]: says.named(one, language)
        for one in (*(run.get("tornado") or ()), *run["inputs"])
        if language in one
    }


def month_ticks(starts: str, horizon: float, language: Language) -> tuple[tuple[float, str], ...]:
    """The start of a run and the first of each month in it, as days and words."""
    first = date.fromisoformat(starts)
    ticks: list[tuple[float, str]] = [(0.0, says.on_day(starts, 0, language))]
    month = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    while (month - first).days <= horizon:
        ticks.append((float((month - first).days), written.short_month(f"{month:%Y-%m}", language)))
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    every = max(1, -(-len(ticks) // 14))
    return (ticks[0], *ticks[1::every])


def stops(
    run: Json, language: Language, *, plants: Sequence[Json] | None = None, width: float = WIDE, narrow: bool = False
) -> Markup:
    """The timeline of stops, of all plants or of these. narrow: a second drawing for small screens goes with it."""
    settings, zh = run["settings"], language == "zh"
    starts, horizon = settings["starts"], float(settings["horizon_days"])
    shown = by_stop(run["plants"]) if plants is None else plants
    rows = tuple(_stop_row(one, starts, language) for one in shown)
    chart = Stops(
        name="各工厂停产时间" if zh else "When plants stop", rows=rows, horizon=horizon,
        ticks=month_ticks(starts, horizon, language),
        words=StopsWords(
            stop="停产日P10–P90，菱形为P50", stock="库存", under_way="在途", lead="前置时间",
        ) if zh else StopsWords(
            stop="stops, P10–P90; diamond: P50", stock="stock", under_way="under way", lead="lead time",
        ),
        description=run["headline"][language],
    )  # fmt: skip
    drawn = draw_stops(chart, width=width)
    return wide_and_narrow(drawn, draw_stops(chart, width=NARROW)) if narrow and drawn else drawn


def _stop_row(one: Json, starts: str, language: Language) -> StopRow:
    stop, lead = one["stop"], one.get("ttr_days") or {}
    low, central, high = (lead.get(part) for part in ("low", "central", "high"))
    country = words.country(one["country"], language) if one.get("country") else ""
    return StopRow(
        label=says.plant_name(one, language),
        note=" · ".join(part for part in (country, says.goods(one["class"], language)) if part),
        text=says.stops_whole(stop, starts, language),
        p10=stop.get("p10"), p50=stop.get("p50"), p90=stop.get("p90"),
        stock=(one.get("stock_days") or {}).get("p50"), under_way=one.get("under_way_days"),
        lead=None if low is None or central is None or high is None else (low, central, high),
    )  # fmt: skip


def loss(run: Json, language: Language, *, width: float = HALF, height: float = 260.0) -> Markup:
    """What both sides lose, cumulated over the days of a run, and the day on which the curves cross.

    Where they lose in two currencies, which nothing converts, each has a drawing of its own.
    """
    found = run.get("loss")
    if not found:
        return NOTHING
    currencies = {"buyer": found.get("currency") or "", "seller": found.get("seller_currency") or found.get("currency")}
    if currencies["buyer"] == currencies["seller"]:
        return _losses(run, language, currencies, width=width, height=height)
    return join(
        _losses(run, language, {side: currency}, width=width, height=height * _ONE_OF_TWO)
        for side, currency in currencies.items()
    )


def _losses(
    run: Json, language: Language, currencies: Mapping[str, str], *, width: float, height: float
) -> Markup:  # fmt: skip
    """The curves of these sides, which lose in one currency."""
    found, zh, starts = run["loss"], language == "zh", run["settings"]["starts"]
    days = tuple(map(float, found["days"]))
    size, unit = _money_unit(
        max((value for side in currencies for value in found[side]["high"]), default=0.0), language
    )
    crosses = found.get("crosses") or {}
    names = {"buyer": "买方" if zh else "buyers", "seller": "卖方" if zh else "seller"}
    curves = tuple(
        Curve(
            label=names[side], kind="loss" if side == "buyer" else "flow", dashed=side == "seller",
            low=_scaled(found[side]["low"], size), central=_scaled(found[side]["central"], size),
            high=_scaled(found[side]["high"], size),
        )
        for side in currencies
    )  # fmt: skip
    mark = crosses.get("p50") if len(curves) > 1 else None
    day = "" if mark is None else says.on_day(starts, mark, language)
    return draw_curves(
        Curves(
            name="双方累计损失" if zh else "What both sides lose", days=days, curves=curves,
            unit=f"{unit}{next(iter(currencies.values()))}",
            ticks=month_ticks(starts, days[-1] if days else 0.0, language),
            mark=(crosses.get("p10"), mark, crosses.get("p90")),
            mark_text=day and (f"{day}相交" if zh else f"cross on {day}"),
        ),
        width=width, height=height,
    )  # fmt: skip


def standing(run: Json, language: Language, *, width: float = HALF, height: float = 260.0) -> Markup:
    """How many plants stand still, day by day."""
    totals, zh, starts = run["totals"], language == "zh", run["settings"]["starts"]
    rows = totals.get("by_day") or []
    days, of = tuple(float(one["day"]) for one in rows), written.count(totals["touched"])
    low, central, high = (
        tuple(float(one["stopped"].get(part) or 0.0) for one in rows) for part in ("p10", "p50", "p90")
    )
    curve = Curve(label="停产工厂" if zh else "stopped", kind="loss", low=low, central=central, high=high)
    return draw_curves(
        Curves(
            name="停产工厂数" if zh else "Plants that stand still", days=days, curves=(curve,),
            unit=f"工厂，所涉共{of}家" if zh else f"plants, of {of} touched",
            ticks=month_ticks(starts, days[-1] if days else 0.0, language),
        ),
        width=width, height=height,
    )  # fmt: skip


def helps(run: Json, language: Language, *, most: int = 10, width: float = HALF) -> Markup:
    """What still helps: output saved, by what is added to which plant, the most first."""
    bars = tuple(
        Bar(
            label=f"{says.plant_name(one, language)} · {says.helped(help_, language)}",
            value=float(help_.get("avoided_kg") or 0.0),
            text=_helped(help_, language),
        )
        for one, help_ in helps_of(run["plants"])[:most]
    )  # fmt: skip
    return draw_bars(Bars(name=text("What still helps")[language], bars=bars), width=width)


def _helped(help_: Json, language: Language) -> str:
    saved, later = says.mass(help_.get("avoided_kg") or 0.0, language), help_.get("later_days") or 0.0
    if help_.get("stops") is False:
        return text("{saved} saved, does not stop", saved=saved)[language]
    if not later:
        return text("{saved} saved", saved=saved)[language]
    days = says.days(later, language)
    return text("{saved} saved, {days} later", saved=saved, days=days)[language]


def tornado(run: Json, language: Language, *, most: int = 8, width: float = HALF) -> Markup:
    """What the answer hangs on: by how many days each input moves the stops of plants, on average."""
    names, zh = names_of_inputs(run, language), language == "zh"
    rows = tuple(
        Swing(label=names.get(one["key"], one["key"]), low=one["low_days"] or 0.0, high=one["high_days"] or 0.0)
        for one in run.get("tornado") or ()
        if one.get("swing_days")
    )
    return draw_tornado(
        Tornado(
            name="结论取决于" if zh else "What the answer hangs on", rows=rows[:most], unit="天" if zh else "d",
            low_text="取低值" if zh else "at its low end", high_text="取高值" if zh else "at its high end",
        ),
        width=width,
    )  # fmt: skip


def _scaled(values: Iterable[float], size: float) -> tuple[float, ...]:
    return tuple(value / size for value in values)


def _money_unit(most: float, language: Language) -> tuple[float, str]:
    """The unit in which amounts up to `most` are written, and its word."""
    for size, en, zh in ((1e9, "billion ", "十亿"), (1e6, "million ", "百万"), (1e3, "thousand ", "千")):
        if most >= size:
            return size, zh if language == "zh" else en
    return 1.0, ""


def timeline_days(starts: str, horizon: float) -> tuple[date, date]:
    """First and last day of a run."""
    first = date.fromisoformat(starts)
    return first, first + timedelta(days=round(horizon))
