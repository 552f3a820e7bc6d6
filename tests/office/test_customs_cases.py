"""Queries of customs: the notice and its seven working days, documents, a laboratory, the verdict anew, an end."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.office.conftest import NOW

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.journal.verify import verify_receipt
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.findings import views as case_views
from lodeline.office.findings.files import attached
from lodeline.office.findings.states import CaseError, MovedError
from lodeline.office.models import Case, CustomsCase, Notice
from lodeline.regulation.parameter import load
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import DeskError
from lodeline.service.entries.receipts import receipt
from lodeline.service.log.audit import verify
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

LAW = load("cn")
TODAY = date(2026, 2, 5)
FIRM = "MAG"
LINE = {
    "line": "1", "declaration": "D-1", "on": "2026-02-04", "exporter": FIRM, "product_name": "NdFeB magnets N45",
    "hs_code": "8505111000", "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "models_in_lot": "16", "mass_kg": "200",
}  # fmt: skip


def person(name: str, *roles: str, organisation: str = "") -> Actor:
    standings = tuple(RoleGrant(organisation=organisation, role=role) for role in roles)
    return Actor(user=None, name=name, pseudonym=name, standings=standings)


OFFICER, SECOND = person("officer", "customs-officer"), person("second", "customs-officer")
LICENSING, FILER = person("licensing", "licensing-officer"), person("filer", "filer", organisation=FIRM)


def asked(store: Store, **changes: str) -> tuple[int, str]:
    """The entry of a question about the line, and the id of its verdict."""
    declaration = read_fields(LINE | changes)
    answered = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    return desk.ask(OFFICER, store, declaration, answered, now=NOW).index, answered["lines"][0]["id"]


def opened(store: Store) -> Case:
    entry, verdict_id = asked(store)
    return customs_cases.open_case(
        OFFICER, store, entry, verdict_id=verdict_id, text="Which of the 16 models holds dysprosium?", law=LAW,
        today=TODAY, now=NOW,
    )  # fmt: skip


def answered(store: Store, case: Case) -> Case:
    return customs_cases.answer(
        FILER, store, FIRM, case.reference, text="None of them.", documents=["contract", "test-report", "love-letter"],
        files=attached([("report.pdf", b"%PDF-1.7 synthetic")]), now=NOW,
    )  # fmt: skip


def with_result(store: Store, case: Case, assay: str) -> Case:
    case = customs_cases.send_to_laboratory(
        OFFICER, store, case.reference, text="Three pieces of each model.", steps=case.steps_taken, now=NOW
    )
    return customs_cases.enter_result(
        OFFICER, store, case.reference, assay=assay, text="ICP-OES.", steps=case.steps_taken, law=LAW, today=TODAY,
        snapshot=open_snapshot(store), now=NOW,
    )  # fmt: skip


def test_the_notice_gives_seven_working_days_and_names_the_documents(store: Store) -> None:
    case = opened(store)
    # 6 and 9 to 13 February, and Saturday the 14th, which is worked before the spring festival of 2026.
    assert case.until == date(2026, 2, 14)
    seen = json.loads(case.seen)
    assert seen["required"] == ["paper-declaration", "contract", "statement", "test-report", "other"]
    assert {"model-list", "test-report"} <= seen["documents"].keys()
    (told,) = Notice.objects.filter(organisation=FIRM, kind="customs-query")
    assert json.loads(told.facts)["until"] == case.until.isoformat()
    assert verify(store).faults == ()


def test_queries_of_customs_are_not_among_the_cases_of_findings(store: Store) -> None:
    case = opened(store)
    assert not Case.objects.exists()
    assert [one.reference for one in CustomsCase.objects.all()] == [case.reference]
    assert case_views.own_cases(FILER, FIRM) == []
    assert [one.pk for one in customs_cases.own_cases(FILER, FIRM)] == [case.pk]


def test_a_laboratory_s_result_is_judged_anew_and_a_hold_is_not_released(store: Store) -> None:
    case = with_result(store, answered(store, opened(store)), "Dy=0.36")
    seen = json.loads(case.seen)
    assert (case.state, seen["line"]["verdict"]) == ("found", "hold")
    assert len(seen["before"]) == 1
    options: dict[str, Any] = {"text": "as found", "steps": case.steps_taken, "today": TODAY, "now": NOW}
    with pytest.raises(CaseError):
        customs_cases.decide(OFFICER, store, case.reference, kind="released", **options)
    case = customs_cases.decide(OFFICER, store, case.reference, kind="refused", **options)
    assert case.state == "refused"
    assert Notice.objects.filter(kind="customs-query-decided").count() == 3
    assert verify(store).faults == ()


def test_a_hold_is_released_after_two_officers(store: Store) -> None:
    case = with_result(store, answered(store, opened(store)), "Dy=0.36")
    seen = json.loads(case.seen)
    put = desk.override(
        OFFICER, store, seen["entry"], verdict_id=seen["verdict_id"], verdict="release", reason="licence shown", now=NOW
    )
    options: dict[str, Any] = {"text": "licence shown", "steps": case.steps_taken, "today": TODAY, "now": NOW}
    with pytest.raises(CaseError):
        customs_cases.decide(OFFICER, store, case.reference, kind="released", **options)
    desk.confirm(SECOND, store, seen["entry"], override_entry=put.index, now=NOW)
    assert customs_cases.decide(OFFICER, store, case.reference, kind="released", **options).state == "released"


def test_who_can_still_answer_is_not_refused_and_who_is_late_can(store: Store) -> None:
    case = opened(store)
    assert case.until is not None
    late = case.until + timedelta(days=1)
    options: dict[str, Any] = {"text": "no answer", "steps": case.steps_taken, "now": NOW}
    with pytest.raises(CaseError):
        customs_cases.decide(OFFICER, store, case.reference, kind="refused", today=case.until, **options)
    assert (customs_cases.is_overdue(case, case.until), customs_cases.is_overdue(case, late)) == (False, True)
    assert (
        customs_cases.decide(OFFICER, store, case.reference, kind="refused", today=late, **options).state == "refused"
    )


def test_reminders_come_once_before_the_day_and_once_after(store: Store) -> None:
    case = opened(store)
    assert case.until is not None
    days = [case.until - timedelta(days=2), case.until - timedelta(days=1), case.until, case.until + timedelta(days=1)]
    told = [customs_cases.remind(day, datetime(2026, 2, 20, tzinfo=UTC)) for day in days]
    assert told == [0, 1, 0, 1]


def test_only_customs_decides_and_only_the_exporter_answers(store: Store) -> None:
    entry, verdict_id = asked(store)
    options: dict[str, Any] = {"verdict_id": verdict_id, "text": "?", "law": LAW, "today": TODAY, "now": NOW}
    for who in (LICENSING, FILER):
        with pytest.raises(NotAllowedError):
            customs_cases.open_case(who, store, entry, **options)
    case = customs_cases.open_case(OFFICER, store, entry, **options)
    with pytest.raises(MovedError):
        customs_cases.open_case(SECOND, store, entry, **options)
    stranger = person("stranger", "filer", organisation="TRADE")
    with pytest.raises(NotAllowedError):
        customs_cases.answer(stranger, store, FIRM, case.reference, text="x", documents=[], now=NOW)
    with pytest.raises(CaseError):
        customs_cases.answer(stranger, store, "TRADE", case.reference, text="x", documents=[], now=NOW)
    with pytest.raises(MovedError):
        customs_cases.send_to_laboratory(OFFICER, store, case.reference, text="x", steps=0, now=NOW)


def test_what_cannot_be_asked_is_not_asked(store: Store) -> None:
    released, verdict_id = asked(store, models_in_lot="1", value="9000", currency="USD")
    nobody, open_id = asked(store, exporter="")
    for entry, one in ((released, verdict_id), (nobody, open_id)):
        with pytest.raises(CaseError):
            customs_cases.open_case(
                OFFICER, store, entry, verdict_id=one, text="?", law=LAW, today=TODAY, now=NOW
            )  # fmt: skip
    with pytest.raises(DeskError):
        customs_cases.open_case(OFFICER, store, released, verdict_id="no", text="?", law=LAW, today=TODAY, now=NOW)
    with pytest.raises(CaseError):
        with_result(store, opened(store), "much dysprosium")


def test_an_answer_is_kept_with_its_documents_and_its_receipt_opens_it(store: Store) -> None:
    case = answered(store, opened(store))
    step = case.steps.get(kind="answered")
    assert json.loads(step.content)["facts"]["documents"] == ["contract", "test-report"]
    assert step.entry is not None
    proof = receipt(store, step.entry, content=step.content.encode())
    assert proof is not None
    assert verify_receipt(proof, store.signer.verifier.vkey, upload=step.content.encode()) == []


def test_a_query_ends_with_its_declaration(store: Store) -> None:
    case = with_result(store, answered(store, opened(store)), "Dy=0.36")
    seen = json.loads(case.seen)
    first, with_assay = seen["before"][0], seen["entry"]
    entry, verdict_id = asked(store, declaration="D-2")
    other = customs_cases.open_case(
        OFFICER, store, entry, verdict_id=verdict_id, text="?", law=LAW, today=TODAY, now=NOW
    )
    put = desk.withdraw(OFFICER, store, first, reason="The order was cancelled.", now=NOW)
    case.refresh_from_db()
    step = case.steps.get(kind="closed")
    assert (case.state, case.until) == ("closed", None)
    assert json.loads(step.content)["facts"] == {"because": "withdrawn", "entry": put.index}
    assert json.loads(step.content)["text"] == "The order was cancelled."
    assert Notice.objects.filter(key=f"customs:{case.reference}:{step.number}").exists()
    other.refresh_from_db()
    assert other.state == "asked", "a query about another declaration is open as before"
    assert desk.question(OFFICER, store, with_assay).entry.index == with_assay
    assert verify(store).faults == ()


def test_an_amendment_closes_the_query_and_says_what_stands_in_its_place(store: Store) -> None:
    case = opened(store)
    declaration = read_fields(LINE | {"models_in_lot": "1"})
    found = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    before = json.loads(case.seen)["entry"]
    put = desk.ask(OFFICER, store, declaration, found, now=NOW, amends=before)
    case.refresh_from_db()
    told = json.loads(case.steps.get(kind="closed").content)
    assert (case.state, told["facts"]["because"]) == ("closed", "amended")
    assert f"entry {put.index} stands in its place" in told["text"] and f"条目 {put.index}" in told["text"]
    with pytest.raises(CaseError):
        customs_cases.send_to_laboratory(OFFICER, store, case.reference, text="x", steps=case.steps_taken, now=NOW)


def test_neither_is_done_where_one_cannot_be(store: Store) -> None:
    case = opened(store)
    with pytest.raises(DeskError):
        desk.withdraw(OFFICER, store, json.loads(case.seen)["entry"], reason=" ", now=NOW)
    case.refresh_from_db()
    assert (case.state, case.steps_taken) == ("asked", 1)


def test_an_exporter_does_not_end_a_query_by_taking_its_question_back(store: Store) -> None:
    declaration = read_fields(LINE)
    found = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store, asker=FIRM))
    entry = desk.ask(FILER, store, declaration, found, now=NOW, asker=FIRM).index
    case = customs_cases.open_case(
        OFFICER, store, entry, verdict_id=found["lines"][0]["id"], text="?", law=LAW, today=TODAY, now=NOW
    )
    with pytest.raises(DeskError, match="answer the query first"):
        desk.withdraw(FILER, store, entry, reason="mistyped", now=NOW)
    desk.withdraw(OFFICER, store, entry, reason="mistyped", now=NOW)
    case.refresh_from_db()
    assert case.state == "closed"


def test_a_query_whose_declaration_ended_by_a_command_is_closed_by_itself_once(store: Store) -> None:
    case = opened(store)
    question = desk_papers.question(store, json.loads(case.seen)["entry"])
    assert customs_cases.close_overtaken(store, now=NOW) == 0
    desk_papers.withdraw(store, question, reason="by command", by="", filed_at=NOW)
    with pytest.raises(CaseError, match="close the query"):
        customs_cases.decide(
            OFFICER, store, answered(store, case).reference, kind="released", text="x", steps=2, today=TODAY, now=NOW
        )
    assert [customs_cases.close_overtaken(store, now=NOW) for _ in range(2)] == [1, 0]
    case.refresh_from_db()
    assert case.steps.get(kind="closed").who == ""


def test_a_query_is_not_opened_about_what_ends_at_that_moment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, verdict_id = asked(store)
    terms = customs_cases.terms

    def meanwhile(*given: Any) -> Any:
        desk.withdraw(OFFICER, store, entry, reason="cancelled", now=NOW)
        return terms(*given)

    monkeypatch.setattr(customs_cases, "terms", meanwhile)
    with pytest.raises(MovedError):
        customs_cases.open_case(OFFICER, store, entry, verdict_id=verdict_id, text="?", law=LAW, today=TODAY, now=NOW)
    assert not CustomsCase.objects.exists()
