"""Transfers by program: what was shipped and received, accepting deliveries, disputing them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.material.composition import CompositionError, percent_to_ppb
from lodeline.material.mass import format_kg, parse_mass
from lodeline.office.filing import disputes, submitting
from lodeline.office.log.listing import canonical
from lodeline.office.log.listing import transfers as listed
from lodeline.office.models import Dispute
from lodeline.service.firm.acceptance import Acceptance, open_shipments
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.web.api import spec
from lodeline.web.api.filings import submission_response
from lodeline.web.api.problems import ApiProblem
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import filing as shapes
from lodeline.web.api.who import as_of_head, call_of, law, log_access, reads, store, writes

router = Router(tags=["transfers"])


class Confirmed(BaseModel):
    """One delivery that is accepted: as shipped, or with the mass on the receiver's own scales."""

    model_config = ConfigDict(extra="forbid")
    shipment: int = Field(ge=1, le=spec.INTEGER_MAX)
    received_kg: str | None = Field(None, max_length=40)
    moisture_pct: str | None = Field(None, max_length=40)
    composition: str | None = Field(None, max_length=2000)
    reason: str | None = Field(None, max_length=2000)


class AcceptanceIn(BaseModel):
    """Deliveries that arrived at one site on one day. `certification`: where the token may certify."""

    model_config = ConfigDict(extra="forbid")
    on: date
    site: str = Field(max_length=64)
    receipts: list[Confirmed] = Field(min_length=1, max_length=1000)
    certification: dict[str, Any] | None = None


class DisputeIn(BaseModel):
    """A delivery that is not as its shipper filed it, and why."""

    model_config = ConfigDict(extra="forbid")
    shipment: int = Field(ge=1, le=spec.INTEGER_MAX)
    reason: str = Field(max_length=2000)


class AnswerIn(BaseModel):
    """What the shipper says to a dispute."""

    model_config = ConfigDict(extra="forbid")
    answer: str = Field(max_length=2000)


