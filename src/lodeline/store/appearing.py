"""A file appears in its place whole or not at all, never over another, and stays there when the power fails.

It is made in a directory of its own beside the place, so that both lie on one disk. Whoever makes it holds a lock
there; what a killed attempt left has none, and the next one clears it away.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.store.trouble import happening_at

_ROOM, _LOCK = ".making", "lock"
#: What disks answer that know no second name for a file, such as exFAT.
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class TakenError(UserError):
    """Another process is making the same file, or has made it meanwhile."""


@contextmanager
def work_room(place: Path) -> Iterator[Path]:
    """An empty directory for what will be `place`, open to this account alone; it goes with the work.

    Raises TakenError where another process makes the same file at the moment.
    """
    room = place.with_name(f".{place.name}{_ROOM}")
    room.mkdir(mode=0o700, exist_ok=True)
    try:
        with (room / _LOCK).open("w") as lock:
            if not _taken(lock.fileno(), room / _LOCK):
                raise TakenError(text("{place} is being made by another process: wait until it has ended", place=place))
            _empty(room)
            try:
                yield room
            finally:
                shutil.rmtree(room, ignore_errors=True)
    except OSError:
        # A disk that refuses the lock leaves an empty directory behind.
        if room.exists() and not any(room.iterdir()):
            room.rmdir()
        raise


def appear(made: Path, place: Path) -> None:
    """Gives what was made in a work room its place. Raises TakenError where something is there by now."""
    with happening_at(place), made.open("rb") as file:
        os.fsync(file.fileno())
    try:
        _name(made, place)
    except FileExistsError as error:
        raise TakenError(
            text("{place} has been made by another process meanwhile, and was left as it is", place=place)
        ) from error
    try:
        keep_names(place.parent)
    except OSError:
        # Nobody can say whether it would still be there after a power cut.
        place.unlink()
        raise


def keep_names(directory: Path) -> None:
    """Writes the names of a directory to the disk: a file that is on it may still be missing by its name."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        with happening_at(directory):
            os.fsync(opened)
    finally:
        os.close(opened)


def clear_abandoned(directory: Path, name: str = "*") -> list[Path]:
    """Removes what killed attempts at a file of this name, or at any, left in a directory; gives what was removed."""
    removed = []
    for room in sorted(directory.glob(f".{name}{_ROOM}")):
        try:
            with (room / _LOCK).open("r+") as lock:
                if not _taken(lock.fileno(), room / _LOCK):
                    continue
                shutil.rmtree(room)
        except FileNotFoundError:
            continue  # its maker has just ended, or just begun
        removed.append(room)
    return removed


def _name(made: Path, place: Path) -> None:
    try:
        # A second name is never put over a file that is there; a rename is.
        os.link(made, place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if place.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from error
        made.rename(place)


def _taken(lock: int, path: Path) -> bool:
    """Whether this process has the lock now. Where a disk knows no locks, nobody is held up."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    # Whoever had it may have removed the file between our opening and our taking.
    return path.exists() and path.stat().st_ino == os.fstat(lock).st_ino


def _empty(room: Path) -> None:
    for one in room.iterdir():
        if one.name != _LOCK:
            one.unlink()
