"""Where a lot came from and went: lots in layers from left to right, ribbons as wide as the share they carry.

A share is a part of the element asked about: upstream the part of the asked lot that comes through a lot, downstream
the part of it that a lot received. What a share is not known for is a thin line, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lodeline.material.mass import PPB
from lodeline.web.drawing.layers import Layout, Slot, Strand, lay_out
from lodeline.web.drawing.lettering import Label, text_width
from lodeline.web.drawing.number import NO_BREAK_SPACE, Unit, grouped
from lodeline.web.drawing.ribbon import Ribbon, along, draw_ribbon
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, hatch, join, link

LotKind = Literal["flow", "recycled", "controlled", "more"]

#: Pixels: a mark, the height of a share of one, the least a layer takes, a line of words, the three lines over a mark.
MARK: Final = 9.0
WHOLE: Final = 64.0
_LAYER: Final = 158.0
_LINE: Final = 14.0
_WORDS: Final = 46.0
_HEAD: Final = 26.0
_PAD: Final = 8.0
_GAP: Final = 14.0
_LEAST_MARK: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A lot in the layer its depth or date gives it. A node of kind `more` stands for lots left out: "… 12 more"."""

    key: str
    layer: int
    product: str
    organisation: str = ""
    date: str = ""
    share_ppb: int | None = None
    kind: LotKind = "flow"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Mass that goes from one lot into another, later one in the event named. `share_ppb` None: not known."""

    source: str
    target: str
    event: str
    mass_mg: int | None = None
    share_ppb: int | None = None
    kind: LotKind = "flow"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """`asked` is the key of the lot in question; `layers` are headings, as many as there are layers, or none."""

    name: str
    lots: tuple[Lot, ...]
    steps: tuple[Step, ...]
    asked: str
    unit: Unit
    description: str = ""
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLot:
    lot: Lot
    x: float
    y: float
    height: float
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceLayout:
    width: float
    height: float
    lots: tuple[PlacedLot, ...]
    ribbons: tuple[tuple[Step, Ribbon], ...]
    headings: tuple[Label, ...]


def share_text(share_ppb: int) -> str:
    """A share in percent with what can be told of it: "40 %", "0.3 %", "< 0.1 %"."""
    percent = share_ppb * 100 / PPB
    if 0 < percent < 0.1:
        return f"<{NO_BREAK_SPACE}0.1{NO_BREAK_SPACE}%"
    return f"{grouped(percent, 0 if percent >= 10 or percent == 0 else 1)}{NO_BREAK_SPACE}%"


def lay_out_provenance(graph: Provenance, *, width: float = 1120.0) -> ProvenanceLayout:
    """The layout: `width` pixels, or what the layers need at least."""
    count = max(lot.layer for lot in graph.lots) + 1
    assert not graph.layers or len(graph.layers) == count, "each layer has its heading"
    width = max(width, count * _LAYER)
    place = {lot.key: index for index, lot in enumerate(graph.lots)}
    assert len(place) == len(graph.lots) and graph.asked in place, (
        "a lot has a key of its own, the asked lot among them"
    )
    slots = [Slot(column=lot.layer, height=_height(graph, lot), above=_WORDS) for lot in graph.lots]
    strands = [Strand(source=place[step.source], target=place[step.target], width=_thick(step)) for step in graph.steps]
    layout = lay_out(slots, strands, gap=_GAP)
    top = _HEAD if graph.layers else 0.0
    pitch = width / count
    placed = tuple(
        _placed(lot, lot.layer * pitch, top + layout.tops[index], slots[index].height, pitch)
        for index, lot in enumerate(graph.lots)
    )
    headings = tuple(
        Label(x=index * pitch, y=12, width=pitch - _PAD, text=text, class_="d-caps")
        for index, text in enumerate(graph.layers)
    )
    return ProvenanceLayout(
        width=width,
        height=top + layout.height + _PAD,
        lots=placed,
        ribbons=tuple(_ribbons(graph=graph, layout=layout, placed=placed, place=place, pitch=pitch, top=top)),
        headings=headings,
    )


def draw_provenance(graph: Provenance, *, width: float = 1120.0, key: str = "provenance") -> Markup:
    """SVG of a lot's provenance, meant for up to about forty lots. `NOTHING` without a lot.

    `key` names the drawing on its page, for the hatching.
    """
    if not graph.lots:
        return NOTHING
    layout = lay_out_provenance(graph, width=width)
    names = {lot.key: lot.product for lot in graph.lots}
    ribbons = [
        link(
            step.href,
            _step_text(step, names, graph.unit),
            draw_ribbon(along(ribbon), width=ribbon.width, kind=step.kind, key=key),
        )
        for step, ribbon in layout.ribbons
    ]
    lots = [_lot(placed, asked=placed.lot.key == graph.asked) for placed in layout.lots]
    return drawing(
        width=layout.width,
        height=layout.height,
        name=graph.name,
        description=graph.description,
        kind="d-provenance",
        body=join((hatch(key), *ribbons, *(label.draw() for label in layout.headings), *lots)),
    )


def _thick(step: Step) -> float:
    return 0.0 if step.share_ppb is None else max(step.share_ppb, 0) / PPB * WHOLE


def _height(graph: Provenance, lot: Lot) -> float:
    """As high as its share or as the ribbons on either side, whichever is more."""
    entering = sum(_thick(step) for step in graph.steps if step.target == lot.key)
    leaving = sum(_thick(step) for step in graph.steps if step.source == lot.key)
    own = max(lot.share_ppb or 0, 0) / PPB * WHOLE
    return max(entering, leaving, own, _LEAST_MARK)


def _placed(lot: Lot, x: float, y: float, height: float, pitch: float) -> PlacedLot:
    room = pitch - _PAD
    share = "" if lot.share_ppb is None else share_text(lot.share_ppb)
    lines = [(" · ".join(text for text in (lot.date, share) if text), "d-halo d-quiet")]
    lines += [(lot.organisation, "d-halo d-quiet"), (lot.product, "d-halo d-strong")]
    shown = [(text, class_) for text, class_ in lines if text]
    labels = tuple(
        Label(
            x=x,
            y=y - 5 - index * _LINE,
            width=min(room, text_width(text) * 1.08),
            text=text,
            class_=class_,
        )
        for index, (text, class_) in enumerate(shown)
    )
    return PlacedLot(lot=lot, x=x, y=y, height=height, labels=labels)


def _ribbons(
    *,
    graph: Provenance,
    layout: Layout,
    placed: tuple[PlacedLot, ...],
    place: dict[str, int],
    pitch: float,
    top: float,
) -> list[tuple[Step, Ribbon]]:
    """Each step as a ribbon; at a mark they lie from top to bottom in the order of where they come from or go."""
    steps, routes = graph.steps, layout.routes
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    for ends_of, side, near in ((starts, "source", 1), (ends, "target", -2)):
        taken: dict[str, float] = {}
        for index in sorted(range(len(steps)), key=lambda i, near=near: (layout.tops[routes[i][near]], i)):  # type: ignore[misc]
            lot = steps[index].source if side == "source" else steps[index].target
            ends_of[index] = placed[place[lot]].y + taken.get(lot, 0.0)
            taken[lot] = taken.get(lot, 0.0) + _thick(steps[index])
    ribbons = []
    for index, (step, route) in enumerate(zip(steps, routes, strict=True)):
        source, target = placed[place[step.source]], placed[place[step.target]]
        # A thin line of unknown share enters and leaves a mark where the mark is, not at its upper edge.
        lift = 0.0 if _thick(step) else _LEAST_MARK / 2
        start = source.x + MARK
        stops = [(start, start, starts[index] + lift)]
        for offset, waypoint in enumerate(route[1:-1], start=1):
            x = (source.lot.layer + offset) * pitch
            stops.append((x, x + MARK, top + layout.tops[waypoint]))
        stops.append((target.x, target.x, ends[index] + lift))
        ribbons.append((step, Ribbon(width=_thick(step), stops=tuple(stops))))
    return ribbons


def _step_text(step: Step, names: dict[str, str], unit: Unit) -> str:
    facts = [step.event]
    if step.mass_mg is not None:
        facts.append(unit.full(step.mass_mg))
    if step.share_ppb is not None:
        facts.append(share_text(step.share_ppb))
    return f"{names[step.source]} → {names[step.target]}: {' · '.join(fact for fact in facts if fact)}"


def _lot(placed: PlacedLot, *, asked: bool) -> Markup:
    lot = placed.lot
    share = "" if lot.share_ppb is None else share_text(lot.share_ppb)
    words = ", ".join(text for text in (lot.product, lot.organisation, lot.date, share) if text)
    kind = "asked" if asked else lot.kind
    marks = [element("rect", class_=f"d-mark d-mark-{kind}", x=placed.x, y=placed.y, width=MARK, height=placed.height)]
    if asked:
        box = {"x": placed.x - 3, "y": placed.y - 3, "width": MARK + 6, "height": placed.height + 6}
        marks.append(element("rect", class_="d-ring", **box))
    return link(lot.href, words, *marks, *(label.draw() for label in placed.labels))
