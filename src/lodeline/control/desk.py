"""May this consignment leave? One verdict for each line, the worst of its reasons; what no rule sees is not released.

The order of the rules is that in which an officer looks: identity and codes, composition, control item, licence,
what else the law asks of goods and movement, parties, patterns. Lines are judged by themselves but for two things: all
that name a licence share what is left of it, and consignments from one exporter to one buyer are looked at together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import polars as pl

from lodeline.control import identity, limits, lots, parties, patterns, reach
from lodeline.control.case import Case, ModelGoods, Need, Rule
from lodeline.control.declaration import Declaration, Line
from lodeline.control.goods import composition, items, models, technology
from lodeline.control.goods.goods import Goods, goods_of
from lodeline.control.licences import licence, permits
from lodeline.control.reason import Reason, VerdictWord, reason, worst
from lodeline.control.record import Records, named_models
from lodeline.control.rulebook import LawDay, Rulebook
from lodeline.control.sources import NOTHING, Sources
from lodeline.control.standing_answer import StandingAnswer, settled

#: Those that say what the goods are: where one of them asks, it is a question whether a control item leaves.
GOODS_RULES: tuple[Rule, ...] = (
    *identity.RULES,
    composition.total_differs, composition.neighbours_without, composition.grade,
    *lots.RULES,
    *items.RULES, limits.share_not_stated,
)  # fmt: skip
RULES: tuple[Rule, ...] = (
    *GOODS_RULES,
    *licence.RULES,
    *permits.RULES, *limits.RULES, *technology.RULES, *reach.RULES,
    *models.RULES,
    *parties.rules((*GOODS_RULES, *models.RULES)),
    composition.value, composition.other_magnet_price, composition.heading_price, *patterns.RULES,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the desk answers about one line, under the law of `day`. `case`: all that it was judged by."""

    line: Line
    day: date
    reasons: tuple[Reason, ...]
    case: Case | None = None

    @property
    def verdict(self) -> VerdictWord:
        return worst(one.verdict for one in self.reasons)


@dataclass(slots=True)
class _Draft:
    """A line before it is judged."""

    line: Line
    goods: Goods
    rules: Rulebook
    needs: tuple[Need, ...]
    models: tuple[ModelGoods, ...]


def judge(declaration: Declaration, on: LawDay, sources: Sources = NOTHING) -> tuple[Verdict, ...]:
    """One verdict for each line of a declaration, in the order of the file."""
    return tuple(BatchEvaluation(declaration, on, sources, keeps=True).verdicts())


