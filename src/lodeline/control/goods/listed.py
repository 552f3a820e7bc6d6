"""What the words of a line name of lists that know no elements: technology, equipment, materials, ways of movement.

The words are those of `data/reference/listed_words.csv`. A word of general use, such as a sintering furnace, counts
only beside one that speaks of rare earths or magnets: the lists mean what is made for these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from lodeline.control.goods.words import pattern_of, read_words, rows

#: What `goods_words.csv` has for rare earths and magnets.
_CONTEXT = frozenset({"ndfeb", "smco", "rare-earth", "magnet"})


@cache
def _rows() -> tuple[tuple[str, str, re.Pattern[str], bool], ...]:
    return tuple(
        (row["list"], row["kind"], pattern_of(row["pattern"]), row["context"] == "yes") for row in rows("listed_words")
    )


@cache
def kinds_of_form(name: str) -> tuple[tuple[str, str], ...]:
    """(kind, form) of what goods are of a list by their form, whatever they are called."""
    return tuple((row["kind"], row["form"]) for row in rows("listed_forms") if row["list"] == name)


@lru_cache(maxsize=65_536)
def named(text: str, context: str = "") -> frozenset[tuple[str, str]]:
    """(list, kind) of all that a text names. `context`: what else may say that rare earths or magnets are meant."""
    return frozenset(_named(unicodedata.normalize("NFKC", text).casefold(), f"{text} ; {context}"))


def _named(folded: str, text: str) -> Iterator[tuple[str, str]]:
    found = [row for row in _rows() if row[2].search(folded)]
    if not found:
        return
    words = read_words(text)
    is_meant = bool(words.means & _CONTEXT or words.elements)
    yield from ((name, kind) for name, kind, _, needs_context in found if is_meant or not needs_context)


def kinds(name: str, *texts: object, context: str = "") -> tuple[str, ...]:
    """What the texts name of one list, in the order of the table."""
    found = {kind for text in texts if text for one, kind in named(str(text), context) if one == name}
    return tuple(kind for one, kind, _, _ in _rows() if one == name and kind in found)
