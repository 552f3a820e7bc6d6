"""The log by program, open to anyone: checkpoint, leaves, proofs, and whether a receipt holds."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from lodeline.journal import merkle
from lodeline.journal.receipt import consistency_document
from lodeline.journal.verify import text_of, verify_receipt
from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import json_answer, json_bytes, parsed
from lodeline.web.api.shapes import log as shapes
from lodeline.web.api.who import BearerToken, Session, add_headers, anyone, as_of_head, call_of, store

#: A receipt that shows a thousand rows is well within it.
RECEIPT_BYTES_MAX: Final = 2_000_000

router = Router(tags=["log"], auth=[BearerToken(), Session(), anyone])


@router.get(
    "/log/checkpoint", response=shapes.Checkpoint, url_name="log-checkpoint",
    **spec.operation(
        text("The signed size and root of the log"), scope=None,
        more=text("Keep it elsewhere: an old backup or a rewritten log shows only against a checkpoint "
"that somebody kept."),
    ),
)  # fmt: skip
def get_checkpoint(request: HttpRequest) -> dict[str, Any]:
    """Of the log as it stands."""
    as_of_head(request)
    head = store().head()
    return {
        "size": head.size,
        "root": head.frontier.root().hex(),
        "checkpoint": head.checkpoint,
        "vkey": store().signer.verifier.vkey,
    }


@router.get(
    "/log/entries/{entry}", response=shapes.Entry, url_name="log-entry",
    **spec.operation(
        text("An entry's leaf and its proof"), scope=None, problems=(404,),
        more=text("`inclusion` leads from `leaf_hash` to the root of the checkpoint of `size`. The "
"envelope says who filed: it is given to that organisation and to the authority; whoever "
"holds a receipt has it already."),
    ),
)  # fmt: skip
def get_entry(request: HttpRequest, entry: int = spec.ENTRY) -> dict[str, Any]:
    """Proved against the log as it stands."""
    as_of_head(request)
    found, head = store().entry(entry), store().head()
    if found is None or entry >= head.size:
        raise not_found(text("The log has no entry {entry}.", entry=entry))
    actor = call_of(request).actor
    own = found.organisation is not None and actor.may("own.read", found.organisation)
    open_to_all = found.organisation is None
    inclusion = merkle.inclusion_proof(store().subtrees(head.frontier), entry, head.size)
    return {
        "entry": entry,
        "leaf_hash": found.leaf_hash,
        "size": head.size,
        "inclusion": [one.hex() for one in inclusion],
        "envelope": found.envelope
        if own or open_to_all or actor.may("nation.read", found.organisation or AUTHORITY)
        else None,
    }


@router.get(
    "/log/consistency", response=shapes.Consistency, url_name="log-consistency",
    **spec.operation(
        text("Proof that the log only grew"), scope=None, problems=(404,)
    ),
)  # fmt: skip
def get_consistency(
    request: HttpRequest,
    first: int = Query(
        ..., alias="from", ge=1, le=spec.INTEGER_MAX,
        **spec.text("Size of the older checkpoint."),
    ),
    last: int | None = Query(
        None, alias="to", ge=1, le=spec.INTEGER_MAX,
        **spec.text("Size of the newer one; the log as it stands without it."),
    ),
) -> dict[str, Any]:  # fmt: skip
    """From one size to another."""
    as_of_head(request)
    head = store().head()
    size = head.size
    new_size = size if last is None else last
    if not first <= new_size <= size:
        raise not_found(text("The log has {size} entries: ask for 1 <= from <= to <= {size}.", size=size))
    proof = merkle.consistency_proof(store().subtrees(head.frontier), first, new_size)
    return consistency_document(old_size=first, new_size=new_size, proof=proof)


@router.post(
    "/verify", response={200: shapes.Verified}, url_name="verify", auth=[anyone],
    **spec.operation(
        text("Does this receipt hold?"), scope=None, problems=(413,),
        body={
            "required": True,
            "content": {
                "application/json": {
                    "schema": spec.named("ReceiptIn", {"type": "object", "description": "A receipt."})
                }
            },
        },
        more=text("Checked by the one-file verifier, against the key of this log or the one given as "
"`vkey`. Nothing of it is kept."),
    ),
)  # fmt: skip
def verify(
    request: HttpRequest,
    vkey: str | None = Query(None, max_length=300, **spec.text("The log's key, from elsewhere.")),
) -> HttpResponse:
    """`{"ok", "key_given", "faults"}`."""
    document = parsed(json_bytes(request, RECEIPT_BYTES_MAX))
    document = document.get("receipt", document) if isinstance(document, dict) else document
    if not isinstance(document, dict):
        raise ApiProblem("request-malformed", text("This is no receipt: a JSON object is asked for."))
    faults = verify_receipt(document, vkey=vkey or store().signer.verifier.vkey)
    rows = [
        {
            "entry": fault.entry,
            "what": fault.what,
            "facts": dict(fault.facts),
            "message": {"en": text_of(fault, "en"), "zh": text_of(fault, "zh")},
        }
        for fault in faults
    ]
    return add_headers(request, json_answer(200, {"ok": not faults, "key_given": vkey is not None, "faults": rows}))
