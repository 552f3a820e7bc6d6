"""Errors that are meant for a person: what is wrong and what to do, in English and Chinese."""

from __future__ import annotations

from typing import TypedDict


class UserError(Exception):
    """Ends what was asked, through no fault of the program. `str()` gives the English text."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh

    def for_anybody(self) -> Text:
        """What a page shows of it, whoever asks."""
        return text(self.en, self.zh)


class Text(TypedDict):
    """One text in both languages."""

    en: str
    zh: str


def text(en: str, zh: str) -> Text:
    """Both languages of one text."""
    return {"en": en, "zh": zh}
