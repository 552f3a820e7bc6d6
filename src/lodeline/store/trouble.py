"""What the system and the database refuse, in words with a cure; what is no trouble of theirs stays a fault of ours.

A transaction that was refused is taken back whole, so every sentence can say that nothing is half done. Each names the
place where it is known: a store, its backup and the files for analysis may lie on three disks. A process that lives
long meets a database that goes and comes back: `Outage` lets its lost connections go, with one line of log each time.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.db import Error as DjangoDatabaseError
from django.db import InterfaceError, OperationalError, connections

from lodeline.errors import UserError

_FULL = (
    "The disk is full. Nothing is half done: make room, then run the command again.",
    "磁盘已满。没有半途数据：请腾出空间后重新运行。",
)
_READ_ONLY = (
    "The place is read-only. Nothing was changed: let this account write there, or use a copy.",
    "该位置只读。未作任何改动：请授予写权限，或使用副本。",
)
_UNREADABLE = (
    "The disk cannot be read or written. Nothing is half done: see that it has room and is not read-only, and look at"
    " the system's log. Run `lodeline verify` before you go on; if that does not hold, restore the newest backup into a"
    " new place.",
    "磁盘读写出错。没有半途数据：请确认磁盘有空间且非只读，并查看系统日志。继续之前请运行 `lodeline verify`；"
    "如不成立，请将最新备份恢复到新位置。",
)
_NOT_OPENED = (
    "The database file, or one of those that SQLite keeps beside it, cannot be opened or made. Nothing is half done:"
    " see that the disk has room and is not read-only for this account, and look at the system's log.",
    "无法打开或建立数据库文件或 SQLite 的伴随文件。没有半途数据：请确认磁盘有空间且本账户可写，并查看系统日志。",
)
_DAMAGED = (
    "The database file is damaged. Keep it as it is, and restore the newest backup into a new place.",
    "数据库文件已损坏。请保留原件，并将最新备份恢复到新位置。",
)
_GONE = (
    "The database server went away. What was acknowledged stands and nothing is half done: start it, then run the"
    " command again.",
    "数据库服务器已断开。已确认的内容有效，没有半途数据：请启动服务器后重新运行。",
)
#: SQLite's own names of its errors, by how they begin (https://www.sqlite.org/rescode.html).
_SQLITE = {
    "SQLITE_FULL": _FULL, "SQLITE_READONLY": _READ_ONLY, "SQLITE_IOERR": _UNREADABLE, "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED, "SQLITE_CANTOPEN": _NOT_OPENED,
}  # fmt: skip
#: PostgreSQL's codes, likewise (its manual, appendix A): 53100 disk full, 25006 read only, 08 connection, 57P shutdown.
_POSTGRESQL = {"53100": _FULL, "25006": _READ_ONLY, "08": _GONE, "57P": _GONE, "58030": _UNREADABLE, "XX001": _DAMAGED}


#: What the machine does not give: it says nothing of what a store holds.
OF_THE_MACHINE = (DjangoDatabaseError, OSError, MemoryError)


def trouble(error: BaseException, *, placed: bool = True) -> tuple[str, str] | None:
    """The sentence in English and Chinese; None where the error is no trouble of system or database.

    placed: after the place where it happened, where that is known.
    """
    found: BaseException | None = error
    place = ""
    while found is not None:
        place = place or place_of(found)
        message = _of_one(found)
        if message is not None:
            en, zh = message
            return (f"{place}: {en}", f"{place}：{zh}") if place and placed else message
        # Where Django makes tables, it raises one error of the database while it handles another.
        found = found.__cause__ or (found.__context__ if isinstance(found, DjangoDatabaseError) else None)
    return None


def _of_one(error: BaseException) -> tuple[str, str] | None:
    if isinstance(error, sqlite3.Error):
        return _beginning(_SQLITE, getattr(error, "sqlite_errorname", None) or "")
    if hasattr(error, "sqlstate"):
        # The library itself notices a broken connection, and has no code for it.
        lost = error.sqlstate is None and type(error).__name__ == "OperationalError"
        return _GONE if lost else _beginning(_POSTGRESQL, error.sqlstate or "")
    if isinstance(error, OSError):
        known = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _READ_ONLY, errno.EIO: _UNREADABLE}
        # A path that was named and cannot be used; anything else that the system refuses reads as well this way.
        return known.get(error.errno or 0, (error.strerror or str(error),) * 2)
    return None


def _beginning(known: dict[str, tuple[str, str]], code: str) -> tuple[str, str] | None:
    return next((message for begin, message in known.items() if code.startswith(begin)), None)


def first_line(error: DjangoDatabaseError) -> str:
    """What a database says of itself, for a log: that it cannot be reached, is locked, full or goes. Of any other error
    the kind alone, for its text may quote rows."""
    of_itself = isinstance(error, OperationalError | InterfaceError)
    return str(error).partition("\n")[0] if of_itself else type(error).__name__


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


#: Seconds before the second attempt, twice as long each time, and never longer than the last.
_FIRST_S: Final = 0.5
_LONGEST_S: Final = 5.0


class Outage:
    """What a process says of attempts that fail, and how long it waits between them."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """what: the line of the log, such as "nothing could be published"."""
        self._log = log
        self._what = what
        self._pause_s = 0.0
        #: Why, as far as the log has it.
        self._logged: set[str] = set()

    def met(self, error: Exception) -> float:
        """Notes a failure and lets the thread's connections go; returns the seconds to wait before the next attempt.

        Whatever a database says while it goes, is away and comes is one thing.
        """
        connections.close_all()
        cause = next((one for one in (error, error.__cause__) if isinstance(one, DjangoDatabaseError)), None)
        why = first_line(cause) if cause else error.en if isinstance(error, UserError) else type(error).__name__
        known = "the database" if cause else why
        if known not in self._logged:
            self._logged.add(known)
            self._log.error("%s, and is tried until it can: %s", self._what, why, exc_info=error)
        self._pause_s = min(_LONGEST_S, max(_FIRST_S, 2 * self._pause_s))
        return self._pause_s

    @property
    def lasts(self) -> bool:
        """Whether the last attempt failed."""
        return self._pause_s > 0

    def over(self) -> None:
        """Notes that an attempt went well."""
        if self.lasts:
            self._log.warning("%s for a while; now it can", self._what)
            self._logged, self._pause_s = set(), 0.0
