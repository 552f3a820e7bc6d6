"""Export licences as the register has them, and where one stands on a day: a projection of its grant and its acts.

A grant is never edited. What happens to it later (suspended, resumed, revoked, another holder) is an act with a day and
a reason; expiry follows from its dates, and exhaustion from what has been drawn on it (ledger.reservation).
Source: Regulations on Export Control of Dual-Use Items, arts 15, 18 (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.material.mass import MG_PER_KG

Deed = Literal["suspended", "resumed", "revoked", "holder"]
DEEDS: Final[tuple[Deed, ...]] = get_args(Deed)
#: What is no decision: that kinds of papers beyond the usual ones were filed; the reason names them, with | between.
Filed = Literal["papers"]
#: Where a licence stands on a day. `to-come`: granted, and its first day is still ahead.
LicenceStatus = Literal["to-come", "granted", "suspended", "exhausted", "expired", "revoked"]
STANDINGS: Final[tuple[LicenceStatus, ...]] = get_args(LicenceStatus)
#: The name of the mass of goods among the masses of a licence; the others are symbols of elements.
GOODS: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the authority did with a licence from the day `on`; `holder` is whose it is from then on, else empty."""

    id: str
    deed: Deed | Filed
    on: date
    holder: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence with its acts by day. Masses in mg: `mass_mg` of goods (None: not stated), `elements_mg` by element."""

    id: str
    kind: str
    exporter: str | None
    end_users: tuple[str, ...]
    control_items: tuple[str, ...]
    products: tuple[str, ...]
    mass_mg: int | None
    elements_mg: Mapping[str, int]
    destination: str | None
    end_use: str | None
    valid_from: date | None
    valid_to: date | None
    acts: tuple[Act, ...] = ()

    @property
    def granted_mg(self) -> dict[str, int]:
        """What it allows: GOODS → mg of goods where a mass is stated, element → mg of element."""
        goods = {} if self.mass_mg is None else {GOODS: self.mass_mg}
        return goods | dict(self.elements_mg)

    def holder(self, day: date) -> str | None:
        """Whose it is on a day."""
        later = [act.holder for act in self.acts if act.deed == "holder" and act.on <= day]
        return later[-1] if later else self.exporter

    def holders_until(self, day: date) -> frozenset[str]:
        """Everybody whose it was on that day or before."""
        return frozenset(filter(None, (self.exporter, *(act.holder for act in self.acts if act.on <= day))))

    @property
    def papers(self) -> frozenset[str]:
        """The kinds of papers that were filed with it beyond the usual ones."""
        return frozenset(kind for act in self.acts if act.deed == "papers" for kind in act.reason.split("|"))

    @property
    def holders(self) -> frozenset[str]:
        """Everybody whose it ever was."""
        return self.holders_until(date.max)

    @property
    def revoked_on(self) -> date | None:
        """The first day on which it was no longer a licence by decision."""
        return next((act.on for act in self.acts if act.deed == "revoked"), None)

    def is_suspended(self, day: date) -> bool:
        """Whether it rests on a day."""
        deeds = [act.deed for act in self.acts if act.on <= day and act.deed in ("suspended", "resumed")]
        return bool(deeds) and deeds[-1] == "suspended"

    def standing(self, day: date, *, is_exhausted: bool = False) -> LicenceStatus:
        """Where it stands on a day. A decision weighs more than a date, and a date more than what is left."""
        if self.revoked_on is not None and self.revoked_on <= day:
            return "revoked"
        if self.valid_to is not None and day > self.valid_to:
            return "expired"
        if self.valid_from is not None and day < self.valid_from:
            return "to-come"
        if self.is_suspended(day):
            return "suspended"
        return "exhausted" if is_exhausted else "granted"


def licences_of(tables: Mapping[str, pl.DataFrame]) -> dict[str, Licence]:
    """Every licence of a register's tables by id, with its acts (`Register.licences`)."""
    acts = _acts(tables.get("licence_acts"))
    rows = tables["licences"].iter_rows(named=True)
    return {row["id"]: licence_of(row, acts.get(row["id"], ())) for row in rows}


def licence_of(row: Mapping[str, Any], acts: tuple[Act, ...] = ()) -> Licence:
    """A licence from the columns of `register.TABLES["licences"]`."""
    return Licence(
        id=row["id"],
        kind=row["kind"] or "",
        exporter=row["exporter"],
        end_users=tuple(row["end_users"] or ()),
        control_items=tuple(row["control_items"] or ()),
        products=tuple(row["products"] or ()),
        mass_mg=row["mass_mg"],
        elements_mg=elements_mg(row["elements"] or ""),
        destination=row["destination"],
        end_use=row["end_use"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        acts=acts,
    )


def countries_of(destination: str | None) -> tuple[str, ...]:
    """The countries that a licence is granted for: a general one may name several, with `|` between; () for any."""
    return tuple(one.strip() for one in (destination or "").split("|") if one.strip())


def elements_mg(text: str) -> dict[str, int]:
    """`Dy=120|Tb=8` in kg → mg by element; a part that is no number allows nothing of its element."""
    found: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split("|"))):
        element, _, mass_kg = part.partition("=")
        try:
            found[element.strip()] = int(Decimal(mass_kg.strip()) * MG_PER_KG)
        except (InvalidOperation, ValueError, OverflowError):
            found[element.strip()] = 0
    return found


def _acts(table: pl.DataFrame | None) -> dict[str, tuple[Act, ...]]:
    """Licence → its acts by day; of one day, in the order of the log."""
    found: dict[str, list[Act]] = {}
    for row in () if table is None else table.iter_rows(named=True):
        act = Act(
            id=row["id"], deed=row["deed"], on=row["on"], holder=row["holder"] or "", reason=row["reason"] or ""
        )  # fmt: skip
        found.setdefault(row["licence"], []).append(act)
    return {licence: tuple(sorted(acts, key=lambda act: act.on)) for licence, acts in found.items()}
