"""A lot: where its elements came from or went, what it is made of, who holds it, and the entries that prove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl
from django.http import HttpResponse
from django.utils.functional import cached_property

from lodeline.language import bilingual, text
from lodeline.ledger.movement import movements, with_balances
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB_PER_PERCENT, format_kg
from lodeline.service.lots import lots as questions
from lodeline.service.overview import overview
from lodeline.store.queries.lots import aliases_about
from lodeline.web.pages.lots import history as history_of
from lodeline.web.pages.lots import tables as tables_of
from lodeline.web.pages.lots.graph import draw_composition, draw_origins, draw_relations, origin_name
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: A part of no known origin below the first is what rounding leaves; from the second on it is what a reader must know.
_LEAST_PART, _LARGE_PART = 0.0005, 0.01


def lot(visit: Visit, lot: str) -> HttpResponse:
    """The page `lots/MAKER/LOT/`: `?element=`; `?direction=forward` shows where it went."""
    return _page(Chosen(visit=visit, name=lot, place=visit.reading.snapshot.flow_index().find(lot)))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A lot, what a reader wants to see of it, and the answers about that. `place`: its place in the lot graph.

    All of it is read here, of the graph and of the store: whoever computes the nation is not asked about one lot.
    """

    visit: Visit
    name: str
    place: int

    @property
    def number(self) -> int:
        """Its number in the ledger."""
        return self.place + 1

    @property
    def product(self) -> str | None:
        """As stated."""
        return self.visit.reading.snapshot.flow_index().lot_product[self.place]

    @cached_property
    def composition(self) -> dict[str, int]:
        """Symbol → ppb of dry mass, TREO with it; empty where nobody has stated any."""
        return questions.composition(self.visit.reading.snapshot.flow_index(), self.place)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """The rare earths of the lot and their total: what it can be traced by."""
        return tuple(symbol for symbol in (*RARE_EARTHS, TREO) if symbol in self.composition)

    @cached_property
    def element(self) -> str | None:
        """What is asked for, else neodymium, else what there is most of; None where no composition is stated."""
        asked = self.visit.query("element")
        if asked is None:
            most = max(RARE_EARTHS, key=lambda symbol: self.composition.get(symbol, 0))
            first = choice.FIRST_ELEMENT if choice.FIRST_ELEMENT in self.elements else most
            return first if first in self.elements else self.elements[-1] if self.elements else None
        reading = self.visit.reading
        symbol = choice.element(self.visit, (*reading.answer(overview.elements, reading.snapshot), *self.elements))
        if symbol not in self.elements:
            listed = ", ".join(self.elements)
            raise NotHereError(
                text(
                    "The composition of this lot states no {element}: look at one of {listed}.",
                    element=bilingual(words.element(symbol, "en"), words.element(symbol, "zh")),
                    listed=listed,
                )
                if listed
                else text(
                    "The composition of this lot states no {element}: it states nothing at all.",
                    element=bilingual(words.element(symbol, "en"), words.element(symbol, "zh")),
                )
            )
        return symbol

    @cached_property
    def forward(self) -> bool:
        direction = self.visit.query("direction") or "backward"
        if direction not in ("backward", "forward"):
            raise BadQuestionError(
                text("{direction!r} is no direction: write backward or forward.", direction=direction)
            )
        return direction == "forward"

    @cached_property
    def relations(self) -> questions.Relations:
        return questions.relations(
            self.visit.reading.snapshot, lot=self.name, element=self.element or TREO, forward=self.forward
        )

    @cached_property
    def sources(self) -> Mapping[str, list[dict[str, Any]]]:
        return questions.sources(self.visit.reading.snapshot, lot=self.name)

    @property
    def itself(self) -> dict[str, Any]:
        """The lot's own row among its relations."""
        return self.relations.table.row(0, named=True)

    @cached_property
    def lines(self) -> pl.DataFrame:
        """Every line in force that names the lot."""
        return self.visit.reading.snapshot.lines_of_lot(self.number)

    @cached_property
    def movements(self) -> pl.DataFrame:
        """Its movements with what was held after each."""
        return with_balances(movements(self.lines))


