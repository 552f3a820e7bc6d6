"""Reports of the nation as sealed files: one directory for each entry at which they hold, one process that writes.

    STORE.answers/current.json                    the publication that is current; sealed
    STORE.answers/12333-4f1c7d5d-PROGRAM/KEY.json a report: its question, its value, the seals of its frames; sealed
    STORE.answers/12333-4f1c7d5d-PROGRAM/KEY.0.arrow  a frame of it

A reader takes nothing for a report that this store did not seal: what is altered is removed, and made again by the
publisher. Files appear under their names when they are whole, so that a publisher may be killed at any moment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import polars as pl
import polars.selectors as cs

from lodeline.mapped import read
from lodeline.store.column_files import answers_beside, directory_of, remove, warn_of_wrong
from lodeline.store.seal import Seal, SealKey, WrongFile, sampled
from lodeline.store.store import Store
from lodeline.store.values import packed, unpacked

FORMAT: Final = 3
_CURRENT, _ANSWER = b"publications", b"answer"
#: Blocks of 1 MiB of a report's frames that a reader checks; `lodeline verify` checks all.
BLOCKS_CHECKED: Final = 16
#: Publications that stay when a newer one is current: readers of a moment ago may still open them.
_KEPT: Final = 2
_PACKAGE: Final = Path(__file__).parents[1]


def program() -> str:
    """Names the program and its tables as they stand: another program gives other answers to the same ledger."""
    files = sorted(path for path in _PACKAGE.rglob("*") if path.suffix in (".py", ".csv", ".yaml", ".json"))
    facts = [(str(path.relative_to(_PACKAGE)), (of := path.stat()).st_size, of.st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A function of the program by its name (`module:name`), what it is asked about, and its arguments.

    `subjects` are names of what a reading has ("store", "snapshot", "law"; "" is the reading itself).
    """

    name: str
    subjects: tuple[str, ...]
    arguments: tuple[tuple[str, Any], ...]

    @property
    def key(self) -> str:
        """The name of its files."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def text(self) -> str:
        """As JSON. Raises UnpublishableError."""
        stated = {"name": self.name, "subjects": list(self.subjects), "arguments": packed(dict(self.arguments))[0]}
        return json.dumps(stated, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Question:
        """From `text`."""
        stated = json.loads(text)
        arguments = unpacked(stated["arguments"], _no_frame)
        return cls(name=stated["name"], subjects=tuple(stated["subjects"]), arguments=tuple(sorted(arguments.items())))


def _no_frame(number: int) -> pl.DataFrame:
    raise WrongFile(Path(), f"a question has no frame {number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """At which entry and root answers hold, the signed head that was read, and by which program they were made."""

    entry: int
    root: str
    as_of: str | None
    checkpoint: str
    program: str

    @property
    def directory(self) -> str:
        return f"{self.entry}-{self.root[:16]}-{self.program}"


class Publications:
    """The reports of a store, for the one publisher that writes them and for all who read."""

    def __init__(self, store: Store) -> None:
        self.directory = answers_beside(directory_of(store.database))
        self._key = SealKey.of_store(store.secret)
        self._store = store
        #: The newest entry of which this object has seen a publication.
        self._seen = -1

    # Readers.

    def current(self) -> Stamp | None:
        """The publication that is current; None where this program has published nothing, or it is older than one that
        this object has seen: the publisher does not go back."""
        stated = self._document(self.directory / "current.json", _CURRENT)
        if stated is None or stated.pop("format") != FORMAT:
            return None
        stamp = Stamp(**stated)
        if stamp.program != program_now() or stamp.entry < self._seen:
            return None
        self._seen = stamp.entry
        return stamp

    def age_s(self) -> float | None:
        """Seconds since the current one was known to be the end of the log; None without one."""
        try:
            return max(0.0, time.time() - (self.directory / "current.json").stat().st_mtime)
        except OSError:
            return None

    def read(self, stamp: Stamp, question: Question) -> tuple[bool, Any]:
        """Whether the report is there, and its value. One that is not as it was written is removed, so that the
        publisher makes it again."""
        path = self.directory / stamp.directory / f"{question.key}.json"
        stated = self._document(path, _ANSWER)
        if stated is None or (stated["of"], stated["question"]) != (stamp.directory, question.text):
            return self._removed(path)
        seals = {name: Seal.read(one) for name, one in stated["frames"].items()}
        try:
            for name, blocks in sampled(seals, BLOCKS_CHECKED).items():
                self._key.check_blocks(path.parent / name, seals[name], blocks)
            value = stated["value"]
            if not stated["plain"]:
                value = unpacked(value, lambda number: read(path.parent / f"{question.key}.{number}.arrow"))
        except (WrongFile, OSError, pl.exceptions.PolarsError) as error:
            warn_of_wrong(error if isinstance(error, WrongFile) else WrongFile(path, str(error)))
            return self._removed(path)
        return True, value

    @staticmethod
    def _removed(path: Path) -> tuple[bool, Any]:
        with suppress(OSError):  # where nothing can be written, `lodeline verify` names it
            path.unlink()
        return False, None

    def has_publisher(self) -> bool:
        """Whether a process is the publisher of this store now."""
        with self._locked() as (mine, _):
            return not mine

    def has_another_program(self) -> bool:
        """Whether the publisher is of another program: what it publishes is not for this one."""
        with self._locked() as (mine, lock):
            lock.seek(0)
            return not mine and lock.read() not in ("", program_now())

    # The publisher.

    @contextmanager
    def one_publisher(self) -> Iterator[bool]:
        """Whether no other process is the publisher of this store; held until the end of the block."""
        with self._locked() as (mine, lock):
            if mine:
                lock.truncate(0)
                lock.write(program_now())
                lock.flush()
            yield mine

    @contextmanager
    def _locked(self) -> Iterator[tuple[bool, TextIO]]:
        """Whether the lock of the publisher was free, and its file, which says of which program the last one was."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "publisher.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False, lock
                return
            yield True, lock

    def has(self, stamp: Stamp, question: Question) -> bool:
        """Whether a publication has an answer."""
        return (self.directory / stamp.directory / f"{question.key}.json").exists()

    def write(self, stamp: Stamp, question: Question, value: Any) -> None:
        """Puts an answer where readers find it, whole or not at all. Raises UnpublishableError."""
        stated, frames = packed(value)
        room = self.directory / stamp.directory
        room.mkdir(parents=True, exist_ok=True)
        seals = {}
        for number, frame in enumerate(frames):
            path = room / f"{question.key}.{number}.arrow"
            building = _building(path)
            plain(frame).write_ipc(building, compat_level=pl.CompatLevel.newest())
            seals[path.name] = self._key.seal_file(building).as_json()
            building.rename(path)
        document = {
            "of": stamp.directory, "question": question.text, "value": stated, "frames": seals,
            # Of many findings it takes a reader longer to look for what JSON does not have than to read them.
            "plain": not frames and stated == value,
        }  # fmt: skip
        _write(room / f"{question.key}.json", self._key.document(_ANSWER, document))

    def publish(self, stamp: Stamp) -> None:
        """Makes this one current; what no reader can be reading any more goes."""
        _write(self.directory / "current.json", self._key.document(_CURRENT, {"format": FORMAT, **asdict(stamp)}))
        rooms = [one for one in self.directory.iterdir() if one.is_dir() and one.name != stamp.directory]
        for room in sorted(rooms, key=lambda one: -one.stat().st_mtime_ns)[_KEPT - 1 :]:
            remove(room)

    def still_true(self) -> None:
        """States that the current one is the end of the log."""
        with suppress(OSError):
            os.utime(self.directory / "current.json")

    def wrong_files(self) -> list[str]:
        """Every file of the current publication that is not as it was written."""
        found, stamp = [], self.current()
        if stamp is None:
            return []
        of_log = self._store.entry(stamp.entry)
        if of_log is None or of_log.root != stamp.root:
            found.append(str((self.directory / "current.json").relative_to(self.directory.parent)))
        for path in sorted((self.directory / stamp.directory).glob("*.json")):
            found += [str(wrong.relative_to(self.directory.parent)) for wrong in self._wrong_in(path)]
        return found

    def _wrong_in(self, path: Path) -> Iterator[Path]:
        stated = self._document(path, _ANSWER)
        # An answer of another publication, or to another question, is no answer here: readers compare both.
        if stated is None or stated["of"] != path.parent.name or Question.read(stated["question"]).key != path.stem:
            yield path
            return
        for name, seal in stated["frames"].items():
            try:
                self._key.check_blocks(path.parent / name, Seal.read(seal))
            except WrongFile as wrong:
                yield wrong.path

    def _document(self, path: Path, purpose: bytes) -> dict[str, Any] | None:
        try:
            return self._key.open_document(purpose, path.read_bytes())
        except OSError:
            return None


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as equal ones are written alike: in one piece, no number left under a null, each text stored once."""
    numbers, texts = cs.numeric(), [name for name, kind in frame.schema.items() if kind == pl.String]
    return (
        frame.rechunk()
        .select(pl.all().gather(pl.int_range(pl.len())))
        .with_columns(
            pl.when(numbers.is_not_null()).then(numbers.fill_null(0)),
            # Put together again: else where the texts lie tells from how many frames they came.
            *(pl.concat_str(pl.col(name), pl.lit("")).alias(name) for name in texts),
        )
    )


def _write(path: Path, content: bytes) -> None:
    """The file, whole or not at all."""
    building = _building(path)
    building.write_bytes(content)
    building.rename(path)


def _building(path: Path) -> Path:
    return path.with_suffix(f".{os.getpid()}.building")


_program: list[str] = []


def program_now() -> str:
    """`program` as it stood when this process first asked."""
    if not _program:
        _program.append(program())
    return _program[0]
