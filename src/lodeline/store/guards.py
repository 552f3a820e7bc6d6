"""Facts cannot be changed or deleted: triggers refuse it on both databases.

A trigger can be dropped by whoever owns the database; the Merkle log is what proves that nobody did. Other rooms guard
tables of their own alike (`Guarded`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lodeline.store.database import Database, marks

FACTS = ("fact", "entry", "upload", "record", "lot", "line", "alias", "draw", "invoice_line", "customs_line")
#: What follows from facts: it changes, by us alone.
STATE: Final = ("head", "superseded", "holding", "transfer", "drawdown", "reservation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Tables to which rows are only added, what whoever tries else is told, and the function (PostgreSQL) that says so.

    `others`: more tables, whose rows change, by us alone: no trigger belongs there. All are our own words, never
    somebody's input.
    """

    tables: tuple[str, ...]
    refusal: str
    function: str
    others: tuple[str, ...] = ()

    @property
    def watched(self) -> tuple[str, ...]:
        """Every table on which nothing of others may be."""
        return self.tables + self.others


FACT_TABLES = Guarded(
    tables=FACTS, refusal="facts are append-only: file a correction instead", function="lodeline_refuse", others=STATE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """How tables are guarded.

    missing  guards that do not stand as they were made: dropped, switched off, weakened or put on something else
    foreign  of others: triggers and rules (`table.rule`) on these tables, row security (`table row security`), and
             settings that switch triggers off (`session_replication_role …`)
    """

    missing: tuple[str, ...]
    foreign: tuple[str, ...]


def _sqlite_guards(guarded: Guarded) -> dict[str, str]:
    """Name → statement of every trigger."""
    return {
        f"{table}_no_{action.lower()}": f'CREATE TRIGGER "{table}_no_{action.lower()}" BEFORE {action} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{guarded.refusal}'); END"
        for table in guarded.tables
        for action in ("UPDATE", "DELETE")
    }


def _postgresql_guards(guarded: Guarded) -> dict[str, str]:
    """Name → statement of the function that refuses, then of every trigger: to the letter as the server writes them out
    (`pg_get_functiondef`, `pg_get_triggerdef`), but for the schema, which follows from where the tables are."""
    statements = {
        guarded.function: f"CREATE OR REPLACE FUNCTION {guarded.function}()\n RETURNS trigger\n LANGUAGE plpgsql\n"
        f"AS $function$ BEGIN RAISE EXCEPTION '{guarded.refusal}'; END $function$\n"
    }
    for table in guarded.tables:
        for name, when, level in (("change", "DELETE OR UPDATE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT")):
            statements[f"{table}_no_{name}"] = (
                f"CREATE TRIGGER {table}_no_{name} BEFORE {when} ON {table} FOR EACH {level}"
                f" EXECUTE FUNCTION {guarded.function}()"
            )
    return statements


def make_guards(database: Database, guarded: Guarded = FACT_TABLES) -> None:
    """Creates the triggers, replacing any of the same name. Table rebuilds of migrations drop them."""
    if database.is_sqlite:
        for name, statement in _sqlite_guards(guarded).items():
            database.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            database.execute(statement)
        return
    for statement in _postgresql_guards(guarded).values():
        database.execute(statement.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER"))


def guards_of(database: Database, guarded: Guarded = FACT_TABLES) -> Guards:
    """What the database itself says of the triggers and rules of guarded tables.

    A guard stands if its whole definition is the one that was made here, and it fires in every session: whatever stands
    beside it may go before it, or do what it refuses.
    """
    expected, found = (_on_sqlite if database.is_sqlite else _on_postgresql)(database, guarded)
    return Guards(
        missing=tuple(sorted(name for name, definition in expected.items() if found.get(name) != definition)),
        foreign=tuple(sorted(found.keys() - expected.keys())),
    )


def _on_sqlite(database: Database, guarded: Guarded) -> tuple[dict[str, str], dict[str, str]]:
    """Triggers by name: as they should be, and as they are. A table's name is kept as its trigger's maker wrote it."""
    triggers = database.rows(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN ({marks(guarded.watched)})",
        guarded.watched,
    )
    return _sqlite_guards(guarded), {str(name): str(statement) for name, statement in triggers}


def _on_postgresql(database: Database, guarded: Guarded) -> tuple[dict[str, str], dict[str, str]]:
    """Triggers and rules by name, and the function that refuses: as the server would write them out, and as it does.
    Also what takes their effect away: row security on a table, and settings under which no trigger fires.

    Only what stands on the tables that a query means counts: another schema may hold tables of the same names.
    """
    table_marks = ",".join(["to_regclass(%s)"] * len(guarded.watched))
    found = database.rows(
        # As text: a column of names cuts what is longer.
        "SELECT tgname::text, tgenabled::text, pg_get_triggerdef(oid, true) FROM pg_trigger"
        f" WHERE NOT tgisinternal AND tgrelid IN ({table_marks})"
        " UNION ALL SELECT c.relname || '.' || r.rulename, 'O', pg_get_ruledef(r.oid)"
        f" FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.ev_class IN ({table_marks})"
        " UNION ALL SELECT p.proname, 'O', replace(pg_get_functiondef(p.oid), quote_ident(n.nspname) || '.', '')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = to_regproc(%s)"
        " UNION ALL SELECT relname || ' row security', 'O', '' FROM pg_class"
        f" WHERE (relrowsecurity OR relforcerowsecurity) AND oid IN ({table_marks})"
        " UNION ALL SELECT 'session_replication_role of '"
        " || coalesce('database ' || d.datname, 'all databases') || coalesce(', role ' || r.rolname, ''), 'O', ''"
        " FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) one"
        " LEFT JOIN pg_database d ON d.oid = s.setdatabase LEFT JOIN pg_roles r ON r.oid = s.setrole"
        " WHERE (s.setdatabase = 0 OR d.datname = current_database())"
        " AND lower(one) = 'session_replication_role=replica'"
        " UNION ALL SELECT 'session_replication_role of this session', 'O', ''"
        " WHERE current_setting('session_replication_role') = 'replica'",
        (*guarded.watched, *guarded.watched, guarded.function, *guarded.watched),
    )
    # O: fires in sessions that are not replicas; A: always. Others (D, R) let every writer through.
    return _postgresql_guards(guarded), {
        str(name): str(definition) if enabled in ("O", "A") else "" for name, enabled, definition in found
    }
