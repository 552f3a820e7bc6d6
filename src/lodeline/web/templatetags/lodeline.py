"""Tags of the templates: texts in the reader's language; parts that every page is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from lodeline.detection.finding import Finding, MeasuredStep
from lodeline.language import Language, words
from lodeline.material.element import ELEMENTS
from lodeline.web.drawing.svg import SHAPES
from lodeline.web.parts.table import Cell, Head, Row, Shown
from lodeline.web.words.messages import NOBODY
from lodeline.web.words.messages import sentences as words_of

register = template.Library()


@register.simple_tag(takes_context=True)
def text(context: Context, english: str, /, **values: object) -> SafeString:
    """The text in the reader's language: `{% text "{n} sites" n=sites %}`. Values are escaped.

    `context="…"` is as for `lodeline.language.text`.
    """
    text = words(context["language"], english, str(values.pop("context", "")), {})
    return format_html(text, **values) if values else mark_safe(text)


@register.simple_tag(takes_context=True)
def blank(context: Context) -> str:
    """The blank between two sentences, which Chinese does not have."""
    return "" if context["language"] == "zh" else " "


@register.simple_tag(takes_context=True)
def localized(context: Context, text: Mapping[str, str]) -> str:
    """A text that comes as {"en", "zh"}, in the reader's language, escaped."""
    return text[context["language"]]


@register.simple_tag(takes_context=True)
def sentences(context: Context, finding: Finding | MeasuredStep, names: Mapping[str, str] = NOBODY) -> str:
    """What a finding says, its days and masses written as everywhere. names: organisation id → what it is called."""
    return words_of(finding.explanation, context["language"], names)


#: What small capitals would make another thing of: Σ is a sum and σ is not, and Nd is no ND.
_SYMBOL = re.compile(rf"(?<!\w)(?:{'|'.join(ELEMENTS)}|kg|t|z|σ)(?!\w)")


@register.simple_tag(takes_context=True)
def heading(context: Context, text: Mapping[str, str]) -> SafeString:
    """The same for the head of a column, which is set in small capitals: symbols in it stay as they are written."""
    html, symbols = _SYMBOL.subn(r'<span class="u">\g<0></span>', escape(text[context["language"]]))
    # One span around all of it: the head is a flex container, in which the blanks between its parts would go.
    return mark_safe(f"<span>{html}</span>" if symbols else html)


@register.filter
def whole_days(text: str) -> SafeString:
    """A text in which a day, or a month of a year, does not break: Chinese breaks anywhere else."""
    return mark_safe(_DAY_OR_MONTH.sub(r'<span class="nw">\g<0></span>', escape(text)))


@register.simple_tag
def options(offered: Iterable[tuple[str, str]], chosen: object) -> SafeString:
    """The options of a select, (value, text) each, in Python: a list of firms has a thousand."""
    return mark_safe(
        "\n".join(
            f'<option value="{conditional_escape(value)}"{" selected" if value == chosen else ""}>'
            f"{conditional_escape(text)}</option>"
            for value, text in offered
        )
    )


@register.simple_tag
def shape(name: str) -> SafeString:
    """A shape as high as a letter; the word beside it says what it means."""
    return mark_safe(_SHAPES[name])


#: Made once: a page shows hundreds.
_SHAPES = {
    name: f'<svg viewBox="0 0 10 10" aria-hidden="true"><path d="{path}"/></svg>' for name, path in SHAPES.items()
}


@register.simple_tag(takes_context=True)
def rows(context: Context, part: Shown) -> SafeString:
    """The rows of a table that `lodeline.web.parts.table.shown` gave, one a line."""
    return mark_safe("".join(f"<tr>{_cells(row, part.heads, context['language'])}</tr>\n" for row in part.rows))


@register.simple_tag(takes_context=True)
def cells(context: Context, row: Row, heads: Sequence[Head]) -> SafeString:
    """The cells of one row under its heads; the first names the row."""
    return mark_safe(_cells(row, heads, context["language"]))


@register.simple_tag
def cell(one: Cell) -> SafeString:
    """What stands in a cell: its text, with the shape, tone, address and note that it may have."""
    return mark_safe(_cell(one))


#: A longer identifier breaks where it must: it would not fit a telephone.
_WHOLE_MOST = 24
#: A day or a month in Chinese, which breaks anywhere else.
_DAY_OR_MONTH = re.compile(r"\d{4}年\d{1,2}月(?:\d{1,2}日)?|(?<!\d)\d{1,2}月\d{1,2}日")
#: A day, or a moment of it, in either language: it does not break in a table.
_DAY = re.compile(r"\d{1,2}\u00a0[A-Z][a-z]+ \d{4}(, \d\d:\d\d)?|\d{4}年\d{1,2}月\d{1,2}日( \d\d:\d\d)?")


# Written in Python: a page has a thousand cells, and a template that is included for each of them is most of the time
# that the page takes.
def _cells(row: Row, heads: Sequence[Head], language: Language) -> str:
    first, *others = row
    cells_html = [f'<th scope="row">{_cell(first)}</th>']
    for one, head in zip(others, heads[1:], strict=True):
        number = ' class="num"' if head.column.number else ""
        cells_html.append(f'<td{number} data-l="{escape(head.column.label[language])}">{_cell(one)}</td>')
    return "".join(cells_html)


#: Where an identifier may go on in the next line: after a mark in it, and anywhere once it is long.
_MARK = re.compile(r"(?<=[/:_])(?=\S)|(?<=\.)(?=[^\W\d])|(?<=[^\s/:_-]{16})(?=\S{3})")


@register.filter
def marked(text: str) -> SafeString:
    """A text as filed, whose identifiers may break after their marks; a hyphen is a mark to every browser already."""
    return mark_safe("<wbr>".join(escape(part) for part in _MARK.split(text)))


def _whole(one: Cell, text: str) -> bool:
    """Whether a text of the cell does not break."""
    return (one.whole and len(text) <= _WHOLE_MOST) or (text[:1].isdigit() and _DAY.fullmatch(text) is not None)


def _cell(one: Cell) -> str:
    html = marked(one.text) if one.marks else escape(one.text)
    if _whole(one, one.text):
        html = f'<span class="nw">{html}</span>'
    if one.shape:
        html = f'<span class="st c-{escape(one.tone or "2")}">{_SHAPES[one.shape]}{html}</span>'
    elif one.tone:
        html = f'<span class="c-{escape(one.tone)}">{html}</span>'
    elif one.title:
        html = f'<span title="{escape(one.title)}">{html}</span>'
    if one.href:
        html = f'<a href="{escape(one.href)}">{html}</a>'
    whole = ' class="nw"' if _whole(one, one.note) else ""
    note = marked(one.note) if one.marks else escape(one.note)
    if one.note:
        html = f"{html}<small{whole}>{note}</small>"
    return html + _bar(*one.bar) if one.bar else html


def _bar(solid: float, dashed: float) -> str:
    """A bar below a number that says it already."""
    start, length = f"{solid * 100:.2f}%", f"{dashed * 100:.2f}%"
    more = f'<rect class="dashed" x="{start}" width="{length}" height="100%"/>' if dashed else ""
    return f'<svg class="in-cell" aria-hidden="true"><rect width="{start}" height="100%"/>{more}</svg>'


@register.filter
def drawn(markup: str) -> SafeString:
    """Markup that lodeline.web.drawing has made: it escapes what it is given."""
    return mark_safe(markup)


@register.filter
def at(items: Sequence[Any], place: int) -> Any:
    """The item at a place."""
    return items[place]
