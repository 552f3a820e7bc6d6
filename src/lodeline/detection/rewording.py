"""How often a sale bears another name than its customer's commonest: what a clerk's slips are, and what is none.

The measure is what other sellers do, or the seller itself where it does so oftener; no rate is asked of a world whose
habits nobody has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

#: Where every other seller writes each sale otherwise, the chance of one more is still not 1.
_MOST: Final = 0.99
#: Times the usual rate: customers differ beyond what their sellers' habits tell (assumption).
_SPREAD: Final = 1.5
#: Share of other sellers whose habit is usual.
_USUAL: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """Seller → sales under another name than the customer's commonest, of how many, and `of_all`; and the least rate
    supposed.

    `weight`: as many sales as say as much of a seller's habit as all others' do.
    """

    counts: Mapping[str, tuple[int, int]]
    of_all: tuple[int, int]
    least: float
    weight: float

    def of_others(self, seller: str) -> tuple[int, int]:
        """The same of all other sellers."""
        (other, sold), own = self.of_all, self.counts.get(seller, (0, 0))
        return other - own[0], sold - own[1]

    def chance(self, seller: str, own: tuple[int, int]) -> float:
        """Of a sale to bear another name. `own`: the seller's count of the group in question, which is left out."""
        other, sold = self.of_others(seller)
        rates = [count[0] / count[1] for one, count in self.counts.items() if one != seller and count[1] >= self.weight]
        # Sellers differ: one in ten may do so oftener than this.
        among = float(np.quantile(rates, _USUAL)) if rates else 0.0
        pooled = max(self.least, other / max(1, sold), among)
        mine = self.counts[seller]
        habit = (mine[0] - own[0] + pooled * self.weight) / (mine[1] - own[1] + self.weight)
        return min(_SPREAD * max(pooled, habit), _MOST)


#: Customer → the days of a seller's sales to it, a day for each.
Days = Mapping[str, Sequence[date]]


def rewording(
    sold: Mapping[str, int],
    groups: Mapping[str, Iterable[Sequence[str]]],
    days: Mapping[str, Days],
    *,
    least: float,
    weight: float,
) -> Rewording:
    """Of how many sales each seller made (`sold`) and the groups of its customers; `days` of those in groups of two or
    more, for one alone has one name."""
    counts = {
        seller: (sum(reworded(days[seller], group)[0] for group in groups[seller] if len(group) > 1), number)
        for seller, number in sold.items()
    }
    of_all = sum(one for one, _ in counts.values()), sum(sold for _, sold in counts.values())
    return Rewording(counts=counts, of_all=of_all, least=least, weight=weight)


def reworded(days: Days, members: Sequence[str], *, meanwhile: bool = False) -> tuple[int, int]:
    """Of the sales to a group: how many under another name than its commonest, and of how many.

    `meanwhile`: between the first and the last under that one alone. Who was renamed is called otherwise afterwards.
    """
    main = max(members, key=lambda one: (len(days[one]), one))
    first, last = min(days[main]), max(days[main])
    others = [day for one in members if one != main for day in days[one] if not meanwhile or first <= day <= last]
    return len(others), len(others) + len(days[main])
