"""Which ways may be part of a round: none that is may be left out, and those that lead nowhere are."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lodeline.detection.rings import WAY, ways_back, ways_of

HOPS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.sampled_from(["m", None])), max_size=12
)


def ways(*rows: tuple[str | None, str | None, str | None], mass_mg: int = 1) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(WAY, pl.String), orient="row")
    return ways_of(frame.with_columns(mass_mg=pl.lit(mass_mg, pl.Int64)))


def returning(rows: list[tuple[str, str, str | None]]) -> set[tuple[str, str, str]]:
    """The ways from whose end one comes back to where they begin, with the same goods."""
    all_ways = {(source, target, product or "") for source, target, product in rows if source != target}
    found = set()
    for source, target, product in all_ways:
        reached, more = set(), {target}
        while more:
            reached |= more
            more = {b for a, b, goods in all_ways if a in reached and goods == product} - reached
        if source in reached:
            found.add((source, target, product))
    return found


@given(HOPS)
def test_no_way_of_a_round_is_left_out(rows: list[tuple[str, str, str | None]]) -> None:
    assert returning(rows) <= set(ways_back(ways(*rows)).rows())


def test_what_leads_nowhere_is_left_out() -> None:
    chain = [("a", "b", "m"), ("b", "c", "m"), ("c", "d", "m")]
    assert ways_back(ways(*chain, ("d", "a", "other"))).is_empty()
    assert set(ways_back(ways(*chain, ("c", "b", "m"))).rows()) == {("b", "c", "m"), ("c", "b", "m")}
    assert ways(("a", None, "m"), (None, "a", "m")).is_empty() and ways(("a", "b", "m"), mass_mg=0).is_empty()
