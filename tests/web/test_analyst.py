"""An analyst publishes, workers read: the answers are those that a worker would compute, whatever happens to either."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import ref

import polars as pl
import pytest
from django.http import HttpRequest
from polars.testing import assert_frame_equal
from tests.cli.program import PROGRAM
from tests.desk import Desk as Filer
from tests.stores import connected

from lodeline.detection.battery import DETECTORS
from lodeline.errors import UserError
from lodeline.flow.index import FlowIndex
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.service.balance.book import balances
from lodeline.service.balance.reconciling import reconcile_nation
from lodeline.service.findings.finding import findings
from lodeline.service.lots.flow import trace
from lodeline.service.overview import overview
from lodeline.store import publications as module
from lodeline.store import published
from lodeline.store.column_files import directory_of
from lodeline.store.opening import create
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.published import SnapshotAtHand, function_of
from lodeline.store.store import Store
from lodeline.web import published_desk
from lodeline.web import reading as reading_module
from lodeline.web import visit as visits
from lodeline.web.analyst import Analyst, pause_after
from lodeline.web.pages.overview import cached_reading as cached_readings
from lodeline.web.published_desk import PublishedDesk
from lodeline.web.reading import Desk, EmptyStoreError, Reading, StillComputingError, waits_a_little, waits_as_a_form
from lodeline.web.reports import reports_of
from lodeline.web.visit import Visit

pytestmark = pytest.mark.medium

ORE = "product=concentrate composition=TREO=60;Nd=12 origin_kind=mined origin_place=P"


@pytest.fixture
def filer(pages: None, tmp_path: Path) -> Filer:
    """A mine and a separator with a month of filings."""
    filer = Filer(str(tmp_path / "store.sqlite3"))
    filer.firms("MINE", "SEP")
    filer.rows("MINE", "2025-06", f"O origin 2 mine 7 10 {ORE}", "S shipment 5 mine 7 4 counterparty=SEP")
    return filer


@contextmanager
def at_work(store: Store) -> Iterator[Analyst]:
    """An analyst in a thread, as in its process."""
    one = Analyst(store.database.url)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.end()
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_an_analyst_that_ends_leaves_no_file_open(filer: Filer) -> None:
    path = filer.store.database.url
    before = connected(path)
    with at_work(filer.store):
        PublishedDesk(path).reading()
    assert connected(path) == before


def answers(reading: Reading) -> dict[str, Any]:
    """What pages ask, of several kinds: frames, rows, data classes, rows of one lot, the lot graph."""
    store, snapshot, law = reading.store, reading.snapshot, reading.law
    return {
        "months": reading.answer(overview.months, store, snapshot, law),
        "elements": reading.answer(overview.elements, snapshot),
        "findings": reading.answer(findings, store, snapshot, law)["rows"],
        "balances": reading.answer(balances, store, snapshot, law).rows(),
        "lot": snapshot.rows("lines", "lot", [1]).rows(),
        "trace": trace(snapshot, "MINE/7", forward=True, depth=None),
        "stamp": (snapshot.stamp, snapshot.as_of, sorted(snapshot.register.roles)),
    }


def from_nothing(store: Store) -> pl.DataFrame:
    reading = Desk(store.database.url).reading()
    return balances(reading.store, reading.snapshot, reading.law)


def without_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, a worker that opens the frames of the ledger fails."""

    def refused(self: SnapshotAtHand) -> Any:
        raise AssertionError("a worker opened the frames of the ledger")

    monkeypatch.setattr(SnapshotAtHand, "whole", refused)


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


