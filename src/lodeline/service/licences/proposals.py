"""What becomes of a licence after its grant is proposed by one officer and decided by another; both stay in the log.

A proposal is a record of the register with a state, and nothing follows from it. Who confirms it enters the act in the
same entry (`service.licences.licences`); who refuses it says why. Whoever proposed may take it back and does not
confirm it.

    proposed ── done | refused       by another
        └────── withdrawn            by the one who proposed

LicenceProposalError   this cannot be done with this proposal
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

import polars as pl

from lodeline.encoding import SPREAD
from lodeline.errors import UserError
from lodeline.language import enumerated, text
from lodeline.ledger.licence import DEEDS, Deed
from lodeline.ledger.problem import Problem
from lodeline.ledger.register import TABLES, Register
from lodeline.service.entries.records import put_records
from lodeline.service.licences.licences import REASON_CHARACTERS, act_faults, act_record
from lodeline.store.store import Store, StoredEntry

Became = Literal["done", "refused", "withdrawn"]
_TABLE: Final = "licence_proposals"
Also = Callable[[StoredEntry, "LicenceProposal"], None]


class LicenceProposalError(UserError):
    """This cannot be done with this proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceProposal:
    """What an officer wants done with a licence from the day `on`. `by`: who proposed, by pseudonym; `answer`: why it
    was refused or withdrawn."""

    id: str = field(metadata={"key": "proposal"})
    licence: str
    deed: Deed
    on: date
    holder: str | None
    reason: str
    by: str
    state: Literal["proposed", Became]
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalAnswer:
    """A proposal after a step, with the entry of the step; or every problem that there is."""

    proposal: LicenceProposal | None = field(default=None, metadata=SPREAD)
    entry: int | None = None
    problems: tuple[Problem, ...] = ()


def proposals(register: Register, licence: str | None = None) -> list[LicenceProposal]:
    """Those about a licence, or about any, in the order in which they were first made."""
    rows = register.tables[_TABLE].iter_rows(named=True)
    return [_proposal(row) for row in rows if licence in (None, row["licence"])]


def waiting(register: Register) -> dict[str, LicenceProposal]:
    """Licence → what waits to be decided about it: one proposal at most."""
    return {one.licence: one for one in proposals(register) if one.state == "proposed"}


def propose(
    store: Store, licence: str, deed: str, *, on: date, reason: str, today: date, filed_at: datetime, by: str,
    holder: str = "", in_transaction: Also | None = None,
) -> ProposalAnswer:  # fmt: skip
    """Enters that an officer wants something done with a licence; or every reason for which it could not be done.

    Raises LicenceProposalError where another proposal waits, and for a day that has passed: no decision reaches back.
    """
    known = next((one for one in DEEDS if one == deed), None)
    if known is None:
        raise LicenceProposalError(text("{deed!r} is none of {deeds}.", deed=deed, deeds=enumerated(DEEDS)))
    if on < today:
        raise LicenceProposalError(
            text("{isoformat} has passed: a decision counts from its own day on.", isoformat=on.isoformat())
        )
    holder = holder if known == "holder" else ""
    record = act_record(licence, known, on=on, holder=holder, reason=reason)
    with store.database.transaction():
        head = store.head(lock=True)
        register = store.register(head)
        problems = act_faults(register, record)
        if problems:
            return ProposalAnswer(problems=problems)
        if licence in waiting(register):
            raise LicenceProposalError(text("Something is proposed about this licence already: it is decided first."))
        made = LicenceProposal(
            id=f"LP-{head.size}", licence=licence, deed=known, on=on, holder=holder or None,
            reason=record["reason"], by=by, state="proposed", answer=None,
        )  # fmt: skip
        entry = _put(store, {_TABLE: [_row(made)]}, made, filed_at=filed_at, by=by, in_transaction=in_transaction)
    return ProposalAnswer(proposal=made, entry=entry.index)


def confirm(
    store: Store, proposal: str, *, today: date, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> ProposalAnswer:
    """Another officer confirms: the act stands from its day, or from today where that has passed meanwhile.

    Where the licence stands otherwise by now, every reason against it, and the proposal waits on. Raises
    LicenceProposalError.
    """
    with store.database.transaction():
        register = store.register(store.head(lock=True))
        found = _waits(register, proposal)
        if found.by == by:
            raise LicenceProposalError(text("You proposed this: another officer confirms it.", context="licences"))
        on = max(found.on, today)
        # Suspended, resumed and suspended again on one day for one reason are three acts; the proposal parts them.
        record = act_record(found.licence, found.deed, on=on, holder=found.holder or "", reason=found.reason) | {
            "id": f"{found.deed}-{on.isoformat()}-{found.id}"
        }
        problems = act_faults(register, record)
        if problems:
            return ProposalAnswer(problems=problems)
        done = _become(found, "done", on=on)
        tables = {_TABLE: [_row(done)], "licence_acts": [record]}
        entry = _put(store, tables, done, filed_at=filed_at, by=by, in_transaction=in_transaction)
    return ProposalAnswer(proposal=done, entry=entry.index)


def refuse(
    store: Store, proposal: str, *, answer: str, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> ProposalAnswer:
    """Another officer does not follow, or the one who proposed takes it back; both say why. Nothing else changes."""
    grounds = answer.strip()
    if not grounds or len(grounds) > REASON_CHARACTERS:
        raise LicenceProposalError(
            text("Say why, in at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS)
        )
    with store.database.transaction():
        found = _waits(store.register(store.head(lock=True)), proposal)
        ended = _become(found, "withdrawn" if found.by == by else "refused", answer=grounds)
        entry = _put(store, {_TABLE: [_row(ended)]}, ended, filed_at=filed_at, by=by, in_transaction=in_transaction)
    return ProposalAnswer(proposal=ended, entry=entry.index)


def proposal_of(register: Register, proposal: str) -> LicenceProposal:
    """The proposal of that id, whatever became of it. Raises LicenceProposalError."""
    found = next((one for one in proposals(register) if one.id == proposal), None)
    if found is None:
        raise LicenceProposalError(text("There is no such proposal."))
    return found


def _waits(register: Register, proposal: str) -> LicenceProposal:
    found = proposal_of(register, proposal)
    if found.state != "proposed":
        raise LicenceProposalError(text("It is decided already."))
    return found


def _become(
    found: LicenceProposal, state: Became, *, on: date | None = None, answer: str | None = None
) -> LicenceProposal:
    return _proposal(_row(found) | {"state": state, "on": on or found.on, "answer": answer})


def _put(
    store: Store, tables: dict[str, list[dict[str, Any]]], about: LicenceProposal, *, filed_at: datetime, by: str,
    in_transaction: Also | None,
) -> StoredEntry:  # fmt: skip
    frames = {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items()}
    entry = put_records(
        store, frames, filed_at=filed_at, by=by,
        in_transaction=in_transaction and (lambda entry: in_transaction(entry, about)),
    )  # fmt: skip
    assert entry is not None, "the state of a proposal is another one"
    return entry


def _proposal(row: dict[str, Any]) -> LicenceProposal:
    texts = {name: row[name] or "" for name in ("reason", "by")}
    return LicenceProposal(**{name: row[name] for name in TABLES[_TABLE]} | texts)


def _row(one: LicenceProposal) -> dict[str, Any]:
    return {name: getattr(one, name) for name in TABLES[_TABLE]}
