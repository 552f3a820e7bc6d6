"""What is drawn on licences, by program of the authority: exits confirmed, reservations taken back, tranches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.ledger.problem import messages
from lodeline.office.accounts.tokens import Program
from lodeline.office.licences import draws as licence_draws
from lodeline.service.licences.draws import DrawAnswer, Drawn
from lodeline.service.licences.exits import Exit
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem
from lodeline.web.api.sending import Sent, body_of, json_answer, mass_mg, once, sent_as
from lodeline.web.api.shapes.derived import list_of, shape_of
from lodeline.web.api.who import call_of, decides_at_the_desk, law, store

router = Router(tags=["licences"])
Json = dict[str, Any]
EXITS_MOST = 1_000
_NUMBER = 200


class ExitIn(BaseModel):
    """What left under a line, with the actual mass. `elements`: kg by symbol, those of the reservation in proportion
    where they are not given; `licence` and `exporter` where nothing was reserved. `corrects`: the reference of a wrong
    confirmation of the same line that this one takes the place of, with a `reason`; no mass where nothing left."""

    model_config = ConfigDict(extra="forbid")
    declaration: str = Field(min_length=1, max_length=_NUMBER)
    line: str = Field(min_length=1, max_length=_NUMBER)
    mass_kg: str = Field(max_length=40)
    reference: str = Field(min_length=1, max_length=_NUMBER)
    closes: bool = False
    elements: dict[str, str] | None = None
    licence: str = Field("", max_length=_NUMBER)
    exporter: str = Field("", max_length=_NUMBER)
    corrects: str = Field("", max_length=_NUMBER)
    reason: str = Field("", max_length=4_000)


class ExitsIn(BaseModel):
    """Exits, each with customs' own number for it."""

    model_config = ConfigDict(extra="forbid")
    exits: list[ExitIn] = Field(min_length=1, max_length=EXITS_MOST)


class VoidIn(BaseModel):
    """The line whose reservation is taken back, and why."""

    model_config = ConfigDict(extra="forbid")
    declaration: str = Field(min_length=1, max_length=_NUMBER)
    line: str = Field(min_length=1, max_length=_NUMBER)
    reason: str = Field(max_length=4_000)


class TrancheIn(BaseModel):
    """A part of a licence for a port without network; `elements`: kg by symbol."""

    model_config = ConfigDict(extra="forbid")
    licence: str = Field(min_length=1, max_length=_NUMBER)
    tranche: str = Field(min_length=1, max_length=_NUMBER)
    port: str = Field(min_length=1, max_length=_NUMBER)
    mass_kg: str = Field(max_length=40)
    elements: dict[str, str] = Field(default_factory=dict)


class TrancheVoidIn(BaseModel):
    """The tranche whose rest is taken back, and why."""

    model_config = ConfigDict(extra="forbid")
    licence: str = Field(min_length=1, max_length=_NUMBER)
    tranche: str = Field(min_length=1, max_length=_NUMBER)
    reason: str = Field(max_length=4_000)


@router.post(
    "/exits", response=list_of("DrawAnswers", DrawAnswer), url_name="exits",
    **spec.operation(
        text("Confirm what left, with the actual mass"), scope="declarations:decide", idempotent=True,
        body=body_of(
            ExitsIn,
            {"exits": [{"declaration": "2248…49", "line": "1", "mass_kg": "60.5", "reference": "E-7", "closes": True}]},
        ),
        more=text("Partial exits add up; the one that closes returns the rest. What passes the licence is "
"booked and flagged, for the goods are gone; so is what passes its reservation, or "
"leaves on a licence that does not stand. Each row says for itself what became of it; "
"the same number again is a repetition. A row with `corrects` takes the place of a wrong "
"confirmation, which stays in the log."),
    ),
)  # fmt: skip
def confirm_exits(request: HttpRequest) -> HttpResponse:
    """`rows` stand in the order of `exits`; one that has no `entry` says in `problems` why."""

    def act(officer: Program, sent: ExitsIn) -> HttpResponse:
        exits = [_exit(one) for one in sent.exits]
        found = licence_draws.confirm_exits(officer, store(), exits, law=law(), now=call_of(request).now)
        return json_answer(200, {"rows": [one.answer for one in found]})

    return _acted(request, ExitsIn, act)


