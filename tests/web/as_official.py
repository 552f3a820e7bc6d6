"""Stands in for signing in, where a test is about pages and not about accounts: an official of every role."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.test import override_settings

from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, RoleGrant
from lodeline.office.models import User

OFFICIAL = Actor(
    user=1,
    name="Every Official",
    pseudonym="official",
    # A guest as well, so that there is one who opens every page; nobody is both (tests/office/test_agency.py).
    standings=(
        *(RoleGrant(organisation="", role=role) for role in AUTHORITY_ROLES),
        RoleGrant(organisation="", role="agency", region="JP"),
    ),
)


class AsOfficial:
    """Middleware before `WhoAsks`: whoever asks is OFFICIAL, unless the client says who else (`lodeline.actor`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = request.META.get("lodeline.actor", OFFICIAL)  # type: ignore[attr-defined]
        return self.get_response(request)


def furnish(url: str) -> None:
    """Makes the account that stands behind whoever a test lets ask, number 1, in a store with the office's tables."""
    with override_settings(LODELINE_DATABASE=url):
        User.objects.create_user("official@test.example", pk=1, name=OFFICIAL.name, joined_at=clock.now())
