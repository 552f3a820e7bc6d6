"""Two lists of groups that look for each other: pairs, sums and totals, and how far they may be apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import polars as pl

from lodeline.collation.goods import Goods
from lodeline.collation.joining import Ints, merged, money_apart, pairs
from lodeline.collation.sums import Bounds, sums
from lodeline.collation.tolerance import Tolerances

PAIR: Final = ("seller", "buyer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How far partners without a common number are looked for. Shares are shares, windows days."""

    mass: float
    value: float
    tolerances: Tolerances
    close_days: int
    invoice_days: int
    border_days: int
    unique_characters: int
    longest: int
    exact: float
    least_mg: float
    chance: float

    @classmethod
    def of(cls, tolerances: Tolerances, today: date) -> Search:
        def at(name: str) -> float:
            return tolerances.on(name, today)

        return cls(
            mass=at("search_mass_pct") / 100, value=at("value_pct") / 100, tolerances=tolerances,
            close_days=int(at("close_days")), invoice_days=int(at("search_days:invoice")),
            border_days=int(at("search_days:border")), unique_characters=int(at("unique_number_digits")),
            longest=int(at("run_length")), exact=at("mass_pct:invoice") / 100, least_mg=at("mass_least_kg") * 1e6,
            chance=at("sum_chance"),
        )  # fmt: skip

    def tax(self, on: pl.Series) -> pl.Series:
        """The share of tax that a value of each day may carry."""
        return pl.Series(self.tolerances.over("tax_pct", on.to_numpy().astype(np.int64)) / 100)

    def bounds(self, window: int) -> Bounds:
        """How near a sum within so many days must be."""
        return Bounds(mass=self.exact, value=self.value, window=window, longest=self.longest, chance=self.chance)


def _lacking(side: pl.DataFrame) -> pl.DataFrame:
    """What it lacks in place of what it is. What a rest is worth is not known: one side may carry tax."""
    rest = pl.col("mass") - pl.col("had_mass")
    return side.with_columns(mass=rest, value=pl.when(pl.col("had_mass") == 0).then("value"))


def _without_tax(side: pl.DataFrame) -> pl.DataFrame:
    return side.with_columns(pl.col("value") / (1 + pl.col("tax")))


class Open:
    """Two lists of groups that look for each other; those that found a partner leave both."""

    def __init__(self, search: Search, label: Ints, ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
        self.search, self.label = search, label
        self.ours, self.theirs = (one.with_columns(tax=search.tax(one["on"])) for one in (ours, theirs))

    def meet(
        self, *, block: tuple[str, ...], measure: str, tolerance: float, window: int, also: float | None = None,
        unknown: bool = False, taxed: Literal["ours", "theirs"] | None = None,
    ) -> None:  # fmt: skip
        """Pairs what agrees; see `joining.pairs`. `taxed`: whose values are with tax, where the others' are not."""
        ours, theirs = _lacking(self.ours), self.theirs
        if taxed == "ours":
            ours = _without_tax(ours)
        elif taxed == "theirs":
            theirs = _without_tax(theirs)
        one, other = pairs(
            ours, theirs, block=block, measure=measure, tolerance=tolerance, window=window, also=also, unknown=unknown,
        )  # fmt: skip
        self.take(one, other)

    def sum_up(self, goods: Goods, *, block: tuple[str, ...], window: int) -> None:
        """One of theirs for several of ours, then one of ours for several of theirs; see `sums.sums`."""
        for singles, many in ((self.theirs, self.ours), (self.ours, self.theirs)):
            found = sums(singles, _lacking(many), block=block, bounds=self.search.bounds(window), agree=goods.agree)
            one = np.array([label for label, members in found for _ in members], np.int64)
            self.take(one, np.array([member for _, members in found for member in members], np.int64))

    def total_up(self, goods: Goods, *, tolerance: float, window: int, most: int) -> None:
        """What two parties have left on either side within a month, else at all, where both add up to the same."""
        for key in ([*PAIR, "month"], [*PAIR]):
            sides = [
                one.filter((pl.col("seller") >= 0) & (pl.col("buyer") >= 0) & (pl.col("mass") > 0))
                # In one order: sums of fractions depend on it.
                .sort("label")
                .with_columns(month=pl.from_epoch("on", time_unit="d").dt.strftime("%Y-%m"))
                .group_by(key).agg(
                    pl.col("label").sort(), pl.col("mass").sum(), first=pl.col("on").min(), last=pl.col("on").max(),
                    value=pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()),
                    tax=pl.col("tax").max(),
                )
                for one in (self.ours, self.theirs)
            ]  # fmt: skip
            both = sides[0].join(sides[1], on=key, suffix="_theirs").filter(
                ((pl.col("mass") - pl.col("mass_theirs")).abs() <= tolerance * pl.col("mass"))
                & (pl.max_horizontal("last", "last_theirs") - pl.min_horizontal("first", "first_theirs") <= window)
                & (pl.col("label").list.len() <= most) & (pl.col("label_theirs").list.len() <= most)
            )  # fmt: skip
            one: list[int] = []
            other: list[int] = []
            for row in both.sort(key).to_dicts():
                members = [*row["label"], *row["label_theirs"]]
                worth, theirs = row["value"], row["value_theirs"]
                contradicts = worth is not None and theirs is not None and (
                    money_apart(np.array([worth]), np.array([theirs]), row["tax"])[0] > self.search.value * theirs
                )  # fmt: skip
                if not contradicts and goods.agree(members[0], members[1:]):
                    one += [members[0]] * (len(members) - 1)
                    other += members[1:]
            self.take(np.array(one, np.int64), np.array(other, np.int64))

    def take(self, one: Ints, other: Ints) -> None:
        """These found each other, whoever says so."""
        if not len(one):
            return
        self.label = merged(self.label, one, other)
        gone = pl.Series(np.concatenate([one, other])).implode()
        self.ours = self.ours.filter(~pl.col("label").is_in(gone))
        self.theirs = self.theirs.filter(~pl.col("label").is_in(gone))
