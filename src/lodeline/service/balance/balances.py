"""Material balances as an answer: per site, element and month, from a snapshot and under its stamp."""

from __future__ import annotations

import polars as pl

from lodeline.accountancy.balance import balance as balance_of
from lodeline.accountancy.balance import balance_json
from lodeline.ledger.succession import sites_held_before
from lodeline.material.element import SYMBOLS
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.balance.book import book, says_nothing
from lodeline.service.entries.subject import Json, known_element, known_id
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


def balance(
    store: Store,
    snapshot: Snapshot,
    law: Jurisdiction,
    *,
    site: str | None = None,
    organisation: str | None = None,
    element: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Json:
    """Material balance per site, element and month; `first` and `last` are months (`YYYY-MM`), both included.

    They are those of the book (`service.balance.book`), of every element. What lots without an assay keep from saying
    anything has no σ. Raises UnknownSubject.
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
    known = book(store, snapshot, law)
    rows = balance_of(
        **known.rows,
        methods=known.methods,
        elements=None if element is None else [SYMBOLS[known_element(element)]],
        sites=sites,
        organisations=None if organisation is None else [organisation],
        first_period=first,
        last_period=last,
    )
    silent = says_nothing(known, rows)
    rows = rows.with_columns(pl.when(~silent).then(name).alias(name) for name in ("sigma_mg", "z"))
    return {"stamp": snapshot.stamp, "rows": balance_json(rows)}
