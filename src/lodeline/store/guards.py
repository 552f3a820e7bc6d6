"""Facts cannot be changed or deleted: triggers refuse it on both databases.

A trigger can be dropped by whoever owns the database; the Merkle log is what proves that nobody did.
"""

from __future__ import annotations

from lodeline.store.database import Database

FACTS = ("fact", "entry", "upload", "record", "lot", "line")
_REFUSAL = "facts are append-only: file a correction instead"


def make_guards(database: Database) -> None:
    """Creates the triggers, replacing any of the same name. Table rebuilds of migrations drop them."""
    for table in FACTS:
        for action in ("UPDATE", "DELETE"):
            name = f"{table}_no_{action.lower()}"
            if database.is_sqlite:
                database.execute(f'DROP TRIGGER IF EXISTS "{name}"')
                database.execute(
                    f'CREATE TRIGGER "{name}" BEFORE {action} ON "{table}" '
                    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
    if database.is_sqlite:
        return
    database.execute(
        "CREATE OR REPLACE FUNCTION lodeline_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for table in FACTS:
        database.execute(
            f'CREATE OR REPLACE TRIGGER "{table}_no_change" BEFORE UPDATE OR DELETE ON "{table}" '
            "FOR EACH ROW EXECUTE FUNCTION lodeline_refuse()"
        )
        database.execute(
            f'CREATE OR REPLACE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION lodeline_refuse()"
        )


def missing_guards(database: Database) -> list[str]:
    """Names of the triggers that should stand and do not (or are disabled)."""
    if database.is_sqlite:
        wanted = {f"{table}_no_{action}" for table in FACTS for action in ("update", "delete")}
        found = database.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    else:
        wanted = {f"{table}_no_{action}" for table in FACTS for action in ("change", "truncate")}
        found = database.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'")
    return sorted(wanted - {str(name) for (name,) in found})
