"""The engine that runs parts as tasks of Spark: on this machine, or on a cluster whose machines have this program.

A part is one record, its frames as Arrow; only the way there and back is Spark's. A worker with another program is
refused, since it might give other answers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline.engine.running import Engine, EngineError, Failure, Frames, Function, attempted, failed, given
from lodeline.language import text

#: How often a part is tried whose worker died.
_ATTEMPTS: Final = 4
#: Seconds in which a master says that it is there.
_ANSWERS_S: Final = 5.0
_PACKAGE: Final = Path(__file__).parents[1]

#: Frames as they travel: by name, as Arrow.
_Sent = dict[str, bytes]


def check() -> None:
    """Raises EngineError where Spark is not installed, or has no Java."""
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError(text("Spark is not installed: pip install 'lodeline[spark]'"))
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        where = f" (JAVA_HOME is {home})" if home else ""
        raise EngineError(
            text(
                "Spark needs Java 17, which is not here{where}. As root: apt-get install openjdk-17-jre-headless",
                where=where,
            )
        )


@contextmanager
def opened(master: str) -> Iterator[Engine]:
    """A connection to this master, which is given back at the end of the block."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415

    if master.startswith("spark://") and not any(map(_answers, master.removeprefix("spark://").split(","))):
        raise EngineError(text("nobody answers at {master}: is the master started?", master=master))
    # Workers are this very Python, if nobody names another.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setAppName("lodeline publish").setMaster(_persistent(master))
    conf.set("spark.driver.maxResultSize", "0").set("spark.task.maxFailures", str(_ATTEMPTS))
    conf.set("spark.ui.showConsoleProgress", "false")
    # Tasks are many at once; each keeps to its own processor.
    conf.set("spark.executorEnv.POLARS_MAX_THREADS", "1")
    if master.startswith("local"):
        # Nobody else's business on this machine.
        conf.set("spark.ui.enabled", "false").set("spark.driver.host", "127.0.0.1")
        conf.set("spark.driver.bindAddress", "127.0.0.1")
    is_main = threading.current_thread() is threading.main_thread()
    interrupted = signal.getsignal(signal.SIGINT)
    try:
        context = SparkContext(conf=conf)
    except Exception as error:
        why = _first_line(error)
        raise EngineError(
            text("Spark could not be started at {master}: {why}. It needs Java 17", master=master, why=why)
        ) from error
    finally:
        if is_main:
            signal.signal(signal.SIGINT, interrupted)
    try:
        # What goes wrong is told by `run`.
        context.setLogLevel("OFF")
        yield Spark(processors=context.defaultParallelism, context=context)
    finally:
        context.stop()


def _answers(address: str) -> bool:
    """Whether there is somebody: Spark itself asks for a minute, and then goes on without a master."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=_ANSWERS_S):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def _persistent(master: str) -> str:
    """On one machine Spark tries a part only once, if it is not told otherwise."""
    return f"{master[:-1]},{_ATTEMPTS}]" if master.startswith("local[") else master


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """Parts as tasks of Spark."""

    processors: int
    context: Any

    def run(self, function: Function, parts: Iterable[Frames]) -> list[Frames]:
        """As `Engine.run`."""
        from py4j.protocol import Py4JError  # noqa: PLC0415

        sent = [_sent(part) for part in parts]
        if not sent:
            return []
        task = Task(function=function, program=program())
        try:
            answers = self.context.parallelize(sent, len(sent)).map(task).collect()
        except Py4JError as error:
            raise failed(function, _first_line(error)) from error
        return given(function, (one if isinstance(one, Failure) else _received(one) for one in answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a worker does with a part."""

    function: Function
    program: str

    def __call__(self, sent: _Sent) -> _Sent | Failure:
        """What the function gives of a part, or why it gives nothing."""
        if program() != self.program:
            return Failure(why=f"a worker has another program: install Lodeline {_PACKAGE} there as it is here")
        answer = attempted(self.function, _received(sent))
        return answer if isinstance(answer, Failure) else _sent(answer)


@cache
def program() -> str:
    """Names what answers rest on: the files of this program, wherever they lie, and the version of its frames."""
    digest = hashlib.sha256(pl.__version__.encode())
    for path in sorted(one for one in _PACKAGE.rglob("*") if one.suffix in (".py", ".csv", ".yaml", ".json")):
        digest.update(f"\0{path.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sent(frames: Frames) -> _Sent:
    found = {}
    for name, frame in frames.items():
        into = io.BytesIO()
        frame.write_ipc(into, compression="lz4", compat_level=pl.CompatLevel.newest())
        found[name] = into.getvalue()
    return found


def _received(sent: _Sent) -> Frames:
    return {name: pl.read_ipc(io.BytesIO(content), use_pyarrow=False) for name, content in sent.items()}


def _first_line(error: Exception) -> str:
    """The sentence in which Spark says what happened, without what lies below it in Java."""
    java = getattr(error, "java_exception", None)
    text = str(java.getMessage() if java is not None else error)
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
