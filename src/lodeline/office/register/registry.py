"""The register of organisations and sites: what a registrar enters becomes an entry of the log, with who decided it.

A record is never edited: the new one stands from its entry on, and the old one stays in the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import polars as pl

from lodeline.filing.dossier import filed_name, read_records
from lodeline.filing.names import folded
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import KEYS, TABLES, Register
from lodeline.ledger.roles import ROLES
from lodeline.material.element import SYMBOLS
from lodeline.material.identifier import lei_holds, uscc_holds
from lodeline.material.product import STAGES
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoredEntry

#: Tables that a registrar keeps by hand; grants are the business of those who decide them.
RegisterTable = Literal["organisations", "sites", "methods", "models", "processes"]
#: What a method measures, as the error model knows it (accountancy.uncertainty).
QUANTITIES: Final = ("weighing", "moisture", "assay", "sampling")
#: An id stands in lots (`MAKER/LOT`) and addresses: no slash, no blank.
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What became of records: the entry that holds them (None: refused, or nothing changes) and the problems."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...]


def enter(
    actor: Actor, store: Store, table: RegisterTable, rows: list[Mapping[str, str]], *, now: datetime, new: bool = False
) -> Entered:
    """Enters records as filed text (columns of the exchange format), all of them or none.

    `new`: none of them may be in the register yet. Requires "register.write" about the organisations concerned: who
    registers for a region keeps its firms and their sites there, and admits none.
    """
    actor.require("register.write")
    typed, problems = judge(store.register(store.head()), table, rows, new=new)
    _require_region(actor, store.register(store.head()), table, typed)
    if problems:
        return Entered(entry=None, problems=tuple(problems))

    def record(entry: StoredEntry) -> None:
        keys = [str(row[KEYS[table][0]]) for row in typed.iter_rows(named=True)]
        organisations = typed["organisation" if "organisation" in typed.columns else "id"].to_list()
        record_act(
            actor, f"register.{table}", organisation=str(organisations[0]) if organisations else "",
            subject=", ".join(keys[:20]), facts={"entry": entry.index, "records": len(keys)},
        )  # fmt: skip

    entry = put_records(store, {table: typed}, filed_at=now, by=actor.pseudonym, in_transaction=record)
    return Entered(entry=entry, problems=())


def _require_region(actor: Actor, register: Register, table: RegisterTable, typed: pl.DataFrame) -> None:
    """Raises NotAllowedError where a record, or the one it replaces, is not about a firm or a place of the region."""
    if actor.firms("register.write") is None:
        return
    concerned = {"organisations": "id", "sites": "organisation", "models": "organisation"}.get(table)
    holders = [AUTHORITY] if concerned is None else typed[concerned].to_list()
    if table == "sites":
        before = register.tables["sites"].filter(pl.col("id").is_in(typed["id"].to_list()))
        holders += before["organisation"].to_list()
        if {*typed["region"], *before["region"]} - actor.regions("register.write"):
            holders.append(AUTHORITY)
    for organisation in holders:
        actor.require("register.write", organisation)


def judge(
    register: Register, table: RegisterTable, rows: Sequence[Mapping[str, str]], *, new: bool
) -> tuple[pl.DataFrame, list[Problem]]:
    """The records typed, and every problem of them: row 1 is the first of `rows`, columns are those of the format."""
    names = [filed_name(column) for column in TABLES[table]]
    text = pl.DataFrame(
        {
            folded(name): pl.Series([(row.get(name) or "").strip() or None for row in rows], dtype=pl.String)
            for name in names
        }
    ).with_columns(row=pl.int_range(1, len(rows) + 1, dtype=pl.UInt32))
    typed, problems = read_records(table, text, file="")
    problems = list(problems)
    known = register.tables[table]
    for place, row in enumerate(rows, 1):
        problems += _of_row(register, table, {name: (row.get(name) or "").strip() for name in names}, place)
    if new and "id" in known.columns:
        taken = set(known["id"])
        for place, row in enumerate(rows, 1):
            if (row.get("id") or "").strip() in taken:
                problems.append(problem("record.exists", _at(place, "id"), value=str(row["id"])))
    return typed, problems


def _at(row: int, column: str) -> Where:
    return Where(row=row, column=column)


def _of_row(register: Register, table: str, row: Mapping[str, str], place: int) -> list[Problem]:
    found = []
    if table in ("organisations", "sites") and row["id"] and not _ID.fullmatch(row["id"]):
        found.append(problem("id.malformed", _at(place, "id"), value=row["id"]))
    if row.get("valid_from") and row.get("valid_to") and row["valid_to"] < row["valid_from"]:
        where = _at(place, "valid_to")
        found.append(problem("validity.reversed", where, first=row["valid_from"], last=row["valid_to"]))
    if table == "organisations":
        if not row["name_zh"] and not row["name_en"]:
            found.append(problem("cell.missing", _at(place, "name_zh"), kind=table, column="name_zh"))
        if row["uscc"] and not uscc_holds(row["uscc"]):
            found.append(
                problem("identifier.check-digit", _at(place, "uscc"), value=row["uscc"], scheme="GB 32100-2015")
            )
        if row["lei"] and not lei_holds(row["lei"]):
            found.append(problem("identifier.check-digit", _at(place, "lei"), value=row["lei"], scheme="ISO 17442"))
        unknown = [role for role in row["roles"].split("|") if role.strip() and role.strip() not in ROLES]
        found += [problem("role.unknown", _at(place, "roles"), value=role, count=1) for role in unknown]
    if table in ("methods", "processes"):
        found += _of_measurement(table, row, place)
    if table in ("sites", "models") and row["organisation"] and row["organisation"] not in register.roles:
        found.append(problem("party.unknown", _at(place, "organisation"), value=row["organisation"]))
    if table in ("sites", "processes") and row["stage"] not in STAGES:
        found.append(problem("stage.unknown", _at(place, "stage"), value=row["stage"], stages=", ".join(STAGES)))
    return found


def _of_measurement(table: str, row: Mapping[str, str], place: int) -> list[Problem]:
    """A method's errors and a process's yields are percentages; a yield runs from the lower to the higher."""
    names = ("random_pct", "systematic_pct") if table == "methods" else ("yield_low_pct", "yield_high_pct")
    found, shares = [], []
    for name in names:
        try:
            shares.append(Decimal(row[name]))
        except InvalidOperation:
            found.append(problem("number.invalid", _at(place, name), value=row[name]))
            continue
        if not 0 <= shares[-1] <= 100:
            found.append(problem("number.out-of-range", _at(place, name), value=row[name], low="0", high="100"))
    if table == "processes" and len(shares) == len(names) and shares[0] > shares[1]:
        low, value = row[names[0]], row[names[1]]
        found.append(problem("number.out-of-range", _at(place, names[1]), value=value, low=low, high="100"))
    if table == "methods" and row["quantity"] not in QUANTITIES:
        where = _at(place, "quantity")
        found.append(problem("quantity.unknown", where, value=row["quantity"], quantities=", ".join(QUANTITIES)))
    if table == "methods" and row["element"] and row["element"] not in SYMBOLS:
        found.append(problem("choice.unknown", _at(place, "element"), value=row["element"], choices=", ".join(SYMBOLS)))
    return found
