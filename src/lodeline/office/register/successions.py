"""A firm becomes part of another, a site changes hands or is closed: from a day, with a reason, as one entry.

What follows by rule stands in the same entry. A merger hands over every site of the firm, ends its registration and its
licences with the day before, and moves what is left of its quotas; a site alone takes none of these with it. Rows that
were filed stay those of who filed them, and the goods follow by a delivery that the one files and the other confirms.

InputError    what was entered cannot be meant; every field at once
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import polars as pl

from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.succession import Kind, merged_into
from lodeline.material.mass import format_kg
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import InputError, WrongField
from lodeline.office.notices.notices import notify
from lodeline.service.entries.records import put_records
from lodeline.store.queries.lots import goods_of_owner
from lodeline.store.store import Store, StoredEntry

REASON_CHARACTERS: Final = 500
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. `site` of a hand-over or closure, `successor` of a merger or hand-over; `on` None: not given.

    `on` is the first day of what is new: of the successor, or of the closure.
    """

    kind: Kind
    organisation: str
    on: date | None
    reason: str
    successor: str = ""
    site: str = ""


def enter(actor: Actor, store: Store, wanted: Wanted, *, now: datetime) -> StoredEntry:
    """Enters a succession with all that follows from it, and tells both firms.

    Requires "register.write" about both organisations. Raises InputError.
    """
    for organisation in filter(None, (wanted.organisation, wanted.successor)):
        actor.require("register.write", organisation)
    with store.database.transaction():
        register = store.register(store.head(lock=True))
        wrong = _wrong(wanted, register)
        if wrong:
            raise InputError(wrong)
        assert wanted.on is not None, "judged above"
        tables = _follows(store, register, wanted, wanted.on)
        entry = put_records(store, _frames(tables), filed_at=now, by=actor.pseudonym)
        assert entry is not None, "a succession is new by its moment"
        record_act(
            actor, f"register.{wanted.kind}", organisation=wanted.organisation, subject=wanted.site or wanted.successor,
            facts={"entry": entry.index, "on": wanted.on.isoformat(), "successor": wanted.successor},
        )  # fmt: skip
        _notify(wanted, entry, now=now)
    return entry


def _notify(wanted: Wanted, entry: StoredEntry, *, now: datetime) -> None:
    """Notices for both sides."""
    assert wanted.on is not None, "judged before it was entered"
    about = {"on": wanted.on.isoformat(), "site": wanted.site, "entry": entry.index}
    sides = {
        "merger": ("merged-into", "merged-from"), "holder": ("site-handed-over", "site-taken-over"),
        "closure": ("site-closed", None),
    }  # fmt: skip
    two_sides = ((wanted.organisation, wanted.successor), (wanted.successor, wanted.organisation))
    for kind, (organisation, other) in zip(sides[wanted.kind], two_sides, strict=True):
        if kind is not None:
            key = f"succession:{entry.index}:{organisation}"
            notify(organisation, kind, {**about, "other": other}, key=key, now=now)


def handover_rows(
    store: Store, organisation: str, successor: str, sites: Iterable[str], on: date
) -> list[dict[str, str]]:
    """The deliveries by which goods follow: rows of the last filing of who hands over, as filed text by column.

    Every lot in the organisation's book at the sites, dated the day before `on`; the successor confirms them like any
    delivery. Masses are dry, as the book has them.
    """
    found = goods_of_owner(store, organisation, sorted(sites))
    return [
        {
            "event": f"HANDOVER-{row['site']}-{on.isoformat()}", "kind": "shipment", "on": (on - _DAY).isoformat(),
            "site": row["site"], "lot": row["lot"], "product": row["product"] or "",
            "mass_kg": format_kg(row["mass_mg"]), "counterparty": successor,
        }
        for row in found.iter_rows(named=True)
    ]  # fmt: skip


def _follows(store: Store, register: Register, wanted: Wanted, on: date) -> dict[str, list[dict[str, Any]]]:
    """The records that a succession is made of."""
    sites = register.tables["sites"].filter(pl.col("organisation") == wanted.organisation)
    if wanted.site:
        sites = sites.filter(pl.col("id") == wanted.site)
    if wanted.kind == "closure":
        records = [{**row, "valid_to": on - _DAY} for row in sites.iter_rows(named=True)]
        return {"sites": records, "successions": [_record(wanted, on, wanted.kind, wanted.site)]}
    standing = [row for row in sites.iter_rows(named=True) if row["valid_to"] is None or row["valid_to"] >= on]
    made: dict[str, list[dict[str, Any]]] = {
        "sites": [{**row, "organisation": wanted.successor} for row in standing],
        "successions": [_record(wanted, on, "holder", row["id"]) for row in standing],
    }
    if wanted.kind == "merger":
        made["successions"].insert(0, _record(wanted, on, "merger", ""))
        own = register.tables["organisations"].filter(pl.col("id") == wanted.organisation)
        made["organisations"] = [{**own.row(0, named=True), "valid_to": on - _DAY}]
        made["licences"] = _licences_ended(register, wanted.organisation, on)
        made["quotas"] = _quotas_moved(store, register, wanted, on)
    return made


