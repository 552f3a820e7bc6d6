"""One firm that trades: what came in and what left, lot by lot beside each other, with days, prices and papers."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.language import Text, bilingual, enumerated, text
from lodeline.service.trade.dealings import TRADER_ROLE
from lodeline.web.pages.common.filters import Filters, carried
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_PRICED: Final = pl.col("passed") & pl.col("price_in").is_not_null() & pl.col("price_out").is_not_null()
#: What of the dealings is shown, by the value of `?show=`.
_SHOWS: Final[dict[str, tuple[Text, pl.Expr]]] = {
    "passed": (text("Passed through"), pl.col("passed")),
    "in": (text("What came in"), pl.col("came")),
    "out": (text("What left", context="trade"), pl.col("left")),
    "priced": (text("With both prices"), _PRICED),
    "changed": (text("Changed papers"), pl.col("passed") & (pl.col("changed").list.len() > 0)),
}
#: What is asked anew with another view.
_ANEW: Final[dict[str, Any]] = {"dealings.page": None}
#: What is another on the paper out than on that in, of which the number is told where it is the same.
CHANGED: Final[dict[str, Text]] = {
    "kind": text("kind of invoice"),
    "product": text("product"),
    "name": text("name of the goods"),
    "mass": text("invoiced mass"),
    "number": text("the same number"),
}
PAPERS: Final[dict[str, Text]] = {
    "invoice": text("invoice", context="trade"),
    "customs": text("customs"),
    "filing": text("as filed"),
}


def dealings_page(visit: Visit, line: Filters, rows: pl.DataFrame, found: pl.DataFrame) -> HttpResponse:
    """The page `traders/?organisation=`: `rows` its line among traders, if any; `found` its dealings."""
    which = visit.query("show") or "passed"
    if which not in _SHOWS:
        raise NotHereError(
            text(
                "`show` cannot be {which!r}: one of {shows}.",
                which=which[:40],
                shows=enumerated(_SHOWS),
            )
        )
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    table = _table(visit, line, found.filter(_SHOWS[which][1]), names)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    firm = line.organisation
    assert firm is not None, "the page is about one firm"
    return show(
        visit,
        "lodeline/trade/dealings.html",
        title=_headline(visit, line, rows, names.get(firm, firm)),
        lede=_lede(visit, rows, firm),
        filters=line,
        tabs=[
            Tab(
                label=visit.localized(label),
                href=visit.here(**{**_ANEW, "show": name}),
                here=name == which,
                count=written.count(found.filter(chosen).height),
            )
            for name, (label, chosen) in _SHOWS.items()
        ],
        table=shown(visit, table),
        every=carried(visit, "traders", {"organisation": None}),
        leads=[
            {"text": visit.localized(label), "href": href}
            for label, href in (
                (text("The firm"), visit.opens("organisation", organisation=firm)),
                (text("Where it sends its goods"), carried(visit, "where", {"organisation": firm})),
                (text("What does not match", context="trade"), visit.opens("exceptions", query={"organisation": firm})),
                (text("Findings about it"), visit.opens("findings", query={"organisation": firm})),
            )
            if href is not None
        ],
    )


def _headline(visit: Visit, line: Filters, rows: pl.DataFrame, name: str) -> str:
    language = visit.language
    assert line.element is not None, "the page is about one element"
    element, (when_en, when_zh) = words.element(line.element, language), when(line)
    row = rows.row(0, named=True) if rows.height else None
    if row is None or not row["passed_mg"]:
        return visit.text(
            "{name} passed on no {element} that it bought {when}",
            name=name,
            element=element,
            when=bilingual(when_en, when_zh),
        )
    came, share = written.mass(row["in_mg"], language), written.percent(row["share"], language, 0)
    days, markup = in_days(row["days"]), marked_up(row["markup"])
    return visit.localized(
        bilingual(
            f"{name} passed on {share} of the {came} of {element} that it bought {when_en},{days[0]}{markup[0]}".rstrip(
                ","
            ),
            f"{when_zh}{name}将所购{came}{element}的{share}转手{days[1]}{markup[1]}",
        )
    )


def when(line: Filters) -> tuple[str, str]:
    """The months in a sentence: in 2025, 2025年; from March to August 2025."""
    en, zh = written.span(line.span, "en"), written.span(line.span, "zh")
    return (f"from {en}" if ".." in str(line.span) else f"in {en}"), zh


def in_days(days: float | None) -> tuple[str, str]:
    """` in 3 days`, `，停留3天`; nothing where nobody knows."""
    if days is None:
        return "", ""
    n = written.number(days)
    return (f" in {n} day" if days == 1 else f" in {n} days"), f"，停留{n}天"


def marked_up(markup: float | None) -> tuple[str, str]:
    """` at +3 %`, `，加价3%`; nothing where no price is known."""
    if markup is None:
        return "", ""
    en, zh = written.percent(markup, "en", signed=True), written.percent(markup, "zh", signed=True)
    return f" at {en}", f"，加价{zh}"


def _lede(visit: Visit, rows: pl.DataFrame, firm: str) -> str:
    """What it is registered as, and what is not known of its prices."""
    roles = visit.reading.snapshot.register.roles.get(firm, frozenset())
    named = visit.text(", ", context="trade, dealings").join(
        words.word(words.ROLES, one, visit.language) for one in sorted(roles)
    )
    told = visit.text("Registered as: {named}.", named=named)
    if TRADER_ROLE not in roles:
        told = visit.text("It is not registered as a trader, but as: {named}.", named=named)
    if rows.height and rows["other_currencies"][0]:
        n = written.count(rows["other_currencies"][0])
        told += visit.text(
            " {n} of its dealings have a price in one currency and a price out in another, and are not compared.", n=n
        )
    return told


def _table(visit: Visit, line: Filters, found: pl.DataFrame, names: dict[str, str]) -> Table:
    return Table(
        name="dealings",
        caption=visit.text("Lots in and out"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="in", label=text("Came in", context="trade")),
            Column(key="out", label=text("Left", context="trade")),
            Column(key="days", label=text("Days", context="trade"), number=True),
            Column(key="mass", label=text("{element}", element=line.element), number=True, unit="kg"),
            Column(key="price_in", label=text("Price in, per kg"), number=True),
            Column(key="price_out", label=text("Price out, per kg"), number=True),
            Column(key="markup", label=text("Mark-up"), number=True),
            Column(key="papers", label=text("Papers in and out")),
            Column(key="changed", label=text("Changed")),
        ),
        rows=FrameRows(
            found,
            lambda row: _cells(visit, row, names),
            sorts={
                "lot": "in_called",
                "in": "in_on",
                "out": "out_on",
                "days": "days",
                "mass": "element_mg",
                "price_in": "price_in",
                "price_out": "price_out",
                "markup": "markup",
            },
        ),
        empty=visit.text("No dealing is like that: choose another view, element or period."),
    )


def _cells(visit: Visit, row: dict[str, Any], names: dict[str, str]) -> Row:
    language = visit.language
    called, other = row["in_called"] or row["out_called"], row["out_called"]
    renamed = other if row["in_called"] and other and other != called else ""
    return (
        Cell(
            text=called or written.NOTHING,
            value=called,
            href=visit.opens("lot", lot=called) if called else None,
            note=visit.text("sold as {renamed}", renamed=renamed) if renamed else "",
            marks=True,
        ),
        _day(visit, row, "in", names),
        _day(visit, row, "out", names),
        Cell(text=written.NOTHING if row["days"] is None else written.count(row["days"]), value=row["days"]),
        Cell(text=written.mass(row["element_mg"], language), value=row["element_mg"] / written.MG_PER_KG),
        _price(visit, row, "in"),
        _price(visit, row, "out"),
        _markup(visit, row),
        Cell(
            text=row["in_document"] or written.NOTHING,
            note=f"→ {row['out_document'] or written.NOTHING}",
            marks=True,
            value=f"{row['in_document'] or ''} → {row['out_document'] or ''}",
            href=_differences(visit, row),
        ),
        Cell(
            text=visit.text(", ", context="trade, dealings").join(
                visit.localized(CHANGED[one]) for one in row["changed"]
            ),
            shape="half",
            tone="hold",
            value=";".join(row["changed"]),
        )
        if row["changed"]
        else Cell(text=written.NOTHING, value=""),
    )


def _day(visit: Visit, row: dict[str, Any], side: str, names: dict[str, str]) -> Cell:
    """The day, with whom it came from or went to; it leads to the entry that says so."""
    on, party, entry = row[f"{side}_on"], row["supplier" if side == "in" else "customer"], row[f"{side}_entry"]
    if on is None:
        text_ = visit.text("there before, or made") if side == "in" else visit.text("not as it came")
        return Cell(text=text_, value="")
    who = names.get(party, party) if party else ""
    abroad = side == "out" and row["abroad"] and row["country"]
    where = words.country(row["country"], visit.language) if abroad else ""
    return Cell(
        text=written.day(on, visit.language),
        value=on.isoformat(),
        href=visit.opens("entry", entry=entry),
        note=" · ".join(one for one in (who, where) if one),
    )


def _price(visit: Visit, row: dict[str, Any], side: str) -> Cell:
    price = row[f"price_{side}"]
    if price is None:
        return Cell(text=written.NOTHING if row[f"{side}_on"] is None else visit.text("no price known"))
    paper = visit.localized(PAPERS[row[f"paper_{side}"]])
    return Cell(
        text=f"{row[f'currency_{side}'] or ''} {written.number(round(price, 2))}".strip(),
        value=round(price, 4),
        note=paper,
    )


def _markup(visit: Visit, row: dict[str, Any]) -> Cell:
    if row["markup"] is not None:
        return Cell(text=written.percent(row["markup"], visit.language, signed=True), value=row["markup"])
    two = row["price_in"] is not None and row["price_out"] is not None
    return Cell(text=visit.text("two currencies") if two else written.NOTHING)


def _differences(visit: Visit, row: dict[str, Any]) -> str | None:
    """Where filings, invoices and the border disagree about the firm, in the month in which it left."""
    on = row["out_on"] or row["in_on"]
    return visit.opens("exceptions", query={"organisation": row["organisation"], "period": f"{on:%Y-%m}"})
