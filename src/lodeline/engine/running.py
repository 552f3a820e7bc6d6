"""Where pure functions of frames run, part after part: in this process, in a pool of processes, or on Spark.

An engine is given a function of this program and the parts that it is to be applied to, and returns what it gives of
each, in their order. What a function gives rests on its part alone, so the answer is the same wherever it runs.
"""

from __future__ import annotations

import os
import re
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from lodeline.errors import UserError
from lodeline.language import text

#: Frames by their names: what a function is given, and what it returns.
Frames = Mapping[str, pl.DataFrame]
#: Known by its name in a module of this program, which every worker has.
Function = Callable[[Frames], Frames]
#: Makes an engine ready, for as long as the block goes on.
Opened = Callable[[], AbstractContextManager["Engine"]]

#: Rows of a part at most, if they fall evenly.
_ROWS_MOST: Final = 250_000
#: Parts for each processor, so that none waits long for the last one.
_PARTS_EACH: Final = 4


class Engine(Protocol):
    """Runs functions of parts."""

    @property
    def processors(self) -> int:
        """How many parts are worked on at once."""

    def run(self, function: Function, parts: Iterable[Frames]) -> list[Frames]:
        """`function` of each part, in the order of the parts. Raises EngineError."""


class EngineError(UserError):
    """An engine cannot do its work, or a function failed in it; nothing was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a function failed, and where."""

    why: str


def attempted(function: Function, part: Frames) -> Frames | Failure:
    """What a function gives of a part, or why it gives nothing: it would give nothing at a second attempt either."""
    try:
        return function(part)
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return Failure(why=f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})")


def given(function: Function, answers: Iterable[Frames | Failure]) -> list[Frames]:
    """The frames of all parts. Raises EngineError where a function failed."""
    found = []
    for number, answer in enumerate(answers, 1):
        if isinstance(answer, Failure):
            raise failed(function, f"part {number}: {answer.why}")
        found.append(answer)
    return found


def failed(function: Function, why: str) -> EngineError:
    """That a function could not be run to its end."""
    name = f"{function.__module__}:{function.__qualname__}"
    return EngineError(text("{name} failed, and nothing was published: {why}", name=name, why=why))


def buckets(engine: Engine, rows: int) -> int:
    """Into how many parts so many rows are cut."""
    return max(engine.processors * _PARTS_EACH, -(-rows // _ROWS_MOST))


def parted(number: int, **frames: tuple[pl.DataFrame, pl.Expr]) -> Iterator[Frames]:
    """Frames in so many parts, each with the rows whose key (an expression beside each frame) falls into it.

    Rows keep their order; a key is in one part only, in whichever frame it is.
    """
    keyed = {name: (frame, frame.select(key.hash() % number).to_series()) for name, (frame, key) in frames.items()}
    for bucket in range(number):
        yield {name: frame.filter(falls == bucket) for name, (frame, falls) in keyed.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """In this process, part after part: slower than all at once, and with less memory."""

    processors: int = 1

    def run(self, function: Function, parts: Iterable[Frames]) -> list[Frames]:
        """As `Engine.run`."""
        return given(function, (attempted(function, part) for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """In a pool of processes of this machine."""

    processors: int
    pool: ProcessPoolExecutor

    def run(self, function: Function, parts: Iterable[Frames]) -> list[Frames]:
        """As `Engine.run`."""
        try:
            return given(function, self._answers(function, parts))
        except BrokenProcessPool:
            raise failed(function, "one of its processes died; is there memory enough?") from None

    def _answers(self, function: Function, parts: Iterable[Frames]) -> Iterator[Frames | Failure]:
        """Not many more parts are made than are worked on."""
        waiting: deque[Future[Frames | Failure]] = deque()
        for part in parts:
            waiting.append(self.pool.submit(attempted, function, part))
            if len(waiting) > 2 * self.processors:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _processes(number: int) -> Iterator[Engine]:
    # What is forked from a process with threads may wait for one that it does not have.
    with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
        yield Processes(processors=number, pool=pool)


def engine_of(name: str) -> Opened:
    """What makes the engine of this name ready. Raises EngineError where there is none."""
    if name == "here":
        return lambda: nullcontext(Here())
    if found := re.fullmatch(r"processes(?:\[([1-9][0-9]{0,3})])?", name):
        number = int(found[1] or os.cpu_count() or 1)
        return lambda: _processes(number)
    if re.fullmatch(r"local\[([1-9][0-9]{0,3}|\*)]|spark://.+:[0-9]+", name):
        from lodeline.engine import spark  # noqa: PLC0415

        spark.check()
        return lambda: spark.opened(name)
    known = "here, processes, processes[N], local[N], spark://HOST:PORT"
    raise EngineError(text("{name!r} is no engine: name one of {known}", name=name, known=known))
