"""A certified draft becomes an entry of its ledger, once: whoever is killed on the way leaves it to the next.

What is posted is read from the draft again, and its statement must be the one that was signed. The draft is marked as
filed in the transaction that writes the entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from lodeline.ledger.problem import Problem, problem
from lodeline.office.access import clock
from lodeline.office.filing import receipt_mail
from lodeline.office.filing.certify import Signed
from lodeline.office.filing.draft_check import is_small, prepare, statement_of
from lodeline.office.filing.draft_content import Content, content_at, file_bytes
from lodeline.office.filing.drafts import CHANGEABLE, State, hold
from lodeline.office.filing.sandbox import books_of, ledger_of
from lodeline.office.jobs import jobs
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Draft
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.filing import preview, submit
from lodeline.service.filing.preparing import encode
from lodeline.store.store import StoredEntry

#: Beside the uploads of an entry: what was changed in the portal.
CHANGES_NAME: Final = "changes-in-the-portal.csv"
#: After so long a worker files what the request that was to file it has not.
_RESCUE: Final = timedelta(seconds=60)


def key_of(draft: Draft) -> str:
    """The key of the job that files the draft."""
    return f"draft.file:{draft.pk}"


def begin(draft: Draft, *, now: datetime) -> Draft:
    """Files a draft that is signed: at once where it is small, else by a worker. One job stands behind either way."""
    if draft.state != Draft.State.FILING:
        return draft
    small = is_small(draft)
    jobs.enqueue(
        "draft.file", {"draft": draft.pk}, now=now, organisation=draft.organisation, key=key_of(draft),
        run_after=now + _RESCUE if small else now,
    )  # fmt: skip
    return file(draft, now=now) if small else draft


def file_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `draft.file`; where somebody has done it already there is nothing to do."""
    draft = Draft.objects.select_related("profile").filter(pk=payload["draft"]).first()
    if draft is None or draft.state != Draft.State.FILING:
        return None
    filed = file(draft, now=clock.now(), progress=progress)
    return {"entry": filed.entry}


def file(draft: Draft, *, now: datetime, progress: Any = None) -> Draft:
    """Files the draft as it was signed, or gives it back to its filer with what stands in the way.

    The moment of filing is that of the signature: a queue makes nobody late.
    """
    progress = progress or (lambda _share: None)
    signed = Signed.of(draft)
    store, law = ledger_of(draft, now=now), law_in_force()
    content = content_at(draft)
    _, checked, _ = prepare(draft, content, store=store)
    progress(0.3)
    if checked.rejects:
        return _give_back(draft, checked.problems)
    encoded = encode(checked)
    if statement_of(draft, checked, store, encoded=encoded).decode() != signed.statement:
        # Something that the rows rest on (a model of the register) has changed since the signature.
        return _give_back(draft, (problem("certification.invalid", reason="challenge"),))
    problems = None
    if draft.sandbox and draft.corrects is None:
        problems = preview(books_of(draft, store), checked, filed_at=signed.at, law=law)
    outcome = submit(
        store, checked, uploads=_uploads(draft, content), filed_at=signed.at, law=law, corrects=draft.corrects,
        encoded=encoded, certification=signed.certification, progress=lambda _what, share: progress(0.4 + share * 0.6),
        in_transaction=None if draft.sandbox else lambda entry: _mark(draft, entry, now), problems_shown=problems,
    )  # fmt: skip
    if outcome.entry is None:
        return _give_back(draft, outcome.problems)
    _mark(draft, outcome.entry, now)
    if not draft.sandbox and draft.corrects is None:
        _supersede(draft, _events_of(content), now)
    return Draft.objects.get(pk=draft.pk)


def _supersede(filed: Draft, events: set[str], now: datetime) -> None:
    """Closes the other drafts of the month that would file nothing more: they are kept to be read, and are no work.

    One that has an event of its own stays open: a month that was divided, or is filed site by site, has several.
    """
    others = Draft.objects.select_related("profile").filter(
        organisation=filed.organisation, period=filed.period, sandbox=False, corrects=None, state__in=CHANGEABLE
    )
    done = {one.sha256 for one in filed.files.defer("content")}
    for other in others.exclude(pk=filed.pk):
        # A large draft is not read by who waits for a small one; it has more than that anyway.
        if (is_small(filed) and not is_small(other)) or not _adds_nothing(other, events, done):
            continue
        with jobs.database().transaction():
            held = hold(other.pk)
            # Somebody who has changed it meanwhile keeps it.
            if held.state in CHANGEABLE and held.revision == other.revision:
                held.state, held.asked_at, held.certification, held.changed_at = State.SUPERSEDED, None, "", now
                held.save()


def _adds_nothing(draft: Draft, events: set[str], done: set[str]) -> bool:
    """Whether all that the draft has is among these events; where its rows cannot be read, among these files."""
    content = content_at(draft)
    if "event" in content.table.frame.columns and content.table.frame["event"].null_count() == 0:
        return _events_of(content) <= events
    return {one.sha256 for one in draft.files.defer("content")} <= done


def _events_of(content: Content) -> set[str]:
    """The events that rows name; none of a month in which nothing happened, which has no columns either."""
    frame = content.table.frame
    return set(frame["event"].drop_nulls()) if "event" in frame.columns else set()


def _uploads(draft: Draft, content: Content) -> list[Upload]:
    """The files as they came, and what was changed since as a file of its own."""
    uploads = [Upload(name=file.name, content=file_bytes(file)) for file in draft.files.order_by("id")]
    changes = content.changes_file
    if changes is not None:
        uploads.append(Upload(name=CHANGES_NAME, content=changes))
    return uploads


def _mark(draft: Draft, entry: StoredEntry, now: datetime) -> None:
    with jobs.database().transaction():
        held = hold(draft.pk)
        if held.state == Draft.State.FILING:
            held.state, held.entry = Draft.State.FILED, entry.index
            held.save()
            receipt_mail.announce(held, now=now)


def _give_back(draft: Draft, problems: tuple[Problem, ...]) -> Draft:
    """The draft is open again, with what was found; what was signed is void."""
    with jobs.database().transaction():
        held = hold(draft.pk)
        if held.state == Draft.State.FILING:
            held.state, held.accepted, held.certification, held.certified_by = Draft.State.OPEN, False, "", None
            held.problems = json.dumps([one.as_json() for one in problems], ensure_ascii=False)
            counts = json.loads(held.counts)
            for severity in ("reject", "confirm", "flag"):
                counts[severity] = sum(one.severity == severity for one in problems)
            held.counts, held.asked_at = json.dumps(counts), None
            held.save()
    return held
