"""Where mail goes: `smtps://name:password@mail.example:465`, or `smtp://…:587` with STARTTLS.

The password of an address is percent-encoded. Without an address no mail is sent, and pages say whom to ask instead.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from lodeline.errors import UserError
from lodeline.language import text

_PORTS: Final = {"smtp": 587, "smtps": 465}
#: Seconds that a mail server has to answer.
_PATIENCE_S: Final = 10


class MailAddressError(UserError):
    """LODELINE_SMTP_URL cannot be meant."""


def mail_settings(url: str) -> dict[str, object]:
    """Django's settings for a mail server. Raises MailAddressError.

    `smtp://` insists on STARTTLS unless the server is this machine.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise MailAddressError(
            text("LODELINE_SMTP_URL must be smtps://name:password@host:465 or smtp://name:password@host:587")
        )
    on_this_machine = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not on_this_machine,
        "EMAIL_TIMEOUT": _PATIENCE_S,
    }
