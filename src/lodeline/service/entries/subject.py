"""What a question is about: an element, a site, an organisation; one that there is not is named with the nearest."""

from __future__ import annotations

from typing import Any

from lodeline.errors import UserError
from lodeline.material.element import SYMBOLS
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]


class UnknownSubject(UserError):  # noqa: N818  (an answer to the asker, who can mend the question)
    """The question names an element, site or organisation that the ledger does not have; the message helps."""


def known_element(symbol: str) -> int:
    """The index of a symbol in SYMBOLS, in whatever case it is written. Raises UnknownSubject."""
    by_folded = {known.casefold(): index for index, known in enumerate(SYMBOLS)}
    if symbol.casefold() not in by_folded:
        raise UnknownSubject(
            f"no element {symbol!r}: one of {', '.join(SYMBOLS)}", f"没有元素 {symbol!r}：可选 {'、'.join(SYMBOLS)}"
        )
    return by_folded[symbol.casefold()]


def known_id(snapshot: Snapshot, table: str, wanted: str) -> str:
    """An id that a table of the register holds. Raises UnknownSubject with the nearest."""
    ids = snapshot.register.tables[table]["id"]
    if wanted not in set(ids):
        near = [known for known in ids if wanted.casefold() in known.casefold()][:5]
        raise UnknownSubject(
            f"no {table[:-1]} {wanted!r} in the register" + (f"; perhaps {', '.join(near)}" if near else ""),
            f"登记簿中没有 {wanted!r}" + (f"；或许是 {'、'.join(near)}" if near else ""),
        )
    return wanted
