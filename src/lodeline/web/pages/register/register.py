"""The register, for whoever keeps it: admit an organisation with its sites, and change what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.ledger.problem import Problem as LedgerProblem
from lodeline.office.access import clock
from lodeline.office.register.registry import RegisterTable, enter
from lodeline.web.pages.register import form as register_form
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Notice, Problem, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.successions import of_firm


def register_new(visit: Visit) -> HttpResponse:
    """The page `register/new/`: an organisation is admitted; its sites and people come next, on its own page."""
    problems: Sequence[LedgerProblem] = ()
    cells = {"country": visit.law.country, "valid_from": clock.today(visit.law.timezone).isoformat()}
    if visit.request.method == "POST":
        cells = register_form.filled(visit, "organisations")
        done = enter(visit.actor, visit.store, "organisations", [cells], now=clock.now(), new=True)
        if done.entry is not None:
            visit.has_filed(done.entry.index)
            to = visit.url("register-organisation", query={"entry": done.entry.index}, organisation=cells["id"])
            return HttpResponseRedirect(str(to), status=303)
        problems = done.problems
    return show(
        visit,
        "lodeline/register/register_new.html",
        title=visit.text("Admit an organisation"),
        status=400 if problems else 200,
        fields=register_form.fields(visit, "organisations", cells, problems),
        problems=_summary(visit, problems),
        back=visit.url("organisations"),
    )


def register_organisation(visit: Visit, organisation: str) -> HttpResponse:
    """The page `register/<organisation>/`: what is known of it, its sites (`?site=` to change one), its people."""
    register = visit.register
    found = register.tables["organisations"].filter(pl.col("id") == organisation)
    if not found.height:
        raise NotHereError(
            text("No organisation {organisation!r} is in the register. Admit it first.", organisation=organisation)
        )
    sites = register.tables["sites"].filter(pl.col("organisation") == organisation)
    table = _sites(visit, sites)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    site = _asked_site(visit, sites)
    forms = {
        "organisations": register_form.as_filed(found.row(0, named=True)),
        "sites": site or {"organisation": organisation, "valid_from": clock.today(visit.law.timezone).isoformat()},
    }
    sent, problems = "", tuple[LedgerProblem, ...]()
    if visit.request.method == "POST":
        sent = visit.request.POST.get("do", "")
        if sent not in forms:
            raise BadQuestionError(text("Nothing was sent that can be entered.", context="register"))
        forms[sent] = register_form.filled(visit, sent)
        new = sent == "sites" and site is None
        done = enter(visit.actor, visit.store, _table(sent), [forms[sent]], now=clock.now(), new=new)
        if not done.problems:
            if done.entry is not None:
                visit.has_filed(done.entry.index)
            entry = "none" if done.entry is None else done.entry.index
            return HttpResponseRedirect(visit.here(entry=entry, site=None), status=303)
        problems = done.problems
    record = found.row(0, named=True)
    name = record["name_zh"] if visit.language == "zh" and record["name_zh"] else record["name_en"] or record["name_zh"]
    return show(
        visit,
        "lodeline/register/register_organisation.html",
        title=(
            visit.text("{name} and its {height} sites", name=name, height=sites.height)
            if sites.height > 1
            else visit.text("{name} and its site", name=name, height=sites.height)
        )
        if sites.height
        else visit.text("{name} has no site yet: add one, then its people", name=name),
        status=400 if problems else 200,
        organisation=organisation,
        fields=register_form.fields(
            visit, "organisations", forms["organisations"], problems if sent == "organisations" else (), fixed=("id",)
        ),
        site_fields=register_form.fields(
            visit,
            "sites",
            forms["sites"],
            problems if sent == "sites" else (),
            fixed=("id", "organisation") if site else (),
        ),
        site=site and site["id"],
        sites=shown(visit, table),
        problems=_summary(visit, problems),
        notices=_entered(visit),
        back=visit.url("organisations"),
        people=visit.opens("register-people", organisation=organisation),
        changes=visit.opens("register-changes", organisation=organisation),
        methods=visit.opens("register-methods", query={"site": site["id"]} if site else None),
        succession=of_firm(visit, organisation),
    )


def _table(name: str) -> RegisterTable:
    (found,) = (one for one in get_args(RegisterTable) if one == name)
    return found  # type: ignore[no-any-return]


def _asked_site(visit: Visit, sites: pl.DataFrame) -> dict[str, str] | None:
    asked = visit.query("site")
    if asked is None:
        return None
    found = sites.filter(pl.col("id") == asked)
    if not found.height:
        raise NotHereError(text("This organisation has no site {asked!r}.", asked=asked))
    return register_form.as_filed(found.row(0, named=True))


def _summary(visit: Visit, problems: Sequence[LedgerProblem]) -> Problems | None:
    if not problems:
        return None
    return Problems(
        heading=visit.text("Nothing was entered yet"),
        problems=[
            Problem(severity=one.severity, text=one.message(visit.language), href=f"#f-{one.where.column}")
            for one in problems
        ],
    )


def _entered(visit: Visit) -> list[Notice]:
    """After a form: which entry of the log holds what was entered."""
    entry = visit.query("entry")
    if entry is None or not (entry.isdecimal() or entry == "none"):
        return []
    if entry == "none":
        text = visit.text("Nothing has changed: it stood like this already.")
        return [Notice(kind="info", text=text)]
    at = visit.opens("entry", entry=int(entry))
    return [
        Notice(
            kind="success",
            text=visit.text("It stands in the log as entry {entry}.", entry=entry),
            act=Act(label=visit.text("Show the entry"), href=at, look="ghost", small=True) if at else None,
        )
    ]


def _sites(visit: Visit, sites: pl.DataFrame) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for row in sites.iter_rows(named=True):
        capacity: Any = row["capacity_mg_per_month"]
        span = [written.day(row[end], visit.language) if row[end] else "" for end in ("valid_from", "valid_to")]
        rows.append(
            (
                Cell(
                    text=row["name"] or row["id"],
                    value=row["id"],
                    note=row["id"],
                    href=visit.here(site=row["id"], entry=None) + "#site",
                ),
                Cell(text=words.word(words.STAGES, row["stage"] or "", visit.language), value=row["stage"]),
                Cell(
                    text=words.region(row["region"], visit.language) if row["region"] else written.NOTHING,
                    value=row["region"],
                    note=row["region"] or "",
                ),
                Cell(
                    text=written.NOTHING if capacity is None else written.mass(capacity, visit.language),
                    value=None if capacity is None else capacity / written.MG_PER_KG,
                ),
                Cell(text=" – ".join(span) if any(span) else written.NOTHING, value=str(row["valid_from"] or "")),
            )
        )
    return Table(
        name="sites",
        caption=visit.text("Sites"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="stage", label=text("Stage")),
            Column(key="region", label=text("Region")),
            Column(key="capacity", label=text("Capacity a month"), number=True, unit="kg"),
            Column(key="span", label=text("Registered")),
        ),
        rows=rows,
        empty=visit.text("No site yet. Nothing can be filed before there is one."),
    )
