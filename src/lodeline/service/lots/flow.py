"""Where a lot came from and went, as an answer: its trace, its heaviest routes, and the shares of its origins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.errors import UserError
from lodeline.flow.everywhere import origins_of_all
from lodeline.flow.origins import origins as origins_of
from lodeline.flow.routes import heaviest_routes, routes_as_json
from lodeline.flow.trace import NODE_LIMIT
from lodeline.flow.trace import trace as trace_of
from lodeline.language import text
from lodeline.ledger.movement import makes_lot
from lodeline.material.element import RARE_EARTHS
from lodeline.material.product import PRODUCTS
from lodeline.service.entries.subject import Json
from lodeline.service.lots.lots import composition
from lodeline.store.snapshot import Snapshot

#: What a reader asks first, where a lot states it.
_FIRST_ELEMENT: Final = "Nd"


class NotOnTheWayError(UserError):
    """The lot behind which a page was to begin is no longer among those of the answer."""


class NoSuchElementError(UserError):
    """An element that the composition of the lot does not state."""


class NoSuchProductError(UserError):
    """A product that no list and no lot knows."""


def trace(
    snapshot: Snapshot,
    lot: str,
    *,
    forward: bool = False,
    depth: int | None = None,
    limit: int | None = None,
    after: int | None = None,
) -> Json:
    """The lots upstream (downstream) of a lot. Raises flow.index.UnknownLot, NotOnTheWayError.

    With `limit` or `after` a page of the whole trace, and `next`, what to give as `after` for the page behind it. A
    link stands on the page of its lot that is nearer to the asked one.
    """
    index = snapshot.flow_index()
    if limit is None and after is None:
        return trace_of(index, lot, forward=forward, depth=depth).as_json()
    found = trace_of(index, lot, forward=forward, depth=depth, limit=None)
    first = 0
    if after is not None:
        at = np.flatnonzero(found.lots == after)
        if not len(at):
            raise NotOnTheWayError(
                text(
                    "The ledger has moved on, and the page before is not of this answer: begin anew, without a cursor."
                )
            )
        first = int(at[0]) + 1
    last = min(first + (NODE_LIMIT if limit is None else limit), len(found.lots))
    return found.as_json(range(first, last)) | {"next": int(found.lots[last - 1]) if last < len(found.lots) else None}


def origins(snapshot: Snapshot, lot: str, *, limit: int | None = None, after: int | None = None) -> Json:
    """The booked share of each origin in each element of a lot, with its bounds. Raises flow.index.UnknownLot.

    With `limit` or `after` a page of them and `next`; bounds are computed for the rows shown.
    """
    found = origins_of(snapshot.flow_index(), lot)
    if limit is None and after is None:
        return found.as_json(bounded=True)
    keys = found.keys()
    first = 0 if after is None else int(np.searchsorted(keys, after, side="right"))
    last = found.count if limit is None else min(first + limit, found.count)
    page = found.as_json(bounded=True, rows=range(first, last))
    return page | {"next": int(keys[last - 1]) if first < last < found.count else None}


def routes(snapshot: Snapshot, lot: str, count: int, *, element: str | None = None, origin: str | None = None) -> Json:
    """The heaviest routes of an element from its origins, or from one of them, to a lot.

    Without an element neodymium, else the rare earth that there is most of. Raises flow.index.UnknownLot,
    NoSuchElementError; ValueError for a count that `heaviest_routes` refuses.
    """
    index = snapshot.flow_index()
    stated, _ = index.element_columns(index.find(lot))
    element = _FIRST_ELEMENT if element is None and _FIRST_ELEMENT in stated else element
    if element is None:
        shares = composition(index, index.find(lot))
        symbols = sorted(shares, key=lambda symbol: -shares[symbol])
        element = next((symbol for symbol in symbols if symbol in RARE_EARTHS), symbols[0] if symbols else None)
    if element is None or element not in stated:
        listed = ", ".join(stated)
        raise NoSuchElementError(
            (
                text(
                    "The composition of {lot} states nothing.",
                    context="lots, flow, routes 1",
                    lot=lot,
                    element=element,
                    listed=listed,
                )
                if element and listed
                else text("The composition of {lot} states nothing.", context="lots, flow, routes 2", lot=lot)
            )
            if element is None or not listed
            else (
                text(
                    "The composition of {lot} states no {element}, but {listed}.",
                    context="lots, flow, routes 1",
                    lot=lot,
                    element=element,
                    listed=listed,
                )
                if element and listed
                else text(
                    "The composition of {lot} states no {element}, but {listed}.",
                    context="lots, flow, routes 2",
                    lot=lot,
                    element=element,
                    listed=listed,
                )
            )
        )
    return routes_as_json(index, lot, element, heaviest_routes(index, lot, element, count, origin))


def every_origin(
    snapshot: Snapshot,
    *,
    product: str | None = None,
    period: str | None = None,
    progress: Callable[[int, int], Any] = lambda done, total: None,
) -> Iterator[Json]:
    """The booked shares of origin places in each element of every lot, or of those of a product or made in a month.

    One row for each lot, element, kind and place; element by element, so that no more than a block is ever held.
    `product`: a code, or its part before the colon. Raises NoSuchProductError before the first row.
    """
    index = snapshot.flow_index()
    lots = snapshot.lots.select("lot")
    if product is not None:
        code = pl.col("product")
        of_product = snapshot.lot_facts.filter((code == product) | (code.str.split(":").list.first() == product))
        lots = lots.join(of_product.select("lot"), on="lot", how="semi")
        if product not in PRODUCTS and lots.is_empty():
            known = ", ".join(PRODUCTS)
            raise NoSuchProductError(
                text("No product is called {product!r}: one of {known}.", product=product, known=known)
            )
    if period is not None:
        made = snapshot.lines.filter(makes_lot() & (pl.col("on").dt.strftime("%Y-%m") == period))
        lots = lots.join(made.select("lot"), on="lot", how="semi")
    chosen = None if product is None and period is None else lots["lot"].cast(pl.Int64).to_numpy() - 1
    for part in origins_of_all(index, chosen):
        for lot, origin, share in zip(part.lots.tolist(), part.origin.tolist(), part.share.tolist(), strict=True):
            kind, place = part.places[origin]
            yield {
                "lot": index.lot_name[lot],
                "element": part.element,
                "origin_kind": kind,
                "origin_place": place,
                "booked_share": share,
            }
        progress(part.done, part.total)
