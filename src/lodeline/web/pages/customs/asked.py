"""What was asked of the desk, as the log keeps it: the list, and one question with what was decided about it.

An officer gives another verdict here, confirms a colleague's, opens a query, withdraws; a firm sees its own questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.reason import VERDICTS as VERDICT_WORDS
from lodeline.errors import UserError
from lodeline.language import Text
from lodeline.office.access import clock
from lodeline.office.customs import desk
from lodeline.office.customs import queries as customs_cases
from lodeline.office.customs.many import decide_lines
from lodeline.office.customs.rule_queries import asked_already, needs_no_query
from lodeline.office.findings.states import CaseError
from lodeline.office.models import Case, CustomsCase
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.offline import other_law
from lodeline.service.customs.open_questions import let_go, waits_for_rules_alone
from lodeline.service.customs.papers import DeclarationStatus, DeskError, Override, Question
from lodeline.service.customs.rejudging import judged_again
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs.answer import Asker, desk_address, show_answer, with_words
from lodeline.web.pages.customs.many import chosen, decided, history, open_to
from lodeline.web.pages.customs.verdicts import MARKS, QUERY_STATES, VERDICTS
from lodeline.web.parts.values import Act, Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written

#: Stands in the form of a release for every line that may leave.
_EVERY: Final = "all"
#: So many questions are listed: each is read from its paper.
LISTED: Final = 200
NOTICES: Final[Mapping[str, Text]] = {
    "release": lang.text("Released. What it draws on a licence is reserved; each line says how much."),
    "many": lang.text("Decided, and in the log: each line says what became of it."),
    "override": lang.text("The other verdict is in the log."),
    "confirm": lang.text("The other verdict stands now."),
    "withdraw": lang.text("The declaration is withdrawn, and holds nothing reserved any more."),
}
CHANNELS: Final[Mapping[str, Text]] = {
    "desk": lang.text("at the desk"), "pre-check": lang.text("pre-check"),
    "command": lang.text("by command"), "offline": lang.text("at a port, merged later"),
}  # fmt: skip


def desk_asked_one(visit: Visit, entry: int) -> HttpResponse:
    """The page `desk/asked/ENTRY/`; its forms decide."""
    return _one(visit, entry, None)


def firm_asked_one(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """The page `firm/ID/desk/asked/ENTRY/`."""
    return _one(visit, entry, organisation)


def since_text(visit: Visit, state: DeclarationStatus) -> str:
    """What was decided about a declaration since it was answered."""
    changes = []
    if state.amended_by is not None:
        changes.append(visit.text("amended by entry {amended_by}", amended_by=state.amended_by))
    if state.withdrawn is not None:
        changes.append(visit.text("withdrawn"))
    waiting = sum(not one.stands for one in state.overrides.values())
    standing = sum(one.stands for one in state.overrides.values())
    released = sum(one["released"] for one in state.releases.values())
    if released:
        changes.append(visit.text("{released} released", released=released))
    if standing:
        changes.append(visit.text("{standing} overridden", standing=standing))
    if waiting:
        changes.append(visit.text("{waiting} wait to be confirmed", waiting=waiting))
    return visit.text(", ", context="customs, asked").join(changes)


def _one(visit: Visit, entry: int, organisation: str | None) -> HttpResponse:
    try:
        asked = desk.question(visit.actor, visit.store, entry, organisation=organisation)
    except DeskError as error:
        raise NotHereError(error.words) from error
    refused = ""
    if visit.request.method == "POST":
        try:
            return _done(visit, asked)
        except (DeskError, CaseError) as error:
            refused = visit.localized(error.words)
    state = desk_papers.standing(visit.store, asked)
    today = clock.today(visit.law.timezone)
    answered_since = let_go(visit.store, visit.law, asked, state)
    waiting = [one["id"] for one in asked.lines if state.waits(asked, one, day=today) or one["id"] in answered_since]
    law_days.stamp(visit)
    lines = tuple(read_fields(cells).lines[0] for cells in asked.paper["cells"])
    law = visit.law
    kept = Asker(
        document=_with_reservations(with_words(asked.paper["answer"]), asked, state),
        declaration=Declaration(lines=lines), fields={}, file=None, no_store=None,
        at=datetime.fromisoformat(asked.paper["asked_at"]), seconds=0.01, timezone=law.timezone,
        asker=organisation or "", entry=entry,
    )  # fmt: skip
    deciding = _deciding(visit, asked, state, waiting)
    code = visit.query("said")
    bundle = asked.paper["bundle"]
    stale = None if bundle is None else other_law(visit.store, bundle)
    notices = [Notice(kind="problem", text=refused)] if refused else []
    if code is not None and code in NOTICES:
        notices = [Notice(kind="success", text=visit.localized(NOTICES[code]))]
    if stale is not None:
        notices.append(Notice(kind="info", text=stale.message(visit.language)))
    return show_answer(
        visit,
        kept,
        {
            "notices": notices,
            "status": 400 if refused else 200,
            "deciding": {**deciding, "again": _again(visit, asked)},
            "open_to": open_to(asked, deciding, waiting) if deciding["decides"] else None,
            "decided": decided(visit, asked, state),
            "many_text": Field(
                name="text",
                key="many",
                label=visit.text("What is asked, or why it is held"),
                kind="textarea",
                lines=2,
                width="full",
                hint=visit.text("Needed where a line is queried or held."),
            ),
            "history": history(visit, asked) if organisation is None else None,
        },
    )


def _again(visit: Visit, asked: Question) -> dict[str, object]:
    """What comes of the question when it is judged again under its own pack, where that is asked (`?again=yes`)."""
    if visit.query("again") is None:
        return {"text": "", "href": f"{visit.here(again='yes')}#decide"}
    try:
        reading = visit.reading
        found = reading.answer(judged_again, reading.store, entry=asked.entry.index)
    except UserError as error:
        return {"text": visit.localized(error.words), "href": None}
    pack, rows = written.short_hash(found["pack"]), found["rows"]
    same = visit.text(
        "Judged again under pack {pack}, from the records as they were: every verdict comes out the same.", pack=pack
    )
    other = visit.text(
        "Judged again under pack {pack}, {rows} of {lines} lines come out otherwise: see what was corrected since.",
        pack=pack,
        rows=len(rows),
        lines=found["lines"],
    )
    return {
        "text": other if rows else same, "href": None,
        "rows": [
            {
                "line": str(one["line"] or one["row"]), "was": visit.localized(VERDICTS[one["was"]["verdict"]]),
                "again": visit.localized(VERDICTS[one["again"]["verdict"]]),
                "codes": ", ".join(one["again"]["codes"]),
            }
            for one in rows[:LISTED]
        ],
    }  # fmt: skip


def _with_reservations(answer: dict[str, Any], asked: Question, state: DeclarationStatus) -> dict[str, Any]:
    """The answer with what was reserved since: of a port when its promises came home, of a line that was released."""
    home = {(one["declaration"], one["line"]): one for one in asked.paper.get("reservations", ())}
    later = {key: one["reservation"] for key, one in state.releases.items()}
    if not home and not later:
        return answer
    lines = [
        {**line, "reservation": later.get(line["id"]) or home.get((line["declaration"], line["line"]))
         or line.get("reservation")}
        for line in answer["lines"]
    ]  # fmt: skip
    return {**answer, "lines": lines}


def _done(visit: Visit, asked: Question) -> HttpResponse:
    """Does what a form asks. Raises DeskError, CaseError."""
    form, now = visit.request.POST, clock.now()
    act, line, text = form.get("act", ""), form.get("line", ""), form.get("text", "")
    entry = asked.entry.index
    if act == "override":
        verdict = next((one for one in VERDICT_WORDS if one == form.get("verdict")), None)
        if verdict is None:
            raise DeskError(lang.text("Choose a verdict."))
        put = desk.override(
            visit.actor, visit.store, entry, verdict_id=line, verdict=verdict, reason=text, now=now
        )  # fmt: skip
    elif act == "confirm":
        number = form.get("override", "")
        put = desk.confirm(
            visit.actor, visit.store, entry, override_entry=int(number) if number.isdecimal() else -1, now=now
        )
    elif act == "release":
        law = visit.law
        put = desk.release(
            visit.actor, visit.store, entry, snapshot=visit.reading.snapshot, law=law,
            today=clock.today(law.timezone), now=now, only=() if line in ("", _EVERY) else (line,),
        )  # fmt: skip
    elif act == "withdraw":
        put = desk.withdraw(visit.actor, visit.store, entry, reason=text, now=now)
    elif act == "query":
        law = visit.law
        case = customs_cases.open_case(
            visit.actor, visit.store, entry, verdict_id=line, text=text, law=law, today=clock.today(law.timezone),
            now=now,
        )  # fmt: skip
        return HttpResponseRedirect(visit.url("desk-query", case=case.reference) or "", status=303)
    elif act == "many":
        law = visit.law
        done = decide_lines(
            visit.actor, visit.store, entry, chosen(form), text=text, snapshot=visit.reading.snapshot, law=law,
            today=clock.today(law.timezone), now=now,
        )  # fmt: skip
        visit.has_filed(done.last)
        return HttpResponseRedirect(visit.here(said=act, set=None), status=303)
    else:
        raise DeskError(lang.text("Choose what to do."))
    visit.has_filed(put.index)
    return HttpResponseRedirect(visit.here(said=act), status=303)


def _deciding(visit: Visit, asked: Question, state: DeclarationStatus, waiting: Sequence[str]) -> dict[str, object]:
    """What was decided about the question, and the forms that whoever asks may send."""
    names = {one["id"]: str(one["line"] or one["row"]) for one in asked.lines}
    stands = state.amended_by is None and state.withdrawn is None
    decides = visit.actor.may("desk.decide") and stands
    asker = asked.paper["asker"]
    withdraws = stands and (visit.actor.may("desk.decide") or bool(asker and visit.actor.may("own.file", asker)))
    lines = [
        (one["id"], visit.text("Line {names}: ", names=names[one['id']])
         + visit.localized(VERDICTS[one["verdict"]]) + f" · {one['product_name'] or ''}")
        for one in asked.lines[:LISTED]
    ]  # fmt: skip
    cases = CustomsCase.objects.filter(finding__in=[f"customs:{one}" for one in names])
    already = asked_already(visit.store, asked)
    # Where a question names several exporters, each is asked about rules alone.
    open_lines = [
        (key, text) for key, text in lines
        if asked.line(key)["verdict"] != "release" and not needs_no_query(asked.line(key), already)
        and (asked.entry.organisation or waits_for_rules_alone(asked.line(key)))
    ]  # fmt: skip
    return {
        "decides": decides,
        "queryable": [key for key, _ in open_lines],
        "since": since_text(visit, state),
        "amend": f"{desk_address(visit, '' if visit.actor.may('desk.use') else asker)}?amends={asked.entry.index}"
        if stands
        else None,
        "releases": [
            {"line": names[key], "entry": one["entry"], "released": one["released"]}
            for key, one in list(state.releases.items())[:LISTED]
        ],
        "release": _release_field(visit, [one for one in lines if one[0] in waiting], len(waiting))
        if decides and waiting
        else None,
        "overrides": [_override(visit, one, names[key], decides) for key, one in state.overrides.items()],
        "queries": [
            {
                "href": visit.opens("desk-query", case=one.reference)
                or visit.opens("firm-query", organisation=one.organisation, case=one.reference),
                "word": visit.localized(QUERY_STATES[one.state][0]),
                "line": names[one.finding.partition(":")[2]],
            }
            for one in cases
        ],
        "already": _already(visit, already, names),
        "queried": [one.finding.partition(":")[2] for one in cases],
        "override": [
            _line_field(visit, lines, "override"),
            Field(
                name="verdict", label=visit.text("Your verdict"), kind="select", required=True,
                options=[(word, visit.localized(text)) for word, text in VERDICTS.items()],
            ),
            _text_field(visit, lang.text("Grounds", context="customs"), "override"),
        ]
        if decides
        else None,
        "query": [
            _line_field(visit, open_lines, "query"),
            _text_field(visit, lang.text("What is asked"), "query"),
        ]
        if decides and open_lines
        else None,
        "withdraw": [_text_field(visit, lang.text("Why", context="customs, asked"), "withdraw")] if withdraws else None,
    }  # fmt: skip


def _already(visit: Visit, already: Mapping[str, Sequence[Case]], names: Mapping[str, str]) -> list[dict[str, object]]:
    """The queries about rules that lines of the question point at."""
    lines: dict[int, list[str]] = {}
    found: dict[int, Case] = {}
    for key, cases in already.items():
        for case in cases:
            found[case.pk] = case
            lines.setdefault(case.pk, []).append(names[key])
    return [
        {
            "href": visit.opens("desk-query", case=case.reference)
            or visit.opens("firm-query", organisation=case.organisation, case=case.reference),
            "until": "" if case.until is None else written.day(case.until, visit.language),
            "lines": ", ".join(lines[number][:5]) + (" …" if len(lines[number]) > 5 else ""),
        }
        for number, case in found.items()
    ]


def _override(visit: Visit, one: Override, line: str, decides: bool) -> dict[str, object]:
    shape, tone = MARKS[one.verdict]
    return {
        "line": line, "word": visit.localized(VERDICTS[one.verdict]), "shape": shape, "tone": tone,
        "reason": one.reason,
        "stands": one.stands, "entry": one.entry,
        "confirm": decides and not one.stands and one.by != visit.actor.pseudonym,
        "act": Act(label=visit.text("Confirm it", context="customs"), name="act", value="confirm"),
    }  # fmt: skip


def _release_field(visit: Visit, lines: list[tuple[str, str]], number: int) -> Field:
    every = (
        visit.text("The one line that may leave")
        if number == 1
        else visit.text("All {number} lines that may leave", number=written.count(number))
    )
    return Field(
        name="line", key="release", label=visit.text("What leaves"), kind="select", width="full",
        required=True, options=[(_EVERY, every), *(lines if number > 1 else [])],
        hint=visit.text("Each is judged once more. What it draws on a licence is reserved in the same moment, or "
"it stays."),
    )  # fmt: skip


def _line_field(visit: Visit, lines: list[tuple[str, str]], key: str) -> Field:
    return Field(
        name="line",
        key=key,
        label=visit.text("Line", context="customs"),
        kind="select",
        required=True,
        width="full",
        options=lines,
    )


def _text_field(visit: Visit, label: Text, key: str) -> Field:
    return Field(
        name="text", key=key, label=visit.localized(label), kind="textarea", lines=3, required=True, width="full",
        hint=visit.text("It goes into the log and stays there, beside the machine's reasons."),
    )  # fmt: skip
