"""The system, for whoever operates it: what waits, what has failed, how large the log is. No business of any firm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.contrib.sessions.models import Session
from django.db.models import Count, Min
from django.http import HttpResponse

from lodeline.build import build
from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.models import Job, User
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Fact
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Kinds of jobs; who operates the system finds them in its log by the kind itself.
_JOBS: Final[Mapping[str, Text]] = {
    "desk.batch": text("Declarations judged as a batch"),
    "draft.check": text("Large drafts checked"),
    "draft.divide": text("Good events told from the rest"),
    "draft.file": text("Filings entered"),
    "erasure.sweep": text("Copies of erased data removed"),
    "strategy.run": text("Scenarios run"),
    "parties.settle": text("Names of filings settled"),
}


def system(visit: Visit) -> HttpResponse:
    """The page `system/`."""
    table = _jobs(visit)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    store = visit.store
    head = store.head()
    now = clock.now()
    failed = Job.objects.filter(state=Job.State.FAILED).count()
    waiting = Job.objects.filter(state=Job.State.WAITING, run_after__lte=now)
    oldest = waiting.aggregate(oldest=Min("created_at"))["oldest"]
    wait_s = 0 if oldest is None else int((now - oldest).total_seconds())
    sessions = Session.objects.filter(expire_date__gt=now).count()
    facts = [
        Fact(term=visit.text("Version"), text=build(visit.language)),
        Fact(term=visit.text("Entries of the log"), text=written.count(head.size)),
        Fact(term=visit.text("Root"), text=head.frontier.root().hex(), mono=True),
        Fact(term=visit.text("Log's key"), text=store.signer.verifier.vkey, mono=True),
        Fact(term=visit.text("Database"), text="SQLite" if store.database.is_sqlite else "PostgreSQL"),
        Fact(term=visit.text("Accounts"), text=written.count(User.objects.filter(is_active=True).count())),
        Fact(term=visit.text("Open sessions"), text=written.count(sessions)),
    ]  # fmt: skip
    return show(
        visit,
        "lodeline/log/system.html",
        title=visit.text("{failed} jobs have failed", failed=failed)
        if failed
        else visit.text("Nothing waits too long, and nothing has failed")
        if wait_s < 60
        else visit.text("A job has been waiting for {wait_s} s: is a worker running?", wait_s=wait_s),
        facts=facts,
        table=shown(visit, table),
    )  # fmt: skip


def _jobs(visit: Visit) -> Table:
    states = {
        Job.State.WAITING: visit.text("waiting"), Job.State.RUNNING: visit.text("running"),
        Job.State.DONE: visit.text("done"), Job.State.FAILED: visit.text("failed"),
    }  # fmt: skip
    counted = (
        Job.objects.values("kind", "state")
        .annotate(count=Count("id"), first=Min("created_at"))
        .order_by("kind", "state")
    )
    return Table(
        name="jobs",
        caption=visit.text("Jobs"),
        columns=(
            Column(key="kind", label=text("Job")),
            Column(key="state", label=text("State")),
            Column(key="count", label=text("How many"), number=True),
            Column(key="first", label=text("Oldest since")),
        ),
        rows=[
            (
                Cell(text=words.word(_JOBS, one["kind"], visit.language), value=one["kind"], note=one["kind"]),
                Cell(text=states[Job.State(one["state"])]),
                Cell(text=written.count(one["count"]), value=one["count"]),
                Cell(
                    text=written.moment(one["first"].isoformat(), visit.language, visit.law.timezone),
                    value=one["first"].isoformat(),
                ),
            )
            for one in counted.order_by("kind", "state")
        ],
        empty=visit.text("No job has been asked for yet."),
    )  # fmt: skip
