"""The languages as browsers and libraries call them, and the one that a browser asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.language import LANGUAGES, Language

#: What a browser is told (BCP 47).
TAGS: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}
#: What Django and its libraries call the languages.
DJANGO_LANGUAGES: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-hans"}
NAMES: Final[Mapping[Language, str]] = {"en": "English", "zh": "中文"}


def preferred(accept_language: str) -> Language:
    """The language that a browser asks for first among ours; English where it asks for neither.

    `accept_language`: the header as sent (RFC 9110, section 12.5.4).
    """
    wished: list[tuple[float, Language]] = []
    for part in accept_language.split(","):
        tag, _, weight = part.strip().partition(";q=")
        for language in LANGUAGES:
            if tag.lower().partition("-")[0] == language:
                try:
                    wished.append((float(weight or 1), language))
                except ValueError:
                    continue
    return max(wished, key=lambda one: one[0])[1] if wished else "en"


def language_at(path: str, accept_language: str) -> Language:
    """The language that an address begins with; where it begins otherwise, the one the browser asks for."""
    first = path.lstrip("/").partition("/")[0]
    return next((one for one in LANGUAGES if one == first), preferred(accept_language))
