"""Licences are granted, suspended, resumed, revoked and handed over: each an entry of the log that nothing rewrites.

A grant and what happens to it later are records of the register, so that whoever recomputes a verdict of any day finds
them there. What is drawn on a licence is the business of service.licences.draws.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

import polars as pl

from lodeline.journal.entry import canonical_json
from lodeline.ledger.licence import Deed, Filed, Licence
from lodeline.ledger.licence_terms import faults
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import TABLES, Register
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoredEntry

REASON_CHARACTERS = 500
#: Acts that do not change whether a licence may be used.
_ASIDE: Final = frozenset({"holder", "papers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a decision: the entry that holds it (None where it was refused) and every problem seen.

    `repeated`: it had been taken before, word for word; then there is no new entry.
    """

    entry: StoredEntry | None
    problems: tuple[Problem, ...] = ()
    repeated: bool = False

    @property
    def accepted(self) -> bool:
        return self.entry is not None or self.repeated


def grant_licence(
    *, store: Store, licence: Licence, law: Jurisdiction, filed_at: datetime, by: str | None = None
) -> Decided:
    """Grants a licence: an entry, or every reason against it. Granted before with the same terms, nothing is written.

    `by`: the pseudonym of who decided. Flags (another licence for the same trade, an unusual mass) come beside the
    entry and do not refuse.
    """
    assert not licence.acts, "a licence begins without acts"
    with store.database.transaction():
        register = store.register(store.head(lock=True))
        standing = register.licences
        before = standing.get(licence.id)
        row = _row(licence)
        if before is not None:
            if _row(before) == row:
                return Decided(entry=None, repeated=True)
            found = problem("grant.exists-with-other-terms", Where(column="id"), licence=licence.id)
            return Decided(entry=None, problems=(found,))
        problems = tuple(faults(licence, others=standing.values(), register=register, law=law))
        if any(one.severity == "reject" for one in problems):
            return Decided(entry=None, problems=problems)
        frame = pl.DataFrame([row], schema=TABLES["licences"])
        entry = put_records(store, {"licences": frame}, filed_at=filed_at, by=by)
    return Decided(entry=entry, problems=problems)


def revoke_licence(
    *, store: Store, licence: str, on: date, reason: str, filed_at: datetime, by: str | None = None
) -> Decided:
    """Ends a licence for good from a day on. What has left on it before stays drawn."""
    return act_on_licence(store, licence, "revoked", on=on, reason=reason, filed_at=filed_at, by=by)


def file_papers(
    *, store: Store, licence: str, papers: Collection[str], on: date, filed_at: datetime, by: str | None = None
) -> Decided:
    """Writes down which papers beyond the usual ones were filed with a licence, as for a watched party."""
    kinds = "|".join(sorted(papers))
    return act_on_licence(store, licence, "papers", on=on, reason=kinds, filed_at=filed_at, by=by)


def act_on_licence(
    store: Store, licence: str, deed: Deed | Filed, *, on: date, reason: str, filed_at: datetime, by: str | None,
    holder: str = "",
) -> Decided:  # fmt: skip
    """Enters an act on a licence from a day on; the same act a second time is `repeated`."""
    record = act_record(licence, deed, on=on, holder=holder, reason=reason)
    with store.database.transaction():
        register = store.register(store.head(lock=True))
        acts = register.tables["licence_acts"]
        if record["id"] in set(acts["id"]):
            return Decided(entry=None, repeated=True)
        problems = act_faults(register, record)
        if problems:
            return Decided(entry=None, problems=problems)
        frame = pl.DataFrame([record], schema=TABLES["licence_acts"])
        entry = put_records(store, {"licence_acts": frame}, filed_at=filed_at, by=by)
    return Decided(entry=entry)


def act_record(licence: str, deed: Deed | Filed, *, on: date, holder: str, reason: str) -> dict[str, Any]:
    """The register's record of an act; the same act has the same id."""
    digest = sha256(canonical_json([licence, deed, on.isoformat(), holder, reason.strip()])).hexdigest()
    return {
        "id": f"{deed}-{on.isoformat()}-{digest[:12]}", "licence": licence, "deed": deed, "on": on,
        "holder": holder or None, "reason": reason.strip(),
    }  # fmt: skip


def act_faults(register: Register, record: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Why an act cannot be: there is no such licence, no reason, or the licence does not stand so on that day."""
    found: list[Problem] = []
    licence, deed, on = register.licences.get(record["licence"]), record["deed"], record["on"]
    if not record["reason"] or len(record["reason"]) > REASON_CHARACTERS:
        found.append(problem("grant.reason-missing", Where(column="reason"), most=REASON_CHARACTERS))
    if licence is None:
        return (*found, problem("grant.unknown", Where(column="licence"), licence=record["licence"]))
    last = max((act.on for act in licence.acts if act.deed not in _ASIDE), default=date.min)
    standing = licence.standing(on)
    cannot = {
        "suspended": standing not in ("granted", "to-come"),
        "resumed": standing != "suspended",
        "revoked": standing in ("revoked", "expired"),
        "holder": standing in ("revoked", "expired"),
        "papers": standing in ("revoked", "expired"),
    }[deed]
    if cannot or (deed not in _ASIDE and on < last):
        where = Where(column="on")
        found.append(
            problem("grant.stands-otherwise", where, licence=licence.id, standing=standing, day=on.isoformat())
        )
    if deed == "holder":
        known = set(register.tables["organisations"]["id"])
        if record["holder"] not in known or record["holder"] == licence.holder(on):
            found.append(problem("grant.holder-unknown", Where(column="holder"), value=record["holder"] or "…"))
    return tuple(found)


def _row(licence: Licence) -> dict[str, Any]:
    """The register's record of a licence; elements as `Dy=120|Tb=8`, in kg."""
    elements = "|".join(f"{element}={format_kg(mass_mg)}" for element, mass_mg in licence.elements_mg.items())
    return {
        "id": licence.id, "kind": licence.kind, "exporter": licence.exporter, "end_users": list(licence.end_users),
        "control_items": list(licence.control_items), "products": list(licence.products), "mass_mg": licence.mass_mg,
        "elements": elements or None, "destination": licence.destination, "end_use": licence.end_use,
        "valid_from": licence.valid_from, "valid_to": licence.valid_to,
    }  # fmt: skip
