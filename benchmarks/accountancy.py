"""How much a run of balances can show, how often it cries wolf, and how fast; beside a plain three-sigma rule.

Run: `python benchmarks/accountancy.py [--years 200000] [--sites 2000] [--speed]`. For the two reference plants of
`docs/explanation/accountancy.md` it prints the detection probability of the battery, of the same single tests combined
by their smallest p, and of the rule "some month beyond 3σ", which everybody can do in a spreadsheet, with the ceiling
that no test can pass; the false-alarm rates, also with misstated uncertainties; the published answers of
reconciliation; what planned visits show; and the time of a national
ledger. It fails when a bar is missed. All plants are synthetic.

`--thresholds FILE` writes the reference table `battery_thresholds.csv` anew instead.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

# Run by name it does not stand in its own folder.
sys.path.insert(0, str(Path(__file__).parent))

from lodeline.accountancy.balance import reckon
from lodeline.accountancy.battery import BATTERY, SEED, battery, null_distribution
from lodeline.accountancy.covariance import runs_of
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.accountancy.reconciliation import locate, reconcile
from lodeline.accountancy.sequential import PAGE_REFERENCES, ceiling
from lodeline.ledger.register import TABLES
from lodeline.material.element import RARE_EARTHS, SYMBOLS
from verification import print_plans
from verified_sigma import print_verified_sigma

Floats = npt.NDArray[np.float64]

MONTHS, BUDGET = 12, 0.05
#: Plant, months and size of the loss in monthly σ, and the power that a smallest-p combination was designed to reach.
ROWS = (("A", 1, 3.3, 0.80), ("A", 4, 5.0, 0.57), ("A", 4, 8.0, 0.97), ("A", 12, 8.0, 0.13), ("C", 12, 8.0, 0.78),
        ("C", 1, 3.3, 0.0), ("C", 4, 5.0, 0.0))  # fmt: skip
SINGLE_TESTS = [name for name in BATTERY if name in ("glr", "single", "annual", "cumuf") or name.startswith("page")]
#: Of two free cores; on a busy machine the processor time says what they would have taken at best.
NATION_SECONDS = 10.0
LONGEST, PAGE_RUNS, PAGE_SEED, BATTERY_DRAWS = 60, 1_000_000, 20_260_525, 400_000
BATTERY_BUDGETS = (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0001)
PAGE_BUDGETS = (0.05, 0.01, 0.005, 0.001)
NETWORKS = ("dovi-solisio-2001", "yang-1995", "serth-heenan-1986")


def plant(systematic_t: float) -> Floats:
    """100 t in and out a month in ten batches of 1.5 % each, 40 t of stock at 1 %; covariance in t²."""
    neighbours = np.eye(MONTHS, k=1) + np.eye(MONTHS, k=-1)
    return 0.77 * np.eye(MONTHS) - 0.16 * neighbours + 2 * systematic_t**2


PLANTS = {"A": plant(0.5), "C": plant(0.0)}


def clean(covariance: Floats, years: int, random: np.random.Generator) -> Floats:
    """Years in which nothing is missing."""
    return random.standard_normal((years, MONTHS)) @ np.linalg.cholesky(covariance).T


def lossy(covariance: Floats, years: int, months: int, mass: float, random: np.random.Generator) -> Floats:
    """Years with a mass lost evenly over neighbouring months, each start as likely."""
    begin = random.integers(0, MONTHS - months + 1, years)[:, None]
    place = np.arange(MONTHS)
    return clean(covariance, years, random) + ((place >= begin) & (place < begin + months)) * mass / months


def alarm_rate(result: pl.DataFrame) -> float:
    """Share of runs that alarm on a side."""
    return float(result["alarm"].to_numpy().reshape(-1, 2).any(axis=1).mean())


def two_sided(result: pl.DataFrame) -> Floats:
    """The single tests of each run, larger side, (tests, runs)."""
    return np.stack([result[name].to_numpy().reshape(-1, 2).max(axis=1) for name in SINGLE_TESTS])


def smallest_p(null: Floats, tested: Floats) -> Floats:
    """The smallest p of the single tests, each against its own null distribution."""
    ranks = [
        (1 + len(clean_of) - np.searchsorted(np.sort(clean_of), found)) / (1 + len(clean_of))
        for clean_of, found in zip(null, tested, strict=True)
    ]
    smallest: Floats = np.min(ranks, axis=0)
    return smallest


def largest_z(muf: Floats, covariance: Floats) -> Floats:
    """|MUF| / σ of the worst month."""
    worst: Floats = np.abs(muf / np.sqrt(np.diag(covariance))).max(axis=1)
    return worst


def print_power(years: int) -> bool:
    """Detection probabilities of the battery and its peers, all two-sided; True when no bar is missed."""
    random, held = np.random.default_rng(1), True
    null: dict[str, tuple[Floats, float, float]] = {}
    for name, covariance in PLANTS.items():
        muf = clean(covariance, 2 * years, random)
        single = two_sided(battery(muf, covariance, budget=BUDGET))
        limit = float(np.quantile(smallest_p(single, single), BUDGET))
        null[name] = single, limit, float((largest_z(muf, covariance) > 3).mean())
    print(f"\nDetection probability, {years:,} years a row, at {BUDGET:.0%} false alarms a year on both sides together")
    print("  plant  months  loss/σ   ceiling  battery  smallest p   3σ rule (at its own false alarms)")
    for name, months, sigmas, bar in ROWS:
        covariance = PLANTS[name]
        mass = sigmas * float(np.sqrt(covariance[0, 0]))
        muf = lossy(covariance, years, months, mass, random)
        result = battery(muf, covariance, budget=BUDGET)
        found, (single, limit, false) = alarm_rate(result), null[name]
        smallest = float((smallest_p(single, two_sided(result)) <= limit).mean())
        rule = float((largest_z(muf, covariance) > 3).mean())
        place = np.arange(MONTHS)
        begins = range(MONTHS - months + 1)
        patterns = [(place >= begin) & (place < begin + months) for begin in begins]
        best = float(np.mean([ceiling(pattern, mass, covariance, BUDGET) for pattern in patterns]))
        error = (best * (1 - best) / years) ** 0.5
        good = bar - 3 * error <= found <= best + 3 * error
        held &= good
        print(
            f"  {name:<5}  {months:>6}  {sigmas:>6}   {best:7.3f}  {found:7.3f}  {smallest:10.3f}   {rule:7.3f}"
            f" ({false:.3f}){'' if good else '  MISSED'}",
            flush=True,
        )
    return held


def print_false_alarms(years: int) -> bool:
    """Alarm rates of clean years, with the true uncertainties and with stated ones that are wrong."""
    random, held = np.random.default_rng(2), True
    print(f"\nFalse alarms a year at a nominal {BUDGET:.1%}, {years:,} clean years a row")
    for name, covariance in PLANTS.items():
        rates = {}
        for stated in (1.0, 0.7, 1.3):
            muf = clean(covariance, years if stated == 1.0 else years // 10, random)
            rates[stated] = alarm_rate(battery(muf, covariance * stated**2, budget=BUDGET))
        good = 0.048 < rates[1.0] < 0.052
        held &= good
        print(
            f"  plant {name}: {rates[1.0]:.4f}; every δ stated 30 % too small {rates[0.7]:.3f},"
            f" 30 % too large {rates[1.3]:.4f}{'' if good else '  MISSED'}",
            flush=True,
        )
    return held


def print_reconciliation(runs: int) -> bool:
    """The published networks, and where leaks are found in the largest of them."""
    shared = Path(os.environ.get("LODELINE_SHARED", Path(__file__).parents[2] / "shared"))
    room = shared / "data/reconciliation"
    print(
        "\nReconciliation: largest relative departure from the published answer, global test, largest measurement test"
    )
    if not room.is_dir():
        print("  the published networks are not here; LODELINE_SHARED names the folder that has them")
        return True
    held = True
    for name in NETWORKS:
        made = json.loads((room / f"{name}.json").read_text("utf-8"))
        found = reconcile(made["measured"], made["standard_deviation"], made["incidence"])
        answer = np.array(made["reconciled"])
        good = bool((np.abs(found.value - answer) <= np.maximum(1e-6 * np.abs(answer), 5e-7)).all())
        held &= good
        largest = float(np.nanmax(found.measurement_test))
        print(
            f"  {name:<20} {np.abs(found.value / answer - 1).max():.1e}   {found.global_test:8.4f}   {largest:.3f}"
            f"{'' if good else '  MISSED'}"
        )
    balances, flow, sigma = np.array(made["incidence"]), answer, np.array(made["standard_deviation"])
    for what, factor in (("of all its streams", 1.0), ("of what passes through it", 0.5)):
        power, nodal, known = leaks(balances, flow, sigma, factor=factor, runs=runs)
        good = factor != 1.0 or power >= 0.70
        held &= good
        print(
            f"  leak of 2–7 % {what}, at 10 % false alarms for the family, right node: GLR {power:.2f},"
            f" nodal test {nodal:.2f}; ceiling, node known {known:.2f}{'' if good else '  MISSED'}",
            flush=True,
        )
    return held


def leaks(balances: Floats, flow: Floats, sigma: Floats, *, factor: float, runs: int) -> tuple[float, float, float]:
    """Share of leaks placed right by GLR and by the nodal test, and the best possible if the node were known."""
    random = np.random.default_rng(3)
    nodes, inverse = len(balances), np.linalg.pinv(balances)
    variance = balances @ np.diag(sigma**2) @ balances.T
    noise = random.standard_normal((20_000, nodes)) @ np.linalg.cholesky(variance).T / np.sqrt(np.diag(variance))
    nodal_limit = float(np.quantile(noise.max(axis=1), 0.9))
    right, nodal, best = 0, 0, 0.0
    for run in range(runs):
        node = run % nodes
        lost = float(random.uniform(0.02, 0.07) * factor * (np.abs(balances[node]) @ flow))
        measured = flow + inverse[:, node] * lost + sigma * random.standard_normal(len(flow))
        found = reconcile(measured, sigma, balances)
        first = locate(found, kinds=("leak",), side=1)[0]
        right += first.p <= 0.1 and ("leak", node) in first.alike
        imbalance = balances @ measured / np.sqrt(np.diag(variance))
        nodal += int(imbalance.max() > nodal_limit and imbalance.argmax() == node)
        best += ceiling(np.eye(nodes)[node], lost, variance, 0.1)
    return right / runs, nodal / runs, best / runs


def national_ledger(sites: int, elements: int, months: int, random: np.random.Generator) -> dict[str, Any]:
    """Each month every site receives four lots, makes and ships four others and counts three that lie; arguments of
    `reckon`. Suppliers name their laboratory, and do not count."""
    site, month, _ = (axis.ravel() for axis in np.meshgrid(*map(np.arange, (sites, months, 4)), indexing="ij"))
    name = np.array([f"works-{number}" for number in range(sites)])[site]
    maker = np.array([f"mine-{number}" for number in range(sites)])[site]
    first = np.datetime64("2022-12-31", "D")
    day = (np.datetime64("2023-01", "M") + month).astype("datetime64[D]")
    ends = (np.datetime64("2023-01", "M") + np.arange(months + 1)).astype("datetime64[D]") - np.timedelta64(1, "D")
    received, made = 8 * np.arange(len(site)), 8 * np.arange(len(site)) + 1
    mass = random.integers(5_000_000_000, 15_000_000_000, len(site))
    parts: list[tuple[Any, ...]] = [
        (maker, received, "origin", None, first, mass, "lab"), (name, received, "receipt", None, day + 4, mass, "in"),
        (name, received, "transformation", "in", day + 9, -mass, None),
        (name, made, "transformation", "out", day + 9, mass, "lab"),
        (name, made, "shipment", None, day + 19, -mass, "out"),
    ]  # fmt: skip
    rows = [
        pl.DataFrame({"site": where, "lot": lot, "delta_mg": delta}).with_columns(
            pl.Series("on", np.broadcast_to(np.asarray(when), len(site)), pl.Date), kind=pl.lit(kind),
            role=pl.lit(role, pl.String), method=pl.lit(method, pl.String),
        )
        for where, lot, kind, role, when, delta, method in parts
    ]  # fmt: skip
    movements = pl.concat(rows).with_row_index("seq", 1).with_columns(
        organisation=pl.col("site"), owner=pl.col("site"), unaccounted_mg=pl.lit(0, pl.Int64),
        product=pl.lit("oxide"), origin_kind=pl.lit(None, pl.String),
    )  # fmt: skip
    at, count, item = (axis.ravel() for axis in np.meshgrid(*map(np.arange, (sites, months + 1, 3)), indexing="ij"))
    counts = pl.DataFrame({
        "site": np.array([f"works-{number}" for number in range(sites)])[at], "lot": 8 * (3 * at + item) + 2,
        "on": ends[count], "mass_mg": random.integers(20_000_000_000, 60_000_000_000, len(at)),
    }).with_row_index("seq", movements.height + 1).with_columns(
        organisation=pl.col("site"), location=pl.lit(None, pl.String), product=pl.lit("oxide"), method=pl.lit("stock"),
    )  # fmt: skip
    lots = np.concatenate([received, made, np.unique(counts["lot"].to_numpy())])
    index = [SYMBOLS.index(symbol) for symbol in RARE_EARTHS[:elements]]
    assays = pl.DataFrame({"lot": np.repeat(lots, elements), "element": np.tile(index, len(lots))}).with_columns(
        ppb=pl.Series(random.integers(20_000_000, 90_000_000, len(lots) * elements))
    )
    return {
        "movements": movements.select(pl.col(column).cast(kind) for column, kind in MOVEMENTS.items()),
        "counts": counts.select(pl.col(column).cast(kind) for column, kind in COUNTS.items()),
        "count_scopes": counts.select("organisation", "site", "on", "location").unique().with_columns(
            product=pl.lit(None, pl.String)).select(list(COUNT_SCOPES)),
        "lot_assays": assays.select(pl.col(column).cast(kind) for column, kind in LOT_ASSAYS.items()),
        "site_assays": pl.DataFrame(schema=dict(SITE_ASSAYS)), "elements": RARE_EARTHS[:elements],
        "sites": counts["site"].unique().to_list(),
    }  # fmt: skip


def national_methods() -> pl.DataFrame:
    """How exactly the nation measures, as its register says it."""
    methods = [
        {"id": name, "quantity": quantity, "element": None, "random_pct": r, "systematic_pct": s}
        for name, quantity, r, s in (
            ("in", "weighing", "0.1", "0.05"), ("out", "weighing", "0.1", "0.05"),
            ("stock", "weighing", "0.2", "0.1"), ("lab", "assay", "1.0", "0.4"),
        )
    ]  # fmt: skip
    return pl.DataFrame(methods, schema=dict(TABLES["methods"]))


def print_speed(sites: int) -> bool:
    """Balances, covariances and battery of a nation: sites × 6 elements × 36 months, from the rows of its ledger."""
    elements, months, random, methods = 6, 36, np.random.default_rng(4), national_methods()
    # One false finding in 200 site-years, shared by the elements.
    budget = 1 - (1 - 1 / 200) ** (months / 12 / elements)
    few = runs_of(reckon(**national_ledger(2, elements, months, random)), methods)
    battery(few.muf_mg, few.covariance_mg2, budget=budget)  # Compiled code is loaded.
    ledger = national_ledger(sites, elements, months, random)
    taken: list[tuple[str, float, float]] = []

    def timed(what: str, work: Callable[[], Any]) -> Any:
        start, used = time.perf_counter(), time.process_time()
        done = work()
        taken.append((what, time.perf_counter() - start, time.process_time() - used))
        return done

    reckoned = timed("balances", lambda: reckon(**ledger))
    runs = timed("covariances", lambda: runs_of(reckoned, methods))
    # What the rows say leaves too much open; what measurement leaves open is drawn.
    factor = np.linalg.cholesky(runs.covariance_mg2)
    muf = np.einsum("rij,rj->ri", factor, random.standard_normal(runs.muf_mg.shape))
    result = timed("battery", lambda: battery(muf, runs.covariance_mg2, budget=budget, size=runs.size))
    clock, used = sum(one[1] for one in taken), sum(one[2] for one in taken)
    good = bool(sites < 2_000 or min(clock, used / 2) <= NATION_SECONDS)
    print(
        f"\n{sites:,} sites × {elements} elements × {months} months, {ledger['movements'].height:,} movements,"
        f" {ledger['counts'].height:,} counts, {reckoned.batches.height:,} batches: "
        + ", ".join(f"{what} {seconds:.1f} s ({of:.1f} s of processor)" for what, seconds, of in taken)
        + f"; together {clock:.1f} s ({used:.1f} s), {alarm_rate(result):.2%} of runs alarm,"
        f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most, load {os.getloadavg()[0]:.1f}"
        f" (bar {NATION_SECONDS:.0f} s{'' if good else ', MISSED'})"
    )
    return good


def write_thresholds(path: Path) -> None:
    """The reference table: thresholds of Page's test on either side, and of the battery, for independent periods."""
    rows: list[dict[str, Any]] = []
    for periods in range(1, LONGEST + 1):
        evidence, tail = null_distribution(np.eye(periods), BATTERY_DRAWS)
        for budget, place in zip(BATTERY_BUDGETS, np.searchsorted(tail, BATTERY_BUDGETS), strict=True):
            rows.append(row_of(periods, "battery", budget, evidence[place], seed=SEED, runs=BATTERY_DRAWS))
    random = np.random.default_rng(PAGE_SEED)
    level = np.zeros((len(PAGE_REFERENCES), PAGE_RUNS))
    highest = level.copy()
    for periods in range(1, LONGEST + 1):
        step = random.standard_normal(PAGE_RUNS)
        for place, reference in enumerate(PAGE_REFERENCES):
            level[place] = np.maximum(0, level[place] + step - reference)
            highest[place] = np.maximum(highest[place], level[place])
            found = np.quantile(highest[place], [1 - budget for budget in PAGE_BUDGETS])
            name = f"page_{round(100 * reference):03d}"
            for budget, threshold in zip(PAGE_BUDGETS, found, strict=True):
                rows.append(row_of(periods, name, budget, threshold, seed=PAGE_SEED, runs=PAGE_RUNS))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def row_of(periods: int, test: str, budget: float, threshold: float, *, seed: int, runs: int) -> dict[str, Any]:
    """A row of the reference table."""
    return {
        "periods": periods, "test": test, "budget": budget, "threshold": f"{threshold:.4f}", "seed": seed, "runs": runs,
    }  # fmt: skip


def main() -> int:
    """Print all tables; exit code 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--years", type=int, default=200_000)
    options.add_argument("--sites", type=int, default=2_000)
    options.add_argument("--thresholds", type=Path)
    options.add_argument("--speed", action="store_true", help="nothing but the time of a national ledger")
    chosen = options.parse_args()
    if chosen.thresholds:
        write_thresholds(chosen.thresholds)
        return 0
    if chosen.speed:
        return 0 if print_speed(chosen.sites) else 1
    held = [
        print_power(max(1_000, chosen.years // 10)),
        print_false_alarms(chosen.years),
        print_reconciliation(max(110, chosen.years // 100)),
        print_plans(),
        print_verified_sigma(max(500, chosen.years // 50)),
        print_speed(chosen.sites),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
