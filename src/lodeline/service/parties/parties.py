"""Parties: who is who among those whom filings name, decided by people and by rule, never by changing what was filed.

A name as filed leads to a party by a record of the register (`party_names`), a merger by another (`parties`). Each is
an entry of the log with who decided it and why. The newest stands, so that every decision can be taken back, and all
that rests on it (transfers, holdings of owners, balances by customer, findings, screening) is projected anew.

`resolver` is what other rooms call: name → id of a party, or None.

PartyError      it cannot be decided like that; the message says why
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Literal

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.ledger.register import TABLES, Register
from lodeline.party.identifier import SCHEMES, identifier
from lodeline.party.resolution import as_row, resolve
from lodeline.party.screening import Screener
from lodeline.party.script import MOST_CHARACTERS
from lodeline.service.entries.records import put_records
from lodeline.service.parties.evidence import ties
from lodeline.service.parties.index import known_parties, screener_of
from lodeline.store.queries.filing import has_filed
from lodeline.store.queries.log import records_and_entries
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store, StoredEntry

Verdict = Literal["same", "other", "new", "open"]
VERDICTS: Final[tuple[Verdict, ...]] = ("same", "other", "new", "open")
REASON_CHARACTERS: Final = 500
#: How many names one caller of `resolver` has kept at hand.
_KEPT: Final = 50_000


class PartyError(UserError):
    """It cannot be decided like that."""


def resolver(store: Store, *, day: date) -> Callable[[str], str | None]:
    """Name as filed → id of the organisation or party that it means on the day, or None while nobody can say.

    By decision, by exact name, and by likeness above the dated threshold `resolve`. The answer is of the register as it
    is now; make a new one after entries of the register. Nothing is written.
    """
    register = store.register(store.head())
    screener = known_parties(store)

    @lru_cache(maxsize=_KEPT)
    def settled(name: str) -> str | None:
        return resolve(name, register=register, screener=screener, day=day).party if name.strip() else None

    return settled


# What waits.


def unsettled(snapshot: Snapshot, *, firms: frozenset[str] | None = None) -> pl.DataFrame:
    """Counterparties that rows in force name and that are no party of the register, the largest mass first.

    `name` (as rows have it), `by` (who filed it), `countries`, `rows`, `mass_mg`, `first_on`, `last_on`, `line` (the
    newest). `firms`: only what these have filed; None is everybody.
    """
    known = snapshot.register.party_ids
    lines = snapshot.lines.filter(pl.col("party").is_not_null() & ~pl.col("party").is_in(list(known)))
    if firms is not None:
        lines = lines.filter(pl.col("organisation").is_in(list(firms)))
    return (
        lines.group_by(name="party")
        .agg(
            by=pl.col("organisation").unique().sort(),
            countries=pl.col("counterparty_country").drop_nulls().unique().sort(),
            rows=pl.len(), mass_mg=pl.col("dry_mg").sum(), first_on=pl.col("on").min(), last_on=pl.col("on").max(),
            line=pl.col("line").max(),
        )
        .sort("mass_mg", "name", descending=[True, False], nulls_last=True)
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a run did: names that it settled, how many wait for a person, and the entry (None: nothing was settled)."""

    names: tuple[tuple[str, str, float], ...]
    waiting: int
    entry: StoredEntry | None


def settle_names(store: Store, snapshot: Snapshot, *, day: date, filed_at: datetime, by: str = "") -> Settled:
    """Enters whom names mean that need no person: tied to a party by a number, written exactly as a party's, or likely
    above the threshold.

    What a person has decided or left open is not touched.
    """
    register = snapshot.register
    rows, names, waiting = [], [], 0
    tied = ties(store, register, day=day)
    for tie in tied:
        names.append((as_row(tie.name), tie.party, 1.0))
        row = _name(as_row(tie.name), tie.party, basis="evidence", reason=tie.reason)
        rows.append({**row, "valid_from": tie.since})
    left = unsettled(snapshot).filter(~pl.col("name").is_in([as_row(tie.name) for tie in tied]))
    # Where nothing is left to look for, names are not made ready for it: a third of a gigabyte.
    screener = screener_of(store, snapshot) if left.height else Screener([])
    for name, countries in left.select("name", "countries").iter_rows():
        country = countries[0] if len(countries) == 1 else None
        found = resolve(name, register=register, screener=screener, day=day, country=country)
        if found.party is None or name in register.denied:
            waiting += 1
            continue
        likely = found.probability or 1.0
        names.append((name, found.party, likely))
        rows.append(_name(name, found.party, basis=found.by, probability=f"{likely:.4f}"))
    entry = _put(store, {"party_names": rows}, filed_at=filed_at, by=by) if rows else None
    return Settled(names=tuple(names), waiting=waiting, entry=entry)


