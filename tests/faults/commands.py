"""The commands that are drilled: what each finds, what it is told, and what must stand after it, however it ended.

What was acknowledged stands. What was not is there whole or not at all, and the same command then does it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash.test_kill import SHARE, write_dossier
from tests.desk import sheet
from tests.faults.program import KILLED, Ended, Fault, Program

#: A word of the cure for each error. SQLite hides which error it was in most places: there one sentence names all.
CURES: Final = {"ENOSPC": "room", "EIO": "system's log", "EROFS": "read-only"}
AUGUST: Final = sheet("2025-08", f"O8 origin 2 mine 8 100 origin_kind=mined {SHARE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What every case takes copies of: a dossier, an empty store, one that has it, and that one's backup."""

    room: Path
    entries: list[str]

    @property
    def dossier(self) -> Path:
        return self.room / "dossier"


def make_models(program: Program, room: Path) -> Models:
    """Makes them with the program itself, in `room`, which lies beyond the reach of faults."""
    from tests.stores import put_away, ready_store  # noqa: PLC0415

    write_dossier(room / "dossier")
    put_away(ready_store(str(room / "empty.sqlite3")))
    shutil.copy(room / "empty.sqlite3", room / "loaded.sqlite3")
    for words in (("load", room / "dossier"), ("backup", room / "backup.tar")):
        ended = program.run(*words, "--database", room / "loaded.sqlite3")
        assert ended.status == 0, ended
    (room / "august.csv").write_text(AUGUST, "utf-8")
    return Models(room=room, entries=roots_of(room / "loaded.sqlite3"))


