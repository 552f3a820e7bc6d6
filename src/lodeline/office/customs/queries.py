"""Queries of customs: what is asked of the shipper, answered, tested by a laboratory and decided, bound by the log.

The procedure is that of GAC Announcement 123 of 2025: a notice, the documents within so many working days, an
identification where customs asks for one, a result. Until it is decided the goods stay. Steps are those of any case
(`office.findings.cases`): appended, never changed, each an entry of the log.

    asked ── answered ── laboratory ── found ── released | refused
      │          └───────────────────────────── released | refused
      └─ refused, once the day has passed without an answer
    closed: the declaration was withdrawn or amended, which closes it by itself

Where a line waits for nothing but rules of which no text tells whether they hold, the query is about these: one of an
exporter, to which its later lines point. It outlives the declaration that it began with, and a standing answer ends it.

    asked ── answered ── settled
      └───────────────── settled
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from lodeline import language as lang
from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.control.standing_answer import StandingAnswer, is_open
from lodeline.journal.entry import canonical_json
from lodeline.language import bilingual
from lodeline.office.access.actor import Actor, NotAllowedError
from lodeline.office.access.audit import record_act
from lodeline.office.customs.rule_queries import (
    ABOUT_RULES,
    RULE,
    finding_of_rules,
    not_asked,
    open_about_rules,
    rules_of,
)
from lodeline.office.customs.seen import QueriedLine, queried_line
from lodeline.office.findings.cases import STEP_FORMAT, TEXT_CHARACTERS, keep_step
from lodeline.office.findings.files import Attached
from lodeline.office.findings.states import CaseError, MovedError, UnknownCaseError
from lodeline.office.models import Case, CustomsCase
from lodeline.office.notices.notices import notify
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.regulation.working_days import due_day
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.desk import answer as judged
from lodeline.service.customs.open_questions import exporter_of_line, open_rules, settles, waits_for_rules_alone
from lodeline.service.customs.papers import Question
from lodeline.service.customs.standing_answers import standing_answers
from lodeline.service.entries.moment import utc_text
from lodeline.store.law import law_now
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

State = Literal["asked", "answered", "laboratory", "found", "released", "refused", "settled", "closed"]
STATES: Final[tuple[State, ...]] = get_args(State)
Kind = Literal["asked", "answered", "laboratory", "found", "released", "refused", "settled", "closed"]
#: Kind of step → the states it may be taken in; it leads to the state of its name.
MOVES: Final[Mapping[Kind, frozenset[str]]] = {
    "asked": frozenset({"open"}),
    "answered": frozenset({"asked", "answered"}),
    "laboratory": frozenset({"asked", "answered"}),
    "found": frozenset({"laboratory"}),
    "released": frozenset({"answered", "found"}),
    "refused": frozenset({"asked", "answered", "found"}),
    "settled": frozenset({"asked", "answered"}),
    "closed": frozenset({"asked", "answered", "laboratory", "found"}),
}
OPEN: Final = frozenset({"asked", "answered", "laboratory", "found"})
MATTER: Final = "customs"
#: What became of a declaration that ends the queries about it.
Became = Literal["amended", "withdrawn"]
#: Who acts where it happens by itself.
NOBODY: Final = Actor(user=None, name="", pseudonym="", standings=())
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the law of a day asks of a shipper: the last day, and the kinds of documents. `assumed`: a working day was
    judged by a calendar that is an assumption."""

    until: date
    documents: tuple[str, ...]
    assumed: bool


def terms(law: Jurisdiction, today: date) -> Terms:
    """The terms of a notice given today. Raises CaseError where the law knows no such procedure or calendar."""
    try:
        value = law.at("customs-query-days", today, known=today).value
        reached = due_day(law, today, value["working_days"], known=today)
    except (KeyError, NoLawError) as error:
        raise CaseError(
            lang.text("The law of this day sets no term for an answer, or no calendar says which days are worked.")
        ) from error
    assert reached.due is not None, "a clock that is not stopped ends"
    return Terms(until=reached.due, documents=tuple(value["documents"]), assumed=reached.assumed)


