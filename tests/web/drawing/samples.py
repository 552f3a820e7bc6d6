"""One drawing of each kind, with words in both languages, names that need escaping and a name that is far too long."""

from __future__ import annotations

from datetime import date

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
from lodeline.web.drawing.curves import Curve, Curves, draw_curves
from lodeline.web.drawing.intervals import Interval, Intervals, draw_intervals
from lodeline.web.drawing.number import mass_unit
from lodeline.web.drawing.outlines import natural_earth
from lodeline.web.drawing.provenance import Lot, LotKind, Provenance, Step, draw_provenance
from lodeline.web.drawing.sankey import Column, Link, Node, Sankey, draw_sankey
from lodeline.web.drawing.stops import StopRow, Stops, StopsWords, draw_stops
from lodeline.web.drawing.strip import Dot, Strip, draw_strip
from lodeline.web.drawing.svg import Markup
from lodeline.web.drawing.timeline import SpanState, Timeline, TimelineRow, TimelineSpan, draw_timeline
from lodeline.web.drawing.tornado import Swing, Tornado, draw_tornado
from lodeline.web.drawing.world_map import Arc, Country, Site, WorldMap, draw_world_map

T = 1_000_000_000
LONG = "龙南碳酸稀土有限责任公司第二冶炼分厂南区三号库"


