"""Commands and jobs read what is published, and report the same to the byte as when they compute it."""

from __future__ import annotations

import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Lodeline
from tests.desk import Desk as Filer
from tests.web.test_publisher import ORE, at_work, until, without_frames

from lodeline.control.rulebook import LawDay
from lodeline.office.access import clock
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import Ledger, declare
from lodeline.service.entries.papers import put_paper
from lodeline.service.findings.evidence import bundle
from lodeline.service.findings.finding import findings
from lodeline.service.log.editions import figures
from lodeline.service.matching.exceptions import every
from lodeline.service.parties import parties, queue
from lodeline.store import publications as store_publications
from lodeline.store import published
from lodeline.store.flow_files import standing
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Question, Stamp
from lodeline.store.published import SnapshotAtHand, answered, at_head, newest_published
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import CASE_KIND, Store
from lodeline.web import reading
from lodeline.web.published_desk import PublishedDesk
from lodeline.web.publisher import Publisher

pytestmark = pytest.mark.medium

#: What commands ask that pages ask in the same words.
ASKED = (
    ("findings", "--json"), ("quota", "--json"), ("transfers", "--json"), ("transfers", "--open"),
    ("exceptions", "--json"), ("reconcile", "--json"), ("origins", "MINE/7", "--json"), ("trace", "MINE/7"),
    ("origins", "MINE/7"), ("trace", "MINE/7", "--forward", "--json"), ("trace", "MINE/7", "--routes", "1", "--json"),
)  # fmt: skip


@pytest.fixture
def filer(pages: None, tmp_path: Path) -> Filer:
    """A mine and a separator with a month of filings."""
    filer = Filer(str(tmp_path / "store.sqlite3"))
    filer.firms("MINE", "SEP")
    filer.rows("MINE", "2025-06", f"O origin 2 mine 7 10 {ORE}", "S shipment 5 mine 7 4 counterparty=SEP")
    filer.rows("SEP", "2025-06", "R receipt 6 sep 7 4 counterparty_name=Mine_of_old")
    return filer


def published_for(filer: Filer) -> None:
    """A publisher publishes, and ends."""
    assert Publisher(filer.store.database.url).publish_once() is not None


def noted(store: Store) -> None:
    """An entry that says nothing about goods or parties."""
    with store.database.transaction():
        put_paper(
            store, store.head(lock=True), b"{}", kind=CASE_KIND, name="step.json", filed_at=clock.now(), facts={}
        )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        {"rows": [{"n": 1, "of": [None, True, 0.1, "x"]}], "none": {}}, [], None, {"rows": [("a", 1)]}, {"$": "tuple"},
        {1: "a key that is a number"}, {"days": [date(2025, 6, 1)]}, ["$", '"$":'], frozenset({"a"}),
    ],
    ids=str,
)  # fmt: skip
def test_an_answer_comes_back_whether_json_has_its_kinds_or_not(filer: Filer, value: Any) -> None:
    publications = Publications(filer.store)
    stamp = Stamp(entry=1, root="ab" * 32, as_of=None, checkpoint="", program="tried")
    question = Question(name="lodeline.tried:answer", subjects=(), arguments=())
    publications.write(stamp, question, value)
    found, back = publications.read(stamp, question)
    assert (found, back, type(back)) == (True, value, type(value))
    assert isinstance(value, frozenset) or repr(back) == repr(value)


