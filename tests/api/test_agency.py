"""The agency of another state asks every address of the API: what is open to anyone answers, all else refuses."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from tests.accounts import with_app
from tests.api.conftest import Office

from lodeline.office.access import clock
from lodeline.office.models import Membership, User
from lodeline.web.api import api

pytestmark = pytest.mark.medium

#: What is published to agencies, and who it is that asks.
OWN = {"/api/v1/strategy/aggregate", "/api/v1/self"}
#: What stands for a parameter that an address wants: whoever may not ask is refused, and not told what is missing.
WANTED = {
    "name": "a", "from": "2025-01-01", "to": "2025-02-01", "first": "a", "second": "b",
}  # fmt: skip


def agent() -> Client:
    """Somebody of an agency who has signed in, with a second factor: without one nothing would open anyway."""
    user = User.objects.create_user("agent@ministry.example", name="Agent", joined_at=clock.now())
    Membership.objects.create(
        user=user, organisation="", role="agency", region="JP", valid_from=date(2020, 1, 1), granted_at=clock.now()
    )
    with_app(user)
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_agency_gets_nothing_from_the_api_but_what_is_published(office: Office) -> None:
    client, answered = agent(), set()
    for path, operations in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items():
        for method, operation in operations.items():
            filled = re.sub(r"{\w+}", "1", path)
            if method == "get":
                wanted = [one["name"] for one in operation["parameters"] if one["in"] == "query" and one["required"]]
                response = client.get(filled, {name: WANTED[name] for name in wanted})
            else:
                response = client.generic(method.upper(), filled, b"{}", content_type="application/json")
            # Where anyone may ask, no session is asked for.
            if operation["x-scope"] is not None and path not in OWN:
                assert response.status_code in (403, 404), (method, path, response.status_code, response.content[:200])
                assert response["Content-Type"] == "application/problem+json", "the API refuses, and no gate before it"
                if response.status_code == 404:
                    answered.add(path)
    assert answered == set(), "refused before it is said whether there is such a thing"
    assert client.get("/api/v1/strategy/aggregate").json() == {"rows": []}