def _record(wanted: Wanted, on: date, kind: Kind, site: str) -> dict[str, Any]:
    content = json.dumps([wanted.organisation, wanted.successor, kind, site, on.isoformat(), wanted.reason])
    return {
        "id": f"{kind}-{on.isoformat()}-{sha256(content.encode()).hexdigest()[:8]}", "kind": kind,
        "organisation": wanted.organisation, "successor": wanted.successor or None, "site": site or None, "on": on,
        "reason": wanted.reason.strip(),
    }  # fmt: skip


def _licences_ended(register: Register, organisation: str, on: date) -> list[dict[str, Any]]:
    """A licence is granted to its exporter and does not pass on: it ends with the day before."""
    rows = register.tables["licences"].filter(pl.col("exporter") == organisation).iter_rows(named=True)
    return [{**row, "valid_to": on - _DAY} for row in rows if row["valid_to"] is None or row["valid_to"] >= on]


def _quotas_moved(store: Store, register: Register, wanted: Wanted, on: date) -> list[dict[str, Any]]:
    """What is left of the grants of the day's year and later, taken from the one and given to the other.

    The grants themselves stand; what moves is a record of its own on either side, and the sum of the nation stays.
    """
    used: dict[tuple[str, str, str, int], int] = {}
    for row in store.books.drawn(wanted.organisation).iter_rows(named=True):
        grant = register.grant_for(wanted.organisation, row["kind"], row["ore_type"] or "", row["year"])
        used[grant] = used.get(grant, 0) + row["reo_mg"]
    moved = []
    for (organisation, kind, ore_type, year), granted_mg in sorted(register.grants.items()):
        left_mg = granted_mg - used.get((organisation, kind, ore_type, year), 0)
        if organisation != wanted.organisation or year < on.year or left_mg <= 0:
            continue
        common = {"kind": kind, "ore_type": ore_type or None, "year": year}
        instrument = f"merger of {wanted.organisation} into {wanted.successor}, {on.isoformat()}"
        moved += [
            {"organisation": who, **common, "reo_mg": mass_mg, "instrument": instrument}
            for who, mass_mg in ((organisation, -left_mg), (wanted.successor, left_mg))
        ]
    return moved


def _frames(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items() if rows}


def _wrong(wanted: Wanted, register: Register) -> list[WrongField]:
    wrong = []
    sites = register.tables["sites"].filter(pl.col("organisation") == wanted.organisation)
    if wanted.kind != "merger" and wanted.site not in set(sites["id"]):
        wrong.append(WrongField(field="site", en="Choose a site that it holds.", zh="请选择其持有的场所。"))
    if wanted.kind != "closure":
        wrong += _wrong_successor(wanted, register)
    if wanted.kind == "merger" and merged_into(register, wanted.organisation) is not None:
        en, zh = "It has become part of another already.", "该企业已并入其他企业。"
        wrong.append(WrongField(field="kind", en=en, zh=zh))
    if wanted.on is None:
        wrong.append(WrongField(field="on", en="Give the first day of what is new.", zh="请填写生效的第一日。"))
    elif wanted.kind == "merger" and wanted.on.day != 1:
        en = "A firm ends with a month, so that each month has one filer: give the first of a month."
        wrong.append(WrongField(field="on", en=en, zh="企业须于月末终止，使每月只有一个申报人：请填写某月1日。"))
    if not wanted.reason.strip() or len(wanted.reason.strip()) > REASON_CHARACTERS:
        en = f"Say on what ground, in at most {REASON_CHARACTERS} characters."
        zh = f"请写明依据，最多 {REASON_CHARACTERS} 个字符。"
        wrong.append(WrongField(field="reason", en=en, zh=zh))
    return wrong


def _wrong_successor(wanted: Wanted, register: Register) -> list[WrongField]:
    known = register.tables["organisations"].filter(pl.col("id") == wanted.successor)
    if not known.height or wanted.successor == wanted.organisation:
        en, zh = "Name another organisation of the register by its id.", "请填写登记簿中另一企业的编号。"
        return [WrongField(field="successor", en=en, zh=zh)]
    ended = known["valid_to"][0]
    if ended is not None and wanted.on is not None and ended < wanted.on:
        en, zh = f"It is registered until {ended} only.", f"该企业的登记仅至 {ended}。"
        return [WrongField(field="successor", en=en, zh=zh)]
    return []
