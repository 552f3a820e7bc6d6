"""Every address of the portal: the pages of each subject (`web/pages/<subject>/pages.py`), the API, signing in.

The language is the first part of an address, so that an address shows the same page to whoever gets it.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, include, path, register_converter, reverse
from django.urls.converters import StringConverter
from django.urls.resolvers import RoutePattern
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property

from lodeline.language import LANGUAGES
from lodeline.web.moved import addresses as moved
from lodeline.web.named import NamedConverter
from lodeline.web.page import Page, served_view
from lodeline.web.pages.accounts import pages as accounts
from lodeline.web.pages.balance import pages as balance
from lodeline.web.pages.common.looking import reason
from lodeline.web.pages.customs import pages as customs
from lodeline.web.pages.design import pages as design
from lodeline.web.pages.filing import pages as filing
from lodeline.web.pages.findings import pages as findings
from lodeline.web.pages.inspections import pages as inspections
from lodeline.web.pages.law import pages as law
from lodeline.web.pages.licences import pages as licences
from lodeline.web.pages.log import pages as log
from lodeline.web.pages.lots import pages as lots
from lodeline.web.pages.matching import pages as matching
from lodeline.web.pages.overview import pages as overview
from lodeline.web.pages.parties import pages as parties
from lodeline.web.pages.register import pages as register
from lodeline.web.pages.strategy import pages as strategy
from lodeline.web.pages.tour import pages as tour
from lodeline.web.pages.trade import pages as trade
from lodeline.web.server.errors import at_fault, not_found, unreadable
from lodeline.web.server.language_of_address import LanguagePrefix
from lodeline.web.words.language import preferred

#: The first that fits is shown, so the register comes after others: `register/<named:organisation>/` fits much.
PAGES: tuple[Page, ...] = (
    *overview.PAGES, *accounts.PAGES, *balance.PAGES, *customs.PAGES, *filing.PAGES, *findings.PAGES,
    *inspections.PAGES, *law.PAGES, *licences.PAGES, *log.PAGES, *lots.PAGES, *matching.PAGES, *parties.PAGES,
    *register.PAGES, *strategy.PAGES, *trade.PAGES,
    Page(at="reason/", view=reason, name="reason", permission="nation.read", posts=True, regional=True),
    # Tours with the answer key, and what the pages are made of, for whoever builds on them: in the demo alone.
    *((*tour.PAGES, *design.PAGES) if settings.LODELINE_DEMO else ()),
)  # fmt: skip


def front_door(request: HttpRequest) -> HttpResponse:
    """`/`: to one's home page in the language that the browser asks for."""
    language = preferred(request.headers.get("Accept-Language", ""))
    response = HttpResponseRedirect(reverse("home", kwargs={"language": language}))
    patch_vary_headers(response, ["Accept-Language"])
    return response


class _LanguageConverter(StringConverter):
    regex = "|".join(LANGUAGES)


class _Api(URLResolver):
    """The addresses of the API, loaded with the first request for one of them, and not to name a page."""

    @cached_property
    def url_patterns(self) -> list[URLPattern | URLResolver]:
        """What a request is resolved by."""
        from lodeline.web.api import api  # noqa: PLC0415  (loads as long as half of the pages, and few workers are asked)

        return api.urls[0]

    def _populate(self) -> None:
        """Whoever names one of them asks for them by their namespace."""


register_converter(_LanguageConverter, "language")
register_converter(NamedConverter, "named")

urlpatterns = [
    path("", front_door, name="front-door"),
    _Api(RoutePattern("api/v1/"), [], app_name="ninja", namespace="api"),
    # What has moved comes first: a page whose address ends in a name fits much.
    path(
        "<language:language>/",
        include([*moved(), *(path(page.at, served_view(page), name=page.name) for page in PAGES)]),
    ),
    URLResolver(LanguagePrefix(), [path("account/", include("lodeline.web.accounts.addresses"))]),
]
handler400 = unreadable
handler404 = not_found
handler500 = at_fault
