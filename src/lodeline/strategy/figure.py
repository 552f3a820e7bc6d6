"""What a figure rests on, from the strongest to the weakest.

    exact        a sum of filed rows; its vintage is the entry of the log
    booked       shares of origins: exact arithmetic on the convention that material mixes in proportion
    estimated    a model, or statistics of trade
    assumption   a default of the program, or of a file that a user gave
    synthetic    of an invented world

Beside it stand the figure's `source` and `vintage`, where it is from and of when. An aggregate has the weakest basis of
its parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, get_args

Basis = Literal["exact", "booked", "estimated", "assumption", "synthetic"]
#: From the strongest to the weakest.
BASES: Final[tuple[Basis, ...]] = get_args(Basis)


def weakest(bases: Iterable[Basis]) -> Basis:
    """The basis of what is made of parts with these; exact where there are none."""
    return max(bases, key=BASES.index, default="exact")
