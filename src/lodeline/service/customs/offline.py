"""Questions that were put at a port without a network: written down there, and brought into the log later.

A release on a licence is a promise there: it is taken from a tranche of the port's own, and reserved when it comes
home. Two copies of one bundle, with a record each, can still spend one tranche twice: nobody can see it before both
records are home. Then it is said, with the lines of the other record, and changes nothing of what was answered.

Each question is kept with the answer that was given and the bundle that it was given from, and says how late it came.
The same record brought in twice is taken once. What the ledger would answer now is told beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import Any, Final

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.desk import judge
from lodeline.control.rulebook import LawDay
from lodeline.encoding import encoded
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.language import text
from lodeline.ledger.licence import GOODS
from lodeline.ledger.problem import Problem, problem
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.bundle import Bundle
from lodeline.service.customs.desk import Ledger, answer, document_of, gc_paused
from lodeline.service.customs.papers import cells_of, facts_of, put_question, question
from lodeline.service.entries.moment import utc_text
from lodeline.service.licences.draw_facts import Draw, draws_of
from lodeline.service.licences.draws import Drawn, Wanted, live, reserve
from lodeline.service.licences.port_draws import Pools, Promised, promise_lines, promised_in, with_promises
from lodeline.store.law import law_before, law_now
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import DESK_KIND, LAW_KIND, Store

FORMAT: Final = "lodeline-offline-question-v1"
Json = dict[str, Any]


class RecordError(UserError):
    """A record of questions cannot be read."""


def answer_offline(
    declaration: Declaration, bundle: Bundle, on: LawDay, *, now: datetime, record: bytes = b""
) -> Json:  # fmt: skip
    """What the desk answers from a bundle, with what is said of it. `record`: the port's own, whose promises that the
    log did not have when the bundle was made are taken from what is left. Raises RecordError."""
    earlier = _promised(record, bundle)
    own = {(line["declaration"] or "", line["line"] or "") for line in declaration.lines}
    others = [one for one in earlier.values() if one.key not in own]
    sources = bundle.sources(others)
    pools = Pools(bundle.licences, bundle.tranches, earlier, on.known, port=bundle.port)
    with gc_paused(len(declaration.lines)):
        verdicts = judge(declaration, on, sources)
        lines = promise_lines(verdicts, bundle.licences, pools)
        document = document_of(declaration, [one.verdict for one in lines], on, sources)
    return with_promises(document, lines) | {"bundle": bundle.limits(now)}


def _promised(record: bytes, bundle: Bundle) -> dict[tuple[str, str], Promised]:
    """(declaration, line) → what the port has promised for it, as far as the bundle does not know of it."""
    found: dict[tuple[str, str], Promised] = {}
    for number, line in enumerate(_lines_of(record), 1):
        if sha256(line).hexdigest() not in bundle.merged:
            for one in promised_in(_read(number, line)["answer"]):
                found.setdefault(one.key, one)
    return found


def record_line(declaration: Declaration, facts: Json, *, asked_at: datetime) -> bytes:
    """The line of a record (NDJSON) that `merge` takes."""
    content = {
        "format": FORMAT, "asked_at": utc_text(asked_at), "cells": cells_of(declaration),
        "answer": facts,
    }  # fmt: skip
    return canonical_json(content) + b"\n"


def merge(
    store: Store, record: bytes, *, law: Jurisdiction, now: datetime, today: date, by: str = ""
) -> Json:  # fmt: skip
    """Brings a record into the log. Every line of it is read before the first is taken; raises RecordError.

    `problems`: of each bundle that rests on another law than stands now.

    `rows`: `entry`, `asked_at`, `late_s`, `repeated`, `verdict`; `reservations`: what became of each release on a
    licence, as `service.licences.draws.DrawAnswer`, with problems where there is no room for it now; and
    `otherwise`: the lines whose verdict the ledger gives otherwise now. `conflicts`: how many releases found no room,
    or were promised by another record too.
    """
    lines = list(_lines_of(record))
    questions = [_read(number, one) for number, one in enumerate(lines, 1)]
    known = {
        facts["record"]: one.index
        for one in store.entries_of(DESK_KIND) for facts in [facts_of(one)] if facts.get("record")
    }  # fmt: skip
    rows = []
    mine = _Mine()
    for line, asked in zip(lines, questions, strict=True):
        digest = sha256(line).hexdigest()
        declaration = Declaration(lines=tuple(_lines(asked["cells"])))
        asked_at = datetime.fromisoformat(asked["asked_at"])
        repeated = digest in known
        if not repeated:
            promise = partial(
                _reserved, store, asked["answer"], law=law, on=law.day_of(asked_at),
                filed_at=now, by=by, mine=mine,
            )  # fmt: skip
            known[digest] = put_question(
                store, declaration, asked["answer"], by=by, channel="offline", filed_at=now, asked_at=asked_at,
                bundle=asked["answer"]["bundle"], record=digest, promise=promise,
            ).index  # fmt: skip
        mine.add(asked["answer"])
        on = LawDay.of(law, today, day=date.fromisoformat(asked["answer"]["day"]))
        again = answer(declaration, on, Ledger(snapshot=open_snapshot(store), store=store))
        rows.append(
            {
                "entry": known[digest], "asked_at": asked["asked_at"], "verdict": asked["answer"]["verdict"],
                "late_s": int((now - asked_at).total_seconds()), "repeated": repeated,
                "reservations": question(store, known[digest]).paper.get("reservations", []),
                "otherwise": [
                    {"line": was["line"], "row": was["row"], "was": was["verdict"], "now": now_["verdict"]}
                    for was, now_ in zip(asked["answer"]["lines"], again["lines"], strict=True)
                    if was["verdict"] != now_["verdict"]
                ],
            }
        )  # fmt: skip
    bundles = {asked["answer"]["bundle"]["sha256"]: asked["answer"]["bundle"] for asked in questions}
    return {
        "rows": rows,
        "problems": [one.as_json() for one in map(partial(other_law, store), bundles.values()) if one is not None],
        "taken": sum(not one["repeated"] for one in rows),
        "conflicts": sum(bool(one["problems"]) for row in rows for one in row["reservations"]),
    }


def other_law(store: Store, bundle: Mapping[str, Any]) -> Problem | None:
    """That a bundle (`Bundle.limits`) rests on another law pack than stands now; None where it does not."""
    found = store.newest_of(LAW_KIND, before=store.head().size, most=1)
    if not found or found[0].index <= bundle["entry"]:
        return None
    rests_on = bundle.get("pack") or law_before(store, bundle["entry"] + 1).digest
    stands = law_now(store).digest
    if stands == rests_on:
        return None
    return problem(
        "offline.other-law", bundle=_short(bundle["sha256"]), port=bundle["port"] or "–", pack=_short(rests_on),
        entry=found[0].index, published=_short(stands),
    )  # fmt: skip


def _short(digest: str) -> str:
    return f"{digest[:12]}…"


class _Mine:
    """What the record that is merged has promised up to the line in hand, to tell it from what another record did."""

    def __init__(self) -> None:
        self.keys: set[tuple[str, str]] = set()

    def add(self, facts: Json) -> None:
        self.keys |= {one.key for one in promised_in(facts)}

    def others(self, store: Store, one: Promised, bundle_entry: int) -> list[Draw]:
        """What was spent of a promise's tranche since its bundle was made, and not by this record."""
        every = draws_of(store, "licence", [one.licence])
        standing = live(every)
        return [
            draw for draw in every
            if draw.act == "reserve" and draw.tranche == one.tranche and draw.entry > bundle_entry
            and draw.number in standing and (draw.declaration, draw.line) not in self.keys
        ]  # fmt: skip


