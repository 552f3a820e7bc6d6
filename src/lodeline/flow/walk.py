"""One lot's whole past or whole future, with the share of each element in every lot on the way.

Material mixes in proportion: what an event makes is, element by element, the average of what it consumed,
weighted by element mass. Shares are always of the whole walk; how much of it is shown is another question.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.compiled import are_loaded
from lodeline.flow import kernels, sweeps
from lodeline.flow.index import FlowIndex

#: Links that a process walks in sweeps before it loads the kernels: about as long as the loading takes (half a second).
#: A walk costs as much as so many links, however few it has.
_SWEPT_MOST: Final = 600_000
_SWEPT_LEAST: Final = 1_000
_swept = 0

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upstream:
    """Lots that went into an asked lot, in places of which 0 is the asked lot.

    `share`, `unaccounted`: (p, e) parts of the asked lot's element: came through the lot; is known to come from
    nowhere but the lot (only where explained, else no rows). `order`: the places by falling time, then lot.
    """

    elements: tuple[str, ...]
    reach: kernels.Ancestry
    order: Places
    share: kernels.Floats
    unaccounted: kernels.Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Downstream:
    """Lots that an asked lot went into; `share` (p, e) is which part of its element did. `order`: by time, then lot."""

    elements: tuple[str, ...]
    reach: kernels.Descent
    order: Places
    share: kernels.Floats


def upstream(index: FlowIndex, lot: int, *, explain: bool = False) -> Upstream:
    """Walk back from a lot to its origins; `explain` also says what has no known origin."""
    elements, column = index.element_columns(lot)
    walker = walking()
    reach = walker.ancestors(index.graph, lot)
    spend(len(reach.link_lot))
    event_order = np.argsort(index.graph.rank[reach.events])[::-1]
    share, unaccounted = walker.upstream_shares(index.graph, reach, event_order, column, explain)
    order = _order(reach.made_time, reach.lots, falling=True)
    return Upstream(elements=elements, reach=reach, order=order, share=share, unaccounted=unaccounted)


def downstream(index: FlowIndex, lot: int) -> Downstream:
    """Walk forward from a lot to everything made with it."""
    elements, column = index.element_columns(lot)
    walker = walking()
    reach = walker.descendants(index.graph, lot)
    spend(len(reach.use_event))
    event_order = np.argsort(index.graph.rank[reach.events])
    share = walker.downstream_shares(index.graph, reach, event_order, column)
    order = _order(index.graph.lots["made_time"][reach.lots], reach.lots, falling=False)
    return Downstream(elements=elements, reach=reach, order=order, share=share)


def walking() -> ModuleType:
    """What walks: sweeps in a process that has hardly walked, where nothing else has loaded the kernels."""
    plain = not kernels.COMPILED or (_swept < _SWEPT_MOST and not are_loaded())
    return sweeps if plain else kernels


def spend(links: int) -> None:
    """Counts what was swept, in links of a walk."""
    global _swept  # noqa: PLW0603  (threads may lose a count, which is no matter)
    _swept += links + _SWEPT_LEAST


def _order(made_time: kernels.Int32s, lots: kernels.Int32s, *, falling: bool) -> Places:
    """Places by the time of the making event, then by lot; lots that nobody made come before all others."""
    time = made_time.astype(np.int64)
    # One integer holds both keys, so that one fast sort does; a lot occurs once, so there are no ties.
    return np.argsort(((-time if falling else time) << 32) + lots)
