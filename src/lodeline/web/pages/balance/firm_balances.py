"""A firm's sites, each with its newest balance of an element in its time: the firm's part of the authority's page."""

from __future__ import annotations

import polars as pl
from django.http import HttpResponse

from lodeline.language import text
from lodeline.service.balance import sites
from lodeline.service.overview import overview as questions
from lodeline.web.pages.balance.part import balances_of, sites_table
from lodeline.web.pages.common.firm_part import Firm, OwnVisit, counted
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def firm_balances(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/balances/`: `?element=`."""
    own, firm = OwnVisit.of(visit), Firm(visit, organisation)
    here = firm.balances(balances_of(own))
    months = own.reading.answer(questions.months, own.reading.store, own.reading.snapshot, own.reading.law)
    if months is None or not here.height:
        title = visit.text("No balance yet: file a month first")
        return show(own, "lodeline/balance/firm_balances.html", title=title, name=firm.name)
    present = sites.elements_of(here)
    element = choice.element(own, present)
    rows = sites.newest(own.reading.snapshot, here, element=element, until=months.all[-1])
    table: Table = sites_table(own, rows, {}, name="balances", element=element)
    csv = wanted_csv(own, table)
    if csv is not None:
        return csv
    return show(
        own,
        "lodeline/balance/firm_balances.html",
        title=_headline(own, rows, words.element(element, visit.language)),
        name=firm.name,
        element=words.element(element, visit.language),
        symbol=element,
        elements=choice.element_links(own, present, element),
        table=shown(own, table),
    )


def _headline(visit: Visit, rows: pl.DataFrame, name: str) -> str:
    tested = rows.filter(pl.col("z").is_not_null())
    wrong = tested.filter(pl.col("state").is_in(["gain", "loss"])).height
    if not tested.height:
        return visit.text("None of your sites has counted its {name} twice: nothing can be tested", name=name)
    if wrong:
        return counted(
            visit,
            wrong,
            text("The newest {name} balance of one site does not close", name=name),
            text("The newest {name} balances of {{n}} sites do not close", name=name),
        )
    n = written.count(tested.height)
    if beyond := tested.filter(pl.col("state") == "beyond").height:
        return counted(
            visit,
            beyond,
            text("No {name} balance of yours raises an alarm; the newest of one site lies beyond 3 σ", name=name),
            text("No {name} balance of yours raises an alarm; the newest of {{n}} sites lie beyond 3 σ", name=name),
        )
    return visit.text("Every newest {name} balance that can be tested closes", name=name, n=n)
