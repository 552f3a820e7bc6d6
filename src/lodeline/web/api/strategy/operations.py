"""The strategic view by program: network, scenarios, runs, dependence, publication to agencies, a firm's part."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.accounts.people import InputError
from lodeline.office.models import Proposal, StrategyRelease, StrategyRun
from lodeline.office.strategy import releases, runs
from lodeline.office.strategy.tables import FILES_MOST, hand_in
from lodeline.service.entries.subject import UnknownSubject
from lodeline.service.entries.upload import Upload
from lodeline.service.strategy import asked
from lodeline.service.strategy import dependence as depending
from lodeline.service.strategy.inputs import accepted
from lodeline.service.strategy.own import own_network
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, filing_of, json_answer, once, sent_as
from lodeline.web.api.shapes import strategy as shapes
from lodeline.web.api.who import as_of, call_of, decides, log_access, log_access_to_all, reading, reads, store

router = Router(tags=["strategy"])
Json = dict[str, Any]
Answer = TypeVar("Answer")
_READ: Final = "strategy:read"
_RUN: Final = "strategy:run"
RUN: Final = Path(..., max_length=64, **spec.text("The run, by its digest."))
BASE_FROM: Final = Query(None, pattern=spec.PERIOD_PATTERN, **spec.text("First month of the base window."))
BASE_TO: Final = Query(None, pattern=spec.PERIOD_PATTERN, **spec.text("Last month of the base window."))
ELEMENT: Final = Query("Dy", max_length=8, **spec.text("Element, or TREO."))
COUNTRY: Final = Query(None, max_length=2, **spec.text("Only this country."))
CUSTOMER: Final = Query(None, max_length=200, **spec.text("Only this customer, by id or as filed."))
PERIOD: Final = Query(
    None, max_length=20,
    **spec.text("Months: 2025, 2025-Q2, 2025-05 or 2025-03..2025-08; without it all."),
)  # fmt: skip
FIRST_SCENARIO: Final = Query(..., max_length=80, **spec.text("A scenario."))
SECOND_SCENARIO: Final = Query(..., max_length=80, **spec.text("The scenario beside it."))
SCENARIO: Final = Query(None, max_length=80, **spec.text("Only of this scenario."))
STATE: Final = Query(
    None, max_length=2,
    **spec.text("For officials: the state whose agency is told this. An agency is told its own."),
)  # fmt: skip


@router.get(
    "/strategy/graph", response=shapes.StrategyGraph, url_name="strategy-graph",
    **spec.operation(
        text("The network: who holds what, ships how much to whom, makes what of what"),
        scope=_READ, problems=(422,),
    ),
)  # fmt: skip
def get_strategy_graph(
    request: HttpRequest, *, base_from: str | None = BASE_FROM, base_to: str | None = BASE_TO
) -> Json:  # fmt: skip
    """In the shape of `lodeline strategy graph --json`, as of the last reading of the ledger."""
    _reads(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    return _possible(
        lambda: now.answer(asked.graph, now.store, now.snapshot, now.law, base_from=base_from, base_to=base_to)
    )


@router.get(
    "/strategy/scenarios", response=shapes.StrategyScenarios, url_name="strategy-scenarios",
    **spec.operation(text("The scenarios that can be run"), scope=_READ),
)  # fmt: skip
def list_strategy_scenarios(request: HttpRequest) -> Json:
    """Of the tables in force."""
    _reads(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    rows = now.answer(asked.scenarios, now.store, now.snapshot)
    return {"stamp": now.snapshot.stamp, "rows": rows}


@router.get(
    "/strategy/compare", response=shapes.StrategyAnswer, url_name="strategy-compare",
    **spec.operation(text("Two scenarios beside each other"), scope=_READ, problems=(422,)),
)  # fmt: skip
def compare_strategy_scenarios(
    request: HttpRequest, *, first: str = FIRST_SCENARIO, second: str = SECOND_SCENARIO
) -> Json:  # fmt: skip
    """In the shape of `lodeline strategy compare --json`."""
    _reads(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    found = _possible(lambda: now.answer(asked.compared, now.store, now.snapshot, now.law, first=first, second=second))
    return {"stamp": now.snapshot.stamp, **found}


@router.get(
    "/strategy/dependence", response=shapes.StrategyAnswer, url_name="strategy-dependence",
    **spec.operation(
        text("Who depends on whom for an element, by the origins of what was delivered"),
        scope=_READ, problems=(404, 422),
    ),
)  # fmt: skip
def get_strategy_dependence(
    request: HttpRequest, *, element: str = ELEMENT, country: str | None = COUNTRY, customer: str | None = CUSTOMER,
    period: str | None = PERIOD,
) -> Json:  # fmt: skip
    """In the shape of `lodeline strategy dependence --json`."""
    _reads(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    if customer is not None:
        _log_firms(request, "strategy dependence", {customer}, subject=customer)
    found = _possible(
        lambda: now.answer(
            depending.dependence, now.snapshot, now.law, element=element, country=country, customer=customer,
            period=period,
        )
    )  # fmt: skip
    return {"stamp": now.snapshot.stamp, **found}


class StrategyRunIn(BaseModel):
    """A scenario of the tables in force. `draws`: without it as many as the scenario says."""

    model_config = ConfigDict(extra="forbid")
    scenario: str = Field(min_length=1, max_length=80)
    draws: int | None = Field(None, ge=1, le=runs.DRAWS_MOST)


@router.post(
    "/strategy/runs", response={202: shapes.StrategyRun, 200: shapes.StrategyRun}, url_name="strategy-run-begin",
    **spec.operation(
        text("Run a scenario"), scope=_RUN, problems=(413,), idempotent=True,
        body=body_of(StrategyRunIn, {"scenario": "dy-licence"}),
        more=text("A worker computes it: ask the address in `Location` until `state` is `done`. The same "
"scenario, tables, law and entry of the log are the same run: where it is done already, "
"that is the answer (200)."),
    ),
)  # fmt: skip
def begin_strategy_run(request: HttpRequest) -> HttpResponse:
    """202 while it is computed."""
    program = decides(request, _RUN)
    sent, digest = sent_as(request, StrategyRunIn)

    def act() -> HttpResponse:
        now = call_of(request).now
        run = _possible(lambda: runs.save(program, store(), sent.scenario, draws=sent.draws, now=now))
        status = 200 if run.state == StrategyRun.State.DONE else 202
        return json_answer(status, _shown(run), Location=f"/api/v1/strategy/runs/{run.reference}")

    return once(request, digest, act)


@router.get(
    "/strategy/runs", response=shapes.StrategyRuns, url_name="strategy-runs",
    **spec.operation(text("Runs that are kept or under way, newest first"), scope=_READ),
)  # fmt: skip
def list_strategy_runs(request: HttpRequest, *, scenario: str | None = SCENARIO) -> Json:
    """Without what came of them."""
    actor = _reads(request)
    published, proposed = _published(actor), releases.proposed(actor, now=call_of(request).now)
    return {"rows": [_shown(one, published, proposed) for one in runs.saved(actor, scenario=scenario)]}


@router.get(
    "/strategy/runs/{run}", response=shapes.StrategyRun, url_name="strategy-run",
    **spec.operation(
        text("A run: how far it is, or what came of it"), scope=_READ, problems=(404,),
        more=text("`content` has the shape of `lodeline strategy run --json`; its bytes, keys sorted and "
"without blanks, have the SHA-256 `sha256`. A look at the firms of the register that it "
"names is recorded."),
    ),
)  # fmt: skip
def get_strategy_run(request: HttpRequest, run: str = RUN) -> Json:
    """A look at each firm that it names."""
    actor = _reads(request)
    found = runs.load(actor, run)
    shown = _shown(found, _published(actor), releases.proposed(actor, now=call_of(request).now))
    if found.state != StrategyRun.State.DONE:
        return shown
    content = runs.document(found)
    _log_firms(request, "strategy run", _named(content), subject=run)
    return {**shown, "content": content}


@router.post(
    "/strategy/runs/{run}/stop", response=shapes.StrategyRun, url_name="strategy-run-stop",
    **spec.operation(text("Stop a run"), scope=_RUN, problems=(404,), idempotent=True),
)  # fmt: skip
def stop_strategy_run(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """Nothing of it is kept."""
    program = decides(request, _RUN)

    def act() -> HttpResponse:
        return json_answer(200, _shown(runs.stop(program, run, now=call_of(request).now)))

    return once(request, "", act)


@router.post(
    "/strategy/runs/{run}/again", response={202: shapes.StrategyRun}, url_name="strategy-run-again",
    **spec.operation(
        text("Compute a run again, and see whether the same bytes come of it"), scope=_READ,
        problems=(404,), idempotent=True,
        more=text("As of its own entry of the log, whatever has been filed since. `again` of the run then "
"says so."),
    ),
)  # fmt: skip
def recompute_strategy_run(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """What is kept stays as it is."""
    program = decides(request, _READ)

    def act() -> HttpResponse:
        found = runs.again(program, run, now=call_of(request).now)
        return json_answer(202, _shown(found), Location=f"/api/v1/strategy/runs/{run}")

    return once(request, "", act)


@router.post(
    "/strategy/runs/{run}/publish", response={202: shapes.StrategyRun}, url_name="strategy-run-publish",
    **spec.operation(
        text("Propose to publish a run to the agencies of other states"), scope=_RUN,
        problems=(404,), idempotent=True,
        more=text("Nothing is published yet: another officer confirms within seven days. `proposed` of the "
"run says who proposed it and until when."),
    ),
)  # fmt: skip
def propose_strategy_release(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """202 while another officer has to confirm it."""
    program = decides(request, _RUN)

    def act() -> HttpResponse:
        now = call_of(request).now
        releases.propose(program, run, now=now)
        return json_answer(
            202, _shown(runs.load(program, run), _published(program), releases.proposed(program, now=now))
        )

    return once(request, "", act)


@router.post(
    "/strategy/runs/{run}/confirm", response={201: shapes.StrategyRelease}, url_name="strategy-run-confirm",
    **spec.operation(
        text("Publish a run that another officer proposed"), scope=_RUN, problems=(404,),
        idempotent=True,
        more=text("Agencies are told sums of groups of firms, as far as no firm can be told from them and "
"from all that was ever published: see `GET /strategy/aggregate`. Who proposed does not "
"confirm, nor a program of theirs."),
    ),
)  # fmt: skip
def publish_strategy_run(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """Says how many figures are told, and how many kept back."""
    program = decides(request, _RUN)

    def act() -> HttpResponse:
        return json_answer(201, _release(releases.confirm(program, run, now=call_of(request).now)))

    return once(request, "", act)


@router.post(
    "/strategy/runs/{run}/refuse", response=shapes.StrategyRun, url_name="strategy-run-refuse",
    **spec.operation(
        text("Refuse to publish a run, or withdraw the own proposal"), scope=_RUN,
        problems=(404,), idempotent=True,
    ),
)  # fmt: skip
def refuse_strategy_release(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """It can be proposed again."""
    program = decides(request, _RUN)

    def act() -> HttpResponse:
        releases.end_proposal(program, run, now=call_of(request).now)
        return json_answer(200, _shown(runs.load(program, run), _published(program)))

    return once(request, "", act)


@router.post(
    "/strategy/runs/{run}/withdraw", response=shapes.StrategyRelease, url_name="strategy-run-withdraw",
    **spec.operation(
        text("Withdraw a run that was published"), scope=_RUN, problems=(404,), idempotent=True
    ),
)  # fmt: skip
def withdraw_strategy_run(request: HttpRequest, run: str = RUN) -> HttpResponse:
    """What was told still counts in what may be told later."""
    program = decides(request, _RUN)

    def act() -> HttpResponse:
        return json_answer(200, _release(releases.withdraw(program, run, now=call_of(request).now)))

    return once(request, "", act)


@router.get(
    "/strategy/releases", response=shapes.StrategyReleases, url_name="strategy-releases",
    **spec.operation(text("All that was ever published to agencies"), scope=_READ),
)  # fmt: skip
def list_strategy_releases(request: HttpRequest) -> Json:
    """The oldest first."""
    return {"rows": [_release(one) for one in releases.releases(_reads(request))]}


@router.get(
    "/strategy/aggregate", response=shapes.StrategyAggregate, url_name="strategy-aggregate",
    **spec.operation(
        text("What the agency of a state is told of published runs"), scope=_READ, problems=(422,),
        more=text("For the agency of another state, with the session of one of its people; an official "
"names the state. Groups are fixed: a class of goods and one country, or all that do not "
"stand alone; `kept_back` says what is not told, and why."),
    ),
)  # fmt: skip
def get_strategy_aggregate(request: HttpRequest, *, country: str | None = STATE) -> Json:
    """Never a firm."""
    call = call_of(request)
    actor = call.actor if call.program is None else decides(request, _READ)
    return {"rows": releases.told(actor, country)}


@router.post(
    "/strategy/tables", response={201: shapes.StrategyTables}, url_name="strategy-tables-file",
    **spec.operation(
        text("Hand in tables of plants, bills, stock, suppliers, scenarios, instruments"), scope=_RUN,
        problems=(413, 415), idempotent=True,
        body={
            "required": True,
            "content": {
                "multipart/form-data": {"schema": spec.file_in("StrategyTablesIn")}
            },
        },
        more=text("CSV or XLSX, each told by its header; see `docs/reference/strategy-tables.md`. Several "
"enter together, or none does (422, `errors` holds every problem with its cell)."),
    ),
)  # fmt: skip
def file_strategy_tables(request: HttpRequest) -> HttpResponse:
    """Entries of the log."""
    program = decides(request, _RUN)
    if (request.content_type or "").lower() != "multipart/form-data":
        raise ApiProblem("media-type", text("Send files as multipart/form-data."))
    body = filing_of(request)
    if len(body.files) > FILES_MOST:
        raise ApiProblem("too-large", text("At most {files_most} tables at a time.", files_most=FILES_MOST))

    def act() -> HttpResponse:
        uploads = [Upload(name=one.name, content=one.content) for one in body.files]
        filed = _possible(lambda: hand_in(program, store(), uploads, now=call_of(request).now))
        whole = accepted(filed)
        if not whole:
            unknown = ", ".join(one.file for one in filed if one.table is None)
            raise ApiProblem(
                "filing-refused",
                text("No table has such a header: {unknown}.", unknown=unknown)
                if unknown
                else text("Nothing was taken in: see `errors`."),
                errors=[problem.as_json() for one in filed for problem in one.problems],
            )
        return json_answer(201, {"accepted": whole, "rows": [one.as_json(accepted=whole) for one in filed]})

    return once(request, body.digest, act)


@router.get(
    "/strategy/own", response=shapes.StrategyOwn, url_name="strategy-own",
    **spec.operation(
        text("A firm's own part of the network, and how long it lasts"),
        scope="balances:read", problems=(404, 422),
        more=text("What it holds, what comes in from and goes out to its own edge, and how many days each "
"unit lasts without deliveries. Of neighbours nothing but the flow between them."),
    ),
)  # fmt: skip
def get_own_strategy(request: HttpRequest, *, organisation: str | None = spec.ORGANISATION) -> Json:
    """The authority names one."""
    scope = reads(request, "balances:read", organisation)
    named = scope.organisation
    if named is None or named not in set(store().newest_register().tables["organisations"]["id"]):
        raise not_found(text("Name an organisation of the register with `organisation`."))
    log_access(request, "strategy own", scope, organisation=named)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    return _possible(lambda: now.answer(own_network, now.store, now.snapshot, now.law, organisation=named))


def _reads(request: HttpRequest) -> Actor:
    """Who asks, if the strategic view of the whole country is open to him. Raises ApiProblem, NotAllowedError."""
    call = call_of(request)
    actor = call.actor if call.program is None else decides(request, _READ)
    actor.require("strategy.read", AUTHORITY)
    return actor


def _possible(act: Callable[[], Answer]) -> Answer:
    """What `act` gives. What it says cannot be done is no fault of the store's."""
    try:
        return act()
    except (UnknownSubject, InputError, runs.StrategyError):
        raise
    except UserError as error:
        raise ApiProblem("not-possible", error.words) from error


