"""Quotas as the register grants them and the ledger draws on them, and the nation's as the law pack has it.

What is not known is not zero: a kind and year in which nobody has a grant is not judged, and a national quota that was
not published has no number here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Final, Literal, cast

import polars as pl

from lodeline.encoding import SPREAD
from lodeline.ledger.register import Register
from lodeline.ledger.roles import QUOTAS
from lodeline.material.element import TREO
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import Value
from lodeline.service.licences.accounts import AccountMasses, masses_of, quota_accounts
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

GRANT: Final[dict[str, pl.DataType]] = {
    "organisation": pl.String(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
    **{f"{mass}_mg": pl.Int64() for mass in ("granted", "reserved", "used", "overdrawn", "left")},
    "judged": pl.Boolean(),
}  # fmt: skip
QuotaKind = Literal["mining", "separation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A grant of a firm, or what it draws without one, in REO. `ore_type` is None where the grant names none."""

    organisation: str
    kind: QuotaKind
    ore_type: str | None
    year: int
    reo: AccountMasses = field(metadata=SPREAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnQuota(Quota):
    """One as its firm reads it. `judged`: somebody has a grant of that kind and year; else nothing is overdrawn or left
    (None)."""

    judged: bool


def grants(store: Store, snapshot: Snapshot, *, day: date | None = None) -> pl.DataFrame:
    """Every grant and what draws on it: the fields of `OwnQuota` and `AccountMasses`, and `share`.

    `granted + overdrawn = reserved + used + left` holds row by row where `judged`. `share` is used / granted, null
    where nothing was granted. Reservations lapse by `day` (default: the last filing's).
    """
    rows = [{**asdict(one), **asdict(one.reo)} for one in _judged(quota(store, snapshot, day=day), snapshot.register)]
    return pl.DataFrame(rows, schema=GRANT).with_columns(
        share=pl.when(pl.col("granted_mg") > 0).then(pl.col("used_mg") / pl.col("granted_mg"))
    )


def _judged(every: Iterable[Quota], register: Register) -> Iterator[OwnQuota]:
    judged = {(kind, year) for _, kind, _, year in register.grants}
    for one in every:
        known = (one.kind, one.year) in judged
        reo = one.reo if known else replace(one.reo, overdrawn_mg=None, left_mg=None)
        yield OwnQuota(
            organisation=one.organisation, kind=one.kind, ore_type=one.ore_type, year=one.year, reo=reo, judged=known
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalQuota:
    """What the law pack knows of the nation's quota of a kind and year; masses in tonnes of REO, None where unknown.

    `status`: `published`; `unpublished`, where the pack says so; `unknown`, where it says nothing of the year.
    `about` names the masses that the source gives only roughly.
    """

    kind: str
    year: int
    status: Literal["published", "unpublished", "unknown"]
    total_t: int | None = None
    rock_t: int | None = None
    ion_t: int | None = None
    about: frozenset[str] = frozenset()
    source: Value | None = None


def national_quota(law: Jurisdiction, kind: str, year: int) -> NationalQuota | None:
    """The nation's quota as the pack knows it today; None where the pack has no such parameter at all."""
    state = law.state(QUOTAS[kind], date(year, 12, 31), known=date.max)
    if state is None:
        return None
    if state.status not in ("in-force", "unknown"):
        return NationalQuota(kind=kind, year=year, status="unknown")
    assert state.value is not None, "what is in force or known to be unknown is a value"
    if state.status == "unknown":
        return NationalQuota(kind=kind, year=year, status="unpublished", source=state.value)
    about = frozenset(part for part in ("total", "rock", "ion") if f"{part}_t_reo_about" in state.value.value)
    total, rock, ion = (
        state.value.value.get(f"{part}_t_reo", state.value.value.get(f"{part}_t_reo_about"))
        for part in ("total", "rock", "ion")
    )
    return NationalQuota(
        kind=kind, year=year, status="published", total_t=total, rock_t=rock, ion_t=ion, about=about,
        source=state.value,
    )  # fmt: skip


def quota(store: Store, snapshot: Snapshot, *, day: date | None = None) -> tuple[Quota, ...]:
    """Every grant and what draws on it: granted + overdrawn = reserved + used + left.

    What is reserved lapses by `day` (default: that of the last filing).
    """
    asked = day or (date.fromisoformat(snapshot.as_of[:10]) if snapshot.as_of else date.min)
    return tuple(_quotas(store, snapshot.register, asked))


def own_quotas(store: Store, register: Register, organisation: str, *, day: date) -> tuple[OwnQuota, ...]:
    """The grants of a firm and what draws on them, the newest year first."""
    found = _judged(_quotas(store, register, day, organisation), register)
    return tuple(sorted(found, key=lambda one: (-one.year, one.kind, one.ore_type or "")))


def _quotas(store: Store, register: Register, day: date, organisation: str | None = None) -> Iterator[Quota]:
    for (who, kind, ore_type, year), found in quota_accounts(store, register, organisation).items():
        yield Quota(
            organisation=who, kind=cast(QuotaKind, kind), ore_type=ore_type or None, year=year,
            reo=masses_of(found, TREO, day),
        )  # fmt: skip
