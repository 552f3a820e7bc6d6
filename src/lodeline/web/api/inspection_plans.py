"""Sampling plans, by program of an inspector: what a visit would show, and the plans that were entered.

Whoever may not enter what a visit found is told of no plan: it must not warn the firm.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.inspections.plans import enter_plan, plan_open_to, plans_open_to
from lodeline.service.inspections import planning
from lodeline.service.inspections.asked import goals_of
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.planning import EnteredPlan, Wanted
from lodeline.web.api import spec
from lodeline.web.api.problems import not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes.balance import InspectionPlan, InspectionPlans
from lodeline.web.api.who import call_of, decides, law, reading, store

router = Router(tags=["authority"])
Json = dict[str, Any]
_SCOPE: Final = "inspections:write"


@router.get(
    "/inspection-plans", response=InspectionPlans, url_name="inspection-plans",
    **spec.operation(text("Sampling plans that were entered, the oldest first"), scope=_SCOPE),
)  # fmt: skip
def list_plans(request: HttpRequest, *, organisation: str | None = spec.ORGANISATION) -> Json:
    """Of firms whose visits the inspector may enter."""
    actor = _inspector(request)
    if organisation is not None:
        actor.require("inspection.write", organisation)
    found = plans_open_to(actor, store())
    return {"rows": [_summary(one) for one in found if organisation in (None, one.paper["organisation"])]}


@router.get(
    "/inspection-plans/{entry}", response=InspectionPlan, url_name="inspection-plan",
    **spec.operation(text("One sampling plan, item by item"), scope=_SCOPE, problems=(404,)),
)  # fmt: skip
def get_plan(request: HttpRequest, entry: int = spec.ENTRY) -> Json:
    """Its paper: see `docs/reference/inspection-plan.md`."""
    actor = _inspector(request)
    found = plan_open_to(actor, store(), entry, today=law().day_of(call_of(request).now))
    if found is None or not actor.may("inspection.write", found.paper["organisation"]):
        raise not_found(text("There is no plan in entry {entry}.", entry=entry))
    return {"plan": entry, **found.paper}


class PlanIn(BaseModel):
    """A visit. `goals`: element → kg; without any the usual ones. `enter`: draw the items and enter the plan."""

    model_config = ConfigDict(extra="forbid")
    site: str = Field(max_length=64)
    on: date
    goals: dict[str, str] = Field(default_factory=dict, max_length=planning.GOALS_MOST)
    detect: dict[str, float] = Field(default_factory=lambda: dict(planning.USUAL_DETECT), max_length=3)
    minutes: int = planning.USUAL_MINUTES
    chosen: Literal["ranked", "random", "asked"] = "asked"
    enter: bool = False


_PLAN: Final = {"site": "SEP-0001-A", "on": "2026-03-12", "goals": {"Dy": "10", "Nd": "200"}, "minutes": 480}


@router.post(
    "/inspection-plans", response={200: InspectionPlan, 201: InspectionPlan}, url_name="inspection-plans-enter",
    **spec.operation(
        text("What a visit would show, or a plan entered"), scope=_SCOPE, problems=(404, 413),
        idempotent=True, body=body_of(PlanIn, _PLAN),
        more=text("Nothing is entered without `enter`. The firm is not told."),
    ),
)  # fmt: skip
def plan_visit(request: HttpRequest) -> HttpResponse:
    """An entry of the log, where it is entered."""
    program = decides(request, _SCOPE)
    sent, digest = sent_as(request, PlanIn)

    def act() -> HttpResponse:
        register, snapshot, now = store().newest_register(), reading().snapshot, call_of(request).now
        organisation = register.site_organisation.get(sent.site)
        if organisation is None or not program.may("inspection.write", organisation):
            raise not_found(text("No site {site} is in the register.", site=sent.site))
        wanted = Wanted(
            site=sent.site, on=sent.on, goals=goals_of(f"{name}={kg}" for name, kg in sent.goals.items()),
            detect=sent.detect, minutes=sent.minutes, chosen=sent.chosen,
        )  # fmt: skip
        proposal = planning.propose(
            site_items(snapshot, site=sent.site), wanted, register=register, entry=snapshot.entry,
            today=law().day_of(now),
        )  # fmt: skip
        if not sent.enter:
            return json_answer(200, {"plan": None, **planning.plan_facts(proposal), "items": list(proposal.items)})
        found = enter_plan(program, store(), proposal, now=now)
        return json_answer(201, {"plan": found.entry.index, **found.paper})

    return once(request, digest, act)


def _inspector(request: HttpRequest) -> Actor:
    """Who asks, if he may enter what visits find. Raises ApiProblem, NotAllowedError."""
    call = call_of(request)
    actor = call.actor if call.program is None else decides(request, _SCOPE)
    actor.require("inspection.write")
    return actor


def _summary(one: EnteredPlan) -> Json:
    paper = one.paper
    return {
        "plan": one.entry.index, "organisation": paper["organisation"], "site": paper["site"], "on": paper["on"],
        "chosen": paper["chosen"], "minutes": paper["minutes"], "items": len(paper["items"]),
        "drawn": sum(bool(item["do"]) for item in paper["items"]),
    }  # fmt: skip
