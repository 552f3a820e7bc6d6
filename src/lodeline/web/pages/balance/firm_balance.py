"""The balance of an own site: the page that the authority sees, with the firm's own links and nobody else's name."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.detection.finding import Finding
from lodeline.language import text
from lodeline.office.findings.firm_view import own_findings
from lodeline.web.pages.balance.balance import balance_page
from lodeline.web.pages.common.firm_part import Firm, OwnVisit
from lodeline.web.visit import NotHereError, Visit


def firm_balance(visit: Visit, organisation: str, site: str) -> HttpResponse:
    """The page `firm/ID/sites/SITE/`, with the questions of the authority's page; of the time of the firm alone."""
    firm = Firm(visit, organisation)
    if site not in firm.sites_ever:
        listed = ", ".join(sorted(firm.sites_ever)) or "–"
        raise NotHereError(text("You have no site {site!r}: yours are {listed}.", site=site, listed=listed))

    def describe(finding: Finding) -> Finding:
        """Without strangers, and with lots as the firm knows them."""
        (seen,) = own_findings([finding], firm.own, visit.reading.snapshot)
        return seen

    def called(lot: str) -> str:
        maker, _, local = lot.partition("/")
        return firm.own.lot_name(lot, maker, local or lot)

    return balance_page(OwnVisit.of(visit), site, holder=organisation, describe=describe, called=called)
