"""A draft begun with rows that are filed: a month with those of the last one, a correction with those it corrects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lodeline.filing.written import table_csv, written
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.filing.drafts import DraftError, FileIn, add_files
from lodeline.office.filing.sandbox import ledger, ledger_of
from lodeline.office.models import Draft
from lodeline.service.filing.drafting import begun_from
from lodeline.service.firm.organisation_view import Month
from lodeline.store.queries.filing import first_filings_of, month_in_force

#: What the file of a month begun so is called, after the month that it is taken from.
NAME: Final = "begun-from-{period}.csv"
#: What the file of a correction is called: the rows of its month as they stand.
STANDING: Final = "as-filed-{period}.csv"


def month_before(months: Sequence[Month], period: str) -> str | None:
    """The last month before `period` that was filed; None where there is none."""
    return max((one.period for one in months if one.entry is not None and one.period < period), default=None)


def begin(actor: Actor, draft: Draft, *, now: datetime) -> Draft:
    """Puts filed rows into the draft, as a file of it: for a correction those of its month as they stand now, else
    those of the last month that was filed, with what must be new left open. Requires "own.file".

    Raises DraftError where there is no such month, or it has no row that could be gone on with.
    """
    if draft.corrects is not None:
        standing = written(month_in_force(ledger_of(draft, now=now), draft.organisation, draft.period))
        file = FileIn(name=STANDING.format(period=draft.period), content=table_csv(standing))
        return add_files(actor, draft, [file], seen=draft.revision, now=now)
    filed = first_filings_of(ledger(), draft.organisation)
    before = max((period for period in filed if period < draft.period), default=None)
    rows = None if before is None else begun_from(ledger(), draft.organisation, before, draft.period)
    if before is None or rows is None or rows.is_empty():
        raise DraftError(text("There is no earlier month with rows to begin with. Upload a file, or type the rows in."))
    file = FileIn(name=NAME.format(period=before), content=table_csv(rows))
    return add_files(actor, draft, [file], seen=draft.revision, now=now)
