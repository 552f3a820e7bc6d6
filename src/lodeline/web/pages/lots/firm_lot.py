"""A lot as its holder may see it: what it is, what happened to it here, its neighbours, where its elements come from.

Beyond the firm's own edge stand kinds of origin and countries, and nobody's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import bilingual, text
from lodeline.material.composition import read_canonical
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB, share_mg
from lodeline.office.lots.firm_view import OwnLot, UnknownLotError, give_alias, own_lot
from lodeline.service.lots.aliases import AliasError
from lodeline.web.pages.common.firm_part import Firm, error_text, kilograms
from lodeline.web.pages.filing.waiting import waiting_table
from lodeline.web.pages.lots.graph import draw_composition, draw_origins
from lodeline.web.pages.lots.tables import origins_table
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words


def firm_lot(visit: Visit, organisation: str, lot: str) -> HttpResponse:
    """The page `firm/ID/lots/LOT/`: `?element=`. The lot is named as the firm knows it; a form gives it an alias."""
    firm = Firm(visit, organisation)
    refused = ""
    try:
        if visit.request.method == "POST":
            give_alias(visit.actor, firm.own, lot, visit.request.POST.get("alias", ""), now=firm.now)
            return HttpResponseRedirect(visit.here(said="alias"), status=303)
    except UnknownLotError as error:
        raise NotHereError(error.words) from error
    except AliasError as error:
        refused = error_text(visit, error)
    try:
        found = own_lot(visit.actor, firm.own, visit.reading.snapshot, lot, firm.own.transfers(firm.now))
    except UnknownLotError as error:
        raise NotHereError(error.words) from error
    symbol = _element(visit, found)
    tables = {
        "composition": _composition_table(firm, found),
        "assays": _assays_table(firm, found, symbol),
        "origins": origins_table(visit, found.origins, found.composition, symbol),
        "history": _history_table(firm, found),
        "transfers": waiting_table(firm, found.transfers, name="transfers", per_page=10),
        "aliases": _aliases_table(firm, found),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    name = None if symbol is None else words.element(symbol, visit.language)
    return show(
        visit,
        "lodeline/lots/firm_lot.html",
        title=_headline(firm, found),
        status=400 if refused else 200,
        notices=_notices(visit, found, refused),
        alias=_alias_field(visit, refused) if _may_name(firm, found) else None,
        has_alias=found.aliases.height > 0,
        apply_at=_apply_at(firm, found),
        lot=found,
        name=firm.name,
        product=lot_words.product(found.product, visit.language),
        held=written.mass(found.held_mg, visit.language),
        marked=lot.startswith("~"),
        elements=choice.element_links_of(visit, found.composition, symbol),
        element=name,
        composition=draw_composition(visit, found.composition, symbol),
        origins=draw_origins(visit, found.origins, symbol),
        proofs=_proofs(firm, found),
        tables={key: shown(visit, table) for key, table in tables.items()},
    )


def _may_name(firm: Firm, found: OwnLot) -> bool:
    """Whether whoever looks may give it an alias: what is only on its way bears its shipper's name."""
    return firm.visit.actor.may("own.file", firm.organisation) and bool(found.history["own"].any())


def _apply_at(firm: Firm, found: OwnLot) -> str | None:
    """Where an application for a licence for it is begun, of what can be sent."""
    if not found.held_mg or not firm.visit.actor.may("own.file", firm.organisation):
        return None
    return firm.url("firm-licences", query={"view": "applications"})


def _notices(visit: Visit, found: OwnLot, refused: str) -> list[Notice]:
    if refused:
        return [Notice(kind="problem", text=refused)]
    if visit.query("said") == "alias" and found.aliases.height:
        given = found.aliases["alias"][-1]
        return [Notice(kind="success", text=visit.text("Your buyers see {given} now.", given=given))]
    return []


def _alias_field(visit: Visit, refused: str) -> Field:
    return Field(
        name="alias", label=visit.text("Alias"), required=True, width="short",
        value=visit.request.POST.get("alias", ""), errors=(refused,) if refused else (),
        hint=visit.text("A to Z, a to z, digits and . _ : - without spaces. It cannot be taken back, only "
"followed by another."),
    )  # fmt: skip


def _aliases_table(firm: Firm, found: OwnLot) -> Table:
    """Every name that the firm has given it, the newest first."""
    visit = firm.visit
    return Table(
        name="aliases",
        caption=visit.text("Aliases"),
        columns=(
            Column(key="alias", label=text("Alias")),
            Column(key="since", label=text("Since", context="lots, firm lot")),
            Column(key="entry", label=text("Entry of the log"), number=True),
        ),
        rows=[
            (
                Cell(text=row["alias"], value=row["alias"]),
                Cell(text=firm.moment(datetime.fromisoformat(row["filed_at"])), value=row["filed_at"]),
                Cell(text=written.count(row["entry"]), value=row["entry"]),
            )
            for row in found.aliases.reverse().iter_rows(named=True)
        ],
        empty=visit.text("None: your buyers see the id that you file."),
    )


def _element(visit: Visit, found: OwnLot) -> str | None:
    """What is asked for, else neodymium, else what there is most of."""
    present = tuple(symbol for symbol in (*RARE_EARTHS, TREO) if symbol in found.composition)
    if not present:
        return None
    if visit.query("element") is not None or choice.FIRST_ELEMENT in present:
        return choice.element(visit, present)
    return max(present, key=lambda symbol: (symbol != TREO, found.composition[symbol]))


