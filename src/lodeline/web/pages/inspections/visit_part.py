"""What a visit measured, as tables: item by item beside the firm's own figures, D, MUF − D, bags and their analyses.

The firm and the authority are shown the same; the firm reads its lots under the names that it knows them by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.null import score_of
from lodeline.language import Text, bilingual, text
from lodeline.material.composition import read_canonical
from lodeline.material.mass import PPB
from lodeline.service.inspections.reading import RESULT, Bag, Planned
from lodeline.service.inspections.reading import Visit as Visited
from lodeline.web.pages.inspections.plan_part import PARTS
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product

OUTCOMES: Final[Mapping[str, tuple[Text, str]]] = {
    "present": (text("present"), "tick"),
    "absent": (text("absent"), "square"),
    "shipped": (text("shipped meanwhile"), "half"),
}
PLACES: Final[Mapping[str, Text]] = {
    "stock": text("stock"),
    "receipt": text("receipt"),
    "shipment": text("shipment"),
}
SIDES: Final[Mapping[str, Text]] = {
    "authority": text("Authority"),
    "firm": text("Firm"),
    "referee": text("Referee"),
}
_PARTS: Final[Mapping[str, Text]] = dict(zip(("authority", "firm", "reserve"), PARTS, strict=True))
_PER_PAGE: Final = 200

#: What a reader calls a lot, by its canonical name.
Called = Callable[[str], str]


def items_table(
    visit: Visit, found: Visited, planned: Planned | None, operator: Mapping[str, int], called: Called
) -> Table:
    """Item by item. `operator`: as `visit_figures` has it."""
    language = visit.language
    by_lot = set() if planned is None else {(one["lot"], one["place"]) for one in planned.plan["items"] if one["do"]}

    def calibrated(on: str | None) -> str:
        return visit.text("calibrated {on}", on=on) if on else ""

    def cells(one: Mapping[str, Any]) -> Row:
        word, shape = OUTCOMES[one["outcome"]]
        firm_mg, name = operator.get(f"{one['place']} {one['name']}"), called(one["name"])
        declared_mg = one["declared_dry_mg"] if one["declared_dry_mg"] is not None else firm_mg
        measured_mg = 0 if one["outcome"] == "absent" else one["dry_mg"]
        difference = None if declared_mg is None or measured_mg is None else declared_mg - measured_mg
        how = [
            one["instrument"] or "",
            one["method"] or "",
            calibrated(one["calibrated_on"]),
        ]
        return (
            Cell(text=name, value=name, note=product(one["product"], language), marks=True),
            Cell(
                text=visit.localized(word),
                value=one["outcome"],
                shape=shape,
                tone="loss" if one["outcome"] == "absent" else "ink",
                note=visit.text(", ", context="inspections, visit part, cells 1").join(
                    filter(
                        None,
                        (
                            "" if one["place"] == "stock" else visit.localized(PLACES[one["place"]]),
                            visit.text("drawn by lot")
                            if (one["name"], one["place"]) in by_lot
                            else visit.text("chosen by hand"),
                            one["note"] or "",
                        ),
                    )
                ),
            ),
            _mass(visit, one["declared_dry_mg"]),
            _mass(visit, firm_mg),
            Cell(text=visit.text("not weighed"), value=None)
            if measured_mg is None
            else _mass(
                visit,
                measured_mg,
                note=visit.text(", ", context="inspections, visit part, cells 1").join(filter(None, how)),
            ),
            _signed(visit, difference),
        )

    return Table(
        name="items",
        caption=visit.text("Item by item"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="outcome", label=text("Found", context="inspections, visit part, items table")),
            Column(key="declared", label=text("Said that day, dry"), number=True, unit="kg"),
            Column(key="firm", label=text("The firm's figure, dry"), number=True, unit="kg"),
            Column(key="measured", label=text("Measured, dry"), number=True, unit="kg"),
            Column(key="difference", label=text("Declared − measured"), number=True, unit="kg"),
        ),
        rows=[cells(row) for _, row in found.items],
        per_page=_PER_PAGE,
        empty=visit.text("Nothing was measured."),
    )


def differences_table(visit: Visit, differences: pl.DataFrame) -> Table:
    """D by stratum and element, extrapolated to the stratum, with its σ (`DIFFERENCES`)."""
    language = visit.language

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            Cell(text=words.element(row["element"], language), value=row["element"], note=row["stratum"]),
            Cell(
                text=written.count(row["measured"]),
                value=row["measured"],
                note=visit.text("of {items}", items=row["items"]),
            ),
            _mass(visit, row["operator_mg"]),
            _mass(visit, row["inspector_mg"]),
            Cell(
                text=written.mass_with_sigma(row["d_mg"], row["sigma_d_mg"], language),
                value=row["d_mg"] / written.MG_PER_KG,
            ),
            Cell(
                text=written.count(row["gross"]) if row["gross"] else written.NOTHING,
                value=row["gross"],
                tone="loss" if row["gross"] else None,
                shape="square" if row["gross"] else "",
            ),
            Cell(text=written.NOTHING)
            if row["p"] is None
            else Cell(text=written.probability(row["p"]), value=row["p"]),
        )

    return Table(
        name="differences",
        caption=visit.text("Declared − measured, by stratum"),
        columns=(
            Column(key="element", label=text("Element, stratum")),
            Column(key="measured", label=text("Items measured", context="inspections"), number=True),
            Column(key="operator", label=text("The firm's figures"), number=True, unit="kg"),
            Column(key="inspector", label=text("Measured", context="inspections, visit part"), number=True, unit="kg"),
            Column(key="d", label=text("D ± σ"), number=True, unit="kg"),
            Column(key="gross", label=text("Items gone"), number=True),
            Column(key="p", label=text("p"), number=True),
        ),
        rows=[cells(row) for row in differences.iter_rows(named=True)],
        per_page=_PER_PAGE,
        empty=visit.text("Nothing can be compared yet."),
    )


def verified_table(visit: Visit, verified: pl.DataFrame) -> Table:
    """MUF − D of the site, element by element (`VERIFIED`)."""
    language = visit.language

    def cells(row: Mapping[str, Any]) -> Row:
        waiting = row["state"] == "waiting"
        return (
            Cell(
                text=words.element(row["element"], language),
                value=row["element"],
                note=visit.text("the month is not filed yet") if waiting else "",
            ),
            Cell(text=written.mass_with_sigma(row["muf_mg"], row["sigma_muf_mg"], language), value=_kg(row["muf_mg"])),
            Cell(text=written.mass_with_sigma(row["d_mg"], row["sigma_d_mg"], language), value=_kg(row["d_mg"])),
            Cell(
                text=written.mass_with_sigma(row["verified_mg"], row["sigma_mg"], language),
                value=_kg(row["verified_mg"]),
            ),
            Cell(text=written.sigmas(row["z"]), value=row["z"]),
            _mass(visit, row["would_see_mg"]),
        )

    return Table(
        name="verified",
        caption=visit.text("MUF − D", context="inspections, visit part, verified table 1"),
        columns=(
            Column(key="element", label=text("Element")),
            Column(key="muf", label=text("MUF, by the books"), number=True, unit="kg"),
            Column(key="d", label=text("D, by the visit"), number=True, unit="kg"),
            Column(
                key="verified",
                label=text("MUF − D", context="inspections, visit part, verified table 2"),
                number=True,
                unit="kg",
            ),
            Column(key="z", label=text("z", context="inspections"), number=True),
            Column(key="would", label=text("Would have shown, 9 in 10"), number=True, unit="kg"),
        ),
        rows=[cells(row) for row in verified.iter_rows(named=True)],
        per_page=_PER_PAGE,
        empty=visit.text("The site has no balance that this visit closes."),
    )


def is_beyond(verified: pl.DataFrame) -> pl.Series:
    """Which elements are beyond what measurement explains: by MUF and D together, at the budget of a finding."""
    chances = verified["p"].fill_null(1.0).to_list()
    scores = [score_of(p, tests=max(len(chances), 1)) for p in chances]
    return pl.Series([score >= ALARM_SCORE for score in scores], dtype=pl.Boolean)


def seen_sentences(visit: Visit, verified: pl.DataFrame) -> list[str]:
    """What the visit could have seen and did not, element by element; nothing of what it did see."""
    language = visit.language
    found = []
    for row in verified.filter((pl.col("state") == "compared") & ~is_beyond(verified)).iter_rows(named=True):
        name, would = words.element(row["element"], language), written.mass(row["would_see_mg"], language)
        seen = written.mass_with_sigma(row["verified_mg"], row["sigma_mg"], language)
        found.append(
            visit.text(
                "{name}: MUF − D is {seen}. Had {would} been missing, it would have shown 9 times "
                "in 10; less may be gone unseen.",
                name=bilingual(name.capitalize(), name),
                seen=seen,
                would=would,
            )
        )
    return found


def bags_table(visit: Visit, bags: Sequence[Bag], called: Called, holder: Callable[[str], str]) -> Table:
    """Every bag with its way: who gave it to whom, when, and whether its seal was whole. `holder`: who that is in
    words."""

    def cells(one: Bag) -> Row:
        way = visit.text("; ", context="inspections").join(
            (
                visit.text(
                    "{at}: {holder} → {holder2}", at=step.at, holder=holder(step.giver), holder2=holder(step.taker)
                )
                if step.seal_intact
                else visit.text(
                    "{at}: {holder} → {holder2}, seal broken",
                    at=step.at,
                    holder=holder(step.giver),
                    holder2=holder(step.taker),
                )
            )
            for step in one.chain
        )
        return (
            Cell(text=one.bag, value=one.bag, note=visit.localized(_PARTS[one.part]), whole=True),
            Cell(text=called(one.name), value=called(one.name), marks=True),
            _mass(visit, one.gross_mg),
            Cell(text=one.seal or written.NOTHING, value=one.seal),
            Cell(
                text=holder(one.holder),
                value=one.holder,
                note=way,
                shape="cross" if one.broken else "tick",
                tone="loss" if one.broken else "flow",
            ),
            Cell(
                text=visit.text(", ", context="inspections, visit part, cells 2").join(
                    written.count(entry) for entry in one.results
                )
                or written.NOTHING
            ),
        )

    return Table(
        name="bags",
        caption=visit.text("Chain of custody"),
        columns=(
            Column(key="bag", label=text("Bag")),
            Column(key="lot", label=text("Lot")),
            Column(key="gross", label=text("Gross"), number=True, unit="kg"),
            Column(key="seal", label=text("Seal", context="inspections, visit part")),
            Column(key="holder", label=text("Held by, and its way")),
            Column(key="results", label=text("Analysed in entry")),
        ),
        rows=[cells(one) for one in bags],
        per_page=_PER_PAGE,
        empty=visit.text("No sample was taken."),
    )


def analyses_table(
    visit: Visit, found: Visited, declared: Mapping[str, Mapping[str, int]], elements: Sequence[str], called: Called
) -> Table:
    """What laboratories found of each bag, beside what is declared. `declared`: canonical lot → symbol → ppb."""
    language = visit.language
    rows: list[Row] = []
    for one in found.of(RESULT):
        side = visit.localized(SIDES[one.paper["side"]])
        for row in one.paper["rows"]:
            if not row["bag"] or row["name"] is None:
                continue
            shares, stated = read_canonical(row["composition"]), declared.get(row["name"], {})
            for symbol in (each for each in elements if each in shares):
                rows.append(
                    (
                        Cell(text=row["bag"], value=row["bag"], note=called(row["name"]), whole=True),
                        Cell(text=words.element(symbol, language), value=symbol),
                        _share(visit, stated.get(symbol)),
                        _share(visit, shares[symbol]),
                        Cell(
                            text=one.paper["laboratory"],
                            value=one.paper["laboratory"],
                            note=visit.text(", ", context="inspections, visit part, analyses table").join(
                                filter(None, (side, row["method"], row["analysed_on"]))
                            ),
                        ),
                    )
                )
    return Table(
        name="analyses",
        caption=visit.text("Analyses"),
        columns=(
            Column(key="bag", label=text("Bag")),
            Column(key="element", label=text("Element")),
            Column(key="declared", label=text("Declared"), number=True, unit="%"),
            Column(
                key="found",
                label=text("Found", context="inspections, visit part, analyses table"),
                number=True,
                unit="%",
            ),
            Column(key="laboratory", label=text("Laboratory")),
        ),
        rows=rows,
        per_page=_PER_PAGE,
        empty=visit.text("No laboratory has answered yet."),
    )


def _share(visit: Visit, ppb: int | None) -> Cell:
    if ppb is None:
        return Cell(text=written.NOTHING)
    return Cell(text=written.percent(ppb / PPB, visit.language, 3), value=ppb / PPB * 100)


def _kg(mass_mg: int | None) -> float | None:
    return None if mass_mg is None else mass_mg / written.MG_PER_KG


def _mass(visit: Visit, mass_mg: int | None, *, note: str = "") -> Cell:
    return Cell(text=written.mass(mass_mg, visit.language), value=_kg(mass_mg), note=note)


def _signed(visit: Visit, mass_mg: int | None) -> Cell:
    if not mass_mg:
        return Cell(text=written.NOTHING if mass_mg is None else "0", value=mass_mg)
    return Cell(text=written.mass(mass_mg, visit.language, signed=True), value=_kg(mass_mg))
