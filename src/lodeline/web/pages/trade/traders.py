"""Traders: who sells on what it bought, how much of it, after how many days, and what it puts upon the price.

The headline is the answer. With a firm in the address the page is about that firm: its lots as they came and as they
left, beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.http import HttpResponse
from django.utils.functional import cached_property

from lodeline.language import bilingual, text
from lodeline.service.overview import overview as questions
from lodeline.service.trade import traders as trade
from lodeline.web.access.territory import told_of_firms
from lodeline.web.pages.common import asked
from lodeline.web.pages.common.filters import Filters, carried, filters
from lodeline.web.pages.trade.dealings import dealings_page, in_days, marked_up, when
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

told_of_firms(trade.traders)
told_of_firms(trade.dealings_of)

#: Shares that can be chosen, in percent; any whole one can be written. HALF: where the address names none.
_SHARES: Final = (0, 25, 50, 75, 90)
HALF: Final = 50
_TAKES: Final = ("period", "element", "region", "organisation")


@dataclass(frozen=True, kw_only=True)
class Traders:
    """The firms that trade, as far as the address asks for them. `least`: the percent that they pass on at least."""

    visit: Visit
    line: Filters
    rows: pl.DataFrame
    least: int

    @property
    def element(self) -> str:
        assert self.line.element is not None, "the page is about one element"
        return self.line.element

    @cached_property
    def names(self) -> dict[str, str]:
        """Ids of firms → their names."""
        return words.organisation_names(self.visit.reading.snapshot.register, self.visit.language)

    @cached_property
    def passing(self) -> pl.DataFrame:
        """Those that pass on so much; with 0, all that trade."""
        enough = (pl.col("share") * 100 >= self.least) & (pl.col("passed_mg") > 0)
        return self.rows if not self.least else self.rows.filter(enough.fill_null(False))


def traders(visit: Visit) -> HttpResponse:
    """The page `traders/`: `?passed=50` and the line of filters narrow it; `?organisation=` gives one firm's lots."""
    months = asked.months(visit)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    reading = visit.reading
    line = filters(
        visit, months, takes=_TAKES, present=reading.answer(questions.elements, reading.snapshot), element_needed=True,
        keeps=("passed", "show"),
    )  # fmt: skip
    least = _least(visit)
    span: dict[str, Any] = {"first": line.span.first, "last": line.span.last, "element": line.element}
    rows = reading.answer(trade.traders, reading.snapshot, reading.law, **span)
    firms = line.firms(reading.snapshot.register)
    if firms is not None:
        rows = rows.filter(pl.col("organisation").is_in(list(firms)))
    if line.organisation is not None:
        found = reading.answer(trade.dealings_of, reading.snapshot, reading.law, organisation=line.organisation, **span)
        return dealings_page(visit, line, rows, found.filter(pl.lit(firms is None or line.organisation in firms)))
    scene = Traders(visit=visit, line=line, rows=rows, least=least)
    table = _table(scene)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/trade/traders.html",
        title=_headline(scene),
        lede=_lede(scene),
        filters=line,
        shares=[(str(one), _at_least(visit, one)) for one in sorted({*_SHARES, least})],
        least=str(least),
        table=shown(visit, table),
        where=carried(visit, "where"),
    )


def _least(visit: Visit) -> int:
    """The share asked for, in percent. Raises BadQuestionError for what is none."""
    text_ = visit.query("passed")
    if text_ is None:
        return HALF
    if not (text_.isascii() and text_.isdigit() and len(text_) <= len("100") and int(text_) <= 100):
        raise BadQuestionError(
            text("`passed` cannot be {text!r}: write a whole percentage from 0 to 100, like 50.", text=text_[:40])
        )
    return int(text_)


def _at_least(visit: Visit, least: int) -> str:
    return visit.text("at least {least} %", least=least) if least else visit.text("all that trade")


def _headline(scene: Traders) -> str:
    """How many pass on so much, and what the largest of them moved, how fast and at which price."""
    visit, rows, n = scene.visit, scene.passing, written.count(scene.passing.height)
    (when_en, when_zh), element = when(scene.line), words.element(scene.element, visit.language)
    if not rows.height:
        least = "" if not scene.least else visit.text(" {least} % or more of", least=scene.least)
        return visit.text(
            "Nobody passed on{least} {element} that it bought {when}",
            least=bilingual(least or " any", least),
            element=element,
            when=bilingual(when_en, when_zh),
        )
    half_en, half_zh = {50: ("half", "一半")}.get(scene.least, (f"{scene.least} %", f"{scene.least}%"))
    one, first = rows.height == 1, rows.row(0, named=True)
    firms_en = "firm passes on" if one else "firms pass on"
    told = visit.text(
        "{n} {firms} {half} or more of the {element} that {one}",
        n=n,
        firms=firms_en,
        half=bilingual(half_en, half_zh),
        element=element,
        one="it buys" if one else "they buy",
    )
    if not scene.least:
        told = visit.text("{n} {one} in {element}", n=n, one="firm trades" if one else "firms trade", element=element)
    mass = written.mass(first["passed_mg"], visit.language)
    days, markup = in_days(first["days"]), marked_up(first["markup"])
    return told + visit.text(
        "; the largest moved {mass}{days}{markup}",
        mass=mass,
        days=days[0],
        markup=markup[0],
        days2=days[1],
        markup2=markup[1],
    )


