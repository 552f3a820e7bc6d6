"""What would explain a difference, in words: what the rows themselves allow, and what detectors ask about the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from lodeline.detection.finding import Finding
from lodeline.service.balance.explaining import Explanation, Kind, costs
from lodeline.service.balance.site_books import SiteBooks
from lodeline.service.balance.sites import Statement
from lodeline.web.drawing.number import grouped
from lodeline.web.pages.balance.run import Measured
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import LANGUAGES, Language, Text, text
from lodeline.web.words.lots import EVENTS

#: The name of a lot in the ledger → what the reader calls it.
CalledLot = Callable[[str], str]


def explanations_table(
    visit: Visit,
    *,
    books: SiteBooks,
    organisation: str,
    element: str,
    statement: Statement,
    lot: CalledLot,
    measured: Measured,
) -> Table:
    """The explanations that the rows allow, the least far-fetched first."""

    def cells(one: Explanation) -> Row:
        name = None if one.row is None else books.lots.get(one.row["lot"])
        text = _explanation_text(visit, one, element, lot="" if name is None else lot(name), measured=measured)
        return (
            Cell(text=text, value=text, href=_where(visit, one, organisation, name)),
            Cell(text=f"{grouped(one.cost, 1)} σ", value=round(one.cost, 3)),
            Cell(
                text=written.mass(one.left_mg, visit.language, signed=True) if one.left_mg else "0",
                value=one.left_mg / written.MG_PER_KG,
            ),
        )

    return Table(
        name="explanations",
        caption=visit.text("What would close it", "可能使其闭合的情形"),
        columns=(
            Column(key="explanation", label=text("What would explain it by itself", "可单独解释的情形")),
            Column(key="cost", label=text("Far-fetched", "牵强程度"), number=True),
            Column(key="left", label=text("Would remain", "剩余差额"), number=True, unit="kg"),
        ),
        rows=[cells(one) for one in books.explanations],
        empty=_nothing(visit, statement),
    )


def _nothing(visit: Visit, statement: Statement) -> str:
    if statement.muf_mg is None:
        return visit.text("No count ends it, so there is nothing to explain yet.", "期末无盘存，尚无可解释的差额。")
    if not statement.sigma_mg or statement.z is None:
        return visit.text(
            "Only one count: how much of the difference is measurement is not known.",
            "仅有一次盘存，无法区分测量误差。",
        )
    if abs(statement.muf_mg) <= costs()["near_sigmas"] * statement.sigma_mg:
        return visit.text("Measurement explains this difference.", "测量误差即可解释该差额。")
    return visit.text(
        "No single row, lot, laboratory or scale would explain it: either several things came together, or it is no"
        " mistake of the papers.",
        "没有任何单一的行、批次、化验室或衡器可以解释：或为多种原因叠加，或并非单据差错。",
    )


def _where(visit: Visit, one: Explanation, organisation: str, lot: str | None) -> str | None:
    """The page on which the row is seen: its entry, its transfer, or its lot."""
    if one.kind == "unfiled-side":
        return visit.url("exceptions", query={"kind": "delivery", "state": "unclosed", "organisation": organisation})
    if one.row is not None and one.row.get("entry") is not None:
        return visit.url("entry", entry=one.row["entry"])
    return None if lot is None else visit.url("lot", lot=lot)


def _explanation_text(visit: Visit, one: Explanation, element: str, *, lot: str, measured: Measured) -> str:
    facts = _Facts(visit, one, element, lot, measured)
    return visit.localized(_TEXTS[one.kind](facts))


class _Facts:
    """The facts of an explanation as both languages need them."""

    def __init__(self, visit: Visit, one: Explanation, element: str, lot: str, measured: Measured) -> None:
        row: Mapping[str, Any] = one.row or {}
        self.one, self.row, self.lot = one, row, lot
        self.count = written.count(one.count)
        self.element = {language: words.element(element, language) for language in LANGUAGES}
        masses = {language: written.mass(row.get("mass_mg"), language) for language in LANGUAGES}
        self.mass = {"en": f"{masses['en']} of {self.element['en']}", "zh": masses["zh"] + self.element["zh"]}
        share = None if one.share is None else abs(one.share)
        self.share = {language: written.percent(share, language) for language in LANGUAGES}
        self.measured = "" if one.method is None else measured(one.laboratory, one.method)

    def day(self, language: Language, key: str = "on") -> str:
        """A day of the row."""
        found = self.row.get(key)
        return written.day(found if isinstance(found, date) else None, language)

    def what(self, language: Language) -> str:
        """The row: "receipt R-17 of 3 May 2025"."""
        kind = words.word(EVENTS, str(self.row.get("kind") or ""), language)
        event = self.row.get("event") or ""
        if language == "zh":
            return f"{self.day('zh')}的{kind} {event}".strip()
        return f"{kind.lower()} {event} of {self.day('en')}"


def _unfiled(facts: _Facts) -> Text:
    gain = facts.row.get("kind") == "receipt"
    if not facts.row:
        return text(
            f"The {facts.count} deliveries that only the other side has filed, all of them together",
            f"仅由对方申报的{facts.count}笔流转合计",
        )
    if gain:
        return text(
            f"A delivery of {facts.mass['en']} shipped on {facts.day('en')}, lot {facts.lot}, came in and its receipt"
            " was not filed",
            f"{facts.day('zh')}发来的一笔货物（批次 {facts.lot}，{facts.mass['zh']}）已到货但未申报收货",
        )
    return text(
        f"A delivery of {facts.mass['en']} that a customer received on {facts.day('en')}, lot {facts.lot}, left and its"
        " shipment was not filed",
        f"客户于{facts.day('zh')}收到的一笔货物（批次 {facts.lot}，{facts.mass['zh']}）已发出但未申报发货",
    )


def _beside(facts: _Facts) -> Text:
    entering = facts.row["entering"]
    return text(
        f"The goods of {facts.what('en')}, {facts.mass['en']}, lot {facts.lot}, were"
        + (" counted already" if entering else " gone already when the site was counted")
        + f" on {facts.day('en', 'count_on')}",
        f"{facts.what('zh')}（批次 {facts.lot}，{facts.mass['zh']}）的货物在{facts.day('zh', 'count_on')}盘存时"
        + ("已计入" if entering else "已不在库"),
    )


def _twice(facts: _Facts) -> Text:
    return text(
        f"The {facts.what('en')}, {facts.mass['en']}, lot {facts.lot}, is filed twice",
        f"{facts.what('zh')}（批次 {facts.lot}，{facts.mass['zh']}）重复申报",
    )


def _one_row(facts: _Facts) -> Text:
    return text(
        f"The {facts.what('en')}, {facts.mass['en']}, lot {facts.lot}, did not happen in this time",
        f"{facts.what('zh')}（批次 {facts.lot}，{facts.mass['zh']}）并未在此期间发生",
    )


def _not_counted(facts: _Facts) -> Text:
    return text(
        f"Lot {facts.lot}, of which the book holds {facts.mass['en']}, was left out of the count of {facts.day('en')}",
        f"批次 {facts.lot}（账面 {facts.mass['zh']}）在{facts.day('zh')}盘存时漏点",
    )


def _not_booked(facts: _Facts) -> Text:
    return text(
        f"Of lot {facts.lot}, {facts.mass['en']} was there that no row had brought in",
        f"批次 {facts.lot} 有 {facts.mass['zh']} 在库，但没有任何行记录其来源",
    )


def _otherwise(facts: _Facts) -> Text:
    return text(
        f"Lot {facts.lot} was counted wrongly on {facts.day('en')}: the book holds {facts.mass['en']}",
        f"批次 {facts.lot} 在{facts.day('zh')}盘存有误：账面为 {facts.mass['zh']}",
    )


def _slip(facts: _Facts) -> Text:
    larger = (facts.one.share or 0) > 1
    return text(
        f"The {facts.what('en')}, {facts.mass['en']}, lot {facts.lot}, was"
        + (" a thousand times as much (t for kg)" if larger else " a thousandth of it (kg for t)"),
        f"{facts.what('zh')}（批次 {facts.lot}，{facts.mass['zh']}）实际应为其"
        + ("一千倍（吨误作千克）" if larger else "千分之一（千克误作吨）"),
    )


def _more(facts: _Facts, en: tuple[str, str], zh: tuple[str, str]) -> tuple[str, str]:
    place = 0 if (facts.one.share or 0) > 0 else 1
    return en[place], zh[place]


def _lot_share(facts: _Facts) -> Text:
    en, zh = _more(facts, ("more", "less"), ("高", "低"))
    return text(
        f"Lot {facts.lot} holds {facts.share['en']} {en} {facts.element['en']} than its composition says",
        f"批次 {facts.lot} 的实际{facts.element['zh']}含量比所报成分{zh}{facts.share['zh']}",
    )


def _laboratory(facts: _Facts) -> Text:
    en, zh = _more(facts, ("low", "high"), ("偏低", "偏高"))
    return text(
        f"Every {facts.element['en']} assay of one kind ({facts.measured}) is {facts.share['en']} too {en}",
        f"同一来源的{facts.element['zh']}化验（{facts.measured}）均{zh}{facts.share['zh']}",
    )


def _scale(facts: _Facts) -> Text:
    en, zh = _more(facts, ("little", "much"), ("偏轻", "偏重"))
    return text(
        f"Every weighing of one kind ({facts.measured}) shows {facts.share['en']} too {en}",
        f"同一来源的称重（{facts.measured}）示值均{zh}{facts.share['zh']}",
    )


_TEXTS: Final[Mapping[Kind, Callable[[_Facts], Text]]] = {
    "unfiled-side": _unfiled, "dated-beside": _beside, "filed-twice": _twice, "one-row": _one_row,
    "not-counted": _not_counted, "not-booked": _not_booked, "counted-otherwise": _otherwise, "unit-slip": _slip,
    "lot-share": _lot_share, "laboratory": _laboratory, "scale": _scale,
}  # fmt: skip


def asked_about(
    visit: Visit,
    found: Sequence[Finding],
    books: SiteBooks,
    *,
    organisation: str,
    element: str,
    statement: Statement,
    describe: Callable[[Finding], Finding] | None,
) -> dict[str, Any]:
    """What detectors ask about this site, each kind once; and the transfers that lack the firm's own side.

    `describe`: a finding as the reader may know it, where that is the firm.
    """
    kinds: dict[str, dict[str, Any]] = {}
    for row in found:
        shape, tone = words.DETECTOR_MARKS.get(row.detector, ("diamond", "ink"))
        kind = kinds.setdefault(
            row.detector,
            {
                "word": words.word(words.DETECTORS, row.detector, visit.language), "shape": shape, "tone": tone,
                "rows": [], "innocent": row.innocent, "ask": row.ask,
            },
        )  # fmt: skip
        known = row if describe is None else describe(row)
        kind["rows"].append({"finding": known, "href": visit.url("finding", finding=row.id)})
    transfers = None
    if statement.muf_mg:
        number, mass_mg = books.one_sided
        transfers = {
            "text": _one_sided(
                visit, number, written.mass(mass_mg, visit.language), element, gain=statement.muf_mg < 0
            ),
            "href": visit.url(
                "exceptions", query={"kind": "delivery", "state": "unclosed", "organisation": organisation}
            ),
        }
    return {"kinds": list(kinds.values()), "transfers": transfers}


def _one_sided(visit: Visit, number: int, mass: str, element: str, *, gain: bool) -> str:
    """How many transfers, of how much, lack the side that would explain a gain, or a loss."""
    if gain and number:
        some = (
            "one shipment to the firm in this time has" if number == 1
            else f"{number} shipments to the firm in this time have"
        )  # fmt: skip
        return visit.text(
            f"In the ledger: {some} no receipt, up to {mass} of {element}.",
            f"账本所见：该时段内发往该企业的{'一' if number == 1 else number}笔货物没有收货申报，至多{mass}{element}。",
        )
    if gain:
        return visit.text(
            "In the ledger: every shipment to the firm in this time has its receipt, "
            "so goods on the way explain nothing.",
            "账本所见：该时段内发往该企业的货物均有收货申报，在途货物不能解释差额。",
        )
    if number:
        some = (
            "one delivery that a customer of the firm received in this time has" if number == 1
            else f"{number} deliveries that customers of the firm received in this time have"
        )  # fmt: skip
        return visit.text(
            f"In the ledger: {some} no shipment, up to {mass} of {element}.",
            f"账本所见：该时段内客户申报收到该企业的{'一' if number == 1 else number}笔货物没有发货申报，"
            f"至多{mass}{element}。",
        )
    return visit.text(
        "In the ledger: everything that customers received from the firm in this time was filed as shipped.",
        "账本所见：该时段内客户从该企业收到的货物均有发货申报。",
    )
