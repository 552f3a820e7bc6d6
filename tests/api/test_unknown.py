"""What is not there is answered 404, whatever is asked of it; what nobody answers is a problem document too."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.api.conftest import Office, Program

from lodeline.office.access.actor import AUTHORITY_ROLES
from lodeline.office.accounts.tokens import scopes_of
from lodeline.web.api import api

#: Parts of addresses that are numbers.
_NUMBERS = {"entry", "number", "draft", "job", "dispute", "document", "reservation"}


@cache
def paths() -> dict[str, Any]:
    found: dict[str, Any] = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return found


OPERATIONS = sorted((method, path) for path, found in paths().items() if "{" in path for method in found)


def unknown(path: str) -> str:
    """The address of nothing."""
    return re.sub(r"{(\w+)}", lambda found: "987" if found[1] in _NUMBERS else "NOTHING-9", path)


@pytest.fixture(scope="module")
def programs(looked_at: Office) -> list[Program]:
    """Programs of a firm with all scopes of its administrator and of its certifier, and of the authority's roles."""
    firm = [looked_at.program("MAG-0001", role=role) for role in ("organisation-admin", "certifier")]
    opened = {scope.permission for scope in scopes_of("")}
    roles = [role for role, permissions in AUTHORITY_ROLES.items() if opened & set(permissions)]
    return [*firm, *(Program(token=looked_at.of_role(role)) for role in roles)]


@pytest.mark.medium
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_what_is_not_there_is_not_found(programs: list[Program], method: str, path: str) -> None:
    body = paths()[path][method].get("requestBody", {}).get("content", {}).get("application/json", {})
    allowed = 0
    for program in programs:
        headers = {"Authorization": f"Bearer {program.token}", "Idempotency-Key": str(uuid4())}
        sent = {"data": body.get("example") or {}, "content_type": "application/json"} if method == "post" else {}
        answer = getattr(program.client, method)(unknown(path), headers=headers, **sent)
        if answer.status_code == 403:
            continue
        allowed += 1
        assert answer.status_code == 404, (answer.status_code, answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        if method == "post":
            break
    assert allowed, "nobody may do this"


@pytest.mark.parametrize("path", ["/api/", "/api", "/api/v1/", "/api/v1/nothing", "/api/v2/filings", "/api/v1/lots/"])
def test_an_address_that_the_api_has_not_is_a_problem(looked_at: Office, path: str) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").get(path, follow=True)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["texts"]["zh"]["detail"].startswith("没有接口地址")


def test_a_method_that_an_address_does_not_take_is_a_problem(looked_at: Office) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").delete("/api/v1/filings/1")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "GET"
    assert answer.json()["type"] == "urn:lodeline:problem:method-not-allowed"
