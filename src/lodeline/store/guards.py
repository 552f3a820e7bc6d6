"""Facts cannot be changed or deleted: triggers refuse it on both databases.

A trigger can be dropped by whoever owns the database; the Merkle log is what proves that nobody did.
"""

from __future__ import annotations

from lodeline.store.database import Database

FACTS = ("fact", "entry", "upload", "record", "lot", "line", "alias", "draw", "invoice_line", "customs_line")
_REFUSAL = "facts are append-only: file a correction instead"


def _sqlite_guards() -> dict[str, str]:
    """Name → statement of every trigger."""
    return {
        f"{table}_no_{action.lower()}": f'CREATE TRIGGER "{table}_no_{action.lower()}" BEFORE {action} ON "{table}" '
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for table in FACTS
        for action in ("UPDATE", "DELETE")
    }


def _postgresql_guards() -> dict[str, str]:
    guards = {}
    for table in FACTS:
        guards[f"{table}_no_change"] = f'BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW'
        guards[f"{table}_no_truncate"] = f'BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT'
    return {
        name: f'CREATE OR REPLACE TRIGGER "{name}" {when} EXECUTE FUNCTION lodeline_refuse()'
        for name, when in guards.items()
    }


def make_guards(database: Database) -> None:
    """Creates the triggers, replacing any of the same name. Table rebuilds of migrations drop them."""
    if database.is_sqlite:
        for name, statement in _sqlite_guards().items():
            database.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            database.execute(statement)
        return
    database.execute(
        "CREATE OR REPLACE FUNCTION lodeline_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for statement in _postgresql_guards().values():
        database.execute(statement)


def missing_guards(database: Database) -> list[str]:
    """Names of the triggers that do not stand as they were made: dropped, disabled or put on something else."""
    if database.is_sqlite:
        triggers = database.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = {str(name): str(statement) for name, statement in triggers}
        return sorted(name for name, statement in _sqlite_guards().items() if found.get(name) != statement)
    standing = database.rows(
        "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND p.proname = 'lodeline_refuse' AND p.prosrc LIKE %s"
        # 2: before; 8: delete; 16: update; 32: truncate.
        " AND ((t.tgname = c.relname || '_no_change' AND t.tgtype & 26 = 26)"
        " OR (t.tgname = c.relname || '_no_truncate' AND t.tgtype & 34 = 34))",
        (f"%{_REFUSAL}%",),
    )
    return sorted(set(_postgresql_guards()) - {str(name) for (name,) in standing})
