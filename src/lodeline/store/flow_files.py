"""The lot graph of a snapshot on disk: built once for an entry, sealed, and memory-mapped by whoever asks.

A graph that is not as it was built is thrown away and built again. A large one is checked in part when it is opened,
so that opening costs the same however large it is; `lodeline verify` checks all of it (`wrong_files`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
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

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


def opened(files: ColumnFiles, *, entry: int, root: str, frames: Callable[[], Frames]) -> FlowIndex:
    """The lot graph as of an entry; `frames` gives what it is built of, where it has to be, and reads no files."""
    directory = files.directory / _name(entry, root)
    files.directory.mkdir(parents=True, exist_ok=True)
    with one_writer(files.directory):
        if directory.exists():
            try:
                stated_root, seals = _seals(files.key, directory)
                if stated_root != root:
                    raise WrongFile(directory, "it is of another log")
                for name, blocks in sampled(seals, BLOCKS_CHECKED).items():
                    files.key.check_blocks(directory / name, seals[name], blocks)
                return open_index(directory)
            except (WrongFile, DamagedIndex, OSError) as error:
                warn_of_wrong(error if isinstance(error, WrongFile) else WrongFile(directory, str(error)))
        _build(files, directory, {"entry": entry, "root": root}, frames)
        return open_index(directory)


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


def _build(files: ColumnFiles, directory: Path, stamp: dict[str, Any], frames: Callable[[], Frames]) -> None:
    """Under another name first: where it stands, it is whole and sealed."""
    for left in files.directory.glob(".flow-*"):
        remove(left)
    building = directory.with_name(f".{directory.name}")
    build_index(*frames(), directory=building, stamp=stamp)
    seals = {path.name: files.key.seal_file(path).as_json() for path in sorted(building.iterdir())}
    with (building / SEAL).open("wb") as file:
        file.write(files.key.document(_PURPOSE, {"format": FORMAT, **stamp, "files": seals}))
        file.flush()
        os.fsync(file.fileno())
    remove(directory)
    building.rename(directory)
    # Others may be opening the one before; what is mapped already stays readable.
    built = sorted(files.directory.glob("flow-*"), key=lambda path: path.stat().st_mtime_ns)
    for old in built[:-_KEPT]:
        remove(old)


def _seals(key: SealKey, directory: Path) -> tuple[str, dict[str, Seal]]:
    """The root that a graph is of, and its files with their seals, each of its size. Raises WrongFile."""
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
    return stated["root"], seals
