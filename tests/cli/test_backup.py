"""A backup is everything at one moment, and is restored whole, as it was filed, or not at all."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import override_settings
from tests.cli.conftest import PlaceOf
from tests.cli.program import Lodeline
from tests.desk import Desk, amounts, assert_sound
from tests.office.harm import alter
from tests.stores import copied

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.jobs.process import is_dead, mark
from lodeline.office.models import Notice, User
from lodeline.office.opening import change_tables, prepare
from lodeline.service.log import backup as backup_service
from lodeline.service.log.backup import RefusedError, back_up, restore
from lodeline.service.log.backup_expiry import prune
from lodeline.service.log.older_backup import BackupError
from lodeline.store.appearing import TakenError
from lodeline.store.database import Database
from lodeline.store.opening import create, open_store
from lodeline.store.store import Store

MOMENT = datetime(2025, 7, 1, tzinfo=UTC)


def firm(url: str) -> Desk:
    """A store in which ACME has filed a month and corrected it, and a person has an account."""
    desk = Desk(url)
    desk.firms("ACME", "NORTH")
    first = desk.rows(
        "ACME", "2025-05", "E1 origin 3 acme L1 100 product=concentrate composition=TREO=50 origin_kind=mined"
    )
    desk.rows(
        "ACME",
        "2025-05",
        "E1 origin 3 acme L1 120 product=concentrate composition=TREO=50 origin_kind=mined",
        corrects=first,
    )
    with override_settings(LODELINE_DATABASE=url):
        User.objects.create_user("li@example.org", name="李 \\N 雷", joined_at=MOMENT)
        Notice.objects.create(kind="due", key="1", created_at=datetime(2025, 7, 1, 8, 30, 1, 25, tzinfo=UTC))
    return desk


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of such a store. Not to be changed."""
    path = tmp_path_factory.mktemp("example") / "store.sqlite3"
    store = firm(str(path)).store
    store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.database.close()
    return path


@pytest.fixture
def desk(example: Path, tmp_path: Path) -> Desk:
    return Desk(str(shutil.copy(example, tmp_path / "store.sqlite3")))


@pytest.fixture
def backup(desk: Desk, tmp_path: Path) -> Path:
    return back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT).file


def made_tables(url: str) -> None:
    """Makes the tables as `prepare` does; in a file they are copied from those that it has made once."""
    if url.startswith("postgresql:"):
        prepare(url)
    else:
        copied(_make_tables, url)


def _make_tables(url: str) -> None:
    prepare(url)
    database = Database(url)
    database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def put_back(file: Path, url: str, *, kept: Any = (), older: bool = False) -> Store:
    restore(file, url, make_tables=made_tables, change_tables=change_tables, kept=kept, older=older)
    return open_store(url)


@pytest.mark.medium
@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_restored_store_is_the_store_that_was_backed_up(
    source: str, target: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    desk = firm(place_of(source))
    made = back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT)
    url = place_of(target)
    restored = put_back(made.file, url)
    assert (made.size, made.root) == (3, desk.store.head().frontier.root().hex())
    assert restored.head() == desk.store.head()
    assert amounts(restored) == amounts(desk.store)
    assert_sound(restored)
    with override_settings(LODELINE_DATABASE=url):
        assert User.objects.get().name == "李 \\N 雷"
        assert Notice.objects.get().created_at == datetime(2025, 7, 1, 8, 30, 1, 25, tzinfo=UTC)
        # Numbers go on where they stood.
        assert User.objects.create_user("han@example.org", name="韩梅梅", joined_at=MOMENT).pk > 1
    after = Desk(restored).rows(
        "NORTH", "2025-05", "E1 origin 3 north L1 7 product=concentrate composition=TREO=50 origin_kind=mined"
    )
    assert after == 3
    assert_sound(restored)


