"""Answers that a page shows more than once: in another language, sorted, as CSV. Kept in memory, and for a while.

The newest answers stay, in this process; how many depends on how long they are.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock
from typing import Final, Generic, TypeVar

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """The newest answers by a key that cannot be guessed, up to `weight` in all. Shared between threads."""

    def __init__(self, weight: int) -> None:
        self._most: Final = weight
        self._answers: OrderedDict[str, tuple[Answer, int]] = OrderedDict()
        self._lock = Lock()

    def put(self, answer: Answer, *, weight: int) -> str:
        """The key of an answer that was put in; the oldest are let go, never this one."""
        key = secrets.token_hex(12)
        with self._lock:
            self._answers[key] = answer, weight
            while len(self._answers) > 1 and sum(one for _, one in self._answers.values()) > self._most:
                self._answers.popitem(last=False)
        return key

    def get(self, key: str) -> Answer | None:
        """The answer, or None where there is none of that key, or none any more."""
        with self._lock:
            found = self._answers.get(key)
            return None if found is None else found[0]

    def forget(self) -> None:
        """Lets all of them go."""
        with self._lock:
            self._answers.clear()
