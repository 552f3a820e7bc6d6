"""What the published schema says of operations and parameters: beside each English text stands `x-zh`, the Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from ninja.params.functions import Path, Query
from pydantic import BaseModel

from lodeline.language import Text
from lodeline.language import text as both_languages
from lodeline.office.log.listing import ROWS_MAX, ROWS_USUAL

_REF: Final = "#/components/schemas/{model}"
PROBLEM_REF: Final = {"$ref": _REF.format(model="ProblemDocument")}
#: Name → schema, of the bodies that operations read themselves.
SCHEMAS: Final[dict[str, dict[str, Any]]] = {}
_USUAL: Final = (400, 401, 403, 429, 503)
#: Where anyone may ask. A token that is sent all the same is one, or is refused.
_OPEN: Final = (400, 401, 429, 503)
#: What fits into the numbers of any JSON reader.
INTEGER_MAX: Final = 2**53 - 1


#: English text of a parameter → the Chinese one, for the schema as published.
CHINESE: Final[dict[str, str]] = {}


def text(english: str, context: str = "") -> dict[str, Any]:
    """Keyword arguments of a parameter."""
    return parameter(both_languages(english, context=context))


def parameter(words: Text) -> dict[str, Any]:
    """The same of a text that is at hand."""
    CHINESE[words["en"]] = words["zh"]
    return {"description": words["en"]}


def named(name: str, schema: dict[str, Any]) -> dict[str, str]:
    """A reference to the schema, which is published under that name."""
    assert SCHEMAS.setdefault(name, schema) == schema, f"{name} is the name of another schema"
    return {"$ref": _REF.format(model=name)}


def model(shape: type[BaseModel]) -> dict[str, str]:
    """A reference to the schema of a model, which is published with those that it refers to."""
    schema = shape.model_json_schema(ref_template=_REF)
    for name, one in schema.pop("$defs", {}).items():
        named(name, one)
    return named(shape.__name__, schema)


def rows_in(name: str, **more: dict[str, Any]) -> dict[str, str]:
    """A reference to a body of rows, with `more` keys."""
    rows = {"type": "array", "items": {"type": "object"}}
    return named(name, {"type": "object", "properties": {**more, "rows": rows}, "required": ["rows"]})


def file_in(name: str, *, several: bool = False, required: bool = True, **more: dict[str, Any]) -> dict[str, str]:
    """A reference to a multipart body with a file, or several, and `more` fields."""
    file: dict[str, Any] = {"type": "string", "format": "binary"}
    properties = {"file": {"type": "array", "items": file} if several else file, **more}
    return named(name, {"type": "object", "properties": properties, **({"required": ["file"]} if required else {})})


def operation(
    words: Text, *, scope: str | None, more: Text | None = None, problems: Sequence[int] = (),
    body: dict[str, Any] | None = None, idempotent: bool = False, file: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Keyword arguments of an operation: its name, what it needs, and with which problems it may answer.

    `more`: what else is to be said. `scope` None: open to anyone. `idempotent`: takes the header Idempotency-Key.
    `file`: the content type of the file that it answers with.
    """
    codes = sorted({*problems, *(_USUAL if scope else _OPEN), *((409, 422) if idempotent else ())})
    extra: dict[str, Any] = {
        "x-zh": {"summary": words["zh"], **({"description": more["zh"]} if more else {})},
        "x-scope": scope,
        "responses": {code: _problem(code) for code in codes},
    }
    if file is not None:
        content = {file: {"schema": {"type": "string", "format": "binary"}}}
        extra["responses"][200] = {"description": HTTPStatus.OK.phrase, "content": content}
    if body is not None:
        extra["requestBody"] = body
    if idempotent:
        extra["parameters"] = [IDEMPOTENCY_KEY]
    return {"summary": words["en"], "description": more["en"] if more else None, "openapi_extra": extra}


def _problem(code: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(code).phrase,
        "content": {"application/problem+json": {"schema": PROBLEM_REF}},
    }


IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "A key of your own for this request, such as a UUID: sent again it is answered alike and done once.",
    "x-zh": "本次请求的自定键（如 UUID）：重复发送将得到相同响应，且只执行一次。",
}

LIMIT = Query(ROWS_USUAL, ge=1, le=ROWS_MAX, **text("Rows at most."))
CURSOR = Query(
    None, max_length=600,
    **text("`next` of the answer before; without it, from the beginning."),
)  # fmt: skip
ORGANISATION = Query(
    None, max_length=64,
    **text("Whose. A program has one; the authority may name any, or leave it out for all."),
)  # fmt: skip
PERIOD_PATTERN: Final = r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"
PERIOD = Query(None, pattern=PERIOD_PATTERN, **text("Month, YYYY-MM."))
FIRST = Query(None, alias="from", pattern=PERIOD_PATTERN, **text("First month, YYYY-MM."))
LAST = Query(None, alias="to", pattern=PERIOD_PATTERN, **text("Last month, YYYY-MM."))
ELEMENT = Query(None, max_length=8, **text("Only this element, such as Nd, or TREO."))
SITE = Query(None, max_length=64, **text("Only this site."))
ENTRY = Path(..., ge=0, le=INTEGER_MAX, **text("Number of the entry in the log."))
LOT = Path(
    ..., max_length=300,
    **text("The lot as listed, `MAKER/LOT`, percent-encoded (a slash as %2F or as it is)."),
)  # fmt: skip
