"""PostgreSQL is restarted, or put back from a backup, under a portal: what is filed afterwards is shown by itself."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.accounts import PASSWORD
from tests.faults.server import OFFICIAL, Server, furnished_database, month, served
from tests.stores import copy_postgresql

pytestmark = pytest.mark.ci

#: Seconds that anything here may take on a busy machine.
PATIENCE_S = 300


@dataclass(kw_only=True)
class Portal:
    """A portal on a database of a server, a program that files, and an official who looks."""

    server: Server
    name: str
    token: str
    room: Path
    address: str
    official: httpx.Client

    def sign_in(self) -> None:
        self.official.cookies.clear()
        login = f"{self.address}/en/account/login/"
        page = self.official.get(login).text
        form = {
            "login": OFFICIAL,
            "password": PASSWORD,
            "csrfmiddlewaretoken": re.findall(r'token" value="(\w+)"', page)[0],
        }
        assert self.official.post(login, data=form, headers={"Referer": login}).status_code == 302

    def file(self, number: int) -> int:
        """Files a month; a program sends it again while the store is away. Returns its entry."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"k-{number}"}
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = httpx.post(f"{self.address}/api/v1/filings", json=month(number), headers=headers, timeout=60)
            if answer.status_code == 201:
                return int(answer.json()["receipt"]["entry"])
            assert answer.status_code in (409, 503), answer.text
            assert time.monotonic() < until, answer.text
            time.sleep(0.2)

    def shows(self, entry: int) -> None:
        """Waits until the first page is computed from an entry or a later one, as the log has it now (by its root), and
        the portal is ready. Jobs make entries of their own meanwhile."""
        until = time.monotonic() + PATIENCE_S
        while True:
            page = self.official.get(f"{self.address}/en/")
            ready = httpx.get(f"{self.address}/readyz", timeout=60)
            number = re.search(r"Page from entry (\d+)", page.text)
            shown = number is not None and (int(number[1]), *re.findall(r'title="([0-9a-f]{64})"', page.text)[:1])
            if shown and shown[0] >= entry and shown in self.entries() and ready.status_code == 200:
                assert ready.json()["checks"]["reading"]["entry"] >= entry
                return
            assert time.monotonic() < until, f"{page.status_code}: {shown}: {ready.text}"
            time.sleep(0.2)

    def entries(self) -> set[tuple[int, str]]:
        """Each entry of the log, and the root after it."""
        with psycopg.connect(self.server.made.get_uri(database=self.name)) as connection:
            return set(connection.execute('SELECT "index", root FROM entry').fetchall())

    def faults(self) -> Counter[str]:
        """How often each logger has reported that something failed, or goes again, without requests, which are counted
        by others, and without what concerns a job that was under way."""
        lines = [json.loads(line) for line in (self.room / "served").read_text().splitlines()]
        found = [line for line in lines if "logger" in line and line["level"] != "info"]
        return Counter(line["logger"] for line in found if not re.match(r"job \d+", line["what"]))


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    server, room = Server(), tmp_path_factory.mktemp("served")
    try:
        url, token = furnished_database(server)
        name = url.partition("?")[0].rpartition("/")[2]
        copy_postgresql((server.made, name), f"{name}_kept")
        settings = {"LODELINE_PUBLISHER": "1", "LODELINE_JOB_WORKERS": "1", "LODELINE_MFA": "optional"}
        with (
            served(url, room, **settings) as address,
            httpx.Client(timeout=60, headers={"Accept": "text/html"}) as official,
        ):
            yield Portal(server=server, name=name, token=token, room=room, address=address, official=official)
    finally:
        server.close()


def test_after_a_restart_of_the_server_all_goes_on_by_itself(portal: Portal) -> None:
    portal.sign_in()
    portal.shows(portal.file(1))
    before = portal.faults()
    portal.server.restart()
    portal.shows(portal.file(2))
    reported = portal.faults() - before
    # One line when it went and one when it was back; of jobs, from the lane of short ones and from that of long ones.
    assert reported["lodeline.publisher"] <= 2 and reported["lodeline.office.jobs.work"] <= 4, reported


def test_a_copy_that_was_put_back_under_a_portal_is_what_it_shows(portal: Portal) -> None:
    portal.sign_in()
    filed = portal.file(11)
    portal.shows(filed)
    before = portal.faults()
    with psycopg.connect(portal.server.made.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {portal.name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {portal.name} TEMPLATE {portal.name}_kept")
    portal.sign_in()
    portal.shows(0)
    again = portal.file(12)
    assert again <= filed, "an entry that took the place of one that is gone"
    portal.shows(again)
    assert (portal.faults() - before)["lodeline.publisher"] <= 2
