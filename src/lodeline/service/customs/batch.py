"""A batch: a declaration file of very many lines, looked at together once, judged and kept part by part.

Lines that share a licence or a buyer are judged by all of the file, in whatever part they stand. Each part is a
question of the log like any other, small enough to be read, queried and decided; whoever is interrupted goes on with
the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lodeline.control.declaration import Declaration
from lodeline.control.desk import BatchEvaluation
from lodeline.control.rulebook import LawDay
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger, document_of, gc_paused, sources_of
from lodeline.service.customs.release import Judged
from lodeline.store.store import Store

#: Lines of a part: what one question at the desk may have.
PART_LINES: Final = 2_000
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The lines of a part, by their places in the file; `number` counts from 1."""

    number: int
    first: int
    last: int


def parts_of(declaration: Declaration, *, most: int = PART_LINES) -> list[Part]:
    """The parts of a file, of at most so many lines; lines of one number that stand together stay so if they can."""
    lines, parts, first = declaration.lines, list[Part](), 0
    while first < len(lines):
        last = min(first + most, len(lines))
        if last < len(lines):
            number = lines[last]["declaration"]
            begin = last
            while begin > first and lines[begin - 1]["declaration"] == number:
                begin -= 1
            last = begin if begin > first else last
        parts.append(Part(number=len(parts) + 1, first=first, last=last))
        first = last
    return parts


class RecordedBatchEvaluation:
    """A file before the desk. `progress` gets how far the first look is (0 to 1)."""

    def __init__(
        self, declaration: Declaration, on: LawDay, ledger: Ledger, *, progress: Callable[[float], None]
    ) -> None:  # fmt: skip
        self.declaration, self.on = declaration, on
        with gc_paused(len(declaration.lines)):
            self.sources = sources_of(declaration, on, ledger)
            self.hearing = BatchEvaluation(declaration, on, self.sources, progress=progress)

    def judged(self, part: Part) -> Judged:
        """The part as a declaration of its own, judged by all of the file."""
        whole = self.declaration
        with gc_paused(len(whole.lines)):
            verdicts = tuple(self.hearing.verdicts(part.first, part.last))
            declaration = Declaration(lines=whole.lines[part.first : part.last], problems=whole.problems)
            document = document_of(declaration, verdicts, self.on, self.sources)
        return Judged(declaration=declaration, document=document, verdicts=verdicts, on=self.on)


def verdicts_of(
    store: Store, entries: Sequence[int], *, with_words: Callable[[Mapping[str, Any]], Json] = dict
) -> Iterator[tuple[Mapping[str, str], Json]]:
    """The cells and the answer of every line that these entries keep, one entry in memory at a time. `with_words`:
    completes an answer that was kept without its words."""
    for entry in entries:
        paper = desk_papers.question(store, entry).paper
        yield from zip(paper["cells"], with_words(paper["answer"])["lines"], strict=True)