# What customs does. All require "desk.decide".


def open_case(
    actor: Actor, store: Store, entry: int, *, verdict_id: str, text: str, law: Jurisdiction, today: date, now: datetime
) -> Case:
    """Gives notice to the exporter of one line of a question that was kept; about rules that nobody knows once for all
    lines that wait for these alone. Raises CaseError, DeskError; MovedError where that is asked already."""
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    line = asked.line(verdict_id)
    state = desk_papers.standing(store, asked)
    rules = open_rules(line) if waits_for_rules_alone(line) else ()
    exporter = exporter_of_line(store, asked, verdict_id) if rules else asked.entry.organisation
    if exporter is None:
        raise CaseError(lang.text("Nobody can be asked: the line names no exporter of the register."))
    if line["verdict"] == "release" or not state.is_in_place:
        raise CaseError(lang.text("Nothing is open about this line."))
    given = terms(law, today)
    place = next(number for number, one in enumerate(asked.lines) if one["id"] == verdict_id)
    seen = QueriedLine(
        entry=entry, verdict_id=verdict_id, line=line, cells=asked.paper["cells"][place],
        documents={code: asked.paper["answer"]["documents"].get(code) for code in line["documents"]},
        required=given.documents, assumed=given.assumed,
    )  # fmt: skip
    with store.database.transaction():
        finding = f"customs:{verdict_id}"
        if rules:
            rules = not_asked(exporter, rules)
            seen = replace(seen, rules=rules)
            finding = finding_of_rules(exporter, rules)
        case, new = CustomsCase.objects.get_or_create(
            finding=finding,
            defaults={
                "matter": MATTER, "organisation": exporter, "detector": "customs-query", "opened_at": now,
                "changed_at": now, "seen": seen.as_text(),
            },
        )  # fmt: skip
        if not new:
            raise MovedError(lang.text("A query about this line stands already."))
        # Whoever amends or withdraws it holds the head, and looks for queries under it.
        store.head(lock=True)
        if not desk_papers.standing(store, asked).is_in_place:
            raise MovedError(lang.text("The declaration was just amended or withdrawn."))
        if rules and settles(
            standing_answers(store), rules, exporter=exporter, day=date.fromisoformat(line["day"]), law=law
        ):
            raise MovedError(lang.text("A standing answer settles this: release the line, or ask about it anew."))
        _take(actor, store, case, "asked", text=_text(text), until=given.until, now=now)
    return case


def send_to_laboratory(
    actor: Actor, store: Store, reference: str, *, text: str, steps: int, now: datetime
) -> Case:  # fmt: skip
    """Asks a laboratory to identify the goods; the exporter is told."""
    return _decide(actor, store, reference, "laboratory", text=text, steps=steps, now=now)


def enter_result(
    actor: Actor, store: Store, reference: str, *, assay: str, text: str, steps: int, law: Jurisdiction, today: date,
    snapshot: Snapshot, now: datetime,
) -> Case:  # fmt: skip
    """Enters what the laboratory found, and puts the line to the desk anew. Raises CaseError for an assay unread."""
    actor.require("desk.decide")
    answer = _text(text)
    with store.database.transaction():
        case = _held(reference, steps)
        _check(case, "found")
        seen = queried_line(case)
        cells = {**seen.cells, "assay_composition": assay.strip()}
        declaration = read_fields(cells)
        faults = [one for one in declaration.lines[0].problems if one.where.column == "assay_composition"]
        if faults or not assay.strip():
            why = faults[0].message("en") if faults else "It is empty."
            why_zh = faults[0].message("zh") if faults else "未填写。"
            raise CaseError(lang.text("The composition cannot be read: {why}", why=bilingual(why, why_zh)))
        found = judged(declaration, LawDay.of(law, today), Ledger(snapshot=snapshot, store=store))
        kept = desk_papers.put_question(
            store, declaration, found, by=actor.pseudonym, channel="desk", filed_at=now, asker=""
        )
        case.seen = replace(
            seen, cells=cells, entry=kept.index, line=found["lines"][0], verdict_id=found["lines"][0]["id"],
            before=(*seen.before, seen.entry),
        ).as_text()  # fmt: skip
        facts = {"assay": assay.strip(), "verdict": found["lines"][0]["verdict"], "entry": kept.index}
        _take(actor, store, case, "found", text=answer, facts=facts, now=now)
    return case


