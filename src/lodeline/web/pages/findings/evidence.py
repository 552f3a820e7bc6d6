"""The evidence of a finding as tables: balances, months, and rows of the ledger with the way to each.

What a detector adds that has no table here is told by `evidence_words`: nothing of the evidence is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from lodeline.detection.alarm import HALF_WIDTH_95
from lodeline.detection.finding import Finding
from lodeline.language import Text, text
from lodeline.material.mass import parse_mass
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.findings import evidence_words
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

Item = Mapping[str, Any]

#: Elements in the drawing of a balance; its table has all.
ELEMENTS_DRAWN: Final = 8
EVENT_KINDS: Final[Mapping[str, Text]] = {
    "origin": text("Origin"),
    "transformation": text("Processing"),
    "shipment": text("Shipment", context="findings"),
    "receipt": text("Receipt", context="findings"),
    "export": text("Export"),
    "loss": text("Loss", context="findings"),
    "stock": text("Stock count"),
    "adjustment": text("Adjustment"),
    "move": text("Move"),
    "title": text("Change of owner"),
    "draw-reserve": text("Licence reserved"),
    "draw-exit": text("Licence drawn by an exit"),
}
#: What a row of the ledger says in columns; the rest stands in its last one.
_IN_COLUMNS: Final = frozenset(
    {"kind", "event", "on", "organisation", "movement", "entry", "mass_kg", "unaccounted_kg"}
)
#: The masses of a balance in the order in which they add up, and whether they count for (+1) or against (−1).
FLOWS: Final[tuple[tuple[str, int, Text], ...]] = (
    ("opening", 1, text("Opening")),
    ("origin", 1, text("Origin")),
    ("in", 1, text("In", context="findings")),
    ("out", -1, text("Out", context="findings")),
    ("export", -1, text("Export")),
    ("loss", -1, text("Loss", context="findings")),
    ("adjustment", 1, text("Adjusted")),
    ("physical", -1, text("Counted", context="findings")),
)


def of_kind(finding: Finding, key: str) -> list[Any]:
    """What the items of evidence called `key` hold: balances, totals."""
    return [item[key] for item in finding.evidence if key in item]


def balance_table(visit: Visit, finding: Finding) -> Table:
    """What two counts leave unexplained, element by element: the sum that does not close."""
    balances = of_kind(finding, "balance")
    milligrams = [{key: parse_mass(one[f"{key}_kg"]) for key in _KEYS} for one in balances]
    rows = []
    for one, mass in zip(balances, milligrams, strict=True):
        unit = _kilograms(visit, mass["sigma"])
        rows.append(
            (
                Cell(
                    text=one["element"], value=one["element"], note=words.element(one["element"], visit.language),
                ),
                *(
                    Cell(
                        text=unit.bare(mass[flow]) if mass[flow] else written.NOTHING,
                        value=mass[flow] / written.MG_PER_KG,
                    )
                    for flow, _, _ in FLOWS
                ),
                Cell(
                    text=unit.bare(mass["muf"], signed=True), value=mass["muf"] / written.MG_PER_KG,
                    tone="gain" if mass["muf"] < 0 else "loss",
                ),
                Cell(text=unit.bare(mass["sigma"]), value=mass["sigma"] / written.MG_PER_KG),
                Cell(text=written.sigmas(one["z"]), value=one["z"]),
            )
        )  # fmt: skip
    flows = (
        Column(
            key=flow,
            label=text("{fact} {wording}", fact='+' if sign > 0 else '−', wording=wording),
            number=True, unit="kg",
        )
        for flow, sign, wording in FLOWS
    )  # fmt: skip
    return Table(
        name="balances",
        caption=visit.text("Between the two counts"),
        columns=(
            Column(key="element", label=text("Element")),
            *flows,
            Column(key="muf", label=text("= Difference"), number=True, unit="kg"),
            Column(key="sigma", label=text("± σ"), number=True, unit="kg"),
            Column(key="z", label=text("z", context="findings"), number=True),
        ),
        rows=rows,
        empty=visit.text("This finding rests on no balance."),
    )


def _kilograms(visit: Visit, sigma_mg: int) -> Unit:
    """Kilograms for the whole table, in each row to the first figure of its σ: the sum can be followed."""
    leading = math.floor(math.log10(sigma_mg / written.MG_PER_KG)) if sigma_mg else 0
    return Unit(word=visit.text("kg"), mg=written.MG_PER_KG, decimals=max(0, -leading))


_KEYS: Final = (*(flow for flow, _, _ in FLOWS), "muf", "sigma")


def draw_balances(visit: Visit, finding: Finding) -> Markup:
    """How far each element stands from zero, in its own σ: what chance cannot reach is the same for all."""
    site = finding.subject.get("site")
    bars = [
        Bar(
            label=f"{one['element']} {words.element(one['element'], visit.language)}",
            value=abs(one["z"]),
            text=written.mass_with_sigma(abs(parse_mass(one["muf_kg"])), parse_mass(one["sigma_kg"]), visit.language)
            + f" · {abs(one['z']):.1f}σ",
            kind="gain" if one["z"] < 0 else "loss",
            href=visit.opens("balance", site=site, query={"element": one["element"]}) if site else None,
        )
        for one in of_kind(finding, "balance")[:ELEMENTS_DRAWN]
    ]
    chart = Bars(
        name=visit.text("Difference in σ, by element"), bars=tuple(bars), marker=HALF_WIDTH_95,
        marker_text=visit.text("19 of 20 lie below"),
    )  # fmt: skip
    return draw_bars(chart, width=1040)


def months_table(visit: Visit, finding: Finding) -> Table:
    """Months with the deadline that passed."""
    rows: list[Row] = [
        (
            Cell(text=written.month(item["period"], visit.language), value=item["period"]),
            Cell(text=_last_day(visit, item["deadline"]), value=item["deadline"]),
        )
        for item in finding.evidence
        if "deadline" in item
    ]
    return Table(
        name="months",
        caption=visit.text("Months not filed"),
        columns=(
            Column(key="period", label=text("Month", context="findings")),
            Column(key="deadline", label=text("Had to be filed by")),
        ),
        rows=rows,
        empty=visit.text("This finding is about no deadline."),
    )


def _last_day(visit: Visit, deadline: str) -> str:
    """The last day in time: a deadline at midnight is met on the day before."""
    last = datetime.fromisoformat(deadline).astimezone(ZoneInfo(visit.reading.law.timezone)) - timedelta(seconds=1)
    return written.day(last.date(), visit.language)


def rows_table(visit: Visit, finding: Finding) -> Table:
    """The rows of the ledger behind a finding, each with its filing, its lot and its transfer."""
    items = [item for item in finding.evidence if "kind" in item]
    facts = _facts(visit, [item["movement"] for item in items if "movement" in item])
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    firm = str(finding.subject.get("organisation", ""))
    besides = [evidence_words.besides(visit, item, _IN_COLUMNS) for item in items]
    return Table(
        name="rows",
        caption=visit.text("Rows of the ledger"),
        columns=(
            Column(key="event", label=text("Event", context="findings")),
            Column(key="on", label=text("Day")),
            Column(key="filer", label=text("Filed by")),
            Column(key="lot", label=text("Lot")),
            Column(key="mass", label=_mass_label(finding), number=True, unit="kg"),
            Column(key="entry", label=text("Log entry"), number=True),
            *([Column(key="besides", label=text("Besides"))] if any(besides) else []),
        ),
        rows=[
            (
                *_row(visit, item, facts.get(item.get("movement"), {}), names, firm=firm, signs=signed(finding)),
                *([Cell(text=more or written.NOTHING, value=more or None)] if any(besides) else []),
            )
            for item, more in zip(items, besides, strict=True)
        ],
        empty=visit.text("No row of the ledger is named."),
    )


def signed(finding: Finding) -> bool:
    """Whether the rows carry what came in and what went out of a site by sign; else a mass is what its row states."""
    return bool(of_kind(finding, "balance")) or any("gain_kg" in one for one in of_kind(finding, "totals"))


def _mass_label(finding: Finding) -> Text:
    """Which mass the rows are about: a balance's first element, oxide, or the dry mass as filed."""
    balances = of_kind(finding, "balance")
    if balances:
        symbol = balances[0]["element"]
        return text("Mass of {symbol}", symbol=symbol)
    if any("gain_kg" in one or "overrun_kg" in one for one in of_kind(finding, "totals")):
        return text("Mass, REO")
    return text("Dry mass")


