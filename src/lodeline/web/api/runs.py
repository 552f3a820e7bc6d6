"""Planned runs by program: announced by the firm that plans them, listed with what they reserve, and put off by it or
by the authority."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path
from pydantic import BaseModel, ConfigDict, Field

from lodeline.encoding import encoded
from lodeline.language import text
from lodeline.ledger.problem import messages
from lodeline.office.licences import runs
from lodeline.service.licences.draws import Drawn
from lodeline.service.licences.runs import PlannedRun, RunAnswer, announced, planned_runs
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, mass_mg, once, sent_as
from lodeline.web.api.shapes.derived import list_of, shape_of
from lodeline.web.api.who import as_of_head, call_of, decides, law, log_access, reads, store, writes

RESERVATION: Final = Path(
    ..., ge=0, le=spec.INTEGER_MAX, **spec.text("Number of its reservation, as the list has it.")
)  # fmt: skip
router = Router(tags=["balances"])
Json = dict[str, Any]


class RunIn(BaseModel):
    """A run that is planned. `run`: as its rows will have it; `year`: of the quota, by default this; `reo_kg`: oxide
    that it will draw."""

    model_config = ConfigDict(extra="forbid")
    run: str = Field(min_length=1, max_length=runs.RUN_CHARACTERS)
    kind: Literal["mining", "separation"]
    ore_type: Literal["rock", "ion"] | None = None
    year: int | None = Field(None, ge=1900, le=2199)
    reo_kg: str = Field(max_length=40)


class RunVoidIn(BaseModel):
    """The run that is put off, and why."""

    model_config = ConfigDict(extra="forbid")
    run: str = Field(min_length=1, max_length=runs.RUN_CHARACTERS)
    reason: str = Field(max_length=runs.REASON_CHARACTERS)


class RunOfFirmVoidIn(BaseModel):
    """Why the run of a firm is put off; the firm reads it."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(max_length=runs.REASON_CHARACTERS)


@router.get(
    "/runs", response=list_of("Runs", PlannedRun), url_name="runs",
    **spec.operation(text("Planned runs, and what they reserve of quotas"), scope="balances:read"),
)  # fmt: skip
def list_runs(request: HttpRequest, organisation: str | None = spec.ORGANISATION) -> Json:
    """The newest first; `state` is awaited, drawn, lapsed or put-off."""
    scope = reads(request, "balances:read", organisation)
    as_of_head(request)
    log_access(request, "quotas", scope)
    today = law().day_of(call_of(request).now)
    found = planned_runs(store(), store().register(store().head()), day=today, organisation=scope.organisation)
    return {"rows": encoded(found)}


@router.post(
    "/runs", response=shape_of(RunAnswer), url_name="runs-announce",
    **spec.operation(
        text("Announce a planned run"), scope="filings:write", idempotent=True,
        body=body_of(RunIn, {"run": "R-2026-07", "kind": "separation", "reo_kg": "1200"}),
        more=text("Its quota is set aside until rows that name the run draw it. What passes the quota is "
"accepted and flagged. The same run with the same mass is a repetition."),
    ),
)  # fmt: skip
def announce_run(request: HttpRequest) -> HttpResponse:
    """422 where the run stands with another mass, or the year is neither this nor the next."""
    program, organisation = writes(request, "filings:write")
    sent, digest = sent_as(request, RunIn)

    def act() -> HttpResponse:
        now = call_of(request).now
        year = sent.year if sent.year is not None else law().day_of(now).year
        found = runs.announce(
            program, store(), organisation, run=sent.run, kind=sent.kind, ore_type=sent.ore_type or "", year=year,
            reo_mg=mass_mg(sent.reo_kg), law=law(), now=now,
        )  # fmt: skip
        return _answer(found, organisation, sent.run)

    return once(request, digest, act)


@router.post(
    "/runs/void", response=shape_of(RunAnswer), url_name="run-void",
    **spec.operation(
        text("Call a planned run off"), scope="filings:write", idempotent=True,
        body=body_of(RunVoidIn, {"run": "R-2026-07", "reason": "the furnace is down"}),
    ),
)  # fmt: skip
def cancel_run(request: HttpRequest) -> HttpResponse:
    """What rows have drawn stays drawn."""
    program, organisation = writes(request, "filings:write")
    sent, digest = sent_as(request, RunVoidIn)

    def act() -> HttpResponse:
        found = runs.put_off(
            program, store(), organisation, run=sent.run, reason=sent.reason, law=law(), now=call_of(request).now
        )
        return _answer(found, organisation, sent.run)

    return once(request, digest, act)


@router.post(
    "/runs/{reservation}/void", response=shape_of(RunAnswer), url_name="run-of-firm-void",
    **spec.operation(
        text("Call a firm's planned run off"), scope="quotas:decide", problems=(404,), idempotent=True,
        body=body_of(RunOfFirmVoidIn, {"reason": "the line was closed by order"}),
        more=text("The firm is told, with the reason.", context="runs"),
    ),
)  # fmt: skip
def cancel_run_of_firm(request: HttpRequest, reservation: int = RESERVATION) -> HttpResponse:
    """What rows have drawn stays drawn."""
    officer = decides(request, "quotas:decide")
    sent, digest = sent_as(request, RunOfFirmVoidIn)
    run = announced(store(), reservation)
    if run is None:
        raise not_found(text("There is no planned run of that number."))

    def act() -> HttpResponse:
        found = runs.put_off_by_authority(
            officer, store(), reservation, reason=sent.reason, law=law(), now=call_of(request).now
        )
        return _answer(found, run.organisation, run.declaration)

    return once(request, digest, act)


def _answer(found: Drawn, organisation: str, run: str) -> HttpResponse:
    """In the shape of `lodeline run --json`. Raises ApiProblem where it was refused."""
    if found.draw is None:
        raise ApiProblem(
            "not-possible", messages(found.problems), errors=[one.as_json() for one in found.problems],
        )  # fmt: skip
    return json_answer(200, RunAnswer.of(found, organisation, run))
