"""A firm's quota: what was granted, what its filings have used of it, what planned runs reserve, what is left."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse

from lodeline.language import text
from lodeline.service.licences.quotas import OwnQuota
from lodeline.service.licences.runs import planned_runs
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.pages.licences import runs as quota_runs
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.words import format as written
from lodeline.web.words import words


def quota(firm: Firm, tabs: Sequence[Tab]) -> HttpResponse:
    """What `firm/ID/licences/?view=quota` shows; its forms announce a planned run and call one off."""
    visit, organisation = firm.visit, firm.organisation
    refused = quota_runs.done(visit, organisation) if visit.request.method == "POST" else None
    if isinstance(refused, HttpResponse):
        return refused
    every = firm.own.quota(firm.today)
    planned = planned_runs(visit.store, firm.own.register, day=firm.today, organisation=organisation)
    table, runs = _table(firm, every), quota_runs.runs_table(visit, planned)
    csv = wanted_csv(visit, table, runs)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/licences/firm_quota.html",
        title=_headline(firm, every),
        name=firm.name,
        label=visit.text("Licences"),
        tabs=tabs,
        table=shown(visit, table),
        runs=shown(visit, runs),
        status=400 if refused else 200,
        notices=quota_runs.notices(visit, refused),
        forms=quota_runs.forms(visit, planned, year=firm.today.year)
        if visit.actor.may("own.file", organisation)
        else None,
        unjudged=not all(one.judged for one in every),
    )


def _headline(firm: Firm, every: Sequence[OwnQuota]) -> str:
    visit, language, year = firm.visit, firm.visit.language, firm.today.year
    now = [one.reo for one in every if one.year == year and one.judged]
    if not now:
        return visit.text("You have no quota for {year} and have drawn on none", year=year)
    over, left = sum(one.overdrawn_mg or 0 for one in now), sum(one.left_mg or 0 for one in now)
    if over:
        mass = written.mass(over, language)
        return visit.text("{mass} REO beyond your quota of {year}", mass=mass, year=year)
    mass = written.mass(left, language)
    return visit.text("{mass} REO are left of your quota of {year}", mass=mass, year=year)


def _table(firm: Firm, every: Sequence[OwnQuota]) -> Table:
    visit = firm.visit
    masses = {
        "granted": text("Granted", context="licences, firm quota"),
        "reserved": text("Reserved"),
        "used": text("Used", context="licences"),
        "overdrawn": text("Overdrawn"),
        "left": text("Left", context="licences"),
    }
    return Table(
        name="quota",
        caption=visit.text("Quota", context="licences, firm quota"),
        columns=(
            Column(key="kind", label=text("Kind", context="licences")),
            Column(key="year", label=text("Year", context="licences"), number=True),
            *(Column(key=key, label=label, number=True, unit="kg REO") for key, label in masses.items()),
            Column(key="share", label=text("Used, of granted"), number=True, unit="%"),
        ),
        rows=[_cells(firm, row, tuple(masses)) for row in every],
        empty=visit.text("The register has no quota for you, and your filings draw on none."),
    )


def _cells(firm: Firm, row: OwnQuota, masses: tuple[str, ...]) -> Row:
    language = firm.visit.language
    share = row.reo.used_mg / row.reo.granted_mg if row.reo.granted_mg else None
    over = row.reo.overdrawn_mg
    return (
        Cell(
            text=words.word(words.QUOTA_KINDS, row.kind, language),
            value=row.kind,
            note=words.word(words.ORE_TYPES, row.ore_type, language) if row.ore_type else "",
        ),
        Cell(text=str(row.year), value=row.year),
        *(firm.mass(getattr(row.reo, f"{key}_mg")) for key in masses),
        Cell(
            text=written.percent(share, language),
            value=None if share is None else share * 100,
            shape="up" if over else "",
            tone="gain" if over else None,
        ),
    )
