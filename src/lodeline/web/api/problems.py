"""What is wrong with a request, as a problem document (RFC 9457) in the language of whoever asks, and in both.

what was raised                                          status
ApiProblem                                               its own
cursor, token or key that is none; malformed request     400
TokenError                                               401
NotAllowedError                                          403
UnknownSubject, UnknownLot                               404
InFlightError                                            409
KeyReusedError                                           422
TooManyError                                             429
StillComputingError                                      503
other UserError, django.db.Error                       503
anything else: our own mistake                           500
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.signals import got_request_exception
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from lodeline.errors import UserError
from lodeline.flow.index import UnknownLot
from lodeline.journal.certification import CertificationError
from lodeline.language import Language, Text, bilingual, text
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.access.two import ProposalError
from lodeline.office.accounts.idempotency import InFlightError, KeyReusedError, WrongKeyError
from lodeline.office.accounts.people import InputError
from lodeline.office.accounts.tokens import TokenError, TooManyError, Usage
from lodeline.office.filing.disputes import DisputeError, UnknownDisputeError
from lodeline.office.filing.drafts import ClosedDraftError, DraftError, StaleDraftError, UnknownDraftError
from lodeline.office.filing.transfers import AcceptanceError
from lodeline.office.findings.files import FileRefusedError
from lodeline.office.findings.states import CaseError, MovedError, UnknownCaseError
from lodeline.office.log.listing import BadCursorError
from lodeline.office.lots.firm_view import UnknownLotError
from lodeline.office.strategy.runs import NoSuchRunError, StrategyError
from lodeline.service.customs.papers import UnknownQuestionError
from lodeline.service.entries.subject import UnknownSubject
from lodeline.service.findings.evidence import NoSuchFindingError
from lodeline.service.firm.acceptance import ClosedShipment
from lodeline.service.inspections.visits import InspectionError
from lodeline.service.lots.aliases import AliasError
from lodeline.service.lots.flow import NoSuchElementError, NotOnTheWayError
from lodeline.service.parties.parties import PartyError
from lodeline.store.trouble import first_line
from lodeline.web.reading import StillComputingError
from lodeline.web.words.language import preferred

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_AFTER_S: Final = 5
_log = logging.getLogger("lodeline.errors")

#: Code → status and title. The code is the last part of `type`; programs tell problems apart by it.
KINDS: Final[Mapping[str, tuple[int, Text]]] = {
    "request-malformed": (400, text("The request cannot be read")),
    "cursor-unknown": (400, text("The cursor is none")),
    "organisation-unnamed": (400, text("Name the organisation")),
    "idempotency-key-malformed": (400, text("The Idempotency-Key cannot be used")),
    "token-missing": (401, text("Say who you are")),
    "token-unknown": (401, text("The token is none")),
    "token-revoked": (401, text("The token has been revoked")),
    "token-expired": (401, text("The token has expired")),
    "token-creator": (401, text("The token's maker may not do this any more")),
    "scope-missing": (403, text("The token does not open this")),
    "not-allowed": (403, text("This is not open to you")),
    "session-reads-only": (403, text("A session only reads")),
    "not-found": (404, text("There is no such thing")),
    "method-not-allowed": (405, text("The address does not take this method")),
    "idempotency-in-flight": (409, text("The first request is still at work")),
    "conflict": (409, text("It has changed meanwhile")),
    "too-large": (413, text("That is too large")),
    "media-type": (415, text("This kind of content is not read here")),
    "filing-refused": (422, text("Nothing was filed")),
    "idempotency-key-reused": (422, text("The key stands for another request")),
    "not-possible": (422, text("That cannot be done")),
    "too-many-requests": (429, text("Too many requests")),
    "at-fault": (500, text("A mistake of ours")),
    "still-computing": (503, text("The answer is being computed")),
    "store-away": (503, text("The store cannot be read now")),
}


class ApiProblem(UserError):  # noqa: N818  (the word of RFC 9457)
    """A problem that the API names itself. `errors`: problems of a filing, in the shape of `check --json`."""

    def __init__(self, code: str, words: Text, *, errors: Sequence[Mapping[str, Any]] | None = None) -> None:
        super().__init__(words)
        assert code in KINDS
        self.code = code
        self.errors = errors


def not_found(words: Text) -> ApiProblem:
    """Nothing of that name is there, for any reader."""
    return ApiProblem("not-found", words)


def language_of(request: HttpRequest) -> Language:
    """The language that the header Accept-Language asks for."""
    return preferred(request.headers.get("Accept-Language", ""))


def document(
    request: HttpRequest, code: str, words: Text, errors: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """The problem document."""
    status, title = KINDS[code]
    language = language_of(request)
    found: dict[str, Any] = {
        "type": f"urn:lodeline:problem:{code}",
        "title": title[language],
        "status": status,
        "detail": words[language],
        "instance": request.path,
        "texts": {
            "en": {"title": title["en"], "detail": words["en"]},
            "zh": {"title": title["zh"], "detail": words["zh"]},
        },
    }
    return found if errors is None else {**found, "errors": list(errors)}


def answer(
    request: HttpRequest, code: str, words: Text, errors: Sequence[Mapping[str, Any]] | None = None
) -> HttpResponse:
    """The problem as a response."""
    body = json.dumps(document(request, code, words, errors), ensure_ascii=False)
    response = HttpResponse(body, status=KINDS[code][0], content_type=MEDIA_TYPE)
    if response.status_code == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Lodeline"'
    if response.status_code in (409, 429, 503):
        response["Retry-After"] = str(_RETRY_AFTER_S)
    return response


def _of_user_error(request: HttpRequest, error: UserError) -> HttpResponse:
    if isinstance(error, ApiProblem):
        return answer(request, error.code, error.words, error.errors)
    if isinstance(error, TokenError):
        return answer(request, f"token-{error.reason}", error.words)
    if isinstance(error, TooManyError):
        response = answer(request, "too-many-requests", error.words)
        response["Retry-After"] = str(error.usage.reset_s)
        state_usage(response, error.usage)
        return response
    for kind, code in _USER_ERRORS:
        if isinstance(error, kind):
            return answer(request, code, error.words)
    return _away(request, error)


_USER_ERRORS: Final[tuple[tuple[type[UserError], str], ...]] = (
    (BadCursorError, "cursor-unknown"),
    (NotOnTheWayError, "cursor-unknown"),
    (NoSuchElementError, "not-found"),
    (WrongKeyError, "idempotency-key-malformed"),
    (NotAllowedError, "not-allowed"),
    (UnknownSubject, "not-found"),
    (UnknownLot, "not-found"),
    (UnknownLotError, "not-found"),
    (InFlightError, "idempotency-in-flight"),
    (KeyReusedError, "idempotency-key-reused"),
    (UnknownDraftError, "not-found"),
    (StaleDraftError, "conflict"),
    (ClosedDraftError, "conflict"),
    (ClosedShipment, "conflict"),
    (MovedError, "conflict"),
    (UnknownCaseError, "not-found"),
    (UnknownDisputeError, "not-found"),
    (UnknownQuestionError, "not-found"),
    (CaseError, "not-possible"),
    (PartyError, "not-possible"),
    (FileRefusedError, "not-possible"),
    (NoSuchFindingError, "not-found"),
    (DraftError, "not-possible"),
    (CertificationError, "not-possible"),
    (AcceptanceError, "not-possible"),
    (DisputeError, "not-possible"),
    (AliasError, "not-possible"),
    (InputError, "not-possible"),
    (InspectionError, "not-possible"),
    (NoSuchRunError, "not-found"),
    (StrategyError, "not-possible"),
    (ProposalError, "not-possible"),
)


def state_usage(response: HttpResponse, usage: Usage) -> None:
    """How often the token may still ask (draft-ietf-httpapi-ratelimit-headers, as widely understood)."""
    response["RateLimit-Limit"] = str(usage.limit)
    response["RateLimit-Remaining"] = str(usage.remaining)
    response["RateLimit-Reset"] = str(usage.reset_s)


def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """A parameter that is no value of its type: which, and what it should be."""
    detail = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors)
    return answer(request, "request-malformed", text("{detail}.", detail=detail))


def _away(request: HttpRequest, error: Exception) -> HttpResponse:
    """No store to read from. Why is the operator's business, and stands in the log."""
    cause = error if isinstance(error, DjangoDatabaseError) else error.__cause__
    reason = first_line(cause) if isinstance(cause, DjangoDatabaseError) else type(error).__name__
    _log.error("the store cannot be used: %s", reason, exc_info=error)
    return answer(
        request,
        "store-away",
        text("The store cannot be read just now. Try again in a moment; the log of the server says why."),
    )


