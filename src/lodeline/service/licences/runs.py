"""A producer announces a planned run: so much of its quota is reserved until rows that name the run draw it.

A quota is never refused: what passes it is accepted and flagged, by whom, when and by how much. A run waits until rows
draw it, it is put off, or its day passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import Position
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.service.licences.accounts import quota_accounts, quota_key
from lodeline.service.licences.draw_facts import Draw, draw_at, draws_of, put_draws
from lodeline.service.licences.draws import Drawn, days, live, take_back
from lodeline.service.licences.quotas import QuotaKind
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Head, Store

RunState = Literal["awaited", "drawn", "lapsed", "put-off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run that was announced. `ore_type` is None where the quota names none; `reservation`: its number in the log.

    `open_mg` is what of it rows have not drawn and still may by its last day, `until`.
    """

    organisation: str
    run: str
    kind: QuotaKind
    ore_type: str | None
    year: int
    state: RunState
    entry: int
    reservation: int
    reo_mg: int
    used_mg: int
    open_mg: int
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAnswer:
    """What became of a planned run: it is announced or put off, or the `problems` say why not. What was put off
    or refused has no mass; `problems` may flag that it passes the quota."""

    organisation: str
    run: str
    reo_mg: int | None
    reservation: int | None
    entry: int | None
    until: date | None
    repeated: bool
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, found: Drawn, organisation: str, run: str) -> RunAnswer:
        """The answer to a firm that announced a run or put one off."""
        draw, answer = found.draw, found.answer
        return cls(
            organisation=organisation, run=run,
            reo_mg=None if draw is None or draw.act == "void" else draw.masses_mg.get(TREO, 0),
            reservation=answer.reservation, entry=answer.entry, until=answer.until, repeated=answer.repeated,
            problems=answer.problems,
        )  # fmt: skip


def planned_runs(
    store: Store, register: Register, *, day: date, organisation: str | None = None
) -> tuple[PlannedRun, ...]:
    """Every run that was announced, of one organisation or of all, the newest first."""
    rows = [
        PlannedRun(
            organisation=who, run=one.reserved.declaration, kind=cast(QuotaKind, kind), ore_type=ore_type or None,
            year=year, state=_state(one, day), entry=one.reserved.entry, reservation=one.reserved.number,
            reo_mg=one.reserved.masses_mg.get(TREO, 0), used_mg=one.used_mg.get(TREO, 0),
            open_mg=one.open_mg.get(TREO, 0) if one.is_awaited(day) else 0, until=one.reserved.until,
        )
        for (who, kind, ore_type, year), found in quota_accounts(store, register, organisation).items()
        for one in found.positions
        if one.reserved is not None and one.reserved.declaration
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda one: -one.reservation))


def _state(one: Position, day: date) -> RunState:
    assert one.reserved is not None, "a use beside any run is no run"
    if one.reserved.voided:
        return "put-off"
    if not any(one.open_mg.values()):
        return "drawn"
    return "awaited" if one.is_awaited(day) else "lapsed"


def announce_run(
    *, store: Store, organisation: str, kind: str, ore_type: str, year: int, run: str, reo_mg: int, on: date,
    filed_at: datetime, by: str | None = None,
) -> Drawn:  # fmt: skip
    """Reserves REO of a quota for a planned run, which rows that name the run draw later.

    Passing the quota is accepted and flagged. Announced again with the same mass, the same reservation. Refused for a
    quota of another year than that of `on` and the next: what has passed reserves nothing, what is far is not granted.
    """
    assert_guarded(store)
    if not on.year <= year <= on.year + 1:
        return Drawn(draw=None, problems=(problem("run.year", year=year, first=on.year, last=on.year + 1),))
    with store.database.transaction():
        head = store.head(lock=True)
        register = store.register(head)
        grant = register.grant_for(organisation, kind, ore_type, year)
        if not run or reo_mg <= 0:
            return Drawn(draw=None, problems=(problem("reservation.incomplete", columns="run, reo_kg"),))
        key = quota_key(*grant[1:])
        mine = [
            draw for draw in draws_of(store, "quota", [key])
            if draw.act == "reserve" and (draw.organisation, draw.declaration) == (organisation, run)
        ]  # fmt: skip
        if mine and mine[-1].number in live(draws_of(store, "quota", [key])):
            if mine[-1].masses_mg == {TREO: reo_mg}:
                return Drawn(draw=mine[-1], repeated=True)
            stands_kg = format_kg(mine[-1].masses_mg.get(TREO, 0))
            found = problem("run.exists-with-other-content", run=run, reo_kg=stands_kg)
            return Drawn(draw=None, problems=(found,))
        draw = Draw(
            book="quota", act="reserve", account=key, organisation=organisation, masses_mg={TREO: reo_mg}, on=on,
            declaration=run, until=min(on + days()["quota_days"], date(year, 12, 31)),
        )  # fmt: skip
        _, (stored,) = put_draws(store, head, [draw], filed_at=filed_at, by=by)
        balance = quota_accounts(store, register, organisation)[grant].balance(TREO, on)
        flags = (
            problem(
                "quota.exceeded", organisation=organisation, kind=kind, year=year, over_kg=format_kg(balance.overdrawn)
            ),
        )  # fmt: skip
        judged = (kind, year) in {(of, when) for _, of, _, when in register.grants}
    return Drawn(draw=stored, problems=flags if balance.overdrawn and judged else ())


def cancel_run(
    *, store: Store, organisation: str, run: str, reason: str, on: date, filed_at: datetime, by: str | None = None
) -> Drawn:
    """Takes back what a planned run has not drawn: of its newest reservation that still stands."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        mine = [
            draw for draw in draws_of(store, "quota")
            if draw.act == "reserve" and (draw.organisation, draw.declaration) == (organisation, run)
        ]  # fmt: skip
        standing = live(draws_of(store, "quota", sorted({draw.account for draw in mine})))
        mine = [draw for draw in mine if draw.number in standing] or mine
        return _put_off(store, head, mine[-1:], reason=reason, on=on, filed_at=filed_at, by=by)


def announced(store: Store, number: int) -> Draw | None:
    """The planned run whose reservation has that number in the log."""
    found = draw_at(store, number)
    return found if found is not None and (found.book, found.act) == ("quota", "reserve") else None


def cancel_run_numbered(
    *, store: Store, number: int, reason: str, on: date, filed_at: datetime, by: str | None = None
) -> Drawn:  # fmt: skip
    """Takes back what the planned run of this reservation has not drawn."""
    assert_guarded(store)
    with store.database.transaction():
        head, run = store.head(lock=True), announced(store, number)
        mine = [] if run is None else [run]
        return _put_off(store, head, mine, reason=reason, on=on, filed_at=filed_at, by=by)


def _put_off(
    store: Store, head: Head, mine: Sequence[Draw], *, reason: str, on: date, filed_at: datetime, by: str | None
) -> Drawn:
    """What was drawn or has lapsed stays what it is: there is nothing to give back."""
    for draw in mine:
        accounts = quota_accounts(store, store.register(head), draw.organisation).values()
        (position,) = (
            one for account in accounts for one in account.positions
            if one.reserved is not None and one.reserved.number == draw.number
        )  # fmt: skip
        if _state(position, on) in ("drawn", "lapsed"):
            return Drawn(draw=None, problems=(problem("run.nothing-reserved", run=draw.declaration),))
    return take_back(store, head, mine, reason=reason, on=on, filed_at=filed_at, by=by)
