"""Tables come step by step (migrations), each whole: its tables and the record of it are one transaction."""

from __future__ import annotations

from django.db import transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from lodeline.store.database import Database


def migrate(database: Database, app: str | None = None) -> None:
    """Takes the steps that were not taken, of one app or of all. Call it within `Database.alone`, in no transaction.

    Django's command of that name records some steps after their transaction: whoever is killed in between leaves tables
    of which nobody knows, and the next attempt fails with "already exists". It also fills tables of permissions, which
    nothing here asks (office.access.rights does that).
    """
    executor = _WholeSteps(database.connection)
    targets = [key for key in executor.loader.graph.leaf_nodes() if app in (None, key[0])]
    executor.migrate(targets)


class _WholeSteps(MigrationExecutor):
    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        # SQLite refuses to change tables where it watches over keys, and cannot be told so inside a transaction.
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
            return super().apply_migration(state, migration, fake, fake_initial)
