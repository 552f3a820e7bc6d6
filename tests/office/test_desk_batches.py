"""A file of many lines is judged part by part, by all of it; who dies at it, or stops it, loses none."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from tests.office.conftest import NOW
from tests.office.test_customs_cases import FILER, FIRM, LAW, LICENSING, LINE, OFFICER, SECOND, TODAY, person

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.customs import batches as desk_batches
from lodeline.office.customs.batches import State
from lodeline.office.jobs import jobs
from lodeline.office.jobs.work import work_once
from lodeline.office.models import DeskBatch, Job
from lodeline.service.customs import batch as desk_batch
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.batch import Part, parts_of, verdicts_of
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.papers import DeskError
from lodeline.service.log.audit import verify
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

WORKER = "machine:1:aaaa"
HEADER = list(LINE)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of four lines."""
    monkeypatch.setattr(desk_batches, "parts_of", lambda declaration: parts_of(declaration, most=4))


def lines_of(count: int, **changes: str) -> list[dict[str, str]]:
    """Two lines to a declaration."""
    return [
        LINE | {"line": str(n % 2 + 1), "declaration": f"D-{n // 2}", "mass_kg": str(100 + n)} | changes
        for n in range(count)
    ]


def file_of(lines: list[dict[str, str]]) -> bytes:
    return json.dumps({"rows": lines}).encode()


def begun(store: Store, count: int = 10, **options: Any) -> DeskBatch:
    del store
    usual: dict[str, Any] = {"name": "many.json", "content": file_of(lines_of(count)), "now": NOW}
    return desk_batches.begin(OFFICER, **usual | options)


def again(batch: DeskBatch) -> DeskBatch:
    return DeskBatch.objects.get(pk=batch.pk)


def test_each_part_is_a_question_and_the_verdicts_are_those_of_the_whole(store: Store) -> None:
    batch = begun(store)
    assert work_once(WORKER)
    batch = again(batch)
    assert (batch.state, batch.lines, batch.parts, bytes(batch.content)) == (State.DONE, 10, 3, b"")
    kept = desk_batches.kept_of(batch)
    assert [(one.first, one.last) for one in kept] == [(1, 4), (5, 8), (9, 10)]
    questions = [desk_papers.question(store, one.entry) for one in kept]
    assert [one.paper["part"] for one in questions] == [1, 2, 3]
    assert {one.paper["batch"] for one in questions} == {batch.reference}
    whole = Declaration(lines=tuple(line for one in lines_of(10) for line in read_fields(one).lines))
    expected = answer(whole, LawDay.of(LAW, TODAY), Ledger(snapshot=open_snapshot(store), store=store))["lines"]
    found = [line for _, line in verdicts_of(store, [one.entry for one in kept])]
    assert [(one["verdict"], [why["code"] for why in one["reasons"]]) for one in found] == [
        (one["verdict"], [why["code"] for why in one["reasons"]]) for one in expected
    ]
    assert desk_batches.counts_of(batch)["query"] == 10
    assert verify(store).faults == ()


def test_lines_of_one_declaration_stay_together_where_they_can() -> None:
    lines = [line for n in (1, 1, 1, 2, 2, 2, 3) for line in read_fields(LINE | {"declaration": f"D-{n}"}).lines]
    assert parts_of(Declaration(lines=tuple(lines)), most=4) == [
        Part(number=1, first=0, last=3), Part(number=2, first=3, last=7),
    ]  # fmt: skip
    assert [(one.first, one.last) for one in parts_of(Declaration(lines=tuple(lines[:3])), most=2)] == [(0, 2), (2, 3)]
    assert parts_of(Declaration()) == []


def test_a_worker_that_dies_loses_no_part_and_keeps_none_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, keep, turns = begun(store), desk_batches._keep, itertools.count()

    def dies(*given: Any) -> bool:
        if next(turns) == 2:
            raise RuntimeError("the machine is gone")
        return keep(*given)

    monkeypatch.setattr(desk_batches, "_keep", dies)
    assert work_once(WORKER)
    assert [one.last for one in desk_batches.kept_of(again(batch))] == [4, 8]
    Job.objects.update(run_after=NOW)
    assert work_once(WORKER)
    assert (again(batch).state, len(desk_batches.kept_of(again(batch)))) == (State.DONE, 3)
    assert len(desk_papers.questions(store)) == 3


def test_two_workers_that_do_the_same_keep_each_part_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, keep = begun(store), desk_batches._keep
    doing = iter([True])

    def beside(*given: Any) -> bool:
        # The lease has run out: another worker does all of it while this one is at its first part.
        if next(doing, False):
            desk_batches.judge_job({"batch": batch.reference}, lambda _share: None)
        return keep(*given)

    monkeypatch.setattr(desk_batches, "_keep", beside)
    assert work_once(WORKER)
    assert (again(batch).state, len(desk_papers.questions(store))) == (State.DONE, 3)


