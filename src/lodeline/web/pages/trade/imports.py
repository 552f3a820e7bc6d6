"""What somebody abroad received: by element and product, from whom, under which licences. Each number leads on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from lodeline.language import bilingual, text
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.regulation.span import Span
from lodeline.service.trade import where as trade
from lodeline.service.trade.where import NONE, summed
from lodeline.web.pages.common import asked
from lodeline.web.pages.trade.narrowing import NOT_STATED
from lodeline.web.pages.trade.tables import kilograms
from lodeline.web.parts.table import Cell, Column, Table, shown
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: Elements in the table: those of which most came. The page of where it goes has all.
_ELEMENTS_MOST = 5
#: Rows of a table at a time.
_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """What a party abroad received in the year of the newest month: the sentence, the page that has all, the tables."""

    sentence: str
    href: str | None
    tables: tuple[Table, ...]

    def shown(self, visit: Visit) -> dict[str, object]:
        """As `trade/imports.html` takes it."""
        return {"sentence": self.sentence, "href": self.href, "tables": [shown(visit, one) for one in self.tables]}


def imports(visit: Visit, party: str) -> Imports | None:
    """What a party received from abroad; None where nobody sent it anything across a border."""
    months, reading = asked.months(visit), visit.reading
    if months is None:
        return None
    goods = reading.answer(trade.goods_sent, reading.snapshot, reading.law)
    every = trade.narrowed(goods, way="abroad", values={"customer": party})
    if every.is_empty():
        return None
    span = Span.read(months.newest[:4])
    now = trade.narrowed(every, span=span)
    elements = sorted(RARE_EARTHS, key=lambda one: (-int(now[one].sum()), one))[:_ELEMENTS_MOST]
    among = [*(one for one in RARE_EARTHS if one in elements and now[one].sum()), TREO]
    names = words.organisation_names(reading.snapshot.register, visit.language)

    def at(element: str, **narrow: object) -> str | None:
        return visit.opens("where", query={"customer": party, "period": str(span), "element": element, **narrow})

    total = written.mass(int(now[TREO].sum()), visit.language)
    of = [f"{one} {written.mass(int(now[one].sum()), visit.language)}" for one in among[:-1]]
    when = (written.span(span, "en"), written.span(span, "zh"))
    sentence = visit.localized(
        bilingual(
            f"In {when[0]} it received {total} of rare-earth oxide" + (f", of it {', '.join(of)}." if of else "."),
            f"{when[1]}收到稀土氧化物{total}" + (f"，其中{'、'.join(of)}。" if of else "。"),
        )
    )
    tables = (
        _table(visit, now, among, column="product", at=at, named=lambda one: lot_words.product(one, visit.language)),
        _table(visit, now, among, column="organisation", at=at, named=lambda one: names.get(one, one)),
        _table(visit, now, among, column="licence", at=at, named=lambda one: one),
    )
    return Imports(sentence=sentence, href=at(TREO), tables=tables)


_HEADS = {
    "product": ("imports", text("Product"), text("What it imports")),
    "organisation": ("suppliers", text("Supplier"), text("Suppliers", context="trade")),
    "licence": ("import-licences", text("Licence", context="trade"), text("Licences it receives under")),
}


def _table(
    visit: Visit, now: pl.DataFrame, elements: list[str], *, column: str,
    at: Callable[..., str | None], named: Callable[[str], str],
) -> Table:  # fmt: skip
    """Kilograms of each element by a column of goods; each number leads to its rows, the name to its own page."""
    masses = now.group_by(column).agg(pl.col(elements).sum())
    order = summed(now, TREO, column).select(column)
    table, label, caption = _HEADS[column]
    rows = []
    for value, *of in order.join(masses, on=column, how="left", nulls_equal=True, maintain_order="left").iter_rows():
        name = (
            visit.localized(NOT_STATED["firm" if column == "organisation" else column])
            if value is None
            else named(value)
        )
        own = None if value is None or column == "product" else visit.opens(column, **{column: value})
        rows.append(
            (
                Cell(text=name, value=value or name, href=own, note=value if column == "organisation" else ""),
                *(
                    Cell(
                        text=kilograms(mass_mg) if mass_mg else written.NOTHING, value=mass_mg / written.MG_PER_KG,
                        href=at(one, **{column: value or NONE})
                        if mass_mg and (value or column != "product") else None,
                    )
                    for one, mass_mg in zip(elements, of, strict=True)
                ),
            )
        )  # fmt: skip
    return Table(
        name=table,
        caption=visit.localized(caption),
        columns=(
            Column(key=column, label=label),
            *(Column(key=one, label=text("{one}, kg", one=one), number=True) for one in elements),
        ),
        rows=rows,
        empty=visit.text("Nothing in this year."),
        per_page=_SHOWN,
    )  # fmt: skip
