"""The rows of a draft as a grid: problems below their cells, cells to be mended as fields, and every row on demand.

A field is called `c-FILE-ROW-COLUMN` (file 0: typed in), the choice to take a row out `k-FILE-ROW`; ids are the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from lodeline.filing.mending.cures import suggest
from lodeline.filing.names import LABELS
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.language import bilingual
from lodeline.ledger.problem import Problem, Severity, Where
from lodeline.office.filing.draft_content import TYPED, Content
from lodeline.office.filing.drafts import next_typed_row
from lodeline.office.filing.suggestions import Suggestion
from lodeline.office.models import Draft
from lodeline.web.parts.values import Act, Grid, GridCell, GridColumn, GridProblem, GridRow
from lodeline.web.visit import Visit
from lodeline.web.words import filing as words
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words.due import month_name
from lodeline.web.words.filed_cells import composition

#: Rows on a page: of those with problems, of all, and where all their columns are fields.
PER_PAGE: Final = 25
EDITED_PER_PAGE: Final = 20
#: Empty rows below the last, to type into.
BLANK_ROWS: Final = 5
#: So many events of another month are offered to be moved one by one; of more there is one button for all.
_SINGLY: Final = 3
_BASE: Final = (
    "event", "kind", "role", "on", "site", "lot", "product", "mass_kg", "composition", "counterparty_name", "document",
)  # fmt: skip
#: Most pressing first.
SEVERITIES: Final[tuple[Severity, ...]] = ("reject", "confirm", "flag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A problem of the draft, and its row where it has one. `key`, `row`: as in the names of fields."""

    problem: Problem
    key: int | None
    row: int | None
    number: int

    @property
    def id(self) -> str:
        """The id of its message in the grid."""
        return f"m-{self.number}"

    def cell(self, column: str) -> str:
        """The id of a cell of its row."""
        return f"c-{self.key}-{self.row}-{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which rows are asked for: `every` row or those with problems, as fields (`edit`) with `all_columns`, which page.

    `at`: the file and row that the page shall have, whichever page that is.
    """

    every: bool
    edit: bool
    all_columns: bool
    page: int
    at: tuple[int, int] | None

    @classmethod
    def of(cls, visit: Visit, *, empty: bool) -> View:
        """What the address asks for: `?rows=all`, `?edit=cells`, `?edit=columns`, `?page=2`, `?row=FILE-ROW`."""
        edit = visit.query("edit")
        page = visit.query("page") or "1"
        at = re.fullmatch(r"([0-9]{1,12})-([0-9]{1,9})", visit.query("row") or "")
        return cls(
            every=empty or visit.query("rows") == "all" or edit is not None,
            edit=edit in ("cells", "columns"),
            all_columns=edit == "columns",
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
            at=(int(at[1]), int(at[2])) if at else None,
        )

    @property
    def per_page(self) -> int:
        """Rows on a page."""
        return EDITED_PER_PAGE if self.edit else PER_PAGE


def found_problems(draft: Draft, content: Content) -> list[Found]:
    """The problems that were found, most pressing first, in the order of the rows."""
    keys: dict[tuple[str | None, str | None], int] = {}
    for source, of_source in zip(content.table.sources, content.keys, strict=False):
        keys.setdefault((source.file, source.sheet), of_source)
    found = []
    for number, one in enumerate(json.loads(draft.problems)):
        where = Where(**one["where"])
        problem = Problem(code=one["code"], severity=one["severity"], where=where, facts=one["facts"])
        key = keys.get((where.file, where.sheet)) if where.row and where.row > 1 else None
        found.append(Found(problem=problem, key=key, row=where.row if key is not None else None, number=number))
    return sorted(found, key=lambda one: SEVERITIES.index(one.problem.severity))


def filed_column(found: Found, frame: pl.DataFrame) -> str:
    """The column of the grid that a problem is about: a mass in the unit in which it was filed."""
    column = found.problem.where.column or ""
    if column == "mass_kg":
        return next((name for name in MASS_COLUMNS if name in frame.columns), "mass_kg")
    return column if column in LABELS or column in frame.columns else f"?{column}" if column else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A page of rows: the grid, how many rows there are in all and in this view, and its pages."""

    grid: Grid
    shown: int
    total: int
    page: int
    pages: int