def decide(
    actor: Actor, store: Store, reference: str, *, kind: Literal["released", "refused"], text: str, steps: int,
    today: date, now: datetime,
) -> Case:  # fmt: skip
    """Ends the case. What the desk holds is released only where an override of two officers stands.

    Raises CaseError; a shipper who may still answer is not refused.
    """
    actor.require("desk.decide")
    answer = _text(text)
    with store.database.transaction():
        case = _held(reference, steps)
        _check(case, kind)
        if kind == "refused" and case.state == "asked" and case.until is not None and today <= case.until:
            raise CaseError(lang.text("The shipper can still answer, until {until}.", until=case.until))
        if any(_ended(store, one) for one in _entries(case)):
            raise CaseError(lang.text("The declaration was amended or withdrawn: close the query."))
        if kind == "released" and standing_verdict(store, case) == "hold":
            raise CaseError(
                lang.text(
                    "The desk holds this line. It leaves with a licence, or after an override that a second "
                    "officer has confirmed."
                )
            )
        _take(actor, store, case, kind, text=answer, now=now)
    return case


def close(actor: Actor, store: Store, reference: str, *, text: str, steps: int, now: datetime) -> Case:
    """Ends the case of a declaration that was withdrawn or amended."""
    return _decide(actor, store, reference, "closed", text=text, steps=steps, now=now)


# Queries about rules.


def settle(actor: Actor, store: Store, case: Case, *, answer: StandingAnswer, now: datetime) -> None:
    """Ends a query about rules by an answer that two officers gave. Part of that transaction."""
    facts = {"answer": answer.entry, "verdict": answer.verdict, "until": answer.last.isoformat()}
    _take(actor, store, case, "settled", text=answer.citation, facts=facts, now=now)


# What happens with the declaration.


def open_about(asked: Question, *, lock: bool = True) -> list[Case]:
    """The queries about a question that nobody has decided, in one order; locked where a transaction is open."""
    found = CustomsCase.objects.filter(organisation=asked.entry.organisation or "", state__in=OPEN).order_by("pk")
    found = found.exclude(finding__startswith=RULE)
    return [one for one in (found.select_for_update() if lock else found) if asked.entry.index in _entries(one)]


def queries_about(asked: Question, *, lock: bool = True) -> frozenset[str]:
    """The ids of the verdicts of a question about which customs ask and nobody has decided."""
    cases = open_about(asked, lock=lock)
    return frozenset(
        verdict for one in cases for verdict in (one.finding.partition(":")[2], queried_line(one).verdict_id)
    )


def end_with_question(
    actor: Actor, store: Store, case: Case, *, became: Became, entry: int, text: str, now: datetime
) -> None:  # fmt: skip
    """Closes a query whose declaration was amended or withdrawn by `entry`. Part of that transaction."""
    answer = text.strip() or f"Amended: entry {entry} stands in its place. 已更正：以条目 {entry} 为准。"
    _take(actor, store, case, "closed", text=answer, facts={"because": became, "entry": entry}, now=now)


def close_overtaken(store: Store, *, now: datetime) -> int:
    """Closes queries whose declaration was amended or withdrawn where nobody of the office was asked, as by a command,
    and those about rules that the law pack tells now; returns how many."""
    closed = _close_told(store, now)
    about_goods = CustomsCase.objects.filter(state__in=OPEN).exclude(finding__startswith=RULE)
    for number in about_goods.order_by("pk").values_list("pk", flat=True):
        with store.database.transaction():
            case = CustomsCase.objects.select_for_update().get(pk=number)
            ended = next(filter(None, (_ended(store, one) for one in _entries(case))), None)
            if case.state in OPEN and ended is not None:
                became, entry, text = ended
                end_with_question(NOBODY, store, case, became=became, entry=entry, text=text, now=now)
                closed += 1
    return closed


