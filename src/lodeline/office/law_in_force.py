"""The law of the portal's store as its log has it now, for whoever has no store at hand."""

from __future__ import annotations

from django.conf import settings

from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.law import law_now
from lodeline.store.opening import open_store


def law_in_force() -> Jurisdiction:
    """The law that binds today. Raises StoreError where there is no store."""
    return law_now(open_store(settings.LODELINE_DATABASE))
