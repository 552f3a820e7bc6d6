"""Who belongs to a listed party: chains of half and more, as they stood on a day.

A firm counts as the listed party's where listed parties together own at least half of it, directly or through firms
that count themselves. Shares of several listed owners add up. Facts are dated; an unknown share is none.
Source: the aggregate 50 percent rule of OFAC's guidance of 13 August 2014, applied by the list's own threshold, which
is data of the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

#: No chain of owners is followed further up: rings would be gone round and round.
_DEEPEST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """`owner` holds `share` (0 to 1; None is not known) of `owned` from one day to another, both included."""

    owner: str
    owned: str
    share: Fraction | None
    since: date | None = None
    until: date | None = None

    def stands(self, day: date) -> bool:
        """Whether it stood on the day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """`firm` counts as listed: `links` are the stakes of owners that are listed or belong, `share` their sum."""

    firm: str
    share: Fraction
    links: tuple[Stake, ...]


def belonging(
    stakes: Iterable[Stake], *, listed: Collection[str], day: date, threshold: Fraction = Fraction(1, 2)
) -> dict[str, Belonging]:
    """Firm → why it counts as listed, for every firm that is not listed itself. Rings of owners end: each firm is
    counted once, when what is held of it first reaches the threshold.
    """
    standing: dict[str, list[Stake]] = defaultdict(list)
    for stake in stakes:
        if stake.stands(day) and stake.share is not None and stake.owner != stake.owned:
            standing[stake.owner].append(stake)
    found: dict[str, Belonging] = {}
    held: dict[str, list[Stake]] = defaultdict(list)
    waiting = sorted(listed)
    seen = set(waiting)
    while waiting:
        owner = waiting.pop(0)
        for stake in sorted(standing[owner], key=lambda one: one.owned):
            firm = stake.owned
            if firm in seen:
                continue
            held[firm].append(stake)
            share = sum((one.share for one in held[firm] if one.share is not None), Fraction(0))
            if share >= threshold:
                found[firm] = Belonging(firm=firm, share=share, links=tuple(held[firm]))
                seen.add(firm)
                waiting.append(firm)
    return found


def chain(firm: str, belongings: dict[str, Belonging]) -> list[Stake]:
    """The stakes from a listed party down to the firm by its largest links; empty where it does not belong."""
    links: list[Stake] = []
    while firm in belongings:
        largest = max(belongings[firm].links, key=lambda one: (one.share or Fraction(0), one.owner))
        links.insert(0, largest)
        firm = largest.owner
    return links


def controllers(stakes: Iterable[Stake], *, day: date, threshold: Fraction = Fraction(1, 2)) -> dict[str, str]:
    """Firm → who at the top of its chain holds at least `threshold` of it, directly or through firms that it holds so.

    Of two with half each there is no one; nor where a ring of owners has no top.
    """
    held: dict[str, list[tuple[str, Fraction]]] = defaultdict(list)
    for stake in stakes:
        if stake.stands(day) and stake.share is not None and stake.owner != stake.owned:
            held[stake.owned].append((stake.owner, stake.share))
    tops: dict[str, str] = {}
    for _ in range(min(len(held), _DEEPEST)):
        after = {firm: top for firm in held if (top := _largest(firm, held[firm], tops, threshold)) is not None}
        if after == tops:
            break
        tops = after
    # Whoever counts as held is no top; what still leads to one is a ring.
    return {firm: top for firm, top in tops.items() if top not in tops}


def _largest(
    firm: str, owners: Iterable[tuple[str, Fraction]], tops: dict[str, str], threshold: Fraction
) -> str | None:
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for owner, share in owners:
        sums[tops.get(owner, owner)] += share
    most = max(sums.values())
    first = [top for top, share in sums.items() if share == most and top != firm]
    return first[0] if most >= threshold and len(first) == 1 else None
