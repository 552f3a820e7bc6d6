"""A firm's deliveries: accept what came, one or many at once; see what was sent, what has closed, what is disputed.

What is accepted becomes the receipts of a filing: it is a draft until somebody certifies it, and the page says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, text
from lodeline.office.filing import disputes, transfers
from lodeline.office.filing.drafts import DraftError
from lodeline.office.models import Dispute
from lodeline.service.firm.acceptance import ClosedShipment
from lodeline.web.pages.common.firm_part import Firm, counted, error_text
from lodeline.web.pages.filing.inbox import accept_form, accept_posted, inbox
from lodeline.web.pages.filing.waiting import waiting_table
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Notice, Tab
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written

#: What can be looked at: `?view=`.
VIEWS: Final[Mapping[str, Text]] = {
    "in": text("To accept", context="filing"),
    "sent": text("Sent", context="filing"),
    "others": text("Other half missing"),
    "closed": text("Closed", context="filing"),
    "disputes": text("Disputes"),
}
_LEDES: Final[Mapping[str, Text]] = {
    "in": text(
        "What you accept becomes receipts in the filing of the month. The mass on your own "
        "scales is what counts, whatever the shipper wrote."
    ),
    "sent": text("Each waits for the buyer to file it. You may remind a buyer once a week."),
    "others": text("One side has filed and the other has not: file your half, or ask for theirs."),
    "closed": text("Shipper and receiver have both filed, or the other side need not."),
    "disputes": text("Both sides see these and nobody else does. Nothing in the ledger changes by a dispute."),
}
_STANDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "in": ("to-accept",),
    "sent": ("unconfirmed",),
    "others": ("unsent", "awaiting-shipper"),
    "closed": ("closed", "differs"),
}
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def firm_transfers(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/transfers/`: `?view=`; the form accepts the deliveries chosen."""
    firm = Firm(visit, organisation)
    view = visit.query("view") or "in"
    if view not in VIEWS:
        known = ", ".join(VIEWS)
        raise BadQuestionError(text("There is no view {view!r}: one of {known}.", view=view, known=known))
    refused = ""
    if visit.request.method == "POST":
        try:
            return _posted(firm)
        except (transfers.AcceptanceError, ClosedShipment, DraftError) as error:
            refused = error_text(visit, error)
    waiting = firm.own.transfers(firm.now, waiting=True)
    disputed = disputes.disputes(visit.actor, organisation)
    table = _table(firm, view, waiting, disputed)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    may_file = visit.actor.may("own.file", organisation)
    return show(
        visit,
        "lodeline/filing/firm_transfers.html",
        title=_headline(firm, view, table, disputed),
        status=400 if refused else 200,
        name=firm.name,
        view=view,
        lede=visit.localized(_LEDES[view]),
        label=visit.text("Transfers", context="filing"),
        tabs=_tabs(firm, view, waiting, disputed),
        table=shown(visit, table),
        deliveries=counted(visit, len(table.rows), text("1 delivery"), text("{n} deliveries")),
        form=accept_form(firm) if view == "in" and may_file and waiting.height else None,
        buyers=_buyers(firm, waiting) if view == "sent" and may_file else (),
        notices=[Notice(kind="problem", text=refused)] if refused else _notices(firm),
        marked=any(called.startswith("~") for called in waiting["called"]),
    )


def _posted(firm: Firm) -> HttpResponse:
    """Accepts, or reminds a buyer; leads to where the outcome is seen."""
    visit, form = firm.visit, firm.visit.request.POST
    if buyer := form.get("remind"):
        new = transfers.ask_to_confirm(visit.actor, firm.own, buyer, now=firm.now)
        return HttpResponseRedirect(visit.here(said="reminded" if new else "reminded-before"), status=303)
    draft = accept_posted(firm)
    return HttpResponseRedirect(visit.here(said="accepted", draft=draft.pk, view=None), status=303)


def _headline(firm: Firm, view: str, table: Table, disputed: Sequence[Dispute]) -> str:
    """The answer of the view; what is behind it is the table."""
    visit, n = firm.visit, len(table.rows)
    if view == "in":
        some = (
            text("One delivery waits for you", context="transfers"),
            text("{n} deliveries wait for you", context="transfers"),
        )
        none = text("No delivery waits for you")
    elif view == "sent":
        some = (
            text("One of your shipments is not confirmed yet", context="transfers"),
            text("{n} of your shipments are not confirmed yet", context="transfers"),
        )
        none = text("Nothing that you sent waits for a buyer")
    elif view == "others":
        some = (
            text("One transfer lacks its other half", context="transfers"),
            text("{n} transfers lack their other half", context="transfers"),
        )
        none = text("No transfer lacks its other half")
    elif view == "closed":
        some = text("One transfer has closed"), text("{n} transfers have closed")
        none = text("No transfer has closed yet")
    else:
        n = sum(one.withdrawn_at is None for one in disputed)
        some = text("One delivery is disputed"), text("{n} deliveries are disputed")
        none = text("No delivery is disputed")
    return counted(visit, n, *some) if n else visit.localized(none)


