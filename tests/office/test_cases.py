"""Cases of findings: steps that only grow, the right of reply, four eyes, what stands and what does not any more."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest
from django.db import connections
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from tests.findings import finding_in
from tests.office.register import REGISTER
from tests.stores import copied, put_away, ready_store

from lodeline.journal.verify import verify_receipt
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.findings import cases
from lodeline.office.findings import review as case_review
from lodeline.office.findings import states as case_states
from lodeline.office.findings import views as case_views
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.findings.files import FileRefusedError, attached, content_of
from lodeline.office.findings.states import CaseError, Facts, MovedError, material_change
from lodeline.office.log import step_proof
from lodeline.office.models import AuditRecord, Case, CaseFile, CaseStep, Notice
from lodeline.regulation.parameter import load
from lodeline.service.entries.receipts import receipt
from lodeline.service.entries.records import put_records
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

NOW = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)
TODAY = date(2026, 2, 5)
BY = date(2026, 2, 20)
FIRM = "MAG"
FINDING = "ab" * 32
_NUMBER = count()
STAMP = {"entry": 0, "root": "00" * 32}


def person(name: str, *roles: str, organisation: str = "") -> Actor:
    """Somebody with roles in an organisation, or in the authority."""
    standings = tuple(RoleGrant(organisation=organisation, role=role) for role in roles)
    return Actor(user=1, name=name, pseudonym=name, standings=standings)


ANALYST, INSPECTOR = person("analyst", "analyst"), person("inspector", "inspector")
FILER = person("filer", "filer", organisation=FIRM)


def found(finding: str = FINDING, **changes: Any) -> dict[str, Any]:
    """A finding as `lodeline findings --json` has it."""
    return {
        "id": finding, "detector": "unexplained-gain", "subject": {"organisation": FIRM, "site": "MAG-A"},
        "period": {"from": "2025-12", "to": "2026-01"}, "score": 0.996, "mass_kg": "100", "elements": ["Nd", "Pr"],
        "interval_kg": ["80", "120"], "evidence": [], "innocent": [], "ask": [],
        "explanation": {"en": "Seen.", "zh": "所见。"}, "state": "open", **changes,
    }  # fmt: skip


def sight(row: dict[str, Any] | None = None, *, today: date = TODAY, steps: int | None = None) -> FindingAsSeen:
    """The finding as an official has it in view now."""
    row = row or found()
    case = Case.objects.filter(finding=row["id"]).first()
    taken = 0 if case is None else case.steps_taken
    return FindingAsSeen(finding=finding_in(row), stamp=STAMP, today=today, steps=taken if steps is None else steps)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The store of a URL, which the office looks at."""
    with override_settings(LODELINE_DATABASE=url):
        made = open_store(url)
        yield made
        made.database.close()