class BatchEvaluation:
    """The lines of a declaration, looked at together once and then judged some at a time.

    `keeps`: what is worked out of each line at first is kept for the verdicts, which is quicker; else it is worked out
    again, so that of many lines no more is in memory than those that are being judged.
    """

    def __init__(
        self, declaration: Declaration, on: LawDay, sources: Sources, *, keeps: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> None:  # fmt: skip
        self.declaration, self.on, self.sources = declaration, on, sources
        self._books: dict[date, Rulebook] = {}
        licences = sources.licences
        read = licence.read_licences(licences) if isinstance(licences, pl.DataFrame) else licences
        self._licences = read or None
        self._kept: list[_Draft] | None = [] if keeps else None
        self._needed: dict[tuple[str, str], int | None] = {}
        together = _Together(sources.records)
        lines = declaration.lines
        for place, line in enumerate(lines):
            draft = self._draft(line)
            licence.add_needs(self._needed, draft.line, draft.needs)
            together.add(place, draft)
            if self._kept is not None:
                self._kept.append(draft)
            if progress is not None and not place % _PROGRESS_EVERY:
                progress(place / len(lines))
        self._together = together.others(lines)

    def verdicts(self, first: int = 0, last: int | None = None) -> Iterator[Verdict]:
        """The verdicts of the lines from the place `first` up to `last`, one after the other."""
        lines = self.declaration.lines
        for place in range(first, len(lines) if last is None else min(last, len(lines))):
            one = self._draft(lines[place]) if self._kept is None else self._kept[place]
            case = Case(
                line=one.line, goods=one.goods, rules=one.rules, needs=one.needs, licences=self._licences,
                needed_mg=self._needed, is_file_clear=self.declaration.is_clear, records=self.sources.records,
                models=one.models, screened=self.sources.screened, together=self._together.get(place, ()),
            )  # fmt: skip
            yield Verdict(line=one.line, day=one.rules.day, reasons=_reasons(case, self.sources.answers), case=case)

    def _draft(self, line: Line) -> _Draft:
        """What the goods of a line are, and what they need; a composition that it leaves open is looked up."""
        records = self.sources.records
        line, rules = _with_exporter(line, self.sources.exporters), self._book(line["on"] or self.on.day)
        goods = goods_of(line, rules, recorded=_recorded(line, rules, records))
        found = models.models_of(line, goods, rules, records)
        needs = items.needs_of(line, goods, rules)
        return _Draft(
            line=line, goods=goods, rules=rules, needs=models.with_models(needs, found) if found else needs,
            models=found,
        )  # fmt: skip

    def _book(self, day: date) -> Rulebook:
        if day not in self._books:
            self._books[day] = self.on.rulebook(day)
        return self._books[day]


def _recorded(line: Line, rules: Rulebook, records: Records | None) -> tuple[Mapping[str, int], str] | None:
    """The composition on record for a line that states none, and the column that leads to it."""
    if records is None or line.composition is not None or "composition" in line.cells:
        return None
    lot = records.lot(line["lot"], line["exporter"])
    if lot is not None and lot.shares:
        return lot.shares, "lot"
    names = named_models(line["model"])
    if len(names) == 1 and (line["models_in_lot"] or 1) == 1:
        model = records.model(names[0], exporter=line["exporter"], lot=line["lot"], day=rules.day)
        if model is not None and model.shares:
            return model.shares, "model"
    return None


class _Together:
    """Lines that go from one exporter to the same owner; looked at where records are at hand."""

    def __init__(self, records: Records | None) -> None:
        self.records = records
        self.found: dict[tuple[str, str], list[int]] = defaultdict(list)

    def add(self, place: int, one: _Draft) -> None:
        if self.records is None or not one.goods.rare or one.goods.is_assembly:
            return
        owner = self.records.owner(patterns.buyer(one.line))
        if owner and one.line["exporter"]:
            self.found[one.line["exporter"], owner].append(place)

    def others(self, lines: Sequence[Line]) -> dict[int, tuple[Line, ...]]:
        """Place of a line → the others that go from its exporter to the same owner."""
        small: dict[int, tuple[Line, ...]] = {}
        for places in self.found.values():
            # In one declaration lines are one consignment; others of the batch are consignments of their own.
            numbers = {lines[place]["declaration"] for place in places}
            if len(numbers) > 1:
                others = {number: _but(number, (lines[place] for place in places)) for number in numbers}
                small |= {place: others[lines[place]["declaration"]] for place in places}
        return small


def _but(own: object, several: Iterable[Line]) -> tuple[Line, ...]:
    """The first lines of other declarations."""
    return tuple(islice((line for line in several if line["declaration"] != own), _TOGETHER_MOST))


#: Of a batch so many other lines to one buyer are looked at; more say no more.
_TOGETHER_MOST = 50
#: After so many lines it is said how far the first look is.
_PROGRESS_EVERY = 1_000


def _reasons(case: Case, answers: Sequence[StandingAnswer]) -> tuple[Reason, ...]:
    if reach.is_within_the_country(case):
        return (reason("movement.within"),)
    found = tuple(one for rule in RULES for one in rule(case))
    if answers:
        found = settled(found, answers, exporter=case.line["exporter"], day=case.rules.day, law=case.rules.law)
    # What no rule has a word for is not released for that.
    return found or (reason("goods.unclear"),)


def _with_exporter(line: Line, exporters: Mapping[str, str]) -> Line:
    """The line with the id of the exporter that its name tells, where it gives no id."""
    name = line["exporter_name"]
    if line["exporter"] or not name or (found := exporters.get(str(name).casefold())) is None:
        return line
    return Line(row=line.row, cells=line.cells, values={**line.values, "exporter": found}, problems=line.problems)
