"""Whatever is changed behind the guards is detected and named: the entry, and what was done to it.

Every case drops the triggers, does its harm, puts them back and verifies, in a transaction that is rolled back.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.conftest import KINDS, Backup
from tests.contracts.harm import unguarded
from tests.desk import Desk, amounts, assert_sound
from tests.stores import copy_postgresql

from lodeline.journal import merkle
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.verify import Fault
from lodeline.service.entries.cases import put_step
from lodeline.service.log.audit import rebuild, verify
from lodeline.store.opening import open_store
from lodeline.store.store import Store, StoredEntry

pytestmark = pytest.mark.medium

SHARE = "product=concentrate composition=Nd=12;TREO=60 origin_kind=mined origin_place=P"
JUNE = (f"O origin 2 mine 7 1000 {SHARE}", "S shipment 5 mine 7 400 counterparty=SEP", "C stock 30 mine 7 600 note=dry")
#: The entries: 0 the register, 1 MINE's June, 2 SEP's June, 3 a correction of 1, 4 SEP's late nil return.
LAST = 4


def file_small_log(desk: Desk) -> None:
    first = desk.rows("MINE", "2025-06", *JUNE)
    desk.rows(
        "SEP", "2025-06", "R receipt 9 sep 7 450 counterparty=MINE", "T transformation 12 sep 7 300 role=in",
        "T transformation 12 sep X 100 role=out product=oxide:Nd composition=Nd=36;TREO=99",
    )  # fmt: skip
    desk.rows("MINE", "2025-06", "S shipment 5 mine 7 450 counterparty=SEP", corrects=first)
    late = desk.try_rows("SEP", "2025-07", filed_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    assert late.entry is not None and late.entry.index == LAST


@pytest.fixture(scope="module", params=KINDS)
def small_log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("tampering") / "store.sqlite3"
        shutil.copy(request.getfixturevalue("made_sqlite"), path)
        url = str(path)
    else:
        url = copy_postgresql(request.getfixturevalue("made_postgresql"))
    desk = Desk(open_store(url))
    file_small_log(desk)
    yield desk
    desk.store.database.close()


class _Undo(Exception):  # noqa: N818  (not an error: the way back)
    pass


@contextmanager
def rolled_back(store: Store) -> Iterator[None]:
    try:
        with store.database.transaction():
            yield
            raise _Undo
    except _Undo:
        pass


Harm = str | tuple[str, list[Any]] | Callable[[Store], None]


def harm(store: Store, deed: Harm) -> None:
    with unguarded(store):
        if callable(deed):
            deed(store)
        elif isinstance(deed, tuple):
            store.database.execute(*deed)
        else:
            store.database.execute(deed)


def faults_after(store: Store, deed: Harm) -> tuple[Fault, ...]:
    with rolled_back(store):
        harm(store, deed)
        found = verify(store).faults
    assert verify(store).faults == ()
    return found


def columns(store: Store, table: str) -> list[str]:
    with store.database.connection.cursor() as cursor:
        described = store.database.connection.introspection.get_table_description(cursor, table)
    return [column.name for column in described]


def copied(table: str, condition: str, **changed: str) -> Callable[[Store], None]:
    """Inserts a copy of a row with some columns replaced by SQL."""

    def do(store: Store) -> None:
        names = [name for name in columns(store, table) if name not in changed or changed[name] != "-"]
        chosen = [changed.get(name, f'"{name}"') for name in names]
        listed = ",".join(f'"{name}"' for name in names)
        store.database.execute(
            f'INSERT INTO "{table}" ({listed}) SELECT {",".join(chosen)} FROM "{table}" WHERE {condition}'
        )

    return do


def swapped(store: Store) -> None:
    """Rows 0 and 2 of entry 1 change places."""
    for old, new in ((0, 90), (2, 0), (90, 2)):
        store.database.execute("UPDATE line SET ordinal = %s WHERE entry = 1 AND ordinal = %s", [new, old])


def forged_envelope(store: Store) -> None:
    """The envelope of entry 1 and its leaf hash are replaced together."""
    entry = store.entry(1)
    assert entry is not None
    envelope = entry.envelope.replace('"2025-06"', '"2025-05"')
    leaf = merkle.leaf_hash(envelope.encode()).hex()
    store.database.execute(
        "UPDATE entry SET envelope = %s, leaf_hash = %s, period = '2025-05' WHERE \"index\" = 1", [envelope, leaf]
    )


ONE = 'WHERE "index" = 1'
TAMPERED: dict[str, tuple[Harm, int | None, str]] = {
    "a mass": ("UPDATE line SET mass_mg = mass_mg + 1 WHERE entry = 1 AND ordinal = 0", 1, "row.changed"),
    "a text": ("UPDATE line SET note = 'wet' WHERE entry = 1 AND ordinal = 2", 1, "row.changed"),
    "a text emptied": ("UPDATE line SET note = NULL WHERE entry = 1 AND ordinal = 2", 1, "row.changed"),
    "a day": ("UPDATE line SET \"on\" = '2025-06-03' WHERE entry = 1 AND ordinal = 0", 1, "row.changed"),
    "a composition": ("UPDATE line SET composition = 'Nd=1' WHERE entry = 1 AND ordinal = 0", 1, "row.changed"),
    "a row out of force": ("UPDATE line SET mass_mg = 1 WHERE entry = 1 AND ordinal = 1", 1, "row.changed"),
    "a dry mass": ("UPDATE line SET dry_mg = dry_mg - 1 WHERE entry = 2 AND ordinal = 0", 2, "row.resolution-changed"),
    "a lot": (
        "UPDATE line SET lot_id = (SELECT id FROM lot WHERE local = 'X') WHERE entry = 2 AND ordinal = 0",
        2, "row.resolution-changed",
    ),
    "a party": ("UPDATE line SET party = 'MAG' WHERE entry = 2 AND ordinal = 0", 2, "row.resolution-changed"),
    "a count's party": ("UPDATE line SET party = 'MAG' WHERE entry = 1 AND ordinal = 2", 1, "row.resolution-changed"),
    "a filer": ("UPDATE line SET organisation = 'SEP' WHERE entry = 1 AND ordinal = 2", 1, "row.misplaced"),
    "a leaf": (("UPDATE line SET leaf = %s WHERE entry = 1 AND ordinal = 2", [b"\0" * 32]), 1, "row.leaves-changed"),
    "a row deleted": ("DELETE FROM line WHERE entry = 1 AND ordinal = 1", 1, "row.missing"),
    "the last row deleted": ("DELETE FROM line WHERE entry = 1 AND ordinal = 2", 1, "row.missing"),
    "all rows deleted": ("DELETE FROM line WHERE entry = 1", 1, "row.missing"),
    "two rows swapped": (swapped, 1, "row.swapped"),
    "an ordinal": ("UPDATE line SET ordinal = 7 WHERE entry = 1 AND ordinal = 2", 1, "row.misplaced"),
    "a row number": ("UPDATE line SET id = 999 WHERE entry = 1 AND ordinal = 2", 1, "row.misplaced"),
    "a row inserted": (copied("line", "entry = 1 AND ordinal = 2", id="999", ordinal="3"), 1, "row.inserted"),
    "a row of no entry": (copied("line", "entry = 1 AND ordinal = 2", id="999", entry="77"), 77, "row.without-entry"),
    "a row moved": ("UPDATE line SET entry = 2 WHERE entry = 1 AND ordinal = 2", 1, "row.missing"),
    "an envelope": ("UPDATE entry SET envelope = replace(envelope, 'MINE', 'MAGS') " + ONE, 1, "entry.changed"),
    "an envelope cut": ("UPDATE entry SET envelope = '{' " + ONE, 1, "entry.changed"),
    "an envelope with its hash": (forged_envelope, None, "log.root-differs"),
    "an entry deleted": ("DELETE FROM entry " + ONE, 1, "entry.missing"),
    "the last entry deleted": (f'DELETE FROM entry WHERE "index" = {LAST}', LAST, "log.truncated"),
    "an entry appended": (copied("entry", f'"index" = {LAST}', index="5"), 5, "entry.unsigned"),
    "a kind of entry": ("UPDATE entry SET kind = 'register' " + ONE, 1, "entry.columns-differ"),
    "an organisation": ("UPDATE entry SET organisation = 'MAG' " + ONE, 1, "entry.columns-differ"),
    "a period": ("UPDATE entry SET period = '2025-05' " + ONE, 1, "entry.columns-differ"),
    "a time of filing": (
        f"UPDATE entry SET filed_at = '2025-08-05T00:00:00Z' WHERE \"index\" = {LAST}", LAST, "entry.columns-differ",
    ),
    "what is corrected": ('UPDATE entry SET corrects = 2 WHERE "index" = 3', 3, "entry.columns-differ"),
    "a number of rows": ("UPDATE entry SET row_count = 2 " + ONE, 1, "entry.columns-differ"),
    "a first row": ("UPDATE entry SET first_line = 40 " + ONE, 1, "entry.columns-differ"),
    "a root": ("UPDATE entry SET root = leaf_hash " + ONE, 1, "entry.columns-differ"),
    "a leaf hash": ("UPDATE entry SET leaf_hash = root " + ONE, 1, "entry.changed"),
    "a digest": ("UPDATE entry SET digest = leaf_hash " + ONE, 1, "row.changed"),
    "a flag": (f"UPDATE entry SET flags = '[]' WHERE \"index\" = {LAST}", LAST, "entry.columns-differ"),
    "an upload": (
        ("UPDATE upload SET content = (SELECT MIN(content) FROM upload WHERE entry = 2) WHERE entry = %s", [1]),
        1, "upload.changed",
    ),
    "an upload that is no more": ("DELETE FROM upload WHERE entry = 1", 1, "upload.changed"),
    "an upload of noise": (("UPDATE upload SET content = %s WHERE entry = 1", [b"\xff\0"]), 1, "upload.changed"),
    "an upload's fingerprint": ("UPDATE upload SET sha256 = 'x' WHERE entry = 1", 1, "upload.changed"),
    "an upload added": (copied("upload", "entry = 1", id="-", entry="2"), 2, "upload.changed"),
    "an upload of the register": (copied("upload", "entry = 1", id="-", entry="0"), 0, "upload.changed"),
    "a record": ("UPDATE record SET body = replace(body, 'SEP', 'PES') WHERE ordinal = 1", 0, "row.changed"),
    "a record's table": ("UPDATE record SET \"table\" = 'models' WHERE ordinal = 1", 0, "row.changed"),
    "a record's key": ("UPDATE record SET key = '[\"PES\"]' WHERE ordinal = 1", 0, "row.misplaced"),
    "a record's place": ("UPDATE record SET ordinal = 99 WHERE ordinal = 1", 0, "row.changed"),
    "a record deleted": ("DELETE FROM record WHERE ordinal = 1", 0, "row.missing"),
    "a lot's name": ("UPDATE lot SET name = 'MAG/7' WHERE local = '7'", 1, "row.resolution-changed"),
    "a lot's own id": ("UPDATE lot SET local = '8' WHERE local = '7'", None, "state.differs"),
    "a lot's maker": ("UPDATE lot SET maker = 'MAG' WHERE local = '7'", None, "state.differs"),
    "a lot deleted": ("DELETE FROM lot WHERE local = '7'", 1, "row.resolution-changed"),
    "a lot added": (copied("lot", "local = '7'", id="77", name="'MAG/7'"), None, "state.differs"),
    "a holding": ("UPDATE holding SET mass_mg = mass_mg + 1 WHERE site = 'mine'", 3, "state.differs"),
    "a shortfall hidden": ("UPDATE holding SET unaccounted_mg = 5 WHERE site = 'mine'", 3, "state.differs"),
    "a holding deleted": ("DELETE FROM holding WHERE site = 'mine'", 3, "state.differs"),
    "a holding doubled": (copied("holding", "site = 'mine'", id="-"), 3, "state.differs"),
    "a holding invented": (copied("holding", "site = 'mine'", id="-", lot="55"), None, "state.differs"),
    "a transfer": ("UPDATE transfer SET received_mg = 5", 3, "state.differs"),
    "a transfer deleted": ("DELETE FROM transfer", 3, "state.differs"),
    "a draw": ("UPDATE drawdown SET reo_mg = 0 WHERE kind = 'mining'", 3, "state.differs"),
    "a draw deleted": ("DELETE FROM drawdown WHERE kind = 'mining'", 3, "state.differs"),
    "a supersession removed": ("DELETE FROM superseded", 1, "state.differs"),
    "a supersession invented": (
        "INSERT INTO superseded (organisation, event, entry, \"by\") VALUES ('SEP', 'R', 2, 4)", 2, "state.differs",
    ),
    "the head's size": ("UPDATE head SET size = size - 1", None, "state.differs"),
    "the head's next row": ("UPDATE head SET next_line = 2", None, "state.differs"),
    "the head's next lot": ("UPDATE head SET next_lot = 1", None, "state.differs"),
    "the head's register": ("UPDATE head SET register_entry = 1", None, "state.differs"),
    "the head's frontier": (("UPDATE head SET frontier = %s", [b"\0" * 40]), None, "state.differs"),
    "the head's note": ("UPDATE head SET checkpoint = replace(checkpoint, 'a', 'b')", None, "checkpoint.signature"),
}  # fmt: skip


@pytest.mark.parametrize("deed", TAMPERED)
def test_it_is_detected_and_named(small_log: Desk, deed: str) -> None:
    what_is_done, entry, what = TAMPERED[deed]
    found = faults_after(small_log.store, what_is_done)
    assert (entry, what) in [(fault.entry, fault.what) for fault in found]
    assert verify(small_log.store).as_json()["ok"]


@pytest.mark.parametrize(
    ("deed", "ordinals"),
    [("a mass", {0}), ("a text", {2}), ("a row deleted", {1}), ("two rows swapped", {0}), ("a row inserted", {3})],
)
def test_the_row_is_named(small_log: Desk, deed: str, ordinals: set[int]) -> None:
    what_is_done, _, what = TAMPERED[deed]
    found = faults_after(small_log.store, what_is_done)
    assert {fault.facts.get("ordinal") for fault in found if fault.what == what} == ordinals


#: What a vandal writes rather than a forger: it must be named, and never stop the verification.
NOISE: dict[str, tuple[Harm, int | None]] = {
    "a composition": ("UPDATE line SET composition = 'lead' WHERE entry = 1 AND ordinal = 0", 1),
    "a kind": ("UPDATE line SET kind = 'gift' WHERE entry = 1 AND ordinal = 0", 1),
    "no mass": ("UPDATE line SET mass_mg = NULL, dry_mg = NULL WHERE entry = 1 AND ordinal = 0", 1),
    "no lot": ("UPDATE line SET lot_id = NULL WHERE entry = 1 AND ordinal = 0", 1),
    "no day": ('UPDATE line SET "on" = NULL WHERE entry = 1 AND ordinal = 0', 1),
    "a short leaf": (("UPDATE line SET leaf = %s WHERE entry = 1 AND ordinal = 0", [b"leaf"]), 1),
    "a leaf hash": ("UPDATE entry SET leaf_hash = 'not hexadecimal' " + ONE, 1),
    "a short leaf hash": ("UPDATE entry SET leaf_hash = 'abcd' " + ONE, 1),
    "flags": ("UPDATE entry SET flags = 'none' " + ONE, 1),
    "a record": ("UPDATE record SET body = 'nobody' WHERE ordinal = 1", 0),
    "a record's table": ("UPDATE record SET \"table\" = 'chairs' WHERE ordinal = 1", 0),
    "a lot's name": ("UPDATE lot SET name = 'nameless' WHERE local = '7'", 1),
    "a checkpoint": ("UPDATE head SET checkpoint = ''", None),
    "a frontier": (("UPDATE head SET frontier = %s", [b""]), None),
}


@pytest.mark.parametrize("deed", NOISE)
def test_noise_is_named_too(small_log: Desk, deed: str) -> None:
    what_is_done, entry = NOISE[deed]
    assert entry in [fault.entry for fault in faults_after(small_log.store, what_is_done)]


def test_a_day_that_is_none_is_named_on_the_database_that_lets_it_in(small_log: Desk) -> None:
    if not small_log.store.database.is_sqlite:
        pytest.skip("PostgreSQL refuses such a day")
    found = faults_after(small_log.store, "UPDATE line SET \"on\" = 'someday' WHERE entry = 1 AND ordinal = 0")
    assert (1, "row.changed") in [(fault.entry, fault.what) for fault in found]


def test_every_fault_has_words_in_both_languages(small_log: Desk) -> None:
    store = small_log.store
    with rolled_back(store):
        for deed in ("a mass", "an upload", "a holding", "an envelope", "a filer", "the head's size"):
            harm(store, TAMPERED[deed][0])
        found = verify(store).as_json()
    assert not found["ok"]
    for fault in found["faults"]:
        assert fault["message"]["en"] and fault["message"]["zh"], fault


def test_the_name_of_the_log_cannot_be_changed(ledger: Desk) -> None:
    harm(ledger.store, "UPDATE fact SET value = 'other.org/log' WHERE key = 'origin'")
    again = open_store(ledger.store.database.url)
    assert "checkpoint.signature" in [fault.what for fault in verify(again).faults]


def cut_the_end(store: Store) -> None:
    """The last entry goes, with its upload, and the head is set back to what it was before, signature and all."""
    before = store.entry(LAST - 1)
    assert before is not None
    frontier = merkle.Frontier()
    for entry in list(store.entries())[:LAST]:
        frontier = frontier.append(bytes.fromhex(entry.leaf_hash))
    note = sign_checkpoint(size=LAST, root=frontier.root(), signer=store.signer)
    store.database.execute(f'DELETE FROM entry WHERE "index" = {LAST}')
    store.database.execute(f"DELETE FROM upload WHERE entry = {LAST}")
    store.database.execute(
        "UPDATE head SET size = %s, frontier = %s, checkpoint = %s", [LAST, frontier.to_bytes(), note]
    )


def test_an_end_cut_off_by_who_holds_the_key_shows_only_against_a_kept_checkpoint(small_log: Desk) -> None:
    store = small_log.store
    kept = store.head().checkpoint
    with rolled_back(store):
        harm(store, cut_the_end)
        assert verify(store).faults == ()
        found = verify(store, kept=[kept]).faults
    assert [(fault.entry, fault.what) for fault in found] == [(LAST, "log.older-than-checkpoint")]
    assert verify(store, kept=[kept]).faults == ()


def test_an_old_backup_shows_against_a_kept_checkpoint(own: Desk, back_up: Callable[[Desk], Backup]) -> None:
    own.rows("MINE", "2025-06", *JUNE)
    backup = back_up(own)
    own.rows("MINE", "2025-07")
    kept = own.store.head().checkpoint
    assert verify(own.store, kept=[kept]).faults == ()
    restored = backup.restore(own)
    assert verify(restored.store).faults == ()
    found = verify(restored.store, kept=[kept]).faults
    assert [(fault.entry, fault.what) for fault in found] == [(2, "log.older-than-checkpoint")]
    assert_sound(restored.store)
    restored.store.database.close()


def test_a_fork_shows_against_a_kept_checkpoint(own: Desk, back_up: Callable[[Desk], Backup]) -> None:
    own.rows("MINE", "2025-06", *JUNE)
    backup = back_up(own)
    own.rows("MINE", "2025-07")
    kept = own.store.head().checkpoint
    forked = backup.restore(own)
    forked.rows("SEP", "2025-07")
    forked.rows("SEP", "2025-08")
    assert verify(forked.store).faults == ()
    found = verify(forked.store, kept=[kept]).faults
    assert "log.fork" in [fault.what for fault in found]
    forked.store.database.close()


def test_a_checkpoint_of_another_log_or_none_is_named(small_log: Desk) -> None:
    stranger = Signer.of_store(b"another secret", small_log.store.origin)
    strange = sign_checkpoint(size=1, root=b"\1" * 32, signer=stranger)
    found = verify(small_log.store, kept=[strange, "a letter"]).faults
    assert sorted((fault.what, fault.facts["number"]) for fault in found) == [
        ("checkpoint.malformed", 2),
        ("checkpoint.signature", 1),
    ]


def test_rebuild_says_what_differed_puts_it_right_and_has_nothing_to_say_again(ledger: Desk) -> None:
    file_small_log(ledger)
    expected = amounts(ledger.store)
    for table in ("holding", "transfer", "drawdown", "superseded"):
        ledger.store.database.execute(f"DELETE FROM {table}")
    found = rebuild(ledger.store)
    assert not found["ok"]
    assert {difference["table"] for difference in found["differences"]} >= {"holding", "transfer", "drawdown"}
    assert amounts(ledger.store) == expected
    assert rebuild(ledger.store) == {"ok": True, "differences": []}
    assert_sound(ledger.store)


def test_a_store_with_harmed_state_is_right_again_after_rebuild_and_files_on(ledger: Desk) -> None:
    file_small_log(ledger)
    ledger.store.database.execute("UPDATE holding SET mass_mg = 1")
    rebuild(ledger.store)
    ledger.rows("MINE", "2025-07", "L loss 3 mine 7 550 reason=fire")
    assert ("MINE/7", "mine", "MINE") not in ledger.held_kg()
    assert_sound(ledger.store)


def test_a_kept_file_of_the_database_is_all_there_is(own: Desk, tmp_path: Path) -> None:
    if not own.store.database.is_sqlite:
        pytest.skip("a PostgreSQL store is no file")
    file_small_log(own)
    own.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(str(own.store.database.path), tmp_path / "copy.sqlite3")
    copy = open_store(str(tmp_path / "copy.sqlite3"))
    assert verify(copy).as_json() == verify(own.store).as_json()
    copy.database.close()


def test_what_is_entered_while_a_log_is_verified_is_no_fault(made_sqlite: Path, tmp_path: Path) -> None:
    desk = Desk(open_store(str(shutil.copy(made_sqlite, tmp_path / "store.sqlite3"))))
    file_small_log(desk)
    entered: list[StoredEntry] = []

    def enter(_what: str, _share: float) -> None:
        if not entered:
            now = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
            entered.append(put_step(desk.store, b"{}", case="asked", number=1, by="", filed_at=now))

    found = verify(desk.store, progress=enter)
    assert found.faults == () and found.size == entered[0].index == desk.store.head().size - 1
