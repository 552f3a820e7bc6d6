"""The office's tables, in the store of the ledger: made once, before anybody is served."""

from __future__ import annotations

from django.conf import settings
from django.core.management import call_command

from lodeline.office.demonstration import assert_no_samples, furnish
from lodeline.office.models import ApplicationStep, AuditRecord, CaseFile, CaseStep
from lodeline.store.database import Database
from lodeline.store.guards import make_guards

_REFUSAL = "audit records are only added"
_ONLY_ADDED_TO = (AuditRecord, CaseStep, CaseFile, ApplicationStep)


def prepare(url: str) -> None:
    """Makes the tables or brings them up to date. The store itself is there already (`lodeline init`).

    Raises SpokenError where sample accounts would be reached from beyond this machine.
    """
    database = Database(url)
    with database.placing():
        call_command("migrate", database=database.alias, verbosity=0, interactive=False)
        # A table of facts that a migration rebuilds has lost its triggers.
        make_guards(database)
        # Attempts to sign in are counted where every worker sees it.
        call_command("createcachetable", database=database.alias, verbosity=0)
    for model in _ONLY_ADDED_TO:
        _guard(database, model._meta.db_table)
    if settings.LODELINE_HOSTS:
        assert_no_samples()
    if settings.LODELINE_DEMO:
        furnish(url)


def is_prepared(url: str) -> bool:
    """Whether the tables are there."""
    database = Database(url)
    return AuditRecord._meta.db_table in database.connection.introspection.table_names()


def _guard(database: Database, table: str) -> None:
    """Triggers that refuse to change or delete rows of a table to which rows are only added."""
    with database.transaction():
        if database.is_sqlite:
            for action in ("UPDATE", "DELETE"):
                name = f"{table}_no_{action.lower()}"
                database.execute(f'DROP TRIGGER IF EXISTS "{name}"')
                refusal = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                database.execute(f'CREATE TRIGGER "{name}" BEFORE {action} ON "{table}" {refusal}')
            return
        database.execute(
            "CREATE OR REPLACE FUNCTION lodeline_refuse_audit() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
        for name, when, level in (
            ("no_change", "UPDATE OR DELETE", "ROW"),
            ("no_truncate", "TRUNCATE", "STATEMENT"),
        ):
            database.execute(
                f'CREATE OR REPLACE TRIGGER "{table}_{name}" BEFORE {when} ON "{table}" FOR EACH {level}'
                " EXECUTE FUNCTION lodeline_refuse_audit()"
            )
