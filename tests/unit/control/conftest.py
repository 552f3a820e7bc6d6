"""What the tests of the desk share: lines written as dictionaries, and the desk that judges them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.desk import Verdict, judge
from lodeline.control.rulebook import LawDay
from lodeline.control.sources import Sources
from lodeline.ledger.register import TABLES
from lodeline.regulation.parameter import load

Fields = dict[str, str]
Desk = Callable[..., Verdict]
TODAY = date(2026, 11, 24)

#: A line that is right in every respect and needs no licence.
CLEAN: Fields = {
    "line": "1", "on": "2025-07-04", "exporter": "ACME", "product_name": "NdFeB magnets N45", "hs_code": "8505111000",
    "controlled_declared": "no", "destination": "DE", "end_user_name": "Example Motors GmbH",
    "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98", "mass_kg": "100", "value": "4500", "currency": "USD",
}  # fmt: skip
#: The same with dysprosium: 1C905.a.4.
DYSPROSIUM = CLEAN | {"composition": "Nd=24.1;Pr=6.02;Dy=1.5;Fe=66;B=0.98"}
LICENCE: dict[str, Any] = {
    "id": "LIC-1", "kind": "general", "exporter": "ACME", "end_users": ["Example Motors GmbH"],
    "control_items": ["1C905.a.4"], "products": ["magnet-ndfeb"], "mass_mg": 1_000_000_000, "elements": "Dy=20",
    "destination": "DE", "end_use": None, "valid_from": date(2025, 5, 1), "valid_to": date(2026, 4, 30),
}  # fmt: skip
LICENSED = DYSPROSIUM | {"licence": "LIC-1"}


def licences(**changes: Any) -> pl.DataFrame:
    """One licence that covers `LICENSED`, but for what is changed."""
    return pl.DataFrame(
        [LICENCE | changes], schema=TABLES["licences"] | {"used_mg": pl.Int64(), "standing": pl.String()}
    )


def verdict_on(*lines: Fields, **options: Any) -> tuple[Verdict, ...]:
    """The verdicts on lines of one declaration."""
    read = tuple(read_fields(line).lines[0] for line in lines)
    usual: dict[str, Any] = {"law": load("cn"), "day": TODAY, "known": TODAY}
    on = LawDay(**usual | {name: options.pop(name) for name in list(options) if name in usual})
    return judge(Declaration(lines=read), on, Sources(**options))


@pytest.fixture
def desk() -> Desk:
    """The verdict on one line; options go to `judge`."""
    return lambda line, **options: verdict_on(line, **options)[0]


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]
