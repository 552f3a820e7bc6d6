"""When a page cannot be shown: what is wrong and what to do, in the reader's language; one status for each kind.

what was raised                                              status
BadQuestionError                                             400
NotAllowedError                                              403
NotHereError, UnknownSubject, UnknownLot                     404
other UserError, django.db.Error (no store to read from)   503
anything else: our own mistake                               500
StillComputingError: no mistake (web.pages.common.computing)        202, of a form 503
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse

from lodeline.errors import UserError
from lodeline.flow.index import UnknownLot
from lodeline.language import Language, Text, text
from lodeline.office.access.actor import NOBODY, NotAllowedError
from lodeline.service.entries.subject import UnknownSubject
from lodeline.store.trouble import first_line
from lodeline.web.pages.common.computing import computing
from lodeline.web.parts.shell import show
from lodeline.web.reading import StillComputingError, waits_a_little, waits_as_a_form
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words.language import language_at

_TITLES: Final[dict[int, Text]] = {
    400: text("This address cannot be read"),
    403: text("This form is out of date"),
    404: text("There is nothing at this address"),
    500: text("A mistake of ours"),
    503: text("The store cannot be read now"),
}
_NOT_YOURS: Final = text("This page is not open to you")
_COMPUTING: Final = text("The nation's answers are still being computed")
_NO_PROXY: Final = text("The portal is not set up whole")
_READING: Final = ("GET", "HEAD")
_log = logging.getLogger("lodeline.errors")
#: Seconds after which a browser may ask again for a store that could not be read.
_RETRY_AFTER_S: Final = 5


class UserErrors:
    """Middleware: what a view raises for a person becomes a page for that person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # What was sent is not sent again by itself: it is waited for.
        with waits_a_little() if request.method in _READING else waits_as_a_form():
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for what is foreseen; None, and so a 500, for what is not."""
        if isinstance(exception, StillComputingError):
            if request.method not in _READING:
                return _page(request, 503, _not_yet(), title=_COMPUTING, is_known=True)
            return computing(request.visit, exception.stage)  # type: ignore[attr-defined]
        if isinstance(exception, BadQuestionError):
            return _page(request, 400, exception)
        if isinstance(exception, NotAllowedError):
            return _page(request, 403, exception, title=_NOT_YOURS)
        if isinstance(exception, NotHereError | UnknownSubject | UnknownLot):
            return _page(request, 404, exception)
        cause = exception if isinstance(exception, DjangoDatabaseError) else exception.__cause__
        if isinstance(cause, DjangoDatabaseError):
            # A page is anybody's: what the database said of itself is the operator's alone.
            _log.error("the store cannot be used: %s", first_line(cause), exc_info=exception)
            return _page(request, 503, _no_answer(request, cause))
        return _page(request, 503, exception) if isinstance(exception, UserError) else None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """An address that is none of ours."""
    del exception
    return _page(
        request,
        404,
        NotHereError(
            text("No page has this address. Look in the menu, or find an organisation, a site, a lot or an entry.")
        ),
    )


def unreadable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request that Django refuses before any page sees it."""
    if isinstance(exception, RequestDataTooBig):
        return _page(
            request,
            400,
            BadQuestionError(
                text(
                    "That is too large for this page, and nothing of it was kept. Send a filing in several "
                    "files of one draft, or ask whoever operates the portal to raise LODELINE_FILING_BYTES; "
                    "give a long declaration to `lodeline declare FILE`."
                )
            ),
        )
    if not isinstance(exception, DisallowedHost):
        return _page(
            request,
            400,
            BadQuestionError(
                text(
                    "The form could not be read, and nothing of it was kept: it has too many fields or "
                    "files, or is cut off. Load the page again and send less at a time."
                )
            ),
        )
    return _page(
        request,
        400,
        BadQuestionError(
            text(
                "The portal is not called so. On its own machine open the address that `lodeline serve` "
                "has printed; elsewhere a name in LODELINE_HOSTS."
            )
        ),
    )


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token that its page was given, or one that came by a proxy which does not say for whom."""
    del reason
    if settings.LODELINE_HOSTS and not request.is_secure():
        return _page(
            request,
            403,
            UserError(
                text(
                    "Nothing was done. The portal cannot see that you came over TLS, so the proxy before it "
                    "does not pass on what it must: the host name and X-Forwarded-Proto, from an address in "
                    "LODELINE_TRUSTED_PROXY. Tell whoever operates the portal; to try again does not help."
                )
            ),
            title=_NO_PROXY,
        )
    return _page(
        request,
        403,
        UserError(text("Go back, load the page again, and send the form once more.")),
    )


def at_fault(request: HttpRequest) -> HttpResponse:
    """What nobody foresaw; the details are in the server's log under the number that is shown."""
    number = getattr(request, "request_id", "")
    return _page(
        request,
        500,
        UserError(
            text(
                "What you sent was kept whole or not at all: look at the page that you came from. Please "
                "report this with the number of the request, {number}, under which the server's log says "
                "where it happened.",
                number=number,
            )
        ),
    )