def test_a_batch_that_is_stopped_keeps_what_was_judged_and_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, keep = begun(store), desk_batches._keep

    def and_stop(*given: Any) -> bool:
        done = keep(*given)
        desk_batches.stop(SECOND, batch.reference, now=NOW)
        return done

    monkeypatch.setattr(desk_batches, "_keep", and_stop)
    assert work_once(WORKER)
    found = again(batch)
    assert (found.state, len(desk_batches.kept_of(found)), bytes(found.content)) == (State.STOPPED, 1, b"")
    assert jobs.newest(f"desk.batch:{batch.reference}").state == Job.State.DONE  # type: ignore[union-attr]
    for act in (desk_batches.stop, desk_batches.again):
        with pytest.raises(DeskError):
            act(OFFICER, batch.reference, now=NOW)


def test_a_batch_that_waits_can_be_stopped_and_its_job_does_nothing(store: Store) -> None:
    batch = begun(store)
    desk_batches.stop(OFFICER, batch.reference, now=NOW)
    assert work_once(WORKER)
    assert (again(batch).state, desk_papers.questions(store)) == (State.STOPPED, [])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("many.csv", b"nonsense", "declaration.no-lines"),
        ("many.pdf", b"%PDF", "file.unknown-format"),
        ("many.json", file_of(lines_of(7)), "file.too-many-rows"),
    ],
)
def test_what_cannot_be_read_says_why(store: Store, name: str, content: bytes, code: str) -> None:
    batch = begun(store, name=name, content=content)
    with override_settings(LODELINE_BATCH_LINES=6):
        assert work_once(WORKER)
    assert again(batch).state == State.UNREAD
    assert code in [one["code"] for one in json.loads(again(batch).problems)]
    assert desk_papers.questions(store) == []


def test_a_firm_asks_about_its_own_goods_only(store: Store) -> None:
    content = file_of([*lines_of(4), LINE | {"exporter": "TRADE"}])
    batch = desk_batches.begin(FILER, name="x.json", content=content, asker=FIRM, now=NOW)
    assert work_once(WORKER)
    assert again(batch).state == State.UNREAD
    assert json.loads(again(batch).problems)[0]["facts"] == {"exporters": "TRADE"}
    own = desk_batches.begin(FILER, name="x.json", content=file_of(lines_of(4)), asker=FIRM, now=NOW)
    assert work_once(WORKER)
    (kept,) = desk_batches.kept_of(again(own))
    assert desk_papers.question(store, kept.entry).paper["channel"] == "pre-check"


def test_who_may_send_see_and_stop_one(store: Store) -> None:
    batch = begun(store)
    stranger = person("stranger", "filer", organisation="TRADE")
    for who in (FILER, stranger):
        with pytest.raises(NotAllowedError):
            desk_batches.batch_of(who, batch.reference)
        with pytest.raises(NotAllowedError):
            begun_by(who)
    with pytest.raises(NotAllowedError):
        desk_batches.batch_of(stranger, batch.reference, asker=FIRM)
    with pytest.raises(DeskError):
        desk_batches.batch_of(FILER, batch.reference, asker=FIRM)
    assert desk_batches.batch_of(LICENSING, batch.reference).pk == batch.pk
    assert [one.pk for one in desk_batches.batches(SECOND)] == [batch.pk]


def begun_by(who: Any) -> DeskBatch:
    return desk_batches.begin(who, name="x.json", content=file_of(lines_of(1)), now=NOW)


def test_nobody_fills_the_queue_or_sends_a_file_beyond_all_bounds(store: Store) -> None:
    for _ in range(desk_batches.OPEN_MOST):
        begun(store)
    with pytest.raises(DeskError, match="under way"):
        begun(store)
    begun_by(SECOND)
    with override_settings(LODELINE_BATCH_BYTES=10), pytest.raises(DeskError, match="divide it"):
        begun_by(LICENSING)


def test_what_failed_for_good_can_be_tried_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = begun(store)
    with monkeypatch.context() as patch:
        patch.setattr(desk_batch.RecordedBatchEvaluation, "judged", lambda *_: 1 / 0)
        for turn in range(jobs.ATTEMPTS):
            Job.objects.update(run_after=NOW + timedelta(days=-turn))
            assert work_once(WORKER)
    assert desk_batches.job_of(batch).state == Job.State.FAILED  # type: ignore[union-attr]
    desk_batches.again(OFFICER, batch.reference, now=NOW)
    assert work_once(WORKER)
    assert again(batch).state == State.DONE
