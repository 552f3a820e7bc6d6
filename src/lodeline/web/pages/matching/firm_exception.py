"""One of a firm's own exceptions: where an invoice or the border says other than it has filed, with its papers."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse

from lodeline.office.matching.firm_view import own_exception, own_exceptions
from lodeline.service.matching import exceptions
from lodeline.service.matching.exceptions import UnknownExceptionError
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.pages.matching.exceptions import found, show_one
from lodeline.web.visit import NotHereError, Visit, desk


def firm_exception(visit: Visit, organisation: str, exception: str) -> HttpResponse:
    """The page `firm/ID/exceptions/NUMBER/`."""
    firm = Firm(visit, organisation)
    reading = desk(settings.LODELINE_DATABASE).reading()
    every = reading.answer(exceptions.every, reading.store, reading.snapshot, reading.law)
    rows = own_exceptions(visit.actor, organisation, every)
    row = found(rows, exception)
    try:
        papers = own_exception(
            visit.actor, organisation,
            lambda only: reading.answer(
                exceptions.one, reading.store, reading.snapshot, reading.law, identifier=exception, only=only
            ),
        )  # fmt: skip
    except UnknownExceptionError as error:
        raise NotHereError(error.words) from error
    every_at = firm.url("firm", query={"kind": "discrepancy"})
    return show_one(visit, row, papers, firm.names, firm=firm.name, every=every_at)
