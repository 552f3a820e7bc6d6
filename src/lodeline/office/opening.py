"""The office's tables, in the store of the ledger: made once, before anybody is served."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.core.management import call_command

from lodeline.office.access import clock, rights
from lodeline.office.access.guarded import OFFICE_TABLES
from lodeline.office.accounts.demonstration import assert_no_samples, furnish
from lodeline.service.entries import office_log
from lodeline.store.archive import Steps, steps_like
from lodeline.store.database import Database
from lodeline.store.guards import guards_of, make_guards
from lodeline.store.opening import TABLES, migrate, open_store
from lodeline.store.queries.log import has_fact


def prepare(url: str) -> None:
    """Makes the tables or brings them up to date. The store itself is there already (`lodeline init`).

    Raises UserError where sample accounts would be reached from beyond this machine.
    """
    database = Database(url)
    with database.placing():
        with database.alone(TABLES):
            migrate(database)
            # A table of facts that a migration rebuilds has lost its triggers.
            make_guards(database)
            # Attempts to sign in are counted where every worker sees it.
            call_command("createcachetable", database=database.alias, verbosity=0)
        with database.transaction():
            make_guards(database, OFFICE_TABLES)
    if settings.LODELINE_HOSTS:
        assert_no_samples()
    # Where a backup is restored into, there are tables and no store yet.
    if has_fact(database, "format"):
        # What others put on the tables of facts is looked into before anything is entered; pages can be read meanwhile.
        if not guards_of(database).foreign:
            store, now = open_store(url), clock.now()
            rights.begin(store, now=now)
            office_log.enter_first_law(store, now=now)
        if settings.LODELINE_DEMO:
            furnish(url)


def change_tables(url: str, *, to: Steps | None = None, like: Mapping[str, Collection[str]] | None = None) -> None:
    """Makes the tables as an older program had them, or brings them up to date; nothing else, no guards either.

    `to`: the last steps that it had taken; `like`: the columns of its tables, where it did not state its steps.
    """
    database = Database(url)
    if to is None and like is not None:
        to = steps_like(like)
    with database.placing(), database.alone(TABLES):
        migrate(database, to=to)
