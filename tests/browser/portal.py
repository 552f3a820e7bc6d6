"""A served portal over a small synthetic world with its sample accounts; and asking it without a browser.

The world is built once for a test session. What is made in it for the tests (examples.py) is made on the server that
most of them look at, and that nobody changes afterwards.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self
from unittest.mock import patch

import httpx

from lodeline.office.accounts.demonstration import PASSWORD, SAMPLE_ACCOUNTS
from lodeline.web.server.serving import prepare
from tests.stores import made_once, memory
from tests.web.test_serving import free_port

PROGRAM: Final = Path(sys.executable).with_name("lodeline")
#: Small, and yet with findings of five kinds, overdrawn quotas, open transfers, stock counts and magnets.
WORLD: Final = {"organisations": 40, "months": 6, "seed": 3}
#: The fifth of the second month after the world's last: July is due, and nobody has filed it.
MORNING: Final = "2025-08-05T09:00:00+08:00"
#: Role → the address of its sample account; of two filers the magnet maker's.
PEOPLE: Final = {one.role: one.email for one in reversed(SAMPLE_ACCOUNTS)}
#: Has a second factor, which examples.py gives; and the same person on the way in, asked for a code.
GUARDED, HALFWAY = PEOPLE["customs-officer"], "halfway"
#: Signs links in these tests, so that some can be made without the mail that would have brought them.
KEY: Final = "of the tests in a browser, and of nobody else"
#: Seconds for which a password is taken to prove who asks; the portal believes it for 300.
_PROVED_S: Final = 200


def build(run_room: Path) -> Path:
    """A store of the world as it was loaded, for one server: whoever comes first in this run builds it."""

    def make(room: Path) -> None:
        options = [f"--{name}={value}" for name, value in WORLD.items()]
        subprocess.run(
            [PROGRAM, "demo", "--bare", "--no-serve", "--database", room / "store.sqlite3", *options],
            check=True, stdout=subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip
        # As a server that starts would: the tables and the accounts are made once for all of them.
        with patch.dict(os.environ, _environment()):
            prepare(str(room / "store.sqlite3"))

    made = made_once(run_room / "browser-world", make)
    copy = Path(tempfile.mkdtemp(prefix="lodeline-browser-", dir=memory()))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    return shutil.copytree(made, copy, dirs_exist_ok=True) / "store.sqlite3"


def _environment(clock: str | None = MORNING) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "LODELINE_SNAPSHOTS"}
    demo = {} if clock is None else {"LODELINE_DEMO": "1", "LODELINE_DEMO_CLOCK": clock}
    few = {"LODELINE_WORKERS": "1", "LODELINE_JOB_WORKERS": "0"}
    return {**few, **inherited, "LODELINE_SESSION_KEY": KEY, **demo}


@contextmanager
def served(store: Path, log: Path, *, clock: str | None = MORNING) -> Iterator[str]:
    """`lodeline serve` on a free port; gives its origin. A complaint or a fault that it tells of fails the session.

    clock: where the clock of the demo starts; None: not as a demo. The origin's name is the one for which browsers
    allow passkeys without TLS.
    """
    port = free_port()
    said = log.with_suffix(".said")
    with log.open("w") as errors, said.open("w") as lines:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--database", store, "--port", str(port)],
            stdout=lines, stderr=errors, env=_environment(clock),
        )  # fmt: skip
        origin = f"http://localhost:{port}"
        try:
            _await_answer(origin)
            yield origin
        finally:
            ended = process.poll()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    assert ended is None, f"the server ended by itself with {ended}"
    complaint = log.read_text()
    assert complaint == "", f"the server complained: {complaint}"
    faults = [line for line in said.read_text().splitlines() if '"fault"' in line]
    assert faults == [], "the server made a mistake of its own"


def _await_answer(origin: str, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"{origin}/static/lodeline/mark.svg", trust_env=False)
            return
        except httpx.TransportError:
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)


class _Patient(httpx.HTTPTransport):
    """Asks again for what is being computed."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        while True:
            answer = super().handle_request(request)
            if answer.status_code != 503 or b'id="computing"' not in answer.read():
                return answer
            time.sleep(float(answer.headers["Retry-After"]))


