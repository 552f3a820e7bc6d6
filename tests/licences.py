"""Licences of tests: granted from the columns of the register, and acts on them by one official at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from lodeline.ledger.licence import Licence, licence_of
from lodeline.ledger.register import TABLES
from lodeline.service.licences.licences import Decided, act_on_licence
from lodeline.store.store import Store


def licence_from(row: Mapping[str, Any]) -> Licence:
    """A licence to be granted, from the columns of the register's table; what is left out is not stated."""
    lists = ("end_users", "control_items", "products")
    return licence_of({name: row.get(name, [] if name in lists else None) for name in TABLES["licences"]})


def suspend_licence(
    *, store: Store, licence: str, on: date, reason: str, filed_at: datetime, by: str | None = None
) -> Decided:
    return act_on_licence(store, licence, "suspended", on=on, reason=reason, filed_at=filed_at, by=by)


def resume_licence(
    *, store: Store, licence: str, on: date, reason: str, filed_at: datetime, by: str | None = None
) -> Decided:
    return act_on_licence(store, licence, "resumed", on=on, reason=reason, filed_at=filed_at, by=by)


def change_holder(
    *, store: Store, licence: str, holder: str, on: date, reason: str, filed_at: datetime, by: str | None = None
) -> Decided:
    return act_on_licence(store, licence, "holder", on=on, reason=reason, filed_at=filed_at, by=by, holder=holder)
