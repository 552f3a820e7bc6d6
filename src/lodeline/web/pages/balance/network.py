"""The nation's books made to balance by stage: how much each figure had to give, and where an error or leak may be.

It raises no finding. What the filings cannot tell apart is named together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lodeline.accountancy.untestable import REASONS
from lodeline.language import Text, bilingual, text
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

_NOT_COUNTED: Final = ", not counted"
_BETWEEN: Final = " > "
#: Kinds of streams (service.balance.reconciling), as far as they have a word.
_KINDS: Final[Mapping[str, Text]] = {
    "origin": text("origin", context="balance"),
    "arrived": text("came in", context="balance, network, kinds 1"),
    "delivered": text("delivered"),
    "export": text("exported"),
    "loss": text("lost"),
    "use": text("used"),
    "adjustment": text("adjusted"),
    "shipped": text("as shipped"),
    "received": text("as received"),
    "unpaired": text("without its other side"),
    "stock": text("change of stock"),
    "opening stock": text("opening stock"),
    "closing stock": text("closing stock"),
    "stock change": text("change of stock"),
    "in": text("came in", context="balance, network, kinds 2"),
    "out": text("went out"),
    "move": text("moved"),
    "moved in": text("moved in"),
    "moved out": text("moved out"),
    **{
        f"origin {kind}": text("origin: {word}", word=bilingual(word["en"].lower(), word["zh"]))
        for kind, word in words.ORIGINS.items()
    },
}


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
        reason=None if reason is None else visit.localized(bilingual(reason["en"], reason["zh"])),
        p=written.probability(found.p),
        # Where nothing could be tested there is no figure of the test.
        global_test="" if math.isnan(found.global_test) else written.number(round(found.global_test, 1)),
        freedom=written.count(found.freedom),
        tables={
            "suspects": _suspects(visit, found),
            "untold": _untold(visit, found),
            "nodes": _nodes(visit, found),
            "streams": _streams(visit, found),
        },
    )


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
        return visit.text("The national books of {name} cannot be tested", name=name)
    best = found.suspects[0] if found.suspects else None
    if best is None or best.p > FAMILY_RATE:
        return visit.text("The national books of {name} balance with corrections that measurement explains", name=name)
    where, mass = _place(visit, best.place), written.mass(abs(best.mass_mg), visit.language)
    if best.kind == "leak":
        return visit.text(
            "About {mass} of {name} may {enter} unseen at: {where}",
            mass=mass,
            name=name,
            enter=text("leave") if best.mass_mg > 0 else text("enter"),
            where=where,
        )
    return visit.text("One figure of {name} may be off by about {mass}: {where}", name=name, mass=mass, where=where)


def _node(visit: Visit, name: str | None) -> str:
    """A stage, counted or not; deliveries between two."""
    if name is None:
        return visit.text("outside")
    if _BETWEEN in name:
        return " → ".join(_node(visit, part) for part in name.split(_BETWEEN))
    if name == "outside":
        return visit.text("outside")
    counted = not name.endswith(_NOT_COUNTED)
    stage = words.word(words.STAGES, name.removesuffix(_NOT_COUNTED), visit.language)
    return stage if counted else stage + visit.text(" (not counted)")


def _place(visit: Visit, name: str) -> str:
    """A node or a stream by its stable name."""
    node, _, kind = name.partition(": ")
    shown = _node(visit, node)
    return shown if not kind else visit.text("{shown}, ", shown=shown) + words.word(_KINDS, kind, visit.language)


def _mass(visit: Visit, mass_mg: float | None, *, signed: bool = False) -> Cell:
    if mass_mg is None:
        return Cell(text=visit.text("not measured"))
    return Cell(text=written.mass(mass_mg, visit.language, signed=signed), value=mass_mg / written.MG_PER_KG)


def _number(value: float | None) -> Cell:
    return Cell(text=written.sigmas(value), value=None if value is None else round(value, 6))


def _suspects(visit: Visit, found: Reconciled) -> Table:
    """Where an error or a leak would explain most, each with what no filing can tell apart from it."""

    def cells(one: Suspect) -> Row:
        alike = [_place(visit, place) for _, place in one.alike if place != one.place]
        return (
            Cell(
                text=_place(visit, one.place),
                value=one.place,
                note=visit.text("or: ") + visit.text(", ", context="balance").join(alike) if alike else "",
            ),
            Cell(text=_what(visit, one.kind), value=one.kind),
            _mass(visit, one.mass_mg, signed=True),
            _mass(visit, one.sigma_mg),
            Cell(text=written.probability(one.p), value=one.p),
        )

    return Table(
        name="suspects",
        caption=visit.text("Where to look"),
        columns=(
            Column(key="place", label=text("Where", context="balance")),
            Column(key="kind", label=text("What", context="balance")),
            Column(key="mass", label=text("Mass", context="balance"), number=True, unit="kg"),
            Column(key="sigma", label=text("±"), number=True, unit="kg"),
            Column(key="p", label=text("By chance"), number=True),
        ),
        rows=[cells(one) for one in found.suspects],
        empty=visit.text("No single error or leak stands out."),
    )


def _what(visit: Visit, kind: str) -> str:
    return visit.text("leak") if kind == "leak" else visit.text("bias of a figure")


def _untold(visit: Visit, found: Reconciled) -> Table:
    """Leaks and biases of which the measurements tell nothing, so that no mass stands beside them."""
    unknown = visit.text("cannot be told")
    return Table(
        name="untold",
        caption=visit.text("What cannot be told"),
        columns=(
            Column(key="place", label=text("Where", context="balance")),
            Column(key="kind", label=text("What", context="balance")),
            Column(key="mass", label=text("Mass", context="balance")),
        ),
        rows=[
            (
                Cell(text=_place(visit, place), value=place),
                Cell(text=_what(visit, kind), value=kind),
                Cell(text=unknown, value=None),
            )
            for kind, place in found.untold
        ],
        per_page=20,
        empty=visit.text("Every leak and every wrong figure would show."),
    )


def _nodes(visit: Visit, found: Reconciled) -> Table:
    """Each balance of the network before it is corrected."""

    def cells(row: Mapping[str, Any]) -> Row:
        kind = visit.text("deliveries", context="balance") if row["kind"] == "transfer" else visit.text("stage")
        return (
            Cell(text=_node(visit, row["node"]), value=row["node"]),
            Cell(text=kind, value=row["kind"]),
            _mass(visit, row["imbalance_mg"], signed=True),
            _mass(visit, row["sigma_mg"]),
            _number(row["test"]),
        )

    return Table(
        name="nodes",
        caption=visit.text("Balances of the network"),
        columns=(
            Column(key="node", label=text("Balance of")),
            Column(key="kind", label=text("Kind", context="balance")),
            Column(key="imbalance", label=text("Difference", context="balance"), number=True, unit="kg"),
            Column(key="sigma", label=text("±"), number=True, unit="kg"),
            Column(key="test", label=text("In σ"), number=True),
        ),
        rows=[cells(row) for row in found.nodes.iter_rows(named=True)],
        per_page=20,
        empty=visit.text("Nothing moved in these months."),
    )


def _streams(visit: Visit, found: Reconciled) -> Table:
    """What was measured, and what it has to be for all balances to hold."""

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            Cell(
                text=f"{_node(visit, row['source'])} → {_node(visit, row['target'])}",
                value=row["stream"],
                note=words.word(_KINDS, row["kind"], visit.language),
            ),
            _mass(visit, row["measured_mg"]),
            _mass(visit, row["sigma_mg"]),
            _mass(visit, row["reconciled_mg"]),
            _mass(visit, row["reconciled_sigma_mg"]),
            _mass(visit, row["adjustment_mg"], signed=True),
            _number(row["test"]),
        )

    return Table(
        name="streams",
        caption=visit.text("Streams as measured and as they balance"),
        columns=(
            Column(key="stream", label=text("Stream")),
            Column(key="measured", label=text("Measured", context="balance, network"), number=True, unit="kg"),
            Column(key="measured_sigma", label=text("±"), number=True, unit="kg"),
            Column(key="reconciled", label=text("Balanced"), number=True, unit="kg"),
            Column(key="reconciled_sigma", label=text("±"), number=True, unit="kg"),
            Column(key="adjustment", label=text("Correction", context="balance"), number=True, unit="kg"),
            Column(key="test", label=text("In σ"), number=True),
        ),
        rows=[cells(row) for row in found.streams.iter_rows(named=True)],
        per_page=20,
        empty=visit.text("Nothing moved in these months."),
    )
