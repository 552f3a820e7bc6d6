"""Facts cannot be changed: every statement that would is refused by the database itself, on every table of facts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import Error as DatabaseError
from tests.contracts.harm import drop_trigger, triggers
from tests.desk import Desk, organisation, send_feed, sheet

from lodeline.service.aliases import give_alias
from lodeline.service.audit import verify
from lodeline.service.runs import announce_run
from lodeline.store.guards import FACTS, make_guards
from lodeline.store.opening import create
from lodeline.store.store import StoreError

pytestmark = pytest.mark.medium

INVOICE = "number,kind,on,seller,buyer,product_name,mass_kg\n1,special,2025-06-04,MINE,MAG,oxide,10\n"
CUSTOMS_LINE = (
    "declaration,line,on,direction,status,exporter,product_name,hs_code,mass_kg\n"
    "D1,1,2025-06-20,export,exited,MAG,magnets,8505111000,4\n"
)
ORIGIN = "O origin 2 mine 7 1000 product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"


@pytest.fixture
def filed(desk: Desk) -> Desk:
    """A desk with a row in every table of facts."""
    desk.rows("MINE", "2025-06", ORIGIN)
    now = datetime(2025, 7, 6, tzinfo=UTC)
    give_alias(desk.store, "MINE", lot=1, alias="A", filed_at=now)
    for name, text in (("invoices.csv", INVOICE), ("customs.csv", CUSTOMS_LINE)):
        assert send_feed(desk.store, text, name, filed_at=now).entry is not None
    announce_run(
        store=desk.store, organisation="MINE", kind="mining", ore_type="rock", year=2025, run="R", reo_mg=1,
        on=date(2025, 7, 6), filed_at=now,
    )  # fmt: skip
    for table in FACTS:
        assert desk.store.database.rows(f'SELECT 1 FROM "{table}" LIMIT 1'), table
    return desk


def content(desk: Desk, table: str) -> list[tuple[object, ...]]:
    rows = desk.store.database.rows(f'SELECT * FROM "{table}"')
    return sorted((tuple(map(_plain, row)) for row in rows), key=repr)


def _plain(cell: object) -> object:
    return bytes(cell) if isinstance(cell, memoryview) else cell


def columns(desk: Desk, table: str) -> list[str]:
    with desk.store.database.connection.cursor() as cursor:
        described = desk.store.database.connection.introspection.get_table_description(cursor, table)
    return [column.name for column in described]


def statements(desk: Desk, table: str) -> dict[str, str]:
    """Every way to change what is there."""
    names = columns(desk, table)
    listed = ",".join(f'"{name}"' for name in names)
    found = {
        "update": f'UPDATE "{table}" SET "{names[0]}" = "{names[0]}"',
        "delete": f'DELETE FROM "{table}"',
        "upsert": f'INSERT INTO "{table}" ({listed}) SELECT {listed} FROM "{table}" WHERE true '
        f'ON CONFLICT ("{names[0]}") DO UPDATE SET "{names[1]}" = excluded."{names[1]}"',
    }
    if desk.store.database.is_sqlite:
        return found | {"replace": f'INSERT OR REPLACE INTO "{table}" ({listed}) SELECT {listed} FROM "{table}"'}
    return found | {
        "truncate": f'TRUNCATE "{table}"',
        "truncate all": f"TRUNCATE {','.join(FACTS)} CASCADE",
    }


@pytest.mark.parametrize("table", FACTS)
def test_no_statement_changes_a_fact(filed: Desk, table: str) -> None:
    before = content(filed, table)
    for name, statement in statements(filed, table).items():
        with pytest.raises(DatabaseError, match="append-only"), filed.store.database.transaction():
            filed.store.database.execute(statement)
        assert content(filed, table) == before, name


def test_a_statement_that_touches_no_row_is_nothing_and_an_insert_is_let_in(filed: Desk) -> None:
    filed.store.database.execute("DELETE FROM fact WHERE key = 'none'")
    size = filed.store.head().size
    filed.rows("MINE", "2025-07")
    assert filed.store.head().size == size + 1


def test_each_missing_guard_is_named_and_stops_all_posting_until_it_is_back(ledger: Desk) -> None:
    ledger.rows("MINE", "2025-06", ORIGIN)
    guards = triggers(ledger.store)
    assert len(guards) == 2 * len(FACTS)
    for table, name in guards:
        drop_trigger(ledger.store, table, name)
        named = [fault.facts["trigger"] for fault in verify(ledger.store).faults if fault.what == "store.guard-missing"]
        assert named == [name]
        with pytest.raises(StoreError, match=name):
            ledger.try_rows("MINE", "2025-07")
        with pytest.raises(StoreError, match=name):
            ledger.register(organisations=[organisation("NEW")])
        make_guards(ledger.store.database)
    assert verify(ledger.store).faults == ()
    ledger.rows("MINE", "2025-07")


def test_making_the_store_again_sets_the_guards_again(ledger: Desk) -> None:
    for table, name in triggers(ledger.store):
        drop_trigger(ledger.store, table, name)
    create(ledger.store.database.url)
    assert verify(ledger.store).faults == ()


def test_a_guard_that_is_switched_off_is_missing(ledger: Desk) -> None:
    if ledger.store.database.is_sqlite:
        pytest.skip("SQLite has no disabled triggers")
    ledger.store.database.execute("ALTER TABLE line DISABLE TRIGGER line_no_change")
    assert [fault.what for fault in verify(ledger.store).faults] == ["store.guard-missing"]


def test_a_guard_that_only_bears_the_name_is_missing(ledger: Desk) -> None:
    database = ledger.store.database
    if database.is_sqlite:
        database.execute("DROP TRIGGER line_no_update")
        database.execute("CREATE TRIGGER line_no_update BEFORE UPDATE ON head BEGIN SELECT 1; END")
    else:
        database.execute("DROP TRIGGER line_no_change ON line")
        database.execute(
            "CREATE TRIGGER line_no_change BEFORE UPDATE ON head FOR EACH ROW EXECUTE FUNCTION lodeline_refuse()"
        )
    assert "store.guard-missing" in [fault.what for fault in verify(ledger.store).faults]
    with pytest.raises(StoreError):
        ledger.file("MINE", "2025-06", sheet("2025-06"))
