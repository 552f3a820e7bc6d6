"""What a query of customs is about. `Case.seen` of a query is written and opened here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lodeline.office.models import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriedLine:
    """The line of a declaration that a query is about, as declared and as the desk answered."""

    #: The question that was kept, and the verdict about the line in it.
    entry: int
    verdict_id: str
    #: The verdict with its reasons, in the shape of the desk's answer.
    line: Mapping[str, Any]
    cells: Mapping[str, str]
    #: Code of a document that the line lacks → what the desk says of it, None where it says nothing.
    documents: Mapping[str, Any]
    #: The kinds of documents that the shipper owes. `assumed`: as in `queries.Terms`.
    required: Sequence[str]
    assumed: bool
    #: The rules that a query about rules asks about.
    rules: Sequence[str] = ()
    #: The questions that were put before the line was put again with a result.
    before: Sequence[int] = ()

    def as_text(self) -> str:
        """As it is stored."""
        kept = {name: value for name, value in asdict(self).items() if value or name not in ("rules", "before")}
        return json.dumps(kept, ensure_ascii=False)

    @property
    def verdict(self) -> str:
        """The desk's."""
        return str(self.line["verdict"])


def queried_line(case: Case) -> QueriedLine:
    """What a case stores (`QueriedLine.as_text`)."""
    return QueriedLine(**json.loads(case.seen))
