"""What a declared composition names next to elements and oxides: fluorides, resins and other matter of the goods."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from lodeline.material.element import ATOMIC_WEIGHTS, ELEMENTS, RARE_EARTHS


@lru_cache(maxsize=1_024)
def is_other_matter(part: str) -> bool:
    """Whether a share is of what is surely no rare earth: a compound such as NaF, or a word such as epoxy.

    A word that is nearly the name of a rare earth may be one that is misspelt.
    """
    name = re.split(r"[=:]", part, maxsplit=1)[0].strip()
    symbols = re.findall(r"[A-Z][a-z]?", name)
    if re.fullmatch(r"(?:[A-Z][a-z]?[0-9]{0,2}){2,}", name) and all(one in ATOMIC_WEIGHTS for one in symbols):
        return frozenset(RARE_EARTHS).isdisjoint(symbols)
    if not re.fullmatch(r"[A-Za-z][A-Za-z -]{2,30}|[\u3400-\u9fff]{2,10}", name):
        return False
    called = [*(ELEMENTS[one].name_en.casefold() for one in RARE_EARTHS), "treo", "didymium", "mischmetal"]
    is_near = bool(get_close_matches(name.casefold(), called, cutoff=0.6))
    return not is_near and not any(ELEMENTS[one].name_zh in name for one in RARE_EARTHS) and "稀土" not in name
