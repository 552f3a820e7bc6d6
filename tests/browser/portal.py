"""A served portal over a small synthetic world, and where each of its pages is found.

A page whose address has parts is shown with the first thing of its kind that another page links to. A page that
nobody has named an example for has no address here, so the tests of it fail.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from tests.web.test_serving import free_port

from lodeline.web.language import LANGUAGES, Language
from lodeline.web.urls import PAGES

PROGRAM: Final = Path(sys.executable).with_name("lodeline")
#: Small, and yet with findings of five kinds, overdrawn quotas, open transfers, stock counts and magnets.
WORLD: Final = {"organisations": 40, "months": 6, "seed": 3}
#: Pages whose address has parts → the page below the language from which the first link to one is taken.
EXAMPLES: Final[Mapping[str, str]] = {
    "organisation": "quotas/",
    "balance": "balances/",
    "lot": "lots/?product=magnet-ndfeb",
    "finding": "findings/",
    "entry": "log/",
}
#: What a page can also look like: name → its address below the language, or the form that leads to it. `{lot}` stands
#: for the address of that page.
FURTHER: Final[Mapping[str, str | tuple[str, Mapping[str, str]]]] = {
    "find, several": "find/?q=MAG-00",
    "lot, forward": "{lot}?direction=forward",
    "findings by firm": "findings/?view=firms",
    "law, another day": "law/?on=2025-10-15&known=2025-10-20",
    "desk, filled": "desk/?case=2",
    "desk, answer": ("desk/", {"cases": "all"}),
}
HTML: Final = tuple(page for page in PAGES if not page.at.endswith(".json"))
#: Everything that is looked at, by name.
VIEWS: Final = (*(page.name for page in HTML), *FURTHER)
#: Every page as it can be seen; of what one can also look like, each language and each colour scheme once.
SIGHTS: Final[tuple[tuple[str, Language, str], ...]] = (
    *((page.name, language, scheme) for page in HTML for language in LANGUAGES for scheme in ("light", "dark")),
    *(
        (view, language, scheme)
        for view in FURTHER
        for language, scheme in zip(LANGUAGES, ("dark", "light"), strict=True)
    ),
)


def build(room: Path) -> Path:
    """The store of the world in `room`; built by whoever comes first, shared by all that run at the same time."""
    store = room / "browser-world" / "store.sqlite3"
    store.parent.mkdir(exist_ok=True)
    done = store.with_name("done")
    with store.with_name("lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            options = [f"--{name}={value}" for name, value in WORLD.items()]
            subprocess.run(
                [PROGRAM, "demo", "--no-serve", "--database", store, *options],
                check=True, stdout=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
            done.touch()
    return store


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "LODELINE_SNAPSHOTS"}


@contextmanager
def served(store: Path, log: Path) -> Iterator[str]:
    """`lodeline serve` on a free port; gives its origin. What it says on the error stream fails the test session."""
    port = free_port()
    with log.open("w") as errors:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--database", store, "--port", str(port)],
            stdout=subprocess.DEVNULL, stderr=errors, env=_environment(),
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            ended = process.poll()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    assert ended is None, f"the server ended by itself with {ended}"
    assert log.read_text() == "", "the server complained"


class Portal:
    """Where the pages are. Asks without a browser, with cookies, so that forms can be sent."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        # No proxy: the address is this machine's.
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        self._found: dict[str, str] = {}

    def await_first_answer(self, seconds: float = 30) -> None:
        """Returns when the server answers."""
        until = time.monotonic() + seconds
        while True:
            try:
                self.html("/en/verify/")
                return
            except (URLError, ConnectionError):
                assert time.monotonic() < until, "the server does not start"
                time.sleep(0.05)

    def html(self, path: str, form: Mapping[str, str] | None = None) -> str:
        """The text at an address of this portal; with a form, of what is answered to it."""
        return self._ask(path, form)[1]

    def _ask(self, path: str, form: Mapping[str, str] | None = None) -> tuple[str, str]:
        data = None if form is None else urlencode(form).encode()
        # A form is believed only if it comes from a page of the portal.
        with self._opener.open(Request(self.origin + path, data, {"Origin": self.origin}), timeout=60) as response:
            return str(response.url).removeprefix(self.origin), str(response.read(), "utf-8")

    def path(self, view: str, language: str = "en") -> str:
        """The address of a view. Raises AssertionError for a page that nobody has named an example for."""
        if view not in self._found:
            self._found[view] = self._address(view)
        return f"/{language}/{self._found[view]}"

    def url(self, view: str, language: str = "en") -> str:
        """The same with its host."""
        return self.origin + self.path(view, language)

    def _address(self, view: str) -> str:
        if view in FURTHER:
            address = FURTHER[view]
            return self._written(address) if isinstance(address, str) else self._sent(*address)
        (page,) = (one for one in PAGES if one.name == view)
        if "<" not in page.at:
            return page.at
        assert view in EXAMPLES, f"name in EXAMPLES the page that leads to a {view}"
        return self._first_link(view, EXAMPLES[view])

    def _written(self, address: str) -> str:
        """An address with `{lot}` and the like for the address of that page."""
        return re.sub(r"\{(\w+)\}", lambda part: self.path(part[1]).removeprefix("/en/"), address)

    def _first_link(self, name: str, listed_at: str) -> str:
        (page,) = (one for one in PAGES if one.name == name)
        links: list[str] = re.findall(r'href="/en/([^"?#]+)', self.html(f"/en/{listed_at}"))
        pattern = re.compile(re.sub(r"<\w+:\w+>", ".+", page.at))
        found = next((link for link in links if pattern.fullmatch(link)), None)
        assert found is not None, f"{listed_at} leads to no {name}"
        return found

    def _sent(self, address: str, form: Mapping[str, str]) -> str:
        """Where a form leads: its answer's address below the language."""
        page = self.html(f"/en/{address}")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, f"{address} has no form"
        path, _ = self._ask(f"/en/{address}", {**form, "csrfmiddlewaretoken": token[1]})
        return path.removeprefix("/en/")

    @cached_property
    def receipt(self) -> str:
        """A receipt that holds, as text."""
        text = self.html("/en/log/1/receipt.json")
        assert json.loads(text)["entry"] == 1
        return text


def chromium() -> str | None:
    """The browser of the distribution, which needs no download by a test."""
    return shutil.which("chromium")
