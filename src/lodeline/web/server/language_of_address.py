"""The language is the first part of an address: libraries that look for the language of the request find it there."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import LocalePrefixPattern
from django.utils import translation

from lodeline.language import Language
from lodeline.web.words.language import DJANGO_LANGUAGES, language_at


class LanguageOfAddress:
    """Activates the language of the address for the time of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_at(request.path_info, request.headers.get("Accept-Language", ""))
        request.LANGUAGE_CODE = DJANGO_LANGUAGES[language]
        with translation.override(request.LANGUAGE_CODE):
            return self.get_response(request)


class LanguagePrefix(LocalePrefixPattern):
    """The first part of the addresses of the account pages, whose library knows nothing of our languages."""

    @property
    def language_prefix(self) -> str:
        """`zh/` or `en/`, by the language that is active."""
        return f"{active_language()}/"


def active_language() -> Language:
    """The language of the request that is being answered."""
    return "zh" if (translation.get_language() or "").startswith("zh") else "en"
