"""A visit: one question that a reader asks by an address, in one language; what every page is given.

A page turns a visit into an answer with `shell.show`, and never looks at the request for what the visit already says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode

from lodeline.spoken import SpokenError
from lodeline.web.language import Language, Text
from lodeline.web.reading import Desk, Reading


class BadQuestionError(SpokenError):
    """The address asks for something that cannot be read; the message says how to write it. 400."""


class NotHereError(SpokenError):
    """The address is well written, and there is no such thing; the message says what there is. 404."""


@cache
def desk(url: str) -> Desk:
    """The desk of a database: one for each process."""
    return Desk(url)


class Visit:
    """Who asks nothing else than `request`, wants `language`, and sees the page called `name`."""

    def __init__(self, request: HttpRequest, *, language: Language, name: str, arguments: Mapping[str, Any]) -> None:
        self.request = request
        self.language: Language = language
        self.name = name
        self.arguments = dict(arguments)

    @cached_property
    def reading(self) -> Reading:
        """What this page is computed from. Raises what `Desk.reading` raises."""
        return desk(settings.LODELINE_DATABASE).reading()

    def query(self, name: str) -> str | None:
        """A parameter of the address, without blanks around it; None where it is absent or empty."""
        return (self.request.GET.get(name) or "").strip() or None

    def say(self, en: str, zh: str) -> str:
        """The text in the reader's language."""
        return zh if self.language == "zh" else en

    def spoken(self, text: Text | Mapping[str, str]) -> str:
        """A text that came in both languages, in the reader's."""
        return text[self.language]

    def url(self, name: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """The address of a page in this language, or None where there is no page of that name (yet)."""
        return address(self.language, name, query=query, **arguments)

    def here(self, *, language: Language | None = None, **changes: object) -> str:
        """This page's address with some parameters changed; None takes one away."""
        kept = {key: values for key, values in self.request.GET.lists() if key not in changes}
        added = {key: value for key, value in changes.items() if value is not None}
        found = address(language or self.language, self.name, query={**kept, **added}, **self.arguments)
        assert found is not None, "a visit is to a page that exists"
        return found


def address(
    language: Language, name: str, /, query: Mapping[str, object] | None = None, **arguments: object
) -> str | None:
    """The address of a page, or None where there is none of that name."""
    try:
        path = reverse(name, kwargs={"language": language, **arguments})
    except NoReverseMatch:
        return None
    given = {key: value for key, value in (query or {}).items() if value not in (None, "")}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path  # type: ignore[arg-type]
