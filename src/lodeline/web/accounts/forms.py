"""The account library's forms in our words; a one-time code is good once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from allauth.account import forms as account
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.core.cache import cache

from lodeline.language import text
from lodeline.web.accounts.lazy_text import lazy_text

PASSWORD_RULES: Final = lazy_text(
    text("At least 12 characters: three or four words are easy to keep. Not a common password, and not like your name.")
)
_EMAIL = lazy_text(text("E-mail address"))
_NEW = lazy_text(text("New password"))
_AGAIN = lazy_text(text("New password, once more"))
_CODE = lazy_text(text("Code", context="accounts"))


class _Worded:
    """Gives fields our labels and hints, and no placeholder that repeats them."""

    #: Name of a field → (label, hint).
    words: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in self.words.items():
            field = self.fields[name]  # type: ignore[attr-defined]
            field.label, field.help_text = label, hint
            field.widget.attrs.pop("placeholder", None)


class LoginForm(_Worded, account.LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    words: ClassVar = {"login": (_EMAIL, ""), "password": (lazy_text(text("Password")), "")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Browsers offer passkeys in the list of who signs in here.
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"


class ChangePasswordForm(_Worded, account.ChangePasswordForm):  # type: ignore[misc]
    """The own password, once more, and the new one twice."""

    words: ClassVar = {
        "oldpassword": (lazy_text(text("Current password")), ""),
        "password1": (_NEW, PASSWORD_RULES),
        "password2": (_AGAIN, ""),
    }


class ResetPasswordForm(_Worded, account.ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""

    words: ClassVar = {"email": (_EMAIL, "")}


class ResetPasswordKeyForm(_Worded, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, by a link."""

    words: ClassVar = {"password1": (_NEW, PASSWORD_RULES), "password2": (_AGAIN, "")}


class ReauthenticateForm(_Worded, account.ReauthenticateForm):  # type: ignore[misc]
    """The own password."""

    words: ClassVar = {"password": (lazy_text(text("Your password")), "")}


def _use_up(user: Any, code: str) -> None:
    """Refuses a one-time code that was used already, for as long as it would still be right.

    The library remembers a code for one period; with clocks that may differ by a period it is right for three. It
    forgets that which an app is set up with. Source: RFC 6238, section 5.2.
    """
    right_for_s = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)
    if not cache.add(f"lodeline.totp:{user.pk}:{normalize_user_code(code)}", "used", right_for_s):
        raise get_adapter().validation_error("incorrect_code")


class _GoodOnce(_Worded):
    """Takes a one-time code once."""

    words: ClassVar = {
        "code": (
            _CODE,
            lazy_text(text("Six digits of your app, or one of your recovery codes.")),
        )
    }

    def clean_code(self) -> str:
        """The code, used up."""
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP:  # type: ignore[attr-defined]
            _use_up(self.user, code)  # type: ignore[attr-defined]
        return code


class AuthenticateForm(_GoodOnce, mfa.AuthenticateForm):  # type: ignore[misc]
    """The second factor when signing in."""


class ReauthenticateByCodeForm(_GoodOnce, mfa.ReauthenticateForm):  # type: ignore[misc]
    """The second factor, asked again."""


class ActivateTotpForm(_Worded, totp.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app."""

    words: ClassVar = {"code": (_CODE, lazy_text(text("The six digits that the app shows now.")))}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}

    def clean_code(self) -> str:
        """The code, used up: whoever saw it does not sign in with it."""
        code: str = super().clean_code()
        _use_up(self.user, code)
        return code


class AddPasskeyForm(_Worded, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """A passkey and what it is called."""

    words: ClassVar = {
        "name": (
            lazy_text(text("Name of the passkey")),
            lazy_text(text("So that you know it again: the laptop, the phone, the blue key.")),
        ),
        "passwordless": (
            lazy_text(text("Sign in with it alone, without a password")),
            lazy_text(
                text("It then asks for your finger, face or PIN. Take this away for a key that has none of them.")
            ),
        ),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"passwordless": True, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)


class RenamePasskeyForm(_Worded, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    """What a passkey is called."""

    words: ClassVar = {"name": (lazy_text(text("Name of the passkey")), "")}
