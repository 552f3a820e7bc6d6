"""The receipt of a filing: a sheet to print and keep, with the hash, the place in the log, and a code to the proof."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse

from lodeline.language import text
from lodeline.office.filing.sandbox import ledger_of
from lodeline.office.models import Draft
from lodeline.service.entries.receipts import receipt
from lodeline.store.store import Store, StoredEntry
from lodeline.web.pages.common.firm_notice import firm_name
from lodeline.web.parts import qr
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Fact, Receipt
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written


def sheet(visit: Visit, entry: StoredEntry, *, sandbox: bool = False) -> Receipt:
    """The sheet of an entry. A sandbox's has no code: there is nothing that it could lead to."""
    envelope = json.loads(entry.envelope)
    law = visit.law
    name = firm_name(visit, entry.organisation or "")
    month = written.month(entry.period or "", visit.language)
    verify = None if sandbox else visit.url("verify", {"entry": entry.index, "leaf": entry.leaf_hash})
    address = None if verify is None else visit.request.build_absolute_uri(verify)
    leads_to = visit.text("leads to the proof of this filing")
    return Receipt(
        heading=visit.text("Sandbox: this is no receipt")
        if sandbox else visit.text("Receipt", context="filing"),
        text=visit.text("{name} filed {month}.", name=name, month=month),
        facts=[
            Fact(term=visit.text("Entry"), text=written.count(entry.index), mono=True),
            Fact(
                term=visit.text("Filed", context="filing, receipt"),
                text=written.moment(entry.filed_at, visit.language, law.timezone),
            ),
            Fact(term=visit.text("Rows", context="filing, receipt"), text=written.count(entry.row_count)),
            *_corrects(visit, entry),
            Fact(term=visit.text("Hash"), text=entry.leaf_hash, mono=True),
            Fact(term=visit.text("Root"), text=entry.root, mono=True),
            Fact(term=visit.text("Certified"), text=certified(visit, envelope)),
            Fact(term=visit.text("Flags"), text=flags_in_words(visit, entry.flags)),
        ],
        statement=visit.text("This filing is in the log, at this place, with this content. It cannot be deleted, only "
"corrected, and a correction stays visible. That what was filed is true is for the filer "
"to answer for.")
        if not sandbox
        else visit.text("It was filed in a sandbox, and proves nothing."),
        qr="" if address is None else str(qr.draw_code(address, name=leads_to)),
        scan="" if address is None else leads_to,
    )  # fmt: skip


def _corrects(visit: Visit, entry: StoredEntry) -> list[Fact]:
    if entry.corrects is None:
        return []
    corrected = visit.text("entry {corrects}", corrects=entry.corrects)
    return [Fact(term=visit.text("Corrects"), text=corrected)]


def certified(visit: Visit, envelope: dict[str, Any]) -> str:
    """By what the filing was certified, and what that is worth."""
    kind = envelope.get("facts", {}).get("certification", {}).get("kind")
    return {
        "passkey": visit.text("With a passkey; the signature is in the entry"),
        "key": visit.text("With a registered key; the signature is in the entry"),
        "certificate": visit.text("With a certificate; the signature is in the entry"),
        "password": visit.text("With a password: nobody is bound by it"),
    }.get(kind, visit.text("Not certified"))


def flags_in_words(visit: Visit, flags: Sequence[object]) -> str:
    """How many flags the filing was accepted with."""
    if not flags:
        return visit.text("None")
    n = written.count(len(flags))
    return visit.text("{n}, listed below", n=n) if len(flags) > 1 else visit.text("One, listed below", n=n)


def flag_messages(visit: Visit, flags: Sequence[Any]) -> list[str]:
    """The flags in words, each with its row."""
    found = []
    for one in flags:
        row = one["where"]["row"]
        place = visit.text("Row {row}: ", row=row) if row else ""
        found.append(place + one["message"][visit.language])
    return found


def sandbox_receipt(visit: Visit, draft: Draft, now: datetime) -> HttpResponse:
    """The page of a draft that was filed in the sandbox."""
    store = ledger_of(draft, now=now)
    entry = None if draft.entry is None else store.entry(draft.entry)
    if entry is None:
        raise NotHereError(text("The sandbox was emptied since."))
    return show(
        visit, "lodeline/filing/firm_sandbox_receipt.html",
        title=visit.text("Filed in the sandbox"),
        firm_name=firm_name(visit, draft.organisation), receipt=sheet(visit, entry, sandbox=True),
        flags=flag_messages(visit, entry.flags),
        list=visit.url("firm-file", organisation=draft.organisation),
    )  # fmt: skip


def receipt_document(store: Store, entry: int) -> str:
    """The receipt as a file: what `verify.py` checks without anything else."""
    return json.dumps(receipt(store, entry), ensure_ascii=False, indent=1)
