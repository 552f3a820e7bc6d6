"""Rules that no text tells: one query of an exporter and a rule, and an answer of two officers that settles all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.contracts.test_standing_answers import MORE as FROM_DECEMBER_OPEN
from tests.contracts.test_standing_answers import publish
from tests.office.test_customs_cases import LICENSING, OFFICER, SECOND, person

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.customs import desk, standing_answers
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs.rule_queries import asked_already
from lodeline.office.findings.states import CaseError, MovedError
from lodeline.office.models import AuditRecord, Case, CustomsCase, Notice
from lodeline.regulation.parameter import load
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import Question
from lodeline.service.customs.standing_answers import Proposal, StandingAnswerError, Wanted
from lodeline.service.log.audit import verify
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

LAW = load("cn")
NOW, TODAY = datetime(2026, 11, 24, 2, 0, tzinfo=UTC), date(2026, 11, 24)
FIRM = "MAG-1"
FILER = person("filer", "filer", organisation=FIRM)
#: A text that suspends the list for good.
MORE = FROM_DECEMBER_OPEN.replace("    to: 2026-11-30\n    afterwards: unknown\n", "").replace(
    "2026-11-21", "2026-11-12"
)
LIST = "announcement-57-2025/control-list"
LINE = {
    "line": "1", "declaration": "D-1", "on": "2026-11-20", "exporter": FIRM, "product_name": "NdFeB magnets N45",
    "hs_code": "8505111000", "controlled_declared": "no", "destination": "DE", "composition": "Nd=30;Ho=1;Dy=0",
    "end_user_name": "Example Motors GmbH", "mass_kg": "100", "value": "4500", "currency": "USD",
}  # fmt: skip
WANTED = Wanted(
    rules=(LIST,), exporter=None, first=date(2026, 11, 11), last=date(2027, 1, 31), verdict="release", document="",
    citation="Letter 7 of the ministry", grounds="Suspended lists are not applied meanwhile.",
)  # fmt: skip


def asked(store: Store, *lines: dict[str, str]) -> Question:
    declaration = Declaration(lines=tuple(read_fields(LINE | line).lines[0] for line in lines or ({},)))
    found = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    return desk_papers.question(store, desk.ask(OFFICER, store, declaration, found, now=NOW).index)


def opened(store: Store, question: Question, place: int = 0) -> Case:
    return customs_cases.open_case(
        OFFICER, store, question.entry.index, verdict_id=question.lines[place]["id"], text="Under which text?", law=LAW,
        today=TODAY, now=NOW,
    )  # fmt: skip


def confirmed(store: Store, **changes: Any) -> Proposal:
    made = standing_answers.propose(OFFICER, store, replace(WANTED, **changes), law=LAW, now=NOW)
    return standing_answers.confirm(SECOND, store, made.entry.index, law=LAW, now=NOW)


def state_of(case: Case) -> str:
    return CustomsCase.objects.get(pk=case.pk).state


def test_later_lines_of_the_exporter_point_at_the_query_and_need_none_of_their_own(store: Store) -> None:
    question = asked(store, {}, {"line": "2", "mass_kg": "200"})
    case = opened(store, question)
    later = asked(store, {"declaration": "D-2", "on": "2026-11-23"})
    for one, place in ((question, 1), (later, 0)):
        with pytest.raises(MovedError, match=f"query {case.reference}, to be answered by {case.until}"):
            opened(store, one, place)
        assert asked_already(store, one)[one.lines[place]["id"]] == [case]
    # A line that asks for something else as well has a query of its own.
    doubtful = asked(store, {"declaration": "D-3", "models_in_lot": "4"})
    assert opened(store, doubtful).pk != case.pk
    assert CustomsCase.objects.count() == 2
    assert verify(store).faults == ()


def test_of_lines_of_several_exporters_each_is_asked_about_its_own(store: Store) -> None:
    question = asked(store, {}, {"line": "2", "exporter": "ALL-1"}, {"line": "3"})
    assert question.entry.organisation is None
    assert [opened(store, question, place).organisation for place in (0, 1)] == [FIRM, "ALL-1"]
    with pytest.raises(MovedError, match="asked already"):
        opened(store, question, 2)
    confirmed(store)
    assert set(CustomsCase.objects.values_list("state", flat=True)) == {"settled"}


def test_an_answer_settles_every_query_about_its_rule_and_none_about_goods(store: Store) -> None:
    case, about_goods = opened(store, asked(store)), opened(store, asked(store, {"models_in_lot": "4"}))
    done = confirmed(store)
    assert (state_of(case), state_of(about_goods)) == ("settled", "asked")
    step = json.loads(case.steps.get(kind="settled").content)
    assert step["facts"] == {"answer": done.answer.entry, "verdict": "release", "until": "2027-01-31"}
    assert Notice.objects.filter(organisation=FIRM, kind="customs-query-decided").count() == 1
    assert asked(store).lines[0]["verdict"] == "release"
    assert set(AuditRecord.objects.values_list("what", flat=True)) >= {
        "standing.proposed", "standing.confirmed", "customs.settled",
    }  # fmt: skip
    assert verify(store).faults == ()


def test_of_another_exporter_or_with_a_document_the_query_goes_on(store: Store) -> None:
    case = opened(store, asked(store))
    confirmed(store, exporter="ALL-1", verdict="hold")
    assert state_of(case) == "asked"
    confirmed(store, verdict="query", document="end-use-certificate")
    assert state_of(case) == "asked"
    with pytest.raises(MovedError, match="asked already"):
        opened(store, asked(store))
    confirmed(store, exporter=FIRM, verdict="hold")
    assert state_of(case) == "settled"
    assert asked(store).lines[0]["verdict"] == "hold"


def test_it_outlives_the_declaration_that_it_began_with_and_is_about_no_goods(store: Store) -> None:
    question = asked(store)
    case = opened(store, question)
    desk.withdraw(OFFICER, store, question.entry.index, reason="not sent", now=NOW)
    assert customs_cases.close_overtaken(store, now=NOW) == 0
    case = customs_cases.answer(FILER, store, FIRM, case.reference, text="We know of none.", documents=[], now=NOW)
    options: dict[str, Any] = {"text": "as found", "steps": case.steps_taken, "now": NOW}
    with pytest.raises(CaseError, match="standing answer"):
        customs_cases.decide(OFFICER, store, case.reference, kind="released", today=TODAY, **options)
    with pytest.raises(CaseError, match="standing answer"):
        customs_cases.send_to_laboratory(OFFICER, store, case.reference, **options)
    confirmed(store)
    assert state_of(case) == "settled"
    # Once it is open again there is a query anew.
    made = confirmed(store, exporter=FIRM)
    for one in (made.entry.index, standing_of(store, None)):
        standing_answers.end(SECOND, store, one, reason="a text was found", law=LAW, now=NOW)
    assert opened(store, asked(store)).pk != case.pk


def standing_of(store: Store, exporter: str | None) -> int:
    from lodeline.service.customs.standing_answers import proposals  # noqa: PLC0415

    every = proposals(store, LAW, TODAY)
    return next(one.entry.index for one in every if one.state == "standing" and one.answer.exporter == exporter)


def test_what_was_answered_meanwhile_needs_no_query_and_is_released(store: Store) -> None:
    question = asked(store)
    confirmed(store)
    with pytest.raises(MovedError, match="standing answer"):
        opened(store, question)
    desk.release(
        OFFICER, store, question.entry.index, snapshot=open_snapshot(store), law=LAW, today=TODAY, now=NOW
    )  # fmt: skip
    assert list(desk_papers.standing(store, question).releases) == [question.lines[0]["id"]]
    assert not CustomsCase.objects.exists()


def test_two_officers_of_the_desk_and_nobody_else(store: Store) -> None:
    with pytest.raises(NotAllowedError):
        standing_answers.propose(LICENSING, store, WANTED, law=LAW, now=NOW)
    made = standing_answers.propose(OFFICER, store, WANTED, law=LAW, now=NOW)
    with pytest.raises(StandingAnswerError):
        standing_answers.confirm(OFFICER, store, made.entry.index, law=LAW, now=NOW)
    for actor in (LICENSING, FILER):
        with pytest.raises(NotAllowedError):
            standing_answers.confirm(actor, store, made.entry.index, law=LAW, now=NOW)
        with pytest.raises(NotAllowedError):
            standing_answers.end(actor, store, made.entry.index, reason="no", law=LAW, now=NOW)
    assert AuditRecord.objects.filter(what__startswith="standing.").count() == 1


@pytest.mark.medium
def test_a_query_about_a_rule_is_closed_once_the_law_pack_tells_it(store: Store) -> None:
    case, about_goods = opened(store, asked(store)), opened(store, asked(store, {"models_in_lot": "4"}))
    assert customs_cases.close_overtaken(store, now=NOW) == 0
    publish(store, {**LAW.pack.files, "announcement-99-2026/instrument.yaml": MORE})
    assert [customs_cases.close_overtaken(store, now=NOW) for _ in range(2)] == [1, 0]
    assert (state_of(case), state_of(about_goods)) == ("closed", "asked")
    assert verify(store).faults == ()
