"""Drafts: a filing while it is being made. Whatever a person puts into one is saved at once and never lost.

Whoever changes a draft says which revision was seen; where another has changed it since, nothing is written and that is
said. A change ends what was asked or signed for an older revision.

DraftError            what was asked cannot be done with this draft
  UnknownDraftError   there is none of that number, or not of this organisation: 404
  StaleDraftError     somebody else has changed it: 409
  ClosedDraftError    it is filed, being filed, or dropped: 409
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from typing import Final

from django.conf import settings
from django.db.models import Max

from lodeline.errors import UserError
from lodeline.filing.check import month_bounds
from lodeline.filing.division import divide
from lodeline.filing.table import Table
from lodeline.language import bilingual, text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.filing.draft_content import TYPED, content_of
from lodeline.office.filing.sandbox import ledger_of
from lodeline.office.jobs.jobs import database
from lodeline.office.models import Draft, DraftEdit, DraftFile, ImportProfile, User
from lodeline.regulation.duty import period_of
from lodeline.regulation.parameter import Jurisdiction

State = Draft.State
#: States in which a draft can be changed. One that is being checked can: its check is then of an older revision.
CHANGEABLE: Final = (State.OPEN, State.CHECKING, State.ASKED)
FILES_LIMIT: Final = 20
#: Rows that can be typed in; whoever has more has a file.
TYPED_ROWS_LIMIT: Final = 2_000
_NAME_CHARACTERS: Final = 200


class DraftError(UserError):
    """What was asked cannot be done with this draft."""


class UnknownDraftError(DraftError):
    """There is no such draft."""


class StaleDraftError(DraftError):
    """The draft was changed since it was seen."""


class ClosedDraftError(DraftError):
    """The draft can no longer be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The text that a cell shall have. `source`: key of the draft's file, or TYPED; `text` None empties it."""

    source: int
    row: int
    column: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIn:
    """A file as somebody sent it."""

    name: str
    content: bytes


def find(actor: Actor, organisation: str, number: int) -> Draft:
    """The draft, for whoever may read what the organisation files. Raises UnknownDraftError."""
    actor.require("own.read", organisation)
    draft = Draft.objects.select_related("created_by", "changed_by", "certified_by", "profile").filter(
        pk=number, organisation=organisation
    )
    found = draft.first()
    if found is None:
        raise UnknownDraftError(text("There is no such draft. See the list of drafts."))
    return found


def open_drafts(actor: Actor, organisation: str, *, sandbox: bool = False) -> list[Draft]:
    """The drafts that are not filed yet, newest change first."""
    actor.require("own.read", organisation)
    states = (*CHANGEABLE, State.FILING)
    return list(
        Draft.objects.select_related("changed_by")
        .filter(organisation=organisation, sandbox=sandbox, state__in=states)
        .order_by("-changed_at", "-id")
    )


def start(
    actor: Actor, organisation: str, period: str, *, law: Jurisdiction, now: datetime, corrects: int | None = None,
    sandbox: bool = False,
) -> Draft:  # fmt: skip
    """A new, empty draft for a month that has begun. `corrects`: the entry that it corrects. Requires "own.file"."""
    actor.require("own.file", organisation)
    _require_month(period, law, now)
    draft = Draft(
        organisation=organisation, period=period, corrects=corrects, sandbox=sandbox, created_at=now, changed_at=now,
        created_by=_user(actor), changed_by=_user(actor),
    )  # fmt: skip
    if corrects is not None:
        _require_entry(draft, corrects, now)
    with database().transaction():
        draft.save()
        record_act(actor, "draft.start", organisation=organisation, subject=str(draft.pk), facts={"period": period})
    return draft


def new_from_rows(
    actor: Actor, organisation: str, period: str, rows: Sequence[Mapping[str, str | None]], now: datetime,
    *, law: Jurisdiction,
) -> Draft:  # fmt: skip
    """A draft of rows made by the portal, such as the receipts of accepted deliveries: column → text of each."""
    draft = start(actor, organisation, period, law=law, now=now)
    cells = [
        Cell(source=TYPED, row=number, column=column, text=text)
        for number, row in enumerate(rows, start=2)
        for column, text in row.items()
        if text
    ]
    return set_cells(actor, draft, cells, seen=draft.revision, now=now)


def add_files(actor: Actor, draft: Draft, files: Sequence[FileIn], *, seen: int, now: datetime) -> Draft:
    """Adds files as they came; all files of a draft are one filing. A file that is there already is not added twice."""
    with changing(actor, draft, seen=seen, now=now) as held:
        _add(actor, held, files)
    return held


def replace_files(actor: Actor, draft: Draft, files: Sequence[FileIn], *, seen: int, now: datetime) -> Draft:
    """New files in place of all that were there; what was changed in the old ones goes with them, typed rows stay."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.edits.exclude(source=TYPED).delete()
        held.files.all().delete()
        _add(actor, held, files)
    return held


def remove_file(actor: Actor, draft: Draft, file: int, *, seen: int, now: datetime) -> Draft:
    """Takes a file out, with what was changed in it."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.edits.filter(source=file).exclude(source=TYPED).delete()
        held.files.filter(pk=file).delete()
    return held


