"""What waiting costs either side: the seller's goods withheld and units idle, the buyer's plants that stand still.

Seller: price × kilograms that did not leave, with what is sent later taken off again, and the margin of what idle units
would have made. Buyer: `loss_per_day` of plants.csv, for each plant by the part of it that stands still; where nobody
said, the value of the goods it lacks times an assumed factor. Output made up later is taken off again. Each side stays
in its own currency: a plant whose loss is stated in another than most is left out of the sum, and the run says how many
are. For the day on which the losses cross, and for nothing else, the seller's is converted at an assumed rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import CURRENCY, Assumption, assumption, rate
from lodeline.strategy.network import Floats, Ints, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Money of a network. edge: per kg sent; made: [units] per day of full activity at a unit that is no plant, of what
    it makes; plant: [units] per day of a plant that stands still, low central high; nan: not known.

    currency: of the plants' losses; seller_currency: of the values filed. left_out: plants whose loss is stated in
    another currency. basis: of all of it.
    """

    edge: Floats
    made: Floats
    plant: Floats
    price_range: tuple[float, float, float]
    currency: str
    seller_currency: str
    left_out: int
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Cumulative loss of either side at the end of each day, in the currency of its prices."""

    seller: Floats
    buyer: Floats


def prices(network: Network) -> Prices:
    """Values as filed, of goods without one the median of their class; of magnets without any, an assumption."""
    edges, units, holdings = network.edges, network.units, network.holdings
    goods = np.array(holdings.goods, np.str_)[edges.source] if len(edges) else np.array([], np.str_)
    filed = np.isfinite(edges.value_per_kg)
    by_goods = {str(one): float(np.median(edges.value_per_kg[filed & (goods == one)])) for one in set(goods[filed])}
    default = assumption("magnet_price_usd_per_kg")
    guessed = not by_goods
    if guessed:
        by_goods = {one: default.central for one in set(holdings.goods) if one.startswith("magnet")}
    edge = np.array([
        value if known else by_goods.get(str(one), np.nan)
        for value, known, one in zip(edges.value_per_kg.tolist(), filed, goods, strict=True)
    ])  # fmt: skip
    value = np.array([by_goods.get(one, 0.0) for one in holdings.goods])
    made = np.array([
        0.0 if units.is_plant[unit] else float(value[units.out_holding[first:last]] @ units.out_rate[first:last])
        for unit, (first, last) in enumerate(zip(units.out_start[:-1], units.out_start[1:], strict=True))
    ])  # fmt: skip
    of_values = CURRENCY if guessed else _currency(edges.currency, edges.value_per_kg) or CURRENCY
    currency = _currency(units.currency, units.loss_per_day) or of_values
    factor = assumption("buyer_loss_times_goods")
    plant, left_out = np.zeros((len(units), 3)), 0
    for unit in np.flatnonzero(units.is_plant):
        stated = float(units.loss_per_day[unit])
        if np.isfinite(stated):
            same = units.currency[unit] in ("", currency)
            left_out += not same
            plant[unit] = stated if same else 0.0
        else:
            first, last = units.need_start[unit], units.need_start[unit + 1]
            lacked = float(value[units.need_holding[first:last]] @ units.need_rate[first:last])
            plant[unit] = np.array([factor.low, factor.central, factor.high]) * lacked
    spread = (default.low / default.central, 1.0, default.high / default.central) if guessed else (1.0, 1.0, 1.0)
    basis: Basis = "synthetic" if network.is_synthetic else "assumption"
    return Prices(
        edge=edge, made=made, plant=plant, price_range=spread, currency=currency, seller_currency=of_values,
        left_out=left_out, basis=basis,
    )  # fmt: skip


def _currency(stated: Sequence[str], losses: Floats) -> str:
    """The currency in which most state a value; "" where none does."""
    counted = Counter(one for one, loss in zip(stated, losses.tolist(), strict=False) if one and np.isfinite(loss))
    return min(counted, key=lambda one: (-counted[one], one)) if counted else ""


def curves(network: Network, found: Prices, *, idle: Floats, shipped: Floats, watched: Ints, side: int = 1) -> Curves:
    """The losses of a run. idle [units, days]: less than normal activity, negative: more; shipped [watched edges,
    days]: kg of edges that leave the country; side: 0 the low end of what money is assumed to be worth, 1 the middle, 2
    the high end."""
    edges, units = network.edges, network.units
    margin = assumption("seller_margin")
    share = (margin.low, margin.central, margin.high)[side]
    price = np.nan_to_num(found.edge[watched]) * found.price_range[side]
    withheld = price @ (edges.flow[watched][:, None] - shipped) if len(watched) else np.zeros(idle.shape[1])
    stood = np.maximum(0.0, np.cumsum(idle, axis=1))
    seller = np.maximum(0.0, np.cumsum(withheld)) + (found.made * share) @ stood
    rate = np.where(units.is_plant, found.plant[:, side], 0.0)
    return Curves(seller=seller, buyer=rate @ stood)


def rates(found: Prices) -> tuple[Assumption, ...] | None:
    """What is assumed of the two sides' currencies, none where they have one; None where of one nothing is known."""
    if found.seller_currency == found.currency:
        return ()
    known = [rate(one) for one in (found.currency, found.seller_currency) if one != CURRENCY]
    return None if None in known else tuple(one for one in known if one is not None)


def per_seller(found: Prices, value: Mapping[str, float]) -> float:
    """Units of the buyers' currency for one of the seller's, where `value` says each key of `rates`; nan: not known."""
    used = rates(found)
    if used is None:
        return float("nan")
    keys = {one.key for one in used}
    buyer, seller = (
        value[key] if (key := f"rate:{one}") in keys else 1.0 for one in (found.currency, found.seller_currency)
    )
    return buyer / seller


def crossing(found: Curves, rate_: float = 1.0) -> float:
    """The first day on which the buyers have lost more than the sellers, once anybody lost anything; inf: never, or not
    known. rate_: units of the buyers' currency for one of the seller's."""
    over = (found.buyer > found.seller * rate_) & (found.buyer > 0)
    return float(over.argmax()) if over.any() else float("inf")
