"""Batches at the desk by program: how far one is, what came of it line by line, and that it is stopped.

A declaration that is too long to be answered at once (`POST /declarations`) becomes a batch by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Router
from ninja.params.functions import Path

from lodeline.language import text
from lodeline.office.access.looking import DESK_REASON
from lodeline.office.customs import batches as desk_batches
from lodeline.office.models import DeskBatch
from lodeline.service.customs.batch import verdicts_of
from lodeline.service.customs.papers import DeskError
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import json_answer, once
from lodeline.web.api.shapes import customs as shapes
from lodeline.web.api.who import add_headers, call_of, judges, log_access_to_all, store

router = Router(tags=["declarations"])
Json = dict[str, Any]
BATCH: Final = Path(..., max_length=80, **spec.text("Reference of the batch."))


def begun(request: HttpRequest, *, name: str, content: bytes, asker: str, reserves: bool) -> HttpResponse:
    """The answer to a declaration that a worker judges. Raises ApiProblem."""
    call = call_of(request)
    try:
        batch = desk_batches.begin(
            call.actor, name=name, content=content, asker=asker, reserves=reserves, now=call.now
        )  # fmt: skip
    except DeskError as error:
        raise ApiProblem("too-large" if "MB" in error.en else "conflict", error.words) from error
    return json_answer(202, _shown(batch), Location=f"/api/v1/batches/{batch.reference}")


@router.get(
    "/batches/{batch}", response=shapes.DeskBatch, url_name="batch",
    **spec.operation(
        text("A batch at the desk: how far it is, and its figures"), scope="declarations:judge",
        problems=(404,),
    ),
)  # fmt: skip
def get_batch(request: HttpRequest, batch: str = BATCH) -> Json:
    """`parts` are the entries that keep what is judged; each is a question like any other."""
    found = _batch(request, batch)
    _log_access(request, "batch", found)
    return _shown(found)


@router.get(
    "/batches/{batch}/verdicts", url_name="batch-verdicts",
    **spec.operation(
        text("Every verdict of a batch, a line each (NDJSON)"),
        scope="declarations:judge", problems=(404,), file="application/x-ndjson",
        more=text("Each line has the keys of a line of `POST /declarations`, its `cells`, and the `entry` "
"that keeps it: the lines that are judged by then, sent while they are read."),
    ),
)  # fmt: skip
def get_batch_verdicts(request: HttpRequest, batch: str = BATCH) -> HttpResponse:
    """One part is in memory at a time."""
    found = _batch(request, batch)
    _log_access(request, "batch verdicts", found)
    held = store()

    def lines() -> Iterator[bytes]:
        for part in desk_batches.kept_of(found):
            rows = (
                json.dumps({**line, "cells": cells, "entry": part.entry}, ensure_ascii=False)
                for cells, line in verdicts_of(held, [part.entry])
            )
            yield ("\n".join(rows) + "\n").encode()

    response: Any = StreamingHttpResponse(lines(), content_type="application/x-ndjson; charset=utf-8")
    return add_headers(request, response)


@router.post(
    "/batches/{batch}/stop", response=shapes.DeskBatch, url_name="batch-stop",
    **spec.operation(
        text("Stop a batch; what was judged stays"), scope="declarations:judge",
        problems=(404,), idempotent=True,
    ),
)  # fmt: skip
def stop_batch(request: HttpRequest, batch: str = BATCH) -> HttpResponse:
    """409 where it is not under way."""
    asker = judges(request)

    def act() -> HttpResponse:
        _batch(request, batch)
        call = call_of(request)
        try:
            stopped = desk_batches.stop(call.actor, batch, asker=asker, now=call.now)
        except DeskError as error:
            raise ApiProblem("conflict", error.words) from error
        return json_answer(200, _shown(stopped))

    return once(request, "", act)


def _batch(request: HttpRequest, reference: str) -> DeskBatch:
    asker = judges(request)
    try:
        return desk_batches.batch_of(call_of(request).actor, reference, asker=asker)
    except DeskError as error:
        raise not_found(error.words) from error


def _log_access(request: HttpRequest, what: str, batch: DeskBatch) -> None:
    """Writes down that the desk looks at a batch of its own; one of an exporter is opened by that exporter alone."""
    if not batch.organisation:
        firms = desk_batches.looked_at(call_of(request).actor, f"api {what}", batch)
        log_access_to_all(request, what, firms, subject=batch.reference, reason=DESK_REASON)


def _shown(batch: DeskBatch) -> Json:
    job, kept = desk_batches.job_of(batch), desk_batches.kept_of(batch)
    return {
        "batch": batch.reference, "job": None if job is None else job.pk, "state": batch.state,
        "progress": 1.0 if batch.finished_at else 0.0 if job is None else job.progress, "lines": batch.lines,
        "judged": kept[-1].last if kept else 0, "counts": desk_batches.counts_of(batch),
        "parts": [
            {"entry": one.entry, "first": one.first, "last": one.last, "counts": dict(one.counts)} for one in kept
        ],
        "problems": json.loads(batch.problems), "failure": job.failure if job and job.failure else None,
    }  # fmt: skip