def _page(chosen: Chosen) -> HttpResponse:
    visit, language = chosen.visit, chosen.visit.language
    symbol, itself = chosen.element, chosen.itself
    tables = _tables(chosen)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    register = visit.reading.snapshot.register
    maker = itself["organisation"]
    element = None if symbol is None else words.element(symbol, language)
    return show(
        visit,
        "lodeline/lots/lot.html",
        title=_headline(chosen),
        name=chosen.name,
        product=lot_words.product(chosen.product, language),
        element=element,
        symbol=symbol,
        elements=choice.element_links_of(visit, chosen.composition, symbol),
        forward=chosen.forward,
        ways=_ways(visit, forward=chosen.forward),
        made=_made(chosen),
        maker=words.organisation_names(register, language).get(maker, maker),
        maker_href=visit.url("organisation", organisation=maker) if maker in register.roles else None,
        reached=written.count(chosen.relations.reached),
        drawn=written.count(len(chosen.relations.picked) - 1),
        left_out=chosen.relations.reached - (len(chosen.relations.picked) - 1),
        cyclic=chosen.relations.cyclic,
        aliases=_aliases(chosen),
        beyond=written.mass(beyond, language) if (beyond := int(chosen.movements["unaccounted_mg"].sum())) else None,
        desk=_desk(chosen),
        graph=draw_relations(visit, chosen.relations, element=element, forward=chosen.forward),
        composition=draw_composition(visit, chosen.composition, symbol),
        origins=draw_origins(visit, chosen.sources["places"], symbol),
        bounds=_bounds(chosen),
        tables={key.replace("-", "_"): shown(visit, table) for key, table in tables.items()},
    )


def _bounds(chosen: Chosen) -> str:
    """How good the bounds of the table of origins are; "" where it shows none."""
    places = chosen.sources["places"]
    if chosen.element is None or not places:
        return ""
    return "exact" if all(place["exact"] for place in places) else "loose"


def _aliases(chosen: Chosen) -> list[str]:
    """What the lot is called on papers that do not bear its id, and what it really is if its id is such a name."""
    visit, snapshot = chosen.visit, chosen.visit.reading.snapshot
    names = words.organisation_names(snapshot.register, visit.language)
    given = aliases_about(visit.reading.store, chosen.name, entry=snapshot.entry)
    texts = [
        visit.text("Buyers of {who} know it as {alias}.", who=names.get(who, who), alias=alias)
        for who, alias, real in given.iter_rows()
        if real == chosen.name
    ]
    for who, alias, real in given.iter_rows():
        if f"{who}/{alias}" != chosen.name:
            continue
        texts.append(visit.text("{who} calls the lot {real} so.", who=names.get(who, who), real=real))
    return texts


def _tables(chosen: Chosen) -> dict[str, Table]:
    visit, symbol, itself = chosen.visit, chosen.element, chosen.itself
    return {
        "relations": tables_of.relations_table(visit, chosen.relations, symbol, forward=chosen.forward),
        "composition": tables_of.composition_table(visit, chosen.composition, itself["made_mg"]),
        "assays": tables_of.assays_table(visit, chosen.lines, symbol),
        "origins": tables_of.origins_table(visit, chosen.sources["places"], chosen.composition, symbol),
        "origin-lots": tables_of.origin_lots_table(visit, chosen.sources["lots"], symbol),
        "holders": history_of.holders_table(visit, chosen.movements),
        "movements": history_of.movements_table(visit, chosen.movements, chosen.lines),
        "transfers": history_of.transfers_table(visit, chosen.number),
        "entries": history_of.entries_table(visit, chosen.lines),
    }


