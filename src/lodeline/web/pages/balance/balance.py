"""The balance of one site: whether its books close, month by month, and what would explain it if they do not.

The firm and the authority see the same page. A difference is called a gain or a loss only where a finding says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.language import enumerated, text
from lodeline.service.balance import sites
from lodeline.service.overview import overview as questions
from lodeline.web.pages.balance import tables as tables_of
from lodeline.web.pages.balance.answer import headline, implied, lede, set_out, to_do
from lodeline.web.pages.balance.chart import draw_chart, draw_parts
from lodeline.web.pages.balance.chosen import Chosen, Describe
from lodeline.web.pages.balance.explained import asked_about, explanations_table
from lodeline.web.pages.balance.part import (
    balances_of,
    draw_sites,
    draw_yields,
    sites_table,
    yields_table,
    z_links,
)
from lodeline.web.pages.balance.run import (
    ceiling_words,
    detection_power_table,
    signature_here,
    signature_table,
    sources_table,
    tests_table,
    verdict,
)
from lodeline.web.pages.inspections.visits_part import inspected_here
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.successions import of_site


def balance(visit: Visit, site: str) -> HttpResponse:
    """The page `sites/ID/`: `?element=`; `?period=` (or `?from=`, `?to=`) cuts the span; `?until=` picks a balance."""
    return balance_page(visit, site)


def balance_page(
    visit: Visit, site: str, *, holder: str | None = None, describe: Describe | None = None,
    called: Callable[[str], str] | None = None,
) -> HttpResponse:  # fmt: skip
    """The page as the authority sees it, or with `holder` and `describe` as the firm does that holds the site, or held
    it.

    `describe` gives a finding as the firm may know it, `called` a lot; its peers have no names there, and of a
    site that changed hands it sees its own time alone.
    """
    record = _record(visit, site)
    if holder is not None:
        record = {**record, "organisation": holder}
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    every = balances_of(visit).filter(pl.col("site") == site)
    if holder is not None:
        every = every.filter(pl.col("organisation") == holder)
    if months is None or not every.height:
        return _nothing_yet(visit, record)
    chosen = Chosen(
        visit=visit, record=record, months=months, every=every, holder=holder, describe=describe, called=called
    )
    return _page(chosen)


def _page(chosen: Chosen) -> HttpResponse:
    visit, reading, language = chosen.visit, chosen.visit.reading, chosen.visit.language
    statement, symbol = chosen.statement, chosen.element
    unit = tables_of.months_unit(visit, chosen.rows)
    peers = sites.newest(reading.snapshot, chosen.of_all, element=symbol, until=chosen.span[1]).filter(
        pl.col("stage") == (chosen.record["stage"] or "")
    )
    yields = sites.yields(chosen.of_all, element=symbol, first=chosen.span[0], last=chosen.span[1])
    yields = yields.filter(pl.col("site").is_in(peers["site"].implode()))
    named = chosen.describe is None
    months = tables_of.months_table(visit, chosen.rows, unit)
    tables = _tables(chosen, peers) | {"yields": yields_table(visit, yields, asked=chosen.site, named=named)}
    inspected = inspected_here(visit, chosen.site, called=chosen.lot, own=not named)
    found = [inspected.made] if inspected is not None and inspected.made is not None else []
    csv = wanted_csv(visit, months, *tables.values(), *found)
    if csv is not None:
        return csv
    name = words.element(symbol, language)
    firms = words.organisation_names(reading.snapshot.register, language)
    owner = chosen.record["organisation"]
    return show(
        visit,
        "lodeline/balance/balance.html",
        title=headline(chosen),
        record=chosen.record,
        # A firm is told of its partners as its own words have it.
        names=firms if named else {},
        name=chosen.name,
        stage=words.word(words.STAGES, chosen.record["stage"] or "", language),
        owner=firms.get(owner, owner),
        owner_href=visit.url("organisation", organisation=owner),
        element=name,
        symbol=symbol,
        unit=unit.word,
        elements=z_links(visit, chosen.every, chosen.present, symbol),
        span=[written.month(month, language) for month in chosen.span],
        asked={"from": chosen.span[0], "to": chosen.span[1], "element": symbol},
        months=[(one, written.month(one, language)) for one in chosen.months.all if chosen.first <= one <= chosen.last],
        lede=lede(chosen),
        to_do=to_do(chosen, tables["explanations"]),
        method_open=_is_turned(visit),
        chart=draw_chart(visit, chosen.rows, chosen.run, element=symbol),
        verdict=verdict(visit, chosen.run, element=symbol, chosen=chosen.is_cut),
        ceiling=ceiling_words(visit, chosen.run, element=symbol, measured=chosen.measured),
        signature=signature_here(visit, chosen.run),
        parts=draw_parts(visit, statement),
        statement=set_out(visit, statement),
        implied=implied(chosen),
        explained=asked_about(
            visit,
            chosen.findings,
            chosen.books,
            organisation=owner,
            element=symbol,
            statement=statement,
            describe=chosen.describe,
        ),
        own=chosen.describe is not None,
        inspected=inspected,
        succession=of_site(visit, chosen.site, only=chosen.holder),
        yields_drawing=draw_yields(visit, yields, asked=chosen.site, named=named),
        peers_drawing=draw_sites(visit, peers, name=visit.text("z at this stage"), asked=chosen.site, named=named),
        left_out=len(months.columns) - len(tables_of.with_mass(months).columns),
        months_table=shown(visit, tables_of.with_mass(months)),
        tables={key: shown(visit, table) for key, table in tables.items()},
        balances=visit.url("balances", query={"element": symbol}),
    )


def _tables(chosen: Chosen, peers: pl.DataFrame) -> dict[str, Table]:
    visit, statement, symbol = chosen.visit, chosen.statement, chosen.element
    return {
        "statement": tables_of.statement_table(visit, statement),
        "explanations": explanations_table(
            visit,
            books=chosen.books,
            organisation=chosen.record["organisation"],
            element=symbol,
            statement=statement,
            lot=chosen.lot,
            measured=chosen.measured,
        ),
        "tests": tests_table(visit, chosen.run),
        "sight": detection_power_table(visit, chosen.run),
        "signature": signature_table(visit, chosen.run),
        "sources": sources_table(visit, chosen.run, measured=chosen.measured),
        "filings": tables_of.filings_table(visit, chosen.record["organisation"], chosen.span),
        "methods": tables_of.methods_table(visit, chosen.books.methods),
        **(
            {"peers": sites_table(visit, peers, {}, name="peers", element=symbol, per_page=10)}
            if chosen.describe is None
            else {}
        ),
    }


#: Tables of the method, which is folded.
_METHOD = ("tests", "sight", "sources", "methods")


def _is_turned(visit: Visit) -> bool:
    """Whether the address sorts a table of the method or turns its pages: then it is open."""
    sort = (visit.query("sort") or "").lstrip("-").partition(".")[0]
    return sort in _METHOD or any(visit.query(f"{name}.page") for name in _METHOD)


def _record(visit: Visit, site: str) -> dict[str, Any]:
    table = visit.reading.snapshot.register.tables["sites"]
    found = table.filter(pl.col("id") == site).to_dicts()
    if found:
        return found[0]
    near = [one for one in table["id"] if site.casefold() in one.casefold()][:5]
    raise NotHereError(
        text(
            "No site {site!r} is in the register. Perhaps {near}.",
            site=site,
            near=enumerated(near),
        )
        if near
        else text("No site {site!r} is in the register. Find it by its name in the field at the side.", site=site)
    )


def _nothing_yet(visit: Visit, record: Mapping[str, Any]) -> HttpResponse:
    name = record["name"] or record["id"]
    title = visit.text("Nothing has been filed for {name} yet", name=name)
    owner = record["organisation"]
    return show(
        visit, "lodeline/balance/balance_empty.html", title=title, record=record,
        owner_href=visit.url("organisation", organisation=owner),
        owner=words.organisation_names(visit.reading.snapshot.register, visit.language).get(owner, owner),
    )  # fmt: skip
