"""The column files of a store: what its rows say, written out by number, sealed, and never rewritten.

Whoever reads them catches up with the log first, and is given nothing that this store did not write: content that is
not what was sealed (`store.seal`) is thrown away and written again from the tables. One writer at a time; a file
appears whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.filing.feed_schema import FEEDS, Feed, feed_cells
from lodeline.language import text
from lodeline.ledger.movement import LINE, TRADE
from lodeline.progress import counted
from lodeline.store.books import LINE_SELECT
from lodeline.store.database import Database
from lodeline.store.seal import Seal, SealKey, WrongFile, check_size
from lodeline.store.store import FEED_TABLES, Head, Store, StoreError
from lodeline.store.trouble import happening_at

#: What comes after says it in its manifest, under a code as here (`SealKey.document`): then it is left alone.
FORMAT = 8
#: Segments are merged beyond this number, so that opening a snapshot stays a handful of reads.
SEGMENTS_MAX = 16
#: Rows that are plain objects at a time: each is some 3 kB of them.
READ_ROWS = 25_000
MANIFEST: Final = "manifest.json"
LOCK: Final = "lock"

#: Rows of a new segment at most, and bytes from which on one is not merged with others any more: neither needs to be
#: held as a whole.
SEGMENT_ROWS = 1_000_000
#: Rows of a segment that are looked at together.
PIECE_ROWS = 250_000
LARGE = 16 << 20

Kind = Literal["lines", "trade", "lots", "invoices", "customs"]
#: Columns of a fed row in the files: where it stands, and its cells but the unknown ones.
FED: Final[dict[Feed, dict[str, pl.DataType]]] = {
    feed: {"id": pl.Int64(), "entry": pl.Int64(), **{n: t for n, t in feed_cells(feed).items() if n != "extra"}}
    for feed in FEEDS
}
#: Of some rows, under a head of the log, those that are kept.
Kept = Callable[[pl.DataFrame, Head], pl.DataFrame]
SCHEMAS: Final[dict[Kind, dict[str, pl.DataType]]] = {
    "lines": LINE, "trade": {"line": pl.Int64(), **TRADE},
    "lots": {"lot": pl.Int64(), "name": pl.String(), "maker": pl.String()}, "invoices": FED["invoices"],
    "customs": FED["customs"],
}  # fmt: skip
#: The rows of a kind with numbers from one up to another. Lines that state nothing of a trade have no row there.
_SELECTS: Final[dict[Kind, str]] = {
    "lines": f"{LINE_SELECT} WHERE l.id >= %s AND l.id < %s ORDER BY l.id",
    "trade": f"SELECT id, {', '.join(TRADE)} FROM line WHERE id >= %s AND id < %s"
    f" AND COALESCE({', '.join(f'CAST({name} AS TEXT)' for name in TRADE)}) IS NOT NULL ORDER BY id",
    "lots": "SELECT id, name, maker FROM lot WHERE id >= %s AND id < %s ORDER BY id",
    **{
        feed: 'SELECT "' + '","'.join(FED[feed]) + f'" FROM {FEED_TABLES[feed]} WHERE id >= %s AND id < %s ORDER BY id'
        for feed in FEEDS
    },
}
_PURPOSE: Final = b"snapshot"
_log = logging.getLogger(__name__)


def directory_of(database: Database) -> Path:
    """Where the snapshots of a database live: LODELINE_SNAPSHOTS, else beside it, else `var/snapshots`."""
    name = hashlib.sha256(database.url.encode()).hexdigest()[:16]
    configured = os.environ.get("LODELINE_SNAPSHOTS")
    if configured:
        return Path(configured) / name
    if database.path is not None:
        return database.path.with_name(database.path.name + ".snapshot")
    return Path("var/snapshots") / name


def answers_beside(directory: Path) -> Path:
    """Where what a publisher publishes of the same store lives. Not in it: where a snapshot is made again from nothing,
    all that is in its directory goes."""
    return directory.with_name(directory.name.removesuffix(".snapshot") + ".answers")


@contextmanager
def one_writer(directory: Path) -> Iterator[None]:
    """Holds the directory: nobody else reads or writes there meanwhile."""
    with happening_at(directory), (directory / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove(path: Path) -> None:
    """Takes away a file, or a directory with all that is in it. Whoever has it open keeps it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def warn_of_wrong(wrong: WrongFile) -> None:
    """Says in the log of the program what is thrown away and why."""
    _log.warning(
        "%s. What is computed from the store for analysis is thrown away there and made again: find out who can write"
        " to that directory, and run `lodeline verify`. 分析文件与写入时不符，已弃用并由数据库重建。",
        wrong,
    )