@router.post(
    "/reservations/void", response=shape_of(DrawAnswer), url_name="reservation-void",
    **spec.operation(
        text("Take the reservation of a line back"), scope="declarations:decide", idempotent=True,
        body=body_of(VoidIn, {"declaration": "2248…49", "line": "1", "reason": "left by another port"}),
        more=text("A declaration that is amended or withdrawn does so by itself. What has left stays drawn."),
    ),
)  # fmt: skip
def void_reservation(request: HttpRequest) -> HttpResponse:
    """422 where there is nothing to take back."""

    def act(officer: Program, sent: VoidIn) -> HttpResponse:
        return _answer(
            licence_draws.void(
                officer, store(), declaration=sent.declaration, line=sent.line, reason=sent.reason, law=law(),
                now=call_of(request).now,
            )
        )  # fmt: skip

    return _acted(request, VoidIn, act)


@router.post(
    "/tranches", response=shape_of(DrawAnswer), url_name="tranches",
    **spec.operation(
        text("Allot a part of a licence to a port without network"), scope="declarations:decide",
        idempotent=True,
        body=body_of(
            TrancheIn,
            {"licence": "SYN-2025-000001", "tranche": "T1", "port": "Erenhot", "mass_kg": "40", "elements": {}},
        ),
    ),
)  # fmt: skip
def allot_tranche(request: HttpRequest) -> HttpResponse:
    """422 where the licence does not stand or has not enough left."""

    def act(officer: Program, sent: TrancheIn) -> HttpResponse:
        return _answer(
            licence_draws.allot(
                officer, store(), licence=sent.licence, tranche=sent.tranche, port=sent.port,
                mass_mg=mass_mg(sent.mass_kg),
                elements_mg={name: mass_mg(text) for name, text in sent.elements.items()}, law=law(),
                now=call_of(request).now,
            )
        )  # fmt: skip

    return _acted(request, TrancheIn, act)


@router.post(
    "/tranches/void", response=shape_of(DrawAnswer), url_name="tranche-void",
    **spec.operation(
        text("Take back what a port has not spent"), scope="declarations:decide", idempotent=True,
        body=body_of(TrancheVoidIn, {"licence": "SYN-2025-000001", "tranche": "T1", "reason": "the line is up again"}),
    ),
)  # fmt: skip
def void_tranche(request: HttpRequest) -> HttpResponse:
    """What the port has spent stays drawn."""

    def act(officer: Program, sent: TrancheVoidIn) -> HttpResponse:
        return _answer(
            licence_draws.void_tranche(
                officer, store(), licence=sent.licence, tranche=sent.tranche, reason=sent.reason, law=law(),
                now=call_of(request).now,
            )
        )  # fmt: skip

    return _acted(request, TrancheVoidIn, act)


def _acted(request: HttpRequest, shape: type[Sent], act: Callable[[Program, Sent], HttpResponse]) -> HttpResponse:
    officer = decides_at_the_desk(request)
    sent, digest = sent_as(request, shape)
    return once(request, digest, lambda: act(officer, sent))


def _answer(found: Drawn) -> HttpResponse:
    """Raises ApiProblem where it was refused."""
    if found.draw is None:
        raise ApiProblem(
            "not-possible", messages(found.problems), errors=[one.as_json() for one in found.problems],
        )  # fmt: skip
    return json_answer(200, found.answer)


def _exit(sent: ExitIn) -> Exit:
    elements = None if sent.elements is None else {name: mass_mg(text) for name, text in sent.elements.items()}
    return Exit(
        declaration=sent.declaration, line=sent.line, mass_mg=mass_mg(sent.mass_kg), reference=sent.reference,
        closes=sent.closes, elements_mg=elements, licence=sent.licence, organisation=sent.exporter,
        corrects=sent.corrects, reason=sent.reason,
    )  # fmt: skip
