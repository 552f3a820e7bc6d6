"""Finds a question to the desk by a declaration number, an exporter or the name of goods, among the newest ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lodeline.service.customs.papers import facts_of, question, questions
from lodeline.store.opening import open_store
from lodeline.store.store import Store

#: So many of the newest questions are looked through: each is read from its paper, once for as long as a process lives.
LOOKED_THROUGH: Final = 200
_KEPT: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question: its entry, the numbers of its declaration, what its lines name, and the firm that asked it."""

    entry: int
    numbers: tuple[str, ...]
    goods: tuple[str, ...]
    exporters: tuple[str, ...]
    asker: str


def looked_for(store: Store, text: str, *, most: int, asker: str | None = None) -> Sequence[Asked]:
    """At most so many questions that have a text in a number, an exporter or a name of goods, the newest first.

    asker: only what this firm asked beforehand.
    """
    wanted, found = text.casefold(), list[Asked]()
    # The other parts of a batch are on its page.
    entries = [one for one in questions(store, organisation=asker) if facts_of(one).get("part", 1) == 1]
    for entry in entries[:LOOKED_THROUGH]:
        one = _asked(store.database.url, entry.index, entry.leaf_hash)
        named = (*one.numbers, *one.goods, *one.exporters)
        if (asker is None or one.asker == asker) and any(wanted in name.casefold() for name in named):
            found.append(one)
            if len(found) == most:
                break
    return found


@lru_cache(maxsize=_KEPT)
def _asked(url: str, entry: int, leaf: str) -> Asked:
    """A paper never changes: its leaf says which it is."""
    del leaf
    paper = question(open_store(url), entry).paper

    def cells(*names: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(one[name]) for one in paper["cells"] for name in names if one.get(name)))

    return Asked(
        entry=entry, numbers=cells("declaration"), goods=cells("product_name"),
        exporters=cells("exporter", "exporter_name"), asker=paper["asker"] or "",
    )  # fmt: skip
