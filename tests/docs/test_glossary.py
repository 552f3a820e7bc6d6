"""The glossary names terms that the program uses, in both languages, and files that are there."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.docs.pages import REPOSITORY
from tests.docs.test_docs import section

SOURCE = REPOSITORY / "src/lodeline"
PAGE = (REPOSITORY / "docs/reference/glossary.md").read_text("utf-8")


def table(text: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]


TERMS, _, REJECTED = PAGE.partition("## Words that are not used")
ROWS = table(TERMS)


@cache
def used() -> str:
    """All that the sources say, in small letters, but for the vocabulary of company names."""
    kinds = ("**/*.py", "**/*.html", "**/*.po", "data/reference/*.csv", "data/regulations/**/*.yaml")
    return "\n".join(path.read_text("utf-8") for kind in kinds for path in sorted(SOURCE.glob(kind))).lower()


def place(row: list[str]) -> tuple[int, str]:
    """Subjects stand as in the architecture, terms by the alphabet."""
    table = section("ARCHITECTURE.md", "## The same subjects in every layer")
    subjects = [name for cell in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", cell)]
    return subjects.index(row[0]), row[1].lower()


def test_every_row_is_whole_and_in_its_place() -> None:
    assert len(ROWS) > 100
    assert {len(row) for row in ROWS} == {5}
    places = [place(row) for row in ROWS]
    assert places == sorted(set(places))
    assert [row[1] for row in ROWS if not re.fullmatch(r".*\.<br>.*[\u4e00-\u9fff].*。", row[3])] == []


def test_every_file_of_the_glossary_is_there() -> None:
    for _, term, _, _, where in ROWS:
        paths = re.findall(r"`([^`]+)`", where)
        assert paths, term
        assert [path for path in paths if not (SOURCE / path).is_file()] == [], term


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_every_term_is_used_in_both_languages(row: list[str]) -> None:
    assert [word for word in row[1].lower().split(", ") if word not in used()] == []
    assert row[2] in used()


@pytest.mark.parametrize("row", table(REJECTED), ids=[row[0] for row in table(REJECTED)])
def test_no_other_word_is_used_for_a_term(row: list[str]) -> None:
    other, term, _ = row
    # 签认证书 is a 证书 for 签认; 任务系统公司 is the name of a listed firm.
    assert other not in used().replace("签认证书", "").replace("任务系统公司", "") and term in used()
