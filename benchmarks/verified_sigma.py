"""How exact MUF, D and MUF − D are, by formula and by simulation; and how much the tests made of them find.

Run: `python benchmarks/verified_sigma.py [--visits 20000]`. A plant counts, receives, ships and counts again; an
inspector draws some items of the closing count, weighs them and has them assayed. True masses are known, every error is
drawn, and what is simulated knows nothing of the formula. All of it is synthetic.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.difference import Books, verified
from lodeline.accountancy.verification.frames import ASSAYS, BATCHES, BOOKS, ITEMS, SHARES, STATED, STRATA
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import PPB
from visiting.defects import filled, print_defects, register_of, whole_p
from visiting.rules import print_rules

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
#: Which lots, with which sign in the balance, by which method, and what was read, (visits, lots).
Weighed = tuple[Integers, int, str, Floats]

ELEMENTS = ("Nd", "Dy")
TRUE_SHARE = (0.22, 0.012)
INDICES = [SYMBOLS.index(symbol) for symbol in ELEMENTS]
BUDGET, SEED = 0.05, 20_261_129
ON, SINCE = date(2026, 6, 30), date(2026, 5, 31)
#: Method → (quantity, δ_r, δ_s) in percent; the first three are the firm's.
METHODS = {
    "floor": ("weighing", 0.3, 0.2), "bridge": ("weighing", 0.1, 0.05), "icp": ("assay", 1.0, 0.6),
    "own-scale": ("weighing", 0.1, 0.05), "reference": ("assay", 0.8, 0.2),
}  # fmt: skip
#: Lots of the opening count that are counted again and that are used up; received that stay and that are used; made and
#: counted, made and shipped. What is made is weighed and assayed first when it is counted or leaves.
KEPT, USED, STAYS, WORKED, MADE, SHIPPED = 4, 6, 3, 16, 11, 11
POPULATION = KEPT + STAYS + MADE
KG = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Visits with their books, and what was truly missing of each element (mg)."""

    items: pl.DataFrame
    shares: pl.DataFrame
    strata: pl.DataFrame
    books: Books
    methods: pl.DataFrame
    missing_mg: Floats

    def verified(self, budget: float = BUDGET) -> pl.DataFrame:
        """MUF − D of each, columns VERIFIED."""
        return verified(
            items=self.items, shares=self.shares, strata=self.strata, books=self.books, methods=self.methods,
            budget=budget,
        )  # fmt: skip


def simulated(
    visits: int, drawn: int, *, seed: int = SEED, open_share: float = 0.0, hidden_share: float = 0.0,
    assayed: bool = True,
) -> Simulated:  # fmt: skip
    """Visits to as many plants. `open_share` of the closing stock is gone and not counted; `hidden_share` of each lot
    is gone and counted all the same. Without `assayed` the inspector weighs alone."""
    random = np.random.default_rng([seed, visits, drawn])
    lots = KEPT + USED + STAYS + WORKED + MADE + SHIPPED
    before, came = KEPT + USED, KEPT + USED + STAYS + WORKED
    mass = 1000 * KG * (0.7 + 0.6 * np.random.default_rng(seed).random(lots))
    used = np.r_[KEPT:before, before + STAYS : came]
    mass[came:] *= mass[used].sum() / mass[came:].sum()

    def read(method: str, size: tuple[int, ...]) -> Floats:
        """1 + R + S of what each plant measures with one method."""
        _, of_random, of_systematic = METHODS[method]
        shared = random.standard_normal((visits,) + (1,) * (len(size) - 1)) * of_systematic / 100
        return 1 + random.standard_normal(size) * of_random / 100 + shared

    share = np.stack([true * read("icp", (visits, lots)) for true in TRUE_SHARE], axis=2)
    stock = np.r_[0:KEPT, before : before + STAYS, came : came + MADE]
    floor = read("floor", (visits, before + POPULATION))
    bridge = read("bridge", (visits, STAYS + WORKED + SHIPPED))
    closing_true = mass[stock] * (1 - open_share)
    weighed = [
        (np.arange(before), 1, "floor", mass[:before] * floor[:, :before]),
        (np.arange(before, came), 1, "bridge", mass[before:came] * bridge[:, : STAYS + WORKED]),
        (np.arange(came + MADE, lots), -1, "bridge", mass[came + MADE :] * bridge[:, STAYS + WORKED :]),
        (stock, -1, "floor", closing_true * floor[:, before:]),
    ]
    order = random.permuted(np.tile(np.arange(POPULATION), (visits, 1)), axis=1)[:, :drawn]
    there = closing_true * (1 - hidden_share)
    found = np.take_along_axis(there * read("own-scale", (visits, POPULATION)), order, axis=1)
    own = np.stack([true * read("reference", (visits, drawn)) for true in TRUE_SHARE], axis=2)
    gone = open_share + hidden_share * (1 - open_share)
    framed = _framed(share, weighed, stock, order, found, own, mass[stock].sum() * gone * np.array(TRUE_SHARE))
    if assayed:
        return framed
    nothing = {name: pl.lit(None, SHARES[name]) for name in ("inspector_ppb", "laboratory", "assay_method", "how")}
    return replace(framed, shares=framed.shares.with_columns(**nothing))


