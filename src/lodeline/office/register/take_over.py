"""Taking over a nation's register: one table is checked whole, then entered whole as one entry of the log.

Its people are invited with it: in the transaction of the entry their invitations are prepared, and the letters go by a
job (`office.register.letters`), which may die and be begun again. A table that was entered before changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from secrets import token_hex
from typing import Any, Final

import polars as pl

from lodeline.filing.country import alpha2
from lodeline.filing.take_over import Record, TakenOver, read_register
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.register import Register
from lodeline.ledger.roles import must_file
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.invitations import GOOD_FOR
from lodeline.office.accounts.people import office_transaction, wrong_email, wrong_name
from lodeline.office.models import Invitation, Job, Membership
from lodeline.office.register import letters
from lodeline.office.register.registry import RegisterTable, judge
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoredEntry

#: Column of the register → column of the table, where they differ.
_FIRM: Final = {"id": "organisation"}
_SITE: Final = {"id": "site", "name": "site_name"}
_DEGREES: Final = {"lat": 90, "lon": 180}
#: Who may do nothing but this can file changes of title alone, which need no site.
_SITELESS: Final = frozenset({"trader", "exporter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the table invites."""

    email: str
    name: str
    organisation: str
    role: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTable:
    """What a table would enter: records that the register has not, people who are not invited yet; and its problems,
    those that stand in the way first."""

    records: Mapping[RegisterTable, pl.DataFrame]
    people: Sequence[Person]
    firms: int
    sites: int
    problems: Sequence[Problem]

    @property
    def refused(self) -> bool:
        """Whether anything stands in the way."""
        return any(one.severity != "flag" for one in self.problems)

    @property
    def is_entered(self) -> bool:
        """Whether all of it stands already."""
        return not self.people and not any(frame.height for frame in self.records.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What was entered: the entry (None where the register had it all), how many were invited, and the job of their
    letters (None where nobody was)."""

    entry: StoredEntry | None
    invited: int
    job: Job | None


def check(
    actor: Actor, store: Store, name: str, content: bytes, *, law: Jurisdiction, on: date
) -> CheckedTable:  # fmt: skip
    """Judges a table against the register; nothing is written. `on`: from when firms are registered that do not say.

    Requires "register.write" and "accounts.write" for the whole country.
    """
    for permission in ("register.write", "accounts.write"):
        actor.require(permission, AUTHORITY)
    table = read_register(name, content)
    register = store.register(store.head())
    problems = list(table.problems)
    firms, found = _firms(register, table, on)
    problems += found
    sites, found = _sites(register, table, on)
    problems += found
    problems += [fault for one in table.people.values() for fault in _of_person(one)]
    problems += _lacking(register, table, law)
    order = {"reject": 0, "confirm": 1, "flag": 2}
    return CheckedTable(
        records={"organisations": firms, "sites": sites}, people=_not_invited(table), firms=len(table.firms),
        sites=len(table.sites),
        problems=sorted(problems, key=lambda one: (order[one.severity], one.where.row or 0, one.where.column or "")),
    )  # fmt: skip


def enter(actor: Actor, store: Store, checked: CheckedTable, *, address: str, now: datetime) -> TakenIn:
    """Enters what was checked: all of it or nothing. `address`: where the portal is reached, for the links.

    Requires what `check` does. The table must not be refused.
    """
    for permission in ("register.write", "accounts.write"):
        actor.require(permission, AUTHORITY)
    assert not checked.refused, "a table with a problem enters nothing"
    jobs: list[Job] = []

    def office(entry: StoredEntry | None) -> None:
        _prepare_invitations(actor, checked.people, now)
        facts = {name: frame.height for name, frame in checked.records.items()} | {"invited": len(checked.people)}
        number = {} if entry is None else {"entry": entry.index}
        record_act(actor, "register.take-over", facts={**facts, **number})
        if checked.people:
            jobs.append(letters.begin(actor, address=address, now=now))

    tables = {str(name): frame for name, frame in checked.records.items()}
    entry = put_records(store, tables, filed_at=now, by=actor.pseudonym, in_transaction=office)
    if entry is None and checked.people:
        with office_transaction():
            office(None)
    return TakenIn(entry=entry, invited=len(checked.people), job=jobs[0] if jobs else None)


def _prepare_invitations(actor: Actor, people: Sequence[Person], now: datetime) -> None:
    """Invitations whose link nobody can know: the letter that brings it makes it."""
    Invitation.objects.bulk_create(
        Invitation(
            digest=f"waits {token_hex(16)}", email=one.email, name=one.name, organisation=one.organisation,
            role=one.role, language=one.language, waits=True, invited_by_id=actor.user or None, created_at=now,
            expires_at=now + GOOD_FOR,
        )
        for one in people
    )  # fmt: skip


def _firms(register: Register, table: TakenOver, on: date) -> tuple[pl.DataFrame, list[Problem]]:
    records = list(table.firms.values())
    rows = [
        {**{name: one.cells.get(_FIRM.get(name, name), "") for name in _FIRM_COLUMNS}, "id": one.cells["organisation"]}
        for one in records
    ]
    typed, problems = _judged(register, "organisations", records, rows, _FIRM, on)
    for one in records:
        problems += [
            problem("cell.missing", one.at(column), kind="firm", column=column)
            for column in ("country", "roles")
            if column not in one.cells
        ]
        country = one.cells.get("country")
        if country is not None and alpha2(country) is None:
            problems.append(problem("country.unknown", one.at("country"), value=country))
    return typed, problems


def _sites(register: Register, table: TakenOver, on: date) -> tuple[pl.DataFrame, list[Problem]]:
    records = list(table.sites.values())
    rows = [{name: one.cells.get(_SITE.get(name, name), "") for name in _SITE_COLUMNS} for one in records]
    # A site may be of a firm that the table brings.
    known = register.tables["organisations"]
    named = pl.DataFrame({"id": list(table.firms)}, schema={"id": pl.String()})
    with_new = Register(
        tables={**register.tables, "organisations": pl.concat([known, named.join(known, on="id", how="anti")],
                                                              how="diagonal")}
    )  # fmt: skip
    typed, problems = _judged(with_new, "sites", records, rows, _SITE, on)
    for one in records:
        problems += [fault for column, most in _DEGREES.items() for fault in _degrees(one, column, most)]
    return typed, problems


_FIRM_COLUMNS: Final = ("name_zh", "name_en", "aliases", "country", "roles", "uscc", "lei", "valid_from")
_SITE_COLUMNS: Final = ("id", "organisation", "name", "stage", "region", "lat", "lon", "capacity_kg_per_month")


def _judged(  # noqa: PLR0917  (a table of the register, with the table that was sent)
    register: Register, name: RegisterTable, records: Sequence[Record], rows: list[dict[str, str]],
    columns: Mapping[str, str], on: date,
) -> tuple[pl.DataFrame, list[Problem]]:  # fmt: skip
    """The records that are new, typed; and what is wrong, at the cells of the table. What stands must be the same."""
    typed, found = judge(register, name, rows, new=False)
    problems = []
    for one in found:
        column = columns.get(one.where.column or "", one.where.column or "")
        assert one.where.row is not None, "what is wrong with a record names its row"
        problems.append(replace(one, where=records[one.where.row - 1].at(column)))
    before = {row["id"]: row for row in register.tables[name].iter_rows(named=True)}
    new = []
    places = {row["id"]: (record, row) for record, row in zip(records, rows, strict=True)}
    for row in typed.iter_rows(named=True):
        standing = before.get(row["id"])
        record, filed = places[row["id"]]
        if standing is None or not any(standing[column] for column in standing if column != "id"):
            # The plants stood before: only the duty to file begins with a day.
            new.append({**row, "valid_from": row["valid_from"] or on} if name == "organisations" else row)
            continue
        for column, value in row.items():
            said = columns.get(column, column).replace("_mg_", "_kg_")
            if filed.get(column.replace("_mg_", "_kg_")) and value != standing[column]:
                facts = {"id": row["id"], "value": _plain(value), "other": _plain(standing[column])}
                problems.append(problem("take-over.stands", record.at(said), **facts))
    return pl.DataFrame(new, schema=typed.schema, orient="row"), problems


def _plain(value: Any) -> str:
    return "|".join(value) if isinstance(value, list) else "–" if value is None else str(value)


def _degrees(record: Record, column: str, most: int) -> list[Problem]:
    text = record.cells.get(column)
    if text is None:
        return []
    try:
        inside = abs(Decimal(text)) <= most
    except InvalidOperation:
        return [problem("number.invalid", record.at(column), value=text)]
    return [] if inside else [
        problem("number.out-of-range", record.at(column), value=text, low=str(-most), high=str(most))
    ]  # fmt: skip


def _of_person(record: Record) -> list[Problem]:
    found = []
    email, name = record.cells["email"], record.cells.get("contact_name")
    if wrong_email(email):
        found.append(problem("take-over.email", record.at("email"), value=email))
    if name is not None and wrong_name(name):
        found.append(problem("take-over.name", record.at("contact_name"), value=name))
    return found


def _lacking(register: Register, table: TakenOver, law: Jurisdiction) -> list[Problem]:
    """What firms that have to file cannot do without, of those that the register has not."""
    with_site = {one.cells["organisation"] for one in table.sites.values()}
    roles: dict[str, set[str]] = {}
    for (_, firm), one in table.people.items():
        roles.setdefault(firm, set()).add(one.cells.get("person_role", ""))
    found = []
    for firm, record in table.firms.items():
        country = alpha2(record.cells.get("country", "")) or ""
        if firm in register.roles or not must_file(record.cells.get("roles", "").split("|"), country, law):
            continue
        if firm not in with_site and not set(record.cells["roles"].split("|")) <= _SITELESS:
            found.append(problem("take-over.no-site", record.at("site"), id=firm))
        if firm not in roles:
            found.append(problem("take-over.no-person", record.at("email"), id=firm))
        elif "organisation-admin" not in roles[firm]:
            found.append(problem("take-over.no-administrator", record.at("person_role"), id=firm))
    return found


def _not_invited(table: TakenOver) -> list[Person]:
    """Those of the table who neither have the role nor an invitation to it."""
    have = set(Membership.objects.filter(valid_to__isnull=True).values_list("user__email", "organisation", "role"))
    asked = Invitation.objects.filter(accepted_by=None, withdrawn_at=None)
    have |= set(asked.values_list("email", "organisation", "role"))
    people = [
        Person(
            email=one.cells["email"], name=one.cells.get("contact_name", ""), organisation=firm,
            role=one.cells.get("person_role", ""), language=one.cells.get("language", "zh"),
        )
        for (_, firm), one in table.people.items()
    ]  # fmt: skip
    return [one for one in people if (one.email, one.organisation, one.role) not in have]