@dataclass(kw_only=True)
class Manifest:
    """What the files hold: everything below these numbers, as of the log of `size` with `root`, by kind and file."""

    size: int = 0
    root: str = ""
    next_line: int = 1
    next_lot: int = 1
    segments: dict[Kind, dict[str, Seal]] = field(default_factory=lambda: {kind: {} for kind in get_args(Kind)})

    @classmethod
    def read(cls, stated: dict[str, Any]) -> Manifest:
        """From what `as_json` gave."""
        segments = {
            kind: {name: Seal.read(seal) for name, seal in stated["segments"][kind].items()} for kind in get_args(Kind)
        }
        return cls(
            size=stated["size"], root=stated["root"], next_line=stated["next_line"], next_lot=stated["next_lot"],
            segments=segments,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """The manifest with the format that it is in."""
        segments = {kind: {name: seal.as_json() for name, seal in held.items()} for kind, held in self.segments.items()}
        return {
            "format": FORMAT, "size": self.size, "root": self.root, "next_line": self.next_line,
            "next_lot": self.next_lot, "segments": segments,
        }  # fmt: skip

    def files(self) -> dict[str, Seal]:
        """Every file with its seal."""
        return {name: seal for held in self.segments.values() for name, seal in held.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFiles:
    """The files of one store in one directory."""

    store: Store
    directory: Path

    @property
    def key(self) -> SealKey:
        """What the files are sealed with."""
        return SealKey.of_store(self.store.secret)

    @property
    def _named(self) -> str:
        """The public name of the store: files that were left by the one before at this place are no wonder."""
        return self.store.signer.verifier.vkey

    def read(
        self, *kinds: Kind, kept: Mapping[Kind, Kept] = MappingProxyType({})
    ) -> tuple[Head, dict[Kind, pl.DataFrame]]:
        """The rows of these kinds (`SCHEMAS`), and the head of the log that they reach up to.

        kept: what is kept of some rows of a kind under that head, so that not all are held beside those that are.

        Raises StoreError where a newer version wrote the files, or where what was just written is not read back.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with one_writer(self.directory):
            # Everything is read under one head: what comes later has larger numbers and is left out.
            head = self.store.head()
            try:
                return head, self._frames(self._caught_up(head), kinds, head, kept)
            except WrongFile as wrong:
                warn_of_wrong(wrong)
                self._discard()
            try:
                return head, self._frames(self._caught_up(head), kinds, head, kept)
            except WrongFile as wrong:
                raise StoreError(
                    text(
                        "the files for analysis in {directory} are read otherwise than they were just written "
                        "({name}): check the disk, or name another directory (LODELINE_SNAPSHOTS)",
                        directory=self.directory,
                        name=wrong.path.name,
                    )
                ) from wrong

    def believed(self) -> Manifest | None:
        """The manifest, where it describes a beginning of this very log; None where nothing here is of use.

        Raises WrongFile for one that this store did not write, StoreError for one of a newer version.
        """
        path = self.directory / MANIFEST
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise WrongFile(path, f"cannot be read ({error.strerror})") from error
        stated = self.key.open_document(_PURPOSE, raw)
        if stated is None:
            if _is_of_others(raw, self._named):
                return None
            raise WrongFile(path, "its code is not of this store")
        if stated["format"] > FORMAT:
            raise StoreError(
                text(
                    "the files for analysis in {directory} were written by a newer version: update the "
                    "program, or give this one a directory of its own (LODELINE_SNAPSHOTS)",
                    directory=self.directory,
                )
            )
        if stated["format"] < FORMAT:
            return None
        manifest = Manifest.read(stated)
        last = self.store.entry(manifest.size - 1) if manifest.size else None
        same_log = manifest.size == 0 or (last is not None and last.root == manifest.root)
        return manifest if same_log else None

    def wrong(self) -> Iterator[WrongFile]:
        """What is not as it was written, of all that would be believed; every file is read whole."""
        try:
            manifest = self.believed()
        except WrongFile as wrong:
            yield wrong
            return
        for name, seal in ({} if manifest is None else manifest.files()).items():
            try:
                self.key.check_blocks(self.directory / name, seal)
            except WrongFile as wrong:
                yield wrong

    def _caught_up(self, head: Head) -> Manifest:
        manifest = self.believed()
        if manifest is None:
            self._discard()
            manifest = Manifest()
        for name, seal in manifest.files().items():
            check_size(self.directory / name, seal)
        if manifest.size == head.size and manifest.segments["lines"]:
            return manifest
        for kind, held in manifest.segments.items():
            first, end = manifest.next_line, head.next_line
            if kind == "lots":
                first, end = manifest.next_lot, head.next_lot
            for start in range(first, max(end, first + 1), SEGMENT_ROWS):
                stop = min(start + SEGMENT_ROWS, end)
                rows = self._rows(kind, start, stop)
                if rows.height or (kind == "lines" and not held):
                    self._write(held, f"{kind}-{start}-{stop}", rows)
            del rows
            self._merge(kind, held, end)
        manifest.size, manifest.root = head.size, head.frontier.root().hex()
        manifest.next_line, manifest.next_lot = head.next_line, head.next_lot
        stated = {**manifest.as_json(), "store": self._named}
        _replace(self.directory / MANIFEST, self.key.document(_PURPOSE, stated))
        kept = {MANIFEST, LOCK, *manifest.files()}
        for path in self.directory.iterdir():
            if path.is_file() and path.name not in kept:
                path.unlink()
        return manifest

    def _merge(self, kind: Kind, held: dict[str, Seal], end: int) -> None:
        """Makes one of the segments behind the last large one, where they are many."""
        large = [place for place, seal in enumerate(held.values()) if seal.size >= LARGE]
        small = list(held)[large[-1] + 1 if large else 0 :]
        if len(small) > SEGMENTS_MAX:
            merged = pl.concat(self._pieces(kind, {name: held[name] for name in small}))
            for name in small:
                del held[name]
            self._write(held, f"{kind}-{small[0].split('-')[1]}-{end}-merged", merged)

    def _rows(self, kind: Kind, first: int, end: int) -> pl.DataFrame:
        """The rows of a kind with these numbers."""
        spans = range(first, max(end, first + 1), READ_ROWS)
        return pl.concat(
            self.store.database.frame(_SELECTS[kind], (start, min(start + READ_ROWS, end)), schema=dict(SCHEMAS[kind]))
            for start in (counted("rows", spans) if kind == "lines" else spans)
        )

    def _frames(
        self, manifest: Manifest, kinds: tuple[Kind, ...], head: Head, kept: Mapping[Kind, Kept]
    ) -> dict[Kind, pl.DataFrame]:  # fmt: skip
        """What the files of these kinds hold, of each what is `kept`."""

        def of(kind: Kind) -> Iterator[pl.DataFrame]:
            keep = kept.get(kind)
            yield pl.DataFrame(schema=SCHEMAS[kind])
            for one in self._pieces(kind, manifest.segments[kind]):
                yield one if keep is None else keep(one, head)

        return {kind: pl.concat(of(kind)) for kind in kinds}

    def _pieces(self, kind: Kind, held: dict[str, Seal]) -> Iterator[pl.DataFrame]:
        """The rows of each file. The bytes that are parsed are those that were checked."""
        for name, seal in held.items():
            yield from pl.read_parquet(self.key.read(self.directory / name, seal)).iter_slices(PIECE_ROWS)

    def _write(self, held: dict[str, Seal], name: str, rows: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="lz4")
        content = buffer.getvalue()
        _replace(self.directory / f"{name}.parquet", content)
        held[f"{name}.parquet"] = self.key.seal(content)

    def _discard(self) -> None:
        """Takes away all that was derived from the store, the manifest first."""
        remove(self.directory / MANIFEST)
        for path in self.directory.iterdir():
            if path.name != LOCK:
                remove(path)


def _is_of_others(raw: bytes, named: str) -> bool:
    """Whether it says that it is of another store, or of a format without a code: nothing of it is used, or wrong."""
    try:
        stated = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    if not isinstance(stated, dict):
        return False
    older = isinstance(stated.get("format"), int) and stated["format"] < 5
    return older or bool(stated.get("store", named) != named)


def _replace(path: Path, content: bytes) -> None:
    """The file appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
