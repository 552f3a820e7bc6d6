"""Questions put to the desk, and what was decided about the answers, as papers of the log.

A paper is never changed. An officer's verdict stands beside the machine's and does not replace it; a declaration that
is amended points back at the one before, and a withdrawn one stays in the log with its end. Either gives back in the
same transaction what the lines of the earlier one held reserved; what has left is neither amended nor withdrawn.

    question ── amended by a later question
       ├─ override            another verdict on one line, with its grounds; milder than a hold only when
       │   └─ confirmation    another officer confirms it
       ├─ release             lines that may leave, with what was reserved for them
       └─ withdrawal

DeskError      what was asked for cannot be done; the message says what can
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, Literal

from lodeline import language as lang
from lodeline.control.declaration import Declaration
from lodeline.control.reason import VERDICTS, VerdictWord
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.language import bilingual
from lodeline.ledger.licence import GOODS
from lodeline.material.mass import format_kg
from lodeline.service.customs.reservations import AMENDED, exporters_of, give_back, keys_of, left_already, numbers_of
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.service.licences.draw_facts import Draw
from lodeline.service.matching.feeds import day_of
from lodeline.store.opening import assert_guarded
from lodeline.store.store import DESK_KIND, Head, Store, StoredEntry

FORMAT: Final = "lodeline-declaration-v1"
Act = Literal["question", "override", "confirmation", "release", "withdrawal"]
#: Where a question was put: the authority's desk, beforehand by an exporter, a command, a port without a network.
Channel = Literal["desk", "pre-check", "command", "offline"]
REASON_CHARACTERS: Final = 4_000
#: Beyond so many lines a paper leaves out words that its codes and facts give again.
_WORDS_LINES: Final = 1_000
Json = dict[str, Any]
#: Reserves for what an answer releases, under the head, and writes it into the answer, or returns what the paper says
#: of it beside; told whether what the question amends had something reserved.
Promise = Callable[[bool], Json | None]


class DeskError(UserError):
    """This cannot be done."""


class UnknownQuestionError(DeskError):
    """There is no such question."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as it stands in the log."""

    entry: StoredEntry
    content: bytes

    @cached_property
    def paper(self) -> Mapping[str, Any]:
        """`asked_at`, `by`, `asker`, `channel`, `amends`, `bundle`, `late_s`, `cells`, and the `answer` given."""
        return json.loads(self.content)  # type: ignore[no-any-return]

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        return self.paper["answer"]["lines"]  # type: ignore[no-any-return]

    def line(self, verdict_id: str) -> Mapping[str, Any]:
        """The line whose verdict has this id. Raises DeskError."""
        for one in self.lines:
            if one["id"] == verdict_id:
                return one
        raise DeskError(lang.text("This question has no verdict of that id."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An officer's verdict on one line. `confirmed_by` is empty while another officer has to confirm it."""

    entry: int
    verdict_id: str
    verdict: VerdictWord
    reason: str
    by: str
    confirmed_by: str
    needs_confirmation: bool

    @property
    def stands(self) -> bool:
        return not self.needs_confirmation or bool(self.confirmed_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationStatus:
    """What became of a question: the entries of its amendment and withdrawal, and the newest override of each line.

    `releases`: id of a verdict → what was said of it when an officer last released it: `entry`, `released`, and
    `reservation` as `service.licences.draws.DrawAnswer`, None where the line draws on no licence.
    """

    amended_by: int | None
    withdrawn: int | None
    reason: str
    overrides: Mapping[str, Override]
    releases: Mapping[str, Json]

    @property
    def is_in_place(self) -> bool:
        """Whether it was neither amended nor withdrawn."""
        return self.amended_by is None and self.withdrawn is None

    def verdict(self, line: Mapping[str, Any]) -> VerdictWord:
        """The verdict that stands about a line of the answer: the officers', where one does, else the desk's."""
        found = self.overrides.get(line["id"])
        return found.verdict if found is not None and found.stands else line["verdict"]

    def waits(self, asked: Question, line: Mapping[str, Any], *, day: date) -> bool:
        """Whether a line may leave by its verdict and nobody has released it yet, or what was reserved has lapsed."""
        release: Json | None = self.releases.get(line["id"])
        # Asked with a reservation it was released then, but for what an officer has decided since.
        if release is None and "reserved" in asked.paper["answer"] and line["id"] not in self.overrides:
            release = {"released": line["verdict"] == "release", "reservation": line.get("reservation")}
        if asked.paper["asker"] or self.verdict(line) != "release":
            return False
        until = (release.get("reservation") or {}).get("until") if release else None
        return release is None or not release["released"] or (until is not None and until < day.isoformat())


def put_question(
    store: Store, declaration: Declaration, answer: Json, *, by: str, channel: Channel, filed_at: datetime,
    asker: str = "", amends: int | None = None, asked_at: datetime | None = None, bundle: Json | None = None,
    record: str | None = None, promise: Promise | None = None, part: Json | None = None,
) -> StoredEntry:  # fmt: skip
    """Keeps a question with its answer (`service.customs.desk.answer`). `by`: a pseudonym; `asker`: the firm that
    asks about its own goods. `asked_at` is earlier than `filed_at` where it was asked at a port and is brought in
    later, by the SHA-256 of its line of a `record`. What it amends holds nothing reserved any more; `promise` may
    reserve anew. `part`: of which batch it is a part, and which (`service.customs.batch`).

    Raises DeskError where `amends` is not a question that can be amended by this one.
    """
    assert_guarded(store)
    exporter = exporter_of(declaration, asker)
    period = answer["day"][:7] if exporter else None
    before = None if amends is None else question(store, amends)
    with store.database.transaction():
        head = store.head(lock=True)
        given_back: tuple[Draw, ...] = ()
        if before is not None:
            _check_amendment(store, before, declaration, exporter, asker)
            given_back = _give_back(store, head, before, reason=AMENDED, by=by, filed_at=filed_at)
        promised = promise(bool(given_back)) if promise is not None else None
        head = store.head()
        asked = asked_at or filed_at
        content = canonical_json(
            {
                "format": FORMAT, "act": "question", "place": head.size, "asked_at": utc_text(asked), "by": by,
                "asker": asker, "channel": channel, "amends": amends, "bundle": bundle,
                "late_s": int((filed_at - asked).total_seconds()) if asked_at else None,
                "cells": cells_of(declaration), "answer": _kept(answer), **_given_back(given_back),
                **(promised or {}), **(part or {}),
            }
        )  # fmt: skip
        return papers.put_paper(
            store, head, content, kind=DESK_KIND, name=f"declaration-{head.size}.json", filed_at=filed_at,
            facts={
                "act": "question", "by": by, "about": amends, **({"record": record} if record else {}),
                **_open_rules(answer, asker), **(part or {}),
            },
            organisation=exporter, period=period,
        )  # fmt: skip


def override(
    store: Store, asked: Question, *, verdict_id: str, verdict: VerdictWord, reason: str, by: str, filed_at: datetime
) -> StoredEntry:
    """An officer's own verdict on a line, with its grounds; the machine's reasons stay where they are.

    Raises DeskError where it says nothing else, gives no grounds, or the question does not stand any more.
    """
    line = asked.line(verdict_id)
    grounds = _reason(reason)
    with store.database.transaction():
        head = store.head(lock=True)
        state = standing(store, asked)
        _check_stands(state)
        before = state.overrides.get(verdict_id)
        if verdict == (before.verdict if before is not None and before.stands else line["verdict"]):
            raise DeskError(lang.text("That is the verdict that stands already."))
        return _put(
            store, head, asked, "override", by=by, filed_at=filed_at, about=asked.entry.index,
            more={
                "verdict_id": verdict_id, "from": line["verdict"], "verdict": verdict, "reason": grounds,
                "needs_confirmation": needs_confirmation(line["verdict"], verdict),
                "machine": [{"code": one["code"], "facts": one.get("facts", {})} for one in line["reasons"]],
            },
        )  # fmt: skip


def confirm(store: Store, asked: Question, *, override_entry: int, by: str, filed_at: datetime) -> StoredEntry:
    """Another officer confirms an override that lets go what was held. Raises DeskError."""
    with store.database.transaction():
        head = store.head(lock=True)
        state = standing(store, asked)
        _check_stands(state)
        found = next((one for one in state.overrides.values() if one.entry == override_entry), None)
        if found is None or found.stands:
            raise DeskError(lang.text("Nothing waits to be confirmed here."))
        if found.by == by:
            raise DeskError(lang.text("You proposed this: another officer confirms it.", context="customs, papers"))
        return _put(store, head, asked, "confirmation", by=by, filed_at=filed_at, about=override_entry, more={})


def release(
    store: Store, asked: Question, *, lines: Callable[[DeclarationStatus], list[Json]], by: str, filed_at: datetime
) -> StoredEntry:  # fmt: skip
    """Keeps that an officer released lines. `lines`: reserves for them under the head, as the question stands there,
    and returns what became of each (`DeclarationStatus.releases`, without the entry).

    Raises DeskError, and then nothing is reserved, where the question does not stand or no line is released.
    """
    with store.database.transaction():
        store.head(lock=True)
        state = standing(store, asked)
        _check_stands(state)
        released = lines(state)
        if not any(one["released"] for one in released):
            raise _nothing_released(released)
        return _put(
            store, store.head(), asked, "release", by=by, filed_at=filed_at, about=asked.entry.index,
            more={"lines": released},
        )  # fmt: skip


def _nothing_released(lines: Sequence[Json]) -> DeskError:
    faults = [found for one in lines for found in (one["reservation"] or {}).get("problems", ())]
    english = " ".join(dict.fromkeys(str(one["message"]["en"]) for one in faults))
    chinese = "".join(dict.fromkeys(str(one["message"]["zh"]) for one in faults))
    if not lines:
        return DeskError(lang.text("No line of it waits to be released."))
    why = bilingual(f" {english}".rstrip(), chinese)
    return DeskError(lang.text("Nothing of it is released.{why}", why=why))


def withdraw(store: Store, asked: Question, *, reason: str, by: str, filed_at: datetime) -> StoredEntry:
    """Withdraws a declaration that was asked about, and what it holds reserved with it.

    Raises DeskError where it does not stand any more, or where customs have confirmed that goods left under it.
    """
    grounds = _reason(reason)
    with store.database.transaction():
        head = store.head(lock=True)
        _check_stands(standing(store, asked))
        given_back = _give_back(store, head, asked, reason=grounds, by=by, filed_at=filed_at)
        return _put(
            store, store.head(), asked, "withdrawal", by=by, filed_at=filed_at, about=asked.entry.index,
            more={"reason": grounds, **_given_back(given_back)},
        )  # fmt: skip


def question(store: Store, entry: int) -> Question:
    """The question of an entry. Raises DeskError where that is none."""
    found = store.entry(entry)
    if found is None or not is_question(found):
        raise UnknownQuestionError(lang.text("Entry {entry} is no question to the desk.", entry=entry))
    return Question(entry=found, content=papers.paper_of(store, found))


def firms_of(store: Store, asked: Question) -> list[str]:
    """Whose goods a question is about: every exporter that its lines name by id or by a name of the register."""
    by_name = store.newest_register().organisation_by_name
    return sorted({*filter(None, [asked.entry.organisation]), *exporters_of(asked.paper["cells"], exporters=by_name)})


def is_question(entry: StoredEntry) -> bool:
    """Whether an entry keeps a question to the desk."""
    return entry.kind == DESK_KIND and facts_of(entry)["act"] == "question"


def questions(store: Store, *, organisation: str | None = None) -> list[StoredEntry]:
    """The entries of every question, or of those about one exporter, the newest first."""
    found = store.entries_of(DESK_KIND, organisation=organisation)
    return [one for one in reversed(found) if facts_of(one)["act"] == "question"]


def standing(store: Store, asked: Question) -> DeclarationStatus:
    """What later papers say about a question."""
    amended_by = withdrawn = None
    why = ""
    releases: dict[str, Json] = {}
    overrides: dict[str, Override] = {}
    for entry in store.entries_of(DESK_KIND, organisation=asked.entry.organisation):
        facts = facts_of(entry)
        if entry.index <= asked.entry.index:
            continue
        if facts["act"] == "question" and facts["about"] == asked.entry.index:
            amended_by = entry.index
        elif facts["act"] == "withdrawal" and facts["about"] == asked.entry.index:
            withdrawn, why = entry.index, json.loads(papers.paper_of(store, entry))["reason"]
        elif facts["act"] == "override" and facts["about"] == asked.entry.index:
            paper = json.loads(papers.paper_of(store, entry))
            overrides[paper["verdict_id"]] = Override(
                entry=entry.index, verdict_id=paper["verdict_id"], verdict=paper["verdict"], reason=paper["reason"],
                by=paper["by"], confirmed_by="", needs_confirmation=paper["needs_confirmation"],
            )  # fmt: skip
        elif facts["act"] == "release" and facts["about"] == asked.entry.index:
            lines = json.loads(papers.paper_of(store, entry))["lines"]
            releases |= {one["verdict_id"]: {**one, "entry": entry.index} for one in lines}
        elif facts["act"] == "confirmation":
            for key, one in overrides.items():
                if one.entry == facts["about"]:
                    overrides[key] = _confirmed(one, facts["by"])
    return DeclarationStatus(
        amended_by=amended_by, withdrawn=withdrawn, reason=why, overrides=overrides, releases=releases
    )  # fmt: skip


def exporter_of(declaration: Declaration, asker: str = "") -> str | None:
    """The one exporter that the lines name, or the firm that asks; None where there are several or none."""
    named = {str(line["exporter"]) for line in declaration.lines if line["exporter"]}
    return asker or (named.pop() if len(named) == 1 else None)


def cells_of(declaration: Declaration) -> list[dict[str, str]]:
    """The cells of every line as a paper holds them: half a surrogate pair, which UTF-8 cannot write, is a mark."""
    return [
        {name: text.encode("utf-8", "replace").decode() for name, text in line.cells.items()}
        for line in declaration.lines
    ]


def needs_confirmation(machine: VerdictWord, officer: VerdictWord) -> bool:
    """Whether an officer's verdict lets go what was held: then two decide."""
    return machine == "hold" and VERDICTS.index(officer) < VERDICTS.index(machine)


def facts_of(entry: StoredEntry) -> Mapping[str, Any]:
    """What the envelope of an entry says openly."""
    return json.loads(entry.envelope)["facts"]  # type: ignore[no-any-return]


def _confirmed(one: Override, by: str) -> Override:
    return Override(
        entry=one.entry, verdict_id=one.verdict_id, verdict=one.verdict, reason=one.reason, by=one.by, confirmed_by=by,
        needs_confirmation=True,
    )  # fmt: skip


def _put(
    store: Store, head: Any, asked: Question, act: Act, *, by: str, filed_at: datetime, about: int, more: Json
) -> StoredEntry:  # fmt: skip
    """Appends a paper about a question, under the head that the caller's transaction holds."""
    content = canonical_json(
        {
            "format": FORMAT, "act": act, "place": head.size, "by": by, "at": utc_text(filed_at), "about": about,
            "question": asked.entry.index, **more,
        }
    )  # fmt: skip
    return papers.put_paper(
        store, head, content, kind=DESK_KIND, name=f"{act}-{head.size}.json", filed_at=filed_at,
        facts={"act": act, "by": by, "about": about}, organisation=asked.entry.organisation,
        period=asked.entry.period,
    )  # fmt: skip


def _give_back(
    store: Store, head: Head, before: Question, *, reason: str, by: str, filed_at: datetime
) -> tuple[Draw, ...]:  # fmt: skip
    """Gives back what the lines of a question hold reserved. What an exporter asks beforehand holds nothing.

    Raises DeskError where something of it has left.
    """
    if before.paper["asker"]:
        return ()
    lines = keys_of(before.paper["cells"], exporters=store.register(head).organisation_by_name)
    for draw in left_already(store, lines):
        mass = format_kg(draw.masses_mg.get(GOODS, 0))
        raise DeskError(
            lang.text(
                "Customs have confirmed that {mass} kg left under line {line} ({reference}): what has "
                "left is neither amended nor withdrawn. Close the line with the confirmation of what "
                "left last, and the rest returns; what is still to leave is declared under a number of "
                "its own.",
                mass=mass,
                line=draw.line,
                reference=draw.reference,
            )
        )
    return give_back(store, head, lines, reason=reason, on=day_of(filed_at), filed_at=filed_at, by=by or None)


def _given_back(given_back: Sequence[Draw]) -> Json:
    """What a paper says of the reservations that ended with it."""
    return {"given_back": numbers_of(given_back)} if given_back else {}


def _check_amendment(
    store: Store, before: Question, declaration: Declaration, exporter: str | None, asker: str
) -> None:  # fmt: skip
    if asker and before.paper["asker"] != asker:
        raise DeskError(lang.text("Entry {index} is no question of yours.", index=before.entry.index))
    _check_stands(standing(store, before))
    numbers = {cells.get("declaration") for cells in before.paper["cells"]}
    if (
        exporter != before.entry.organisation
        or {line.cells.get("declaration") for line in declaration.lines} != numbers
    ):
        raise DeskError(lang.text("An amendment is of the same exporter and bears the same declaration numbers."))


def _check_stands(state: DeclarationStatus) -> None:
    if state.amended_by is not None:
        raise DeskError(
            lang.text(
                "This declaration was amended: entry {amended_by} stands in its place.", amended_by=state.amended_by
            )
        )
    if state.withdrawn is not None:
        raise DeskError(lang.text("This declaration was withdrawn."))


def _reason(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > REASON_CHARACTERS:
        raise DeskError(
            lang.text(
                "Give the grounds, in at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS
            )
        )
    return stripped


def _open_rules(answer: Json, asker: str) -> Json:
    """The rules of which no text tells whether they hold, where lines at the authority's desk wait for that."""
    reasons = (one for line in answer["lines"] for one in line["reasons"] if not asker)
    rules = sorted({rule for one in reasons for rule in one.get("open", ())})
    return {"open": rules} if rules else {}


def _kept(answer: Json) -> Json:
    """The answer as a paper keeps it: of many lines, without the words that codes and facts give again."""
    if len(answer["lines"]) <= _WORDS_LINES:
        return answer
    lines = [
        {
            **{name: value for name, value in line.items() if name not in ("elements", "models", "problems")},
            "reasons": [
                {name: one[name] for name in ("code", "verdict", "fields", "facts", "open") if name in one}
                for one in line["reasons"]
            ],
        }
        for line in answer["lines"]
    ]
    return {**answer, "lines": lines, "words": "by code"}
