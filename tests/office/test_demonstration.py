"""The demo's accounts are made once, however many servers start on its store at the same time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connections
from django.test import override_settings
from tests.stores import ready_store

from lodeline.office.accounts import demonstration
from lodeline.office.accounts.demonstration import SAMPLE_ACCOUNTS, furnish
from lodeline.office.models import Membership, User

#: Nothing is filed in this store: no firm is there for the others.
EXPECTED = {one.email: 1 for one in SAMPLE_ACCOUNTS if not one.firm}


@pytest.fixture
def store_url(url: str) -> Iterator[str]:
    ready_store(url).database.close()
    with override_settings(LODELINE_DATABASE=url):
        yield url


def test_another_server_makes_them_between_the_look_and_the_making(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_the_other(password: str) -> str:
        monkeypatch.setattr(demonstration, "make_password", make_password)
        furnish(store_url)
        return make_password(password)

    monkeypatch.setattr(demonstration, "make_password", after_the_other)
    furnish(store_url)
    assert_made_once()
    furnish(store_url)
    assert_made_once()


def test_two_servers_make_them_at_the_same_time(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both, faults = threading.Barrier(2), list[BaseException]()

    def together(password: str) -> str:
        both.wait(timeout=60)
        return make_password(password)

    def server() -> None:
        try:
            furnish(store_url)
        except BaseException as error:
            faults.append(error)
        finally:
            connections.close_all()

    monkeypatch.setattr(demonstration, "make_password", together)
    servers = [threading.Thread(target=server) for _ in range(2)]
    for one in servers:
        one.start()
    for one in servers:
        one.join()
    assert faults == []
    assert_made_once()


def assert_made_once() -> None:
    assert Counter(User.objects.values_list("email", flat=True)) == EXPECTED
    assert Counter(Membership.objects.values_list("user__email", flat=True)) == EXPECTED
