"""What is reserved, used and left of a licence or quota: granted + overdrawn = reserved + used + left, to the mg.

An account is a function of what was said, in whatever order it was said: reservations, what rows file as gone, what
others confirm as gone. Two statements about one consignment are not added; the larger counts, mass by mass. A day is an
argument, as reservations lapse. Masses have names: `licence.GOODS` and elements for a licence, TREO for a quota.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

Masses = Mapping[str, int]
#: How a position came to be and where it stands. `use`: goods that no reservation awaits.
PositionState = Literal["open", "closed", "voided", "tranche", "use"]

#: The stored projection: positions with the mass of goods. `account`: a licence; `organisation`: empty for its holders,
#: else somebody else who named it. `open_mg` is still expected, until `until` has passed.
POSITION: dict[str, pl.DataType] = {
    "account": pl.String(), "organisation": pl.String(), "declaration": pl.String(), "line": pl.String(),
    "number": pl.Int64(), "tranche": pl.String(), "entry": pl.Int64(), "mass_mg": pl.Int64(), "used_mg": pl.Int64(),
    "open_mg": pl.Int64(), "until": pl.Date(), "state": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """A promise: so much will leave under a declaration and line, by `until` at the latest (None: without end).

    `number` counts reservations of the account in the order of the log. `tranche`: the tranche that it is spent from.
    A tranche itself is reserved for a port (`is_tranche`): it has a name and neither declaration nor line.
    `closed`: nothing more leaves on it. `voided`: taken back.
    """

    declaration: str
    line: str
    number: int
    masses_mg: Masses
    until: date | None = None
    tranche: str = ""
    is_tranche: bool = False
    closed: bool = False
    voided: bool = False
    entry: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What has left under a declaration: filed by its exporter (`line` empty), or confirmed for a line at the exit."""

    declaration: str
    line: str
    masses_mg: Masses


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A reservation with what of it is used and still open, whatever the day; without `reserved`, a use beside it."""

    declaration: str
    reserved: Reserved | None
    used_mg: Masses
    open_mg: Masses

    @property
    def state(self) -> PositionState:
        if self.reserved is None:
            return "use"
        if self.reserved.voided:
            return "voided"
        if self.reserved.is_tranche:
            return "tranche"
        return "closed" if self.reserved.closed else "open"

    def is_awaited(self, day: date) -> bool:
        """Whether something of it may still leave on a day."""
        reserved = self.reserved
        return reserved is not None and (reserved.until is None or day <= reserved.until) and any(self.open_mg.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account in one mass on one day, in mg. `left` and `overdrawn` are never both more than nothing."""

    granted: int
    overdrawn: int
    reserved: int
    used: int
    left: int

    def __post_init__(self) -> None:
        assert self.granted + self.overdrawn == self.reserved + self.used + self.left, "an account does not close"
        assert min(self.overdrawn, self.reserved, self.used, self.left) >= 0, "an account holds less than nothing"
        assert not (self.overdrawn and self.left), "an account is overdrawn and has something left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A licence or quota with its positions. `ends`: the last day on which anything may still leave on it.

    `granted_mg` names the masses that it limits.
    """

    granted_mg: Masses
    positions: tuple[Position, ...]
    ends: date | None = None

    def balance(self, name: str, day: date) -> Balance:
        """Where one mass stands on a day."""
        return balance_of(self.granted_mg.get(name, 0), self.used(name), self.reserved(name, day))

    def used(self, name: str) -> int:
        """mg that have left."""
        return sum(one.used_mg.get(name, 0) for one in self.positions)

    def reserved(self, name: str, day: date) -> int:
        """mg that may still leave on a day."""
        if self.ends is not None and day > self.ends:
            return 0
        return sum(one.open_mg.get(name, 0) for one in self.positions if one.is_awaited(day))

    def left(self, name: str, day: date) -> int:
        """mg that are neither used nor reserved."""
        return self.balance(name, day).left

    def is_exhausted(self, day: date, *, exports_most: int | None = None) -> bool:
        """Whether nothing more can be reserved: no goods are left, or of no element, or its exports are made."""
        if exports_most is not None and len(self.exports) >= exports_most:
            return True
        limited = [name for name in self.granted_mg if name]
        without_goods = "" in self.granted_mg and not self.left("", day)
        return without_goods or (bool(limited) and not any(self.left(name, day) for name in limited))

    @property
    def exports(self) -> frozenset[str]:
        """The declarations under which something has left, or is promised and was not taken back."""
        return frozenset(
            one.declaration for one in self.positions
            if any(one.used_mg.values()) or (one.reserved and one.declaration and not one.reserved.voided)
        )  # fmt: skip


def without(found: Account, own: Collection[tuple[str, str]]) -> Account:
    """The account less the positions of these (declaration, line): what others have drawn."""
    declarations = {declaration for declaration, _ in own}

    def is_own(one: Position) -> bool:
        if one.reserved is None:
            return one.declaration in declarations
        return (one.declaration, one.reserved.line) in own and not one.reserved.is_tranche

    others = tuple(one for one in found.positions if not is_own(one))
    return Account(granted_mg=found.granted_mg, positions=others, ends=found.ends)


def balance_of(granted: int, used: int, reserved: int) -> Balance:
    """What is left, or overdrawn, of a grant."""
    rest = granted - used - reserved
    return Balance(granted=granted, overdrawn=max(0, -rest), reserved=reserved, used=used, left=max(0, rest))


def account(
    granted_mg: Masses, reserved: Iterable[Reserved], filed: Iterable[Gone], confirmed: Iterable[Gone],
    *, ends: date | None = None,
) -> Account:  # fmt: skip
    """The account that these statements amount to, in whatever order they come."""
    promises: dict[str, list[Reserved]] = {}
    for one in reserved:
        promises.setdefault("" if one.is_tranche else one.declaration, []).append(one)
    rows: dict[str, dict[str, int]] = {}
    for gone in filed:
        _add(rows.setdefault(gone.declaration, {}), gone.masses_mg)
    exits: dict[str, dict[str, dict[str, int]]] = {}
    for gone in confirmed:
        _add(exits.setdefault(gone.declaration, {}).setdefault(gone.line, {}), gone.masses_mg)
    positions: list[Position] = []
    tranches = [one for one in promises.get("", ()) if one.is_tranche]
    for declaration in sorted({*promises, *rows, *exits}):
        mine = [one for one in promises.get(declaration, ()) if not one.is_tranche]
        positions += _consignment(declaration, mine, rows.get(declaration, {}), exits.get(declaration, {}))
    positions += [_tranche(one, positions) for one in sorted(tranches, key=lambda one: one.number)]
    return Account(granted_mg=granted_mg, positions=tuple(positions), ends=ends)


def _consignment(
    declaration: str, reserved: Sequence[Reserved], filed: Masses, confirmed: Mapping[str, Masses]
) -> list[Position]:
    """The positions of a declaration: confirmations serve their own line, what else has gone the lines in turn."""
    in_turn = sorted(reserved, key=lambda one: (one.voided, one.closed, natural(one.line), one.number))
    names = {
        *filed,
        *(name for masses in (*confirmed.values(), *(one.masses_mg for one in reserved)) for name in masses),
    }
    used: dict[int, dict[str, int]] = {one.number: {} for one in in_turn}
    beside: dict[str, int] = {}
    for name in sorted(names):
        stated = sum(masses.get(name, 0) for masses in confirmed.values())
        rest = max(stated, filed.get(name, 0))
        for line, masses in confirmed.items():
            waiting = masses.get(name, 0)
            for one in (one for one in in_turn if one.line == line):
                part = min(waiting, one.masses_mg.get(name, 0))
                used[one.number][name] = part
                waiting, rest = waiting - part, rest - part
        for one in in_turn:
            # What is closed or taken back awaits nothing.
            if not (one.closed or one.voided):
                before = used[one.number].get(name, 0)
                part = min(rest, one.masses_mg.get(name, 0) - before)
                used[one.number][name], rest = before + part, rest - part
        if rest:
            beside[name] = rest
    found = [
        Position(
            declaration=declaration, reserved=one, used_mg=used[one.number],
            open_mg={
                name: 0 if one.closed or one.voided else mass_mg - used[one.number].get(name, 0)
                for name, mass_mg in one.masses_mg.items()
            },
        )
        for one in in_turn
    ]  # fmt: skip
    if beside:
        found.append(Position(declaration=declaration, reserved=None, used_mg=beside, open_mg={}))
    return found


def _tranche(tranche: Reserved, positions: Sequence[Position]) -> Position:
    """What a port has not yet spent; what it spent is among the reservations that name the tranche."""
    spent: dict[str, int] = {}
    for one in positions:
        if one.reserved is not None and one.reserved.tranche == tranche.tranche and not one.reserved.is_tranche:
            # Of a reservation that was taken back or closed, only what has left is spent.
            _add(spent, one.used_mg if one.reserved.voided or one.reserved.closed else one.reserved.masses_mg)
    open_mg = {
        name: 0 if tranche.voided or tranche.closed else max(0, mass_mg - spent.get(name, 0))
        for name, mass_mg in tranche.masses_mg.items()
    }
    return Position(declaration="", reserved=tranche, used_mg={}, open_mg=open_mg)


def _add(total: dict[str, int], masses: Masses) -> None:
    for name, mass_mg in masses.items():
        total[name] = total.get(name, 0) + mass_mg


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Sorts line 2 before line 10."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts)
