"""The balance of an own site: the page that the authority sees, with the firm's own links and nobody else's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse

from lodeline.office.findings.firm_view import own_findings
from lodeline.web.pages.balance.balance import balance_page
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.visit import NotHereError, Visit

#: Pages of the authority that have a counterpart among the firm's own.
_OWN: Final[Mapping[str, str]] = {
    "balance": "firm-balance",
    "balances": "firm-balances",
    "entry": "firm-filing",
    "transfers": "firm-transfers",
    "organisation": "firm",
}
#: Pages that only the authority has.
_CLOSED: Final = frozenset({"finding", "findings", "lot", "lots", "organisations", "log", "receipt"})


class OwnVisit(Visit):
    """A visit to a firm's page that is made of parts of the authority's: their links lead to the firm's, or nowhere."""

    @classmethod
    def of(cls, visit: Visit) -> OwnVisit:
        """The same visit."""
        return cls(visit.request, language=visit.language, name=visit.name, arguments=visit.arguments)

    def url(self, name: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """As `Visit.url`, for the counterpart of a page of the authority; None where there is none."""
        if name in _CLOSED:
            return None
        if name not in _OWN:
            return super().url(name, query=query, **arguments)
        # A page of the firm is about the firm already.
        kept = {key: value for key, value in (query or {}).items() if key != "organisation"}
        return super().url(_OWN[name], query=kept, **{**arguments, "organisation": self.firm})


def firm_balance(visit: Visit, organisation: str, site: str) -> HttpResponse:
    """The page `firm/ID/sites/SITE/`, with the questions of the authority's page; of the time of the firm alone."""
    firm = Firm(visit, organisation)
    if site not in firm.sites_ever:
        listed = ", ".join(sorted(firm.sites_ever)) or "–"
        raise NotHereError(
            f"You have no site {site!r}: yours are {listed}.", f"本企业没有场所 {site!r}：现有 {listed}。"
        )

    def describe(finding: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without strangers, and with lots as the firm knows them."""
        (seen,) = own_findings([finding], firm.own, visit.reading.snapshot)
        return seen

    def called(lot: str) -> str:
        maker, _, local = lot.partition("/")
        return firm.own.lot_name(lot, maker, local or lot)

    return balance_page(OwnVisit.of(visit), site, holder=organisation, describe=describe, called=called)
