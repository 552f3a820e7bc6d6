"""What happens, by program: the feed of changes, work under way, and who the token stands for."""

from __future__ import annotations

import json
from threading import BoundedSemaphore
from typing import Any, Final

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Path, Query

from lodeline.language import text
from lodeline.office.log.changes import WAIT_S_MAX, wait_for_changes
from lodeline.office.models import Job
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.shapes.accounts import Self
from lodeline.web.api.shapes.filing import Job as JobShape
from lodeline.web.api.shapes.log import Changes
from lodeline.web.api.who import call_of, law, log_access, reads, store

router = Router()

#: Requests of one process that may wait at a time; whoever comes beyond them is answered at once.
_WAITING: Final = BoundedSemaphore(3)


@router.get(
    "/changes", response=Changes, url_name="changes", tags=["changes"],
    **spec.operation(
        text("What has changed for you, in the order of the log"), scope="changes:read",
        more=text("Keep `next` and send it as `since`: nothing is lost or repeated, however long you were "
"away. With `wait` the answer waits for the next change where there is none. Findings "
"have no place in the log: ask `/findings` with `If-None-Match`."),
    ),
)  # fmt: skip
def get_changes(
    request: HttpRequest,
    since: str | None = Query(
        None, max_length=64,
        **spec.text("`next` of the answer before; without it, from the beginning."),
    ),
    wait: int = Query(0, ge=0, le=WAIT_S_MAX, **spec.text("Seconds to wait for a change.")),
    limit: int = spec.LIMIT, organisation: str | None = spec.ORGANISATION,
) -> dict[str, Any]:  # fmt: skip
    """A page of the feed."""
    scope = reads(request, "changes:read", organisation)
    if scope.organisation is None:
        raise ApiProblem("organisation-unnamed", text("Name whose changes with `organisation`."))
    log_access(request, "changes", scope)
    own = OrganisationView(store(), law(), scope.organisation)
    waits = wait > 0 and _WAITING.acquire(blocking=False)
    try:
        found = wait_for_changes(
            store(), scope.organisation, since=since, limit=limit, wait_s=wait if waits else 0, called=own.lot_name
        )
    finally:
        if waits:
            _WAITING.release()
    return {"rows": found.rows, "next": found.next, "more": found.more}


@router.get(
    "/jobs/{job}", response=JobShape, url_name="job", tags=["filings"],
    **spec.operation(text("Work under way"), scope="filings:read", problems=(404,)),
)  # fmt: skip
def get_job(
    request: HttpRequest,
    job: int = Path(..., ge=1, le=spec.INTEGER_MAX, **spec.text("Number of the job.")),
) -> dict[str, Any]:
    """How far it is."""
    scope = reads(request, "filings:read")
    found = Job.objects.filter(pk=job).first()
    if found is None or not found.organisation or scope.organisation not in (None, found.organisation):
        raise not_found(text("There is no job {job} of yours.", job=job))
    return {
        "job": found.pk, "kind": found.kind, "state": found.state, "progress": found.progress,
        "result": json.loads(found.result),
    }  # fmt: skip


@router.get(
    "/self", response=Self, url_name="self", tags=["self"],
    **spec.operation(text("Who you are here, and what time it is"), scope="signed in"),
)  # fmt: skip
def get_self(request: HttpRequest) -> dict[str, Any]:
    """Of the token or the session that came with the request."""
    call = call_of(request)
    program = call.program
    return {
        "organisation": None if program is None else program.organisation,
        "organisations": list(call.actor.organisations),
        "name": call.actor.name,
        "scopes": sorted(call.actor.scopes or ()),
        "expires_at": None if program is None else program.expires_at.isoformat(),
        "now": call.now.isoformat(),
    }