# What people decide.


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """About `name` as filed: it is the `same` as `party`, it is not (`other`), it is a `new` party, or it is `open`.

    `country`, `called`, `other_name` (in the other script) and `identifiers` are of a new party: `scheme:number`, or
    `list:NAME:ID` for a party that a list names.
    """

    name: str
    verdict: Verdict
    party: str = ""
    reason: str = ""
    country: str = ""
    called: str = ""
    other_name: str = ""
    identifiers: Sequence[str] = ()


def decide(
    store: Store, decision: Decision, *, filed_at: datetime, by: str,
    in_transaction: Callable[[StoredEntry, str | None], None] | None = None,
) -> tuple[StoredEntry, str | None]:  # fmt: skip
    """Enters the decision; the entry, and the party that the name means from now on. Raises PartyError.

    `also`, here and below, is done with what is returned in the transaction that writes the entry; it locks nothing.
    """
    register = store.register(store.head())
    name = as_row(decision.name)
    _reasoned(decision.reason)
    if not name.strip():
        raise PartyError(lang.text("Give the name."))
    if name in register.party_ids:
        raise PartyError(lang.text("That is the id of a party, not a name."))
    before = next((row for row in register.tables["party_names"].to_dicts() if row["name"] == name), None)
    others = set((before or {}).get("others") or ())
    party = (before or {}).get("party")
    tables: dict[str, list[dict[str, Any]]] = {}
    if decision.verdict == "same":
        party = register.party_of.get(decision.party, decision.party)
        _known(register, party)
        others.discard(party)
    elif decision.verdict == "other":
        _known(register, decision.party)
        others.add(decision.party)
        party = None if party == decision.party else party
    elif decision.verdict == "open":
        party = None
    else:
        made = new_party(
            called=decision.called or decision.name, country=decision.country, identifiers=decision.identifiers,
            reason=decision.reason, filed_at=filed_at,
        )  # fmt: skip
        party = made["id"]
        tables["parties"] = [made]
    names = [name]
    if decision.verdict == "new" and (other := as_row(decision.other_name.strip())) and other != name:
        if other in register.party_of or other.casefold() in register.party_by_name:
            raise PartyError(lang.text("{other!r} is the name of a party already.", other=other))
        names.append(other)
    rows = [_name(one, party, basis="decided", reason=decision.reason, others=sorted(others)) for one in names]
    entry = _put(
        store, {**tables, "party_names": rows}, filed_at=filed_at, by=by,
        in_transaction=in_transaction and (lambda entry: in_transaction(entry, party)),
    )  # fmt: skip
    if entry is None:
        raise PartyError(lang.text("That stands already.", context="parties, decide"))
    return entry, party


def new_party(
    *, called: str, country: str, identifiers: Sequence[str], reason: str, filed_at: datetime
) -> dict[str, Any]:
    """A record of `parties` under an id of its own. Raises PartyError for a number that its check digits refuse."""
    if len(called) > MOST_CHARACTERS:
        raise PartyError(
            lang.text("A name has at most {most_characters} characters.", most_characters=MOST_CHARACTERS)
        )  # fmt: skip
    numbers = [_number(text) for text in identifiers]
    content = f"{called}\n{country}\n{filed_at.isoformat()}"
    return {
        "id": f"P-{sha256(content.encode()).hexdigest()[:10]}", "name": called.strip(), "country": country or None,
        "identifiers": numbers, "merged_into": None, "reason": reason, "valid_from": None, "valid_to": None,
    }  # fmt: skip


