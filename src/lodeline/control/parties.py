"""Who receives and uses the goods, and whether that party is barred: consignee and end user, on the day of the line.

A list has a measure and a scope. Who is barred from dual-use items may have goods that are none: a line is held where
it holds a control item, or where it is a question whether it does. A watched party has no general licence, and under an
individual one a risk report and a written promise are asked for. A name that is only alike to such a party is asked
about, and so is a name that cannot be read as it stands. `barred` is a reason to hold and no verdict of its own.

The lists that the law pack holds are asked always, those that were loaded where they are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lodeline.control.case import Case, Rule
from lodeline.control.ends import Asked, ends, roll_of
from lodeline.control.military import is_resale, military_ends
from lodeline.control.reason import Citation, Reason, reason
from lodeline.control.rulebook import Rulebook
from lodeline.language import text
from lodeline.party.packed import LISTED, MILITARY, list_name
from lodeline.party.reasons import ListMatch, explained_standing, threshold
from lodeline.party.screening import Hit

#: Column of the name → the column of its country, if the form has one.
PARTIES: Final = {"consignee_name": None, "end_user_name": "end_user_country"}
_ROLES: Final = {
    "consignee_name": ("consignee", "收货人"), "end_user_name": ("end user", "最终用户"),
    "end_use": ("buyer in the end use", "最终用途所述买方"),
}  # fmt: skip


def rules(goods_rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules about parties. `goods_rules`: those that say what the goods are."""

    def parties(case: Case) -> Iterator[Reason]:
        asked = Asked(case=case, goods_rules=goods_rules)
        yield from _of_parties(asked)
        yield from ends(asked)

    return (parties,)


def _of_parties(asked: Asked) -> Iterator[Reason]:
    case = asked.case
    day = case.rules.day
    roll = roll_of(case.rules.law, day, known=case.rules.known)
    for column, country_column in PARTIES.items():
        name = case.line[column]
        if not name:
            continue
        country = case.line[country_column] if country_column else None
        hits = [*roll.find(name, country=country)]
        if case.screened is not None:
            found = case.screened.of(name, country=country, day=day)
            hits += found.hits
            for remark in found.remarks:
                yield reason(
                    "parties.name-unclear", fields=(column,), what=remark.text("en"), what_zh=remark.text("zh"),
                    **_facts(column, name),
                )  # fmt: skip
        yield from _of_hits(asked, hits, column, name)
    use = case.line["end_use"] or ""
    if is_resale(use, case.rules.end_words):
        within = (roll.within(use, source=list_name(one)) for one in case.rules.law.named(LISTED))
        yield from _of_hits(asked, [hit for hit in within if hit is not None], "end_use", use)


def _of_hits(asked: Asked, hits: list[Hit], column: str, name: str) -> Iterator[Reason]:
    day = asked.rules.day
    certain, possible = threshold("certain", day), threshold("possible", day)
    reported: set[str] = set()
    for hit in hits:
        if not hit.standings or hit.probability < possible:
            continue
        for standing in hit.standings:
            if hit.probability >= certain:
                found = list(_of_standing(asked, hit, standing, column, name))
            else:
                found = list(_alike(asked, hit, standing, column, name))
            # One body of a ministry stands within the name of another: one reason of a kind and list says it.
            yield from (one for one in found if f"{one.code} {standing.list}" not in reported)
            reported |= {f"{one.code} {standing.list}" for one in found}
            if hit.probability < certain:
                break


def _of_standing(asked: Asked, hit: Hit, standing: ListMatch, column: str, name: str) -> Iterator[Reason]:
    """What it means for the line that a party of it stands on a list."""
    hit_reason = next((one for one in hit.reasons if one.facts.get("list") == standing.list and not one.speaks), None)
    if hit_reason is None and standing.listing is not None:
        hit_reason = explained_standing(standing)
    facts = {
        **_facts(column, name), "known": hit.name, "list": standing.list,
        "told": hit_reason.text("en") if hit_reason else "",
        "told_zh": hit_reason.text("zh") if hit_reason else "",
    }  # fmt: skip
    law = _law(asked.rules, standing)
    if not _is_concerned(asked, standing):
        others = [
            cited
            for row, cited in asked.rules.rows("barred-end-use")
            if row["kind"] == "listed-party" and standing.measure == "barred"
        ]
        if others:
            yield reason("parties.other-goods", fields=(column,), law=(*law, *others), **facts)
        elif asked.status != "question":
            yield reason("parties.not-concerned", fields=(column,), law=law, **facts)
    elif standing.unsure:
        yield reason(
            "parties.state-unknown", fields=(column, "on"), law=law, rests_on=_open_rules(asked.rules, standing),
            day=asked.rules.day, **facts,
        )  # fmt: skip
    elif standing.measure == "barred":
        code = "parties.listed" if standing.listing is not None else "parties.owned"
        yield reason(code, fields=(column,), law=law, **facts)
    elif standing.measure == "watched":
        yield from _watched(asked, column, law, facts)
    else:
        yield from _barred_for_use(asked, column, law, facts)


