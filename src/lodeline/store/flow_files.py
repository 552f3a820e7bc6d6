"""The lot graph of a snapshot on disk: made once for an entry, sealed, and memory-mapped by whoever asks.

What is not as it was written is thrown away and built again. A large one is checked in part when it is opened, so that
opening costs the same however large it is;
`lodeline verify` checks all of it (`wrong_files`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline.flow.index import DamagedIndex, FlowIndex, build_index, open_index
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

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


def opened(files: ColumnFiles, *, entry: int, root: str, frames: Callable[[], Frames]) -> FlowIndex:
    """The lot graph as of an entry; `frames` gives what it is built of, where it has to be, and reads no files."""
    directory = files.directory / _name(entry, root)
    files.directory.mkdir(parents=True, exist_ok=True)
    with one_writer(files.directory):
        if (found := _mapped(files, directory, root)) is not None:
            return found
        _build(files, directory, {"entry": entry, "root": root}, frames)
        _sweep(files)
        return open_index(directory)


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
        return open_index(_checked(files, directory, root))
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
        _, seals = _seals(key, directory)
    except WrongFile as wrong:
        yield wrong
        return
    for name, seal in seals.items():
        try:
            key.check_blocks(directory / name, seal)
        except WrongFile as wrong:
            yield wrong


def _name(entry: int, root: str) -> str:
    return f"flow-{entry}-{root[:16]}"


def _checked(files: ColumnFiles, directory: Path, root: str) -> Path:
    """The directory of a graph whose files are, as far as a look at some of them tells, as they were written."""
    stated, seals = _seals(files.key, directory)
    if stated["root"] != root:
        raise WrongFile(directory, "it is of another log")
    for name, blocks in sampled(seals, BLOCKS_CHECKED).items():
        files.key.check_blocks(directory / name, seals[name], blocks)
    return directory


def _throw_away(directory: Path, error: Exception) -> None:
    warn_of_wrong(error if isinstance(error, WrongFile) else WrongFile(directory, str(error)))
    remove(directory)


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
    for old in set(made) - needed:
        remove(old)


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
