"""What licensing would say of a draft before it is handed in: what is missing, who is listed, what the goods are.

The same questions that are put when it is handed in and when officers look at it, put to what the firm may know.
Nothing is kept and nothing is decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lodeline.control.licences import application as written_application
from lodeline.control.rulebook import LawDay
from lodeline.language import bilingual, text
from lodeline.ledger.problem import Problem as Found
from lodeline.office.licences import applications
from lodeline.office.models import Application
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.release import judge
from lodeline.service.licences import parties as licence_parties
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.pages.licences import application_part as part
from lodeline.web.parts.values import Problem
from lodeline.web.reading import Reading, StillComputingError, waits_a_little
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.words import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One thing that was looked at: the answer by word, shape and tone, and sentences that carry it."""

    what: str
    answer: str
    shape: str
    tone: Tone
    sentences: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreCheck:
    """What stands against handing a draft in, and what parties and goods are. `headline` is the answer; `missing`:
    under a heading each what is to be done."""

    headline: str
    is_ready: bool
    missing: Sequence[tuple[str, Sequence[Problem]]]
    sights: Sequence[Sight]


def precheck(firm: Firm, application: Application) -> PreCheck:
    """The check of a draft as it is saved."""
    visit, law = firm.visit, firm.own.law
    found = part.problems_once(applications.problems_of(visit.store, application, law, today=firm.today))
    against = sum(one.severity == "reject" for one in found)
    headline = visit.text("It can be handed in")
    if against:
        headline = counted(
            visit,
            against,
            text("One thing stands against handing it in"),
            text("{n} things stand against handing it in"),
        )
    read = written_application.read(json.loads(application.content), exporter=application.organisation)
    return PreCheck(
        headline=headline,
        is_ready=not against,
        missing=_missing(firm, found),
        sights=[*_parties(firm, read), *_goods(firm, read)],
    )


def _missing(firm: Firm, found: Sequence[Found]) -> list[tuple[str, Sequence[Problem]]]:
    """What is empty and which papers lack by their names alone, and what is wrong in sentences."""
    visit = firm.visit
    headings = {
        "application.cell-missing": visit.text("Not filled in"),
        "application.document-missing": visit.text("Papers that are not attached"),
        "": visit.text("To be put right"),
    }
    groups: dict[str, list[Problem]] = {code: [] for code in headings}
    for one, shown in zip(_ordered(found), problems(firm, found), strict=True):
        code = one.code if one.code in headings else ""
        name = part.LABELS.get(one.where.column or "") if code == "application.cell-missing" else None
        if code == "application.document-missing":
            name = {"en": str(one.facts["document"]), "zh": str(one.facts["document_zh"])}
        groups[code].append(shown if name is None else replace(shown, text=visit.localized(name)))
    return [(headings[code], those) for code, those in groups.items() if those]


def _ordered(found: Sequence[Found]) -> list[Found]:
    return sorted(found, key=lambda one: one.severity != "reject")


def problems(firm: Firm, found: Sequence[Found]) -> list[Problem]:
    """What is wrong, what forbids handing it in first, each with the way to its field."""
    visit = firm.visit
    return [
        Problem(
            severity=one.severity,
            text=part.problem_text(visit, one),
            where="" if one.where.row is None else visit.text("Line {row}", row=one.where.row),
            href=_field(one),
        )
        for one in _ordered(found)
    ]


def _field(one: Found) -> str:
    """Where on the page it is put right; every paper is chosen by one field."""
    if one.where.row is not None:
        return f"#goods-{one.where.row}"
    column = one.where.column or ""
    return "#f-document_kind" if column.startswith("document-") else f"#f-{column}"


def _parties(firm: Firm, read: written_application.Application) -> list[Sight]:
    """Of each name whether a list has it."""
    visit, law = firm.visit, firm.own.law
    listed = licence_parties.listed(visit.store, law, read, day=firm.today)
    first = read.goods[0]["consignee_name"] if read.goods else None
    sights = []
    for name in dict.fromkeys([*read.end_users, *([first] if first else [])]):
        hits = [one for one in listed if one.name == name]
        barred = any(one.standing.measure == "barred" for one in hits)
        watched = any(one.standing.measure == "watched" for one in hits)
        sights.append(
            Sight(
                what=name,
                answer=visit.text("barred by a list")
                if barred
                else visit.text("on a watch list")
                if watched
                else visit.text("on a list")
                if hits
                else visit.text("on no list that is known here"),
                shape="square" if barred else "diamond" if hits else "tick",
                tone="hold" if hits else "flow",
                sentences=list(dict.fromkeys(f"{one.known} · {one.standing.list}" for one in hits)),
            )
        )
    return sights


def _goods(firm: Firm, read: written_application.Application) -> list[Sight]:
    """Of each line of goods the control item that is met, beside the one that is stated, and what the desk says."""
    visit, reading = firm.visit, _reading(firm)
    if not read.goods:
        return []
    ledger = None
    if reading is not None:
        ledger = Ledger(snapshot=reading.snapshot, store=reading.store, asker=firm.organisation)
    judged = judge(read.declaration, LawDay.of(firm.own.law, firm.today), ledger)
    names: Mapping[str, str] = firm_names(visit)
    sights = []
    for line, verdict, said in zip(read.goods, judged.verdicts, judged.document["lines"], strict=True):
        needs = () if verdict.case is None else verdict.case.needs
        met = list(dict.fromkeys(need.item.item for need in needs))
        stated = line["control_item"] or ""
        agrees = not met or any(one.strip() in met for one in stated.replace("；", ";").split(";"))
        number = visit.text("Line {row}", row=line.row)
        sights.append(
            Sight(
                what=" · ".join(filter(None, (number, line["product_name"]))),
                answer=_item(firm, met, stated, agrees=agrees, is_read=verdict.case is not None),
                shape="tick" if agrees and met else "diamond",
                tone="flow" if agrees and met else "hold",
                sentences=list(dict.fromkeys(reason_text(visit, one, names) for one in _reasons(said))),
            )
        )
    return sights


def _item(firm: Firm, met: Sequence[str], stated: str, *, agrees: bool, is_read: bool) -> str:
    visit, items = firm.visit, " ".join(met)
    if not met:
        if not is_read:
            return visit.text("which control item cannot be told yet")
        return visit.text("no control item is met by what is written")
    if agrees:
        return visit.text("control item {items}", items=items)
    return visit.text(
        "control item {items}, and {stated} is stated",
        items=items,
        stated=bilingual(stated or "none", stated or "未填"),
    )


def _reasons(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the desk says of a line, but for what stands above, and that it names no licence: it applies for one."""
    return [one for one in line["reasons"] if one["code"] != "line.unread" and not one["code"].startswith("licence.")]


def _reading(firm: Firm) -> Reading | None:
    """The ledger, where it can be had at once: the law answers without it."""
    try:
        with waits_a_little():
            return firm.visit.reading
    except StillComputingError:
        return None
