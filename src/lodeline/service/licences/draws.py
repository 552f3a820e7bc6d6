"""Reserve, take back, allot: what is promised of a licence or quota.

A promise is made of what is left and may be refused. Everything that makes a licence scarcer is written under the head
of the log, so two who race for the last of it find one winner; told twice, the second telling is a repetition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache

from lodeline.ledger.licence import GOODS
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import Masses, Position, Reserved, natural
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, last_day, licence_accounts, project_again
from lodeline.service.licences.draw_facts import Draw, draw_totals, draws_about, draws_of, put_draws
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Head, Store
from lodeline.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be reserved for a line of a declaration. `elements_mg`: mg of each element that the licence limits.

    `tranche`: the tranche that a port without network has spent it from.
    """

    licence: str
    organisation: str
    declaration: str
    line: str
    mass_mg: int
    elements_mg: Masses = field(default_factory=dict)
    tranche: str = ""

    @property
    def masses_mg(self) -> Masses:
        return {GOODS: self.mass_mg, **self.elements_mg}


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawAnswer:
    """What became of a draw on a licence; without `entry` the `problems` say why."""

    reservation: int | None = None
    entry: int | None = None
    licence: str | None = None
    declaration: str | None = None
    line: str | None = None
    mass_mg: int | None = None
    until: date | None = None
    repeated: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What became of one request: the row that stands for it, or why there is none. `repeated`: it stood already."""

    draw: Draw | None
    problems: tuple[Problem, ...] = ()
    repeated: bool = False

    @property
    def answer(self) -> DrawAnswer:
        """As who asked reads it."""
        draw = self.draw
        if draw is None:
            return DrawAnswer(repeated=self.repeated, problems=self.problems)
        return DrawAnswer(
            reservation=None if draw.act == "correct" else draw.target or draw.number, entry=draw.entry,
            licence=draw.account, declaration=draw.declaration, line=draw.line,
            mass_mg=draw.masses_mg.get(GOODS, 0), until=draw.until, repeated=self.repeated, problems=self.problems,
        )  # fmt: skip


@cache
def days() -> Mapping[str, timedelta]:
    """The terms of `data/reference/draw_parameters.csv`; none of them is law."""
    return {row["name"]: timedelta(days=int(row["value"])) for row in table_rows("reference/draw_parameters.csv")}


def reserve(
    *, store: Store, wanted: Sequence[Wanted], law: Jurisdiction, on: date, filed_at: datetime, by: str | None = None
) -> list[Drawn]:
    """Reserves once for each (declaration, line); the answers stand in the order of the requests.

    The same line again gives the same reservation. Nothing is reserved of a licence that does not stand on `on`, is not
    the exporter's, or has not enough left. What can be reserved becomes one entry.
    """
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        register = store.register(head)
        desk = _Desk(store, register, law, on, wanted, today=law.day_of(filed_at))
        order = sorted(range(len(wanted)), key=lambda n: (wanted[n].declaration, natural(wanted[n].line), n))
        answers = {place: desk.reserve(wanted[place]) for place in order}
        fresh = [place for place in order if (one := answers[place]).draw is not None and not one.repeated]
        if fresh:
            rows = [_the_row(answers[place]) for place in fresh]
            _, stored = put_draws(store, head, rows, filed_at=filed_at, by=by)
            for place, draw in zip(fresh, stored, strict=True):
                answers[place] = replace(answers[place], draw=draw)
            project_again(store, {draw.account for draw in stored})
    return [answers[place] for place in range(len(wanted))]


class _Desk:
    """What is left of each licence while requests are served one after the other, under the head."""

    def __init__(
        self, store: Store, register: Register, law: Jurisdiction, on: date, wanted: Iterable[Wanted], *, today: date
    ) -> None:
        self.on = on
        asked = list(wanted)
        self.about: dict[tuple[str, str], Draw] = {}
        earlier = draws_about(store, (one.declaration for one in asked))
        ids = {one.licence for one in asked if one.licence} | {draw.account for draw in earlier}
        self.accounts = licence_accounts(store, register, law, ids)
        self.standing = live(draws_of(store, "licence", sorted(ids)))
        for draw in earlier:
            if draw.number in self.standing:
                self.about[draw.declaration, draw.line] = draw
        self.left = {
            (one.id, name): one.account.left(name, on)
            for one in self.accounts.values()
            for name in one.account.granted_mg
        }  # fmt: skip
        self.exports = {one.id: set(one.account.exports) for one in self.accounts.values()}
        self.tranches = {
            (one.id, at.reserved.tranche): _spendable(one, at, today)
            for one in self.accounts.values() for at in one.account.positions
            if at.reserved is not None and at.reserved.is_tranche and at.is_awaited(on)
        }  # fmt: skip

    def reserve(self, wanted: Wanted) -> Drawn:
        before = self.about.get((wanted.declaration, wanted.line))
        if before is not None and not self._has_lapsed(before):
            if _content(before) == _wanted_content(wanted):
                return Drawn(draw=before, repeated=True)
            found = problem(
                "reservation.exists-with-other-content", declaration=wanted.declaration, line=wanted.line,
                licence=before.account, mass_kg=format_kg(before.masses_mg.get(GOODS, 0)),
            )  # fmt: skip
            return Drawn(draw=None, problems=(found,))
        problems = tuple(self._against(wanted))
        if problems:
            return Drawn(draw=None, problems=problems)
        account = self.accounts[wanted.licence]
        assert account.licence is not None, "judged above"
        ends = last_day(account.licence)
        term = self.on + days()["reservation_days"]
        draw = Draw(
            book="licence", act="reserve", account=wanted.licence, organisation=wanted.organisation,
            masses_mg=wanted.masses_mg, on=self.on, declaration=wanted.declaration, line=wanted.line,
            tranche=wanted.tranche, until=term if ends is None else min(term, ends),
        )  # fmt: skip
        self.about[wanted.declaration, wanted.line] = draw
        self.exports[wanted.licence].add(wanted.declaration)
        pool = self.tranches.get((wanted.licence, wanted.tranche)) if wanted.tranche else None
        for name, mass_mg in wanted.masses_mg.items():
            if pool is not None:
                pool[name] = pool.get(name, 0) - mass_mg
            elif (wanted.licence, name) in self.left:
                self.left[wanted.licence, name] -= mass_mg
        return Drawn(draw=draw)

    def _has_lapsed(self, draw: Draw) -> bool:
        """Whether it ended unused by its day: what is declared anew then is reserved anew."""
        reserved = self.standing.get(draw.number)
        return reserved is not None and not reserved.closed and draw.until is not None and draw.until < self.on

    def _against(self, wanted: Wanted) -> Iterable[Problem]:
        needed = {
            "declaration": wanted.declaration, "line": wanted.line, "licence": wanted.licence,
            "exporter": wanted.organisation, "mass_kg": wanted.mass_mg > 0,
        }  # fmt: skip
        missing = [column for column, value in needed.items() if not value]
        if missing:
            yield problem("reservation.incomplete", columns=", ".join(missing))
            return
        account = self.accounts[wanted.licence]
        if account.licence is None:
            yield problem("grant.unknown", licence=wanted.licence)
            return
        standing = account.licence.standing(self.on)
        if standing != "granted":
            yield problem(
                "reservation.not-in-force", licence=wanted.licence, standing=standing, day=self.on.isoformat()
            )  # fmt: skip
        if account.licence.holder(self.on) != wanted.organisation:
            yield problem("reservation.of-other", licence=wanted.licence, stated=wanted.organisation)
        others = self.exports[wanted.licence] - {wanted.declaration}
        if account.exports_most is not None and len(others) >= account.exports_most:
            yield problem("reservation.exports-made", licence=wanted.licence, most=account.exports_most)
        yield from self._beyond(wanted)

    def _beyond(self, wanted: Wanted) -> Iterable[Problem]:
        pool = self.tranches.get((wanted.licence, wanted.tranche))
        if wanted.tranche and pool is None:
            yield problem("reservation.tranche-unknown", licence=wanted.licence, tranche=wanted.tranche)
            return
        for name in self.accounts[wanted.licence].account.granted_mg:
            needed = wanted.masses_mg.get(name, 0)
            left = self.left[wanted.licence, name] if pool is None else pool.get(name, 0)
            if needed > left:
                yield problem(
                    "reservation.exceeds-left", licence=wanted.licence, what=name or "goods",
                    needed_kg=format_kg(needed), left_kg=format_kg(left),
                )  # fmt: skip


def _spendable(account: LicenceAccount, tranche: Position, today: date) -> dict[str, int]:
    """What of a tranche a port may have spent; where it has lapsed before that came home, no more than is left today:
    its mass has returned to the licence, and somebody else may have it."""
    if tranche.is_awaited(today):
        return dict(tranche.open_mg)
    return {name: min(mass_mg, account.account.left(name, today)) for name, mass_mg in tranche.open_mg.items()}


def reserved_for(store: Store, *, declaration: str, line: str) -> Draw | None:
    """The reservation of a line that stands, on whatever licence; None where there is none."""
    about = [draw for draw in draws_about(store, [declaration]) if draw.line == line]
    standing = live(draws_of(store, "licence", sorted({draw.account for draw in about})))
    return next((draw for draw in reversed(about) if draw.number in standing), None)


def live(draws: Iterable[Draw]) -> dict[int, Reserved]:
    """The reservations by number that were not taken back."""
    return {
        number: one for mine in draw_totals(draws).values() for number, one in mine.reserved.items() if not one.voided
    }  # fmt: skip


def _content(draw: Draw) -> tuple[object, ...]:
    return (draw.account, draw.organisation, shown(draw.masses_mg), draw.tranche)


def _wanted_content(wanted: Wanted) -> tuple[object, ...]:
    return (wanted.licence, wanted.organisation, shown(wanted.masses_mg), wanted.tranche)


def shown(masses: Masses) -> tuple[tuple[str, int], ...]:
    """The masses that count when two tellings are compared, in one order."""
    return tuple(sorted((name, mass_mg) for name, mass_mg in masses.items() if mass_mg or not name))


def _the_row(drawn: Drawn) -> Draw:
    assert drawn.draw is not None, "only what stands is written"
    return drawn.draw


def void(
    *, store: Store, declaration: str, line: str, reason: str, on: date, filed_at: datetime, by: str | None = None
) -> Drawn:
    """Takes back the reservation of a line, as its declaration was amended or withdrawn; what has left stays drawn."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        mine = [draw for draw in draws_about(store, [declaration]) if draw.line == line]
        return take_back(store, head, mine, reason=reason, on=on, filed_at=filed_at, by=by)


