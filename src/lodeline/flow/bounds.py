"""Beside the booked share of an origin, the least and the greatest that conservation of mass allows.

The booked share follows from a convention, mixing in proportion. Nobody files under which custody model a site keeps
its material apart, so the bounds assume none: inputs of an event may have gone to any of its outputs, and any part of
a lot to any of its users, as long as no milligram of the element is made or lost. least ≤ booked ≤ greatest, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodeline.flow.held import held, shape_of
from lodeline.flow.index import FlowIndex
from lodeline.flow.intervals import Groups, Pass, share_intervals
from lodeline.flow.kernels import Floats
from lodeline.flow.programme import exact_shares
from lodeline.flow.walk import Upstream

__all__ = ["EXACT_SIZE", "SIZE_MOST", "Bounds", "Groups", "bounds", "too_many"]

#: Bounds are exact where links behind a lot × groups × elements come to no more: about half a second.
EXACT_SIZE: Final = 50_000
#: The same product up to which bounds are computed at all: about a second.
SIZE_MOST: Final = 250_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """least, greatest: (k, e) shares of each group, in the columns of the walk. `exact`: no tighter bounds hold."""

    least: Floats
    greatest: Floats
    exact: bool


def too_many(walk: Upstream, groups: int) -> bool:
    """Whether so many groups are more than is bounded while somebody waits."""
    return len(walk.reach.link_lot) * groups * len(walk.elements) > SIZE_MOST


def bounds(index: FlowIndex, walk: Upstream, groups: Groups, booked: Floats) -> Bounds:
    """The bounds of each group; `booked` is (k, e) its booked share.

    Exact up to EXACT_SIZE, beyond it from step to step (`intervals`), which is looser.
    """
    exact = len(walk.reach.link_lot) * booked.size <= EXACT_SIZE
    if not booked.size:
        return Bounds(least=booked, greatest=booked, exact=exact)
    shape = shape_of(index, walk)
    masses = tuple(held(index, walk, shape, walk.elements))
    if not exact:
        least, greatest = share_intervals(shape, masses, groups)
    else:
        walked = Pass(shape=shape, masses=masses, groups=groups)
        walked.walked()
        least, greatest = walked.shares()
        for column, of_element in enumerate(masses):
            found = exact_shares(shape, of_element, groups, walked.steps(column)) if exact else None
            if found is None:
                exact = False
            else:
                least[:, column], greatest[:, column] = found
    # A float's last digits must not part a share from a bound that it equals; booked shares may sum to 1 + 2⁻⁵².
    return Bounds(
        least=np.minimum(np.clip(least, 0.0, 1.0), booked),
        greatest=np.maximum(np.clip(greatest, 0.0, 1.0), booked),
        exact=exact,
    )
