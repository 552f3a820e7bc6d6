"""Two officers suspend, resume, revoke or hand over a licence: one proposes, another decides, and its firm is told.

The verbs are those of `service.licences.proposals`; here is who may, and that it was done. A proposal is told to nobody
outside the authority: what it means to stop could be done before it is decided. The act is told from the log
(`office.notices.log_notices`), whoever entered it.
"""

from __future__ import annotations

from datetime import date, datetime

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.notices.log_notices import notify_entry
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences import proposals as licence_proposals
from lodeline.service.licences.proposals import LicenceProposal, ProposalAnswer
from lodeline.store.store import Store, StoredEntry

# All of it requires "licence.decide" about whose the licence is, and about whose it is to be.


def propose(
    actor: Actor, store: Store, licence: str, deed: str, *, on: date, reason: str, holder: str = "",
    law: Jurisdiction, now: datetime,
) -> ProposalAnswer:  # fmt: skip
    """Proposes with the day from which and the grounds. Raises LicenceProposalError."""
    today = law.day_of(now)
    owner = _required(actor, store, licence, holder, today=today)

    def in_transaction(entry: StoredEntry, made: LicenceProposal) -> None:
        _record(actor, "licence.proposed", made, entry, owner)

    return licence_proposals.propose(
        store, licence, deed, on=on, reason=reason, today=today, filed_at=now, by=actor.pseudonym, holder=holder,
        in_transaction=in_transaction,
    )  # fmt: skip


def confirm(actor: Actor, store: Store, proposal: str, *, law: Jurisdiction, now: datetime) -> ProposalAnswer:
    """Confirms what another officer proposed; the act is entered. Raises LicenceProposalError."""
    found = licence_proposals.proposal_of(store.register(store.head()), proposal)
    today = law.day_of(now)
    owner = _required(actor, store, found.licence, found.holder, today=today)
    require_apart(actor, found.by)

    def in_transaction(entry: StoredEntry, done: LicenceProposal) -> None:
        _record(actor, "licence.confirmed", done, entry, owner)

    decided = licence_proposals.confirm(
        store, proposal, today=today, filed_at=now, by=actor.pseudonym, in_transaction=in_transaction
    )  # fmt: skip
    if decided.entry is not None:
        notify_entry(store, decided.entry, now=now)
    return decided


def refuse(
    actor: Actor, store: Store, proposal: str, *, answer: str, law: Jurisdiction, now: datetime
) -> ProposalAnswer:
    """Refuses what another officer proposed, or takes the own proposal back. Raises LicenceProposalError."""
    found = licence_proposals.proposal_of(store.register(store.head()), proposal)
    owner = _required(actor, store, found.licence, found.holder, today=law.day_of(now))

    def in_transaction(entry: StoredEntry, ended: LicenceProposal) -> None:
        what = "licence.withdrawn" if ended.state == "withdrawn" else "licence.refused"
        _record(actor, what, ended, entry, owner)

    return licence_proposals.refuse(
        store, proposal, answer=answer, filed_at=now, by=actor.pseudonym, in_transaction=in_transaction
    )


def _required(actor: Actor, store: Store, licence: str, holder: str | None, *, today: date) -> str:
    """Whose the licence is today, "" where it is nobody's. Raises NotAllowedError."""
    found = store.register(store.head()).licences.get(licence)
    owner = (found.holder(today) if found is not None else None) or AUTHORITY
    for one in (owner, holder or owner):
        actor.require("licence.decide", one)
    return owner


def _record(actor: Actor, what: str, about: LicenceProposal, entry: StoredEntry, owner: str) -> None:
    facts = {"entry": entry.index, "proposal": about.id, "deed": about.deed}
    record_act(actor, what, organisation=owner, subject=about.licence, facts=facts)
