"""What other authorities record beside a firm's filings, as the firm may see it: what is its own, and its own rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from lodeline.office.access.actor import Actor
from lodeline.service.matching import exceptions


def own_exceptions(actor: Actor, organisation: str, every: pl.DataFrame) -> pl.DataFrame:
    """Of all exceptions (`exceptions.every`) those that are the organisation's. Requires "own.read"."""
    actor.require("own.read", organisation)
    return exceptions.chosen(every, only=[organisation])


def own_exception(
    actor: Actor, organisation: str, one: Callable[[tuple[str, ...]], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The papers of one of them; of filings its own rows alone. `one`: `exceptions.one` for these organisations.

    Requires "own.read"; raises UnknownExceptionError.
    """
    actor.require("own.read", organisation)
    return one((organisation,))
