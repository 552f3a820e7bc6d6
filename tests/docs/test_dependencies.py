"""What is promised of dependencies: bounds that the locks keep, and what `make audit` makes of an answer."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests import audit
from tests.docs.pages import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
#: Its releases are data: codes and names of countries.
WITHOUT_END = {"pycountry"}


@pytest.mark.parametrize("lock", ["run", "dev", "spark", "large"])
def test_each_requirement_ends_and_holds_what_is_locked(lock: str) -> None:
    """A wheel is installed without the lock: what nobody has tried shall not come with it."""
    text = (REPOSITORY / f"requirements/{lock}.lock").read_text("utf-8")
    for line in [*PROJECT["dependencies"], *EXTRAS.get(lock, [])]:
        wanted = Requirement(line)
        assert wanted.name in WITHOUT_END or any(one.operator == "<" for one in wanted.specifier), line
        locked = re.findall(rf"^{re.escape(wanted.name)}(?:\[\w+\])?==([\w.]+)", text, re.MULTILINE | re.IGNORECASE)
        assert locked and all(version in wanted.specifier for version in locked), line


@pytest.mark.parametrize("lock", ["run", "dev", "spark", "large", "clients"])
def test_locks_name_no_address(lock: str) -> None:
    assert "://" not in (REPOSITORY / f"requirements/{lock}.lock").read_text("utf-8")


def package(name: str, *vulns: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


def unknown(name: str) -> dict[str, Any]:
    # As pip-audit writes it where its service answers 404, beside "No known vulnerabilities found" and exit 0.
    return {"name": name, "skip_reason": f"Dependency not found on PyPI and could not be audited: {name} (1.0)"}


MENDED = {"id": "PYSEC-2026-1", "fix_versions": ["1.0.1", "1.1"], "aliases": ["CVE-2026-1"], "description": "…"}
OPEN = {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": [], "description": "…"}


@pytest.mark.parametrize(
    ("dependencies", "lines", "fails"),
    [
        (
            [package("a", MENDED)],
            [
                "a 1.0: PYSEC-2026-1; update to 1.0.1 or 1.1, then `make lock`",
                "1 packages asked about, 1 weaknesses found",
            ],
            True,
        ),
        (
            [package("a", OPEN), package("b"), unknown("c")],
            [
                "a 1.0: PYSEC-2026-2; no release mends it yet", "2 packages asked about, 1 weaknesses found",
                "of 1 nothing is known: c",
            ],
            False,
        ),
        ([package("a")], ["1 packages asked about, 0 weaknesses found"], False),
        (
            [unknown("a"), unknown("b")],
            ["Published weaknesses could not be asked for: nothing is known of any of 2 packages"],
            False,
        ),
    ],
    ids=["mended", "open", "nothing", "no service"],
)  # fmt: skip
def test_an_audit_fails_only_where_an_update_mends_something(
    dependencies: list[dict[str, Any]], lines: list[str], fails: bool
) -> None:
    assert audit.judged({"dependencies": dependencies, "fixes": []}) == (lines, fails)


@pytest.mark.medium
def test_an_audit_that_could_not_be_made_says_so(tmp_path: Path) -> None:
    """Nobody answers at the address of the proxy: no package is called sound for that."""
    lock = tmp_path / "run.lock"
    lock.write_text("six==1.17.0 --hash=sha256:" + "0" * 64 + "\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path))
        failure = audit.asked([lock], tmp_path / "report.json")
    assert failure and not (tmp_path / "report.json").exists()


def test_what_is_long_silent_says_so_first() -> None:
    """pip and the compiler are quiet for minutes: the line before tells the megabytes or minutes."""
    lines = (REPOSITORY / "Makefile").read_text("utf-8").splitlines()
    quiet = [
        at
        for at, line in enumerate(lines)
        if re.match(r"\t@?\$\((?:PIP|BIN)\)\S* (install --req|.*-m lodeline.flow)", line)
    ]
    assert len(quiet) == 4
    for at in quiet:
        assert re.match(r"\t@echo \".+\b(MB|minutes?)\b", lines[at - 1]), lines[at]
