"""A directory of arrays that is either whole or absent.

Each array is one little-endian `.npy` file, readable by any NumPy; `manifest.json` names size, type
and shape of each. `map_arrays` maps the files into memory and reads nothing but their headers,
so opening costs the same for a thousand lots and for ten million.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT = "lodeline-flow-index"
FORMAT_VERSION = 3
MANIFEST = "manifest.json"

Array = npt.NDArray[Any]


class DamagedIndex(ValueError):  # noqa: N818  (a state of the files, told to whoever opens them)
    """A file of the index is missing, cut, altered or of another format; `file` names it."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file}: {what}")
        self.file = file
        self.what = what


def write_arrays(directory: Path, arrays: Mapping[str, Array], header: Mapping[str, Any]) -> None:
    """Write the arrays and a manifest that holds `header` beside the description of each file.

    The files are written to a hidden neighbour of `directory`, forced to the disk and then renamed.
    An index that already stands there is replaced; readers who opened it keep it. A reader that opens in
    the very moment of replacement may find nothing: give each snapshot a directory of its own to rule that out.
    Raises FileExistsError when `directory` holds anything but an index.
    """
    if directory.exists() and any(directory.iterdir()) and not (directory / MANIFEST).exists():
        raise FileExistsError(f"{directory} is not empty and holds no index: it is left alone")
    building = directory.with_name(f".{directory.name}.building-{os.getpid()}")
    retired = directory.with_name(f".{directory.name}.retired-{os.getpid()}")
    for leftover in (building, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    building.mkdir(parents=True)
    files = {name: _write(building / f"{name}.npy", array) for name, array in sorted(arrays.items())}
    manifest = {"format": FORMAT, "version": FORMAT_VERSION, **header, "files": files}
    with (building / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    _sync_directory(building)
    if directory.exists():
        directory.rename(retired)
    building.rename(directory)
    _sync_directory(directory.parent)
    shutil.rmtree(retired, ignore_errors=True)


def map_arrays(directory: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The manifest and the memory-mapped arrays; sizes and headers are checked.

    Raises DamagedIndex, naming the file; FileNotFoundError when there is no manifest.
    """
    manifest = _read_manifest(directory)
    arrays = {name: _map(directory / f"{name}.npy", entry) for name, entry in manifest["files"].items()}
    if _read_manifest(directory) != manifest:
        raise DamagedIndex(directory / MANIFEST, "the index was replaced while it was being opened: open it again")
    return manifest, arrays


def _write(path: Path, array: Array) -> dict[str, Any]:
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    with path.open("wb") as file:
        np.save(file, little_endian, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    return {
        "bytes": path.stat().st_size,
        "dtype": _type(little_endian),
        "shape": list(little_endian.shape),
    }


def _map(path: Path, entry: Mapping[str, Any]) -> Array:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise DamagedIndex(path, "missing") from None
    if size != entry["bytes"]:
        raise DamagedIndex(path, f"{size} bytes instead of {entry['bytes']}")
    try:
        # A plain array over the map: numba does not know the subclass that NumPy returns.
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError as error:
        raise DamagedIndex(path, "its header cannot be read") from error
    if _type(array) != entry["dtype"] or list(array.shape) != entry["shape"]:
        raise DamagedIndex(path, "its header does not match the manifest")
    return array


def _type(array: Array) -> str | list[list[str]]:
    """The type as `.npy` headers name it; a record as a list of [field, type], as JSON gives it back."""
    if array.dtype.names is None:
        return array.dtype.str
    return [[name, array.dtype[name].str] for name in array.dtype.names]


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DamagedIndex(path, "not readable as JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise DamagedIndex(path, f"not a {FORMAT}")
    if manifest.get("version") != FORMAT_VERSION:
        raise DamagedIndex(path, f"format version {manifest.get('version')}; this program reads {FORMAT_VERSION}")
    return manifest


def _sync_directory(directory: Path) -> None:
    """Make the names in a directory durable, where the system has such a thing."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