def _reserved(
    store: Store, facts: Json, amends_reserved: bool, *, law: Jurisdiction, on: date, filed_at: datetime, by: str,
    mine: _Mine,
) -> Json | None:  # fmt: skip
    """Reserves what the port has promised, as of the day it did; part of the transaction that keeps the question."""
    del amends_reserved
    promised = promised_in(facts)
    if not promised:
        return None
    wanted = [
        Wanted(
            licence=one.licence, organisation=one.exporter, declaration=one.declaration, line=one.line,
            mass_mg=one.masses_mg.get(GOODS, 0), tranche=one.tranche,
            elements_mg={name: mass_mg for name, mass_mg in one.masses_mg.items() if name},
        )
        for one in promised
    ]  # fmt: skip
    others = {one.key: mine.others(store, one, facts["bundle"]["entry"]) for one in promised if one.tranche}
    drawn = reserve(store=store, wanted=wanted, law=law, on=on, filed_at=filed_at, by=by or None)
    return {
        "reservations": [
            _came_home(one, became, others.get(one.key, [])) for one, became in zip(promised, drawn, strict=True)
        ]
    }


def _came_home(one: Promised, drawn: Drawn, others: list[Draw]) -> Json:
    """`others`: what another record has spent of the tranche. It is said where there is no room for this promise, and
    where the other record promised the very same line: then its goods may have left twice."""
    facts: Json = encoded(drawn.answer) | {
        "licence": one.licence, "declaration": one.declaration, "line": one.line, "tranche": one.tranche,
        "mass_kg": format_kg(one.masses_mg.get(GOODS, 0)),
    }  # fmt: skip
    found: list[Problem] = []
    if drawn.draw is None:
        found.append(
            problem(
                "offline.no-room", declaration=one.declaration, line=one.line, licence=one.licence,
                mass_kg=facts["mass_kg"],
            )
        )  # fmt: skip
    else:
        others = [other for other in others if (other.declaration, other.line) == one.key]
    if others:
        named = ", ".join(f"{other.declaration}/{other.line}" for other in others)
        found.append(problem("offline.two-records", licence=one.licence, tranche=one.tranche, others=named))
    facts["problems"] = [*(each.as_json() for each in found), *facts["problems"]]
    return facts


def _lines_of(record: bytes) -> Iterable[bytes]:
    return (line for line in record.splitlines() if line.strip())


def _lines(cells: Iterable[Mapping[str, str]]) -> Iterable[Any]:
    for one in cells:
        yield from read_fields(one).lines


def _read(number: int, line: bytes) -> Json:
    try:
        found = json.loads(line)
        if found["format"] != FORMAT or len(found["cells"]) != len(found["answer"]["lines"]):
            raise ValueError("another format")
        datetime.fromisoformat(found["asked_at"]), date.fromisoformat(found["answer"]["day"])
        promised_in(found["answer"])
        if not found["answer"]["bundle"]["sha256"] or canonical_json(found) != line.strip():
            raise ValueError("no bundle, or not as it was written")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(
            text(
                "line {number} of the record cannot be read: copy the file again; nothing was taken or answered",
                number=number,
            )
        ) from error
    return found  # type: ignore[no-any-return]
