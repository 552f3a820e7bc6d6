"""Many lines of a declaration on one page: a row each, in which is chosen what to do with it; all are sent at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.language import Text, bilingual, text
from lodeline.office.customs.history import ExporterHistory, exporter_history
from lodeline.office.customs.many import DECISIONS, Decision
from lodeline.office.models import CustomsCase
from lodeline.service.customs.papers import DeclarationStatus, DeskError, Question
from lodeline.web.pages.customs.verdicts import MARKS, QUERY_STATES, VERDICTS
from lodeline.web.parts.table import Cell, Row
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

#: A declaration of so many lines is shown as cards; a longer one as a table, with a card for the line that is opened.
CARDS_MOST: Final = 3
#: How a field of the form begins; the id of the verdict follows.
FIELD: Final = "do-"
_WORDS: Final[Mapping[Decision, Text]] = {
    "release": text("Release", context="customs"), "query": text("Query"), "hold": text("Hold"),
}  # fmt: skip


def chosen(form: Mapping[str, Any]) -> dict[str, Decision]:
    """What the form says of each line: id of the verdict → decision. Raises DeskError for a word that is none."""
    found: dict[str, Decision] = {}
    for name, value in form.items():
        if not name.startswith(FIELD) or not value:
            continue
        decision = next((one for one in DECISIONS if one == value), None)
        if decision is None:
            raise DeskError(text("Choose release, query or hold for a line."))
        found[name.removeprefix(FIELD)] = decision
    return found


def row_choices(
    visit: Visit, ids: Sequence[str], rows: Sequence[Row], open_to: Mapping[str, Sequence[Decision]]
) -> list[tuple[dict[str, object], Row]]:
    """Rows of the table with the choice of each: `ids` are their verdicts, `open_to` says what may be done with which.
    `?set=query` chooses that where it may be."""
    preset = visit.query("set")
    return [
        (
            {
                "name": f"{FIELD}{key}",
                "options": [
                    {"value": one, "text": visit.localized(_WORDS[one]), "chosen": one == preset}
                    for one in open_to.get(key, ())
                ],
            },
            row,
        )
        for key, row in zip(ids, rows, strict=True)
    ]


def presets(visit: Visit, open_to: Mapping[str, Sequence[Decision]]) -> list[dict[str, object]]:
    """Links that choose the same for every line that it is open to."""
    offered: tuple[tuple[Decision, str, str], ...] = (
        ("query", "Choose *query* for all {n} that need one", "为全部{n}项选择质疑"),
        ("release", "Choose *release* for all {n} that may leave", "为全部{n}项选择放行"),
    )
    found = []
    for decision, en, zh in offered:
        number = sum(decision in each for each in open_to.values())
        if number:
            n = written.count(number)
            found.append({
                "href": visit.here(set=decision) + "#lines",
                "text": visit.localized(bilingual(en.replace("*", "").format(n=n), zh.format(n=n))),
                "here": visit.query("set") == decision,
            })  # fmt: skip
    return found


def _history_words(visit: Visit, found: ExporterHistory) -> dict[str, object]:
    """What an exporter asked before, in words."""
    if not found.questions:
        return {"text": visit.text("This exporter has asked nothing before."), "held": []}
    lines = sum(found.lines.values())
    counts = {name: written.count(found.lines[name]) for name in ("release", "query", "hold")}
    queries = {name: found.queries[name] for name in ("open", "released", "refused")}
    said = visit.text(
        "Asked {questions} times before; of {lines} lines in the newest {read}, {release} might "
        "leave, {query} needed an answer and {hold} were held.",
        questions=written.count(found.questions),
        lines=written.count(lines),
        read=found.read,
        release=counts["release"],
        query=counts["query"],
        hold=counts["hold"],
    )
    if any(queries.values()):
        said += visit.text(
            " Queries: {open} open, {released} ended in release and {refused} in refusal.",
            open=queries["open"],
            released=queries["released"],
            refused=queries["refused"],
        )
    held = [
        {"href": visit.opens("desk-asked-one", entry=one), "text": visit.text("entry {one}", one=one)}
        for one in found.held_in[:5]
    ]
    return {"text": said, "held": held}


def open_to(asked: Question, deciding: Mapping[str, Any], waiting: Sequence[str]) -> dict[str, list[Decision]]:
    """Id of a verdict → what may be done with its line on the page of many."""
    released, queried = set(waiting), set(deciding["queryable"]) - set(deciding["queried"])

    def choices(line: Mapping[str, Any]) -> list[Decision]:
        found: list[Decision] = ["release"] if line["id"] in released else []
        found += ["query"] if line["id"] in queried else []
        return found if line["verdict"] == "hold" else [*found, "hold"]

    return {one["id"]: choices(one) for one in asked.lines}


def decided(visit: Visit, asked: Question, state: DeclarationStatus) -> dict[str, Cell]:
    """Id of a verdict → what became of its line, where something did."""
    cases = CustomsCase.objects.filter(finding__in=[f"customs:{one['id']}" for one in asked.lines])
    found: dict[str, Cell] = {}
    for key, one in state.releases.items():
        if one["released"]:
            found[key] = Cell(text=visit.text("Released", context="customs"), shape="tick", tone="flow")
    for key, override in state.overrides.items():
        shape, tone = MARKS[override.verdict]
        note = "" if override.stands else visit.text("waits to be confirmed")
        found[key] = Cell(text=visit.localized(VERDICTS[override.verdict]), shape=shape, tone=tone, note=note)
    for case in cases:
        word, shape, tone = QUERY_STATES[case.state]
        href = visit.opens("desk-query", case=case.reference) or visit.opens(
            "firm-query", organisation=case.organisation, case=case.reference
        )
        found[case.finding.partition(":")[2]] = Cell(text=visit.localized(word), shape=shape, tone=tone, href=href)
    return found


def history(visit: Visit, asked: Question) -> dict[str, object] | None:
    """What the exporter asked before, in words; None where the question names none, or several."""
    exporter = asked.entry.organisation
    if exporter is None:
        return None
    found = exporter_history(visit.actor, visit.store, exporter, before=asked.entry.index)
    return {
        **_history_words(visit, found), "exporter": firm_names(visit).get(exporter, exporter),
        "href": visit.opens("organisation", organisation=exporter),
    }  # fmt: skip