def furnish(url: str) -> None:
    """A store with a register and an office."""
    made = ready_store(url)
    put_records(made, REGISTER, filed_at=NOW)
    put_away(made)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store of its own for each test on each database, whose steps hold when the test is over."""
    with opened(copied(furnish, url)) as made:
        yield made
        assert list(step_proof.judge(made, list(made.entries()))) == []


def ask(store: Store, actor: Actor = ANALYST, row: dict[str, Any] | None = None) -> Case:
    return cases.ask(actor, store, sight(row), text="Where is it from?", until=BY, now=NOW)


def answer(store: Store, text: str = "A scale was out of order.", finding: str = FINDING, **more: Any) -> Case:
    return cases.answer(FILER, store, FIRM, finding, text=text, now=NOW, **more)


def test_a_question_is_asked_answered_and_decided_and_the_log_holds_every_word(store: Store) -> None:
    ask(store)
    answer(store)
    case = cases.confirm(INSPECTOR, store, sight(), text="The ticket says otherwise.", now=NOW)
    assert case.state == "confirmed"
    steps = case_views.steps_of(case, reader=None)
    assert [(one.number, one.kind, one.who, one.organisation) for one, _ in steps] == [
        (1, "asked", "analyst", ""), (2, "answered", "filer", FIRM), (3, "confirmed", "inspector", ""),
    ]  # fmt: skip
    assert verify(store).faults == ()
    for step, content in steps:
        assert step.entry is not None
        document = receipt(store, step.entry, content=step.content.encode())
        assert document is not None
        assert verify_receipt(document, upload=step.content.encode()) == []
        forged = json.dumps({**content, "text": "Nothing."}).encode()
        assert [fault.what for fault in verify_receipt(document, upload=forged)] == ["upload.changed"]
        entry = store.entry(step.entry)
        assert entry is not None
        assert FIRM not in entry.envelope and FINDING not in entry.envelope, "the log does not say who is asked"
        closed = receipt(store, step.entry)
        assert closed is not None and verify_receipt(closed) == []
    assert [one.what for one in AuditRecord.objects.order_by("id")] == [
        "finding.asked", "finding.answered", "finding.confirmed",
    ]  # fmt: skip
    assert [one.kind for one in Notice.objects.filter(organisation=FIRM).order_by("id")] == [
        "question-asked", "question-decided",
    ]  # fmt: skip


def test_steps_and_files_cannot_be_changed(store: Store) -> None:
    ask(store)
    answer(store, files=attached([("ticket.pdf", b"%PDF-1.7 ticket")]))
    for change in (
        lambda: CaseStep.objects.update(who="nobody"),
        lambda: CaseFile.objects.all().delete(),
        lambda: CaseFile.objects.update(name="other.pdf"),
    ):
        with pytest.raises(Exception, match="only added"):
            change()
    assert content_of(CaseFile.objects.get()) == b"%PDF-1.7 ticket"


def test_nobody_is_confirmed_before_the_reply_or_its_day(store: Store) -> None:
    with pytest.raises(CaseError):
        cases.confirm(INSPECTOR, store, sight(), text="So it is.", now=NOW)
    ask(store)
    for day in (TODAY, BY):
        with pytest.raises(CaseError, match="can still answer"):
            cases.confirm(INSPECTOR, store, sight(today=day), text="So it is.", now=NOW)
    late = cases.confirm(INSPECTOR, store, sight(today=BY + timedelta(days=1)), text="No answer came.", now=NOW)
    assert late.state == "confirmed"
    assert Case.objects.count() == 1, "what failed left nothing"


def test_who_asked_does_not_confirm(store: Store) -> None:
    ask(store, ANALYST)
    answer(store)
    ask(store, INSPECTOR)
    answer(store, "Once more.")
    for asker in (ANALYST, INSPECTOR):
        with pytest.raises(CaseError, match="another official"):
            cases.confirm(asker, store, sight(), text="So it is.", now=NOW)
    assert cases.confirm(person("third", "inspector"), store, sight(), text="So it is.", now=NOW).state == "confirmed"


def test_an_answer_day_leaves_time_and_is_not_for_ever(store: Store) -> None:
    for until in (TODAY, TODAY + timedelta(days=2), TODAY + timedelta(days=2_000)):
        with pytest.raises(CaseError):
            cases.ask(ANALYST, store, sight(), text="Where is it from?", until=until, now=NOW)
    ask(store)
    with pytest.raises(CaseError, match="after the one that stands"):
        cases.extend(ANALYST, store, sight(), text="", until=BY, now=NOW)
    assert cases.extend(ANALYST, store, sight(), text="", until=BY + timedelta(days=5), now=NOW).until == date(
        2026, 2, 25
    )


def test_an_explanation_stands_until_its_day_and_then_says_that_it_expired(store: Store) -> None:
    ask(store)
    answer(store)
    until = TODAY + timedelta(days=30)
    cases.explain(ANALYST, store, sight(), text="The certificate shows it.", stands_until=until, now=NOW)

    def standing(today: date) -> tuple[str, str | None]:
        one = case_views.standings(ANALYST, [finding_in(found())], today=today)[FINDING]
        return one.state, one.reason

    assert standing(until) == ("explained", None)
    assert standing(until + timedelta(days=1)) == ("open", "expired"), "read as open before anybody writes it down"
    assert case_review.review(store, load("cn"), now=NOW) == 0
    later = NOW + timedelta(days=31)
    assert case_review.review(store, load("cn"), now=later) == 1
    assert case_review.review(store, load("cn"), now=later) == 0
    step, content = case_views.steps_of(Case.objects.get(), reader=FIRM)[-1]
    assert (step.kind, step.who, content["reason"]) == ("reopened", "", "expired")
    assert Case.objects.get().state == "open"
    with pytest.raises(CaseError):
        cases.confirm(INSPECTOR, store, sight(), text="So it is.", now=later)
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mass_kg": "109"}, None),
        ({"mass_kg": "111"}, "mass"),
        ({"mass_kg": "50"}, "mass"),
        ({"elements": ["Nd"]}, "elements"),
        ({"elements": ["Pr", "Nd"]}, None),
        ({"score": 0.999}, None),
        ({"score": 0.9999}, "score"),
        ({"score": None}, "score"),
    ],
)
def test_a_material_change_and_no_other_opens_a_case_again(changes: dict[str, Any], why: str | None) -> None:
    assert material_change(Facts.of(finding_in(found())), Facts.of(finding_in(found(**changes))), on=TODAY) == why


def test_a_waiver_ends_with_a_material_change_by_itself(store: Store) -> None:
    cases.waive(ANALYST, store, sight(), text="Below what a visit costs.", stands_until=BY, now=NOW)
    assert not Notice.objects.exists(), "nobody is told of what is not pursued"
    more = found(mass_kg="1000")
    assert case_views.standings(ANALYST, [finding_in(more)], today=TODAY)[FINDING].reason == "mass"
    # A step that is taken on the new facts first writes down why the case is open.
    cases.ask(ANALYST, store, sight(more), text="Where is it from?", until=BY, now=NOW)
    kinds = list(CaseStep.objects.order_by("number").values_list("kind", flat=True))
    assert kinds == ["waived", "reopened", "asked"]
    assert list(Notice.objects.values_list("kind", flat=True)) == ["question-asked"]


def test_permissions_come_first(store: Store) -> None:
    registrar, auditor = person("registrar", "registrar"), person("auditor", "auditor")
    for outsider in (registrar, auditor, FILER):
        with pytest.raises(NotAllowedError):
            ask(store, outsider)
        with pytest.raises(NotAllowedError):
            cases.waive(outsider, store, sight(), text="", stands_until=TODAY, now=NOW)
    ask(store)
    other = person("other", "filer", "certifier", organisation="TRD")
    admin = person("admin", "organisation-admin", organisation=FIRM)
    for actor in (other, admin, ANALYST):
        with pytest.raises(NotAllowedError):
            cases.answer(actor, store, FIRM, FINDING, text="No.", now=NOW)
    with pytest.raises(CaseError, match="not asked"):
        cases.answer(other, store, "TRD", FINDING, text="No.", now=NOW)
    assert case_views.own_cases(other, "TRD") == []
    with pytest.raises(NotAllowedError):
        case_views.own_cases(other, FIRM)
    assert CaseStep.objects.count() == 1


def test_a_firm_hears_nothing_of_what_it_was_not_asked(store: Store) -> None:
    cases.assign(ANALYST, store, sight(), to=None, now=NOW)
    cases.waive(ANALYST, store, sight(), text="Too small.", stands_until=BY, now=NOW)
    assert case_views.own_cases(FILER, FIRM) == []
    with pytest.raises(CaseError):
        answer(store)
    cases.reopen(ANALYST, store, sight(), text="There is more.", now=NOW)
    ask(store)
    (case,) = case_views.own_cases(FILER, FIRM)
    told = [one.kind for one, _ in case_views.steps_of(case, reader=FIRM)]
    assert told == ["reopened", "asked"]
    answer(store)
    cases.withdraw(ANALYST, store, sight(), text="A mistake of ours.", now=NOW)
    cases.reopen(ANALYST, store, sight(), text="It was none.", now=NOW)
    case = cases.waive(ANALYST, store, sight(), text="Too small after all.", stands_until=BY, now=NOW)
    assert (case.state, case_views.own_state(case, FIRM)) == ("waived", "open")
    assert "waived" not in [one.kind for one, _ in case_views.steps_of(case, reader=FIRM)]


def test_of_two_who_decide_at_once_one_is_told_to_look_again(store: Store) -> None:
    ask(store)
    answer(store)
    seen, both, outcomes = sight(), threading.Barrier(2), []

    def decide(verb: Callable[[], Case]) -> None:
        both.wait()
        try:
            outcomes.append(verb().state)
        except MovedError:
            outcomes.append("moved")
        finally:
            connections.close_all()

    until = TODAY + timedelta(days=30)
    verbs = (
        lambda: cases.explain(ANALYST, store, seen, text="Explained.", stands_until=until, now=NOW),
        lambda: cases.confirm(INSPECTOR, store, seen, text="Confirmed.", now=NOW),
    )
    threads = [threading.Thread(target=decide, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["explained", "moved"], ["confirmed", "moved"])
    assert Case.objects.get().steps_taken == CaseStep.objects.count() == 3
    assert verify(store).faults == ()


def test_firms_are_reminded_once_and_told_once_that_the_day_has_passed(store: Store) -> None:
    ask(store)
    kinds: list[list[str]] = []
    for day in (BY - timedelta(days=4), BY - timedelta(days=3), BY, BY + timedelta(days=1), BY + timedelta(days=2)):
        case_review.remind(day, NOW)
        kinds.append(list(Notice.objects.exclude(kind="question-asked").values_list("kind", flat=True)))
    due, over = "question-due", "question-overdue"
    assert kinds == [[], [due], [due], [due, over], [due, over]]
    assert answer(store, "Late, but here.").state == "answered", "an answer is heard until it is decided"


def test_files_are_few_small_and_of_known_kinds() -> None:
    pdf, png = ("a/b\\ticket.pdf", b"%PDF-1.4"), ("scale.png", b"\x89PNG\r\n\x1a\n....")
    names = [(one.name, one.kind) for one in attached([pdf, png, ("rows.csv", "批次,千克\n".encode("gb18030"))])]
    assert names == [("ticket.pdf", "application/pdf"), ("scale.png", "image/png"), ("rows.csv", "text/csv")]
    refused = [
        [("page.pdf", b"<html>")], [("page.html", b"<html>")], [("rows.csv", b"a\x00b")], [pdf] * 6,
        [("big.pdf", b"%PDF-" + bytes(2_000_000))],
    ]  # fmt: skip
    for files in refused:
        with pytest.raises(FileRefusedError):
            attached(files)


def test_a_step_that_fails_leaves_neither_entry_nor_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    size = store.head().size

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(cases, "record_act", fail)
    with pytest.raises(RuntimeError):
        ask(store)
    assert store.head().size == size
    assert not Case.objects.exists()


def test_a_forged_entry_of_a_case_is_found(store: Store) -> None:
    ask(store)
    index = store.head().size - 1
    trigger = "DROP TRIGGER entry_no_update" if store.database.is_sqlite else "DROP TRIGGER entry_no_change ON entry"
    store.database.execute(trigger)
    store.database.execute('UPDATE entry SET digest = %s WHERE "index" = %s', ("00" * 32, index))
    assert "entry.columns-differ" in {fault.what for fault in verify(store).faults if fault.entry == index}


VERBS: Final = ("ask", "answer", "explain", "waive", "confirm", "withdraw", "reopen")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(VERBS), st.sampled_from([ANALYST, INSPECTOR]), st.integers(0, 40)), max_size=8
    )
)
def test_no_path_leads_to_confirmed_past_the_right_of_reply(
    shared: Store, steps: list[tuple[str, Actor, int]]
) -> None:  # fmt: skip
    finding, day = f"{next(_NUMBER):064d}", TODAY
    asked_by, asked_until, heard = set[str](), None, False
    for verb, actor, days in steps:
        day += timedelta(days=days)
        now = NOW + (day - TODAY)
        seen, until = sight(found(finding), today=day), day + timedelta(days=15)
        try:
            match verb:
                case "ask":
                    cases.ask(actor, shared, seen, text="Why?", until=until, now=now)
                case "answer":
                    cases.answer(FILER, shared, FIRM, finding, text="Because.", now=now)
                case "explain" | "waive":
                    getattr(cases, verb)(actor, shared, seen, text="Good.", stands_until=until, now=now)
                case _:
                    getattr(cases, verb)(actor, shared, seen, text="So be it.", now=now)
        except CaseError:
            continue
        if verb == "ask":
            # A decision that had expired was opened again first.
            reopened = CaseStep.objects.filter(case__finding=finding, kind="reopened").order_by("-number").first()
            before = CaseStep.objects.filter(
                case__finding=finding, kind="asked", number__gt=0 if reopened is None else reopened.number
            )
            asked_by = set(before.values_list("who", flat=True))
            asked_until, heard = until, False
        elif verb == "answer":
            heard = True
        elif verb == "confirm":
            assert heard or (asked_until is not None and day > asked_until)
            assert actor.pseudonym not in asked_by
        else:
            asked_until, heard = (asked_until, heard) if verb == "withdraw" else (None, False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for many cases."""
    with opened(copied(furnish, str(tmp_path_factory.mktemp("cases") / "store.sqlite3"))) as made:
        yield made


