"""The page `inspections/SITE/plan/`: a plan is tried with other goals and other hours, and entered when it will do.

Nothing is written until the second form is sent, which holds what the first has shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect, QueryDict

from lodeline.language import bilingual, text
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import MG_PER_KG, format_kg
from lodeline.office.access import clock
from lodeline.office.accounts.people import InputError
from lodeline.office.inspections.plans import enter_plan
from lodeline.service.inspections import planning
from lodeline.service.inspections.asked import detect_of, goals_of
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.planning import PlanError, Proposal, Wanted
from lodeline.web.pages.common.entered import day_of, problems_part
from lodeline.web.pages.inspections.plan_part import (
    CHOSEN,
    KINDS,
    duration,
    headline,
    sights_table,
    strata_table,
    worst_sentences,
)
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Field
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_GOAL, _DETECT = "goal-", "detect-"
#: Of an element of which less lies there, no goal is offered.
_OFFERED_MG: Final = MG_PER_KG


def new_plan(visit: Visit, site: str) -> HttpResponse:
    """The page; its first form asks anew, its second enters the plan that is shown."""
    organisation = visit.register.site_organisation.get(site)
    if organisation is None:
        raise NotHereError(text("No site {site!r} is in the register.", site=site))
    visit.actor.require("inspection.write", organisation)
    posted = visit.request.method == "POST"
    form = visit.request.POST if posted else visit.request.GET
    snapshot = visit.reading.snapshot
    items = site_items(snapshot, site=site)
    today = clock.today(visit.law.timezone)
    proposal: Proposal | None = None
    error: PlanError | InputError | None = None
    try:
        wanted = _wanted(form, site, today)
        proposal = planning.propose(items, wanted, register=visit.register, entry=snapshot.entry, today=today)
        if posted:
            entered = enter_plan(visit.actor, visit.store, proposal, now=clock.now())
            visit.has_filed(entered.entry.index)
            return HttpResponseRedirect(str(visit.url("inspection-plan", plan=entered.entry.index)), status=303)
    except (PlanError, InputError) as refused:
        error = refused
    paper = None if proposal is None else planning.plan_facts(proposal)
    tables = {} if paper is None else {"sights": sights_table(visit, paper), "strata": strata_table(visit, paper)}
    csv = wanted_csv(visit, *tables.values()) if tables else None
    if csv is not None:
        return csv
    names, firms = words.site_names(visit.register), words.organisation_names(visit.register, visit.language)
    return show(
        visit,
        "lodeline/inspections/plan_new.html",
        title=visit.text("Plan a visit to {site}", site=names.get(site, site))
        if paper is None
        else headline(visit, paper, names.get(site, site)),
        status=400 if error else 200,
        site=site,
        name=names.get(site, site),
        owner=firms.get(organisation, organisation),
        owner_href=visit.url("organisation", organisation=organisation),
        every=visit.url("inspection-plans"),
        visits=visit.url("inspections", site=site),
        problems=problems_part(visit, error),
        paper=paper,
        **({} if paper is None else _said(visit, paper)),
        tables={name: shown(visit, table) for name, table in tables.items()},
        goals=_goal_fields(visit, form, planning.held_mg(items), {} if paper is None else paper["goals"]),
        detect=_detect_fields(visit, form),
        others=_other_fields(visit, form, today),
        hidden=[] if paper is None else _hidden(paper),
    )


def _said(visit: Visit, paper: Mapping[str, Any]) -> dict[str, object]:
    needed = paper["needed_minutes"]
    return {
        "minutes": duration(paper["minutes"], visit.language),
        "needed": None if needed is None else duration(needed, visit.language),
        "worst": worst_sentences(visit, paper),
        "assumed": paper["usual"],
    }


def _wanted(form: QueryDict, site: str, today: date) -> Wanted:
    """What the form asks for. Raises PlanError, InputError."""
    goals = goals_of(
        f"{name.removeprefix(_GOAL)}={amount}"
        for name, amount in form.items()
        if name.startswith(_GOAL) and str(amount).strip()
    )
    detect = detect_of(f"{kind}={form[_DETECT + kind]}%" for kind in KINDS if str(form.get(_DETECT + kind, "")).strip())
    minutes = form.get("minutes", "").strip() or str(planning.USUAL_MINUTES)
    if not (minutes.isascii() and minutes.isdecimal() and len(minutes) <= 9):
        raise PlanError(text("Write the minutes at the site as a whole number."))
    return Wanted(
        site=site,
        on=day_of(form.get("on", ""), "on") or today,
        goals=goals,
        minutes=int(minutes),
        detect=detect or planning.USUAL_DETECT,
        chosen=form.get("chosen", "asked"),  # type: ignore[arg-type]  # judged
    )


def _goal_fields(visit: Visit, form: QueryDict, held: Mapping[str, int], goals: Mapping[str, int]) -> list[Field]:
    """One for each element of which there is some; those of the plan that is shown are filled in."""
    offered = [one for one in (*RARE_EARTHS, TREO) if held.get(one, 0) >= _OFFERED_MG or one in goals]
    return [
        Field(
            name=_GOAL + symbol,
            width="short",
            inputmode="decimal",
            label=visit.text(
                "{symbol}, kg",
                symbol=bilingual(words.element(symbol, "en").capitalize(), words.element(symbol, "zh")),
            ),
            value=form.get(_GOAL + symbol) or (format_kg(goals[symbol]) if symbol in goals else ""),
            hint=visit.text(
                "declared here: {symbol}",
                symbol=bilingual(written.mass(held.get(symbol, 0), "en"), written.mass(held.get(symbol, 0), "zh")),
            ),
        )
        for symbol in offered
    ]


def _detect_fields(visit: Visit, form: QueryDict) -> list[Field]:
    asked = any(_DETECT + kind in form for kind in KINDS)
    usual = {kind: f"{p * 100:.0f}" for kind, p in planning.USUAL_DETECT.items()}
    return [
        Field(
            name=_DETECT + kind,
            label=visit.text("{label}, %", label=label),
            width="short",
            inputmode="decimal",
            value=form.get(_DETECT + kind, "") if asked else usual[kind],
        )
        for kind, label in KINDS.items()
    ]


def _other_fields(visit: Visit, form: QueryDict, today: date) -> list[Field]:
    return [
        Field(
            name="minutes",
            label=visit.text("Minutes at the site"),
            width="short",
            required=True,
            inputmode="numeric",
            value=form.get("minutes") or str(planning.USUAL_MINUTES),
        ),
        Field(
            name="on",
            label=visit.text("Day"),
            kind="date",
            width="short",
            required=True,
            value=form.get("on") or today.isoformat(),
        ),
        Field(
            name="chosen",
            label=visit.text("The site was chosen"),
            kind="select",
            required=True,
            value=form.get("chosen", "asked"),
            options=[(one, visit.localized(label)) for one, label in CHOSEN.items()],
        ),
    ]


def _hidden(paper: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is shown, as the form that enters it sends it. Usual goals stay unsaid: they are the program's."""
    goals = {} if paper["usual"] else paper["goals"]
    return [
        *((_GOAL + symbol, format_kg(mass_mg)) for symbol, mass_mg in goals.items()),
        *((_DETECT + kind, f"{float(p) * 100:g}") for kind, p in paper["detect"].items()),
        ("minutes", str(paper["budget"])),
        ("on", paper["on"]),
        ("chosen", paper["chosen"]),
    ]
