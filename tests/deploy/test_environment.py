"""The file of variables: systemd, a shell and a container are given the same by it, whatever a value holds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "deploy/lodeline.env.example"
#: What operators write between the quotes.
HOSTILE = {
    "LODELINE_DATABASE": "postgresql://l:p%27w$HOME`id`@db.example/lodeline?sslmode=verify-full&sslrootcert=/a b.pem",
    "LODELINE_SECRET": r'a"secret\with$(everything) # in it; and blanks  ',
    "LODELINE_HOSTS": "lodeline.example,门户.example",
    "LODELINE_TRUSTED_PROXY": "127.0.0.1,::1",
    "LODELINE_SMTP_URL": "smtps://name:pa$$w%2Ford&!@mail.example:465",
    "LODELINE_MAIL_FROM": "Lodeline <lodeline@lodeline.example>",
}


def by_systemd(text: str) -> dict[str, str]:
    """As systemd.exec(5) has it of EnvironmentFile=: a value between single quotes is taken as it is; of one without
    quotes the blanks around it go, and a backslash before each character. Comments begin a line."""
    found = {}
    for line in text.splitlines():
        if line.lstrip().startswith(("#", ";")) or "=" not in line:
            continue
        name, _, value = line.partition("=")
        value = value.strip()
        assert not value.startswith('"'), "other rules hold between double quotes"
        quoted = re.fullmatch(r"'([^']*)'", value)
        found[name.strip()] = quoted[1] if quoted else re.sub(r"\\(.)", r"\1", value)
    return found


def by_shell(file: Path) -> dict[str, str]:
    """As `set -a; . FILE` has it."""
    told = subprocess.run(
        ["sh", "-c", 'set -a; . "$1" && env -0', "sh", str(file)], env={}, capture_output=True, text=True, check=True
    )
    assert told.stderr == ""
    pairs = [one.partition("=")[::2] for one in told.stdout.split("\0") if one]
    return {name: value for name, value in pairs if name.startswith("LODELINE_")}


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The example as an operator fills it in: the value between the quotes is changed, or the line opened."""
    text = EXAMPLE.read_text("utf-8")
    for name, value in HOSTILE.items():
        line = f"{name}='{value}'".replace("\\", r"\\")
        text, count = re.subn(rf"^#?{name}='.*'$", line, text, flags=re.MULTILINE)
        assert count == 1, name
    file = tmp_path / "lodeline.env"
    file.write_text(text, "utf-8")
    return file


def test_systemd_and_a_shell_read_the_same_values(filled: Path) -> None:
    assert by_systemd(filled.read_text("utf-8")) == by_shell(filled) == HOSTILE


def test_a_container_is_given_them_without_the_quotes(filled: Path) -> None:
    guide = (REPOSITORY / "docs/howto/deploy.md").read_text("utf-8")
    (command,) = re.findall(r"^(sed .*) /etc/lodeline/lodeline\.env > lodeline\.env$", guide, re.MULTILINE)
    plain = subprocess.run(f"{command} {filled}", shell=True, capture_output=True, text=True, check=True).stdout
    lines = [line.partition("=") for line in plain.splitlines() if line and not line.startswith("#")]
    assert {name: value for name, _, value in lines} == HOSTILE


def test_every_value_of_the_example_stands_in_single_quotes() -> None:
    for line in EXAMPLE.read_text("utf-8").splitlines():
        assert not re.match(r"#?LODELINE_", line) or re.fullmatch(r"#?LODELINE_[A-Z_]+='[^']*'", line), line


@pytest.mark.parametrize("unit", ["lodeline.service", "lodeline-backup.service"])
def test_each_unit_reads_the_file_and_keeps_compiled_kernels(unit: str) -> None:
    text = (REPOSITORY / "deploy" / unit).read_text("utf-8")
    assert "EnvironmentFile=/etc/lodeline/lodeline.env\n" in text
    assert "Environment=NUMBA_CACHE_DIR=/var/cache/lodeline\n" in text and "CacheDirectory=lodeline\n" in text
