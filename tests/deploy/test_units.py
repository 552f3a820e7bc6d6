"""The units of `deploy/`: systemd understands every line, they give away little, the portal reports to it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY
from tests.deploy.test_behind_a_proxy import free_port

from lodeline.store.opening import create

pytestmark = pytest.mark.slow

UNITS = ("lodeline.service", "lodeline-backup.service", "lodeline-backup.timer")
PROGRAM = Path(sys.executable).with_name("lodeline")
#: The most that `systemd-analyze security` may say of a service, of 10.
EXPOSURE = 2.0


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are shipped, of a program that is there."""
    for name in UNITS:
        text = (REPOSITORY / "deploy" / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/opt/lodeline/bin/lodeline", str(PROGRAM)), "utf-8")
    return tmp_path


def test_systemd_understands_every_line(units: Path) -> None:
    said = analyze("verify", *(str(units / name) for name in UNITS))
    assert (said.returncode, said.stderr) == (0, "")
    broken = (units / UNITS[0]).read_text().replace("ProtectSystem=strict", "ProtectSystems=strict")
    (units / UNITS[0]).write_text(broken)
    assert "ProtectSystems" in analyze("verify", str(units / UNITS[0])).stderr, "it would tell of a wrong line"


@pytest.mark.parametrize("name", UNITS[:2])
def test_a_service_can_do_little_beside_its_work(units: Path, name: str) -> None:
    said = analyze("security", "--offline=true", "--no-pager", str(units / name)).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= EXPOSURE


@contextmanager
def told_when_ready(command: list[str], room: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(room / "notify"))
        listening.settimeout(90)
        environment = os.environ | {"NOTIFY_SOCKET": str(room / "notify"), "LODELINE_LOG": "json"}
        with (room / "said").open("wb") as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            yield listening
        finally:
            process.terminate()
            process.wait(30)


def test_systemd_is_told_when_the_portal_is_ready(tmp_path: Path) -> None:
    url = str(tmp_path / "store.sqlite3")
    store, _ = create(url)
    store.database.close()
    with told_when_ready([str(PROGRAM), "serve", "--database", url, "--port", str(free_port())], tmp_path) as told:
        assert b"READY=1" in told.recv(1000)


def test_caddy_holds_back_small_bodies_and_bounds_large_ones() -> None:
    """nginx buffers by default; Caddy has to be asked, and takes the size that it may hold in memory."""
    caddy = (REPOSITORY / "deploy/Caddyfile").read_text("utf-8")
    assert re.search(r"reverse_proxy [^}]*\n\t\trequest_buffers 3MB\n", caddy)
    assert re.search(r"request_body \{\n\t\tmax_size 310MB\n", caddy)
    nginx = (REPOSITORY / "deploy/nginx.conf").read_text("utf-8")
    assert "client_max_body_size 310m;" in nginx and "proxy_request_buffering off" not in nginx