def sankey() -> Sankey:
    nodes = (
        Node(key="mine", column=0, label="Ion clay & sand", href="/lots?stage=ore&element=Nd"),
        Node(key="swarf", column=0, label="Swarf", kind="recycled"),
        Node(key="oxide", column=1, label=LONG),
        Node(key="gain", column=1, label="No origin", kind="gain", sigma_mg=9 * T),
        Node(key="metal", column=2, label="金属"),
        Node(key="loss", column=2, label="Missing", kind="loss", sigma_mg=7 * T),
        Node(key="home", column=3, label="Vehicles", kind="use", group="At home"),
        Node(key="de", column=3, label="Germany", kind="abroad", group="Exported"),
        Node(key="jp", column=3, label="Japan", kind="abroad", group="Exported"),
    )
    links = (
        Link(source="mine", target="oxide", mass_mg=370 * T, href="/rows"),
        Link(source="swarf", target="oxide", mass_mg=90 * T),
        Link(source="gain", target="oxide", mass_mg=31 * T, href="/findings"),
        Link(source="oxide", target="metal", mass_mg=400 * T),
        Link(source="oxide", target="jp", mass_mg=91 * T),
        Link(source="metal", target="loss", mass_mg=6 * T),
        Link(source="metal", target="home", mass_mg=200 * T),
        Link(source="metal", target="de", mass_mg=124 * T),
        Link(source="metal", target="jp", mass_mg=T // 10),
        Link(source="metal", target="swarf", mass_mg=69 * T, label="Swarf, returned"),
    )
    return Sankey(
        name="Where the neodymium went",
        columns=(
            Column(label="Ore and feed", mass_mg=460 * T),
            Column(label="Oxide", mass_mg=491 * T),
            Column(label="Metal"),
            Column(label="Destination"),
        ),
        nodes=nodes,
        links=links,
        unit=mass_unit(491 * T),
        description="Ribbon width is mass.",
    )


def control_chart() -> ControlChart:
    states: tuple[State, ...] = ("ok", "ok", "ok", "gain", "gain", "loss")
    differences = (0.4, -0.9, None, -5.1, -5.7, 6.0)
    sums = (0.4, -0.5, None, -5.6, -11.3, -5.3)
    periods = tuple(
        Period(
            short=str(index + 9),
            year="2025" if index < 4 else "2026",
            name=f"month {index + 1}",
            muf_mg=None if muf is None else round(muf * T),
            sigma_mg=1.5 * T,
            state=state,
            word={"ok": "closes", "gain": "gain", "loss": "missing"}[state],
            cumulative_mg=None if total is None else round(total * T),
            cumulative_band_mg=3.0 * T * (index + 1) ** 0.5,
            href=f"/balance/{index}",
        )
        for index, (muf, total, state) in enumerate(zip(differences, sums, states, strict=True))
    )
    return ControlChart(
        name="控制图",
        periods=periods,
        unit=mass_unit(6 * T, tonne="吨钕"),
        words=ChartWords(
            missing="短少",
            found="多出",
            no_count="未盘存",
            states=(("ok", "平衡"), ("gain", "多出"), ("loss", "短少")),
        ),
        threshold_mg=12 * T,
        threshold_word="限值",
        page=PageTest(
            name="Page, k 0.5",
            gain=(0, 0.1, None, 2.9, 6.2, 1.7),
            loss=(0, 0, None, 0, 0, 4.5),
            alarm=4.13,
            alarm_word="报警",
        ),
    )


def provenance() -> Provenance:
    def lot(key: str, layer: int, product: str, share: float | None, kind: LotKind = "flow") -> Lot:
        return Lot(
            key=key,
            layer=layer,
            product=product,
            organisation=LONG if key == "oxide" else "Huaxin <Magnetics>",
            date="12 Oct",
            share_ppb=None if share is None else round(share * PPB),
            kind=kind,
            href=f"/lots/{key}",
        )

    def step(source: str, target: str, share: float | None, kind: LotKind = "flow") -> Step:
        part = None if share is None else round(share * PPB)
        mass = None if share is None else round(share * 3871 * 1_000_000)
        return Step(source=source, target=target, event="run 0871", mass_mg=mass, share_ppb=part, kind=kind)

    return Provenance(
        name="Provenance of lot N42SH-0417",
        lots=(
            lot("clay", 0, "离子型矿", 0.8),
            lot("swarf", 0, "Swarf", 0.1595, "recycled"),
            lot("dust", 0, "Dust", 0.0005, "recycled"),
            lot("dy", 0, "Dy oxide", 0.04, "controlled"),
            lot("oxide", 1, "氧化镨钕", 0.8),
            lot("magnet", 2, "N42SH", 1.0),
            lot("more", 3, "… 12 more", None, "more"),
        ),
        steps=(
            step("clay", "oxide", 0.8),
            step("oxide", "magnet", 0.8),
            step("swarf", "magnet", 0.1595, "recycled"),
            step("dust", "magnet", 0.0005, "recycled"),
            step("dy", "magnet", 0.04, "controlled"),
            step("dy", "oxide", 0.0003, "controlled"),
            step("magnet", "more", None),
        ),
        asked="magnet",
        unit=mass_unit(3871 * 1_000_000),
        layers=("Origin", "Oxide", "Magnet", "After"),
    )


def world_map() -> WorldMap:
    masses = {"DE": 171, "KR": 122, "VN": 144, "JP": 261, "FR": 40, "SG": 12, "LS": 1}
    return WorldMap(
        name="Where it went",
        unit=mass_unit(261 * T, tonne="吨钕"),
        legend="各国出口量",
        elsewhere="图上未示：",
        countries=tuple(
            Country(code=code, name=f"国{code}", mass_mg=mass * T, href=f"/countries/{code}")
            for code, mass in masses.items()
        ),
        sites=(Site(name="Baotou", longitude=109.9, latitude=40.6, mass_mg=900 * T),),
        arcs=(
            Arc(name="Japan", start=(109.9, 40.6), end=(138.0, 36.0), mass_mg=261 * T, href="/jp"),
            Arc(name="Germany", start=(109.9, 40.6), end=(10.3, 51.1), mass_mg=171 * T, kind="hold"),
        ),
    )


def bars() -> Bars:
    return Bars(
        name="What would explain it",
        bars=(
            Bar(label="Fresh ion clay", start=14.6, value=19.4, text="14.6 to 19.4 t", kind="gain", href="#clay"),
            Bar(label=LONG * 3, value=3.2, text="3.2 t", kind="quiet"),
            Bar(label="Scale", value=-1.2, text="−1.2 t", kind="loss"),
            Bar(label="Nothing", value=0.0, text="0 t"),
        ),
        marker=18.4,
        marker_text="18.4 t",
    )


def stacks() -> Stacks:
    composition = Stack(
        label="成分",
        parts=(
            Part(label="Iron", value=66.2, text="66.2", kind="rest"),
            Part(label="Co", value=1.05, text="1.05", kind="quiet"),
            Part(label="Dy", value=1.6, text="1.6", kind="hold", href="/dy"),
            Part(label="Rare earths", value=29.9, text="29.9"),
        ),
    )
    change = Stack(label="Change", parts=(Part(label="Stock", value=-20, text="−20", kind="loss"),))
    return Stacks(name="Composition", stacks=(composition, change))


def filing_calendar() -> FilingCalendar:
    states: tuple[FilingState, ...] = ("filed", "late", "missing", "open", "not-due")
    months = tuple(
        FilingMonth(
            year=2026 + index // 4,
            month=9 + index % 4,
            state=state,
            name=f"month {index}",
            detail="on the 8th" if state == "filed" else "",
            href="/filing" if state == "filed" else None,
        )
        for index, state in enumerate(states)
    )
    return FilingCalendar(
        name="申报日历",
        months=months,
        month_names=tuple(f"{month}月" for month in range(1, 13)),
        state_words=(
            ("filed", "已申报"),
            ("late", "迟报"),
            ("missing", "未报"),
            ("open", "待报"),
            ("not-due", "未到期"),
        ),
        year_word="年",
    )


def month() -> MonthCalendar:
    return MonthCalendar(
        name="November",
        year=2026,
        month=11,
        counts={1: 6, 9: 1138, 10: 5, 18: 1},
        weekday_names=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        count_word="filings",
        due=9,
        today=24,
        due_word="due",
        today_word="today",
        late_word="late",
        hrefs={9: "/days/9", 10: "/days/10"},
    )


def intervals() -> Intervals:
    """One that counts, one about zero, and one that is known so badly that its interval is cut off."""
    return Intervals(
        name="Bias & interval, %",
        rows=(
            Interval(label=LONG, value=4.9, low=3.8, high=6.0, text="+4.9 (3.8 – 6.0)", marked=True, href="/a?x=1&y"),
            Interval(label="B & sons", value=-0.6, low=-1.9, high=0.7, text="−0.6 (−1.9 – 0.7)"),
            Interval(label="C", value=0.2, low=-40.0, high=40.4, text="+0.2 (−40.0 – 40.4)"),
        ),
        description="The table has every number.",
    )  # fmt: skip


def strip() -> Strip:
    near = tuple(Dot(value=place / 10 - 1, name=f"site {place}") for place in range(24))
    return Strip(
        name="z of each site",
        dots=(*near, Dot(value=-11.5, name=LONG, kind="gain", asked=True), Dot(value=4.2, name="store", kind="loss")),
        band=3.0,
        band_word="±3 σ",
        description="The table has every number.",
    )


def timeline() -> Timeline:
    def span(first: str, last: str | None, state: SpanState) -> TimelineSpan:
        end = None if last is None else date.fromisoformat(last)
        return TimelineSpan(first=date.fromisoformat(first), last=end, state=state, text=f"{first} – {last or '…'}")

    october = (
        span("2025-10-09", "2025-11-06", "not-yet"),
        span("2025-11-07", "2026-11-10", "suspended"),
        span("2026-11-11", None, "unknown"),
    )
    return Timeline(
        name="法规时间线",
        rows=(
            TimelineRow(label="第57号公告", note="管制物项清单", spans=october, href="#no-57"),
            TimelineRow(label=LONG * 2, note="A & <B>", spans=(span("1900-01-01", None, "in-force"),)),
            TimelineRow(
                label="Ended", spans=(span("2024-03-01", "2024-03-02", "in-force"), span("2024-03-03", None, "ended"))
            ),
            TimelineRow(label="Before", spans=(span("2020-01-01", "2020-12-31", "in-force"),)),
        ),
        first=date(2024, 1, 1),
        last=date(2027, 6, 30),
        state_words=(
            ("in-force", "有效"),
            ("suspended", "暂停实施"),
            ("unknown", "情况不明"),
            ("not-yet", "尚未施行"),
            ("ended", "已失效"),
        ),
        marker=date(2026, 11, 24),
        marker_text="2026年11月24日",
        description="一行一件。",
    )


def stops() -> Stops:
    rows = (
        StopRow(
            label="Motors & <Sons>", note="KR · magnet", text="11–22 April", p10=41, p50=47, p90=52, stock=28,
            under_way=12, lead=(48, 66, 126), href="/plants/1",
        ),
        StopRow(label=LONG, text="4月20日起 · 48%不停产", p10=50, p50=171, stock=44.5),
        StopRow(label="P-3", text="does not stop", stock=500, under_way=30, lead=(30, 400, 900)),
    )  # fmt: skip
    words = StopsWords(stop="stops", stock="stock", under_way="under way", lead="lead time")
    return Stops(name="When plants stop", rows=rows, horizon=180, ticks=((0, "1 March"), (31, "Apr")), words=words)


def curves() -> Curves:
    days = (0.0, 7.0, 14.0, 21.0)
    return Curves(
        name="What both sides lose", days=days, unit="million EUR", ticks=((0, "1 March"), (14, "15 March")),
        curves=(
            Curve(label="buyers", low=(0, 0, 1, 4), central=(0, 0, 2, 6.5), high=(0, 0, 4, 9), kind="loss"),
            Curve(label="卖方", low=(0, 1, 2, 3), central=(0, 1, 3, 4), high=(0, 2, 4, 6), kind="flow", dashed=True),
            Curve(label="stopped", low=(0, 0, 0, 0), central=(0, 0, 1, 1), high=(0, 1, 1, 2)),
        ),
        mark=(15.0, 17.0, 20.0), mark_text="cross on 18 March",
    )  # fmt: skip


def tornado() -> Tornado:
    rows = (
        Swing(label="Customers' stock", low=-16, high=66.5), Swing(label=LONG, low=6, high=-3),
        Swing(label="never moves", low=0, high=0),
    )  # fmt: skip
    return Tornado(name="What it hangs on", rows=rows, unit="d", low_text="at its low end", high_text="at its high end")


def drawings() -> dict[str, Markup]:
    """Every drawing by the name of its golden file."""
    few = [outline for outline in natural_earth() if outline.code in ("DE", "FR", "JP", "KR", "LS", "ZA", "VN")]
    return {
        "sankey": draw_sankey(sankey()),
        "control-chart": draw_control_chart(control_chart()),
        "control-chart-narrow": draw_control_chart(control_chart(), width=360),
        "provenance": draw_provenance(provenance()),
        "world-map": draw_world_map(world_map(), outlines=few),
        "bars": draw_bars(bars()),
        "stacks": draw_stacks(stacks()),
        "sparkline": draw_sparkline(Sparkline(values=(3, -1, None, 4, 18), name="rising", kind="gain", reference=0)),
        "sparkline-quiet": draw_sparkline(Sparkline(values=(5,), kind="flow", low=0, high=10)),
        "sparkline-hold": draw_sparkline(Sparkline(values=(2, 1), kind="hold")),
        "filing-calendar": draw_filing_calendar(filing_calendar()),
        "month": draw_month(month()),
        "intervals": draw_intervals(intervals()),
        "strip": draw_strip(strip()),
        "timeline": draw_timeline(timeline()),
        "stops": draw_stops(stops()),
        "stops-narrow": draw_stops(stops(), width=340),
        "curves": draw_curves(curves()),
        "tornado": draw_tornado(tornado()),
    }
