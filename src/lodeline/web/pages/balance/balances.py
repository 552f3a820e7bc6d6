"""Every site with what its balances of an element come to in some months: which close, which do not, which nobody can
test. These are the rows behind a cell of The year, and sum to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from django.http import HttpResponse

from lodeline.language import bilingual
from lodeline.material.element import TREO
from lodeline.regulation.span import Span
from lodeline.service.balance import sites
from lodeline.service.balance.year import cells
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.pages.balance.part import STATES, draw_sites, site_years_of, sites_table
from lodeline.web.pages.common import asked
from lodeline.web.pages.common.filters import carried, filters
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def balances(visit: Visit) -> HttpResponse:
    """The page `balances/`: `?period=` (any months), `?element=`, `?stage=`, `?region=`, `?organisation=` and
    `?state=`."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    present = reading.answer(questions.elements, reading.snapshot)
    line = filters(
        visit, months, takes=("period", "element", "stage", "region", "organisation"), present=present,
        element_needed=True, keeps=("state",),
    )  # fmt: skip
    state = asked.one_of(visit, "state", {one: word for one, (word, _, _) in STATES.items()})
    element = str(line.element)
    rows = site_years_of(visit, line.span).filter(pl.col("element") == element)
    for name, value in {"stage": line.stage, "region": line.region, "organisation": line.organisation}.items():
        rows = rows if value is None else rows.filter(pl.col(name) == value)
    links = _state_links(visit, rows, state)
    rows = _in_order(rows if state is None else rows.filter(pl.col("state") == state))
    found = reading.answer(findings, reading.store, reading.snapshot, reading.law)
    bounds = sites.gain_bounds(found.rows, first=line.span.first, until=line.span.last) if element == TREO else {}
    table = sites_table(visit, rows, bounds, name="balances", element=element, span=line.span)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    name = words.element(element, visit.language)
    return show(
        visit,
        "lodeline/balance/balances.html",
        title=_headline(visit, rows, name=name, span=line.span),
        span=written.span(line.span, visit.language),
        filters=line,
        element=name,
        symbol=element,
        year=carried(visit, "year", query={"element": element, "period": str(line.span)}),
        elements=choice.element_links(visit, present, element),
        lede=_lede(visit, rows, bounds),
        states=links,
        drawing=draw_sites(visit, rows, name=visit.text("z of each site")),
        table=shown(visit, table),
        total_oxide=None if element == TREO else visit.here(element=TREO),
    )


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """What a finding speaks of first, then the largest |z|, what is without σ last."""
    rank = pl.col("state").replace_strict(
        {"loss": 0, "gain": 0, "once": 2, "unfiled": 2, "untested": 2, "none": 3}, default=1, return_dtype=pl.Int64
    )
    return rows.sort(rank, -pl.col("z").abs().fill_null(0), "site", "organisation")


def _state_links(visit: Visit, rows: pl.DataFrame, chosen: str | None) -> Sequence[Mapping[str, object]]:
    """How many sites there are of each state, as links to them."""
    counts = dict(rows.group_by("state").len().iter_rows())
    return [
        {
            "word": visit.localized(word), "shape": shape, "tone": tone, "count": written.count(counts[one]),
            "href": visit.here(state=None if one == chosen else one, **{"balances.page": None}), "here": one == chosen,
        }
        for one, (word, shape, tone) in STATES.items()
        if one in counts
    ]  # fmt: skip


def _headline(visit: Visit, rows: pl.DataFrame, *, name: str, span: Span) -> str:
    total = cells(rows, ["element"]).row(0, named=True) if rows.height else None
    when = written.span(span, visit.language)
    if total is None or not total["tested"]:
        return visit.text(
            "In {when}, no balance of {name} could be tested: no site counted at both ends", when=when, name=name
        )
    wrong, of = total["loss"] + total["gain"], total["tested"]
    if wrong:
        return (
            visit.text(
                "In {when}, {name} did not close at {wrong} of {of} sites",
                when=when,
                name=name,
                wrong=written.count(wrong),
                of=written.count(of),
            )
            if of > 1
            else visit.text(
                "In {when}, {name} did not close at the one site that could be tested",
                when=when,
                name=name,
                of=written.count(of),
                wrong=written.count(wrong),
            )
        )
    if beyond := total["beyond"]:
        far = f"{written.count(beyond)} {'lies' if beyond == 1 else 'lie'}"
        return visit.text(
            "In {when}, no site raises an alarm for {name}; {far} beyond 3 σ",
            when=when,
            name=name,
            far=bilingual(far, written.count(beyond)),
        )
    return visit.text("In {when}, {name} closed at every site that could be tested", when=when, name=name)


def _lede(visit: Visit, rows: pl.DataFrame, bounds: Mapping[str, int]) -> dict[str, object]:
    total = cells(rows, ["element"]).row(0, named=True) if rows.height else None
    sides = {}
    for state in ("gain", "loss"):
        one = rows.filter(pl.col("state") == state)
        mass_mg, variance = one.select(pl.col("wrong_mg").sum().abs(), (pl.col("wrong_sigma_mg") ** 2).sum()).row(0)
        # Sites err independently.
        mass = written.mass_with_sigma(mass_mg, float(variance) ** 0.5, visit.language)
        sides[state] = {"mass": mass, "sites": written.count(one.height)} if one.height else None
    here = {site: mass_mg for site, mass_mg in bounds.items() if site in set(rows["site"])}
    return sides | {
        "sum": None
        if total is None or not total["tested"]
        else written.mass_with_sigma(total["muf_mg"], total["sigma_mg"], visit.language),
        "tested": written.count(0 if total is None else total["tested"]),
        "of": written.count(rows.height),
        "never": rows.filter(pl.col("state") == "none").height,
        "bound": written.mass(sum(here.values()), visit.language) if here else None,
        "bound_sites": written.count(len(here)),
    }