def _facts(visit: Visit, movements: Sequence[int]) -> dict[object, dict[str, Any]]:
    """Movement → the line of the ledger that made it, with the name of its lot."""
    snapshot = visit.reading.snapshot
    lines = snapshot.rows("lines", "line", movements)
    named = lines.join(snapshot.rows("lots", "lot", lines["lot"].drop_nulls().unique().sort()), on="lot", how="left")
    return {row["line"]: row for row in named.iter_rows(named=True)}


def _row(
    visit: Visit, item: Item, facts: Mapping[str, Any], names: Mapping[str, str], *, firm: str, signs: bool
) -> Row:
    kind, filer = item["kind"], item.get("organisation") or facts.get("organisation") or firm
    entry, lot, event = item.get("entry", facts.get("entry")), facts.get("name"), item.get("event", "")
    # A transfer is looked up by the shipper's or the receiver's reference, which only that firm's events bear.
    transfer = visit.url("exceptions", query={"kind": "delivery", "state": "all", "q": event, "organisation": filer})
    short = parse_mass(item["unaccounted_kg"]) if "unaccounted_kg" in item else None
    # Of a transfer whose two sides differ both masses are stated, and neither is the row's.
    mass_mg = parse_mass(item["mass_kg"]) if "mass_kg" in item else None
    return (
        Cell(
            text=words.word(EVENT_KINDS, kind, visit.language), value=kind, note=event,
            href=transfer if kind in ("shipment", "receipt") and event else None,
        ),
        Cell(text=written.day(item["on"], visit.language), value=item["on"]),
        Cell(text=names.get(filer, filer), value=filer, href=visit.url("organisation", organisation=filer)),
        Cell(text=lot or written.NOTHING, value=lot, href=visit.url("lot", lot=lot) if lot else None),
        Cell(
            text=written.mass(mass_mg, visit.language, signed=signs and kind != "stock"),
            value=None if mass_mg is None else mass_mg / written.MG_PER_KG,
            note="" if short is None else visit.text("not there: ") + written.mass(short, visit.language),
        ),
        Cell(
            text=written.NOTHING if entry is None else written.count(entry), value=entry,
            href=None if entry is None else visit.url("entry", entry=entry),
        ),
    )  # fmt: skip
