"""What the tutorial of the pages quotes is what the pages of the demo say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings
from tests.conftest import REPOSITORY
from tests.web.conftest import Browser

from lodeline.cli import report

TUTORIAL = REPOSITORY / "docs/tutorial/a-year-in-ten-minutes.md"


def quotes() -> Iterator[tuple[str, list[str]]]:
    """Each address that the reader is asked to open, and what is quoted from it before the next."""
    _, *steps = re.split(r"\bOpen `(/en/[^`]*)`", TUTORIAL.read_text("utf-8"), flags=re.IGNORECASE)
    for address, told in zip(steps[::2], steps[1::2], strict=True):
        yield address, re.findall(r"^> (.*)$", told, re.MULTILINE)


def plain(text: str) -> str:
    """Without what markup does to blanks."""
    return re.sub(r"\s+(?=[,.;])", "", " ".join(text.split()))


def test_the_tutorial_quotes_most_pages_it_opens() -> None:
    opened = list(quotes())
    assert len(opened) >= 8
    assert sum(bool(said) for _, said in opened) >= 6


@pytest.mark.slow
def test_the_demo_says_what_the_tutorial_quotes(tmp_path: Path, elsewhere: Callable[[str], Browser]) -> None:
    database = str(tmp_path / "demo.sqlite3")
    report.demo(database, report.WorldOptions())
    browser = elsewhere(database)
    # Its tables and accounts are there: account 1, behind whom the tests let ask, is one of the samples.
    with override_settings(LODELINE_DEMO=True, ROOT_URLCONF="tests.web.test_tour"):
        for address, said in quotes():
            page = browser.page(address)
            assert page.status == 200, address
            for sentence in said:
                assert plain(sentence) in plain(page.text), (address, sentence)
