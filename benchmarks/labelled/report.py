"""The tables as they are printed and as they stand in the document: one text for both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from labelled.chance import poisson, wilson
from labelled.peers import PEERS
from labelled.plan import OF_MASS
from labelled.sizes import CLASSES, THIRDS
from labelled.tally import Plant, Row, Tally, recall
from lodeline.detection.alarm import FALSE_FINDINGS_PER_SITE_YEAR

Table = list[list[str]]


def share(value: float) -> str:
    """`.85`, `1.00`, or a dash where there is nothing to tell."""
    return "–" if math.isnan(value) else f"{value:.2f}".removeprefix("0")


def _with_interval(plants: Sequence[Plant]) -> str:
    if not plants:
        return "–"
    low, high = wilson(sum(bool(one.hits) for one in plants), len(plants))
    return f"{share(recall(plants))} ({share(low)}–{share(high)})"


def main_table(found: Tally) -> Table:
    """Each detector: plants, recall with interval, false findings, delay, area under the curve."""
    table = [["detector", "plants", "large", "recall of large", "recall of all", "seen by any",
              "false in 200 site-years", "in a clean year", "months", "AUC"]]  # fmt: skip
    for row in found.rows:
        low, high = (bound / (row.site_years * FALSE_FINDINGS_PER_SITE_YEAR) for bound in poisson(row.false))
        seen = [bool(one.hits or one.other_hits) for one in row.plants]
        table.append([
            f"`{row.detector}`", str(len(row.plants)), str(len(row.strong)), _with_interval(row.strong),
            _with_interval(row.plants), share(sum(seen) / len(seen)) if seen else "–",
            f"{row.false_per_200_site_years:.2f} ({low:.2f}–{high:.2f})",
            "–" if math.isnan(row.in_a_clean_year) else f"{row.in_a_clean_year:g}",
            "–" if row.months_to_detection is None else f"{row.months_to_detection:g}",
            share(row.area) if row.plants else "–",
        ])  # fmt: skip
    return table


def size_table(found: Tally, *, of_mass: bool) -> Table:
    """Recall by size; `of_mass` chooses the loopholes that are sized in σ."""
    classes = CLASSES if of_mass else THIRDS
    table = [["detector", *classes]]
    for row in found.rows:
        if row.plants and (row.detector in OF_MASS) == of_mass:
            parts = [[one for one in row.plants if one.size_class == name] for name in classes]
            table.append([f"`{row.detector}`", *(f"{share(recall(part))} of {len(part)}" for part in parts)])
    return table


def manner_table(found: Tally) -> Table:
    """Recall by manner, and by kind of adversary."""
    table = [["detector", "manner", "plants", "recall", "plain", "adaptive"]]
    for row in found.rows:
        for manner in sorted({one.manner for one in row.plants}):
            own = [one for one in row.plants if one.manner == manner]
            by = [[one for one in own if one.adversary == kind] for kind in ("plain", "adaptive")]
            table.append([f"`{row.detector}`", manner, str(len(own)), share(recall(own)),
                          *(share(recall(part)) for part in by)])  # fmt: skip
    return table


def peer_table(found: Tally) -> Table:
    """Recall of large plants at equal false alarms, and how many times that of the best peer it is."""
    names = [name for name in PEERS if name in found.peers_together]
    table = [["detector", "itself", *names, "over the best peer"]]
    rows = [(f"`{row.detector}`", recall(row.strong), row.peers) for row in found.rows if row.strong]
    for name, own, peers in [*rows, ("all together", found.together, found.peers_together)]:
        best = max((peers[peer] for peer in names), default=math.nan)
        ratio = "–" if math.isnan(best) else f"{own / best:.1f}×" if best > 0 else "none found"
        table.append([name, share(own), *(share(peers[peer]) for peer in names), ratio])
    return table


def aligned(table: Table) -> str:
    """A Markdown table whose columns stand under each other; numbers flush right."""
    wide = [max(_width(row[place]) for row in table) for place in range(len(table[0]))]

    def line(row: list[str]) -> str:
        cells = [
            cell + " " * (wide[place] - _width(cell)) if place == 0 else " " * (wide[place] - _width(cell)) + cell
            for place, cell in enumerate(row)
        ]
        return f"| {' | '.join(cells)} |"

    rule = "|".join("-" * (width + 2) if place == 0 else "-" * (width + 1) + ":" for place, width in enumerate(wide))
    return "\n".join([line(table[0]), f"|{rule}|", *map(line, table[1:])])


def _width(text: str) -> int:
    return len(text)


TABLES: dict[str, Callable[[Tally], Table]] = {
    "detectors": main_table,
    "sizes-of-mass": lambda found: size_table(found, of_mass=True),
    "sizes": lambda found: size_table(found, of_mass=False),
    "peers": peer_table,
    "manners": manner_table,
}


def write_between(path: Path, parts: dict[str, str]) -> None:
    """Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->` for each part; every marker must be there."""
    text = path.read_text("utf-8")
    for name, content in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        assert opened and closed, f"{path} has no place for {name}"
        text = f"{before}{begin}{content}\n{end}{after}"
    path.write_text(text, "utf-8")


def weakest(found: Tally) -> list[Row]:
    """Detectors that find fewer than 85 in 100 of their large plants, weakest first."""
    low = [row for row in found.rows if row.strong and recall(row.strong) < 0.85]
    return sorted(low, key=lambda row: recall(row.strong))
