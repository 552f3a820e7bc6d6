"""The agency of another state asks every address of the API: what is open to anyone answers, all else refuses."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from tests.api.conftest import Office

from lodeline.office.access import clock
from lodeline.office.models import Membership, User
from lodeline.web.api import api

pytestmark = pytest.mark.medium

#: What is published to agencies.
OWN = {"/api/v1/strategy/aggregate"}
#: Well-formed queries of addresses that want one: whoever may not ask is to be refused, not told what is missing.
ASKED = {
    "/api/v1/parties/match": "?name=a&country=JP", "/api/v1/law/diff": "?from=2025-01-01&to=2025-02-01",
    "/api/v1/log/consistency": "?first=1&second=1", "/api/v1/strategy/compare": "?first=a&second=b",
    "/api/v1/lots/{lot}/routes": "?to=x", "/api/v1/law/replay": "?pack=x",
}  # fmt: skip


def agent(office: Office) -> Client:
    del office
    user = User.objects.create_user("agent@ministry.example", name="Agent", joined_at=clock.now())
    Membership.objects.create(
        user=user, organisation="", role="agency", region="JP", valid_from=date(2020, 1, 1), granted_at=clock.now()
    )
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_an_agency_gets_nothing_from_the_api_but_what_is_published(office: Office) -> None:
    client, answered = agent(office), set()
    for path, operations in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items():
        for method, operation in operations.items():
            filled = re.sub(r"{\w+}", "1", path)
            if method == "get":
                response = client.get(filled + ASKED.get(path, ""))
            else:
                response = client.generic(method.upper(), filled, b"{}", content_type="application/json")
            # Where anyone may ask, no session is asked for.
            if operation["x-scope"] is not None and path not in OWN:
                assert response.status_code in (403, 404), (method, path, response.status_code, response.content[:200])
                if response.status_code == 404:
                    answered.add(path)
    assert answered == set(), "refused before it is said whether there is such a thing"
