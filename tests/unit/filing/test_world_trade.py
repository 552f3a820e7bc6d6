"""The published world trade of 2023 and 2024, filed as 300 filings, is understood without a reject."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lodeline.filing.check import check
from lodeline.filing.dossier import read_dossier
from lodeline.filing.table import read
from lodeline.ledger.register import Register

REPOSITORY = Path(__file__).parents[3]
SHARED = Path(os.environ.get("LODELINE_SHARED", REPOSITORY.parent / "shared"))
WORLD_TRADE = SHARED / "data" / "world-trade"


@pytest.mark.slow
@pytest.mark.skipif(not WORLD_TRADE.is_dir(), reason="the shared world-trade data is not here; set LODELINE_SHARED")
def test_the_world_trade_dossier_is_accepted() -> None:
    dossier = read_dossier(WORLD_TRADE)
    register = Register(tables=dossier.register)
    # Its countries stand as organisations whose role the format does not know.
    assert [(one.code, one.facts.get("value")) for one in dossier.problems] == [
        ("role.unknown", "producer"), ("organisation.named-once", None)
    ]  # fmt: skip
    assert len(dossier.filings) == 300
    assert set(register.tables["organisations"]["country"].str.len_chars()) <= {2, 3}
    rows = 0
    for filing in dossier.filings:
        table = read([filing.path])
        checked = check(table, organisation=filing.organisation, period=filing.period, register=register)
        assert checked.problems == (), filing.path
        rows += checked.rows.height
    assert rows == 8926
