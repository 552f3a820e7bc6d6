"""What an exporter asked of the desk before, and what became of it: shown beside its next declaration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.office.access.actor import Actor
from lodeline.office.customs.queries import OPEN
from lodeline.office.models import CustomsCase
from lodeline.service.customs import papers as desk_papers
from lodeline.store.store import Store

#: So many earlier questions are read, the newest first: each is a paper of its own.
READ_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterHistory:
    """`questions`: how many there were before; of the newest `read` of them: the `lines` by the desk's verdict, and the
    entries of those in which a line was held (`held_in`, the newest first). `queries`: of the exporter, by what became
    of them: `open`, `released`, `refused`, `other`."""

    questions: int
    read: int
    lines: Mapping[str, int]
    held_in: tuple[int, ...]
    queries: Mapping[str, int]


def exporter_history(actor: Actor, store: Store, organisation: str, *, before: int) -> ExporterHistory:
    """What stood in the log before entry `before`, and every query. Requires "desk.use"."""
    actor.require("desk.use")
    entries = [one for one in desk_papers.questions(store, organisation=organisation) if one.index < before]
    lines: Counter[str] = Counter()
    held_in = []
    for entry in entries[:READ_MOST]:
        verdicts = Counter(line["verdict"] for line in desk_papers.question(store, entry.index).lines)
        lines += verdicts
        if verdicts["hold"]:
            held_in.append(entry.index)
    states = CustomsCase.objects.filter(organisation=organisation).values_list("state", flat=True)
    became = Counter("open" if one in OPEN else one if one in ("released", "refused") else "other" for one in states)
    return ExporterHistory(
        questions=len(entries), read=min(len(entries), READ_MOST), lines=lines, held_in=tuple(held_in), queries=became
    )  # fmt: skip
