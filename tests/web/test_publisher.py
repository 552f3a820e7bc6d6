"""A publisher publishes, workers read: the answers are those that a worker would compute."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.http import HttpRequest
from polars.testing import assert_frame_equal
from tests.cli.program import PROGRAM
from tests.desk import Desk as Filer
from tests.stores import connected
from tests.web.conftest import Browser
from tests.web.test_firm_pages import browser as own_browser

from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.regulation.parameter import load
from lodeline.service.balance.book import balances
from lodeline.service.balance.reconciling import reconcile_nation
from lodeline.service.findings.finding import findings
from lodeline.service.lots.flow import trace
from lodeline.service.overview import overview
from lodeline.store import publications as module
from lodeline.store.opening import create, open_store
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.published import SnapshotAtHand, answered, asked_by_name, function_of
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web import published_desk, reports
from lodeline.web import reading as reading_module
from lodeline.web import visit as visits
from lodeline.web.pages.overview import cached_reading as cached_readings
from lodeline.web.published_desk import PublishedDesk
from lodeline.web.publisher import Publisher
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
def at_work(store: Store) -> Iterator[Publisher]:
    """A publisher in a thread, as in its process."""
    one = Publisher(store.database.url)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.end()
        thread.join(timeout=10)
        assert not thread.is_alive()


def todays() -> list[Question]:
    """The reports as of today."""
    return reports_of(load("cn").day_of(clock.now()))


def test_a_publisher_that_ends_leaves_no_file_open(filer: Filer) -> None:
    path = filer.store.database.url
    before = connected(path)
    with at_work(filer.store):
        PublishedDesk(path).reading()
    assert connected(path) == before


def answers(reading: Reading) -> dict[str, Any]:
    """What pages ask: frames, rows, data classes, rows of one lot, the lot graph, what is narrowed."""
    store, snapshot, law = reading.store, reading.snapshot, reading.law
    return {
        "months": reading.answer(overview.months, store, snapshot, law),
        "elements": reading.answer(overview.elements, snapshot),
        "findings": reading.answer(findings, store, snapshot, law).as_json()["rows"],
        "balances": reading.answer(balances, store, snapshot, law).rows(),
        "lot": snapshot.rows("lines", "lot", [1]).rows(),
        "trace": trace(snapshot, "MINE/7", forward=True, depth=None),
        "nation": repr(reading.answer(reconcile_nation, snapshot, element="Nd")),
        "stamp": (snapshot.stamp, snapshot.as_of, sorted(snapshot.register.roles)),
    }


def from_nothing(store: Store) -> pl.DataFrame:
    reading = Desk(store.database.url).reading()
    return balances(reading.store, reading.snapshot, reading.law)


def without_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, a worker that opens the frames of the ledger fails."""

    def refused(self: SnapshotAtHand) -> Any:
        raise AssertionError("a worker opened the frames of the ledger")

    monkeypatch.setattr(SnapshotAtHand, "opened", refused)


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
        assert desk.standing().entry == wanted["stamp"][0]["entry"]
    assert answers(PublishedDesk(filer.store.database.url).reading()) == wanted, "after the publisher has ended too"


