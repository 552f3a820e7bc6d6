"""The same goods under the law of two days: which items they meet, and what the desk would say, nothing else changed.

A licence is asked about goods by themselves, whatever the exporter stated and holds: so an export whose paper changed
and whose goods did not is not among those that came under control.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from lodeline.control.declaration import Declaration, Line
from lodeline.control.desk import Verdict, judge
from lodeline.control.goods.goods import goods_of
from lodeline.control.goods.items import needs_of, unknown_items_of
from lodeline.control.reason import Reason, VerdictWord, worst
from lodeline.control.rulebook import LawDay, Rulebook
from lodeline.control.sources import Sources
from lodeline.regulation.control_list import ControlItem

#: `unknown`: the goods meet no item that is in force, and one whose state no text tells.
Licensable = Literal["needed", "not-needed", "unknown"]
#: That no list is in force is what differs between the laws, and no question about the goods.
_NO_LIST = "item.no-list"
#: What an exporter states of control; goods are asked about without it.
_OWN_WORD = frozenset({"control_item", "controlled_declared", "licence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStatus:
    """How goods stand under a law: `items` that they meet, `unknown_items` that they would. `is_trace`: every share is
    within the band of trade practice, of which the law knows nothing."""

    items: tuple[ControlItem, ...]
    unknown_items: tuple[ControlItem, ...]
    is_trace: bool

    @property
    def licence(self) -> Licensable:
        if self.items:
            return "needed"
        return "unknown" if self.unknown_items else "not-needed"

    def differs(self, other: ControlStatus) -> bool:
        """Whether a licence is asked otherwise, or for other items."""
        return (self.licence, _numbers(self.items), _numbers(self.unknown_items)) != (
            other.licence, _numbers(other.items), _numbers(other.unknown_items),
        )  # fmt: skip


def standing(line: Line, rules: Rulebook) -> ControlStatus:
    """How the goods of a line stand under the law of `rules`."""
    bare = Line(
        row=line.row, cells={}, values={name: value for name, value in line.values.items() if name not in _OWN_WORD}
    )
    goods = goods_of(bare, rules)
    needs = needs_of(bare, goods, rules)
    return ControlStatus(
        items=tuple(need.item for need in needs),
        unknown_items=unknown_items_of(goods, rules),
        is_trace=bool(needs) and all(need.is_trace for need in needs),
    )


def _numbers(items: tuple[ControlItem, ...]) -> frozenset[tuple[str, str, str]]:
    return frozenset((item.item, item.element, item.form) for item in items)


def verdicts_under(rules: Rulebook, declaration: Declaration, sources: Sources, *, day: date) -> tuple[Verdict, ...]:
    """The desk's verdict on each line under one law, whatever the line's day; `day` is that of lines without one.

    Where the law has no list in force, that is not held against the goods.
    """
    judged = judge(declaration, LawDay(law=rules.law, day=day, known=rules.known, rules=rules), sources)
    return tuple(
        Verdict(line=one.line, day=one.day, reasons=tuple(why for why in one.reasons if why.code != _NO_LIST))
        for one in judged
    )


def word(verdict: Verdict) -> VerdictWord:
    """The worst of the reasons; release where none is left."""
    return worst(one.verdict for one in verdict.reasons) if verdict.reasons else "release"


def only_in(one: Verdict, other: Verdict) -> tuple[Reason, ...]:
    """The reasons of one verdict that the other has not."""
    known = {_reason_content(why) for why in other.reasons}
    return tuple(why for why in one.reasons if _reason_content(why) not in known)


def _reason_content(why: Reason) -> tuple[object, ...]:
    return (why.code, why.fields, tuple(sorted((name, str(fact)) for name, fact in why.facts.items())))
