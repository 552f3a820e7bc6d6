"""The drawings of a site's balance: the control chart, and where a difference shows."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from lodeline.language import Text, text
from lodeline.service.balance.site_run import PAGE_DRAWN, Run
from lodeline.service.balance.sites import Statement
from lodeline.web.drawing.bars import Bar, BarKind, Bars, draw_bars
from lodeline.web.drawing.control_chart import ChartWords, ControlChart, PageTest, Period, State, draw_control_chart
from lodeline.web.drawing.svg import NARROW, Markup, wide_and_narrow
from lodeline.web.pages.balance.part import STATES
from lodeline.web.pages.balance.run import page_name
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_STATES: Final[dict[str, State]] = {"gain": "gain", "loss": "loss"}
#: Where a difference shows (service.balance.sites.Statement.parts).
PARTS: Final[dict[str, Text]] = {
    "process": text("In processing: consumed − made"),
    "unaccounted": text("Taken from lots beyond what they held"),
    "count": text("At the count: book − counted"),
}
#: Half the width of the band of a sum, in units of its own σ.
_SUM_SIGMAS: Final = 3


def draw_chart(visit: Visit, rows: pl.DataFrame, run: Run, *, element: str) -> Markup:
    """MUF ± 3σ, CUMUF ± 3σ of the sum, and Page's test of one element at one site; "" without a test.

    `rows` as `service.balance.sites.judged`, by day. Each point leads to its balance, set out as a sum.
    """
    if rows["z"].is_null().all():
        return Markup("")
    largest = max(abs(mass_mg) for mass_mg in rows.filter(pl.col("z").is_not_null())["muf_mg"])
    unit = written.unit(max(largest, 3 * float(str(rows["sigma_mg"].max() or 0))), visit.language)
    name = words.element(element, visit.language)
    chart = ControlChart(
        name=visit.text("Control chart of {name}", name=name),
        periods=tuple(_periods(visit, rows, run)),
        unit=unit,
        words=ChartWords(
            muf=visit.text("Difference", context="balance"),
            cumulative=visit.text("Sum of differences"),
            missing=visit.text("missing", context="balance"),
            found=visit.text("found without origin"),
            no_count=visit.text("no balance"),
            states=(
                ("ok", visit.text("no alarm")), ("gain", visit.text("gain")),
                ("loss", visit.text("loss", context="balance")),
            ),
        ),
        description=visit.text("The table of months has every number."),
        page=_page_test(visit, rows, run),
    )  # fmt: skip
    return wide_and_narrow(draw_control_chart(chart), draw_control_chart(chart, width=NARROW))


def _periods(visit: Visit, rows: pl.DataFrame, run: Run) -> list[Period]:
    """The rows as points; what no two counts enclose is a gap, over which the sum stands where it stood."""
    sums = {row["until"]: row for row in run.balances.iter_rows(named=True)}
    periods: list[Period] = []
    stands: dict[str, Any] = {}
    for row in rows.iter_rows(named=True):
        tested: dict[str, Any] = {"muf_mg": None, "sigma_mg": None}
        if row["z"] is not None:
            tested = {"muf_mg": row["muf_mg"], "sigma_mg": row["sigma_mg"]}
            if (found := sums.get(row["until"])) is not None:
                band_mg = _SUM_SIGMAS * found["sum_sigma_mg"]
                stands = {"cumulative_mg": found["sum_mg"], "cumulative_band_mg": band_mg}
        periods.append(
            Period(
                short=written.short_month(row["period"], visit.language), year=row["period"][:4],
                name=written.day(row["until"], visit.language), state=_STATES.get(row["state"], "ok"),
                word=visit.localized(STATES[row["state"]][0]),
                href=visit.here(until=row["until"].isoformat()) + "#statement" if row["z"] is not None else None,
                **tested, **stands,
            )
        )  # fmt: skip
    return periods


def _page_test(visit: Visit, rows: pl.DataFrame, run: Run) -> PageTest | None:
    """Page's statistic of both sides after each balance; None where the run could not be tested."""
    if run.reason is not None:
        return None
    assert run.limits is not None, "a run that was tested has limits"
    days = run.balances.filter("active")["until"].to_list()
    loss, gain = (dict(zip(days, side.levels, strict=True)) for side in run.sides)
    untils = [row["until"] if row["z"] is not None else None for row in rows.iter_rows(named=True)]
    return PageTest(
        name=page_name(visit),
        loss=tuple(loss.get(one) for one in untils),
        gain=tuple(gain.get(one) for one in untils),
        alarm=run.limits[f"page-{PAGE_DRAWN:g}"],
        alarm_word=visit.text("alarm"),
    )


def draw_parts(visit: Visit, statement: Statement) -> Markup:
    """Where the difference of one balance shows, part by part; "" where there is none."""
    if not statement.muf_mg:
        return Markup("")
    unit = written.unit(
        max(abs(mass_mg) for _, mass_mg in (*statement.parts, ("muf", statement.muf_mg))), visit.language
    )
    kind: BarKind = {"gain": "gain", "loss": "loss"}.get(statement.state, "quiet")  # type: ignore[assignment]
    bars = Bars(
        name=visit.text("Where the difference shows"),
        bars=tuple(
            Bar(
                label=visit.localized(PARTS[part]), value=mass_mg / unit.mg, kind=kind,
                text=unit.full(mass_mg, signed=True),
            )
            for part, mass_mg in statement.parts
        ),
        marker=statement.muf_mg / unit.mg,
        marker_text=visit.text("together ") + unit.full(statement.muf_mg, signed=True),
    )  # fmt: skip
    return wide_and_narrow(draw_bars(bars, width=520), draw_bars(bars, width=NARROW))