def test_a_filer_is_given_what_was_filed_and_two_visitors_see_the_same(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_frames(monkeypatch)
    with at_work(filer.store):
        desk, other = (PublishedDesk(filer.store.database.url) for _ in range(2))
        first = desk.reading()
        entry = filer.rows("SEP", "2025-06", "R receipt 6 sep 7 4 counterparty=MINE")
        assert desk.reading(at_least=entry).snapshot.entry >= entry > first.snapshot.entry
        assert answers(desk.reading()) == answers(other.reading())
        found = answers(other.reading())["findings"]
        monkeypatch.undo()
    assert found == answers(Desk(filer.store.database.url).reading())["findings"]


def test_the_command_publishes_the_reports_and_the_frames(filer: Filer) -> None:
    url = filer.store.database.url
    done = subprocess.run([PROGRAM, "publish", "--once", "--database", url], capture_output=True, text=True, check=True)
    assert "Published" in done.stdout
    publications = Publications(filer.store)
    stamp = publications.current() or pytest.fail("nothing is published")
    made = {path.stem for path in (publications.directory / stamp.directory).glob("*.json")}
    assert made == {one.key for one in todays()}


def test_what_is_published_is_shown_on_a_firms_first_page_however_long_the_next_one_takes(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Publisher(filer.store.database.url).publish_once() is not None
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


def test_a_publisher_that_is_ended_before_the_last_report_publishes_nothing_and_the_next_makes_the_rest(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher, write = Publisher(filer.store.database.url), Publisher._write

    def ending(self: Publisher, *asked: Any) -> None:
        write(self, *asked)
        self.end()

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_write", ending)
        assert publisher.publish_once() is None
    publications = Publications(filer.store)
    assert publications.current() is None
    stamp = Publisher(filer.store.database.url).publish_once()
    assert stamp is not None and publications.current() == stamp
    assert len(list((publications.directory / stamp.directory).glob("*.json"))) == len(todays())


def test_a_report_that_cannot_be_computed_holds_up_no_other_and_its_page_shows_the_error(
    filer: Filer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = asked_by_name

    def also(*asked: Any) -> Question | None:
        return replace_name(real(*asked), "lodeline.service.overview.overview:elements", "lodeline.service.tried:none")

    def replace_name(one: Question | None, old: str, new: str) -> Question | None:
        if one is None or one.name != old:
            return one
        return Question(name=new, subjects=one.subjects, arguments=one.arguments)

    monkeypatch.setattr(reports, "asked_by_name", also)
    publisher = Publisher(filer.store.database.url)
    with caplog.at_level(logging.ERROR, logger="lodeline.publisher"):
        stamp = publisher.publish_once()
        assert publisher.publish_once() == stamp
    assert len([one for one in caplog.records if "could not be computed" in one.message]) == 1
    reading = PublishedDesk(filer.store.database.url).reading()
    assert reading.answer(findings, reading.store, reading.snapshot, reading.law).as_json()["rows"] is not None


def test_an_error_for_a_person_is_an_answer(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:

        def refused(*_: Any) -> Any:
            raise UserError(bilingual("no month is filed", "无月份"))

        patch.setattr(overview, "months", refused)
        patch.setattr(refused, "__module__", overview.__name__)
        patch.setattr(refused, "__qualname__", "months")
        assert Publisher(filer.store.database.url).publish_once() is not None
    without_frames(monkeypatch)
    reading = PublishedDesk(filer.store.database.url).reading()
    for _ in range(2):
        with pytest.raises(UserError, match="no month"):
            reading.answer(overview.months, reading.store, reading.snapshot, reading.law)


def test_a_page_and_a_form_wait_for_a_publication_and_not_for_ever(
    filer: Filer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years of a nation take a publisher a quarter of an hour from nothing: forms held every thread for as long."""
    monkeypatch.setattr(reading_module, "FORM_WAITS_S", 0.4)
    monkeypatch.setattr(reading_module, "REQUEST_WAITS_S", 0.2)
    desk = PublishedDesk(filer.store.database.url)
    with Publications(filer.store).one_publisher() as mine:
        assert mine
        for waits, seconds in ((waits_a_little, 0.2), (waits_as_a_form, 0.4)):
            began = time.monotonic()
            with waits(), pytest.raises(StillComputingError):
                desk.reading()
            assert seconds <= time.monotonic() - began < 10


@pytest.mark.parametrize("ending", ["json", "arrow"])
@pytest.mark.parametrize("harm", ["bit", "cut", "gone", "other"])
def test_what_the_store_did_not_write_is_no_answer_and_is_made_again(filer: Filer, ending: str, harm: str) -> None:
    stamp = Publisher(filer.store.database.url).publish_once()
    assert stamp is not None
    wanted, publications = answers(PublishedDesk(filer.store.database.url).reading()), Publications(filer.store)
    room = publications.directory / stamp.directory
    files = sorted(room.glob(f"*.{ending}"))
    assert files
    contents = [one.read_bytes() for one in files]
    for place, (one, content) in enumerate(zip(files, contents, strict=True)):
        changed = {
            "bit": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], "cut": content[:-1],
            "other": contents[place - 1],
        }.get(harm)  # fmt: skip
        one.unlink() if changed is None else one.write_bytes(changed)
    if harm != "gone":
        assert publications.wrong_files() or (harm, ending) == ("other", "arrow")
    assert answers(PublishedDesk(filer.store.database.url).reading()) == wanted
    # What no reader has looked at is found by `lodeline verify`; what one has looked at is made again.
    assert Publisher(filer.store.database.url).publish_once() == stamp
    for question in todays():
        publications.read(stamp, question)
    assert Publisher(filer.store.database.url).publish_once() == stamp
    assert publications.wrong_files() == [] and all(publications.read(stamp, one)[0] for one in todays())


def test_a_publication_that_was_put_back_is_not_read_and_its_answers_are_named_in_another(
    filer: Filer, tmp_path: Path
) -> None:
    publications = Publications(filer.store)
    first = Publisher(filer.store.database.url).publish_once()
    assert first is not None
    shutil.copytree(publications.directory, tmp_path / "kept")
    filer.rows("MINE", "2025-09", f"O9 origin 2 mine L9 10 {ORE}")
    second = Publisher(filer.store.database.url).publish_once()
    assert second is not None and publications.current() == second
    assert publications.wrong_files() == []
    older = next((tmp_path / "kept" / first.directory).glob("*.json"))
    place = publications.directory / second.directory / older.name
    newer = place.read_bytes()
    place.write_bytes(older.read_bytes())
    assert publications.wrong_files() == [str(place.relative_to(publications.directory.parent))]
    place.write_bytes(newer)
    shutil.copytree(tmp_path / "kept", publications.directory, dirs_exist_ok=True)
    assert publications.current() is None, "a reader that has seen a newer one does not go back"
    assert Publisher(filer.store.database.url).publish_once() == second, "and the publisher puts it right"
    assert publications.current() == second


def test_one_publisher_at_a_time(filer: Filer) -> None:
    with at_work(filer.store):
        until(lambda: Publications(filer.store).current())
        with pytest.raises(UserError, match="another process is the publisher"):
            Publisher(filer.store.database.url).publish_once()
    assert Publisher(filer.store.database.url).publish_once() is not None


def test_without_a_publisher_a_worker_computes(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_desk, "_ALONE_S", 0.2)
    wanted = answers(Desk(filer.store.database.url).reading())
    alone = PublishedDesk(filer.store.database.url)
    assert answers(alone.reading()) == wanted
    # One that has ended leaves what it published; the worker lets go of the frames that it computed from.
    Publisher(filer.store.database.url).publish_once()
    assert isinstance(alone.reading().snapshot, SnapshotAtHand) and answers(alone.reading()) == wanted
    assert alone._own is None


def test_another_program_does_not_read_what_this_one_published(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    Publisher(filer.store.database.url).publish_once()
    monkeypatch.setattr(module, "_program", ["another program"])
    assert Publications(filer.store).current() is None


def test_a_reader_of_a_moment_ago_is_right_though_its_files_are_gone(filer: Filer) -> None:
    Publisher(filer.store.database.url).publish_once()
    before = PublishedDesk(filer.store.database.url).reading()
    wanted = from_nothing(filer.store)
    for period in ("2025-08", "2025-09", "2025-10"):
        filer.rows("MINE", period, f"O{period[-2:]} origin 2 mine L{period[-2:]} 10 {ORE}")
        Publisher(filer.store.database.url).publish_once()
    assert not (Publications(filer.store).directory / f"{before.snapshot.entry}-").exists()
    assert_frame_equal(before.answer(balances, before.store, before.snapshot, before.law), wanted)
    assert before.snapshot.flow_index().stamp == before.snapshot.stamp


class Killed(BaseException):
    """The process was killed."""


@pytest.mark.ci
@pytest.mark.parametrize("rounds", [13, pytest.param(120, marks=pytest.mark.slow)])
def test_a_publisher_may_be_killed_at_any_point(filer: Filer, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """At operations on files: what is current is whole, readers are right, and the next publisher goes on."""
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
    monkeypatch.setattr(published_desk, "_ALONE_S", 0.0)
    for number in range(1, rounds):
        filer.rows("MINE", f"{2025 + number // 12}-{number % 12 + 1:02}", f"O{number} origin 2 mine L{number} 10 {ORE}")
        if number % 2:
            assert Publisher(store.database.url).publish_once() is not None
        filer.register()
        filer.rows("SEP", f"{2025 + number // 12}-{number % 12 + 1:02}")
        left[0] = number * 7 % 89 + 1
        for name in real:
            monkeypatch.setattr(os, name, killing(name))
        try:
            Publisher(store.database.url).publish_once()
        except Killed:
            points += 1
        finally:
            for name, call in real.items():
                monkeypatch.setattr(os, name, call)
        stamp = Publications(store).current()
        assert Publications(store).wrong_files() == []
        if stamp is None:
            continue
        at = Reading(store, open_snapshot(store), load("cn"), "")
        if stamp.entry != at.snapshot.entry:
            continue
        for question in todays():
            there, value = Publications(store).read(stamp, question)
            subjects = [getattr(at, name) for name in question.subjects]
            assert there and repr(value) == repr(function_of(question)(*subjects, **dict(question.arguments)))
    assert points >= rounds // 2


def test_an_empty_store_is_reported_and_not_waited_for(pages: None, tmp_path: Path) -> None:
    store, _ = create(str(tmp_path / "store.sqlite3"))
    with at_work(store):
        desk = PublishedDesk(store.database.url)
        assert isinstance(desk.standing().failure, EmptyStoreError)
        with pytest.raises(EmptyStoreError):
            desk.reading()


def test_no_page_of_a_lot_a_site_or_a_firm_opens_the_ledger(
    flawed: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Callable[[str], Browser]
) -> None:
    assert flawed.database.path is not None
    flawed.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store = open_store(str(shutil.copy(flawed.database.path, tmp_path / "store.sqlite3")))
    snapshot = open_snapshot(store)
    lot, own = snapshot.lots["name"][0], snapshot.lines_of_lot(1)["organisation"][0]
    assert Publisher(store.database.url).publish_once() is not None
    desk, browser = PublishedDesk(store.database.url), elsewhere(store.database.url)
    monkeypatch.setattr(visits, "desk", lambda _: desk)
    without_frames(monkeypatch)
    firm, site = "MAG-0001", "MAG-0001-A"
    for address, of in (
        (f"lots/{lot}/", None), (f"lots/{lot}/?direction=forward", None), (f"firm/{own}/lots/{lot}/", own),
        (f"organisations/{firm}/", None), ("log/3/", None), (f"firm/{firm}/", firm), (f"find/?q={lot}", None),
        (f"sites/{site}/", None), (f"firm/{firm}/sites/{site}/", firm), ("", None), ("findings/", None),
        ("year/", None), ("visit/", None), ("strategy/", None), ("matching/", None),
    ):  # fmt: skip
        looking = browser if of is None else own_browser(of, "filer", "certifier")
        assert looking.get(f"/en/{address}").status_code in (200, 302, 404), address


def test_answers_are_those_of_the_frames_asked_by_a_job(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    Publisher(filer.store.database.url).publish_once()
    without_frames(monkeypatch)
    reading = PublishedDesk(filer.store.database.url).reading()
    found = answered(balances, reading.store, reading.snapshot, reading.law)
    monkeypatch.undo()
    assert_frame_equal(found, from_nothing(filer.store))


def test_a_stamp_names_its_directory() -> None:
    stamp = Stamp(entry=7, root="ab" * 32, as_of=None, checkpoint="", program="p")
    assert stamp.directory == "7-abababababababab-p"
