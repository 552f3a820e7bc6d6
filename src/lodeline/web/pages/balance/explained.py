"""What would explain a difference, in words: what the rows themselves allow, and what detectors ask about the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from lodeline.detection.finding import Finding
from lodeline.language import LANGUAGES, Language, Text, bilingual, text
from lodeline.service.balance.explaining import Explanation, Kind, costs
from lodeline.service.balance.site_books import SiteBooks
from lodeline.service.balance.sites import Statement
from lodeline.web.drawing.number import grouped
from lodeline.web.pages.balance.run import Measured
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
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
        caption=visit.text("What would close it"),
        columns=(
            Column(key="explanation", label=text("What would explain it by itself")),
            Column(key="cost", label=text("Far-fetched"), number=True),
            Column(key="left", label=text("Would remain"), number=True, unit="kg"),
        ),
        rows=[cells(one) for one in books.explanations],
        empty=_nothing(visit, statement),
    )


def _nothing(visit: Visit, statement: Statement) -> str:
    if statement.muf_mg is None:
        return visit.text("No count ends it, so there is nothing to explain yet.")
    if not statement.sigma_mg or statement.z is None:
        return visit.text("Only one count: how much of the difference is measurement is not known.")
    if abs(statement.muf_mg) <= costs()["near_sigmas"] * statement.sigma_mg:
        return visit.text("Measurement explains this difference.")
    return visit.text(
        "No single row, lot, laboratory or scale would explain it: either several things came "
        "together, or it is no mistake of the papers."
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
            "The {count} deliveries that only the other side has filed, all of them together", count=facts.count
        )
    if gain:
        return text(
            "A delivery of {mass} shipped on {day}, lot {lot}, came in and its receipt was not filed",
            mass=facts.mass,
            day=bilingual(facts.day("en"), facts.day("zh")),
            lot=facts.lot,
        )
    return text(
        "A delivery of {mass} that a customer received on {day}, lot {lot}, left and its shipment was not filed",
        mass=facts.mass,
        day=bilingual(facts.day("en"), facts.day("zh")),
        lot=facts.lot,
    )


def _beside(facts: _Facts) -> Text:
    entering = facts.row["entering"]
    return (
        text(
            "The goods of {what}, {mass}, lot {lot}, were counted already on {day}",
            what=bilingual(facts.what("en"), facts.what("zh")),
            mass=facts.mass,
            lot=facts.lot,
            day=bilingual(facts.day("en", "count_on"), facts.day("zh", "count_on")),
        )
        if entering
        else text(
            "The goods of {what}, {mass}, lot {lot}, were gone already when the site was counted on {day}",
            what=bilingual(facts.what("en"), facts.what("zh")),
            mass=facts.mass,
            lot=facts.lot,
            day=bilingual(facts.day("en", "count_on"), facts.day("zh", "count_on")),
        )
    )


def _twice(facts: _Facts) -> Text:
    return text(
        "The {what}, {mass}, lot {lot}, is filed twice",
        what=bilingual(facts.what("en"), facts.what("zh")),
        mass=facts.mass,
        lot=facts.lot,
    )


def _one_row(facts: _Facts) -> Text:
    return text(
        "The {what}, {mass}, lot {lot}, did not happen in this time",
        what=bilingual(facts.what("en"), facts.what("zh")),
        mass=facts.mass,
        lot=facts.lot,
    )


def _not_counted(facts: _Facts) -> Text:
    return text(
        "Lot {lot}, of which the book holds {mass}, was left out of the count of {day}",
        lot=facts.lot,
        mass=facts.mass,
        day=bilingual(facts.day("en"), facts.day("zh")),
    )


def _not_booked(facts: _Facts) -> Text:
    return text("Of lot {lot}, {mass} was there that no row had brought in", lot=facts.lot, mass=facts.mass)


def _otherwise(facts: _Facts) -> Text:
    return text(
        "Lot {lot} was counted wrongly on {day}: the book holds {mass}",
        lot=facts.lot,
        day=bilingual(facts.day("en"), facts.day("zh")),
        mass=facts.mass,
    )


def _slip(facts: _Facts) -> Text:
    larger = (facts.one.share or 0) > 1
    return (
        text(
            "The {what}, {mass}, lot {lot}, was a thousand times as much (t for kg)",
            what=bilingual(facts.what("en"), facts.what("zh")),
            mass=facts.mass,
            lot=facts.lot,
        )
        if larger
        else text(
            "The {what}, {mass}, lot {lot}, was a thousandth of it (kg for t)",
            what=bilingual(facts.what("en"), facts.what("zh")),
            mass=facts.mass,
            lot=facts.lot,
        )
    )


def _more(facts: _Facts) -> bool:
    return (facts.one.share or 0) > 0


def _lot_share(facts: _Facts) -> Text:
    return text(
        "Lot {lot} holds {share} {more} {element} than its composition says",
        lot=facts.lot,
        share=facts.share,
        more=text("more", context="composition") if _more(facts) else text("less", context="composition"),
        element=facts.element,
    )


def _laboratory(facts: _Facts) -> Text:
    return text(
        "Every {element} assay of one kind ({measured}) is {share} too {low}",
        element=facts.element,
        measured=facts.measured,
        share=facts.share,
        low=text("low", context="assays") if _more(facts) else text("high", context="assays"),
    )


def _scale(facts: _Facts) -> Text:
    return text(
        "Every weighing of one kind ({measured}) shows {share} too {little}",
        measured=facts.measured,
        share=facts.share,
        little=text("little", context="scales") if _more(facts) else text("much", context="scales"),
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
            "In the ledger: {some} no receipt, up to {mass} of {element}.",
            some=bilingual(some, "一" if number == 1 else str(number)),
            mass=mass,
            element=element,
        )
    if gain:
        return visit.text(
            "In the ledger: every shipment to the firm in this time has its receipt, so goods on the "
            "way explain nothing."
        )
    if number:
        some = (
            "one delivery that a customer of the firm received in this time has" if number == 1
            else f"{number} deliveries that customers of the firm received in this time have"
        )  # fmt: skip
        return visit.text(
            "In the ledger: {some} no shipment, up to {mass} of {element}.",
            some=bilingual(some, "一" if number == 1 else str(number)),
            mass=mass,
            element=element,
        )
    return visit.text(
        "In the ledger: everything that customers received from the firm in this time was filed as shipped."
    )
