"""The pages as a WSGI application, for the server that `lodeline serve` starts or any other on this machine."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "lodeline.web.settings"
application = get_wsgi_application()
