"""An official's look at a firm is written down before the page is shown, with the reason that was given for it."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from lodeline.detection.identity import called
from lodeline.language import text
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.succession import holders_of
from lodeline.office.access.audit import record_access
from lodeline.office.access.looking import DESK_REASON, LOOK_REASONS, USUAL_REASON
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs.queries import exporter_of
from lodeline.office.findings.views import about
from lodeline.office.licences.application_views import applicant_of
from lodeline.office.models import DeskBatch
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.papers import DeskError
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.planning import plan_at
from lodeline.service.licences.answers import firms_of
from lodeline.service.licences.runs import announced
from lodeline.service.matching import exceptions
from lodeline.web.visit import NotHereError, Visit

#: The part of an address that says whose business a page shows.
Part = Literal[
    "organisation",
    "site",
    "lot",
    "entry",
    "finding",
    "application",
    "licence",
    "exception",
    "run",
    "case",
    "batch",
    "plan",
]
#: The permissions that open the desk and nothing else of a firm.
_AT_THE_DESK: Final = frozenset({"desk.use", "desk.decide"})
_SESSION_KEY = "reason"


def reason_of(visit: Visit) -> str:
    """Why the official says to be looking now; at the desk, where nothing was said, for the goods there."""
    given = visit.request.session.get(_SESSION_KEY)
    if given in LOOK_REASONS:
        return str(given)
    return DESK_REASON if visit.permission in _AT_THE_DESK else USUAL_REASON


def give_reason(visit: Visit, code: str) -> None:
    """The reason of the looks that follow. `code` is one of LOOK_REASONS."""
    assert code in LOOK_REASONS
    visit.request.session[_SESSION_KEY] = code


def log_access(visit: Visit, part: Part) -> None:
    """Writes down that this visit looks at a firm; nothing where the address names nobody's business.

    Raises NotHereError where it is the business of a firm that is not of the visitor's region, or nobody's.
    """
    subject = str(visit.arguments[part])
    firms = _firms_shown(visit, part, subject)
    if visit.territory is not None and not any(one in visit.territory for one in firms):
        raise elsewhere()
    record_access(
        visit.actor, visit.name, organisations=firms, subject=subject, reason=reason_of(visit),
        request=getattr(visit.request, "request_id", ""),
    )  # fmt: skip


def elsewhere() -> NotHereError:
    """What an official of a region is told of what lies elsewhere: the same as of what there is not."""
    return NotHereError(
        text(
            "There is no such thing in your region. Your membership is for a region; what lies "
            "elsewhere is open to officials of the whole country."
        )
    )


def _firms_shown(visit: Visit, part: Part, subject: str) -> list[str]:
    """The firms whose business the page shows: of a site all who held it, as the page shows all its time."""
    if part == "site":
        return holders_of(visit.store.newest_register(), subject)
    if part == "licence":
        return firms_of(visit.store, visit.store.newest_register(), subject)
    if part == "batch":
        batch = DeskBatch.objects.filter(reference=subject, organisation="").defer("content").first()
        return [] if batch is None else desk_batches.looked_at(visit.actor, visit.name, batch)
    if part == "entry" and visit.permission in _AT_THE_DESK:
        # The desk shows of the log the questions that were put to it, and nothing else.
        try:
            return desk_papers.firms_of(visit.store, desk_papers.question(visit.store, int(subject)))
        except DeskError:
            return []
    found = _firm_of(visit, part, subject)
    return [found] if found else []


def _firm_of(visit: Visit, part: Part, subject: str) -> str | None:
    if part == "organisation":
        return subject
    if part == "lot":
        return maker_and_local(subject, "")[0] or None
    if part == "finding":
        reading = visit.reading
        raised = reading.answer(findings, reading.store, reading.snapshot, reading.law).raised
        # What the filings do not raise any more may have been asked about.
        found = called(raised, subject)
        return about(subject) if found is None else found.firm
    if part == "exception":
        reading = visit.reading
        every = reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
        return next(iter(every.filter(pl.col("id") == subject)["organisation"]), None)
    if part == "run":
        run = announced(visit.store, int(subject))
        return run.organisation if run else None
    if part == "application":
        return applicant_of(subject)
    if part == "case":
        return exporter_of(subject)
    if part == "plan":
        plan = plan_at(visit.store, int(subject))
        return plan.paper["organisation"] if plan else None
    entry = visit.store.entry(int(subject))
    return entry.organisation if entry else None
