"""The page of the API: every operation with its parameters, body and answers, and a line to try it, from the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lodeline.language import Text, bilingual, text
from lodeline.web.parts.shell import show
from lodeline.web.visit import Visit

Json = Mapping[str, Any]
_TAGS: Final[Mapping[str, Text]] = {
    "filings": text("Filings", context="log"),
    "transfers": text("Transfers", context="log"),
    "lots": text("Lots", context="log"),
    "balances": text("Balances, quotas, licences"),
    "findings": text("Findings", context="log"),
    "changes": text("Changes", context="log"),
    "declarations": text("The customs desk"),
    "licences": text("What is drawn on licences"),
    "applications": text("Applications for licences"),
    "organisations": text("Organisations"),
    "nation": text("The nation"),
    "law": text("Law"),
    "feeds": text("Other authorities' records"),
    "parties": text("Parties", context="log"),
    "authority": text("What the authority enters"),
    "strategy": text("Who stops when goods are held back"),
    "log": text("Log and proofs"),
    "self": text("Who you are", context="log"),
}

_PLACES: Final[Mapping[str, Text]] = {
    "path": text("in the address"),
    "query": text("query", context="log"),
    "header": text("header"),
}


def api(visit: Visit) -> HttpResponse:
    """The page `api/`."""
    groups = [
        {
            "key": tag,
            "heading": visit.localized(heading),
            "operations": [_shown(visit, *one) for one in _operations(tag)],
        }
        for tag, heading in _TAGS.items()
    ]
    return show(
        visit,
        "lodeline/log/api.html",
        title=visit.text("What programs can ask", context="log"),
        groups=groups,
        count=sum(len(_operations(tag)) for tag in _TAGS),
        address=f"{visit.request.scheme}://{visit.request.get_host()}/api/v1/",
    )


@cache
def _schema() -> Json:
    from lodeline.web.api import api as published  # noqa: PLC0415  (it makes this page's address in turn)

    schema: Json = published.get_openapi_schema(path_prefix="api/v1/")
    return schema


@cache
def _operations(tag: str) -> tuple[tuple[str, str, Json], ...]:
    """(method, path, operation) of a tag, in the order in which they are published."""
    return tuple(
        (method.upper(), path, operation)
        for path, operations in _schema()["paths"].items()
        for method, operation in operations.items()
        if tag in operation.get("tags", ())
    )


def _shown(visit: Visit, method: str, path: str, operation: Json) -> dict[str, Any]:
    chinese, scope = operation["x-zh"], operation["x-scope"]
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": visit.localized(bilingual(operation["summary"], chinese["summary"])),
        "description": _marked(visit.localized(bilingual(operation.get("description", ""), chinese["description"])))
        if "description" in chinese
        else "",
        "scope": scope if scope and ":" in scope else None,
        "open": scope is None,
        "parameters": [_parameter(visit, one) for one in operation["parameters"]],
        "bodies": list(_bodies(operation)),
        "answers": list(_answers(operation)),
        "curl": _curl(visit, method, path, operation),
    }


def _parameter(visit: Visit, one: Json) -> dict[str, Any]:
    return {
        "name": one["name"],
        "where": visit.localized(_PLACES[one["in"]]),
        "required": one["required"],
        "text": _marked(visit.localized(bilingual(one.get("description", ""), one.get("x-zh", "")))),
    }


def _marked(text: str) -> SafeString:
    """The text with what stands between backquotes in the type of code."""
    parts = text.split("`")
    pieces = [
        format_html('<span class="mono">{}</span>' if place % 2 else "{}", part) for place, part in enumerate(parts)
    ]
    return SafeString("".join(pieces))


def _bodies(operation: Json) -> Iterator[dict[str, str]]:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        example = content.get("example")
        shown = "" if example is None else json.dumps(example, ensure_ascii=False, indent=1)
        yield {"kind": kind, "keys": _keys(content), "example": shown}


def _answers(operation: Json) -> Iterator[dict[str, str]]:
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            if "problem" not in kind:
                yield {"status": str(status), "keys": _keys(content) or kind}
    problems = [str(status) for status, one in operation["responses"].items() if "problem" in str(one.get("content"))]
    if problems:
        yield {"status": ", ".join(problems), "keys": "problem+json"}


def _keys(content: Json) -> str:
    """The keys of the named schema that a content has."""
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    return ", ".join(_schema()["components"]["schemas"].get(name, {}).get("properties", ()))


def _curl(visit: Visit, method: str, path: str, operation: Json) -> str:
    origin = f"{visit.request.scheme}://{visit.request.get_host()}"
    needed = [f"{one['name']}=…" for one in operation["parameters"] if one["in"] == "query" and one["required"]]
    address = f"{origin}{path}" + (f"?{'&'.join(needed)}" if needed else "")
    parts = [f"curl '{address}'"]
    if operation["x-scope"] is not None:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    bodies = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in bodies:
        parts.append("-F file=@FILE")
    elif bodies:
        parts.append("-H 'Content-Type: application/json' -d @FILE")
    elif method == "POST":
        parts.append("-X POST")
    return " \\\n  ".join(parts)
