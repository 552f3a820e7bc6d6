"""`lodeline serve`: several processes answer, what dies is replaced, and it ends when it is told to."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.accounts import office, person

from lodeline.errors import UserError
from lodeline.office.accounts.demonstration import SAMPLE_ACCOUNTS
from lodeline.office.models import User
from lodeline.store import opening
from lodeline.store.opening import create
from lodeline.store.store import Store
from lodeline.web.server import configuration, serving

PROGRAM = Path(sys.executable).with_name("lodeline")


def free_port() -> int:
    with socket.socket() as one:
        one.bind((serving.HOST, 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server, and what it writes."""

    process: subprocess.Popen[bytes]
    port: int
    out: Path
    errors: Path

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        with closing(HTTPConnection(serving.HOST, self.port, timeout=90)) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())

    def listens(self) -> bool:
        try:
            socket.create_connection((serving.HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def children(self) -> set[int]:
        """The processes below the server that are not dead."""
        found = set()
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid and fields[0] != "Z":
                found.add(int(status.parent.name))
        return found

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def end(self, number: signal.Signals) -> float:
        """Seconds until it had ended."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        return time.monotonic() - started


def eventually(true: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def running(store: Store, room: Path, *, workers: int, **settings: str) -> Iterator[Served]:
    """A server of a copy of the store, with so many processes that answer, and one that works beside them."""
    assert store.database.path is not None
    url = shutil.copy(store.database.path, room / "store.sqlite3")
    port, out, errors = free_port(), room / "out", room / "errors"
    chosen = {"LODELINE_WORKERS": str(workers), "LODELINE_JOB_WORKERS": "1", "TMPDIR": str(room), **settings}
    with out.open("wb") as writing, errors.open("wb") as complaining:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--database", url, "--port", str(port)],
            stdout=writing, stderr=complaining, env=os.environ | chosen,
        )  # fmt: skip
    server = Served(process=process, port=port, out=out, errors=errors)
    try:
        eventually(server.listens)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=[2])
def served(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Served]:
    """A server of so many processes that answer, with a job worker and a publisher."""
    with running(store, tmp_path, workers=request.param, LODELINE_PUBLISHER="1") as server:
        yield server


@pytest.mark.ci
@pytest.mark.medium
def test_several_processes_answer_and_what_dies_is_replaced(served: Served) -> None:
    assert served.get("/healthz")[:2] == (200, b"ok\n")
    # Where there is no account yet, a page leads to the making of the first.
    status, _, headers = served.get("/en/law/")
    assert status in (200, 302)
    eventually(lambda: served.get("/readyz")[0] == 200)
    eventually(lambda: len(served.children()) == 4)

    def answering() -> set[int]:
        for _ in range(4):
            assert served.get("/static/lodeline/lodeline.css")[0] == 200
        return {line["worker"] for line in served.lines() if line.get("page") == "static"}

    eventually(lambda: len(answering()) == 2)
    assert headers["X-Request-ID"] in {line["request"] for line in served.lines()}

    before = served.children()
    dead = min(answering())
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: len(served.children() - {dead}) == 4)
    assert len(served.children() - before) == 1
    beside = before - answering() - {dead}
    assert len(beside) == 2, "one that does jobs, and the publisher"
    for one in beside:
        os.kill(one, signal.SIGKILL)
    eventually(lambda: len(served.children() - beside) == 4)
    assert served.get("/healthz")[0] == 200

    assert served.end(signal.SIGTERM) < 5
    assert (served.process.returncode, served.errors.read_text()) == (0, "")
    ended = " ".join(line["what"] for line in served.lines())
    assert "job worker" in ended and "publisher" in ended and ended.count("ended by itself") == 2


@pytest.mark.ci
@pytest.mark.medium
@pytest.mark.parametrize("served", [1], indirect=True)
def test_hang_up_puts_new_processes_in_place_without_a_pause(served: Served) -> None:
    served.get("/healthz")
    eventually(lambda: len(served.children()) == 3)
    before = served.children()
    served.process.send_signal(signal.SIGHUP)

    def replaced() -> bool:
        assert served.get("/healthz")[0] == 200
        return len(served.children()) == 3 and not served.children() & before

    eventually(replaced)
    assert served.end(signal.SIGINT) < 5
    assert (served.process.returncode, served.errors.read_text()) == (0, "")


@pytest.mark.ci
@pytest.mark.medium
@pytest.mark.parametrize("served", [1], indirect=True)
def test_processes_do_not_outlive_a_server_that_was_killed(served: Served) -> None:
    served.get("/healthz")
    eventually(lambda: len(served.children()) == 3)
    children = served.children()
    served.end(signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{child}/cmdline").exists() for child in children))


@pytest.mark.medium
@pytest.mark.parametrize("served", [1], indirect=True)
def test_another_host_name_is_refused_without_a_word_beside_the_log(served: Served) -> None:
    status, page, _ = served.get("/en/law/", Host="elsewhere.example")
    assert (status, b"LODELINE_HOSTS" in page) == (400, True)
    status, _, _ = served.get("/en/", Host="a b")
    assert status == 400
    assert served.end(signal.SIGTERM) < 5
    assert [line["status"] for line in served.lines() if line.get("what") == "request"].count(400) == 2
    assert served.errors.read_text() == ""


def serve_once(url: str, **environment: str) -> tuple[int | None, str]:
    """How `lodeline serve` ends, and what it says; None and nothing where it serves."""
    command = [str(PROGRAM), "serve", "--database", url, "--port", str(free_port())]
    quiet = {"LODELINE_WORKERS": "1", "LODELINE_JOB_WORKERS": "0", "LODELINE_LOG": "json"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | quiet | environment, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "serving at" in line:
                return None, ""
        assert process.stderr is not None
        return process.wait(30), process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.communicate()


@pytest.mark.ci
@pytest.mark.medium
def test_a_secret_that_can_be_guessed_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = str(tmp_path / "store.sqlite3")
    with pytest.raises(UserError, match="16 characters"):
        create(url, secret="fifteen letters")
    with monkeypatch.context() as before:
        # As a program did that did not ask.
        before.setattr(opening, "assert_long_enough", lambda secret: None)
        create(url, secret="fifteen letters")[0].database.close()
    code, said = serve_once(url, LODELINE_SECRET="fifteen letters")
    assert code == 2 and "16 characters" in said and "Traceback" not in said
    long_enough = str(tmp_path / "long.sqlite3")
    create(long_enough, secret="sixteen letters.")[0].database.close()
    assert serve_once(long_enough, LODELINE_SECRET="sixteen letters.") == (None, "")


@pytest.mark.ci
@pytest.mark.medium
def test_sample_accounts_are_not_served_beyond_this_machine(tmp_path: Path) -> None:
    named = {"LODELINE_HOSTS": "portal.example"}
    with office(tmp_path / "store.sqlite3") as url:
        assert serve_once(url, **named) == (None, ""), "a store without them is"
        code, said = serve_once(url, **named, LODELINE_DEMO="1")
        assert code == 2 and "sample accounts" in said and "示例账户" in said and "Traceback" not in said
        # A demo that was ended: the accounts are there still.
        sample = person(SAMPLE_ACCOUNTS[5].email, ("", "registrar"))
        code, said = serve_once(url, **named)
        assert code == 2 and "sample accounts" in said
        assert serve_once(url) == (None, ""), "on this machine anybody may try them"
        User.objects.filter(pk=sample.pk).update(is_active=False)
        assert serve_once(url, **named) == (None, "")


def test_port_that_is_taken_is_named_with_another() -> None:
    with serving.listen(free_port()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError) as refused:
            serving.listen(port)
    assert f"--port {port + 1}" in refused.value.en and f"--port {port + 1}" in refused.value.zh


def test_other_machines_can_connect_only_where_names_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving.listen(free_port()) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    with pytest.raises(UserError, match="LODELINE_HOSTS"):
        serving.listen(free_port(), "0.0.0.0")
    chosen = configuration.read({"LODELINE_HOSTS": "portal.example"})
    monkeypatch.setattr(configuration, "current", lambda: chosen)
    with serving.listen(free_port(), "0.0.0.0") as listener:
        assert listener.getsockname()[0] == "0.0.0.0"


def test_sessions_outlive_a_restart_and_their_key_is_not_the_secret() -> None:
    assert serving.session_key(b"one") == serving.session_key(b"one") != serving.session_key(b"two")
    assert len(serving.session_key(b"one")) == 64
