"""Release with a reservation: what the desk releases on a licence is promised at once, so that nobody else gets it.

The verdict is the desk's; only the promise is written. A line that cannot be promised waits. A declaration that amends
another gives back what that held and is promised anew in one transaction, so nobody gets in between. What was asked
without a promise is released later by an officer, and reserved then: judged anew, for a licence may have been spent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.desk import Verdict
from lodeline.control.licences.licence import draws_of
from lodeline.control.reason import VERDICTS, worst
from lodeline.control.rulebook import LawDay
from lodeline.encoding import encoded
from lodeline.language import text
from lodeline.ledger.licence import GOODS, Licence
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answered, sources_of
from lodeline.service.customs.open_questions import let_go
from lodeline.service.customs.papers import DeclarationStatus, DeskError, Promise, Question
from lodeline.service.customs.reservations import keys_of
from lodeline.service.licences.draws import Wanted, reserve
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store, StoredEntry

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A declaration that was judged and promised nothing yet. `document`: what `service.customs.desk.answer` says."""

    declaration: Declaration
    document: Json
    verdicts: tuple[Verdict, ...]
    on: LawDay

    def promise(self, store: Store, *, filed_at: datetime, by: str | None, always: bool = True) -> Promise:
        """Reserves for each line that is released on a licence, once, and writes it into the document: a line whose
        reservation is refused is held, with the problems under `reservation`; others have null there.

        Not `always`: only where it amends what had something reserved.
        """

        def promise(amends_reserved: bool) -> None:
            if always or amends_reserved:
                self._reserve(store, filed_at=filed_at, by=by)

        return promise

    def _reserve(self, store: Store, *, filed_at: datetime, by: str | None) -> None:
        drawing = [place for place, one in enumerate(self.verdicts) if one.verdict == "release" and _draws(one)]
        licences = store.register(store.head()).licences
        wanted = [_wanted(self.verdicts[place], licences) for place in drawing]
        drawn = (
            reserve(store=store, wanted=wanted, law=self.on.law, on=self.on.day, filed_at=filed_at, by=by)
            if wanted
            else []
        )
        lines = self.document["lines"]
        for line, verdict in zip(lines, self.verdicts, strict=True):
            line |= {"reservation": None, "verdict": verdict.verdict}
        for place, one in zip(drawing, drawn, strict=True):
            stands = "release" if one.draw is not None else "hold"
            lines[place] |= {"reservation": encoded(one.answer), "verdict": stands}
        words = [line["verdict"] for line in lines]
        self.document.update(
            verdict=worst(words) if words else "query",
            counts={word: words.count(word) for word in VERDICTS},
            reserved=sum(one.draw is not None for one in drawn),
        )


def judge(declaration: Declaration, on: LawDay, ledger: Ledger | None, *, amends: int | None = None) -> Judged:
    """What `service.customs.desk.answer` says. What the question `amends` holds does not stand against it.

    Raises DeskError where that is no question.
    """
    # What an exporter asks beforehand holds nothing.
    if ledger is not None and not ledger.asker:
        ledger = replace(ledger, amended=_amended(ledger, amends))
    document, verdicts = answered(declaration, on, sources_of(declaration, on, ledger))
    return Judged(declaration=declaration, document=document, verdicts=verdicts, on=on)


def _amended(ledger: Ledger, amends: int | None) -> frozenset[tuple[str, str]]:
    if ledger.store is None or amends is None:
        return frozenset()
    before = desk_papers.question(ledger.store, amends)
    keys = keys_of(before.paper["cells"], exporters=ledger.snapshot.register.organisation_by_name)
    return frozenset((declaration, line) for declaration, line, _ in keys)


def judge_again(*, store: Store, snapshot: Snapshot, asked: Question, law: Jurisdiction, today: date) -> Judged:
    """A kept question as the desk judges it now. Raises DeskError for what an exporter asked beforehand."""
    if asked.paper["asker"]:
        raise DeskError(
            text("This was asked beforehand by the exporter. Ask it at the desk of customs, and release that.")
        )
    lines = tuple(read_fields(cells).lines[0] for cells in asked.paper["cells"])
    ledger = Ledger(snapshot=snapshot, store=store)
    return judge(Declaration(lines=lines), LawDay.of(law, today), ledger, amends=asked.entry.index)


def release_kept(
    *,
    store: Store,
    asked: Question,
    judged: Judged,
    filed_at: datetime,
    by: str,
    only: Collection[str] = (),
    besides: Collection[str] = (),
) -> StoredEntry:
    """Releases the lines of a kept question that may leave and were not released yet, and reserves for each that draws
    on a licence: one transaction. `judged`: as of `judge_again`; what the desk judges more strictly now than when it
    was asked stays. `only`: ids of verdicts, all where there is none; `besides`: those about which customs still ask.

    Raises DeskError where nothing is released.
    """
    today, law = judged.on.day, judged.on.law

    def released(state: DeclarationStatus) -> list[Json]:
        answered_since = let_go(store, law, asked, state)
        places = [
            place
            for place, line in enumerate(asked.lines)
            if (
                state.waits(asked, line, day=today)
                or (line["id"] in answered_since and judged.verdicts[place].verdict == "release")
            )
            and (not only or line["id"] in only)
            and line["id"] not in besides
            and VERDICTS.index(judged.verdicts[place].verdict) <= VERDICTS.index(line["verdict"])
        ]
        drawing = [place for place in places if _draws(judged.verdicts[place])]
        licences = store.register(store.head()).licences
        wanted = [_wanted(judged.verdicts[place], licences) for place in drawing]
        drawn = reserve(store=store, wanted=wanted, law=law, on=today, filed_at=filed_at, by=by) if wanted else []
        drawn_lines = {place: encoded(one.answer) for place, one in zip(drawing, drawn, strict=True)}
        return [
            {
                "verdict_id": asked.lines[place]["id"], "line": asked.lines[place]["line"],
                "released": place not in drawn_lines or drawn_lines[place]["reservation"] is not None,
                "reservation": drawn_lines.get(place),
            }
            for place in places
        ]  # fmt: skip

    return desk_papers.release(store, asked, lines=released, by=by, filed_at=filed_at)


def _draws(verdict: Verdict) -> dict[str, int]:
    return draws_of(verdict.line, verdict.case.needs) if verdict.case is not None else {}


def _wanted(verdict: Verdict, licences: Mapping[str, Licence]) -> Wanted:
    line = verdict.line
    draws_mg = _draws(verdict)
    found = licences.get(line["licence"])
    limited = found.elements_mg if found else {}
    return Wanted(
        licence=line["licence"], organisation=line["exporter"] or "", declaration=line["declaration"] or "",
        line=line["line"] or "", mass_mg=draws_mg.get(GOODS, 0),
        elements_mg={name: mass_mg for name, mass_mg in draws_mg.items() if name in limited},
    )  # fmt: skip
