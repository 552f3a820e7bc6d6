"""Help teaches in two languages, and wrong usage ends with status 2 and a hint."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.cli.program import CHINESE, PROGRAM, Lodeline

from lodeline.build import build

COMMANDS = (
    "demo", "bench", "init", "load", "rebuild", "backup", "restore", "prune", "template", "check", "file", "feed",
    "exceptions", "trace", "origins", "balance", "flows", "where", "transfers", "quota", "reconcile", "findings", "edition",
    "declare", "bundle", "screen", "receipt", "verify", "serve", "publish", "world", "finding", "licence", "run", "inspect",
    "parties", "law", "accounts", "strategy",
)  # fmt: skip
PRINTING_DATA = (
    "init", "load", "rebuild", "backup", "restore", "check", "file", "trace", "origins", "balance", "flows",
    "where", "transfers", "quota", "findings", "verify",
)  # fmt: skip


def test_the_program_names_every_command(nowhere: Lodeline) -> None:
    shown = nowhere("--help")
    assert shown.status == 0
    assert tuple(re.findall(r"^  ([a-z]+) {2,}\S", shown.out.partition("Commands:")[2], re.M)) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_the_command_and_each_of_its_options(nowhere: Lodeline, command: str) -> None:
    shown = nowhere(command, "--help")
    assert (shown.status, shown.err) == (0, "")
    usage, _, described = shown.out.partition("\n\n")
    assert usage.startswith(f"Usage: lodeline {command}")
    summary = described.partition("\n\n")[0]
    assert CHINESE.search(summary) and re.search(r"[A-Z][a-z]+\W.*\.", summary, re.S), summary
    named = re.findall(r"^  (?:--?\w[\w-]*|[a-z.]+ <)[^\n]*(?:\n {6,}[^\n]*)*", described, re.M)
    assert named
    for one in named:
        if "--help" not in one:
            assert CHINESE.search(one), one


def test_the_former_name_of_a_command_works_and_says_that_it_goes(nowhere: Lodeline) -> None:
    assert re.search(r"^  share ", nowhere("parties", "--help").out, re.M)
    assert not re.search(r"^  own ", nowhere("parties", "--help").out, re.M)
    former = nowhere("parties", "own", "--help")
    assert former.status == 0 and "DEPRECATED" in former.out


@pytest.mark.parametrize("command", PRINTING_DATA)
def test_whatever_prints_data_can_print_json(nowhere: Lodeline, command: str) -> None:
    assert "--json" in nowhere(command, "--help").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["nosuch"], "nosuch"),
        (["trace"], "lot"),
        (["balance", "--colour", "red"], "--colour"),
        (["check"], "files"),
        (["receipt", "first"], "integer"),
        (["trace", "A/1", "--depth", "-1"], "--depth"),
        (["world", "w", "--organisations", "19"], "20"),
    ],
)
def test_wrong_usage_is_status_two_and_says_what_is_wrong(nowhere: Lodeline, words: list[str], hint: str) -> None:
    answer = nowhere(*words)
    assert answer.status == 2
    assert hint in answer.said


def test_without_a_command_the_program_shows_its_help(nowhere: Lodeline) -> None:
    answer = nowhere()
    assert answer.status == 2
    assert "Commands:" in answer.out + answer.err


@pytest.mark.medium
@pytest.mark.parametrize(
    "words", [[PROGRAM], [PROGRAM.with_name("python"), "-m", "lodeline"]], ids=["script", "module"]
)
def test_the_installed_script_and_the_module_are_the_program(words: list[str | Path]) -> None:
    done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"lodeline {build()}\n"


@pytest.mark.medium
def test_help_does_not_wait_for_the_numerical_libraries() -> None:
    code = "import sys, lodeline.cli; sys.exit(','.join({'numba', 'polars', 'django'} & set(sys.modules)))"
    done = subprocess.run([PROGRAM.with_name("python"), "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "\n"


@pytest.mark.medium
def test_a_console_that_cannot_show_chinese_still_shows_the_rest(nowhere: Lodeline) -> None:
    narrow = os.environ | nowhere.environment("zh") | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([PROGRAM, "bench"], capture_output=True, text=True, check=False, env=narrow)
    assert (done.returncode, done.stderr) == (0, "") and "ingest" in done.stdout
