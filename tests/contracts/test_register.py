"""The register is part of the log: what is new or changed makes an entry, what is the same makes none."""

from __future__ import annotations

import polars as pl
import pytest
from tests.desk import Desk, codes, organisation, quota, site

from lodeline.ledger.register import TABLES

pytestmark = pytest.mark.medium


def size(desk: Desk) -> int:
    return desk.store.head().size


def test_the_same_records_again_make_no_entry(desk: Desk) -> None:
    desk.register(organisations=[organisation("NEW")], sites=[site("new", "NEW")])
    before = size(desk)
    desk.register(organisations=[organisation("NEW"), organisation("MINE")], sites=[site("new", "NEW")])
    assert size(desk) == before


def test_a_changed_record_is_one_row_of_a_new_entry_and_the_newest_is_in_force(desk: Desk) -> None:
    before = size(desk)
    desk.register(organisations=[organisation("MINE"), organisation("SEP", roles="separator")])
    entry = desk.store.entry(before)
    assert entry is not None
    assert (entry.kind, entry.row_count) == ("register", 1)
    roles = desk.store.register(desk.store.head()).roles
    assert roles["SEP"] == {"separator"}
    assert roles["MINE"] == {"miner", "trader"}


def test_a_record_that_is_not_mentioned_stays_in_force(desk: Desk) -> None:
    desk.register(organisations=[organisation("NEW")])
    assert set(desk.store.register(desk.store.head()).roles) == {"MINE", "SEP", "TRADE", "MAG", "ABROAD", "NEW"}


def test_every_table_comes_back_as_it_went_in(desk: Desk) -> None:
    rows: dict[str, dict[str, object]] = {
        name: {
            column: {"String": f"{column} ‘稀土’ \\N", "Int64": 7, "Date": None}.get(str(dtype), ["a", "b|c"])
            for column, dtype in schema.items()
        }
        for name, schema in TABLES.items()
    }
    desk.register(**{name: [row] for name, row in rows.items()})
    register = desk.store.register(desk.store.head())
    for name, row in rows.items():
        expected = pl.DataFrame([row], schema=TABLES[name]).row(0)
        assert expected in register.tables[name].rows(), name


def test_a_firm_can_file_from_the_entry_that_registers_it(desk: Desk) -> None:
    assert "organisation.unknown" in codes(desk.try_rows("NEW", "2025-06"))
    desk.register(organisations=[organisation("NEW")])
    desk.rows("NEW", "2025-06")


def test_a_raised_grant_is_more_quota_from_then_on(desk: Desk) -> None:
    origin = "O{} origin 2 mine {} 1000 product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"
    desk.rows("MINE", "2025-06", origin.format(1, 1))
    desk.register(quotas=[quota("MINE", "mining", 1200)])
    assert codes(desk.try_rows("MINE", "2025-07", origin.format(2, 2))) == []
