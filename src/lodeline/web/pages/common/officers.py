"""Who decided, by name for those who may know."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lodeline.office.models import User
from lodeline.web.visit import Visit


def officers(visit: Visit, pseudonyms: Collection[str]) -> Mapping[str, str]:
    """Pseudonym → the name, for officials; anybody else reads the pseudonym, as in the log."""
    if not visit.actor.is_official:
        return {}
    return dict(User.objects.filter(pseudonym__in=set(pseudonyms)).values_list("pseudonym", "name"))
