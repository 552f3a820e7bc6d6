"""What a page of the portal is, and what is asked before it is shown.

The pages of a subject are named in `web/pages/<subject>/pages.py`, and all of them in `web/urls.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY, Permission
from lodeline.web.access.access_log import Part, elsewhere, log_access
from lodeline.web.visit import NotHereError, Visit, to_sign_in

View = Callable[..., HttpResponse]
#: Where the pages of a firm stand.
FIRM: Final = "firm/<str:organisation>/"
#: No table numbers its rows higher; a database would not even be asked.
_NUMBER_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page. `view` is called with the visit and the parts of the address; `posts`: it also takes a form.

    `shows`: the part of the address that says whose business is shown; an official's look at it is written down,
    whatever lets him in. A firm's look at its own is nobody's business: its pages have none.
    `regional`: it keeps to the firms of a region where whoever opens it is an official of that region alone. Else it is
    of the whole country, and such an official is told so.
    `front`: the address that people type and keep; whoever may not open it is led to where the own work begins.
    """

    at: str
    view: View
    name: str
    permission: Permission
    posts: bool = False
    shows: Part | None = None
    regional: bool = False
    front: bool = False


def served_view(page: Page) -> View:
    """The view behind the page's address: who may not open it is led to sign in or refused, and looks are written."""

    def served(request: HttpRequest, language: Any, **arguments: Any) -> HttpResponse:
        visit = Visit(request, language=language, name=page.name, arguments=arguments)
        request.visit = visit  # type: ignore[attr-defined]  # errors are shown in the visit's language
        if page.permission != "anyone" and not visit.actor.signed_in:
            return HttpResponseRedirect(to_sign_in(visit))
        if any(isinstance(one, int) and one > _NUMBER_MAX for one in arguments.values()):
            raise NotHereError(text("Nothing has a number as high as that."))
        if page.front and visit.opens(page.name) is None:
            return HttpResponseRedirect(reverse("home", kwargs={"language": language}))
        visit.permission = page.permission
        visit.actor.require(
            page.permission, arguments.get("organisation") if page.permission.startswith("own.") else None
        )
        if visit.territory is not None:
            _keep_to(visit, page, arguments.get("organisation"))
        if page.shows is not None:
            log_access(visit, page.shows)
        response = page.view(visit, **arguments)
        visit.note_seen(response)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    methods = ["GET", "HEAD", "POST"] if page.posts else ["GET", "HEAD"]
    view = cast(View, require_http_methods(methods)(served))
    view.permission = page.permission  # type: ignore[attr-defined]  # both are asked by Visit
    view.regional = page.regional  # type: ignore[attr-defined]
    return view


def _keep_to(visit: Visit, page: Page, organisation: str | None) -> None:
    """Raises NotAllowedError for a page of the whole country, NotHereError for a firm that is not of the region."""
    if not page.regional:
        visit.actor.require(page.permission, AUTHORITY)
    if organisation is not None and not visit.actor.may(page.permission, organisation):
        raise elsewhere()