def void_tranche(
    *, store: Store, licence: str, tranche: str, reason: str, on: date, filed_at: datetime, by: str | None = None
) -> Drawn:
    """Takes back what a port has not spent of its tranche."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        every = draws_of(store, "licence", [licence])
        mine = [draw for draw in every if draw.act == "allot" and draw.tranche == tranche]
        return take_back(store, head, mine, reason=reason, on=on, filed_at=filed_at, by=by)


def take_back(
    store: Store, head: Head, mine: Sequence[Draw], *, reason: str, on: date, filed_at: datetime, by: str | None
) -> Drawn:
    """Takes back the newest of these reservations, under the head that the caller's transaction holds."""
    if not mine:
        return Drawn(draw=None, problems=(problem("reservation.unknown"),))
    if not reason.strip():
        return Drawn(draw=None, problems=(problem("reservation.reason-missing"),))
    newest = mine[-1]
    standing = live(draws_of(store, newest.book, [newest.account])).get(newest.number)
    if standing is None:
        return Drawn(draw=newest, repeated=True)
    if standing.closed:
        return Drawn(draw=None, problems=(problem("reservation.closed"),))
    draw = Draw(
        book=newest.book, act="void", account=newest.account, organisation=newest.organisation, masses_mg={}, on=on,
        declaration=newest.declaration, line=newest.line, tranche=newest.tranche, target=newest.number,
        reason=reason.strip(),
    )  # fmt: skip
    _, (stored,) = put_draws(store, head, [draw], filed_at=filed_at, by=by)
    if newest.book == "licence":
        project_again(store, {newest.account})
    return Drawn(draw=stored)


