"""A small synthetic world in a store, and a browser without a window that looks at its pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests import worlds
from tests.accounts import empty_office, person
from tests.stores import put_away
from tests.web.as_official import furnish
from tests.web.signing_in import FILER, FIRM

from lodeline.office.models import User
from lodeline.store.opening import open_store
from lodeline.store.store import Store

#: What the test client gives back: a response with what it was made of.
Response = Any


@pytest.fixture(scope="session")
def store(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A world of 20 firms and 3 months. Not to be changed."""
    return _furnished(worlds.small(run_room), tmp_path_factory.mktemp("web"))


@pytest.fixture(scope="session")
def flawed(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The same world where SEP-0001 never filed January and SEP-0002 was granted less than it used."""
    return _furnished(worlds.flawed(run_room), tmp_path_factory.mktemp("flawed"))


def _furnished(made: worlds.Made, room: Path) -> Store:
    """A copy of its store, with the account of whoever looks at it."""
    store = open_store(made.copied_to(room / "store.sqlite3"))
    furnish(store.database.url)
    put_away(store)
    return store


@pytest.fixture(scope="module")
def pages() -> Iterator[None]:
    """The portal as an official of every role meets it, without signing in: tests of accounts do that."""
    who = settings.MIDDLEWARE.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*settings.MIDDLEWARE[:who], "tests.web.as_official.AsOfficial", *settings.MIDDLEWARE[who:]]
    with override_settings(MIDDLEWARE=middleware):
        yield


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    """The address of an office without accounts; `filer` and `registrar` open one each."""
    with empty_office(tmp_path) as url:
        yield url


@pytest.fixture
def filer(room: str) -> User:
    return person(FILER, (FIRM, "filer"))


@pytest.fixture
def registrar(room: str) -> User:
    return person("registrar@authority.example", ("", "registrar"))


class Page(HTMLParser):
    """What a reader gets of a page: its words, its headings, its links."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.status = response.status_code
        self.html = response.content.decode()
        self.lang = ""
        self.title = ""
        self.headings: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.lang = given.get("lang") or ""
        if tag in ("a", "link"):
            self.links.append(given)
        if tag == "h1":
            self.headings.append("")
        if tag not in ("meta", "link", "br", "input", "path", "circle", "rect"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "title" in self._open[1:2] + self._open[2:3] and "svg" not in self._open:
            self.title += data
        if "h1" in self._open:
            self.headings[-1] += data
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Opens pages of one store as this machine does."""

    client: Client

    def get(self, path: str, **headers: Any) -> Response:
        return self.client.get(path, **headers)

    def post(self, path: str, data: dict[str, Any]) -> Response:
        return self.client.post(path, data)

    def page(self, path: str) -> Page:
        return Page(self.get(path))


@pytest.fixture
def browser(pages: None, store: Store) -> Iterator[Browser]:
    """On the small world."""
    with override_settings(LODELINE_DATABASE=store.database.url):
        yield Browser(client=Client(HTTP_HOST="127.0.0.1"))


@pytest.fixture
def elsewhere(pages: None) -> Iterator[Any]:
    """A function of a database's URL that gives a browser on it."""
    changed: list[Any] = []

    def on(url: str | Path) -> Browser:
        change = override_settings(LODELINE_DATABASE=str(url))
        change.enable()
        changed.append(change)
        return Browser(client=Client(HTTP_HOST="127.0.0.1"))

    yield on
    for change in reversed(changed):
        change.disable()
