"""Declarations of published penalty decisions: facts with their source, for whoever wants to see the desk at work.

The table is `data/reference/published_cases.csv`: the columns of a declaration, and three texts in both languages.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lodeline.control.declaration import columns
from lodeline.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCase:
    """One line of a published case. `state`: as declared, or as found; `story`: what came of it. Both languages."""

    fields: Mapping[str, str]
    state: Mapping[str, str]
    story: Mapping[str, str]
    source: Mapping[str, str]

    @property
    def line(self) -> str:
        return self.fields["line"]


@cache
def published_cases() -> tuple[PublishedCase, ...]:
    """The lines in the order of the table."""

    def texts(row: Mapping[str, str], name: str) -> dict[str, str]:
        return {"en": row[f"{name}_en"], "zh": row[f"{name}_zh"]}

    return tuple(
        PublishedCase(
            fields={name: value for name, value in row.items() if name in columns() and value},
            state=texts(row, "state"),
            story=texts(row, "story"),
            source=texts(row, "source"),
        )
        for row in table_rows("reference/published_cases.csv")
    )


def as_declaration() -> bytes:
    """All of them as one declaration file (CSV)."""
    out = io.StringIO()
    names = [name for name in columns() if any(name in one.fields for one in published_cases())]
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(one.fields for one in published_cases())
    return out.getvalue().encode()
