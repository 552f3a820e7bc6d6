"""What the log says of visits, as what is handed in is judged by it: rows, items, bags and analyses that stand.

It is gathered before the log is held, so that nobody waits for it, and brought up to the head once it is: only what
came meanwhile is read then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lodeline.filing.inspection.columns import bag_key
from lodeline.service.inspections.reading import MEASUREMENT, RESULT, Bag, add_to_bags
from lodeline.service.inspections.visits import Inspection, entered, inspections
from lodeline.store.store import Head, Store

#: What an inspector says of an item; the rest of a row is what the books said of it when it was entered.
_SAID: Final = (
    "lot", "place", "event", "outcome", "declared_mg", "mass_mg", "moisture_ppb", "instrument", "calibrated_on",
    "method", "composition", "assay_method", "seal", "note",
)  # fmt: skip
Said = tuple[object, ...]


@dataclass(slots=True, kw_only=True)
class Standing:
    """Of the entries below `size`: `bags` by `bag_key`; `rows` by uid with their entry and what they say; the entry of
    each item (`item_key`); the bag of each part of an item's sample; analyses (`analysis_key`) with their entry and
    figures; how many papers there are of each firm and site."""

    size: int
    bags: dict[str, Bag] = field(default_factory=dict)
    rows: dict[str, tuple[int, Said]] = field(default_factory=dict)
    items: dict[Said, int] = field(default_factory=dict)
    parts: dict[Said, str] = field(default_factory=dict)
    analyses: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    numbers: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)

    @classmethod
    def of(cls, store: Store) -> Standing:
        """As of now."""
        found = cls(size=store.head().size)
        for one in inspections(store):
            if one.entry.index < found.size:
                found._add(one)
        return found

    def upto(self, store: Store, head: Head) -> None:
        """Brings it up to a head that came later."""
        for one in entered(store, self.size, head.size):
            self._add(one)
        self.size = head.size

    def _add(self, one: Inspection) -> None:
        paper, entry = one.paper, one.entry.index
        self.numbers[paper["organisation"], paper["site"]] += 1
        add_to_bags(self.bags, one)
        if one.act == MEASUREMENT:
            visit = (paper["organisation"], paper["site"], paper["on"])
            for row in paper["rows"]:
                self.rows[row["uid"]] = (entry, said(row, paper["samples"]))
                self.items[(*visit, *item_key(row))] = entry
            for sample in paper["samples"]:
                self.parts[(*visit, sample["name"], sample["part"])] = sample["bag"]
        elif one.act == RESULT:
            for row in paper["rows"]:
                self.analyses[analysis_key(row, paper["laboratory"])] = (entry, row["composition"])


def item_key(row: Mapping[str, Any]) -> Said:
    """What tells an item from others of its visit."""
    return row["name"], row["place"], row["event"]


def said(row: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Said:
    """What an inspector says in a row, with its bags."""
    bags = sorted((one["part"], one["bag"]) for one in samples if one["name"] == row["name"])
    return (*(row[name] for name in _SAID), *bags)


def analysis_key(row: Mapping[str, Any], laboratory: str) -> str:
    """What tells an analysis from others: what was analysed, by whom, how and when."""
    what = bag_key(row["bag"]) if row["bag"] else f"= {row['reference_material']}"
    return "\n".join((what, laboratory.casefold(), str(row["method"]), str(row["analysed_on"])))
