"""Parties: names that wait for a person, one of them with its candidates side by side, and a party as it is known."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.language import Text
from lodeline.ledger.problem import Problem as FilingProblem
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.parties import parties as office
from lodeline.party.lists import MEASURES, SCOPES
from lodeline.service.parties import queue as party_queue
from lodeline.service.parties.parties import VERDICTS, Decision, PartyError, Proposal, unsettled
from lodeline.web.pages.common.entered import problems_part
from lodeline.web.pages.parties.part import (
    candidates_view,
    history_view,
    kind_options,
    listing_text,
    lists_table,
    name_facts,
    new_fields,
    number_text,
    proposal_view,
    queue_table,
    reason_label,
    seen_table,
)
from lodeline.web.pages.parties.screened import screened
from lodeline.web.pages.trade.imports import imports
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problem, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_DONE: Final[dict[str, Text]] = {
    "same": lang.text("Decided. Transfers and balances follow."),
    "new": lang.text("A new party. Transfers and balances follow."),
    "other": lang.text("Noted: it is another one. The name waits on."),
    "open": lang.text("Taken back. The name waits again."),
    "propose": lang.text("Proposed. Another person decides."),
    "accept": lang.text("Accepted. Transfers and balances follow."),
    "refuse": lang.text("Refused. Nothing changes."),
    "list": lang.text("The list is loaded, as an entry of the log."),
    "own": lang.text("The share is entered."),
}
LIST_BYTES: Final = 2_000_000


def parties(visit: Visit) -> HttpResponse:
    """The page `parties/`: who a name may be and whether it is listed (`?name=`, `?country=`, `?on=`); names and
    proposals that wait, lists that stand; forms settle and load."""
    error: UserError | None = None
    refused: list[FilingProblem] = []
    if visit.request.method == "POST":
        try:
            done, refused = _done_here(visit)
            if done:
                return HttpResponseRedirect(f"{visit.request.path}?done={done}", status=303)
        except PartyError as told:
            error = told
    reading = visit.reading
    every = reading.answer(unsettled, reading.snapshot)
    table = queue_table(visit, every)
    lists = lists_table(visit)
    csv = wanted_csv(visit, table, lists)
    if csv is not None:
        return csv
    register = visit.store.register(visit.store.head())
    count = written.count(every.height)
    return show(
        visit,
        "lodeline/parties/parties.html",
        title=visit.text("{count} names wait to be known", count=count)
        if every.height
        else visit.text("Every name in every filing is a known party"),
        status=400 if error or refused else 200,
        notices=_notices(visit),
        problems=_problems(visit, error, refused),
        table=shown(visit, table),
        lists=shown(visit, lists),
        proposals=[proposal_view(visit, one) for one in party_queue.proposals(register)],
        may=visit.actor.may("parties.decide", AUTHORITY),
        screened=screened(visit, day=_day(visit)),
        list_fields=[
            Field(
                name="file", label=visit.text("List as a file, CSV or JSON lines"),
                kind="file", required=True, accept=".csv,.json,.jsonl,.ndjson",
            ),
            Field(
                name="name", label=visit.text("What it is called", context="parties"), width="short",
                hint=visit.text("Empty: as its file"),
            ),
            Field(
                name="measure", label=visit.text("Measure"), kind="select",
                options=kind_options(MEASURES, "measure", visit.language),
                hint=visit.text("For rows that say nothing more"),
            ),
            Field(
                name="scope", label=visit.text("Scope", context="parties"), kind="select",
                options=kind_options(SCOPES, "scope", visit.language),
            ),
        ],
    )  # fmt: skip


def party_name(visit: Visit) -> HttpResponse:
    """The page `parties/name/?name=`: a name as filed, its candidates and reasons; forms decide."""
    text = visit.query("name")
    if text is None:
        return show(
            visit,
            "lodeline/parties/party_ask.html",
            title=visit.text("Which name?"),
            back=visit.url("parties"),
        )
    error: UserError | None = None
    if visit.request.method == "POST":
        try:
            form = visit.request.POST
            verdict = next((one for one in VERDICTS if one == form.get("do")), None)
            if verdict is None:
                raise PartyError(lang.text("There is no such decision."))
            decision = Decision(
                name=text, verdict=verdict, party=form.get("party", ""), reason=form.get("reason", ""),
                country=form.get("country", "").strip().upper()[:2], called=form.get("called", "").strip(),
                other_name=form.get("other_name", ""),
                identifiers=[one for one in form.get("identifiers", "").split() if one],
            )  # fmt: skip
            entry, party = office.decide(visit.actor, visit.store, decision, now=clock.now())
            visit.has_filed(entry.index)
            to = visit.url("party", party=party, query={"done": verdict}) if party else None
            return HttpResponseRedirect(to or visit.here(done=verdict), status=303)
        except PartyError as told:
            error = told
    reading = visit.reading
    found = party_queue.name(reading.store, reading.snapshot, text, day=_day(visit))
    if found is None:
        return _settled_already(visit, text)
    return show(
        visit,
        "lodeline/parties/party_name.html",
        title=found["name"],
        status=400 if error else 200,
        notices=_notices(visit),
        problems=problems_part(visit, error),
        found=candidates_view(visit, found),
        facts=name_facts(visit, found),
        may=visit.actor.may("parties.decide", AUTHORITY),
        why=reason_label(visit),
        fields=new_fields(visit, found),
        history=history_view(visit, found["history"]),
        back=visit.url("parties"),
    )


def party(visit: Visit, party: str) -> HttpResponse:
    """The page `parties/ID/` (`?on=`): names, numbers, owners, listings on a day, where seen; forms propose."""
    error: UserError | None = None
    if visit.request.method == "POST":
        try:
            done = _done_to(visit, party)
            return HttpResponseRedirect(f"{visit.request.path}?done={done}", status=303)
        except PartyError as told:
            error = told
    reading = visit.reading
    found = party_queue.party(reading.store, reading.snapshot, party, day=_day(visit))
    if found is None:
        raise NotHereError(lang.text("There is no party {party}.", party=party))
    names = words.organisation_names(reading.snapshot.register, visit.language)
    seen, imported = seen_table(visit, found), imports(visit, found["id"])
    csv = wanted_csv(visit, seen, *(() if imported is None else imported.tables))
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/parties/party.html",
        title=names.get(found["id"]) or (found["names"][0] if found["names"] else found["id"]),
        status=400 if error else 200,
        notices=_notices(visit),
        problems=problems_part(visit, error),
        found=found,
        numbers=[number_text(visit, one) for one in found["identifiers"]],
        day=found["day"],
        day_said=written.day(found["day"], visit.language),
        countries=[words.country(one, visit.language) for one in found["countries"]],
        seen=shown(visit, seen),
        imported=None if imported is None else imported.shown(visit),
        listed=[listing_text(visit, one) for one in found["listed"]],
        proposals=[proposal_view(visit, one) for one in found["proposals"]],
        history=history_view(visit, found["history"]),
        organisation=visit.opens("organisation", organisation=found["id"]) if found["organisation"] else None,
        may=visit.actor.may("parties.decide", AUTHORITY),
        why=reason_label(visit),
        back=visit.url("parties"),
    )


def _done_here(visit: Visit) -> tuple[str, list[FilingProblem]]:
    """What a form of the queue does: its word, or the problems of a list that was refused."""
    form = visit.request.POST
    if form.get("do") in ("accept", "refuse"):
        accept = form["do"] == "accept"
        entry = office.settle(visit.actor, visit.store, form.get("proposal", ""), accept=accept, now=clock.now())
        visit.has_filed(entry.index)
        return str(form["do"]), []
    file = visit.request.FILES.get("file")
    if form.get("do") != "list" or file is None:
        raise PartyError(lang.text("Choose the file of the list."))
    if (file.size or 0) > LIST_BYTES:
        raise PartyError(lang.text("The file is larger than the page takes: load it with `lodeline parties load`."))
    file_name = str(file.name)
    name = form.get("name", "").strip()[:80] or file_name.partition(".")[0]
    measure, scope = form.get("measure", ""), form.get("scope", "")
    loaded, read = office.load_list(
        visit.actor, visit.store, file.read(), name=name, file=file_name, now=clock.now(),
        measure=measure if measure in MEASURES else None,
        scope=scope if scope in SCOPES else None,
    )  # fmt: skip
    if loaded is None:
        return "", list(read.problems)
    visit.has_filed(loaded.index)
    return "list", []


def _done_to(visit: Visit, party: str) -> str:
    """What a form of a party's page does."""
    form, now = visit.request.POST, clock.now()
    do, reason = form.get("do", ""), form.get("reason", "")
    if do in ("accept", "refuse"):
        return _done_here(visit)[0]
    if do == "open":
        entry, _ = office.decide(
            visit.actor, visit.store, Decision(name=form.get("name", ""), verdict="open", reason=reason), now=now
        )
    elif do == "merge":
        wanted = Proposal(kind="merge", party=party, into=form.get("into", "").strip(), reason=reason)
        entry, _ = office.propose(visit.actor, visit.store, wanted, now=now)
        do = "propose"
    elif do == "split":
        names, merged = form.getlist("name"), form.get("merged", "")
        wanted = Proposal(kind="split", party=merged or party, names=names, reason=reason)
        entry, _ = office.propose(visit.actor, visit.store, wanted, now=now)
        do = "propose"
    elif do == "own":
        made = office.own(
            visit.actor, visit.store, owner=form.get("owner", "").strip(), owned=party,
            share_pct=form.get("share_pct", "").strip(), since=_date(form.get("since", "")),
            until=_date(form.get("until", "")), source=reason, now=now,
        )  # fmt: skip
        if made is None:
            raise PartyError(lang.text("That stands already.", context="parties, done to"))
        entry = made
    else:
        raise PartyError(lang.text("There is no such act."))
    visit.has_filed(entry.index)
    return do


