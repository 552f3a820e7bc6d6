"""What several ask of the same thing, answered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")


class Once:
    """Answers to questions about one subject, kept for as long as this is."""

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], tuple[tuple[object, ...], object]] = {}

    def ask(self, question: Callable[..., Answer], subject: Any, *about: object) -> Answer:
        """`question(subject, *about)`; asked again about the very same (an equal text or number), what it was the first
        time."""
        key = (question, *map(_name, about))
        if key not in self._answers:
            # What it was asked about is kept beside: an id stands for it only as long as it lives.
            self._answers[key] = (about, question(subject, *about))
        return cast(Answer, self._answers[key][1])


def _name(one: object) -> object:
    return one if isinstance(one, str | int | None) else (id(one),)
