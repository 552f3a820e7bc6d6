"""Every page of the portal: its address below the language, its view, and who may open it.

The language is the first part of an address, so that an address shows the same page to whoever gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, register_converter, reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from lodeline.web.errors import at_fault, not_found, unreadable
from lodeline.web.language import LANGUAGES, preferred
from lodeline.web.named import NamedConverter
from lodeline.web.pages.balance import balance
from lodeline.web.pages.balances import balances
from lodeline.web.pages.desk import desk
from lodeline.web.pages.find import find
from lodeline.web.pages.finding import finding
from lodeline.web.pages.findings import findings
from lodeline.web.pages.law import law
from lodeline.web.pages.law_diff import law_diff
from lodeline.web.pages.log import entry, log, receipt_file
from lodeline.web.pages.lot import lot
from lodeline.web.pages.lots import lots
from lodeline.web.pages.organisation import organisation
from lodeline.web.pages.organisations import organisations
from lodeline.web.pages.overview import overview
from lodeline.web.pages.quotas import quotas
from lodeline.web.pages.transfers import transfers
from lodeline.web.pages.verify import verify
from lodeline.web.visit import Visit

#: Who may open a page. There are no accounts yet: whoever sits at the machine may read, and nobody else is answered.
Permission = Literal["open on this machine"]

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page. `view` is called with the visit and the parts of the address; `posts`: it also takes a form."""

    at: str
    view: View
    name: str
    permission: Permission
    posts: bool = False


PAGES: tuple[Page, ...] = (
    Page(at="", view=overview, name="overview", permission="open on this machine"),
    Page(at="organisations/", view=organisations, name="organisations", permission="open on this machine"),
    Page(
        at="organisations/<path:organisation>/",
        view=organisation,
        name="organisation",
        permission="open on this machine",
    ),
    Page(at="balances/", view=balances, name="balances", permission="open on this machine"),
    Page(at="sites/<named:site>/", view=balance, name="balance", permission="open on this machine"),
    Page(at="lots/", view=lots, name="lots", permission="open on this machine"),
    Page(at="lots/<named:lot>/", view=lot, name="lot", permission="open on this machine"),
    Page(at="findings/", view=findings, name="findings", permission="open on this machine"),
    Page(at="findings/<str:finding>/", view=finding, name="finding", permission="open on this machine"),
    Page(at="transfers/", view=transfers, name="transfers", permission="open on this machine"),
    Page(at="quotas/", view=quotas, name="quotas", permission="open on this machine"),
    Page(at="desk/", view=desk, name="desk", permission="open on this machine", posts=True),
    Page(at="law/", view=law, name="law", permission="open on this machine"),
    Page(at="law/diff/", view=law_diff, name="law-diff", permission="open on this machine"),
    Page(at="log/", view=log, name="log", permission="open on this machine"),
    Page(at="log/<int:entry>/", view=entry, name="entry", permission="open on this machine"),
    Page(at="log/<int:entry>/receipt.json", view=receipt_file, name="receipt", permission="open on this machine"),
    Page(at="verify/", view=verify, name="verify", permission="open on this machine", posts=True),
    Page(at="find/", view=find, name="find", permission="open on this machine"),
)


def _served(page: Page) -> View:
    def served(request: HttpRequest, language: Any, **arguments: Any) -> HttpResponse:
        visit = Visit(request, language=language, name=page.name, arguments=arguments)
        request.visit = visit  # type: ignore[attr-defined]  # errors are shown in the visit's language
        response = page.view(visit, **arguments)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    methods = ["GET", "HEAD", "POST"] if page.posts else ["GET", "HEAD"]
    return cast(View, require_http_methods(methods)(served))


def home(request: HttpRequest) -> HttpResponse:
    """`/`: to the overview in the language that the browser asks for."""
    language = preferred(request.headers.get("Accept-Language", ""))
    response = HttpResponseRedirect(reverse("overview", kwargs={"language": language}))
    patch_vary_headers(response, ["Accept-Language"])
    return response


class _LanguageConverter:
    regex = "|".join(LANGUAGES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(_LanguageConverter, "language")
register_converter(NamedConverter, "named")

urlpatterns = [
    path("", home, name="home"),
    path("<language:language>/", include([path(page.at, _served(page), name=page.name) for page in PAGES])),
]
handler400 = unreadable
handler404 = not_found
handler500 = at_fault
