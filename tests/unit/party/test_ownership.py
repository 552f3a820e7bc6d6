"""Who belongs to a listed party by half and more."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from lodeline.party.ownership import Stake, belonging, chain

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
