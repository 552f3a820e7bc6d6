"""The published schema can be read by programs that follow it: what it refers to is there, and lists say of what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lodeline.web.api import api


@pytest.fixture(scope="module")
def document() -> Any:
    return api.get_openapi_schema(path_prefix="api/v1/")


def parts(of: Any, at: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document with its place, examples left out."""
    if isinstance(of, dict):
        yield at, of
        for name, one in of.items():
            if name not in ("example", "examples"):
                yield from parts(one, f"{at}/{name}")
    elif isinstance(of, list):
        for number, one in enumerate(of):
            yield from parts(one, f"{at}/{number}")


def test_whatever_is_referred_to_is_there(document: Any) -> None:
    for place, one in parts(document):
        reference = one.get("$ref")
        if isinstance(reference, str):
            found: Any = document
            for name in reference.removeprefix("#/").split("/"):
                assert name in found, f"{place} refers to {reference}, which is nowhere"
                found = found[name]


def test_every_array_says_of_what(document: Any) -> None:
    bare = [
        at for at, one in parts(document) if one.get("type") == "array" and not {"items", "prefixItems"} & one.keys()
    ]
    assert not bare
