"""Queries of customs about rules that no text tells: one of an exporter and a rule, to which its later lines point.

What is asked there is no question about the goods: a query outlives the declaration that it began with. Its steps are
those of any query (`office.customs.queries`); a standing answer ends it (`office.customs.standing_answers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.language import text
from lodeline.office.customs.seen import queried_line
from lodeline.office.findings.states import MovedError
from lodeline.office.models import Case, CustomsCase
from lodeline.service.customs.open_questions import exporter_of_line, open_rules, waits_for_rules_alone
from lodeline.service.customs.papers import Question
from lodeline.store.store import Store

#: How the id begins under which such a query is kept.
RULE: Final = "customs-rule:"
#: The steps that it knows, and the states in which nothing has settled it.
ABOUT_RULES: Final = frozenset({"asked", "answered", "settled", "closed"})
_OPEN: Final = ("asked", "answered")


def rules_of(case: Case) -> tuple[str, ...]:
    """The rules that a query is about; empty for one about goods."""
    return tuple(queried_line(case).rules)


def open_about_rules(exporter: str | None = None, *, lock: bool = True) -> list[Case]:
    """The queries about rules that nothing has settled, in one order; locked where a transaction is open."""
    found = CustomsCase.objects.filter(finding__startswith=RULE, state__in=_OPEN).order_by("pk")
    found = found if exporter is None else found.filter(organisation=exporter)
    return list(found.select_for_update() if lock else found)


def asked_already(store: Store, asked: Question) -> dict[str, list[Case]]:
    """The id of each verdict of a question that waits for rules → the open queries that ask its exporter about them."""
    waiting = {one["id"]: frozenset(open_rules(one)) for one in asked.lines if open_rules(one)}
    cases = open_about_rules(lock=False) if waiting else []
    found = {
        key: [
            one for one in cases
            if one.organisation == exporter_of_line(store, asked, key) and rules & {*rules_of(one)}
        ]
        for key, rules in (waiting if cases else {}).items()
    }  # fmt: skip
    return {key: several for key, several in found.items() if several}


def needs_no_query(line: Mapping[str, Any], already: Mapping[str, Sequence[Case]]) -> bool:
    """Whether a line waits for nothing but rules about which its exporter was asked (`asked_already`)."""
    asked = {rule for one in already.get(line["id"], ()) for rule in rules_of(one)}
    return waits_for_rules_alone(line) and asked.issuperset(open_rules(line))


def not_asked(exporter: str, rules: Sequence[str]) -> tuple[str, ...]:
    """Those of the rules that no open query asks the exporter about. Raises MovedError where there is none."""
    asked = {rule: one for one in open_about_rules(exporter) for rule in rules_of(one)}
    left = tuple(rule for rule in rules if rule not in asked)
    if not left:
        case = asked[rules[0]]
        raise MovedError(
            text(
                "This was asked already: query {reference}, to be answered by {until}. One query about a "
                "rule is enough for an exporter; a standing answer settles all its lines.",
                reference=case.reference,
                until=case.until,
            )
        )
    return left


def finding_of_rules(exporter: str, rules: Sequence[str]) -> str:
    """Under which id the next query about these rules is kept: the earlier ones have ended."""
    beginning = f"{RULE}{exporter}:{'+'.join(rules)}:"
    return f"{beginning}{CustomsCase.objects.filter(finding__startswith=beginning).count() + 1}"