def _settled_already(visit: Visit, text: str) -> HttpResponse:
    """A name that somebody has decided meanwhile leads to its party."""
    found = party_queue.party(visit.reading.store, visit.reading.snapshot, text, day=_day(visit))
    to = visit.url("party", party=found["id"]) if found is not None else None
    if to is None:
        raise NotHereError(lang.text("No row in force has the name {text}.", text=text))
    return HttpResponseRedirect(to)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise PartyError(lang.text("Write the day as 2026-03-31.")) from None


def _day(visit: Visit) -> date:
    text = visit.query("on")
    try:
        return clock.today(visit.law.timezone) if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadQuestionError(lang.text("{text!r} is no day: write 2025-06-30.", text=text)) from None


def _notices(visit: Visit) -> list[Notice]:
    done = visit.query("done") or ""
    return [Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else []


def _problems(visit: Visit, error: UserError | None, refused: list[FilingProblem]) -> Problems | None:
    if not refused:
        return problems_part(visit, error)
    return Problems(
        heading=visit.text("The list was not loaded"),
        problems=[
            Problem(
                severity="reject", text=one.message(visit.language),
                where=visit.text("row {row}", context="parties", row=one.where.row) if one.where.row else "",
            )
            for one in refused[:20]
        ],
    )  # fmt: skip
