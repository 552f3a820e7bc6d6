"""Templates can be reviewed line by line, and how they are laid out shows on no page."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template.loader import get_template

import lodeline.web
from lodeline.web.server.template_files import joined

FOLDER = Path(lodeline.web.__file__).parent / "templates"


def test_no_line_is_longer_than_a_screen() -> None:
    found = {
        f"{path.relative_to(FOLDER)}:{number}"
        for path in FOLDER.rglob("*.html")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if len(line) > 160
    }
    assert found == set()


@pytest.mark.parametrize(
    ("laid_out", "read"),
    [
        ('{% text\n  "One\n   two"\n  "一，\n   二" n=n %}', '{% text "One two" "一，二" n=n %}'),
        ('{% text "a" "铈\n  Ce 与\n  镧" %}', '{% text "a" "铈 Ce 与镧" %}'),
        ("<b>1</b>\n{%- if a -%}\n  <i>2</i>\n{%- endif %}.", "<b>1</b>{% if a %}<i>2</i>{% endif %}."),
        ("<b>1</b>{#- -#}\n<i>2</i>\n{{- three -}}\n", "<b>1</b>{# #}<i>2</i>{{ three }}"),
    ],
    ids=["tag on several lines", "letters keep their blank", "marks of a tag", "marks of a value"],
)
def test_what_the_layout_adds_is_taken_away(laid_out: str, read: str) -> None:
    assert joined(laid_out) == read


@pytest.mark.parametrize(
    "text",
    [
        "<b>1</b>\n<i>2</i>",
        "{{ a }}\n{% if b %}\n  c - d\n{% endif %}",
        '{% text " (-1) " "——" %} {{ "x"|default:"-" }}',
        "中文\n中文",
    ],
)
def test_what_a_page_shows_stays(text: str) -> None:
    assert joined(text) == text


def test_every_template_is_read() -> None:
    for path in FOLDER.rglob("*.*"):
        get_template(str(path.relative_to(FOLDER)))
