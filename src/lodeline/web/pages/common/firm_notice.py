"""What the pages of filing share: the firm's name, and the sentence about what was done just before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.language import Text, text
from lodeline.office.filing.sandbox import ledger
from lodeline.web.parts.values import Notice
from lodeline.web.visit import Visit

#: `?said=`: what an act has come to; a code, so that an address can put no words of its own on a page.
_NOTICES: Final[Mapping[str, Text]] = {
    "saved": text("Saved and checked."),
    "applied": text("Applied and checked. Undo sets the cells back."),
    "undone": text("The cells are as they were before."),
    "begun": text(
        "Begun with the rows of the last month that was filed. Kept: sites, customers, products, "
        "methods, and the lots that you still hold. Moved to this month: days, and the "
        "references of events. Left open: masses, moisture, assays, documents, and the ids of "
        "new lots."
    ),
    "standing": text("These are the rows of the month as they stand. What you change here is the correction."),
    "kept": text("Saved. It has not been checked since."),
    "uploaded": text("The file is here, as it came."),
    "replaced": text("The new file stands in place of the old one."),
    "removed": text("Taken out."),
    "restored": text("Every row of the file is back."),
    "divided": text("What can be filed now is here. The rest waits as a draft of its own in the list of drafts."),
    "moved": text("Moved into a draft of its own month, which is in the list of drafts."),
    "asked": text("Your certifiers have been told."),
    "correction": text("It is now compared with what is filed, event by event."),
    "original": text("It is a filing of its own again."),
    "dropped": text("The draft was thrown away."),
    "emptied": text("The sandbox is empty again."),
    "profile": text("Your columns are remembered, and were applied."),
}


def notice_of(visit: Visit) -> Notice | None:
    """What `?said=` says."""
    text = _NOTICES.get(visit.query("said") or "")
    return Notice(kind="success", text=visit.localized(text)) if text else None


def firm_name(visit: Visit, organisation: str) -> str:
    """The firm's name in the reader's language, else in the other, else its id."""
    table = ledger().newest_register().tables["organisations"]
    found = table.filter(pl.col("id") == organisation)
    if not found.height:
        return organisation
    zh, en = found.select("name_zh", "name_en").row(0)
    return str((zh or en) if visit.language == "zh" else (en or zh)) if zh or en else organisation
