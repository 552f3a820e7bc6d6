"""A proposed law pack: what its files change, what would come out differently, and what officers decide about it.

Who publishes signs what the page has shown: the numbers of the preview go into the entry, with the digest of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from django.core import signing
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.law import packs as law_office
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.replay import replay_proposal
from lodeline.service.law.publishing import (
    REASON_CHARACTERS,
    Proposal,
    PublishingError,
    changed_files,
    first_difference,
    proposal_of,
    proposed_law,
    publications,
    summary,
)
from lodeline.store.law import law_by_digest
from lodeline.web.pages.common import law_days
from lodeline.web.pages.common.firm_part import error_text
from lodeline.web.pages.common.officers import officers
from lodeline.web.pages.law.packs import NOTICES, STATES, changes_text
from lodeline.web.pages.law.replay import Sides, replay_counts, replay_headline, replay_tables
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Act, Fact, Field, Notice
from lodeline.web.reading import Stage, StillComputingError
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written

Json = dict[str, Any]
_SIDES: Final[Sides] = (text("Law that stands"), text("Proposed pack"))
#: What the second officer has seen is told by a signed text in the form, for so many seconds.
_SEEN, _SEEN_S = "lodeline.law.seen", 24 * 3600
#: Of the difference of one file so many characters are shown.
_SHOWN_MOST: Final = 60_000
#: Rows of each kind at a time, so that what is to be decided stands near.
_ROWS: Final = 10


def law_pack(visit: Visit, entry: int) -> HttpResponse:
    """The page `law/packs/ENTRY/`; `?on=` the day of the preview, by default the first on which the packs differ."""
    try:
        found = proposal_of(visit.store, entry)
    except PublishingError as error:
        raise NotHereError(error.words) from error
    refused = ""
    if visit.request.method == "POST":
        try:
            return _decided(visit, found)
        except PublishingError as error:
            refused = error_text(visit, error)
            found = proposal_of(visit.store, entry)
    proposed = proposed_law(visit.store, entry)
    seen = _preview(visit, found, proposed) if found.state == "proposed" else None
    differing = {} if seen is None else replay_tables(visit, seen, _SIDES)
    tables = {name: replace(table, per_page=_ROWS) for name, table in differing.items()}
    csv = wanted_csv(visit, *tables.values()) if tables else None
    if csv is not None:
        return csv
    if seen is None:
        law_days.stamp(visit)
    over = law_by_digest(visit.store, found.over)
    return show(
        visit,
        "lodeline/law/law_pack.html",
        title=_headline(visit, found, seen),
        status=400 if refused else 200,
        notices=[Notice(kind="problem", text=refused)] if refused else _notices(visit),
        state=visit.localized(STATES[found.state][0]),
        shape=STATES[found.state][1],
        tone=STATES[found.state][2],
        facts=_facts(visit, found),
        notice=found.reason,
        tests=written.count(found.tests),
        files=list(_files(over, proposed)) if over else [],
        on=seen["from"] if seen else None,
        on_day=written.day(seen["from"], visit.language) if seen else "",
        bounds=(law_days.FIRST_DAY.isoformat(), law_days.LAST_DAY.isoformat()),
        counts=replay_counts(seen) if seen else None,
        changes=changes_text(visit, summary(seen)) if seen else _changed(visit, found),
        tables={name: shown(visit, table) for name, table in tables.items()},
        packs=visit.url("law-packs"),
        **_forms(visit, found, seen),
    )


def _preview(visit: Visit, found: Proposal, proposed: Jurisdiction) -> Json:
    """What comes out differently under the proposed pack. Raises StillComputingError where the pages are behind the
    log."""
    reading = visit.reading
    if reading.law.digest != visit.law.digest:
        raise StillComputingError(Stage(what="rows"))
    on = law_days.day(visit, "on", first_difference(visit.law, proposed, law_days.today(visit.law)))
    made: Json = reading.answer(
        replay_proposal, reading.store, reading.snapshot, reading.law, proposal=found.entry.index, on=on
    )
    return made


def _decided(visit: Visit, found: Proposal) -> HttpResponse:
    """Does what a form asks. Raises PublishingError."""
    form, entry = visit.request.POST, found.entry.index
    act = form.get("act", "")
    visit.actor.require("law.publish", AUTHORITY)
    if act == "publish":
        made = law_office.publish(
            visit.actor, visit.store, entry, preview=_seen(visit, found, form.get("seen", "")), now=clock.now()
        )
        visit.has_filed(made.entry.index)
        return HttpResponseRedirect(visit.url("law-packs", query={"said": "published"}) or "", status=303)
    if act == "refuse":
        ended = law_office.refuse(visit.actor, visit.store, entry, reason=form.get("reason", ""), now=clock.now())
        assert ended.ended_by is not None, "who refuses writes an entry"
        visit.has_filed(ended.ended_by)
        return HttpResponseRedirect(visit.here(said="refused"), status=303)
    raise BadQuestionError(text("Choose what to do."))


def _seen(visit: Visit, found: Proposal, signed: str) -> Json:
    """The preview that whoever publishes has seen, in numbers; empty where nobody can tell that he has seen one."""
    try:
        told: Json = signing.loads(signed, salt=_SEEN, max_age=_SEEN_S)
    except signing.BadSignature:
        told = {}
    his = told.get("by") == visit.actor.pseudonym and told.get("proposal") == found.entry.index
    return told["preview"] if his else {}


def _headline(visit: Visit, found: Proposal, seen: Json | None) -> str:
    if seen is not None:
        return replay_headline(visit, seen["exports"])
    return visit.localized(
        {
            "proposed": text("A pack waits"),
            "published": text("This pack was published"),
            "refused": text("This pack was refused"),
            "withdrawn": text("This pack was taken back"),
            "overtaken": text("Another pack was published before this one"),
        }[found.state]
    )


def _notices(visit: Visit) -> list[Notice]:
    said = visit.query("said") or ""
    return [Notice(kind="success", text=visit.localized(NOTICES[said]))] if said in NOTICES else []


def _facts(visit: Visit, found: Proposal) -> list[Fact]:
    names = officers(visit, [found.by])
    facts = [
        Fact(term=visit.text("Pack"), text=found.pack, mono=True),
        Fact(term=visit.text("In place of"), text=found.over, mono=True),
        Fact(
            term=visit.text("Proposed", context="law, pack"),
            text=written.moment(found.entry.filed_at, visit.language, visit.law.timezone),
            note=names.get(found.by, found.by),
        ),
        Fact(
            term=visit.text("Entry"),
            text=written.count(found.entry.index),
            href=visit.opens("entry", entry=found.entry.index),
        ),
    ]
    if found.ended_by is not None:
        facts.append(
            Fact(
                term=visit.text("Decided by entry"),
                text=written.count(found.ended_by),
                href=visit.opens("entry", entry=found.ended_by),
            )
        )
    return facts


def _files(over: Jurisdiction, proposed: Jurisdiction) -> Iterator[dict[str, object]]:
    """The files that differ, each with its difference."""
    for path, difference in changed_files(over.pack, proposed.pack):
        lines = difference.splitlines()
        yield {
            "path": path,
            "new": path not in over.pack.files,
            "gone": path not in proposed.pack.files,
            "added": written.count(sum(line.startswith("+") for line in lines)),
            "removed": written.count(sum(line.startswith("-") for line in lines)),
            "difference": difference[:_SHOWN_MOST],
            "cut": len(difference) > _SHOWN_MOST,
        }


def _changed(visit: Visit, found: Proposal) -> str:
    """What a publication kept of what it was seen to change."""
    made = next((one for one in publications(visit.store) if one.entry.index == found.ended_by), None)
    return "" if made is None or made.proposal != found.entry.index else changes_text(visit, made.preview)


def _forms(visit: Visit, found: Proposal, seen: Json | None) -> dict[str, object]:
    """What whoever looks may decide."""
    if seen is None or not visit.actor.may("law.publish", AUTHORITY):
        return {"publishes": None, "refuses": None, "seen": "", "why": None, "own": False}
    own = found.by == visit.actor.pseudonym
    told = {"by": visit.actor.pseudonym, "proposal": found.entry.index, "preview": summary(seen)}
    refuses = text("Take it back", context="law") if own else text("Refuse it", context="law")
    return {
        "own": own,
        "seen": signing.dumps(told, salt=_SEEN, compress=True),
        "publishes": None
        if own
        else Act(label=visit.text("Publish it: the law from now on"), name="act", value="publish"),
        "refuses": Act(label=visit.localized(refuses), name="act", value="refuse", look="ghost"),
        "why": Field(
            name="reason",
            label=visit.text("Why", context="law, pack"),
            kind="textarea",
            lines=2,
            required=True,
            width="full",
            value=visit.request.POST.get("reason", "")[:REASON_CHARACTERS],
            hint=visit.text("It goes into the log and stays there."),
        ),
    }
