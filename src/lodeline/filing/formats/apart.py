"""A workbook is read in a process of its own: what takes its reader down is a problem of that file and of nothing else.

The process is kept for the next workbook, so that a small one does not wait for an interpreter to start. It has bounds
of its own, on memory (what the workbook's cells and texts need, at most `Limits.memory_bytes`) and processor time, and
is the first to go where the machine has no more. It ends with the process that asked.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from lodeline.filing.formats import Limits, Sheet, unreadable
from lodeline.filing.formats.xlsx import read_xlsx
from lodeline.ledger.problem import Problem, Where, problem

#: Workbooks that one process of ours has read at a time; others wait.
_AT_ONCE: Final = 2
#: A reader that has been larger is not kept: what it took it does not give back.
_KEPT_KIB: Final = 512 * 1024
_SECONDS: Final = 900
#: The problem of a file whose reader died.
DIED: Final = "file.reader-died"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """`cells`: where the cells go; they can be larger than what is sent through a pipe in one piece."""

    path: str
    file: str
    limits: Limits
    cells: str

    @classmethod
    def of_json(cls, stated: Any) -> _Order:
        return cls(**{**stated, "limits": Limits(**stated["limits"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`sheet` without its cells; None where the reader failed, with `detail` why."""

    sheet: Sheet | None
    detail: str = ""
    #: The most memory that the process has held, in KiB.
    peak_kib: int = 0

    def as_json(self) -> Any:
        sheet = self.sheet and {
            "header": self.sheet.header, "name": self.sheet.name, "readable": self.sheet.readable,
            "problems": [asdict(one) for one in self.sheet.problems],
        }  # fmt: skip
        return {"sheet": sheet, "detail": self.detail, "peak_kib": self.peak_kib}

    @classmethod
    def of_json(cls, stated: Any) -> _Answer:
        sheet = stated["sheet"]
        if sheet is not None:
            problems = tuple(Problem(**{**one, "where": Where(**one["where"])}) for one in sheet["problems"])
            sheet = Sheet(**{**sheet, "header": tuple(sheet["header"]), "problems": problems})
        return cls(**{**stated, "sheet": sheet})


def read_apart(path: Path, file: str, limits: Limits) -> Sheet:
    """`read_xlsx` in another process; where that dies, a sheet that nobody can read, with the cure."""
    path.stat()  # What is not there is said by whoever asks, as of every other format.
    with _READERS.one() as reader, tempfile.TemporaryDirectory(prefix="lodeline-") as room:
        cells = str(Path(room) / "cells")
        answer = reader.ask(_Order(path=str(path.absolute()), file=file, limits=limits, cells=cells))
        if answer.sheet is None:
            return unreadable(problem(DIED, Where(file=file), detail=answer.detail))
        if not answer.sheet.readable:
            return answer.sheet
        frame = pl.read_ipc(cells)
        return replace(answer.sheet, cells=frame.drop("row"), rows=frame["row"])


def _started() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[3])
    known = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": root + (os.pathsep + known if known else "")}
    # In a session of its own: what a terminal sends to end us does not end a reading half-way.
    return subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import serve; serve()"], env=environment, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@dataclass(slots=True)
class _Reader:
    """One process, and the pipes to it."""

    process: subprocess.Popen[bytes] = field(default_factory=_started)
    peak_kib: int = 0

    def ask(self, order: _Order) -> _Answer:
        assert self.process.stdin is not None and self.process.stdout is not None, "a reader has pipes"
        try:
            _send(self.process.stdin, asdict(order))
            stated = _received(self.process.stdout)
        except BrokenPipeError:
            stated = None
        if stated is None:
            self.end()
            return _Answer(sheet=None, detail=_ended(self.process.returncode))
        answer = _Answer.of_json(stated)
        self.peak_kib = answer.peak_kib
        return answer

    @property
    def is_fit(self) -> bool:
        return self.process.poll() is None and self.peak_kib <= _KEPT_KIB

    def end(self) -> None:
        self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()


def _ended(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


class _Readers:
    """The processes that wait for a workbook; those of a process that we were forked from are not ours."""

    def __init__(self) -> None:
        self._idle: dict[int, list[_Reader]] = {}
        self._free = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def one(self) -> Iterator[_Reader]:
        """A reader for one workbook."""
        with self._free:
            with self._lock:
                idle = self._idle.setdefault(os.getpid(), [])
                reader = idle.pop() if idle else None
            if reader is not None and not reader.is_fit:
                reader.end()
                reader = None
            reader = reader or _Reader()
            try:
                yield reader
            except BaseException:
                # Whoever asked has gone in the middle: what is still to come belongs to nobody.
                reader.end()
                raise
            if reader.is_fit:
                with self._lock:
                    idle.append(reader)
            else:
                reader.end()

    def end(self) -> None:
        """Ends the processes that wait."""
        with self._lock:
            for reader in self._idle.pop(os.getpid(), []):
                reader.end()


_READERS = _Readers()
atexit.register(_READERS.end)


# In the process that reads.


def serve() -> None:
    """Reads one workbook after the other, until whoever asks for them closes the pipe."""
    orders, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints is no answer.
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    while (stated := _received(orders)) is not None:
        order = _Order.of_json(stated)
        try:
            with _ending_with(orders):
                answer = _read(order)
        except Exception as error:
            answer = _Answer(sheet=None, detail=f"{type(error).__name__}: {error}")
        _send(answers, replace(answer, peak_kib=_peak_kib()).as_json())


def _peak_kib() -> int:
    """The most that this process has held; what `getrusage` says begins with the size of whoever started it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


@contextlib.contextmanager
def _ending_with(orders: IO[bytes]) -> Iterator[None]:
    """Whoever asked and dies ends this process too, in the middle of a reading: nothing else comes on the pipe then.

    The system sends SIGIO, which ends a process by default: a thread could not watch while the reader has the lock.
    """
    flags = fcntl.fcntl(orders, fcntl.F_GETFL)
    fcntl.fcntl(orders, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(orders, fcntl.F_SETFL, flags | os.O_ASYNC)
    waiting = select.poll()
    waiting.register(orders, 0)
    if waiting.poll(0):
        os._exit(0)
    try:
        yield
    finally:
        fcntl.fcntl(orders, fcntl.F_SETFL, flags)


def _bound(limits: Limits, needed: int) -> None:
    """What this process may take: of memory what is needed on top of what it has, and at most half of the machine's."""
    page = resource.getpagesize()
    with contextlib.suppress(OSError):
        needed = min(needed, os.sysconf("SC_PHYS_PAGES") * page // 2) + page * int(
            Path("/proc/self/statm").read_text().split()[0]
        )
        _limit(resource.RLIMIT_AS, min(needed, limits.memory_bytes))


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _read(order: _Order) -> _Answer:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + _SECONDS)
    _limit(resource.RLIMIT_AS, order.limits.memory_bytes)
    sheet = read_xlsx(Path(order.path), order.file, order.limits, bound=partial(_bound, order.limits))
    if sheet.readable:
        sheet.cells.with_columns(sheet.rows.alias("row")).write_ipc(order.cells)
    return _Answer(sheet=sheet)


def _send(stream: IO[bytes], what: Any) -> None:
    stream.write(json.dumps(what).encode() + b"\n")
    stream.flush()


def _received(stream: IO[bytes]) -> Any:
    """What the other side sent; None where it has gone."""
    line = stream.readline()
    return json.loads(line) if line.endswith(b"\n") else None
