"""Dead cycles are looked for less often while many objects are made, next to none of them in cycles.

Python looks each time some hundreds of objects have been made, in a large filing through millions that live: a fifth of
the time of judging it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_SELDOM: Final = 100_000
_lock = Lock()
#: What was usual before, once for each block that is open.
_open: list[tuple[int, int, int]] = []


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """For the whole process; where several threads are in such a block, until the last has left it."""
    with _lock:
        _open.append(_open[-1] if _open else gc.get_threshold())
        gc.set_threshold(_SELDOM, *_open[0][1:])
    try:
        yield
    finally:
        with _lock:
            usual = _open.pop()
            if not _open:
                gc.set_threshold(*usual)
