"""One delivery of a firm, and one dispute: both halves side by side, what can be done about it, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.filing import disputes, transfers
from lodeline.office.filing.drafts import DraftError
from lodeline.office.models import Dispute
from lodeline.service.firm.acceptance import ClosedShipment, open_shipments
from lodeline.web.pages.common.firm_part import Firm, error_text
from lodeline.web.pages.filing.inbox import MASS, accept_form, accept_posted
from lodeline.web.pages.filing.waiting import difference, state_cell
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Fact, Field, Happening, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words


def firm_transfer(visit: Visit, organisation: str, line: int) -> HttpResponse:
    """The page `firm/ID/transfers/LINE/`: a delivery by its shipment's line; forms accept it and dispute it."""
    firm = Firm(visit, organisation)
    found = firm.own.transfers(firm.now).filter(pl.col("shipment_line") == line)
    if not found.height:
        raise NotHereError(text("No delivery of yours has this number. Find it in the list of your transfers."))
    row = found.row(0, named=True)
    refused = ""
    if visit.request.method == "POST":
        try:
            return _posted(firm, line)
        except (transfers.AcceptanceError, ClosedShipment, DraftError, disputes.DisputeError) as error:
            refused = error_text(visit, error)
    may_file = visit.actor.may("own.file", organisation) and row["standing"] == "to-accept"
    papers = open_shipments(firm.own, on=firm.today).filter(pl.col("line") == line).to_dicts()
    draft = transfers.pending(visit.actor, organisation).get(
        transfers.Sent(shipper=row["shipper"], event=row["shipment_event"], local=row["local"])
    )
    return show(
        visit,
        "lodeline/filing/firm_transfer.html",
        title=_headline(firm, row, accepted=draft is not None),
        status=400 if refused else 200,
        row=row,
        line=line,
        state=replace(state_cell(firm, row), href=None),
        facts=_facts(firm, row, papers[0] if papers else None),
        accept=_accept_fields(firm, line) if may_file and draft is None else None,
        draft=None if draft is None else firm.url("firm-draft", draft=draft),
        accepted=draft is not None,
        dispute=_dispute_field(visit) if may_file else None,
        disputed=[_shown(firm, one) for one in disputes.about(visit.actor, firm.own, row)],
        notices=[Notice(kind="problem", text=refused)] if refused else [],
        back=firm.url("firm-transfers"),
    )


def firm_dispute(visit: Visit, organisation: str, dispute: int) -> HttpResponse:
    """The page `firm/ID/disputes/NUMBER/`: what both sides said; the shipper answers, the receiver withdraws."""
    firm = Firm(visit, organisation)
    found = next((one for one in disputes.disputes(visit.actor, organisation) if one.pk == dispute), None)
    if found is None:
        raise NotHereError(text("There is no such dispute between you and anybody."))
    refused, form = "", visit.request.POST
    if visit.request.method == "POST":
        try:
            if form.get("withdraw"):
                disputes.withdraw(visit.actor, organisation, dispute, now=firm.now)
            else:
                disputes.answer(visit.actor, organisation, dispute, form.get("answer", ""), now=firm.now)
            return HttpResponseRedirect(visit.here(), status=303)
        except disputes.DisputeError as error:
            refused = error_text(visit, error)
    open_, own = found.withdrawn_at is None, found.receiver == organisation
    may_file = visit.actor.may("own.file", organisation) and open_
    other, event = firm.names.get(found.shipper if own else found.receiver, written.NOTHING), found.shipment_event
    return show(
        visit,
        "lodeline/filing/firm_dispute.html",
        title=(
            visit.text("You dispute {event} of {other}", event=event, other=other)
            if own
            else visit.text("{other} disputes your {event}", other=other, event=event)
        ),
        status=400 if refused else 200,
        lot=found.lot,
        dispute=_shown(firm, found),
        answer=Field(
            name="answer",
            label=visit.text("Your answer"),
            kind="textarea",
            required=True,
            width="full",
            value=form.get("answer", ""),
            errors=(refused,) if refused else (),
        )
        if may_file and not own
        else None,
        may_withdraw=may_file and own,
        back=firm.url("firm-transfers", query={"view": "disputes"}),
    )


def _posted(firm: Firm, line: int) -> HttpResponse:
    visit, form = firm.visit, firm.visit.request.POST
    if "dispute" in form:
        made = disputes.dispute(visit.actor, firm.own, line, form["dispute"], now=firm.now)
        to = firm.url("firm-dispute", dispute=made.pk)
    else:
        draft = accept_posted(firm)
        to = firm.url("firm-transfers", query={"said": "accepted", "draft": draft.pk})
    assert to is not None, "whoever files may look"
    return HttpResponseRedirect(to, status=303)


