"""The figures of a month as they were published: its editions, and what each changed of the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, bilingual, text
from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY
from lodeline.office.log.editions import freeze
from lodeline.regulation.span import Span
from lodeline.service.log import editions as frozen
from lodeline.service.log.editions import REASON_CHARACTERS, Edition, EditionError
from lodeline.service.overview import overview as questions
from lodeline.web.pages.common.chain import chain_table, end_name, stage_table
from lodeline.web.pages.common.entered import problems_part
from lodeline.web.pages.log.editions_part import causes_of, since_words
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_FIELDS: Final[Mapping[str, Text]] = {
    "state": text("Filing"),
    "mass_mg": text("Flow", context="log"),
    "sites": text("Sites with a balance"),
    "tested": text("Sites tested"),
    "opening_mg": text("Opening"),
    "origin_mg": text("New"),
    "in_mg": text("Received", context="log"),
    "out_mg": text("Sent", context="log"),
    "export_mg": text("Exported", context="log"),
    "loss_mg": text("Lost", context="log"),
    "adjustment_mg": text("Adjusted"),
    "closing_mg": text("Closing"),
    "difference_mg": text("Difference", context="log"),
    "muf_mg": text("Difference of tested balances"),
}
_CAUSES: Final[Mapping[str, Text]] = {
    "correction": text("correction"),
    "late-filing": text("late filing"),
    "other-month": text("filing of another month"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What was frozen of some months, for the page of The year. `newest`: month → its newest edition, in words.

    `fields`: of the form that freezes one, None for whoever may not. `problems`: why what was sent cannot be frozen;
    `done`: where to go, where it was.
    """

    newest: Mapping[str, str]
    table: Table
    fields: Sequence[Field] | None
    problems: Problems | None = None
    done: HttpResponse | None = None


def freezing(visit: Visit, months: questions.Months, span: Span) -> Frozen | None:
    """The editions of these months; a form that was sent freezes the next of its month.

    None for an official of a region, since an edition is of the whole country.
    """
    error, done = _freeze(visit) if visit.request.method == "POST" else (None, None)
    if visit.territory is not None:
        return None
    every = [one for one in frozen.editions(visit.store) if one.period in span]
    timezone = visit.reading.law.timezone
    return Frozen(
        newest={
            one.period: visit.text(
                "Edition {number}, {moment}",
                number=one.number,
                moment=bilingual(
                    written.moment(one.entry.filed_at, "en", timezone),
                    written.moment(one.entry.filed_at, "zh", timezone),
                ),
            )
            for one in every
        },
        table=_editions_table(visit, every),
        fields=_fields(visit, months, span) if visit.actor.may("edition.write", AUTHORITY) else None,
        problems=problems_part(visit, error),
        done=done,
    )


def _freeze(visit: Visit) -> tuple[EditionError | None, HttpResponse | None]:
    """Freezes the month of the form: why it cannot be, or where it stands now. Raises NotAllowedError."""
    form, reading = visit.request.POST, visit.reading
    period = form.get("period", "").strip()
    choice.check_month(period)
    try:
        made = freeze(visit.actor, visit.store, reading.law, period, reason=form.get("reason", ""), now=clock.now())
    except EditionError as refused:
        return refused, None
    visit.has_filed(made.entry.index)
    to = visit.url("edition", period=period, query={"done": made.number})
    return None, HttpResponseRedirect(str(to), status=303)


def edition(visit: Visit, period: str) -> HttpResponse:
    """The page `editions/MONTH/`: an edition (`?edition=`, else the newest) with its figures and what changed."""
    every, chosen = _chosen(visit, period)
    reading = visit.reading
    present = reading.answer(questions.elements, reading.snapshot)
    symbol = choice.element(visit, present)
    before = every[chosen.number - 2] if chosen.number > 1 else None
    now = None
    if chosen is every[-1]:
        now = reading.answer(frozen.figures, reading.store, reading.snapshot, reading.law, period=period)
    flows = pl.DataFrame(chosen.figures["flows"], schema=_FLOW).filter(pl.col("element") == symbol)
    stages = pl.DataFrame([row for row in chosen.figures["stages"] if row["element"] == symbol])
    tables = {
        "chain": chain_table(visit, flows, element=symbol, period=period),
        "filed": _filed_table(visit, chosen),
        **({"stages": _stages(visit, stages, period=period)} if stages.height else {}),
    }
    if before is not None:
        changed = frozen.differences(before.figures, chosen.figures)
        tables["changed"] = _differences_table(visit, "changed", changed, symbol)
        came = causes_of(visit, period=period, after=before.stamp[0], until=chosen.stamp[0])
        tables["causes"] = _causes_table(visit, "causes", came)
    if now is not None:
        since = frozen.differences(chosen.figures, _read(now))
        tables["since"] = _differences_table(visit, "since", since, symbol)
        came = causes_of(visit, period=period, after=chosen.stamp[0])
        tables["since-causes"] = _causes_table(visit, "since-causes", came)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    month = written.month(period, visit.language)
    done = visit.query("done")
    return show(
        visit,
        "lodeline/log/edition.html",
        title=visit.text("{month}, edition {number} of {every}", month=month, number=chosen.number, every=len(every)),
        notices=[_frozen_now(visit, chosen)] if done == str(chosen.number) else [],
        back=visit.url("year", query={"period": period[:4]}),
        frozen=written.moment(chosen.entry.filed_at, visit.language, reading.law.timezone),
        reason=chosen.facts["reason"],
        computed=written.count(chosen.stamp[0]),
        sha256=chosen.entry.digest,
        root=chosen.stamp[1],
        entry=visit.url("entry", entry=chosen.entry.index),
        file=visit.url("edition-file", period=period, edition=chosen.number),
        others=[(one.number, visit.here(edition=one.number, done=None)) for one in every if one is not chosen],
        element=words.element(symbol, visit.language),
        elements=choice.element_links(visit, present, symbol),
        since=_since(visit, chosen, now, symbol),
        has_since=now is not None and bool(frozen.differences(chosen.figures, _read(now))),
        before=None if before is None else before.number,
        tables={name.replace("-", "_"): shown(visit, table) for name, table in tables.items()},
    )


