"""Does not match: deliveries, invoices and customs lines that say other than what was filed, in one list.

What does not match comes first; what may still come, and what has closed, are asked for. Figures are of what does not
match, narrowed by the address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.detection.finding import Finding
from lodeline.language import bilingual, text
from lodeline.regulation.span import Span
from lodeline.service.filing import transfers as deliveries
from lodeline.service.filing.mismatches import KINDS
from lodeline.service.filing.mismatches import mismatches as laid_together
from lodeline.service.findings.finding import findings
from lodeline.service.matching import exceptions as records
from lodeline.web.drawing.bars import BarKind, Part, Stack, Stacks, draw_stacks
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import asked
from lodeline.web.pages.common.filters import NAMES, Filters, filters, span_asked
from lodeline.web.pages.matching.rows import firms_table, mismatch_table, overdrawn_table
from lodeline.web.pages.matching.scales import pairs_table, weighed
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import Visit
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import mismatches as mismatch_words
from lodeline.web.words import words

#: Parameters of the filter line that this page takes.
_TAKES: Final = ("period", "region", "organisation")
_AGE_KINDS: Final[Mapping[str, BarKind]] = {
    "delivery": "loss", "invoice": "hold", "border": "gain", "not-due": "quiet",
}  # fmt: skip
#: What the list of deliveries called its states before.
_FORMER_STATES: Final = {
    "exception": "open", "differs": "open", "waiting": "not-due", "matched": "closed", "delivered-unfiled": "closed",
}  # fmt: skip
#: States in which deliveries are listed that have closed.
_CLOSED_TOO: Final = ("closed", "all")
#: Days from which a class of age begins; the last has no end.
_AGES: Final = (0, *(days + 1 for days in deliveries.AGES))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the address asks for. None: not narrowed by it."""

    state: str
    kind: str | None
    cause: str | None
    age: int | None
    text: str | None
    span: Span | None
    line: Filters | None
    firms: frozenset[str] | None


