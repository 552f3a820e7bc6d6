"""Standing answers: what two officers answer about a rule of which no text tells whether it holds, as papers of a log.

    proposed ── confirmed     by another officer: it settles the like from that entry on, on the days that it names
        ├────── refused       by another officer, who says why
        └────── withdrawn     by the one who proposed
    confirmed ── ended        by any officer: what it settled is a question again
        ├─────── past         its last day is over
        └─────── overtaken    the law pack says something else of the rule than it did then

Nothing is edited, and what was answered under it stays. What settles a line: `control.standing_answer`.

StandingAnswerError    this cannot be done; what stood goes on
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from lodeline import language as lang
from lodeline.control.reason import VERDICTS, VerdictWord
from lodeline.control.settling import documents
from lodeline.control.standing_answer import StandingAnswer, basis_of, is_open
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.language import Text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.papers import REASON_CHARACTERS
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.store.law import law_now
from lodeline.store.opening import assert_guarded
from lodeline.store.store import STANDING_KIND, Head, Store, StoredEntry

FORMAT: Final = "lodeline-standing-answer-v1"
#: So long may an answer stand: whoever wants it longer looks at it again.
DAYS_MOST: Final = 366
CITATION_CHARACTERS: Final = 500
State = Literal["proposed", "standing", "refused", "withdrawn", "ended", "past", "overtaken"]
Json = dict[str, Any]
#: Done in the transaction that writes the entry, told what became of the answer.
Also = Callable[["Proposal"], None]


class StandingAnswerError(UserError):
    """This cannot be done; what stood goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an officer proposes to answer. `rules`: one or several that one question rests on; `exporter`: None for all.

    `document`: of `control.settling`, for the verdict "query" alone. `citation`: the notice, letter or case that it
    rests on; `grounds`: why.
    """

    rules: tuple[str, ...]
    exporter: str | None
    first: date
    last: date
    verdict: VerdictWord
    document: str
    citation: str
    grounds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal with what became of it. `entry`: that of the proposal; `answer.entry`: the one that confirmed it, -1
    while none did; `ended`: the entry that refused, withdrew or ended it; `why`: what was said then."""

    entry: StoredEntry
    answer: StandingAnswer
    grounds: str
    state: State
    ended: int | None = None
    ended_by: str = ""
    why: str = ""

    def as_json(self) -> Json:
        return {
            **self.answer.as_json(), "proposal": self.entry.index, "proposed_at": self.entry.filed_at,
            "grounds": self.grounds, "state": self.state, "ended": self.ended, "ended_by": self.ended_by,
            "why": self.why, "entry": self.answer.entry if self.answer.entry >= 0 else None,
        }  # fmt: skip


def standing_answers(store: Store, *, before: int | None = None) -> tuple[StandingAnswer, ...]:
    """The answers that were confirmed and not ended in the first `before` entries of the log, or in all of it.

    Whether one is about a line is asked of itself: by day, exporter and what the pack says of the rule.
    """
    entries = store.entries_of(STANDING_KIND, within=None if before is None else (0, before))
    ended = {int(_facts(one)["about"]) for one in entries if _is_end(one)}
    return tuple(
        _confirmed(store, one)
        for one in entries
        if _facts(one)["act"] == "confirmed" and int(_facts(one)["about"]) not in ended
    )


#: Leaf hash of a confirmation → the answer: every question to the desk asks for all that stand.
_READ: dict[str, StandingAnswer] = {}
_READ_MOST: Final = 2_000


def _confirmed(store: Store, entry: StoredEntry) -> StandingAnswer:
    found = _READ.get(entry.leaf_hash)
    if found is None:
        if len(_READ) >= _READ_MOST:
            _READ.clear()
        found = _READ[entry.leaf_hash] = _answer(json.loads(papers.paper_of(store, entry)), entry.index)
    return found


