"""Home: leads each to where the own work begins."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.web.visit import NotHereError, Visit

#: Permission of the authority → the page on which whoever has it begins; the first that fits and is open.
_BEGINNINGS = (
    ("register.write", "organisations"),
    ("licence.decide", "licences"),
    ("quotas.decide", "quotas"),
    ("nation.read", "overview"),
    ("nation.read", "organisations"),
    ("desk.use", "desk"),
    ("system.read", "system"),
    ("strategy.aggregate", "strategy-aggregate"),
)


def home(visit: Visit) -> HttpResponse:
    """The page `home/`: to the own firm, else to where an official of that role begins."""
    organisations = visit.actor.organisations
    to = visit.url("firm", organisation=organisations[0]) if organisations else None
    if to is None:
        pages = (visit.opens(page) for permission, page in _BEGINNINGS if visit.actor.may(permission))
        to = next((page for page in pages if page is not None), None)
    if to is None:
        raise NotHereError(
            text(
                "Your account has no membership in force today. Ask the administrator of your "
                "organisation, or the registrar."
            )
        )
    return HttpResponseRedirect(to)
