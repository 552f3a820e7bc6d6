"""What an inspector found, as tables: beside a balance, on the page of a firm, on the page of a site's inspections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lodeline.language import Text, bilingual, text
from lodeline.ledger.succession import holders_of
from lodeline.service.inspections.visits import Inspection, compared, inspections, standing_seals
from lodeline.web.parts.table import Cell, Column, Row, Shown, Table, shown
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

ACTS: Final[Mapping[str, Text]] = {
    "count": text("Count", context="inspections, visits part"),
    "seizure": text("Seizure"),
    "release": text("Release", context="inspections"),
    "seal": text("Sealed"),
    "unseal": text("Unsealed"),
    "end": text("Visit ended"),
    "measurement": text("Measured", context="inspections, visits part"),
    "custody": text("Bags handed over"),
    "result": text("Laboratory results"),
}
#: What is shown on the page of the visit that it belongs to.
_OF_VISITS: Final = frozenset({"measurement", "custody", "result", "end"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What the page of a balance says of the authority's counts: the newest of them, and the seals that stand."""

    made: Table | None
    on: str
    seals: str
    href: str | None
    table: Shown | None


def inspected_here(visit: Visit, site: str, *, called: Callable[[str], str], own: bool) -> Inspected | None:
    """None where nothing was entered and nobody here may enter anything. `own`: the firm reads it, of its own time."""
    register = visit.reading.snapshot.register
    holders = [visit.firm or ""] if own else holders_of(register, site)
    every = inspections(visit.reading.store, holders, site=site)
    may = not own and visit.actor.may("inspection.write", register.site_organisation.get(site))
    if not every and not may:
        return None
    newest = newest_count(every)
    made = None if newest is None else count_table(visit, newest, called=called)
    return Inspected(
        made=made,
        on="" if newest is None else written.day(newest.paper["on"], visit.language),
        seals=seals_text(visit, every),
        href=visit.opens("firm-inspections", organisation=visit.firm) if own else visit.opens("inspections", site=site),
        table=None if made is None else shown(visit, made),
    )


def newest_count(every: Sequence[Inspection]) -> Inspection | None:
    """The authority's newest count among some inspections, by its day."""
    counts = [one for one in every if one.act == "count"]
    return max(counts, key=lambda one: (one.paper["on"], one.entry.index), default=None)


def count_table(visit: Visit, inspection: Inspection, *, called: Callable[[str], str] = str) -> Table:
    """The authority's count lot by lot, beside the book and the firm's own. `called`: what a reader calls a lot."""
    language = visit.language
    rows = []
    for row in compared(visit.reading.snapshot, inspection=inspection):
        found = row["found_mg"]
        marks = [row["method"] or "", visit.text("seal {seal}", seal=row["seal"]) if row["seal"] else ""]
        rows.append(
            (
                Cell(
                    text=called(row["lot"]),
                    value=called(row["lot"]),
                    href=visit.url("lot", lot=row["lot"]),
                    note=visit.text(", ", context="inspections, visits part, count table").join(
                        mark for mark in marks if mark
                    ),
                ),
                Cell(text=visit.text("not found"), shape="square", tone="loss", value=0)
                if found is None
                else Cell(text=written.mass(found, language), value=found / written.MG_PER_KG),
                Cell(text=written.mass(row["book_mg"], language), value=row["book_mg"] / written.MG_PER_KG),
                _mass(visit, row["counted_mg"]),
                Cell(
                    text=written.mass(row["difference_mg"], language, signed=True) if row["difference_mg"] else "0",
                    value=row["difference_mg"] / written.MG_PER_KG,
                ),
            )
        )
    return Table(
        name="inspected",
        caption=visit.text("Counted by the authority"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="found", label=text("Found, dry"), number=True, unit="kg"),
            Column(key="book", label=text("In the book that day"), number=True, unit="kg"),
            Column(key="counted", label=text("Counted by the firm"), number=True, unit="kg"),
            Column(key="difference", label=text("Found − book"), number=True, unit="kg"),
        ),
        rows=rows,
        per_page=25,
        empty=visit.text("The count names no lot."),
    )


def inspections_table(visit: Visit, every: Sequence[Inspection], *, name: str = "inspections") -> Table:
    """Every visit of an inspector, newest first."""
    sites = words.site_names(visit.reading.snapshot.register)
    rows: list[Row] = []
    for one in sorted(every, key=lambda one: (one.paper["on"], one.entry.index), reverse=True):
        paper = one.paper
        mass_mg = sum(row.get("dry_mg") or 0 for row in paper["rows"])
        seals = [row["seal"] for row in paper["rows"] if row.get("seal")] + [seal["number"] for seal in paper["seals"]]
        rows.append(
            (
                Cell(text=written.day(paper["on"], visit.language), value=paper["on"]),
                Cell(
                    text=visit.localized(ACTS[one.act]),
                    value=one.act,
                    note=paper["note"],
                    # Results of reference materials alone belong to no site, and to no visit.
                    href=visit.url("inspection-visit", entry=one.entry.index)
                    if one.act in _OF_VISITS and paper["site"]
                    else None,
                ),
                Cell(text=written.NOTHING)
                if not paper["site"]
                else Cell(
                    text=sites.get(paper["site"], paper["site"]),
                    value=paper["site"],
                    href=visit.url("inspections", site=paper["site"]),
                ),
                Cell(text=written.count(len(paper["rows"])) if paper["rows"] else written.NOTHING),
                _mass(visit, mass_mg or None),
                Cell(
                    text=visit.text(", ", context="inspections, visits part, inspections table").join(seals)
                    or written.NOTHING,
                    value=" ".join(seals),
                ),
                Cell(
                    text=written.count(one.entry.index),
                    value=one.entry.index,
                    href=visit.url("entry", entry=one.entry.index),
                ),
            )
        )
    return Table(
        name=name,
        caption=visit.text("Inspections", context="inspections, visits part"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="act", label=text("What", context="inspections")),
            Column(key="site", label=text("Site")),
            Column(key="lots", label=text("Lots", context="inspections"), number=True),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="seals", label=text("Seals")),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=rows,
        per_page=15,
        empty=visit.text("No inspector has entered anything."),
    )


def seals_text(visit: Visit, every: Sequence[Inspection]) -> str:
    """The seals that stand at a site, in one sentence; "" where none does."""
    standing = standing_seals(every)
    if not standing:
        return ""
    listed = visit.text("; ", context="inspections").join(
        visit.text(
            "{number}{on} since {since}",
            number=number,
            on=bilingual(f" on {on}" if on else "", f"（{on}）" if on else ""),
            since=bilingual(written.day(since, "en"), written.day(since, "zh")),
        )
        for number, (on, since) in standing.items()
    )
    return visit.text("Seals that stand: {listed}.", listed=listed)


def _mass(visit: Visit, mass_mg: int | None) -> Cell:
    if mass_mg is None:
        return Cell(text=written.NOTHING)
    return Cell(text=written.mass(mass_mg, visit.language), value=mass_mg / written.MG_PER_KG)