def _is_concerned(asked: Asked, standing: ListMatch) -> bool:
    """Whether the line holds what the measure is about. What may be a control item is not sent to who is barred."""
    if standing.scope == "all-goods":
        return True
    return asked.status == "item" or (asked.status == "question" and standing.measure != "watched")


def _watched(asked: Asked, column: str, law: tuple[Citation, ...], facts: dict[str, Any]) -> Iterator[Reason]:
    """No licence but an individual one, and that with the papers of the watch list."""
    case = asked.case
    watch = case.rules.parameter("watch-list")
    law = (*law, *case.rules.cited("watch-list"))
    kinds = watch["licences"] if watch else ["individual"]
    if case.licence is not None and case.licence.kind not in kinds:
        yield reason("parties.watched-licence", fields=(column, "licence"), law=law, kind=case.licence.kind, **facts)
        return
    papers = {one["kind"]: one["label"] for one in case.rules.parameter("watch-list-papers") or ()}
    if not papers and watch and watch.get("risk_report"):
        papers = {"risk-report": text("risk report")}
    held = case.licence.papers if case.licence is not None else frozenset()
    missing = [label for kind, label in papers.items() if kind not in held]
    law = (*law, *case.rules.cited("watch-list-papers"))
    if missing:
        yield reason(
            "parties.watched-papers", fields=(column, "licence"), law=law,
            papers="; ".join(one["en"] for one in missing), papers_zh="；".join(one["zh"] for one in missing), **facts,
        )  # fmt: skip
    else:
        yield reason("parties.watched", fields=(column, "licence"), law=law, **facts)


def _barred_for_use(asked: Asked, column: str, law: tuple[Citation, ...], facts: dict[str, Any]) -> Iterator[Reason]:
    """Barred for military use: held where that is stated, or where no use is; else the statement is to be proved."""
    use = asked.case.line["end_use"]
    is_military = not use or bool(military_ends(use, asked.rules.end_words))
    code = "parties.use-barred" if is_military else "parties.use-to-prove"
    yield reason(code, fields=(column, "end_use"), law=law, use=use or "–", **facts)


def _alike(asked: Asked, hit: Hit, standing: ListMatch, column: str, name: str) -> Iterator[Reason]:
    if _is_concerned(asked, standing):
        yield reason(
            "parties.alike", fields=(column,), law=_law(asked.rules, standing), known=hit.name, list=standing.list,
            likely=f"{hit.probability:.2f}", why=_why(hit, "en"), why_zh=_why(hit, "zh"), **_facts(column, name),
        )  # fmt: skip


def _facts(column: str, name: str) -> dict[str, Any]:
    english, chinese = _ROLES[column]
    return {"role": english, "role_zh": chinese, "name": name}


def _law(rules: Rulebook, standing: ListMatch) -> tuple[Citation, ...]:
    """Where it stands that the party is listed, and what that means; a list that was loaded cites the latter alone."""
    found = [
        rules.cite_value(state.value)
        for name in (LISTED, MILITARY)
        for one in rules.law.named(name)
        if list_name(one) == standing.list and (state := one.state(rules.day, known=rules.known)).value is not None
    ]
    if standing.measure != "barred":
        return tuple(found)
    if standing.list.endswith(f"/{MILITARY}"):
        return (*found, *(cited for row, cited in rules.rows("barred-end-use") if row["kind"] == "military-user"))
    return (*found, *rules.cited("unreliable-entities" if standing.scope == "all-goods" else "controlled-parties"))


def _open_rules(rules: Rulebook, standing: ListMatch) -> tuple[str, ...]:
    """The lists of the pack of which no text tells whether they stand; of a list that was loaded, none."""
    lists = (one for name in (LISTED, MILITARY) for one in rules.law.named(name))
    return tuple(one.rule for one in lists if list_name(one) == standing.list)


def _why(hit: Hit, language: str) -> str:
    texts = [one.text("zh" if language == "zh" else "en") for one in hit.reasons if one.speaks]
    return " ".join(texts[:3])
