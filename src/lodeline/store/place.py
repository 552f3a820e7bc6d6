"""Where an error happened: a call that writes, and the drivers of databases, know no file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def at_place(error: BaseException, place: str | Path) -> None:
    """Notes where an error happened; who noted it first knows best."""
    if not hasattr(error, "lodeline_place"):
        error.lodeline_place = str(place)  # type: ignore[attr-defined]


@contextmanager
def happening_at(place: str | Path) -> Iterator[None]:
    """What the system refuses in this block is said of the file or directory."""
    try:
        yield
    except OSError as error:
        at_place(error, place)
        raise


def place_of(error: BaseException) -> str:
    """The file that the system names, else what was noted, else ""."""
    named = getattr(error, "filename", None) or getattr(error, "lodeline_place", "")
    return os.fsdecode(named) if isinstance(named, str | bytes) else str(named)
