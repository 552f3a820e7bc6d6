"""Who plans a visit, and who is shown a plan. What a plan is: service.inspections.planning.

A plan is for those who may enter what a visit found, of the firms of their region. Nobody else is shown it, the firm
least of all, before the visit has ended (`service.inspections.showing.is_over`): what was measured is shown at once,
what is still to be measured is not. From then on it is open to those who may read of the firm, and to the firm.
"""

from __future__ import annotations

from datetime import date, datetime

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.service.inspections import planning
from lodeline.service.inspections.planning import EnteredPlan, Proposal, plan_at, plans
from lodeline.service.inspections.reading import Visit, planned, visits_of
from lodeline.service.inspections.showing import is_over
from lodeline.service.inspections.visits import inspections
from lodeline.store.store import Store, StoredEntry


def enter_plan(actor: Actor, store: Store, proposal: Proposal, *, now: datetime) -> EnteredPlan:
    """Enters a plan; the firm is not told. Requires "inspection.write" about it."""
    actor.require("inspection.write", proposal.organisation)

    def record(entry: StoredEntry) -> None:
        record_act(
            actor, "inspection.plan", organisation=proposal.organisation, subject=proposal.wanted.site,
            facts={"entry": entry.index},
        )  # fmt: skip

    return planning.enter_plan(store, proposal, filed_at=now, by=actor.pseudonym, in_transaction=record)


def plans_open_to(actor: Actor, store: Store) -> list[EnteredPlan]:
    """The plans about firms whose visits the actor may enter. Requires "inspection.write" about anybody."""
    actor.require("inspection.write")
    firms = actor.firms("inspection.write")
    return plans(store, organisations=None if firms is None else sorted(firms))


def plan_open_to(actor: Actor, store: Store, entry: int, *, today: date) -> EnteredPlan | None:
    """The plan of an entry, as far as the actor may be shown it; None as well where it is not for him to know of it."""
    found = plan_at(store, entry)
    if found is None:
        return None
    firm = found.paper["organisation"]
    if actor.may("inspection.write", firm):
        return found
    may_read = actor.may("nation.read", firm) or actor.may("own.read", firm)
    return found if may_read and is_ended(visit_under(store, found), store, today=today) else None


def visit_under(store: Store, plan: EnteredPlan) -> Visit | None:
    """The visit that was made under a plan; None before anything was measured."""
    every = visits_of(inspections(store, [plan.paper["organisation"]], site=plan.paper["site"]))
    return next((one for one in every if one.plan == plan.entry.index), None)


def is_ended(visit: Visit | None, store: Store, *, today: date) -> bool:
    """Whether the visit has ended: what opens its plan to others than inspectors."""
    return visit is not None and is_over(visit, planned(store, visit), today=today)


def may_see_what_is_left(actor: Actor, store: Store, visit: Visit, *, today: date) -> bool:
    """Whether the actor may be shown which items of a visit's plan are still to be measured, and the plan."""
    return actor.may("inspection.write", visit.organisation) or is_ended(visit, store, today=today)
