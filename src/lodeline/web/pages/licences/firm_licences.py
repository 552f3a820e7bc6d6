"""A firm's export licences: those in use with what is left of them, what it applies for, and its quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.http import HttpResponse

from lodeline.language import Language, Text, text
from lodeline.service.licences.answers import RegisteredLicence
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.licences.application_part import KINDS
from lodeline.web.pages.licences.firm_applications import applications
from lodeline.web.pages.licences.firm_quota import quota
from lodeline.web.pages.licences.licence import STATES, why_used_up
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: What can be looked at: `?view=`.
VIEWS: Final[Mapping[str, Text]] = {
    "in-use": text("In use", context="licences, firm licences"),
    "applications": text("Applications", context="licences, firm licences"),
    "quota": text("Quota", context="licences, firm licences"),
}


def firm_licences(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/licences/`: `?view=` in-use, applications or quota; forms begin an application, and announce a
    planned run or call one off."""
    firm = Firm(visit, organisation)
    view = visit.query("view") or "in-use"
    if view not in VIEWS:
        known = ", ".join(VIEWS)
        raise BadQuestionError(text("There is no view {view!r}: one of {known}.", view=view, known=known))
    tabs = [
        Tab(label=visit.localized(label), here=key == view, href=firm.url("firm-licences", query=_query(key)) or "")
        for key, label in VIEWS.items()
    ]
    if view == "applications":
        return applications(firm, tabs)
    return quota(firm, tabs) if view == "quota" else _in_use(firm, tabs)


def _query(view: str) -> dict[str, str]:
    return {} if view == "in-use" else {"view": view}


def _in_use(firm: Firm, tabs: Sequence[Tab]) -> HttpResponse:
    visit = firm.visit
    every = firm.own.licences(firm.today)
    table = _table(firm, every)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    now = sum(one.state == "granted" for one in every)
    title = visit.text("No export licence of yours is in force")
    if now:
        title = counted(visit, now, text("One export licence is in force"), text("{n} export licences are in force"))
    return show(
        visit,
        "lodeline/licences/firm_licences.html",
        title=title,
        name=firm.name,
        table=shown(visit, table),
        label=visit.text("Licences"),
        tabs=tabs,
        apply=firm.url("firm-licences", query=_query("applications"))
        if visit.actor.may("own.file", firm.organisation)
        else None,
        over=sum(bool(one.overdrawn_mg) for one in every),
    )


def _table(firm: Firm, every: Sequence[RegisteredLicence]) -> Table:
    visit = firm.visit
    return Table(
        name="licences",
        caption=visit.text("Export licences"),
        columns=(
            Column(key="licence", label=text("Licence", context="licences, firm licences")),
            Column(key="for", label=text("End users")),
            Column(key="items", label=text("Control items")),
            Column(key="until", label=text("Until", context="licences, firm licences")),
            Column(key="mass", label=text("Mass of goods"), number=True, unit="kg"),
            Column(key="reserved", label=text("Reserved"), number=True, unit="kg"),
            Column(key="used", label=text("Exported on it"), number=True, unit="kg"),
            Column(key="overdrawn", label=text("Overdrawn"), number=True, unit="kg"),
            Column(key="left", label=text("Left", context="licences"), number=True, unit="kg"),
            Column(key="lapsed", label=text("Lapsed", context="licences"), number=True, unit="kg"),
            Column(key="state", label=text("State")),
        ),
        rows=[_cells(firm, one) for one in every],
        empty=visit.text("The register has no export licence of yours."),
    )


def _cells(firm: Firm, row: RegisteredLicence) -> Row:
    visit, language = firm.visit, firm.visit.language
    word, shape, tone = STATES[row.state]
    country = words.country(row.destination, language) if row.destination else ""
    return (
        Cell(
            text=row.id,
            value=row.id,
            whole=True,
            href=firm.url("firm-licence", licence=row.id),
            note=words.word(KINDS, row.kind or "", language),
        ),
        Cell(
            text=visit.text("; ", context="licences").join(row.end_users or ()) or written.NOTHING,
            note=" · ".join(part for part in (country, row.end_use) if part),
        ),
        Cell(
            text=" ".join(row.control_items or ()) or written.NOTHING,
            note=visit.text(", ", context="licences").join(_products(row, visit.language)),
        ),
        Cell(
            text=written.day(row.valid_to, language),
            value=None if row.valid_to is None else row.valid_to.isoformat(),
            note=visit.text("from ") + written.day(row.valid_from, language) if row.valid_from else "",
        ),
        firm.mass(row.mass_mg),
        firm.mass(row.reserved_mg),
        firm.mass(row.used_mg),
        firm.mass(row.overdrawn_mg),
        firm.mass(row.left_mg),
        firm.mass(row.lapsed_mg),
        Cell(
            text=visit.localized(word),
            value=row.state,
            shape=shape,
            tone=tone,
            note=why_used_up(visit, row.state, row.kind, left_mg=row.left_mg, lapsed_mg=row.lapsed_mg),
        ),
    )


def _products(row: RegisteredLicence, language: Language) -> list[str]:
    """The products that a licence covers, in words with their codes."""
    return [lot_words.product_and_code(code, language) for code in row.products or ()]
