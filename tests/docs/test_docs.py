"""The documentation says what the program does: a command, code, decision or link that lacks its line fails here."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import typer

from lodeline.cli import app
from lodeline.detection.battery import DETECTORS
from lodeline.ledger.problem import CATALOGUE
from lodeline.office.log import proof
from lodeline.service.log.audit import STORE_TEXTS
from tests.docs.pages import PAGES, REPOSITORY, blocks

DOCS = REPOSITORY / "docs"
ADRS = sorted((DOCS / "adr").glob("*.md"))
#: Explained once for all commands, and not under each.
SHARED_OPTIONS = {"--database", "--json", "--help"}

FAULTS = STORE_TEXTS.keys() | proof.TEXTS.keys()
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def text(page: str) -> str:
    return (REPOSITORY / page).read_text("utf-8")


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(REPOSITORY)) for page in pages]


def section(page: str, heading: str) -> str:
    """What stands below a heading, down to the next one of its level or above; empty where there is none."""
    depth = len(heading.partition(" ")[0])
    _, _, rest = text(page).partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{depth}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section_with_an_example_and_every_option(name: str) -> None:
    told = section("docs/reference/commands.md", f"### `lodeline {name}`")
    assert re.search(rf"^(LODELINE_SECRET=… )?lodeline {name}\b", told, re.MULTILINE), "no example"
    if "Options as for `check`." in told:
        told += section("docs/reference/commands.md", "### `lodeline check`")
    options = {option for one in COMMANDS[name].params for option in (*one.opts, *one.secondary_opts)}
    for option in {option for option in options if option.startswith("--")} - SHARED_OPTIONS:
        assert f"`{option}`" in told, option


def test_no_section_tells_of_a_command_that_is_not_there() -> None:
    told = re.findall(r"^### `lodeline ([a-z-]+)`$", text("docs/reference/commands.md"), re.MULTILINE)
    assert sorted(told) == sorted(COMMANDS)


def test_every_option_in_an_example_exists() -> None:
    every = [
        *COMMANDS.values(),
        *(inner for one in COMMANDS.values() for inner in getattr(one, "commands", {}).values()),
    ]
    known = {option for one in every for part in one.params for option in (*part.opts, *part.secondary_opts)}
    for block in blocks(DOCS / "reference/commands.md"):
        assert set(re.findall(r"(?<=\s)--[a-z-]+", block.body)) <= known


def test_every_command_that_prints_json_has_its_shape() -> None:
    headings = " ".join(re.findall(r"^## (.*)$", text("docs/reference/json.md"), re.MULTILINE))
    with_json = {name for name, one in COMMANDS.items() if any("--json" in part.opts for part in one.params)}
    assert set(re.findall(r"`([a-z]+)`", headings)) == with_json


def test_every_shape_is_json() -> None:
    for block in blocks(DOCS / "reference/json.md"):
        # `…` at the end of a list or of a table stands for more of the same.
        json.loads(re.sub(r", …(?=[\]},]|$)", "", block.body))


def test_every_environment_variable_is_explained() -> None:
    sources = (path.read_text("utf-8") for path in (REPOSITORY / "src").rglob("*.py"))
    asked = r'(?:environ\.get\(|environ\[|envvar=|\basked\.\w+\()\s*"(LODELINE_[A-Z_]+)"'
    read = {name for source in sources for name in re.findall(asked, source)}
    assert {"LODELINE_DATABASE", "LODELINE_WORKERS"} <= read
    page = text("docs/reference/configuration.md")
    assert set(re.findall(r"^\| `(LODELINE_[A-Z_]+)` \|", page, re.MULTILINE)) == read
    # What is set in a file that one copies is a variable that there is.
    shown = (REPOSITORY / "deploy/lodeline.env.example").read_text("utf-8")
    assert set(re.findall(r"^#?(LODELINE_[A-Z_]+)=", shown, re.MULTILINE)) <= read


def test_every_problem_code_that_a_page_names_exists_and_every_one_is_explained() -> None:
    explained = set(re.findall(r"^\| `([a-z0-9.-]+)` \|", text("docs/reference/problems.md"), re.MULTILINE))
    assert explained >= CATALOGUE.keys()
    rooms = {code.partition(".")[0] for code in (*CATALOGUE, *STORE_TEXTS)}
    files = {"json", "csv", "py", "md", "xlsx", "toml", "yaml", "txt", "parquet", "sqlite3"}
    for page in PAGES:
        for room, rest in re.findall(r"`([a-z]+)\.([a-z0-9-]+)`", page.read_text("utf-8")):
            module = REPOSITORY / "src/lodeline" / room / f"{rest}.py"
            if room in rooms and rest not in files and not module.exists():
                assert {f"{room}.{rest}"} & FAULTS | CATALOGUE.keys(), f"{page.name}: {room}.{rest}"


def test_every_fault_code_is_explained() -> None:
    explained = text("docs/reference/journal.md") + text("docs/reference/commands.md")
    assert [code for code in FAULTS if f"| `{code}` |" not in explained] == []


def test_every_detector_is_explained() -> None:
    told = re.findall(r"^## `([a-z-]+)`$", text("docs/reference/detectors.md"), re.MULTILINE)
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(#([a-z-]+)\) \|", text("docs/reference/detectors.md"), re.MULTILINE)
    detectors = sorted(one.name for one in DETECTORS)
    assert sorted(told) == detectors and sorted(rows) == [(name, name) for name in detectors]
    for name in detectors:
        assert "**Evidence.**" in section("docs/reference/detectors.md", f"## `{name}`"), name


def test_every_decision_has_a_number_of_its_own_and_stands_in_the_index() -> None:
    numbers = [page.name[:4] for page in ADRS]
    assert numbers == sorted(set(numbers))
    index = text("docs/index.md")
    for page in ADRS:
        title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        assert title.startswith(page.name[:4])
        assert f"- [{title}](adr/{page.name})" in index


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", text("docs/index.md")))
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"index.md"}
    assert pages <= linked


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the sites that show Markdown make them."""
    found = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[`*]", "", heading).lower() for heading in found)
    kept = ("".join(c for c in one if c in "-_ " or unicodedata.category(c)[0] in "LN") for one in plain)
    return {one.replace(" ", "-") for one in kept}


@pytest.mark.parametrize("name", names(PAGES))
def test_every_link_leads_somewhere(name: str) -> None:
    page = REPOSITORY / name
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("name", names(PAGES))
def test_no_page_names_a_machine_or_is_unfinished(name: str) -> None:
    found = re.findall(r"(?<![\w.])/(?:work|tmp|root|home|Users)/|\bTODO\b|\bFIXME\b|\bTBD\b|@@", text(name))
    assert found == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text(name), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_command_in_the_readme_exists() -> None:
    named = set(re.findall(r"(?:^|`|bin/)lodeline ([a-z]+)", text("README.md"), re.MULTILINE))
    assert {"init", "check", "file"} <= named <= COMMANDS.keys()


def test_the_licence_is_the_whole_of_apache_2() -> None:
    licence = text("LICENSE")
    assert licence.lstrip().startswith("Apache License\n")
    sections = [int(number) for number in re.findall(r"^   (\d)\. [A-Z]", licence, re.MULTILINE)]
    assert sections == list(range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in licence


def test_every_command_that_a_text_of_the_program_names_exists() -> None:
    """`lodeline finding recompute …` in an error, a page or the API is typed as it is written there."""
    wrong = []
    for path in sorted((REPOSITORY / "src").rglob("*")):
        if path.suffix not in (".py", ".html", ".csv", ".txt"):
            continue
        for words in re.findall(r"`lodeline ((?:[a-z][a-z-]* ?)+)", path.read_text("utf-8")):
            commands: Any = COMMANDS
            for word in words.split():
                if word not in commands:
                    wrong.append(f"{path.relative_to(REPOSITORY)}: lodeline {words}")
                    break
                commands = getattr(commands[word], "commands", None)
                if commands is None:
                    break
    assert not wrong
