"""What an end user needs against all that goes to it: exact, whatever the order, and never less for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.control.licences.end_use import YEAR_DAYS, EndUse, Kind, Need, Supply, compare, large_mg, read_needs

KG = 1_000_000
USERS = ("Drives GmbH", "Motoren AG")
SUPPLIES = st.lists(
    st.builds(
        Supply, kind=st.sampled_from(get_args(Kind)), end_user=st.sampled_from(USERS),
        element=st.sampled_from(("Dy", "Tb")), mass_mg=st.integers(0, 10**15), days=st.integers(1, 1100),
    ),
    max_size=12,
)  # fmt: skip


def one(*supplies: Supply, need: int | None = None, own: int | None = None) -> EndUse:
    needs = [] if need is None else [Need(end_user=USERS[0], element="Dy", need_mg=need, own_mg=own)]
    (found,) = compare(supplies, needs)
    return found


def dy(kind: Kind, kg: int, days: int = YEAR_DAYS) -> Supply:
    return Supply(kind=kind, end_user=USERS[0], element="Dy", mass_mg=kg * KG, days=days)


@given(SUPPLIES)
def test_nothing_is_lost_and_the_order_is_nothing(supplies: Sequence[Supply]) -> None:
    found = compare(supplies, [])
    for kind in get_args(Kind):
        told = sum(getattr(row, f"{kind}_mg") for row in found)
        assert told == sum(supply.mass_mg for supply in supplies if supply.kind == kind)
    assert set(compare(list(reversed(supplies)), [])) == set(found)


@given(SUPPLIES, st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_mass_more_never_lowers_what_exceeds_and_what_exceeds_is_exact(
    supplies: Sequence[Supply], need_mg: int, more_mg: int
) -> None:
    need = Need(end_user=USERS[0], element="Dy", need_mg=need_mg, own_mg=need_mg // 2)
    more = Supply(kind="licensed", end_user=USERS[0], element="Dy", mass_mg=more_mg)
    (before,) = (row for row in compare(supplies, [need]) if (row.end_user, row.element) == (USERS[0], "Dy"))
    (after,) = (row for row in compare([*supplies, more], [need]) if (row.end_user, row.element) == (USERS[0], "Dy"))
    assert after.over_need_mg >= before.over_need_mg and after.next_year_mg == before.next_year_mg + more_mg
    assert before.over_own_mg >= before.over_need_mg
    assert (before.over_need_mg > 0) == ("need-exceeded" in before.questions)
    if before.over_need_mg:
        assert before.most_mg - before.over_need_mg == need_mg


@given(st.integers(0, 10**18), st.integers(1, 1100))
def test_a_year_of_a_longer_licence_is_rounded_up_by_less_than_a_milligram(mass_mg: int, days: int) -> None:
    year = Supply(kind="licensed", end_user="x", element="Dy", mass_mg=mass_mg, days=days).year_mg
    span = max(days, YEAR_DAYS)
    assert mass_mg * YEAR_DAYS <= year * span < mass_mg * YEAR_DAYS + span
    assert year <= mass_mg


def test_what_left_and_what_may_leave_are_two_years_and_no_sum() -> None:
    assert one(dy("exported", 100), dy("asked", 100), need=100 * KG, own=100 * KG).questions == ()
    assert one(dy("exported", 101), need=100 * KG, own=100 * KG).over_need_mg == KG
    twice = one(dy("licensed", 60), dy("pending", 30), dy("asked", 20), need=100 * KG, own=100 * KG)
    assert (twice.next_year_mg, twice.over_need_mg, twice.questions) == (110 * KG, 10 * KG, ("need-exceeded",))
    assert one(dy("asked", 300, 3 * YEAR_DAYS), need=100 * KG, own=100 * KG).questions == ()


def test_what_it_does_not_use_itself_is_asked_about_and_so_is_what_was_seen_going_on() -> None:
    assert one(dy("asked", 90), need=100 * KG, own=80 * KG).questions == ("own-exceeded",)
    assert one(dy("asked", 80), need=100 * KG, own=80 * KG).questions == ()
    # It says that it passes 20 kg on, and no more.
    assert one(dy("asked", 80), dy("onward", 20), need=100 * KG, own=80 * KG).questions == ()
    assert one(dy("asked", 80), dy("onward", 21), need=100 * KG, own=80 * KG).questions == ("onward",)
    assert one(dy("exported", 30), dy("onward", 10)).onward_ppb == 250_000_000
    assert one(dy("asked", 1)).onward_ppb is None


def test_a_need_is_asked_for_where_the_mass_is_large_alone() -> None:
    large = large_mg() // KG
    assert one(dy("asked", large)).questions == ("need-missing",)
    assert one(dy("asked", large - 1)).questions == ()


def test_needs_are_read_with_their_end_users_and_what_cannot_be_is_said() -> None:
    needs, wrong = read_needs("dy; 120; 90; Motoren AG\nTb；7.5；；Drives GmbH\n\n", USERS)
    assert wrong == []
    assert needs == (
        Need(end_user="Motoren AG", element="Dy", need_mg=120 * KG, own_mg=90 * KG),
        Need(end_user="Drives GmbH", element="Tb", need_mg=7_500_000, own_mg=None),
    )
    assert read_needs("Dy;120", USERS[:1])[0][0].end_user == "Drives GmbH"


@pytest.mark.parametrize(
    "line",
    [
        "Dy 120 kg", "Fe; 120; ; Drives GmbH", "Dy; much; ; Drives GmbH", "Dy; 120; 121; Drives GmbH", "Dy; 120",
        "Dy; 120; ; Others GmbH", "Dy; -1; ; Drives GmbH", "Dy; 120; -1; Drives GmbH", "Dy; 1e999; ; Drives GmbH",
        "Dy; 0.0000001; ; Drives GmbH",
    ],
)  # fmt: skip
def test_a_line_that_is_no_need(line: str) -> None:
    needs, wrong = read_needs(line, USERS)
    assert needs == () and [found.code for found in wrong] == ["application.need-unread"]
