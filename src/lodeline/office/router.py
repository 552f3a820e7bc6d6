"""Where the office's tables are: in the ledger's database, so that one transaction covers a draft and its entry."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from lodeline.office.access.guarded import has_office
from lodeline.store.database import Database


class OneStore:
    """Sends every query of Django's models to the store that this process serves (setting LODELINE_DATABASE)."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """The alias of the store's database."""
        del model, hints
        return Database(settings.LODELINE_DATABASE).alias

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """The same: there is one database."""
        return self.db_for_read(model, **hints)

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        """All tables stand in one database."""
        del one, other, hints
        return True


def is_prepared(url: str) -> bool:
    """Whether the tables are there."""
    return has_office(Database(url))
