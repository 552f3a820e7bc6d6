"""What waits at the desk because no text tells a rule: by exporter and rule, and what answers let go since.

A line waits for the rules that its reasons name (`control.reason.Reason.open`). Its paper is never changed: whether it
still waits is asked of the answers that stand and of the law as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Final

from lodeline.control.standing_answer import StandingAnswer, answer_for, is_open
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.papers import DeclarationStatus, Question
from lodeline.service.customs.standing_answers import standing_answers
from lodeline.store.store import DESK_KIND, Store, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """Lines that wait because nobody knows a rule, or several that one question rests on: of one exporter (None: nobody
    whom the register knows). `first`, `last`: days of the lines.
    """

    rules: tuple[str, ...]
    exporter: str | None
    lines: int
    first: date
    last: date


def open_questions(store: Store, law: Jurisdiction, today: date) -> list[OpenQuestion]:
    """The lines at the desk that wait because no text tells a rule, by exporter and rule, the most lines first.

    Those of declarations that were neither amended nor withdrawn, and that no officer has decided or released, where no
    answer stands about the rule, exporter and day.
    """
    answers, names = standing_answers(store), store.newest_register().organisation_by_name
    found: dict[tuple[tuple[str, ...], str | None], list[date]] = {}
    for entry, decided in _asked(store):
        for line in _open_lines(store, entry):
            if line.verdict_id in decided:
                continue
            exporter = line.exporter or names.get(line.exporter_name) or entry.organisation
            for rules in line.questions:
                waits = (
                    is_open(law, rule, line.day, known=today)
                    and answer_for(answers, rule, exporter=exporter, day=line.day, law=law) is None
                    for rule in rules
                )
                if any(waits):
                    found.setdefault((rules, exporter), []).append(line.day)
    every = [
        OpenQuestion(rules=rules, exporter=exporter, lines=len(days), first=min(days), last=max(days))
        for (rules, exporter), days in found.items()
    ]
    return sorted(every, key=lambda one: (-one.lines, one.rules, one.exporter or ""))


@dataclass(slots=True)
class _Looked:
    """What the entries of the desk below `size` say, looked at once: the log only grows. `root`: of the last of them.

    `asked`: questions with lines under open rules; `over`: those amended or withdrawn; `touched`: those of which
    officers decided something.
    """

    size: int = 0
    root: str = ""
    asked: dict[int, StoredEntry] = field(default_factory=dict)
    over: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)


_LOOKED: dict[str, _Looked] = {}
_LOOKED_LOCK: Final = Lock()


def _asked(store: Store) -> list[tuple[StoredEntry, frozenset[str]]]:
    """Every question that stands and had lines under an open rule, with the ids of the verdicts that officers decided
    since."""
    with _LOOKED_LOCK:
        looked = _looked(store)
        found = [(one, one.index in looked.touched) for one in looked.asked.values() if one.index not in looked.over]
    return [(entry, _decided(store, entry) if is_touched else frozenset()) for entry, is_touched in found]


def _looked(store: Store) -> _Looked:
    looked = _LOOKED.setdefault(store.database.url, _Looked())
    last = store.entry(looked.size - 1) if looked.size else None
    if looked.size and (last is None or last.root != looked.root):
        looked = _LOOKED[store.database.url] = _Looked()
    size = store.head().size
    for entry in store.entries_of(DESK_KIND, within=(looked.size, size)):
        facts = desk_papers.facts_of(entry)
        if facts["act"] in ("question", "withdrawal"):
            looked.over.add(facts["about"])
        elif facts["act"] in ("override", "release"):
            looked.touched.add(facts["about"])
        if facts.get("open"):
            looked.asked[entry.index] = entry
    newest = store.entry(size - 1)
    looked.size, looked.root = size, newest.root if newest is not None else ""
    return looked


def _decided(store: Store, entry: StoredEntry) -> frozenset[str]:
    question = desk_papers.question(store, entry.index)
    state = desk_papers.standing(store, question)
    return frozenset(one["id"] for one in question.lines if _is_decided(state, one["id"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenLine:
    """A line of a kept question under rules that nobody knew; `exporter_name` is case-folded. `questions`: the rules of
    each reason."""

    verdict_id: str
    exporter: str
    exporter_name: str
    day: date
    questions: tuple[tuple[str, ...], ...]


#: Digest of a question's paper, which is never changed → its lines under open rules.
_OPEN_LINES: dict[str, tuple[_OpenLine, ...]] = {}
_OPEN_LINES_MOST: Final = 10_000


def _open_lines(store: Store, entry: StoredEntry) -> tuple[_OpenLine, ...]:
    found = _OPEN_LINES.get(entry.digest)
    if found is None:
        if len(_OPEN_LINES) >= _OPEN_LINES_MOST:
            _OPEN_LINES.clear()
        paper = desk_papers.question(store, entry.index).paper
        found = _OPEN_LINES[entry.digest] = tuple(
            _OpenLine(
                verdict_id=line["id"], exporter=cells.get("exporter", ""),
                exporter_name=cells.get("exporter_name", "").casefold(), day=date.fromisoformat(line["day"]),
                questions=questions,
            )
            for cells, line in zip(paper["cells"], paper["answer"]["lines"], strict=True)
            if (questions := tuple(dict.fromkeys(tuple(one["open"]) for one in line["reasons"] if one.get("open"))))
        )  # fmt: skip
    return found


def open_rules(line: Mapping[str, Any]) -> tuple[str, ...]:
    """The rules of which no text tells whether they hold that a line of an answer waits for."""
    return tuple(dict.fromkeys(rule for one in line["reasons"] for rule in one.get("open", ())))


def waits_for_rules_alone(line: Mapping[str, Any]) -> bool:
    """Whether nothing but such rules stands in the way of a line of an answer."""
    return line["verdict"] == "query" and all(one.get("open") for one in line["reasons"] if one["verdict"] != "release")


def exporter_of_line(store: Store, asked: Question, verdict_id: str) -> str | None:
    """Whose goods a line of a kept question is about."""
    place = next(number for number, one in enumerate(asked.lines) if one["id"] == verdict_id)
    cells = asked.paper["cells"][place]
    names = store.newest_register().organisation_by_name
    return cells.get("exporter") or names.get(cells.get("exporter_name", "").casefold()) or asked.entry.organisation


def _is_decided(state: DeclarationStatus, verdict_id: str) -> bool:
    override, release = state.overrides.get(verdict_id), state.releases.get(verdict_id)
    return bool((override is not None and override.stands) or (release is not None and release["released"]))


def settles(
    answers: Sequence[StandingAnswer], rules: Sequence[str], *, exporter: str, day: date, law: Jurisdiction
) -> bool:
    """Whether answers say of every one of the rules that the goods of an exporter go or wait, without a question."""
    given = [answer_for(answers, rule, exporter=exporter, day=day, law=law) for rule in rules]
    return all(one is not None and one.verdict != "query" for one in given)


def let_go(store: Store, law: Jurisdiction, asked: Question, state: DeclarationStatus) -> frozenset[str]:
    """The ids of the verdicts of a kept question that asked for no other reason than rules that nobody knew, and which
    answers let go since. The answer that was given stays; a release is an act of its own, and judges them anew."""
    waiting = [
        one for one in asked.lines
        if waits_for_rules_alone(one) and not asked.paper["asker"] and not _is_decided(state, one["id"])
    ]  # fmt: skip
    answers = standing_answers(store) if waiting else ()
    found = set()
    for line in waiting if answers else ():
        exporter, day = exporter_of_line(store, asked, line["id"]), date.fromisoformat(line["day"])
        given = [answer_for(answers, rule, exporter=exporter, day=day, law=law) for rule in open_rules(line)]
        if all(one is not None and one.verdict == "release" for one in given):
            found.add(line["id"])
    return frozenset(found)
