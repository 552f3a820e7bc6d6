"""The account pages that are open: signing in and out, passwords, second factors. There is none to sign up.

Where the library keeps an overview of its own, the page of the own account stands instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from lodeline.office.accounts.people import office_transaction
from lodeline.web.server.language_of_address import active_language

View = Callable[..., HttpResponse]


def _whole(view: View) -> View:
    """All that a form changes, or nothing. The library would open a transaction on another database than ours.

    What renders its page late does so after the transaction.
    """

    @wraps(view)
    def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        with office_transaction():
            return view(request, *args, **kwargs)

    return whole


def _to_own_account(request: HttpRequest) -> HttpResponse:
    """Where the library would show its list of second factors."""
    del request
    return HttpResponseRedirect(f"/{active_language()}/self/#second-factor")


urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("2fa/", _to_own_account, name="mfa_index"),
    path("2fa/authenticate/", _whole(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", _whole(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", _whole(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", _whole(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", never_cache(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", _whole(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/", _to_own_account, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", _whole(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/webauthn/login/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("2fa/webauthn/reauthenticate/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", _whole(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
]
