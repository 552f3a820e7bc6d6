"""Who has not signed in sends few forms: an address has so many in a minute, and is then asked to wait.

So is who has enough large uploads under way (`web.server.receiving` counts them before anything is read).

A place where many share an address is not held up once they have signed in. Each process counts for itself, in memory:
a flood must cost nothing but the count. Passwords are counted beside this, in the database, by the account library.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

from allauth.core.internal.ratelimit import get_ip
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lodeline.web.server.receiving import TOO_MANY

#: Forms of one address in a minute, in one process.
FORMS_A_MINUTE: Final = 60
#: Seconds after which somebody with enough large uploads under way may try again.
UPLOADS_WAIT_S: Final = 30
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: Programs have tokens, which are counted themselves; what is open to all is counted where that is known.
_PROGRAMS: Final = "/api/"


class Turns:
    """How often each address has come in this minute."""

    def __init__(self, most: int = FORMS_A_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._lock = Lock()
        self._minute, self._seen = -1, Counter[str]()

    def wait_s(self, request: HttpRequest) -> int:
        """Counts a request; the seconds that its address has to wait, 0 where it need not."""
        address = _address(request)
        with self._lock:
            minute, second = divmod(self._clock(), 60)
            if minute != self._minute:
                self._minute, self._seen = int(minute), Counter()
            self._seen[address] += 1
            return 0 if self._seen[address] <= self._most else 60 - int(second)


def _address(request: HttpRequest) -> str:
    """The address of a request, of IPv6 its network, which is what one visitor has; all that show none are one."""
    try:
        return str(get_ip(request))
    except PermissionDenied:
        return ""


def has_too_many_uploads(request: HttpRequest) -> bool:
    """Whether this request is a large upload of somebody who has enough of them under way: it has no body."""
    return TOO_MANY in request.headers


class Strangers:
    """Middleware: forms of those who have not signed in. Answers 429 to more than enough of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._turns = Turns()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if has_too_many_uploads(request) and not request.path_info.startswith(_PROGRAMS):
            return _wait(request, UPLOADS_WAIT_S)
        if request.method in _READS or request.path_info.startswith(_PROGRAMS) or request.user.is_authenticated:
            return self.get_response(request)
        wait_s = self._turns.wait_s(request)
        if not wait_s:
            return self.get_response(request)
        return _wait(request, wait_s)


def _wait(request: HttpRequest, wait_s: int) -> HttpResponse:
    response = render(request, "429.html", {"uploads": has_too_many_uploads(request)}, status=429)
    response["Retry-After"] = str(wait_s)
    response["Cache-Control"] = "no-store"
    return response
