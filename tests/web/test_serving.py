"""`lodeline serve`: pages on this machine, a clear word where the port is taken, an end when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lodeline.spoken import SpokenError
from lodeline.store.store import Store
from lodeline.web import serving

PROGRAM = Path(sys.executable).with_name("lodeline")


def free_port() -> int:
    with socket.socket() as one:
        one.bind((serving.HOST, 0))
        return int(one.getsockname()[1])


@pytest.fixture
def served(store: Store) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--database", store.database.url, "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"LODELINE_LANGUAGE": "en"},
    )  # fmt: skip
    yield process, port
    process.kill()
    process.communicate()


def opened(port: int, path: str) -> tuple[int, bytes]:
    with closing(HTTPConnection(serving.HOST, port, timeout=20)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


@pytest.mark.medium
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_end(served: tuple[subprocess.Popen[str], int], ending: signal.Signals) -> None:
    process, port = served
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    assert f"http://127.0.0.1:{port}/" in said and "only this machine" in said
    status, html = opened(port, "/en/log/")
    assert (status, b"signed root" in html) == (200, True)
    assert opened(port, "/static/lodeline/lodeline.css")[0] == 200
    started = time.monotonic()
    process.send_signal(ending)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert time.monotonic() - started < 10


def test_port_that_is_taken_is_named_with_another() -> None:
    with serving.listen(free_port()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SpokenError) as refused:
            serving.listen(port)
    assert f"--port {port + 1}" in refused.value.en and f"--port {port + 1}" in refused.value.zh


def test_only_this_machine_can_connect() -> None:
    with serving.listen(free_port()) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
