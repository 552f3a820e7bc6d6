"""A world of 20 firms in a store with its office, people who make tokens, and programs that use them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests import worlds
from tests.desk import Desk
from tests.stores import copied

from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, actor_of
from lodeline.office.accounts.tokens import grantable, issue
from lodeline.office.models import Membership, User
from lodeline.store.opening import open_store
from lodeline.store.store import Store

#: After the last month of the small world.
MOMENT = "2025-05-05T09:00:00+08:00"


@pytest.fixture(scope="session")
def made(run_room: Path) -> Path:
    """A world of 20 firms and 3 months in one file, where SEP-0001 never filed January, with the office's tables.

    Not to be changed.
    """
    return worlds.flawed(run_room).store


@dataclass(kw_only=True)
class Office:
    """A store that a test may change, and its people."""

    url: str
    people: dict[tuple[str, str], Actor] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return open_store(self.url)

    @property
    def entries(self) -> int:
        """How many entries the log has beside the office's own: a token is one."""
        ((count,),) = self.store.database.rows("SELECT COUNT(*) FROM entry WHERE kind <> 'office'")
        return int(str(count))

    def person(self, role: str, organisation: str = "") -> Actor:
        """Somebody of that role, made when first asked for."""
        if (role, organisation) not in self.people:
            user = User.objects.create_user(
                f"{role}@{organisation or 'authority'}.example", name=f"A {role}", joined_at=clock.now()
            )
            Membership.objects.create(
                user=user, organisation=organisation, role=role, valid_from=date(2020, 1, 1), granted_at=clock.now()
            )
            self.people[role, organisation] = actor_of(user, on=clock.today("Asia/Shanghai"))
        return self.people[role, organisation]

    def token(self, organisation: str, *scopes: str, role: str | None = None) -> str:
        """The text of a token; all scopes that whoever makes it may give, unless some are named."""
        maker = self.person(role or ("organisation-admin" if organisation else "registrar"), organisation)
        wanted = scopes or tuple(one.name for one in grantable(maker, organisation))
        return issue(maker, organisation, name="the ERP", scopes=wanted, days=30, now=clock.now())[1]

    def official(self, name: str) -> str:
        """The text of a token that reads the nation and decides findings, of an official of that name."""
        user = User.objects.create_user(f"{name}@authority.example", name=name, joined_at=clock.now())
        for role in ("analyst", "registrar"):
            Membership.objects.create(
                user=user, organisation="", role=role, valid_from=date(2020, 1, 1), granted_at=clock.now()
            )
        actor = actor_of(user, on=clock.today("Asia/Shanghai"))
        scopes = ("nation:read", "findings:decide")
        return issue(actor, "", name=name, scopes=scopes, days=30, now=clock.now())[1]

    def of_role(self, role: str) -> str:
        """The text of a token with the scopes of one role of the authority; a registrar gives it, as only one may."""
        user = User.objects.create_user(f"{role}@role.example", name=role, joined_at=clock.now())
        for one in {role, "registrar"}:
            Membership.objects.create(
                user=user, organisation="", role=one, valid_from=date(2020, 1, 1), granted_at=clock.now()
            )
        actor = actor_of(user, on=clock.today("Asia/Shanghai"))
        scopes = tuple(one.name for one in grantable(actor, "") if one.permission in AUTHORITY_ROLES[role])
        return issue(actor, "", name=role, scopes=scopes, days=30, now=clock.now())[1]

    def program(self, organisation: str, *scopes: str, role: str | None = None) -> Program:
        """A program with a token of its own."""
        return Program(token=self.token(organisation, *scopes, role=role))


@dataclass(frozen=True, kw_only=True)
class Program:
    """Asks the API with a token; answers come with their JSON."""

    token: str | None = None
    client: Client = field(default_factory=lambda: Client(HTTP_HOST="127.0.0.1"))

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers(headers))

    def post(self, path: str, document: Any, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1{path}", json.dumps(document), content_type="application/json", headers=self._headers(headers)
        )

    def send(self, path: str, data: dict[str, Any], **headers: str) -> Any:
        """A multipart body."""
        return self.client.post(f"/api/v1{path}", data, headers=self._headers(headers))

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return named if self.token is None else {"Authorization": f"Bearer {self.token}", **named}


@pytest.fixture
def serve() -> Iterator[Callable[..., Office]]:
    """A function of a store's URL that serves it at a moment after the small world."""
    changes: list[Any] = []

    def on(url: str, **settings: Any) -> Office:
        change = override_settings(LODELINE_DATABASE=url, LODELINE_DEMO_CLOCK=MOMENT, **settings)
        change.enable()
        changes.append(change)
        return Office(url=url)

    yield on
    for change in reversed(changes):
        change.disable()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register of a few firms and nothing filed: MINE and MAG with a site each."""
    path = tmp_path_factory.mktemp("small") / "store.sqlite3"
    furnish(str(path))
    return path


@pytest.fixture
def either(url: str) -> str:
    """The URL of a store of the same, on each database in turn."""
    return copied(furnish, url)


def furnish(url: str) -> None:
    """Makes that store with the office's tables."""
    desk = Desk(url)
    desk.firms("MINE", "SEP", "MAG")
    desk.put_away()


@pytest.fixture
def counter(small: Path, tmp_path: Path, serve: Callable[..., Office]) -> Office:
    """The few firms, served; whoever may certify by API needs no signature."""
    path = tmp_path / "counter.sqlite3"
    shutil.copy(small, path)
    return serve(str(path), LODELINE_CERTIFY="password")


@pytest.fixture
def office(made: Path, tmp_path: Path, serve: Callable[..., Office]) -> Office:
    """The small world, to be changed."""
    path = tmp_path / "office.sqlite3"
    shutil.copy(made, path)
    return serve(str(path))


@pytest.fixture(scope="module")
def looked_at(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The small world for tests of one file that only read the ledger; tokens may be made."""
    room = tmp_path_factory.mktemp("looked-at")
    shutil.copy(made, room / "office.sqlite3")
    url = str(room / "office.sqlite3")
    with override_settings(LODELINE_DATABASE=url, LODELINE_DEMO_CLOCK=MOMENT):
        yield Office(url=url)
