"""Every drawing with data made up for the purpose, small enough to be looked at and large enough to show what it can.

No mass, firm or lot here stands for one that exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from lodeline.material.mass import PPB
from lodeline.web.drawing.bars import (
    Bar,
    Bars,
    Part,
    Sparkline,
    Stack,
    Stacks,
    draw_bars,
    draw_sparkline,
    draw_stacks,
)
from lodeline.web.drawing.calendar import (
    FilingCalendar,
    FilingMonth,
    FilingState,
    MonthCalendar,
    draw_filing_calendar,
    draw_month,
)
from lodeline.web.drawing.control_chart import ChartWords, ControlChart, PageTest, Period, State, draw_control_chart
from lodeline.web.drawing.intervals import Interval, Intervals, draw_intervals
from lodeline.web.drawing.number import grouped
from lodeline.web.drawing.provenance import Lot, LotKind, Provenance, Step, draw_provenance
from lodeline.web.drawing.sankey import Column, Link, Node, Sankey, draw_sankey
from lodeline.web.drawing.strip import Dot, Strip, draw_strip
from lodeline.web.drawing.svg import NARROW, Markup, wide_and_narrow
from lodeline.web.drawing.timeline import SpanState, Timeline, TimelineRow, TimelineSpan, draw_timeline
from lodeline.web.drawing.world_map import Arc, Country, WorldMap, draw_world_map
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_T: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A drawing as parts/drawing.html takes it. `scroll`: a flow; `zoom`: it can be looked at closely."""

    name: str
    label: str
    drawing: Markup
    scroll: bool = False
    zoom: bool = False


def samples(visit: Visit) -> list[Sample]:
    """One of each kind that is a picture."""
    return [
        Sample(
            name="sankey", label=visit.text("Flow", context="design"), drawing=_sankey(visit), scroll=True, zoom=True
        ),
        Sample(
            name="provenance",
            label=visit.text("Provenance of a lot"),
            drawing=_provenance(visit),
            scroll=True,
            zoom=True,
        ),
        Sample(name="map", label=visit.text("Map"), drawing=_map(visit), zoom=True),
        Sample(name="control-chart", label=visit.text("Control chart"), drawing=_control_chart(visit)),
        Sample(name="timeline", label=visit.text("Timeline"), drawing=_timeline(visit), scroll=True),
        Sample(name="bars", label=visit.text("Bars"), drawing=_bars(visit)),
        Sample(name="stacks", label=visit.text("Stacked bars"), drawing=_stacks(visit)),
        Sample(name="intervals", label=visit.text("Estimates"), drawing=_intervals(visit)),
        Sample(name="strip", label=visit.text("One among many"), drawing=_strip(visit)),
    ]


def calendars(visit: Visit) -> list[Sample]:
    """Calendars are tables, so they have no pointer's words and no picture to save."""
    return [
        Sample(name="year", label=visit.text("Filing calendar"), drawing=_filing_calendar(visit)),
        Sample(name="month", label=visit.text("Month", context="design"), drawing=_month(visit)),
    ]


def trend(visit: Visit, *values: float) -> Markup:
    """A line of figures for a tile."""
    return draw_sparkline(Sparkline(values=values, name=visit.text("Last six months")))


def _sankey(visit: Visit) -> Markup:
    text = visit.text
    flows = (
        ("clay", "oxide", 370),
        ("rock", "oxide", 610),
        ("scrap", "oxide", 90),
        ("gain", "oxide", 31),
        ("oxide", "metal", 900),
        ("oxide", "jp", 150),
        ("metal", "magnet", 880),
        ("metal", "loss", 6),
        ("magnet", "home", 560),
        ("magnet", "de", 171),
        ("magnet", "kr", 90),
        ("magnet", "scrap", 40),
    )
    return draw_sankey(
        Sankey(
            name=text("Where the neodymium went"),
            columns=tuple(
                Column(label=label)
                for label in (
                    text("Ore", context="design"),
                    text("Oxide"),
                    text("Metal"),
                    text("Magnet"),
                    text("Destination", context="design"),
                )
            ),
            nodes=(
                Node(key="clay", column=0, label=text("Ion clay")),
                Node(key="rock", column=0, label=text("Bastnaesite"), href="#drawings"),
                Node(key="scrap", column=0, label=text("Scrap"), kind="recycled"),
                Node(key="oxide", column=1, label=text("Oxide")),
                Node(key="gain", column=1, label=text("No origin"), kind="gain", sigma_mg=9 * _T),
                Node(key="metal", column=2, label=text("Metal")),
                Node(key="loss", column=2, label=text("Missing", context="design"), kind="loss", sigma_mg=7 * _T),
                Node(key="magnet", column=3, label=text("Magnet")),
                Node(key="home", column=4, label=text("Vehicles"), kind="use", group=text("At home")),
                *(
                    Node(
                        key=code.lower(),
                        column=4,
                        label=words.country(code, visit.language),
                        kind="abroad",
                        group=text("Exported", context="design"),
                    )
                    for code in ("DE", "JP", "KR")
                ),
            ),
            links=tuple(Link(source=one, target=other, mass_mg=tonnes * _T) for one, other, tonnes in flows),
            unit=written.unit(1000 * _T, visit.language),
        ),
        body=260,
    )


