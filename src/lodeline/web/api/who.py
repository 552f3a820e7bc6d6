"""Who asks, what that opens, and what every answer says beside its content: what is left of the minute, its version.

A program sends a token, and acts for one organisation or for the authority. A person who has signed in may read with
the session, so that the page of the API can be tried; nothing is written with a session here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from ninja.security import APIKeyCookie, HttpBearer

from lodeline.language import bilingual, enumerated, text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY, NOBODY, Actor
from lodeline.office.access.audit import record_access
from lodeline.office.access.looking import USUAL_REASON
from lodeline.office.accounts.tokens import Program, Usage, count, program_of
from lodeline.regulation.parameter import Jurisdiction
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.store import Store
from lodeline.web.access.strangers import Turns, has_too_many_uploads
from lodeline.web.api.problems import ApiProblem, language_of, not_found, state_usage
from lodeline.web.reading import Reading
from lodeline.web.server.receiving import LARGE_OF_ONE
from lodeline.web.visit import desk
from lodeline.web.words.language import TAGS

#: The scope of the authority that opens whatever is filed, for every read.
NATION: Final = "nation:read"
_strangers: Final = Turns()


@dataclass(slots=True, kw_only=True)
class Call:
    """A request to the API: who asks, and what its answer will say in its headers."""

    actor: Actor
    now: datetime
    usage: Usage | None = None
    etag: str | None = None

    @property
    def program(self) -> Program | None:
        """The program that asks; None for a person or nobody."""
        return self.actor if isinstance(self.actor, Program) else None


class BearerToken(HttpBearer):
    """`Authorization: Bearer lodeline_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Call:
        """Who the token stands for. Raises TokenError, TooManyError."""
        now = clock.now()
        program = program_of(token, now=now)
        assert program.token is not None
        return _call(request, Call(actor=program, now=now, usage=count(program.token, now=now)))


class Session(APIKeyCookie):
    """Whoever has signed in to the portal, and only to read."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Call | None:
        """The person; None where nobody has signed in. Raises ApiProblem where something would be written."""
        del key
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if not actor.signed_in:
            return None
        if request.method not in ("GET", "HEAD"):
            raise ApiProblem(
                "session-reads-only",
                text("With a session one may read here. Programs write with a token; people write on the pages."),
            )
        return _call(request, Call(actor=actor, now=clock.now()))


def anyone(request: HttpRequest) -> Call:
    """Whoever asks, where what is asked is open to all. Raises ApiProblem for who sends too much."""
    if request.method == "POST" and _strangers.wait_s(request):
        raise ApiProblem("too-many-requests", text("Too many requests from this address. Wait a minute."))
    return _call(request, Call(actor=NOBODY, now=clock.now()))


def _call(request: HttpRequest, call: Call) -> Call:
    if "\0" in request.path or any("\0" in text for pair in request.GET.lists() for text in (pair[0], *pair[1])):
        raise ApiProblem("request-malformed", text("A parameter holds the character U+0000."))
    if has_too_many_uploads(request):
        raise ApiProblem(
            "too-many-requests",
            text(
                "At most {large_of_one} large uploads of one token at a time, and few of one address: "
                "wait until one has ended. Nothing of this one was kept.",
                large_of_one=LARGE_OF_ONE,
            ),
        )
    request.api_call = call  # type: ignore[attr-defined]
    return call


def call_of(request: HttpRequest) -> Call:
    """The call that a request is."""
    return request.api_call  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestScope:
    """Whose rows are asked for: an organisation's, or (None) everybody's. `whole`: the authority reads them whole."""

    organisation: str | None
    whole: bool


def reads(request: HttpRequest, scope: str, organisation: str | None = None) -> RequestScope:
    """Whose rows this request may read, with an `organisation` named or not. Raises ApiProblem."""
    call = call_of(request)
    program = call.program
    if program is not None:
        if not program.organisation:
            _has_scope(program, NATION)
            return RequestScope(organisation=organisation, whole=True)
        _has_scope(program, scope)
        if organisation not in (None, program.organisation):
            raise _not_yours()
        return RequestScope(organisation=program.organisation, whole=False)
    if call.actor.may("nation.read", organisation or AUTHORITY):
        return RequestScope(organisation=organisation, whole=True)
    if call.actor.may("nation.read"):
        raise _of_region(organisation)
    own = [one for one in call.actor.organisations if call.actor.may("own.read", one)]
    if organisation is None and len(own) > 1:
        raise ApiProblem(
            "organisation-unnamed",
            text(
                "You are of several organisations: name one with `organisation` ({own}).",
                own=enumerated(own),
            ),
        )
    if not own or organisation not in (None, *own):
        raise _not_yours()
    return RequestScope(organisation=organisation or own[0], whole=False)


def reads_nation(request: HttpRequest) -> None:
    """Returns if this request may read everything that is filed. Raises ApiProblem."""
    program = call_of(request).program
    if program is not None and program.organisation == "":
        _has_scope(program, NATION)
    actor = call_of(request).actor
    if actor.may("nation.read") and not actor.may("nation.read", AUTHORITY):
        raise _of_region(None)
    if not actor.may("nation.read"):
        raise _not_yours()


def writes(request: HttpRequest, scope: str) -> tuple[Program, str]:
    """The program, and the organisation that it writes for. Raises ApiProblem."""
    program = call_of(request).program
    assert program is not None, "only tokens get as far as an operation that writes"
    if not program.organisation:
        raise _not_yours()
    _has_scope(program, scope)
    return program, program.organisation


def decides(request: HttpRequest, scope: str = "findings:decide") -> Program:
    """The program of the authority that may do what a scope of the authority opens. Raises ApiProblem."""
    program = call_of(request).program
    assert program is not None, "only tokens get as far as an operation that writes"
    _has_scope(program, scope)
    if program.organisation:
        raise _not_yours()
    return program


def decides_parties(request: HttpRequest) -> Program:
    """The program of the authority that may decide whom names mean. Raises ApiProblem."""
    program = call_of(request).program
    assert program is not None, "only tokens get as far as an operation that writes"
    _has_scope(program, "parties:decide")
    if program.organisation:
        raise _not_yours()
    return program


def feeds(request: HttpRequest, kind: str) -> Program:
    """The program of the authority that may hand in a kind of feed. Raises ApiProblem."""
    program = call_of(request).program
    assert program is not None, "only tokens get as far as an operation that writes"
    _has_scope(program, f"feeds:{kind}")
    if program.organisation:
        raise _not_yours()
    return program


def judges(request: HttpRequest) -> str:
    """Whose consignments this request may ask about: an organisation's, or ("") anybody's. Raises ApiProblem."""
    call = call_of(request)
    if call.program is not None:
        _has_scope(call.program, "declarations:judge")
        return call.program.organisation
    if call.actor.may("desk.use"):
        return ""
    own = [one for one in call.actor.organisations if call.actor.may("own.read", one)]
    if len(own) != 1:
        raise _not_yours()
    return own[0]


def decides_at_the_desk(request: HttpRequest) -> Program:
    """The program of the authority that may decide otherwise than the desk. Raises ApiProblem."""
    program = call_of(request).program
    assert program is not None, "only tokens get as far as an operation that writes"
    _has_scope(program, "declarations:decide")
    if program.organisation:
        raise _not_yours()
    return program


def _has_scope(program: Program, scope: str) -> None:
    if scope not in (program.scopes or ()):
        raise ApiProblem(
            "scope-missing",
            text(
                "This needs the scope `{scope}`; the token has: {sorted}.",
                scope=scope,
                sorted=bilingual(
                    ", ".join(sorted(program.scopes or ())) or "none", "、".join(sorted(program.scopes or ())) or "无"
                ),
            ),
        )


def _not_yours() -> ApiProblem:
    return ApiProblem(
        "not-allowed", text("This is another organisation's business, and not open to you.")
    )  # fmt: skip


def _of_region(organisation: str | None) -> ApiProblem:
    """What an official of a region is told who asks for all, or for a firm elsewhere."""
    if organisation is not None:
        return not_found(text("There is no organisation {organisation} in your region.", organisation=organisation))
    return ApiProblem(
        "not-allowed",
        text(
            "Your membership is for a region: name one of its organisations with `organisation`. "
            "What has no such parameter is of the whole country."
        ),
    )


def log_access(
    request: HttpRequest, what: str, scope: RequestScope, *, organisation: str | None = None, subject: str = "",
    reason: str = USUAL_REASON,
) -> None:  # fmt: skip
    """Writes down that the authority looks at one organisation."""
    about = organisation or scope.organisation
    if scope.whole and about is not None:
        log_access_to_all(request, what, [about], subject=subject, reason=reason)


def log_access_to_all(
    request: HttpRequest, what: str, organisations: Iterable[str], *, subject: str, reason: str = USUAL_REASON
) -> None:
    """Writes down that the authority looks at something that is the business of all these organisations."""
    record_access(
        call_of(request).actor, f"api {what}", organisations=organisations, subject=subject, reason=reason,
        request=getattr(request, "request_id", ""),
    )  # fmt: skip


@cache
def _store(url: str) -> Store:
    return open_store(url)


def store() -> Store:
    """The store, opened once in this process; its register is read anew when it has changed. Raises StoreError."""
    return _store(settings.LODELINE_DATABASE)


def law() -> Jurisdiction:
    """The law as the log has it now."""
    return law_now(store())


def reading() -> Reading:
    """The reading that pages are computed from. Raises what `web.reading.Desk.reading` raises."""
    return desk(settings.LODELINE_DATABASE).reading()


class NotModifiedError(Exception):
    """Whoever asks has this very answer already: 304."""


def as_of(request: HttpRequest, entry: int, root: str) -> None:
    """States that the answer follows from the log up to an entry. Raises NotModifiedError where it is known.

    The tag is the address's, the reader's and the log's: nothing is computed for whoever has it.
    """
    call = call_of(request)
    reader = f"{call.actor.token}|{call.actor.user}|{request.get_full_path()}"
    call.etag = f'"{entry}.{sha256(f"{root}|{reader}".encode()).hexdigest()[:20]}"'
    stated = request.headers.get("If-None-Match", "")
    if call.etag in (one.strip().removeprefix("W/") for one in stated.split(",")):
        raise NotModifiedError


def as_of_head(request: HttpRequest) -> None:
    """The same, where the answer is read from the store as it stands."""
    head = store().head()
    as_of(request, head.size - 1, head.frontier.root().hex())


def add_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Puts the common headers on an answer."""
    call: Call | None = getattr(request, "api_call", None)
    if call is not None and call.usage is not None:
        state_usage(response, call.usage)
    if call is not None and call.etag is not None and response.status_code in (200, 304):
        response["ETag"] = call.etag
    response.headers.setdefault("Cache-Control", "private, no-cache" if response.status_code < 400 else "no-store")
    response["Content-Language"] = TAGS[language_of(request)]
    patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
    return response


def not_modified(request: HttpRequest, error: Any) -> HttpResponse:
    """304: the answer that whoever asks has already."""
    del error
    return add_headers(request, HttpResponse(status=304))
