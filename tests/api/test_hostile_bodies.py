"""No body that a program sends is a mistake of ours: every operation answers each, and says what to do."""

from __future__ import annotations

import json

import pytest
from tests.api.conftest import Office
from tests.hostile import BODIES

from lodeline.web.api import api

pytestmark = pytest.mark.ci


def posts() -> list[str]:
    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    return sorted(path for path, found in paths.items() if "post" in found)


@pytest.fixture(scope="module")
def tokens(looked_at: Office) -> tuple[str, ...]:
    return looked_at.token("MAG-0001"), looked_at.token(""), looked_at.official("hostile")


@pytest.mark.parametrize("name", BODIES)
def test_no_body_is_a_mistake_of_ours(looked_at: Office, tokens: tuple[str, ...], name: str) -> None:
    content, kind = BODIES[name]
    program = looked_at.program("MAG-0001")
    for path in posts():
        address = path.replace("{", "").replace("}", "")
        for token in tokens:
            answer = program.client.post(
                address, data=content, content_type=kind, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code < 500, (address, answer.content[:500])
            json.loads(answer.content)


@pytest.mark.parametrize("name", ["many files", "many parts"])
def test_what_is_too_many_has_a_cure(looked_at: Office, name: str) -> None:
    content, kind = BODIES[name]
    program = looked_at.program("MAG-0001")
    answer = program.client.post(
        "/api/v1/filings/check", data=content, content_type=kind, headers={"Authorization": f"Bearer {program.token}"}
    )
    assert answer.status_code == 400
    assert "Send less at a time" in answer.json()["texts"]["en"]["detail"]
