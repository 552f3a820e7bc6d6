"""Judges a draft as filing would judge it, and keeps what was found with the revision that it was found for.

A small draft is judged while its filer waits for the page; a large one by a worker, and its page says how far that is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from lodeline.filing.check import Checked, check
from lodeline.filing.comparison import Comparison, as_correction, compare
from lodeline.filing.division import good_events, other_months, settle
from lodeline.filing.sentences import sentences
from lodeline.filing.summary import summarise
from lodeline.filing.table import Table
from lodeline.journal.certification import to_sign
from lodeline.ledger.problem import Problem
from lodeline.office.access import clock
from lodeline.office.filing import suggestions
from lodeline.office.filing.draft_content import Content, Lately, content_at
from lodeline.office.filing.drafts import CHANGEABLE, hold
from lodeline.office.filing.sandbox import books_of, ledger_of
from lodeline.office.jobs import jobs
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Draft
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.drafting import lot_compositions, what_changes
from lodeline.service.filing.filing import preview, preview_with_books
from lodeline.service.filing.posting import rows_root_of
from lodeline.service.filing.preparing import Encoded, encode
from lodeline.store.queries.filing import month_in_force
from lodeline.store.store import Store

#: Bytes of files up to which a draft is judged, and filed, while its filer waits.
SMALL_BYTES: Final = 2_000_000
#: Differences and missing events that are kept to be shown; the counts are of all.
LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What filing a draft now would do. `table` and `checked` are of the rows that would be filed: of a correction only
    those of events that differ from what stands. `comparison` is None unless it is one, and could be read."""

    content: Content
    table: Table
    checked: Checked
    problems: tuple[Problem, ...]
    comparison: Comparison | None
    #: What was judged as it would be logged; None where it could not be read.
    encoded: Encoded | None = None
    #: What filing it would do to the books (`foresight.foresee`); None where it could not be read.
    books: dict[str, list[dict[str, Any]]] | None = None

    @property
    def accepted(self) -> bool:
        """Whether it would be accepted; a correction that corrects nothing is none."""
        empty = self.comparison is not None and not self.table.frame.height
        return not empty and all(one.severity == "flag" for one in self.problems)


def is_small(draft: Draft) -> bool:
    """Whether the filer can wait for it."""
    return sum(draft.files.values_list("size", flat=True)) <= SMALL_BYTES


def begin(draft: Draft, *, now: datetime) -> Draft:
    """Has the draft judged: at once where it is small, else by a worker.

    Either way it is marked before: of a check that took its process down there is a mark, and no view does it again.
    """
    small = is_small(draft)
    marked = (Draft.State.OPEN, Draft.State.CHECKING) if small else CHANGEABLE
    with jobs.database().transaction():
        held = hold(draft.pk)
        if held.state in marked and held.revision == draft.revision:
            held.state = Draft.State.CHECKING
            held.save()
            if not small:
                jobs.enqueue(
                    "draft.check", {"draft": held.pk, "revision": held.revision}, now=now,
                    organisation=held.organisation, key=check_key(held),
                )  # fmt: skip
    return check_now(draft, now=now) if small else held


def check_key(draft: Draft) -> str:
    """The key of the job that checks this revision."""
    return f"draft.check:{draft.pk}:{draft.revision}"


