"""What inspectors found, by program: counts, measurements, hand-overs of bags, laboratory results, and their receipts.

A firm reads what was entered about it, of its own time at a site, with lots as it calls them, and hands in what its own
laboratory found in its own part of a sample. Inspectors enter, as on the pages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any, Final, Literal, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lodeline.filing.table import Table, read_bytes
from lodeline.language import text
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.succession import holder_on
from lodeline.office.inspections import measuring
from lodeline.office.inspections import visits as entering
from lodeline.office.inspections.plans import may_see_what_is_left
from lodeline.office.log.listing import cursor_number
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.inspections.custody import HandOver
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.inspections.reading import visit_of
from lodeline.service.inspections.results import Report
from lodeline.service.inspections.showing import Called, summary, taken_document, visit_document, whole
from lodeline.service.inspections.visits import Inspection, Seal, Visited, inspections
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import Body, body_of, filing_of, json_answer, once, sent_as
from lodeline.web.api.shapes.balance import InspectionAnswer, Inspections, InspectionsEntered, InspectionVisit
from lodeline.web.api.who import RequestScope, as_of_head, call_of, decides, law, log_access, reads, store, writes

router = Router(tags=["authority"])
Json = dict[str, Any]
_TEXT: Final = 300
_NOTE: Final = 100_000
Fields = TypeVar("Fields", bound=BaseModel)


@router.get(
    "/inspections",
    response=Inspections,
    url_name="inspections",
    **spec.operation(
        text("What inspectors entered: counts, measurements, hand-overs, results, seizures, seals"),
        scope="balances:read",
        more=text("Oldest first. An organisation is told what was entered about it, at sites in its own days."),
    ),
)
def list_inspections(
    request: HttpRequest,
    *,
    organisation: str | None = spec.ORGANISATION,
    site: str | None = spec.SITE,
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """They move no book: see `docs/howto/inspect-a-site.md`."""
    scope = reads(request, "balances:read", organisation)
    after = cursor_number(cursor, -1)
    as_of_head(request)
    log_access(request, "inspections", scope)
    behind = [one for one in _every(scope, site=site) if one.entry.index > after]
    shown = behind[:limit]
    return {
        "rows": [summary(one) for one in shown],
        "next": str(shown[-1].entry.index) if len(behind) > limit else None,
    }


class SealIn(BaseModel):
    """A seal, and what it is on."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=_TEXT)
    on: str = Field("", max_length=_TEXT)


class InspectionIn(BaseModel):
    """One visit. `rows`: the columns of a filing's stock count as text, and `seal`; `whole`: everything was counted."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["count", "seizure", "release", "seal", "unseal", "end"]
    site: str = Field(max_length=64)
    on: date
    whole: bool = False
    rows: list[dict[str, str]] = Field(default_factory=list)
    seals: list[SealIn] = Field(default_factory=list, max_length=1000)
    note: str = Field("", max_length=_NOTE)


class MeasurementIn(BaseModel):
    """One visit. `rows`: the columns of a measurement as text (docs/reference/inspection-format.md)."""

    model_config = ConfigDict(extra="forbid")
    site: str = Field(max_length=64)
    on: date
    plan: int | None = None
    rows: list[dict[str, str]] = Field(default_factory=list)
    note: str = Field("", max_length=_NOTE)


class HandOverIn(BaseModel):
    """Bags that changed hands. `rows`: the columns of a hand-over as text."""

    model_config = ConfigDict(extra="forbid")
    rows: list[dict[str, str]] = Field(default_factory=list)
    note: str = Field("", max_length=_NOTE)


class ResultsIn(BaseModel):
    """A laboratory's list. `rows`: the columns of results as text, or one column for each analyte."""

    model_config = ConfigDict(extra="forbid")
    laboratory: str = Field(max_length=_TEXT)
    side: Literal["authority", "firm", "referee"] = "authority"
    rows: list[dict[str, str]] = Field(default_factory=list)
    note: str = Field("", max_length=_NOTE)