def _close_told(store: Store, now: datetime) -> int:
    """Closes queries about rules of which none is open any more, on the day of the line that began it or today."""
    law = law_now(store)
    closed, today = 0, law.day_of(now)
    for number in [one.pk for one in open_about_rules(lock=False)]:
        with store.database.transaction():
            case = CustomsCase.objects.select_for_update().get(pk=number)
            days = (date.fromisoformat(queried_line(case).line["day"]), today)
            is_told = not any(is_open(law, rule, day, known=today) for rule in rules_of(case) for day in days)
            if case.state in OPEN and is_told:
                text = "The law pack tells now how the rule stands. 法规包现已载明该规定的状态。"
                _take(NOBODY, store, case, "closed", text=text, facts={"because": "told", "pack": law.digest}, now=now)
                closed += 1
    return closed


def _ended(store: Store, entry: int) -> tuple[Became, int, str] | None:
    state = desk_papers.standing(store, desk_papers.question(store, entry))
    if state.amended_by is not None:
        return "amended", state.amended_by, ""
    return None if state.withdrawn is None else ("withdrawn", state.withdrawn, state.reason)


def _entries(case: Case) -> list[int]:
    """The questions that a query is about: as it was opened, and as the line was put anew with a result."""
    seen = queried_line(case)
    return [seen.entry, *seen.before]


# What the exporter does.


def answer(
    actor: Actor, store: Store, organisation: str, reference: str, *, text: str, documents: Sequence[str],
    files: Sequence[Attached] = (), now: datetime,
) -> Case:  # fmt: skip
    """The shipper's answer, or a further one while nothing is decided. Requires "own.file" or "own.certify".

    `documents`: the kinds among those required that come with it.
    """
    actor.require("own.read", organisation)
    if not (actor.may("own.file", organisation) or actor.may("own.certify", organisation)):
        raise NotAllowedError(lang.text("Filers and certifiers answer for the organisation. Ask one of them."))
    answer = _text(text)
    with store.database.transaction():
        case = CustomsCase.objects.select_for_update().filter(reference=reference, organisation=organisation).first()
        if case is None:
            raise UnknownCaseError(lang.text("There is no such query."))
        required = queried_line(case).required
        given = [one for one in documents if one in required]
        _take(
            actor, store, case, "answered", text=answer, facts={"documents": given}, speaker=organisation, files=files,
            now=now,
        )  # fmt: skip
    return case


# What is asked about cases.


def cases(actor: Actor, *, state: str | None = None) -> list[Case]:
    """Every query, those that wait for somebody first. Requires "desk.use"."""
    actor.require("desk.use")
    found = CustomsCase.objects.all() if state is None else CustomsCase.objects.filter(state=state)
    return sorted(found, key=lambda one: (one.state not in OPEN, one.until or date.max, -one.changed_at.timestamp()))


def case_of(actor: Actor, reference: str) -> Case:
    """One query. Requires "desk.use"; raises CaseError."""
    actor.require("desk.use")
    return _found(CustomsCase.objects.filter(reference=reference).first())


def exporter_of(reference: str) -> str | None:
    """Whose goods the query is about."""
    return CustomsCase.objects.filter(reference=reference).values_list("organisation", flat=True).first()


def own_cases(actor: Actor, organisation: str) -> list[Case]:
    """The queries that an exporter was asked. Requires "own.read"."""
    actor.require("own.read", organisation)
    found = CustomsCase.objects.filter(organisation=organisation)
    return sorted(found, key=lambda one: (one.state != "asked", one.until or date.max, -one.changed_at.timestamp()))


def own_case(actor: Actor, organisation: str, reference: str) -> Case:
    """One of `own_cases`. Requires "own.read"; raises CaseError."""
    actor.require("own.read", organisation)
    return _found(CustomsCase.objects.filter(reference=reference, organisation=organisation).first())


def standing_verdict(store: Store, case: Case) -> str:
    """The verdict that stands about the line: the officers', where one does, else the desk's."""
    seen = queried_line(case)
    overrides = desk_papers.standing(store, desk_papers.question(store, seen.entry)).overrides
    found = overrides.get(seen.verdict_id)
    return found.verdict if found is not None and found.stands else seen.verdict


