"""End use and end user: what a line says of them, and what the instruments of the day make of it.

Asked of every country and every good, listed or not, licensed or not. Which instrument bars what, of which goods and
where, are rows of `barred-end-use`, which several instruments state. By what words a use or a user is known are rows of
`end-use-words` and `military-words`. A licence answers for the end use and the end user that it was granted for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from lodeline.control.case import Case, Rule
from lodeline.control.licences.licence import covers
from lodeline.control.military import military_ends, military_user, resold_to
from lodeline.control.reason import Citation, Reason, reason
from lodeline.control.record import plain
from lodeline.control.rulebook import Rulebook
from lodeline.party.packed import MILITARY, Roll, list_name, packed
from lodeline.party.reasons import threshold
from lodeline.party.screening import Hit
from lodeline.regulation.parameter import Jurisdiction

#: `question`: nobody can say yet whether a control item leaves.
Status = Literal["item", "question", "none"]
#: Verdicts of a row of `barred-end-use`, the mildest first.
_SEVERITY: Final = ("query", "licence", "hold")
#: What is read as a statement of use, and what of it; a name of goods says what they are for behind these words.
_PURPOSE: Final = re.compile(r"\b(?:for|used in|used on)\b(.+)|(?:用于|供)(.+)|(.{2,12}?)用", re.IGNORECASE)
_USES: Final = ("end_use", "note", "product_name")
_USERS: Final = ("end_user_name", "consignee_name")
#: A word of a user's name → the kinds of rows that speak of such a user, the first that reaches the country.
_KINDS_OF_USER: Final = {
    "nuclear-programme": ("mass-destruction",), "state-forces": ("military-user",),
    **dict.fromkeys(("arms-maker", "military-user", "user"), ("military-strength", "military-user")),
}  # fmt: skip
#: Users that a statement of use names as well; what a firm's name merely hints at is looked for in names alone.
_NAMED_IN_USES: Final = ("nuclear-programme", "state-forces")
_MOST_ROLLS: Final = 512


@dataclass(slots=True, kw_only=True)
class Asked:
    """A line, and whether a control item leaves with it, which is looked at where a party or a use gives cause.

    `goods_rules`: those that say what the goods are.
    """

    case: Case
    goods_rules: tuple[Rule, ...]
    _status: Status | None = field(default=None, init=False)

    @property
    def rules(self) -> Rulebook:
        return self.case.rules

    @property
    def status(self) -> Status:
        if self._status is None:
            self._status = self._looked_at()
        return self._status

    def _looked_at(self) -> Status:
        case = self.case
        if any(not need.is_trace for need in case.needs) or case.line["controlled_declared"]:
            return "item"
        if case.needs:
            return "question"
        asks = any(one.verdict != "release" for rule in self.goods_rules for one in rule(case))
        return "question" if asks else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What a column says of an end. `kinds`: of rows that speak of it; of a user the first that reaches the country."""

    kinds: tuple[str, ...]
    column: str
    text: str
    word: str
    #: Beyond those of the line, the countries of a body that a use names: goods are not handed on to it from elsewhere.
    countries: frozenset[str] = frozenset()


def ends(asked: Asked) -> Iterator[Reason]:
    """The reasons for what a line says of its destination, its end use and its users."""
    rows = asked.rules.rows("barred-end-use")
    if not rows:
        return
    countries = countries_of(asked.case)
    yield from _destinations(asked, [one for one in rows if one[0]["kind"] == "destination"], countries)
    reported: set[str] = set()
    for end in _stated_ends(asked.case):
        found = _row_for(asked, end, rows, countries | end.countries)
        one = found and _reason_of(asked, end, *found)
        if one and one.code not in reported:
            reported.add(one.code)
            yield one


def countries_of(case: Case) -> frozenset[str]:
    """Where the goods go: the destination, the end user's country, and those to which a stated use sells them on."""
    line = case.line
    stated = {line[column] for column in ("destination", "end_user_country")} - {None}
    further = (resold_to(line[column] or "", case.rules.end_words) for column in ("end_use", "note"))
    return frozenset(stated).union(*(one - {case.rules.law.country} for one in further))


def _destinations(
    asked: Asked, rows: list[tuple[Mapping[str, Any], Citation]], countries: frozenset[str]
) -> Iterator[Reason]:  # fmt: skip
    """Goods that go to no one in a country, by their code."""
    code = asked.case.line["hs_code"] or ""
    met = [one for one in rows if _reaches(one[0], countries) and code.startswith(tuple(one[0].get("codes", ("",))))]
    if met:
        row, cited = max(met, key=lambda one: _SEVERITY.index(one[0]["verdict"]))
        yield reason(
            "destination.barred" if row["verdict"] == "hold" else "destination.to-clear", law=(cited,),
            country=", ".join(sorted(countries.intersection(row["countries"]))), what=row["label"]["en"],
            what_zh=row["label"]["zh"],
        )  # fmt: skip