def _named(content: Json) -> set[str]:
    """The organisations that a run names: of plants, and who sends what they run out of."""
    rows = content.get("plants", ())
    suppliers = {(row.get("binding") or {}).get("supplier") for row in rows}
    return {str(one) for one in {row.get("organisation") for row in rows} | suppliers if one}


def _log_firms(request: HttpRequest, what: str, named: set[str], *, subject: str) -> None:
    """Writes down a look at those of the named that are organisations of the register."""
    there = set(store().newest_register().tables["organisations"]["id"])
    log_access_to_all(request, what, sorted(named & there), subject=subject)


def _published(actor: Actor) -> frozenset[str]:
    return frozenset(one.run for one in releases.releases(actor) if one.withdrawn_at is None)


def _shown(
    run: StrategyRun, published: frozenset[str] = frozenset(), proposed: Mapping[str, Proposal] | None = None
) -> Json:
    """A run without its content."""
    waiting = (proposed or {}).get(run.reference)
    job = runs.job_of(run)
    same = runs.is_same(run)
    return {
        "run": run.reference, "scenario": run.scenario, "entry": run.entry, "root": run.root, "draws": run.draws,
        "digests": json.loads(run.digests), "state": run.state,
        "progress": 1.0 if run.finished_at else 0.0 if job is None else job.progress, "sha256": run.sha256 or None,
        "size": run.size, "by": run.who, "at": run.created_at.isoformat(),
        "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
        "problem": {"en": run.problem_en, "zh": run.problem_zh} if run.problem_en else None,
        "failure": job.failure if job is not None and job.failure else None,
        "again": None
        if same is None or run.again_at is None
        else {"at": run.again_at.isoformat(), "same": same, "sha256": run.again_sha256},
        "published": run.reference in published,
        "proposed": None
        if waiting is None
        else {
            "by": waiting.proposed_by, "at": waiting.proposed_at.isoformat(), "until": waiting.expires_at.isoformat()
        },
    }  # fmt: skip


def _release(one: StrategyRelease) -> Json:
    return {
        "run": one.run, "scenario": one.scenario, "told": one.told, "kept_back": one.kept_back, "sha256": one.sha256,
        "published_at": one.published_at.isoformat(),
        "withdrawn_at": None if one.withdrawn_at is None else one.withdrawn_at.isoformat(),
    }  # fmt: skip
