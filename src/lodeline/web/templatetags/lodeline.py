"""Tags of the templates: `say` keeps the two languages of a text side by side; parts that every page is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from lodeline.web.drawing.svg import SHAPES

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Context, en: str, zh: str, **values: object) -> SafeString:
    """The text in the reader's language: `{% say "{n} sites" "{n}个场所" n=sites %}`. Values are escaped."""
    text = zh if context["language"] == "zh" else en
    return format_html(text, **values) if values else mark_safe(text)


@register.simple_tag(takes_context=True)
def spoken(context: Context, text: Mapping[str, str]) -> str:
    """A text that comes as {"en", "zh"}, in the reader's language, escaped."""
    return text[context["language"]]


@register.simple_tag
def shape(name: str) -> SafeString:
    """A shape as high as a letter; the word beside it says what it means."""
    return format_html('<svg viewBox="0 0 10 10" aria-hidden="true"><path d="{}"/></svg>', SHAPES[name])


@register.filter
def drawn(markup: str) -> SafeString:
    """Markup that lodeline.web.drawing has made: it escapes what it is given."""
    return mark_safe(markup)


@register.filter
def at(items: Sequence[Any], place: int) -> Any:
    """The item at a place."""
    return items[place]
