"""The cases of collective papers are the same for one seed, say what is true, and most are solved."""

from __future__ import annotations

from collections import Counter
from datetime import date

import polars as pl
import pytest

from labelled.collective import SHAPES, Shape, cases
from lodeline.collation.match import collate
from lodeline.collation.tolerance import tolerances


@pytest.mark.parametrize("shape", SHAPES)
def test_cases_are_drawn_from_their_seed_and_papers_stand_for_two_to_five(shape: Shape) -> None:
    made, again, other = (cases(seed, shape=shape, count=20) for seed in (5, 5, 6))
    assert made.goods.equals(again.goods) and made.links == again.links
    assert not made.goods["mass_mg"].equals(other.goods["mass_mg"])
    events = Counter((feed, number) for feed, number, _, _ in made.links if (feed, number) in made.collective)
    assert set(events) == made.collective and set(events.values()) <= {2, 3, 4, 5}
    filed = set(made.goods.select("organisation", "event").iter_rows())
    assert {(organisation, event) for _, _, organisation, event in made.links} <= filed


@pytest.mark.medium
@pytest.mark.parametrize("shape", SHAPES)
def test_most_papers_find_all_their_deliveries_and_no_other(shape: Shape) -> None:
    made = cases(5, shape=shape, count=80)
    collation = collate(
        made.goods, made.invoices, made.customs, known=made.parties, resolve={one: one for one in made.parties}.get,
        special=set(), tolerances=tolerances(), today=date(2025, 12, 31),
    )  # fmt: skip
    frame = collation.frame.with_columns(paper=pl.coalesce("number", "declaration"))
    numbers = {number for _, number in made.collective}
    of_paper = frame.filter((pl.col("side") > 0) & pl.col("paper").is_in(numbers)).select("paper", "group").unique()
    joined = of_paper.join(frame.filter(pl.col("side") == 0).select("group", "event"), on="group")
    found = {(number, event) for number, event in joined.select("paper", "event").iter_rows()}
    true = {(link[1], f"{link[2]}\t{link[3]}") for link in made.links if link[:2] in made.collective}
    assert len(found & true) >= 0.85 * len(true)
    assert len(found & true) >= 0.97 * len(found)