def rows_of(
    visit: Visit, draft: Draft, content: Content, found: Sequence[Found], view: View, *, typed: Mapping[str, str],
    may_edit: bool, today: Any, offered: Sequence[Suggestion] = (),
) -> Rows:  # fmt: skip
    """The page of the grid that is asked for. `typed`: what a form had in its fields that could not be saved;
    `offered`: what is suggested for its cells."""
    frame = content.table.frame.with_row_index("place")
    by_row: dict[tuple[int, int], list[Found]] = {}
    for one in found:
        if one.key is not None and one.row is not None:
            by_row.setdefault((one.key, one.row), []).append(one)
    guesses: dict[tuple[int, int], list[Suggestion]] = {}
    for guess in offered:
        guesses.setdefault((guess.source, guess.row), []).append(guess)
        by_row.setdefault((guess.source, guess.row), [])
    places = _places(frame, content, by_row, view)
    pages = max(1, -(-len(places) // view.per_page))
    page = min(_page_with(frame, places, content, view) or view.page, pages)
    chosen = frame[places[(page - 1) * view.per_page : page * view.per_page]]
    on_page = [one for place in _keys(chosen, content) for one in by_row.get(place, ())]
    columns = _columns(chosen if chosen.height else frame, on_page, view)
    maker = _Maker(
        visit=visit, draft=draft, columns=columns, view=view, typed=typed, may_edit=may_edit, today=today,
        guesses=guesses,
        beside_files=any(key != TYPED for key in content.keys),
    )  # fmt: skip
    rows = [
        maker.row(cells, key, by_row.get((key, cells["row"]), ()))
        for cells, (key, _) in zip(chosen.iter_rows(named=True), _keys(chosen, content), strict=True)
    ]
    if view.edit and may_edit and page == pages:
        first = next_typed_row(draft)
        rows += [maker.row({"row": first + more}, TYPED, ()) for more in range(BLANK_ROWS)]
    grid = Grid(caption=visit.text("Rows", context="filing, draft grid"), columns=maker.heads(), rows=rows)
    return Rows(grid=grid, shown=chosen.height, total=frame.height, page=page, pages=pages)


def _page_with(frame: pl.DataFrame, places: Sequence[int], content: Content, view: View) -> int | None:
    """The page that has the row that is asked for."""
    source = None if view.at is None else content.place(view.at[0])
    if view.at is None or source is None:
        return None
    row = frame.filter((pl.col("source") == source) & (pl.col("row") == view.at[1]))["place"].to_list()
    return places.index(row[0]) // view.per_page + 1 if row and row[0] in places else None


def _keys(frame: pl.DataFrame, content: Content) -> list[tuple[int, int]]:
    return [(content.keys[source], row) for source, row in frame.select("source", "row").iter_rows()]


def _places(
    frame: pl.DataFrame, content: Content, by_row: Mapping[tuple[int, int], Sequence[Found]], view: View
) -> list[int]:
    """The positions of the rows of a view: all, or those with problems and the rows before and after each."""
    if view.every:
        return list(range(frame.height))
    sources = {key: source for source, key in enumerate(content.keys)}
    wanted = pl.DataFrame(
        [(sources[key], row) for key, row in by_row], schema={"source": pl.UInt16, "row": pl.UInt32}, orient="row"
    )
    bad = frame.join(wanted, on=["source", "row"], how="semi")["place"].to_list()
    near = {place + step for place in bad for step in (-1, 0, 1)}
    return sorted(place for place in near if 0 <= place < frame.height)


def _columns(frame: pl.DataFrame, found: Sequence[Found], view: View) -> list[str]:
    mass = next((name for name in MASS_COLUMNS if name in frame.columns), "mass_kg")
    if view.all_columns:
        known = [mass if column.name == "mass_kg" else column.name for column in COLUMNS]
        return [*known, *(name for name in frame.columns if name.startswith("?"))]
    filled = {name for name in frame.columns if frame[name].null_count() < frame.height}
    named = {filed_column(one, frame) for one in found} - {""}
    wanted = [mass if name == "mass_kg" else name for name in _BASE]
    kept = [name for name in wanted if view.edit or name in filled or name in named]
    if not kept and not view.edit:
        # A file whose columns are all its own is shown under its own names.
        return [name for name in frame.columns if name.startswith("?")]
    order = [mass if column.name == "mass_kg" else column.name for column in COLUMNS]
    return sorted({*kept, *named}, key=lambda name: order.index(name) if name in order else len(order))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes rows of a grid."""

    visit: Visit
    draft: Draft
    columns: list[str]
    view: View
    typed: Mapping[str, str]
    may_edit: bool
    today: Any
    beside_files: bool
    guesses: Mapping[tuple[int, int], Sequence[Suggestion]]

    def heads(self) -> list[GridColumn]:
        language = self.visit.language
        heads = [
            GridColumn(
                label=words.label(name, language), unit=words.unit(name, language), number=name in words.NUMBERS,
                whole=name == "on",
            )
            for name in self.columns
        ]  # fmt: skip
        return [*heads, GridColumn(label=self.visit.text("Keep", context="filing"))] if self.view.edit else heads

    def row(self, cells: Mapping[str, Any], key: int, found: Sequence[Found]) -> GridRow:
        row = int(cells["row"])
        by_column: dict[str, Found] = {}
        for one in found:
            by_column.setdefault(self._column(one, cells), one)
        made = [self._cell(key, row, name, str(cells.get(name) or ""), by_column.get(name)) for name in self.columns]
        if self.view.edit:
            keep = self.visit.text("keep"), self.visit.text("take out")
            made.append(
                GridCell(name=f"k-{key}-{row}", id=f"k-{key}-{row}", options=[("", keep[0]), ("remove", keep[1])])
            )
        return GridRow(
            # A row that is typed in beside a file is none of the file's rows.
            number=f"+{row}" if key == TYPED and self.beside_files else str(row),
            id=f"r-{key}-{row}",
            cells=made,
            problems=self._messages(found, key, row, cells),
        )

    def _column(self, one: Found, cells: Mapping[str, Any]) -> str:
        column = one.problem.where.column or ""
        if column == "mass_kg":
            return next((name for name in MASS_COLUMNS if name in self.columns), "mass_kg")
        return column if column in self.columns else f"?{column}"

    def _cell(self, key: int, row: int, name: str, text: str, found: Found | None) -> GridCell:
        language, called = self.visit.language, f"c-{key}-{row}-{name}"
        severity = found.problem.severity if found else None
        described_by = found.id if found else ""
        # A row that needs a reason has it below its message.
        mends = found is not None and severity != "flag"
        if self.may_edit and (self.view.edit or mends):
            now = self.typed.get(called, text)
            return GridCell(
                text=now,
                name=called,
                id=called,
                severity=severity,
                described_by=described_by,
                options=words.options(name, now, language),
            )
        read = self._read(name, text)
        return GridCell(text=read, id=called if found else "", severity=severity, described_by=described_by)

    def _read(self, name: str, text: str) -> str:
        if name == "composition":
            return composition(text, self.visit.language)
        if name == "product" and text.strip():
            return lot_words.product_and_code(text.strip(), self.visit.language)
        return words.shown(name, text, self.visit.language)

    def _problem(self, one: Found, key: int, row: int, cells: Mapping[str, Any]) -> GridProblem:
        column = self._column(one, cells)
        problem = one.problem
        asks = problem.severity == "confirm" and self.may_edit
        reason = f"c-{key}-{row}-reason"
        return GridProblem(
            id=one.id, severity=problem.severity, text=problem.message(self.visit.language), code=problem.code,
            column=self.columns.index(column) if column in self.columns else None,
            act=self._act(one, key, row, cells) if self.may_edit else None,
            reason=reason if asks and "reason" not in self.columns else "",
            reason_value=self.typed.get(reason, str(cells.get("reason") or "")),
        )  # fmt: skip

    def _messages(self, found: Sequence[Found], key: int, row: int, cells: Mapping[str, Any]) -> list[GridProblem]:
        """What is wrong with a row, each with what would mend it, and what else is suggested for its cells."""
        made = [self._problem(one, key, row, cells) for one in found]
        pressed = {problem.act.value for problem in made if problem.act is not None}
        for one in self.guesses.get((key, row), ()):
            act = self._cure(one)
            if not self.may_edit or act.value in pressed:
                continue
            column = (
                next((name for name in MASS_COLUMNS if name in self.columns), "")
                if one.column in MASS_COLUMNS
                else one.column
            )
            made.append(
                GridProblem(
                    id=f"s-{key}-{row}-{one.column}",
                    severity="guess",
                    text=self.visit.localized(one.why()),
                    act=act,
                    column=self.columns.index(column) if column in self.columns else None,
                )
            )
        return made

    def _cure(self, one: Suggestion) -> Act:
        label = self.visit.text("Write {after}", after=one.after)
        value = f"cure:{one.source}:{one.row}:{one.column}:{one.after}"
        return Act(label=label, look="ghost", small=True, name="act", value=value)

    def _act(self, one: Found, key: int, row: int, cells: Mapping[str, Any]) -> Act | None:
        """What would mend it with one press: a cell set, or the event moved to the month that it is dated in."""
        if one.problem.code == "date.outside-period":
            month = str(one.problem.facts.get("value", ""))[:7]
            others = json.loads(self.draft.summary) or {}
            event = str(cells.get("event") or "").strip()
            if 0 < others.get("other_months", {}).get(month, 0) <= _SINGLY and event:
                name = month_name(self.visit, month, self.today)
                label = self.visit.text("Move its event to a filing for {name}", name=name)
                return Act(label=label, look="ghost", small=True, name="act", value=f"move:{month}:{event}")
        cure = suggest(one.problem, {"source": 0, **cells})
        if cure is None:
            return None
        value = f"cure:{key}:{row}:{cure.edit.column}:{cure.edit.text or ''}"
        label = self.visit.localized(bilingual(cure.en, cure.zh))
        return Act(label=label, look="ghost", small=True, name="act", value=value)


def where_of(visit: Visit, found: Found, *, several_files: bool) -> str:
    """What a problem's place is called in the list: Row 7, and its file where there are several."""
    row = visit.text("Row {row}", row=bilingual(str(found.row), written.count(found.row or 0)))
    return f"{row}, {found.problem.where.file}" if several_files and found.problem.where.file else row