class Portal:
    """Asks as anybody: `by` is the address of a sample account, "" for nobody. Each signs in once."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        #: What examples.py has made: name → address below the language.
        self.made: dict[str, str] = {}
        self._clients: dict[str, httpx.Client] = {}
        #: When each has given the password last, by the machine's clock.
        self._proved: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    def client(self, by: str) -> httpx.Client:
        """The cookies of `by`, signed in or not."""
        if by not in self._clients:
            # A form is believed only if it comes from a page of the portal. No proxy: the address is this machine's.
            self._clients[by] = httpx.Client(
                base_url=self.origin, headers={"Origin": self.origin}, follow_redirects=True, timeout=60,
                transport=_Patient(),
            )  # fmt: skip
        return self._clients[by]

    def sign_in(self, by: str) -> None:
        """Signs in by the form that a person would use, or gives the password once more where that was long ago."""
        if not by or time.time() - self._proved.get(by, 0) < _PROVED_S:
            return
        if by == HALFWAY:
            answer = self.send(by, "/en/account/login/", {"login": GUARDED, "password": PASSWORD})
            assert answer.url.path == "/en/account/2fa/authenticate/", answer.url.path
            self._proved[by] = time.time()
            return
        if by in self._proved:
            answer = self.send(by, "/en/account/reauthenticate/", {"password": PASSWORD})
        else:
            answer = self.send(by, "/en/account/login/", {"login": by, "password": PASSWORD})
        assert "/account/" not in answer.url.path, f"{by} is not let in: {answer.url.path}"
        self._proved[by] = time.time()

    def html(self, path: str, by: str = "", *, status: int = 200) -> str:
        """The text at an address of this portal."""
        self.sign_in(by)
        answer = self.client(by).get(path)
        assert answer.status_code == status, (path, answer.status_code)
        return answer.text

    def send(
        self, by: str, path: str, form: Mapping[str, str], files: Mapping[str, tuple[str, bytes]] | None = None
    ) -> httpx.Response:
        """What is answered to a form of the page at `path`. Raises AssertionError where it is refused."""
        return self.answer(by, path, self.client(by).get(path).text, form, files)

    def answer(
        self, by: str, path: str, page: str, form: Mapping[str, str],
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """The same for a page that was read before."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, f"{path} has no form"
        answer = self.client(by).post(path, data={"csrfmiddlewaretoken": token[1], **form}, files=files)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer

    def cookies(self, by: str) -> list[Any]:
        """For a browser that is to be signed in."""
        self.sign_in(by)
        jar = self.client(by).cookies.jar if by else ()
        return [{"name": one.name, "value": one.value or "", "url": self.origin, "httpOnly": True} for one in jar]

    @cached_property
    def firm(self) -> str:
        """The organisation of the sample filer."""
        found = re.search(r"/en/firm/([^/]+)/", str(self.html("/en/home/", PEOPLE["filer"])))
        assert found is not None, "the filer has no firm"
        return found[1]

    @cached_property
    def receipt(self) -> str:
        """A receipt that holds, as text."""
        text = self.html("/en/log/1/receipt.json", PEOPLE["analyst"])
        assert json.loads(text)["entry"] == 1
        return text


def chromium() -> str | None:
    """The browser of the distribution, which needs no download by a test."""
    return shutil.which("chromium")


def tested_in() -> str | None:
    """The browser of the tests: chromium without what only windows need, which is quicker, where there is one.

    LODELINE_BROWSER names another: the whole one for the tests that take long.
    """
    named = os.environ.get("LODELINE_BROWSER")
    return shutil.which(named) if named else shutil.which("chromium-headless-shell") or chromium()
