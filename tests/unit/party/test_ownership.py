"""Who belongs to a listed party by half and more."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from lodeline.party.ownership import Stake, belonging, chain, controllers

DAY = date(2026, 1, 1)


def stake(owner: str, owned: str, percent: int | None, since: date | None = None, until: date | None = None) -> Stake:
    share = None if percent is None else Fraction(percent, 100)
    return Stake(owner=owner, owned=owned, share=share, since=since, until=until)


def test_a_chain_of_halves_reaches_the_end() -> None:
    stakes = [stake("listed", "a", 50), stake("a", "b", 75), stake("b", "c", 51), stake("b", "d", 49)]
    found = belonging(stakes, listed={"listed"}, day=DAY)
    assert set(found) == {"a", "b", "c"}
    assert [(one.owner, one.owned) for one in chain("c", found)] == [("listed", "a"), ("a", "b"), ("b", "c")]
    assert chain("d", found) == []


def test_shares_of_several_listed_owners_add_up() -> None:
    stakes = [stake("one", "a", 30), stake("two", "a", 20)]
    assert belonging(stakes, listed={"one", "two"}, day=DAY)["a"].share == Fraction(1, 2)
    assert belonging(stakes, listed={"one"}, day=DAY) == {}


def test_a_stake_counts_only_while_it_stands_and_only_if_it_is_known() -> None:
    sold = stake("listed", "a", 90, until=date(2025, 12, 31))
    bought = stake("listed", "b", 90, since=date(2026, 1, 2))
    assert belonging([sold, bought, stake("listed", "c", None)], listed={"listed"}, day=DAY) == {}
    assert set(belonging([sold, bought], listed={"listed"}, day=date(2025, 12, 31))) == {"a"}


def test_rings_end() -> None:
    stakes = [
        stake("listed", "a", 60),
        stake("a", "b", 60),
        stake("b", "a", 40),
        stake("b", "listed", 100),
        stake("a", "a", 9),
    ]
    assert set(belonging(stakes, listed={"listed"}, day=DAY)) == {"a", "b"}


def test_the_top_of_a_chain_stands_behind_all_below_it() -> None:
    stakes = [stake("top", "a", 50), stake("a", "b", 75), stake("b", "c", 51), stake("b", "d", 49)]
    assert controllers(stakes, day=DAY) == {"a": "top", "b": "top", "c": "top"}


def test_what_an_owner_holds_through_its_firms_adds_up() -> None:
    stakes = [stake("top", "a", 60), stake("top", "b", 30), stake("a", "b", 25), stake("other", "b", 45)]
    assert controllers(stakes, day=DAY) == {"a": "top", "b": "top"}


def test_of_two_halves_nobody_is_behind_and_a_ring_has_no_top() -> None:
    assert controllers([stake("one", "a", 50), stake("two", "a", 50)], day=DAY) == {}
    assert controllers([stake("a", "b", 60), stake("b", "a", 60)], day=DAY) == {}
    ring = [stake("a", "b", 60), stake("b", "c", 60), stake("c", "a", 60), stake("c", "d", 90)]
    assert controllers(ring, day=DAY) == {}
    assert controllers([stake("top", "a", 90, until=date(2025, 12, 31))], day=DAY) == {}