def _headline(firm: Firm, row: Mapping[str, Any], *, accepted: bool) -> str:
    visit = firm.visit
    other = firm.names.get(row["other"], visit.text("a firm that is not registered"))
    mass = written.mass(row["shipped_mg"], visit.language)
    if accepted:
        return visit.text("{mass} from {other}: accepted, not yet certified", mass=mass, other=other)
    if row["standing"] == "to-accept":
        return visit.text("{mass} from {other} wait for you", mass=mass, other=other)
    if row["standing"] == "unconfirmed":
        return visit.text("{other} has not confirmed {mass}", other=other, mass=mass)
    if row["standing"] == "differs":
        return visit.text("Closed, with a difference: {mass} shipped", mass=mass)
    return visit.text("Closed: {mass}", mass=mass)


def _facts(firm: Firm, row: Mapping[str, Any], papers: Mapping[str, Any] | None) -> list[Fact]:
    visit, language = firm.visit, firm.visit.language
    text = visit.text
    facts = [
        Fact(term=text("Lot"), text=row["called"], href=firm.url("firm-lot", lot=row["called"]), mono=True),
        Fact(term=text("Product"), text=lot_words.product(row["product"], language)),
        Fact(term=text("Shipper"), text=firm.names.get(row["shipper"] or "", written.NOTHING)),
        Fact(term=text("Receiver"), text=firm.names.get(row["receiver"] or "", written.NOTHING)),
        Fact(term=text("Shipment event"), text=row["shipment_event"], mono=True),
        Fact(term=text("Shipped on"), text=written.day(row["shipped_on"], language)),
        Fact(term=text("Shipped, dry"), text=written.mass(row["shipped_mg"], language)),
    ]
    if papers is not None:
        facts.append(Fact(term=text("Net mass as shipped"), text=written.mass(papers["net_mg"], language)))
    if row["received_on"] is not None:
        facts += [
            Fact(term=text("Received on"), text=written.day(row["received_on"], language)),
            Fact(term=text("Received, dry"), text=written.mass(row["received_mg"], language)),
            Fact(term=text("Difference", context="filing"), text=difference(row, language)),
        ]
    if row["document"]:
        facts.append(Fact(term=text("Document", context="filing, firm transfer"), text=row["document"], mono=True))
    return facts


def _accept_fields(firm: Firm, line: int) -> list[Field]:
    visit, posted, form = firm.visit, firm.visit.request.POST, accept_form(firm)
    mass = Field(
        name=f"{MASS}{line}",
        label=visit.text("Net mass on your scales, kg"),
        width="short",
        inputmode="decimal",
        value=posted.get(f"{MASS}{line}", ""),
        hint=visit.text("Leave it empty to accept the mass as shipped."),
    )
    why = Field(name="reason", label=visit.text("Why it differs"), width="long", value=posted.get("reason", ""))
    return [form["on"], form["site"], mass, why]


def _dispute_field(visit: Visit) -> Field:
    return Field(
        name="dispute",
        label=visit.text("What is not right", context="filing, firm transfer"),
        kind="textarea",
        lines=3,
        required=True,
        width="full",
        value=visit.request.POST.get("dispute", ""),
        hint=visit.text("The shipper sees this and nobody else does. Nothing in the ledger changes by it."),
    )


def _shown(firm: Firm, one: Dispute) -> dict[str, Any]:
    visit = firm.visit
    shipper, receiver = (firm.names.get(id_, written.NOTHING) for id_ in (one.shipper, one.receiver))
    happenings = [
        Happening(
            when=firm.moment(one.raised_at),
            title=visit.text("{receiver} disputes it", receiver=receiver),
            text=one.reason,
            shape="square",
        )
    ]
    if one.answered_at is not None:
        happenings.append(
            Happening(
                when=firm.moment(one.answered_at),
                title=visit.text("{shipper} answers", shipper=shipper),
                text=one.answer,
                shape="circle",
            )
        )
    if one.withdrawn_at is not None:
        title = visit.text("{receiver} has withdrawn it", receiver=receiver)
        happenings.append(Happening(when=firm.moment(one.withdrawn_at), title=title, shape="tick"))
    return {"happenings": happenings, "href": firm.url("firm-dispute", dispute=one.pk)}
