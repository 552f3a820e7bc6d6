"""Standing answers as officers give them: one proposes, another confirms, and the queries that they settle end with it.

The verbs are those of `service.customs.standing_answers`; here is who may, and that it was done. All of it requires
"desk.decide". A proposal is told to nobody outside the authority.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs import rule_queries
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import standing_answers as answers
from lodeline.service.customs.open_questions import settles
from lodeline.service.customs.standing_answers import Proposal, StandingAnswerError, Wanted
from lodeline.store.store import Store


def propose(actor: Actor, store: Store, wanted: Wanted, *, law: Jurisdiction, now: datetime) -> Proposal:
    """Proposes an answer with its days, citation and grounds. Raises StandingAnswerError."""
    actor.require("desk.decide")
    return answers.propose(
        store, wanted, today=law.day_of(now), filed_at=now, by=actor.pseudonym,
        in_transaction=_recorded(actor, "standing.proposed"),
    )  # fmt: skip


def confirm(actor: Actor, store: Store, proposal: int, *, law: Jurisdiction, now: datetime) -> Proposal:
    """Confirms what another officer proposed. Queries of exporters about its rules end with it, whichever it is; where
    it asks for a document they wait for that. Raises StandingAnswerError."""
    actor.require("desk.decide")
    today = law.day_of(now)
    require_apart(actor, answers.proposal_of(store, proposal, law, today).answer.by)
    with store.database.transaction():
        # Queries are locked before the head, as whoever decides about one does.
        asked = rule_queries.open_about_rules()
        done = answers.confirm(
            store, proposal, today=today, filed_at=now, by=actor.pseudonym,
            in_transaction=_recorded(actor, "standing.confirmed"),
        )  # fmt: skip
        if {one.pk for one in rule_queries.open_about_rules(lock=False)} - {one.pk for one in asked}:
            raise StandingAnswerError(
                text("Customs have just opened a query about a rule. Look at it and decide again.")
            )
        standing = answers.standing_answers(store)
        for case in asked if done.answer.verdict != "query" else ():
            if set(done.answer.rules) & set(rule_queries.rules_of(case)) and settles(
                standing,
                rule_queries.rules_of(case),
                exporter=case.organisation,
                day=max(today, done.answer.first),
                law=law,
            ):
                customs_cases.settle(actor, store, case, answer=done.answer, now=now)
    return done


def end(actor: Actor, store: Store, proposal: int, *, reason: str, law: Jurisdiction, now: datetime) -> Proposal:
    """Refuses or withdraws a proposal, or ends an answer that stands. Raises StandingAnswerError."""
    actor.require("desk.decide")
    return answers.end(
        store, proposal, reason=reason, today=law.day_of(now), filed_at=now, by=actor.pseudonym,
        in_transaction=_recorded(actor, "standing.ended"),
    )  # fmt: skip


def _recorded(actor: Actor, what: str) -> Callable[[Proposal], None]:
    def record(done: Proposal) -> None:
        record_act(
            actor, what, organisation=done.answer.exporter or "", subject=str(done.entry.index),
            facts={"until": done.answer.last.isoformat()},
        )  # fmt: skip

    return record