@pytest.mark.medium
def test_backup_is_of_one_moment_while_others_write(desk: Desk, tmp_path: Path) -> None:
    with closing(sqlite3.connect(desk.store.database.url, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO superseded (organisation, event, entry, \"by\") VALUES ('x', 'x', 1, 1)")
        made = back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT)
        writer.execute("COMMIT")
    assert_sound(put_back(made.file, str(tmp_path / "restored.sqlite3")))


def nothing_left(tmp_path: Path, url: str) -> bool:
    return not [path.name for path in tmp_path.iterdir() if "restor" in path.name or path.name == Path(url).name]


@pytest.mark.medium
def test_backup_of_another_history_is_refused(desk: Desk, backup: Path, tmp_path: Path) -> None:
    rewritten = Desk(str(tmp_path / "rewritten.sqlite3"))
    rewritten.firms("ACME", "NORTH")
    rewritten.rows("ACME", "2025-05", "E1 origin 3 acme L1 1 product=concentrate composition=TREO=50 origin_kind=mined")
    rewritten.rows(
        "NORTH", "2025-05", "E1 origin 3 north L1 1 product=concentrate composition=TREO=50 origin_kind=mined"
    )
    url = str(tmp_path / "new.sqlite3")
    with pytest.raises(RefusedError) as refused:
        put_back(backup, url, kept=[rewritten.store.checkpoint()])
    assert "log.fork" in refused.value.en and "改写" in refused.value.zh
    assert nothing_left(tmp_path, url)


@pytest.mark.medium
def test_backup_behind_the_kept_checkpoint_is_restored_only_when_that_is_meant(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    desk.rows("NORTH", "2025-05", "E1 origin 3 north L1 7 product=concentrate composition=TREO=50 origin_kind=mined")
    kept, url = [desk.store.checkpoint()], str(tmp_path / "new.sqlite3")
    with pytest.raises(RefusedError, match=r"log\.older-than-checkpoint") as refused:
        put_back(backup, url, kept=kept)
    assert "--older" in refused.value.en and nothing_left(tmp_path, url)
    restored = restore(backup, url, make_tables=made_tables, change_tables=change_tables, kept=kept, older=True)
    assert (restored.size, restored.missing) == (3, 1)


@pytest.mark.medium
def test_cut_or_altered_file_is_refused_and_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    whole, url = backup.read_bytes(), str(tmp_path / "new.sqlite3")
    inside = whole.index(b"PAR1") + 40
    altered = {
        "cut": whole[: len(whole) // 2],
        "cut at the end": whole[:-11_000],
        "empty": b"",
        "changed": whole[:inside] + bytes([whole[inside] ^ 1]) + whole[inside + 1 :],
    }
    for how, content in altered.items():
        backup.write_bytes(content)
        with pytest.raises(BackupError):
            put_back(backup, url)
        assert nothing_left(tmp_path, url), how


def rewritten(backup: Path, table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Changes a table in a backup and every hash that speaks of it, as somebody without the secret can."""
    with tarfile.open(backup) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    manifest = json.loads(files["manifest.json"])
    part = next(part for part in manifest["parts"] if part["table"] == table)
    content = io.BytesIO()
    change(pl.read_parquet(io.BytesIO(files[part["name"]]))).write_parquet(content)
    files[part["name"]] = content.getvalue()
    part["sha256"] = sha256(content.getvalue()).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(backup, "w") as tar:
        for name, content_ in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content_)
            tar.addfile(member, io.BytesIO(content_))


@pytest.mark.medium
@pytest.mark.parametrize("table", ["office_user", "line"])
def test_table_that_was_changed_together_with_its_hashes_is_refused(backup: Path, tmp_path: Path, table: str) -> None:
    column = {"office_user": "email", "line": "mass_mg"}[table]
    worse = {"office_user": pl.lit("thief@example.org"), "line": pl.col("mass_mg") * 2}[table]
    rewritten(backup, table, lambda rows: rows.with_columns(worse.alias(column)))
    url = str(tmp_path / "new.sqlite3")
    with pytest.raises(RefusedError, match="manifest"):
        put_back(backup, url)
    assert nothing_left(tmp_path, url)


@pytest.mark.ci
@pytest.mark.medium
def test_an_office_that_was_altered_is_refused_and_an_honest_one_is_not(
    example: Path, tmp_path: Path, lodeline: Lodeline
) -> None:
    """By the commands: the backup anchors what was recorded, so that its checkpoint covers it."""
    url, place = str(shutil.copy(example, tmp_path / "store.sqlite3")), tmp_path / "new.sqlite3"
    with override_settings(LODELINE_DATABASE=url):
        record_act(Actor(user=None, name="", pseudonym="li"), "account.sign-in")
    assert lodeline("backup", str(tmp_path / "honest.tar"), "--database", url, "--json").document["size"] == 4
    restored = lodeline("restore", str(tmp_path / "honest.tar"), "--database", str(place), "--json")
    assert restored.document["ok"]
    verified = lodeline("verify", "--database", str(place), "--json").document
    assert (verified["ok"], verified["audit_records"], verified["not_anchored"]) == (True, 1, 0)
    alter(open_store(url), "UPDATE office_audit_record SET who = 'wang'")
    told = lodeline("verify", "--database", url)
    assert told.status == 1 and "entry 3: audit.changed" in told.out
    lodeline("backup", str(tmp_path / "altered.tar"), "--database", url)
    place.unlink()
    refused = lodeline("restore", str(tmp_path / "altered.tar"), "--database", str(place), "--json")
    assert refused.status == 1 and "audit.changed [3]" in refused.document["message"]["en"]
    assert nothing_left(tmp_path, str(place))


@pytest.mark.medium
@pytest.mark.parametrize("inside", [False, True], ids=["secret given", "secret inside"])
def test_manifest_that_bears_no_code_of_the_store_is_not_read(
    inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if inside:
        monkeypatch.delenv("LODELINE_SECRET")
    store = create(str(tmp_path / "own.sqlite3"))[0]
    file = back_up(store, tmp_path / "backup.tar", made_at=MOMENT).file
    with tarfile.open(file) as tar:
        files = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    url = str(tmp_path / "new.sqlite3")
    for forged in (b"[" * 100_000, b"no JSON", b'{"format": "lodeline-backup-1", "parts": [{}]}', b'{"format": "x"}'):
        with tarfile.open(file, "w") as tar:
            for name, content in (files | {"manifest.json": forged}).items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        with pytest.raises(RefusedError, match="manifest"):
            put_back(file, url)
        assert nothing_left(tmp_path, url)


@pytest.mark.medium
def test_backup_of_the_format_before_is_read_and_a_newer_one_is_not(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT).file
    for here, says in ((1, None), (2, None), (0, "or update this one"), (3, "the version that made it")):
        monkeypatch.setattr(backup_service, "FORMAT", here)
        url = str(tmp_path / f"of-{here}.sqlite3")
        if says is None:
            assert put_back(file, url).head().size == 3
        else:
            with pytest.raises(BackupError, match=says):
                put_back(file, url)
            assert nothing_left(tmp_path, url)


@pytest.mark.medium
def test_interrupted_restore_into_postgresql_leaves_a_place_where_it_can_be_done_again(
    backup: Path, place_of: PlaceOf
) -> None:
    url = place_of("postgresql")

    class StoppedError(Exception):
        pass

    def stop(done: int, _all: int) -> None:
        if done:
            raise StoppedError

    with pytest.raises(StoppedError):
        restore(backup, url, make_tables=prepare, change_tables=change_tables, progress=stop)
    assert put_back(backup, url).head().size == 3


@pytest.mark.ci
@pytest.mark.medium
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child is not told that its parent died")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("after_s", [0.0, 0.7, 1.5])
def test_restore_that_was_killed_while_tables_are_made_is_done_again_at_once(
    backup: Path, place_of: PlaceOf, kind: str, after_s: float
) -> None:
    url = place_of(kind)
    lodeline = Lodeline(database=url)
    with lodeline.started("restore", backup) as killed:
        children = Path(f"/proc/{killed.pid}/task/{killed.pid}/children")
        until = time.monotonic() + 60
        while not children.read_text().split() and time.monotonic() < until:
            time.sleep(0.01)
        (child,) = map(int, children.read_text().split())
        marked = mark(child)
        until = time.monotonic() + after_s  # or as soon as the tables are made: a fast machine must not finish first
        while not is_dead(marked) and time.monotonic() < until:
            time.sleep(0.001)
        killed.kill()
    until = time.monotonic() + 0.5
    while not is_dead(marked) and time.monotonic() < until:
        time.sleep(0.01)
    assert is_dead(marked), "what it had begun goes on without it"
    again = lodeline("restore", backup)
    assert again.status == 0, again.err
    assert lodeline("verify", "--json").document["ok"] is True
    if kind == "postgresql":
        assert "lodeline_restoring" not in open_store(url).database.connection.introspection.table_names()


@pytest.mark.ci
@pytest.mark.medium
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_that_make_the_tables_at_once_make_them_once(place_of: PlaceOf, kind: str) -> None:
    """As servers do that are started together, or one beside what a killed one has left at work in the database."""
    url = place_of(kind)
    assert Lodeline(database=url)("init").status == 0
    program = f"import django; django.setup(); from lodeline.office.opening import prepare; prepare({url!r})"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "lodeline.web.settings"}
    several = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE) for _ in "abc"
    ]
    for one in several:
        _, told = one.communicate(timeout=120)
        assert one.returncode == 0, told.decode()[-600:]
    assert Lodeline(database=url)("verify", "--json").document["ok"] is True


@pytest.mark.medium
def test_nothing_is_overwritten(desk: Desk, backup: Path) -> None:
    with pytest.raises(BackupError, match="exists"):
        back_up(desk.store, backup, made_at=MOMENT)
    with pytest.raises(BackupError, match="empty place"):
        put_back(backup, desk.store.database.url)
    assert desk.store.head().size == 3


@pytest.mark.medium
def test_what_appeared_meanwhile_is_not_overwritten(
    desk: Desk, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, other = tmp_path / "new.sqlite3", tmp_path / "other.tar"

    def while_it_is_made(place: Path) -> Callable[..., None]:
        def write(*_: object) -> None:
            place.write_text("another's")

        return write

    with pytest.raises(TakenError, match="meanwhile"):
        restore(backup, str(url), make_tables=made_tables, change_tables=change_tables, progress=while_it_is_made(url))
    with pytest.raises(TakenError, match="meanwhile"):
        back_up(desk.store, other, made_at=MOMENT, progress=while_it_is_made(other))
    # A disk that gives no file a second name, as exFAT, refuses likewise.
    refused = OSError(errno.EPERM, os.strerror(errno.EPERM))
    monkeypatch.setattr("lodeline.store.appearing.os.link", lambda *_: (_ for _ in ()).throw(refused))
    url.unlink()
    with pytest.raises(TakenError, match="meanwhile"):
        restore(backup, str(url), make_tables=made_tables, change_tables=change_tables, progress=while_it_is_made(url))
    assert url.read_text() == other.read_text() == "another's"
    url.unlink()
    assert put_back(backup, str(url)).head().size == 3
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.medium
def test_what_a_killed_backup_left_is_cleared_and_two_at_once_are_refused(desk: Desk, tmp_path: Path) -> None:
    file, left = tmp_path / "backup.tar", tmp_path / ".backup.tar.making"
    left.mkdir()
    for name in ("lock", "view.sqlite3", "backup.tar"):
        (left / name).write_text("half")
    with (left / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TakenError, match="another process"):
            back_up(desk.store, file, made_at=MOMENT)
    made = back_up(desk.store, file, made_at=MOMENT)
    assert not left.exists()
    assert (tmp_path / "backup.tar.checkpoint").read_text() == made.checkpoint


@pytest.mark.medium
def test_a_backup_whose_name_may_not_last_is_taken_back(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(directory: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(directory))

    with monkeypatch.context() as patch:
        patch.setattr("lodeline.store.appearing.keep_names", broken)
        with pytest.raises(OSError, match=str(tmp_path)):
            back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT)
    assert not (tmp_path / "backup.tar").exists()
    assert back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT).size == 3


@pytest.mark.medium
def test_who_is_signed_in_is_not_in_a_backup(desk: Desk, tmp_path: Path) -> None:
    desk.store.database.execute(
        "INSERT INTO django_session (session_key, session_data, expire_date) VALUES ('a-live-session', 'x', '2099-01-01')"
    )
    made = back_up(desk.store, tmp_path / "backup.tar", made_at=MOMENT)
    assert b"django_session/" not in made.file.read_bytes()
    assert made.file.stat().st_mode & 0o077 == 0, "a backup is for its owner alone"


@pytest.mark.medium
def test_commands_back_up_and_restore(filed: Lodeline, tmp_path: Path) -> None:
    file, url = tmp_path / "b.tar", str(tmp_path / "restored.sqlite3")
    said = filed("backup", file)
    assert said.status == 0 and "LODELINE_SECRET is not inside" in said.out
    restored = filed("restore", file, "--database", url, "--checkpoint", f"{file}.checkpoint", "--json")
    assert restored.status == 0, restored.err
    there = Lodeline(database=url)
    document = there("verify", "--json").document
    assert (document["ok"], document["root"]) == (True, restored.document["root"])
    again = filed("restore", file, "--database", url)
    assert again.status == 2 and "empty place" in again.said


@pytest.mark.medium
def test_command_says_when_the_secret_is_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LODELINE_SECRET")
    lodeline = Lodeline(database=str(tmp_path / "own.sqlite3"))
    assert lodeline("init").status == 0
    assert "secret is inside" in lodeline("backup", tmp_path / "b.tar").out
    assert lodeline("backup", tmp_path / "c.tar", "--json").document["secret_inside"] is True


@pytest.mark.medium
def test_backups_expire_but_for_the_newest_and_what_is_none(desk: Desk, tmp_path: Path) -> None:
    room = tmp_path / "backups"
    room.mkdir()
    for days in (50, 36, 34):
        back_up(desk.store, room / f"{days}.tar", made_at=MOMENT - timedelta(days=days))
    (room / "notes.txt").write_text("something else")
    killed, growing = room / ".killed.tar.making", room / ".growing.tar.making"
    for left in (killed, growing):
        left.mkdir()
        (left / "lock").touch()
    with (growing / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = prune(room, days=35, now=MOMENT)
    assert [file.name for file in done.removed] == ["50.tar", "36.tar", ".killed.tar.making"]
    assert [one.file.name for one in done.kept] == ["34.tar"] and done.oldest == MOMENT - timedelta(days=34)
    assert sorted(path.name for path in room.iterdir()) == [
        ".growing.tar.making", "34.tar", "34.tar.checkpoint", "36.tar.checkpoint", "50.tar.checkpoint", "notes.txt",
    ]  # fmt: skip
    again = prune(room, days=1, now=MOMENT + timedelta(days=900))
    assert [one.file.name for one in again.kept] == ["34.tar"], "the newest stays, however old"
    assert again.removed == (growing,), "whoever held it has gone"
    with pytest.raises(BackupError, match="no directory"):
        prune(room / "34.tar", days=1, now=MOMENT)


@pytest.mark.medium
def test_command_prunes_and_says_who_is_still_in_a_backup(desk: Desk, tmp_path: Path) -> None:
    back_up(desk.store, tmp_path / "old.tar", made_at=MOMENT)
    back_up(desk.store, tmp_path / "new.tar", made_at=MOMENT + timedelta(days=1))
    lodeline = Lodeline(database=desk.store.database.url)
    assert lodeline("prune", tmp_path, "--json").document == {
        "removed": [str(tmp_path / "old.tar")],
        "kept": [str(tmp_path / "new.tar")],
        "oldest": "2025-07-02T00:00:00+00:00",
    }
    assert "still in a backup" in lodeline("prune", tmp_path).out