def _stated_ends(case: Case) -> Iterator[_End]:
    line, words = case.line, case.rules.end_words
    for column in _USES:
        text = str(line[column] or "")
        if column == "product_name":
            text = " ; ".join(part for match in _PURPOSE.finditer(text) for part in match.groups() if part)
        if body := _body_in(text, case.rules) if column == "end_use" else None:
            yield _End(
                kinds=("military-user",), column=column, text=text, word=body.name,
                countries=frozenset(country for one in body.records for country in one.countries),
            )  # fmt: skip
        elif found := military_ends(text, words):
            kinds = tuple(one.end for one in found)
            yield _End(kinds=kinds, column=column, text=text, word=found[0].word)
        elif (found_user := military_user(text, words)) and found_user[0] in _NAMED_IN_USES:
            yield _End(kinds=_KINDS_OF_USER[found_user[0]], column=column, text=text, word=found_user[1])
    for column in _USERS:
        name = str(line[column] or "")
        if found_user := military_user(name, words):
            yield _End(kinds=_KINDS_OF_USER[found_user[0]], column=column, text=name, word=found_user[1])


def _row_for(
    asked: Asked, end: _End, rows: tuple[tuple[Mapping[str, Any], Citation], ...], countries: frozenset[str]
) -> tuple[Mapping[str, Any], Citation] | None:  # fmt: skip
    """The strictest row that an end, the countries and the goods meet. A body that is listed is its list's matter."""
    wanted = ("other", "all") if asked.status == "none" else ("dual-use", "all")
    is_user = end.column in _USERS
    for kinds in ((kind,) for kind in end.kinds) if is_user else (end.kinds,):
        met = [
            one
            for one in rows
            if one[0]["kind"] in kinds and one[0].get("goods", "dual-use") in wanted and _reaches(one[0], countries)
        ]
        if met:
            found = max(met, key=lambda one: _SEVERITY.index(one[0].get("verdict", "hold")))
            is_of_list = is_user and "countries" in found[0] and _is_body(end.text, asked.rules)
            return None if is_of_list else found
    return None


def _reaches(row: Mapping[str, Any], countries: frozenset[str]) -> bool:
    return "countries" not in row or not countries.isdisjoint(row["countries"])


def _reason_of(asked: Asked, end: _End, row: Mapping[str, Any], cited: Citation) -> Reason | None:
    verdict = row.get("verdict", "hold")
    law = (cited, *asked.rules.cited("military-words" if "countries" in row else "end-use-words"))
    fields = (end.column, "destination", "end_user_country")
    if verdict == "hold":
        return reason("parties.military-use", fields=fields, law=law, use=end.text, word=end.word)
    if row["kind"] == "military-strength":
        return reason("parties.military-strength", fields=fields, law=law, what=end.text, word=end.word)
    facts = {
        "what": end.text, "word": end.word, "end": row["label"]["en"], "end_zh": row["label"]["zh"],
        "licence": asked.case.line["licence"],
    }  # fmt: skip
    if verdict == "query" or not asked.case.line["licence"]:
        return reason("end-use.to-clear", fields=fields, law=law, **facts)
    if _is_granted_for(asked.case, end):
        return None
    return reason("end-use.not-licensed", fields=(*fields, "licence"), law=law, **facts)


def _is_granted_for(case: Case, end: _End) -> bool:
    """Whether the licence that the line names covers it, and was granted for this very use or user."""
    licence = case.licence
    if licence is None or not covers(case):
        return False
    if end.column not in (*_USERS, "end_use"):
        return False  # a name or a remark that says another use than the line states
    if end.column in _USERS:
        return bool(licence.end_users) and plain(case.line["end_user_name"] or "") == plain(end.text)
    return bool(licence.end_use) and plain(case.line["end_use"] or "") == plain(licence.end_use or "")


def _body_in(text: str, rules: Rulebook) -> Hit | None:
    """A body that is a military user, named within a statement of use, from wherever the goods are handed on."""
    roll = roll_of(rules.law, rules.day, known=rules.known)
    hits = (roll.within(text, source=list_name(one)) for one in rules.law.named(MILITARY))
    return next((hit for hit in hits if hit is not None), None)


def _is_body(name: str, rules: Rulebook) -> bool:
    """Whether a list says already what is to be said of a name."""
    certain = threshold("certain", rules.day)
    return any(hit.probability >= certain for hit in roll_of(rules.law, rules.day, known=rules.known).find(name))


_ROLLS: dict[tuple[int, date, date], tuple[Jurisdiction, Roll]] = {}


def roll_of(law: Jurisdiction, day: date, *, known: date) -> Roll:
    """Who stands on the lists of the pack on a day, made once for all lines of it."""
    key = (id(law), day, known)
    kept = _ROLLS.get(key)
    if kept is None or kept[0] is not law:
        if len(_ROLLS) >= _MOST_ROLLS:
            _ROLLS.clear()
        kept = _ROLLS[key] = (law, Roll(packed(law, day, known=known)))
    return kept[1]
