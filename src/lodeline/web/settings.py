"""Django's settings for the portal: the store's, accounts and sessions, and what browsers are told.

What an operator may set comes from the environment: docs/reference/configuration.md lists it. LODELINE_DATABASE names
the store. Unless LODELINE_HOSTS names others, only this machine is answered, and by its own names.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from lodeline.store.settings import DATABASES, DEFAULT_AUTO_FIELD, USE_TZ
from lodeline.web.server.logs import logging_settings
from lodeline.web.server.smtp import mail_settings

__all__ = ["DATABASES", "DEFAULT_AUTO_FIELD", "USE_TZ"]

#: The store whose pages these are: the path of a SQLite file or postgresql://….
LODELINE_DATABASE = os.environ.get("LODELINE_DATABASE", "")

#: In the demo: sample accounts that anybody may use, named on the login page, and the moment its clock starts from.
LODELINE_DEMO = os.environ.get("LODELINE_DEMO", "") == "1"
LODELINE_DEMO_CLOCK = os.environ.get("LODELINE_DEMO_CLOCK", "")

#: `password` lets certifiers confirm with their password alone, which binds nobody; else they sign with a key.
LODELINE_CERTIFY = os.environ.get("LODELINE_CERTIFY", "")

#: Bytes that a declaration at the desk may have, and its lines, to be answered at once.
LODELINE_UPLOAD_BYTES = 2_500_000
LODELINE_DESK_LINES = 2_000
#: The same of a batch, which a worker judges.
LODELINE_BATCH_BYTES = 60_000_000
LODELINE_BATCH_LINES = 100_000
#: Bytes that the files of one filing may have together.
LODELINE_FILING_BYTES = int(os.environ.get("LODELINE_FILING_BYTES", "300000000"))
FILE_UPLOAD_HANDLERS = ["lodeline.web.server.upload.BoundedUpload"]

DEBUG = False
#: Signs sessions and links; `lodeline serve` derives it from the store's secret, so that all its workers agree.
SECRET_KEY = os.environ.get("LODELINE_SESSION_KEY") or secrets.token_urlsafe(48)
#: Host names under which the portal is reached, with commas between them.
LODELINE_HOSTS = [one.strip() for one in os.environ.get("LODELINE_HOSTS", "").split(",") if one.strip()]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", *LODELINE_HOSTS]
#: Reached by others, so only over TLS: cookies are then never sent without it.
_SECURE = bool(LODELINE_HOSTS)
INSTALLED_APPS = [
    "lodeline.store",
    "lodeline.office",
    "lodeline.web",
    "csp",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
ROOT_URLCONF = "lodeline.web.urls"
WSGI_APPLICATION = "lodeline.web.wsgi.application"
DATABASE_ROUTERS = ["lodeline.office.router.OneStore"]
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
APPEND_SLASH = True

MIDDLEWARE = [
    "lodeline.web.server.operations.RequestLog",
    "lodeline.web.server.operations.TrustedProxy",
    "lodeline.web.server.operations.Operations",
    "lodeline.web.server.errors.ApiProblems",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lodeline.web.server.language_of_address.LanguageOfAddress",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lodeline.web.access.who_asks.WhoAsks",
    "lodeline.web.access.strangers.Strangers",
    "lodeline.web.accounts.gate.Gate",
    "lodeline.web.server.errors.UserErrors",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [("django.template.loaders.cached.Loader", ["lodeline.web.server.template_files.Loader"])],
            "builtins": ["django.templatetags.static", "lodeline.web.templatetags.lodeline"],
            "context_processors": [
                "django.template.context_processors.request",
                "lodeline.web.parts.shell.account_frame",
                "lodeline.web.accounts.frame.account_context",
            ],
        },
    }
]
STATIC_URL = "/static/"
STATIC_ROOT = Path(__file__).with_name("static")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
# Not "no-referrer": a browser then sends the forms of these pages with the origin "null", which the check against
# forged forms refuses.
SECURE_REFERRER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "lodeline.web.server.errors.forged"
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = _SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Over TLS, no other host of the domain can set these (RFC 6265bis, section 4.1.3.2).
SESSION_COOKIE_NAME = "__Host-lodeline_session" if _SECURE else "lodeline_session"
CSRF_COOKIE_NAME = "__Host-lodeline_csrf" if _SECURE else "lodeline_csrf"
#: Which entry the last page was computed from (web.visit).
LODELINE_SEEN_COOKIE = "__Host-lodeline_seen" if _SECURE else "lodeline_seen"
#: Twelve hours, a working day; ends with the browser as well.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0

# Accounts: whoever is invited; nobody signs up by himself.
AUTH_USER_MODEL = "office.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "lodeline.web.accounts.password.LongEnough", "OPTIONS": {"min_length": 12}},
    {"NAME": "lodeline.web.accounts.password.NotCommon"},
    {
        "NAME": "lodeline.web.accounts.password.NotOneself",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
]
#: Seconds that a link to set a new password is good.
PASSWORD_RESET_TIMEOUT = 24 * 3600
#: `optional` lets officials, certifiers and administrators in without a second factor, as the demo does, whose accounts
#: anybody may use. Whatever else is written means `required`.
_MFA = os.environ.get("LODELINE_MFA") or ("optional" if LODELINE_DEMO else "required")
LODELINE_MFA = "optional" if _MFA == "optional" else "required"
#: Mail: without an address none is sent, and links are handed over.
LODELINE_SENDS_MAIL = bool(os.environ.get("LODELINE_SMTP_URL"))
globals().update(mail_settings(os.environ.get("LODELINE_SMTP_URL", "")))
DEFAULT_FROM_EMAIL = os.environ.get("LODELINE_MAIL_FROM") or "Lodeline <lodeline@localhost>"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Attempts are counted, and one-time codes are remembered, where all workers see it. What is counted of one must not be
# pushed out by what is counted of others, so there is room for many.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "office_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
ACCOUNT_ADAPTER = "lodeline.web.accounts.adapter.Adapter"
ACCOUNT_FORMS = {
    "login": "lodeline.web.accounts.forms.LoginForm",
    "change_password": "lodeline.web.accounts.forms.ChangePasswordForm",
    "reset_password": "lodeline.web.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "lodeline.web.accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "lodeline.web.accounts.forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = LODELINE_SENDS_MAIL
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _SECURE else "http"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_PREVENT_ENUMERATION = True
# Five wrong passwords for an account from one place in five minutes, and ten from one place in a minute; unknown
# accounts alike. Whoever guesses elsewhere locks the owner out of nothing (accounts.adapter).
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_ADAPTER = "lodeline.web.accounts.adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "lodeline.web.accounts.forms.AuthenticateForm",
    "reauthenticate": "lodeline.web.accounts.forms.ReauthenticateByCodeForm",
    "activate_totp": "lodeline.web.accounts.forms.ActivateTotpForm",
    "add_webauthn": "lodeline.web.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "lodeline.web.accounts.forms.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Lodeline"
# Clocks may differ by half a minute either way.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Accounts have one address, by which they were invited.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# On this machine the portal is reached without TLS, and browsers allow passkeys on localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _SECURE
USERSESSIONS_TRACK_ACTIVITY = False

LOGGING = logging_settings()
