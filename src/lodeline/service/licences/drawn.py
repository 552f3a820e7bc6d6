"""The licences that a declaration names, less what others have drawn on them: what the desk judges by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.control.declaration import Declaration
from lodeline.ledger.licence import GOODS
from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.reservation import Account, without
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, last_day, licence_accounts
from lodeline.store.store import Store

#: Licences less what is drawn on them, as `control.licence.read_licences` takes them.
LEFT: Final[dict[str, pl.DataType]] = {
    **TABLES["licences"], "used_mg": pl.Int64(), "standing": pl.String(), "papers": pl.List(pl.String()),
}  # fmt: skip


def with_draws(
    store: Store, register: Register, law: Jurisdiction, declaration: Declaration, day: date, *,
    amended: Collection[tuple[str, str]] = (), before: int | None = None,
) -> pl.DataFrame:  # fmt: skip
    """The licences that the declaration names as they stand on the day, less what others have drawn on them.

    What its own lines have reserved or used before does not stand against them, nor what the lines (declaration, line)
    have that it takes the place of. `before`: as what is below this entry has them.
    """
    table = register.tables["licences"]
    named = {line["licence"] for line in declaration.lines if line["licence"]} & set(table["id"])
    own = {(line["declaration"] or "", line["line"] or "") for line in declaration.lines} | set(amended)
    rows = []
    for one in table.iter_rows(named=True):
        if one["id"] not in named:
            rows.append(one | {"used_mg": 0, "standing": None, "papers": []})
    for id_, found in licence_accounts(store, register, law, named, before=before).items():
        row = table.row(by_predicate=pl.col("id") == id_, named=True)
        rows.append(less_drawn(row, found, without(found.account, own), day))
    return pl.DataFrame(rows, schema=LEFT)


def less_drawn(row: Mapping[str, Any], found: LicenceAccount, others: Account, day: date) -> dict[str, Any]:
    """A row of the register as it stands on the day, less what `others` have drawn on it (`LEFT`)."""
    assert found.licence is not None, "only licences of the register are looked up"
    left = {
        name: granted - others.used(name) - others.reserved(name, day)
        for name, granted in found.account.granted_mg.items()
    }
    elements = "|".join(f"{name}={format_kg(max(0, left[name]))}" for name in found.licence.elements_mg)
    return {
        **row, "used_mg": (found.licence.mass_mg or 0) - left.get(GOODS, 0), "elements": elements or None,
        "exporter": found.licence.holder(day), "valid_to": last_day(found.licence),
        "standing": found.licence.standing(day), "papers": sorted(found.licence.papers),
    }  # fmt: skip
