"""What is reported of licences: how each stands, what is drawn on it, and its draw-downs, already for who reads it.

The authority reads everything. A firm reads of a licence that it holds or held: its own draws, and the acts of its
time. What others reserved, exported or filed is left out here, and no page or operation leaves out anything more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final, Literal

import polars as pl

from lodeline.encoding import SPREAD
from lodeline.errors import UserError
from lodeline.language import text
from lodeline.ledger.licence import GOODS, Deed, Filed, Licence, LicenceStatus
from lodeline.ledger.problem import Problem
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import PositionState
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import AccountMasses, LicenceAccount, licence_accounts, masses_of
from lodeline.service.licences.draw_facts import Act, Draw, draws_of
from lodeline.service.licences.exit_flags import exit_flags
from lodeline.store.queries.licences import filed_rows
from lodeline.store.store import Store

#: Where a licence stands for its reader. `handed-on`: the firm held it and another holds it now; `unknown`: a number
#: that rows name and nobody was given.
LicenceState = Literal[LicenceStatus, "handed-on", "unknown"]


#: States from which on no other export may begin.
_ENDED: Final[frozenset[LicenceStatus | None]] = frozenset({"exhausted", "expired", "revoked"})


class UnknownLicence(UserError):  # noqa: N818  (an answer to the asker, who can mend the question)
    """Nobody was given a licence of that number, and nobody has named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceMasses(AccountMasses):
    """One mass of a licence on a day. `lapsed_mg`: what was neither used nor reserved when the licence ended, and may
    leave no more; `left_mg` is 0 from then on."""

    lapsed_mg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceSummary:
    """A licence with its masses on a day. `of_others`: goods by organisations that named it and never held it."""

    id: str
    kind: str | None
    exporter: str | None
    end_users: tuple[str, ...]
    control_items: tuple[str, ...]
    products: tuple[str, ...]
    destination: str | None
    end_use: str | None
    valid_from: date | None
    valid_to: date | None
    state: LicenceState
    goods: LicenceMasses = field(metadata=SPREAD)
    elements: Mapping[str, LicenceMasses]
    of_others_mg: Mapping[str, int]
    flagged_exits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceAct:
    """An act of the authority upon a licence. Of the time of an earlier holder, neither `holder` nor `reason`."""

    deed: Literal[Deed, Filed]
    on: date
    holder: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicencePosition:
    """A reservation or tranche with what of it is used and still open, or what a holder used without any: then
    `number` and `organisation` are None. `lapsed`: its day has passed unused."""

    declaration: str | None
    line: str | None
    number: int | None
    organisation: str | None
    tranche: str | None
    state: PositionState
    lapsed: bool
    mass_mg: int | None
    used_mg: int
    open_mg: int
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceDraw:
    """A row of the draw-downs of a licence. `reservation` of a correction is that of the exit. `corrects` and
    `corrected_by`: numbers of rows; the newest correction counts, and has the `problems`."""

    act: Literal[Act, "filed"]
    entry: int
    number: int
    on: date
    organisation: str
    declaration: str | None
    line: str | None = None
    tranche: str | None = None
    mass_mg: int
    elements_mg: Mapping[str, int] = field(default_factory=dict)
    closes: bool = False
    reservation: int | None = None
    reference: str | None = None
    reason: str | None = None
    event: str | None = None
    corrects: int | None = None
    corrected_by: int | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceDetail(LicenceSummary):
    """A licence with its acts, its positions and its draw-downs, the oldest first."""

    day: date
    acts: tuple[LicenceAct, ...]
    positions: tuple[LicencePosition, ...]
    draws: tuple[LicenceDraw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceList:
    """Licences on a day; numbers that nobody was given come too."""

    day: date
    rows: tuple[LicenceSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredLicence:
    """A licence as the register has it, `elements` in its notation, with the goods that are drawn on it on a day."""

    id: str
    kind: str | None
    exporter: str | None
    end_users: tuple[str, ...] | None
    control_items: tuple[str, ...] | None
    products: tuple[str, ...] | None
    mass_mg: int | None
    elements: str | None
    destination: str | None
    end_use: str | None
    valid_from: date | None
    valid_to: date | None
    reserved_mg: int
    used_mg: int
    overdrawn_mg: int | None
    left_mg: int | None
    lapsed_mg: int | None
    state: LicenceState


def licence_list(
    store: Store, register: Register, law: Jurisdiction, *, day: date, ids: Iterable[str] | None = None
) -> LicenceList:
    """Every licence, or those named, with state and masses on a day, for the authority."""
    found = licence_accounts(store, register, law, ids)
    draws_by_account: dict[str, list[Draw]] = {}
    for draw in draws_of(store, "licence", None if ids is None else sorted(found)):
        draws_by_account.setdefault(draw.account, []).append(draw)
    rows = tuple(LicenceSummary(**_summary(one, draws_by_account.get(one.id, ()), day)) for one in found.values())
    return LicenceList(day=day, rows=rows)


def registered_licences(
    store: Store, register: Register, law: Jurisdiction, *, day: date, organisation: str | None = None,
    reader: str | None = None,
) -> tuple[RegisteredLicence, ...]:  # fmt: skip
    """The licences that a firm holds or held, those that end last first, or all of them in the order of the register;
    for the authority, or for the firm itself (`reader`)."""
    rows = register.tables["licences"]
    if organisation is not None:
        held = [one.id for one in register.licences_held_by(organisation)]
        rows = rows.filter(pl.col("id").is_in(held)).sort("valid_to", "id", descending=[True, False], nulls_last=False)
    accounts = licence_accounts(store, register, law, rows["id"]) if rows.height else {}
    seen = ((row, _seen(accounts[row["id"]], reader, day)) for row in rows.iter_rows(named=True))
    return tuple(_registered(row, one, reader, day) for row, one in seen if one is not None)


def licence_shown(
    store: Store, register: Register, law: Jurisdiction, id_: str, *, day: date, reader: str | None = None
) -> LicenceDetail:
    """One licence for a firm, or for the authority (None). Raises UnknownLicence."""
    found = _seen(licence_accounts(store, register, law, [id_])[id_], reader, day)
    if found is None:
        raise UnknownLicence(text("You hold no licence {id}.", id=id_))
    draws = draws_of(store, "licence", [id_])
    rows = filed_rows(store, [id_])
    if reader is not None:
        draws = [one for one in draws if one.organisation == reader]
        rows = rows.filter(pl.col("organisation") == reader)
    if found.licence is None and not draws and rows.is_empty():
        raise UnknownLicence(text("there is no licence {id!r}: list them with `lodeline licence list`", id=id_))
    return LicenceDetail(
        **_summary(found, draws, day, reader), day=day,
        acts=tuple(_acts(found.licence, reader, day)) if found.licence else (), positions=_positions(found, draws, day),
        draws=tuple(sorted([*_draw_rows(draws, found), *_filed(rows)], key=lambda one: (one.entry, one.number))),
    )  # fmt: skip


def firms_of(store: Store, register: Register, id_: str) -> list[str]:
    """Whose business `licence_shown` tells: everybody whose it ever was, and who reserved or exported on it.

    End users are named on it as they are on every paper of an exporter: nothing of their books is told.
    """
    known = register.licences.get(id_)
    drawn = {draw.organisation for draw in draws_of(store, "licence", [id_])}
    filed = set(filed_rows(store, [id_])["organisation"])
    return sorted(filter(None, {*(known.holders if known else ()), *drawn, *filed}))


def _seen(found: LicenceAccount, reader: str | None, day: date) -> LicenceAccount | None:
    """The account as a firm may know it; None where it does not hold it, and never did.

    Who holds it must know what is left: sums count what earlier holders drew. Who held it knows its own alone.
    """
    if reader is None:
        return found
    licence = found.licence
    if licence is None or reader not in licence.holders_until(day):
        return None
    own = {who: one for who, one in found.holders.items() if who == reader}
    seen = replace(found, holders=own, strangers={})
    if licence.holder(day) == reader:
        return seen
    positions = own[reader].positions if reader in own else ()
    return replace(seen, account=replace(found.account, positions=positions), handed_on=True)


def _goods(found: LicenceAccount, day: date, name: str = GOODS) -> LicenceMasses:
    """A mass of which the licence says nothing is counted: nothing of it is left or overdrawn."""
    of_account = masses_of(found.account, name, day)
    masses = LicenceMasses(**{one.name: getattr(of_account, one.name) for one in fields(of_account)}, lapsed_mg=0)
    if found.licence is not None and name not in found.account.granted_mg:
        masses = replace(masses, granted_mg=None, overdrawn_mg=0, left_mg=None)
    if found.handed_on:
        return replace(masses, overdrawn_mg=None, left_mg=None, lapsed_mg=None)
    # What an export has reserved may still leave, and more of the same declaration with it.
    is_under_way = found.standing(day) == "exhausted" and masses.reserved_mg
    if found.standing(day) in _ENDED and masses.left_mg is not None and not is_under_way:
        masses = replace(masses, left_mg=0, lapsed_mg=masses.left_mg)
    return masses


def _state(found: LicenceAccount, day: date) -> LicenceState:
    return "handed-on" if found.handed_on else found.standing(day) or "unknown"


def _summary(found: LicenceAccount, draws: Sequence[Draw], day: date, reader: str | None = None) -> dict[str, Any]:
    """The fields of LicenceSummary."""
    licence = found.licence
    return {
        "id": found.id, "kind": licence.kind if licence else None,
        "exporter": reader or (licence.holder(day) if licence else None),
        "end_users": licence.end_users if licence else (), "control_items": licence.control_items if licence else (),
        "products": licence.products if licence else (), "destination": licence.destination if licence else None,
        "end_use": licence.end_use if licence else None, "valid_from": licence.valid_from if licence else None,
        "valid_to": licence.valid_to if licence else None, "state": _state(found, day), "goods": _goods(found, day),
        "elements": {name: _goods(found, day, name) for name in found.account.granted_mg if name != GOODS},
        "of_others_mg": {who: one.used(GOODS) for who, one in found.strangers.items()},
        "flagged_exits": len(exit_flags(licence, draws)),
    }  # fmt: skip


def _registered(row: Mapping[str, Any], found: LicenceAccount, reader: str | None, day: date) -> RegisteredLicence:
    cells = {name: tuple(cell) if isinstance(cell, list) else cell for name, cell in row.items()}
    goods = _goods(found, day)
    return RegisteredLicence(
        **cells | {"exporter": reader or cells["exporter"]}, reserved_mg=goods.reserved_mg, used_mg=goods.used_mg,
        overdrawn_mg=goods.overdrawn_mg, left_mg=goods.left_mg, lapsed_mg=goods.lapsed_mg, state=_state(found, day),
    )  # fmt: skip


def _acts(licence: Licence, reader: str | None, day: date) -> Iterator[LicenceAct]:
    """The acts; for a firm those of its time, and of earlier ones, where it holds the licence, what was done and when.

    An act that hands the licence over is of the time of both.
    """
    holder = licence.exporter
    for act in licence.acts:
        before, holder = holder, act.holder or holder
        if reader in (None, before, holder):
            yield LicenceAct(deed=act.deed, on=act.on, holder=act.holder or None, reason=act.reason)
        elif licence.holder(day) == reader and act.on <= day:
            yield LicenceAct(deed=act.deed, on=act.on, holder=None, reason=None)


def _positions(found: LicenceAccount, draws: Iterable[Draw], day: date) -> tuple[LicencePosition, ...]:
    organisations = {draw.number: draw.organisation for draw in draws}
    every = [(one, None) for mine in found.holders.values() for one in mine.positions]
    others = [(one, who) for who, other in found.strangers.items() for one in other.positions]
    return tuple(
        LicencePosition(
            declaration=one.declaration or None, line=(one.reserved.line or None) if one.reserved else None,
            number=one.reserved.number if one.reserved else None,
            organisation=organisations.get(one.reserved.number) if one.reserved else who,
            tranche=(one.reserved.tranche or None) if one.reserved else None, state=one.state,
            lapsed=one.state in ("open", "tranche") and any(one.open_mg.values()) and not one.is_awaited(day),
            mass_mg=one.reserved.masses_mg.get(GOODS, 0) if one.reserved else None,
            used_mg=one.used_mg.get(GOODS, 0), open_mg=one.open_mg.get(GOODS, 0),
            until=one.reserved.until if one.reserved else None,
        )
        for one, who in (*every, *others)
    )  # fmt: skip


def _draw_rows(draws: Sequence[Draw], found: LicenceAccount) -> list[LicenceDraw]:
    flags = exit_flags(found.licence, draws)
    by_number = {one.number: one for one in draws}
    newest = {one.target: one.number for one in draws if one.act == "correct"}

    def reservation(one: Draw) -> int | None:
        if one.act == "correct":
            return by_number[one.target].target or None
        return one.target or (one.number if one.act in ("reserve", "allot") else None)

    def row(one: Draw) -> LicenceDraw:
        exit_ = one.target if one.act == "correct" else one.number
        stands = one.act in ("exit", "correct") and newest.get(exit_, exit_) == one.number
        return LicenceDraw(
            act=one.act, entry=one.entry, number=one.number, on=one.on, organisation=one.organisation,
            declaration=one.declaration or None, line=one.line or None, tranche=one.tranche or None,
            mass_mg=one.masses_mg.get(GOODS, 0),
            elements_mg={name: mass_mg for name, mass_mg in one.masses_mg.items() if name}, closes=one.closes,
            reservation=reservation(one), reference=one.reference or None, reason=one.reason or None,
            corrects=exit_ if one.act == "correct" else None,
            corrected_by=newest.get(exit_) if one.act in ("exit", "correct") and not stands else None,
            problems=flags.get(exit_, ()) if stands else (),
        )  # fmt: skip

    return [row(one) for one in draws]


def _filed(rows: pl.DataFrame) -> list[LicenceDraw]:
    return [
        LicenceDraw(
            act="filed", entry=row["entry"], number=row["line"], on=row["on"], organisation=row["organisation"],
            declaration=row["declaration"] or None, mass_mg=row["mass_mg"], event=row["event"],
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
