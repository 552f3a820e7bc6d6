"""Who plans a visit, and who is shown a plan. What a plan is: service.inspections.planning.

A plan is for whoever may enter what a visit found, of the firms of his region. Nobody else is shown it, the firm least
of all, until something was measured under it; from then on it is open to whoever may read of the firm, and to the firm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.service.inspections import planning
from lodeline.service.inspections.planning import EnteredPlan, Proposal, measured_under, plan_at, plans
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


def plan_open_to(actor: Actor, store: Store, entry: int) -> EnteredPlan | None:
    """The plan of an entry, as far as the actor may be shown it; None as well where it is not for him to know of it."""
    found = plan_at(store, entry)
    if found is None:
        return None
    firm = found.paper["organisation"]
    if actor.may("inspection.write", firm):
        return found
    may_read = actor.may("nation.read", firm) or actor.may("own.read", firm)
    return found if may_read and is_measured(store, found) else None


def is_measured(store: Store, plan: EnteredPlan) -> bool:
    """Whether something was measured under the plan: what opens it to the firm."""
    return bool(measurements(store, plan))


def measurements(store: Store, plan: EnteredPlan) -> Sequence[int]:
    """The entries of what was measured under a plan."""
    return measured_under(store, [plan.paper["organisation"]]).get(plan.entry.index, ())
