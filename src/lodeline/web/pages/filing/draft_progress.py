"""A draft that is at work: how far its check or its filing is. The page can be left and come back to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse

from lodeline.office.access import clock
from lodeline.office.filing.draft_check import check_key
from lodeline.office.filing.filing_now import key_of
from lodeline.office.jobs import jobs
from lodeline.office.models import Draft, Job
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Progress
from lodeline.web.visit import Visit

_CHECKED_WITHIN: Final = timedelta(seconds=60)


def progress(visit: Visit, draft: Draft, frame: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """The page of a draft that is being checked or filed; of one whose job has failed, what to do."""
    filing = draft.state == Draft.State.FILING
    job = jobs.newest(key_of(draft) if filing else check_key(draft))
    if job is None:
        # A small draft is checked by the request that asked for it: after so long that has gone down with its process.
        failed = filing or clock.now() - draft.changed_at > _CHECKED_WITHIN
    else:
        failed = job.state not in (Job.State.WAITING, Job.State.RUNNING)
    month = frame["month"]
    title = (
        visit.text("{month} is being filed", month=month)
        if filing
        else visit.text("{month} is being checked", month=month)
    )
    if failed:
        title = (
            visit.text("{month} is signed and not filed yet", month=month)
            if filing
            else visit.text("{month} could not be checked", month=month)
        )
    share = 0 if job is None else round(job.progress * 100)
    return show(
        visit, "lodeline/filing/firm_draft_progress.html",
        title=title, status=status, **frame, filing=filing, failed=failed,
        failure="" if job is None else job.failure,
        progress=Progress(
            id="job",
            label=visit.text("Filing") if filing else visit.text("Checking"),
            text=visit.text("{share} % done. You can leave this page: the work goes on, and here is shown what comes "
"of it.", share=share),
            done=share, total=100, running=not failed, seconds=1,
        ),
    )  # fmt: skip