def _at_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """What nobody foresaw: to the log, without what was asked."""
    got_request_exception.send(sender=None, request=request)
    _log.error("the API failed: %s", type(error).__name__, exc_info=error)
    return answer(
        request, "at-fault", text("The details are in the log of the server. The same request may be sent again.")
    )


def _computing(request: HttpRequest, error: StillComputingError) -> HttpResponse:
    stage = error.stage
    far = (
        ("", "")
        if stage.total is None
        else (f" {stage.done} of {stage.total} done.", f"已完成 {stage.done}/{stage.total}。")
    )
    return answer(
        request,
        "still-computing",
        text(
            "The ledger is read anew, once for all who wait. Ask again in some seconds.{far}",
            far=bilingual(far[0], far[1]),
        ),
    )


def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    del error
    return answer(request, "too-large", text("Send less at a time."))


def _too_many(request: HttpRequest, error: Exception) -> HttpResponse:
    del error
    return answer(
        request,
        "request-malformed",
        text(
            "The body has too many fields or files: at most {data_upload_max_number_fields} and "
            "{data_upload_max_number_files}. Send less at a time.",
            data_upload_max_number_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
            data_upload_max_number_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        ),
    )


def _nobody(request: HttpRequest, error: Exception) -> HttpResponse:
    del error
    return answer(
        request,
        "token-missing",
        text(
            "Send a token as `Authorization: Bearer lodeline_…`. The administrator of your "
            "organisation makes one under Programs."
        ),
    )


def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, "request-malformed", text("{error}.", error=error))


#: What is raised → its answer. The first that fits decides.
_HANDLERS: Final[tuple[tuple[type[Exception], Callable[[HttpRequest, Any], HttpResponse]], ...]] = (
    (UserError, _of_user_error),
    (StillComputingError, _computing),
    (ValidationError, _malformed),
    (DjangoDatabaseError, _away),
    (RequestDataTooBig, _too_large),
    (TooManyFieldsSent, _too_many),
    (TooManyFilesSent, _too_many),
    (AuthenticationError, _nobody),
    (HttpError, _unreadable),
    (Exception, _at_fault),
)


def response_of(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem that an exception is to whoever asked."""
    return next(handler for kind, handler in _HANDLERS if isinstance(error, kind))(request, error)


def register(api: NinjaAPI, add_headers: Callable[[HttpRequest, HttpResponse], HttpResponse]) -> None:
    """Lets the API answer whatever is raised with a problem document; `add_headers` puts the common headers on it."""

    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        return add_headers(request, response_of(request, error))

    for kind, _ in _HANDLERS:
        api.add_exception_handler(kind, handle)
