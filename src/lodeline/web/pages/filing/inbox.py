"""Deliveries that wait for a firm, as a table to choose from, and the form that accepts those chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline import language as lang
from lodeline.material.mass import parse_mass
from lodeline.office.filing import transfers
from lodeline.office.models import Draft
from lodeline.service.firm.acceptance import Acceptance, open_shipments
from lodeline.web.pages.common.firm_part import Firm, kilograms
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.parts.values import Field
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words

#: Where the fields of the form begin: the number of the shipment line follows.
MASS: Final = "mass-"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


def accept_posted(firm: Firm) -> Draft:
    """Accepts what the form of this page, or of one delivery, has chosen. Raises what `transfers.accept` raises."""
    form = firm.visit.request.POST
    # One button takes the deliveries that are ticked, the other all that were shown.
    ticked = form.getlist("shown" if form.get("all") else "line")
    chosen = [int(one) for one in ticked if _NUMBER.fullmatch(one)]
    acceptances = [
        Acceptance(
            line=line, received_mg=_mass(form.get(f"{MASS}{line}", "")),
            reason=form.get("reason", "").strip() or None,
        )
        for line in dict.fromkeys(chosen)
    ]  # fmt: skip
    try:
        on = date.fromisoformat(form.get("on", ""))
    except ValueError:
        raise transfers.AcceptanceError(lang.text("Write the day of receipt like 2026-01-31.")) from None
    return transfers.accept(firm.visit.actor, firm.own, acceptances, on=on, site=form.get("site", ""), now=firm.now)


def _mass(text: str) -> int | None:
    """The receiver's own net mass in kg as typed; None where the field was left empty."""
    # A comma is refused: it parts thousands for one reader and decimals for another.
    stripped = text.strip().replace("\u2009", "").replace(" ", "")
    if not stripped:
        return None
    try:
        return parse_mass(stripped)
    except ValueError:
        raise transfers.AcceptanceError(
            lang.text(
                "{text!r} is no mass in kg: write it like 1250.5, or leave the field empty to accept the "
                "mass as shipped.",
                text=text,
            )
        ) from None


def accept_form(firm: Firm) -> dict[str, Any]:
    """What is said once for all deliveries that are accepted together."""
    visit, posted = firm.visit, firm.visit.request.POST
    # A firm that handed a site over still files what it received there before.
    sites = sorted(firm.sites_ever.items(), key=lambda one: (one[0] not in firm.sites, one[1]))
    return {
        "on": Field(
            name="on", label=visit.text("Day of receipt"), kind="date", width="short", required=True,
            value=posted.get("on", firm.today.isoformat()),
        ),
        "site": Field(
            name="site", label=visit.text("Received at"), kind="select", required=True, options=sites,
            value=posted.get("site", sites[0][0] if sites else ""),
        ),
        "chosen": set(posted.getlist("line")),
    }  # fmt: skip


def inbox(firm: Firm, waiting: pl.DataFrame) -> Table:
    """What can be accepted, the oldest first; the first column is the choice."""
    visit = firm.visit
    accepted = transfers.pending(visit.actor, firm.organisation)
    papers = open_shipments(firm.own, on=firm.today).select(
        "net_mg", "moisture_ppb", "missing_mg", shipment_line="line"
    )
    mine = waiting.filter(pl.col("standing") == "to-accept").join(papers, on="shipment_line", how="inner")
    rows = mine.sort("day", "shipment_event", "called")
    return Table(
        name="in",
        caption=visit.text("Deliveries to accept"),
        columns=(
            Column(key="line", label=lang.text("Delivery")),
            Column(key="other", label=lang.text("From", context="filing")),
            Column(key="day", label=lang.text("Shipped", context="filing, inbox")),
            Column(key="age", label=lang.text("Waits"), number=True, unit="d"),
            Column(key="net", label=lang.text("Net mass as shipped"), number=True, unit="kg"),
            Column(key="own", label=lang.text("On your scales, kg"), number=True),
            Column(key="state", label=lang.text("State")),
        ),
        rows=FrameRows(
            rows,
            lambda row: _delivery(firm, row, accepted),
            sorts={"line": "called", "other": "other", "day": "day", "age": "age_days", "net": "net_mg"},
        ),
        per_page=50,
        empty=visit.text("No delivery waits for you. What others ship to you appears here when they have filed it."),
    )


def _delivery(firm: Firm, row: Mapping[str, Any], accepted: Mapping[transfers.Sent, int]) -> Row:
    visit, language = firm.visit, firm.visit.language
    sent = transfers.Sent(shipper=row["shipper"], event=row["shipment_event"], local=row["local"])
    product = lot_words.product(row["product"], language)
    note = " · ".join(one for one in (product, row["shipment_event"], row["document"]) if one)
    net_mg = row["missing_mg"] if row["received_mg"] else row["net_mg"]
    late = row["state"] == "exception"
    state = Cell(
        text=visit.text("Past both deadlines") if late else visit.text("Waits for you"),
        value=row["state"], shape="down" if late else "ring", tone="loss" if late else "ink",
    )  # fmt: skip
    if sent in accepted:
        state = Cell(
            text=visit.text("Accepted, waits for certification"), value="accepted", shape="half",
            tone="flow", href=firm.url("firm-draft", draft=accepted[sent]),
        )  # fmt: skip
    return (
        Cell(
            text=row["called"], value=row["shipment_line"], note=note,
            href=firm.url("firm-transfer", line=row["shipment_line"]),
        ),
        firm.party(row["shipper"]),
        firm.day(row["day"]),
        firm.age(row["age_days"]),
        Cell(
            text=written.mass(net_mg, language), value=kilograms(net_mg),
            note=visit.text("still missing, dry") if row["received_mg"] else "",
        ),
        Cell(
            text=visit.request.POST.get(f"{MASS}{row['shipment_line']}", ""), value=None if sent in accepted else ""
        ),
        state,
    )  # fmt: skip
