"""The nation's books made to balance by stage: how much each figure had to give, and where an error or leak may be.

It raises no finding. What the filings cannot tell apart is named together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lodeline.accountancy.untestable import REASONS
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.span import Span
from lodeline.service.balance.reconciling import FAMILY_RATE, Reconciled, Suspect, reconcile_nation
from lodeline.service.overview import overview as questions
from lodeline.store.published import answered
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.web.parts import choice
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Text, text

_NOT_COUNTED: Final = ", not counted"
_BETWEEN: Final = " > "
#: Kinds of streams (service.balance.reconciling), as far as they have a word.
_KINDS: Final[Mapping[str, Text]] = {
    "origin": text("origin", "来源"), "arrived": text("came in", "到货"), "delivered": text("delivered", "交付"),
    "export": text("exported", "出口"), "loss": text("lost", "损耗"), "use": text("used", "使用"),
    "adjustment": text("adjusted", "调整"), "shipped": text("as shipped", "发货"),
    "received": text("as received", "收货"),
    "unpaired": text("without its other side", "单方申报"), "stock": text("change of stock", "库存变动"),
    "opening stock": text("opening stock", "期初库存"), "closing stock": text("closing stock", "期末库存"),
    "stock change": text("change of stock", "库存变动"), "in": text("came in", "收入"), "out": text("went out", "发出"),
    "move": text("moved", "内部转移"), "moved in": text("moved in", "移入"), "moved out": text("moved out", "移出"),
    **{
        f"origin {kind}": text(f"origin: {word['en'].lower()}", f"来源：{word['zh']}")
        for kind, word in words.ORIGINS.items()
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What the books made to balance say, in words and as `tables` (`suspects`, `untold`, `nodes`, `streams`).

    `reason`: why there is no test, in words; None where there is one, of which `p`, `global_test` and `freedom` are.
    """

    headline: str
    element: str
    reason: str | None
    p: str
    global_test: str
    freedom: str
    tables: Mapping[str, Table]


def network(visit: Visit, found: Reconciled) -> Network:
    """The nation by stage, made to balance, for the page of The year."""
    reason = None if found.reason is None else REASONS[found.reason]
    name = words.element(found.element, visit.language)
    return Network(
        headline=_headline(visit, found, name),
        element=name,
        reason=None if reason is None else visit.text(reason["en"], reason["zh"]),
        p=written.probability(found.p),
        # Where nothing could be tested there is no figure of the test.
        global_test="" if math.isnan(found.global_test) else written.number(round(found.global_test, 1)),
        freedom=written.count(found.freedom),
        tables={
            "suspects": _suspects(visit, found), "untold": _untold(visit, found), "nodes": _nodes(visit, found),
            "streams": _streams(visit, found),
        },
    )  # fmt: skip


def doubt(visit: Visit, months: questions.Months, *, element: str, until: str) -> dict[str, str | None]:
    """What the nation's books say when they are made to balance up to a month, for a page that is about that month."""
    reading = visit.reading
    present = reading.answer(questions.elements, reading.snapshot)
    if (element, until) == (choice.first_element(present), months.newest):
        found = reading.answer(reconciled_at_first, reading.store, reading.snapshot, reading.law)
        assert found is not None, "there are months"
    else:
        found = reading.answer(reconcile_nation, reading.snapshot, element=element, first=months.all[0], last=until)
    return {
        "text": _headline(visit, found, words.element(element, visit.language)),
        "href": visit.url("year", query={"element": element, "period": str(Span(months.all[0], until))}),
    }


