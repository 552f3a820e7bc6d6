"""What the account library asks us: where to go, what to say, whom to write to, how secrets are kept."""

from __future__ import annotations

import base64
import logging
import smtplib
import threading
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.ratelimit import get_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme

from lodeline.language import Language, text
from lodeline.office.access import clock
from lodeline.office.access.actor import actor_of
from lodeline.office.accounts.people import needs_second_factor
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import User
from lodeline.web.accounts.lazy_text import lazy_text
from lodeline.web.accounts.records import record_failure
from lodeline.web.parts.qr import draw_code
from lodeline.web.server.language_of_address import active_language
from lodeline.web.words.language import DJANGO_LANGUAGES, TAGS

_log = logging.getLogger(__name__)
#: Name of the threads that post mail.
MAIL_THREAD = "mail"
_MISMATCH = lazy_text(text("The e-mail address or the password is not right."))


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are opened by invitation alone; after signing in one is at home."""

    error_messages = {  # noqa: RUF012  (the library's own shape)
        **DefaultAccountAdapter.error_messages,
        "account_inactive": lazy_text(text("This account is closed.")),
        "email_password_mismatch": _MISMATCH,
        "invalid_login": _MISMATCH,
        "enter_current_password": lazy_text(text("That is not your current password.")),
        "incorrect_password": lazy_text(text("That is not your password.")),
        "incorrect_code": lazy_text(text("That code is not right, or has been used.")),
        "too_many_login_attempts": lazy_text(text("Too many attempts. Wait five minutes and try again.")),
        "rate_limited": lazy_text(text("Too many attempts. Wait a moment and try again.")),
        "invalid_password_reset": lazy_text(text("This link is not good, or not any more.")),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        del request
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where one's work is: the page `home` of the reader's language."""
        del request
        return f"/{active_language()}/home/"

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """The login page, in the language that was read."""
        del request
        return f"/{active_language()}/account/login/"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The own account."""
        del request
        return f"/{active_language()}/self/"

    def is_safe_url(self, url: str) -> bool:
        """Whether a form may lead there afterwards: an address of this portal, without a host."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """A page that says so."""
        del request, user
        return HttpResponseRedirect(f"/{active_language()}/account/inactive/")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password is recorded; whose it would have been, if there is such an account."""
        del request
        record_failure(str(credentials.get("email") or ""))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Of the place and the account: a lock after wrong passwords hits who guessed, and not the owner elsewhere."""
        return f"{get_ip(request)}:{super()._get_login_attempts_cache_key(request, **credentials)}"

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The library's, in our words."""
        words = {
            "reauthenticate": lazy_text(text("Use your password")),
            "mfa_reauthenticate": lazy_text(text("Use a code")),
            "mfa_reauthenticate:webauthn": lazy_text(text("Use a passkey")),
        }
        found = super().get_reauthentication_methods(user)
        return [{**one, "description": words[one["id"]]} for one in found]

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of the person; posted beside the request, so that an answer takes as long without a mail."""
        user = User.objects.filter(email=email.lower()).first()
        language: Language = "zh" if user is not None and user.language == "zh" else "en"
        with translation.override(DJANGO_LANGUAGES[language]):
            context = {**context, "email": email, "user": user, "language": language, "tag": TAGS[language]}
            message = self.render_mail(template_prefix, email, context)
        post_beside(message)


def post_beside(message: EmailMessage) -> None:
    """Posts a mail beside the request, so that its answer takes as long without one."""
    threading.Thread(target=_post, args=(message,), name=MAIL_THREAD, daemon=True).start()


def _post(message: EmailMessage) -> None:
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        _log.error("a mail could not be sent: %s", type(error).__name__)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: secrets are kept encrypted, and who must have one cannot take the last one away."""

    error_messages = {  # noqa: RUF012
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": Adapter.error_messages["incorrect_code"],
        "cannot_delete_authenticator": lazy_text(text("Your role needs a second factor. Set up another one first.")),
    }

    def build_totp_svg(self, url: str) -> str:
        """The address of the secret as a code that reads in any colour scheme."""
        return str(draw_code(url, name=str(lazy_text(text("Secret of your account")))))

    def encrypt(self, text: str) -> str:
        """With a key that follows from the one that signs sessions, which is not in the database."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; where it was kept under another key, one that nobody knows, so that no code fits it."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            _log.error("a second factor was kept under another LODELINE_SESSION_KEY and cannot be used")
            return str(generate_totp_secret())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of a person whose role needs it."""
        user = User.objects.get(pk=authenticator.user_id)
        actor = actor_of(user, on=clock.today(law_in_force().timezone))
        if settings.LODELINE_MFA != "required" or not needs_second_factor(actor):
            return True
        factors = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        others = Authenticator.objects.filter(user=authenticator.user, type__in=factors).exclude(pk=authenticator.pk)
        return bool(others.exists())

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        """Passkey 1, Passkey 2 …"""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"{lazy_text(text('Passkey'))} {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The portal, as a browser asks for its passkeys."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Lodeline"}


def _cipher() -> Fernet:
    key = salted_hmac("lodeline.web.accounts", "second factors", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))
