"""Every question is kept with its answer; what is decided about it stands beside and changes nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.desk import Desk, assert_sound, organisation, site

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.journal.verify import verify_receipt
from lodeline.regulation.parameter import load
from lodeline.service.customs import bundle as bundles
from lodeline.service.customs import offline
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import DeskError, Question
from lodeline.service.entries.receipts import receipt
from lodeline.service.licences.draws import allot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

LAW = load("cn")
NOW, TODAY = datetime(2025, 9, 1, 2, 0, tzinfo=UTC), date(2025, 9, 1)
HELD = {
    "line": "1", "declaration": "D-1", "on": "2025-07-04", "exporter": "MAG", "product_name": "NdFeB magnets",
    "hs_code": "8505111000", "composition": "Nd=24.1;Pr=6.02;Dy=1.5;Fe=66;B=0.98", "mass_kg": "100",
}  # fmt: skip
ASKED = HELD | {"composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "models_in_lot": "4"}


@pytest.fixture
def store(url: str) -> Store:
    """One exporter with a licence."""
    made = Desk(url)
    licence = {
        "id": "LIC-1", "kind": "general", "exporter": "MAG", "end_users": ["Motors GmbH"],
        "control_items": ["1C905.a.4"], "products": [], "mass_mg": 500_000_000, "elements": None, "destination": "DE",
        "end_use": None, "valid_from": date(2025, 5, 1), "valid_to": date(2026, 4, 30),
    }  # fmt: skip
    made.register(
        organisations=[organisation("MAG", roles="exporter")], sites=[site("mag", "MAG")], licences=[licence]
    )  # fmt: skip
    return made.store


def asked(store: Store, line: dict[str, str], **options: Any) -> Question:
    declaration = read_fields(line)
    answered = answer(declaration, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    usual: dict[str, Any] = {"by": "officer-1", "channel": "desk", "filed_at": NOW}
    return desk_papers.question(store, desk_papers.put_question(store, declaration, answered, **usual | options).index)


def test_a_question_is_kept_word_for_word_and_its_receipt_opens_it(store: Store) -> None:
    question = asked(store, HELD)
    assert question.paper["cells"] == [HELD]
    assert question.paper["answer"]["verdict"] == "hold"
    assert question.entry.organisation == "MAG"
    proof = receipt(store, question.entry.index)
    assert proof is not None
    assert verify_receipt(proof, store.signer.verifier.vkey, upload=question.content) == []
    assert "Dy" not in question.entry.envelope
    assert_sound(store)


def test_a_hold_is_let_go_by_two_officers_and_the_machine_s_reasons_stay(store: Store) -> None:
    question = asked(store, HELD)
    verdict_id = question.lines[0]["id"]
    put = desk_papers.override(
        store, question, verdict_id=verdict_id, verdict="release", reason="a late licence was shown", by="officer-1",
        filed_at=NOW,
    )  # fmt: skip
    (found,) = desk_papers.standing(store, question).overrides.values()
    assert (found.verdict, found.stands) == ("release", False)
    with pytest.raises(DeskError):
        desk_papers.confirm(store, question, override_entry=put.index, by="officer-1", filed_at=NOW)
    desk_papers.confirm(store, question, override_entry=put.index, by="officer-2", filed_at=NOW)
    (found,) = desk_papers.standing(store, question).overrides.values()
    assert (found.stands, found.confirmed_by) == (True, "officer-2")
    assert desk_papers.question(store, question.entry.index).lines[0]["verdict"] == "hold"
    with pytest.raises(DeskError):
        desk_papers.confirm(store, question, override_entry=put.index, by="officer-3", filed_at=NOW)
    assert_sound(store)


def test_a_query_is_decided_by_one_officer_with_grounds(store: Store) -> None:
    question = asked(store, ASKED)
    verdict_id = question.lines[0]["id"]
    options: dict[str, Any] = {"verdict_id": verdict_id, "by": "officer-1", "filed_at": NOW}
    for verdict, reason in (("release", " "), ("query", "as it is")):
        with pytest.raises(DeskError):
            desk_papers.override(store, question, verdict=verdict, reason=reason, **options)  # type: ignore[arg-type]
    desk_papers.override(store, question, verdict="hold", reason="four models, one with dysprosium", **options)
    (found,) = desk_papers.standing(store, question).overrides.values()
    assert (found.verdict, found.stands) == ("hold", True)


def test_an_amendment_points_back_and_takes_the_place_of_what_it_amends(store: Store) -> None:
    first = asked(store, HELD)
    second = asked(store, ASKED, amends=first.entry.index)
    assert desk_papers.standing(store, first).amended_by == second.entry.index
    assert desk_papers.standing(store, second).amended_by is None
    for other in (ASKED, ASKED | {"declaration": "D-2"}, ASKED | {"exporter": "OTHER"}):
        with pytest.raises(DeskError):
            asked(store, other, amends=first.entry.index if other is ASKED else second.entry.index)


def test_what_was_withdrawn_is_neither_amended_nor_decided(store: Store) -> None:
    question = asked(store, HELD)
    desk_papers.withdraw(store, question, reason="the order was cancelled", by="officer-1", filed_at=NOW)
    assert desk_papers.standing(store, question).reason == "the order was cancelled"
    with pytest.raises(DeskError):
        asked(store, ASKED, amends=question.entry.index)
    with pytest.raises(DeskError):
        desk_papers.withdraw(store, question, reason="again", by="officer-1", filed_at=NOW)


def test_a_paper_that_was_changed_in_the_database_is_a_fault(store: Store) -> None:
    from lodeline.service.log.audit import verify  # noqa: PLC0415

    question = asked(store, HELD)
    assert verify(store).faults == ()
    assert [one.index for one in desk_papers.questions(store, organisation="MAG")] == [question.entry.index]
    assert desk_papers.questions(store, organisation="OTHER") == []


# A port without a network.


def made(store: Store, **options: Any) -> bytes:
    return bundles.make(store, open_snapshot(store), LAW, now=NOW, **options)


def test_a_port_answers_from_a_bundle_as_the_desk_would(store: Store) -> None:
    line = HELD | {"licence": "LIC-1", "end_user_name": "Motors GmbH", "destination": "DE"}
    given = allot(
        store=store, licence="LIC-1", tranche="T1", port="Ningbo", mass_mg=200_000_000, law=LAW, on=TODAY,
        filed_at=NOW,
    )  # fmt: skip
    assert given.draw, given.problems
    opened = bundles.open_bundle(made(store, port="Ningbo"), today=TODAY, key=store.signer.verifier.vkey)
    assert bundles.law_of(opened).code == "cn"
    here = answer(read_fields(line), LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))
    there = offline.answer_offline(
        read_fields(line), opened, LawDay.of(bundles.law_of(opened), TODAY), now=NOW + timedelta(hours=30)
    )
    assert [one["verdict"] for one in there["lines"]] == [one["verdict"] for one in here["lines"]] == ["release"]
    assert there["bundle"]["age_hours"] == 30
    assert "entry 1" in there["bundle"]["limits"][0]["en"]


def test_a_bundle_that_was_changed_torn_or_signed_by_another_is_refused(store: Store) -> None:
    content, vkey = made(store), store.signer.verifier.vkey
    last = date(2025, 9, 8)
    assert bundles.open_bundle(content, today=last, key=vkey).last_day == last
    harmed = {
        "a byte": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "the end": content[:-40],
        "the day": content.replace(b"2025-09-08", b"2026-09-08"),
        "nothing": b"",
        "a text": b"hello",
    }
    for what, bytes_ in harmed.items():
        for key in (vkey, None):
            with pytest.raises(bundles.BundleError):
                bundles.open_bundle(bytes_, today=TODAY, key=key)
            assert what
    with pytest.raises(bundles.BundleError):
        bundles.open_bundle(content, today=last + timedelta(days=1), key=vkey)
    other = store.signer.__class__(name="elsewhere", seed=b"1" * 32).verifier.vkey
    with pytest.raises(bundles.BundleError):
        bundles.open_bundle(content, today=TODAY, key=other)
    assert not bundles.open_bundle(content, today=TODAY).pinned


def test_questions_of_a_port_are_brought_in_once_and_say_how_late(store: Store) -> None:
    opened = bundles.open_bundle(made(store), today=TODAY)
    declaration = Declaration(lines=tuple(read_fields(one).lines[0] for one in (HELD, ASKED)))
    answered = offline.answer_offline(declaration, opened, LawDay.of(LAW, TODAY), now=NOW)
    record = offline.record_line(declaration, answered, asked_at=NOW)
    later = NOW + timedelta(days=2)
    with pytest.raises(offline.RecordError):
        offline.merge(store, record + b"{}\n", law=LAW, now=later, today=TODAY)
    assert desk_papers.questions(store) == []
    (row,) = offline.merge(store, record, law=LAW, now=later, today=TODAY)["rows"]
    assert (row["late_s"], row["repeated"], row["otherwise"]) == (172_800, False, [])
    again = offline.merge(store, record, law=LAW, now=later, today=TODAY)
    assert (again["taken"], again["rows"][0]["entry"]) == (0, row["entry"])
    kept = desk_papers.question(store, row["entry"])
    assert (kept.paper["late_s"], kept.paper["channel"], kept.paper["answer"]) == (172_800, "offline", answered)
    assert json.loads(kept.content)["bundle"]["sha256"] == opened.digest
    assert_sound(store)
