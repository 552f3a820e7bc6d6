"""Quotas of a year: what was granted, what has been drawn on it, what is left, and who is beyond it.

The nation's quota stands beside where it was published, with its source; where it was not, the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline import language as lang
from lodeline.language import bilingual
from lodeline.material.mass import UNITS_MG
from lodeline.service.licences import quotas as questions
from lodeline.service.licences.quotas import NationalQuota
from lodeline.service.licences.runs import PlannedRun, planned_runs
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.web.access.territory import kept_to_firms
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import asked, law_days
from lodeline.web.pages.licences.runs import runs_table
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Grants in one drawing; the table has all.
_DRAWN: Final = 15
_EVIDENCE: Final = {
    "text": lang.text("text of the notice"),
    "case": lang.text("published case"),
    "secondary": lang.text("as reported, not the notice itself"),
    "assumption": lang.text("assumption", context="licences"),
}


def quotas(visit: Visit) -> HttpResponse:
    """The page `quotas/`: `?year=`, `?kind=`, `?ore=`, `?organisation=` narrow it; by default the newest year."""
    reading = visit.reading
    every = reading.answer(questions.grants, reading.store, reading.snapshot, day=law_days.today(reading.law))
    names = words.organisation_names(reading.snapshot.register, visit.language)
    years = sorted(every["year"].unique(), reverse=True)
    year = _year(visit, years)
    years = sorted({*years, *([] if year is None else [year])}, reverse=True)
    kind, ore = asked.one_of(visit, "kind", words.QUOTA_KINDS), asked.one_of(visit, "ore", words.ORE_TYPES)
    organisation = asked.organisation(visit, names)
    of_year = every.filter(pl.col("year").is_in([] if year is None else [year]))
    chosen = {"kind": kind, "ore_type": ore, "organisation": organisation}
    rows = of_year.filter(**{column: value for column, value in chosen.items() if value is not None}).sort(
        pl.col("share").is_null(), -pl.col("share"), "organisation", "kind"
    )
    nation = [] if year is None else _nation(visit, year)
    planned = reading.answer(_planned, reading.store, reading.snapshot, day=law_days.today(reading.law))
    of_year_too = {"year": year, **chosen}
    wanted = {column: value for column, value in of_year_too.items() if value is not None}
    planned = tuple(one for one in planned if all(getattr(one, column) == value for column, value in wanted.items()))
    tables = {
        "quotas": _grants_table(visit, rows, names),
        "runs": runs_table(visit, planned, names),
        "nation": _nation_table(visit, nation, of_year),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    filed = asked.months(visit)
    return show(
        visit,
        "lodeline/licences/quotas.html",
        title=_headline(visit, rows, year, names),
        year=year,
        sums=[one for kind in words.QUOTA_KINDS if (one := _sum(visit, rows, kind))],
        until=None if filed is None else written.month(filed.all[-1], visit.language),
        tiles=_tiles(visit, rows),
        drawings=[
            {"name": visit.localized(words.QUOTA_KINDS[kind]), "svg": drawing, "drawn": _drawn(visit, of_kind)}
            for kind in words.QUOTA_KINDS
            if (drawing := _draw(visit, of_kind := rows.filter(pl.col("kind") == kind), names))
        ],
        unjudged=bool(rows.filter(~pl.col("judged")).height),
        tables={name: shown(visit, table) for name, table in tables.items()},
        law=visit.url("law", query={"on": f"{year}-12-31"} if year else None),
        years=[(str(one), visit.localized(bilingual(str(one), f"{one}年"))) for one in years],
        kinds=asked.options(visit, words.QUOTA_KINDS),
        ores=asked.options(visit, words.ORE_TYPES),
        organisations=sorted(
            {(one, names.get(one, one)) for one in every["organisation"]}, key=lambda option: option[1]
        ),
        asked={
            "year": str(year or ""),
            "kind": kind or "",
            "ore": ore or "",
            "organisation": organisation or "",
        },
    )


@kept_to_firms
def _planned(store: Store, snapshot: Snapshot, *, day: date) -> tuple[PlannedRun, ...]:
    """Planned runs of all firms."""
    return planned_runs(store, snapshot.register, day=day)


def _year(visit: Visit, years: list[int]) -> int | None:
    """The year asked for, by default the newest with a grant or a draw; None where there is none."""
    text = visit.query("year")
    if text is None:
        return years[0] if years else None
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise BadQuestionError(lang.text("{text!r} is no year: write it like 2025.", text=text))
    return int(text)


def _headline(visit: Visit, rows: pl.DataFrame, year: int | None, names: Mapping[str, str]) -> str:
    if year is None:
        return visit.text("No quota has been granted or drawn on")
    granted = rows.filter(pl.col("judged"))
    over = granted.filter(pl.col("overdrawn_mg") > 0)
    if not granted.height:
        return visit.text("No grant of {year} is in the register", year=year)
    if not over.height:
        return visit.text("No grant of {year} is overdrawn", year=year, height=written.count(granted.height))
    mass = written.mass(int(over["overdrawn_mg"].sum()), visit.language)
    if over.height == 1:
        name = names.get(over["organisation"][0], over["organisation"][0])
        return visit.text("{name} is {mass} beyond its quota of {year}", name=name, mass=mass, year=year)
    return visit.text(
        "{height} of {height2} grants of {year} are overdrawn, by {mass}",
        height=written.count(over.height),
        height2=written.count(granted.height),
        year=year,
        mass=mass,
    )


def _sum(visit: Visit, rows: pl.DataFrame, kind: str) -> dict[str, str] | None:
    """What is granted and used of a kind, in words for the sentence below the headline."""
    of_kind = rows.filter((pl.col("kind") == kind) & pl.col("judged"))
    granted, used = int(of_kind["granted_mg"].sum()), int(of_kind["used_mg"].sum())
    if not granted:
        return None
    return {
        "kind": visit.localized(words.QUOTA_KINDS[kind]),
        "share": written.percent(used / granted, visit.language),
        "granted": written.mass(granted, visit.language),
    }


def _tiles(visit: Visit, rows: pl.DataFrame) -> list[dict[str, object]]:
    """Granted, reserved, used, overdrawn and left: the first and the fourth make the other three."""
    labels = {
        "granted_mg": lang.text("Granted, REO", context="licences"),
        "reserved_mg": lang.text("Reserved"),
        "used_mg": lang.text("Used", context="licences"),
        "overdrawn_mg": lang.text("Overdrawn"),
        "left_mg": lang.text("Left", context="licences"),
    }
    judged = rows.filter(pl.col("judged"))
    over = judged.filter(pl.col("overdrawn_mg") > 0).height
    counts = {
        "granted_mg": visit.localized(
            bilingual(asked.counted(judged.height, "grant", "grants"), f"{written.count(judged.height)}项指标")
        ),
        "overdrawn_mg": visit.localized(
            bilingual(asked.counted(over, "grant", "grants"), f"{written.count(over)}项指标")
        ),
    }
    return [
        {
            "label": visit.localized(label),
            "figure": written.mass(int(judged[mass].sum()), visit.language),
            "trend": "",
            "sub": counts.get(mass, ""),
            "shape": "square" if mass == "overdrawn_mg" and over else "",
            "tone": "hold",
        }
        for mass, label in labels.items()
    ]


def _label(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    name = names.get(row["organisation"], row["organisation"])
    ore = words.word(words.ORE_TYPES, row["ore_type"], visit.language) if row["ore_type"] else ""
    return f"{name} · {ore}" if ore else name


def _drawn(visit: Visit, rows: pl.DataFrame) -> str:
    """What the drawing shows of these grants."""
    number = rows["share"].count()
    if number <= _DRAWN:
        return visit.text("Most used first; the line is the grant.")
    return visit.text(
        "The {drawn} most used of {number}; the line is the grant.", drawn=_DRAWN, number=written.count(number)
    )


def _draw(visit: Visit, rows: pl.DataFrame, names: Mapping[str, str]) -> Markup:
    """How much of each grant is used, most first; the line is the grant."""
    bars = tuple(
        Bar(
            label=_label(visit, row, names),
            value=row["share"],
            text=visit.text(
                "{share} of {granted_mg}",
                share=bilingual(written.percent(row["share"], "en"), written.percent(row["share"], "zh")),
                granted_mg=bilingual(written.mass(row["granted_mg"], "en"), written.mass(row["granted_mg"], "zh")),
            ),
            kind="hold" if row["overdrawn_mg"] else "flow",
            href=visit.url("organisation", organisation=row["organisation"]),
        )
        for row in rows.filter(pl.col("share").is_not_null()).head(_DRAWN).iter_rows(named=True)
    )
    chart = Bars(
        name=visit.text("Quota used, by firm"),
        bars=bars,
        marker=1.0,
        marker_text=visit.text("the grant"),
    )
    return draw_bars(chart)


def _grants_table(visit: Visit, rows: pl.DataFrame, names: Mapping[str, str]) -> Table:
    return Table(
        name="quotas",
        caption=visit.text("Grants and what draws on them"),
        columns=(
            Column(key="organisation", label=lang.text("Firm")),
            Column(key="kind", label=lang.text("Quota", context="licences, quotas")),
            Column(key="year", label=lang.text("Year", context="licences"), number=True),
            Column(key="granted", label=lang.text("Granted, REO", context="licences"), number=True, unit="kg"),
            Column(key="reserved", label=lang.text("Reserved"), number=True, unit="kg"),
            Column(key="used", label=lang.text("Used", context="licences"), number=True, unit="kg"),
            Column(key="share", label=lang.text("Of it", context="licences"), number=True),
            Column(key="overdrawn", label=lang.text("Overdrawn"), number=True, unit="kg"),
            Column(key="left", label=lang.text("Left", context="licences"), number=True, unit="kg"),
        ),
        rows=[_grant_row(visit, row, names) for row in rows.iter_rows(named=True)],
        empty=visit.text(
            "No grant and no draw is like that: take a filter away. Grants enter by the register (`quotas.csv`)."
        ),
    )


def _grant_row(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    language, one = visit.language, row["organisation"]

    def mass(key: str) -> Cell:
        value = row[f"{key}_mg"]
        text = written.mass(value, language) if value else written.NOTHING
        return Cell(text=text, value=None if value is None else value / written.MG_PER_KG)

    over = mass("overdrawn")
    if row["overdrawn_mg"]:
        over = Cell(text=over.text, value=over.value, shape="square", tone="hold")
    ore = words.word(words.ORE_TYPES, row["ore_type"], language) if row["ore_type"] else ""
    return (
        Cell(
            text=names.get(one, one),
            value=one,
            note=one if names.get(one) != one else "",
            href=visit.url("organisation", organisation=one) if one in names else None,
        ),
        Cell(text=words.word(words.QUOTA_KINDS, row["kind"], language), value=row["kind"], note=ore),
        Cell(text=str(row["year"]), value=row["year"]),
        mass("granted") if row["judged"] else Cell(text=visit.text("not known", context="licences")),
        mass("reserved"),
        mass("used"),
        Cell(text=written.percent(row["share"], language), value=row["share"]),
        over,
        mass("left"),
    )


def _nation(visit: Visit, year: int) -> list[NationalQuota]:
    found = (questions.national_quota(visit.reading.law, kind, year) for kind in words.QUOTA_KINDS)
    return [one for one in found if one is not None]


def _nation_table(visit: Visit, nation: list[NationalQuota], of_year: pl.DataFrame) -> Table:
    """The nation's quota of the year beside what this register has granted."""
    granted = dict(of_year.group_by("kind").agg(pl.col("granted_mg").sum()).iter_rows())
    return Table(
        name="nation",
        caption=visit.text("The nation's quota"),
        columns=(
            Column(key="kind", label=lang.text("Quota", context="licences, quotas")),
            Column(key="total", label=lang.text("Nation, REO"), number=True, unit="kg"),
            Column(key="rock", label=lang.text("Rock ore"), number=True, unit="kg"),
            Column(key="ion", label=lang.text("Ion-adsorption ore"), number=True, unit="kg"),
            Column(key="granted", label=lang.text("Granted in this register"), number=True, unit="kg"),
            Column(key="source", label=lang.text("Source", context="licences")),
        ),
        rows=[_nation_row(visit, one, granted.get(one.kind, 0)) for one in nation],
        empty=visit.text("The law pack holds no national quota."),
    )


