"""Addresses that pages had before they became part of another: whoever kept one is led to where its answer is now.

The page that it leads to asks who may see it; nothing is known of anybody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from lodeline.web.page import FIRM
from lodeline.web.visit import address


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The address `at` leads to the page `to` of the same parts; `query` is added where the address does not say it."""

    at: str
    to: str
    query: Mapping[str, str] = field(default_factory=dict)


#: One line for each page that was merged away, in the order of the addresses.
MOVED: Final[tuple[Moved, ...]] = (
    Moved(at="applications/", to="licences"),
    Moved(at="balances/network/", to="year"),
    Moved(at="desk/queries/", to="desk-asked"),
    Moved(at="duty/", to="organisations", query={"state": "missing"}),
    Moved(at="editions/", to="year"),
    Moved(at="register/", to="organisations"),
    Moved(at="screening/", to="parties"),
    Moved(at="transfers/", to="exceptions", query={"kind": "delivery", "state": "all"}),
    Moved(at=FIRM + "applications/", to="firm-licences", query={"view": "applications"}),
    Moved(at=FIRM + "customers/", to="firm-lots", query={"view": "customers"}),
    Moved(at=FIRM + "exceptions/", to="firm", query={"kind": "discrepancy"}),
    Moved(at=FIRM + "findings/", to="firm", query={"kind": "question"}),
    Moved(at=FIRM + "notices/", to="firm", query={"kind": "notice"}),
    Moved(at=FIRM + "queries/", to="firm", query={"kind": "query"}),
    Moved(at=FIRM + "quota/", to="firm-licences", query={"view": "quota"}),
)


def addresses() -> list[URLPattern]:
    """What leads on from the addresses of before."""
    return [path(one.at, _leading(one)) for one in MOVED]


def _leading(moved: Moved) -> Any:
    @require_safe
    def lead(request: HttpRequest, language: Any, **arguments: Any) -> HttpResponsePermanentRedirect:
        asked = {name: request.GET.getlist(name) for name in request.GET}
        to = address(language, moved.to, query={**moved.query, **asked}, **arguments)
        assert to is not None, f"{moved.at} leads to a page that exists"
        return HttpResponsePermanentRedirect(to)

    return lead
