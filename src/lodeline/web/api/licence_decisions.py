"""What two officers decide about a licence, by program: one proposes, another confirms or refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path
from pydantic import BaseModel, ConfigDict, Field

from lodeline.encoding import encoded
from lodeline.language import text
from lodeline.ledger.licence import Deed
from lodeline.ledger.problem import messages
from lodeline.office.licences import acts as licence_acts
from lodeline.service.licences.proposals import LicenceProposal, LicenceProposalError, ProposalAnswer, proposals
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes.derived import list_of, shape_of
from lodeline.web.api.who import as_of_head, call_of, decides, law, reads_nation, store

router = Router(tags=["licences"])
Json = dict[str, Any]
_NUMBER, _WORDS = 200, 4_000
LICENCE = Path(..., max_length=120, **spec.text("Its number."))
PROPOSAL = Path(..., max_length=40, **spec.text("Id of the proposal."))


class LicenceProposalIn(BaseModel):
    """What is to become of a licence from the day `on`, and the grounds. `holder`: the new one, to hand it over."""

    model_config = ConfigDict(extra="forbid")
    deed: Deed
    on: date
    reason: str = Field(max_length=_WORDS)
    holder: str = Field("", max_length=_NUMBER)


class LicenceDecisionIn(BaseModel):
    """What another officer says to a proposal; whoever proposed may refuse alone, which takes it back. `answer`: why it
    is refused."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["confirm", "refuse"]
    answer: str = Field("", max_length=_WORDS)


@router.get(
    "/licences/{licence}/proposals", response=list_of("LicenceProposals", LicenceProposal),
    url_name="licence-proposals",
    **spec.operation(
        text("What was proposed about a licence"), scope="nation:read", problems=(404,),
        more=text("Nobody outside the authority sees it; what was confirmed is an act of the licence."),
    ),
)  # fmt: skip
def list_licence_proposals(request: HttpRequest, licence: str = LICENCE) -> Json:
    """The oldest first; `state` is proposed, done, refused or withdrawn."""
    reads_nation(request)
    _require(licence)
    as_of_head(request)
    return {"rows": encoded(proposals(store().register(store().head()), licence))}


def _require(licence: str) -> None:
    """Raises ApiProblem where the register has no such licence."""
    if licence not in store().register(store().head()).licences:
        raise not_found(text("The register has no licence {licence}.", licence=licence))


@router.post(
    "/licences/{licence}/proposals", response=shape_of(ProposalAnswer), url_name="licence-propose",
    **spec.operation(
        text("Propose to suspend, resume, revoke or hand over a licence"),
        scope="licences:decide", problems=(404,), idempotent=True,
        body=body_of(
            LicenceProposalIn, {"deed": "suspended", "on": "2026-03-01", "reason": "The end use could not be seen."}
        ),
        more=text("Nothing follows before another officer confirms it. The token counts as the official "
"who made it."),
    ),
)  # fmt: skip
def propose_about_licence(request: HttpRequest, licence: str = LICENCE) -> HttpResponse:
    """422 where the licence does not stand so; 409 where another proposal waits, or for a day that has passed."""
    officer = decides(request, "licences:decide")
    _require(licence)
    sent, digest = sent_as(request, LicenceProposalIn)

    def act() -> HttpResponse:
        return _answer(
            lambda: licence_acts.propose(
                officer, store(), licence, sent.deed, on=sent.on, reason=sent.reason, holder=sent.holder, law=law(),
                now=call_of(request).now,
            ),
        )  # fmt: skip

    return once(request, digest, act)


@router.post(
    "/licences/{licence}/proposals/{proposal}", response=shape_of(ProposalAnswer), url_name="licence-decide",
    **spec.operation(
        text("Confirm or refuse what another officer proposed"), scope="licences:decide",
        problems=(404,), idempotent=True, body=body_of(LicenceDecisionIn, {"act": "confirm"}),
        more=text("Confirmed, it counts from its day, or from today where that has passed; the firm is "
"told. Whoever proposed does not confirm."),
    ),
)  # fmt: skip
def decide_about_licence(
    request: HttpRequest, licence: str = LICENCE, proposal: str = PROPOSAL
) -> HttpResponse:  # fmt: skip
    """409 where it is decided already or is one's own; 422 where the licence stands otherwise by now."""
    officer = decides(request, "licences:decide")
    sent, digest = sent_as(request, LicenceDecisionIn)
    known = {one.id for one in proposals(store().register(store().head()), licence)}
    if proposal not in known:
        raise not_found(text("There is no such proposal about this licence."))

    def act() -> HttpResponse:
        now = call_of(request).now
        if sent.act == "confirm":
            return _answer(lambda: licence_acts.confirm(officer, store(), proposal, law=law(), now=now))
        return _answer(lambda: licence_acts.refuse(officer, store(), proposal, answer=sent.answer, law=law(), now=now))

    return once(request, digest, act)


def _answer(verb: Callable[[], ProposalAnswer]) -> HttpResponse:
    """The proposal as it stands then. Raises ApiProblem where it was refused."""
    try:
        found = verb()
    except LicenceProposalError as error:
        raise ApiProblem("conflict", error.words) from error
    if found.entry is None:
        raise ApiProblem(
            "not-possible", messages(found.problems), errors=[one.as_json() for one in found.problems],
        )  # fmt: skip
    return json_answer(200, found)
