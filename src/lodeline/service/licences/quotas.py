"""Quotas as the register grants them and the ledger draws on them, and the nation's as the law pack has it.

What is not known is not zero: a kind and year in which nobody has a grant is not judged, and a national quota that was
not published has no number here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from lodeline.ledger.roles import QUOTAS
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, parse_mass
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import Value
from lodeline.service.entries.subject import Json
from lodeline.service.licences.accounts import quota_accounts
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

_MASSES = ("granted", "reserved", "used", "overdrawn", "left")
GRANT: dict[str, pl.DataType] = {
    "organisation": pl.String(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
    **{f"{mass}_mg": pl.Int64() for mass in _MASSES},
}  # fmt: skip


def grants(store: Store, snapshot: Snapshot, *, day: date | None = None) -> pl.DataFrame:
    """Every grant and what draws on it, in milligrams of REO: `GRANT` and `judged`, `share`.

    `granted + overdrawn = reserved + used + left` holds row by row. `ore_type` is null where a grant names none.
    `judged` is false where nobody has a grant of that kind and year; then nothing is overdrawn or left (null).
    `share` is used / granted, null where nothing was granted. Reservations lapse by `day` (default: the last filing's).
    """
    rows = [
        (row["organisation"], row["kind"], row["ore_type"], row["year"], *(parse_mass(row[f"{m}_kg"]) for m in _MASSES))
        for row in quota(store, snapshot, day=day)["rows"]
    ]
    granted = {(kind, year) for _, kind, _, year in snapshot.register.grants}
    judged = [(kind, year) in granted for _, kind, _, year, *_ in rows]
    frame = pl.DataFrame(rows, schema=GRANT, orient="row").with_columns(
        judged=pl.Series(judged, dtype=pl.Boolean),
        share=pl.when(pl.col("granted_mg") > 0).then(pl.col("used_mg") / pl.col("granted_mg")),
    )
    return frame.with_columns(pl.when("judged").then(pl.col(mass)).alias(mass) for mass in ("overdrawn_mg", "left_mg"))


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


def quota(store: Store, snapshot: Snapshot, *, day: date | None = None) -> Json:
    """Granted, reserved, used, overdrawn and left: granted + overdrawn = reserved + used + left.

    What is reserved lapses by `day` (default: that of the last filing).
    """
    asked = day or (date.fromisoformat(snapshot.as_of[:10]) if snapshot.as_of else date.min)
    rows = []
    for (organisation, kind, ore_type, year), found in quota_accounts(store, snapshot.register).items():
        balance = found.balance(TREO, asked)
        rows.append(
            {
                "organisation": organisation,
                "kind": kind,
                "ore_type": ore_type or None,
                "year": year,
                "granted_kg": format_kg(balance.granted),
                "reserved_kg": format_kg(balance.reserved),
                "used_kg": format_kg(balance.used),
                "overdrawn_kg": format_kg(balance.overdrawn),
                "left_kg": format_kg(balance.left),
            }
        )
    return {"rows": rows}
