"""Who had to file which month, and whether it was filed, late or is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from lodeline.ledger.extension import due
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.ledger.register import Register
from lodeline.ledger.roles import must_file
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.queries.filing import first_filings
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

_MOMENT: Final = pl.Datetime("us", "UTC")


def _with_duty(register: Register, law: Jurisdiction) -> pl.DataFrame:
    """`organisation`, `valid_from`, `valid_to` of those who have to file while they are registered: a filing role and a
    domestic address. In the order of the register."""
    table = register.tables["organisations"]
    bound = [must_file(roles, country, law) for roles, country in table.select("roles", "country").iter_rows()]
    return table.filter(pl.Series(bound, dtype=pl.Boolean)).select("valid_from", "valid_to", organisation="id")


def has_duty(register: Register, law: Jurisdiction) -> Callable[[str | None, date], bool]:
    """Whether an organisation had to file on a day: a filing role, a domestic address, registered that day."""
    known = {
        row[0]: row[1:]
        for row in _with_duty(register, law).select("organisation", "valid_from", "valid_to").iter_rows()
    }

    def duty(organisation: str | None, day: date) -> bool:
        if organisation not in known:
            return False
        valid_from, valid_to = known[organisation]
        return (valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to)

    return duty


def filing_status(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """`organisation`, `period`, `state` (filed, late, missing) for every month that somebody had to file.

    The months run from the first period filed to the last; a month is missing from its deadline on, as of the
    last filing in the log. What the authority has extended (ledger.extension) is due later. Where no law has a month
    filed, or it is of the parallel run (ledger.parallel_run), nobody misses it and nobody is late.
    """
    return snapshot.once(computed_status, store, law)


def computed_status(snapshot: Snapshot, store: Store, law: Jurisdiction) -> pl.DataFrame:
    filed = first_filings(store, upto=snapshot.entry)
    return filing_states(filed, snapshot.register, law, as_of=snapshot.as_of)


def filing_states(
    filed: pl.DataFrame, register: Register, law: Jurisdiction, *, as_of: str | None
) -> pl.DataFrame:  # fmt: skip
    """`filing_status` of the first filings (`organisation`, `period`, `filed_at`), as of a moment (UTC text)."""
    schema = {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}
    if not filed.height or as_of is None:
        return pl.DataFrame(schema=schema)
    periods = [str(filed["period"].min())]
    while periods[-1] < str(filed["period"].max()):
        periods.append(next_month(periods[-1]))
    months = pl.DataFrame(
        [
            (
                period, _last_day(period),
                None if in_parallel_run(period, register) else _utc(due(None, period, law, register)),
            )
            for period in periods
        ],
        schema={"period": pl.String(), "last_day": pl.Date(), "late_from": _MOMENT}, orient="row",
    )  # fmt: skip
    firms = register.tables["organisations"].select(organisation="id")
    bound = _with_duty(register, law).with_columns(bound=pl.lit(True))
    late_from = pl.col("late_from")
    state = (
        pl.when(pl.col("filed_at").is_not_null())
        .then(pl.when(pl.col("filed_at") >= late_from).then(pl.lit("late")).otherwise(pl.lit("filed")))
        .when(
            pl.col("bound"), pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("last_day")),
            pl.col("valid_to").is_null() | (pl.col("last_day") <= pl.col("valid_to")),
            late_from <= pl.lit(datetime.fromisoformat(as_of).astimezone(UTC), _MOMENT),
        )
        .then(pl.lit("missing"))
    )  # fmt: skip
    return (
        _extended(firms.join(months, how="cross", maintain_order="left_right"), law, register)
        .join(filed.with_columns(pl.col("filed_at").str.to_datetime("%+", time_unit="us", time_zone="UTC")),
              on=["organisation", "period"], how="left", maintain_order="left")
        .join(bound, on="organisation", how="left", maintain_order="left")
        .select("organisation", "period", state=state)
        .drop_nulls("state")
    )  # fmt: skip


def _extended(every: pl.DataFrame, law: Jurisdiction, register: Register) -> pl.DataFrame:
    """The rows with `late_from` as each firm has it: only in a month that was extended do firms differ."""
    extended = [one for one in register.extensions if not in_parallel_run(one, register)]
    asked = every.filter(pl.col("period").is_in(extended)).select("organisation", "period")
    if asked.is_empty():
        return every
    later = [_utc(due(organisation, period, law, register)) for organisation, period in asked.iter_rows()]
    asked = asked.with_columns(pl.Series("late_from", later, _MOMENT))
    return every.update(asked, on=["organisation", "period"], how="left", maintain_order="left")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _last_day(period: str) -> date:
    return date.fromisoformat(f"{next_month(period)}-01") - timedelta(days=1)