def proposals(store: Store, law: Jurisdiction, today: date) -> list[Proposal]:
    """Every answer that was proposed, with how it stands today under a law, the newest first."""
    entries = store.entries_of(STANDING_KIND)
    confirmed = {int(_facts(one)["about"]): one for one in entries if _facts(one)["act"] == "confirmed"}
    ended = {int(_facts(one)["about"]): one for one in entries if _is_end(one)}
    found = []
    for entry in reversed([one for one in entries if _facts(one)["act"] == "proposed"]):
        content = json.loads(papers.paper_of(store, entry))
        confirmation, end = confirmed.get(entry.index), ended.get(entry.index)
        if confirmation is not None:
            content["confirmed_by"] = _facts(confirmation)["by"]
        answer = _answer(content, -1 if confirmation is None else confirmation.index)
        found.append(
            Proposal(
                entry=entry, answer=answer, grounds=content["grounds"],
                state=_facts(end)["act"] if end is not None else _state(answer, law, today),
                ended=None if end is None else end.index, ended_by="" if end is None else _facts(end)["by"],
                why="" if end is None else json.loads(papers.paper_of(store, end))["reason"],
            )
        )  # fmt: skip
    return found


def proposal_of(store: Store, entry: int, law: Jurisdiction, today: date) -> Proposal:
    """The proposal of an entry. Raises StandingAnswerError."""
    found = next((one for one in proposals(store, law, today) if one.entry.index == entry), None)
    if found is None:
        raise StandingAnswerError(lang.text("Entry {entry} proposes no standing answer.", entry=entry))
    return found


