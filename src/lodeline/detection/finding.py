"""A finding is a question, not a verdict: what was seen, what would explain it innocently, what to ask.

Its id is a function of detector, subject and first month of the cause alone (`identity`), so the same question keeps
its id when the facts behind it change or the cause grows, and anyone who holds the same entries can recompute it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lodeline.accountancy.verification.verdict import State
from lodeline.detection.identity import finding_id, named_in
from lodeline.language import Text
from lodeline.material.mass import format_kg
from lodeline.message import Message, as_json, localized


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStep:
    """What a visit of inspectors made of a finding: the estimate after it, in the finding's terms.

    `visit` is the entry of its first paper, `on` its day (ISO), `before_mg` what stood before; `would_see_mg` the loss
    that it would have shown with probability .9.
    """

    visit: int
    on: str
    state: State
    element: str
    before_mg: int
    mass_mg: int
    interval_mg: tuple[int | None, int | None]
    score: float | None
    would_see_mg: int
    explanation: tuple[Message, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "visit": self.visit, "on": self.on, "state": self.state, "element": self.element,
            "before_kg": format_kg(self.before_mg), **_figures(self.mass_mg, self.interval_mg, self.score),
            "would_see_kg": format_kg(self.would_see_mg), **_sentences(self.explanation),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a detector saw.

    `subject` names an organisation, site, lot or pair ("SHIPPER>RECEIVER") by its id, and nothing that may grow; the
    period runs from month to month, inclusive ('YYYY-MM'). `cause_from` is the first month of the cause, None where
    that is the first of the period: months that are filed later do not move it. `score` is 1 − p under the detector's
    null, None where there is no σ. `mass_mg` is rare-earth oxide, or elements where only they are concerned;
    `interval_mg` bounds it, None on a side means unknown. The stamp (entry, root) belongs to the list of findings, not
    to one of them.
    """

    detector: str
    subject: Mapping[str, str]
    first_period: str
    last_period: str
    score: float | None
    mass_mg: int
    interval_mg: tuple[int | None, int | None]
    elements: tuple[str, ...]
    #: One message for each sentence.
    explanation: tuple[Message, ...]
    innocent: tuple[Text, ...]
    ask: tuple[Text, ...]
    evidence: tuple[Mapping[str, Any], ...]
    state: str = "open"
    cause_from: str | None = None
    #: What visits made of it, the first first; mass, interval and score are those after the last.
    measured: tuple[MeasuredStep, ...] = ()
    #: What the books alone say, where a visit has changed it.
    of_books: tuple[int, tuple[int | None, int | None], float | None] | None = None
    #: Its id, where that is kept: an older rule may have made it, or of what its reader is not shown.
    kept_id: str = ""

    @property
    def period(self) -> dict[str, str]:
        return {"from": self.first_period, "to": self.last_period}

    @property
    def since(self) -> str:
        """The first month of the cause."""
        return self.cause_from or self.first_period

    @property
    def id(self) -> str:
        """That of detector, subject and first month of the cause."""
        return self.kept_id or finding_id(self.detector, self.subject, self.since)

    @property
    def firm(self) -> str:
        """The organisation that it puts its question to; of a pair, the shipper."""
        return named_in(self.subject)[0]

    @property
    def firms(self) -> tuple[str, ...]:
        """All that it puts its question to: of a pair both sides, since what was seen shows as much of either."""
        return named_in(self.subject)[:2] if "pair" in self.subject else (self.firm,)

    def stated(self) -> Finding:
        """The finding as it is reported everywhere: scores to nine decimals, under its id."""
        steps = tuple(replace(one, score=_rounded(one.score)) for one in self.measured)
        books = self.of_books and (*self.of_books[:2], _rounded(self.of_books[2]))
        return replace(self, score=_rounded(self.score), measured=steps, of_books=books, kept_id=self.id)

    def by_books(self) -> Finding:
        """The finding as the books alone raise it: without what inspectors measured."""
        if self.of_books is None:
            return self
        mass_mg, interval_mg, score = self.of_books
        return replace(self, mass_mg=mass_mg, interval_mg=interval_mg, score=score, measured=(), of_books=None)

    def as_json(self) -> dict[str, Any]:
        """The row that `lodeline findings --json` prints; masses as decimal kg text."""
        return {
            "id": self.id,
            "detector": self.detector,
            "subject": dict(self.subject),
            "period": self.period,
            "since": self.since,
            **_figures(self.mass_mg, self.interval_mg, self.score),
            "elements": list(self.elements),
            **_sentences(self.explanation),
            "innocent": list(self.innocent),
            "ask": list(self.ask),
            "evidence": [dict(item) for item in self.evidence],
            "state": self.state,
            **({"measured": self._measured()} if self.measured else {}),
        }

    def _measured(self) -> dict[str, Any]:
        books = self.of_books or (self.mass_mg, self.interval_mg, self.score)
        return {"books": _figures(*books), "steps": [one.as_json() for one in self.measured]}


def _figures(mass_mg: int, interval_mg: tuple[int | None, int | None], score: float | None) -> dict[str, Any]:
    return {
        "score": _rounded(score),
        "mass_kg": format_kg(mass_mg),
        "interval_kg": [None if bound is None else format_kg(bound) for bound in interval_mg],
    }


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 9)


def _sentences(explanation: tuple[Message, ...]) -> dict[str, Any]:
    """In words and as facts; of what was kept without facts, in words alone."""
    return {
        "explanation": localized(explanation), "sentences": [as_json(one) for one in explanation if one.code],
    }  # fmt: skip


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """In the order in which they are shown: falling score, those without one last; then falling mass.

    What is equal in both is told apart by detector, subject and period, so the order never depends on the log's.
    """
    return sorted(
        findings,
        key=lambda one: (
            one.score is None, -(one.score or 0.0), -one.mass_mg, one.detector, *one.subject.values(), one.first_period,
        ),
    )  # fmt: skip