def mismatches(visit: Visit) -> HttpResponse:
    """The page `exceptions/`: `?kind=`, `?cause=`, `?state=` (by default what does not match), `?age=`, `?q=`,
    `?organisation=`, `?region=`, `?period=` narrow it."""
    reading = visit.reading
    weighings = reading.answer(deliveries.weighings, reading.snapshot, reading.law)
    papers = reading.answer(records.every, reading.store, reading.snapshot, reading.law)
    wanted = _wanted(visit)
    any_filed = bool(weighings.height or papers.height)
    questionable = reading.answer(deliveries.questionable_transfers, reading.snapshot, reading.law)
    names = words.organisation_names(reading.snapshot.register, visit.language)
    about = every = _about(laid_together(questionable, papers), wanted)
    if wanted.state in _CLOSED_TOO:
        # Most deliveries have closed: they are laid beside the rest only for who asks for them.
        told = reading.answer(deliveries.standing_transfers, reading.snapshot, reading.law)
        every = _about(laid_together(told, papers), wanted)
    opened = about.filter(pl.col("state") == "open")
    of_kind = _of_kind(opened, wanted)
    ages = _ages(about)
    weighings = _weighings(weighings, wanted)
    tables = {
        "mismatches": mismatch_table(visit, _listed(every, wanted), names),
        "firms": firms_table(visit, of_kind, names),
        "ages": _ages_table(visit, ages),
        "pairs": pairs_table(visit, weighings, names),
        "lots": overdrawn_table(visit, _overdrawn(visit, wanted), names),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    waiting = _of_kind(about, wanted).filter(pl.col("state") == "not-due").height
    return show(
        visit,
        "lodeline/matching/mismatches.html",
        title=_headline(visit, of_kind, waiting, any_filed=any_filed),
        waiting=asked.counted(waiting, "more is", "more are") if waiting and visit.language == "en" else waiting,
        waiting_href=visit.here(state="not-due", age=None, **{"mismatches.page": None}),
        kinds=_kind_tabs(visit, opened, wanted),
        tiles=_tiles(visit, of_kind),
        drawing=_draw_ages(visit, ages),
        day=written.day(deliveries.last_filing_day(reading.snapshot, reading.law), visit.language),
        weighed=weighed(visit, weighings),
        overdrawn=written.count(len(tables["lots"].rows)) if tables["lots"].rows else None,
        tables={name: shown(visit, table) for name, table in tables.items()},
        **_choices(visit, set(every["cause"].unique()), about, weighings, wanted),
    )


def _wanted(visit: Visit) -> _Wanted:
    months = asked.months(visit)
    line = None if months is None else filters(visit, months, takes=("region", "organisation"))
    state = visit.query("state") or "open"
    if state not in _FORMER_STATES:
        asked.one_of(visit, "state", mismatch_words.STATES)
    age = asked.one_of(visit, "age", {str(days): bilingual("", "") for days in _AGES})
    return _Wanted(
        state=_FORMER_STATES.get(state, state),
        kind=asked.one_of(visit, "kind", mismatch_words.KINDS),
        cause=asked.one_of(visit, "cause", mismatch_words.CAUSES),
        age=None if age is None else int(age),
        text=visit.query("q"),
        span=None if months is None else span_asked(visit, months),
        line=line,
        firms=None if line is None else line.firms(visit.reading.snapshot.register),
    )


def _about(every: pl.DataFrame, wanted: _Wanted) -> pl.DataFrame:
    """The rows of the firms and months asked about: a delivery is about both its sides."""
    if wanted.firms is not None:
        either = (pl.col("kind") == "delivery") & pl.col("counterparty").is_in(wanted.firms)
        every = every.filter(pl.col("organisation").is_in(wanted.firms) | either)
    return every if wanted.span is None else every.filter(_within("on", wanted.span))


def _overdrawn(visit: Visit, wanted: _Wanted) -> list[Finding]:
    """Sites that drew more from lots than was ever put in: a paper is missing, or a row names the wrong lot."""
    reading = visit.reading
    span, firms = wanted.span, wanted.firms
    return [
        row for row in reading.answer(findings, reading.store, reading.snapshot, reading.law).raised
        if row.detector == "over-drawn-lot" and (firms is None or row.subject["organisation"] in firms)
        and (span is None or (row.first_period <= span.last and row.last_period >= span.first))
    ]  # fmt: skip


def _of_kind(rows: pl.DataFrame, wanted: _Wanted) -> pl.DataFrame:
    return rows if wanted.kind is None else rows.filter(pl.col("kind") == wanted.kind)


def _within(day: str, span: Span) -> pl.Expr:
    return pl.col(day).dt.strftime("%Y-%m").is_between(pl.lit(span.first), pl.lit(span.last))


def _weighings(every: pl.DataFrame, wanted: _Wanted) -> pl.DataFrame:
    """What was weighed of the deliveries asked about, closed or not: scales disagree about what has closed."""
    if wanted.firms is not None:
        every = every.filter(pl.col("shipper").is_in(wanted.firms) | pl.col("receiver").is_in(wanted.firms))
    if wanted.span is None:
        return every
    return every.filter(pl.col("period").is_between(pl.lit(wanted.span.first), pl.lit(wanted.span.last)))


def _listed(about: pl.DataFrame, wanted: _Wanted) -> pl.DataFrame:
    conditions = [
        pl.col(name) == value
        for name, value in (("kind", wanted.kind), ("cause", wanted.cause)) if value is not None
    ]  # fmt: skip
    if wanted.state == "unclosed":
        # A delivery that has closed with a difference has no age any more.
        closed_anyhow = (pl.col("kind") == "delivery") & pl.col("age_days").is_null()
        conditions.append((pl.col("state") != "closed") & ~closed_anyhow)
    elif wanted.state != "all":
        conditions.append(pl.col("state") == wanted.state)
    if wanted.age is not None:
        ends = dict(zip(_AGES, (*deliveries.AGES, None), strict=True))
        conditions.append(pl.col("age_days").is_between(wanted.age, ends[wanted.age] or 1_000_000))
    if wanted.text is not None:
        named = [pl.col(column).fill_null("").str.to_lowercase() for column in ("what", "events")]
        conditions.append(pl.any_horizontal(one.str.contains(wanted.text.lower(), literal=True) for one in named))
    return about.filter(*conditions) if conditions else about


def _headline(visit: Visit, opened: pl.DataFrame, waiting: int, *, any_filed: bool) -> str:
    if not any_filed:
        return visit.text("Nothing was filed that could match")
    if not opened.height:
        may_come = asked.counted(waiting, "record may still come", "records may still come")
        return (
            visit.text(
                "Filings, invoices and the border match; {may_come}",
                may_come=bilingual(may_come, written.count(waiting)),
            )
            if waiting
            else visit.text("Filings, invoices and the border match")
        )
    counts = dict(opened.group_by("kind").len().iter_rows())
    parts = [(kind, counts[kind]) for kind in KINDS if kind in counts]
    english = [
        asked.counted(count, mismatch_words.ONE[kind]["en"], mismatch_words.KINDS[kind]["en"].lower())
        for kind, count in parts
    ]
    named = f"{', '.join(english[:-1])} and {english[-1]}" if english[1:] else english[0]
    listed = "、".join(f"{written.count(count)}{mismatch_words.ONE[kind]['zh']}" for kind, count in parts)
    if opened.height == 1:
        return visit.text("{named} does not match", named=bilingual(named, listed))
    return visit.text("{named} do not match", named=bilingual(named, listed))


def _kind_tabs(visit: Visit, opened: pl.DataFrame, wanted: _Wanted) -> list[Tab]:
    """All that does not match, and each kind of it."""
    counts = dict(opened.group_by("kind").len().iter_rows())

    def tab(kind: str | None, label: str, count: int) -> Tab:
        href = visit.here(kind=kind, cause=None, **{"mismatches.page": None})
        return Tab(label=label, href=href, here=wanted.kind == kind, count=written.count(count))

    every = tab(None, visit.text("All"), opened.height)
    return [every, *(tab(kind, visit.localized(mismatch_words.KINDS[kind]), counts.get(kind, 0)) for kind in KINDS)]


def _tiles(visit: Visit, opened: pl.DataFrame) -> list[dict[str, object]]:
    """How many are open of each cause that occurs, with the mass at stake; each leads to its rows."""
    by_cause = opened.group_by("cause").agg(n=pl.len(), mass=pl.col("mass_mg").sum())
    figures = {cause: (n, mass) for cause, n, mass in by_cause.iter_rows()}
    return [
        {
            "label": visit.localized(word), "figure": written.count(figures[cause][0]),
            "sub": written.mass(mass, visit.language) if (mass := figures[cause][1]) else written.NOTHING,
            "shape": mismatch_words.MARKS[cause][0], "tone": mismatch_words.MARKS[cause][1], "trend": "",
            "href": visit.here(cause=cause, state=None, age=None, **{"mismatches.page": None}) + "#mismatches",
        }
        for cause, word in mismatch_words.CAUSES.items() if cause in figures
    ]  # fmt: skip


def _choices(
    visit: Visit, causes: Collection[str], about: pl.DataFrame, weighings: pl.DataFrame, wanted: _Wanted
) -> dict[str, Any]:
    """What the form offers, what is chosen, and what it carries."""
    offered = {key: word for key, word in mismatch_words.CAUSES.items() if key in (*causes, wanted.cause)}
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    named = [about[one] for one in ("organisation", "counterparty")] + [
        weighings[one] for one in ("shipper", "receiver")
    ]
    firms = {one for column in named for one in column.unique() if one in names}
    months = asked.months(visit)
    line = wanted.line
    regions = next((one.options for one in line.line if one.name == "region"), ()) if line is not None else ()
    return {
        "causes": asked.options(visit, offered),
        "states": asked.options(visit, mismatch_words.STATES),
        "age_options": [(str(days), _age(visit, days)) for days in _AGES],
        "organisations": sorted(((one, names[one]) for one in firms), key=lambda one: one[1]),
        "regions": regions,
        "months": asked.period_options(visit, months, wanted.span),
        "asked": {name: visit.query(name) or "" for name in ("kind", "cause", "age", "q", "region")}
        | {
            "state": wanted.state, "period": "" if wanted.span is None else str(wanted.span),
            "organisation": (line and line.organisation) or "",
        },
        "successor_of": line and line.successor_of,
        "rest": {name: value for name in NAMES if name not in _TAKES and (value := visit.query(name))},
    }  # fmt: skip


def _age(visit: Visit, from_days: int) -> str:
    ends = dict(zip(_AGES, (*deliveries.AGES, None), strict=True))
    to_days = ends[from_days]
    if to_days is None:
        return visit.text("More than {from_days} days", from_days=from_days - 1)
    return visit.text("{from_days} to {to_days} days", from_days=from_days, to_days=to_days)


def _ages(about: pl.DataFrame) -> pl.DataFrame:
    """What has an age by class of age and kind; what is not due by itself."""
    return deliveries.ages(
        about.select(
            "age_days", standing=pl.when(pl.col("state") == "open").then("kind").otherwise(pl.lit("not-due")),
            shipped_mg=pl.col("mass_mg"), received_mg=pl.col("mass_mg"),
        )
    )  # fmt: skip


def _ages_table(visit: Visit, ages: pl.DataFrame) -> Table:
    rows = [
        (
            Cell(text=_age(visit, row["from_days"]), value=row["from_days"]),
            Cell(text=_standing(visit, row["standing"]), value=row["standing"]),
            Cell(text=written.count(row["count"]), value=row["count"], href=_rows_at(visit, row)),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"] / written.MG_PER_KG),
        )
        for row in ages.iter_rows(named=True)
    ]
    return Table(
        name="ages",
        caption=visit.text("How long it has waited"),
        columns=(
            Column(key="age", label=text("Age")),
            Column(key="kind", label=text("Kind", context="matching")),
            Column(key="count", label=text("Number", context="matching, mismatches"), number=True),
            Column(key="mass", label=text("At stake", context="matching, mismatches"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.text("Nothing waits.", context="matching"),
    )


def _standing(visit: Visit, standing: str) -> str:
    return words.word({**mismatch_words.KINDS, **exception_words.STATES}, standing, visit.language)


def _rows_at(visit: Visit, row: Mapping[str, Any]) -> str:
    """The rows of a class of age and kind."""
    not_due = row["standing"] == "not-due"
    asks = {"state": "not-due", "kind": None} if not_due else {"state": None, "kind": row["standing"]}
    return visit.here(age=row["from_days"], cause=None, **asks, **{"mismatches.page": None}) + "#mismatches"


def _draw_ages(visit: Visit, ages: pl.DataFrame) -> Markup:
    stacks: dict[str, list[Part]] = {}
    for row in ages.iter_rows(named=True):
        mass = written.mass(row["mass_mg"], visit.language)
        stacks.setdefault(_age(visit, row["from_days"]), []).append(
            Part(
                label=_standing(visit, row["standing"]), value=row["count"],
                text=f"{written.count(row['count'])} · {mass}", kind=_AGE_KINDS[row["standing"]],
                href=_rows_at(visit, row),
            )
        )  # fmt: skip
    name = visit.text("What does not match or waits, by age")
    drawn = tuple(Stack(label=label, parts=tuple(parts)) for label, parts in stacks.items())
    return draw_stacks(Stacks(name=name, stacks=drawn), width=640)
