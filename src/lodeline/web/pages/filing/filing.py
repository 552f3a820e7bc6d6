"""One filing: its receipt, what it changed, its rows, and the files that came with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload

from django.http import HttpResponse

from lodeline.filing.names import LABELS
from lodeline.filing.written import TYPED
from lodeline.filing.written import written as as_filed
from lodeline.language import bilingual, text
from lodeline.office.accounts.key_standing import registration_of
from lodeline.office.filing import filings as filed
from lodeline.office.filing import sandbox
from lodeline.store.queries.filing import filed_cells, filled_columns, named_uploads
from lodeline.store.store import Store, StoredEntry
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.common.firm_notice import firm_name
from lodeline.web.pages.filing.filings import filings_table
from lodeline.web.pages.filing.receipt import flag_messages, receipt_document, sheet
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import filing as words
from lodeline.web.words import format as written
from lodeline.web.words.filed_cells import filed_cell

_COLUMNS = (
    "event", "kind", "role", "on", "site", "lot", "product", "mass_kg", "composition", "counterparty_name", "document",
)  # fmt: skip
_BATCH = 2_000


def firm_filing(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """The page `firm/<organisation>/filings/<entry>/`."""
    store, found = _found(visit, organisation, entry)
    versions = filed.filings(visit.actor, store, organisation, period=found.period)
    columns = _columns(store, found)
    rows = _rows_table(visit, store, found, columns)
    differs = _difference(visit, store, found) if visit.query("diff") is not None else None
    csv = wanted_csv(
        visit,
        _rows_table(visit, store, found, _COLUMNS),
        filings_table(visit, versions),
        *([differs] if differs else []),
    )
    if csv is not None:
        return csv
    month = written.month(found.period or "", visit.language)
    earlier = [one for one in versions if one.entry < entry]
    return show(
        visit, "lodeline/filing/firm_filing.html", title=_title(visit, month, found, versions),
        firm_name=firm_name(visit, organisation), month=month, entry=found, receipt=sheet(visit, found),
        flags=flag_messages(visit, found.flags), rows=shown(visit, rows), left_out=len(columns) < len(_COLUMNS),
        versions=shown(visit, filings_table(visit, versions)) if len(versions) > 1 else None,
        can_differ=bool(earlier), differs=None if differs is None else shown(visit, differs),
        diff_at=visit.here(diff="1") + "#difference",
        uploads=[
            {
                "name": name,
                "bytes": written.count(len(content)),
                "href": visit.url("firm-filing-upload", organisation=organisation, entry=entry, number=number),
            }
            for number, (name, content) in enumerate(named_uploads(store, found))
        ],
        receipt_at=visit.url("firm-filing-receipt", organisation=organisation, entry=entry),
        key_at=None
        if _registration(found, organisation) is None
        else visit.url("firm-filing-key", organisation=organisation, entry=entry),
        list=visit.url("firm-filings", organisation=organisation),
    )  # fmt: skip


def firm_filing_receipt(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """`firm/<organisation>/filings/<entry>/receipt.json`: what `verify.py` checks."""
    store, _ = _found(visit, organisation, entry)
    return attachment(receipt_document(store, entry).encode(), f"receipt-{entry}.json", "application/json")


def firm_filing_key(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """`firm/<organisation>/filings/<entry>/key.json`: the receipt that says for whom the certifying key stood."""
    store, found = _found(visit, organisation, entry)
    number = _registration(found, organisation)
    if number is None:
        raise NotHereError(text("No key was registered for this filing."))
    return attachment(receipt_document(store, number).encode(), f"key-{number}.json", "application/json")


def _registration(found: StoredEntry, organisation: str) -> int | None:
    """The entry that registers the key of the filing's certification; None where there is neither."""
    stated = json.loads(found.envelope)["facts"].get("certification", {})
    if "public_key" not in stated:
        return None
    return registration_of(organisation, stated["certifier"], stated["public_key"])


def firm_filing_upload(visit: Visit, organisation: str, entry: int, number: int) -> HttpResponse:
    """`firm/<organisation>/filings/<entry>/uploads/<number>/`: a file as it came."""
    store, found = _found(visit, organisation, entry)
    files = named_uploads(store, found)
    if number >= len(files):
        raise NotHereError(text("No such file came with this filing."))
    name, content = files[number]
    return attachment(content, name, "application/octet-stream")