def _not_yet() -> UserError:
    return UserError(
        text(
            "What you sent rests on them, and they were not waited for any longer. It was kept whole "
            "or not at all: look at the page that you came from, and send it again in some minutes "
            "if it is not there."
        )
    )


def _is_locked(error: BaseException | None) -> bool:
    return isinstance(error, DjangoDatabaseError) and "locked" in str(error)


def _no_answer(request: HttpRequest, error: DjangoDatabaseError) -> UserError:
    if _is_locked(error):
        return UserError(
            text("Another program holds the store locked. Try again in a moment; if it stays so, end that program.")
        )
    number = getattr(request, "request_id", "")
    return UserError(
        text(
            "The database gives no answer. What you sent was kept whole or not at all. Try again in "
            "a minute. If it stays so, tell whoever operates the portal the number of the request, "
            "{number}: under it the server's log says what the database said.",
            number=number,
        )
    )


def _page(
    request: HttpRequest, status: int, error: UserError, *, title: Text | None = None, is_known: bool = False
) -> HttpResponse:  # fmt: skip
    """is_known: whoever asks was found out before, and the store is there."""
    try:
        try:
            response = _shown(request, status, error, title=title, alone=status >= 500 and not is_known)
        except (UserError, DjangoDatabaseError):
            response = _shown(request, status, error, title=title, alone=True)
    except Exception:  # who asks is answered all the same
        _log.exception("the page of an error could not be made")
        said = error.for_anybody()
        response = HttpResponse(f"{said['en']}\n{said['zh']}\n", "text/plain; charset=utf-8", status=status)
    if status == 503:
        response["Retry-After"] = str(_RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def _shown(request: HttpRequest, status: int, error: UserError, *, title: Text | None, alone: bool) -> HttpResponse:
    """alone: nothing on it is asked of the store."""
    if alone or not hasattr(request, "actor"):
        # Who asks may be what cannot be found out: the frame of this page is nobody's.
        request.actor = NOBODY  # type: ignore[attr-defined]
    visit = getattr(request, "visit", None) or Visit(
        request, language=_language_of(request), name="overview", arguments={}
    )
    visit.alone = alone
    if alone:
        # Else the shell of the account library's pages is made as well (`shell.account_frame`).
        request.visit = visit  # type: ignore[attr-defined]
    shown_title = visit.localized(title or _TITLES[status])
    return show(
        visit, "lodeline/error.html", title=shown_title, status=status, status_code=status,
        message=error.for_anybody(),
    )  # fmt: skip


def _language_of(request: HttpRequest) -> Language:
    return language_at(request.path_info, request.headers.get("Accept-Language", ""))


class ApiProblems:
    """Middleware: what nobody answers of the API, an address or a method, is a problem document too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_of_api = (request.path_info + "/").startswith("/api/")
        if response.status_code not in (404, 405) or not is_of_api or "json" in response.get("Content-Type", ""):
            return response
        from lodeline.web.api.problems import answer  # noqa: PLC0415  (the API loads when it is asked for)

        if response.status_code == 404:
            return answer(
                request, "not-found",
                text("The API has no address {path}. All of them are in /api/v1/openapi.json.", path=request.path)
            )  # fmt: skip
        allowed = response.get("Allow", "")
        found = answer(request, "method-not-allowed", text("This address takes {allowed}.", allowed=allowed))
        found["Allow"] = allowed
        return found
