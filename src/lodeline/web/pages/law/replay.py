"""What of the ledger would come out differently under the law of another day: exports, declarations, filings, findings.

Nothing is written: everything but the law stays as it is, and what comes out the same is counted and not listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpResponse

from lodeline.detection.battery import explanation_of
from lodeline.detection.identity import named_in
from lodeline.language import Text, text
from lodeline.service.customs.replay import replay
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs.verdicts import MARKS as VERDICT_MARKS
from lodeline.web.pages.customs.verdicts import VERDICTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, RowsOf, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.law import MARKS as STATUS_MARKS
from lodeline.web.words.law import STATUS, short_title
from lodeline.web.words.lots import product
from lodeline.web.words.messages import sentences
from lodeline.web.words.words import Tone

Json = dict[str, Any]
_YEAR: Final = timedelta(days=365)
_LICENCE: Final[Mapping[str, Text]] = {
    "needed": text("licence needed"),
    "not-needed": text("no licence needed"),
    "unknown": text("not known", context="law"),
}
_LICENCE_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "needed": ("square", "hold"), "not-needed": ("tick", "flow"), "unknown": ("diamond", "ink"),
}  # fmt: skip
_COMES: Final[Mapping[str, Text]] = {
    "comes": text("appears"), "goes": text("disappears"), "changes": text("changes"),
}  # fmt: skip
_STATE_MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "filed": ("tick", "flow"), "late": ("half", "hold"), "missing": ("ring", "loss"),
}  # fmt: skip
#: Heads of the columns that say how something comes out under the one law and under the other.
Sides = tuple[Text, Text]
_DAYS: Final[Sides] = (text("Law of the first day"), text("Law of the second day"))
KINDS: Final = ("exports", "declarations", "filings", "findings")


def law_replay(visit: Visit) -> HttpResponse:
    """The page `law/replay/`: `?from=` and `?to=`, by default a year; `?known=`, by default each day itself."""
    reading = visit.reading
    second = law_days.day(visit, "to", law_days.today(reading.law))
    first = law_days.day(visit, "from", max(second - _YEAR, law_days.FIRST_DAY))
    known = None if visit.query("known") is None else law_days.day(visit, "known", second)
    found: Json = reading.answer(
        replay, reading.store, reading.snapshot, reading.law, first=first, second=second, known=known
    )
    tables = replay_tables(visit, found)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    language = visit.language
    return show(
        visit,
        "lodeline/law/law_replay.html",
        title=replay_headline(visit, found["exports"]),
        days=[
            {"on": day.isoformat(), "text": written.day(day, language), "href": _law_of(visit, day)}
            for day in (first, second)
        ],
        asked_known=visit.query("known") or "",
        bounds=(law_days.FIRST_DAY.isoformat(), law_days.LAST_DAY.isoformat()),
        counts=replay_counts(found),
        tables={name: shown(visit, table) for name, table in tables.items()},
        diff=visit.url("law-diff", query={"from": min(first, second), "to": max(first, second)}),
    )


def replay_tables(visit: Visit, found: Json, sides: Sides = _DAYS) -> dict[str, Table]:
    """The tables of what `service.customs.replay.replay` found, of rules and of each of KINDS."""
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    return {
        "exports": _exports(visit, found["exports"]["rows"], names, sides),
        "declarations": _declarations(visit, found["declarations"]["rows"], names, sides),
        "filings": _filings(visit, found["filings"]["rows"], names, sides),
        "findings": _findings(visit, found["findings"]["rows"], names),
        "rules": _rules(visit, found["law"], sides),
        **({"probes": _probes(visit, found["probes"]["rows"], sides)} if "probes" in found else {}),
        **({"altered": _altered(visit, found["altered"])} if found.get("altered") else {}),
    }


def replay_counts(found: Json) -> dict[str, dict[str, str]]:
    """Of each kind how many were judged and how many come out differently, in words."""
    return {
        kind: {"different": written.count(len(found[kind]["rows"])), "judged": written.count(found[kind]["judged"])}
        for kind in (*KINDS, "probes")
        if kind in found
    }


def replay_headline(visit: Visit, exports: Json) -> str:
    """How many exports stand otherwise, and in which way if in one only."""
    rows, judged = exports["rows"], written.count(exports["judged"])
    if not rows:
        return visit.text("None of {judged} exports would stand otherwise", judged=judged)  # fmt: skip
    number = written.count(len(rows))
    ways = {(row["from"]["licence"], row["to"]["licence"]) for row in rows}
    phrases = {
        ("not-needed", "needed"): text("would come under licence"),
        ("needed", "not-needed"): text("would need no licence any more"),
    }
    way = phrases.get(ways.pop()) if len(ways) == 1 else None
    way = way or text("would stand otherwise")
    return visit.text("{number} of {judged} exports {way}", number=number, judged=judged, way=way)


def _law_of(visit: Visit, day: date) -> str | None:
    return visit.url("law", query={"on": day.isoformat(), "known": day.isoformat()})


def _exports(visit: Visit, rows: list[Json], names: Mapping[str, str], sides: Sides) -> Table:
    return Table(
        name="exports",
        caption=visit.text("Exports"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="organisation", label=text("Exporter", context="law")),
            Column(key="lot", label=text("Lot")),
            Column(key="destination", label=text("To", context="law, replay")),
            Column(key="mass", label=text("Mass", context="law"), number=True, unit="kg"),
            Column(key="before", label=sides[0]),
            Column(key="after", label=sides[1]),
            Column(key="licence", label=text("Licence named")),
        ),
        rows=RowsOf(rows, lambda row: _export(visit, row, names)),
        empty=visit.text(
            "No export of the ledger stands otherwise under these laws. Take days on which a list is "
            "in force under one alone."
        ),
    )


def _export(visit: Visit, row: Json, names: Mapping[str, str]) -> Row:
    destination = row["destination"]
    return (
        Cell(text=written.day(row["on"], visit.language), value=row["on"], href=visit.url("entry", entry=row["entry"])),
        _firm(visit, row["organisation"], names),
        Cell(
            text=row["lot"] or "–", value=row["lot"], note=product(row["product"], visit.language),
            href=None if row["lot"] is None else visit.url("lot", lot=row["lot"]),
        ),
        Cell(text="–" if destination is None else words.country(destination, visit.language), value=destination),
        Cell(text=written.mass(float(row["mass_kg"]) * 1e6, visit.language), value=float(row["mass_kg"])),
        _licensable(visit, row["from"]),
        _licensable(visit, row["to"]),
        Cell(text=row["licence"] or "–", value=row["licence"], whole=True),
    )  # fmt: skip


def _licensable(visit: Visit, one: Json) -> Cell:
    items = [*one["items"], *one["unknown_items"]]
    text = "; ".join(dict.fromkeys(f"{item['item']} · {short_title(visit.localized(item['title']))}" for item in items))
    if one["is_trace"]:
        text += visit.text(" · trace")
    shape, tone = _LICENCE_MARKS[one["licence"]]
    return Cell(text=visit.localized(_LICENCE[one["licence"]]), note=text, shape=shape, tone=tone)


def _firm(visit: Visit, organisation: str, names: Mapping[str, str]) -> Cell:
    href = visit.url("organisation", organisation=organisation) if organisation in names else None
    return Cell(text=names.get(organisation, organisation), value=organisation, href=href)


def _declarations(visit: Visit, rows: list[Json], names: Mapping[str, str], sides: Sides) -> Table:
    return Table(
        name="declarations",
        caption=visit.text("Declarations"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="declaration", label=text("Declaration", context="law")),
            Column(key="organisation", label=text("Exporter", context="law")),
            Column(key="before", label=sides[0]),
            Column(key="after", label=sides[1]),
            Column(key="why", label=text("Why", context="law, replay")),
        ),
        rows=RowsOf(
            rows,
            lambda row: (
                Cell(text=written.day(row["on"], visit.language), value=row["on"]),
                Cell(text=row["declaration"] or visit.text("none filed"), value=row["declaration"]),
                _firm(visit, row["organisation"], names),
                _marked(visit, row["from"], VERDICTS, VERDICT_MARKS),
                _marked(visit, row["to"], VERDICTS, VERDICT_MARKS),
                _why(visit, row),
            ),
        ),
        empty=visit.text("The desk says the same word on every declaration."),
    )


def _why(visit: Visit, row: Json) -> Cell:
    """The reasons that come; where none does, those that go."""
    come, gone = row["come"], row["gone"]
    text = " ".join(one["text"][visit.language] for one in (come or gone))
    gone_only = bool(gone) and not come
    return Cell(text=text, note=visit.text("holds no more") if gone_only else "")


def _filings(visit: Visit, rows: list[Json], names: Mapping[str, str], sides: Sides) -> Table:
    return Table(
        name="filings",
        caption=visit.text("Filings", context="law"),
        columns=(
            Column(key="organisation", label=text("Firm")),
            Column(key="period", label=text("Month", context="law")),
            Column(key="before", label=sides[0]),
            Column(key="after", label=sides[1]),
        ),
        rows=[
            (
                _firm(visit, row["organisation"], names),
                Cell(text=written.month(row["period"], visit.language), value=row["period"]),
                _marked(visit, row["from"], words.FILING_STATES, _STATE_MARKS),
                _marked(visit, row["to"], words.FILING_STATES, _STATE_MARKS),
            )
            for row in rows
        ],
        empty=visit.text("Every month is in time or late as before."),
    )


def _findings(visit: Visit, rows: list[Json], names: Mapping[str, str]) -> Table:
    return Table(
        name="findings",
        caption=visit.text("Findings", context="law"),
        columns=(
            Column(key="what", label=text("What happens", context="law")),
            Column(key="detector", label=text("Finding")),
            Column(key="subject", label=text("About", context="law")),
            Column(key="period", label=text("Months", context="law")),
            Column(key="says", label=text("What it says")),
        ),
        rows=[
            (
                Cell(text=visit.localized(_COMES[row["what"]]), value=row["what"]),
                Cell(text=words.word(words.DETECTORS, row["detector"], visit.language), value=row["detector"]),
                Cell(text=" · ".join(names.get(one, one) for one in named_in(row["subject"]))),
                Cell(text=f"{row['period']['from']} – {row['period']['to']}", value=row["period"]["from"]),
                Cell(
                    text=sentences(explanation_of(row), visit.language, names),
                    value=row["explanation"][visit.language],
                ),
            )
            for row in rows
        ],
        empty=visit.text("The detectors find the same under both laws."),
    )


def _rules(visit: Visit, rows: list[Json], sides: Sides) -> Table:
    return Table(
        name="rules",
        caption=visit.text("Rules that stand otherwise"),
        columns=(
            Column(key="rule", label=text("Rule", context="law")),
            Column(key="instrument", label=text("Instrument")),
            Column(key="before", label=sides[0]),
            Column(key="after", label=sides[1]),
        ),
        rows=[
            (
                Cell(text=visit.localized(row["label"])),
                Cell(text=short_title(visit.localized(row["title"])), value=visit.localized(row["title"])),
                _marked(visit, row["from"], STATUS, STATUS_MARKS),
                _marked(visit, row["to"], STATUS, STATUS_MARKS),
            )
            for row in rows
        ],
        empty=visit.text("The two laws say the same."),
    )


def _probes(visit: Visit, rows: list[Json], sides: Sides) -> Table:
    return Table(
        name="probes",
        caption=visit.text("Probe lines"),
        columns=(
            Column(key="asks", label=text("Asks")),
            Column(key="goods", label=text("Goods", context="law")),
            Column(key="before", label=sides[0]),
            Column(key="after", label=sides[1]),
            Column(key="why", label=text("Why", context="law, replay")),
        ),
        rows=[
            (
                Cell(text=row["asks"], whole=True),
                Cell(text=row["product_name"]),
                _marked(visit, row["from"], VERDICTS, VERDICT_MARKS),
                _marked(visit, row["to"], VERDICTS, VERDICT_MARKS),
                _why(visit, row),
            )
            for row in rows
        ],
        empty=visit.text("The desk answers every probe line as before."),
    )


def _altered(visit: Visit, rows: list[Json]) -> Table:
    """Old values that the second law has otherwise or no more."""
    gone, other = text("gone"), text("another")
    return Table(
        name="altered",
        caption=visit.text("Old values that are others or gone"),
        columns=(
            Column(key="file", label=text("File")),
            Column(key="rule", label=text("Rule", context="law")),
            Column(key="from", label=text("In force from")),
            Column(key="published", label=text("Published", context="law, replay")),
            Column(key="what", label=text("Now", context="law")),
            Column(key="rows", label=text("Of it", context="law")),
        ),
        rows=[
            (
                Cell(text=row["file"], whole=True),
                Cell(text=visit.localized(row["label"]), value=row["parameter"]),
                Cell(text=written.day(row["in_force_from"], visit.language), value=row["in_force_from"]),
                Cell(text=written.day(row["published"], visit.language), value=row["published"]),
                Cell(text=visit.localized(gone if row["what"] == "went" else other), value=row["what"]),
                Cell(text=" ".join([*(f"−{one}" for one in row["rows_gone"]), *(f"+{one}" for one in row["rows_come"])])
                     or row["value"] or ", ".join(row["parts"])),
            )
            for row in rows
        ],
        empty="",
    )  # fmt: skip


def _marked(
    visit: Visit, state: str | None, texts: Mapping[str, Text], marks: Mapping[str, tuple[str, Tone]]
) -> Cell:  # fmt: skip
    if state is None:
        return Cell(text=visit.text("nothing due"))
    shape, tone = marks[state]
    return Cell(text=visit.localized(texts[state]), value=state, shape=shape, tone=tone)
