"""What a visit measured, as tables: item by item beside the firm's own figures, D, MUF − D, bags and their analyses.

The firm and the authority are shown the same; the firm reads its lots under the names that it knows them by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.null import score_of
from lodeline.material.composition import read_canonical
from lodeline.material.mass import PPB
from lodeline.service.inspections.reading import RESULT, Bag, Planned
from lodeline.service.inspections.reading import Visit as Visited
from lodeline.web.pages.inspections.plan_part import PARTS
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text
from lodeline.web.words.lots import product

OUTCOMES: Final[Mapping[str, tuple[Text, str]]] = {
    "present": (text("present", "在场"), "tick"),
    "absent": (text("absent", "不在场"), "square"),
    "shipped": (text("shipped meanwhile", "已发出"), "half"),
}
PLACES: Final[Mapping[str, Text]] = {
    "stock": text("stock", "库存"),
    "receipt": text("receipt", "收货"),
    "shipment": text("shipment", "发货"),
}
SIDES: Final[Mapping[str, Text]] = {
    "authority": text("Authority", "主管部门"),
    "firm": text("Firm", "企业"),
    "referee": text("Referee", "仲裁"),
}
_PARTS: Final[Mapping[str, Text]] = dict(zip(("authority", "firm", "reserve"), PARTS, strict=True))
_PER_PAGE: Final = 200

#: What a reader calls a lot, by its canonical name.
Called = Callable[[str], str]


def items_table(
    visit: Visit, found: Visited, planned: Planned | None, operator: Mapping[str, int], called: Called
) -> Table:  # fmt: skip
    """Item by item. `operator`: as `visit_figures` has it."""
    language = visit.language
    by_lot = set() if planned is None else {(one["lot"], one["place"]) for one in planned.plan["items"] if one["do"]}

    def calibrated(on: str | None) -> str:
        return visit.text(f"calibrated {on}", f"{on} 检定") if on else ""

    def cells(one: Mapping[str, Any]) -> Row:
        word, shape = OUTCOMES[one["outcome"]]
        firm_mg, name = operator.get(f"{one['place']} {one['name']}"), called(one["name"])
        declared_mg = one["declared_dry_mg"] if one["declared_dry_mg"] is not None else firm_mg
        measured_mg = 0 if one["outcome"] == "absent" else one["dry_mg"]
        difference = None if declared_mg is None or measured_mg is None else declared_mg - measured_mg
        how = [
            one["instrument"] or "", one["method"] or "",
            calibrated(one["calibrated_on"]),
        ]  # fmt: skip
        return (
            Cell(text=name, value=name, note=product(one["product"], language), marks=True),
            Cell(
                text=visit.localized(word), value=one["outcome"], shape=shape,
                tone="loss" if one["outcome"] == "absent" else "ink",
                note=visit.text(", ", "，").join(
                    filter(None, (
                        "" if one["place"] == "stock" else visit.localized(PLACES[one["place"]]),
                        visit.text("drawn by lot", "随机抽取") if (one["name"], one["place"]) in by_lot
                        else visit.text("chosen by hand", "自行选取"),
                        one["note"] or "",
                    ))
                ),
            ),
            _mass(visit, one["declared_dry_mg"]),
            _mass(visit, firm_mg),
            Cell(text=visit.text("not weighed", "未称重"), value=None)
            if measured_mg is None
            else _mass(visit, measured_mg, note=visit.text(", ", "，").join(filter(None, how))),
            _signed(visit, difference),
        )  # fmt: skip

    return Table(
        name="items",
        caption=visit.text("Item by item", "逐件结果"),
        columns=(
            Column(key="lot", label=text("Lot", "批次")),
            Column(key="outcome", label=text("Found", "所见")),
            Column(key="declared", label=text("Said that day, dry", "当日申报，干基"), number=True, unit="kg"),
            Column(key="firm", label=text("The firm's figure, dry", "企业数据，干基"), number=True, unit="kg"),
            Column(key="measured", label=text("Measured, dry", "实测，干基"), number=True, unit="kg"),
            Column(key="difference", label=text("Declared − measured", "申报 − 实测"), number=True, unit="kg"),
        ),
        rows=[cells(row) for _, row in found.items],
        per_page=_PER_PAGE,
        empty=visit.text("Nothing was measured.", "未测量任何检查件。"),
    )


def differences_table(visit: Visit, differences: pl.DataFrame) -> Table:
    """D by stratum and element, extrapolated to the stratum, with its σ (`DIFFERENCES`)."""
    language = visit.language

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            Cell(text=words.element(row["element"], language), value=row["element"], note=row["stratum"]),
            Cell(
                text=written.count(row["measured"]), value=row["measured"],
                note=visit.text(f"of {row['items']}", f"共{row['items']}件"),
            ),
            _mass(visit, row["operator_mg"]),
            _mass(visit, row["inspector_mg"]),
            Cell(
                text=written.mass_with_sigma(row["d_mg"], row["sigma_d_mg"], language),
                value=row["d_mg"] / written.MG_PER_KG,
            ),
            Cell(
                text=written.count(row["gross"]) if row["gross"] else written.NOTHING, value=row["gross"],
                tone="loss" if row["gross"] else None, shape="square" if row["gross"] else "",
            ),
            Cell(text=written.NOTHING) if row["p"] is None
            else Cell(text=written.probability(row["p"]), value=row["p"]),
        )  # fmt: skip

    return Table(
        name="differences",
        caption=visit.text("Declared − measured, by stratum", "申报–实测差，按层"),
        columns=(
            Column(key="element", label=text("Element, stratum", "元素，层")),
            Column(key="measured", label=text("Items measured", "测量件数"), number=True),
            Column(key="operator", label=text("The firm's figures", "企业数据"), number=True, unit="kg"),
            Column(key="inspector", label=text("Measured", "实测"), number=True, unit="kg"),
            Column(key="d", label=text("D ± σ", "D ± σ"), number=True, unit="kg"),
            Column(key="gross", label=text("Items gone", "缺失件数"), number=True),
            Column(key="p", label=text("p", "p"), number=True),
        ),
        rows=[cells(row) for row in differences.iter_rows(named=True)],
        per_page=_PER_PAGE,
        empty=visit.text("Nothing can be compared yet.", "尚无可比较的数据。"),
    )


def verified_table(visit: Visit, verified: pl.DataFrame) -> Table:
    """MUF − D of the site, element by element (`VERIFIED`)."""
    language = visit.language

    def cells(row: Mapping[str, Any]) -> Row:
        waiting = row["state"] == "waiting"
        return (
            Cell(
                text=words.element(row["element"], language), value=row["element"],
                note=visit.text("the month is not filed yet", "当月尚未申报") if waiting else "",
            ),
            Cell(text=written.mass_with_sigma(row["muf_mg"], row["sigma_muf_mg"], language), value=_kg(row["muf_mg"])),
            Cell(text=written.mass_with_sigma(row["d_mg"], row["sigma_d_mg"], language), value=_kg(row["d_mg"])),
            Cell(
                text=written.mass_with_sigma(row["verified_mg"], row["sigma_mg"], language),
                value=_kg(row["verified_mg"]),
            ),
            Cell(text=written.sigmas(row["z"]), value=row["z"]),
            _mass(visit, row["would_see_mg"]),
        )  # fmt: skip

    return Table(
        name="verified",
        caption=visit.text("MUF − D", "核实后差"),
        columns=(
            Column(key="element", label=text("Element", "元素")),
            Column(key="muf", label=text("MUF, by the books", "账面不平衡差 MUF"), number=True, unit="kg"),
            Column(key="d", label=text("D, by the visit", "申报–实测差 D"), number=True, unit="kg"),
            Column(key="verified", label=text("MUF − D", "核实后差 MUF − D"), number=True, unit="kg"),
            Column(key="z", label=text("z", "z"), number=True),
            Column(key="would", label=text("Would have shown, 9 in 10", "九成可发现的质量"), number=True, unit="kg"),
        ),
        rows=[cells(row) for row in verified.iter_rows(named=True)],
        per_page=_PER_PAGE,
        empty=visit.text("The site has no balance that this visit closes.", "该场所没有可由本次检查核实的平衡。"),
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
                f"{name.capitalize()}: MUF − D is {seen}. Had {would} been missing, it would have shown"
                " 9 times in 10; less may be gone unseen.",
                f"{name}：核实后差{seen}。如缺失{would}，十次中可发现九次；更少的缺失可能未被发现。",
            )
        )
    return found


def bags_table(visit: Visit, bags: Sequence[Bag], called: Called, holder: Callable[[str], str]) -> Table:
    """Every bag with its way: who gave it to whom, when, and whether its seal was whole. `holder`: who that is in
    words."""

    def cells(one: Bag) -> Row:
        way = visit.text("; ", "；").join(
            visit.text(
                f"{step.at}: {holder(step.giver)} → {holder(step.taker)}"
                + ("" if step.seal_intact else ", seal broken"),
                f"{step.at}：{holder(step.giver)} → {holder(step.taker)}" + ("" if step.seal_intact else "，封志破损"),
            )
            for step in one.chain
        )
        return (
            Cell(text=one.bag, value=one.bag, note=visit.localized(_PARTS[one.part]), whole=True),
            Cell(text=called(one.name), value=called(one.name), marks=True),
            _mass(visit, one.gross_mg),
            Cell(text=one.seal or written.NOTHING, value=one.seal),
            Cell(
                text=holder(one.holder), value=one.holder, note=way,
                shape="cross" if one.broken else "tick", tone="loss" if one.broken else "flow",
            ),
            Cell(text=visit.text(", ", "、").join(written.count(entry) for entry in one.results) or written.NOTHING),
        )  # fmt: skip

    return Table(
        name="bags",
        caption=visit.text("Chain of custody", "样袋交接"),
        columns=(
            Column(key="bag", label=text("Bag", "样袋")),
            Column(key="lot", label=text("Lot", "批次")),
            Column(key="gross", label=text("Gross", "毛重"), number=True, unit="kg"),
            Column(key="seal", label=text("Seal", "封志")),
            Column(key="holder", label=text("Held by, and its way", "现持有方与交接经过")),
            Column(key="results", label=text("Analysed in entry", "化验条目")),
        ),
        rows=[cells(one) for one in bags],
        per_page=_PER_PAGE,
        empty=visit.text("No sample was taken.", "未取样。"),
    )


def analyses_table(
    visit: Visit, found: Visited, declared: Mapping[str, Mapping[str, int]], elements: Sequence[str], called: Called
) -> Table:  # fmt: skip
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
                            text=one.paper["laboratory"], value=one.paper["laboratory"],
                            note=visit.text(", ", "，").join(
                                filter(None, (side, row["method"], row["analysed_on"]))
                            ),
                        ),
                    )
                )  # fmt: skip
    return Table(
        name="analyses",
        caption=visit.text("Analyses", "化验结果"),
        columns=(
            Column(key="bag", label=text("Bag", "样袋")),
            Column(key="element", label=text("Element", "元素")),
            Column(key="declared", label=text("Declared", "申报"), number=True, unit="%"),
            Column(key="found", label=text("Found", "化验"), number=True, unit="%"),
            Column(key="laboratory", label=text("Laboratory", "化验室")),
        ),
        rows=rows,
        per_page=_PER_PAGE,
        empty=visit.text("No laboratory has answered yet.", "尚无化验结果。"),
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
