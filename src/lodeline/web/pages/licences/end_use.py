"""End users of an application beside what they need, in words: a table, what exceeds it, and what to ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.control.licences.end_use import EndUse, Question, large_mg
from lodeline.language import Text, bilingual, text
from lodeline.material.mass import format_kg
from lodeline.service.licences.end_use import EndUses
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone


def table(visit: Visit, used: EndUses) -> Table:
    """A row for each end user and element."""
    return Table(
        name="end-use",
        caption=visit.text("End users and their need"),
        columns=(
            Column(key="end_user", label=text("End user")),
            Column(key="element", label=text("Element")),
            Column(key="asked", label=text("Asked for"), number=True, unit="kg"),
            Column(key="pending", label=text("Others ask"), number=True, unit="kg"),
            Column(key="licensed", label=text("To leave"), number=True, unit="kg"),
            Column(key="year", label=text("In a year"), number=True, unit="kg"),
            Column(key="exported", label=text("Has left", context="licences, end use"), number=True, unit="kg"),
            Column(key="onward", label=text("For others"), number=True, unit="kg"),
            Column(key="need", label=text("Need"), number=True, unit="kg"),
            Column(key="own", label=text("Own use"), number=True, unit="kg"),
        ),
        rows=[_row(visit, one) for one in used.rows],
        empty=visit.text("No end user or listed element is named."),
    )


def _row(visit: Visit, one: EndUse) -> Row:
    share = one.onward_ppb
    tone: Tone | None = "hold" if one.questions else None
    onward = ""
    if one.onward_mg and share is not None:
        onward = visit.text("{share} of what it bought", share=written.percent(share / 1000000000.0, visit.language))
    return (
        Cell(text=one.end_user, value=one.end_user),
        Cell(text=one.element, value=one.element, shape="diamond" if one.questions else "", tone=tone),
        *(_kg(visit, mg) for mg in (one.asked_mg, one.pending_mg, one.licensed_mg, one.next_year_mg, one.exported_mg)),
        Cell(text=_kg(visit, one.onward_mg).text, value=one.onward_mg / written.MG_PER_KG, note=onward),
        _kg(visit, one.need_mg, zero=True),
        _kg(visit, one.own_mg, zero=True),
    )


def _kg(visit: Visit, mass_mg: int | None, *, zero: bool = False) -> Cell:
    """A mass; nothing reads as nothing, unless it was stated."""
    if mass_mg is None or (not mass_mg and not zero):
        return Cell(text=written.NOTHING)
    return Cell(text=written.mass(mass_mg, visit.language), value=mass_mg / written.MG_PER_KG)


def headline(visit: Visit, used: EndUses) -> str:
    """What exceeds, in sentences; empty where nothing does."""
    return visit.localized(bilingual(" ", "")).join(visit.localized(text) for text in _unlisted_texts(used))


def query(used: EndUses) -> str:
    """What the applicant may be asked, in both languages, for whoever signs in for it; empty where there is nothing."""
    asked: dict[Question, list[str]] = {}
    for one in used.rows:
        for question in one.questions:
            asked.setdefault(question, []).append(f"{one.end_user}, {one.element}")
    lines = []
    for question, about in asked.items():
        named_zh, named = (
            "；".join(one.replace(", ", "，") for one in about),
            "; ".join(about),
        )
        lines += [f"{_ASKED[question]['zh']}？（{named_zh}）", f"{_ASKED[question]['en']}? ({named})"]
    return "\n".join(lines)


def notes(visit: Visit, used: EndUses) -> list[str]:
    """Which names were taken for one end user, and of what no element is stated."""
    texts = [
        visit.text(
            "Taken for {user}: {names}.",
            user=user,
            names=bilingual("; ".join(sorted(names)), "；".join(sorted(names))),
        )
        for user, names in used.names.items()
    ]
    texts += [
        visit.text(
            "Licences to {user} over {format_kg} kg of goods state no element and are not in the table.",
            user=user,
            format_kg=format_kg(goods_mg),
        )
        for user, goods_mg in used.unstated_mg.items()
        if goods_mg
    ]
    return texts


def _unlisted_texts(used: EndUses) -> list[Text]:
    found = []
    for one in used.rows:
        en, zh, kg = f"{one.element} to {one.end_user}", f"{one.end_user} 的 {one.element}", format_kg
        for question in one.questions:
            if question == "need-exceeded":
                found.append(
                    text(
                        "{text}: {most_mg} kg a year, {over_need_mg} kg more than the stated need.",
                        text=bilingual(en, zh),
                        most_mg=kg(one.most_mg),
                        over_need_mg=kg(one.over_need_mg),
                    )
                )
            elif question == "own-exceeded":
                found.append(
                    text(
                        "{text}: {over_own_mg} kg a year beyond its own use stay with it or go on.",
                        text=bilingual(en, zh),
                        over_own_mg=kg(one.over_own_mg),
                    )
                )
            elif question == "onward":
                found.append(
                    text(
                        "{text}: it bought {onward_mg} kg for other end users within twelve months.",
                        text=bilingual(en, zh),
                        onward_mg=kg(one.onward_mg),
                    )
                )
            else:
                found.append(
                    text(
                        "{text}: {most_mg} kg a year, and no need is stated (asked for from {large_mg} kg).",
                        text=bilingual(en, zh),
                        most_mg=kg(one.most_mg),
                        large_mg=kg(large_mg()),
                    )
                )
    return found


_ASKED: Final[Mapping[Question, Text]] = {
    "need-missing": text(
        "How much of the element does the end user need in a year from all suppliers, and how "
        "much of it for its own products? Please show its bill of materials and yearly output"
    ),
    "need-exceeded": text(
        "What is licensed, applied for or exported to the end user exceeds the need stated for a "
        "year. What is the rest for, and where is it kept"
    ),
    "own-exceeded": text(
        "More goes to the end user than it uses itself. To whom does it pass the rest on, in "
        "which form and for which use"
    ),
    "onward": text(
        "The end user has bought such goods for others. Who are they, and does any of what is applied for go to them"
    ),
}
