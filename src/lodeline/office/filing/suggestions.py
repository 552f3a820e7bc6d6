"""What a draft is offered for its cells: the cures of its problems, and guesses from the firm's own books and papers.

They are found when the draft is checked and kept with what was found. None is applied unasked; one, all of a kind or
all are applied by whoever files, and each cell that they change is a change of the draft like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from lodeline import language as lang
from lodeline.filing.check import Checked
from lodeline.filing.mending.cures import suggest
from lodeline.filing.mending.guesses import ROWS_LIMIT, Guess, guesses
from lodeline.filing.schema import MASS_COLUMNS
from lodeline.language import Text
from lodeline.ledger.problem import Problem
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.filing.draft_content import Content
from lodeline.office.filing.drafts import Cell, DraftError, changing, set_cells
from lodeline.office.jobs.jobs import database
from lodeline.office.models import Draft
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.firm.own_edge import own_edge
from lodeline.store.store import Store

#: Suggestions that are kept with a draft; whoever has more mends the file at its source.
LIMIT: Final = 2_000
#: Every suggestion, where a kind is asked for.
ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A cell, what stands there, what may be meant, and why. `kind`: `lot`, `mass`, `day`, `name`, or the code of the
    problem that it would cure. `source`, `row`, `column` as in `drafts.Cell`."""

    kind: str
    source: int
    row: int
    column: str
    before: str
    after: str
    en: str
    zh: str

    def why(self) -> Text:
        """The offer in both languages."""
        return {"en": self.en, "zh": self.zh}


def found(
    draft: Draft, content: Content, checked: Checked, problems: Sequence[Problem], *, books: Store, law: Jurisdiction,
    now: datetime,
) -> list[dict[str, Any]]:  # fmt: skip
    """The suggestions for a draft's cells as they stand, for `Draft.summary`; a cell has at most one."""
    cured = {(one.source, one.row, one.column): one for one in _cures(content, problems)}
    for one in _guesses(draft, content, checked, books=books, law=law, now=now):
        key = content.keys[one.edit.source]
        guess = Suggestion(
            kind=one.kind, source=key, row=one.edit.row, column=one.edit.column,
            before=one.before, after=one.edit.text or "", en=one.en, zh=one.zh,
        )  # fmt: skip
        cured.setdefault((key, one.edit.row, one.edit.column), guess)
    return [asdict(one) for one in sorted(cured.values(), key=lambda one: (one.source, one.row))[:LIMIT]]


def _guesses(
    draft: Draft, content: Content, checked: Checked, *, books: Store, law: Jurisdiction, now: datetime
) -> list[Guess]:
    if not 0 < checked.rows.height <= ROWS_LIMIT:
        return []
    view = OrganisationView(books, law, draft.organisation)
    edge = own_edge(view, on=law.day_of(now), books=draft.corrects is None)
    return guesses(checked.rows, content.table.frame, edge, period=draft.period)


def _cures(content: Content, problems: Sequence[Problem]) -> Iterable[Suggestion]:
    """What the cells that problems name can only have meant, or may have."""
    sources: dict[tuple[str | None, str | None], int] = {
        (one.file, one.sheet): place for place, one in reversed(list(enumerate(content.table.sources)))
    }
    named = [one for one in problems if one.where.row is not None and (one.where.file, one.where.sheet) in sources]
    if not named:
        return
    wanted = pl.DataFrame(
        [(sources[one.where.file, one.where.sheet], one.where.row) for one in named],
        schema={"source": pl.UInt16(), "row": pl.UInt32()}, orient="row",
    )  # fmt: skip
    meant = content.table.frame.join(wanted, on=["source", "row"], how="semi")
    rows = {(row["source"], row["row"]): row for row in meant.iter_rows(named=True)}
    for one in named:
        row = rows.get((sources[one.where.file, one.where.sheet], one.where.row))
        cure = None if row is None else suggest(one, row)
        if cure is None or row is None:
            continue
        edit = cure.edit
        yield Suggestion(
            kind=one.code, source=content.keys[edit.source], row=edit.row, column=edit.column,
            before=_text(row, edit.column), after=edit.text or "", en=cure.en, zh=cure.zh,
        )  # fmt: skip


