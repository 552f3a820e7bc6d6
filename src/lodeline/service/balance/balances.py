"""Material balances as an answer: per site, element and month, from a snapshot and under its stamp."""

from __future__ import annotations

import polars as pl

from lodeline.accountancy.balance import balance as balance_of
from lodeline.accountancy.balance import balance_json
from lodeline.ledger.succession import sites_held_before
from lodeline.material.element import SYMBOLS
from lodeline.service.balance.sites import says_nothing, unassayed_lots
from lodeline.service.entries.subject import Json, known_element, known_id
from lodeline.store.snapshot import Snapshot


def balance(
    snapshot: Snapshot,
    *,
    site: str | None = None,
    organisation: str | None = None,
    element: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Json:
    """Material balance per site, element and month; `first` and `last` are months (`YYYY-MM`), both included.

    What lots without an assay keep from saying anything has no σ, as pages and detectors have it.
    """
    sites: list[str] | None = None
    if site is not None:
        sites = [known_id(snapshot, "sites", site)]
    if organisation is not None:
        known_id(snapshot, "organisations", organisation)
        # Of its own time alone: whoever held a site before it, or holds it now, has balances of its own.
        held = [name for name, owner in snapshot.register.site_organisation.items() if owner == organisation]
        held += sites_held_before(snapshot.register, organisation)
        sites = held if sites is None else [name for name in sites if name in held]
    rows = balance_of(
        movements=snapshot.accountancy_movements,
        counts=snapshot.counts,
        count_scopes=snapshot.count_scopes,
        lot_assays=snapshot.lot_assays,
        site_assays=snapshot.site_assays,
        methods=snapshot.register.tables["methods"],
        elements=None if element is None else [SYMBOLS[known_element(element)]],
        sites=sites,
        organisations=None if organisation is None else [organisation],
        first_period=first,
        last_period=last,
    )
    tested = rows.filter(pl.col("sigma_mg").is_not_null())
    silent = says_nothing(rows, unassayed_lots(snapshot, tested))
    rows = rows.with_columns(pl.when(~silent).then(name).alias(name) for name in ("sigma_mg", "z"))
    return {"stamp": snapshot.stamp, "rows": balance_json(rows)}
