"""A judge cannot fall over: what keeps it from judging is a fault, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from lodeline.journal.verify import Fault
from lodeline.store.trouble import OF_THE_MACHINE

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "store.unreadable": (
        "What is kept here is nothing that this program wrote: it cannot be judged",
        "此处所存内容并非本程序写入，无法核验",
    ),
}  # fmt: skip


def judged(part: str, judge: Callable[[], Iterable[Fault]], *, entry: int | None = None) -> list[Fault]:
    """The faults that a judge finds, up to where it cannot go on; that it cannot is one more, with the `part` judged.

    What the machine does not give (database, disk, memory) is raised: it says nothing of what is kept.
    """
    found: list[Fault] = []
    try:
        found.extend(judge())
    except OF_THE_MACHINE:
        raise
    except Exception as error:
        # Its words may quote what is kept, which may name somebody.
        found.append(Fault(entry=entry, what="store.unreadable", facts={"part": part, "error": type(error).__name__}))
    return found
