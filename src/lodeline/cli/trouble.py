"""What the system and the database refuse, in words with a cure; what is no trouble of theirs stays a fault of ours.

A transaction that was refused is taken back whole, so every sentence can say that nothing is half done.
"""

from __future__ import annotations

import errno
import sqlite3

_FULL = (
    "The disk is full. Nothing is half done: make room, then run the command again.",
    "磁盘已满。没有半途数据：请腾出空间后重新运行。",
)
_READ_ONLY = (
    "The place is read-only. Nothing was changed: let this account write there, or use a copy.",
    "该位置只读。未作任何改动：请授予写权限，或使用副本。",
)
_UNREADABLE = (
    "The disk cannot be read or written. Nothing was half done: look at the system's log and at the disk, then run"
    " `lodeline verify`.",
    "磁盘读写出错。没有半途数据：请查看系统日志并检查磁盘，再运行 `lodeline verify`。",
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
    "SQLITE_NOTADB": _DAMAGED,
}  # fmt: skip
#: PostgreSQL's codes, likewise (its manual, appendix A): 53100 disk full, 25006 read only, 08 connection, 57P shutdown.
_POSTGRESQL = {"53100": _FULL, "25006": _READ_ONLY, "08": _GONE, "57P": _GONE, "58030": _UNREADABLE, "XX001": _DAMAGED}


def trouble(error: BaseException) -> tuple[str, str] | None:
    """The sentence in English and Chinese; None where the error is no trouble of system or database."""
    found: BaseException | None = error
    while found is not None:
        said = _of_one(found)
        if said is not None:
            return said
        found = found.__cause__
    return None


def _of_one(error: BaseException) -> tuple[str, str] | None:
    if isinstance(error, sqlite3.Error):
        return _beginning(_SQLITE, getattr(error, "sqlite_errorname", None) or "")
    if hasattr(error, "sqlstate"):
        # The library itself notices a broken connection, and has no code for it.
        lost = error.sqlstate is None and type(error).__name__ == "OperationalError"
        return _GONE if lost else _beginning(_POSTGRESQL, error.sqlstate or "")
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        known = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _READ_ONLY, errno.EIO: _UNREADABLE}
        if error.errno in known:
            en, zh = known[error.errno]
            return f"{place}{en}", f"{place}{zh}"
        # A path that was named and cannot be used; anything else that the system refuses reads as well this way.
        return (f"{place}{error.strerror or error}",) * 2
    return None


def _beginning(known: dict[str, tuple[str, str]], code: str) -> tuple[str, str] | None:
    return next((said for begin, said in known.items() if code.startswith(begin)), None)