_COUNT: Final = {
    "act": "count",
    "site": "SEP-0001-A",
    "on": "2026-02-12",
    "whole": True,
    "rows": [{"lot": "OX-17", "mass_kg": "120", "method": "W1", "seal": "S-9"}],
    "note": "announced visit",
}
_MEASURED: Final = {
    "site": "SEP-0001-A",
    "on": "2026-02-12",
    "rows": [
        {
            "uid": "7f0c2a51",
            "lot": "OX-17",
            "declared_kg": "120",
            "mass_kg": "119.8",
            "instrument": "SC-0412",
            "calibrated_on": "2026-01-20",
            "method": "W1",
            "bag_authority": "B-17",
            "bag_firm": "B-18",
            "bag_reserve": "B-19",
        },
    ],
}
_HANDED: Final = {
    "rows": [{"bag": "B-17", "from": "authority", "to": "Courier", "at": "2026-02-12 16:00", "seal_intact": "yes"}],
}
_RESULTS: Final = {
    "laboratory": "Provincial Laboratory",
    "side": "authority",
    "rows": [{"bag": "B-17", "method": "ICP", "analysed_on": "2026-02-16", "Nd_pct": "72.1", "Dy_ppm": "140"}],
}
_AS_FILE: Final = text(
    "Rows as text, or a CSV or XLSX file of them as multipart/form-data with the other fields beside it. Nothing enters"
    " while one row is wrong; what was sent twice is taken once, and `repeated` says which."
)


@router.post(
    "/inspections",
    response={201: InspectionAnswer},
    url_name="inspections-enter",
    **spec.operation(
        text("Enter what an inspector found"),
        scope="inspections:write",
        problems=(404, 413),
        idempotent=True,
        body=body_of(InspectionIn, _COUNT),
        more=text(
            "About the firm that held the site on that day; it is told. Bad rows come back with "
            "their places, all at once."
        ),
    ),
)
def enter_inspection(request: HttpRequest) -> HttpResponse:
    """An entry of the log."""
    program = decides(request, "inspections:write")
    sent, digest = sent_as(request, InspectionIn)

    def act() -> HttpResponse:
        organisation, now = _holder(sent.site, sent.on), call_of(request).now
        visited = Visited(
            act=sent.act,
            site=sent.site,
            on=sent.on,
            table=_table(sent.rows),
            whole=sent.whole,
            note=sent.note,
            seals=[Seal(number=one.number, on=one.on) for one in sent.seals],
        )
        today = law().day_of(now)
        done = entering.enter(program, store(), visited, organisation=organisation, now=now, today=today)
        if done.entry is None:
            raise _refused([one.as_json() for one in done.problems])
        found = next(one for one in inspections(store(), [organisation]) if one.entry.index == done.entry.index)
        return json_answer(201, whole(store(), found))

    return once(request, digest, act)


@router.post(
    "/inspections/measurements",
    response={200: InspectionsEntered, 201: InspectionsEntered},
    url_name="inspections-measure",
    **spec.operation(
        text("Enter what was counted, weighed and sampled at a site"),
        scope="inspections:write",
        problems=(404, 413),
        idempotent=True,
        body=body_of(MeasurementIn, _MEASURED),
        more=_AS_FILE,
    ),
)
def enter_measurement(request: HttpRequest) -> HttpResponse:
    """An entry of the log, unless all of it stands already (200)."""
    program = decides(request, "inspections:write")
    sent, body = _sent(request, MeasurementIn)

    def act() -> HttpResponse:
        organisation, now = _holder(sent.site, sent.on), call_of(request).now
        weighing = Weighing(site=sent.site, on=sent.on, files=_files(body), plan=sent.plan, note=sent.note)
        done = measuring.measure(
            program, store(), weighing, organisation=organisation, now=now, today=law().day_of(now)
        )
        return _answer(done)

    return once(request, body.digest, act)


@router.post(
    "/inspections/custody",
    response={200: InspectionsEntered, 201: InspectionsEntered},
    url_name="inspections-custody",
    **spec.operation(
        text("Enter bags that changed hands"),
        scope="inspections:write",
        problems=(413,),
        idempotent=True,
        body=body_of(HandOverIn, _HANDED),
        more=text("A firm hands over its own part, with `filings:write`. {as_file}", as_file=_AS_FILE),
    ),
)
def enter_custody(request: HttpRequest) -> HttpResponse:
    """Entries of the log, one for each visit whose bags are named."""
    program, own = _writer(request)
    sent, body = _sent(request, HandOverIn)

    def act() -> HttpResponse:
        now = call_of(request).now
        handed = HandOver(files=_files(body), note=sent.note)
        done = measuring.hand_over(program, store(), handed, own=own, now=now, today=law().day_of(now))
        return _answer(done, _called(own))

    return once(request, body.digest, act)


