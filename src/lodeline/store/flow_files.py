"""The lot graph of a snapshot on disk: made once for an entry, sealed, and memory-mapped by whoever asks.

It is built as a whole or, where it is known which lots later entries touched, it is what has changed since one that
was: then a graph is two directories, and only the second is written. What is not as it was written is thrown away and
built again. A large one is checked in part when it is opened, so that opening costs the same however large it is;
`lodeline verify` checks all of it (`wrong_files`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline.flow.index import DamagedIndex, FlowIndex, build_index, open_index
from lodeline.flow.kernels import Int64s
from lodeline.flow.update import write_changes
from lodeline.store.column_files import FORMAT, ColumnFiles, directory_of, one_writer, remove, warn_of_wrong
from lodeline.store.seal import Seal, SealKey, WrongFile, check_size, sampled
from lodeline.store.store import Store, StoreError

#: Blocks of 1 MiB of a lot graph that are checked at each opening: of up to 64 MiB all, and never more.
BLOCKS_CHECKED: Final = 64
SEAL: Final = "seal.json"
_PURPOSE: Final = b"flow"
#: Lot graphs that stay on disk: the newest, and those that readers of a moment ago may still open.
_KEPT: Final = 3
_KEPT_S: Final = 60.0
#: Changes that are one part in so many of what they are laid over are much.
_MUCH: Final = 16

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What later entries changed since one: the lots that they touched, by dense id, and the frames around them
    (`flow.update.write_changes`)."""

    entry: int
    root: str
    touched: Int64s
    frames: Callable[[Int64s, Int64s], Frames]


def opened(
    files: ColumnFiles, *, entry: int, root: str, frames: Callable[[], Frames], since: Since | None = None
) -> FlowIndex:
    """The lot graph as of an entry; `frames` gives what it is built of, where it has to be, and reads no files."""
    directory = files.directory / _name(entry, root)
    files.directory.mkdir(parents=True, exist_ok=True)
    with one_writer(files.directory):
        if (found := _mapped(files, directory, root)) is not None:
            return found
        stamp = {"entry": entry, "root": root}
        if since is None or not _write_changes(files, directory, stamp, since):
            _build(files, directory, stamp, frames)
        _sweep(files)
        return open_index(*_parts_of(files, directory))


def compact(files: ColumnFiles, *, entry: int, root: str, frames: Callable[[], Frames]) -> bool:
    """Builds the lot graph of an entry as a whole, where what has changed is much beside what it is laid over.

    Work for idle hours: readers of that entry keep what they have open, and later entries change little again.
    """
    directory = files.directory / _name(entry, root)
    with one_writer(files.directory):
        try:
            base, patch = _parts_of(files, directory)
            if patch is None or _size(patch) * _MUCH < _size(base):
                return False
        except (WrongFile, OSError):
            return False  # Whoever opens it throws it away.
        _build(files, directory, {"entry": entry, "root": root}, frames)
        _sweep(files)
        return True


def standing(files: ColumnFiles, *, entry: int, root: str) -> FlowIndex | None:
    """The lot graph as of an entry, where somebody has built it; None where it has to be built.

    One that was built at an earlier entry stands as long as nothing is said of goods or parties, and is stamped anew.
    """
    since, _ = files.store.last_goods_entry(entry + 1)
    built = {int(one.name.split("-")[1]): one for one in files.directory.glob("flow-*")}
    for number in sorted((one for one in built if since <= one <= entry), reverse=True):
        last = files.store.entry(number)
        with one_writer(files.directory):
            found = None if last is None else _mapped(files, built[number], last.root)
        if found is not None:
            return replace(found, stamp={"entry": entry, "root": root})
    return None


def _mapped(files: ColumnFiles, directory: Path, root: str) -> FlowIndex | None:
    """A lot graph as it was built; None where there is none, or what was there was not to be believed."""
    if not directory.exists():
        return None
    try:
        return open_index(*_checked(files, directory, root))
    except (WrongFile, DamagedIndex, OSError) as error:
        _throw_away(directory, error)
        return None


def wrong_files(store: Store) -> list[str]:
    """Every file for analysis that is not as it was written, and would be used if it were.

    All are read whole. Nothing is written: the next question throws away what is wrong.
    """
    files = ColumnFiles(store=store, directory=directory_of(store.database))
    if not files.directory.is_dir():
        return []
    with ExitStack() as held:
        # A place that cannot be written has no writer.
        with suppress(OSError):
            held.enter_context(one_writer(files.directory))
        try:
            found = list(files.wrong())
            if not found and files.believed() is None:
                return []
        except StoreError:
            return []  # a newer version wrote them: nothing of them is used
        for directory in sorted(files.directory.glob("flow-*")):
            found += _wrong_in(files.key, directory)
        return [str(one.path.relative_to(files.directory)) for one in found]


def _wrong_in(key: SealKey, directory: Path) -> Iterator[WrongFile]:
    try:
        stated, seals = _seals(key, directory)
    except WrongFile as wrong:
        yield wrong
        return
    if (base := stated.get("base")) and not (directory.parent / base).is_dir():
        yield WrongFile(directory.parent / base, "missing")
    for name, seal in seals.items():
        try:
            key.check_blocks(directory / name, seal)
        except WrongFile as wrong:
            yield wrong


