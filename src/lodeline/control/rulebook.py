"""What the law pack says on the day of one line, looked up once for all lines of that day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lodeline.control.military import EndWords
from lodeline.control.reason import Citation
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB, RARE_EARTHS
from lodeline.material.mass import PPB, PPB_PER_PERCENT
from lodeline.regulation.combining import combined
from lodeline.regulation.content import ANY_RARE_EARTH, KNOW_HOW_FORMS, RAW_FORMS
from lodeline.regulation.control_list import ControlItem, items_with_status
from lodeline.regulation.instrument import Citation as LawCitation
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What a tariff code stands for. `elements`: the goods are one of these, or hold them.

    `also`: forms that may stand under the code, though it does not tell them.
    """

    code: str
    forms: tuple[str, ...]
    label: Mapping[str, str]
    elements: tuple[str, ...]
    rare: bool
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """`items` in force on `day` as known on `known`; `unknown_items`, whose state on that day no text tells."""

    law: Jurisdiction
    day: date
    known: date
    items: tuple[ControlItem, ...]
    unknown_items: tuple[ControlItem, ...]
    #: What the lists name as free of them, and the items in force that have words of their own.
    free_items: tuple[ControlItem, ...]
    worded_items: tuple[ControlItem, ...]
    tariff: Mapping[str, Tariff]
    values: Mapping[str, Value]
    #: Parameters of which it is known that something may hold on the day, and not what: the value that they had.
    open_values: Mapping[str, Value] = field(default_factory=dict)
    #: Days from which the lists in force on the day are in force, the earliest first.
    control_days: tuple[date, ...] = ()
    #: The items by element, in the order of the list; and what a part of each element adds to the worth of a kilogram.
    items_by_element: Mapping[str, tuple[ControlItem, ...]] = field(default_factory=dict)
    unknown_by_element: Mapping[str, tuple[ControlItem, ...]] = field(default_factory=dict)
    worth_per_ppb: Mapping[str, Decimal] = field(default_factory=dict)
    #: Forms of goods → the elements that items in force list in one of them, of the forms that were asked about.
    listed_in: dict[frozenset[str], frozenset[str]] = field(default_factory=dict, compare=False)
    #: The words by which end uses and end users are known.
    end_words: EndWords = field(default_factory=lambda: EndWords.of(()))
    #: Parameter → its rows, of those that were asked for.
    rows_of: dict[str, tuple[tuple[Mapping[str, Any], Citation], ...]] = field(default_factory=dict, compare=False)
    #: Elements beyond the rare earths that a list names, whether it is in force or nobody knows.
    other_elements: frozenset[str] = frozenset()
    #: Elements that are listed as raw material alone; the forms of it in which a list names single elements.
    raw_elements: frozenset[str] = frozenset()
    raw_forms: frozenset[str] = frozenset()
    #: Items of technology and equipment, in force and unknown; and whether the law has any control list.
    know_how: tuple[ControlItem, ...] = ()
    unknown_know_how: tuple[ControlItem, ...] = ()
    has_list: bool = True

    def parameter(self, name: str) -> Any:
        """The value of a parameter of the desk on the day, None where the pack has none."""
        value = self.values.get(name)
        return None if value is None else value.value

    def cited(self, name: str) -> tuple[Citation, ...]:
        """Where a parameter stands, also one whose state is open; empty where the pack has none."""
        value = self.values.get(name) or self.open_values.get(name)
        if value is None:
            return ()
        return tuple(map(self.cite_value, value.parts or (value,)))

    def rows(self, name: str) -> tuple[tuple[Mapping[str, Any], Citation], ...]:
        """The rows of a list that instruments in force on the day state, each with where it stands."""
        if name not in self.rows_of:
            states = [one.state(self.day, known=self.known) for one in self.law.named(name)]
            self.rows_of[name] = tuple(
                (row, self.cite_value(state.value))
                for state in states
                if state.status == "in-force" and state.value is not None
                for row in state.value.value
            )
        return self.rows_of[name]

    def is_open(self, name: str) -> bool:
        """Whether no text tells how the parameter stands on the day."""
        return name in self.open_values

    def open_rules(self, name: str) -> tuple[str, ...]:
        """The rules of a parameter whose state is open: one for each instrument of which no text tells."""
        several = [(one.rule, one.state(self.day, known=self.known)) for one in self.law.named(name)]
        return tuple(
            rule for rule, one in several if one.status == "unknown" and one.value is not None and not one.value.unknown
        )

    def cite_value(self, value: Value) -> Citation:
        """Where a value of the law stands."""
        return self._citation(value.citation, value.evidence)

    def cite(self, item: ControlItem) -> Citation:
        return self._citation(item.citation, item.evidence)

    def _citation(self, cited: LawCitation, evidence: str) -> Citation:
        return Citation(
            instrument=cited.instrument,
            title=tuple(self.law.title(cited.instrument).items()),
            article=tuple(cited.article.items()),
            evidence=evidence,
        )

    def tariff_of(self, hs_code: str | None) -> Tariff | None:
        """The entry with the longest code that the declared code begins with."""
        for length in range(len(hs_code or ""), 5, -1):
            if found := self.tariff.get((hs_code or "")[:length]):
                return found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawDay:
    """The law that a question is answered by. `day`: that of lines that state none; `known`: as of when the law and its
    corrections are known. `rules`: what a replay applies to every line, whatever its day."""

    law: Jurisdiction
    day: date
    known: date
    rules: Rulebook | None = None

    @classmethod
    def of(cls, law: Jurisdiction, today: date, *, day: date | None = None) -> LawDay:
        """The law as known today, of a day; by default of today."""
        return cls(law=law, day=day or today, known=today)

    def rulebook(self, day: date) -> Rulebook:
        """The rules for a line of a day."""
        return rulebook(self.law, day, known=self.known) if self.rules is None else replace(self.rules, day=day)


