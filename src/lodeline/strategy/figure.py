"""A figure says what it rests on: how it was come to, its range, where it is from and of when.

    exact        a sum of filed rows; its vintage is the entry of the log
    booked       shares of origins: exact arithmetic on the convention that material mixes in proportion
    estimated    a model, or statistics of trade
    assumption   a default of the program, or of a file that a user gave
    synthetic    of an invented world

An aggregate has the weakest basis of its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

Basis = Literal["exact", "booked", "estimated", "assumption", "synthetic"]
#: From the strongest to the weakest.
BASES: Final[tuple[Basis, ...]] = get_args(Basis)
#: What stands beside the numbers of an object, so that each is a figure.
_STATED: Final = ("basis", "source", "vintage")
#: Keys of a document under which numbers are no figures: what was asked for, and of which entry.
_ASKED: Final = frozenset({"stamp", "settings", "digests"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with what it rests on. `low`, `high`: its range, None where it is exact; `value` None: not known."""

    value: float | None
    basis: Basis
    source: str
    vintage: str
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value, "low": self.low, "high": self.high, "basis": self.basis, "source": self.source,
            "vintage": self.vintage,
        }  # fmt: skip


def weakest(bases: Iterable[Basis]) -> Basis:
    """The basis of what is made of parts with these; exact where there are none."""
    return max(bases, key=BASES.index, default="exact")


def unbased(document: object) -> list[str]:
    """Paths of the numbers in a JSON document that say nothing of what they rest on; none may be shown or sent.

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
