"""What comes before any page: an account, where there is none yet; a second factor, where the role needs one.

Everything is closed but what this file names: a page that is added later is behind the gate by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth import logout
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve

from lodeline.errors import UserError
from lodeline.language import LANGUAGES
from lodeline.office.accounts.first_run import is_first_run
from lodeline.office.accounts.people import needs_second_factor, with_second_factor
from lodeline.web.server.errors import UserErrors
from lodeline.web.server.language_of_address import active_language

#: Pages that who has to set up a second factor needs for it.
_ON_THE_WAY: Final = frozenset(
    {
        "account-self", "account_logout", "account_reauthenticate", "mfa_index", "mfa_reauthenticate",
        "mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_reauthenticate_webauthn",
        "mfa_view_recovery_codes", "mfa_download_recovery_codes",
    }
)  # fmt: skip


class Gate:
    """Middleware: leads to the first run, to setting up a second factor, or to signing in once more; else lets pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            elsewhere = self._led_elsewhere(request)
        except (UserError, DjangoDatabaseError) as error:
            # Before a view nobody else makes a page of it. Whoever cannot be asked for is not let pass.
            elsewhere = UserErrors(self.get_response).process_exception(request, error)
            if elsewhere is None:
                raise
        return elsewhere or self.get_response(request)

    def _led_elsewhere(self, request: HttpRequest) -> HttpResponse | None:
        if not request.actor.signed_in:  # type: ignore[attr-defined]
            return self._to_first_run(request)
        if not request.user.is_authenticated:
            return None  # a program with a token, which is not led anywhere
        if _is_over(request):
            logout(request)
            return HttpResponseRedirect(f"/{active_language()}/account/login/")
        return self._to_second_factor(request)

    def _to_first_run(self, request: HttpRequest) -> HttpResponse | None:
        if request.path_info.lstrip("/").partition("/")[0] not in (*LANGUAGES, ""):
            return None  # what machines ask
        if _name(request) in ("first-run", "invitation") or not is_first_run(settings.LODELINE_DATABASE):
            return None
        return HttpResponseRedirect(f"/{active_language()}/first-run/")

    def _to_second_factor(self, request: HttpRequest) -> HttpResponse | None:
        if settings.LODELINE_MFA != "required" or _name(request) in _ON_THE_WAY:
            return None
        if not needs_second_factor(request.actor):  # type: ignore[attr-defined]
            return None
        if with_second_factor([request.user.pk]):  # type: ignore[list-item]
            return None
        if request.path_info.lstrip("/").partition("/")[0] not in (*LANGUAGES, ""):
            return HttpResponse("A second factor is needed first.\n", status=403, content_type="text/plain")
        return HttpResponseRedirect(f"/{active_language()}/self/?first=second-factor")


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""


def _is_over(request: HttpRequest) -> bool:
    """Whether the session began longer ago than a session may last, however much was done in it."""
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - float(records[0]["at"]) > settings.SESSION_COOKIE_AGE