def _nation_row(visit: Visit, one: NationalQuota, granted_mg: int) -> Row:
    def tonnes(part: str, value: int | None) -> Cell:
        if value is None:
            return Cell(text=written.NOTHING)
        text = written.mass(value * UNITS_MG["t"], visit.language)
        about = visit.text("about ") if part in one.about else ""
        return Cell(text=about + text, value=value * UNITS_MG["t"] / written.MG_PER_KG)

    total = tonnes("total", one.total_t)
    if one.status == "unpublished":
        total = Cell(text=visit.text("not published"))
    elif one.status == "unknown":
        total = Cell(text=visit.text("not in the law pack"))
    return (
        Cell(text=visit.localized(words.QUOTA_KINDS[one.kind]), value=one.kind),
        total,
        tonnes("rock", one.rock_t),
        tonnes("ion", one.ion_t),
        Cell(
            text=written.mass(granted_mg, visit.language) if granted_mg else written.NOTHING,
            value=granted_mg / written.MG_PER_KG,
        ),
        _source(visit, one),
    )


def _source(visit: Visit, one: NationalQuota) -> Cell:
    """What the pack cites, how good the evidence is, and its note."""
    value = one.source
    if value is None:
        return Cell(text=written.NOTHING)
    title = visit.localized(visit.reading.law.title(value.citation.instrument))
    texts = [visit.localized(value.citation.article), words.word(_EVIDENCE, value.evidence, visit.language)]
    if one.status == "published":
        texts.append(visit.text("published ") + written.day(value.published, visit.language))
    if value.note is not None:
        texts.append(visit.localized(value.note))
    return Cell(text=title, value=title, note=visit.text("; ", context="licences").join(texts))
