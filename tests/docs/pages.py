"""Reads the documentation as a reader would, and runs what a tutorial tells the reader to run.

In a tutorial a block ```` ```console ```` is a session: lines that begin with `$ ` are commands, the lines below
each are what it printed; a line `…` stands for any lines left out. A block that is named after its language, as in
```` ```csv april.csv ````, is a file that the reader is asked to write.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/**/*.md")])

#: Stands between the outputs of two commands of a session; no program prints it.
_MARK = "\x1e"
_FENCE = re.compile(r"^```(?P<language>\S*) ?(?P<name>\S*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
#: What differs from one moment of filing to the next: moments, hashes, keys and signatures.
_PASSING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "<moment>"),
    (re.compile(r"came on \d{4}-\d\d-\d\d"), "came on <day>"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<hash>"),
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,}"), "+<key>"),
    (re.compile(r"[A-Za-z0-9+/]{43,}={0,2}"), "<base64>"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page: its language, the file that it names (or ""), its text."""

    language: str
    name: str
    body: str


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(page.read_text("utf-8")):
        yield Block(language=found["language"], name=found["name"], body=found["body"])


def session(body: str) -> list[tuple[str, list[str]]]:
    """(command, lines it printed) of a console block."""
    steps: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            steps[-1][1].append(line)
    return steps


def run(page: Path, room: Path) -> list[tuple[str, list[str], list[str]]]:
    """(command, lines promised, lines printed) of every command of a tutorial, in one shell, in `room`."""
    promised: list[tuple[str, list[str]]] = []
    script = []
    for block in blocks(page):
        if block.name:
            script.append(f"cat > {shlex.quote(block.name)} <<'END-OF-FILE'\n{block.body}END-OF-FILE\n")
        elif block.language == "console":
            for command, lines in session(block.body):
                promised.append((command, lines))
                script.append(f"printf '{_MARK}'\n{command}\n")
    finished = subprocess.run(
        ["bash"], input="exec 2>&1\n" + "".join(script), cwd=room, capture_output=True, text=True, check=False
    )
    printed = finished.stdout.split(_MARK)[1:]
    assert len(printed) == len(promised), finished.stdout[-2000:]
    return [(command, lines, out.splitlines()) for (command, lines), out in zip(promised, printed, strict=True)]


def same(promised: list[str], printed: list[str], *, to_the_letter: bool = False) -> bool:
    """Whether a command printed what the page promises, but for `…`, the spacing of tables and what passes.

    `to_the_letter`: the page promises moments and hashes too.
    """
    left_out = r"(?:.*\n)*?.*"
    wanted = (left_out if line.strip() == "…" else re.escape(_plain(line, to_the_letter)) for line in promised)
    pattern = r"\n".join(wanted)
    return re.fullmatch(pattern, "\n".join(_plain(line, to_the_letter) for line in printed)) is not None


def _plain(line: str, to_the_letter: bool) -> str:
    for pattern, stand_in in () if to_the_letter else _PASSING:
        line = pattern.sub(stand_in, line)
    return " ".join(line.split())
