"""A backup of an older program is restored, brought up to date and recomputed; one of a newer program is refused.

The backups are real ones: `data/older/README.md` says of which programs, and how they were made.
"""

from __future__ import annotations

import json
import lzma
import tarfile
import time
from pathlib import Path

import pytest
from django.test import override_settings
from tests.cli.conftest import PlaceOf
from tests.cli.program import Lodeline, write

from lodeline.build import build
from lodeline.office.models import Membership, User
from lodeline.office.opening import change_tables, prepare
from lodeline.service.log.backup import restore
from lodeline.store.database import Database
from lodeline.store.opening import is_behind, open_store

pytestmark = pytest.mark.ci

OLDER = Path(__file__).parent / "data" / "older"
#: Commit → entries in its log, whether its tables have changed since.
PROGRAMS = {"25809d3": (26, True), "4fc5206": (26, True), "7fd6d82": (43, True)}
#: A mine's April, as its clerk would send it today.
APRIL = (
    "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place",
    "O-1,origin,2025-04-03,MIN-0001-A,MIN-0001/APRIL-1,concentrate,1250.5,TREO=60,mined,MINE-1",
)


def backup_of(program: str, room: Path) -> Path:
    file = room / f"{program}.tar"
    file.write_bytes(lzma.decompress((OLDER / f"{program}.tar.xz").read_bytes()))
    return file


def left_in(room: Path) -> list[str]:
    return sorted(path.name for path in room.iterdir())


@pytest.mark.medium
@pytest.mark.parametrize(
    ("program", "kind"),
    [("25809d3", "sqlite"), ("4fc5206", "postgresql"), ("4fc5206", "sqlite"), ("7fd6d82", "sqlite")],
)
def test_backup_of_an_older_program_is_restored_and_its_store_goes_on(
    program: str, kind: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    receipt, url = OLDER / f"{program}.receipt.json", place_of(kind)
    entries, changed = PROGRAMS[program]
    lodeline = Lodeline(database=url, snapshots=str(tmp_path / "snapshots"))
    restored = lodeline("restore", backup_of(program, tmp_path), "--checkpoint", receipt, "--json")
    assert restored.status == 0, restored.err
    assert (restored.document["size"], restored.document["updated"]) == (entries, changed)
    assert lodeline("verify", "--json").document["ok"]
    store = open_store(url)
    key = store.signer.verifier.vkey
    assert lodeline("verify", "--receipt", receipt, "--vkey", key, "--json").document["ok"]
    assert not is_behind(url)
    with override_settings(LODELINE_DATABASE=url):
        assert User.objects.get(email="registrar@demo.example").name == "Sun Jie"
        assert Membership.objects.count() >= 9

    # What an update of the program does to a store is left to do, and it goes on.
    assert lodeline("init").status == 0
    found = lodeline("findings", "--json").document
    assert [*found["rows"], *found["duties"]]
    assert lodeline("balance", "--json").document["rows"]
    april = write(tmp_path / "april.csv", *APRIL)
    filed = lodeline("file", april, "--organisation", "MIN-0001", "--period", "2025-04", "--json")
    assert filed.status == 0, filed.out + filed.err
    assert lodeline("verify", "--checkpoint", receipt, "--json").document["ok"]


class StoppedError(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.mark.medium
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_restore_that_was_interrupted_leaves_nothing_and_is_done_again(
    kind: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    (room := tmp_path / "room").mkdir()
    url, file = place_of(kind), backup_of("4fc5206", room)
    before = left_in(tmp_path)

    for share in (0.2, 0.7):  # while the old tables are filled, and while the new ones are

        def stop(done: int, every: int, share: float = share) -> None:
            if every and done > share * every:
                raise StoppedError

        with pytest.raises(StoppedError):
            restore(file, url, make_tables=prepare, change_tables=change_tables, progress=stop)
        assert (left_in(tmp_path), left_in(room)) == (before, ["4fc5206.tar"])
        if kind == "postgresql":
            assert Database(url).rows("SELECT COUNT(*) FROM line") == [(0,)]
    restored = restore(file, url, make_tables=prepare, change_tables=change_tables)
    assert (restored.size, restored.updated) == (26, True)
    assert left_in(room) == ["4fc5206.tar"]


@pytest.mark.medium
def test_restore_that_was_killed_while_tables_change_is_done_again(place_of: PlaceOf, tmp_path: Path) -> None:
    (room := tmp_path / "room").mkdir()
    url, file = place_of("postgresql"), backup_of("4fc5206", room)
    lodeline, between = Lodeline(database=url), room / ".4fc5206.tar.making" / "older.sqlite3"
    with lodeline.started("restore", file) as killed:
        while not between.exists():
            assert killed.poll() is None, killed.communicate()
            time.sleep(0.01)
        killed.kill()
    assert left_in(room) == [".4fc5206.tar.making", "4fc5206.tar"]
    again = lodeline("restore", file, "--json")
    assert again.status == 0 and again.document["updated"], again.err
    assert left_in(room) == ["4fc5206.tar"]


@pytest.mark.medium
def test_backup_of_a_newer_program_is_refused_in_one_sentence(
    filed: Lodeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, url = tmp_path / "newer.tar", tmp_path / "new.sqlite3"
    assert filed("init").status == 0
    Database(filed.database).execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('office', '0999_later', '2031-01-01')"
    )
    with monkeypatch.context() as made:
        made.setattr("lodeline.service.log.backup.__version__", "7.1.0")
        made.setattr("lodeline.service.log.backup.commit", lambda: "abcdef012345")
        assert filed("backup", file).status == 0
    before = left_in(tmp_path)
    refused = filed("restore", file, "--database", url)
    assert (refused.status, refused.out) == (2, "")
    assert "made by a newer program (7.1.0, build abcdef012345)" in refused.said
    assert f"this one ({build()}) does not know its tables (office.0999_later)" in refused.said
    assert "update this one" in refused.said
    chinese = filed("restore", file, "--database", url, language="zh")
    assert "7.1.0，构建 abcdef012345" in chinese.said and "请用该程序恢复" in chinese.said
    assert left_in(tmp_path) == before


@pytest.mark.medium
def test_tables_that_no_program_had_are_named(filed: Lodeline, tmp_path: Path) -> None:
    file = tmp_path / "odd.tar"
    Database(filed.database).execute("ALTER TABLE upload ADD COLUMN colour text")
    assert filed("backup", file).status == 0
    refused = filed("restore", file, "--database", tmp_path / "new.sqlite3")
    assert refused.status == 2 and "table upload of the backup" in refused.said
    assert build() in refused.said and not (tmp_path / "new.sqlite3").exists()


@pytest.mark.medium
def test_a_backup_states_the_program_and_its_steps(filed: Lodeline, tmp_path: Path) -> None:
    assert filed("backup", tmp_path / "own.tar").status == 0
    with tarfile.open(tmp_path / "own.tar") as tar:
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert build(version=manifest["program"], of=manifest["commit"]) == build()
    assert manifest["steps"]["store"].startswith("0012_")
