"""How often a visit finds out: beside what theory says, beside the books alone, beside a visit without a plan.

Run: `python benchmarks/visits.py [--visits 4000] [--tuning] [--store] [--write-docs]`; `lodeline bench accountancy`
prints the same. First made-up sites: for whole items absent, parts of items taken or refilled, and a little of every
item, the share of simulated visits that alarm beside the probability of the plan. Then synthetic worlds in which books
are falsified on both sides (`false-declaration`): what the site's own balances show, MUF − D and the one test of MUF
and D after a visit by plan, and the test after a visit that does as much without strata. `--store` takes one world the
whole way: loaded, planned, measured, taken in, verified. Worlds, falsifiers and statistics have one author.
Exit status 1: theory was missed by more than .03, or false alarms exceed the budget.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from labelled.report import aligned, write_between
from visiting.draws import DEFECTS, false_alarms, shown, shown_together, site_of
from visiting.picture import picture
from visiting.visits import Rates, visited
from visiting.worlds import BUDGET, GOAL, MINUTES, Stand, stands

ROOT = Path(__file__).parents[1]
DOCUMENT, PICTURE = ROOT / "docs/explanation/verification.md", ROOT / "docs/pictures/verification-curves.svg"
#: Made-up sites, visits to each, and how far simulation may depart from theory.
SITES, VISITS, WITHIN = 6, 4_000, 0.03
#: What noise of so many visits adds to a rate at the budget.
SLACK = 0.012
FIRMS, VISITS_TO_A_SITE = 120, 400
REPORT, TUNING, STORE = range(3401, 3404), range(3001, 3002), 3302
#: σ of D by which so much is missing in bias defects.
BIASES = (1.5, 3.0)
#: Parts of what lies there that were taken.
ADVERSARIES = ("plain", "adaptive")
PARTS = ((0.0, 0.005), (0.005, 0.02), (0.02, 0.05), (0.05, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A falsified site and how often visits to it alarm: by plan and without, and by plan as if nothing was taken."""

    stand: Stand
    by_plan: Rates
    at_random: Rates
    quiet: Rates


def print_visits(visits: int = VISITS, seeds: Iterable[int] = REPORT, *, write: bool = False) -> bool:
    """Prints both tables; True when no bar is missed."""
    theory, held = theory_table(visits)
    print(f"\n{SITES} made-up sites, {visits:,} visits to each and kind (seed 41): the plan's probability, share found")
    print(aligned(theory))
    seeds = list(seeds)
    found = [one for seed in seeds for one in found_in(seed)]
    quiet = float(np.mean([astuple(one.quiet) for one in found], axis=0).max())
    least = [float(np.mean([getattr(one.stand, f"least_{way}") for one in found])) for way in ("by_plan", "at_random")]
    told = (
        f"{len(found)} falsified sites in worlds of {FIRMS} firms, seeds {seeds[0]}–{seeds[-1]}, {VISITS_TO_A_SITE}"
        f" visits of {MINUTES} minutes to each by either way. World, falsifiers and statistics have one author. Where"
        f" nothing was taken, {quiet:.3f} of the visits alarm at most (budget {BUDGET:g}). Against somebody who knows"
        f" the numbers and takes {GOAL:.0%} of the stock where it shows least, the plan shows it with {least[0]:.2f},"
        f" as many acts without strata with {least[1]:.2f} (theory, mean of the sites)."
    )
    held &= quiet <= BUDGET + SLACK
    kinds, curve = kinds_table(found), curve_table(found)
    print(
        f"\n{told}\n{aligned(kinds)}\n\nBy the part of what is declared that was taken:\n{aligned(curve)}", flush=True
    )
    if write:
        write_between(DOCUMENT, {"visits-theory": aligned(theory), "visits-run": told, "visits-kinds": aligned(kinds),
                                 "visits-curve": aligned(curve)})  # fmt: skip
        PICTURE.write_text(picture([panel_of(found, adversary) for adversary in ADVERSARIES]), "utf-8")
    return held


def print_store() -> None:
    """Visits to the falsified sites of one world through a real store: planned, measured, taken in, verified."""
    from visiting.store import told, visited_in_store  # noqa: PLC0415 (the way of a visit needs a store's services)

    with tempfile.TemporaryDirectory() as room:
        found = visited_in_store(STORE, firms=FIRMS, room=Path(room))
    print(f"\nThrough a store, one visit to each site, world {STORE}, kg of the element of which most was taken")
    print(aligned(told(found)), flush=True)


