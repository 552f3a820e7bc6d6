"""What an officer has answered about a rule of which no text tells whether it holds: it settles that question alone.

Two officers stand behind an answer, which is about one exporter or all, from a day until a day. It holds for as long as
the pack says of the rule what it said then: `basis` differs once a value or a suspension of it is published, and the
answer is over. A verdict changes by the reason that is settled and by no other: whatever else speaks against a line
still does, and a party that is barred because the goods may be an item stays barred.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from lodeline.control.reason import VERDICTS, Reason, VerdictWord, reason
from lodeline.control.settling import documents
from lodeline.regulation.control_list import control_items_by_status
from lodeline.regulation.parameter import Jurisdiction, Parameter

#: Parameters whose state, where no text tells it, makes the desk ask; those of one question together.
ASKED_ABOUT: Final = (
    ("control-list",), ("technology-list",), ("equipment-list",), ("materials-list",),
    ("re-export-origin", "re-export-value-share", "re-export-technology"), ("compliance-notice",), ("us-materials",),
    ("listed-parties",), ("military-users",),
)  # fmt: skip
#: So many answers are kept of what a law sets for a rule.
_BASES_MOST: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAnswer:
    """An answer that two officers gave. `entry`: the one of the log that confirmed it.

    `bases`: rule → `basis_of` as the pack had it. `exporter`: None for all. `first`, `last`: days of the lines that it
    is about, both included. `document`: what is asked for where the verdict is "query" (`control.settling`), else "".
    `citation`: what the officers rest it on. `by`, `confirmed_by`: pseudonyms.
    """

    entry: int
    bases: tuple[tuple[str, str], ...]
    exporter: str | None
    first: date
    last: date
    verdict: VerdictWord
    document: str
    citation: str
    by: str
    confirmed_by: str

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(rule for rule, _ in self.bases)

    def is_about(self, rule: str, exporter: str | None, day: date, basis: str) -> bool:
        """Whether it answers for that exporter on that day, under a pack that says `basis` of the rule."""
        is_its_own = self.exporter is None or self.exporter == exporter
        return is_its_own and self.first <= day <= self.last and (rule, basis) in self.bases

    def as_json(self) -> dict[str, Any]:
        return {
            "entry": self.entry, "bases": dict(self.bases), "exporter": self.exporter,
            "first": self.first.isoformat(), "last": self.last.isoformat(), "verdict": self.verdict,
            "document": self.document, "citation": self.citation, "by": self.by, "confirmed_by": self.confirmed_by,
        }  # fmt: skip

    @classmethod
    def read(cls, content: Any) -> StandingAnswer:
        """From `as_json`."""
        return cls(
            **{
                **content, "bases": tuple(content["bases"].items()), "first": date.fromisoformat(content["first"]),
                "last": date.fromisoformat(content["last"]),
            }
        )  # fmt: skip


def open_questions(law: Jurisdiction, day: date, *, known: date) -> tuple[tuple[str, ...], ...]:
    """What the desk asks about on a day because no text tells it: the rules that each question rests on."""
    found: list[tuple[str, ...]] = []
    for names in ASKED_ABOUT:
        rules = [one.rule for name in names for one in law.named(name) if is_open(law, one.rule, day, known=known)]
        found += [tuple(rules)] * bool(rules) if len(names) > 1 else [(rule,) for rule in rules]
    return tuple(found)


def is_open(law: Jurisdiction, rule: str, day: date, *, known: date) -> bool:
    """Whether the desk asks about the rule on the day: no text tells whether it holds, or reaches all its items."""
    parameter = law.ruled(rule)
    if parameter is None or not any(parameter.name in names for names in ASKED_ABOUT):
        return False
    state = parameter.state(day, known=known)
    if state.status == "unknown":
        return state.value is not None and not state.value.unknown
    return any(item.rule == rule for item in control_items_by_status(law, day, "unknown", known=known))


@lru_cache(maxsize=_BASES_MOST)
def basis_of(law: Jurisdiction, rule: str) -> str:
    """SHA-256 of what decides of a rule in a law: its values and what suspends them; "" where it has no such rule."""
    parameter = law.ruled(rule)
    return "" if parameter is None else _digest(parameter)


def _digest(parameter: Parameter) -> str:
    values = [
        [one.value, one.unknown, one.corrects, one.in_force_from, one.in_force_to, one.published,
         one.citation.instrument, one.citation.article]
        for one in parameter.values
    ]  # fmt: skip
    effects = [
        [list(one.instruments), one.suspends, one.first, one.last, one.published, one.afterwards]
        for one in parameter.effects
    ]  # fmt: skip
    text = json.dumps([values, effects], ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(text.encode()).hexdigest()


def answer_for(
    answers: Iterable[StandingAnswer], rule: str, *, exporter: str | None, day: date, law: Jurisdiction
) -> StandingAnswer | None:
    """The answer that settles a rule for an exporter on a day: its own before that for all; the strictest of several
    alike."""
    basis = basis_of(law, rule)
    found = [one for one in answers if one.is_about(rule, exporter, day, basis)]
    return max(found, key=lambda one: (one.exporter is not None, VERDICTS.index(one.verdict), one.entry), default=None)


def settled(
    reasons: Sequence[Reason], answers: Sequence[StandingAnswer], *, exporter: str | None, day: date, law: Jurisdiction
) -> tuple[Reason, ...]:
    """The reasons, with what was answered in the place of each that rests on rules whose state no text tells. One that
    rests on another such rule as well, about which nobody has answered, stays beside the answer."""
    return tuple(
        each for one in reasons for each in ([one] if not one.open else _settled(one, answers, exporter, day, law))
    )


def _settled(
    asked: Reason, answers: Sequence[StandingAnswer], exporter: str | None, day: date, law: Jurisdiction
) -> Iterator[Reason]:
    found: dict[int, tuple[StandingAnswer, list[str]]] = {}
    is_whole = True
    for rule in asked.open:
        answer = answer_for(answers, rule, exporter=exporter, day=day, law=law)
        if answer is None:
            is_whole = False
        else:
            found.setdefault(answer.entry, (answer, []))[1].append(rule)
    if not is_whole:
        yield asked
    for answer, rules in found.values():
        yield _reason(asked, answer, rules, day)


def _reason(asked: Reason, answer: StandingAnswer, rules: list[str], day: date) -> Reason:
    document = documents().get(answer.document, {})
    made = reason(
        f"standing.{answer.verdict}", fields=asked.fields, law=asked.law, rules=", ".join(rules), settles=asked.code,
        day=day.isoformat(), entry=answer.entry, until=answer.last.isoformat(), citation=answer.citation,
        by=answer.by, confirmed_by=answer.confirmed_by, document=document.get("text_en", ""),
        document_zh=document.get("text_zh", ""),
    )  # fmt: skip
    return replace(made, open=tuple(rules), asks=(answer.document,)) if answer.verdict == "query" else made
