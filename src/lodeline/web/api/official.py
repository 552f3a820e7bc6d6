"""What the registrar enters beside the filings, by program: who followed whom. A firm reads what concerns it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.ledger.succession import Succession, successions
from lodeline.office.log.listing import key_cursor, read_key_cursor
from lodeline.office.register import successions as following
from lodeline.web.api import spec
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes.register import Succession as SuccessionShape
from lodeline.web.api.shapes.register import Successions
from lodeline.web.api.who import as_of_head, call_of, decides, log_access, reads, store

router = Router(tags=["authority"])
Json = dict[str, Any]


@router.get(
    "/successions", response=Successions, url_name="successions",
    **spec.operation(
        text("Who followed whom: mergers, sites that changed hands or were closed"),
        scope="balances:read",
        more=text("By day. An organisation is told of its own."),
    ),
)  # fmt: skip
def list_successions(
    request: HttpRequest, *, organisation: str | None = spec.ORGANISATION, cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> Json:  # fmt: skip
    """As they stand in the register."""
    scope = reads(request, "balances:read", organisation)
    after = ("", "") if cursor is None else tuple(read_key_cursor(cursor, 2))
    as_of_head(request)
    log_access(request, "successions", scope)
    found = [
        one for one in successions(store().newest_register())
        if scope.organisation in (None, one.organisation, one.successor) and (one.on.isoformat(), one.id) > after
    ]  # fmt: skip
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return {
        "rows": [_succession(one) for one in shown],
        "next": None if last is None else key_cursor((last.on.isoformat(), last.id)),
    }


def _succession(one: Succession) -> Json:
    return {
        "id": one.id, "kind": one.kind, "organisation": one.organisation, "successor": one.successor or None,
        "site": one.site or None, "on": one.on.isoformat(), "reason": one.reason,
    }  # fmt: skip


class SuccessionIn(BaseModel):
    """What follows from a day. `successor`: of a merger or hand-over; `site`: of a hand-over or closure."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["merger", "holder", "closure"]
    organisation: str = Field(max_length=64)
    successor: str = Field("", max_length=64)
    site: str = Field("", max_length=64)
    on: date
    reason: str = Field(max_length=following.REASON_CHARACTERS)


_HANDOVER: Final = {
    "kind": "holder", "organisation": "SEP-0001", "successor": "SEP-0002", "site": "SEP-0001-A", "on": "2026-03-17",
    "reason": "Decision 12 of 2026",
}  # fmt: skip


@router.post(
    "/successions", response={201: SuccessionShape}, url_name="successions-enter",
    **spec.operation(
        text("Enter a merger, a hand-over or a closure"), scope="register:write",
        problems=(413,), idempotent=True, body=body_of(SuccessionIn, _HANDOVER),
        more=text("What follows for sites, quota and licences stands in the same entry; both firms are "
"told."),
    ),
)  # fmt: skip
def enter_succession(request: HttpRequest) -> HttpResponse:
    """An entry of the log."""
    program = decides(request, "register:write")
    sent, digest = sent_as(request, SuccessionIn)

    def act() -> HttpResponse:
        wanted = following.Wanted(
            kind=sent.kind, organisation=sent.organisation, on=sent.on, reason=sent.reason,
            successor="" if sent.kind == "closure" else sent.successor, site="" if sent.kind == "merger" else sent.site,
        )  # fmt: skip
        before = {one.id for one in successions(store().newest_register())}
        entry = following.enter(program, store(), wanted, now=call_of(request).now)
        made = next(
            one for one in successions(store().newest_register()) if one.id not in before and one.kind == wanted.kind
        )
        return json_answer(201, {**_succession(made), "entry": entry.index})

    return once(request, digest, act)