def _number(text: str) -> str:
    scheme, _, number = text.partition(":")
    if scheme == "list" and ":" in number:
        return text
    found = identifier(scheme.lower(), number) if scheme.lower() in SCHEMES else None
    if found is None:
        raise PartyError(
            lang.text(
                "{text!r} is no number: its check digits or its form refuse it. Compare it with the paper.", text=text
            )
        )
    return f"{found.scheme}:{found.number}"


# Mergers and splits: one proposes, another settles.


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`merge`: `party` is `into`. `split`: its merger is undone, or its `names` become a party of their own."""

    kind: Literal["merge", "split"]
    party: str
    reason: str
    into: str = ""
    names: Sequence[str] = ()


def propose(
    store: Store, proposal: Proposal, *, filed_at: datetime, by: str,
    in_transaction: Callable[[StoredEntry, str], None] | None = None,
) -> tuple[StoredEntry, str]:  # fmt: skip
    """Enters that somebody wants parties merged or split; nothing follows until another settles it. Its id."""
    register = store.register(store.head())
    _reasoned(proposal.reason)
    _fits(store, register, proposal)
    content = f"{proposal.kind}\n{proposal.party}\n{proposal.into}\n{filed_at.isoformat()}"
    row = {
        "id": f"M-{sha256(content.encode()).hexdigest()[:10]}", "kind": proposal.kind, "party": proposal.party,
        "into": proposal.into or None, "names": [as_row(name) for name in proposal.names], "reason": proposal.reason,
        "by": by, "state": "proposed",
    }  # fmt: skip
    made = str(row["id"])
    entry = _put(
        store, {"party_proposals": [row]}, filed_at=filed_at, by=by,
        in_transaction=in_transaction and (lambda entry: in_transaction(entry, made)),
    )  # fmt: skip
    assert entry is not None, "a proposal is new by its moment"
    return entry, made


def settle(
    store: Store, proposal: str, *, accept: bool, filed_at: datetime, by: str,
    in_transaction: Callable[[StoredEntry], None] | None = None,
) -> StoredEntry:  # fmt: skip
    """Another person accepts or refuses a proposal; what it says stands from this entry on. Raises PartyError."""
    with store.database.transaction():
        register = store.register(store.head(lock=True))
        row = next((one for one in register.tables["party_proposals"].to_dicts() if one["id"] == proposal), None)
        if row is None or row["state"] != "proposed":
            raise PartyError(lang.text("There is no such proposal that waits."))
        if row["by"] == by:
            raise PartyError(
                lang.text("Another person than the one who proposed it decides.")
            )  # fmt: skip
        tables: dict[str, list[dict[str, Any]]] = {
            "party_proposals": [{**row, "state": "done" if accept else "refused"}]
        }
        if accept:
            wanted = Proposal(
                kind=row["kind"], party=row["party"], into=row["into"] or "", names=row["names"] or (),
                reason=row["reason"],
            )  # fmt: skip
            _fits(store, register, wanted)
            tables |= _follows(register, wanted, filed_at)
        entry = _put(store, tables, filed_at=filed_at, by=by, in_transaction=in_transaction)
    assert entry is not None, "the state of the proposal is another one"
    return entry


def _follows(register: Register, wanted: Proposal, filed_at: datetime) -> dict[str, list[dict[str, Any]]]:
    """The records that a merger or split comes to."""
    if wanted.kind == "merge":
        return {"parties": [{**_party(register, wanted.party), "merged_into": wanted.into, "reason": wanted.reason}]}
    if not wanted.names:
        return {"parties": [{**_party(register, wanted.party), "merged_into": None, "reason": wanted.reason}]}
    country = _party(register, wanted.party)["country"] or ""
    made = new_party(
        called=wanted.names[0], country=country, identifiers=(), reason=wanted.reason, filed_at=filed_at
    )  # fmt: skip
    names = [
        _name(name, made["id"], basis="decided", reason=wanted.reason, others=[wanted.party]) for name in wanted.names
    ]
    return {"parties": [made], "party_names": names}


def _fits(store: Store, register: Register, wanted: Proposal) -> None:
    _known(register, wanted.party)
    if wanted.kind == "split":
        if not wanted.names and _party(register, wanted.party)["merged_into"] is None:
            raise PartyError(lang.text("It is not merged with anybody: name the names that are another party's."))
        strange = [name for name in wanted.names if register.party_of.get(as_row(name)) != wanted.party]
        if strange:
            raise PartyError(
                lang.text(
                    "These names do not lead to it by a decision: {strange}.",
                    strange=bilingual(", ".join(strange)[:200], "、".join(strange)[:200]),
                )
            )
        return
    _known(register, wanted.into)
    if register.party_of.get(wanted.into, wanted.into) == wanted.party or wanted.party in register.party_of:
        raise PartyError(lang.text("They are one already."))
    if has_filed(store, wanted.party):
        raise PartyError(
            lang.text("It has filed for itself, and rows stay those of who filed them: enter a succession instead.")
        )


def own(
    store: Store, *, owner: str, owned: str, share_pct: str, since: date | None, until: date | None, source: str,
    filed_at: datetime, by: str, in_transaction: Callable[[StoredEntry], None] | None = None,
) -> StoredEntry | None:  # fmt: skip
    """Enters that a party holds a share of another from a day to another. None where that stands already."""
    register = store.register(store.head())
    for party in (owner, owned):
        _known(register, party)
    try:
        holds = 0 < Fraction(share_pct) <= 100
    except (ValueError, ZeroDivisionError):
        holds = False
    if not holds:
        raise PartyError(lang.text("Write the share in percent, as 51.5."))
    if owner == owned or (since and until and until < since):
        raise PartyError(lang.text("Nobody owns itself, and the last day is not before the first."))
    row = {
        "owner": owner, "owned": owned, "share_pct": share_pct, "valid_from": since, "valid_to": until,
        "source": source,
    }  # fmt: skip
    return _put(store, {"ownership": [row]}, filed_at=filed_at, by=by, in_transaction=in_transaction)


def history(store: Store, name: str) -> list[dict[str, Any]]:
    """Every record about a name as filed or a party, the oldest first: `entry`, `table`, `by`, and the record."""
    found = records_and_entries(store, ["parties", "party_names", "party_proposals"])
    events = []
    for entry, table, body, filed_at, envelope in found:
        record = dict(zip(TABLES[str(table)], json.loads(str(body)), strict=True))
        if as_row(name) in {record.get(column) for column in ("name", "id", "party", "into")}:
            by = json.loads(str(envelope))["facts"].get("by", "")
            events.append({"entry": int(str(entry)), "table": str(table), "at": str(filed_at), "by": by, **record})
    return events


def _party(register: Register, party: str) -> dict[str, Any]:
    """The record of a party, or the one that an organisation of the register would have beside its own."""
    found = next((row for row in register.tables["parties"].to_dicts() if row["id"] == party), None)
    if found is not None:
        return found
    return dict.fromkeys(TABLES["parties"]) | {"id": party, "identifiers": []}


def _name(
    name: str, party: str | None, *, basis: str, probability: str | None = None, reason: str = "",
    others: Iterable[str] = (),
) -> dict[str, Any]:  # fmt: skip
    return {
        "name": name, "party": party, "others": list(others), "basis": basis, "probability": probability,
        "reason": reason or None, "valid_from": None, "valid_to": None,
    }  # fmt: skip


def _known(register: Register, party: str) -> None:
    if party not in register.party_ids:
        raise PartyError(lang.text("There is no party {party!r} in the register.", party=party))


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise PartyError(lang.text("Say why.", context="parties"))
    if len(reason) > REASON_CHARACTERS:
        raise PartyError(
            lang.text("Write at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS)
        )


def _put(
    store: Store, tables: Mapping[str, list[dict[str, Any]]], *, filed_at: datetime, by: str,
    in_transaction: Callable[[StoredEntry], None] | None = None,
) -> StoredEntry | None:  # fmt: skip
    frames = {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items() if rows}
    return put_records(store, frames, filed_at=filed_at, by=by or None, in_transaction=in_transaction)
