"""A batch at the desk: how far it is, with a button that stops it; then its figures, its parts, and every verdict as a
file. The page can be left and come back to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, Final, cast

from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse

from lodeline.language import Text, text
from lodeline.office.access import clock
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs.batches import Kept, State
from lodeline.office.models import DeskBatch, Job
from lodeline.service.customs.batch import verdicts_of
from lodeline.service.customs.papers import DeskError
from lodeline.web.pages.customs.answer import desk_address, with_words
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, safe_cell, shown, wanted_csv
from lodeline.web.parts.values import Notice, Progress
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written

STATES: Final = {
    State.WAITING: text("waits for its turn"),
    State.RUNNING: text("is being judged"),
    State.DONE: text("judged"),
    State.STOPPED: text("stopped"),
    State.UNREAD: text("not judged"),
}
_FILE: Final = "verdicts"
_COLUMNS: Final[tuple[Text, ...]] = (
    text("Line", context="customs"),
    text("Declaration", context="customs"),
    text("Verdict", context="customs"),
    text("Goods", context="customs"),
    text("HS code"),
    text("Mass, kg", context="customs"),
    text("Why", context="customs, batch"),
    text("What would settle it", context="customs, batch"),
    text("Codes of the reasons"),
    text("Reserved on"),
    text("Day of law"),
    text("Id of the verdict"),
    text("Entry"),
)


def desk_batch(visit: Visit, batch: str) -> HttpResponse:
    """The page `desk/batches/BATCH/`; its form stops the batch or tries again."""
    return _one(visit, batch, "")


def firm_batch(visit: Visit, organisation: str, batch: str) -> HttpResponse:
    """The page `firm/ID/desk/batches/BATCH/`."""
    return _one(visit, batch, organisation)


def batch_address(visit: Visit, batch: DeskBatch) -> str:
    """The page of a batch."""
    if batch.organisation:
        return visit.url("firm-batch", organisation=batch.organisation, batch=batch.reference) or ""
    return visit.url("desk-batch", batch=batch.reference) or ""


def batch_lines(visit: Visit, asker: str) -> list[dict[str, object]]:
    """The newest batches, as the desk lists them."""
    return [
        {
            "href": batch_address(visit, one),
            "name": one.name,
            "at": written.moment(one.created_at.isoformat(), visit.language, visit.law.timezone),
            "word": visit.localized(STATES[State(one.state)]),
        }
        for one in desk_batches.batches(visit.actor, asker=asker, most=5)
    ]


def _one(visit: Visit, reference: str, asker: str) -> HttpResponse:
    try:
        batch = desk_batches.batch_of(visit.actor, reference, asker=asker)
    except DeskError as error:
        raise NotHereError(error.words) from error
    refused = ""
    if visit.request.method == "POST":
        try:
            act = desk_batches.stop if visit.request.POST.get("act") == "stop" else desk_batches.again
            act(visit.actor, reference, asker=asker, now=clock.now())
            return HttpResponseRedirect(visit.here(), status=303)
        except DeskError as error:
            refused = visit.localized(error.words)
    kept = desk_batches.kept_of(batch)
    if visit.query("format") == "csv" and visit.query("table") == _FILE:
        return _file(visit, batch, kept)
    table = _parts(visit, batch, kept)
    given = wanted_csv(visit, table)
    if given is not None:
        return given
    job = desk_batches.job_of(batch)
    open_ = batch.state in desk_batches.OPEN
    failed = open_ and (job is None or job.state not in (Job.State.WAITING, Job.State.RUNNING))
    return show(
        visit,
        "lodeline/customs/desk_batch.html",
        title=_title(visit, batch, kept),
        status=400 if refused else 200,
        notices=[Notice(kind="problem", text=refused)] if refused else [],
        kick=visit.text("Pre-check") if asker else visit.text("Customs desk", context="customs"),
        file=batch.name,
        back=desk_address(visit, asker),
        open=open_,
        failed=failed,
        failure=job.failure if job else "",
        progress=_progress(visit, job, running=open_ and not failed),
        kept=kept,
        tiles=_tiles(visit, kept),
        stopped=batch.state == State.STOPPED,
        judged=written.count(kept[-1].last if kept else 0),
        lines=written.count(batch.lines),
        problems=[_problem(visit, one) for one in json.loads(batch.problems)],
        table=shown(visit, table),
        download=visit.here(format="csv", table=_FILE),
        reserves=batch.reserves,
        at=written.moment(batch.created_at.isoformat(), visit.language, visit.law.timezone),
        law_day=written.day(desk_batches.law_day(batch, visit.law), visit.language),
    )


def _title(visit: Visit, batch: DeskBatch, kept: list[Kept]) -> str:
    lines = written.count(batch.lines)
    if batch.state == State.UNREAD:
        return visit.text("Nothing of this file was judged")
    if batch.state in desk_batches.OPEN:
        return (
            visit.text("{lines} lines are being judged", lines=lines)
            if batch.lines
            else visit.text("The batch waits for its turn")
        )
    judged = written.count(kept[-1].last if kept else 0)
    if batch.state == State.STOPPED:
        return visit.text("Stopped after {judged} of {lines} lines", judged=judged, lines=lines)
    held = desk_batches.counts_of(batch)["hold"]
    return visit.text("{lines} lines judged, {held} must wait", lines=lines, held=written.count(held))


def _progress(visit: Visit, job: Job | None, *, running: bool) -> Progress:
    share = 0 if job is None else round(job.progress * 100)
    return Progress(
        id="job",
        label=visit.text("Judging"),
        done=share,
        total=100,
        running=running,
        seconds=1,
        text=visit.text(
            "{share} % done. You can leave this page: the work goes on, and here is shown what comes of it.",
            share=share,
        ),
    )


def _tiles(visit: Visit, kept: list[Kept]) -> list[dict[str, object]]:
    tiles: list[dict[str, object]] = []
    for word, label in VERDICTS.items():
        number = sum(one.counts[word] for one in kept)
        shape, tone = MARKS[word]
        tiles.append(
            {
                "label": visit.localized(label),
                "shape": shape,
                "tone": tone if number else "quiet",
                "figure": visit.text(
                    "{number} {lines}", number=written.count(number), lines="line" if number == 1 else "lines"
                ),
            }
        )
    return tiles


def _parts(visit: Visit, batch: DeskBatch, kept: list[Kept]) -> Table:
    return Table(
        name="parts",
        caption=visit.text("Parts", context="customs"),
        columns=(
            Column(key="lines", label=text("Lines of the file")),
            Column(key="hold", label=VERDICTS["hold"], number=True),
            Column(key="query", label=VERDICTS["query"], number=True),
            Column(key="release", label=VERDICTS["release"], number=True),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=[_part(visit, batch, one) for one in kept],
        empty=visit.text("No part is judged yet."),
    )


def _part(visit: Visit, batch: DeskBatch, one: Kept) -> Row:
    page = (
        visit.opens("firm-asked-one", organisation=batch.organisation, entry=one.entry)
        if batch.organisation
        else visit.opens("desk-asked-one", entry=one.entry)
    )
    counts = [Cell(text=written.count(one.counts[word]), value=one.counts[word]) for word in VERDICTS]
    return (
        Cell(text=f"{written.count(one.first)}–{written.count(one.last)}", value=one.first, href=page),
        *counts,
        Cell(text=written.count(one.entry), value=one.entry),
    )


def _problem(visit: Visit, one: dict[str, Any]) -> dict[str, object]:
    return {"text": visit.localized(one["message"]), "code": one["code"]}


def _file(visit: Visit, batch: DeskBatch, kept: list[Kept]) -> HttpResponse:
    """Every verdict as CSV, written while it is sent: one part is in memory at a time."""
    response = StreamingHttpResponse(_rows(visit, kept), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="lodeline-batch-{batch.reference[:8]}.csv"'
    return cast("HttpResponse", response)


def _rows(visit: Visit, kept: list[Kept]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)

    def written_so_far() -> bytes:
        text = out.getvalue().encode()
        out.seek(0)
        out.truncate()
        return text

    # The mark tells spreadsheets that the file is UTF-8: without it they garble Chinese.
    out.write("\ufeff")
    writer.writerow([visit.localized(one) for one in _COLUMNS])
    for part in kept:
        for cells, line in verdicts_of(visit.store, [part.entry], with_words=with_words):
            writer.writerow([safe_cell(value) for value in _row(visit, dict(cells), line, part.entry)])
        yield written_so_far()


def _row(visit: Visit, cells: dict[str, str], line: dict[str, Any], entry: int) -> list[str | int | None]:
    those = [one for one in line["reasons"] if one["verdict"] == line["verdict"]]
    refused = [one["message"] for one in (line.get("reservation") or {}).get("problems", ())]
    settle = dict.fromkeys(visit.localized(one["settle"]) for one in line["reasons"] if "settle" in one)
    reserved = line.get("reservation") or {}
    return [
        line["line"] or line["row"],
        line["declaration"],
        visit.localized(VERDICTS[line["verdict"]]),
        line["product_name"],
        line["hs_code"],
        cells.get("mass_kg"),
        " ".join([*(visit.localized(one["text"]) for one in those), *(visit.localized(one) for one in refused)]),
        " ".join(settle),
        ", ".join(one["code"] for one in those),
        reserved.get("licence") if reserved.get("entry") is not None else "",
        line["day"],
        line["id"],
        entry,
    ]