def test_every_state_can_be_reached_and_every_kind_of_step_leads_somewhere() -> None:
    reached = {to for _, to in case_states.MOVES.values() if to is not None}
    assert reached == set(case_states.STATES)
    assert all(froms <= set(case_states.STATES) and froms for froms, _ in case_states.MOVES.values())


SUPPLIER = person("supplier", "filer", organisation="ALL-1")


def of_pair() -> dict[str, Any]:
    """What shows as much of who shipped as of who received."""
    return found(detector="composition-swap", subject={"pair": f"ALL-1>{FIRM}"})


def test_of_a_pair_both_sides_are_asked_and_neither_reads_what_the_other_answers(store: Store) -> None:
    case = ask(store, row=of_pair())
    assert {(one.organisation, one.kind) for one in Notice.objects.all()} == {
        ("ALL-1", "question-asked"), (FIRM, "question-asked"),
    }  # fmt: skip
    both = ((SUPPLIER, "ALL-1"), (FILER, FIRM))
    for who, firm in both:
        (own,) = case_views.own_cases(who, firm)
        assert (own.pk, case_views.own_state(own, firm)) == (case.pk, "asked")
    with pytest.raises(CaseError):
        case_views.own_case(person("stranger", "filer", organisation="TRD"), "TRD", FINDING)
    answer(store, "Our furnace held other scrap.")
    case.refresh_from_db()
    # One has answered: the other is still asked, is reminded, and is heard before anything is confirmed.
    states = {firm: case_views.own_state(case, firm) for _, firm in both}
    assert states == {"ALL-1": "asked", FIRM: "answered"}
    told = [one.kind for one, _ in case_views.steps_of(case, reader="ALL-1")]
    assert told == ["asked"] and len(case_views.steps_of(case, reader=FIRM)) == 2
    with pytest.raises(CaseError, match="can still answer"):
        cases.confirm(INSPECTOR, store, sight(of_pair()), text="So it is.", now=NOW)
    assert case_review.remind(BY, NOW) == 1
    assert Notice.objects.get(kind="question-due").organisation == "ALL-1"
    cases.answer(SUPPLIER, store, "ALL-1", FINDING, text="We assay neither.", now=NOW)
    case.refresh_from_db()
    assert {case_views.own_state(case, firm) for _, firm in both} == {"answered"}
    said = [content["text"] for _, content in case_views.steps_of(case, reader="ALL-1")]
    assert "Our furnace held other scrap." not in said and "We assay neither." in said
    cases.confirm(INSPECTOR, store, sight(of_pair()), text="So it is.", now=NOW)
    decided = {one.organisation for one in Notice.objects.filter(kind="question-decided")}
    assert decided == {"ALL-1", FIRM}


def test_who_of_a_pair_lets_the_day_pass_keeps_nobody_from_deciding(store: Store) -> None:
    ask(store, row=of_pair())
    answer(store)
    late = BY + timedelta(days=1)
    confirmed = cases.confirm(INSPECTOR, store, sight(of_pair(), today=late), text="So it is.", now=NOW)
    assert confirmed.state == "confirmed"


def test_nobody_is_taken_out_of_a_case_that_was_put_to_two(store: Store) -> None:
    case = ask(store, row=of_pair())
    Case.objects.filter(pk=case.pk).update(also="")
    assert [one.what for one in step_proof.judge(store, list(store.entries()))] == ["step.changed"]
    Case.objects.filter(pk=case.pk).update(also=FIRM)
