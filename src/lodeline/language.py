"""Texts for people: English stands in the code, Chinese in a catalogue of gettext.

A text is made where it is used, its facts by name; the catalogue has it under the English with its places:

    text("{count} sites of {name}", count=3, name=firm.name)

The catalogue is `locale/zh_Hans/LC_MESSAGES/lodeline.po`; `make` compiles it. See docs/howto/add-a-language.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import Final, Literal, TypedDict

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
CATALOGUE: Final = Path(__file__).parent / "locale" / "zh_Hans" / "LC_MESSAGES" / "lodeline.po"


class Text(TypedDict):
    """One text in both languages."""

    en: str
    zh: str


def text(english: str, /, *, context: str = "", **facts: object) -> Text:
    """Both languages of one text.

    english: with `{name}` for a fact; where facts are given, its own braces are doubled, as for `str.format`.
    context: tells apart what English calls alike and Chinese does not; translators see it, readers do not.
    facts: a fact that is a `Text` is put in in the language of each.
    """
    return {"en": words("en", english, context, facts), "zh": words("zh", english, context, facts)}


def bilingual(en: str, zh: str) -> Text:
    """A text of two texts that are at hand, such as the names in a table of data."""
    return {"en": en, "zh": zh}


def enumerated(names: Iterable[str]) -> Text:
    """Names one after the other, with the comma of each language."""
    several = list(names)
    return bilingual(", ".join(several), "、".join(several))


def words(language: Language, english: str, context: str, facts: Mapping[str, object]) -> str:
    """The text in one language; see `text`."""
    template = english if language == "en" else chinese(english, context)
    if not facts:
        return template
    return template.format(**{name: _in_language(fact, language) for name, fact in facts.items()})


def _in_language(fact: object, language: Language) -> object:
    return fact[language] if isinstance(fact, Mapping) and fact.keys() == {"en", "zh"} else fact


def chinese(english: str, context: str = "") -> str:
    """What the catalogue has for an English text; the English where it has nothing, which a test forbids."""
    return _catalogue().pgettext(context, english) if context else _catalogue().gettext(english)


@cache
def _catalogue() -> GNUTranslations:
    """The compiled catalogue, read once.

    Raises FileNotFoundError where it was never compiled.
    """
    compiled = CATALOGUE.with_suffix(".mo")
    try:
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    except FileNotFoundError as missing:
        raise FileNotFoundError(f"{compiled} is missing: `make demo` or `make test` compiles it") from missing
