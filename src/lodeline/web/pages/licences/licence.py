"""Licences, and one of them: what is reserved, used and left of each mass, its acts, and the log of its draw-downs.

The authority's page and the firm's own are one; each is open to whoever may see the licence's holder. That of the
customs desk enters besides what customs decide about it (`licence_acts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.material.mass import format_kg
from lodeline.service.licences.accounts import AccountMasses
from lodeline.service.licences.answers import (
    LicenceDetail,
    LicenceDraw,
    LicencePosition,
    UnknownLicence,
    licence_shown,
)
from lodeline.web.pages.common import law_days
from lodeline.web.pages.licences import acts as licence_acts
from lodeline.web.pages.licences import decisions as licence_decisions
from lodeline.web.pages.licences.application_part import KINDS
from lodeline.web.pages.licences.decisions import Deciding
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.words import Tone

STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "granted": (text("In force"), "tick", "flow"),
    "to-come": (text("Not yet in force"), "ring", "quiet"),
    "suspended": (text("Suspended"), "bar", "hold"),
    "exhausted": (text("Used", context="licences, state"), "bar", "quiet"),
    "expired": (text("Ended", context="licences"), "bar", "quiet"),
    "revoked": (text("Revoked"), "square", "hold"),
    "handed-on": (text("Handed on"), "bar", "quiet"),
    "unknown": (text("Not in the register"), "square", "hold"),
}
#: How a reservation or tranche stands.
POSITIONS: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "open": (text("Waits to leave"), "half", "flow"),
    "tranche": (text("With the port"), "half", "flow"),
    "lapsed": (text("Lapsed"), "bar", "quiet"),
    "closed": (text("Closed", context="licences"), "tick", "quiet"),
    "voided": (text("Taken back", context="licences, licence, positions"), "bar", "quiet"),
}
_ACTS: Final[Mapping[str, Text]] = {
    "reserve": text("Reserved on release"),
    "allot": text("Allotted to a port"),
    "exit": text("Exit confirmed"),
    "correct": text("Exit corrected"),
    "void": text("Taken back", context="licences, licence, acts"),
    "filed": text("Filed by the exporter"),
}
_DEEDS: Final[Mapping[str, Text]] = {
    "suspended": text("suspended", context="licences"),
    "resumed": text("resumed", context="licences"),
    "revoked": text("revoked"),
    "holder": text("another holder"),
    "papers": text("papers filed with it"),
}
LABELS: Final[Mapping[str, Text]] = {
    "granted": text("Granted", context="licences, licence"),
    "reserved": text("Reserved"),
    "used": text("Used", context="licences"),
    "overdrawn": text("Overdrawn"),
    "left": text("Left", context="licences"),
    "lapsed": text("Lapsed", context="licences"),
}
MASSES: Final = ("granted", "reserved", "used", "overdrawn", "left", "lapsed")


def licence(visit: Visit, licence: str) -> HttpResponse:
    """The page `licences/NUMBER/` of the authority; its forms propose and decide what becomes of the licence.

    It is the holder's firm that is looked at.
    """
    document = _asked(visit, licence)
    done = licence_decisions.done(visit, licence) if visit.request.method == "POST" else None
    if isinstance(done, HttpResponse):
        return done
    return _page(
        visit, document, organisation=document.exporter or "", back=visit.url("licences"), refused=done,
        deciding=licence_decisions.deciding(visit, visit.store.newest_register().licences.get(licence)),
    )  # fmt: skip


def desk_licence(visit: Visit, licence: str) -> HttpResponse:
    """The page `desk/licences/NUMBER/`: the same; its forms enter what customs saw leave, take back, and allot."""
    document = _asked(visit, licence)
    done = licence_acts.done(visit, document) if visit.request.method == "POST" else None
    if isinstance(done, HttpResponse):
        return done
    back = visit.url("desk-licences")
    return _page(visit, document, organisation=document.exporter or "", back=back, refused=done, acts=True)


def firm_licence(visit: Visit, organisation: str, licence: str) -> HttpResponse:
    """The page `firm/ID/licences/NUMBER/`: only of a licence that the firm holds or held."""
    document = _asked(visit, licence, reader=organisation)
    back = visit.url("firm-licences", organisation=organisation)
    may = visit.actor.may("own.file", organisation)
    apply_at = visit.url("firm-licences", organisation=organisation, query={"view": "applications"}) if may else None
    return _page(visit, document, organisation=organisation, back=back, apply_at=apply_at)


def why_used_up(
    visit: Visit, state: str | None, kind: str | None, *, left_mg: int | None, lapsed_mg: int | None
) -> str:
    """Why a licence is used of which mass is left or has lapsed: not the mass has ended it; else nothing."""
    if state != "exhausted" or not (left_mg or lapsed_mg):
        return ""
    if kind == "individual" and left_mg:
        return visit.text("its one export is declared; what is left is for that declaration alone")
    if kind == "individual":
        return visit.text("its one export is made; what was not used has lapsed")
    return visit.text("of its elements nothing is left")


def flagged_text(visit: Visit, exits: int) -> str:
    """How many exits are flagged; nothing where none is."""
    if not exits:
        return ""
    number = written.count(exits)
    return visit.text("{number} exit{s} flagged", number=number, s="s" if exits > 1 else "")


def _asked(visit: Visit, licence: str, *, reader: str | None = None) -> LicenceDetail:
    """What `reader` may know of a licence; None: the authority."""
    store, law = visit.store, visit.law
    try:
        return licence_shown(store, store.newest_register(), law, licence, day=law_days.today(law), reader=reader)
    except UnknownLicence as error:
        raise _not_here(licence) from error


def _not_here(licence: str) -> NotHereError:
    return NotHereError(text("There is no licence {licence}.", licence=licence))


def _page(
    visit: Visit, document: LicenceDetail, *, organisation: str, back: str | None, acts: bool = False,
    refused: Sequence[str] | None = None, deciding: Deciding | None = None, apply_at: str | None = None,
) -> HttpResponse:  # fmt: skip
    """`back`: the list it stands in; `apply_at`: where its holder applies for the same again;
     `refused`: why what a form asked was not done; `acts`: with the desk's forms;
    `deciding`: with those of licensing officers."""
    tables = {
        "masses": _masses(visit, document), "positions": _positions(visit, document), "draws": _draws(visit, document),
    }  # fmt: skip
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    word, shape, tone = STATES[document.state]
    language = visit.language
    return show(
        visit,
        "lodeline/licences/licence.html",
        title=visit.text("Licence {id}", id=document.id),
        state=visit.localized(word), shape=shape, tone=tone, holder=firm_names(visit).get(organisation, organisation),
        kind=words.word(KINDS, document.kind or "", language),
        until=written.day(document.valid_to, language),
        since=written.day(document.valid_from, language),
        back=back,
        apply_at=apply_at,
        holder_at=visit.opens("organisation", organisation=organisation) if organisation else None,
        document=document,
        flagged=flagged_text(visit, document.flagged_exits),
        status=400 if refused else 200,
        notices=(licence_acts if acts else licence_decisions).notices(visit, refused),
        deciding=deciding,
        forms=licence_acts.forms(visit, document) if acts else None,
        at_desk=None if acts else visit.opens("desk-licence", licence=document.id),
        acts=[
            {
                "on": written.day(act.on, language),
                "deed": words.word(_DEEDS, act.deed, language),
                "holder": firm_names(visit).get(act.holder, act.holder) if act.holder else "",
                "reason": act.reason,
            }
            for act in document.acts
        ],
        others=[(who, format_kg(mass_mg)) for who, mass_mg in document.of_others_mg.items()],
        tables={name: shown(visit, table) for name, table in tables.items()},
    )  # fmt: skip


def mass_cell(visit: Visit, mass_mg: int | None) -> Cell:
    """A mass, with a dash for nothing; exported in kg."""
    if mass_mg is None:
        return Cell(text=written.NOTHING)
    text = written.mass(mass_mg, visit.language) if mass_mg else written.NOTHING
    return Cell(text=text, value=mass_mg / written.MG_PER_KG)


def day_cell(visit: Visit, on: date | None) -> Cell:
    """A day, exported as ISO text."""
    return Cell(text=written.day(on, visit.language), value=None if on is None else on.isoformat())


def mass_cells(visit: Visit, masses: AccountMasses) -> Row:
    """A cell for each of `MASSES`."""
    return tuple(mass_cell(visit, getattr(masses, f"{key}_mg")) for key in MASSES)


def _masses(visit: Visit, document: LicenceDetail) -> Table:
    goods = {visit.text("Goods, net"): document.goods}
    rows = [(Cell(text=name), *mass_cells(visit, mass)) for name, mass in {**goods, **document.elements}.items()]
    return Table(
        name="masses",
        caption=visit.text("Granted + overdrawn = reserved + used + left + lapsed"),
        columns=(
            Column(key="mass", label=text("Mass of")),
            *(Column(key=key, label=LABELS[key], number=True, unit="kg") for key in MASSES),
        ),
        rows=rows,
        empty="",
    )


def _positions(visit: Visit, document: LicenceDetail) -> Table:
    """Reservations and tranches: what of each is used and what may still leave."""
    return Table(
        name="positions",
        caption=visit.text("Reservations and tranches"),
        columns=(
            Column(key="for", label=text("For", context="licences, licence")),
            Column(key="state", label=text("State")),
            Column(key="mass", label=text("Reserved"), number=True, unit="kg"),
            Column(key="used", label=text("Has left", context="licences, licence"), number=True, unit="kg"),
            Column(key="open", label=text("May still leave"), number=True, unit="kg"),
            Column(key="until", label=text("Until", context="licences, licence")),
        ),
        rows=[_position_row(visit, one) for one in document.positions if one.number is not None],
        empty=visit.text("Nothing is reserved on it."),
    )


def _position_row(visit: Visit, one: LicencePosition) -> Row:
    state = "lapsed" if one.lapsed else one.state
    word, shape, tone = POSITIONS[state]
    goods, notes = one.declaration or "", [visit.text("line {line}", line=one.line)]
    if one.state == "tranche" or not one.declaration:
        goods, notes = visit.text("tranche {tranche}", tranche=one.tranche), []
    elif one.tranche:
        notes.append(visit.text("of tranche {tranche}", tranche=one.tranche))
    return (
        Cell(text=goods, value=one.declaration or one.tranche, whole=True, note=" · ".join(notes)),
        Cell(text=visit.localized(word), value=state, shape=shape, tone=tone),
        mass_cell(visit, one.mass_mg),
        mass_cell(visit, one.used_mg),
        mass_cell(visit, one.open_mg),
        day_cell(visit, one.until),
    )


def _draws(visit: Visit, document: LicenceDetail) -> Table:
    by_number = {one.number: one for one in document.draws if one.event is None}
    return Table(
        name="draws",
        caption=visit.text("Draw-downs, oldest first"),
        columns=(
            Column(key="entry", label=text("Entry")),
            Column(key="on", label=text("Day")),
            Column(key="act", label=text("What", context="licences, licence")),
            Column(key="declaration", label=text("Declaration", context="licences, licence")),
            Column(key="mass", label=text("Goods", context="licences"), number=True, unit="kg"),
            Column(key="note", label=text("Note", context="licences")),
        ),
        rows=[_draw_row(visit, one, by_number) for one in document.draws],
        empty=visit.text("Nothing has been drawn on it."),
    )


def _draw_row(visit: Visit, one: LicenceDraw, by_number: Mapping[int, LicenceDraw]) -> Row:
    line = visit.text("line {line}", line=one.line) if one.line else (one.event or "")
    notes = [one.tranche, one.reference, one.reason]
    if one.closes:
        notes.append(visit.text("nothing more leaves; the rest returns"))
    if one.corrects:
        wrong = by_number[one.corrects]
        kg, reference = format_kg(wrong.mass_mg), wrong.reference
        notes.append(visit.text("in place of {kg} kg ({reference})", kg=kg, reference=reference))
    if one.corrected_by:
        newer = by_number[one.corrected_by].reference
        notes.append(visit.text("does not count: corrected by {newer}", newer=newer))
    notes += [each.message(visit.language) for each in one.problems]
    note = visit.text("; ", context="licences").join(filter(None, notes))
    flagged = Cell(text=visit.text("Flagged"), value=note, shape="square", tone="hold", note=note)
    return (
        Cell(text=str(one.entry), value=one.entry),
        day_cell(visit, one.on),
        Cell(text=words.word(_ACTS, one.act, visit.language), value=one.act, note=one.organisation),
        Cell(text=one.declaration or written.NOTHING, value=one.declaration, whole=True, note=line),
        mass_cell(visit, one.mass_mg),
        flagged if one.problems else Cell(text=note),
    )
