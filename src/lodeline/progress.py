"""How far a long computation is: it tells, and whoever waits for it elsewhere listens. Nobody need listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Thing = TypeVar("Thing")
#: Is told what is gone through, how many of it are done, and how many there are.
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def reported_to(listener: Listener) -> Iterator[None]:
    """Within it, `listener` is told what this thread goes through, and then whoever listens already."""
    outer = _listener.get()

    def both(what: str, done: int, total: int) -> None:
        listener(what, done, total)
        if outer is not None:
            outer(what, done, total)

    before = _listener.set(both)
    try:
        yield
    finally:
        _listener.reset(before)


def counted(what: str, things: Sequence[Thing]) -> Iterator[Thing]:
    """The things one after the other; before each the listener is told how many are done."""
    listener = _listener.get()
    for done, thing in enumerate(things):
        if listener is not None:
            listener(what, done, len(things))
        yield thing
