"""What is suggested for the cells of a draft: listed before it is applied, of one kind or all at once, and undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.office.filing import suggestions
from lodeline.office.filing.draft_content import TYPED, Content, content_at
from lodeline.office.filing.suggestions import ALL, Suggestion
from lodeline.office.models import Draft
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import filing as words
from lodeline.web.words import format as written

_NAME: Final = "suggestions"
_KINDS: Final[dict[str, Text]] = {
    "lot": text("lots a slip away from one at hand"),
    "mass": text("masses a thousand times off"),
    "day": text("days of another month"),
    "name": text("names one letter off"),
}
_CURES: Final = text("cells that can only mean one thing, or may")
_PER_PAGE: Final = 20


def suggested(visit: Visit, draft: Draft, content: Content, offered: Sequence[Suggestion]) -> dict[str, Any] | None:
    """What the template shows; None where nothing is suggested and nothing can be undone."""
    undo = suggestions.applied(draft)
    if not offered and not undo:
        return None
    counts = Counter(one.kind for one in offered)
    kinds = [
        {"act": f"apply:{kind}", "n": written.count(number), "what": visit.localized(_KINDS.get(kind, _CURES)),
         "code": "" if kind in _KINDS else kind}
        for kind, number in sorted(counts.items())
    ]  # fmt: skip
    return {
        "n": len(offered),
        "count": written.count(len(offered)),
        "all": f"apply:{ALL}",
        "kinds": kinds if len(kinds) > 1 else [],
        "table": shown(visit, _table(visit, content, offered)) if offered else None,
        "undo": written.count(undo) if undo else "",
    }


def suggestions_csv(visit: Visit, draft: Draft) -> HttpResponse | None:
    """The suggestions as CSV, where the visit asks for that table."""
    if visit.query("format") is None or visit.query("table") != _NAME:
        return None
    return wanted_csv(visit, _table(visit, content_at(draft), suggestions.of_draft(draft)))


def _table(visit: Visit, content: Content, offered: Sequence[Suggestion]) -> Table:
    language, several = visit.language, len(content.keys) > 2
    files = {key: source.file for key, source in zip(content.keys, content.table.sources, strict=False)}

    def row(one: Suggestion) -> tuple[Cell, ...]:
        number = f"+{one.row}" if one.source == TYPED and len(content.keys) > 1 else str(one.row)
        return (
            Cell(
                text=number, value=one.row, href=f"#r-{one.source}-{one.row}",
                note=files.get(one.source) or "" if several else "",
            ),
            Cell(text=words.label(one.column, language)),
            Cell(text=one.before, marks=True),
            Cell(text=one.after, marks=True),
            Cell(text=visit.localized(one.why())),
        )  # fmt: skip

    return Table(
        name=_NAME,
        caption=visit.text("What would change"),
        columns=(
            Column(key="row", label=text("Row", context="filing"), number=True),
            Column(key="column", label=text("Cell")),
            Column(key="before", label=text("Now", context="filing, draft suggestions")),
            Column(key="after", label=text("Would be", context="filing")),
            Column(key="why", label=text("Why", context="filing")),
        ),
        rows=tuple(row(one) for one in offered),
        per_page=_PER_PAGE,
        empty=visit.text("Nothing is suggested."),
    )