def test_a_command_says_the_same_bytes_from_what_is_published(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Lodeline(database=filer.store.database.url)
    computed = [program(*words) for words in ASKED]
    assert all(one.status == 0 for one in computed)
    published_for(filer)
    without_frames(monkeypatch)
    assert [program(*words) for words in ASKED] == computed


def test_a_command_computes_what_is_not_published_of_the_newest_entry(filer: Filer) -> None:
    published_for(filer)
    filer.rows("MINE", "2025-07", f"O2 origin 2 mine 8 10 {ORE}")
    program = Lodeline(database=filer.store.database.url)
    document = program("findings", "--json").document
    assert document["stamp"]["entry"] == filer.store.head().size - 1
    assert program("trace", "MINE/8", "--json").document["nodes"]


def test_a_lot_graph_stands_while_nothing_is_said_of_goods(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filer.store
    before = open_snapshot(store).flow_index()
    noted(store)
    without_frames(monkeypatch)
    snapshot = at_head(store)
    assert snapshot.entry > before.stamp["entry"]
    assert snapshot.flow_index().stamp == snapshot.stamp
    monkeypatch.undo()
    filer.rows("MINE", "2025-07", f"O2 origin 2 mine 8 10 {ORE}")
    head = at_head(store)
    assert head.files is not None and standing(head.files, entry=head.entry, root=head.root) is None
    assert head.flow_index().find("MINE/8") >= 0


def test_a_job_reads_what_is_published_and_opens_no_frames(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    store, law, now = filer.store, load("cn"), clock.now()
    day = law.day_of(now)

    def all_of(snapshot: Any) -> list[Any]:
        return [
            answered(findings, store, snapshot, law).as_json()["rows"], answered(every, store, snapshot, law).rows(),
            queue.queue(store, snapshot, day=day), queue.name(store, snapshot, "MINE OF OLD", day=day),
            queue.party(store, snapshot, "MINE", day=day), parties.unsettled(snapshot, firms=frozenset({"SEP"})).rows(),
            snapshot.register.roles,
        ]  # fmt: skip

    wanted = all_of(open_snapshot(store))
    with at_work(store):
        until(lambda: Publications(store).current())
        snapshot = newest_published(store)
        assert isinstance(snapshot, SnapshotAtHand)
        without_frames(monkeypatch)
        assert all_of(snapshot) == wanted
        entry = filer.rows("MINE", "2025-07", f"O2 origin 2 mine 8 10 {ORE}")
        assert newest_published(store).entry >= entry
    monkeypatch.undo()
    assert not isinstance(newest_published(store), SnapshotAtHand)


def test_a_job_does_not_wait_for_ever(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_BEHIND_S", 0.3)
    one = Publisher(filer.store.database.url)
    # It lives, and publishes nothing.
    with one._publications.one_publisher() as mine:
        assert mine
        monkeypatch.setattr(Publications, "has_publisher", lambda _: True)
        began = time.monotonic()
        assert newest_published(filer.store).entry == filer.store.head().size - 1
        assert newest_published(filer.store, waits_s=0.6).entry == filer.store.head().size - 1
        assert time.monotonic() - began > 0.9, "each waited its time"
        # One that publishes for another program alone is not waited for.
        monkeypatch.setattr(Publications, "has_another_program", lambda _: True)
        monkeypatch.setattr(Publications, "current", lambda _: pytest.fail("it waits"))
        assert newest_published(filer.store, waits_s=60.0).entry == filer.store.head().size - 1


def test_a_server_of_another_program_that_computes_is_told_of(filer: Filer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the analysis and publishes for its own program alone: nobody here would ever be given a page."""
    monkeypatch.setattr(reading, "REQUEST_WAITS_S", 0.0)
    publications = Publications(filer.store)
    with monkeypatch.context() as patch:
        patch.setattr(store_publications, "program_now", lambda: "another")
        publisher = publications.one_publisher()
        assert publisher.__enter__()
    with reading.waits_a_little(), pytest.raises(reading.StillComputingError) as raised:
        PublishedDesk(filer.store.database.url).reading()
    assert raised.value.stage.what == "another"
    publisher.__exit__(None, None, None)
    with publications.one_publisher() as mine:
        assert mine and not publications.has_another_program()


def test_evidence_and_the_desk_read_what_is_published(
    flawed: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    assert flawed.database.path is not None
    flawed.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store, law = open_store(str(shutil.copy(flawed.database.path, tmp_path / "store.sqlite3"))), load("cn")
    whole = open_snapshot(store)
    found = findings(store, whole, law).as_json()["rows"][0]["id"]
    lot = whole.lots["name"][0]
    lines = f"line,exporter,product_name,mass_kg,destination,lot,end_user_name\n1,X,magnets,4,DE,{lot},Muster AG\n"

    def both(snapshot: Any) -> tuple[bytes, Any, bytes]:
        declared = declare(
            lines.encode(), LawDay.of(law, date(2025, 4, 1)), Ledger(snapshot=snapshot, store=store), name="d.csv"
        )
        frozen = answered(figures, store, snapshot, law, period="2025-01")
        return bundle(store, snapshot, law, found), declared, frozen

    wanted = both(whole)
    with at_work(store):
        until(lambda: Publications(store).current())
        snapshot = newest_published(store)
        without_frames(monkeypatch)
        assert both(snapshot) == wanted
