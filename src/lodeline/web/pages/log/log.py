"""The log: its head, its entries, one entry with its receipt."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.service.entries.receipts import receipt
from lodeline.service.overview import overview as questions
from lodeline.store.queries import log as log_entries
from lodeline.store.store import OFFICE_KIND, StoredEntry
from lodeline.web.pages.common import asked
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def log(visit: Visit) -> HttpResponse:
    """The page `log/`: newest entry first, `?organisation=`, `?period=`, `?kind=` narrow it. Those of the office are
    shown where their kind is asked for."""
    reading = visit.reading
    # The head as it stands, for whoever keeps it: a reading does not follow what the office enters.
    head = reading.store.head()
    if visit.query("kind") == OFFICE_KIND:
        entries = reading.answer(log_entries.entries, reading.store, of_the_office_below=head.size)
    else:
        entries = reading.answer(log_entries.entries, reading.store)
    found = _chosen(visit, entries)
    table = _entries_table(visit, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    return show(
        visit,
        "lodeline/log/log.html",
        title=visit.text("{size} entries under one signed root", size=written.count(head.size)),
        table=shown(visit, table),
        root=head.frontier.root().hex(),
        checkpoint=head.checkpoint.rstrip(),
        vkey=reading.store.signer.verifier.vkey,
        verify=visit.url("verify"),
        months=asked.period_options(visit, months),
        kinds=[(kind, word[visit.language]) for kind, word in words.ENTRY_KINDS.items()],
        asked={name: visit.query(name) or "" for name in ("organisation", "period", "kind")},
        office=visit.url("log", query={"kind": OFFICE_KIND}),
    )


def _chosen(visit: Visit, entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that the visit asks for, newest first."""
    organisation, period, kind = (visit.query(name) for name in ("organisation", "period", "kind"))
    if organisation is not None:
        names = words.organisation_names(visit.reading.snapshot.register, visit.language)
        wanted = organisation.casefold()
        ids = [one for one, name in names.items() if wanted == one.casefold() or wanted in name.casefold()]
        entries = entries.filter(pl.col("organisation").is_in(ids))
    if period is not None:
        choice.check_month(period)
        entries = entries.filter(pl.col("period") == period)
    if kind is not None:
        if kind not in words.ENTRY_KINDS:
            kinds = ", ".join(words.ENTRY_KINDS)
            raise BadQuestionError(text("No kind of entry is called {kind!r}: {kinds}.", kind=kind, kinds=kinds))
        entries = entries.filter(_kind() == kind)
    elif organisation is None and period is None:
        # They come by themselves every few minutes, and would be all that the first page shows.
        entries = entries.filter(pl.col("kind") != OFFICE_KIND)
    return entries.reverse()


def _kind() -> pl.Expr:
    """A filing that corrects an earlier one is called a correction."""
    return pl.when(pl.col("corrects").is_not_null()).then(pl.lit("correction")).otherwise("kind")


def _entries_table(visit: Visit, entries: pl.DataFrame) -> Table:
    language, timezone = visit.language, visit.reading.law.timezone
    names = words.organisation_names(visit.reading.snapshot.register, language)

    def cells(row: dict[str, Any]) -> Row:
        kind = row["kind"] if row["corrects"] is None else "correction"
        organisation = row["organisation"]
        return (
            Cell(text=written.count(row["entry"]), value=row["entry"], href=visit.url("entry", entry=row["entry"])),
            Cell(
                text=words.word(words.ENTRY_KINDS, kind, language), value=kind,
                note="" if row["corrects"] is None
                else visit.text("of entry {corrects}", corrects=row['corrects']),
            ),
            Cell(
                text=names.get(organisation, organisation or written.NOTHING), value=organisation,
                href=visit.url("organisation", organisation=organisation) if organisation in names else None,
            ),
            Cell(
                text=written.month(row["period"], language) if row["period"] else written.NOTHING, value=row["period"],
            ),
            Cell(text=written.moment(row["filed_at"], language, timezone), value=row["filed_at"]),
            Cell(text=written.count(row["rows"]), value=row["rows"]),
            Cell(
                text=visit.text("flagged") if row["flagged"] else written.NOTHING,
                value="flagged" if row["flagged"] else None, shape="half" if row["flagged"] else "", tone="quiet",
            ),
        )  # fmt: skip

    return Table(
        name="entries",
        caption=visit.text("Entries of the log"),
        columns=(
            Column(key="entry", label=text("Entry")),
            Column(key="kind", label=text("Kind", context="log")),
            Column(key="organisation", label=text("Organisation", context="log")),
            Column(key="period", label=text("Month", context="log")),
            Column(key="filed", label=text("Filed", context="log")),
            Column(key="rows", label=text("Rows", context="log"), number=True),
            Column(key="flags", label=text("Flags")),
        ),
        rows=FrameRows(
            entries,
            cells,
            sorts={
                "entry": "entry",
                "kind": _kind(),
                "organisation": "organisation",
                "period": "period",
                "filed": "filed_at",
                "rows": "rows",
                "flags": pl.when("flagged").then(pl.lit("flagged")),
            },
        ),
        empty=visit.text(
            "No entry is like that. Take a filter away, or write the organisation's id or a part of its name."
        ),
    )


