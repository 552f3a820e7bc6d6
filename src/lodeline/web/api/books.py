"""What the books say, by program: balances, flows, quotas, licences, findings, organisations; verdicts of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal

import polars as pl
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path, Query

from lodeline.control.rulebook import LawDay
from lodeline.detection.finding import Finding
from lodeline.detection.identity import named_in
from lodeline.encoding import encoded
from lodeline.filing.formats import Limits
from lodeline.language import text
from lodeline.ledger.succession import holders_of, sites_held_before
from lodeline.office.customs.batches import is_batch
from lodeline.office.customs.desk import ask
from lodeline.office.findings.firm_view import own_findings
from lodeline.office.findings.matching import findings_of, located
from lodeline.office.findings.views import own_cases, own_state, standings
from lodeline.office.log.listing import key_cursor, read_key_cursor
from lodeline.service.balance import balances
from lodeline.service.customs import desk
from lodeline.service.customs import release as desk_release
from lodeline.service.customs.papers import DeskError
from lodeline.service.customs.replay import replay
from lodeline.service.findings.finding import Found
from lodeline.service.findings.finding import findings as found_by_detectors
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.licences import quotas
from lodeline.service.licences.answers import (
    LicenceDetail,
    RegisteredLicence,
    UnknownLicence,
    firms_of,
    licence_shown,
    registered_licences,
)
from lodeline.service.overview import flow_matrix
from lodeline.web.api import spec
from lodeline.web.api.batches import begun
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import filing_of, json_answer, once
from lodeline.web.api.shapes.balance import Balances, Flows
from lodeline.web.api.shapes.customs import Declared, DeskBatch
from lodeline.web.api.shapes.derived import list_of, shape_of
from lodeline.web.api.shapes.findings import Finding as FindingShape
from lodeline.web.api.shapes.findings import Findings
from lodeline.web.api.shapes.law import LawReplay
from lodeline.web.api.shapes.register import Organisation, Organisations
from lodeline.web.api.who import (
    RequestScope,
    as_of,
    as_of_head,
    call_of,
    judges,
    law,
    log_access,
    log_access_to_all,
    reading,
    reads,
    reads_nation,
    store,
)
from lodeline.web.reading import Reading

router = Router()
Json = dict[str, Any]
DECLARATION_BYTES_MAX: Final = 2_500_000
DECLARATION_LINES_MAX: Final = 2_000


def _read_now(request: HttpRequest) -> Reading:
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    return now


def _read_with_cases(request: HttpRequest) -> Reading:
    """The reading, of an answer that also says where cases stand: what has been decided since is another answer."""
    now, head = reading(), store().head()
    as_of(request, now.snapshot.entry, f"{now.snapshot.root}|{head.frontier.root().hex()}")
    return now


def _paged(now: Reading, rows: Sequence[Json], keys: tuple[str, ...], cursor: str | None, limit: int) -> Json:
    """Rows of an answer that is computed as a whole, by what identifies them: so none is lost while the log moves."""

    def key(row: Json) -> list[str]:
        return [str(row[name]) for name in keys]

    behind = sorted(rows, key=key)
    if cursor is not None:
        after = read_key_cursor(cursor, len(keys))
        behind = [row for row in behind if key(row) > after]
    following = key_cursor(key(behind[limit - 1])) if len(behind) > limit else None
    return {"stamp": now.snapshot.stamp, "pack": now.law.digest, "rows": behind[:limit], "next": following}


@router.get(
    "/balances",
    response=Balances,
    url_name="balances",
    tags=["balances"],
    **spec.operation(
        text("Material balances per site, element and month"),
        scope="balances:read",
        problems=(404,),
        more=text("By organisation, site, element and month; `stamp` says of each page what it was computed from."),
    ),
)
def list_balances(
    request: HttpRequest,
    *,
    organisation: str | None = spec.ORGANISATION,
    site: str | None = spec.SITE,
    element: str | None = spec.ELEMENT,
    first: str | None = spec.FIRST,
    last: str | None = spec.LAST,
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """As of the last reading of the ledger."""
    scope = reads(request, "balances:read", organisation)
    if scope.organisation is None and site is None and element is None:
        raise ApiProblem(
            "request-malformed",
            text("Name an organisation, a site or an element: the nation's whole is too much at once."),
        )
    if not scope.whole and site is not None and site not in _own_sites(scope):
        raise not_found(text("There is no site {site} of yours.", site=site))
    now = _read_now(request)
    # A site's rows are of all who held it.
    for holder in holders_of(now.snapshot.register, site or "") or [""]:
        log_access(request, "balances", scope, organisation=holder)
    found = now.answer(
        balances.balance,
        now.store,
        now.snapshot,
        now.law,
        site=site,
        organisation=scope.organisation,
        element=element,
        first=first,
        last=last,
    )
    return _paged(now, found["rows"], ("organisation", "site", "element", "period"), cursor, limit)


def _own_sites(scope: RequestScope) -> set[str]:
    """Sites that it holds or held: of each it is told its own time."""
    register = store().register(store().head())
    found = {site for site, holder in register.site_organisation.items() if holder == scope.organisation}
    return found | set(sites_held_before(register, scope.organisation or ""))


@router.get(
    "/flows",
    response=Flows,
    url_name="flows",
    tags=["nation"],
    **spec.operation(text("The flow matrix of the nation"), scope="nation:read", problems=(404,)),
)
def list_flows(
    request: HttpRequest,
    *,
    element: str = Query("Nd", max_length=8, **spec.text("Element, or TREO.")),
    first: str | None = spec.FIRST,
    last: str | None = spec.LAST,
    by: Literal["stage", "organisation", "country"] = Query("stage", **spec.text("What the ends are.")),
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """How much of an element went from where to where, by month."""
    reads_nation(request)
    now = _read_now(request)
    found = now.answer(flow_matrix.flows, now.snapshot, now.law, element=element, first=first, last=last, by=by)
    return _paged(now, found["rows"], ("period", "element", "from", "to"), cursor, limit)


Replayed = Literal["exports", "declarations", "filings", "findings"]
LAW_OF: Final = Query(..., alias="from", **spec.text("The law of this day …"))
AGAINST: Final = Query(..., alias="to", **spec.text("… against the law of this."))
LAW_KNOWN: Final = Query(None, **spec.text("As published up to this day; without it, each day."))
WHAT: Final = Query("exports", **spec.text("What to list."))
#: Kinds of what a replay puts to both laws, and what identifies a row of each.
_REPLAYED: Final = {
    "exports": ("on", "seq"),
    "declarations": ("on", "organisation", "declaration", "seqs"),
    "filings": ("period", "organisation"),
    "findings": ("detector", "id"),
}


@router.get(
    "/law/replay",
    response=LawReplay,
    url_name="law-replay",
    tags=["law"],
    **spec.operation(
        text("What would come out differently under the law of another day"),
        scope="nation:read",
        more=text("Rows of one kind: exports, declarations, filings or findings. `judged` counts all that were asked."),
    ),
)
def list_replayed(
    request: HttpRequest,
    *,
    first: date = LAW_OF,
    second: date = AGAINST,
    known: date | None = LAW_KNOWN,
    what: Replayed = WHAT,
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """Everything but the law stays as it is in the ledger."""
    reads_nation(request)
    now = _read_now(request)
    for day in (first, second, known or first):
        if not date.min < day < date.max:
            raise ApiProblem("request-malformed", text("No law is known of {day}.", day=day))
    found = now.answer(replay, now.store, now.snapshot, now.law, first=first, second=second, known=known)
    head = {name: found[name] for name in ("jurisdiction", "pack", "from", "to", "known", "law")}
    page = _paged(now, found[what]["rows"], _REPLAYED[what], cursor, limit)
    return {**head, "what": what, "judged": {kind: found[kind]["judged"] for kind in _REPLAYED}, **page}


@router.get(
    "/quotas",
    response=list_of("Quotas", quotas.Quota, quotas.OwnQuota),
    url_name="quotas",
    tags=["balances"],
    **spec.operation(text("Quotas: granted, used, left"), scope="balances:read"),
)
def list_quotas(request: HttpRequest, organisation: str | None = spec.ORGANISATION) -> Json:
    """granted + overdrawn = reserved + used + left."""
    today = law().day_of(call_of(request).now)
    scope = reads(request, "balances:read", organisation)
    if scope.organisation is None:
        now = _read_now(request)
        return {"rows": encoded(now.answer(quotas.quota, now.store, now.snapshot, day=today))}
    as_of_head(request)
    log_access(request, "quotas", scope)
    return {"rows": encoded(OrganisationView(store(), law(), scope.organisation).quota(today))}


@router.get(
    "/licences",
    response=list_of("Licences", RegisteredLicence),
    url_name="licences",
    tags=["balances"],
    **spec.operation(text("Export licences, and what has been used of them"), scope="balances:read"),
)
def list_licences(request: HttpRequest, organisation: str | None = spec.ORGANISATION) -> Json:
    """As registered."""
    scope = reads(request, "balances:read", organisation)
    as_of_head(request)
    today = law().day_of(call_of(request).now)
    log_access(request, "licences", scope)
    register, reader = store().register(store().head()), None if scope.whole else scope.organisation
    rows = registered_licences(store(), register, law(), day=today, organisation=scope.organisation, reader=reader)
    return {"rows": encoded(rows)}


@router.get(
    "/licences/{licence}",
    response=shape_of(LicenceDetail),
    url_name="licence",
    tags=["balances"],
    **spec.operation(
        text("A licence with the log of its draw-downs"),
        scope="balances:read",
        problems=(404,),
        more=text(
            "In the shape of `lodeline licence show --json`. An organisation asks about one that it "
            "holds or held, and sees of the log what concerns itself."
        ),
    ),
)
def get_licence(request: HttpRequest, licence: str = Path(..., max_length=120, **spec.text("Its number."))) -> Json:
    """As of the head."""
    scope = reads(request, "balances:read")
    as_of_head(request)
    today = law().day_of(call_of(request).now)
    register = store().register(store().head())
    try:
        found = licence_shown(store(), register, law(), licence, day=today, reader=scope.organisation)
    except UnknownLicence as error:
        raise not_found(error.words) from error
    if scope.whole:
        log_access_to_all(request, "licence", firms_of(store(), register, licence), subject=licence)
    document: Json = encoded(found)
    return document


@router.get(
    "/findings",
    response=Findings,
    url_name="findings",
    tags=["findings"],
    **spec.operation(
        text("Findings", context="books"),
        scope="findings:read",
        problems=(404,),
        more=text(
            "A finding is a question with its evidence; `score` says how sure it is. In the order of "
            "their ids, so that paging loses none. `state` says what has become of it. Every page "
            "has the `causes` of all rows: which findings speak of one thing, its mass, worth and "
            "chance, most worth × probability first. An organisation sees those about itself, "
            "without the rows of others and without causes."
        ),
    ),
)
def list_findings(
    request: HttpRequest,
    organisation: str | None = spec.ORGANISATION,
    detector: str | None = Query(None, max_length=64, **spec.text("Only this detector.")),
    cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:
    """As of the last reading of the ledger."""
    scope = reads(request, "findings:read", organisation)
    now = _read_with_cases(request)
    log_access(request, "findings", scope)
    rows = _findings(now, scope, detector)
    causes = [one.as_json() for one in _found(now, detector).causes] if scope.whole else []
    ids = {row.id for row in rows}
    return {
        **_paged(now, _with_states(request, scope, rows), ("id",), cursor, limit),
        "causes": [one for one in causes if not ids.isdisjoint((one["finding"], *one["same_cause"]))],
    }


@router.get(
    "/findings/{finding}",
    response=FindingShape,
    url_name="finding",
    tags=["findings"],
    **spec.operation(text("One finding"), scope="findings:read", problems=(404,)),
)
def get_finding(
    request: HttpRequest, finding: str = Path(..., max_length=80, **spec.text("Its id.", context="books"))
) -> Json:
    """With its evidence."""
    scope = reads(request, "findings:read")
    now = _read_with_cases(request)
    found = located(now.answer(found_by_detectors, now.store, now.snapshot, now.law).raised, finding).finding
    wanted = None if found is None else found.id
    of_it = [] if found is None else _findings(now, scope, found.detector)
    for row in _with_states(request, scope, of_it):
        if row["id"] == wanted:
            log_access(request, "finding", scope, organisation=row["subject"].get("organisation"), subject=finding)
            return row
    raise not_found(text("There is no finding {finding} about you.", finding=finding))


def _found(now: Reading, detector: str | None) -> Found:
    """As pages ask it."""
    of_one = {} if detector is None else {"detector": detector}
    return now.answer(found_by_detectors, now.store, now.snapshot, now.law, **of_one)


def _findings(now: Reading, scope: RequestScope, detector: str | None) -> list[Finding]:
    found = _found(now, detector).rows
    if scope.organisation is None:
        return found
    if scope.whole:
        return [one for one in found if scope.organisation in named_in(one.subject)]
    return own_findings(found, OrganisationView(now.store, now.law, scope.organisation), now.snapshot)


def _with_states(request: HttpRequest, scope: RequestScope, rows: list[Finding]) -> list[Json]:
    """With where each stands; an organisation hears nothing of what it was not asked."""
    call = call_of(request)
    if scope.whole:
        today = law().day_of(call.now)
        stand = {one: found.state for one, found in standings(call.actor, rows, today=today).items()}
    else:
        now = reading()
        asked = own_cases(call.actor, str(scope.organisation))
        known = findings_of(now.answer(found_by_detectors, now.store, now.snapshot, now.law).raised)
        stand = {known[one.pk].id: own_state(one, str(scope.organisation)) for one in asked if one.pk in known}
    return [replace(one, state=stand.get(one.id, one.state)).as_json() for one in rows]


@router.get(
    "/organisations",
    response=Organisations,
    url_name="organisations",
    tags=["organisations"],
    **spec.operation(text("Organisations of the register"), scope="nation:read"),
)
def list_organisations(request: HttpRequest, cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT) -> Json:
    """By id; the cursor is the last id shown."""
    reads_nation(request)
    as_of_head(request)
    table = store().register(store().head()).tables["organisations"].sort("id")
    behind = table if cursor is None else table.filter(pl.col("id") > cursor)
    shown = behind.head(limit)
    following = shown["id"][-1] if behind.height > limit else None
    return {"rows": [_organisation(row) for row in shown.iter_rows(named=True)], "next": following}


@router.get(
    "/organisations/{organisation}",
    response=Organisation,
    url_name="organisation",
    tags=["organisations"],
    **spec.operation(
        text("An organisation as registered, with its sites"),
        scope="signed in",
        problems=(404,),
    ),
)
def get_organisation(
    request: HttpRequest,
    organisation: str = Path(..., max_length=64, **spec.text("Its id; `self` for your own.")),
) -> Json:
    """One's own; any for the authority."""
    call = call_of(request)
    if organisation == "self":
        mine = call.program.organisation if call.program else "".join(call.actor.organisations[:1])
        organisation = mine or organisation
    official = call.actor.may("nation.read", organisation)
    if not official and call.actor.may("nation.read"):
        raise not_found(text("There is no organisation {organisation} in your region.", organisation=organisation))
    if not (official or organisation in call.actor.organisations):
        raise ApiProblem("not-allowed", text("You may read your own organisation here."))
    as_of_head(request)
    table = store().register(store().head()).tables["organisations"]
    rows = table.filter(pl.col("id") == organisation).to_dicts()
    if not rows:
        raise not_found(text("The register has no organisation {organisation}.", organisation=organisation))
    log_access(request, "organisation", RequestScope(organisation=organisation, whole=official))
    return _organisation(rows[0])


