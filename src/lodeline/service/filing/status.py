"""Who had to file which month, and whether it was filed, late or is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import polars as pl

from lodeline.ledger.extension import due
from lodeline.ledger.register import Register
from lodeline.ledger.roles import must_file
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.queries.filing import first_filings
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


def has_duty(register: Register, law: Jurisdiction) -> Callable[[str | None, date], bool]:
    """Whether an organisation had to file on a day: a filing role, a domestic address, registered that day."""
    table = register.tables["organisations"]
    known = {row[0]: row[1:] for row in table.select("id", "roles", "country", "valid_from", "valid_to").iter_rows()}

    def duty(organisation: str | None, day: date) -> bool:
        if organisation not in known:
            return False
        roles, country, valid_from, valid_to = known[organisation]
        return (
            must_file(roles, country, law)
            and (valid_from is None or valid_from <= day)
            and (valid_to is None or day <= valid_to)
        )

    return duty


def filing_status(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """`organisation`, `period`, `state` (filed, late, missing) for every month that somebody had to file.

    The months run from the first period filed to the last; a month is missing from its deadline on, as of the
    last filing in the log. What the authority has extended (ledger.extension) is due later.
    """
    return filing_states(first_filings(store), snapshot.register, law, as_of=snapshot.as_of)


def filing_states(
    filed: pl.DataFrame, register: Register, law: Jurisdiction, *, as_of: str | None
) -> pl.DataFrame:  # fmt: skip
    """`filing_status` of the first filings (`organisation`, `period`, `filed_at`), as of a moment (UTC text)."""
    schema = {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}
    if not filed.height or as_of is None:
        return pl.DataFrame(schema=schema)
    moment_of_asking = datetime.fromisoformat(as_of)
    first = {(organisation, period): moment for organisation, period, moment in filed.iter_rows()}
    duty = has_duty(register, law)
    periods = [str(filed["period"].min())]
    while periods[-1] < str(filed["period"].max()):
        periods.append(next_month(periods[-1]))
    rows = []
    for organisation in register.tables["organisations"]["id"]:
        for period in periods:
            late_from = due(organisation, period, law, register)
            last_day = date.fromisoformat(f"{next_month(period)}-01") - timedelta(days=1)
            moment = first.get((organisation, period))
            if moment is not None:
                state = "filed" if datetime.fromisoformat(moment) < late_from else "late"
            elif duty(organisation, last_day) and moment_of_asking >= late_from:
                state = "missing"
            else:
                continue
            rows.append((organisation, period, state))
    return pl.DataFrame(rows, schema=schema, orient="row")