def _entry(visit: Visit, index: int) -> StoredEntry:
    size = visit.reading.snapshot.entry + 1
    found = visit.reading.store.entry(index)
    if found is None or (index >= size and found.kind != OFFICE_KIND):
        raise NotHereError(
            text("The log has no entry {index}: entries run from 0 to {size}.", index=index, size=size - 1)
        )
    return found


def entry(visit: Visit, entry: int) -> HttpResponse:
    """The page of one entry: who filed what when, its flags, and the way to its receipt."""
    found = _entry(visit, entry)
    reading, language = visit.reading, visit.language
    names = words.organisation_names(reading.snapshot.register, language)
    kind = found.kind if found.corrects is None else "correction"
    flags = _flags_table(visit, found)
    csv = wanted_csv(visit, flags)
    if csv is not None:
        return csv
    entries = reading.answer(log_entries.entries, reading.store)
    seen = set(entries["entry"])
    later = entries.filter(pl.col("corrects") == entry)["entry"].to_list()
    word = words.word(words.ENTRY_KINDS, kind, language)
    name = names.get(found.organisation or "", found.organisation or "")
    month = written.month(found.period, language) if found.period else ""
    about = visit.text(", ", context="log").join(part for part in (name, month) if part)
    return show(
        visit,
        "lodeline/log/entry.html",
        title=visit.text("Entry {entry}: {word}", entry=written.count(entry), word=bilingual(word.lower(), word))
        + (visit.text(" of ") + about if about else ""),
        entry=found,
        index=written.count(entry),
        filed_at=written.moment(found.filed_at, language, reading.law.timezone),
        rows=written.count(found.row_count),
        organisation=name,
        organisation_href=visit.url("organisation", organisation=found.organisation) if name else None,
        month=month,
        corrects=None if found.corrects is None else _link(visit, found.corrects),
        corrected_by=[_link(visit, one) for one in later],
        before=_link(visit, entry - 1) if entry - 1 in seen else None,
        after=_link(visit, entry + 1) if entry + 1 in seen else None,
        log=visit.url("log"),
        receipt=visit.url("receipt", entry=entry),
        verify=visit.url("verify"),
        flags=shown(visit, flags),
    )


def _link(visit: Visit, index: int) -> dict[str, object]:
    return {"text": written.count(index), "href": visit.url("entry", entry=index)}


def _flags_table(visit: Visit, entry: StoredEntry) -> Table:
    rows = []
    for flag in entry.flags:
        where, message = dict(flag["where"]), dict(flag["message"])  # type: ignore[call-overload]
        place = [str(where[key]) for key in ("sheet", "row", "column") if where.get(key) is not None]
        rows.append(
            (
                Cell(text=" · ".join(place) or written.NOTHING, value=":".join(place)),
                Cell(text=visit.localized(message), value=visit.localized(message)),
                Cell(text=str(flag["code"]), value=str(flag["code"]), tone="quiet"),
            )
        )
    return Table(
        name="flags",
        caption=visit.text("Flags"),
        columns=(
            Column(key="place", label=text("Row, column")),
            Column(key="text", label=text("What it means")),
            Column(key="code", label=text("Code")),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("Nothing was flagged when this was filed."),
    )


def receipt_file(visit: Visit, entry: int) -> HttpResponse:
    """The receipt as a file: a proof that needs nothing but itself."""
    _entry(visit, entry)
    document = receipt(visit.reading.store, entry)
    assert document is not None, "the entry is in the log"
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="lodeline-receipt-{entry}.json"'
    return response
