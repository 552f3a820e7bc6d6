"""How much each detector finds, at what cost in false findings, and what plainer methods find at the same cost.

Synthetic worlds with planted loopholes, and others with natural dirt alone, are written and looked at by the detectors
of the program; findings are matched with what was planted. Printed for each detector: recall of all plants and of the
large ones with 95 % intervals, false findings per 200 site-years of honest firms, months until a finding could be made;
recall by size and by manner; and the peers in the same run: a plain 3σ rule on every balance, an isolation forest and
ECOD on the same features, at equal false alarms.

    python benchmarks/detection.py [--profile both|default|stranger] [--tuning] [--firms 400] [--months 24]

Both profiles of the synthetic world are tried (docs/reference/world.md). Whoever changes a detector looks at the
tuning seeds (`--tuning`); those of the report are for what is published, at most three times each. `--quick` tries two
small worlds of each profile and judges nothing. `--write-docs` puts the tables into docs/explanation/detection.md.
`--match TRUTH FINDINGS` matches the document of `lodeline findings --json` with the truth file of a world, and nothing
else. A run that was stopped goes on where it was: each world's answer is kept in `--work`, and `--pool` counts all that
were kept of these firms and months by the same code, whichever runs tried them. Exit status 1: a bar was missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

# Two worlds are tried at a time; a frame library that takes every core for each would only get in its own way.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from labelled.curves import picture
from labelled.matching import by_its_detector, match_documents, planted
from labelled.report import TABLES, aligned, share, weakest, write_between
from labelled.tally import SHUFFLES, Tally, mean_recall, read, recall, tally
from labelled.trial import Ask, run
from lodeline.world import DEFAULT, PROFILES

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/explanation/detection.md"
PICTURE = ROOT / "docs/pictures/detection-curves.svg"
#: What is asked of a full run: mean recall of large plants, so many of each kind, shuffled labels at one half.
MEAN_RECALL, LARGE_PLANTS, OFF_HALF = 0.85, 30, 0.01
#: And in every profile: recall of large plants of each detector, false findings of all together in 20 site-years.
LEAST_RECALL, TOGETHER = 0.7, 1.0
#: Profile → seeds of worlds with plants and without: for the report, for tuning, for a quick look.
SEEDS = {
    "default": {"report": ("1301-1309", "1351-1352"), "tuning": ("411-416", "461-462"), "quick": ("401", "451")},
    "stranger": {"report": ("2301-2309", "2351-2354"), "tuning": ("2401-2406", "2451-2452"), "quick": ("2491", "2495")},
}
#: Whose worlds and plants these are: printed with every figure.
WHOSE = {
    "default": "the world that the detectors were made on; its plants and the detectors share an author",
    "stranger": "a world of other habits; its plants and the detectors share an author all the same",
}


def main() -> int:
    """Runs what the arguments ask for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=("both", *PROFILES), default="both", help="whose habits the firms have")
    parser.add_argument("--tuning", action="store_true", help="the seeds for tuning and not those of the report")
    parser.add_argument("--seeds", help="worlds with plants, of one profile: seeds as 901-909 or 901,905")
    parser.add_argument("--clean-seeds", help="worlds with natural dirt alone")
    parser.add_argument("--firms", type=int, default=400)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--quick", action="store_true", help="two worlds of 40 firms and 6 months a profile")
    parser.add_argument("--work", type=Path, default=ROOT / "var/bench-detection", help="where answers are kept")
    parser.add_argument("--keep", action="store_true", help="keep the dossiers as well, for the next detector")
    parser.add_argument("--ledger", action="store_true", help="post every filing to a ledger first (ten times as long)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pool", action="store_true", help="count every answer that was kept, beside the seeds named")
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {DOCUMENT.name}")
    parser.add_argument("--match", nargs=2, type=Path, metavar=("TRUTH", "FINDINGS"))
    given = parser.parse_args()
    if given.match:
        return print_match(*given.match)
    if given.profile == "both" and (given.seeds is not None or given.clean_seeds is not None):
        parser.error("seeds are of one profile: name it with --profile")
    if given.quick:
        given.firms, given.months = 40, 6
    kept = [try_profile(profile, given) for profile in (PROFILES if given.profile == "both" else (given.profile,))]
    return max(kept)