def _text(row: Mapping[str, Any], column: str) -> str:
    """What stands in a column; a mass may stand in another unit."""
    names = (column, *MASS_COLUMNS) if column in MASS_COLUMNS else (column,)
    return next((str(row[name]) for name in names if row.get(name)), "")


def of_draft(draft: Draft) -> list[Suggestion]:
    """The suggestions for the draft as it was last checked; none where it was changed since."""
    if draft.checked_revision != draft.revision or draft.state not in (Draft.State.OPEN, Draft.State.ASKED):
        return []
    return [Suggestion(**one) for one in (json.loads(draft.summary) or {}).get("suggestions", [])]


def apply(actor: Actor, draft: Draft, kind: str, *, seen: int, now: datetime) -> Draft:
    """Sets the cells of all suggestions of a kind, or of `ALL`; `undo` sets them back. Requires "own.file".

    Raises DraftError where there is none, StaleDraftError where the draft was changed since `seen`.
    """
    actor.require("own.file", draft.organisation)
    chosen = [one for one in of_draft(draft) if kind in (ALL, one.kind)]
    if not chosen:
        raise DraftError(lang.text("There is nothing to apply: the draft was changed since. Load the page again."))
    cells = {(one.source, one.row, one.column): one.after for one in chosen}
    with database().transaction():
        stood = _edits(draft, set(cells))
        held = set_cells(
            actor, draft, [Cell(source=source, row=row, column=column, text=text)
                           for (source, row, column), text in cells.items()], seen=seen, now=now,
        )  # fmt: skip
        summary = json.loads(held.summary) or {}
        undo = [[*key, key in stood, stood.get(key)] for key in cells]
        summary["applied"] = {"revision": held.revision, "cells": undo}
        held.summary = json.dumps(summary, ensure_ascii=False)
        held.save()
        record_act(
            actor, "draft.apply", organisation=held.organisation, subject=str(held.pk),
            facts={"kind": kind, "cells": len(cells)},
        )  # fmt: skip
    return held


def applied(draft: Draft) -> int:
    """How many cells `undo` would set back: those of the last `apply`, until the draft is changed again."""
    return len(_applied(draft))


def undo(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """Sets the cells of the last `apply` back to what stood there before. Requires "own.file"."""
    actor.require("own.file", draft.organisation)
    cells = _applied(draft)
    if not cells:
        raise DraftError(lang.text("There is nothing to undo: the draft was changed since."))
    with changing(actor, draft, seen=seen, now=now) as held:
        for source, row, column, stood, text in cells:
            edit = held.edits.filter(source=source, row=row, column=column)
            if stood:
                edit.update(text=text)
            else:
                edit.delete()
        record_act(
            actor, "draft.undo", organisation=held.organisation, subject=str(held.pk), facts={"cells": len(cells)}
        )
    return held


def carried(draft: Draft) -> dict[str, Any]:
    """What a new check of the draft keeps of its old summary: what can be undone."""
    kept = (json.loads(draft.summary) or {}).get("applied")
    return {"applied": kept} if kept is not None and kept["revision"] == draft.revision else {}


def _applied(draft: Draft) -> list[list[Any]]:
    cells: list[list[Any]] = carried(draft).get("applied", {}).get("cells", [])
    return cells


def _edits(draft: Draft, cells: set[tuple[int, int, str]]) -> dict[tuple[int, int, str], str | None]:
    """What was changed before in these cells."""
    stood = draft.edits.values_list("source", "row", "column", "text")
    return {(source, row, column): text for source, row, column, text in stood if (source, row, column) in cells}
