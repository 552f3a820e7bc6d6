"""What would settle a query: documents and tests by name, each with the law that asks for it, where there is one.

The table is `data/reference/settling_documents.csv`; its column `law` names parameters of the pack.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from lodeline.control.reason import Reason
from lodeline.control.rulebook import Rulebook
from lodeline.tables import table_rows


@cache
def documents() -> dict[str, dict[str, str]]:
    """Code → `text_en`, `text_zh`, `law` (parameters, with `|` between them), in the order of the table."""
    return {row["code"]: row for row in table_rows("reference/settling_documents.csv")}


def settled_by(reasons: Iterable[Reason]) -> tuple[str, ...]:
    """The documents that the queries among these reasons ask for, each once, in the order of the table."""
    wanted = {code for one in reasons for code in one.documents}
    return tuple(code for code in documents() if code in wanted)


def as_json(codes: Iterable[str], rules: Rulebook) -> dict[str, Any]:
    """Code → `text` in both languages and `law`: where the law of the day asks for it."""
    return {
        code: {
            "text": {"en": documents()[code]["text_en"], "zh": documents()[code]["text_zh"]},
            "law": [one.as_json() for name in documents()[code]["law"].split("|") for one in rules.cited(name)],
        }
        for code in codes
    }