def try_profile(profile: str, given: argparse.Namespace) -> int:
    """Tries the worlds of one profile and prints what they show; the exit status."""
    chosen = SEEDS[profile]["quick" if given.quick else "tuning" if given.tuning else "report"]
    seeds, clean_seeds = (
        default if asked is None else asked
        for asked, default in zip((given.seeds, given.clean_seeds), chosen, strict=True)
    )
    asks = [
        Ask(
            seed=seed,
            firms=given.firms,
            months=given.months,
            clean=clean,
            work=given.work,
            keep=given.keep,
            ledger=given.ledger,
            profile=profile,
        )
        for text, clean in ((seeds, False), (clean_seeds, True))
        for seed in seeds_of(text)
    ]
    if given.pool:
        like = Ask(
            seed=0, firms=given.firms, months=given.months, clean=False, work=given.work, keep=given.keep,
            profile=profile,
        )  # fmt: skip
        asks, seeds, clean_seeds = pooled(asks, like)
    began = time.monotonic()
    print(
        f"\nProfile {profile}: {WHOSE[profile]}.\n"
        f"{len(asks)} worlds of {given.firms} firms × {given.months} months, seeds {seeds} with plants and"
        f" {clean_seeds} without; {machine()}",
        flush=True,
    )
    try:
        try_all(asks, given.processes)
    except KeyboardInterrupt:
        print(f"\nStopped. What was tried is kept in {given.work}; the same command goes on.", file=sys.stderr)
        return 130
    found = tally([read(ask.result) for ask in asks])
    print_tables(found, profile)
    verdict = judge(found)
    print("\n".join(["", *verdict]))
    print(f"\n{time.monotonic() - began:.0f} s; {machine()}")
    if given.write_docs:
        write_document(found, profile, told(found, given, profile, seeds, clean_seeds))
    return 0 if given.quick or all("MISSED" not in line for line in verdict) else 1


def write_document(found: Tally, profile: str, run_told: str) -> None:
    """Puts the tables of a profile, and the curves of the default one, where the document has them."""
    parts = {name: aligned(table(found)) for name, table in TABLES.items()} | {"run": run_told}
    if profile == DEFAULT:
        PICTURE.write_text(picture(found), "utf-8")
    else:
        parts = {f"{profile}-{name}": text for name, text in parts.items() if name not in ("peers", "manners")}
    write_between(DOCUMENT, parts)
    print(f"Wrote {DOCUMENT.relative_to(ROOT)}.")


def pooled(asks: list[Ask], like: Ask) -> tuple[list[Ask], str, str]:
    """The worlds named and all that were tried before `like` this one, with the seeds of both kinds as text."""
    named = {ask.name: ask for ask in asks}
    for path in sorted(like.result.parent.glob(f"*-{like.firms}x{like.months}.json")):
        kind, seed, _ = path.stem.split("-")
        other = replace(like, seed=int(seed), clean=kind.endswith("clean"))
        if other.name == path.stem:
            named.setdefault(other.name, other)
    every = sorted(named.values(), key=lambda ask: (ask.clean, ask.seed))
    planted, clean = (", ".join(str(ask.seed) for ask in every if ask.clean == kind) for kind in (False, True))
    return every, planted, clean


def seeds_of(text: str) -> list[int]:
    """`901-903,910` → 901, 902, 903, 910; nothing of nothing."""
    seeds: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def machine() -> str:
    """What the figures were taken on, and what else it was doing."""
    busy = f"load {os.getloadavg()[0]:.1f}"
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {busy}"


