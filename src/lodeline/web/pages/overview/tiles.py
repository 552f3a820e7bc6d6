"""The figures at the head of the overview, each with its trend and the way to the rows behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from lodeline.language import bilingual
from lodeline.service.filing import transfers
from lodeline.service.licences import quotas
from lodeline.web.drawing.bars import Sparkline, draw_sparkline
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import law_days
from lodeline.web.pages.common.chain import total
from lodeline.web.pages.common.filters import carried
from lodeline.web.pages.overview.scene import Scene, largest
from lodeline.web.words import format as written
from lodeline.web.words import words


def tiles(scene: Scene) -> list[dict[str, object]]:
    """Filed, transfers, unexplained, exported, quota, findings."""
    return [
        _filed_tile(scene),
        _transfers_tile(scene),
        _unexplained_tile(scene),
        _exports_tile(scene),
        _quota_tile(scene),
        _open_tile(scene),
    ]


def _trend(scene: Scene, values: Mapping[str, float], **more: Any) -> Markup:
    """A line over all months, ending at the chosen one."""
    until = scene.months.all[: scene.months.all.index(scene.period) + 1]
    return draw_sparkline(Sparkline(values=tuple(float(values.get(month, 0)) for month in until), low=0, **more))


def _filed_tile(scene: Scene) -> dict[str, object]:
    visit, filed = scene.visit, scene.filed
    in_time = scene.status.filter(pl.col("state") == "filed").group_by("period").len()
    every = scene.status.group_by("period").len().rename({"len": "all"})
    shares = {period: number / total for period, number, total in in_time.join(every, on="period").iter_rows()}
    late, missing = written.count(filed["late"]), written.count(filed["missing"])
    return {
        "label": visit.text("Filed by {due}", due=scene.due),
        "figure": written.count(filed["filed"]),
        "small": visit.text("of {n}", context="overview").format(n=written.count(sum(filed.values()))),
        "sub": visit.text("{late} late · {missing} missing", late=late, missing=missing),
        "shape": "down" if filed["missing"] else "",
        "tone": "loss",
        "href": visit.url("organisations", query={"period": scene.period, "sort": "organisations.state"}),
        "trend": _trend(scene, shares, high=1.0, reference=1.0),
    }


def _transfers_tile(scene: Scene) -> dict[str, object]:
    visit, reading = scene.visit, scene.visit.reading
    unclosed = reading.answer(transfers.unclosed, reading.snapshot, reading.law).filter(
        pl.col("period") <= scene.period
    )
    exceptions = sum(unclosed.filter(pl.col("state") == "exception")["count"].to_list())
    return {
        "label": visit.text("Deliveries not closed"),
        "figure": written.count(sum(unclosed["count"].to_list())),
        "sub": visit.text("{exceptions} past both deadlines", exceptions=written.count(exceptions)),
        "href": visit.url(
            "exceptions",
            query={"kind": "delivery", "state": "unclosed", "period": f"{scene.months.all[0]}..{scene.period}"},
        ),
        "trend": _trend(scene, dict(unclosed.group_by("period").agg(pl.col("count").sum()).iter_rows())),
    }


def _unexplained_tile(scene: Scene) -> dict[str, object]:
    visit, language = scene.visit, scene.visit.language
    sizes = dict(scene.all_unexplained.group_by("period").agg(pl.col("muf_mg").abs().sum()).iter_rows())
    label = visit.text("Unexplained", context="overview", element=words.element(scene.element, language))
    symbol = visit.localized(bilingual(scene.element, ""))
    if not scene.unexplained.height and scene.bounds:
        return {
            "label": label, "symbol": symbol, "figure": written.mass(sum(scene.bounds.values()), language),
            "shape": "up", "tone": "gain", "sub": visit.text("Gain, at least: nobody counted"),
            "href": visit.url("findings", query={"element": scene.element, "period": scene.period}),
        }  # fmt: skip
    if not scene.unexplained.height:
        return {
            "label": label, "symbol": symbol, "figure": written.mass(0, language), "shape": "tick", "tone": "2",
            "sub": visit.text("Nothing beyond measurement"),
            "href": visit.url("balances", query={"element": scene.element, "period": scene.period}),
            "trend": _trend(scene, sizes),
        }  # fmt: skip
    side, _, _ = largest(scene.unexplained)
    rows = scene.unexplained.filter(pl.col("side") == side)
    mass_mg, sigma_mg = total(rows)
    figure, plus_minus, rest = written.mass_with_sigma(abs(mass_mg), sigma_mg, language).partition("\u00a0±")
    z = f"z\u00a0{written.sigmas(abs(mass_mg) / sigma_mg).lstrip('+')}" if sigma_mg else ""
    return {
        "label": label, "symbol": symbol, "figure": figure, "small": plus_minus.strip() + rest,
        "shape": "up" if side < 0 else "down",
        "tone": "gain" if side < 0 else "loss",
        "sub": visit.text("Gain") + f", {z}" if side < 0 else visit.text("Loss", context="overview") + f", {z}",
        "href": visit.url("findings", query={"element": scene.element, "period": scene.period}),
        "trend": _trend(scene, sizes, kind="gain" if side < 0 else "loss"),
    }  # fmt: skip


def _exports_tile(scene: Scene) -> dict[str, object]:
    visit, language = scene.visit, scene.visit.language
    abroad = scene.all_flows.filter(pl.col("to").str.starts_with("abroad:"))
    by_month = dict(abroad.group_by("period").agg(pl.col("mass_mg").sum()).iter_rows())
    countries = abroad.filter(pl.col("period") == scene.period).sort("mass_mg")["to"]
    first = words.country(countries[-1].partition(":")[2], language) if len(countries) else ""
    number = len(set(countries))
    return {
        "label": visit.text("Exported", context="overview", element=words.element(scene.element, language)),
        "symbol": visit.localized(bilingual(scene.element, "")),
        "figure": written.mass(by_month.get(scene.period, 0), language),
        "sub": visit.text("{number} countries, most to {first}", number=number, first=first)
        if number
        else visit.text("None in this month"),
        "href": carried(visit, "where", {"element": scene.element, "period": scene.period}),
        "trend": _trend(scene, by_month),
    }


def _quota_tile(scene: Scene) -> dict[str, object]:
    visit, reading, year = scene.visit, scene.visit.reading, int(scene.period[:4])
    rows = reading.answer(quotas.quota, reading.store, reading.snapshot, day=law_days.today(reading.law))
    shares = {}
    for kind in ("mining", "separation"):
        chosen = [row.reo for row in rows if row.kind == kind and row.year == year]
        granted_mg = sum(one.granted_mg or 0 for one in chosen)
        shares[kind] = sum(one.used_mg for one in chosen) / granted_mg if granted_mg else None
    over = sum(row.year == year and bool(row.reo.overdrawn_mg) for row in rows)
    separation = written.percent(shares["separation"], visit.language)
    return {
        "label": visit.text("Mining quota {year} used", year=year),
        "figure": written.percent(shares["mining"], visit.language),
        "sub": visit.text("separation {separation} · {over} over", separation=separation, over=over),
        "shape": "square" if over else "",
        "tone": "hold",
        "href": visit.url("quotas", query={"year": year}),
        "trend": "",
    }


def _open_tile(scene: Scene) -> dict[str, object]:
    visit, causes = scene.visit, scene.found.causes
    by_month = Counter(one.finding.last_period for one in causes)
    here = written.count(by_month[scene.period])
    return {
        "label": visit.text("Questions open"),
        "figure": written.count(sum(any(row.state == "open" for row in one.findings) for one in causes)),
        "sub": visit.text("{here} about this month", here=here),
        "href": visit.url("findings"),
        "trend": _trend(scene, by_month),
    }
