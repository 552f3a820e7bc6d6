"""What of a draft can be taken away as a file: its rows, its problems, its uploads as they came, what was changed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from lodeline.filing.written import table_csv
from lodeline.language import text
from lodeline.office.filing import drafts
from lodeline.office.filing.draft_content import content_at, file_bytes
from lodeline.office.filing.filing_now import CHANGES_NAME
from lodeline.office.models import Draft
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.parts.table import safe_cell
from lodeline.web.visit import NotHereError, Visit

#: What a certifier signs outside the portal, as docs/howto/certify.md calls it.
STATEMENT_NAME = "to-sign.json"
_CSV = "text/csv; charset=utf-8"


def wanted_file(visit: Visit, draft: Draft) -> HttpResponse | None:
    """The file that `?file=` asks for instead of the page: `rows`, `problems`, `changes`, `statement`."""
    wanted = visit.query("file")
    if wanted is None:
        return None
    stem = f"{draft.organisation}-{draft.period}"
    if wanted == "rows":
        frame = content_at(draft).table.frame
        return attachment(table_csv(frame.drop("source", "row")), f"{stem}-rows.csv", _CSV)
    if wanted == "problems":
        return attachment(_problems(draft, visit.language), f"{stem}-problems.csv", _CSV)
    if wanted == "changes":
        changes = content_at(draft).changes_file
        if changes is not None:
            return attachment(changes, CHANGES_NAME, _CSV)
    if wanted == "statement":
        statement = (json.loads(draft.summary) or {}).get("statement")
        if statement is not None:
            return attachment(statement.encode(), STATEMENT_NAME, "application/json")
    raise NotHereError(text("This draft has no such file."))


def firm_draft_file(visit: Visit, organisation: str, draft: int, file: int) -> HttpResponse:
    """`firm/<organisation>/file/<draft>/files/<file>/`: a file as it was uploaded."""
    try:
        found = drafts.find(visit.actor, organisation, draft).files.filter(pk=file).first()
    except drafts.UnknownDraftError as error:
        raise NotHereError(error.words) from error
    if found is None:
        raise NotHereError(text("This draft has no such file."))
    return attachment(file_bytes(found), found.name, "application/octet-stream")


def _problems(draft: Draft, language: str) -> bytes:
    rows = [
        (one["severity"], one["code"], *(one["where"][name] for name in ("file", "sheet", "row", "column")),
         one["message"][language])
        for one in json.loads(draft.problems)
    ]  # fmt: skip
    return _csv(("severity", "code", "file", "sheet", "row", "column", "message"), rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            [safe_cell(cell if isinstance(cell, int) else "" if cell is None else str(cell)) for cell in row]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()
