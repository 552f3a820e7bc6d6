"""What the authority enters beside the filings, by program: what inspectors found, and who followed whom.

A firm reads what was entered about it, of its own time at a site, with lots as it calls them; inspectors and registrars
enter, as on the pages.
"""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from lodeline.filing.table import Table, read_bytes
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.succession import Succession, holder_on, successions
from lodeline.material.mass import format_kg
from lodeline.office.inspections import visits as entering
from lodeline.office.log.listing import cursor_number, key_cursor, read_key_cursor
from lodeline.office.register import successions as following
from lodeline.service.entries.receipts import receipt
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.inspections.visits import Inspection, Seal, Visited, inspections
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem, not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes.balance import InspectionAnswer, Inspections
from lodeline.web.api.shapes.register import Succession as SuccessionShape
from lodeline.web.api.shapes.register import Successions
from lodeline.web.api.who import RequestScope, as_of_head, call_of, decides, law, log_access, reads, store

router = Router(tags=["authority"])
Json = dict[str, Any]
_TEXT: Final = 300


@router.get(
    "/inspections", response=Inspections, url_name="inspections",
    **spec.operation(
        "What inspectors entered: counts, seizures, seals", "检查记录：盘点、扣押与封志", scope="balances:read",
        more=(
            "Oldest first. An organisation is told what was entered about it, at sites in its own days.",
            "按登记先后排列。企业可见在其持有场所期间的检查记录。",
        ),
    ),
)  # fmt: skip
def list_inspections(
    request: HttpRequest, *, organisation: str | None = spec.ORGANISATION, site: str | None = spec.SITE,
    cursor: str | None = spec.CURSOR, limit: int = spec.LIMIT,
) -> Json:  # fmt: skip
    """They move no book: see `docs/howto/inspect-a-site.md`."""
    scope = reads(request, "balances:read", organisation)
    after = cursor_number(cursor, -1)
    as_of_head(request)
    log_access(request, "inspections", scope)
    every = inspections(store(), None if scope.organisation is None else [scope.organisation], site=site)
    behind = [one for one in every if one.entry.index > after]
    shown = behind[:limit]
    return {
        "rows": [_summary(one) for one in shown],
        "next": str(shown[-1].entry.index) if len(behind) > limit else None,
    }


@router.get(
    "/inspections/{entry}", response=InspectionAnswer, url_name="inspection",
    **spec.operation(
        "One inspection, lot by lot, with its receipt", "单次检查的逐批记录及其回执", scope="balances:read",
        problems=(404,),
    ),
)  # fmt: skip
def get_inspection(request: HttpRequest, entry: int = spec.ENTRY) -> Json:
    """Lots go by the names that the reader knows them by."""
    scope = reads(request, "balances:read")
    as_of_head(request)
    every = inspections(store(), None if scope.organisation is None else [scope.organisation])
    found = next((one for one in every if one.entry.index == entry), None)
    if found is None:
        raise not_found(f"There is no inspection in entry {entry}.", f"条目 {entry} 没有检查记录。")
    log_access(request, "inspection", scope, organisation=found.paper["organisation"], subject=str(entry))
    return _whole(found, scope)


def _summary(one: Inspection) -> Json:
    paper = one.paper
    return {
        "entry": one.entry.index, "organisation": paper["organisation"], "site": paper["site"], "on": paper["on"],
        "act": paper["act"], "whole": paper["whole"], "lots": len(paper["rows"]),
        "mass_kg": format_kg(sum(row["dry_mg"] for row in paper["rows"])),
        "seals": [*(row["seal"] for row in paper["rows"] if row["seal"]), *(seal["number"] for seal in paper["seals"])],
        "note": paper["note"],
    }  # fmt: skip


def _whole(one: Inspection, scope: RequestScope) -> Json:
    own = None if scope.whole or scope.organisation is None else OrganisationView(store(), law(), scope.organisation)

    def called(name: str) -> str:
        return name if own is None else own.lot_name(name, *maker_and_local(name, own.organisation))

    rows = [
        {
            "lot": called(row["name"]), "product": row["product"], "mass_kg": format_kg(row["dry_mg"]),
            "method": row["method"], "location": row["location"], "seal": row["seal"],
        }
        for row in one.paper["rows"]
    ]  # fmt: skip
    # The paper itself names lots canonically, and is opened to who may read it.
    proof = receipt(store(), one.entry.index)
    return {**_summary(one), "rows": rows, "placed": one.paper["seals"], "receipt": proof}