def test_a_worker_gives_the_same_answers_and_opens_no_frames(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = answers(Desk(filer.store.database.url).reading())
    without_frames(monkeypatch)
    with at_work(filer.store):
        desk = PublishedDesk(filer.store.database.url)
        assert answers(desk.reading()) == wanted
        # Another worker, which asks nothing of the analyst.
        monkeypatch.setattr(Publications, "want", lambda *_: pytest.fail("what is published was asked again"))
        assert answers(PublishedDesk(filer.store.database.url).reading()) == wanted
        assert desk.standing().entry == wanted["stamp"][0]["entry"]


def test_who_has_filed_is_given_it_and_reports_are_there_when_it_stands(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_frames(monkeypatch)
    with at_work(filer.store):
        desk = PublishedDesk(filer.store.database.url)
        first = desk.reading()
        assert len(answers(first)["balances"]) == 0 or first.snapshot.entry > 0
        entry = filer.rows("SEP", "2025-06", "R receipt 6 sep 7 4 counterparty=MINE")
        assert desk.reading(at_least=entry).snapshot.entry >= entry
        until(lambda: (current := Publications(filer.store).current()) and current[0].entry >= entry)
        monkeypatch.setattr(Publications, "want", lambda *_: pytest.fail("it was not made ahead"))
        fresh = PublishedDesk(filer.store.database.url).reading()
        months = fresh.answer(overview.months, fresh.store, fresh.snapshot, fresh.law)
        assert months is not None and months.newest == "2025-06"
        found = fresh.answer(findings, fresh.store, fresh.snapshot, fresh.law)["rows"]
        monkeypatch.undo()
    assert found == answers(Desk(filer.store.database.url).reading())["findings"]


def test_the_ledger_of_before_goes_when_a_publication_stands(filer: Filer) -> None:
    analyst = Analyst(filer.store.database.url)
    analyst.publish_once()
    (before,) = [ref(one.snapshot) for one in analyst._readings.values()]
    filer.rows("SEP", "2025-06", "R receipt 6 sep 7 4 counterparty=MINE")
    analyst.publish_once()
    assert before() is None


def test_the_reports_are_made_and_nothing_that_somebody_narrowed(filer: Filer) -> None:
    with at_work(filer.store):
        answers(PublishedDesk(filer.store.database.url).reading())
        entry = filer.rows("MINE", "2025-07")
        stamp: Stamp = until(lambda: (c := Publications(filer.store).current()) and c[0].entry >= entry and c[0])
        reading = PublishedDesk(filer.store.database.url).reading()
        made = {path.stem for path in (Publications(filer.store).directory / stamp.directory).glob("*.json")}
        assert made == {report.key for report in reports_of(reading)}
        assert reading.snapshot.rows("lines", "lot", [1]).height == 2


def test_the_command_publishes_the_reports(filer: Filer) -> None:
    url = filer.store.database.url
    done = subprocess.run(
        [PROGRAM, "analyse", "--once", "--database", url], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "Published" in done.stdout
    publications, reading = Publications(filer.store), PublishedDesk(url).reading()
    stamp, _ = publications.current() or pytest.fail("nothing stands")
    assert [one.name for one in reports_of(reading) if not publications.has(stamp, one)] == []


def test_what_is_published_is_shown_on_a_firms_first_page_however_long_the_next_one_takes(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Analyst(filer.store.database.url).publish_once() is not None
    without_frames(monkeypatch)
    minutes_ago = time.time() - 300
    os.utime(Publications(filer.store).directory / "current.json", (minutes_ago, minutes_ago))
    desk, request = PublishedDesk(filer.store.database.url), HttpRequest()
    monkeypatch.setattr(visits, "desk", lambda _: desk)
    monkeypatch.setattr(cached_readings, "desk", lambda _: desk)
    request.actor = Actor(standings=(RoleGrant(organisation="MINE", role="filer"),))  # type: ignore[attr-defined]
    visit = Visit(request, language="en", name="firm", arguments={})
    assert (desk.standing().age_s or 0.0) > 200
    assert until(lambda: cached_readings.cached_reading(visit)).snapshot.entry == desk.standing().entry


def test_two_threads_may_write_one_answer_at_once(filer: Filer) -> None:
    """A report is made while somebody asks for it: one took the file of the other from under its name."""
    publications, together = Publications(filer.store), threading.Barrier(4)
    stamp = Stamp(entry=1, root="", as_of=None, checkpoint="", program="")
    question = Question(name="lodeline.x:y", subjects=(), arguments=())
    frame = pl.DataFrame({"a": range(2_000)})

    def write(_: int) -> None:
        together.wait()
        publications.write(stamp, question, frame)

    with ThreadPoolExecutor(4) as writers:
        for _ in range(10):
            list(writers.map(write, range(4)))
            found, value = publications.read(stamp, question)
            assert found and value.equals(frame)


def test_who_ends_an_analyst_while_reports_are_made_has_the_rest_made_by_the_next(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst, given = Analyst(filer.store.database.url), Analyst._give

    def ending(self: Analyst, *asked: Any, **more: Any) -> None:
        given(self, *asked, **more)
        self.end()

    with monkeypatch.context() as patch:
        patch.setattr(Analyst, "_give", ending)
        stamp = analyst.publish_once()
    assert stamp is not None
    room = Publications(filer.store).directory / stamp.directory
    assert len(list(room.glob("*.json"))) == 1
    assert Analyst(filer.store.database.url).publish_once() == stamp
    assert len(list(room.glob("*.json"))) == len(reports_of(PublishedDesk(filer.store.database.url).reading()))


def test_an_error_for_a_person_is_an_answer(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    without_frames(monkeypatch)
    with at_work(filer.store):
        reading = PublishedDesk(filer.store.database.url).reading()
        for _ in range(2):
            with pytest.raises(UserError, match="no detector"):
                reading.answer(findings, reading.store, reading.snapshot, reading.law, detector="none")


def test_who_waits_is_told_that_it_is_computed(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Analyst._give

    def slowly(*asked: Any, **more: Any) -> None:
        time.sleep(1.5)
        given(*asked, **more)

    monkeypatch.setattr(Analyst, "_give", slowly)
    with at_work(filer.store):
        reading = PublishedDesk(filer.store.database.url).reading()
        monkeypatch.setattr(reading_module, "REQUEST_WAITS_S", 0.3)
        with pytest.raises(StillComputingError), waits_a_little():
            reading.answer(balances, reading.store, reading.snapshot, reading.law)
        assert_frame_equal(
            reading.answer(balances, reading.store, reading.snapshot, reading.law),
            from_nothing(filer.store),
        )


def test_what_a_page_asks_the_snapshot_itself_is_not_waited_for_any_longer(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It held the thread of the request for as long as an analyst was busy, or kept dying."""
    go_on = threading.Event()
    given = Analyst._give

    def held(*asked: Any, **more: Any) -> None:
        assert go_on.wait(20)
        given(*asked, **more)

    monkeypatch.setattr(Analyst, "_give", held)
    monkeypatch.setattr(reading_module, "REQUEST_WAITS_S", 0.3)
    with at_work(filer.store):
        reading = PublishedDesk(filer.store.database.url).reading()
        for _ in range(2):
            with pytest.raises(StillComputingError), waits_a_little():
                published.answered(balances, reading.store, reading.snapshot, reading.law)
        go_on.set()
        assert_frame_equal(
            published.answered(balances, reading.store, reading.snapshot, reading.law),
            from_nothing(filer.store),
        )


def test_a_small_question_does_not_wait_for_a_large_one(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    given = Analyst._give

    def held(self: Analyst, stamp: Stamp, reading: Reading, question: Question, **more: Any) -> None:
        assert "crossings" not in question.name or go_on.wait(20)
        given(self, stamp, reading, question, **more)

    monkeypatch.setattr(Analyst, "_give", held)
    monkeypatch.setattr(reading_module, "REQUEST_WAITS_S", 0.3)
    with at_work(filer.store):
        reading = PublishedDesk(filer.store.database.url).reading()
        with pytest.raises(StillComputingError), waits_a_little():
            reading.answer(overview.crossings, reading.snapshot, reading.law)
        assert reading.answer(overview.elements, reading.snapshot)
        assert not go_on.is_set()
        go_on.set()
        assert reading.answer(overview.crossings, reading.snapshot, reading.law) is not None


def test_a_publication_waits_for_who_waits_for_an_answer_and_not_for_ever(filer: Filer) -> None:
    analyst = Analyst(filer.store.database.url)
    asked = "directory", Question(name="lodeline.x:y", subjects=(), arguments=())

    def waited_s() -> float:
        began = time.monotonic()
        analyst._give_way()
        return time.monotonic() - began

    def answered() -> None:
        with analyst._all_answered:
            analyst._answering.discard(asked)
            analyst._all_answered.notify_all()

    analyst._patience_s = 20.0
    assert waited_s() < 1, "nobody waits"
    analyst._answering.add(asked)
    threading.Timer(0.2, answered).start()
    assert 0.1 < waited_s() < 10
    analyst._answering.add(asked)
    analyst._patience_s = 0.2
    assert waited_s() >= 0.2 and analyst._patience_s <= 0
    assert waited_s() < 1, "its patience is at an end"


def test_an_answer_that_is_made_ahead_lets_others_go_first_at_each_step(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    monkeypatch.setattr(Analyst, "_give_way", lambda _: steps.append(threading.current_thread().name))
    with at_work(filer.store):
        desk = PublishedDesk(filer.store.database.url)
        first = desk.reading()
        filer.rows("MINE", "2025-07")
        until(lambda: desk.reading().snapshot.entry > first.snapshot.entry)
    assert len(steps) > len(DETECTORS), "between answers, and between detectors within one"


def test_who_comes_back_is_given_what_was_computed_though_the_log_has_moved_on(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer than a publication stands was begun anew for each, and given to nobody."""
    given = Analyst._give

    def slowly(self: Analyst, stamp: Stamp, reading: Reading, question: Question, **more: Any) -> None:
        if "reconcile_nation" in question.name and not more:
            while stamp in (Publications(filer.store).current() or ()) and not self._ended.is_set():
                time.sleep(0.02)
        given(self, stamp, reading, question, **more)

    monkeypatch.setattr(Analyst, "_give", slowly)
    monkeypatch.setattr(reading_module, "REQUEST_WAITS_S", 0.2)
    with at_work(filer.store):
        desk = PublishedDesk(filer.store.database.url)
        first = desk.reading()
        with pytest.raises(StillComputingError), waits_a_little():
            first.answer(reconcile_nation, first.snapshot, element="Nd")
        filer.rows("MINE", "2025-07")
        until(lambda: desk.reading().snapshot.entry > first.snapshot.entry)
        monkeypatch.setattr(Publications, "want", lambda *_: pytest.fail("it was begun anew"))
        with waits_a_little():
            now = desk.reading()
            assert now.answer(reconcile_nation, now.snapshot, element="Nd") is not None


def test_a_form_waits_for_what_an_analyst_makes_from_nothing_and_not_for_ever(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years of a nation take an analyst a quarter of an hour from nothing: forms held every thread for as long."""
    monkeypatch.setattr(reading_module, "FORM_WAITS_S", 0.3)
    desk = PublishedDesk(filer.store.database.url)

    def refused(asked: Callable[[], object]) -> float:
        began = time.monotonic()
        with waits_as_a_form(), pytest.raises(StillComputingError):
            asked()
        return time.monotonic() - began

    with Publications(filer.store).one_analyst() as mine:
        assert mine and refused(desk.reading) >= 0.3
    ended = threading.Event()
    monkeypatch.setattr(Analyst, "_give", lambda *_, **__: ended.wait(20))
    with at_work(filer.store):
        now = desk.reading()

        def asked() -> object:
            return now.answer(overview.crossings, now.snapshot, now.law)

        with ThreadPoolExecutor(2) as both:
            assert all(0.3 <= took < 10 for took in both.map(refused, [asked, asked]))
        ended.set()


def test_a_question_that_another_has_just_settled_is_passed_over(filer: Filer) -> None:
    publications = Publications(filer.store)
    wanted = publications.directory / "wanted"
    wanted.mkdir(parents=True)
    (wanted / "gone.json").symlink_to(wanted / "nowhere")
    assert publications.wanted() == []


def test_many_threads_may_ask_the_same_at_once(filer: Filer) -> None:
    publications = Publications(filer.store)
    stamp = Stamp(entry=1, root="", as_of=None, checkpoint="", program="")
    question = Question(name="lodeline.x:y", subjects=(), arguments=())
    together = threading.Barrier(8)

    def ask(_: int) -> None:
        together.wait()
        publications.want(stamp, question)

    with ThreadPoolExecutor(8) as askers:
        for _ in range(20):
            publications.settle(stamp.directory, question)
            list(askers.map(ask, range(8)))
    assert publications.wanted() == [(stamp.directory, question)]
    assert [one.suffix for one in (publications.directory / "wanted").iterdir()] == [".json"]


@pytest.mark.parametrize("ending", ["json", "arrow"])
@pytest.mark.parametrize("harm", ["bit", "cut", "gone", "other"])
def test_what_the_store_did_not_write_is_no_answer(filer: Filer, ending: str, harm: str) -> None:
    with at_work(filer.store):
        wanted = answers(PublishedDesk(filer.store.database.url).reading())
        current = Publications(filer.store).current()
        assert current is not None
        files = sorted((Publications(filer.store).directory / current[0].directory).glob(f"*.{ending}"))
        assert files
        contents = [one.read_bytes() for one in files]
        for place, (one, content) in enumerate(zip(files, contents, strict=True)):
            changed = {
                "bit": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], "cut": content[:-1],
                "other": contents[place - 1],
            }.get(harm)  # fmt: skip
            one.unlink() if changed is None else one.write_bytes(changed)
        if harm != "gone":
            assert Publications(filer.store).wrong_files() or (harm, ending) == ("other", "arrow")
        assert answers(PublishedDesk(filer.store.database.url).reading()) == wanted


def test_a_publication_that_was_put_back_is_not_read_and_its_answers_are_named_in_another(
    filer: Filer, tmp_path: Path
) -> None:
    publications = Publications(filer.store)
    first = Analyst(filer.store.database.url).publish_once()
    assert first is not None
    shutil.copytree(publications.directory, tmp_path / "kept")
    filer.rows("MINE", "2025-09", f"O9 origin 2 mine L9 10 {ORE}")
    second = Analyst(filer.store.database.url).publish_once()
    assert second is not None and publications.current() == (second, second)
    assert publications.wrong_files() == []
    older = next((tmp_path / "kept" / first.directory).glob("*.json"))
    place = publications.directory / second.directory / older.name
    newer = place.read_bytes()
    place.write_bytes(older.read_bytes())
    assert publications.wrong_files() == [str(place.relative_to(publications.directory.parent))]
    place.write_bytes(newer)
    shutil.copytree(tmp_path / "kept", publications.directory, dirs_exist_ok=True)
    assert publications.current() is None, "who has seen a newer one does not go back"
    assert Analyst(filer.store.database.url).publish_once() == second, "and the analyst puts it right"
    assert publications.current() == (second, second)


def test_one_analyst_at_a_time(filer: Filer) -> None:
    with at_work(filer.store):
        until(lambda: Publications(filer.store).current())
        with pytest.raises(UserError, match="another process is the analyst"):
            Analyst(filer.store.database.url).publish_once()
    assert Analyst(filer.store.database.url).publish_once() is not None


def test_without_an_analyst_a_worker_computes(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_desk, "_ALONE_S", 0.2)
    monkeypatch.setattr(published, "_ALIVE_S", 0.1)
    wanted = answers(Desk(filer.store.database.url).reading())
    alone = PublishedDesk(filer.store.database.url)
    assert answers(alone.reading()) == wanted
    # One that has ended leaves what it published; the worker lets go of the frames that it computed from.
    Analyst(filer.store.database.url).publish_once()
    assert isinstance(alone.reading().snapshot, published.SnapshotAtHand) and answers(alone.reading()) == wanted
    assert alone._own is None


def test_another_program_does_not_read_what_this_one_published(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    Analyst(filer.store.database.url).publish_once()
    monkeypatch.setattr(module, "_program", ["another program"])
    assert Publications(filer.store).current() is None


class Killed(BaseException):
    """The process was killed."""


@pytest.mark.parametrize("rounds", [13, pytest.param(120, marks=pytest.mark.slow)])
def test_an_analyst_may_be_killed_at_any_point(filer: Filer, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """At each operation on a file: what stands is whole, readers are right, and the next analyst goes on."""
    real = {name: getattr(os, name) for name in ("rename", "utime")}
    left = [0]

    def killing(name: str) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real[name](*arguments, **more)

        return call

    points, store = 0, filer.store
    monkeypatch.setattr(published, "_ALIVE_S", 0.05)
    monkeypatch.setattr(published_desk, "_ALONE_S", 0.0)
    questions = [
        Question(name="lodeline.service.overview.overview:elements", subjects=("snapshot",), arguments=()),
        Question(name="lodeline.service.balance.book:balances", subjects=("store", "snapshot", "law"), arguments=()),
        Question(
            name="lodeline.service.findings.finding:findings", subjects=("store", "snapshot", "law"), arguments=()
        ),
    ]
    for number in range(1, rounds):
        filer.rows("MINE", f"{2025 + number // 12}-{number % 12 + 1:02}", f"O{number} origin 2 mine L{number} 10 {ORE}")
        one = Analyst(store.database.url)
        stamp = one.publish_once()
        assert stamp is not None
        for question in questions:
            one._give(stamp, one._readings[stamp.directory], question)
        filer.register()
        filer.rows("SEP", f"{2025 + number // 12}-{number % 12 + 1:02}")
        left[0] = number % 11 + 1
        for name in real:
            monkeypatch.setattr(os, name, killing(name))
        try:
            one.publish_once()
        except Killed:
            points += 1
        finally:
            for name, call in real.items():
                monkeypatch.setattr(os, name, call)
        reading = PublishedDesk(store.database.url).reading()
        stamp = Publications(store).current()[0]  # type: ignore[index]
        found = [Publications(store).read(stamp, question) for question in questions]
        own = Desk(store.database.url).reading()
        if reading.snapshot.entry == own.snapshot.entry:
            for question, (there, value) in zip(questions, found, strict=True):
                subjects = [getattr(own, name) for name in question.subjects]
                assert not there or repr(value) == repr(function_of(question)(*subjects))
        assert Publications(store).wrong_files() == []
    assert points >= rounds * 5 // 6


def test_who_comes_late_for_a_lot_graph_is_given_a_newer_reading_and_holds_nobody_up(filer: Filer) -> None:
    """Readers and the analyst waited for a worker that waited for itself: the whole server stood still."""
    with at_work(filer.store):
        snapshot = PublishedDesk(filer.store.database.url).reading().snapshot
        for directory in directory_of(filer.store.database).glob("flow-*"):
            shutil.rmtree(directory)
        with pytest.raises(StillComputingError), waits_a_little():
            snapshot.flow_index()
        found: list[FlowIndex] = []

        def late() -> None:
            found.append(snapshot.flow_index())
            filer.store.database.close()

        thread = threading.Thread(target=late, daemon=True)
        thread.start()
        thread.join(timeout=20)
        assert found and found[0].stamp == snapshot.stamp


def test_who_waits_for_an_answer_of_what_was_overtaken_is_told_to_ask_again(filer: Filer) -> None:
    """A process that answers opened every frame of the ledger in its place, in the hour of the deadline."""
    with at_work(filer.store):
        before = PublishedDesk(filer.store.database.url).reading()
        for period in ("2025-08", "2025-09"):
            entry = filer.rows("MINE", period)
            PublishedDesk(filer.store.database.url).reading(at_least=entry)
        while before.snapshot.entry in {one.entry for one in Publications(filer.store).current() or ()}:
            time.sleep(0.02)
        with pytest.raises(StillComputingError):
            before.answer(reconcile_nation, before.snapshot, element="Nd")
        assert isinstance(before.snapshot, SnapshotAtHand) and before.snapshot._opened is None


@pytest.mark.parametrize("took_s", [0.0, 0.1, 2.0, 16.0, 41.0, 49.7])
def test_what_a_publication_leaves_out_is_shown_within_two_minutes(took_s: float) -> None:
    # At worst something is filed when one has just begun: it ends, the pause goes by, and the next is made.
    assert 2 * took_s + pause_after(took_s) <= 100.0 + 1e-9
    assert 0.5 <= pause_after(took_s) <= max(0.5, 4 * took_s)


def test_an_empty_store_is_said_and_not_waited_for(pages: None, tmp_path: Path) -> None:
    store, _ = create(str(tmp_path / "store.sqlite3"))
    with at_work(store):
        desk = PublishedDesk(store.database.url)
        assert isinstance(desk.standing().failure, EmptyStoreError)
        with pytest.raises(EmptyStoreError):
            desk.reading()
