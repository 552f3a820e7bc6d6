"""Learns `src/lodeline/data/party/shortening.csv`: how often firms shorten words of their names in which way, and in
`shortened_trades.csv` to which letters they shorten a branch of trade.

    python benchmarks/names/shortened.py

Learned on `acronyms.csv`, names in hanzi with the letters that are usual for them, written from general knowledge, by
expectation and maximisation over all ways to come from a name to its letters. Letters to which no way comes say
nothing. None of these firms stands in a list on which weights are fitted or anything is tested.

Source: Dempster, Laird and Rubin (1977), Maximum likelihood from incomplete data via the EM algorithm, JRSS B 39(1).
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from lodeline.party.name import parsed
from lodeline.party.shortening import Seen, Shares, Slot, odds, slots_of

ACRONYMS: Final = Path(__file__).parent / "acronyms.csv"
TABLE: Final = Path(__file__).parents[2] / "src/lodeline/data/party/shortening.csv"
OF_TRADES: Final = TABLE.with_name("shortened_trades.csv")
ROUNDS: Final = 40
#: How many sightings of each way are added to those that were seen.
DOUBT: Final = 0.5
#: Letters that were seen less often say nothing.
LEAST: Final = 0.1


Known = tuple[str, list[tuple[Slot, ...]]]


def main() -> int:
    """Writes the tables anew; the exit status."""
    known = names()
    shares, seen, reached = learned(known)
    _written(TABLE, ("word", "way", "share"), ((*one, f"{share:.4f}") for one, share in sorted(shares.items())))
    _written(
        OF_TRADES,
        ("trade", "letters", "seen"),
        (
            (trade, letters, f"{count:.2f}")
            for trade, some in sorted(seen.items())
            for letters, count in sorted(some.items())
            if count >= LEAST
        ),
    )
    print(f"learned {len(shares)} shares of {reached} names that are shortened in some way, of {len(known)}: {TABLE}")
    return 0


def _written(table: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def names() -> list[Known]:
    """First letters that are known, each with the words of its name."""
    with ACRONYMS.open(encoding="utf-8", newline="") as stream:
        return [words_of(row["letters"].lower(), row["firm"]) for row in csv.DictReader(stream)]


def words_of(letters: str, name: str) -> Known:
    """The letters, with the words of the name in all ways to part it."""
    return letters, [slots_of(part) for part in parsed(name).every]


def learned(known: Sequence[Known]) -> tuple[Shares, Seen, int]:
    """Shares and sightings from a start that knows none, and of how many names some way leads to their letters."""
    shares: Shares = {
        (slot.kind, way): 1.0 for _, every in known for slots in every for slot in slots for way, _ in slot.ways
    }
    seen: Seen = {}
    reached = 0
    for _ in range(ROUNDS):
        shares, seen, reached = _round(known, shares, seen)
    return shares, seen, reached


def _round(known: Sequence[Known], shares: Shares, seen: Seen) -> tuple[Shares, Seen, int]:
    """Shares and sightings as they are likeliest by those before."""
    taken: Shares = defaultdict(lambda: DOUBT)
    might: Shares = defaultdict(lambda: DOUBT)
    found: Seen = defaultdict(lambda: defaultdict(float))
    reached = 0
    for letters, every in known:
        likely, counts = max((_counted(letters, slots, shares, seen) for slots in every), key=lambda one: one[0])
        reached += likely > 0
        for slot, some in counts:
            for trade in slot.concepts:
                for told, count in some.items():
                    found[trade][told] += count
            whole = sum(shares[slot.kind, way] for way, _ in slot.ways)
            of_way = {
                way: {one: shares[slot.kind, way] / whole / len(those) for one in those} for way, those in slot.ways
            }
            for way, those in of_way.items():
                might[slot.kind, way] += 1 / whole
                for one, share in those.items():
                    taken[slot.kind, way] += some[one] * share / sum(other.get(one, 0.0) for other in of_way.values())
    # Shares of a word are told beside each other alone.
    fresh = {one: taken[one] / might[one] for one in shares}
    total: dict[str, float] = defaultdict(float)
    for (word, _), share in fresh.items():
        total[word] += share
    return {(word, way): share / total[word] for (word, way), share in fresh.items()}, found, reached


def _counted(
    letters: str, slots: tuple[Slot, ...], shares: Shares, seen: Seen
) -> tuple[float, list[tuple[Slot, dict[str, float]]]]:
    """How likely the letters are, and for each word how likely it was shortened to which of them."""
    size = len(letters)
    every = [odds(slot, shares, seen) for slot in slots]
    forward = [[1.0] + [0.0] * size]
    for some in every:
        forward.append([0.0] * (size + 1))
        for one, share in some.items():
            for at in range(size + 1 - len(one)):
                if letters.startswith(one, at):
                    forward[-1][at + len(one)] += forward[-2][at] * share
    likely = forward[-1][size]
    if not likely:
        return 0.0, []
    backward, counts = [0.0] * size + [1.0], []
    for slot, some, before in zip(reversed(slots), reversed(every), reversed(forward[:-1]), strict=True):
        row, found = [0.0] * (size + 1), dict.fromkeys(some, 0.0)
        for one, share in some.items():
            for at in range(size + 1 - len(one)):
                if letters.startswith(one, at):
                    row[at] += share * backward[at + len(one)]
                    found[one] += before[at] * share * backward[at + len(one)] / likely
        backward = row
        counts.append((slot, found))
    return likely, counts


if __name__ == "__main__":
    sys.exit(main())