class SealIn(BaseModel):
    """A seal, and what it is on."""

    model_config = ConfigDict(extra="forbid")
    number: str = Field(max_length=_TEXT)
    on: str = Field("", max_length=_TEXT)


class InspectionIn(BaseModel):
    """One visit. `rows`: the columns of a filing's stock count as text, and `seal`; `whole`: everything was counted."""

    model_config = ConfigDict(extra="forbid")
    act: Literal["count", "seizure", "release", "seal", "unseal"]
    site: str = Field(max_length=64)
    on: date
    whole: bool = False
    rows: list[dict[str, str]] = Field(default_factory=list)
    seals: list[SealIn] = Field(default_factory=list, max_length=1000)
    note: str = Field("", max_length=100_000)


_COUNT: Final = {
    "act": "count", "site": "SEP-0001-A", "on": "2026-02-12", "whole": True,
    "rows": [{"lot": "OX-17", "mass_kg": "120", "method": "W1", "seal": "S-9"}], "note": "announced visit",
}  # fmt: skip


@router.post(
    "/inspections", response={201: InspectionAnswer}, url_name="inspections-enter",
    **spec.operation(
        "Enter what an inspector found", "登记检查结果", scope="inspections:write", problems=(404, 413),
        idempotent=True, body=body_of(InspectionIn, _COUNT),
        more=(
            "About the firm that held the site on that day; it is told. Bad rows come back with their places, all at"
            " once.",
            "记录针对当日持有该场所的企业，并通知该企业。有误的行一次性返回，并注明位置。",
        ),
    ),
)  # fmt: skip
def enter_inspection(request: HttpRequest) -> HttpResponse:
    """An entry of the log."""
    program = decides(request, "inspections:write")
    sent, digest = sent_as(request, InspectionIn)

    def act() -> HttpResponse:
        register, now = store().newest_register(), call_of(request).now
        organisation = holder_on(register, sent.site, sent.on)
        if organisation is None:
            raise not_found(f"No site {sent.site} is in the register.", f"登记簿中没有场所 {sent.site}。")
        visited = Visited(
            act=sent.act, site=sent.site, on=sent.on, table=_table(sent.rows), whole=sent.whole, note=sent.note,
            seals=[Seal(number=one.number, on=one.on) for one in sent.seals],
        )  # fmt: skip
        today = law().day_of(now)
        done = entering.enter(program, store(), visited, organisation=organisation, now=now, today=today)
        if done.entry is None:
            raise ApiProblem(
                "filing-refused", "Nothing was entered: see `errors`.", "未登记：见 `errors`。",
                errors=[one.as_json() for one in done.problems],
            )  # fmt: skip
        found = next(one for one in inspections(store(), [organisation]) if one.entry.index == done.entry.index)
        return json_answer(201, _whole(found, RequestScope(organisation=None, whole=True)))

    return once(request, digest, act)


def _table(rows: list[dict[str, str]]) -> Table | None:
    if not rows:
        return None
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return read_bytes([("rows.csv", text.getvalue().encode())])


@router.get(
    "/successions", response=Successions, url_name="successions",
    **spec.operation(
        "Who followed whom: mergers, sites that changed hands or were closed", "企业合并、场所转移与关闭",
        scope="balances:read",
        more=(
            "By day. An organisation is told of its own.", "按生效日期排列。企业可见与其有关的事项。",
        ),
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
        "Enter a merger, a hand-over or a closure", "登记企业合并、场所转移或关闭", scope="register:write",
        problems=(413,), idempotent=True, body=body_of(SuccessionIn, _HANDOVER),
        more=(
            "What follows for sites, quota and licences stands in the same entry; both firms are told.",
            "场所、指标、许可证的相应变更记入同一条目，并通知双方企业。",
        ),
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
