"""How long ago a reader proved who they are."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate

from lodeline.web.visit import Visit


def is_recent(visit: Visit) -> bool:
    """Whether the person has proved who they are within the last minutes, by signing in or again since."""
    return bool(did_recently_reauthenticate(visit.request))
