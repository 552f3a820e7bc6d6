"""A firm's sites, each with its newest balance of an element in its time: the firm's part of the authority's page."""

from __future__ import annotations

import polars as pl
from django.http import HttpResponse

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
        title = visit.text("No balance yet: file a month first", "尚无物料平衡：请先申报")
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
        return visit.text(
            f"None of your sites has counted its {name} twice: nothing can be tested",
            f"本企业场所对{name}均未盘存过两次，无法检验",
        )
    if wrong:
        return counted(
            visit, wrong, f"The newest {name} balance of one site does not close",
            f"The newest {name} balances of {{n}} sites do not close", f"有{{n}}个场所最近一期{name}平衡不闭合",
        )  # fmt: skip
    n = written.count(tested.height)
    if beyond := tested.filter(pl.col("state") == "beyond").height:
        return counted(
            visit, beyond, f"No {name} balance of yours raises an alarm; the newest of one site lies beyond 3 σ",
            f"No {name} balance of yours raises an alarm; the newest of {{n}} sites lie beyond 3 σ",
            f"本企业{name}平衡均未报警，其中{{n}}个场所最近一期超出3σ",
        )  # fmt: skip
    return visit.text(
        f"Every newest {name} balance that can be tested closes", f"可检验的{n}个场所最近一期{name}平衡全部闭合"
    )
