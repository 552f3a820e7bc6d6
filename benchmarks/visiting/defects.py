"""Visits to a store of one product whose items are falsified in a known way: what is found, and what it says of it.

A firm counts N lots, and counts them again on the day of the visit; an inspector looks at some, drawn by lot, weighs
fewer and shoots some with an XRF. What is gone is known, every error is drawn, and nothing of the formula is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.difference import SEEN_WITH, Books, verified
from lodeline.accountancy.verification.frames import ASSAYS, BATCHES, BOOKS, ITEMS, SHARES, STRATA
from lodeline.accountancy.verification.joint import evidence
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import PPB

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ELEMENT, SHARE, KG = SYMBOLS.index("Nd"), 0.22, 1_000_000
BUDGET: Final = 0.05
ON, SINCE = date(2026, 6, 30), date(2026, 5, 31)
#: Method → (quantity, δ_r, δ_s) in percent: the firm's, and the inspector's.
METHODS: Final = {
    "floor": ("weighing", 0.3, 0.2), "icp": ("assay", 1.0, 0.6), "own-scale": ("weighing", 0.1, 0.05),
    "xrf": ("assay", 3.0, 2.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """N lots, of which so many are looked at, the first of these weighed, and shot with an XRF."""

    lots: int
    looked: int
    weighed: int
    shot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Falsified:
    """`gone`: of so many items this part, which the firm goes on counting. `open_part`: of every lot, and not counted.
    `poorer`: every lot has this part less of the element than declared."""

    items: int = 0
    gone: float = 0.0
    open_part: float = 0.0
    poorer: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """VERIFIED of the visits, one row each; what was truly missing (mg); whether a falsified item was looked at (where
    it is gone) or weighed; what is declared (mg)."""

    verified: pl.DataFrame
    missing_mg: Floats
    met: Bools
    stock_mg: float

    def covered(self) -> tuple[float, float, float]:
        """(share of visits that met a falsified item; of those, and of all, in which ±1.96 σ holds what is missing)."""
        half = normal_quantile(0.975) * self.verified["sigma_mg"].to_numpy()
        holds = np.abs(self.verified["verified_mg"].to_numpy() - self.missing_mg) <= half
        return float(self.met.mean()), float(holds[self.met].mean()) if self.met.any() else np.nan, float(holds.mean())

    def powers(self) -> dict[str, float]:
        """Share of visits that alarm: by MUF − D alone; by MUF and D as one, with nothing said of masses; as it is."""
        found = self.verified
        z, p = np.abs(found["z"].to_numpy()), found["p"].to_numpy()
        return {
            "MUF - D": float((z > normal_quantile(1 - BUDGET / 2)).mean()),
            "MUF and D": float((whole_p(found) <= BUDGET).mean()), "with masses": float((p <= BUDGET).mean()),
        }  # fmt: skip


def whole_p(found: pl.DataFrame) -> Floats:
    """p of VERIFIED with D as a whole, its masses not being looked at by themselves."""
    muf, null, both = (
        found[name].to_numpy().astype(np.float64) for name in ("sigma_muf_mg", "null_mg", "covariance_mg2")
    )
    d2, nothing = null**2 - muf**2 + 2 * both, np.zeros(len(found))
    covariance = np.stack([muf**2, both, nothing, both, d2, nothing, *[nothing] * 3], axis=1).reshape(-1, 3, 3)
    shown = np.stack([found["muf_mg"].to_numpy(), found["d_mg"].to_numpy(), nothing], axis=1)
    return evidence(shown, covariance, budget=BUDGET).p


def seen(store: Store, falsified: Falsified, visits: int, seed: int) -> Seen:
    """Visits to as many stores; the lots of a store differ in mass, those of the visits are alike."""
    random = np.random.default_rng([seed, visits, store.lots])
    shape = visits, store.lots
    mass = 1000 * KG * (0.7 + 0.6 * np.random.default_rng(seed).random(store.lots))

    def reads(method: str, times: int = 1) -> list[Floats]:
        """1 + R + S of every lot; S is the same whenever it is read."""
        _, of_random, of_systematic = METHODS[method]
        shared = 1 + random.standard_normal((visits, 1)) * of_systematic / 100
        return [shared + random.standard_normal(shape) * of_random / 100 for _ in range(times)]

    def first(number: int) -> Bools:
        return random.random(shape).argsort(axis=1).argsort(axis=1) < number

    false = first(falsified.items)
    counted = mass * (1 - falsified.open_part)
    there = counted * (1 - falsified.gone * false)
    share = SHARE * (1 - falsified.poorer)
    rank, absent = random.random(shape).argsort(axis=1).argsort(axis=1), there == 0
    before, now = reads("floor", 2)
    done = {
        "looked": rank < store.looked, "absent": absent, "weighed": (rank < store.weighed) & ~absent,
        "shot": (rank < store.shot) & ~absent,
    }  # fmt: skip
    (of_scale,), (of_firm,), (of_xrf,) = reads("own-scale"), reads("icp"), reads("xrf")
    found = _compared(
        [_whole(mass * before), _whole(counted * now)], _whole(SHARE * of_firm * PPB), _whole(there * of_scale),
        _whole(share * of_xrf * PPB), done,
    )  # fmt: skip
    met = (false & (done["looked"] & absent | done["weighed"])).any(axis=1)
    return Seen(
        verified=found,
        missing_mg=(mass * SHARE - there * share).sum(axis=1),
        met=met,
        stock_mg=float(mass.sum()) * SHARE,
    )


#: What is falsified how, of a store of so many lots.
KINDS: Final[Mapping[str, Callable[[int], Falsified]]] = {
    "nothing": lambda lots: Falsified(),
    "gross, 1 item": lambda lots: Falsified(items=1, gone=1.0),
    "gross, 4 items": lambda lots: Falsified(items=4, gone=1.0),
    "partial, half of 4": lambda lots: Falsified(items=4, gone=0.5),
    "partial, 5 % of a quarter": lambda lots: Falsified(items=lots // 4, gone=0.05),
    "bias, 1 % of all": lambda lots: Falsified(items=lots, gone=0.01),
    "bias, 4 % of all": lambda lots: Falsified(items=lots, gone=0.04),
    "openly missing, .2 % of all": lambda lots: Falsified(open_part=0.002),
    "poorer by 6 %": lambda lots: Falsified(poorer=0.06),
}
#: Stores in which intervals are held against the truth: counted alone, counted and weighed, all three.
STORES: Final = (
    Store(lots=16, looked=8, weighed=0, shot=0), Store(lots=16, looked=12, weighed=6, shot=0),
    Store(lots=60, looked=20, weighed=8, shot=0), Store(lots=60, looked=20, weighed=15, shot=15),
    Store(lots=200, looked=40, weighed=15, shot=0),
)  # fmt: skip
#: The least that an interval of 95 % is to cover where a defect was met.
COVERS: Final = 0.9


def print_defects(visits: int, seed: int = 41) -> bool:
    """Prints how often intervals hold what is missing, how often each rule alarms, and whether what a visit says that
    it would have seen is seen; whether all of it is as it should be."""
    print(
        f"\n{visits} visits each: share that met a defect; in which 95 % intervals hold the truth, of those and of all"
    )
    holds = True
    for store in STORES:
        for kind in list(KINDS)[1:7]:
            met, covered, every = seen(store, KINDS[kind](store.lots), visits, seed).covered()
            if not met:
                continue
            print(f"  {_named(store):38} {kind:26} {met:.3f}  {covered:.3f}  {every:.3f}")
            holds &= covered >= COVERS - 2 * (0.09 / visits / met) ** 0.5
    store = STORES[3]
    print(f"\nalarms of {visits} visits each, {_named(store)}; budget {BUDGET}")
    for kind, falsified in KINDS.items():
        power = seen(store, falsified(store.lots), visits, seed + 1).powers()
        print(f"  {kind:28}" + "  ".join(f"{rule} {value:.3f}" for rule, value in power.items()))
        if kind == "nothing":
            holds &= power["with masses"] <= BUDGET + 4 * (BUDGET / visits) ** 0.5
    return holds & _print_would_see(visits, seed + 2)


def _print_would_see(visits: int, seed: int) -> bool:
    """Where every lot is measured: what the visit would have seen, lost in each way, and how often it is seen."""
    store = Store(lots=16, looked=16, weighed=16, shot=16)
    clean = seen(store, Falsified(), 200, seed)
    part = float(clean.verified["would_see_mg"].to_numpy().mean() / clean.stock_mg)
    print(f"\nseen of {part:.1%} of a store, which the visit says that it would have seen, {_named(store)}")
    ways = {
        "openly missing": Falsified(open_part=part), "declared, not there": Falsified(items=store.lots, gone=part),
        "half of each": Falsified(open_part=part / 2, items=store.lots, gone=part / 2),
        "poorer": Falsified(poorer=part),
        "half openly, half poorer": Falsified(open_part=part / 2, poorer=part / 2),
    }  # fmt: skip
    holds = True
    for way, falsified in ways.items():
        power = seen(store, falsified, visits, seed).powers()["with masses"]
        print(f"  {way:28}{power:.3f}")
        holds &= power >= SEEN_WITH - 3 * (0.09 / visits) ** 0.5
    return holds


def _named(store: Store) -> str:
    return f"{store.looked} of {store.lots} seen, {store.weighed} weighed, {store.shot} shot"


def _whole(numbers: Floats) -> Integers:
    return np.rint(numbers).astype(np.int64)


def _compared(
    counts: Sequence[Integers], ppb: Integers, weighed: Integers, shot: Integers, done: Mapping[str, Bools]
) -> pl.DataFrame:
    """VERIFIED of two counts and what an inspector read; all (visits, lots)."""
    visits, lots = ppb.shape
    visit, lot = np.nonzero(done["looked"])
    item = np.arange(len(visit))
    at = (visit, lot)
    closing = counts[1]
    own = np.where(done["absent"], 0, weighed)[at]
    items = filled(
        ITEMS, {"item": item, "visit": visit, "lot": lot, "operator_mg": closing[at], "operator_seq": lots + lot},
        organisation="o", site="s", on=ON, place="stock", stratum="all", random=True, product="oxide:nd",
        outcome="present", operator_method="floor", instrument="i", calibration="c", inspector_method="own-scale",
    ).with_columns(inspector_mg=_where((done["weighed"] | done["absent"])[at], own))  # fmt: skip
    shares = filled(
        SHARES, {"item": item, "operator_ppb": ppb[at]}, element=ELEMENT, laboratory="a", assay_method="xrf", how="xrf"
    ).with_columns(inspector_ppb=_where(done["shot"][at], shot[at]))
    every = np.arange(visits)
    strata = filled(STRATA, {"visit": every, "dry_mg": closing.sum(axis=1)}, place="stock", stratum="all", items=lots)
    # As `share_mg` has it: a product of both would be too large for an integer.
    entered = [sign * (dry // PPB * ppb + dry % PPB * ppb // PPB) for sign, dry in zip((1, -1), counts, strict=True)]
    rows = {"visit": np.repeat(every, lots), "lot": np.tile(np.arange(lots), visits)}
    batches = pl.concat(
        filled(BATCHES, {**rows, "act": rows["lot"] + lots * number, "signed_mg": mass.ravel()}, element=ELEMENT,
               method="floor", weighed=True) for number, mass in enumerate(entered)
    )  # fmt: skip
    books = Books(
        balances=filled(
            BOOKS,
            {"visit": every, "muf_mg": (entered[0] + entered[1]).sum(axis=1), "closing_mg": -entered[1].sum(axis=1)},
            organisation="o", site="s", on=ON, since=SINCE, element=ELEMENT, state="compared",
        ),
        batches=batches,
        assays=filled(ASSAYS, rows, element=ELEMENT, laboratory="s", method="icp", product="oxide", exact=False),
        stated=items.select("item", act="operator_seq", method="operator_method", dry_mg="operator_mg"),
    )  # fmt: skip
    return verified(
        items=items, shares=shares, strata=strata, books=books, methods=register_of(METHODS), budget=BUDGET
    )  # fmt: skip


def _where(which: Bools, numbers: Integers) -> pl.Series:
    """The numbers, and nothing elsewhere."""
    return pl.select(pl.when(pl.Series(which)).then(pl.Series(numbers))).to_series()


def filled(
    schema: Mapping[str, pl.DataType], columns: dict[str, npt.NDArray[np.int64]], **same: object
) -> pl.DataFrame:
    """A frame of a schema: columns, values that all rows share, and nulls."""
    given = [
        pl.col(name) if name in columns else pl.lit(same.get(name), kind).alias(name) for name, kind in schema.items()
    ]
    return pl.DataFrame(columns).select(given).cast(pl.Schema(schema))


def register_of(methods: Mapping[str, tuple[str, float, float]]) -> pl.DataFrame:
    """The register's table of methods."""
    rows = [
        {"id": name, "quantity": quantity, "random_pct": str(random), "systematic_pct": str(systematic)}
        for name, (quantity, random, systematic) in methods.items()
    ]
    schema = TABLES["methods"]
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=dict(schema))
