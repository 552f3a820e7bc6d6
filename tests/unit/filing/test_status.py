"""Who had to file which month, as of a moment: filed, late, missing, or not yet due."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from lodeline.ledger.register import TABLES, Register
from lodeline.regulation.parameter import load
from lodeline.service.filing.status import filing_states

LAW = load("cn")


def register(*extensions: dict[str, object]) -> Register:
    """B, with a duty until the end of January 2025; A, with one from then on; T abroad. In this order."""
    tables = dict(Register().tables)
    firms = [
        {"id": "B", "country": LAW.country, "roles": ["miner"], "valid_to": date(2025, 2, 27)},
        {"id": "A", "country": LAW.country, "roles": ["miner"], "valid_from": date(2025, 1, 31)},
        {"id": "T", "country": "XX", "roles": ["miner"]},
    ]
    tables["organisations"] = pl.DataFrame(firms, schema=TABLES["organisations"])
    usual = {"period": "2025-02", "until": date(2025, 4, 30), "reason": "outage", "organisations": []}
    rows = [{"id": str(number)} | usual | one for number, one in enumerate(extensions)]
    tables["extensions"] = pl.DataFrame(rows, schema=TABLES["extensions"])
    return Register(tables=tables)


@pytest.mark.parametrize(
    ("extensions", "february"),
    [
        ((), [("A", "2025-02", "late")]),
        (({"organisations": ["A"]},), [("A", "2025-02", "filed")]),
        (({"organisations": ["B"]},), [("A", "2025-02", "late")]),
        (({},), [("A", "2025-02", "filed")]),
    ],
)
def test_each_month_of_each_firm(extensions: tuple[dict[str, object]], february: list[tuple[str, ...]]) -> None:
    filed = pl.DataFrame(
        [("A", "2024-12", "2025-01-05T00:00:00Z"), ("A", "2025-02", "2025-04-20T00:00:00Z"),
         ("GONE", "2025-01", "2025-02-01T00:00:00Z")],
        schema=["organisation", "period", "filed_at"], orient="row",
    )  # fmt: skip
    found = filing_states(filed, register(*extensions), LAW, as_of="2025-04-21T00:00:00Z")
    assert found.rows() == [
        ("B", "2024-12", "missing"), ("B", "2025-01", "missing"), ("A", "2024-12", "filed"),
        ("A", "2025-01", "missing"), *february,
    ]  # fmt: skip


@pytest.mark.parametrize(("moment", "missing"), [("2025-04-30T15:59:59Z", False), ("2025-04-30T16:00:00Z", True)])
def test_a_month_is_missing_from_the_end_of_its_extension_on(moment: str, missing: bool) -> None:
    filed = pl.DataFrame({"organisation": ["B"], "period": ["2025-02"], "filed_at": ["2025-03-01T00:00:00Z"]})
    found = filing_states(filed, register({"organisations": ["A"]}), LAW, as_of=moment)
    assert (("A", "2025-02", "missing") in found.rows()) == missing
