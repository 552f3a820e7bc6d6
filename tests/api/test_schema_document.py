"""The published schema can be read by programs that follow it: what it refers to is there, and lists say of what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

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


def operations(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, by_method in document["paths"].items():
        for method, operation in by_method.items():
            yield f"{method} {path}", operation


def test_every_body_is_a_named_schema(document: Any) -> None:
    bodies = {
        (name, kind): content["schema"].keys()
        for name, one in operations(document)
        for kind, content in one.get("requestBody", {}).get("content", {}).items()
    }
    assert bodies and {name for name, keys in bodies.items() if keys != {"$ref"}} == set()


def test_every_answer_says_what_it_is(document: Any) -> None:
    bare = [
        name
        for name, one in operations(document)
        for status, answer in one["responses"].items()
        if str(status).startswith("2") and not answer.get("content")
    ]
    assert not bare
    files = [name for name, one in operations(document) if '"binary"' in json.dumps(one["responses"])]
    assert len(files) == 4


def test_a_name_is_that_of_one_schema() -> None:
    def below(shape: type[Any]) -> Iterator[type[Any]]:
        for one in shape.__subclasses__():
            yield one
            yield from below(one)

    names = [one.__name__ for one in set(below(BaseModel)) if one.__module__.startswith("lodeline.web.api")]
    assert len(names) > 100 and len(names) == len(set(names)), sorted({one for one in names if names.count(one) > 1})