def _headline(firm: Firm, found: OwnLot) -> str:
    visit = firm.visit
    product = lot_words.product(found.product, visit.language)
    held = written.mass(found.held_mg, visit.language)
    first = product[:1].upper() + product[1:]
    came = found.transfers.filter(pl.col("receiver") == firm.organisation)
    if found.made_here:
        origin = visit.text("made here")
    elif came.height:
        who = firm.names.get(came["shipper"][0] or "", written.NOTHING)
        origin = visit.text("from {who}", who=who)
    else:
        origin = visit.text("held here")
    if found.held_mg:
        return visit.text(
            "{first}, {origin}; {held} are left", first=bilingual(first, product), origin=origin, held=held
        )
    return visit.text("{first}, {origin}; nothing is left of it here", first=bilingual(first, product), origin=origin)


def _composition_table(firm: Firm, found: OwnLot) -> Table:
    """Element by element, as the lot's maker states it now."""
    visit, language = firm.visit, firm.visit.language
    return Table(
        name="composition",
        caption=visit.text("Composition"),
        columns=(
            Column(key="element", label=text("Element")),
            Column(key="share", label=text("Of dry mass"), number=True, unit="%"),
            Column(key="mass", label=text("In what you hold"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(text=words.element(symbol, language).capitalize(), value=symbol, note=symbol),
                Cell(text=written.percent(ppb / PPB, language, 3), value=ppb * 100 / PPB),
                firm.mass(share_mg(found.held_mg, ppb)),
            )
            for symbol, ppb in found.composition.items()
        ],
        empty=visit.text("Nobody has stated a composition: ask for the assay."),
    )


def _assays_table(firm: Firm, found: OwnLot, symbol: str | None) -> Table:
    """The firm's own assays, and those on the papers of whoever it deals with."""
    visit, language = firm.visit, firm.visit.language

    def cells(row: Mapping[str, Any]) -> Row:
        composition = read_canonical(row["composition"])
        ppb = composition.get(symbol or "")
        text = " · ".join(f"{one} {written.percent(share / PPB, language, 2)}" for one, share in composition.items())
        return (
            firm.day(row["on"]),
            Cell(text=firm.name) if row["own"] else firm.party(row["party"]),
            Cell(text=words.word(lot_words.EVENTS, row["kind"], language), value=row["kind"]),
            Cell(text=(row["method"] or written.NOTHING).replace(";", " · "), value=row["method"]),
            Cell(
                text=written.percent(None if ppb is None else ppb / PPB, language, 3),
                value=None if ppb is None else ppb * 100 / PPB,
            ),
            Cell(text=text, value=row["composition"]),
        )  # fmt: skip

    return Table(
        name="assays",
        caption=visit.text("Assays"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="who", label=text("Stated by")),
            Column(key="kind", label=text("With", context="lots, firm lot, assays table")),
            Column(key="method", label=text("Methods", context="lots")),
            Column(key="share", label=bilingual(symbol or "Share", f"{symbol or ''}占比"), number=True, unit="%"),
            Column(key="composition", label=text("As stated")),
        ),
        rows=[cells(row) for row in found.history.iter_rows(named=True) if row["composition"]],
        per_page=10,
        empty=visit.text("No assay stands on your own papers."),
    )


def _history_table(firm: Firm, found: OwnLot) -> Table:
    visit, language = firm.visit, firm.visit.language
    roles = {
        "in": visit.text("consumed"),
        "out": visit.text("made"),
        "waste": visit.text("waste"),
    }

    def cells(row: Mapping[str, Any]) -> Row:
        note = " · ".join(text for text in (roles.get(row["role"] or "", ""), row["event"]) if text)
        entry = row["entry"]
        return (
            firm.day(row["on"]),
            Cell(text=words.word(lot_words.EVENTS, row["kind"], language), value=row["kind"], note=note),
            firm.site(row["site"]),
            Cell(text=written.mass(row["dry_mg"], language), value=kilograms(row["dry_mg"])),
            firm.party(row["party"]) if row["party"] else Cell(text=row["party_name"] or written.NOTHING),
            Cell(
                text=visit.text("yours") if row["own"] else visit.text("theirs"), value=entry,
                href=None if entry is None else firm.url("firm-filing", entry=entry),
            ),
        )  # fmt: skip

    return Table(
        name="history",
        caption=visit.text("What happened to it"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="kind", label=text("Event", context="lots")),
            Column(key="site", label=text("Site")),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="party", label=text("With", context="lots, firm lot, history table")),
            Column(key="filing", label=text("Filing")),
        ),
        rows=[cells(row) for row in found.history.iter_rows(named=True)],
        per_page=20,
        empty=visit.text("Nothing was filed of it."),
    )


def _proofs(firm: Firm, found: OwnLot) -> list[dict[str, object]]:
    """The own entries that name it, each with the way to its receipt."""
    entries = found.history["entry"].drop_nulls().unique(maintain_order=True)
    return [
        {
            "text": firm.visit.text("Entry {entry}", entry=written.count(entry)),
            "href": firm.url("firm-filing", entry=entry),
        }
        for entry in entries
    ]
