"""The documentation says what the program does: a command, code, decision or link that lacks its line fails here."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from lodeline.cli.commands import app
from lodeline.detection.detectors import unexplained_gain
from lodeline.journal.verify import TEXTS as RECEIPT_TEXTS
from lodeline.ledger.problem import CATALOGUE
from lodeline.service.audit import STORE_TEXTS
from tests.docs.pages import PAGES, REPOSITORY, Block, blocks, run, same, session

DOCS = REPOSITORY / "docs"
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
ADRS = sorted((DOCS / "adr").glob("*.md"))


def text(page: str) -> str:
    return (REPOSITORY / page).read_text("utf-8")


def section(page: str, heading: str) -> str:
    """What stands below a heading, down to the next one of its level or above."""
    level = heading.partition(" ")[0]
    _, _, rest = text(page).partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