def theory_table(visits: int) -> tuple[list[list[str]], bool]:
    """(the table, whether every site and kind is within the bar)."""
    random = np.random.default_rng(41)
    sites = [site_of(random) for _ in range(SITES)]
    rates: dict[str, list[tuple[float, float]]] = {}
    for site in sites:
        for kind in DEFECTS:
            rates.setdefault(kind, []).append(shown(site, kind, visits, random))
        for sigmas in BIASES:
            name = f"bias, {sigmas:g} σ of D"
            rates.setdefault(name, []).append(shown_together(site, sigmas, visits, random))
        for name, rate in zip(("nothing, an item", "nothing, D"), false_alarms(site, visits, random), strict=True):
            rates.setdefault(name, []).append((BUDGET, rate))
    table = [["what is falsified", "theory", "simulated", "largest departure"]]
    held = True
    for name, pairs in rates.items():
        theory, simulated = np.array(pairs).T
        excess = simulated - theory if name.startswith("nothing") else np.abs(simulated - theory)
        good = bool(excess.max() <= (SLACK if name.startswith("nothing") else WITHIN))
        held &= good
        table.append([name, f"{theory.mean():.3f}", f"{simulated.mean():.3f}",
                      f"{np.abs(simulated - theory).max():.3f}{'' if good else ' MISSED'}"])  # fmt: skip
    return table, held


def found_in(seed: int) -> list[Found]:
    """Visits to every falsified site of a world."""
    random = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as room:
        return [
            Found(
                stand=stand,
                by_plan=visited(stand, planned=True, falsified=True, visits=VISITS_TO_A_SITE, random=random),
                at_random=visited(stand, planned=False, falsified=True, visits=VISITS_TO_A_SITE, random=random),
                quiet=visited(stand, planned=True, falsified=False, visits=VISITS_TO_A_SITE, random=random),
            )
            for stand in stands(seed, firms=FIRMS, room=Path(room))
        ]


HEAD = (
    "sites",
    "MUF",
    "MUF − D, plan",
    "MUF and D, plan",
    "MUF and D, random",
    "D or an item, plan",
    "D or an item, random",
)


def rates_of(found: Sequence[Found]) -> list[float]:
    """Mean shares of some sites, in the order of HEAD."""
    return [
        float(np.mean(column)) for column in (
            [one.stand.battery for one in found], [one.by_plan.muf_d for one in found],
            [one.by_plan.joint for one in found], [one.at_random.joint for one in found],
            [one.by_plan.visit for one in found], [one.at_random.visit for one in found],
        )
    ]  # fmt: skip


def row_of(name: Sequence[str], found: Sequence[Found]) -> list[str]:
    """A row of a table; without a site there is nothing to say."""
    rates = [f"{rate:.2f}" for rate in rates_of(found)] if found else ["–"] * (len(HEAD) - 1)
    return [*name, str(len(found)), *rates]


def kinds_table(found: Sequence[Found]) -> list[list[str]]:
    """By kind of defect and falsifier."""
    keys = [(kind, adversary) for kind in ("gross", "partial", "bias") for adversary in ADVERSARIES]
    return [["kind", "falsifier", *HEAD]] + [
        row_of(key, [one for one in found if (one.stand.manner, one.stand.adversary) == key]) for key in keys
    ]


def class_name(low: float, high: float) -> str:
    """How a class of parts is called."""
    return f"over {low:.1%}" if high == 1 else f"{low:.1%}–{high:.1%}"


def in_class(found: Sequence[Found], adversary: str, low: float, high: float) -> list[Found]:
    """The sites of a falsifier from which so much was taken."""
    return [one for one in found if one.stand.adversary == adversary and low <= one.stand.part < high]


def curve_table(found: Sequence[Found]) -> list[list[str]]:
    """By the part that was taken of what is declared."""
    return [["taken", "falsifier", *HEAD]] + [
        row_of((class_name(*part), adversary), in_class(found, adversary, *part))
        for adversary in ADVERSARIES for part in PARTS
    ]  # fmt: skip


def panel_of(found: Sequence[Found], adversary: str) -> tuple[str, list[str], list[list[float | None]]]:
    """The curve of a falsifier as the picture has it: without MUF − D."""
    rates = [rates_of(own) if (own := in_class(found, adversary, *part)) else [None] * 6 for part in PARTS]
    lines = [[one[column] for one in rates] for column in (0, 2, 3, 4, 5)]
    return f"{adversary} falsifier", [class_name(*part) for part in PARTS], lines


def main() -> int:
    """Runs what the arguments ask for; the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--visits", type=int, default=VISITS, help="to each made-up site and kind")
    options.add_argument("--tuning", action="store_true", help="the world for tuning and not those of the report")
    options.add_argument("--write-docs", action="store_true", help=f"write the tables into {DOCUMENT.name}")
    options.add_argument("--store", action="store_true", help="nothing but one world through a real store, seed 3302")
    given = options.parse_args()
    if given.store:
        print_store()
        return 0
    return 0 if print_visits(given.visits, TUNING if given.tuning else REPORT, write=given.write_docs) else 1


if __name__ == "__main__":
    sys.exit(main())