def _provenance(visit: Visit) -> Markup:
    text = visit.text

    def lot(key: str, layer: int, product: str, share: float, kind: LotKind = "flow") -> Lot:
        return Lot(
            key=key,
            layer=layer,
            product=product,
            organisation=text("Sample firm"),
            date=written.short_month("2026-10", visit.language),
            share_ppb=round(share * PPB),
            kind=kind,
            href="#drawings",
        )

    def step(source: str, target: str, share: float, kind: LotKind = "flow") -> Step:
        return Step(
            source=source,
            target=target,
            event=text("run 0871"),
            share_ppb=round(share * PPB),
            mass_mg=round(share * 3_871 * 1_000_000),
            kind=kind,
        )

    return draw_provenance(
        Provenance(
            name=text("Where a magnet lot came from"),
            lots=(
                lot("clay", 0, text("Ion clay"), 0.8),
                lot("swarf", 0, text("Swarf"), 0.16, "recycled"),
                lot("dy", 0, text("Dysprosium oxide"), 0.04, "controlled"),
                lot("oxide", 1, text("Oxide"), 0.8),
                lot("magnet", 2, text("Magnet"), 1.0),
            ),
            steps=(
                step("clay", "oxide", 0.8),
                step("oxide", "magnet", 0.8),
                step("swarf", "magnet", 0.16, "recycled"),
                step("dy", "magnet", 0.04, "controlled"),
            ),
            asked="magnet",
            unit=written.unit(3_871 * 1_000_000, visit.language),
            layers=(text("Origin"), text("Oxide"), text("Magnet")),
        ),
        key="lot",
    )


def _map(visit: Visit) -> Markup:
    masses = {"DE": 171, "JP": 261, "KR": 122, "US": 88, "VN": 144}
    ends = {"DE": (10.3, 51.1), "JP": (138.0, 36.0), "US": (-98.0, 39.5)}
    world = WorldMap(
        name=visit.text("Where magnets went"),
        unit=written.unit(261 * _T, visit.language),
        legend=visit.text("Received", context="design"),
        elsewhere=visit.text("Not on the map: "),
        countries=tuple(
            Country(code=code, name=words.country(code, visit.language), mass_mg=mass * _T)
            for code, mass in masses.items()
        ),
        arcs=tuple(
            Arc(name=words.country(code, visit.language), start=(104.0, 35.0), end=end, mass_mg=masses[code] * _T)
            for code, end in ends.items()
        ),
    )
    return wide_and_narrow(draw_world_map(world), draw_world_map(world, width=NARROW))


def _control_chart(visit: Visit) -> Markup:
    text = visit.text
    states: tuple[State, ...] = ("ok", "ok", "ok", "gain", "gain", "loss")
    state_words = {"ok": text("closes"), "gain": text("gain"), "loss": text("loss", context="design")}
    differences = (0.4, -0.9, None, -5.1, -5.7, 6.0)
    sums = (0.4, -0.5, None, -5.6, -11.3, -5.3)
    months = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
    chart = ControlChart(
        name=text("Control chart of neodymium"),
        periods=tuple(
            Period(
                short=written.short_month(month, visit.language),
                year=month[:4],
                name=written.month(month, visit.language),
                muf_mg=None if muf is None else round(muf * _T),
                sigma_mg=1.5 * _T,
                state=state,
                word=state_words[state],
                cumulative_mg=None if total is None else round(total * _T),
                cumulative_band_mg=3.0 * _T * (at + 1) ** 0.5,
            )
            for at, (month, muf, total, state) in enumerate(zip(months, differences, sums, states, strict=True))
        ),
        unit=written.unit(6 * _T, visit.language),
        words=ChartWords(
            muf=text("Difference", context="design"),
            cumulative=text("Sum of differences"),
            missing=text("missing", context="design, drawings, control chart"),
            found=text("found without origin"),
            no_count=text("no balance"),
            states=(("ok", state_words["ok"]), ("gain", state_words["gain"]), ("loss", state_words["loss"])),
        ),
        page=PageTest(
            name=text("Page's test"),
            gain=(0, 0.1, None, 2.9, 6.2, 1.7),
            loss=(0, 0, None, 0, 0, 4.5),
            alarm=4.13,
            alarm_word=text("alarm"),
        ),
    )
    return wide_and_narrow(draw_control_chart(chart), draw_control_chart(chart, width=NARROW))


