"""The flow of an element from stage to stage: ribbon width is mass, and what does not close is drawn.

A gain enters from nowhere with a dashed tail, the shape ▲ and its word; a loss leaves to nowhere with ▼ and its word;
recycled mass is hatched; mass that returns to an earlier stage runs back below the stages. Every ribbon tells from
where, to where and how much, and leads to the rows behind it where an address is given.
"""

from __future__ import annotations

from typing import Final

from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.ribbon import along, around, draw_ribbon
from lodeline.web.drawing.sankey_layout import (
    MARK,
    Column,
    Link,
    Mark,
    Node,
    NodeKind,
    Placed,
    Sankey,
    SankeyLayout,
    lay_out_sankey,
)
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, hatch, join, link, path_data

__all__ = ["Column", "Link", "Node", "NodeKind", "Sankey", "draw_sankey"]

#: Length in pixels of the dashed tail by which a gain comes from nowhere and a loss goes there.
_TAIL: Final = 16.0
_LOWEST_MARK: Final = 1.5


def draw_sankey(flow: Sankey, *, width: float = 1120.0, body: float = 360.0, key: str = "flow") -> Markup:
    """SVG of a flow, `width` pixels wide (wider for many columns), the fullest column `body` pixels high without gaps.

    `key` names the drawing on its page, for the hatching. `NOTHING` when no mass flows.
    """
    layout = lay_out_sankey(flow, width=width, body=body)
    if layout is None:
        return NOTHING
    labels = {node.key: node.label for node in flow.nodes}
    body_marks = join(
        (
            hatch(key),
            *(_ribbon(placed, labels, flow.unit, key) for placed in layout.placed),
            *(_mark(mark, flow.unit) for mark in layout.marks),
            *_rules(layout),
            *(label.draw() for label in layout.labels),
        )
    )
    return drawing(
        width=layout.width,
        height=layout.height,
        name=flow.name,
        description=flow.description,
        kind="d-sankey",
        body=body_marks,
    )


def _ribbon(placed: Placed, labels: dict[str, str], unit: Unit, key: str) -> Markup:
    ribbon, mass = placed.ribbon, placed.link
    if placed.lane is None:
        data = along(ribbon)
    else:
        (x0, _, y0), (x1, _, y1) = ribbon.stops
        data = around(width=ribbon.width, start=(x0, y0), lane=placed.lane, end=(x1, y1))
    words = f"{labels[mass.source]} → {labels[mass.target]}: {unit.full(mass.mass_mg)}"
    if mass.label:
        words = f"{words} · {mass.label}"
    drawn = draw_ribbon(data, width=ribbon.width, kind=placed.kind, key=key)
    return link(mass.href, words, _tail(placed), drawn)


def _tail(placed: Placed) -> Markup:
    """The dashed line between a gain or loss and nowhere."""
    if placed.kind not in ("gain", "loss"):
        return NOTHING
    start, end = placed.ribbon.stops[0], placed.ribbon.stops[-1]
    middle = placed.ribbon.width / 2
    x, y = (start[0] - _TAIL, start[2]) if placed.kind == "gain" else (end[1], end[2])
    return element("path", class_=f"d-tail d-thin-{placed.kind}", d=path_data("M", x, y + middle, "h", _TAIL))


def _mark(mark: Mark, unit: Unit) -> Markup:
    height = max(mark.height, _LOWEST_MARK)
    rect = element(
        "rect",
        class_=f"d-mark d-mark-{mark.node.kind}",
        x=mark.x,
        y=mark.y + (mark.height - height) / 2,
        width=MARK,
        height=height,
    )
    return link(mark.node.href, f"{mark.node.label}: {unit.full(mark.mass_mg)}", rect)


def _rules(layout: SankeyLayout) -> list[Markup]:
    return [element("path", class_="d-hair", d=path_data("M", x, y, "H", end)) for x, end, y in layout.rules]
