"""What no text tells: the rules whose state nobody knows, which lines wait for them, and what officers answer.

An answer is proposed here by one officer and confirmed by another; from then on it settles the like, until its last day
or until the law pack says more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.control.reason import VERDICTS as VERDICT_WORDS
from lodeline.control.settling import documents
from lodeline.control.standing_answer import open_questions as open_rules
from lodeline.language import Text, bilingual, text
from lodeline.office.access import clock
from lodeline.office.customs import standing_answers as office
from lodeline.office.customs.rule_queries import open_about_rules, rules_of
from lodeline.office.models import Case
from lodeline.service.customs import standing_answers as answers
from lodeline.service.customs.open_questions import OpenQuestion, open_questions
from lodeline.service.customs.standing_answers import Proposal, StandingAnswerError, State, Wanted
from lodeline.web.pages.common.officers import officers
from lodeline.web.pages.customs.reasons import rule_text
from lodeline.web.pages.customs.verdicts import MARKS, VERDICTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

#: So long a proposed answer stands, unless its officer says otherwise.
_USUAL_DAYS: Final = 90
STATES: Final[Mapping[State, Text]] = {
    "proposed": text("waits for another officer"),
    "standing": text("stands"),
    "refused": text("refused", context="customs"),
    "withdrawn": text("withdrawn"),
    "ended": text("ended", context="customs"),
    "past": text("its last day is over"),
    "overtaken": text("the law pack says more now"),
}
NOTICES: Final[Mapping[str, Text]] = {
    "propose": text("Proposed: another officer confirms it."),
    "confirm": text("It stands, and settles the like from now on."),
    "end": text("Done, and in the log."),
}


def desk_rules(visit: Visit) -> HttpResponse:
    """The page `desk/rules/`; its forms propose, confirm and end."""
    refused = ""
    if visit.request.method == "POST":
        try:
            return _done(visit)
        except StandingAnswerError as error:
            refused = visit.localized(error.words)
    law, today = visit.law, clock.today(visit.law.timezone)
    waiting = open_questions(visit.store, law, today)
    table = _waiting_table(visit, waiting)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    said = visit.query("said")
    notices = [Notice(kind="problem", text=refused)] if refused else []
    if said is not None and said in NOTICES and not refused:
        notices = [Notice(kind="success", text=visit.localized(NOTICES[said]))]
    decides = visit.actor.may("desk.decide")
    asked = open_rules(law, today, known=today)
    given = answers.proposals(visit.store, law, today)
    people = officers(visit, [name for one in given for name in (one.answer.by, one.answer.confirmed_by)])
    # Firms and people are called by other ids.
    names = {**firm_names(visit), **people}
    return show(
        visit,
        "lodeline/customs/desk_rules.html",
        title=count_words(visit, waiting),
        status=400 if refused else 200,
        notices=notices,
        back=visit.opens("desk"),
        table=shown(visit, table),
        rules=[rule_words(visit, one) for one in asked],
        answers=[_shown(visit, one, names, decides) for one in given],
        fields=_fields(visit, asked, today) if decides and asked else None,
    )


def rule_words(visit: Visit, rules: Sequence[str]) -> str:
    """What rules are called: the parameter and the instrument, by their titles."""
    return visit.text("; ", context="customs").join(visit.localized(rule_text(visit, one)) for one in rules)


def count_words(visit: Visit, waiting: Sequence[OpenQuestion]) -> str:
    """How many questions wait, each of one exporter and one rule."""
    if not waiting:
        return visit.text("No line waits for a rule that no text tells")
    number = written.count(len(waiting))
    return (
        visit.text("One question waits for a rule that no text tells", number=number)
        if len(waiting) == 1
        else visit.text("{number} questions wait for rules that no text tells", number=number)
    )


def _waiting_table(visit: Visit, waiting: Sequence[OpenQuestion]) -> Table:
    names = firm_names(visit)
    cases = {(rule, one.organisation): one for one in open_about_rules(lock=False) for rule in rules_of(one)}
    return Table(
        name="waiting",
        caption=visit.text("What waits, by exporter and rule"),
        columns=(
            Column(key="rule", label=text("Rule", context="customs")),
            Column(key="who", label=text("Exporter", context="customs, rules")),
            Column(key="lines", label=text("Lines"), number=True),
            Column(key="days", label=text("Days", context="customs")),
            Column(key="query", label=text("Asked already")),
        ),
        rows=[_row(visit, one, names, cases) for one in waiting],
        empty=visit.text("Nothing waits.", context="customs"),
    )


def _row(visit: Visit, one: OpenQuestion, names: Mapping[str, str], cases: Mapping[tuple[str, str], Case]) -> Row:
    exporter = one.exporter or ""
    case = next((found for rule in one.rules if (found := cases.get((rule, exporter)))), None)
    days = [written.day(day, visit.language) for day in dict.fromkeys((one.first, one.last))]
    return (
        Cell(text=rule_words(visit, one.rules), value=" ".join(one.rules)),
        Cell(text=names.get(exporter, exporter) or visit.text("not named", context="customs"), value=exporter),
        Cell(text=written.count(one.lines), value=one.lines),
        Cell(text=" – ".join(days), value=one.first.isoformat()),
        Cell(
            text=visit.text("query", context="customs, rules") if case is not None else written.NOTHING,
            value=None if case is None else case.reference,
            href=None if case is None else visit.opens("desk-query", case=case.reference),
            note=visit.text("until {until}", until=written.day(case.until, visit.language))
            if case is not None and case.until is not None
            else "",
        ),
    )


def _shown(visit: Visit, one: Proposal, names: Mapping[str, str], decides: bool) -> dict[str, object]:
    answer, language = one.answer, visit.language
    shape, tone = MARKS[answer.verdict]
    first, last = written.day(answer.first, language), written.day(answer.last, language)
    who = names.get(answer.exporter or "", answer.exporter or "") or visit.text("every exporter")
    lives = one.state in ("proposed", "standing")
    own = answer.by == visit.actor.pseudonym
    document = documents().get(answer.document)
    return {
        "entry": one.entry.index,
        "rules": rule_words(visit, answer.rules),
        "word": visit.localized(VERDICTS[answer.verdict]),
        "shape": shape,
        "tone": tone if lives else "quiet",
        "state": visit.localized(STATES[one.state]),
        "about": visit.text("{who}, from {first} until {last}", who=who, first=first, last=last),
        "document": visit.localized(bilingual(document["text_en"], document["text_zh"])) if document else "",
        "citation": answer.citation,
        "grounds": one.grounds,
        "why": one.why,
        "by": names.get(answer.by, answer.by),
        "confirmed_by": names.get(answer.confirmed_by, answer.confirmed_by),
        "confirmed": answer.entry if answer.entry >= 0 else None,
        "own": own and one.state == "proposed",
        "confirm": Act(label=visit.text("Confirm it", context="customs"), name="act", value="confirm")
        if decides and one.state == "proposed" and not own
        else None,
        "end": Field(
            name="reason",
            key=str(one.entry.index),
            label=visit.text("Why", context="customs, rules"),
            kind="textarea",
            lines=2,
            required=True,
            width="full",
        )
        if decides and lives
        else None,
        "end_word": visit.text("End it", context="customs")
        if one.state == "standing"
        else visit.text("Take it back", context="customs")
        if own
        else visit.text("Refuse it", context="customs"),
    }


def _fields(visit: Visit, asked: Sequence[Sequence[str]], today: date) -> list[Field]:
    sent = visit.request.POST
    return [
        Field(
            name="rules",
            label=visit.text("Rule", context="customs"),
            kind="select",
            required=True,
            width="full",
            value=sent.get("rules", ""),
            options=[("+".join(one), rule_words(visit, one)) for one in asked],
        ),
        Field(
            name="exporter",
            label=visit.text("Exporter, by its id"),
            width="short",
            value=sent.get("exporter", ""),
            hint=visit.text("Empty: every exporter"),
        ),
        Field(
            name="verdict",
            label=visit.text("Goods that meet it"),
            kind="select",
            required=True,
            value=sent.get("verdict", ""),
            options=[(word, visit.localized(said)) for word, said in VERDICTS.items()],
        ),
        Field(
            name="document",
            label=visit.text("Document asked for"),
            kind="select",
            width="long",
            value=sent.get("document", ""),
            hint=visit.text("With a query alone"),
            options=[
                ("", "–"),
                *(
                    (code, visit.localized(bilingual(one["text_en"], one["text_zh"])))
                    for code, one in documents().items()
                ),
            ],
        ),
        Field(
            name="first",
            label=visit.text("For lines from"),
            kind="date",
            required=True,
            width="short",
            value=sent.get("first", "") or today.isoformat(),
        ),
        Field(
            name="last",
            label=visit.text("until at most"),
            kind="date",
            required=True,
            width="short",
            value=sent.get("last", "") or (today + timedelta(days=_USUAL_DAYS)).isoformat(),
            hint=visit.text("It ends before, once the law pack says more"),
        ),
        Field(
            name="citation",
            label=visit.text("What it rests on"),
            required=True,
            width="full",
            value=sent.get("citation", ""),
            hint=visit.text("A notice, letter or case, with its number and day"),
        ),
        Field(
            name="grounds",
            label=visit.text("Grounds", context="customs"),
            kind="textarea",
            lines=3,
            required=True,
            width="full",
            value=sent.get("grounds", ""),
        ),
    ]


def _done(visit: Visit) -> HttpResponse:
    """Does what a form asks. Raises StandingAnswerError."""
    form, now, law = visit.request.POST, clock.now(), visit.law
    act, number = form.get("act", ""), form.get("entry", "")
    entry = int(number) if number.isdecimal() and len(number) <= 15 else -1
    if act == "propose":
        done = office.propose(visit.actor, visit.store, _wanted(visit), law=law, now=now)
    elif act == "confirm":
        done = office.confirm(visit.actor, visit.store, entry, law=law, now=now)
    elif act == "end":
        done = office.end(visit.actor, visit.store, entry, reason=form.get("reason", ""), law=law, now=now)
    else:
        raise StandingAnswerError(text("Choose what to do."))
    visit.has_filed(max(one for one in (done.entry.index, done.answer.entry, done.ended) if one is not None))
    return HttpResponseRedirect(visit.here(said=act), status=303)


def _wanted(visit: Visit) -> Wanted:
    form = visit.request.POST
    verdict = next((one for one in VERDICT_WORDS if one == form.get("verdict")), None)
    if verdict is None:
        raise StandingAnswerError(text("Choose a verdict."))
    try:
        first, last = date.fromisoformat(form.get("first", "")), date.fromisoformat(form.get("last", ""))
    except ValueError as error:
        raise StandingAnswerError(text("Give the days as 2026-11-20.")) from error
    return Wanted(
        rules=tuple(filter(None, form.get("rules", "").split("+"))),
        exporter=form.get("exporter", "").strip() or None,
        first=first,
        last=last,
        verdict=verdict,
        document=form.get("document", ""),
        citation=form.get("citation", ""),
        grounds=form.get("grounds", ""),
    )
