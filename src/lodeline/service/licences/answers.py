"""What is told of licences: where each stands, what is drawn on it, and the log of its draw-downs, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from lodeline.errors import UserError
from lodeline.ledger.licence import GOODS
from lodeline.ledger.register import Register
from lodeline.ledger.reservation import Account
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, licence_accounts
from lodeline.service.licences.draw_facts import Draw, draws_of
from lodeline.service.licences.exit_flags import exit_flags
from lodeline.store.queries.licences import filed_rows
from lodeline.store.store import Store

Json = dict[str, Any]


class UnknownLicence(UserError):  # noqa: N818  (an answer to the asker, who can mend the question)
    """Nobody was given a licence of that number, and nobody has named it."""


def licence_list(
    store: Store, register: Register, law: Jurisdiction, *, day: date, ids: Iterable[str] | None = None
) -> Json:
    """Every licence, or those named, with state and masses on a day; numbers that nobody was given come too."""
    found = licence_accounts(store, register, law, ids)
    draws_by_account: dict[str, list[Draw]] = {}
    for draw in draws_of(store, "licence", None if ids is None else sorted(found)):
        draws_by_account.setdefault(draw.account, []).append(draw)
    return {
        "day": day.isoformat(),
        "rows": [_row(one, draws_by_account.get(one.id, ()), day) for one in found.values()],
    }


def licence_shown(
    store: Store, register: Register, law: Jurisdiction, id_: str, *, day: date, reader: str | None = None
) -> Json:
    """One licence with its acts, its positions and the log of its draw-downs, oldest first. Raises UnknownLicence.

    `reader`: the firm that reads it, None for the authority. A firm reads of a licence that it holds or held, and what
    others reserved, exported or filed on it is left out: their rows, and what is counted or flagged of them.
    """
    if reader is not None and (reader not in (known.holders if (known := register.licences.get(id_)) else ())):
        raise UnknownLicence(f"You hold no licence {id_}.", f"您没有许可证 {id_}。")
    found = licence_accounts(store, register, law, [id_])[id_]
    draws = draws_of(store, "licence", [id_])
    rows = filed_rows(store, [id_])
    if reader is not None:
        found = replace(found, holders={who: one for who, one in found.holders.items() if who == reader}, strangers={})
        draws = [one for one in draws if one.organisation == reader]
        rows = rows.filter(pl.col("organisation") == reader)
    if found.licence is None and not draws and rows.is_empty():
        raise UnknownLicence(
            f"there is no licence {id_!r}: list them with `lodeline licence list`",
            f"没有许可证 {id_!r}：可用 `lodeline licence list` 列出",
        )
    acts = found.licence.acts if found.licence else ()
    return {
        **_row(found, draws, day), "day": day.isoformat(),
        "acts": [
            {"deed": act.deed, "on": act.on.isoformat(), "holder": act.holder or None, "reason": act.reason}
            for act in acts
        ],
        "positions": _positions(found, draws, day),
        "draws": sorted([*_draw_rows(draws, found), *_filed(rows)], key=lambda one: (one["entry"], one["number"])),
    }  # fmt: skip


def firms_of(store: Store, register: Register, id_: str) -> list[str]:
    """Whose business `licence_shown` tells: everybody whose it ever was, and who reserved or exported on it.

    End users are named on it as they are on every paper of an exporter: nothing of their books is told.
    """
    known = register.licences.get(id_)
    drawn = {draw.organisation for draw in draws_of(store, "licence", [id_])}
    filed = set(filed_rows(store, [id_])["organisation"])
    return sorted(filter(None, {*(known.holders if known else ()), *drawn, *filed}))


def _row(found: LicenceAccount, draws: Sequence[Draw], day: date) -> Json:
    licence = found.licence
    masses = {name or "goods": _balance(found.account, name, day) for name in (found.account.granted_mg or {GOODS: 0})}
    goods = _balance(found.account, GOODS, day)
    if licence is not None and GOODS not in found.account.granted_mg:
        # Nothing is said of the mass of goods: it is counted, and nothing of it is left or overdrawn.
        goods |= {"granted_kg": None, "overdrawn_kg": "0", "left_kg": None}
    return {
        "id": found.id, "kind": licence.kind if licence else None,
        "exporter": licence.holder(day) if licence else None,
        "end_users": list(licence.end_users) if licence else [],
        "control_items": list(licence.control_items) if licence else [],
        "products": list(licence.products) if licence else [],
        "destination": licence.destination if licence else None, "end_use": licence.end_use if licence else None,
        "valid_from": _day(licence.valid_from) if licence else None,
        "valid_to": _day(licence.valid_to) if licence else None,
        "state": found.standing(day) or "unknown", **goods,
        "elements": {name: masses[name] for name in masses if name != "goods"},
        "of_others": {who: format_kg(one.used(GOODS)) for who, one in found.strangers.items()},
        "flagged_exits": len(exit_flags(found.licence, draws)),
    }  # fmt: skip


def _balance(account: Account, name: str, day: date) -> Json:
    one = account.balance(name, day)
    return {
        "granted_kg": format_kg(one.granted), "reserved_kg": format_kg(one.reserved), "used_kg": format_kg(one.used),
        "overdrawn_kg": format_kg(one.overdrawn), "left_kg": format_kg(one.left),
    }  # fmt: skip


def _positions(found: LicenceAccount, draws: Iterable[Draw], day: date) -> list[Json]:
    """`organisation` is None of what a holder used beside any reservation; `lapsed`: its day has passed unused."""
    organisations = {draw.number: draw.organisation for draw in draws}
    every = [(one, None) for mine in found.holders.values() for one in mine.positions]
    others = [(one, who) for who, other in found.strangers.items() for one in other.positions]
    return [
        {
            "declaration": one.declaration or None, "line": (one.reserved.line or None) if one.reserved else None,
            "number": one.reserved.number if one.reserved else None,
            "organisation": organisations.get(one.reserved.number) if one.reserved else who,
            "tranche": (one.reserved.tranche or None) if one.reserved else None, "state": one.state,
            "lapsed": one.state in ("open", "tranche") and any(one.open_mg.values()) and not one.is_awaited(day),
            "mass_kg": format_kg(one.reserved.masses_mg.get(GOODS, 0)) if one.reserved else None,
            "used_kg": format_kg(one.used_mg.get(GOODS, 0)), "open_kg": format_kg(one.open_mg.get(GOODS, 0)),
            "until": _day(one.reserved.until) if one.reserved else None,
        }
        for one, who in (*every, *others)
    ]  # fmt: skip


def _draw_rows(draws: Sequence[Draw], found: LicenceAccount) -> list[Json]:
    """`reservation` of a correction is that of the exit. `corrects` and `corrected_by`: numbers of rows; the newest
    correction stands, and what is flagged is said there."""
    flags = exit_flags(found.licence, draws)
    by_number = {one.number: one for one in draws}
    newest = {one.target: one.number for one in draws if one.act == "correct"}

    def reservation(one: Draw) -> int | None:
        if one.act == "correct":
            return by_number[one.target].target or None
        return one.target or (one.number if one.act in ("reserve", "allot") else None)

    def row(one: Draw) -> Json:
        exit_ = one.target if one.act == "correct" else one.number
        stands = one.act in ("exit", "correct") and newest.get(exit_, exit_) == one.number
        return {
            "act": one.act, "entry": one.entry, "number": one.number, "on": one.on.isoformat(),
            "organisation": one.organisation, "declaration": one.declaration or None, "line": one.line or None,
            "tranche": one.tranche or None, "mass_kg": format_kg(one.masses_mg.get(GOODS, 0)),
            "elements": {name: format_kg(mass_mg) for name, mass_mg in one.masses_mg.items() if name},
            "closes": one.closes, "reservation": reservation(one),
            "reference": one.reference or None, "reason": one.reason or None, "event": None,
            "corrects": exit_ if one.act == "correct" else None,
            "corrected_by": newest.get(exit_) if one.act in ("exit", "correct") and not stands else None,
            "problems": [each.as_json() for each in flags.get(exit_, ())] if stands else [],
        }  # fmt: skip

    return [row(one) for one in draws]


def _filed(rows: pl.DataFrame) -> list[Json]:
    return [
        {
            "act": "filed", "entry": row["entry"], "number": row["line"], "on": row["on"].isoformat(),
            "organisation": row["organisation"], "declaration": row["declaration"] or None, "line": None,
            "tranche": None, "mass_kg": format_kg(row["mass_mg"]), "elements": {}, "closes": False,
            "reservation": None, "reference": None, "reason": None, "event": row["event"], "corrects": None,
            "corrected_by": None, "problems": [],
        }
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