def is_overdue(case: Case, today: date) -> bool:
    """Whether the day to answer by has passed without an answer."""
    return case.state == "asked" and case.until is not None and today > case.until


def remind(today: date, now: datetime) -> int:
    """Tells exporters of queries that are due tomorrow or overdue; returns how many were told now."""
    new = 0
    for case in CustomsCase.objects.filter(state="asked"):
        assert case.until is not None, "a query has its day"
        days = (case.until - today).days
        kind = "customs-query-overdue" if days < 0 else "customs-query-due" if days <= 1 else ""
        if kind:
            facts = {"case": case.reference, "until": case.until.isoformat()}
            new += notify(case.organisation, kind, facts, key=f"customs:{case.reference}:{kind}", now=now)
    return new


def _decide(
    actor: Actor, store: Store, reference: str, kind: Kind, *, text: str, steps: int, now: datetime
) -> Case:  # fmt: skip
    actor.require("desk.decide")
    answer = _text(text)
    with store.database.transaction():
        case = _held(reference, steps)
        _take(actor, store, case, kind, text=answer, now=now)
    return case


def _held(reference: str, steps: int) -> Case:
    case = _found(CustomsCase.objects.select_for_update().filter(reference=reference).first())
    if case.steps_taken != steps:
        raise MovedError(
            lang.text(
                "Somebody took a step in this case after you opened the page. Look at it and decide again.",
                context="customs",
            )
        )
    return case


def _found(case: Case | None) -> Case:
    if case is None:
        raise UnknownCaseError(lang.text("There is no such query."))
    return case


def _check(case: Case, kind: Kind) -> None:
    if case.state not in MOVES[kind]:
        raise CaseError(lang.text("This cannot be done while the query is {state}.", state=case.state))
    if rules_of(case) and kind not in ABOUT_RULES:
        raise CaseError(
            lang.text("This asks about a rule and not about goods: a standing answer settles it, for all lines alike.")
        )


def _take(
    actor: Actor, store: Store, case: Case, kind: Kind, *, text: str, now: datetime, speaker: str = "",
    until: date | None = None, facts: Json | None = None, files: Sequence[Attached] = (),
) -> None:  # fmt: skip
    """Appends the step and moves the case, which the caller's transaction holds."""
    _check(case, kind)
    number = case.steps_taken + 1
    content = canonical_json(
        {
            "format": STEP_FORMAT, "case": case.reference, "number": number, "kind": kind, "at": utc_text(now),
            "by": actor.pseudonym, "organisation": speaker, "about": case.organisation, "finding": case.finding,
            "text": text, "until": None if until is None else until.isoformat(), "stands_until": None, "reason": None,
            "facts": facts, "assignee": None,
            "files": [
                {"name": one.name, "kind": one.kind, "sha256": one.sha256, "size": one.size} for one in files
            ],
        }
    )  # fmt: skip
    keep_step(store, case, number, kind, content, by=actor.pseudonym, speaker=speaker, files=files, now=now)
    case.state, case.steps_taken, case.changed_at = kind, number, now
    case.until = until if kind == "asked" else case.until if kind == "answered" else None
    case.save()
    if kind != "answered":
        notice = "customs-query" if kind == "asked" else "customs-query-decided"
        more_facts = {"case": case.reference, "until": None if until is None else until.isoformat(), "became": kind}
        notify(case.organisation, notice, more_facts, key=f"customs:{case.reference}:{number}", now=now)
    record_act(
        actor, f"customs.{kind}", organisation=case.organisation, subject=case.reference, facts={"step": number}
    )  # fmt: skip


def _text(text: str) -> str:
    stripped = text.replace("\r\n", "\n").strip()
    if not stripped or len(stripped) > TEXT_CHARACTERS:
        raise CaseError(
            lang.text(
                "Write it in a sentence or two, at most {text_characters} characters.", text_characters=TEXT_CHARACTERS
            )
        )
    return stripped
