"""Deliveries: accepting what was sent, as the month's filing of receipts; and asking a buyer to confirm.

An acceptance is a draft like any other: it is checked, certified and filed on the same way, and until then the delivery
stands as accepted and waiting for certification. The system is told the mass on the receiver's own scales, whatever it
is.

AcceptanceError   what was chosen cannot be accepted so; the message says what to do
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.ledger.resolution import is_uri
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import office_transaction
from lodeline.office.filing import draft_check, drafts
from lodeline.office.filing.draft_content import TYPED
from lodeline.office.jobs.jobs import database
from lodeline.office.models import Draft, DraftEdit
from lodeline.office.notices.notices import notify
from lodeline.service.firm.acceptance import Acceptance, receipt_rows
from lodeline.service.firm.organisation_view import OrganisationView

#: States of a draft in which what it accepts is accepted and not yet filed.
_PENDING: Final = (Draft.State.OPEN, Draft.State.CHECKING, Draft.State.ASKED, Draft.State.FILING)
_KEYS: Final = ("kind", "reference", "counterparty", "lot")


class AcceptanceError(UserError):
    """What was chosen cannot be accepted so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a delivery is known by on both sides: the shipper, the shipper's event, and the lot's own id."""

    shipper: str
    event: str
    local: str


def accept(
    actor: Actor, own: OrganisationView, acceptances: Sequence[Acceptance], *, on: date, site: str, now: datetime
) -> Draft:
    """Puts the receipts of deliveries into a draft of the month of receipt, and returns it; it is not filed by this.

    They join the organisation's draft of receipts of that month where it has one that nobody has been asked to certify.
    Requires "own.file". Raises AcceptanceError, service.firm.acceptance.ClosedShipment, DraftError.
    """
    actor.require("own.file", own.organisation)
    waiting = own.transfers(now, waiting=True).filter(pl.col("standing") == "to-accept")
    _require_sound(own, acceptances, on=on, site=site, today=own.today(now))
    _require_shipped(acceptances, waiting, on)
    rows = receipt_rows(own, acceptances, on=on, site=site)
    draft = _put(actor, own, f"{on:%Y-%m}", rows, now)
    return draft_check.begin(draft, now=now)


def accepting(organisation: str) -> AbstractContextManager[None]:
    """A transaction in which an organisation accepts: one after another, so that nothing is accepted twice."""
    return database().one_at_a_time(f"accept:{organisation}")


def pending(actor: Actor, organisation: str) -> Mapping[Sent, int]:
    """Deliveries that are accepted and not filed yet, each with the number of its draft. Requires "own.read"."""
    actor.require("own.read", organisation)
    cells = DraftEdit.objects.filter(
        draft__organisation=organisation,
        draft__sandbox=False,
        draft__state__in=_PENDING,
        source=TYPED,
        column__in=_KEYS,
    ).values_list("draft", "row", "column", "text")
    rows: dict[tuple[int, int], dict[str, str]] = {}
    for draft, row, column, text in cells:
        rows.setdefault((draft, row), {})[column] = text or ""
    return {
        Sent(shipper=row.get("counterparty", ""), event=row["reference"], local=local_id(row.get("lot", ""))): draft
        for (draft, _), row in rows.items()
        if row.get("kind") == "receipt" and row.get("reference")
    }


def local_id(lot: str) -> str:
    """A lot's own id in the way it is called: `MAKER/7` and `7` are 7; a GS1 URI stands as it is."""
    return lot if is_uri(lot) else lot.partition("/")[2] or lot


def ask_to_confirm(actor: Actor, own: OrganisationView, receiver: str, *, now: datetime) -> bool:
    """Reminds a buyer of the deliveries that it has not confirmed; False where it was reminded this week already.

    Requires "own.file". Raises AcceptanceError where the buyer has none that wait.
    """
    actor.require("own.file", own.organisation)
    waiting = own.transfers(now, waiting=True).filter(
        (pl.col("standing") == "unconfirmed") & (pl.col("receiver") == receiver)
    )
    if not waiting.height:
        raise AcceptanceError(lang.text("Nothing that you sent there waits to be confirmed any more."))
    year, week, _ = own.today(now).isocalendar()
    with office_transaction():
        new = notify(
            receiver, "confirmation-asked", {"other": own.organisation, "count": waiting.height},
            key=f"confirm:{own.organisation}:{receiver}:{year}-{week:02d}", now=now,
        )  # fmt: skip
        if new:
            record_act(
                actor, "transfer.remind", organisation=own.organisation, subject=receiver,
                facts={"deliveries": waiting.height},
            )  # fmt: skip
    return new


def _require_sound(
    own: OrganisationView, acceptances: Sequence[Acceptance], *, on: date, site: str, today: date
) -> None:
    if not acceptances:
        raise AcceptanceError(lang.text("Choose at least one delivery."))
    if site not in {*own.sites["id"], *own.sites_before["id"]}:
        raise AcceptanceError(lang.text("Choose one of your own sites."))
    if on > today:
        raise AcceptanceError(lang.text("The day of receipt cannot be later than today."))
    if any(one.received_mg is not None and one.received_mg <= 0 for one in acceptances):
        raise AcceptanceError(lang.text("A received mass is above zero. If nothing arrived, dispute the delivery."))


def _require_shipped(acceptances: Sequence[Acceptance], waiting: pl.DataFrame, on: date) -> None:
    chosen = waiting.filter(pl.col("shipment_line").is_in([one.line for one in acceptances]))
    early = chosen.filter(pl.col("shipped_on") > on)
    if early.height:
        events = ", ".join(early["shipment_event"].unique(maintain_order=True)[:5])
        raise AcceptanceError(
            lang.text(
                "Some of this was shipped later than {isoformat}: {events}. Choose a later day of receipt.",
                isoformat=on.isoformat(),
                events=events,
            )
        )


def _put(actor: Actor, own: OrganisationView, period: str, rows: Sequence[Mapping[str, str]], now: datetime) -> Draft:
    """The rows in the organisation's open draft of receipts of a month, else in a new one, and who put them there."""
    with accepting(own.organisation):
        taken = pending(actor, own.organisation)
        fresh = [
            row for row in rows
            if Sent(shipper=row["counterparty"], event=row["reference"], local=local_id(row["lot"])) not in taken
        ]  # fmt: skip
        if not fresh:
            raise AcceptanceError(lang.text("All of this is accepted already and waits to be certified."))
        draft = _receipts_of(own.organisation, period)
        if draft is None:
            draft = drafts.new_from_rows(actor, own.organisation, period, fresh, now, law=own.law)
        else:
            cells = [
                drafts.Cell(source=TYPED, row=number, column=column, text=text)
                for number, row in enumerate(fresh, start=drafts.next_typed_row(draft))
                for column, text in row.items()
            ]
            draft = drafts.set_cells(actor, draft, cells, seen=draft.revision, now=now)
        facts = {"deliveries": len(rows)}
        record_act(actor, "transfer.accept", organisation=own.organisation, subject=str(draft.pk), facts=facts)
    return draft


def _receipts_of(organisation: str, period: str) -> Draft | None:
    """A draft of the month that holds nothing but receipts, and that nobody has been asked to certify."""
    found = Draft.objects.filter(
        organisation=organisation, period=period, sandbox=False, corrects__isnull=True, files__isnull=True,
        state__in=(Draft.State.OPEN, Draft.State.CHECKING),
    )  # fmt: skip
    for draft in found.order_by("-id"):
        kinds = draft.edits.filter(source=TYPED, column="kind").values_list("text", flat=True)
        if set(kinds) == {"receipt"}:
            return draft
    return None