def _found(visit: Visit, organisation: str, entry: int) -> tuple[Store, StoredEntry]:
    store = sandbox.ledger()
    found = filed.filing(visit.actor, store, organisation, entry)
    if found is None:
        raise NotHereError(text("Your organisation has no filing of this number. See the list of filings."))
    return store, found


def _title(visit: Visit, month: str, entry: StoredEntry, versions: list[filed.Filing]) -> str:
    own = next(one for one in versions if one.entry == entry.index)
    if own.restated:
        return visit.text("{month} was filed here, and corrected since", month=month)
    if entry.corrects is not None:
        return visit.text("{month} is corrected", month=month)
    return visit.text("{month} is filed", month=month)


class _Lines(Sequence[Row]):
    """Rows of an entry, read from the store as far as they are shown."""

    def __init__(self, visit: Visit, store: Store, entry: StoredEntry, columns: Sequence[str]) -> None:
        self._visit, self._store, self._entry, self._columns = visit, store, entry, columns

    def __len__(self) -> int:
        return self._entry.row_count

    def __iter__(self) -> Iterator[Row]:
        for first in range(0, len(self), _BATCH):
            yield from self[first : first + _BATCH]

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        first, last, _ = (place if isinstance(place, slice) else slice(place, place + 1)).indices(len(self))
        found = as_filed(filed_cells(self._store, self._entry, first, last - first).drop("ordinal"))
        rows = [self._cells(row) for row in found.iter_rows(named=True)]
        return rows if isinstance(place, slice) else rows[0]

    def _cells(self, row: dict[str, Any]) -> Row:
        language = self._visit.language
        return tuple(filed_cell(name, row[name], language) for name in self._columns)


def _columns(store: Store, entry: StoredEntry) -> tuple[str, ...]:
    """The columns that are shown: those that say something, and of a nil return all."""
    filled = filled_columns(store, entry) if entry.row_count else frozenset(TYPED.values())
    return tuple(name for name in _COLUMNS if TYPED[name] in filled)


def _rows_table(visit: Visit, store: Store, entry: StoredEntry, columns: Sequence[str]) -> Table:
    return Table(
        name="rows",
        caption=visit.text("Rows as filed"),
        columns=tuple(_column(name) for name in columns),
        rows=_Lines(visit, store, entry, columns),
        empty=visit.text("A nil return: nothing happened in this month."),
    )


def _column(name: str) -> Column:
    label, number = LABELS[name], name in words.NUMBERS
    if words.unit(name, "en"):
        label = text("{label}, {unit}", label=label, unit=bilingual(words.unit(name, "en"), words.unit(name, "zh")))
    return Column(key=name, label=label, number=number)


def _difference(visit: Visit, store: Store, entry: StoredEntry) -> Table:
    """What this version changed of the month as it stood before."""
    comparison = filed.difference(store, entry)
    language = visit.language
    what = {"added": visit.text("row is new"), "removed": visit.text("row is gone")}
    rows: list[Row] = [
        (Cell(text=event), Cell(text=word), Cell(text=""), Cell(text=""), Cell(text=""))
        for state, word in (
            ("new", visit.text("new event")),
            ("missing", visit.text("withdrawn")),
        )
        for event in comparison.of("new" if state == "new" else "missing")
    ]
    rows += [
        (
            Cell(text=one["event"]),
            Cell(text=what.get(one["what"]) or words.label(one["column"], language)),
            Cell(text=one["lot"] or ""),
            filed_cell(one["column"], one["before"], language),
            filed_cell(one["column"], one["after"], language),
        )
        for one in comparison.differences.iter_rows(named=True)
    ]
    return Table(
        name="difference",
        caption=visit.text("What this filing changed"),
        columns=(
            Column(key="event", label=text("Event", context="filing, difference")),
            Column(key="what", label=text("What", context="filing")),
            Column(key="lot", label=text("Lot")),
            Column(key="before", label=text("Before", context="filing")),
            Column(key="after", label=text("Since", context="filing")),
        ),
        rows=tuple(rows),
        empty=visit.text("It changed nothing."),
    )
