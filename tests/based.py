"""Which numbers of a strategic document say nothing of what they rest on: none may be shown or sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lodeline.strategy.figure import BASES

#: What stands beside the numbers of an object, so that each is a figure.
_STATED: Final = ("basis", "source", "vintage")
#: Keys of a document under which numbers are no figures: what was asked for, and of which entry.
_ASKED: Final = frozenset({"stamp", "settings", "digests"})


def unbased(document: object) -> list[str]:
    """Paths of those numbers in a JSON document.

    A number is a figure where the object it stands in, or one around that below the top, has `basis`, `source` and
    `vintage`, each stated.
    """
    return list(_unbased(document, "", depth=0, stated=False))


def _unbased(part: object, path: str, *, depth: int, stated: bool) -> Iterator[str]:
    if isinstance(part, Mapping):
        stated = stated or (depth > 0 and part.get("basis") in BASES and all(part.get(name) for name in _STATED))
        for name, value in part.items():
            if depth > 0 or name not in _ASKED:
                yield from _unbased(value, f"{path}.{name}" if path else str(name), depth=depth + 1, stated=stated)
    elif isinstance(part, list | tuple):
        for place, value in enumerate(part):
            yield from _unbased(value, f"{path}[{place}]", depth=depth + 1, stated=stated)
    elif isinstance(part, int | float) and not isinstance(part, bool) and not stated:
        yield path