def _made(chosen: Chosen) -> dict[str, Any] | None:
    """When, where and how much; None where nobody has filed the making."""
    visit, itself = chosen.visit, chosen.itself
    if not itself["on"]:
        return None
    register = visit.reading.snapshot.register
    return {
        "mass": written.mass(itself["made_mg"], visit.language),
        "on": written.day(itself["on"], visit.language),
        "site": words.site_names(register).get(itself["site"] or "", itself["site"] or ""),
        "site_href": visit.url("balance", site=itself["site"]) if itself["site"] in register.site_stage else None,
    }


def _ways(visit: Visit, *, forward: bool) -> list[dict[str, object]]:
    return [
        {"text": visit.text("Where from"), "href": visit.here(direction=None), "here": not forward},
        {"text": visit.text("Where to"), "href": visit.here(direction="forward"), "here": forward},
    ]


def _headline(chosen: Chosen) -> str:
    return _headline_forward(chosen) if chosen.forward else _headline_backward(chosen)


def _headline_forward(chosen: Chosen) -> str:
    reached, visit = chosen.relations.reached, chosen.visit
    if not reached:
        return visit.text("Nothing has been made with this lot yet")
    n = written.count(reached)
    return (
        visit.text("One lot was made with it", n=n) if reached == 1 else visit.text("{n} lots were made with it", n=n)
    )


def _headline_backward(chosen: Chosen) -> str:
    visit, symbol, language = chosen.visit, chosen.element, chosen.visit.language
    if chosen.itself["origin_kind"] is not None:
        kind = words.word(words.ORIGINS, chosen.itself["origin_kind"], language)
        return visit.text("This lot is itself an origin: {kind}", kind=bilingual(kind.lower(), kind))  # fmt: skip
    if symbol is None:
        return visit.text("No composition is stated, so nothing of it can be traced")
    name = words.element(symbol, language)
    places = [row for row in chosen.sources["places"] if row["booked_shares"].get(symbol, 0) >= _LEAST_PART]
    known = [row for row in places if row["origin_kind"] != "unaccounted"]
    unknown = sum(row["booked_shares"][symbol] for row in places if row["origin_kind"] == "unaccounted")
    if unknown >= 1 - _LEAST_PART or not known:
        return visit.text("None of its {name} has a known origin", name=name)
    if unknown >= _LARGE_PART:
        part = written.percent(unknown, language)
        return visit.text("{part} of its {name} has no known origin", part=part, name=name)
    first = max(known, key=lambda row: row["booked_shares"][symbol])
    named = origin_name(visit, first["origin_kind"], first["origin_place"])
    origin = named[:1].lower() + named[1:]
    if len(known) == 1:
        return visit.text("All of its {name} has one origin: {origin}", name=name, origin=origin)
    part, n = written.percent(first["booked_shares"][symbol], language, 0), written.count(len(known))
    if unknown:
        return visit.text(
            "{n} origins and a trace without any; {part} of the {name} from one ({origin})",
            n=n,
            part=part,
            name=name,
            origin=origin,
        )
    return visit.text(
        "{n} origins, all named; {part} of the {name} from one ({origin})", n=n, part=part, name=name, origin=origin
    )


def _desk(chosen: Chosen) -> str | None:
    """The customs desk with the fields filled in that the lot knows; for magnets."""
    code = chosen.product
    if not lot_words.is_magnet(code):
        return None
    stated = {symbol: ppb for symbol, ppb in chosen.composition.items() if symbol != TREO}
    mass_mg = int(chosen.itself["made_mg"])
    return chosen.visit.url(
        "desk",
        query={
            "product_name": lot_words.product(code, "en"),
            "product": code,
            "lot": chosen.name,
            "composition": ";".join(f"{symbol}={_plain(ppb)}" for symbol, ppb in stated.items()),
            "mass_kg": format_kg(mass_mg) if mass_mg else "",
        },
    )


def _plain(ppb: int) -> str:
    """A share in percent, exactly: 24.1, 0.36."""
    return f"{Decimal(ppb) / PPB_PER_PERCENT:f}"