@router.post(
    "/inspections/results",
    response={200: InspectionsEntered, 201: InspectionsEntered},
    url_name="inspections-results",
    **spec.operation(
        text("Enter what a laboratory found"),
        scope="inspections:write",
        problems=(413,),
        idempotent=True,
        body=body_of(ResultsIn, _RESULTS),
        more=text(
            "A firm hands in what its own laboratory found in its own part, with `filings:write` and "
            "`side` firm. {as_file}",
            as_file=_AS_FILE,
        ),
    ),
)
def enter_results(request: HttpRequest) -> HttpResponse:
    """Entries of the log, one for each visit whose bags are named, and one of the reference materials."""
    program, own = _writer(request)
    sent, body = _sent(request, ResultsIn)
    if own is not None and sent.side != "firm":
        raise ApiProblem("request-malformed", text("An organisation hands in results of the side `firm`."))

    def act() -> HttpResponse:
        now = call_of(request).now
        report = Report(laboratory=sent.laboratory, side=sent.side, files=_files(body), note=sent.note)
        done = measuring.report_results(program, store(), report, own=own, now=now, today=law().day_of(now))
        return _answer(done, _called(own))

    return once(request, body.digest, act)


@router.get(
    "/inspections/{entry}",
    response=InspectionAnswer,
    url_name="inspection",
    **spec.operation(
        text("One inspection, lot by lot, with its receipt"),
        scope="balances:read",
        problems=(404,),
    ),
)
def get_inspection(request: HttpRequest, entry: int = spec.ENTRY) -> Json:
    """Lots go by the names that the reader knows them by."""
    scope = reads(request, "balances:read")
    as_of_head(request)
    found = _found(scope, entry)
    log_access(request, "inspection", scope, organisation=found.paper["organisation"], subject=str(entry))
    return whole(store(), found, _reader(scope))


@router.get(
    "/inspections/{entry}/visit",
    response=InspectionVisit,
    url_name="inspection-visit",
    **spec.operation(
        text(
            "The visit that a paper belongs to: all its papers, its bags with who holds them, what its plan left open"
        ),
        scope="balances:read",
        problems=(404,),
    ),
)
def get_visit(request: HttpRequest, entry: int = spec.ENTRY) -> Json:
    """Lots go by the names that the reader knows them by."""
    scope = reads(request, "balances:read")
    as_of_head(request)
    found = _found(scope, entry)
    visit = visit_of(store(), entry)
    if visit is None:
        raise _none(entry)
    log_access(request, "inspection", scope, organisation=found.paper["organisation"], subject=str(entry))
    call = call_of(request)
    may = may_see_what_is_left(call.actor, store(), visit, today=law().day_of(call.now))
    return visit_document(store(), visit, _reader(scope), with_unmeasured=may)


def _every(scope: RequestScope, *, site: str | None = None) -> list[Inspection]:
    return inspections(store(), None if scope.organisation is None else [scope.organisation], site=site)


def _found(scope: RequestScope, entry: int) -> Inspection:
    found = next((one for one in _every(scope) if one.entry.index == entry), None)
    if found is None:
        raise _none(entry)
    return found


def _none(entry: int) -> ApiProblem:
    return not_found(text("There is no inspection in entry {entry}.", entry=entry))


def _reader(scope: RequestScope) -> Called:
    """What whoever reads calls a lot."""
    return str if scope.whole else _called(scope.organisation)


def _called(organisation: str | None) -> Called:
    if organisation is None:
        return str
    own = OrganisationView(store(), law(), organisation)
    return lambda name: own.lot_name(name, *maker_and_local(name, own.organisation))


def _writer(request: HttpRequest) -> tuple[Any, str | None]:
    """The program, and the firm that it writes for; None: the authority. Raises ApiProblem."""
    program = call_of(request).program
    if program is not None and program.organisation:
        return writes(request, "filings:write")
    return decides(request, "inspections:write"), None


def _sent(request: HttpRequest, shape: type[Fields]) -> tuple[Fields, Body]:
    """What stands beside the rows, as a shape, and the whole body. Raises ApiProblem."""
    body = filing_of(request)
    try:
        return shape.model_validate(dict(body.fields)), body
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors())
        raise ApiProblem("request-malformed", text("{wrong}.", wrong=wrong)) from error


def _files(body: Body) -> list[tuple[str, bytes]]:
    return [(one.name, one.content) for one in body.files]


def _holder(site: str, on: date) -> str:
    organisation = holder_on(store().newest_register(), site, on)
    if organisation is None:
        raise not_found(text("No site {site} is in the register.", site=site))
    return organisation


def _answer(done: Taken, called: Callable[[str], str] = str) -> HttpResponse:
    document = taken_document(store(), done, called)
    if not done.accepted:
        raise _refused(document["problems"])
    return json_answer(201 if done.entries else 200, document)


def _refused(problems: list[Json]) -> ApiProblem:
    return ApiProblem("filing-refused", text("Nothing was entered: see `errors`."), errors=problems)


def _table(rows: list[dict[str, str]]) -> Table | None:
    if not rows:
        return None
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return read_bytes([("rows.csv", text.getvalue().encode())])