def edition_file(visit: Visit, period: str, edition: int) -> HttpResponse:
    """The figures as the entry commits to them, to the byte."""
    chosen = next((one for one in frozen.editions(visit.store, period) if one.number == edition), None)
    if chosen is None:
        raise _none(period)
    response = HttpResponse(chosen.content, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="lodeline-edition-{period}-{edition}.json"'
    return response


_FLOW: Final = {"from": pl.String(), "to": pl.String(), "element": pl.String(), "mass_mg": pl.Int64()}


def _read(content: bytes) -> Mapping[str, Any]:
    return json.loads(content)  # type: ignore[no-any-return]


def _chosen(visit: Visit, period: str) -> tuple[list[Edition], Edition]:
    choice.check_month(period)
    every = frozen.editions(visit.store, period)
    asked = visit.query("edition")
    if asked is not None and not asked.isdecimal():
        raise BadQuestionError(text("{asked!r} is no edition: write a number.", asked=asked))
    found = [one for one in every if asked is None or one.number == int(asked)]
    if not found:
        raise _none(period)
    return every, found[-1]


def _none(period: str) -> NotHereError:
    return NotHereError(
        text("There is no such edition of {period}: the page of editions lists those there are.", period=period)
    )


def _frozen_now(visit: Visit, chosen: Edition) -> Notice:
    text = visit.text("Frozen: it stands in the log as entry {index}.", index=chosen.entry.index)
    return Notice(kind="success", text=text)


def _since(visit: Visit, chosen: Edition, now: bytes | None, symbol: str) -> str:
    if now is None:
        return visit.text("A later edition of this month stands.")
    change_mg = frozen.entered_mg(_read(now), symbol) - frozen.entered_mg(chosen.figures, symbol)
    since = since_words(visit, chosen, change_mg=change_mg, element=symbol)
    if not since:
        return visit.text("Nothing has come in for this month since.")
    return visit.text("{since3}{since}.", since3=since[0].upper(), since=since[1:], since2=since)


def _fields(visit: Visit, months: questions.Months, span: Span) -> list[Field]:
    form = visit.request.POST
    offered = [(one, written.month(one, visit.language)) for one in reversed(months.all) if one in span]
    return [
        Field(
            name="period",
            label=visit.text("Month", context="log"),
            kind="select",
            options=offered,
            required=True,
            value=form.get("period", offered[0][0] if offered else ""),
        ),
        Field(
            name="reason",
            label=visit.text("Why, from the second edition on"),
            kind="textarea",
            lines=2,
            width="full",
            value=form.get("reason", ""),
            hint=visit.text(
                "It stands in the log for good; at most {reason_characters} characters.",
                reason_characters=REASON_CHARACTERS,
            ),
        ),
    ]


def _editions_table(visit: Visit, every: Sequence[Edition]) -> Table:
    rows = [
        (
            Cell(
                text=written.month(one.period, visit.language),
                value=one.period,
                href=visit.url("edition", period=one.period, query={"edition": one.number}),
            ),
            Cell(text=str(one.number), value=one.number),
            Cell(
                text=written.moment(one.entry.filed_at, visit.language, visit.reading.law.timezone),
                value=one.entry.filed_at,
            ),
            Cell(text=written.count(one.stamp[0]), value=one.stamp[0]),
            Cell(text=one.facts["reason"] or written.NOTHING, value=one.facts["reason"]),
            Cell(text=written.short_hash(one.entry.digest), value=one.entry.digest),
        )
        for one in sorted(every, key=lambda one: (one.period, one.number), reverse=True)
    ]
    return Table(
        name="editions",
        caption=visit.text("Editions"),
        columns=(
            Column(key="period", label=text("Month", context="log")),
            Column(key="edition", label=text("Edition"), number=True),
            Column(key="frozen", label=text("Frozen")),
            Column(key="computed", label=text("From entry"), number=True),
            Column(key="reason", label=text("Why", context="log, editions")),
            Column(key="sha256", label=text("Sum (SHA-256)")),
        ),
        rows=rows,
        empty=visit.text("No month is frozen yet. Its figures can be frozen once its deadline has passed."),
    )


def _filed_table(visit: Visit, chosen: Edition) -> Table:
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows = [
        (
            Cell(
                text=names.get(row["organisation"], row["organisation"]),
                value=row["organisation"],
                href=visit.url("organisation", organisation=row["organisation"]),
            ),
            Cell(text=words.word(words.FILING_STATES, row["state"], visit.language), value=row["state"]),
        )
        for row in chosen.figures["filed"]
    ]
    return Table(
        name="filed",
        caption=visit.text("Who had filed"),
        columns=(
            Column(key="organisation", label=text("Firm")),
            Column(key="state", label=text("State")),
        ),
        rows=rows,
        per_page=15,
        empty=visit.text("Nobody had filed."),
    )


def _stages(visit: Visit, stages: pl.DataFrame, *, period: str) -> Table:
    """The stages without the column of what is beyond measurement, which an edition does not hold."""
    nobody = pl.DataFrame(schema={"stage": pl.String(), "side": pl.Int64(), "muf_mg": pl.Int64()})
    made = stage_table(visit, stages, nobody, period=period)
    return Table(
        name=made.name,
        caption=made.caption,
        columns=made.columns[:-1],
        rows=[row[:-1] for row in made.rows],
        empty=made.empty,
    )


def _differences_table(visit: Visit, name: str, found: Mapping[str, list[dict[str, Any]]], symbol: str) -> Table:
    """What changed, of the element that is shown; who filed is about all elements."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows: list[Row] = []
    for part, changes in found.items():
        for row in changes:
            if row.get("element", symbol) != symbol:
                continue
            if part == "filed":
                what = names.get(row["organisation"], row["organisation"])
            elif part == "flows":
                what = f"{end_name(visit, row['from'])} → {end_name(visit, row['to'])}"
            else:
                what = words.word(words.STAGES, row["stage"], visit.language)
            cells = [_value(visit, row, side) for side in ("before", "after")]
            rows.append(
                (
                    Cell(text=what, value=what),
                    Cell(text=visit.localized(_FIELDS[row["field"]]), value=row["field"]),
                    *cells,
                    _change(visit, row),
                )
            )
    return Table(
        name=name,
        caption=visit.text("What changed"),
        columns=(
            Column(key="what", label=text("Of", context="log")),
            Column(key="field", label=text("Figure")),
            Column(key="before", label=text("Before", context="log"), number=True),
            Column(key="after", label=text("After", context="log"), number=True),
            Column(key="change", label=text("Change", context="log"), number=True),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("No figure of this element differs."),
    )


def _value(visit: Visit, row: Mapping[str, Any], side: str) -> Cell:
    value = row[side]
    if value is None:
        return Cell(text=written.NOTHING)
    if row["field"] == "state":
        return Cell(text=words.word(words.FILING_STATES, value, visit.language), value=value)
    if not row["field"].endswith("_mg"):
        return Cell(text=written.count(value), value=value)
    return Cell(text=written.mass(value, visit.language), value=value / written.MG_PER_KG)


def _change(visit: Visit, row: Mapping[str, Any]) -> Cell:
    if row["field"] == "state":
        return Cell(text=written.NOTHING)
    change = (row["after"] or 0) - (row["before"] or 0)
    if not row["field"].endswith("_mg"):
        return Cell(text=f"{change:+d}", value=change)
    return Cell(text=written.mass(change, visit.language, signed=True), value=change / written.MG_PER_KG)


def _causes_table(visit: Visit, name: str, came: pl.DataFrame) -> Table:
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows = [
        (
            Cell(text=written.count(row["entry"]), value=row["entry"], href=visit.url("entry", entry=row["entry"])),
            Cell(text=visit.localized(_CAUSES[row["cause"]]), value=row["cause"]),
            Cell(text=names.get(row["organisation"], row["organisation"]), value=row["organisation"]),
            Cell(text=written.month(row["period"], visit.language), value=row["period"]),
            Cell(
                text=written.moment(row["filed_at"], visit.language, visit.reading.law.timezone), value=row["filed_at"]
            ),
        )
        for row in came.sort("cause", "entry").iter_rows(named=True)
    ]
    return Table(
        name=name,
        caption=visit.text("Filings that came in"),
        columns=(
            Column(key="entry", label=text("Entry")),
            Column(key="cause", label=text("What", context="log, editions")),
            Column(key="organisation", label=text("Firm")),
            Column(key="period", label=text("Month", context="log")),
            Column(key="filed", label=text("Filed", context="log")),
        ),
        rows=rows,
        per_page=15,
        empty=visit.text("No filing came in."),
    )