def _framed(  # noqa: PLR0917  (one table after the other)
    share: Floats, weighed: Sequence[Weighed], stock: Integers, order: Integers, found: Floats, own: Floats,
    missing: Floats,
) -> Simulated:  # fmt: skip
    visits, drawn = order.shape
    ppb = np.rint(share * PPB).astype(np.int64)
    batches, muf = _entered(ppb, weighed)
    closing = np.rint(weighed[-1][3]).astype(np.int64)
    item, every = np.arange(visits * drawn), np.arange(visits)
    visit, lot = np.repeat(every, drawn), stock[order].ravel()
    first = sum(len(one[0]) for one in weighed[:-1])
    items = filled(
        ITEMS,
        {"item": item, "visit": visit, "lot": lot, "operator_mg": closing[visit, order.ravel()],
         "operator_seq": first + order.ravel(), "inspector_mg": np.rint(found).astype(np.int64).ravel()},
        site="s", organisation="o", on=ON, place="stock", stratum="oxide", random=True, product="oxide:nd",
        outcome="present", operator_method="floor", instrument="i", calibration="c", inspector_method="own-scale",
    )  # fmt: skip
    inspectors = np.rint(own * PPB).astype(np.int64).reshape(-1, len(INDICES))
    shares = pl.concat(
        filled(
            SHARES, {"item": item, "operator_ppb": ppb[visit, lot, place], "inspector_ppb": inspectors[:, place]},
            element=index, laboratory="authority", assay_method="reference", how="laboratory",
        )
        for place, index in enumerate(INDICES)
    )  # fmt: skip
    strata = filled(
        STRATA, {"visit": every, "dry_mg": closing.sum(axis=1)}, place="stock", stratum="oxide", product="oxide:nd",
        items=len(stock),
    )  # fmt: skip
    stated = items.select("item", act="operator_seq", method="operator_method", dry_mg="operator_mg")
    return Simulated(
        items=items, shares=shares, strata=strata, methods=register_of(METHODS), missing_mg=missing,
        books=Books(
            balances=_balances(muf, closing), batches=batches, assays=_assays(visits, share.shape[1]),
            stated=stated.select(list(STATED)),
        ),
    )  # fmt: skip


