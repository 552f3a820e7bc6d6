"""What code and pages cite can be opened by an outsider: a document of `docs/`, a public standard, an article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, REPOSITORY

#: Pages of a plan have two digits before their name or stand behind the word design; nobody outside has them.
PRIVATE = re.compile(
    r"[01]\d-(?<![\w./-]..-)[a-z]+(?:[,:)]| ?§| section)|0\d-(?<![\w./-]..-)[a-z]{3}|[Dd]esign \d\d?\b|§ ?\d"
)
#: A section is one of a standard that stands before it in the same line.
SECTION = re.compile(r"\bsections? \d")
STANDARD = re.compile(r"\b(?:RFC|FIPS|GB|NIST|ISO|IEC|ITU-T|W3C)\b")
DOCUMENT = re.compile(r"(?<![\w/.-])(?:docs|data/reference|data/regulations)/[\w/.-]+\.(?:md|csv|yaml)\b")


def private(text: str) -> list[str]:
    """The citations in a text of what only its author has, or of a section of nothing that is named."""
    sections = (text[text.rfind("\n", 0, found.start()) + 1 : found.end()] for found in SECTION.finditer(text))
    return PRIVATE.findall(text) + [before for before in sections if not STANDARD.search(before)]


def texts() -> Iterator[tuple[str, str]]:
    """(path, text) of all code, of the tables with sources and of every page; this file quotes what it refuses."""
    code = (path for room in ("src", "tests", "benchmarks") for path in (REPOSITORY / room).rglob("*.py"))
    tables = (REPOSITORY / "src/lodeline/data").glob("re[fg]*/**/*.*")
    for path in (*PAGES, *code, *tables, REPOSITORY / "pyproject.toml"):
        if path != Path(__file__):
            yield str(path.relative_to(REPOSITORY)), path.read_text("utf-8")


def test_nothing_cites_what_an_outsider_cannot_open() -> None:
    assert {path: found for path, text in texts() if (found := private(text))} == {}


def test_documents_that_are_cited_are_there() -> None:
    roots = (REPOSITORY, REPOSITORY / "src/lodeline")
    cited = {(path, one) for path, text in texts() for one in DOCUMENT.findall(text)}
    assert len(cited) > 50
    assert [one for one in sorted(cited) if not any((root / one[1]).is_file() for root in roots)] == []


@pytest.mark.parametrize(
    "line",
    [
        "the columns of the format (03-filing, section 5)", "#: (04-accountancy: assumption)", "see 12 §4",
        "cycles of documents (design 09)", "The shape of section 8.", "limits of 01-domain and others",
    ],
)  # fmt: skip
def test_a_page_of_a_plan_is_refused(line: str) -> None:
    assert private(f"RFC 9162\n{line}\n")


@pytest.mark.parametrize(
    "line",
    [
        "the proofs of RFC 9162 section 2.1.3", "Source: GB 32100-2015, section 5 and annex", "[0003](0003-journal.md)",
        "filed for 2025-06-filing", "over a 12-month span", "docs/reference/ledger.md", "the design page shows",
    ],
)  # fmt: skip
def test_a_public_source_passes(line: str) -> None:
    assert private(f"Sources\n{line}\n") == []