@router.get(
    "/transfers", response=shapes.Transfers, url_name="transfers",
    **spec.operation(
        text("List transfers, in the order in which they came into the log"), scope="transfers:read"
    ),
)  # fmt: skip
def list_transfers(
    request: HttpRequest, organisation: str | None = spec.ORGANISATION,
    side: Literal["in", "out"] | None = Query(None, **spec.text("Only received, or only shipped.")),
    cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """A page of them; what is restated comes again, as new."""
    scope = reads(request, "transfers:read", organisation)
    as_of_head(request)
    log_access(request, "transfers", scope)
    own = None if scope.whole or scope.organisation is None else OrganisationView(store(), law(), scope.organisation)
    page = listed(
        store(), law(), scope.organisation, side=side, cursor=cursor, limit=limit,
        called=canonical if own is None else own.lot_name,
    )  # fmt: skip
    return {"rows": page.rows, "next": page.next}


@router.get(
    "/transfers/waiting", response=shapes.Deliveries, url_name="transfers-waiting",
    **spec.operation(text("Deliveries that wait for your receipt"), scope="transfers:read"),
)  # fmt: skip
def list_waiting(request: HttpRequest) -> dict[str, Any]:
    """The oldest first."""
    scope = reads(request, "transfers:read")
    if scope.organisation is None:
        raise ApiProblem("organisation-unnamed", text("An inbox is one organisation's."))
    today = call_of(request).now.date()
    found = open_shipments(OrganisationView(store(), law(), scope.organisation), on=today)
    return {
        "rows": [
            {
                "shipment": row["line"], "shipper": row["partner"], "shipment_event": row["event"],
                "shipped_on": None if row["shipped_on"] is None else row["shipped_on"].isoformat(),
                "age_days": row["age_days"], "lot": row["lot"], "product": row["product"],
                "shipped_kg": format_kg(row["shipped_mg"]), "missing_kg": format_kg(row["missing_mg"]),
                "document": row["document"],
            }
            for row in found.iter_rows(named=True)
        ]
    }  # fmt: skip


@router.post(
    "/transfers/accept", response={201: shapes.FilingAnswer, 202: shapes.FilingAnswer}, url_name="transfers-accept",
    **spec.operation(
        text("Accept deliveries, with a difference or without"), scope="transfers:write",
        problems=(413,), idempotent=True,
        body=body_of(
            AcceptanceIn,
            {
                "on": "2025-07-14", "site": "MAG-0003-A",
                "receipts": [{"shipment": 4711}, {"shipment": 4712, "received_kg": "119.98"}],
            },
        ),
        more=text("Makes the receipts of the month of `on`, and hands them in as a filing: answered as one."),
    ),
)  # fmt: skip
def accept(request: HttpRequest) -> HttpResponse:
    """Receipts that quote the shipper's events."""
    program, organisation = writes(request, "transfers:write")
    sent, digest = sent_as(request, AcceptanceIn)

    def act() -> HttpResponse:
        draft = submitting.accept(
            program, organisation, [_acceptance(one) for one in sent.receipts], on=sent.on, site=sent.site,
            store=store(), law=law(), now=call_of(request).now,
        )  # fmt: skip
        return submission_response(request, program, draft, sent.certification)

    return once(request, digest, act)


def _acceptance(one: Confirmed) -> Acceptance:
    try:
        return Acceptance(
            line=one.shipment,
            received_mg=None if one.received_kg is None else parse_mass(one.received_kg),
            moisture_ppb=None if one.moisture_pct is None else percent_to_ppb(one.moisture_pct),
            composition=one.composition,
            reason=one.reason,
        )
    except (ValueError, CompositionError) as error:
        raise ApiProblem("request-malformed", text("receipts: {error}.", error=error)) from error


DISPUTE: Final = Path(..., ge=1, le=spec.INTEGER_MAX, **spec.text("Number of the dispute."))


@router.get(
    "/disputes", response=shapes.Disputes, url_name="disputes",
    **spec.operation(text("List disputes about deliveries to and from you"), scope="transfers:read"),
)  # fmt: skip
def list_disputes(request: HttpRequest) -> dict[str, Any]:
    """Open ones first."""
    scope = reads(request, "transfers:read")
    if scope.organisation is None:
        raise ApiProblem("organisation-unnamed", text("Disputes are one organisation's."))
    return {"rows": [_dispute(one) for one in disputes.disputes(call_of(request).actor, scope.organisation)]}


@router.post(
    "/transfers/dispute", response={201: shapes.Dispute}, url_name="transfers-dispute",
    **spec.operation(
        text("Dispute a delivery"), scope="transfers:write", problems=(413,), idempotent=True,
        body=body_of(DisputeIn, {"shipment": 4711, "reason": "Nothing of this arrived."}),
        more=text("The shipper is told and may answer; both filings stand as filed."),
    ),
)  # fmt: skip
def raise_dispute(request: HttpRequest) -> HttpResponse:
    """Seen by both sides."""
    program, organisation = writes(request, "transfers:write")
    sent, digest = sent_as(request, DisputeIn)

    def act() -> HttpResponse:
        own = OrganisationView(store(), law(), organisation)
        made = disputes.dispute(program, own, sent.shipment, sent.reason, now=call_of(request).now)
        return json_answer(201, _dispute(made))

    return once(request, digest, act)


@router.post(
    "/disputes/{dispute}/answer", response={200: shapes.Dispute}, url_name="dispute-answer",
    **spec.operation(
        text("Answer a dispute about your shipment"), scope="transfers:write", problems=(404, 413),
        idempotent=True,
        body=body_of(AnswerIn, {"answer": "Sent again today as S-0713."}),
    ),
)  # fmt: skip
def answer_dispute(request: HttpRequest, dispute: int = DISPUTE) -> HttpResponse:
    """The receiver is told."""
    program, organisation = writes(request, "transfers:write")
    sent, digest = sent_as(request, AnswerIn)

    def act() -> HttpResponse:
        made = disputes.answer(program, organisation, dispute, sent.answer, now=call_of(request).now)
        return json_answer(200, _dispute(made))

    return once(request, digest, act)


@router.post(
    "/disputes/{dispute}/withdraw", response={200: shapes.Dispute}, url_name="dispute-withdraw",
    **spec.operation(text("Withdraw your dispute"), scope="transfers:write", problems=(404,), idempotent=True),
)  # fmt: skip
def withdraw_dispute(request: HttpRequest, dispute: int = DISPUTE) -> HttpResponse:
    """The shipper is told."""
    program, organisation = writes(request, "transfers:write")

    def act() -> HttpResponse:
        return json_answer(200, _dispute(disputes.withdraw(program, organisation, dispute, now=call_of(request).now)))

    return once(request, "", act)


def _dispute(one: Dispute) -> dict[str, Any]:
    return {
        "dispute": one.pk,
        "receiver": one.receiver,
        "shipper": one.shipper,
        "shipment_event": one.shipment_event,
        "lot": one.lot,
        "reason": one.reason,
        "raised_at": one.raised_at.isoformat(),
        "answer": one.answer or None,
        "answered_at": None if one.answered_at is None else one.answered_at.isoformat(),
        "withdrawn_at": None if one.withdrawn_at is None else one.withdrawn_at.isoformat(),
    }
