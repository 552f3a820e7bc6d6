"""Django's settings for the pages: the store's, and what it takes to show them to one machine.

LODELINE_DATABASE names the store. There are no accounts yet, so nobody but this machine is answered: the server binds
to 127.0.0.1, and other host names are refused (a page elsewhere cannot reach these through a name of its own).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from csp.constants import NONE, SELF

from lodeline.store.settings import DATABASES, DEFAULT_AUTO_FIELD, USE_TZ

__all__ = ["DATABASES", "DEFAULT_AUTO_FIELD", "USE_TZ"]

#: The store whose pages these are: the path of a SQLite file or postgresql://….
LODELINE_DATABASE = os.environ.get("LODELINE_DATABASE", "")

#: Bytes of a form with its file, and lines of a declaration, that a page takes; for larger ones there are commands.
LODELINE_UPLOAD_BYTES = 2_500_000
LODELINE_DESK_LINES = 2_000
FILE_UPLOAD_HANDLERS = ["lodeline.web.upload.BoundedUpload"]

DEBUG = False
#: Signs nothing that outlives the process.
SECRET_KEY = secrets.token_urlsafe(48)
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["lodeline.store", "lodeline.web", "csp"]
ROOT_URLCONF = "lodeline.web.urls"
WSGI_APPLICATION = "lodeline.web.wsgi.application"
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = True

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lodeline.web.errors.SpokenErrors",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"builtins": ["django.templatetags.static", "lodeline.web.templatetags.lodeline"]},
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
CSRF_FAILURE_VIEW = "lodeline.web.errors.forged"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # A host name that is refused is the asker's fault.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
    },
}