def allot(
    *, store: Store, licence: str, tranche: str, port: str, mass_mg: int, law: Jurisdiction, on: date,
    filed_at: datetime, elements_mg: Masses | None = None, by: str | None = None,
) -> Drawn:  # fmt: skip
    """Allots a tranche of a licence to a port without network: reserved for it until its desk has spent it."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        register = store.register(head)
        account = licence_accounts(store, register, law, [licence])[licence]
        masses: dict[str, int] = {GOODS: mass_mg, **(elements_mg or {})}
        for draw in draws_of(store, "licence", [licence]):
            if draw.act == "allot" and draw.tranche == tranche:
                if (draw.reference, shown(draw.masses_mg)) == (f"{licence}@{port}@{tranche}", shown(masses)):
                    return Drawn(draw=draw, repeated=True)
                found = problem(
                    "reservation.exists-with-other-content", declaration=tranche, line=port, licence=licence
                )
                return Drawn(draw=None, problems=(found,))
        if not (tranche and port and mass_mg > 0):
            return Drawn(draw=None, problems=(problem("reservation.incomplete", columns="tranche, port, mass_kg"),))
        if account.licence is None:
            return Drawn(draw=None, problems=(problem("grant.unknown", licence=licence),))
        standing = account.licence.standing(on)
        if standing != "granted":
            found = problem("reservation.not-in-force", licence=licence, standing=standing, day=on.isoformat())
            return Drawn(draw=None, problems=(found,))
        beyond = [
            problem(
                "reservation.exceeds-left", licence=licence, what=name or "goods",
                needed_kg=format_kg(masses.get(name, 0)), left_kg=format_kg(left),
            )
            for name in account.account.granted_mg
            if masses.get(name, 0) > (left := account.account.left(name, on))
        ]  # fmt: skip
        if beyond:
            return Drawn(draw=None, problems=tuple(beyond))
        ends, term = last_day(account.licence), on + days()["tranche_days"]
        draw = Draw(
            book="licence", act="allot", account=licence, organisation=account.licence.holder(on) or "",
            masses_mg=masses, on=on, tranche=tranche, until=term if ends is None else min(term, ends),
            reference=f"{licence}@{port}@{tranche}",
        )  # fmt: skip
        _, (stored,) = put_draws(store, head, [draw], filed_at=filed_at, by=by)
        project_again(store, {licence})
    return Drawn(draw=stored)
