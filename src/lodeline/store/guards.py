"""Facts cannot be changed or deleted: triggers refuse it on both databases.

A trigger can be dropped by whoever owns the database; the Merkle log is what proves that nobody did.
"""

from __future__ import annotations

from dataclasses import dataclass

from lodeline.store.database import Database

FACTS = ("fact", "entry", "upload", "record", "lot", "line", "alias", "draw", "invoice_line", "customs_line")
#: The tables of facts by name, and those on PostgreSQL that a query without a schema means.
_BY_NAME = ",".join(f"'{table}'" for table in FACTS)
_AS_MEANT = ",".join(f"to_regclass('{table}')" for table in FACTS)
_REFUSAL = "facts are append-only: file a correction instead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """How the tables of facts are guarded.

    missing  guards that do not stand as they were made: dropped, switched off, weakened or put on something else
    foreign  triggers and rules (`table.rule`) of others on these tables
    """

    missing: tuple[str, ...]
    foreign: tuple[str, ...]


def _sqlite_guards() -> dict[str, str]:
    """Name → statement of every trigger."""
    return {
        f"{table}_no_{action.lower()}": f'CREATE TRIGGER "{table}_no_{action.lower()}" BEFORE {action} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for table in FACTS
        for action in ("UPDATE", "DELETE")
    }


def _postgresql_guards() -> dict[str, str]:
    """Name → statement of the function that refuses, then of every trigger: to the letter as the server writes them out
    (`pg_get_functiondef`, `pg_get_triggerdef`), but for the schema, which follows from where the tables are."""
    statements = {
        "lodeline_refuse": "CREATE OR REPLACE FUNCTION lodeline_refuse()\n RETURNS trigger\n LANGUAGE plpgsql\n"
        f"AS $function$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $function$\n"
    }
    for table in FACTS:
        for name, when, level in (("change", "DELETE OR UPDATE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT")):
            statements[f"{table}_no_{name}"] = (
                f"CREATE TRIGGER {table}_no_{name} BEFORE {when} ON {table} FOR EACH {level}"
                " EXECUTE FUNCTION lodeline_refuse()"
            )
    return statements


def make_guards(database: Database) -> None:
    """Creates the triggers, replacing any of the same name. Table rebuilds of migrations drop them."""
    if database.is_sqlite:
        for name, statement in _sqlite_guards().items():
            database.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            database.execute(statement)
        return
    for statement in _postgresql_guards().values():
        database.execute(statement.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER"))


def guards_of(database: Database) -> Guards:
    """What the database itself says of the triggers and rules of the tables of facts.

    A guard stands if its whole definition is the one that was made here, and it fires in every session: whatever stands
    beside it may go before it, or do what it refuses.
    """
    expected, found = (_on_sqlite if database.is_sqlite else _on_postgresql)(database)
    return Guards(
        missing=tuple(sorted(name for name, definition in expected.items() if found.get(name) != definition)),
        foreign=tuple(sorted(found.keys() - expected.keys())),
    )


def _on_sqlite(database: Database) -> tuple[dict[str, str], dict[str, str]]:
    """Triggers by name: as they should be, and as they are. A table's name is kept as its trigger's maker wrote it."""
    triggers = database.rows(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN ({_BY_NAME})"
    )
    return _sqlite_guards(), {str(name): str(statement) for name, statement in triggers}


def _on_postgresql(database: Database) -> tuple[dict[str, str], dict[str, str]]:
    """Triggers and rules by name, and the function that refuses: as the server would write them out, and as it does.

    Only what stands on the tables that a query means counts: another schema may hold tables of the same names.
    """
    found = database.rows(
        "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid, true) FROM pg_trigger"
        f" WHERE NOT tgisinternal AND tgrelid IN ({_AS_MEANT})"
        " UNION ALL SELECT c.relname || '.' || r.rulename, 'O', pg_get_ruledef(r.oid)"
        f" FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.ev_class IN ({_AS_MEANT})"
        " UNION ALL SELECT p.proname, 'O', replace(pg_get_functiondef(p.oid), quote_ident(n.nspname) || '.', '')"
        " FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid = to_regproc('lodeline_refuse')"
    )
    # O: fires in sessions that are not replicas; A: always. Others (D, R) let every writer through.
    return _postgresql_guards(), {
        str(name): str(definition) if enabled in ("O", "A") else "" for name, enabled, definition in found
    }