def _tabs(firm: Firm, view: str, waiting: pl.DataFrame, disputed: Sequence[Dispute]) -> list[Tab]:
    counts = dict(waiting.group_by("standing").len().iter_rows())
    numbers = {key: sum(counts.get(one, 0) for one in standings) for key, standings in _STANDINGS.items()}
    numbers |= {"disputes": sum(one.withdrawn_at is None for one in disputed), "closed": 0}
    return [
        Tab(
            label=firm.visit.localized(label),
            here=key == view,
            count=written.count(numbers[key]) if numbers[key] else "",
            href=firm.visit.here(
                view=None if key == "in" else key, said=None, draft=None, sort=None, **{f"{view}.page": None}
            ),
        )
        for key, label in VIEWS.items()
    ]


def _notices(firm: Firm) -> list[Notice]:
    visit = firm.visit
    code = visit.query("said")
    if code == "accepted":
        draft = visit.query("draft") or ""
        href = firm.url("firm-draft", draft=int(draft)) if _NUMBER.fullmatch(draft) else None
        act = None if href is None else Act(label=visit.text("Open the draft"), href=href, look="ghost", small=True)
        text = visit.text("Accepted. It is filed when somebody certifies it.")
        return [Notice(kind="success", text=text, act=act)]
    if code == "reminded":
        return [Notice(kind="success", text=visit.text("The buyer finds it in its notices."))]
    if code == "reminded-before":
        text = visit.text("The buyer was reminded this week already.")
        return [Notice(kind="info", text=text)]
    return []


def _table(firm: Firm, view: str, waiting: pl.DataFrame, disputed: Sequence[Dispute]) -> Table:
    if view == "disputes":
        return _disputes_table(firm, disputed)
    if view == "in":
        return inbox(firm, waiting)
    every = firm.own.transfers(firm.now) if view == "closed" else waiting
    rows = every.filter(pl.col("standing").is_in(_STANDINGS[view]))
    return waiting_table(firm, rows if view == "closed" else rows.reverse(), name=view)


def _buyers(firm: Firm, waiting: pl.DataFrame) -> list[dict[str, object]]:
    """Buyers with what they have not confirmed, the longest waiting first, to be reminded."""
    sent = waiting.filter(pl.col("standing") == "unconfirmed")
    by_buyer = sent.group_by("receiver").agg(count=pl.len(), oldest=pl.col("age_days").max()).sort(-pl.col("oldest"))
    return [
        {
            "id": receiver,
            "name": firm.names.get(receiver, written.NOTHING),
            "text": counted(
                firm.visit,
                count,
                text("one delivery, {oldest} days", oldest=oldest),
                text("{{n}} deliveries, oldest {oldest} days", oldest=oldest),
            ),
        }
        for receiver, count, oldest in by_buyer.iter_rows()
        if receiver is not None
    ]


def _disputes_table(firm: Firm, disputed: Sequence[Dispute]) -> Table:
    visit = firm.visit
    return Table(
        name="disputes",
        caption=visit.text("Disputes"),
        columns=(
            Column(key="event", label=text("Shipment", context="filing")),
            Column(key="other", label=text("With", context="filing")),
            Column(key="raised", label=text("Raised")),
            Column(key="reason", label=text("What is not right", context="filing, firm transfers")),
            Column(key="answer", label=text("The shipper's answer")),
            Column(key="state", label=text("State")),
        ),
        rows=[_dispute_row(firm, one) for one in disputed],
        per_page=25,
        empty=visit.text("No delivery is disputed."),
    )


def _dispute_row(firm: Firm, one: Dispute) -> Row:
    visit, own = firm.visit, one.receiver == firm.organisation
    word, shape = (
        visit.text("Answered", context="filing") if one.answer else visit.text("Open", context="filing"),
        "half",
    )
    if one.withdrawn_at is not None:
        word, shape = visit.text("Withdrawn", context="filing"), "tick"
    return (
        Cell(
            text=one.shipment_event,
            value=one.shipment_event,
            note=one.lot,
            href=firm.url("firm-dispute", dispute=one.pk),
        ),
        firm.party(
            one.shipper if own else one.receiver,
            note=visit.text("raised by you") if own else visit.text("raised by them"),
        ),
        Cell(text=firm.moment(one.raised_at), value=one.raised_at.isoformat()),
        Cell(text=one.reason),
        Cell(text=one.answer or written.NOTHING),
        Cell(text=word, value=word, shape=shape if one.answer or one.withdrawn_at else "ring", tone="quiet"),
    )
