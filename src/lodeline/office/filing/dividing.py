"""The good events of a draft go now, the rest later: divided while its filer waits where it is small, else by a worker.

A correction is not divided: it says what stands instead of a month, and an event that is left out of it counts as
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lodeline.filing.check import Checked, check
from lodeline.filing.division import settle
from lodeline.filing.table import Table
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.filing import draft_check, drafts
from lodeline.office.filing.draft_content import content_at
from lodeline.office.filing.drafts import DraftError, hold, require_seen
from lodeline.office.filing.sandbox import books_of, ledger_of
from lodeline.office.jobs import jobs
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Draft, User
from lodeline.service.filing.filing import preview


def begin(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """The draft with its good events alone, the rest in a draft of its own; or (state `checking`) on its way there.

    Requires "own.file". Raises DraftError where nothing can be filed without the others, and what `drafts.split` does.
    """
    actor.require("own.file", draft.organisation)
    if draft.corrects is not None:
        raise DraftError(text("A correction is filed whole."))
    if draft_check.is_small(draft):
        return divide(actor, draft, seen=seen, now=now)
    with jobs.database().transaction():
        held = hold(draft.pk)
        require_seen(held, seen)
        if held.state == Draft.State.OPEN:
            held.state = Draft.State.CHECKING
            held.save()
            jobs.enqueue(
                "draft.divide", {"draft": held.pk, "revision": held.revision, "user": actor.user}, now=now,
                organisation=held.organisation, key=draft_check.check_key(held),
            )  # fmt: skip
    return held


def divide_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `draft.divide`, as whoever asked for it may today; what is out of date is left alone."""
    found = Draft.objects.select_related("profile").filter(pk=payload["draft"], revision=payload["revision"]).first()
    if found is None or found.state != Draft.State.CHECKING:
        return None
    now = clock.now()
    user = User.objects.get(pk=payload["user"])
    actor = actor_of(user, on=law_in_force().day_of(now))
    progress(0.1)
    try:
        good = divide(actor, found, seen=found.revision, now=now)
    except DraftError:
        # Nothing can go alone, or somebody was faster: the draft is as it was, with what was found.
        draft_check.check_now(found, now=now)
        return None
    progress(0.7)
    draft_check.check_now(good, now=now)
    return {"draft": good.pk}


def divide(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """Divides it now; the rest is checked, or begins to be."""
    store, law = ledger_of(draft, now=now), law_in_force()

    def judged(table: Table) -> Checked:
        return check(table, organisation=draft.organisation, period=draft.period, register=store.newest_register())

    books = books_of(draft, store)
    division = settle(
        content_at(draft).table, judged, lambda checked: preview(books, checked, filed_at=now, law=law)
    )  # fmt: skip
    if not division.good_events:
        raise DraftError(text("No event can be filed without the others."))
    good, rest = drafts.split(actor, draft, set(division.good_events), seen=seen, now=now, law=law, keep=True)
    draft_check.begin(rest, now=now)
    return good
