"""Processes that are warm when they are born: one imports what they need, once, and forks as many as are asked for.

Each opens the store for itself, after it was forked. To be called in a process that has no threads, never in pytest.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable


def in_processes(count: int, task: Callable[[int], object]) -> None:
    """Runs `task(number)` in so many processes at once; prints a JSON list of what they give, or exits with 1."""
    given = []
    for child, answer in [_born(number, task) for number in range(count)]:
        with os.fdopen(answer) as text:
            given.append(text.read())
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(1)
    print(json.dumps([json.loads(text) for text in given]))


def _born(number: int, task: Callable[[int], object]) -> tuple[int, int]:
    """The id of a process that is at work, and the end of the pipe into which it writes what the task gives."""
    answer, into = os.pipe()
    child = os.fork()
    if child:
        os.close(into)
        return child, answer
    status = 1
    try:
        with os.fdopen(into, "w") as text:
            json.dump(task(number), text)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