def _entered(ppb: Integers, weighed: Sequence[Weighed]) -> tuple[pl.DataFrame, Integers]:
    """BATCHES of what was weighed, numbered in its order, and MUF by visit and element."""
    visits = len(ppb)
    begin, batches, muf = 0, [], np.zeros((visits, len(INDICES)), np.int64)
    for which, sign, method, observed in weighed:
        dry = np.rint(observed).astype(np.int64)
        rows = {
            "visit": np.repeat(np.arange(visits), len(which)), "lot": np.tile(which, visits),
            "act": np.tile(begin + np.arange(len(which)), visits),
        }  # fmt: skip
        begin += len(which)
        for place, index in enumerate(INDICES):
            # As `share_mg` has it: a product of both would be too large for an integer.
            of_lot = ppb[:, which, place]
            x = sign * (dry // PPB * of_lot + dry % PPB * of_lot // PPB)
            muf[:, place] += x.sum(axis=1)
            batches.append(
                filled(BATCHES, {**rows, "signed_mg": x.ravel()}, element=index, method=method, weighed=True)
            )
    return pl.concat(batches), muf


def _balances(muf: Integers, closing: Integers) -> pl.DataFrame:
    every, stock = np.arange(len(muf)), closing.sum(axis=1)
    return pl.concat(
        filled(
            BOOKS,
            {"visit": every, "muf_mg": muf[:, place], "closing_mg": (stock * TRUE_SHARE[place]).astype(np.int64)},
            organisation="o", site="s", on=ON, since=SINCE, element=index, state="compared",
        )
        for place, index in enumerate(INDICES)
    )  # fmt: skip


def _assays(visits: int, lots: int) -> pl.DataFrame:
    rows = {"visit": np.repeat(np.arange(visits), lots), "lot": np.tile(np.arange(lots), visits)}
    return pl.concat(
        filled(ASSAYS, rows, element=index, laboratory="s", method="icp", product="oxide", exact=False)
        for index in INDICES
    )


def spread_of(found: pl.DataFrame) -> pl.DataFrame:
    """By element: σ of MUF, D and MUF − D (kg) by formula and as simulated, and with the covariance neglected; how
    often |z| exceeds what the budget allows, with the covariance and without."""
    muf, null, both = (pl.col(name) / KG for name in ("sigma_muf_mg", "null_mg", "covariance_mg2"))
    d2 = null**2 - muf**2 + 2 * both / KG
    most = normal_quantile(1 - BUDGET / 2)
    return found.group_by("element", maintain_order=True).agg(
        muf=(muf**2).mean().sqrt(), muf_simulated=pl.col("muf_mg").std() / KG,
        d=d2.mean().sqrt(), d_simulated=pl.col("d_mg").std() / KG,
        verified=(null**2).mean().sqrt(), verified_simulated=pl.col("verified_mg").std() / KG,
        neglected=(muf**2 + d2).mean().sqrt(),
        false_alarms=(pl.col("z").abs() > most).mean(),
        false_alarms_neglected=(pl.col("verified_mg").abs() / KG > most * (muf**2 + d2).sqrt()).mean(),
        false_alarms_joint=(pl.col("p") <= BUDGET).mean(),
    )  # fmt: skip


def powers(found: pl.DataFrame, budget: float = BUDGET) -> dict[str, float]:
    """How often each rule alarms, of the visits of one element: by MUF, by D, by both with half of the budget each, by
    MUF − D, by MUF and D as one without a look at the masses, and by the joint evidence, which is the rule used."""

    def z_of(name: str, sigma: pl.Expr) -> Floats:
        scores: Floats = np.abs(found.select(pl.col(name) / sigma).to_series().to_numpy())
        return scores

    muf = z_of("muf_mg", pl.col("sigma_muf_mg"))
    d = z_of("d_mg", (pl.col("null_mg") ** 2 - pl.col("sigma_muf_mg") ** 2 + 2 * pl.col("covariance_mg2")).sqrt())
    verified_z = np.abs(found["z"].to_numpy())
    whole, half = normal_quantile(1 - budget / 2), normal_quantile((1 + (1 - budget) ** 0.5) / 2)
    return {
        "MUF": float((muf > whole).mean()), "D": float((d > whole).mean()),
        "MUF or D": float(((muf > half) | (d > half)).mean()), "MUF-D": float((verified_z > whole).mean()),
        "D as a whole": float((whole_p(found) <= budget).mean()),
        "joint": float((found["p"].to_numpy() <= budget).mean()),
    }  # fmt: skip


def print_verified_sigma(visits: int = 20_000) -> bool:
    """Prints the tables; whether every σ is within four standard errors of what was simulated, and no false alarm is
    too many."""
    print(f"\nσ in kg of {visits} visits to a plant of {POPULATION} lots in stock; budget {BUDGET}")
    holds = True
    error = 4 / (2 * visits) ** 0.5
    for drawn, assayed in ((6, True), (POPULATION, True), (6, False), (POPULATION, False)):
        found = simulated(visits, drawn, assayed=assayed).verified()
        how = "weighed and assayed" if assayed else "weighed"
        for row in spread_of(found).iter_rows(named=True):
            print(
                f"  {drawn:2} {how:19} {row['element']}: "
                + ", ".join(
                    f"{name} {row[name]:.4g} (simulated {row[f'{name}_simulated']:.4g})"
                    for name in ("muf", "d", "verified")
                )
                + f"; covariance neglected {row['neglected']:.4g}"
            )
            print(
                f"     false alarms {row['false_alarms']:.4f}, joint {row['false_alarms_joint']:.4f}; "
                f"with the covariance neglected {row['false_alarms_neglected']:.4f}"
            )
            most = BUDGET + 4 * (BUDGET * (1 - BUDGET) / visits) ** 0.5
            holds &= max(row["false_alarms"], row["false_alarms_joint"]) <= most
            holds &= all(abs(row[f"{name}_simulated"] / row[name] - 1) < error for name in ("muf", "d", "verified"))
    holds &= _print_powers(max(visits // 10, 500))
    return holds & print_defects(max(visits // 10, 500)) & print_rules()


def _print_powers(visits: int) -> bool:
    """A loss of 3.24 σ of MUF − D, openly missing, hidden in what is declared, or half of each; all lots measured."""
    stock_kg = sum(row["closing_mg"] for row in simulated(1, 1).books.balances.to_dicts()[:1]) / KG
    clean = simulated(visits, POPULATION).verified().filter(pl.col("element") == "Nd")
    share = 3.24 * float(clean["null_mg"].to_numpy().mean()) / KG / stock_kg
    print(f"\ndetection of a loss of {share * stock_kg:.0f} kg of Nd, {visits} visits")
    best = True
    for name, hidden in (("openly missing", 0.0), ("half of each", 0.5), ("declared, not there", 1.0)):
        found = simulated(
            visits, POPULATION, seed=SEED + 1, open_share=share * (1 - hidden), hidden_share=share * hidden
        ).verified().filter(pl.col("element") == "Nd")  # fmt: skip
        power = powers(found)
        print(f"  {name:20}" + "  ".join(f"{rule} {value:.3f}" for rule, value in power.items()))
        best &= power["joint"] >= power["MUF or D"] - 3 * (0.25 / visits) ** 0.5
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=20_000)
    sys.exit(0 if print_verified_sigma(parser.parse_args().visits) else 1)
