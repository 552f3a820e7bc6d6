"""Many lines of a declaration decided at once: released, queried, held; all of what was chosen or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

from lodeline import language as lang
from lodeline.office.access.actor import Actor
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs.rule_queries import asked_already, needs_no_query
from lodeline.office.findings.states import CaseError
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.open_questions import waits_for_rules_alone
from lodeline.service.customs.papers import DeskError
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store, StoredEntry

Decision = Literal["release", "query", "hold"]
DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How many lines were released, queried and held; `pointed`: they wait for a rule about which their exporter is
    asked already, or is asked now by another line. `last`: the newest entry that came of it."""

    released: int
    queried: int
    held: int
    pointed: int
    last: int


def decide_lines(
    actor: Actor, store: Store, entry: int, decisions: Mapping[str, Decision], *, text: str, snapshot: Snapshot,
    law: Jurisdiction, today: date, now: datetime,
) -> Decided:  # fmt: skip
    """Does with each line (id of its verdict) what was chosen; `text` is what is asked and why it is held.

    Requires "desk.decide". Raises DeskError or CaseError, which name the line, and then nothing was done.
    """
    actor.require("desk.decide")
    if not decisions:
        raise DeskError(lang.text("Choose what to do with at least one line."))
    asked = desk_papers.question(store, entry)
    chosen = {one: [asked.line(key) for key, what in decisions.items() if what == one] for one in DECISIONS}
    put: list[StoredEntry] = []
    pointed = 0
    with store.database.transaction():
        for line in chosen["hold"]:
            with _named(line):
                put.append(
                    desk.override(actor, store, entry, verdict_id=line["id"], verdict="hold", reason=text, now=now)
                )
        for line in chosen["query"]:
            # A line before it may have asked its exporter about the same rule.
            if waits_for_rules_alone(line) and needs_no_query(line, asked_already(store, asked)):
                pointed += 1
                continue
            with _named(line):
                customs_cases.open_case(
                    actor, store, entry, verdict_id=line["id"], text=text, law=law, today=today, now=now
                )
        if chosen["release"]:
            only = [line["id"] for line in chosen["release"]]
            put.append(desk.release(actor, store, entry, snapshot=snapshot, law=law, today=today, now=now, only=only))
        last = store.head().size - 1
    released = _released(store, put[-1], only) if chosen["release"] else 0
    return Decided(
        released=released, queried=len(chosen["query"]) - pointed, held=len(chosen["hold"]), pointed=pointed, last=last
    )


def _released(store: Store, put: StoredEntry, only: list[str]) -> int:
    """How many of the lines left: for one for which nothing could be reserved the paper says so."""
    found = desk_papers.standing(store, desk_papers.question(store, int(desk_papers.facts_of(put)["about"])))
    return sum(bool(found.releases.get(one, {}).get("released")) for one in only)


@contextmanager
def _named(line: Mapping[str, object]) -> Iterator[None]:
    """What is refused within it says of which line."""
    try:
        yield
    except (CaseError, DeskError) as error:
        name = str(line["line"] or line["row"])
        raise type(error)(lang.text("Line {name}: {text} Nothing was decided.", name=name, text=error.words)) from error
