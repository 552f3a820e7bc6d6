"""The arrays of an index as it was built, and what has changed since: small files that are laid over it when opened.

Each array has room behind its rows. A patch holds, of each array, rows to be put in place of the old and rows that come
behind; it is always against the index as built, so that no index needs more than one. What is laid over is
this process's own memory, page by page: all other pages stay shared with whoever reads the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lodeline.flow.arrays import MANIFEST, Array, DamagedIndex, map_arrays, write_arrays

#: Rows that an array has room for beyond an eighth of its own.
_LEAST_ROOM = 256


class NoRoom(Exception):  # noqa: N818  (a state of an array, met by whoever lets it grow)
    """More has changed than an index has room for: it is built anew."""


@dataclass(slots=True, kw_only=True)
class Column:
    """One array: `array` with its room, of which `rows` count; `built` of them are of the index as it was built."""

    array: Array
    built: int
    rows: int
    changed: list[Array] = field(default_factory=list)

    @property
    def live(self) -> Array:
        """The rows that count, not to be written to."""
        live = self.array[: self.rows]
        live.flags.writeable = False
        return live

    def append(self, rows: Array) -> int:
        """Put rows behind those that count; returns where the first stands."""
        first = self.rows
        if first + len(rows) > len(self.array):
            raise NoRoom
        self.array[first : first + len(rows)] = rows
        self.rows += len(rows)
        return first

    def put(self, at: Array, rows: Any, name: str | None = None) -> None:
        """Put rows, or one field of them, in place of the old."""
        if name is None:
            self.array[at] = rows
        else:
            self.array[name][at] = rows
        self.touch(at)

    def touch(self, at: Array) -> None:
        """Rows that were written to."""
        at = np.asarray(at, np.int64)
        self.changed.append(at[at < self.built])

    def replace(self, rows: Array) -> None:
        """All rows at once, of a column that is empty in an index as it was built."""
        self.rows = self.built
        self.append(rows)


def with_room(arrays: dict[str, Array]) -> tuple[dict[str, Array], dict[str, int]]:
    """The arrays, which are taken out, with room behind their rows, and how many rows of each count."""
    roomy = {}
    rows = {name: len(array) for name, array in arrays.items()}
    for name in rows:
        array = arrays.pop(name)  # Both at once would be twice the index.
        room = np.zeros((len(array) // 8 + _LEAST_ROOM, *array.shape[1:]), array.dtype)
        roomy[name] = np.concatenate((array, room))
    return roomy, rows


def open_columns(
    directory: Path, patch: Path | None = None, *, growing: bool = False
) -> tuple[dict[str, Any], dict[str, Column]]:
    """The manifest of the newest state, and the columns; `growing` ones may be written to.

    Raises DamagedIndex, also where the patch is of another index; FileNotFoundError.
    """
    manifest, arrays = map_arrays(directory, private=growing or patch is not None)
    try:
        columns = {
            name: Column(array=array, built=manifest["rows"][name], rows=manifest["rows"][name])
            for name, array in arrays.items()
        }
    except KeyError as error:
        raise DamagedIndex(directory / MANIFEST, f"does not say how many rows of {error} count") from error
    if patch is None:
        return manifest, columns
    changes, written = map_arrays(patch)
    if changes.get("base") != fingerprint(directory):
        raise DamagedIndex(patch / MANIFEST, f"is not of the index {directory}")
    for name, column in columns.items():
        if f"{name}.new" not in written:
            continue
        at, new = written[f"{name}.at"], written[f"{name}.new"]
        column.put(at, new[: len(at)])
        try:
            column.append(new[len(at) :])
        except NoRoom:
            raise DamagedIndex(patch / f"{name}.new.npy", "more rows than the index has room for") from None
    return {**manifest, "stamp": changes["stamp"]}, columns


def write_patch(base: Path, columns: Mapping[str, Column], directory: Path, stamp: Mapping[str, Any]) -> None:
    """Write what has changed of the index at `base`, all earlier patches included."""
    arrays: dict[str, Array] = {}
    for name, column in columns.items():
        at = np.unique(np.concatenate(column.changed)) if column.changed else np.zeros(0, np.int64)
        if len(at) or column.rows > column.built:
            arrays[f"{name}.at"] = at
            arrays[f"{name}.new"] = np.concatenate((column.array[at], column.array[column.built : column.rows]))
    write_arrays(directory, arrays, {"stamp": dict(stamp), "base": fingerprint(base)})


def fingerprint(directory: Path) -> str:
    """The SHA-256 of an index's manifest, which names that of each of its files."""
    return hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()
