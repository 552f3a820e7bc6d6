"""What lists say of the parties that an application for a licence names: which licence they may have, and with what.

A list that bars or watches lets no general licence be had. For a watched party an individual one is asked for with a
risk report and a written promise; for one that is barred only in special circumstances, which somebody has to say.
Source: Regulations on Export Control of Dual-Use Items, arts 26, 28 and 29; the announcements that list parties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lodeline.control.ends import roll_of
from lodeline.control.licences.application import Application
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.party.reasons import ListMatch, threshold
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.service.parties.index import known_parties
from lodeline.service.parties.lists import lists_of
from lodeline.store.store import Store

_INDIVIDUAL: Final = "individual"
_PAPERS: Final = "watch-list-papers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name of an application that is certainly a party of a list; `column`: where the application has it."""

    column: str
    name: str
    known: str
    standing: ListMatch


def listed(store: Store, law: Jurisdiction, application: Application, *, day: date) -> list[Named]:
    """The end users and the consignee that stand on lists of the pack or on lists that were loaded."""
    first = application.goods[0] if application.goods else None
    asked = [("end_users", name, first["end_user_country"] if first else None) for name in application.end_users]
    if first is not None and first["consignee_name"]:
        asked.append(("consignee_name", first["consignee_name"], None))
    roll, certain = roll_of(law, day, known=day), threshold("certain", day)
    screener = known_parties(store) if lists_of(store) else None
    found = []
    for column, name, country in asked:
        hits = [*roll.find(name, country=country)]
        if screener is not None:
            hits += screener.screen(name, day=day, country=country).hits
        found += [
            Named(column=column, name=name, known=hit.name, standing=standing)
            for hit in hits if hit.probability >= certain
            for standing in hit.standings if not standing.unsure
        ]  # fmt: skip
    return found


def problems_of(found: Sequence[Named], kind: str) -> list[Problem]:
    """A general licence or a registration for such a party is refused; what is barred is flagged on any."""
    problems: dict[tuple[str, ...], Problem] = {}
    for one in found:
        if kind and kind != _INDIVIDUAL and one.standing.measure in ("barred", "watched"):
            code = "application.general-barred"
        elif one.standing.measure == "barred":
            code = "application.party-barred"
        else:
            continue
        where, name, known, list_ = Where(column=one.column), one.name, one.known, one.standing.list
        problems.setdefault((code, name, known, list_), problem(code, where, name=name, known=known, list=list_))
    return list(problems.values())


def is_watched(found: Sequence[Named]) -> bool:
    """Whether one of them is watched: then the law sets no limit of time."""
    return any(one.standing.measure == "watched" for one in found)


def papers(found: Sequence[Named], law: Jurisdiction, *, day: date) -> dict[str, Mapping[str, str]]:
    """Kind of paper → its name, of those that a watched party asks for besides the usual ones."""
    if not is_watched(found) or not law.has(_PAPERS):
        return {}
    try:
        rows: list[dict[str, Any]] = law.at(_PAPERS, day, known=day).value
    except NoLawError:
        return {}
    return {one["kind"]: one["label"] for one in rows}
