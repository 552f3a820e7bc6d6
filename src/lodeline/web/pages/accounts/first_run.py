"""The first run: nobody has an account, and a command on the server makes the first two."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.accounts.first_run import is_first_run
from lodeline.web.parts.shell import show
from lodeline.web.visit import Visit


def first_run(visit: Visit) -> HttpResponse:
    """The page `first-run/`; home as soon as there is an account."""
    if not is_first_run(settings.LODELINE_DATABASE):
        return HttpResponseRedirect(f"/{visit.language}/home/")
    return show(
        visit, "lodeline/accounts/first_run.html",
        title=visit.text("Nobody has an account here yet"),
        command='lodeline accounts registrar sun@authority.example --name "Sun Jie"',
    )  # fmt: skip
