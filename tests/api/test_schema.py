"""Whatever the published schema allows, and what it does not, is answered as the schema says and never with a fault.

`LODELINE_FUZZ=500` in the environment asks so many examples of every operation (`make api-fuzz`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import Office

from lodeline.office.access.actor import AUTHORITY_ROLES
from lodeline.office.accounts import tokens
from lodeline.office.log import changes
from lodeline.web.api import api

pytestmark = pytest.mark.ci

FUZZ = "LODELINE_FUZZ" in os.environ
EXAMPLES = int(os.environ.get("LODELINE_FUZZ", "2"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def operations() -> list[tuple[str, str]]:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return [(path, method.upper()) for path, found in paths.items() for method in found]


@pytest.fixture(scope="module")
def schema(looked_at: Office) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "REQUESTS_PER_MINUTE", 10**9)
        patch.setattr(changes, "WAIT_S_MAX", 0)
        yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


#: The roles of the authority that a program can have.
OFFICIALS = tuple(
    role for role, allowed in AUTHORITY_ROLES.items() if any(one.permission in allowed for one in tokens.scopes_of(""))
)
#: Every role that a program can have, and who has no token at all.
WHO = ("nobody", "organisation-admin", "certifier", *OFFICIALS)


@pytest.fixture(scope="module", params=WHO)
def headers(request: pytest.FixtureRequest, looked_at: Office) -> dict[str, str]:
    """What a program of that role sends. Compressed answers would come to the checks as they travel."""
    told = {"Accept-Encoding": "identity"}
    if request.param == "nobody":
        return told
    if request.param in AUTHORITY_ROLES:
        return {**told, "Authorization": f"Bearer {looked_at.of_role(request.param)}"}
    return {**told, "Authorization": f"Bearer {looked_at.token('MAG-0003', role=request.param)}"}


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, str], list[Any]]:
    """Operation → the examples of it that were asked in this module."""
    return {}


def examples_of(operation: Any) -> list[Any]:
    """Examples of what an operation's schema allows and of what it does not; the same each time, unless one fuzzes."""
    found: list[Any] = []

    @settings(
        max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate], derandomize=not FUZZ,
        suppress_health_check=list(HealthCheck), database=None,
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def note(case: Any) -> None:
        found.append(case)

    note()
    return found


@pytest.mark.parametrize(("path", "method"), operations())
def test_every_operation_keeps_its_promise(
    schema: Any, drawn: dict[tuple[str, str], list[Any]], headers: dict[str, str], path: str, method: str
) -> None:
    # To draw an example takes as long as to answer it: every role asks those that the first one drew.
    if FUZZ or (path, method) not in drawn:
        drawn[path, method] = examples_of(schema[path][method])
    assert drawn[path, method], "nothing was asked"
    for case in drawn[path, method]:
        case.call_and_validate(headers=headers, checks=CHECKS)