#: The parameters of a pack that the desk reads; each rule that lacks its own is silent.
PARAMETERS = (
    "desk-tariff-codes", "desk-processed-goods", "desk-prices", "desk-rates", "desk-bounds", "desk-patterns",
    "desk-price-ceilings",
    "desk-ports", "deeply-processed", "trace-band",
    "declaration-remark", "circumvention", "filing-deadline", "customs-query-days", "customs-identification",
    "customs-permit", "application-documents", "end-user-promise", "controlled-parties", "unreliable-entities",
    "record-duty",
    "export-licence-goods", "supervision-flags", "dual-use-takes-place", "equipment-list", "materials-list",
    "technology-list", "technology-catalogue", "assistance-abroad", "declaration-wording", "zones", "re-export-origin",
    "re-export-ownership-share", "re-export-review", "re-export-technology", "re-export-value-share",
    "compliance-notice", "us-materials",
    "military-words", "end-use-words", "watch-list", "watch-list-papers",
)  # fmt: skip


def rulebook(law: Jurisdiction, day: date, *, known: date) -> Rulebook:
    """The rules of a day as they could be known on another."""
    values, open_values = _values(law, day, known)
    listed = tuple(items_with_status(law, day, known=known))
    items = tuple(item for status, item in listed if status == "in-force" and not item.free)
    unknown_items = tuple(item for status, item in listed if status == "unknown" and not item.free)
    oxides = values["desk-prices"].value["oxides"] if "desk-prices" in values else {}
    codes = values["desk-tariff-codes"].value if "desk-tariff-codes" in values else ()
    return Rulebook(
        law=law,
        day=day,
        known=known,
        items=items,
        unknown_items=unknown_items,
        free_items=tuple(item for status, item in listed if status in ("in-force", "unknown") and item.free),
        worded_items=tuple(item for item in items if item.words),
        items_by_element=_by_element(items),
        unknown_by_element=_by_element(unknown_items),
        worth_per_ppb={
            element: Decimal(OXIDE_PER_ELEMENT_PPB[element]) / PPB * Decimal(str(price)) / PPB
            for element, price in oxides.items()
        },
        tariff={
            row["code"]: Tariff(
                code=row["code"], forms=tuple(row["forms"]), label=row["label"], elements=tuple(row["elements"]),
                rare=row["rare"], also=tuple(row.get("also", ())),
            )
            for row in codes
        },
        values=values,
        end_words=EndWords.of(
            row for name in ("military-words", "end-use-words") if name in values for row in values[name].value
        ),
        open_values=open_values,
        other_elements=frozenset(one.element for one in (*items, *unknown_items)) - {*RARE_EARTHS, ANY_RARE_EARTH},
        raw_elements=frozenset(
            element for element, own in _by_element(items).items() if all(one.form in RAW_FORMS for one in own)
        ),
        raw_forms=frozenset(one.form for one in items if one.element != ANY_RARE_EARTH).intersection(RAW_FORMS),
        know_how=tuple(one for one in items if one.form in KNOW_HOW_FORMS),
        unknown_know_how=tuple(one for one in unknown_items if one.form in KNOW_HOW_FORMS),
        has_list=bool(law.named("control-list")),
        control_days=tuple(
            sorted(
                state.value.in_force_from
                for parameter in law.named("control-list")
                for state in [parameter.state(day, known=known)]
                if state.status == "in-force" and state.value is not None
            )
        ),
    )  # fmt: skip


def _values(law: Jurisdiction, day: date, known: date) -> tuple[dict[str, Value], dict[str, Value]]:
    """What is in force of the desk's parameters, and what is open."""
    found: dict[str, Value] = {}
    unknown: dict[str, Value] = {}
    for name in PARAMETERS:
        states = law.states(name, day, known=known)
        for status, into in (("in-force", found), ("unknown", unknown)):
            told = [one.value for one in states if one.status == status and one.value and not one.value.unknown]
            if told:
                into[name] = combined(name, told)
    return found, unknown


def _by_element(items: tuple[ControlItem, ...]) -> dict[str, tuple[ControlItem, ...]]:
    found: dict[str, tuple[ControlItem, ...]] = {}
    for item in items:
        found[item.element] = (*found.get(item.element, ()), item)
    return found


@lru_cache(maxsize=1_024)
def to_ppb(percent: float | int | str) -> int:
    """Parts per billion of a percentage as a pack states it."""
    return int(Decimal(str(percent)) * PPB_PER_PERCENT)