def _timeline(visit: Visit) -> Markup:
    text = visit.text

    def span(first: date, last: date | None, state: SpanState) -> TimelineSpan:
        end = "…" if last is None else written.day(last, visit.language)
        return TimelineSpan(first=first, last=last, state=state, text=f"{written.day(first, visit.language)} – {end}")

    return draw_timeline(
        Timeline(
            name=text("Two rules over time"),
            rows=(
                TimelineRow(
                    label=text("Sample rule"),
                    note=text("suspended since"),
                    href="#drawings",
                    spans=(
                        span(date(2025, 4, 4), date(2025, 11, 6), "in-force"),
                        span(date(2025, 11, 7), date(2026, 11, 10), "suspended"),
                        span(date(2026, 11, 11), None, "unknown"),
                    ),
                ),
                TimelineRow(label=text("Another"), spans=(span(date(2024, 10, 1), None, "in-force"),)),
            ),
            first=date(2024, 7, 1),
            last=date(2027, 6, 30),
            state_words=(
                ("in-force", text("in force")),
                ("suspended", text("suspended", context="design")),
                ("unknown", text("not known", context="design")),
                ("not-yet", text("not yet", context="design")),
                ("ended", text("ended", context="design")),
            ),
            marker=date(2026, 11, 24),
            marker_text=written.day(date(2026, 11, 24), visit.language),
        )
    )


def _bars(visit: Visit) -> Markup:
    text = visit.text
    bars = Bars(
        name=text("What would explain it"),
        bars=(
            Bar(
                label=text("Fresh ion clay"),
                start=14.6,
                value=19.4,
                text=text("14.6 to 19.4 t"),
                kind="gain",
                href="#drawings",
            ),
            Bar(
                label=text("A scale that reads too low"),
                value=3.2,
                text=text("3.2 t"),
                kind="quiet",
            ),
            Bar(label=text("A lot counted twice"), value=-1.2, text=text("−1.2 t"), kind="loss"),
        ),
        marker=18.4,
        marker_text=text("18.4 t"),
    )
    return wide_and_narrow(draw_bars(bars), draw_bars(bars, width=NARROW))


def _stacks(visit: Visit) -> Markup:
    parts = (
        Part(label=visit.text("Iron"), value=66.2, text="66.2", kind="rest"),
        Part(label=words.element("Nd", visit.language), value=24.1, text="24.1"),
        Part(label=words.element("Pr", visit.language), value=6.0, text="6.0", kind="quiet"),
        Part(label=words.element("Dy", visit.language), value=1.6, text="1.6", kind="hold"),
    )
    stacks = Stacks(
        name=visit.text("Composition, %"),
        stacks=(Stack(label=visit.text("Composition"), parts=parts),),
    )
    return wide_and_narrow(draw_stacks(stacks), draw_stacks(stacks, width=NARROW))


def _intervals(visit: Visit) -> Markup:
    made = (("A", 4.9, 1.1, True), ("B", -0.6, 1.4, False), ("C", 0.2, 22.0, False))
    rows = tuple(
        Interval(
            label=visit.text("Laboratory {name}", name=name),
            value=value,
            low=value - half,
            high=value + half,
            text=f"{grouped(value, 1, signed=True)} ± {half}",
            marked=marked,
        )
        for name, value, half, marked in made
    )
    chart = Intervals(name=visit.text("Bias, %", context="design"), rows=rows)
    return wide_and_narrow(draw_intervals(chart), draw_intervals(chart, width=NARROW))


def _strip(visit: Visit) -> Markup:
    site = visit.text("Site")
    dots = tuple(Dot(value=((place * 37) % 41) / 10 - 2, name=f"{site} {place + 1}") for place in range(24))
    asked = Dot(value=-6.5, name=visit.text("This site"), kind="gain", asked=True)
    return draw_strip(
        Strip(
            name=visit.text("This site among its peers"),
            dots=(*dots, asked),
            band=3.0,
            band_word="±3 σ",
        )
    )


def _filing_calendar(visit: Visit) -> Markup:
    text = visit.text
    states: tuple[tuple[FilingState, str], ...] = (
        ("filed", text("filed")),
        ("late", text("late", context="design")),
        ("missing", text("missing", context="design, drawings, filing calendar")),
        ("open", text("open", context="design")),
        ("not-due", text("not due")),
    )
    months = tuple(
        FilingMonth(year=2026, month=8 + at, state=state, name=written.month(f"2026-{8 + at:02}", visit.language))
        for at, (state, _) in enumerate(states)
    )
    names = tuple(written.short_month(f"2026-{month:02}", visit.language) for month in range(1, 13))
    return draw_filing_calendar(
        FilingCalendar(
            name=text("Filings by month"),
            months=months,
            month_names=names,
            state_words=states,
            year_word=text("Year", context="design"),
        )
    )


def _month(visit: Visit) -> Markup:
    text = visit.text
    return draw_month(
        MonthCalendar(
            name=written.month("2026-11", visit.language),
            year=2026,
            month=11,
            counts={1: 6, 6: 67, 9: 138, 10: 5},
            weekday_names=words.WEEKDAYS[visit.language],
            count_word=text("filings", context="design"),
            due=9,
            today=24,
            due_word=text("due"),
            today_word=text("today", context="design"),
            late_word=text("late", context="design"),
        )
    )
