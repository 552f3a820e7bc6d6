"""Who receives and uses the goods, and whether that party is barred: consignee and end user, on the day of the line.

A party that stands on a list, or of which listed parties hold half and more, is held. A name that is only alike to such
a party is asked about, and so is a name that cannot be read as it stands: invisible characters, letters that only look
alike, more characters than any name has. Each name is looked for once, however many lines and days have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from lodeline.control.case import Case, Rule
from lodeline.control.reason import Reason, reason
from lodeline.party.screening import Hit, Screening, threshold

#: Column of the name → the column of its country, if the form has one.
PARTIES: Final = {"consignee_name": None, "end_user_name": "end_user_country"}
_ROLES: Final = {"consignee_name": ("consignee", "收货人"), "end_user_name": ("end user", "最终用户")}


def parties(case: Case) -> Iterator[Reason]:
    """What speaks about the parties of a line; nothing where neither register nor list is at hand."""
    if case.screened is None:
        return
    for column, country_column in PARTIES.items():
        name = case.line[column]
        if name:
            country = case.line[country_column] if country_column else None
            found = case.screened.of(name, country=country, day=case.rules.day)
            yield from _of_party(found, column, case.rules.day)


def _of_party(found: Screening, column: str, day: date) -> Iterator[Reason]:
    english, chinese = _ROLES[column]
    facts: dict[str, Any] = {"role": english, "role_zh": chinese, "name": found.name}
    for remark in found.remarks:
        yield reason(
            "parties.name-unclear", fields=(column,), what=remark.text("en"), what_zh=remark.text("zh"), **facts
        )
    certain, possible = threshold("certain", day), threshold("possible", day)
    for hit in found.hits:
        if not hit.standings or hit.probability < possible:
            continue
        if hit.probability >= certain:
            yield from _held(hit, column, facts)
        else:
            yield reason(
                "parties.alike", fields=(column,), known=hit.name, list=hit.standings[0].list,
                likely=f"{hit.probability:.2f}", why=_why(hit, "en"), why_zh=_why(hit, "zh"), **facts,
            )  # fmt: skip


def _held(hit: Hit, column: str, facts: dict[str, Any]) -> Iterator[Reason]:
    for standing in hit.standings:
        told = next((one for one in hit.reasons if one.facts.get("list") == standing.list and not one.speaks), None)
        told_en, told_zh = (told.text("en"), told.text("zh")) if told else ("", "")
        code = "parties.listed" if standing.listing is not None else "parties.owned"
        yield reason(
            code, fields=(column,), known=hit.name, list=standing.list, told=told_en, told_zh=told_zh, **facts
        )  # fmt: skip


def _why(hit: Hit, language: str) -> str:
    texts = [one.text("zh" if language == "zh" else "en") for one in hit.reasons if one.speaks]
    return " ".join(texts[:3])


RULES: tuple[Rule, ...] = (parties,)
