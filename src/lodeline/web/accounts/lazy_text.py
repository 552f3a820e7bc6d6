"""Texts in the reader's language, chosen when they are shown: for a library that takes one text."""

from __future__ import annotations

from django.utils.functional import lazy

from lodeline.language import Text
from lodeline.web.server.language_of_address import active_language


def _chosen(words: Text) -> str:
    return words[active_language()]


_lazily = lazy(_chosen, str)


def lazy_text(words: Text) -> str:
    """A text that is the reader's when somebody reads it."""
    return _lazily(words)
