"""Verify a receipt in the page, by the verifier that `lodeline verify --receipt` uses; nothing of it is kept."""

from __future__ import annotations

import base64
import hmac
import json
import re
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse

from lodeline.journal.verify import certified_by, text_of, verify_receipt
from lodeline.language import text
from lodeline.service.entries.receipts import receipt
from lodeline.web.pages.common import law_days
from lodeline.web.parts.shell import show
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written


def verify(visit: Visit) -> HttpResponse:
    """The page `verify/`: a form, and after it was sent the answer above it."""
    law_days.stamp(visit)
    text = _sent(visit)
    # An empty form is no receipt that fails: it is a form to fill in.
    answer = _answer(visit, text) if text else None
    return show(
        visit,
        "lodeline/log/verify.html",
        title=visit.text("Verify a receipt") if answer is None else answer["title"],
        text=text or "",
        answer=answer,
        empty=text == "",
        vkey=visit.store.signer.verifier.vkey,
    )


def _sent(visit: Visit) -> str | None:
    """The receipt as pasted, else as uploaded; None before the form is sent, unless the address names an entry."""
    if visit.request.method != "POST":
        return _named(visit)
    pasted = visit.request.POST.get("receipt", "").strip()
    file = visit.request.FILES.get("file")
    if pasted or not isinstance(file, UploadedFile):
        return pasted
    return bytes(file.read()).decode("utf-8", "replace").strip()


def _named(visit: Visit) -> str | None:
    """The receipt of the entry whose number and hash the address has (`?entry=…&leaf=…`), as the code on paper does.

    Only whoever has the hash gets it: it is on the receipt, and cannot be guessed. The flags stay closed.
    """
    number, leaf = visit.query("entry"), visit.query("leaf")
    if number is None or leaf is None or not re.fullmatch(r"[0-9]{1,15}", number):
        return None
    store = visit.store
    entry = store.entry(int(number))
    if entry is None or not hmac.compare_digest(entry.leaf_hash.encode(), leaf.encode()):
        raise NotHereError(
            text(
                "This log has no such receipt. If it was printed from this address, the log was "
                "rewritten: keep the paper."
            )
        )
    closed: dict[str, object] = {"flags": [], "flags_salt": None, "upload_sha256": None, "upload_salt": None}
    shown = {**(receipt(store, entry.index) or {}), **closed}
    shown.pop("uploads", None)
    return json.dumps(shown, ensure_ascii=False, indent=1)


def _answer(visit: Visit, text: str) -> dict[str, Any]:
    """Whether the receipt holds, and what each check says."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    # A receipt as `lodeline file --json` prints it is under `receipt`.
    document = document.get("receipt", document) if isinstance(document, dict) else document
    is_read = isinstance(document, dict)
    faults = verify_receipt(document if is_read else text)
    if faults:
        reasons = [text_of(fault, visit.language) for fault in faults]
        if not is_read:
            reasons.append(
                visit.text("Paste the whole receipt, from { to }.")
            )  # fmt: skip
        return _no(visit, reasons, is_none=faults[0].what == "receipt.none")
    return {
        "holds": True,
        "title": visit.text("This receipt holds"),
        "checks": [*_of_itself(visit, document), *_against_this_log(visit, document)],
    }


def _no(visit: Visit, reasons: list[str], *, is_none: bool) -> dict[str, Any]:
    """`is_none`: what was sent is no receipt, so that none was altered."""
    return {
        "holds": False,
        "is_none": is_none,
        "title": visit.text("This is not a receipt") if is_none else visit.text("This receipt does not hold"),
        "checks": [{"holds": False, "text": reason} for reason in reasons],
    }


def _of_itself(visit: Visit, document: dict[str, Any]) -> list[dict[str, Any]]:
    envelope = json.loads(document["envelope"])
    filed = written.moment(document["filed_at"], visit.language, visit.law.timezone)
    what = visit.text(
        "Entry {entry}, {rows} rows, was filed on {filed} and is in the log that the checkpoint states.",
        entry=document["entry"],
        rows=envelope["rows"],
        filed=filed,
    )
    period = envelope.get("period")
    month = written.month(period, visit.language) if period else None
    who = visit.text(", ", context="log").join(str(part) for part in (envelope.get("organisation"), month) if part)
    filing = visit.text("It is the filing of {who}.", who=who)
    certified = certified_by(document["envelope"])
    return [
        {"holds": True, "text": what},
        *([{"holds": True, "text": filing}] if who else []),
        *([{"holds": True, "text": visit.localized({"en": certified[0], "zh": certified[1]})}] if certified else []),
        {
            "holds": True,
            "text": visit.text("Neither its text, nor its flags, nor its place can have been changed since the "
"checkpoint was signed."),
        },
    ]  # fmt: skip


def _against_this_log(visit: Visit, document: dict[str, Any]) -> list[dict[str, Any]]:
    """What the store behind these pages adds: its key, and that its log continues the one of the receipt."""
    store = visit.store
    if verify_receipt(document, vkey=store.signer.verifier.vkey):
        return [
            {
                "holds": False,
                "text": visit.text(
                    "It is signed by another log than the one behind these pages: compare its key with one "
                    "that you have from elsewhere."
                ),
            }
        ]
    size = int(str(document["checkpoint"]).split("\n")[1])
    newest = store.entry(size - 1)
    kept = store.entry(cast(int, document["entry"]))
    continues = (
        newest is not None
        and kept is not None
        and kept.leaf_hash == document["leaf_hash"]
        and _root(document["checkpoint"]) == newest.root
    )
    return [
        {"holds": True, "text": visit.text("It is signed by the key of this log.")},
        {
            "holds": continues,
            "text": visit.text("The log as it stands now continues the one of the receipt ({size} entries).", size=size)
            if continues
            else visit.text(
                "The log as it stands now does not continue the one of the receipt ({size} entries): it "
                "was rewritten, or an old backup was put in its place. Keep this receipt.",
                size=size,
            ),
        },
    ]


def _root(checkpoint: str) -> str:
    """The root that a signed note states on its third line, as hex (docs/reference/journal.md)."""
    return base64.b64decode(checkpoint.split("\n")[2]).hex()
