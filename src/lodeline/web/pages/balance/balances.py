"""Every site with its newest balance of an element: which close, which do not, and which nobody can test."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from django.http import HttpResponse

from lodeline.material.element import TREO
from lodeline.service.balance import sites
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.pages.balance.part import balances_of, draw_sites, sites_table
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def balances(visit: Visit) -> HttpResponse:
    """The page `balances/`: `?element=`, `?stage=`; with `?period=`, as the books stood at the end of that month."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    if months is None:
        title = visit.text("Nobody has filed yet", "尚无申报")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    present = reading.answer(questions.elements, reading.snapshot)
    element, period = choice.element(visit, present), choice.period(visit, months)
    every = sites.newest(reading.snapshot, balances_of(visit), element=element, until=period)
    stage = _stage(visit, every)
    rows = every if stage is None else every.filter(pl.col("stage") == stage)
    found = reading.answer(findings, reading.store, reading.snapshot, reading.law)
    bounds = sites.gain_bounds(found, until=period) if element == TREO else {}
    table = sites_table(visit, rows, bounds, name="balances", element=element)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    name, month = words.element(element, visit.language), written.month(period, visit.language)
    return show(
        visit,
        "lodeline/balance/balances.html",
        title=_headline(visit, rows, name=name, month=month),
        month=month,
        element=name,
        symbol=element,
        network=visit.url("network", query={"element": element}),
        elements=choice.element_links(visit, present, element),
        periods=choice.period_links(visit, months, period),
        lede=_lede(visit, rows, bounds),
        drawing=draw_sites(visit, rows, name=visit.text("z of each site", "各场所的 z 值")),
        table=shown(visit, table),
        stages=[
            (one, words.word(words.STAGES, one, visit.language))
            for one in words.STAGES
            if one in set(every["stage"]) or one == stage
        ],
        months=[(one, written.month(one, visit.language)) for one in reversed(months.all)],
        asked={"stage": stage or "", "period": period, "element": element},
        total_oxide=None if element == TREO else visit.here(element=TREO),
    )


def _stage(visit: Visit, rows: pl.DataFrame) -> str | None:
    stage = visit.query("stage")
    if stage is not None and stage not in words.STAGES and stage not in set(rows["stage"]):
        known = ", ".join(words.STAGES)
        raise BadQuestionError(f"No stage is called {stage!r}: one of {known}.", f"没有环节 {stage!r}：可选 {known}。")
    return stage


def _headline(visit: Visit, rows: pl.DataFrame, *, name: str, month: str) -> str:
    tested = rows.filter(pl.col("z").is_not_null())
    wrong = tested.filter(pl.col("state").is_in(["gain", "loss"])).height
    n, of = written.count(wrong), written.count(tested.height)
    if not tested.height:
        return visit.text(
            f"By {month}, no site had counted its {name} twice: nothing could be tested",
            f"截至{month}，没有场所对{name}盘存过两次，无法检验",
        )
    if wrong:
        return visit.text(
            f"By {month}, {n} of {of} {name} balances did not close"
            if tested.height > 1
            else f"By {month}, the one {name} balance that could be tested did not close",
            f"截至{month}，可检验的{of}个{name}平衡中有{n}个不闭合",
        )
    if int(rows["wrong"].sum()):
        return visit.text(
            f"By {month}, the newest {name} balances close; not all before them did",
            f"截至{month}，最近一期{name}平衡全部闭合，但此前有不闭合的",
        )
    if tested.height and (beyond := tested.filter(pl.col("state") == "beyond").height):
        far = f"{written.count(beyond)} {'lies' if beyond == 1 else 'lie'}"
        return visit.text(
            f"By {month}, no {name} balance raises an alarm; {far} beyond 3 σ",
            f"截至{month}，{name}平衡均未报警，其中{written.count(beyond)}个超出3σ",
        )
    return visit.text(
        f"By {month}, every {name} balance that could be tested closed", f"截至{month}，可检验的{name}平衡全部闭合"
    )


def _lede(visit: Visit, rows: pl.DataFrame, bounds: Mapping[str, int]) -> dict[str, object]:
    sides = {}
    for state in ("gain", "loss"):
        one = rows.filter(pl.col("state") == state)
        mass_mg, variance = one.select(pl.col("muf_mg").sum().abs(), (pl.col("sigma_mg") ** 2).sum()).row(0)
        # Sites err independently.
        mass = written.mass_with_sigma(mass_mg, float(variance) ** 0.5, visit.language)
        sides[state] = {"mass": mass, "sites": written.count(one.height)} if one.height else None
    here = {site: mass_mg for site, mass_mg in bounds.items() if site in set(rows["site"])}
    return sides | {
        "tested": written.count(rows["z"].drop_nulls().len()),
        "of": written.count(rows.height),
        "once": rows.filter(pl.col("state") == "once").height,
        "unassayed": rows.filter(pl.col("state") == "untested").height,
        "before": _before(rows),
        "never": rows.filter(pl.col("state") == "none").height,
        "bound": written.mass(sum(here.values()), visit.language) if here else None,
        "bound_sites": written.count(len(here)),
    }


def _before(rows: pl.DataFrame) -> dict[str, str] | None:
    """How many balances before the newest did not close, and at how many sites."""
    earlier = rows.with_columns(earlier=pl.col("wrong") - pl.col("state").is_in(["gain", "loss"]).cast(pl.Int64))
    found = earlier.filter(pl.col("earlier") > 0)
    if not found.height:
        return None
    return {"count": written.count(int(found["earlier"].sum())), "sites": written.count(found.height)}
