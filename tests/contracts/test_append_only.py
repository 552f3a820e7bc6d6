"""Facts cannot be changed: every statement that would is refused by the database itself, on every table of facts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import Error as DatabaseError
from tests.contracts.harm import drop_trigger, triggers
from tests.desk import Desk, organisation, send_feed, sheet

from lodeline.service.licences.runs import announce_run
from lodeline.service.log.audit import verify
from lodeline.service.lots.aliases import give_alias
from lodeline.store.guards import FACTS, make_guards
from lodeline.store.opening import create
from lodeline.store.store import StoreError

pytestmark = [pytest.mark.medium, pytest.mark.both]

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


WEAKENED: dict[str, tuple[str, ...]] = {
    "fires in replicas alone": ("ALTER TABLE line ENABLE REPLICA TRIGGER line_no_change",),
    "never fires": (
        "DROP TRIGGER line_no_change ON line",
        "CREATE TRIGGER line_no_change BEFORE UPDATE OR DELETE ON line FOR EACH ROW WHEN (false)"
        " EXECUTE FUNCTION lodeline_refuse()",
    ),
    "fires for one column": (
        "DROP TRIGGER line_no_change ON line",
        "CREATE TRIGGER line_no_change BEFORE UPDATE OF ordinal OR DELETE ON line FOR EACH ROW"
        " EXECUTE FUNCTION lodeline_refuse()",
    ),
    "fires for a statement": (
        "DROP TRIGGER line_no_change ON line",
        "CREATE TRIGGER line_no_change BEFORE UPDATE OR DELETE ON line EXECUTE FUNCTION lodeline_refuse()",
    ),
    "refuses in a comment": (
        "CREATE OR REPLACE FUNCTION lodeline_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " /* RAISE EXCEPTION 'facts are append-only: file a correction instead'; */ RETURN OLD; END $$",
    ),
    "another function of that name": (
        "CREATE SCHEMA elsewhere",
        "CREATE FUNCTION elsewhere.lodeline_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN OLD; /* facts are append-only: file a correction instead */ END $$",
        "CREATE OR REPLACE TRIGGER line_no_change BEFORE UPDATE OR DELETE ON line FOR EACH ROW"
        " EXECUTE FUNCTION elsewhere.lodeline_refuse()",
    ),
    "a table of that name in another schema": (
        "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.line (id bigint)", "DROP TRIGGER line_no_change ON line",
        "CREATE TRIGGER line_no_change BEFORE UPDATE OR DELETE ON elsewhere.line FOR EACH ROW"
        " EXECUTE FUNCTION lodeline_refuse()",
    ),
}  # fmt: skip
BESIDE: dict[str, dict[str, str]] = {
    "sqlite": {
        "a_first": "CREATE TRIGGER a_first BEFORE UPDATE ON Line BEGIN SELECT RAISE(IGNORE); END",
        "z_last": "CREATE TRIGGER z_last AFTER INSERT ON draw BEGIN DELETE FROM line WHERE 0; END",
    },
    "postgresql": {
        "a_first": "CREATE TRIGGER a_first BEFORE INSERT ON line FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "line.nothing": "CREATE RULE nothing AS ON INSERT TO line WHERE NEW.id < 0 DO INSTEAD NOTHING",
        "draw.elsewhere": "CREATE RULE elsewhere AS ON DELETE TO draw DO INSTEAD NOTHING",
    },
}


def guard_faults(desk: Desk) -> list[tuple[str, object]]:
    found = [(fault.what, fault.facts.get("trigger")) for fault in verify(desk.store).faults]
    return [(what, name) for what, name in found if what.startswith("store.guard")]


@pytest.mark.parametrize("how", WEAKENED)
def test_a_weakened_guard_is_missing_until_it_is_made_again(ledger: Desk, how: str) -> None:
    if ledger.store.database.is_sqlite:
        pytest.skip("SQLite keeps the statement itself, which is compared whole")
    for statement in WEAKENED[how]:
        ledger.store.database.execute(statement)
    name = "lodeline_refuse" if how == "refuses in a comment" else "line_no_change"
    assert guard_faults(ledger) == [("store.guard-missing", name)]
    with pytest.raises(StoreError, match=name):
        ledger.try_rows("MINE", "2025-06")
    make_guards(ledger.store.database)
    assert guard_faults(ledger) == []
    ledger.rows("MINE", "2025-06", ORIGIN)


def test_what_others_put_beside_the_guards_stops_all_posting(ledger: Desk) -> None:
    database = ledger.store.database
    beside = BESIDE["sqlite" if database.is_sqlite else "postgresql"]
    for name, statement in beside.items():
        database.execute(statement)
        assert guard_faults(ledger) == [("store.guard-foreign", name)]
        with pytest.raises(StoreError, match=name):
            ledger.try_rows("MINE", "2025-06")
        make_guards(database)
        assert guard_faults(ledger) == [("store.guard-foreign", name)], "what others made they take away"
        table, _, rule = name.rpartition(".")
        if rule and table:
            database.execute(f"DROP RULE {rule} ON {table}")
        else:
            database.execute(f"DROP TRIGGER {name}" + ("" if database.is_sqlite else " ON line"))
    assert guard_faults(ledger) == []
    ledger.rows("MINE", "2025-06", ORIGIN)


def test_triggers_on_other_tables_are_nobodys_business(ledger: Desk) -> None:
    database = ledger.store.database
    database.execute("CREATE TABLE notes_of_the_operator (id bigint)")
    when = "BEFORE UPDATE ON notes_of_the_operator"
    does = "BEGIN SELECT 1; END" if database.is_sqlite else "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    database.execute(f"CREATE TRIGGER a_note {when} FOR EACH ROW {does}")
    assert guard_faults(ledger) == []


@pytest.mark.parametrize("table", ["head", "holding", "transfer", "superseded", "reservation"])
def test_a_trigger_of_others_on_a_table_of_state_is_named(ledger: Desk, table: str) -> None:
    does = "BEGIN SELECT 1; END"
    if not ledger.store.database.is_sqlite:
        does = "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ledger.store.database.execute(f"CREATE TRIGGER others BEFORE UPDATE ON {table} FOR EACH ROW {does}")
    assert guard_faults(ledger) == [("store.guard-foreign", "others")]
    with pytest.raises(StoreError, match="others"):
        ledger.try_rows("MINE", "2025-06")


#: What takes the guards' effect away and leaves each of them as it was made.
AROUND = {
    "a setting of the database": (
        "ALTER DATABASE {here} SET session_replication_role = replica", "session_replication_role of database {here}",
    ),
    "a setting of a role": (
        "ALTER ROLE CURRENT_USER IN DATABASE {here} SET session_replication_role = 'Replica'",
        "session_replication_role of database {here}, role {me}",
    ),
    "a setting of the session": (
        "SET session_replication_role = replica", "session_replication_role of this session",
    ),
    "rows that are hidden": ("ALTER TABLE line ENABLE ROW LEVEL SECURITY", "line row security"),
    "heads that are hidden": ("ALTER TABLE head FORCE ROW LEVEL SECURITY", "head row security"),
}  # fmt: skip


@pytest.mark.parametrize("how", AROUND)
def test_what_leads_around_the_guards_is_named(ledger: Desk, how: str) -> None:
    database = ledger.store.database
    if database.is_sqlite:
        pytest.skip("SQLite has neither roles nor settings that are kept")
    ((here, me),) = database.rows("SELECT current_database(), current_user")
    statement, name = (text.format(here=here, me=me) for text in AROUND[how])
    database.execute(statement)
    assert guard_faults(ledger) == [("store.guard-foreign", name)]
    with pytest.raises(StoreError, match="settings of others"):
        ledger.try_rows("MINE", "2025-06")
