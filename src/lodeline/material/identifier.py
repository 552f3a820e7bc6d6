"""Check digits of the numbers that identify legal persons: a slip of the hand is caught before it is filed."""

from __future__ import annotations

import re
from typing import Final

#: The 31 characters of GB 32100-2015, without I, O, S, V, Z; a character's value is its place.
_USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_holds(text: str) -> bool:
    """Whether a unified social credit code has its check character. Source: GB 32100-2015, section 5 and annex."""
    if len(text) != 18 or any(character not in _USCC for character in text):
        return False
    total = sum(_USCC.index(character) * pow(3, place, 31) for place, character in enumerate(text[:17]))
    return _USCC[(31 - total % 31) % 31] == text[17]


def lei_holds(text: str) -> bool:
    """Whether a legal entity identifier has its check digits. Source: ISO 17442-1; ISO 7064, MOD 97-10."""
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", text):
        return False
    return int("".join(str(int(character, 36)) for character in text)) % 97 == 1
