"""May this consignment leave? One verdict for each line, the worst of its reasons; what no rule sees is not released.

The order of the rules is that in which an officer looks: identity and codes, composition, control item, licence,
patterns.
Lines are judged by themselves but for one thing: all that name a licence share what is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from lodeline.control import composition, identity, items, licence
from lodeline.control.case import Case, Licence, Rule
from lodeline.control.declaration import Declaration, Line
from lodeline.control.goods import goods_of
from lodeline.control.reason import Reason, VerdictWord, reason, worst
from lodeline.control.rulebook import Rulebook, rulebook
from lodeline.regulation.parameter import Jurisdiction

RULES: tuple[Rule, ...] = (
    *identity.RULES,
    composition.exactly_100, composition.total_differs, composition.neighbours_without, composition.grade,
    *items.RULES,
    *licence.RULES,
    composition.many_models, composition.sample_or_courier, composition.value,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the desk answers about one line, under the law of `day`."""

    line: Line
    day: date
    reasons: tuple[Reason, ...]

    @property
    def verdict(self) -> VerdictWord:
        return worst(one.verdict for one in self.reasons)


def judge(
    declaration: Declaration,
    *,
    law: Jurisdiction,
    day: date,
    known: date,
    licences: pl.DataFrame | Mapping[str, Licence] | None = None,
    exporters: Mapping[str, str] | None = None,
    rules: Rulebook | None = None,
) -> tuple[Verdict, ...]:
    """One verdict for each line of a declaration, in the order of the file.

    Parameters
    ----------
    day : the day of law for lines that state none; one that states its own is judged by that.
    known : as of when the law and its corrections are known.
    licences : the columns of `ledger.register.TABLES["licences"]`, with `used_mg` (Int64) where use is known, or what
        `licence.read_licences` made of them; None, or no row, where no register of licences is at hand.
    exporters : case-folded name → id, for lines that give the exporter's name alone.
    rules : the law that a replay applies to every line, whatever its day; each keeps its day for what else has one.
    """
    books: dict[date, Rulebook] = {}
    known_licences = (licence.read_licences(licences) if isinstance(licences, pl.DataFrame) else licences) or None
    drafts = []
    for line in declaration.lines:
        line_day = line["on"] or day
        if line_day not in books:
            books[line_day] = replace(rules, day=line_day) if rules else rulebook(law, line_day, known=known)
        named = _with_exporter(line, exporters or {})
        goods = goods_of(named, books[line_day])
        drafts.append((named, goods, books[line_day], items.needs_of(named, goods, books[line_day])))
    needed = licence.needed_of((line, needs) for line, _, _, needs in drafts)
    return tuple(
        Verdict(line=line, day=rules.day, reasons=_reasons(case))
        for line, goods, rules, needs in drafts
        for case in [
            Case(
                line=line, goods=goods, rules=rules, needs=needs, licences=known_licences, needed_mg=needed,
                is_file_clear=declaration.is_clear,
            )
        ]
    )  # fmt: skip


def _reasons(case: Case) -> tuple[Reason, ...]:
    found = tuple(one for rule in RULES for one in rule(case))
    # What no rule has a word for is not released for that.
    return found or (reason("goods.unclear"),)


def _with_exporter(line: Line, exporters: Mapping[str, str]) -> Line:
    """The line with the id of the exporter that its name tells, where it gives no id."""
    name = line["exporter_name"]
    if line["exporter"] or not name or (found := exporters.get(str(name).casefold())) is None:
        return line
    return Line(row=line.row, cells=line.cells, values={**line.values, "exporter": found}, problems=line.problems)