def roots_of(file: Path) -> list[str]:
    """The root after each entry of a SQLite store."""
    with closing(sqlite3.connect(file)) as connection:
        return [str(root) for (root,) in connection.execute('SELECT root FROM entry ORDER BY "index"')]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one case happens: a directory in which everything that the command touches lies."""

    room: Path
    models: Models
    program: Program

    @property
    def store(self) -> Path:
        return self.room / "store.sqlite3"

    def run(self, *words: object, fault: Fault | None = None) -> Ended:
        return self.program.run(*words, fault=fault, LODELINE_DATABASE=str(self.store))

    def verified(self, store: Path | None = None) -> dict[str, Any]:
        """What `lodeline verify` says of a store that must hold."""
        ended = self.program.run("verify", "--json", LODELINE_DATABASE=str(store or self.store))
        assert ended.status == 0, f"verify: {ended.out}{ended.err}"
        found: dict[str, Any] = json.loads(ended.out)
        return found

    def left_behind(self) -> list[str]:
        """Files of work that nobody does any more."""
        return sorted(one.name for one in self.room.iterdir() if one.name.startswith("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """words: what is told; `model`: the store that it finds; done: its status when it has done all.

    `stands` raises AssertionError unless what stands fits what was acknowledged, and a second command does the rest.
    """

    name: str
    words: Callable[[Place], list[object]]
    stands: Callable[[Place, bool, Ended], None]
    model: str | None
    done: int = 0
    damage: str = ""
    calls: tuple[str, ...] = field(default=("write", "fsync", "open", "mmap"))

    def ready(self, room: Path, models: Models, program: Program) -> Place:
        """A place in which the command can be run."""
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        place = Place(room=room, models=models, program=program)
        if self.model is not None:
            shutil.copy(models.room / f"{self.model}.sqlite3", place.store)
        if self.damage:
            with closing(sqlite3.connect(place.store)) as connection, connection:
                connection.execute(self.damage)
        return place

    def judge(self, place: Place, fault: Fault, ended: Ended, clean: Ended) -> None:
        """Raises AssertionError where a promise is broken."""
        assert "Traceback" not in ended.err and "Exception ignored" not in ended.err, ended.err
        acknowledged = ended.status == self.done
        if ended.status != KILLED and not acknowledged:
            assert ended.status == 2, f"status {ended.status}: {ended.err or ended.out}"
            assert str(place.room) in ended.err, f"names no place: {ended.err}"
            cure = CURES.get(fault.error, "")
            # SQLite opens for reading what it cannot open for writing, whatever the reason.
            instead = fault.call == "open" and CURES["EROFS"] in ended.err
            assert cure in ended.err or instead, f"names no cure ({cure}): {ended.err}"
            assert not place.left_behind(), f"left behind: {place.left_behind()}"
        self.stands(place, acknowledged, clean)
        assert not place.left_behind(), f"left behind for good: {place.left_behind()}"


def _filed(place: Place, acknowledged: bool, clean: Ended) -> None:
    del clean
    before = len(place.models.entries)
    size = place.verified()["size"]
    assert size == before + 1 if acknowledged else size in (before, before + 1), size
    again = place.run(*FILE.words(place))
    assert again.status == 0, f"again: {again.err}"
    assert place.verified()["size"] == before + 1


def _loaded(place: Place, acknowledged: bool, clean: Ended) -> None:
    del clean
    place.verified()
    whole, found = place.models.entries, roots_of(place.store)
    assert found == (whole if acknowledged else whole[: len(found)])
    again = place.run(*LOAD.words(place))
    assert again.status == 0, f"again: {again.err}"
    place.verified()
    assert roots_of(place.store) == whole


def _backed_up(place: Place, acknowledged: bool, clean: Ended) -> None:
    del clean
    file = place.room / "backup.tar"
    if not file.exists():
        assert not acknowledged
        again = place.run(*BACKUP.words(place))
        assert again.status == 0, f"again: {again.err}"
        assert file.exists() and not place.left_behind()
        return
    restored = place.room / "restored.sqlite3"
    kept = ("--checkpoint", f"{file}.checkpoint")
    ended = place.program.run("restore", file, *kept, "--database", restored)
    assert ended.status == 0, f"the backup cannot be restored: {ended.err}"
    file.unlink()
    ended = place.run(*BACKUP.words(place))
    assert ended.status == 0, f"again: {ended.err}"


def _restored(place: Place, acknowledged: bool, clean: Ended) -> None:
    del clean
    there = place.store.exists()
    assert there or not acknowledged
    again = place.run(*RESTORE.words(place))
    assert again.status == (2 if there else 0), f"again: {again.err}"
    assert place.verified()["root"] == place.models.entries[-1]


def _rebuilt(place: Place, acknowledged: bool, clean: Ended) -> None:
    del clean
    if not acknowledged:
        again = place.run(*REBUILD.words(place))
        assert again.status in (0, 1), f"again: {again.err}"
    place.verified()


def _answered(place: Place, acknowledged: bool, clean: Ended) -> None:
    again = place.run(*TRACE.words(place))
    assert (again.status, again.out) == (0, clean.out), f"again: {again.err or again.out}"
    del acknowledged


FILE = Command(
    name="file", model="loaded", stands=_filed,
    words=lambda at: ["file", at.models.room / "august.csv", "--organisation", "MINE", "--period", "2025-08"],
)  # fmt: skip
LOAD = Command(name="load", model="empty", stands=_loaded, words=lambda at: ["load", at.models.dossier])
BACKUP = Command(
    name="backup", model="loaded", stands=_backed_up, words=lambda at: ["backup", at.room / "backup.tar"],
    calls=("write", "fsync", "rename", "open", "mmap"),
)  # fmt: skip
RESTORE = Command(
    name="restore", model=None, stands=_restored, words=lambda at: ["restore", at.models.room / "backup.tar"],
    calls=("write", "fsync", "rename", "open", "mmap"),
)  # fmt: skip
REBUILD = Command(
    name="rebuild", model="loaded", stands=_rebuilt, words=lambda at: ["rebuild"], done=1,
    damage="DELETE FROM holding",
)  # fmt: skip
#: The first question to a store writes the files that it is answered from, the lot graph among them.
TRACE = Command(
    name="trace", model="loaded", stands=_answered, words=lambda at: ["trace", "SEP/X2", "--json"],
    calls=("write", "fsync", "rename", "open", "mmap"),
)  # fmt: skip
COMMANDS: Final = (FILE, LOAD, BACKUP, RESTORE, REBUILD, TRACE)
