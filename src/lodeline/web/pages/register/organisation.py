"""One organisation: its filings, sites, trade, quotas, licences and findings; and for auditors, who looked at it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import polars as pl
from django.http import HttpResponse

from lodeline.detection.finding import Finding
from lodeline.detection.identity import named_in
from lodeline.language import enumerated, text
from lodeline.ledger.register import SYNTHETIC_ALIAS
from lodeline.material.element import TREO
from lodeline.office.models import AuditRecord
from lodeline.service.balance.book import balances
from lodeline.service.filing import status as filing_status
from lodeline.service.filing import transfers as deliveries
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.visits import inspections
from lodeline.service.licences import quotas
from lodeline.service.licences.answers import licence_list
from lodeline.service.parties.queue import seen_as
from lodeline.store.queries import log as log_entries
from lodeline.web.drawing.calendar import FilingCalendar, FilingMonth, draw_filing_calendar
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import law_days
from lodeline.web.pages.findings.table import findings_table
from lodeline.web.pages.inspections.visits_part import inspections_table
from lodeline.web.pages.licences.licence import LABELS, MASSES, STATES, day_cell, mass_cells
from lodeline.web.pages.log.audit import records_table
from lodeline.web.pages.parties.part import seen_table
from lodeline.web.pages.trade.imports import imports
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.successions import of_firm

_SHOWN_PARTNERS = 15
_SHOWN_SPELLINGS = 8
#: Looks at the firm that are shown with it; the page of the records has all.
_ACCESSES_SHOWN = 200


def organisation(visit: Visit, organisation: str) -> HttpResponse:
    """The page `organisations/ID/`."""
    record = _record(visit, organisation)
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    trade = _trade(visit, organisation)
    tables = {
        "sites": _sites_table(visit, organisation),
        "suppliers": _partners_table(visit, trade, names, side="suppliers"),
        "customers": _partners_table(visit, trade, names, side="customers"),
        "quotas": _quota_table(visit, organisation),
        "licences": _licence_table(visit, organisation, names),
        "findings": findings_table(visit, _findings(visit, organisation)),
        "inspections": inspections_table(visit, inspections(visit.reading.store, [organisation])),
    }
    imported = None if record["country"] in (None, visit.reading.law.country) else imports(visit, organisation)
    if imported is not None:
        # Of somebody abroad, who files nothing here: how the others wrote its name, and what they sent it.
        del tables["suppliers"]
        found = seen_as(visit.reading.store, visit.reading.snapshot, organisation, firms=visit.territory)
        tables["seen"] = replace(seen_table(visit, {"seen": found}), per_page=_SHOWN_SPELLINGS)
        tables |= {one.name: one for one in imported.tables}
    may_know_who = visit.actor.may("audit.read", organisation)
    if may_know_who:
        tables["looks"] = _access_table(visit, organisation)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    status = _status(visit, organisation)
    other = record["name_en"] if visit.language == "zh" else record["name_zh"]
    return show(
        visit,
        "lodeline/register/organisation.html",
        title=names[organisation],
        record=record,
        aliases=[one for one in record["aliases"] or () if not one.startswith(SYNTHETIC_ALIAS)],
        is_synthetic=any(one.startswith(SYNTHETIC_ALIAS) for one in record["aliases"] or ()),
        other_name=other if other != names[organisation] else None,
        country=words.country(record["country"], visit.language) if record["country"] else None,
        roles=visit.text(", ", context="register, organisation, organisation 1").join(
            words.word(words.ROLES, role, visit.language) for role in record["roles"] or ()
        ),
        since=written.day(record["valid_from"], visit.language) if record["valid_from"] else None,
        until=written.day(record["valid_to"], visit.language) if record["valid_to"] else None,
        filed={state: written.count(number) for state, number in _counts(status).items()},
        has_filings=bool(status.height),
        findings_count=len(tables["findings"].rows),
        inspected=len(tables["inspections"].rows),
        succession=of_firm(visit, organisation),
        calendar=_calendar(visit, organisation, status),
        imported=None if imported is None else imported.shown(visit),
        looks_at=visit.url("audit", query={"organisation": organisation}) if may_know_who else None,
        log=visit.url("log", query={"organisation": organisation}),
        log_csv=visit.url("log", query={"organisation": organisation, "format": "csv"}),
        tables={name: shown(visit, table) for name, table in tables.items()},
    )


def _record(visit: Visit, organisation: str) -> dict[str, Any]:
    table = visit.reading.snapshot.register.tables["organisations"]
    found = table.filter(pl.col("id") == organisation).to_dicts()
    if found:
        return found[0]
    near = [one for one in table["id"] if organisation.casefold() in one.casefold()][:5]
    raise NotHereError(
        text(
            "No organisation {organisation!r} is in the register. Perhaps {near}.",
            organisation=organisation,
            near=enumerated(near),
        )
        if near
        else text(
            "No organisation {organisation!r} is in the register. Find it by its name in the field at the side.",
            organisation=organisation,
        )
    )


def _status(visit: Visit, organisation: str) -> pl.DataFrame:
    reading = visit.reading
    status = reading.answer(filing_status.filing_status, reading.store, reading.snapshot, reading.law)
    return status.filter(pl.col("organisation") == organisation).sort("period")


def _counts(status: pl.DataFrame) -> dict[str, int]:
    return {"filed": 0, "late": 0, "missing": 0} | dict(status.group_by("state").len().iter_rows())


def _calendar(visit: Visit, organisation: str, status: pl.DataFrame) -> Markup:
    reading = visit.reading
    entries = reading.answer(log_entries.entries, reading.store)
    own = entries.filter((pl.col("organisation") == organisation) & pl.col("period").is_not_null())
    first = dict(own.sort("entry", descending=True).select("period", "entry").iter_rows())
    months = []
    for period, state in status.select("period", "state").iter_rows():
        entry = first.get(period)
        months.append(
            FilingMonth(
                year=int(period[:4]),
                month=int(period[5:7]),
                state=state,
                name=written.month(period, visit.language),
                href=None if entry is None else visit.url("entry", entry=entry),
            )
        )
    words_of: list[tuple[Literal["filed", "late", "missing"], str]] = [
        ("filed", visit.text("in time")),
        ("late", visit.text("late", context="register")),
        ("missing", visit.text("missing", context="register")),
    ]
    return draw_filing_calendar(
        FilingCalendar(
            name=visit.text("Filings by month"),
            months=tuple(months),
            month_names=tuple(written.short_month(f"2000-{month:02d}", visit.language) for month in range(1, 13)),
            state_words=tuple(words_of),
            year_word=visit.text("Year", context="register, organisation, calendar"),
        )
    )


def _sites_table(visit: Visit, organisation: str) -> Table:
    """Each site with its newest total-oxide balance that ended in a count."""
    reading, language = visit.reading, visit.language
    table = reading.snapshot.register.tables["sites"].filter(pl.col("organisation") == organisation)
    every = reading.answer(balances, reading.store, reading.snapshot, reading.law)
    counted = every.filter(
        pl.col("site").is_in(table["id"].implode()) & (pl.col("element") == TREO) & pl.col("muf_mg").is_not_null()
    )
    newest = {row["site"]: row for row in counted.sort("until").iter_rows(named=True)}
    rows = []
    for site in table.iter_rows(named=True):
        last = newest.get(site["id"])
        stage = words.word(words.STAGES, site["stage"] or "", language)
        rows.append(
            (
                Cell(
                    text=site["name"] or site["id"],
                    value=site["id"],
                    note=site["id"],
                    href=visit.url("balance", site=site["id"]),
                ),
                Cell(text=stage, value=site["stage"], note=words.region(site["region"] or "", language)),
                Cell(text=written.day(last["until"], language), value=last["until"].isoformat())
                if last
                else Cell(text=visit.text("no count")),
                Cell(
                    text=written.mass_with_sigma(last["muf_mg"], last["sigma_mg"], language),
                    value=last["muf_mg"] / written.MG_PER_KG,
                )
                if last
                else Cell(text=written.NOTHING),
                Cell(text=written.sigmas(last["z"]), value=last["z"]) if last else Cell(text=written.NOTHING),
            )
        )
    return Table(
        name="sites",
        caption=visit.text("Sites"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="stage", label=text("Stage")),
            Column(key="counted", label=text("Last count")),
            Column(key="muf", label=text("Difference, oxide"), number=True, unit="kg"),
            Column(key="z", label=text("z", context="register"), number=True),
        ),
        rows=rows,
        empty=visit.text("It has no site in the register."),
    )


def _trade(visit: Visit, organisation: str) -> pl.DataFrame:
    reading = visit.reading
    every = reading.answer(deliveries.standing_transfers, reading.snapshot, reading.law)
    return (
        pl.concat([every.reverse(), _exports(visit, organisation)], how="diagonal")
        .filter((pl.col("shipper") == organisation) | (pl.col("receiver") == organisation))
        .with_columns(
            side=pl.when(pl.col("shipper") == organisation).then(pl.lit("customers")).otherwise(pl.lit("suppliers")),
            partner=pl.when(pl.col("shipper") == organisation).then("receiver").otherwise("shipper"),
        )
    )


def _exports(visit: Visit, organisation: str) -> pl.DataFrame:
    """What left the country as transfers that nobody abroad confirms: whoever is abroad files no receipt."""
    return visit.reading.snapshot.exports_with(organisation).select(
        shipper="organisation", receiver="party", shipped_mg=pl.coalesce("dry_mg", "mass_mg"), state=pl.lit("exported")
    )


def _partners_table(
    visit: Visit, trade: pl.DataFrame, names: dict[str, str], *, side: Literal["suppliers", "customers"]
) -> Table:
    """Whom it buys from or sells to, largest first."""
    both = pl.col("shipped_mg").is_not_null() & pl.col("received_mg").is_not_null()
    grouped = (
        trade.filter(pl.col("side") == side)
        .group_by("partner")
        .agg(
            transfers=pl.len(),
            mass_mg=pl.coalesce("shipped_mg", "received_mg").sum(),
            difference_mg=(pl.col("shipped_mg") - pl.col("received_mg")).filter(both).sum(),
            unsettled=pl.col("state").is_in(["open", "partial", "exception"]).sum(),
        )
        .sort("mass_mg", descending=True)
    )
    rows = [
        (
            Cell(
                text=names.get(partner, partner) if partner else visit.text("Not registered"),
                value=partner,
                href=visit.url("organisation", organisation=partner) if partner in names else None,
                note=partner if partner in names else "",
            ),
            Cell(text=written.count(transfers), value=transfers),
            Cell(text=written.mass(mass_mg, visit.language), value=mass_mg / written.MG_PER_KG),
            Cell(
                text=written.mass(difference_mg, visit.language, signed=True) if difference_mg else written.NOTHING,
                value=difference_mg / written.MG_PER_KG,
            ),
            Cell(text=written.count(unsettled) if unsettled else written.NOTHING, value=unsettled),
        )
        for partner, transfers, mass_mg, difference_mg, unsettled in grouped.iter_rows()
    ]
    suppliers = side == "suppliers"
    return Table(
        name=side,
        caption=visit.text("Suppliers", context="register") if suppliers else visit.text("Customers"),
        columns=(
            Column(key="partner", label=text("Supplier") if suppliers else text("Customer")),
            Column(key="transfers", label=text("Transfers and exports"), number=True),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="difference", label=text("Shipped − received"), number=True, unit="kg"),
            Column(key="unsettled", label=text("Not closed"), number=True),
        ),
        rows=rows,
        per_page=_SHOWN_PARTNERS,
        empty=visit.text("Nobody has filed a shipment or an export to it.")
        if suppliers
        else visit.text("It has filed no shipment and no export."),
    )


def _quota_table(visit: Visit, organisation: str) -> Table:
    reading, language = visit.reading, visit.language
    rows = []
    for row in reading.answer(quotas.quota, reading.store, reading.snapshot, day=law_days.today(reading.law)):
        if row.organisation != organisation:
            continue
        granted_mg, used_mg, over = row.reo.granted_mg or 0, row.reo.used_mg, row.reo.overdrawn_mg
        kind = words.word(words.QUOTA_KINDS, row.kind, language)
        ore = words.word(words.ORE_TYPES, row.ore_type, language) if row.ore_type else ""
        share = written.percent(used_mg / granted_mg if granted_mg else None, language)
        used_kg = used_mg / written.MG_PER_KG
        rows.append(
            (
                Cell(text=kind, value=row.kind, note=ore),
                Cell(text=str(row.year), value=row.year),
                Cell(text=written.mass(granted_mg, language), value=granted_mg / written.MG_PER_KG),
                Cell(text=written.mass(used_mg, language), value=used_kg),
                Cell(text=share, value=used_kg, shape="square" if over else "", tone="hold" if over else None),
            )
        )
    return Table(
        name="quotas",
        caption=visit.text("Quotas"),
        columns=(
            Column(key="kind", label=text("Quota", context="register")),
            Column(key="year", label=text("Year", context="register, organisation, quota table")),
            Column(key="granted", label=text("Granted, REO", context="register"), number=True, unit="kg"),
            Column(key="used", label=text("Used", context="register"), number=True, unit="kg"),
            Column(key="share", label=text("Of it", context="register"), number=True),
        ),
        rows=rows,
        empty=visit.text("It holds no quota and has used none."),
    )


def _licence_table(visit: Visit, organisation: str, names: dict[str, str]) -> Table:
    store, law = visit.store, visit.reading.law
    register = store.register(store.head())
    held = [one.id for one in register.licences_held_by(organisation)]
    found = licence_list(store, register, law, day=law_days.today(law), ids=held).rows
    language = visit.language
    rows = [
        (
            Cell(
                text=row.id,
                value=row.id,
                note=visit.text(", ", context="register, organisation, licence table").join(row.control_items),
                href=visit.opens("licence", licence=row.id),
            ),
            Cell(
                text=visit.text(", ", context="register, organisation, licence table").join(
                    names.get(one, one) for one in row.end_users
                )
                or written.NOTHING
            ),
            Cell(
                text=words.country(row.destination, language) if row.destination else written.NOTHING,
                value=row.destination,
            ),
            day_cell(visit, row.valid_to),
            *mass_cells(visit, row.goods),
            Cell(text=visit.localized(STATES[row.state][0]), value=row.state),
        )
        for row in found
    ]
    return Table(
        name="licences",
        caption=visit.text("Export licences"),
        columns=(
            Column(key="licence", label=text("Licence", context="register")),
            Column(key="users", label=text("End users")),
            Column(key="destination", label=text("To", context="register")),
            Column(key="until", label=text("Valid until")),
            *(Column(key=key, label=LABELS[key], number=True, unit="kg") for key in MASSES),
            Column(key="state", label=text("State")),
        ),
        rows=rows,
        empty=visit.text("No licence of it is in the register."),
    )


def _access_table(visit: Visit, organisation: str) -> Table:
    """The newest looks at the firm, this one among them, for whoever may read the records."""
    newest = AuditRecord.objects.filter(kind="look", organisation=organisation).order_by("-id")[:_ACCESSES_SHOWN]
    return records_table(visit, "look", list(newest), name="looks")


def _findings(visit: Visit, organisation: str) -> list[Finding]:
    reading = visit.reading
    every = reading.answer(findings, reading.store, reading.snapshot, reading.law)
    return [row for row in every.rows if organisation in named_in(row.subject)]
