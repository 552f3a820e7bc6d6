"""What an inspector's instruments and two laboratories show of given items: true x (1 + R + S), as everybody measures.

R is drawn for each act and item, S once for each scale, spectrometer and laboratory (`--seed`); methods are those of
the world's register. The firm's laboratory is the one that analysed its filings, with the errors that it has there.
A sample is taken once and split: what the sampling errs is the same in all its parts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lodeline.world.clerk import mass_text
from lodeline.world.gauge import FAMILIES, SUM_LIMIT_PPB, Gauge, Instruments, composition_text, reported
from lodeline.world.plan import VISITS, plan_world
from lodeline.world.profile import DEFAULT, profile
from lodeline.world.sigma import two_weighings
from lodeline.world.staff import Firm
from lodeline.world.stock import KG, MOISTURE_UNIT
from lodeline.world.stream import Stream
from lodeline.world.tables import Content, Row
from lodeline.world.visits.truth import read_stock

MEASUREMENT = (
    "lot", "product", "place", "event", "outcome", "declared_kg", "mass_kg", "moisture_pct", "instrument",
    "calibrated_on", "method", "composition", "basis", "assay_method", "seal", "bag_authority", "bag_firm",
    "bag_reserve", "note",
)  # fmt: skip
RESULTS = ("bag", "reference_material", "method", "analysed_on", "composition", "basis", "certified", "note")
ACTS = ("count", "weigh", "xrf", "laboratory")
#: Net grams in a bag are not simulated; a reference material is analysed with each batch of samples.
REFERENCE, REFERENCE_CONTENT = "SYN-CRM-PRND", {"Pr": 0.2143, "Nd": 0.6429}
#: An adaptive falsifier says of an item that is to be weighed what is there and so many sigma of the difference more.
HIDES_SIGMAS = 2.0


class MeasureError(Exception):
    """What is wrong with the items that were asked for, all of it, in English and Chinese."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        self.en = "\n".join(en for en, _ in faults)
        self.zh = "\n".join(zh for _, zh in faults)
        super().__init__(self.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Rows as the files of a visit have them: what was measured at the site, and what either laboratory reports."""

    measurement: list[Row]
    authority: list[Row]
    firm: list[Row]

    def of(self, side: str) -> list[Row]:
        """The results of the laboratory of a side."""
        return self.authority if side == "authority" else self.firm


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An item as it was asked for, and its true row; None where nothing is there."""

    asked: Row
    do: tuple[str, ...]
    there: Row | None
    #: The firm knows what is coming, and says what it can hide.
    adaptive: bool


def measure(dossier: Path, items: Sequence[Row], *, seed: int) -> Shown:
    """Measures items of a world that was written with `stock`.

    items : rows with `site`, `lot` (MAKER/NUMBER), `on` (a day of the stock file), `do` (some of ACTS, with spaces),
        and where it is known `product`, `place`, `declared_kg` (net, what the papers say), `bag_authority`, `bag_firm`,
        `bag_reserve`. Other columns are left alone.
    Raises MeasureError for a dossier without truth and for items that cannot be measured, all of them at once.
    """
    known = _known(dossier, items)
    inspector = Instruments(Stream(seed, VISITS, 0))
    laboratory = Instruments(Stream(seed, VISITS, 1))
    own, tools = _laboratories(dossier), dict[str, Instruments]()
    shown = Shown(measurement=[], authority=[], firm=[])
    for number, item in enumerate(known, start=1):
        row, sampled = _measured(item, number, seed=seed, inspector=inspector)
        shown.measurement.append(row)
        if sampled is None:
            continue
        assert item.there is not None, "what is not there is not sampled"
        firm = own.get(item.there["organisation"])
        tools = {"authority": laboratory} | ({"firm": firm} if firm else {})
        for side, used in tools.items():
            row_of = _analysed(item, row[f"bag_{side}"], sampled, used, _stream(seed, item, side))
            shown.of(side).append(row_of)
    for place, (side, used) in enumerate(tools.items()):
        shown.of(side).append(_reference(shown.of(side)[-1]["analysed_on"], used, Stream(seed, VISITS, 2, place)))
    return shown


def read_items(path: Path) -> list[Row]:
    """The rows of a file of items. Raises MeasureError where it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [{key: (cell or "").strip() for key, cell in row.items() if key} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError) as error:
        raise MeasureError([(f"{path}: cannot be read: name a CSV file in UTF-8",
                             f"{path}：无法读取：请指定 UTF-8 编码的 CSV 文件")]) from error  # fmt: skip


def write_shown(shown: Shown, out: Path) -> list[Path]:
    """Writes the measurements to `out`, and beside it each laboratory's results where it has any."""
    written = []
    for path, columns, rows in (
        (out, MEASUREMENT, shown.measurement),
        (out.with_name(f"{out.stem}.authority.csv"), RESULTS, shown.authority),
        (out.with_name(f"{out.stem}.firm.csv"), RESULTS, shown.firm),
    ):
        if rows or path == out:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
            written.append(path)
    return written


def _known(dossier: Path, items: Sequence[Row]) -> list[_Item]:
    """Each item with its truth; every mistake of the file is told at once."""
    path = dossier.with_name(f"{dossier.name}.stock.csv")
    if not path.is_file():
        raise MeasureError([(f"{path} is missing: write the world with --truth-stock",
                             f"缺少 {path}：请使用 --truth-stock 生成模拟世界")])  # fmt: skip
    sites, days = {row.get("site", "") for row in items}, {row.get("on", "") for row in items}
    stock, there = set[str](), dict[tuple[str, str, str], Row]()
    known_sites = set[str]()
    for row in read_stock(path):
        stock.add(row["on"])
        known_sites.add(row["site"])
        if row["site"] in sites and row["on"] in days:
            there[row["site"], row["lot"], row["on"]] = row
    faults, found, answered = list[tuple[str, str]](), list[_Item](), _answered(dossier)
    for line, row in enumerate(items, start=2):
        do, wrong = tuple(row.get("do", "").replace(";", " ").split()), ""
        if row.get("on", "") not in stock:
            wrong = f"on: {row.get('on', '')!r} is no day of {path.name}: use the last day of a month"
            zh = f"on：{row.get('on', '')!r} 不在 {path.name} 中：请填写月末日期"
        elif not row.get("lot") or row.get("site", "") not in known_sites:
            wrong, zh = "site, lot: both are needed, of this world", "site、lot：须填写此模拟世界中的场所和批次"
        elif set(do) - set(ACTS) or not do:
            wrong, zh = f"do: use some of {' '.join(ACTS)}", f"do：可用 {' '.join(ACTS)}"
        if wrong:
            faults.append((f"row {line}, {wrong}", f"第 {line} 行，{zh}"))
            continue
        found.append(_Item(
            asked=row, do=do, there=there.get((row["site"], row["lot"], row["on"])), adaptive=row["lot"] in answered
        ))  # fmt: skip
    if faults:
        raise MeasureError(faults)
    return found


def _answered(dossier: Path) -> set[str]:
    """Lots of adaptive falsifiers that are not what is declared."""
    return {
        item["lot"] for plant in _truth(dossier)["planted"] if plant["adversary"] == "adaptive"
        for item in plant["facts"].get("items", ())
    }  # fmt: skip


def _truth(dossier: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(dossier.with_name(f"{dossier.name}.truth.json").read_text("utf-8"))
    return told


def _laboratories(dossier: Path) -> dict[str, Instruments]:
    """Organisation → the scales and laboratory of its main site, as the world has them."""
    told = _truth(dossier)["world"]
    habits = profile(told.get("profile", DEFAULT))
    world = plan_world(told["seed"], told["organisations"], told["months"], told["start"], habits)
    return {plan.id: Firm(plan, world).main.instruments for plan in world.firms if plan.sites}


def _stream(seed: int, item: _Item, act: str) -> Stream:
    """Chances of one act at one item: the same whatever else is measured, and in which order."""
    told = "/".join((item.asked["site"], item.asked["lot"], item.asked["on"], act))
    digest = sha256(told.encode()).digest()
    return Stream(seed, VISITS, 3, int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big"))


def _measured(item: _Item, number: int, *, seed: int, inspector: Instruments) -> tuple[Row, float | None]:
    """(the row of the visit, the relative error of the sample; None where none was taken)."""
    asked, there = item.asked, item.there
    row: Row = {
        "lot": asked["lot"], "product": asked.get("product", ""), "place": asked.get("place", "") or "stock",
        "outcome": "present" if there else "absent", "declared_kg": asked.get("declared_kg", ""),
    }  # fmt: skip
    if there is None:
        return row, None
    row["product"] = there["product"]
    kind = there["product"].partition(":")[0]
    gauge = inspector.gauge(kind)
    moisture = float(there["moisture"])
    calibrated = f"{asked['on'][:4]}-01-02"
    if row["declared_kg"] and item.adaptive:
        row["declared_kg"] = _hidden(float(row["declared_kg"]), float(there["dry_kg"]) / (1 - moisture), kind)
    if "weigh" in item.do:
        net_mg, observed = gauge.weigh(_stream(seed, item, "weigh"), float(there["dry_kg"]), moisture)
        row["mass_kg"] = mass_text(net_mg, KG)
        if observed:
            row["moisture_pct"] = mass_text(observed, MOISTURE_UNIT // 100)
        row |= {
            "instrument": f"SYN-{FAMILIES[kind][0]}",
            "calibrated_on": calibrated,
            "method": f"{FAMILIES[kind][0]}-A",
        }
    content = content_of(there)
    if "xrf" in item.do:
        found = _xrf(inspector, content, gauge, _stream(seed, item, "xrf"))
        row |= {"composition": composition_text(found, "element"), "basis": "element", "assay_method": "XRF-A"}
        row.setdefault("instrument", "SYN-XRF")
        row.setdefault("calibrated_on", calibrated)
    if "laboratory" not in item.do:
        return row, None
    for part in ("authority", "firm", "reserve"):
        usual = f"SYN{seed}-{asked['site']}-{asked['on']}-{number:03d}-{part[0].upper()}"
        row[f"bag_{part}"] = asked.get(f"bag_{part}") or usual
    return row, gauge.sample_random * _stream(seed, item, "sample").normal() + gauge.sample_bias


def _hidden(declared: float, net_kg: float, kind: str) -> str:
    """What an adaptive firm says of an item: no more than its scale and the inspector's can leave open."""
    return f"{min(declared, net_kg * (1 + HIDES_SIGMAS * two_weighings(FAMILIES[kind][0]))):.3f}"


def _xrf(tools: Instruments, content: Content, gauge: Gauge, stream: Stream) -> dict[str, int]:
    """Shares in ppb by a spectrometer held to the goods: no sample is taken, and its own errors are large."""
    return analysed(tools.gauge("swarf").assay, content, gauge.floor_ppb, 0.0, stream)


def _analysed(item: _Item, bag: str, sampled: float, tools: Instruments, stream: Stream) -> Row:
    """What a laboratory reports of one bag."""
    assert item.there is not None, "what is not there was not sampled"
    gauge = tools.gauge(item.there["product"].partition(":")[0])
    found = analysed(gauge.assay, content_of(item.there), gauge.floor_ppb, sampled, stream)
    methods = [f"{family}-A" for family in FAMILIES[item.there["product"].partition(":")[0]][3]]
    return {
        "bag": bag, "method": ";".join(methods), "analysed_on": item.asked["on"],
        "composition": composition_text(found, "element"), "basis": "element",
    }  # fmt: skip


def _reference(on: str, tools: Instruments, stream: Stream) -> Row:
    """A reference material among the samples: what it was found to be, and what it is certified to be."""
    gauge = tools.gauge("metal")
    found = analysed(gauge.assay, REFERENCE_CONTENT, gauge.floor_ppb, 0.0, stream)
    certified = {element: reported(share * 1e9) for element, share in REFERENCE_CONTENT.items()}
    return {
        "reference_material": REFERENCE, "method": "ICPR-A", "analysed_on": on,
        "composition": composition_text(found, "element"), "basis": "element",
        "certified": composition_text(certified, "element"),
    }  # fmt: skip


def analysed(
    assay: dict[str, tuple[float, float]], content: Content, floor_ppb: int, sampled: float, stream: Stream
) -> dict[str, int]:
    """Shares in ppb as found by methods with these (random, systematic) errors in a sample that errs by `sampled`.

    What would add up to more than there can be is normalised, as instruments and laboratories do.
    """
    found: dict[str, float] = {}
    for element, share in content.items():
        method = assay.get(element)
        if method is not None and share * 1e9 >= floor_ppb:
            found[element] = share * 1e9 * (1 + sampled + method[0] * stream.normal() + method[1])
    total = sum(ppb for element, ppb in found.items() if element != "TREO")
    factor = min(1.0, SUM_LIMIT_PPB / total) if total else 1.0
    return {element: reported(min(ppb * factor, SUM_LIMIT_PPB)) for element, ppb in found.items()}


def content_of(row: Row) -> Content:
    """The true composition of a row of the stock file."""
    return {e: float(share) for e, _, share in (part.partition("=") for part in row["composition"].split(";") if part)}