def set_cells(actor: Actor, draft: Draft, cells: Sequence[Cell], *, seen: int, now: datetime) -> Draft:
    """Sets cells. Rows of TYPED come to be with their first cell, and are gone with their last."""
    with changing(actor, draft, seen=seen, now=now) as held:
        files = set(held.files.values_list("pk", flat=True))
        wanted = [one for one in cells if one.column and (one.source == TYPED or one.source in files)]
        rows = {one.row for one in wanted if one.source == TYPED}
        typed = set(held.edits.filter(source=TYPED).values_list("row", flat=True))
        if len(typed | rows) > TYPED_ROWS_LIMIT:
            raise DraftError(
                text(
                    "At most {typed_rows_limit} rows can be typed in. Put the rest into a file.",
                    typed_rows_limit=TYPED_ROWS_LIMIT,
                )
            )
        by = _user(actor)
        put = {
            (one.source, one.row, one.column): DraftEdit(
                draft=held, source=one.source, row=one.row, column=one.column, by=by, at=now,
                text=one.text.strip() or None if one.text else None,
            )
            for one in wanted
        }  # fmt: skip
        DraftEdit.objects.bulk_create(
            put.values(), update_conflicts=True, unique_fields=["draft", "source", "row", "column"],
            update_fields=["text", "by", "at"],
        )  # fmt: skip
        held.edits.filter(source=TYPED, text__isnull=True).delete()
    return held


def remove_rows(actor: Actor, draft: Draft, rows: Sequence[tuple[int, int]], *, seen: int, now: datetime) -> Draft:
    """Takes rows out: (source, row) of each. The file keeps them; the filing does not have them."""
    with changing(actor, draft, seen=seen, now=now) as held:
        _remove(held, actor, rows, now)
    return held


