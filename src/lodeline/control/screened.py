"""What is known of the parties that a declaration names: each name is looked for once, on the day of its line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lodeline.party.likeness import likeness
from lodeline.party.reasons import threshold
from lodeline.party.screening import Screener, Screening


class Screened:
    """What is known of the parties that a declaration names. `lists`: how many lists were at hand."""

    def __init__(self, screener: Screener, *, lists: int) -> None:
        self._screener = screener
        self.lists = lists
        self._found: dict[tuple[str, str | None, date], Screening] = {}

    def of(self, name: str, *, country: str | None, day: date) -> Screening:
        """What is known of a name on a day."""
        key = (name, country, day)
        if key not in self._found:
            self._found[key] = self._screener.screen(name, day=day, country=country)
        return self._found[key]

    def is_one(self, stated: str, licensed: Sequence[str], *, day: date) -> bool:
        """Whether a name as stated is certainly one of those that are licensed: the same party, or the same name in
        another script. A daughter is another party.
        """
        certain = threshold("certain", day)
        party = self._certain(stated, day, certain)
        return any(
            (party is not None and party == self._certain(one, day, certain))
            or likeness(stated, one).probability >= certain
            for one in licensed
        )

    def _certain(self, name: str, day: date, least: float) -> str | None:
        """The key of the one party that a name certainly is."""
        hits = [hit for hit in self.of(name, country=None, day=day).hits if hit.probability >= least]
        return hits[0].records[0].key if len(hits) == 1 else None
