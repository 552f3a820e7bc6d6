"""All that a page about the balance of a site needs of the rows of the ledger, in one answer.

Such a page is asked for while the nation is computed: each further question to whoever has the rows is a further wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.balance.book import book
from lodeline.service.balance.explaining import Explanation, explanations
from lodeline.service.balance.site_run import Run, run_of
from lodeline.service.balance.sites import Statement, implied_mg, methods_named, one_sided
from lodeline.service.filing.status import filing_status
from lodeline.service.filing.transfers import judged_transfers
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBooks:
    """`run`: the balances of the span, tested together. All else is about one balance.

    `lots`: the names of those that explanations speak of. `methods`: `sites.methods_named`. `implied_mg`: what counts
    as received without a receipt. `one_sided`: `sites.one_sided` on the side that would explain the difference; (0, 0)
    where there is none.
    """

    run: Run
    explanations: tuple[Explanation, ...]
    lots: Mapping[int, str]
    methods: pl.DataFrame
    implied_mg: int
    one_sided: tuple[int, int]


def site_books(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, site: str, organisation: str, element: str, first: str,
    last: str, holder: str | None, statement: Statement,
) -> SiteBooks:  # fmt: skip
    """The books of a site from the month `first` to `last`, and of them the balance of `statement`.

    `organisation`: whose deliveries may explain it. `holder`: see `site_run.run_of`.
    """
    rows = book(store, snapshot, law)
    transfers = judged_transfers(snapshot, law)
    time = {"since": statement.since, "until": statement.until}
    found = explanations(
        rows, snapshot, transfers, site=site, organisation=organisation, element=element, statement=statement
    )  # fmt: skip
    wanted = sorted({one.row["lot"] for one in found if one.row is not None and one.row["lot"] is not None})
    return SiteBooks(
        run=run_of(
            rows,
            filing_status(store, snapshot, law),
            site=site,
            element=element,
            first=first,
            last=last,
            organisation=holder,
        ),
        explanations=found,
        lots=dict(snapshot.rows("lots", "lot", wanted).select("lot", "name").iter_rows()),
        methods=methods_named(snapshot, site=site, element=element, **time),
        implied_mg=implied_mg(rows, site=site, element=element, **time),
        one_sided=one_sided(
            rows, transfers, organisation=organisation, element=element, gain=statement.muf_mg < 0, **time
        )
        if statement.muf_mg
        else (0, 0),
    )
