"""A standing answer is a paper of two officers: it settles what is asked from then on, and never survives a pack that
says more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.desk import Desk, assert_sound, organisation, site

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load
from lodeline.service.customs import bundle as bundles
from lodeline.service.customs import offline
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs import standing_answers as answers
from lodeline.service.customs.batch import RecordedBatchEvaluation, parts_of
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.open_questions import let_go, open_questions
from lodeline.service.customs.papers import DeskError, Question
from lodeline.service.customs.release import judge_again, release_kept
from lodeline.service.customs.replay import replay_proposal
from lodeline.service.customs.standing_answers import Proposal, StandingAnswerError, Wanted
from lodeline.service.law import publishing
from lodeline.store.law import law_now
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import Store

LAW = load("cn")
NOW, TODAY = datetime(2026, 11, 24, 2, 0, tzinfo=UTC), date(2026, 11, 24)
LIST, EQUIPMENT = "announcement-57-2025/control-list", "announcement-56-2025/equipment-list"
#: Magnets with holmium: since 10 November 2026 no text tells whether No. 57 lists them.
HOLMIUM = {
    "line": "1", "declaration": "D-1", "on": "2026-11-20", "exporter": "MAG", "product_name": "NdFeB magnets N45",
    "hs_code": "8505111000", "controlled_declared": "no", "destination": "DE", "composition": "Nd=30;Ho=1;Dy=0",
    "end_user_name": "Example Motors GmbH", "mass_kg": "100", "value": "4500", "currency": "USD",
}  # fmt: skip
#: A text that suspends the list anew for ten days, and leaves open what follows.
MORE = """
id: announcement-99-2026
title: {en: No. 99, zh: 第99号}
issuer: {en: a ministry, zh: 某部}
number: "99 of 2026"
published: 2026-11-21
source: {en: a test, zh: 测试}
evidence: text
suspends:
  - instruments: [announcement-57-2025]
    from: 2026-11-21
    to: 2026-11-30
    afterwards: unknown
    article: {en: the whole, zh: 全文}
