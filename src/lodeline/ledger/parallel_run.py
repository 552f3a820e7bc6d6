"""The parallel run of a nation that begins: until a day filings are practice, and what is wrong with them counts not.

It is a record of the register, so it stands in the log with who decided it. A month of it is one that ends by that day.
Nobody is late in it and nothing is missing, no exception is open, no finding opens a case, and the flags of a filing
are shown and marked. What was filed in it is in the ledger like anything else: balances begin with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from lodeline.ledger.register import Register

#: The nation has one parallel run; a later record with this id replaces the earlier.
NATION: Final = "nation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRun:
    """Until the end of `until`, with the reason that the registrar gave."""

    until: date
    reason: str

    @property
    def last_month(self) -> str:
        """The last month of it (`YYYY-MM`): the month of `until` where that is its last day, else the one before."""
        following = self.until + timedelta(days=1)
        last = self.until if following.day == 1 else self.until.replace(day=1) - timedelta(days=1)
        return f"{last:%Y-%m}"


def parallel_run_of(tables: Mapping[str, pl.DataFrame]) -> ParallelRun | None:
    """The parallel run of a register; None where none was set."""
    if "parallel_run" not in tables:
        return None
    rows = tables["parallel_run"].filter(pl.col("id") == NATION).to_dicts()
    return ParallelRun(until=rows[0]["until"], reason=rows[0]["reason"]) if rows else None


def in_parallel_run(period: str, register: Register) -> bool:
    """Whether nothing of a month (`YYYY-MM`) counts."""
    run = register.parallel_run
    return run is not None and period <= run.last_month
