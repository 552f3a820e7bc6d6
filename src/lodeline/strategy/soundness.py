"""A network, or a run, that nothing can be computed of is refused with the place and the cure.

What is odd but can be computed is no fault: circles, a firm that sells to itself, stock without flow, flow without a
recipe, a plant that needs nothing, a residual that takes more than there is, a capacity below what was used.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.strategy.network import Floats, Ints, Network, Openness

#: Ten years; and as many draws as nobody waits for. A run keeps a number for each edge, holding and day.
MOST_DAYS: Final = 3_660
MOST_DRAWS: Final = 5_000
MOST_CELLS: Final = 400_000_000
#: All that waited for years, in a day.
_RETURNING_MOST: Final = float(MOST_DAYS)


def validate(network: Network) -> None:
    """UserError where a table of the network is no table of one: lengths, row numbers, signs, numbers that are none."""
    holdings, edges, units = network.holdings, network.edges, network.units
    rows, links = len(holdings), len(edges)
    for table, length in ((holdings, rows), (edges, links)):
        for name in table.__slots__:
            values = getattr(table, name)
            # What a network may be made without is None, or has no row.
            if not (name in ("lost", "imported", "currency") and (values is None or len(values) == 0)):
                _length(name, values, length)
    for name in ("organisation", "country", "is_plant", "most", "stop_below", "loss_per_day", "currency"):
        _length(name, getattr(units, name), len(units))
    if holdings.content.shape != (rows, len(network.elements)):
        raise _wrong("content", str(holdings.content.shape), f"{(rows, len(network.elements))}")
    for name, places, most in (
        ("source", edges.source, rows), ("target", edges.target, rows),
        ("need_holding", units.need_holding, rows), ("out_holding", units.out_holding, rows),
    ):  # fmt: skip
        _places(name, places, most)
    _spans("need_start", units.need_start, len(units), len(units.need_holding))
    _spans("out_start", units.out_start, len(units), len(units.out_holding))
    _length("need_rate", units.need_rate, len(units.need_holding))
    _length("need_group", units.need_group, len(units.need_holding))
    _length("out_rate", units.out_rate, len(units.out_holding))
    at = [f"{site} {goods}" for site, goods in zip(holdings.site, holdings.goods, strict=True)]
    for name, amounts, names in (
        ("level_kg", holdings.level_kg, at), ("origin", holdings.origin, at), ("floor_kg", holdings.floor_kg, at),
        ("content", holdings.content, at), ("flow", edges.flow, edges.end_user), ("most", edges.most, edges.end_user),
        ("held_kg", edges.held_kg, edges.end_user), ("transit", edges.transit, edges.end_user),
        ("qualified_from", edges.qualified_from, edges.end_user), ("most", units.most, units.name),
        ("need_rate", units.need_rate, ()), ("out_rate", units.out_rate, ()),
    ):  # fmt: skip
        _amounts(name, amounts, names)
    _amounts("residual", np.abs(holdings.residual), at)
    lapses = network.lapses
    if lapses is not None:
        _places("lapses", lapses.edge, links)
        _amounts("lapses", lapses.left_kg, ())
        if (np.diff(lapses.day) < 0).any():
            raise _wrong("lapses", str(list(lapses.day[:3])), "days that rise")
    if network.arrivals is not None:
        _length("arrivals", network.arrivals, links)
        _amounts("arrivals", network.arrivals, edges.end_user)


def check_run(
    network: Network,
    openness: Openness,
    *,
    days: int,
    guarantee: float,
    substitution: float,
    smoothing: float,
    returning: float,
) -> None:
    """UserError for a run that is too large, or whose settings are none."""
    if not 1 <= days <= MOST_DAYS:
        raise UserError(text("a run takes 1 to {most_days} days, not {days}", most_days=MOST_DAYS, days=days))
    cells = days * (len(network.holdings) + len(network.edges) + len(network.units))
    if cells > MOST_CELLS:
        raise UserError(
            text(
                "{days} days of {edges} flows are too many to keep: a shorter horizon",
                days=days,
                edges=len(network.edges),
            )
        )
    for name, share, length in (
        ("edge", openness.edge, len(network.edges)), ("origin", openness.origin, len(network.holdings)),
        ("unit", openness.unit, len(network.units)),
    ):  # fmt: skip
        if share.ndim != 2 or len(share) != length or share.shape[1] < days:
            raise _wrong(f"openness.{name}", str(share.shape), f"({length}, {days})")
        touched = share[(share != 1.0).any(axis=1)]
        if touched.size and not (touched.min() >= 0.0 and touched.max() <= 1.0):
            raise UserError(text("openness.{name} is a share from 0 to 1", name=name))
    capped = openness.capped
    if capped is not None and (capped.shape[0] != len(network.edges) or capped.shape[1] < days):
        raise _wrong("openness.capped", str(capped.shape), f"({len(network.edges)}, {days})")
    for name, value in (("guarantee", guarantee), ("substitution", substitution)):
        if not 0.0 <= value <= 1.0:
            raise UserError(text("{name} is a share from 0 to 1, not {value}", name=name, value=value))
    if not 0.0 <= returning <= _RETURNING_MOST:
        raise UserError(
            text(
                "what waited returns at a share of the base from 0 to {returning_most:g}, not {returning}",
                returning_most=_RETURNING_MOST,
                returning=returning,
            )
        )
    if not 1.0 <= smoothing <= MOST_DAYS:
        raise UserError(text("orders are smoothed over 1 day or more, not {smoothing}", smoothing=smoothing))


def check_draws(draws: int) -> None:
    """UserError for more draws than a run may have, or none."""
    if not 1 <= draws <= MOST_DRAWS:
        raise UserError(text("a run has 1 to {most_draws} draws, not {draws}", most_draws=MOST_DRAWS, draws=draws))


def _length(name: str, values: Any, length: int) -> None:
    if len(values) != length:
        raise _wrong(name, str(len(values)), str(length))


def _places(name: str, values: Ints, most: int) -> None:
    if len(values) and not (values.min() >= 0 and values.max() < most):
        raise _wrong(name, f"{values.min()}–{values.max()}", f"0–{most - 1}")


def _spans(name: str, starts: Ints, rows: int, entries: int) -> None:
    if len(starts) != rows + 1 or starts[0] != 0 or starts[-1] != entries or (np.diff(starts) < 0).any():
        raise _wrong(name, str(list(starts[:3])), f"{rows + 1} rising numbers to {entries}")


def _amounts(name: str, values: Floats | Ints, names: list[str] | tuple[str, ...]) -> None:
    """A number, finite and not negative, in every row."""
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        where = names[row] if row < len(names) and names[row] else str(row)
        value = np.asarray(values)[bad].flat[0]
        raise UserError(
            text(
                "{name} of {where} (row {row}) is {value}: it must be a number that is not negative",
                name=name,
                where=where,
                row=row,
                value=value,
            )
        )


def _wrong(name: str, found: str, wanted: str) -> UserError:
    return UserError(
        text("{name} of the network: {found} found, {wanted} wanted", name=name, found=found, wanted=wanted)
    )
