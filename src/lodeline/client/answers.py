"""What the API answers, typed. Masses are exact decimals in kilograms, as text; what a newer server adds is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Json = Mapping[str, Any]
Made = TypeVar("Made")


def known(kind: type[Made], document: Json) -> Made:
    """A value of a dataclass from a document: the keys that it knows."""
    names = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in document.items() if name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingProblem:
    """What is wrong with a filing. `severity`: reject, confirm (give a `reason` in the row) or flag (accepted)."""

    code: str
    severity: str
    file: str | None
    row: int | None
    column: str | None
    facts: Json
    en: str
    zh: str

    @classmethod
    def of(cls, document: Json) -> FilingProblem:
        """From the shape of `check --json`."""
        where, message = document["where"], document["message"]
        return cls(
            code=document["code"], severity=document["severity"], file=where.get("file"), row=where.get("row"),
            column=where.get("column"), facts=document["facts"], en=message["en"], zh=message["zh"],
        )  # fmt: skip


def problems_of(document: Json) -> tuple[FilingProblem, ...]:
    """The problems in an answer."""
    return tuple(FilingProblem.of(one) for one in document.get("problems", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What filing this now would meet. `statement`: what a certifier signs; None where it would be refused."""

    accepted: bool
    problems: tuple[FilingProblem, ...]
    statement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of a filing: an `entry` with its `receipt`, or a `draft` that waits for a person or a worker.

    `problems` are flags. `repeated`: it had been filed before.
    """

    entry: int | None
    receipt: Json | None
    problems: tuple[FilingProblem, ...]
    repeated: bool
    draft: int | None
    job: int | None
    statement: str | None

    @classmethod
    def of(cls, document: Json) -> Filed:
        """From the answer to a filing."""
        receipt = document.get("receipt")
        return cls(
            entry=None if receipt is None else receipt["entry"], receipt=receipt, problems=problems_of(document),
            repeated=bool(document.get("repeated")), draft=document.get("draft"), job=document.get("job"),
            statement=document.get("statement"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filing on its way: `open`, `checking`, `asked` (waits for a certifier), `filing`, `filed`, `dropped`."""

    draft: int
    period: str
    state: str
    accepted: bool
    problems: tuple[FilingProblem, ...]
    statement: str | None
    entry: int | None

    @classmethod
    def of(cls, document: Json) -> Draft:
        """From the answer about a draft."""
        return known(cls, {**document, "problems": problems_of(document)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work under way: `waiting`, `running`, `done`, `failed`; `progress` from 0 to 1."""

    job: int
    state: str
    progress: float
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A shipment with its receipts."""

    lot: str
    shipper: str | None
    receiver: str | None
    shipment_event: str | None
    receipt_event: str | None
    shipped_on: str | None
    received_on: str | None
    shipped_kg: str | None
    received_kg: str | None
    difference_kg: str | None
    state: str
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A shipment that waits for this organisation's receipt; `shipment` is what accepting it names."""

    shipment: int
    shipper: str
    shipment_event: str
    shipped_on: str | None
    age_days: int | None
    lot: str
    product: str | None
    shipped_kg: str | None
    missing_kg: str | None
    document: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A receiver says that a shipment is not as its shipper filed it."""

    dispute: int
    receiver: str
    shipper: str
    shipment_event: str
    lot: str
    reason: str
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """A step of a case. `entry` of the log binds it; `organisation` is who spoke, None for the authority."""

    number: int
    kind: str
    at: str
    organisation: str | None
    text: str
    until: str | None
    stands_until: str | None
    reason: str | None
    entry: int | None
    files: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Where a finding's case stands. Send `steps` with the next step; `raised`: the filings still raise the finding.

    `assignee` and `watched` are told to the authority alone. `taken`: the steps, where one case was asked for.
    """

    finding: str
    case: str
    organisation: str
    detector: str
    state: str
    reason: str | None
    until: str | None
    overdue: bool
    stands_until: str | None
    raised: bool
    assignee: Json | None
    watched: bool
    steps: int
    changed_at: str
    taken: tuple[CaseStep, ...] = ()

    @classmethod
    def of(cls, document: Json) -> Case:
        """From an answer of the API."""
        taken = (known(CaseStep, {**one, "files": tuple(one["files"])}) for one in document.get("taken", ()))
        return known(cls, {**document, "taken": tuple(taken)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that has changed: `filed`, `shipped`, `received`, `sold`, `exported`, `withdrawn`.

    Keep `cursor` once it is dealt with: `Client.changes(since=cursor)` goes on behind it. `facts` is all of it.
    """

    cursor: str
    kind: str
    entry: int
    organisation: str
    filed_at: str
    facts: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Self:
    """Who the token stands for, what it opens, and what time it is at the server."""

    organisation: str | None
    name: str
    scopes: tuple[str, ...]
    expires_at: str | None
    now: str
