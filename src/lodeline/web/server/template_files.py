"""Reads templates, so that they can be laid out in short lines without a trace on the page.

As in Jinja, a tag may go over several lines, and a `-` in it takes the white space beside it away.
"""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import app_directories

_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_CHINESE = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"
_BREAK_IN_CHINESE = re.compile(rf"(?<={_CHINESE})\n\s*(?={_CHINESE})")
_BREAK = re.compile(r"\s*\n\s*")
_BLANKS_BEFORE = re.compile(r"\s*(\{[%{#])-")
_BLANKS_AFTER = re.compile(r"-([%}#]\})\s*")


class Loader(app_directories.Loader):
    """The templates of the applications, each as Django knows templates."""

    def get_contents(self, origin: Origin) -> str:
        """The text of a template with its tags on one line each."""
        return joined(super().get_contents(origin))


def joined(template: str) -> str:
    """The template as Django knows it.

    A line break in a tag is one blank, or nothing between two Chinese characters, which have no blank between them.
    `{%-` takes away the white space before it, `-%}` that after it; so do `{{-`, `-}}`, and `{#- -#}` where no tag is.
    """
    template = _TAG.sub(_on_one_line, template)
    return _BLANKS_AFTER.sub(r"\1", _BLANKS_BEFORE.sub(r"\1", template))


def _on_one_line(tag: re.Match[str]) -> str:
    return _BREAK.sub(" ", _BREAK_IN_CHINESE.sub("", tag[0]))