def _name(entry: int, root: str) -> str:
    return f"flow-{entry}-{root[:16]}"


def _checked(files: ColumnFiles, directory: Path, root: str) -> tuple[Path, Path | None]:
    """`_parts_of` a graph whose files are, as far as a look at some of them tells, as they were written."""
    base, changes = parts = _parts_of(files, directory)
    stated, seals = _seals(files.key, directory)
    if stated["root"] != root:
        raise WrongFile(directory, "it is of another log")
    _look_at(files.key, directory, seals)
    if changes is not None and _BASES.get(base) != (facts := _facts_of(base)):
        # The same base stands under many changes.
        _look_at(files.key, base, _seals(files.key, base)[1])
        _BASES.clear()
        _BASES[base] = facts
    return parts


#: The base that this process has last looked at, and its files as they then were.
_BASES: Final[dict[Path, tuple[tuple[str, int, int, int], ...]]] = {}


def _look_at(key: SealKey, directory: Path, seals: Mapping[str, Seal]) -> None:
    """Raises WrongFile where what is looked at of these files is not as it was written."""
    for name, blocks in sampled(seals, BLOCKS_CHECKED).items():
        key.check_blocks(directory / name, seals[name], blocks)


def _facts_of(directory: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Name, number, size and moment of each file."""
    found = sorted((one.name, one.stat()) for one in os.scandir(directory))
    return tuple((name, of.st_ino, of.st_size, of.st_mtime_ns) for name, of in found)


def _parts_of(files: ColumnFiles, directory: Path) -> tuple[Path, Path | None]:
    """The graph that was built as a whole, and what has changed since, if anything. Raises WrongFile."""
    stated, _ = _seals(files.key, directory)
    base = stated.get("base")
    return (directory, None) if base is None else (files.directory / base, directory)


def _throw_away(directory: Path, error: Exception) -> None:
    wrong = error if isinstance(error, WrongFile) else WrongFile(directory, str(error))
    warn_of_wrong(wrong)
    remove(directory)
    if wrong.path.parent != directory and wrong.path.parent.name.startswith("flow-"):
        remove(wrong.path.parent)


def _write_changes(files: ColumnFiles, directory: Path, stamp: Mapping[str, Any], since: Since) -> bool:
    earlier = files.directory / _name(since.entry, since.root)
    if not earlier.is_dir():
        return False
    try:
        base, patch = _checked(files, earlier, since.root)
        building = _place_to_build(files, directory)
        touched = since.touched
        if not write_changes(base, patch, touched, lambda near: since.frames(touched, near), building, stamp):
            return False
    except (WrongFile, DamagedIndex, OSError) as error:
        _throw_away(earlier, error)
        return False
    _seal(files, building, directory, {**stamp, "base": base.name})
    return True


def _build(files: ColumnFiles, directory: Path, stamp: dict[str, Any], frames: Callable[[], Frames]) -> None:
    building = _place_to_build(files, directory)
    build_index(*frames(), directory=building, stamp=stamp)
    _seal(files, building, directory, stamp)


def _place_to_build(files: ColumnFiles, directory: Path) -> Path:
    """Under another name first: where a graph stands, it is whole and sealed."""
    for left in files.directory.glob(".flow-*"):
        remove(left)
    return directory.with_name(f".{directory.name}")


def _seal(files: ColumnFiles, building: Path, directory: Path, stated: Mapping[str, Any]) -> None:
    seals = {path.name: files.key.seal_file(path).as_json() for path in sorted(building.iterdir())}
    with (building / SEAL).open("wb") as file:
        file.write(files.key.document(_PURPOSE, {"format": FORMAT, **stated, "files": seals}))
        file.flush()
        os.fsync(file.fileno())
    remove(directory)
    building.rename(directory)


def _sweep(files: ColumnFiles) -> None:
    """Others may be opening the graph before; what is mapped already stays readable."""
    made = sorted(files.directory.glob("flow-*"), key=lambda path: path.stat().st_mtime_ns)
    since = time.time() - _KEPT_S
    needed = {*made[-_KEPT:], *(one for one in made if one.stat().st_mtime > since)}
    for directory in tuple(needed):
        with suppress(WrongFile, DamagedIndex, OSError):
            needed.add(_parts_of(files, directory)[0])
    for old in set(made) - needed:
        remove(old)


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


def _seals(key: SealKey, directory: Path) -> tuple[dict[str, Any], dict[str, Seal]]:
    """What a directory's seal says of it, and its files with their seals, each of its size. Raises WrongFile."""
    path = directory / SEAL
    try:
        stated = key.open_document(_PURPOSE, path.read_bytes())
    except OSError as error:
        raise WrongFile(path, "missing") from error
    if stated is None or stated["format"] != FORMAT:
        raise WrongFile(path, "its code is not of this store")
    if directory.name != _name(stated["entry"], stated["root"]):
        raise WrongFile(path, "it is of another entry")
    seals = {file: Seal.read(seal) for file, seal in stated["files"].items()}
    for file, seal in seals.items():
        check_size(directory / file, seal)
    return stated, seals
