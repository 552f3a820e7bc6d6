"""What can be done with a draft by its forms. What was written into the rows is saved whichever button was pressed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.filing.check import check
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.office.filing import beginning, certify, dividing, draft_check, drafts, filing_now, suggestions
from lodeline.office.filing.draft_content import TYPED, Content, content_at
from lodeline.office.filing.drafts import Cell, DraftError, FileIn
from lodeline.office.filing.profiles import read_by_fitting
from lodeline.office.filing.sandbox import ledger_of
from lodeline.office.jobs import jobs
from lodeline.office.models import Draft
from lodeline.web.visit import Visit

_FIELD: Final = re.compile(r"c-([0-9]{1,12})-([0-9]{1,9})-(.{1,200})")
_KEEP: Final = re.compile(r"k-([0-9]{1,12})-([0-9]{1,9})")
_KNOWN: Final = frozenset({column.name for column in COLUMNS} | set(MASS_COLUMNS))
#: A nil return is a file with a header and no row.
_NIL: Final = FileIn(name="nil-return.csv", content=b"event,kind,on,site,lot,mass_kg\r\n")


def act(visit: Visit, draft: Draft, *, now: datetime) -> HttpResponse:
    """Does what the button `act` says, and leads back to the page. Raises DraftError where it cannot be done."""
    actor, post = visit.actor, visit.request.POST
    actor.require("own.read", draft.organisation)
    verb, _, argument = post.get("act", "save").partition(":")
    seen = int(post["revision"]) if re.fullmatch(r"[0-9]{1,15}", post.get("revision", "")) else -1
    if draft.state in (Draft.State.FILING, Draft.State.FILED):
        # The second press of a button, or the way back: what has become of it is shown.
        if verb == "again" and draft.state == Draft.State.FILING:
            actor.require("own.file", draft.organisation)
            jobs.enqueue("draft.file", {"draft": draft.pk}, now=now, organisation=draft.organisation,
                         key=filing_now.key_of(draft))  # fmt: skip
        return _back(visit, draft)
    draft = _save(visit, draft, seen=seen, now=now)
    if verb == "ask":
        return _ask(visit, draft, now=now)
    if verb == "drop":
        drafts.drop(actor, draft, seen=draft.revision, now=now)
        return HttpResponseRedirect(
            visit.url("firm-file", {"said": "dropped"}, organisation=draft.organisation) or "/"
        )  # fmt: skip
    done = _VERBS.get(verb)
    if done is None:
        raise DraftError(lang.text("This button is not known here. Load the page again."))
    draft, notice = done(visit, draft, argument, now)
    if verb == "check" or draft.checked_revision != draft.revision:
        # What was typed into a large filing is kept at once, and judged when that is asked for.
        if verb in ("save", "cure", "apply", "undo") and not draft_check.is_small(draft):
            notice = "kept"
        elif _has_content(draft):
            draft = draft_check.begin(draft, now=now)
    return _back(visit, draft, notice=notice)


def _has_content(draft: Draft) -> bool:
    return draft.files.exists() or draft.edits.exists()


def _back(visit: Visit, draft: Draft, *, notice: str = "") -> HttpResponse:
    """Back to the same view of the rows, by GET: loading the page again does nothing again."""
    kept = {name: visit.query(name) for name in ("rows", "edit", "page")}
    address = visit.url("firm-draft", {**kept, "said": notice}, organisation=draft.organisation, draft=draft.pk)
    assert address is not None, "a draft has a page"
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


def _save(visit: Visit, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """Saves the fields of the rows that differ from what the draft has, and takes rows out."""
    post = visit.request.POST
    fields = {name: text for name, text in post.items() if isinstance(text, str) and name.startswith("c-")}
    gone = [
        (int(match[1]), int(match[2]))
        for name, wish in post.items()
        if wish == "remove" and (match := _KEEP.fullmatch(name))
    ]
    cells = _changed(content_at(draft), fields) if fields else []
    if not cells and not gone:
        # Nothing is written to rows, but the button may have been pressed on an older page.
        drafts.require_seen(draft, seen)
        return draft
    if cells:
        draft = drafts.set_cells(visit.actor, draft, cells, seen=seen, now=now)
        seen = draft.revision
    return drafts.remove_rows(visit.actor, draft, gone, seen=seen, now=now) if gone else draft


def _changed(content: Content, fields: Mapping[str, str]) -> list[Cell]:
    """The fields that hold something else than the table does."""
    frame = content.table.frame
    places = {
        (content.keys[source], row): place
        for place, (source, row) in enumerate(frame.select("source", "row").iter_rows())
    } if frame.height <= 20_000 else _only(content, fields)  # fmt: skip
    found = []
    for name, text in fields.items():
        match = _FIELD.fullmatch(name)
        if match is None or not (match[3] in _KNOWN or match[3] in frame.columns):
            continue
        key, row, column = int(match[1]), int(match[2]), match[3]
        place = places.get((key, row))
        before = (frame[column][place] if column in frame.columns else None) if place is not None else None
        if place is None and key != TYPED:
            continue
        if text.strip() != (before or "").strip():
            found.append(Cell(source=key, row=row, column=column, text=text))
    return found


def _only(content: Content, fields: Mapping[str, str]) -> dict[tuple[int, int], int]:
    """Positions of the rows that fields name; a large table is not walked through for them."""
    wanted = {(int(match[1]), int(match[2])) for name in fields if (match := _FIELD.fullmatch(name))}
    frame = content.table.frame.select("source", "row").with_row_index("place")
    found = {}
    for key, row in wanted:
        source = content.place(key)
        if source is not None:
            for place in frame.filter((frame["source"] == source) & (frame["row"] == row))["place"]:
                found[key, row] = place
    return found


Done = tuple[Draft, str]


def _saved(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del visit, argument, now
    return draft, "saved"


def _files(visit: Visit) -> list[FileIn]:
    sent = [one for one in visit.request.FILES.getlist("files") if isinstance(one, UploadedFile)]
    if not sent:
        raise DraftError(lang.text("Choose a file first."))
    return [FileIn(name=one.name or "file", content=one.read()) for one in sent]


def _upload(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    files = _files(visit)
    put = drafts.replace_files if argument == "replace" else drafts.add_files
    draft = put(visit.actor, draft, files, seen=draft.revision, now=now)
    draft = read_by_fitting(visit.actor, draft, now=now)
    return draft, "replaced" if argument == "replace" else "uploaded"


def _nil(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument
    return drafts.add_files(visit.actor, draft, [_NIL], seen=draft.revision, now=now), "uploaded"


def _begin(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument
    return beginning.begin(visit.actor, draft, now=now), "begun" if draft.corrects is None else "standing"


def _remove_file(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    number = int(argument) if re.fullmatch(r"[0-9]{1,12}", argument) else -1
    return drafts.remove_file(visit.actor, draft, number, seen=draft.revision, now=now), "removed"


def _restore(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument
    return drafts.restore_rows(visit.actor, draft, seen=draft.revision, now=now), "restored"


def _cure(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """`KEY:ROW:COLUMN:TEXT`, as the button offered it."""
    match = re.fullmatch(r"([0-9]{1,12}):([0-9]{1,9}):([a-z_]{1,40}):(.{0,4000})", argument, re.DOTALL)
    if match is None or match[3] not in _KNOWN:
        raise DraftError(lang.text("This cure cannot be applied. Load the page again."))
    cell = Cell(source=int(match[1]), row=int(match[2]), column=match[3], text=match[4])
    return drafts.set_cells(visit.actor, draft, [cell], seen=draft.revision, now=now), "saved"


def _apply(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """Every suggestion of a kind, or all: `KIND`."""
    return suggestions.apply(visit.actor, draft, argument, seen=draft.revision, now=now), "applied"


def _undo(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument
    return suggestions.undo(visit.actor, draft, seen=draft.revision, now=now), "undone"


def _correct(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """Compare with what is filed for the month, and correct it."""
    del argument
    entry = newest_entry(draft, now)
    if entry is None:
        raise DraftError(lang.text("Nothing is filed for this month yet."))
    return drafts.set_correction(visit.actor, draft, entry, seen=draft.revision, now=now), "correction"


def _original(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument
    return drafts.set_correction(visit.actor, draft, None, seen=draft.revision, now=now), "original"


def _void(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """Withdraws the missing events that are ticked, and no others."""
    del argument
    events = sorted({str(one) for one in visit.request.POST.getlist("void")})
    text = json.dumps(events, ensure_ascii=False)
    return drafts.set_voided(visit.actor, draft, text, seen=draft.revision, now=now), "saved"


def _good(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """Keeps what can be filed as it is; the rest becomes a draft of its own."""
    del argument
    draft = dividing.begin(visit.actor, draft, seen=draft.revision, now=now)
    if draft.state == Draft.State.CHECKING:
        return draft, ""
    return draft, "divided"


def _move(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    """`MONTH:EVENT` moves one event into a draft of that month; `MONTH` all that are dated in it."""
    month, _, event = argument.partition(":")
    content, law = content_at(draft), visit.law
    if event:
        events = {event}
    else:
        store = ledger_of(draft, now=now)
        checked = check(
            content.table, organisation=draft.organisation, period=draft.period, register=store.newest_register()
        )
        events = draft_check.events_of_month(checked, draft.period, month)
    draft, other = drafts.split(visit.actor, draft, events, seen=draft.revision, now=now, law=law, period=month)
    draft_check.begin(other, now=now)
    return draft, "moved"


def _check(visit: Visit, draft: Draft, argument: str, now: datetime) -> Done:
    del argument, now
    visit.actor.require("own.file", draft.organisation)
    return draft, "saved"


_VERBS = {
    "save": _saved, "upload": _upload, "nil": _nil, "begin": _begin,
    "remove-file": _remove_file, "restore": _restore, "cure": _cure,
    "apply": _apply, "undo": _undo,
    "correct": _correct, "original": _original, "void": _void, "good": _good, "move": _move, "check": _check,
}  # fmt: skip


def _ask(visit: Visit, draft: Draft, *, now: datetime) -> HttpResponse:
    draft = certify.ask(visit.actor, draft, seen=draft.revision, now=now)
    if visit.request.POST.get("then") == "certify":
        address = visit.url("firm-draft-certify", organisation=draft.organisation, draft=draft.pk)
        assert address is not None, "a draft has a page where it is signed"
        return HttpResponseRedirect(address)
    return _back(visit, draft, notice="asked")


def newest_entry(draft: Draft, now: datetime) -> int | None:
    """The newest filing of the draft's month, which a correction names."""
    ledger = ledger_of(draft, now=now)
    filed = ledger.entries_of("filing", organisation=draft.organisation, period=draft.period)
    return filed[-1].index if filed else None
