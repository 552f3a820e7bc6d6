"""Errors that are meant for a person: what is wrong and what to do, in English and Chinese."""

from __future__ import annotations

from lodeline.language import Text


class UserError(Exception):
    """Ends what was asked, through no fault of the program. `str()` gives the English text."""

    def __init__(self, words: Text) -> None:
        super().__init__(words["en"])
        self.words = words
        self.en = words["en"]
        self.zh = words["zh"]

    def for_anybody(self) -> Text:
        """What a page shows of it, whoever asks."""
        return self.words