def propose(
    store: Store, wanted: Wanted, *, today: date, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> Proposal:
    """Enters an answer for another officer to confirm. Raises StandingAnswerError."""
    assert_guarded(store)
    checked = _checked(wanted, today)
    with store.database.transaction():
        head = store.head(lock=True)
        law = law_now(store)
        _check_open(checked, law, today)
        if checked.exporter is not None and checked.exporter not in store.register(head).roles:
            raise StandingAnswerError(
                lang.text("The register has no organisation {exporter}.", exporter=checked.exporter)
            )
        _check_alone(store, checked, law)
        content = {
            "bases": {rule: basis_of(law, rule) for rule in checked.rules}, "exporter": checked.exporter,
            "first": checked.first.isoformat(), "last": checked.last.isoformat(), "verdict": checked.verdict,
            "document": checked.document, "citation": checked.citation, "grounds": checked.grounds,
            "pack": law.digest, "confirmed_by": "",
        }  # fmt: skip
        entry = _put(store, head, {"act": "proposed", "by": by, "about": None}, content, filed_at=filed_at)
        made = proposal_of(store, entry.index, law, today)
        if in_transaction is not None:
            in_transaction(made)
    return made


def confirm(
    store: Store, proposal: int, *, today: date, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> Proposal:
    """Another officer confirms: it settles the like from this entry on. Raises StandingAnswerError."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        law = law_now(store)
        found = proposal_of(store, proposal, law, today)
        if found.state == "overtaken":
            raise StandingAnswerError(
                lang.text(
                    "The law pack says something else of this rule than it did when this was proposed: look "
                    "at the rule again, and propose anew if it is still open."
                )
            )
        if found.state == "past":
            raise StandingAnswerError(lang.text("Its last day is over: propose anew."))
        if found.state != "proposed":
            raise StandingAnswerError(lang.text("It is decided already."))
        if found.answer.by == by:
            raise StandingAnswerError(
                lang.text("You proposed this: another officer confirms it.", context="customs, standing answers")
            )
        _check_alone(store, found.answer, law)
        content = json.loads(papers.paper_of(store, found.entry))
        more = {name: content[name] for name in _ANSWER} | {
            "proposed_by": found.answer.by, "confirmed_by": by, "grounds": found.grounds,
        }  # fmt: skip
        _put(store, head, {"act": "confirmed", "by": by, "about": proposal}, more, filed_at=filed_at)
        made = proposal_of(store, proposal, law, today)
        if in_transaction is not None:
            in_transaction(made)
    return made


def end(
    store: Store, proposal: int, *, reason: str, today: date, filed_at: datetime, by: str,
    in_transaction: Also | None = None,
) -> Proposal:  # fmt: skip
    """Refuses what another proposed, takes the own proposal back, or ends an answer that stands: what it settled is a
    question again. Raises StandingAnswerError."""
    grounds = _text(reason, REASON_CHARACTERS, lang.text("Say why"))
    with store.database.transaction():
        head = store.head(lock=True)
        law = law_now(store)
        found = proposal_of(store, proposal, law, today)
        if found.ended is not None:
            raise StandingAnswerError(lang.text("It is ended already."))
        act = "ended" if found.answer.entry >= 0 else "withdrawn" if found.answer.by == by else "refused"
        _put(store, head, {"act": act, "by": by, "about": proposal}, {"reason": grounds}, filed_at=filed_at)
        made = proposal_of(store, proposal, law, today)
        if in_transaction is not None:
            in_transaction(made)
    return made


#: What of a proposal its confirmation repeats, so that it stands by itself.
_ANSWER: Final = ("bases", "exporter", "first", "last", "verdict", "document", "citation", "pack")


def _answer(content: Mapping[str, Any], entry: int) -> StandingAnswer:
    names = ("bases", "exporter", "first", "last", "verdict", "document", "citation", "confirmed_by")
    by = content.get("proposed_by") or content["by"]
    return StandingAnswer.read({name: content[name] for name in names} | {"entry": entry, "by": by})


def _state(answer: StandingAnswer, law: Jurisdiction, today: date) -> State:
    if any(basis_of(law, rule) != basis for rule, basis in answer.bases):
        return "overtaken"
    if today > answer.last:
        return "past"
    return "standing" if answer.entry >= 0 else "proposed"


def _is_end(entry: StoredEntry) -> bool:
    return _facts(entry)["act"] in ("refused", "withdrawn", "ended")


def _checked(wanted: Wanted, today: date) -> Wanted:
    """What an officer wrote, with its texts stripped. Raises StandingAnswerError."""
    if not wanted.rules:
        raise StandingAnswerError(lang.text("Choose the rule that it is about."))
    if wanted.verdict not in VERDICTS or (wanted.verdict == "query") != bool(wanted.document):
        raise StandingAnswerError(
            lang.text("Choose a verdict; a query, and no other, names the document that is asked for.")
        )
    if wanted.document and wanted.document not in documents():
        raise StandingAnswerError(lang.text("There is no such document.", context="customs"))
    if wanted.last < wanted.first or wanted.last < today or wanted.last - wanted.first > timedelta(days=DAYS_MOST):
        raise StandingAnswerError(
            lang.text(
                "The last day is not before the first, nor before today, and at most {days_most} days after the first.",
                days_most=DAYS_MOST,
            )
        )
    return Wanted(
        rules=tuple(dict.fromkeys(wanted.rules)), exporter=wanted.exporter, first=wanted.first, last=wanted.last,
        verdict=wanted.verdict, document=wanted.document,
        citation=_text(wanted.citation, CITATION_CHARACTERS, lang.text("Say what it rests on")),
        grounds=_text(wanted.grounds, REASON_CHARACTERS, lang.text("Give the grounds")),
    )  # fmt: skip


def _check_open(wanted: Wanted, law: Jurisdiction, today: date) -> None:
    for rule in wanted.rules:
        if not is_open(law, rule, wanted.first, known=today):
            raise StandingAnswerError(
                lang.text(
                    "The law pack tells how {rule} stands on {first}, or has no such rule: there is nothing to answer.",
                    rule=rule,
                    first=wanted.first,
                )
            )


def _check_alone(store: Store, wanted: Wanted | StandingAnswer, law: Jurisdiction) -> None:
    """No other answer stands about one of the rules, the same exporter (or all) and one of the days."""
    for one in standing_answers(store):
        shared = [rule for rule in wanted.rules if (rule, basis_of(law, rule)) in one.bases]
        if shared and one.exporter == wanted.exporter and one.first <= wanted.last and wanted.first <= one.last:
            raise StandingAnswerError(
                lang.text(
                    "Entry {entry} answers this already, from {first} until {last}: end that, or choose other days.",
                    entry=one.entry,
                    first=one.first,
                    last=one.last,
                )
            )


def _text(given: str, most: int, asked: Text) -> str:
    stripped = given.strip()
    if not stripped or len(stripped) > most:
        raise StandingAnswerError(lang.text("{asked}, in at most {most} characters.", asked=asked, most=most))
    return stripped


def _put(store: Store, head: Head, facts: Json, more: Json, *, filed_at: datetime) -> StoredEntry:
    content = canonical_json({"format": FORMAT, "place": head.size, "at": utc_text(filed_at), **facts, **more})
    return papers.put_paper(
        store, head, content, kind=STANDING_KIND, name=f"standing-answer-{head.size}.json", filed_at=filed_at,
        facts=facts,
    )  # fmt: skip


def _facts(entry: StoredEntry) -> Json:
    return json.loads(entry.envelope)["facts"]  # type: ignore[no-any-return]
