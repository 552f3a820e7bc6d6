"""Filings by program: check, hand in, read back, correct; drafts that wait for a certifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Router
from ninja.params.functions import Path, Query

from lodeline.language import text
from lodeline.office.accounts.tokens import Program
from lodeline.office.filing import drafts, submitting
from lodeline.office.filing.certify import statement
from lodeline.office.filing.submitting import CHECKED_AT_ONCE_BYTES, Sent
from lodeline.office.log.listing import filing as filing_at
from lodeline.office.log.listing import filing_rows, filings
from lodeline.office.models import Draft
from lodeline.service.entries.receipts import receipt as receipt_of
from lodeline.store.store import StoredEntry
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import Body, filing_of, integer, json_answer, json_bytes, once, parsed
from lodeline.web.api.shapes import filing as shapes
from lodeline.web.api.who import as_of_head, call_of, law, log_access, reads, store, writes

router = Router(tags=["filings"])

DRAFT: Final = Path(..., ge=1, le=spec.INTEGER_MAX, **spec.text("Number of the draft."))
PERIOD_OF_FILING: Final = Query(
    None, pattern=spec.PERIOD_PATTERN,
    **spec.text("The month that is filed, YYYY-MM; it may stand in the body instead, as `period`."),
)  # fmt: skip
FILING_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": spec.rows_in(
                "FilingRowsIn", period={"type": "string", "pattern": spec.PERIOD_PATTERN},
                corrects={"type": ["string", "integer", "null"]}, certification={"type": "object"},
            ),
            "example": {
                "period": "2025-07",
                "rows": [
                    {
                        "event": "S-0712", "kind": "shipment", "on": "2025-07-12", "site": "MAG-0003-A",
                        "lot": "M-0711", "mass_kg": "120.5", "counterparty_name": "Rotor Works GmbH",
                        "counterparty_country": "DE",
                    }
                ],
            },
        },
        "multipart/form-data": {
            "schema": spec.file_in(
                "FilingFilesIn", several=True, period={"type": "string"}, corrects={"type": "string"},
                certification={"type": "string"},
            )
        },
    },
}  # fmt: skip


@router.post(
    "/filings/check", response={200: shapes.FilingAnswer}, url_name="filings-check",
    **spec.operation(
        text("Check a filing without filing it"), scope="filings:write", problems=(413, 415, 422),
        body=FILING_BODY,
        more=text("All problems at once, each with file, row and column. Where it would be accepted, "
"`statement` is what a certifier would sign. Files beyond 2 MB are handed in, and "
"checked by a worker."),
    ),
)  # fmt: skip
def check_filing(request: HttpRequest, period: str | None = PERIOD_OF_FILING) -> HttpResponse:
    """`{"accepted", "problems", "receipt": null, "statement"}`."""
    program, organisation = writes(request, "filings:write")
    body = filing_of(request)

    def act() -> HttpResponse:
        size = sum(len(one.content) for one in body.files)
        if size > CHECKED_AT_ONCE_BYTES:
            raise ApiProblem(
                "too-large",
                text(
                    "{size} bytes are too many to be checked while you wait. Hand the filing in: a worker "
                    "checks it, and nothing is filed that has problems.",
                    size=size,
                ),
            )
        sent = _sent(body, period)
        judged = submitting.judge(program, organisation, sent, store=store(), law=law(), now=call_of(request).now)
        document = _answer(judged.accepted, [one.as_json() for one in judged.problems])
        return json_answer(200, {**document, "statement": judged.statement})

    return once(request, body.digest, act)


@router.post(
    "/filings", response={201: shapes.FilingAnswer, 202: shapes.FilingAnswer}, url_name="filings-submit",
    **spec.operation(
        text("Hand in a filing"), scope="filings:write", problems=(413, 415), body=FILING_BODY, idempotent=True,
        more=text("201 with the receipt where the token may certify and the filing is small. 202 where it "
"waits: for a certifier (`draft`), or for a worker (`job`). 422 with every problem where "
"it would not be accepted; then nothing of it is kept. A filing that was filed before is "
"answered with its old receipt."),
    ),
)  # fmt: skip
def submit_filing(request: HttpRequest, period: str | None = PERIOD_OF_FILING) -> HttpResponse:
    """Files, or says what is still to be done."""
    body = filing_of(request)
    return _submitted(request, body, lambda: _sent(body, period))


@router.post(
    "/filings/{entry}/corrections", response={201: shapes.FilingAnswer, 202: shapes.FilingAnswer},
    url_name="filings-correct",
    **spec.operation(
        text("Correct a filing"), scope="filings:write", problems=(404, 413, 415), body=FILING_BODY,
        idempotent=True,
        more=text("The rows of the events that change, in full; a row of kind `void` withdraws an event. "
"What stands unchanged may be left out or sent again."),
    ),
)  # fmt: skip
def correct_filing(request: HttpRequest, entry: int = spec.ENTRY) -> HttpResponse:
    """The same as handing in, for the month of the entry."""
    body = filing_of(request)
    _, organisation = writes(request, "filings:write")

    def sent() -> Sent:
        corrected = _entry(entry, organisation)
        return Sent(files=body.files, period=corrected.period, corrects=entry)

    return _submitted(request, body, sent)


def _submitted(request: HttpRequest, body: Body, sent_of: Callable[[], Sent]) -> HttpResponse:
    program, organisation = writes(request, "filings:write")
    now = call_of(request).now

    def act() -> HttpResponse:
        sent = sent_of()
        if sent.period is None:
            judged = submitting.judge(program, organisation, sent, store=store(), law=law(), now=now)
            raise _refused([one.as_json() for one in judged.problems])
        before = store().head().size
        try:
            return submitted(sent)
        except ApiProblem as refusal:
            # What was judged while another filing came in is judged again: that may have been the same one.
            if refusal.code != "filing-refused" or store().head().size == before:
                raise
            return submitted(sent)

    def submitted(sent: Sent) -> HttpResponse:
        draft = submitting.submit(program, organisation, sent, law=law(), now=now)
        return submission_response(request, program, draft, body.fields.get("certification"))

    return once(request, body.digest, act)


def submission_response(request: HttpRequest, program: Program, draft: Draft, certification: Any) -> HttpResponse:
    """The answer to a filing that has been handed in, once everything is done that can be done at once."""
    now, known = call_of(request).now, store().head().size
    problems = submitting.problems_of(draft)
    if draft.state == Draft.State.OPEN and not draft.accepted:
        submitting.discard(program, draft, now=now)
        raise _refused(problems)
    stated = cast("Mapping[str, Any] | None", certification if isinstance(certification, dict) else None)
    draft = submitting.advance(program, draft, stated, now=now)
    if draft.state == Draft.State.OPEN and not draft.accepted:
        raise _refused(submitting.problems_of(draft))
    where = f"/api/v1/drafts/{draft.pk}"
    if draft.state == Draft.State.FILED and draft.entry is not None:
        receipt = receipt_of(store(), draft.entry)
        document = {**_answer(True, _flags(draft.entry)), "receipt": receipt, "draft": draft.pk, "entry": draft.entry}
        document["repeated"] = draft.entry < known
        return json_answer(201, document, Location=f"/api/v1/filings/{draft.entry}")
    job = submitting.job_of(draft)
    working = draft.state in (Draft.State.CHECKING, Draft.State.FILING)
    document = {**_answer(draft.accepted, problems), **_draft(draft), "job": job.pk if job and working else None}
    return json_answer(202, document, Location=where)


def _sent(body: Body, period: str | None) -> Sent:
    stated = body.fields.get("period")
    return Sent(
        files=body.files, period=period or (stated if isinstance(stated, str) and stated else None),
        corrects=integer(body.fields, "corrects"),
    )  # fmt: skip


def _answer(accepted: bool, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {"accepted": accepted, "problems": problems, "receipt": None, "repeated": False, "draft": None, "job": None}


def _refused(problems: list[dict[str, Any]]) -> ApiProblem:
    count = sum(one["severity"] != "flag" for one in problems)
    return ApiProblem(
        "filing-refused",
        text(
            "{count} problems stand in the way: see `errors`. Nothing was filed, and nothing of it was kept.",
            count=count,
        ),
        errors=problems,
    )


def _flags(entry: int) -> list[dict[str, Any]]:
    found = store().entry(entry)
    return [] if found is None else cast("list[dict[str, Any]]", found.flags)


@router.get(
    "/filings", response=shapes.Filings, url_name="filings",
    **spec.operation(text("List filings, newest first"), scope="filings:read"),
)  # fmt: skip
def list_filings(
    request: HttpRequest, organisation: str | None = spec.ORGANISATION, period: str | None = spec.PERIOD,
    cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """A page of them."""
    scope = reads(request, "filings:read", organisation)
    as_of_head(request)
    log_access(request, "filings", scope)
    page = filings(store(), scope.organisation, period=period, cursor=cursor, limit=limit)
    return {"rows": page.rows, "next": page.next}


@router.get(
    "/filings/{entry}", response=shapes.Filing, url_name="filing",
    **spec.operation(text("One filing"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_filing(request: HttpRequest, entry: int = spec.ENTRY) -> dict[str, Any]:
    """What the log has of it."""
    _readable(request, entry)
    found = filing_at(store(), entry)
    assert found is not None, "an entry that can be read is a filing"
    return found


@router.get(
    "/filings/{entry}/rows", response=shapes.FilingRows, url_name="filing-rows",
    **spec.operation(text("The rows of a filing"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_rows(
    request: HttpRequest, entry: int = spec.ENTRY, cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT
) -> dict[str, Any]:
    """As filed, in text of the filing format."""
    _readable(request, entry)
    page = filing_rows(store(), entry, cursor=cursor, limit=limit)
    assert page is not None, "an entry that can be read is a filing"
    return {"rows": page.rows, "next": page.next}


@router.get(
    "/filings/{entry}/problems", response=shapes.FilingProblems, url_name="filing-problems",
    **spec.operation(text("The flags of a filing, as filed"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_problems(request: HttpRequest, entry: int = spec.ENTRY) -> dict[str, Any]:
    """Flags stay as they were when it was filed."""
    return {"rows": _readable(request, entry).flags}


@router.get(
    "/filings/{entry}/receipt", response=shapes.Receipt, url_name="filing-receipt",
    **spec.operation(text("The receipt of a filing"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_receipt(request: HttpRequest, entry: int = spec.ENTRY) -> dict[str, object]:
    """Proved against the log as it stands now."""
    _readable(request, entry)
    found = receipt_of(store(), entry)
    assert found is not None, "an entry that can be read has a receipt"
    return found


@router.get(
    "/filings/{entry}/uploads", response=shapes.Uploads, url_name="filing-uploads",
    **spec.operation(text("The files of a filing"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def list_uploads(request: HttpRequest, entry: int = spec.ENTRY) -> dict[str, Any]:
    """Their names, sizes and digests."""
    _readable(request, entry)
    names = store().upload_names(entry)
    rows = [
        {"number": number, "name": name, "sha256": digest, "size": len(content)}
        for number, (name, (digest, content)) in enumerate(zip(names, store().uploads(entry), strict=True), 1)
    ]
    return {"rows": rows}


@router.get(
    "/filings/{entry}/uploads/{number}", url_name="filing-upload",
    **spec.operation(
        text("A file of a filing, as it came"), scope="filings:read", problems=(404,),
        file="application/octet-stream",
    ),
)  # fmt: skip
def get_upload(
    request: HttpRequest, entry: int = spec.ENTRY,
    number: int = Path(..., ge=1, le=1000, **spec.text("Number of the file.")),
) -> HttpResponse:  # fmt: skip
    """Its bytes."""
    _readable(request, entry)
    kept = list(zip(store().upload_names(entry), store().uploads(entry), strict=True))
    if number > len(kept):
        raise not_found(text("This filing has no such file."))
    name, (_, content) = kept[number - 1]
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@router.get(
    "/drafts/{draft}", response=shapes.Draft, url_name="draft",
    **spec.operation(text("A filing on its way"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_draft(request: HttpRequest, draft: int = DRAFT) -> dict[str, Any]:
    """Where it stands; `entry` once it is filed."""
    scope = reads(request, "filings:read")
    if scope.organisation is None:
        raise not_found(text("There is no such draft."))
    return {**_draft(drafts.find(call_of(request).actor, scope.organisation, draft))}


@router.post(
    "/drafts/{draft}/certify", response={201: shapes.FilingAnswer, 202: shapes.FilingAnswer}, url_name="draft-certify",
    **spec.operation(
        text("Certify a draft and file it"), scope="filings:certify", problems=(404, 413),
        idempotent=True,
        body={
            "required": True,
            "content": {
                "application/json": {
                    "schema": spec.named(
                        "DraftCertificationIn",
                        {"type": "object", "properties": {"certification": {"type": ["object", "null"]}}},
                    )
                }
            },
        },
        more=text("`certification`: `{\"kind\": \"certificate\", \"certificate\", \"signature\"}`, the signature "
"over the bytes of the draft's `statement`."),
    ),
)  # fmt: skip
def certify_draft(request: HttpRequest, draft: int = DRAFT) -> HttpResponse:
    """For what was too large to be filed at once, or came without a signature."""
    program, organisation = writes(request, "filings:certify")
    content = json_bytes(request)
    stated = parsed(content or b"{}")
    body = Body(files=(), fields=stated if isinstance(stated, dict) else {})

    def act() -> HttpResponse:
        held = drafts.find(program, organisation, draft)
        if held.state == Draft.State.FILED:
            return submission_response(request, program, held, None)
        if held.state not in (Draft.State.OPEN, Draft.State.ASKED) or not held.accepted:
            raise ApiProblem(
                "conflict", text("This draft cannot be filed as it stands: look at it once more.")
            )  # fmt: skip
        return submission_response(request, program, held, body.fields.get("certification"))

    return once(request, body.digest, act)


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "draft": draft.pk,
        "organisation": draft.organisation,
        "period": draft.period,
        "corrects": draft.corrects,
        "state": draft.state,
        "accepted": draft.accepted,
        "rows": draft.rows,
        "problems": submitting.problems_of(draft),
        "statement": statement(draft),
        "entry": draft.entry,
    }


def _entry(entry: int, organisation: str | None) -> StoredEntry:
    """A filing of the organisation (None: of any). What is another's is not there."""
    found = store().entry(entry)
    if found is None or found.kind != "filing" or organisation not in (None, found.organisation):
        raise not_found(text("There is no filing {entry} of yours.", entry=entry))
    return found


def _readable(request: HttpRequest, entry: int) -> StoredEntry:
    scope = reads(request, "filings:read")
    found = _entry(entry, scope.organisation)
    as_of_head(request)
    log_access(request, "filing", scope, organisation=found.organisation, subject=str(entry))
    return found
