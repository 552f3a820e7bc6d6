"""What a request brings and what it is answered: bodies within bounds, one answer for a request that is sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from pydantic import BaseModel, ValidationError

from lodeline import language as lang
from lodeline.encoding import encoded
from lodeline.material.mass import parse_mass
from lodeline.office.accounts import idempotency
from lodeline.office.filing.drafts import FILES_LIMIT, FileIn
from lodeline.web.api import spec
from lodeline.web.api.problems import MEDIA_TYPE, ApiProblem, response_of
from lodeline.web.api.who import add_headers, call_of

#: Bytes of a JSON body. A filing with more rows comes as a file, in a multipart body.
JSON_BYTES_MAX: Final = 16_000_000
_FIELDS_BYTES_MAX: Final = 100_000
Sent = TypeVar("Sent", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request that files brings. `fields`: what stands beside the files, or beside `rows` in a JSON document."""

    files: tuple[FileIn, ...]
    fields: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Stands for the content, however it was packed."""
        fields = json.dumps(dict(self.fields), sort_keys=True, ensure_ascii=False, default=str)
        # Half a character is refused by whoever needs the text, and is one content like any other here.
        parts = [fields.encode("utf-8", "surrogatepass")]
        parts += [
            part
            for one in self.files
            for part in (one.name.encode("utf-8", "surrogatepass"), sha256(one.content).digest())
        ]
        return sha256(b"\0".join(sha256(part).digest() for part in parts)).hexdigest()


class _Bounded(TemporaryFileUploadHandler):
    """Streams files to the disk, and no further than LODELINE_FILING_BYTES."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        del input_data, META, boundary, encoding
        if content_length > settings.LODELINE_FILING_BYTES + _FIELDS_BYTES_MAX:
            raise RequestDataTooBig("files beyond LODELINE_FILING_BYTES")


def filing_of(request: HttpRequest) -> Body:
    """The files of a multipart body, or the document of a JSON body. Raises ApiProblem."""
    kind = (request.content_type or "").lower()
    if kind == "multipart/form-data":
        return _multipart(request)
    if kind == "application/json":
        content = json_bytes(request)
        fields = {}
        try:
            stated = parsed(content)
        except ApiProblem:
            stated = None  # The reader of filings says what is wrong, and where.
        if isinstance(stated, dict):
            fields = {name: value for name, value in stated.items() if name != "rows"}
        return Body(files=(FileIn(name="filing.json", content=content),), fields=fields)
    raise ApiProblem(
        "media-type", lang.text("Send files as multipart/form-data, or rows as application/json.")
    )  # fmt: skip


def _multipart(request: HttpRequest) -> Body:
    request.upload_handlers = [_Bounded(request)]
    try:
        sent = [one for _, several in request.FILES.lists() for one in several]
        fields: dict[str, Any] = {name: request.POST.get(name) for name in request.POST}
    except (MultiPartParserError, UnicodeError) as error:
        raise ApiProblem(
            "request-malformed", lang.text("The multipart body cannot be read: {error}.", error=error)
        ) from error
    files = []
    for one in sent:
        # Closed at once, and with that off the disk.
        with one:
            files.append(FileIn(name=one.name or "file", content=one.read()))
    if not files:
        raise ApiProblem("request-malformed", lang.text("There is no file in the body."))
    if len(files) > FILES_LIMIT:
        raise ApiProblem("too-large", lang.text("A filing has at most {files_limit} files.", files_limit=FILES_LIMIT))
    if isinstance(fields.get("certification"), str):
        fields["certification"] = parsed(fields["certification"].encode())
    return Body(files=tuple(files), fields=fields)


def json_bytes(request: HttpRequest, most: int = JSON_BYTES_MAX) -> bytes:
    """The body, of at most so many bytes. Raises ApiProblem."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > most:
        raise ApiProblem(
            "too-large", lang.text("This body has at most {most} bytes. A filing with more comes as a file.", most=most)
        )  # fmt: skip
    content: bytes = request.read(int(length))
    return content


def parsed(content: bytes) -> Any:
    """The JSON value of a body, all of whose texts can be written. Raises ApiProblem."""
    try:
        value = json.loads(content)
        if b"\\u" in content:
            # Half a surrogate pair is a text in JSON, and none that a database or an answer can hold.
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError) as error:
        raise ApiProblem("request-malformed", lang.text("The body is no JSON: {error}.", error=error)) from error


def integer(fields: Mapping[str, Any], name: str) -> int | None:
    """A number that may be written as text. Raises ApiProblem."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool | float) or not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise ApiProblem("request-malformed", lang.text("`{name}` is the number of an entry.", name=name))
    return int(text)


def json_answer(status: int, document: Any, **headers: str) -> HttpResponse:
    """An answer whose content is kept for who sends the same request again; typed answers in it are encoded."""
    body = json.dumps(document, ensure_ascii=False, default=encoded)
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8", headers=headers)


def body_of(shape: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The body of an operation in the published schema; the operation reads it itself, to keep what it answered."""
    return {"required": True, "content": {"application/json": {"schema": spec.model(shape), "example": example}}}


def sent_as(request: HttpRequest, shape: type[Sent]) -> tuple[Sent, str]:
    """The body as a shape, and its digest. Raises ApiProblem, which names what is wrong with it."""
    content = json_bytes(request)
    stated = parsed(content)
    try:
        found = shape.model_validate(stated)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors())
        raise ApiProblem("request-malformed", lang.text("{wrong}.", wrong=wrong)) from error
    if "\\u0000" in found.model_dump_json():
        raise ApiProblem("request-malformed", lang.text("The body holds the character U+0000."))
    return found, Body(files=(), fields=stated).digest


def once(request: HttpRequest, digest: str, act: Callable[[], HttpResponse]) -> HttpResponse:
    """`act()`, or what it answered when the same request came before (header Idempotency-Key).

    `digest` stands for the body. An answer that says "try again" (5xx) is not kept.
    """
    call = call_of(request)
    key = request.headers.get("Idempotency-Key")
    token = call.actor.token
    if key is None or token is None:
        return add_headers(request, act())
    asked = sha256(f"{request.method} {request.get_full_path()}\n{digest}".encode()).hexdigest()
    kept = idempotency.begin(token, key, asked, now=call.now)
    if kept is not None:
        kind = "application/json; charset=utf-8" if kept.status < 400 else MEDIA_TYPE
        again = HttpResponse(kept.body, status=kept.status, content_type=kind)
        again["Idempotency-Replayed"] = "true"
        return add_headers(request, again)
    try:
        try:
            response = act()
        except Exception as error:
            response = response_of(request, error)
        if response.status_code >= 500:
            idempotency.forget(token, key)
        else:
            idempotency.finish(token, key, status=response.status_code, body=response.content.decode())
    except BaseException:
        idempotency.forget(token, key)
        raise
    return add_headers(request, response)


def mass_mg(text: str) -> int:
    """A mass in kilograms as mg. Raises ApiProblem for what is none."""
    try:
        return int(parse_mass(text))
    except ValueError as error:
        raise ApiProblem("request-malformed", lang.text("{text!r} is no mass in kilograms.", text=text)) from error