def restore_rows(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """Puts back every row of the files that was taken out."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.edits.exclude(source=TYPED).filter(column="").delete()
    return held


def set_correction(actor: Actor, draft: Draft, corrects: int | None, *, seen: int, now: datetime) -> Draft:
    """Makes the draft a correction of an entry of its month, or (None) a filing of its own."""
    with changing(actor, draft, seen=seen, now=now) as held:
        if corrects is not None:
            _require_entry(held, corrects, now)
        held.corrects, held.voided = corrects, "[]"
    return held


def set_voided(actor: Actor, draft: Draft, events: str, *, seen: int, now: datetime) -> Draft:
    """Which events in force are withdrawn because a re-upload leaves them out: a JSON list, chosen one by one."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.voided = events
    return held


def set_profile(actor: Actor, draft: Draft, profile: ImportProfile | None, *, seen: int, now: datetime) -> Draft:
    """How the columns of the files are read."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.profile = profile
    return held


def drop(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> None:
    """Throws the draft away, files and all; that there was one is kept."""
    with changing(actor, draft, seen=seen, now=now) as held:
        held.state = State.DROPPED
        held.files.all().delete()
        held.edits.all().delete()
        held.problems, held.summary = "[]", "null"
        record_act(actor, "draft.drop", organisation=held.organisation, subject=str(held.pk))


def split(
    actor: Actor, draft: Draft, events: set[str], *, seen: int, now: datetime, law: Jurisdiction,
    period: str | None = None, keep: bool = False,
) -> tuple[Draft, Draft]:  # fmt: skip
    """The draft without these events, and a new one that has nothing but them (in `period`, else in the same month).

    With `keep` it is the draft that has nothing but them, and the new one has the rest. No event is cut in two; a row
    without an event is none of them. The new draft is not for the certifier yet.
    """
    if period is not None:
        _require_month(period, law, now)
    with changing(actor, draft, seen=seen, now=now) as held:
        content = content_of(held)
        chosen, others = divide(content.table, events)
        moving, staying = (others, chosen) if keep else (chosen, others)
        other = Draft(
            organisation=held.organisation, period=period or held.period, sandbox=held.sandbox, profile=held.profile,
            corrects=held.corrects if period is None else None, created_at=now, changed_at=now, created_by=_user(actor),
            changed_by=_user(actor),
        )  # fmt: skip
        other.save()
        new_keys = {TYPED: TYPED}
        for file in held.files.order_by("id"):
            copy = DraftFile(draft=other, name=file.name, sha256=file.sha256, size=file.size, content=file.content)
            copy.save()
            new_keys[file.pk] = copy.pk
        edits = list(held.edits.all())
        for one in edits:
            one.pk, one.draft, one.source = None, other, new_keys[one.source]
        DraftEdit.objects.bulk_create(edits)
        _remove(held, actor, _rows(moving, content.keys), now)
        _remove(other, actor, _rows(staying, tuple(new_keys[key] for key in content.keys)), now)
        record_act(
            actor, "draft.split", organisation=held.organisation, subject=str(held.pk),
            facts={"into": other.pk, "period": other.period, "events": len(events)},
        )  # fmt: skip
    return held, other


@contextmanager
def changing(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Iterator[Draft]:
    """Holds the draft for a change of what it says; afterwards it is one revision further, and open.

    Requires "own.file". Raises StaleDraftError unless `seen` is its revision, ClosedDraftError where it is closed.
    """
    actor.require("own.file", draft.organisation)
    with database().transaction():
        held = hold(draft.pk)
        if held.state not in CHANGEABLE:
            raise ClosedDraftError(bilingual(*closed(held)))
        require_seen(held, seen)
        held.state, held.certification, held.asked_at, held.certified_by = State.OPEN, "", None, None
        held.revision += 1
        held.changed_by, held.changed_at = _user(actor), now
        yield held
        held.save()


def require_seen(draft: Draft, seen: int) -> None:
    """Raises StaleDraftError unless `seen` is the draft's revision."""
    if draft.revision != seen:
        raise StaleDraftError(
            text(
                "This draft was changed in another window, or by somebody else, since this page was "
                "made. Nothing that was saved there is lost, and what you wrote stands below: look at "
                "it, and save once more."
            )
        )


def hold(number: int) -> Draft:
    """The draft's row, locked until the transaction ends (on SQLite the transaction itself holds everything)."""
    rows = Draft.objects.filter(pk=number)
    if not database().is_sqlite:
        rows = rows.select_for_update()
    found = rows.first()
    if found is None:
        raise UnknownDraftError(text("There is no such draft. See the list of drafts."))
    return found


def next_typed_row(draft: Draft) -> int:
    """The number of the next row that is typed in; the first is 2, as below a header."""
    last = draft.edits.filter(source=TYPED).aggregate(last=Max("row"))["last"]
    return 2 if last is None else int(last) + 1


def _add(actor: Actor, held: Draft, files: Sequence[FileIn]) -> None:
    there = {(file.name, file.sha256) for file in held.files.defer("content")}
    size = sum(held.files.values_list("size", flat=True))
    for one in files:
        name = PurePath(one.name.replace("\\", "/")).name[-_NAME_CHARACTERS:] or "file"
        digest = sha256(one.content).hexdigest()
        if (name, digest) in there:
            continue
        size += len(one.content)
        if len(there) >= FILES_LIMIT or size > settings.LODELINE_FILING_BYTES:
            limit = settings.LODELINE_FILING_BYTES // 1_000_000
            raise DraftError(
                text(
                    "A filing has at most {files_limit} files and {limit} MB. Put what belongs together into one file.",
                    files_limit=FILES_LIMIT,
                    limit=limit,
                )
            )
        there.add((name, digest))
        DraftFile.objects.create(
            draft=held, name=name, sha256=digest, size=len(one.content), content=zlib.compress(one.content, 1)
        )
    record_act(actor, "draft.files", organisation=held.organisation, subject=str(held.pk))


def _remove(held: Draft, actor: Actor, rows: Sequence[tuple[int, int]], now: datetime) -> None:
    """Stores removals as runs: `text` is the last row of a run, so that leaving out a hundred thousand costs little."""
    typed = [row for source, row in rows if source == TYPED]
    if typed:
        held.edits.filter(source=TYPED, row__in=typed).delete()
    for source in sorted({source for source, _ in rows} - {TYPED}):
        numbers = {row for other, row in rows if other == source}
        for one in held.edits.filter(source=source, column=""):
            numbers.update(range(one.row, int(one.text or one.row) + 1))
        held.edits.filter(source=source, column="").delete()
        DraftEdit.objects.bulk_create(
            DraftEdit(draft=held, source=source, row=first, column="", text=str(last), by=_user(actor), at=now)
            for first, last in _runs(sorted(numbers))
        )


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for number in numbers:
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last


def _rows(table: Table, keys: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(keys[source], row) for source, row in table.frame.select("source", "row").iter_rows()]


def _require_month(period: str, law: Jurisdiction, now: datetime) -> None:
    if month_bounds(period)[0] is None:
        raise DraftError(text("A month is written like 2026-01."))
    if period > period_of(now, law):
        raise DraftError(text("This month has not begun yet."))


def _require_entry(draft: Draft, corrects: int, now: datetime) -> None:
    entry = ledger_of(draft, now=now).entry(corrects)
    if entry is None or entry.organisation != draft.organisation or entry.period != draft.period:
        raise DraftError(text("What is to be corrected is no filing of this organisation for this month."))


def closed(draft: Draft) -> tuple[str, str]:
    """Why a draft is not changed any more, in both languages."""
    if draft.state == State.FILED:
        return (
            "This draft is filed. What is filed is not changed; it can be corrected by a new filing.",
            "此草稿已申报。已申报的内容不可更改，但可以提交更正申报。",
        )
    if draft.state == State.SUPERSEDED:
        return (
            "What this draft has was filed by another draft of the month. It is kept to be read.",
            "本草稿内容已由同月另一份草稿申报，仅供查阅。",
        )
    if draft.state == State.DROPPED:
        return "This draft was thrown away. Begin a new one.", "此草稿已删除。请新建草稿。"
    return "This draft is being filed now. Wait for its receipt.", "此草稿正在申报。请等待回执。"


def _user(actor: Actor) -> User | None:
    return None if actor.user is None else User.objects.filter(pk=actor.user).first()