def _lede(scene: Traders) -> str:
    """What they passed on together, how much of it went abroad, and who of them is not called a trader."""
    visit, rows = scene.visit, scene.passing
    if not rows.height:
        return ""
    mass_mg = int(rows["passed_mg"].sum())
    mass, abroad = written.mass(mass_mg, visit.language), int(rows["abroad_mg"].sum()) / mass_mg if mass_mg else 0
    when_en, when_zh = when(scene.line)
    others = rows.filter(~pl.col("is_trader")).height
    share = written.percent(abroad, visit.language, 0)
    told = visit.text(
        "Bought {when} and sold on since, as it came: {mass}, {share} of it abroad.",
        when=bilingual(when_en, when_zh),
        mass=mass,
        share=share,
    )
    if others:
        n = written.count(others)
        are = "is not registered as a trader" if others == 1 else "are not registered as traders"
        told += visit.text(" {n} of them {are}.", n=n, are=are)
    return told


def _table(scene: Traders) -> Table:
    visit = scene.visit
    element = scene.element
    return Table(
        name="traders",
        caption=visit.text("Who sells on what it bought"),
        columns=(
            Column(key="organisation", label=text("Firm")),
            Column(
                key="passed", label=text("Passed through, {element}", element=element), number=True, unit="kg"
            ),
            Column(key="share", label=text("Of what came"), number=True),
            Column(key="in", label=text("In", context="trade"), number=True, unit="kg"),
            Column(key="out", label=text("Out", context="trade"), number=True, unit="kg"),
            Column(key="days", label=text("Days", context="trade"), number=True),
            Column(key="markup", label=text("Mark-up"), number=True),
            Column(key="changed", label=text("Changed papers"), number=True),
            Column(key="abroad", label=text("Abroad", context="trade, traders"), number=True, unit="kg"),
            Column(key="supplier", label=text("Most from")),
        ),
        rows=FrameRows(
            scene.passing,
            lambda row: _cells(scene, row),
            sorts={
                "organisation": "organisation", "passed": "passed_mg", "share": "share", "in": "in_mg", "out": "out_mg",
                "days": "days", "markup": "markup", "changed": "changed", "abroad": "abroad_mg", "supplier": "supplier",
            },
        ),
        empty=visit.text("Nobody passes on so much in these months: ask for a smaller share, another element or a "
"longer period."),
    )  # fmt: skip


def _cells(scene: Traders, row: dict[str, Any]) -> Row:
    visit, language, one = scene.visit, scene.visit.language, row["organisation"]

    def rows_of(which: str | None) -> str | None:
        return carried(visit, "traders", {"organisation": one, "show": which})

    def mass(key: str, which: str | None) -> Cell:
        value = row[key]
        text_ = written.mass(value, language) if value else written.NOTHING
        return Cell(text=text_, value=value / written.MG_PER_KG, href=rows_of(which) if value else None)

    abroad = mass("abroad_mg", None)
    sent = carried(visit, "where", {"organisation": one})
    return (
        Cell(
            text=scene.names.get(one, one), value=one, href=rows_of(None),
            note="" if row["is_trader"] else visit.text("not registered as a trader"),
        ),
        mass("passed_mg", None),
        Cell(text=written.percent(row["share"], language), value=row["share"]),
        mass("in_mg", "in"),
        mass("out_mg", "out"),
        Cell(text=written.NOTHING if row["days"] is None else written.number(row["days"]), value=row["days"]),
        _markup(scene, row, rows_of("priced")),
        Cell(
            text=written.count(row["changed"]), value=row["changed"], href=rows_of("changed"), shape="half",
            tone="hold",
        ) if row["changed"] else Cell(text=written.NOTHING, value=0),
        Cell(text=abroad.text, value=abroad.value, href=sent or abroad.href if row["abroad_mg"] else None),
        _party(scene, row),
    )  # fmt: skip


def _markup(scene: Traders, row: dict[str, Any], href: str | None) -> Cell:
    """The mark-up, of how much of it; or why there is none."""
    visit, language = scene.visit, scene.visit.language
    n = written.count(row["other_currencies"])
    two = visit.text("{n} in two currencies", n=n) if row["other_currencies"] else ""
    if row["markup"] is None:
        none = visit.text("no price known") if row["passed_mg"] else written.NOTHING
        return Cell(text=written.NOTHING if two else none, note=two, href=href if two else None)
    part = row["priced_mg"] / row["passed_mg"] if row["passed_mg"] else 1
    share = written.percent(part, language, 0)
    of = "" if share.startswith("100") else visit.text(", of {share}", share=share)
    return Cell(
        text=written.percent(row["markup"], language, signed=True), value=row["markup"], href=href,
        note=f"{row['currency']}{of}",
    )  # fmt: skip


def _party(scene: Traders, row: dict[str, Any]) -> Cell:
    visit, party = scene.visit, row["supplier"]
    if party is None:
        return Cell(text=written.NOTHING)
    more = row["suppliers"] - 1
    n = written.count(more)
    note = visit.text("and {n} {others}", n=n, others="other" if more == 1 else "others") if more > 0 else ""
    href = visit.opens("organisation", organisation=party) if party in scene.names else None
    return Cell(text=scene.names.get(party, party), value=party, href=href, note=note)