def check_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `draft.check`. What is out of date when it comes to be done is left alone."""
    draft = Draft.objects.select_related("profile").filter(pk=payload["draft"], revision=payload["revision"]).first()
    if draft is not None and draft.state == Draft.State.CHECKING:
        check_now(draft, now=clock.now(), progress=progress)
    return None


def check_now(draft: Draft, *, now: datetime, progress: Any = None) -> Draft:
    """Judges the draft and keeps what was found, unless the draft has been changed meanwhile."""
    law, progress = law_in_force(), progress or (lambda _share: None)
    store = ledger_of(draft, now=now)
    judged = judge(draft, content_at(draft, again=True), store=store, law=law, now=now, progress=progress)
    found = _found(draft, judged, store, law=law, now=now)
    progress(0.95)
    with jobs.database().transaction():
        held = hold(draft.pk)
        if held.revision == draft.revision and held.state in (Draft.State.OPEN, Draft.State.CHECKING):
            for name, value in found.items():
                setattr(held, name, value)
            held.checked_revision, held.state = held.revision, Draft.State.OPEN
            held.save()
    return held


def judge(
    draft: Draft, content: Content, *, store: Store, law: Jurisdiction, now: datetime, progress: Any = None
) -> Judged:
    """What filing the draft with this content now would meet; nothing is written."""
    progress = progress or (lambda _share: None)
    progress(0.05)
    table, checked, comparison = prepare(draft, content, store=store)
    progress(0.5)
    encoded = None if checked.rejects else encode(checked)
    if encoded is not None:
        problems, foreseen = preview_with_books(
            books_of(draft, store), checked, filed_at=now, law=law, corrects=draft.corrects, encoded=encoded
        )
    else:
        foreseen = None
        problems = (*checked.problems, *_of_the_good(draft, table, checked, store, law=law, now=now))
    return Judged(
        content=content, table=table, checked=checked, problems=problems, comparison=comparison, encoded=encoded,
        books=foreseen,
    )  # fmt: skip


def prepare(draft: Draft, content: Content, *, store: Store) -> tuple[Table, Checked, Comparison | None]:
    """The rows that the draft would file, judged by themselves; of a correction only what differs from what stands.

    They are judged once, until something that they were judged by moves: what is filed is what was checked.
    """
    key = _judged_by(draft, store)
    kept = _PREPARED.get(key)
    # Files that were read again are other content of the same revision.
    if kept is not None and kept[0] is content:
        return kept[1]
    found = _prepared(draft, content, store)
    _PREPARED.put(key, (content, found), cells=found[1].rows.height * found[1].rows.width)
    return found


_Rows = tuple[Table, Checked, Comparison | None]
_PREPARED: Final[Lately[tuple[Content, _Rows]]] = Lately()


def _judged_by(draft: Draft, store: Store) -> str:
    """All that the rows of a draft are judged by: its revision, the register, and of a correction the log as well, for
    it is compared with what is in force."""
    head = store.head()
    entry = store.entry(head.register_entry if draft.corrects is None else head.size - 1)
    profile = None if draft.profile is None else draft.profile.mapping
    moved = None if entry is None else (entry.index, entry.leaf_hash)
    return json.dumps(
        [settings.LODELINE_DATABASE, store.database.url, draft.pk, draft.revision, profile, draft.voided, moved]
    )


def _prepared(draft: Draft, content: Content, store: Store) -> _Rows:
    table, comparison = content.table, None
    checked = _check(draft, table, store)
    if draft.corrects is not None and not checked.rejects:
        comparison = compare(checked.rows, month_in_force(store, draft.organisation, draft.period))
        # A row that withdraws an event says so itself.
        withdrawn = set(checked.rows.filter(checked.rows["kind"] == "void")["event"])
        table = as_correction(comparison, table, void=withdrawn | set(json.loads(draft.voided)))
        checked = _check(draft, table, store)
    return table, checked, comparison


def _of_the_good(
    draft: Draft, table: Table, checked: Checked, store: Store, *, law: Jurisdiction, now: datetime
) -> list[Problem]:
    """What the ledger has against the events that can be understood, so that nobody mends a file twice over.

    Only what names a row is taken: what is said of a part of a filing need not hold of all of it.
    """
    if draft.corrects is not None:
        return []
    of_part = settle(table, lambda one: _check(draft, one, store), known=checked).checked
    if of_part is None or of_part.rejects:
        return []
    known = {(one.code, one.where) for one in checked.problems}
    found = preview(books_of(draft, store), of_part, filed_at=now, law=law)
    return [one for one in found if one.where.row is not None and (one.code, one.where) not in known]


def events_of_month(checked: Checked, period: str, month: str) -> set[str]:
    """The events that are wholly dated in another month than the filing's."""
    return other_months(checked.rows, period).get(month, set())


def statement_of(draft: Draft, checked: Checked, store: Store, *, encoded: Encoded | None = None) -> bytes:
    """What a certifier of this draft signs: it names these rows and no others."""
    digest, rows, rows_root = rows_root_of(
        store, checked, draft.organisation, draft.period, draft.corrects, encoded=encoded
    )
    return to_sign(
        organisation=draft.organisation, period=draft.period, corrects=draft.corrects, digest=digest, rows=rows,
        rows_root=rows_root,
    )  # fmt: skip


def _check(draft: Draft, table: Table, store: Store) -> Checked:
    return check(
        table, organisation=draft.organisation, period=draft.period, register=store.newest_register(),
        correcting=draft.corrects is not None,
    )  # fmt: skip


def _found(draft: Draft, judged: Judged, store: Store, *, law: Jurisdiction, now: datetime) -> dict[str, object]:
    """The columns of a draft that say what was found."""
    good, bad = good_events(judged.table, judged.problems)
    counts = dict.fromkeys(("reject", "confirm", "flag"), 0)
    for one in judged.problems:
        counts[one.severity] += int(one.facts["count"]) if one.code == "problems.more" else 1
    counts |= {"good": len(good), "bad": len(bad)}
    rows = judged.checked.rows
    known = lot_compositions(books_of(draft, store), draft.organisation, rows)
    total = summarise(rows, organisation=draft.organisation, lot_compositions=known)
    shipped = total.part("shipment") or total.part("export") or total.part("out")
    summary = {
        "rows": total.rows,
        "events": total.events,
        "sentences": sentences(total, rows=judged.table.frame.height),
        "shown": None if shipped is None else shipped.what,
        "elements": [] if shipped is None else [[one.symbol, one.mass_mg] for one in shipped.elements],
        # Rows that cannot be read cannot be held against the books either.
        "books_next": judged.encoded is None and bool(rows.height),
        "other_months": {month: len(events) for month, events in other_months(rows, draft.period).items()},
        "books": judged.books,
        "suggestions": suggestions.found(
            draft, judged.content, judged.checked, judged.problems, books=books_of(draft, store), law=law, now=now
        ),
        **suggestions.carried(draft),
        "comparison": None if judged.comparison is None else _compared(judged.comparison, draft, store),
        "statement": statement_of(draft, judged.checked, store, encoded=judged.encoded).decode()
        if judged.accepted
        else None,
    }
    return {
        "accepted": judged.accepted,
        "rows": judged.content.table.frame.height,
        "problems": json.dumps([one.as_json() for one in judged.problems], ensure_ascii=False),
        "counts": json.dumps(counts),
        "summary": json.dumps(summary, ensure_ascii=False),
    }


def _compared(comparison: Comparison, draft: Draft, store: Store) -> dict[str, object]:
    voided = set(json.loads(draft.voided))
    changes = what_changes(store, draft.organisation, comparison, void=voided)
    return {
        "counts": {state: len(comparison.of(state)) for state in ("unchanged", "changed", "new", "missing")},
        "missing": comparison.of("missing")[:LISTED],
        "differences": comparison.differences.head(LISTED).to_dicts(),
        "masses": changes.head(LISTED).to_dicts(),
    }