def _organisation(row: Json) -> Json:
    sites = store().register(store().head()).tables["sites"].filter(pl.col("organisation") == row["id"])
    return {
        "id": row["id"],
        "name_zh": row["name_zh"],
        "name_en": row["name_en"],
        "country": row["country"],
        "roles": row["roles"] or [],
        "sites": [{"id": one["id"], "name": one["name"], "stage": one["stage"]} for one in sites.iter_rows(named=True)],
    }


@router.post(
    "/declarations",
    response={200: Declared, 202: DeskBatch},
    url_name="declarations",
    tags=["declarations"],
    **spec.operation(
        text("May this consignment leave?", context="books"),
        scope="declarations:judge",
        problems=(413, 415),
        idempotent=True,
        body={
            "required": True,
            "content": {
                "application/json": {
                    "schema": spec.rows_in("DeclarationRowsIn"),
                    "example": {
                        "rows": [
                            {"line": "1", "product_name": "NdFeB magnets", "hs_code": "8505111000", "mass_kg": "120"}
                        ]
                    },
                },
                "multipart/form-data": {"schema": spec.file_in("DeclarationFileIn", required=False)},
            },
        },
        more=text(
            "A verdict for each line with its reasons; the question is kept in the log with its "
            "answer. An organisation asks beforehand and may name only itself as exporter. With "
            "`reserve` a program of the authority reserves licence mass for each line that is "
            "released, once for its (declaration, line); where that is refused the line is held. "
            "With `amends` it takes the place of an earlier one: what that held reserved is given "
            "back, and reserved anew for what is released now. What has more than 2 000 lines or 2.5 "
            "MB is judged by a worker: the answer is 202 with its address."
        ),
    ),
)
def judge_declaration(
    request: HttpRequest,
    reserve: bool = Query(default=False, **spec.text("Reserve for what is released.")),
    amends: int | None = Query(
        default=None,
        ge=0,
        le=spec.INTEGER_MAX,
        **spec.text("Entry of the declaration that this one amends."),
    ),
) -> HttpResponse:
    """Up to 2 000 lines at once; up to 100 000 as a batch (202)."""
    organisation = judges(request)
    body = filing_of(request)
    if reserve and organisation:
        raise ApiProblem("not-allowed", text("Only customs reserve on release."))

    def act() -> HttpResponse:
        if len(body.files) != 1:
            raise ApiProblem("request-malformed", text("A declaration is one file."))
        limits = Limits(file_bytes=DECLARATION_BYTES_MAX, rows=DECLARATION_LINES_MAX)
        read = desk.read(body.files[0].content, name=body.files[0].name, limits=limits)
        if is_batch(read) and amends is None:
            return begun(
                request, name=body.files[0].name, content=body.files[0].content, asker=organisation, reserves=reserve
            )
        exporters = {str(line["exporter"]) for line in read.lines if line["exporter"]}
        if organisation and exporters - {organisation}:
            raise ApiProblem("not-allowed", text("Another organisation's consignment is not yours to ask about."))
        now = reading()
        today = now.law.day_of(call_of(request).now)
        call = call_of(request)
        try:
            ledger = desk.Ledger(snapshot=now.snapshot, store=store(), asker=organisation or None)
            judged = desk_release.judge(read, LawDay.of(now.law, today), ledger, amends=amends)
            answered = judged.document
            if answered["readable"]:
                kept = ask(
                    call.actor,
                    store(),
                    read,
                    answered,
                    now=call.now,
                    asker=organisation,
                    amends=amends,
                    judged=judged if reserve or amends is not None else None,
                    reserve=reserve,
                )
                answered["entry"] = kept.index
        except DeskError as error:
            raise ApiProblem("conflict", error.words) from error
        return json_answer(200, answered)

    return once(request, body.digest, act)