def reconciled_at_first(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Reconciled | None:
    """The report of `doubt` for a reader who has chosen neither element nor month; None where nobody has filed."""
    months = answered(questions.months, store, snapshot, law)
    if months is None:
        return None
    element = choice.first_element(answered(questions.elements, snapshot))
    return reconcile_nation(snapshot, element=element, first=months.all[0], last=months.newest)


def _headline(visit: Visit, found: Reconciled, name: str) -> str:
    if found.reason is not None:
        return visit.text(f"The national books of {name} cannot be tested", f"全国{name}账目尚不能检验")
    best = found.suspects[0] if found.suspects else None
    if best is None or best.p > FAMILY_RATE:
        return visit.text(
            f"The national books of {name} balance with corrections that measurement explains",
            f"全国{name}账目经测量误差范围内的校正即可平衡",
        )
    where, mass = _place(visit, best.place), written.mass(abs(best.mass_mg), visit.language)
    if best.kind == "leak":
        return visit.text(
            f"About {mass} of {name} may {'leave' if best.mass_mg > 0 else 'enter'} unseen at: {where}",
            f"约{mass}{name}在“{where}”处或有未见记录的{'流出' if best.mass_mg > 0 else '流入'}",
        )
    return visit.text(
        f"One figure of {name} may be off by about {mass}: {where}", f"{name}或有一项数据偏差约{mass}：{where}"
    )


def _node(visit: Visit, name: str | None) -> str:
    """A stage, counted or not; deliveries between two."""
    if name is None:
        return visit.text("outside", "系统外")
    if _BETWEEN in name:
        return " → ".join(_node(visit, part) for part in name.split(_BETWEEN))
    if name == "outside":
        return visit.text("outside", "系统外")
    counted = not name.endswith(_NOT_COUNTED)
    stage = words.word(words.STAGES, name.removesuffix(_NOT_COUNTED), visit.language)
    return stage if counted else stage + visit.text(" (not counted)", "（未盘点）")


def _place(visit: Visit, name: str) -> str:
    """A node or a stream by its stable name."""
    node, _, kind = name.partition(": ")
    shown = _node(visit, node)
    return shown if not kind else visit.text(f"{shown}, ", f"{shown}，") + words.word(_KINDS, kind, visit.language)


def _mass(visit: Visit, mass_mg: float | None, *, signed: bool = False) -> Cell:
    if mass_mg is None:
        return Cell(text=visit.text("not measured", "未测量"))
    return Cell(text=written.mass(mass_mg, visit.language, signed=signed), value=mass_mg / written.MG_PER_KG)


def _number(value: float | None) -> Cell:
    return Cell(text=written.sigmas(value), value=None if value is None else round(value, 6))


def _suspects(visit: Visit, found: Reconciled) -> Table:
    """Where an error or a leak would explain most, each with what no filing can tell apart from it."""

    def cells(one: Suspect) -> Row:
        alike = [_place(visit, place) for _, place in one.alike if place != one.place]
        return (
            Cell(
                text=_place(visit, one.place), value=one.place,
                note=visit.text("or: ", "或：") + visit.text(", ", "、").join(alike) if alike else "",
            ),
            Cell(text=_what(visit, one.kind), value=one.kind),
            _mass(visit, one.mass_mg, signed=True),
            _mass(visit, one.sigma_mg),
            Cell(text=written.probability(one.p), value=one.p),
        )  # fmt: skip

    return Table(
        name="suspects",
        caption=visit.text("Where to look", "需要查看之处"),
        columns=(
            Column(key="place", label=text("Where", "位置")), Column(key="kind", label=text("What", "性质")),
            Column(key="mass", label=text("Mass", "质量"), number=True, unit="kg"),
            Column(key="sigma", label=text("±", "±"), number=True, unit="kg"),
            Column(key="p", label=text("By chance", "偶然概率"), number=True),
        ),
        rows=[cells(one) for one in found.suspects],
        empty=visit.text("No single error or leak stands out.", "没有突出的单一差错或泄漏。"),
    )  # fmt: skip


def _what(visit: Visit, kind: str) -> str:
    return visit.text("leak", "泄漏") if kind == "leak" else visit.text("bias of a figure", "数据偏差")


def _untold(visit: Visit, found: Reconciled) -> Table:
    """Leaks and biases of which the measurements tell nothing, so that no mass stands beside them."""
    unknown = visit.text("cannot be told", "无法判断")
    return Table(
        name="untold",
        caption=visit.text("What cannot be told", "无法判断之处"),
        columns=(
            Column(key="place", label=text("Where", "位置")), Column(key="kind", label=text("What", "性质")),
            Column(key="mass", label=text("Mass", "质量")),
        ),
        rows=[
            (Cell(text=_place(visit, place), value=place), Cell(text=_what(visit, kind), value=kind),
             Cell(text=unknown, value=None))
            for kind, place in found.untold
        ],
        per_page=20,
        empty=visit.text("Every leak and every wrong figure would show.", "任何泄漏或数据偏差均可显现。"),
    )  # fmt: skip


def _nodes(visit: Visit, found: Reconciled) -> Table:
    """Each balance of the network before it is corrected."""

    def cells(row: Mapping[str, Any]) -> Row:
        kind = visit.text("deliveries", "流转") if row["kind"] == "transfer" else visit.text("stage", "环节")
        return (
            Cell(text=_node(visit, row["node"]), value=row["node"]), Cell(text=kind, value=row["kind"]),
            _mass(visit, row["imbalance_mg"], signed=True), _mass(visit, row["sigma_mg"]), _number(row["test"]),
        )  # fmt: skip

    return Table(
        name="nodes",
        caption=visit.text("Balances of the network", "网络各节点平衡"),
        columns=(
            Column(key="node", label=text("Balance of", "平衡对象")), Column(key="kind", label=text("Kind", "类别")),
            Column(key="imbalance", label=text("Difference", "差额"), number=True, unit="kg"),
            Column(key="sigma", label=text("±", "±"), number=True, unit="kg"),
            Column(key="test", label=text("In σ", "σ 倍数"), number=True),
        ),
        rows=[cells(row) for row in found.nodes.iter_rows(named=True)],
        per_page=20,
        empty=visit.text("Nothing moved in these months.", "该时段内没有物料流动。"),
    )  # fmt: skip


def _streams(visit: Visit, found: Reconciled) -> Table:
    """What was measured, and what it has to be for all balances to hold."""

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            Cell(
                text=f"{_node(visit, row['source'])} → {_node(visit, row['target'])}", value=row["stream"],
                note=words.word(_KINDS, row["kind"], visit.language),
            ),
            _mass(visit, row["measured_mg"]), _mass(visit, row["sigma_mg"]), _mass(visit, row["reconciled_mg"]),
            _mass(visit, row["reconciled_sigma_mg"]), _mass(visit, row["adjustment_mg"], signed=True),
            _number(row["test"]),
        )  # fmt: skip

    return Table(
        name="streams",
        caption=visit.text("Streams as measured and as they balance", "各流股的测量值与校正值"),
        columns=(
            Column(key="stream", label=text("Stream", "流股")),
            Column(key="measured", label=text("Measured", "测量值"), number=True, unit="kg"),
            Column(key="measured_sigma", label=text("±", "±"), number=True, unit="kg"),
            Column(key="reconciled", label=text("Balanced", "校正值"), number=True, unit="kg"),
            Column(key="reconciled_sigma", label=text("±", "±"), number=True, unit="kg"),
            Column(key="adjustment", label=text("Correction", "校正量"), number=True, unit="kg"),
            Column(key="test", label=text("In σ", "σ 倍数"), number=True),
        ),
        rows=[cells(row) for row in found.streams.iter_rows(named=True)],
        per_page=20,
        empty=visit.text("Nothing moved in these months.", "该时段内没有物料流动。"),
    )
