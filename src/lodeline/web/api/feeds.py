"""Records of other authorities by program: handed in by theirs, and where they disagree with the filings."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path, Query

from lodeline.collation.exception import CAUSES
from lodeline.filing.feed_schema import FEEDS
from lodeline.language import enumerated, text
from lodeline.office.accounts.tokens import Program
from lodeline.office.log.listing import key_cursor, read_key_cursor
from lodeline.office.matching import feeds as office
from lodeline.service.entries.receipts import receipt as receipt_of
from lodeline.service.matching import exceptions as questions
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import filing_of, json_answer, once
from lodeline.web.api.shapes import matching as shapes
from lodeline.web.api.who import as_of, call_of, feeds, log_access, reading, reads, store

router = Router(tags=["feeds"])
Json = dict[str, Any]

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": spec.rows_in("FeedRowsIn"),
            "example": {
                "rows": [
                    {
                        "number": "25992000000000012345",
                        "kind": "special",
                        "on": "2025-07-04",
                        "seller": "SEP-0003",
                        "buyer": "MAG-0003",
                        "product_name": "氧化镨钕",
                        "mass_kg": "4000",
                        "value": "1600000",
                    }
                ]
            },
        },
        "multipart/form-data": {"schema": spec.file_in("FeedFileIn")},
    },
}


@router.post(
    "/feeds/{kind}",
    response={201: shapes.FeedAnswer, 200: shapes.FeedAnswer, 422: shapes.FeedAnswer},
    url_name="feeds",
    **spec.operation(
        text("Hand in invoices or customs lines"),
        scope="feeds:invoices",
        problems=(404, 413, 415),
        body=_BODY,
        idempotent=True,
        more=text(
            "Of the authority. One file, or rows: whole or not at all, one entry of the log. The "
            "same rows again give the old entry (200). Customs lines need the scope `feeds:customs`. "
            "All problems at once."
        ),
    ),
)
def submit_feed(
    request: HttpRequest,
    kind: str = Path(..., max_length=16, **spec.text("invoices or customs.")),
) -> HttpResponse:
    """`{"accepted", "repeated", "feed", "rows", "problems", "receipt"}`."""
    if kind not in FEEDS:
        raise not_found(
            text(
                "There is no feed {kind}: one of {feeds}.",
                kind=kind,
                feeds=enumerated(FEEDS),
            )
        )
    program: Program = feeds(request, kind)
    body = filing_of(request)
    if len(body.files) != 1:
        raise ApiProblem("request-malformed", text("Send one file at a time."))

    def act() -> HttpResponse:
        (file,) = body.files
        done = office.submit(
            program, store(), feed=kind, name=file.name, content=file.content, now=call_of(request).now
        )
        proof = None if done.entry is None else receipt_of(store(), done.entry.index)
        return json_answer(422 if done.entry is None else 200 if done.repeated else 201, done.as_json(proof))

    return once(request, body.digest, act)


@router.get(
    "/exceptions",
    response=shapes.Exceptions,
    url_name="exceptions",
    **spec.operation(
        text("Where filings, invoices and the border disagree"),
        scope="findings:read",
        problems=(404,),
        more=text("In the order of their ids. An organisation sees its own."),
    ),
)
def list_exceptions(
    request: HttpRequest,
    *,
    organisation: str | None = spec.ORGANISATION,
    cause: str | None = Query(None, max_length=64, **spec.text("Only this cause.")),
    state: str | None = Query(None, pattern="^(open|not-due)$", **spec.text("open or not-due.")),
    first: str | None = spec.FIRST,
    last: str | None = spec.LAST,
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """As of the last reading of the ledger."""
    scope = reads(request, "findings:read", organisation)
    if cause is not None and cause not in CAUSES:
        raise not_found(
            text(
                "There is no cause {cause}: one of {causes}.",
                cause=cause,
                causes=enumerated(CAUSES),
            )
        )
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    log_access(request, "exceptions", scope)
    every: pl.DataFrame = now.answer(questions.every, now.store, now.snapshot, now.law)
    rows = questions.chosen(
        every, organisation=scope.organisation, cause=cause, first=first, last=last, state=state
    ).sort("id")
    behind = rows if cursor is None else rows.filter(pl.col("id") > read_key_cursor(cursor, 1)[0])
    page = [questions.as_json(row) for row in behind.head(limit).to_dicts()]
    following = key_cursor([page[-1]["id"]]) if behind.height > limit else None
    return {"stamp": now.snapshot.stamp, "pack": now.law.digest, "rows": page, "next": following}


@router.get(
    "/exceptions/{exception}",
    response=shapes.OneException,
    url_name="exception",
    **spec.operation(text("One exception with its papers"), scope="findings:read", problems=(404,)),
)
def get_exception(
    request: HttpRequest, exception: str = Path(..., max_length=32, **spec.text("Its id.", context="feeds"))
) -> Json:
    """An organisation gets, of filings, its own rows."""
    scope = reads(request, "findings:read")
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    try:
        if scope.whole:
            found = now.answer(questions.papers, now.store, now.snapshot, now.law, identifier=exception)
        else:
            only = frozenset({str(scope.organisation)})
            found = now.answer(questions.one, now.store, now.snapshot, now.law, identifier=exception, only=only)
    except questions.UnknownExceptionError as error:
        raise not_found(error.words) from error
    log_access(request, "exception", scope, organisation=found["exception"]["organisation"], subject=exception)
    return found
