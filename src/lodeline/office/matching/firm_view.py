"""What other authorities record beside a firm's filings, as the firm may see it: what is its own, and its own rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from lodeline.office.access.actor import Actor
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.matching import exceptions
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


def own_exceptions(
    actor: Actor, store: Store, snapshot: Snapshot, law: Jurisdiction, organisation: str
) -> pl.DataFrame:
    """The exceptions that are the organisation's (`collation.exception.EXCEPTION`). Requires "own.read"."""
    actor.require("own.read", organisation)
    return exceptions.chosen(exceptions.every(store, snapshot, law), only=[organisation])


def own_exception(
    actor: Actor, store: Store, snapshot: Snapshot, law: Jurisdiction, organisation: str, *, identifier: str
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The papers of one of them; of filings its own rows alone. Requires "own.read"; raises UnknownExceptionError."""
    actor.require("own.read", organisation)
    return exceptions.one(store, snapshot, law, identifier, only=[organisation])
