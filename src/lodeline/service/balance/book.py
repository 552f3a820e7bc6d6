"""The one book of the ledger: every balance that pages, detectors, the API and inspectors speak of is read from it."""

from __future__ import annotations

from typing import Any, Final, cast

import numpy as np
import polars as pl

from lodeline.accountancy.accounts import Accounts, Rows, parts_of
from lodeline.accountancy.unassayed import bounds, most_innocent, unassayed
from lodeline.accountancy.unfiled import over_unfiled
from lodeline.detection.imbalance import TESTED
from lodeline.engine.running import Engine, Frames, buckets, parted
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import filing_status
from lodeline.store.published import SnapshotAtHand
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: Standard deviations beyond which a difference is looked into.
SIGMAS: Final = 3


def book(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Accounts:
    """The book of the rare earths and their total; months that a firm never filed are taken into account."""
    return snapshot.once(_book, store, law)


def _book(snapshot: Snapshot, store: Store, law: Jurisdiction) -> Accounts:
    found = snapshot.accounts(TESTED, filing_status(store, snapshot, law))
    if isinstance(snapshot, SnapshotAtHand):
        vars(found).update(snapshot.read(book_frames, store, snapshot, law)[1] or {})
    return found


def balances(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every balance of the book: columns `accountancy.balance.BALANCE`; `untested` of those that lots without an assay
    keep from saying anything, `unfiled` of those over a month that the firm never filed."""
    found = book(store, snapshot, law)
    status = filing_status(store, snapshot, law)
    return found.balances.with_columns(
        untested=says_nothing(found, found.balances), unfiled=over_unfiled(found.balances, status)
    )


def says_nothing(found: Accounts, balances: pl.DataFrame) -> pl.Series:
    """Which of some balances, tested or not, lots without a figure keep from saying anything, by the rule of the
    detectors: at the most innocent difference that their bounds allow."""
    tested = balances["sigma_mg"].is_not_null()
    rows = balances.filter(tested)
    low, high = bounds(unassayed(rows, found.unassayed_acts), rows).to_numpy().T.astype(np.float64)
    muf, sigma = (rows[name].cast(pl.Float64).to_numpy() for name in ("muf_mg", "sigma_mg"))
    innocent = most_innocent(muf, sigma, low, high)
    far = np.abs(innocent) > SIGMAS * sigma
    if far.any():
        low, high = found.unreported(rows.filter(far))
        innocent[far] = most_innocent(innocent[far], sigma[far], low, high)
    silent = np.zeros(balances.height, np.bool_)
    silent[tested.to_numpy()] = np.isnan(innocent)
    return pl.Series(silent)


def book_frames(store: Store, snapshot: Snapshot, law: Jurisdiction) -> dict[str, Any]:
    """What the book is made of, which the books of one site are a part of: those attributes of `Accounts`."""
    found = book(store, snapshot, law)
    return {name: getattr(found, name) for name in ("rows", "implied", "shared")}


def shared_errors(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Which errors the balances of a site share (`accountancy.accounts.SHARED`)."""
    return book(store, snapshot, law).shared


def prepare_book(store: Store, snapshot: Snapshot, law: Jurisdiction, engine: Engine) -> None:
    """Has an engine compute the balances of the book, by site."""
    found = book(store, snapshot, law)
    sites = pl.concat([found.rows[name].select("site") for name in ("movements", "counts")]).unique().drop_nulls()
    number = buckets(engine, found.rows["movements"].height)
    parts = engine.run(
        computed,
        (
            {**one, **cast(Frames, found.rows_of(one["sites"]["site"])), "methods": found.methods}
            for one in parted(number, sites=(sites, pl.col("site")))
        ),
    )
    found.keep({name: [one[name] for one in parts if one] for name in ("balances", "shared", "differences")})


def computed(part: Frames) -> Frames:
    """What `Accounts` keeps of the book of the `sites` of a part."""
    rows = {name: part[name] for name in Rows.__annotations__}
    found = [made for _, made in parts_of(cast(Rows, rows), part["methods"], TESTED, part["sites"]["site"])]
    return {name: pl.concat([one[name] for one in found]) for name in found[0]} if found else {}
