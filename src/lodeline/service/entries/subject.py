"""What a question is about: an element, a site, an organisation; one that there is not is named with the nearest."""

from __future__ import annotations

from typing import Any

from lodeline.errors import UserError
from lodeline.language import enumerated, text
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
            text(
                "no element {symbol!r}: one of {symbols}",
                symbol=symbol,
                symbols=enumerated(SYMBOLS),
            )
        )
    return by_folded[symbol.casefold()]


def known_id(snapshot: Snapshot, table: str, wanted: str) -> str:
    """An id that a table of the register holds. Raises UnknownSubject with the nearest."""
    ids = snapshot.register.tables[table]["id"]
    if wanted not in set(ids):
        near = [known for known in ids if wanted.casefold() in known.casefold()][:5]
        what, perhaps = table[:-1], enumerated(near)
        raise UnknownSubject(
            text("no {what} {wanted!r} in the register; perhaps {perhaps}", what=what, wanted=wanted, perhaps=perhaps)
            if near
            else text("no {what} {wanted!r} in the register", what=what, wanted=wanted)
        )
    return wanted
