"""What a draft holds: the table of its files as they came, with everything that was changed in the portal since.

Files are read once and kept in memory as tables while they are worked on; the changes are laid over them each time.
A draft whose files took their reader down is read again when it is checked again, and by nobody who only looks at it.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.conf import settings

from lodeline.filing.columns.profile import Profile
from lodeline.filing.edits import Addition, Changes, Edit, Removal, apply, edits_csv
from lodeline.filing.formats import Limits
from lodeline.filing.formats.apart import DIED
from lodeline.filing.table import Source, Table, blank, read_bytes
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.office.models import Draft, DraftEdit, DraftFile

#: In `DraftEdit.source`: rows that no file has. Every other number is the key of a `DraftFile`.
TYPED: Final = 0
#: Cells kept together, of files and of drafts each: a few hundred megabytes at most.
_KEPT_CELLS: Final = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A draft's table. `keys[i]` is the `DraftEdit.source` of source i of the table; `uploaded`: before the changes."""

    table: Table
    uploaded: Table
    changes: Changes
    keys: tuple[int, ...]

    def place(self, key: int) -> int | None:
        """The source that a `DraftEdit.source` stands for."""
        return self.keys.index(key) if key in self.keys else None

    @property
    def changes_file(self) -> bytes | None:
        """What was changed in the portal, as a file to keep beside the uploads; None where nothing was."""
        changes = self.changes
        if not (changes.edits or changes.removals or changes.additions):
            return None
        return edits_csv(self.uploaded, changes)


def content_of(draft: Draft, *, again: bool = False) -> Content:
    """The draft's table as it stands in the database now; `again`: also where reading it failed before."""
    files = list(draft.files.order_by("id").defer("content"))
    profile = None if draft.profile is None else draft.profile.mapping
    died = () if again else _died(draft)
    uploaded = _unread(files, died) if died else _read(files, profile) if files else blank()
    keys = (*(file.pk for file in files), TYPED)
    changes = changes_of(list(draft.edits.order_by("id")), keys)
    return Content(table=apply(uploaded, changes), uploaded=uploaded, changes=changes, keys=keys)


def content_at(draft: Draft, *, again: bool = False) -> Content:
    """`content_of` a draft that nobody is changing meanwhile: what a revision holds is read once, and kept a while."""
    profile = None if draft.profile is None else draft.profile.mapping
    key = json.dumps([settings.LODELINE_DATABASE, draft.pk, draft.revision, profile])
    found = _CONTENTS.get(key)
    if found is None:
        found = content_of(draft, again=again)
        if not _took_its_reader_down(found.table):
            _CONTENTS.put(key, found, cells=_cells(found.table))
    return found


def changes_of(edits: Sequence[DraftEdit], keys: tuple[int, ...]) -> Changes:
    """The stored changes as those of a table whose sources have these keys."""
    cells: list[Edit] = []
    removals: list[Removal] = []
    added: dict[int, dict[str, str | None]] = {}
    places = {key: place for place, key in enumerate(keys)}
    for one in edits:
        if one.source == TYPED:
            added.setdefault(one.row, {})[one.column] = one.text
        elif one.source not in places:
            continue
        elif one.column:
            cells.append(Edit(source=places[one.source], row=one.row, column=one.column, text=one.text))
        else:
            removals += [
                Removal(source=places[one.source], row=row) for row in range(one.row, int(one.text or one.row) + 1)
            ]
    additions = tuple(Addition(row=row, cells=texts) for row, texts in sorted(added.items()))
    return Changes(edits=tuple(cells), removals=tuple(removals), additions=additions)


def file_bytes(file: DraftFile) -> bytes:
    """A file as it came."""
    return zlib.decompress(bytes(file.content))


def limits() -> Limits:
    """What one file may hold, with this portal's bound on its bytes."""
    return Limits(file_bytes=settings.LODELINE_FILING_BYTES)


Kept = TypeVar("Kept")


class Lately(Generic[Kept]):
    """What was read lately, as much as fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Kept, int]] = OrderedDict()

    def get(self, key: str) -> Kept | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: str, value: Kept, *, cells: int) -> None:
        with self._lock:
            self._kept[key] = (value, cells)
            while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > _KEPT_CELLS:
                self._kept.popitem(last=False)


def _cells(table: Table) -> int:
    return table.frame.height * table.frame.width


_TABLES: Lately[Table] = Lately()
_CONTENTS: Lately[Content] = Lately()


def _read(files: Sequence[DraftFile], profile: str | None) -> Table:
    key = json.dumps([[[file.name, file.sha256] for file in files], profile])
    table = _TABLES.get(key)
    if table is None:
        mapping = None if profile is None else Profile.from_json(json.loads(profile))
        table = read_bytes([(file.name, file_bytes(file)) for file in files], limits=limits(), profile=mapping)
        if not _took_its_reader_down(table):
            _TABLES.put(key, table, cells=_cells(table))
    return table


def _took_its_reader_down(table: Table) -> bool:
    return any(one.code == DIED for one in table.problems)


def _died(draft: Draft) -> tuple[Problem, ...]:
    """What the check of this revision said of files that took their reader down."""
    if draft.checked_revision != draft.revision or DIED not in draft.problems:
        return ()
    return tuple(
        problem(DIED, Where(file=one["where"]["file"]), **one["facts"])
        for one in json.loads(draft.problems)
        if one["code"] == DIED
    )


def _unread(files: Sequence[DraftFile], died: tuple[Problem, ...]) -> Table:
    """The table of files that nobody opens."""
    sources = tuple(Source(file=file.name) for file in files)
    return Table(frame=blank().frame, sources=sources, problems=died, readable=False)