def try_all(asks: list[Ask], processes: int) -> None:
    """Tries every world that has no answer yet, so many at a time, and says how far it is."""
    left = [ask for ask in asks if not ask.result.is_file()]
    if len(left) < len(asks):
        print(f"{len(asks) - len(left)} of them were tried before.", flush=True)
    done = len(asks) - len(left)
    if processes < 2 or len(left) < 2:
        for ask in left:
            done += 1
            print(f"  {done}/{len(asks)} {run(ask)}", flush=True)
        return
    context = multiprocessing.get_context("spawn")
    # A process for each world gives its memory back; Ctrl-C reaches all of them, and ends these without a word.
    with ProcessPoolExecutor(
        max_workers=processes, mp_context=context, max_tasks_per_child=1, initializer=end_at_once
    ) as pool:
        futures = [pool.submit(run, ask) for ask in left]
        try:
            for future in as_completed(futures):
                done += 1
                print(f"  {done}/{len(asks)} {future.result()}", flush=True)
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def end_at_once() -> None:
    """Ctrl-C ends a process that tries a world; what it had is begun anew."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))


def print_tables(found: Tally, profile: str) -> None:
    """All tables, as they would stand in the document."""
    titles = {
        "detectors": f"Each detector, over {found.site_years:,.0f} site-years of honest firms",
        "sizes-of-mass": "Recall by size, loopholes of mass (σ of one month's balance of the site, in all)",
        "sizes": "Recall by size, the others (thirds of the range of sizes, logarithmic)",
        "peers": "Recall of large plants at equal false alarms",
        "manners": "Recall by manner",
    }
    for name, table in TABLES.items():
        print(f"\n{titles[name]}\nProfile {profile}: {WHOSE[profile]}.\n{aligned(table(found))}", flush=True)
    if found.idle:
        idle = ", ".join(f"{name} {count}" for name, count in sorted(found.idle.items()) if count)
        print(f"\nAsked for and not planted, because nothing happened there that it could use: {idle or 'none'}")
    weak = ", ".join(row.detector for row in weakest(found))
    print(f"\nBelow {share(MEAN_RECALL)} of their large plants: {weak or 'none'}")


def judge(found: Tally) -> list[str]:
    """The bars, one a line; a line with MISSED was missed."""
    mean = mean_recall(found)
    lines = [f"Mean recall of large plants {share(mean)} (bar {share(MEAN_RECALL)})" + missed(mean >= MEAN_RECALL)]
    loud = [row for row in found.rows if row.false_per_200_site_years > 1]
    lines.append(
        f"False findings per 200 site-years above 1: {', '.join(row.detector for row in loud) or 'none'}"
        + missed(not loud)
    )
    low = [row for row in found.rows if row.strong and recall(row.strong) < LEAST_RECALL]
    told_low = ", ".join(f"{row.detector} {share(recall(row.strong))}" for row in low)
    lines.append(f"Below {share(LEAST_RECALL)} of their large plants: {told_low or 'none'}" + missed(not low))
    together = found.false_per_20_site_years
    lines.append(
        f"False findings of all detectors together in 20 site-years: {together:.2f} (budget {TOGETHER:g})"
        + missed(together <= TOGETHER)
    )
    lines.append(f"Wrong lines of duties and papers in 20 site-years: {found.wrong_duties_per_20_site_years:.2f}")
    lines.append(f"Findings in a year of a nation without plants, mean: {found.in_a_clean_year:.1f}")
    lines.append(f"Lower bounds at honest sites that never counted, which have no error: {found.bounds}")
    few = [row for row in found.rows if row.plants and len(row.strong) < LARGE_PLANTS]
    told_few = ", ".join(f"{row.detector} ({len(row.strong)})" for row in few)
    lines.append(f"Fewer than {LARGE_PLANTS} large plants: {told_few or 'none'}" + missed(not few))
    shuffled = [row.shuffled for row in found.rows if row.plants]
    middle = sum(shuffled) / len(shuffled) if shuffled else 0.5
    lines.append(
        f"Mean AUC with labels dealt out anew {SHUFFLES} times: {middle:.4f} (bar .50 ± {OFF_HALF})"
        + missed(abs(middle - 0.5) <= OFF_HALF)
    )
    return lines


def missed(good: bool) -> str:
    """Nothing, or that a bar was missed."""
    return "" if good else "  MISSED"


def told(found: Tally, given: argparse.Namespace, profile: str, seeds: str, clean_seeds: str) -> str:
    """The paragraph of the document that says what was run."""
    plants = sum(len(row.plants) for row in found.rows)
    return (
        f"Profile {profile}: {WHOSE[profile]}."
        f" Synthetic worlds of {given.firms} firms × {given.months} months, of {'tuning' if given.tuning else 'report'}"
        f" seeds {seeds} with {plants} plants and {clean_seeds} with natural dirt alone; {found.site_years:,.0f}"
        f" site-years of honest firms. {' '.join(line + '.' for line in judge(found))}"
    )


def print_match(truth: Path, findings: Path) -> int:
    """Each plant with the findings that answer it, then how many answer none. 1: none of the plants was found."""
    known = json.loads(truth.read_text("utf-8"))
    matched = match_documents(known, json.loads(findings.read_text("utf-8")))
    hits = 0
    for item in known["planted"]:
        plant = planted(item)
        own, seen = by_its_detector(matched, plant), matched.found[plant.id]
        hits += bool(own)
        others = ", ".join(sorted({one.detector for one in seen} - {plant.loophole}))
        print(
            f"{plant.id} {plant.loophole:<20} {item['subjects']['organisation']:<9} {item['period']['from']}"
            f" … {item['period']['to']}  {'found' if own else 'not found':<9}{f'  also {others}' if others else ''}"
        )
    print(f"{hits} of {len(known['planted'])} plants found by their own detector;"
          f" {len(matched.false)} findings answer no plant.")  # fmt: skip
    return 0 if hits or not known["planted"] else 1


if __name__ == "__main__":
    sys.exit(main())
