"""A stranger finds things: folders stay small, and the paths that the architecture names are there."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.pages import REPOSITORY

SOURCE = REPOSITORY / "src/lodeline"
#: More than this nobody reads through to find one.
MOST = 25


def folders() -> list[Path]:
    return sorted(
        one for one in (SOURCE, *SOURCE.rglob("*")) if one.is_dir() and one.name not in ("__pycache__", "migrations")
    )


@pytest.mark.parametrize("kind", [".py", ".html"])
def test_no_folder_has_more_files_than_a_reader_takes_in(kind: str) -> None:
    sizes = Counter({str(one.relative_to(SOURCE)): len(list(one.glob(f"*{kind}"))) for one in folders()})
    assert {name: size for name, size in sizes.items() if size > MOST} == {}


def test_paths_that_the_architecture_names_are_there() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8")
    answers = re.search(r"^## Twelve questions$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert answers is not None
    rows = re.findall(r"^\| .*\? \| (.*) \|$", answers[1], re.MULTILINE)
    assert len(rows) == 12
    for row in rows:
        paths = re.findall(r"`([^`]+)`", row)
        assert len(paths) == 2, row
        for path in paths:
            assert (SOURCE / path).is_file(), path


def test_paths_that_the_recipes_name_are_there() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8").partition("\n## Common changes\n")[2]
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    tested = re.findall(r"\b(tests/[\w/.]+)[` ]", text)
    paths = {one for cell in cells for one in re.findall(r"`([^`<]+)`", cell)} | set(tested)
    assert len(paths) > 40
    for path in paths:
        assert ((REPOSITORY if path.startswith(("docs/", "tests/")) else SOURCE) / path).exists(), path


def test_each_room_begins_with_files_that_are_there() -> None:
    text = (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8")
    _, _, rest = text.partition("\n## Rooms\n")
    rows = re.findall(r"^\| `([a-z/]+)` \| .* \| (.*) \|$", rest.partition("\n## ")[0], re.MULTILINE)
    assert len(rows) > 15
    for room, begins in rows:
        for path in re.findall(r"`([a-z_/]+\.py|[a-z_/]+/)`", begins):
            assert any((base / path).exists() for base in (SOURCE / room, SOURCE)), f"{room}: {path}"