"""
WANTED = Wanted(
    rules=(LIST,), exporter=None, first=date(2026, 11, 11), last=date(2027, 1, 31), verdict="release", document="",
    citation="Letter 7 of the ministry, 23 November 2026", grounds="Suspended lists are not applied meanwhile.",
)  # fmt: skip


@pytest.fixture
def store(url: str) -> Store:
    made = Desk(url)
    names = ("MAG", "OTHER")
    made.register(
        organisations=[organisation(one, roles="exporter") for one in names],
        sites=[site(one.lower(), one) for one in names],
    )
    return made.store


def asked(store: Store, *lines: dict[str, str], asker: str = "") -> Question:
    declaration = Declaration(lines=tuple(read_fields(line).lines[0] for line in lines or (HOLMIUM,)))
    found = answer(declaration, LawDay.of(law_now(store), TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    put = desk_papers.put_question(
        store, declaration, found, by="officer-1", channel="pre-check" if asker else "desk", filed_at=NOW, asker=asker
    )
    return desk_papers.question(store, put.index)


def proposed(store: Store, **changes: Any) -> Proposal:
    wanted = replace(WANTED, **changes)
    return answers.propose(store, wanted, today=TODAY, filed_at=NOW, by="officer-1")


def confirmed(store: Store, **changes: Any) -> Proposal:
    made = proposed(store, **changes)
    return answers.confirm(store, made.entry.index, today=TODAY, filed_at=NOW, by="officer-2")


def codes(question: Question) -> list[str]:
    return [one["code"] for one in question.lines[0]["reasons"]]


def publish(store: Store, files: dict[str, str]) -> None:
    """Another pack, by two officers."""
    law = law_now(store)
    made = publishing.propose(
        store, {path: text.encode() for path, text in files.items()}, reason="a notice", filed_at=NOW, by="officer-3"
    )
    seen = replay_proposal(store, open_snapshot(store), law, proposal=made.entry.index, on=TODAY)
    publishing.publish(store, made.entry.index, preview=seen, filed_at=NOW, by="officer-4")


def more_of(name: str, old: str, new: str) -> dict[str, str]:
    files = dict(LAW.pack.files)
    assert old in files[name]
    return files | {name: files[name].replace(old, new, 1)}


def test_it_settles_what_is_asked_from_then_on_and_old_answers_keep_theirs(store: Store) -> None:
    before = asked(store)
    made = proposed(store)
    assert codes(asked(store)) == codes(before)  # one officer alone settles nothing
    done = answers.confirm(store, made.entry.index, today=TODAY, filed_at=NOW, by="officer-2")
    after = asked(store)
    assert (before.lines[0]["verdict"], after.lines[0]["verdict"]) == ("query", "release")
    (reason,) = [one for one in after.lines[0]["reasons"] if one["code"] == "standing.release"]
    facts = reason["facts"]
    assert facts["entry"] == str(done.answer.entry)
    assert (facts["by"], facts["confirmed_by"]) == ("officer-1", "officer-2")
    assert (facts["until"], facts["citation"]) == ("2027-01-31", WANTED.citation)
    assert desk_papers.question(store, before.entry.index).lines == before.lines
    # As it stood then, the same comes out: without the answer, and with it.
    for question in (before, after):
        declaration = read_fields(question.paper["cells"][0])
        snapshot = open_snapshot_as_of(store, question.paper["answer"]["stamp"]["entry"])
        again = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=snapshot, store=store))
        assert again["id"] == question.paper["answer"]["id"]
    answers.end(store, made.entry.index, reason="a text was found", today=TODAY, filed_at=NOW, by="officer-3")
    assert codes(asked(store)) == codes(before)
    assert_sound(store)


def test_of_one_exporter_it_is_of_no_other(store: Store) -> None:
    confirmed(store, exporter="MAG", verdict="hold")
    assert asked(store).lines[0]["verdict"] == "hold"
    assert asked(store, HOLMIUM | {"exporter": "OTHER"}).lines[0]["verdict"] == "query"


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": ()}, {"rules": ("announcement-18-2025/control-list",)}, {"rules": (LIST, "no/rule")},
        {"first": date(2026, 11, 10)},  # the list is suspended that day: its state is known
        {"last": date(2026, 11, 10)}, {"last": date(2026, 11, 23)}, {"last": date(2027, 11, 30)},
        {"verdict": "query"}, {"document": "contract"}, {"verdict": "query", "document": "love-letter"},
        {"exporter": "NOBODY"}, {"citation": " "}, {"grounds": ""}, {"grounds": "x" * 4_001}, {"citation": "x" * 501},
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_words(store: Store, changes: dict[str, Any]) -> None:
    size = store.head().size
    with pytest.raises(StandingAnswerError) as refused:
        proposed(store, **changes)
    assert refused.value.en
    assert refused.value.zh
    assert store.head().size == size


def test_the_same_officer_twice_is_one_officer(store: Store) -> None:
    made = proposed(store)
    with pytest.raises(StandingAnswerError, match="another officer"):
        answers.confirm(store, made.entry.index, today=TODAY, filed_at=NOW, by="officer-1")
    assert answers.standing_answers(store) == ()


def test_overlapping_answers_are_refused_and_those_beside_each_other_stand(store: Store) -> None:
    waiting = proposed(store)  # two may wait: the second to be confirmed is refused
    confirmed(store)
    with pytest.raises(StandingAnswerError, match="answers this already"):
        answers.confirm(store, waiting.entry.index, today=TODAY, filed_at=NOW, by="officer-2")
    for changes in ({"last": date(2027, 3, 1)}, {"rules": (EQUIPMENT, LIST)}, {"verdict": "hold"}):
        with pytest.raises(StandingAnswerError, match="answers this already"):
            proposed(store, **changes)
    confirmed(store, exporter="MAG", verdict="hold")
    confirmed(store, rules=(EQUIPMENT,))
    confirmed(store, first=date(2027, 2, 1), last=date(2027, 3, 1))
    assert asked(store).lines[0]["verdict"] == "hold"
    assert_sound(store)


def test_past_its_day_it_settles_nothing_and_is_not_confirmed(store: Store) -> None:
    made = proposed(store, last=TODAY)
    with pytest.raises(StandingAnswerError, match="last day"):
        answers.confirm(store, made.entry.index, today=date(2026, 11, 25), filed_at=NOW, by="officer-2")
    answers.confirm(store, made.entry.index, today=TODAY, filed_at=NOW, by="officer-2")
    assert answers.proposal_of(store, made.entry.index, LAW, date(2026, 11, 25)).state == "past"
    assert asked(store).lines[0]["verdict"] == "release"
    assert asked(store, HOLMIUM | {"on": "2026-11-25"}).lines[0]["verdict"] == "query"


def test_it_is_ended_refused_and_withdrawn_once(store: Store) -> None:
    states = []
    for by in ("officer-1", "officer-2"):
        made = proposed(store)
        states.append(
            answers.end(store, made.entry.index, reason="no", today=TODAY, filed_at=NOW, by=by).state
        )  # fmt: skip
        with pytest.raises(StandingAnswerError):
            answers.confirm(store, made.entry.index, today=TODAY, filed_at=NOW, by="officer-3")
        with pytest.raises(StandingAnswerError):
            answers.end(store, made.entry.index, reason="again", today=TODAY, filed_at=NOW, by="officer-3")
    assert states == ["withdrawn", "refused"]
    with pytest.raises(StandingAnswerError):
        answers.proposal_of(store, 0, LAW, TODAY)


@pytest.mark.medium
def test_a_pack_that_says_more_ends_it_for_good_and_one_that_says_nothing_of_the_rule_does_not(store: Store) -> None:
    made, waiting, other = confirmed(store), proposed(store, exporter="MAG"), proposed(store, rules=(EQUIPMENT,))
    publish(store, more_of("decree-785/instrument.yaml", "issuer:", "# Looked at again.\nissuer:"))
    assert "standing.release" in codes(asked(store))
    publish(store, {**LAW.pack.files, "announcement-99-2026/instrument.yaml": MORE})
    law = law_now(store)
    assert answers.proposal_of(store, made.entry.index, law, TODAY).state == "overtaken"
    assert not {"item.state-unknown", "standing.release"} & set(codes(asked(store, HOLMIUM | {"on": "2026-11-25"})))
    # From December on nobody knows again: what was answered before the text was found does not come back.
    assert asked(store, HOLMIUM | {"on": "2026-12-05"}).lines[0]["verdict"] == "query"
    with pytest.raises(StandingAnswerError, match="something else of this rule"):
        answers.confirm(store, waiting.entry.index, today=TODAY, filed_at=NOW, by="officer-2")
    answers.confirm(store, other.entry.index, today=TODAY, filed_at=NOW, by="officer-2")
    confirmed(store, first=date(2026, 12, 1))
    assert asked(store, HOLMIUM | {"on": "2026-12-05"}).lines[0]["verdict"] == "release"
    assert_sound(store)


def test_what_waited_is_released_without_being_asked_again(store: Store) -> None:
    doubtful = HOLMIUM | {"line": "2", "models_in_lot": "4"}
    question = asked(store, HOLMIUM, doubtful)
    own = asked(store, asker="MAG")

    def released(one: Question) -> list[Any]:
        judged = judge_again(store=store, snapshot=open_snapshot(store), asked=one, law=LAW, today=TODAY)
        release_kept(store=store, asked=one, judged=judged, filed_at=NOW, by="officer-1")
        return list(desk_papers.standing(store, one).releases)

    with pytest.raises(DeskError):
        released(question)
    confirmed(store)
    state = desk_papers.standing(store, question)
    assert let_go(store, LAW, question, state) == {question.lines[0]["id"]}
    assert let_go(store, LAW, own, desk_papers.standing(store, own)) == frozenset()
    assert released(question) == [question.lines[0]["id"]]
    assert question.lines[0]["verdict"] == "query"
    assert let_go(store, LAW, question, desk_papers.standing(store, question)) == frozenset()
    with pytest.raises(DeskError):
        released(question)


def test_open_questions_are_counted_by_exporter_and_rule(store: Store) -> None:
    second = HOLMIUM | {"line": "2", "on": "2026-11-22"}
    other = HOLMIUM | {"line": "3", "exporter": "", "exporter_name": "other ltd", "on": "2026-11-12"}
    first, withdrawn, overridden = asked(store, HOLMIUM, second, other), asked(store), asked(store)
    asked(store, asker="MAG")  # a firm's own question waits for nobody
    desk_papers.withdraw(store, withdrawn, reason="not sent", by="officer-1", filed_at=NOW)
    desk_papers.override(
        store, overridden, verdict_id=overridden.lines[0]["id"], verdict="release", reason="seen", by="officer-1",
        filed_at=NOW,
    )  # fmt: skip

    def waiting() -> list[tuple[Any, ...]]:
        return [
            (*one.rules, one.exporter, one.lines, one.first.isoformat(), one.last.isoformat())
            for one in open_questions(store, LAW, TODAY)
        ]

    of_other = (LIST, "OTHER", 1, "2026-11-12", "2026-11-12")
    assert waiting() == [(LIST, "MAG", 2, "2026-11-20", "2026-11-22"), of_other]
    assert first.entry.organisation == "MAG"
    confirmed(store, exporter="MAG", first=date(2026, 11, 21))
    assert waiting() == [(LIST, "MAG", 1, "2026-11-20", "2026-11-20"), of_other]
    confirmed(store, verdict="hold", last=TODAY)
    assert waiting() == []


def test_a_batch_and_a_port_know_the_answers_of_their_entry(store: Store) -> None:
    declaration = read_fields(HOLMIUM)
    confirmed(store)
    snapshot = open_snapshot(store)
    batch = RecordedBatchEvaluation(
        declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=snapshot, store=store), progress=lambda _: None
    )
    assert batch.judged(parts_of(declaration)[0]).document["verdict"] == "release"
    made = bundles.make(store, snapshot, LAW, now=NOW)
    bundle = bundles.open_bundle(made, today=TODAY)
    found = offline.answer_offline(declaration, bundle, LawDay.of(LAW, TODAY), now=NOW)
    assert "standing.release" in [one["code"] for one in found["lines"][0]["reasons"]]
