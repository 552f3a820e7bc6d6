"""An office over a small register: two firms with a site each, on either database, and people who act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import override_settings
from tests.office.register import REGISTER
from tests.stores import copied, put_away, ready_store

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.log import step_proof
from lodeline.service.entries.records import put_records
from lodeline.store.opening import open_store
from lodeline.store.store import Store

NOW = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)


def _make(url: str) -> None:
    made = ready_store(url)
    put_records(made, REGISTER, filed_at=NOW)
    put_away(made)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store with the register of `register.py` and the office's tables; the office looks at it.

    Whatever was said in cases and applications holds when the test is over.
    """
    made = open_store(copied(_make, url))
    with override_settings(LODELINE_DATABASE=url):
        yield made
        assert list(step_proof.judge(made, list(made.entries()))) == []
    made.database.close()


def official(*roles: str) -> Actor:
    """Somebody of the authority."""
    return Actor(
        user=0, name="Official", pseudonym="official",
        standings=tuple(RoleGrant(organisation="", role=role) for role in roles),
    )  # fmt: skip


def of_firm(organisation: str, *roles: str) -> Actor:
    """Somebody of a firm."""
    return Actor(
        user=0, name="Person", pseudonym="person",
        standings=tuple(RoleGrant(organisation=organisation, role=role) for role in roles),
    )  # fmt: skip
