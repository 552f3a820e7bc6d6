"""Who asks: the person who has signed in, with the memberships in force today, on every request as `request.actor`."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from lodeline.office.access import clock
from lodeline.office.access.actor import NOBODY, Actor, actor_of
from lodeline.office.law_in_force import law_in_force


class WhoAsks:
    """Puts the actor on the request; nothing is asked of the database until somebody wants to know."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not hasattr(request, "actor"):
            request.actor = SimpleLazyObject(lambda: session_actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def session_actor(request: HttpRequest) -> Actor:
    """The actor of the session, NOBODY where nobody has signed in."""
    user = request.user
    if not user.is_authenticated:
        return NOBODY
    return actor_of(user, on=clock.today(law_in_force().timezone))
