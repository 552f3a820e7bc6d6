"""Where the marks of a flow stand: one scale for the whole drawing, exact; words that never cover words.

A mark's height is the larger of what enters and what leaves it; the ribbons of that side fill it, those of the other
side leave bare what they do not explain. Ribbons lie from the top, gains before all others; losses lie at the foot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.layers import Layout, Slot, Strand, lay_out
from lodeline.web.drawing.lettering import SIZE, Label, fit, text_width
from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.ribbon import Ribbon

NodeKind = Literal["flow", "gain", "loss", "abroad", "use", "recycled"]

#: Pixels. Words of the first column stand left of its marks, those of the last column right, all others above.
MARK: Final = 9.0
LEFT: Final = 132.0
RIGHT: Final = 168.0
HEADING: Final = 58.0
STUB: Final = 44.0
_GAP: Final = 10.0
_LINE: Final = 16.0
_TWO_LINES: Final = 30.0
_RISE: Final = 10.0
_PAD: Final = 8.0
#: Columns never stand closer than this; a drawing of many is wider than asked for.
_NARROWEST: Final = 104.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A stage; `mass_mg` is written under its name where given."""

    label: str
    mass_mg: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A mark. A gain or loss is no mark of its own: it is drawn at the node it joins, and its column is not looked at.

    `group` (last column only) is a heading under which nodes stand together with their sum.
    """

    key: str
    column: int
    label: str
    kind: NodeKind = "flow"
    href: str | None = None
    sigma_mg: int | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Mass from one node to another; a negative mass (a net correction) flows the other way, none is not drawn."""

    source: str
    target: str
    mass_mg: int
    href: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sankey:
    """A flow: columns from left to right, nodes, links between them, and the unit every number is in."""

    name: str
    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    unit: Unit
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    node: Node
    x: float
    y: float
    height: float
    mass_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A drawn link. `lane` is the height of the way back of a link to the same or an earlier column."""

    link: Link
    ribbon: Ribbon
    kind: NodeKind
    lane: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SankeyLayout:
    """Everything in pixels; `scale` is pixels per milligram. `rules` are hairlines (x from, x to, y)."""

    width: float
    height: float
    scale: float
    marks: tuple[Mark, ...]
    placed: tuple[Placed, ...]
    labels: tuple[Label, ...]
    rules: tuple[tuple[float, float, float], ...]


def lay_out_sankey(flow: Sankey, *, width: float = 1120.0, body: float = 360.0) -> SankeyLayout | None:
    """The layout, with the fullest column `body` pixels high before gaps and words; None when no mass flows."""
    sorted_links = _Links(flow)
    if not sorted_links.drawn:
        return None
    return _Arrangement(flow, sorted_links, width, body).result()


class _Links:
    """The links of a flow, told apart by how they are drawn."""

    def __init__(self, flow: Sankey) -> None:
        self.nodes = {node.key: node for node in flow.nodes}
        assert len(self.nodes) == len(flow.nodes), "a node has a key of its own"
        self.forward: list[Link] = []
        self.backward: list[Link] = []
        self.gains: dict[str, list[Link]] = {}
        self.losses: dict[str, list[Link]] = {}
        for link in flow.links:
            source, target = self.nodes[link.source], self.nodes[link.target]
            assert source.kind != "loss" and target.kind != "gain", "gains come from nowhere, losses go nowhere"
            open_end = source.kind == "gain" or target.kind == "loss"
            assert not open_end or link.mass_mg >= 0, "a negative gain is a loss"
            assert not (source.kind == "gain" and target.kind == "loss"), "a gain enters a stage"
            if link.mass_mg == 0:
                continue
            if link.mass_mg < 0:
                link = Link(  # noqa: PLW2901
                    source=link.target, target=link.source, mass_mg=-link.mass_mg, href=link.href, label=link.label
                )
                source, target = target, source
            if source.kind == "gain":
                self.gains.setdefault(link.target, []).append(link)
            elif target.kind == "loss":
                self.losses.setdefault(link.source, []).append(link)
            else:
                (self.forward if source.column < target.column else self.backward).append(link)
        stubs = [link for links in (*self.gains.values(), *self.losses.values()) for link in links]
        self.drawn = [*self.forward, *self.backward, *stubs]

    def through(self, key: str) -> int:
        """Mass of a node in mg: the larger of what enters and what leaves it."""
        entering = sum(link.mass_mg for link in self.drawn if link.target == key)
        leaving = sum(link.mass_mg for link in self.drawn if link.source == key)
        return max(entering, leaving)

    def kind(self, link: Link) -> NodeKind:
        ends = (self.nodes[link.source].kind, self.nodes[link.target].kind)
        kinds: tuple[NodeKind, ...] = ("gain", "loss", "recycled", "abroad", "use")
        return next((kind for kind in kinds if kind in ends), "flow")


class _Arrangement:
    """One pass from masses to pixels; each step reads what the one before has written."""

    def __init__(self, flow: Sankey, links: _Links, width: float, body: float) -> None:
        self.flow, self.links = flow, links
        self.last = len(flow.columns) - 1
        self.width = max(width, LEFT + RIGHT + _NARROWEST * self.last)
        touched = {key for link in links.drawn for key in (link.source, link.target)}
        self.nodes = [node for node in flow.nodes if node.key in touched and node.kind not in ("gain", "loss")]
        assert all(0 <= node.column <= self.last for node in self.nodes), "a node stands in a column"
        self.mass = {node.key: links.through(node.key) for node in self.nodes}
        self.scale = body / self._fullest()
        self.pitch = (self.width - LEFT - RIGHT) / max(self.last, 1)
        self.groups = list(dict.fromkeys(self._group(node) for node in self.nodes))
        self.labels: list[Label] = []
        self.rules: list[tuple[float, float, float]] = []
        self.layout = self._stack()
        self.top = {node.key: HEADING + y for node, y in zip(self.nodes, self.layout.tops, strict=False)}
        self.floor = HEADING + self.layout.height
        self.taken_left: dict[str, float] = {}
        self.taken_right: dict[str, float] = {}

    def result(self) -> SankeyLayout:
        self._head_columns()
        marks = tuple(
            Mark(
                node=node,
                x=self._x(node.column),
                y=self.top[node.key],
                height=self.mass[node.key] * self.scale,
                mass_mg=self.mass[node.key],
            )
            for node in self.nodes
        )
        for mark in marks:
            self._name(mark)
        # Sides are filled from the top: gains, then what flows on, then what flows back; losses lie at the foot.
        gains = [stub for node in self.nodes for stub in self._gains(node)]
        forward, backward = self._forward(), self._backward()
        losses = [stub for node in self.nodes for stub in self._losses(node)]
        return SankeyLayout(
            width=self.width,
            height=self.floor + _PAD,
            scale=self.scale,
            marks=marks,
            placed=(*backward, *forward, *gains, *losses),
            labels=tuple(self.labels),
            rules=tuple(self.rules),
        )

    def _fullest(self) -> int:
        """Mass of the fullest column in mg, with what passes through it."""
        full = [0] * (self.last + 1)
        for node in self.nodes:
            full[node.column] += self.mass[node.key]
        for link in self.links.forward:
            for column in range(self.links.nodes[link.source].column + 1, self.links.nodes[link.target].column):
                full[column] += link.mass_mg
        return max(full)

    def _x(self, column: int) -> float:
        return LEFT + column * self.pitch

    def _beside(self, column: int) -> bool:
        """Whether the words of a column stand beside its marks, not above them."""
        return column in (0, self.last)

    def _group(self, node: Node) -> str | None:
        return node.group if node.column == self.last else None

    def _stack(self) -> Layout:
        slots = [self._slot(node) for node in self.nodes]
        self.headed = [group for group in self.groups if group is not None]
        slots += [
            Slot(column=self.last, height=18, below=2, group=self.groups.index(group), leads=True)
            for group in self.headed
        ]
        place = {node.key: index for index, node in enumerate(self.nodes)}
        strands = [
            Strand(source=place[link.source], target=place[link.target], width=link.mass_mg * self.scale)
            for link in self.links.forward
        ]
        layout = lay_out(slots, strands, gap=_GAP)
        x = self._x(self.last) + MARK + 6
        for group, y in zip(self.headed, layout.tops[len(self.nodes) :], strict=False):
            mass = sum(self.mass[node.key] for node in self.nodes if self._group(node) == group)
            baseline = HEADING + y + 12
            self._pair(x, baseline, group, self.flow.unit.bare(mass), ("d-caps", "d-strong"))
            self.rules.append((x, self.width, baseline + 5))
        return layout

    def _slot(self, node: Node) -> Slot:
        gains, losses = len(self.links.gains.get(node.key, ())), len(self.links.losses.get(node.key, ()))
        beside = self._overhang(node)
        return Slot(
            column=node.column,
            height=self._height(node),
            above=(beside if self._beside(node.column) else _LINE) + (gains * _LINE + _RISE if gains else 0),
            below=beside + (losses * _LINE + _RISE if losses else 0),
            group=self.groups.index(self._group(node)),
        )

    def _head_columns(self) -> None:
        for index, column in enumerate(self.flow.columns):
            x = self._x(index) + (MARK + 6 if index == self.last else 0)
            room = self.width - x if index == self.last else self.pitch - _PAD
            self.labels.append(Label(x=x, y=13, width=room, text=column.label, class_="d-caps"))
            if column.mass_mg is not None:
                text = self.flow.unit.bare(column.mass_mg)
                self.labels.append(Label(x=x, y=35, width=room, text=text, class_="d-figure", size=17))

    def _pair(self, x: float, y: float, name: str, number: str, classes: tuple[str, str]) -> None:
        """A name and, at the right edge of the drawing, its number."""
        room = text_width(number) * 1.08
        self.labels.append(Label(x=x, y=y, width=max(self.width - x - room - 6, 0.0), text=name, class_=classes[0]))
        self.labels.append(Label(x=self.width - room, y=y, width=room, text=number, class_=classes[1], anchor="end"))

    def _name(self, mark: Mark) -> None:
        node, middle, number = mark.node, mark.y + mark.height / 2, self.flow.unit.bare(mark.mass_mg)
        if node.column == self.last:
            self._pair(mark.x + MARK + 6, middle + 4, node.label, number, ("d-halo", "d-halo d-quiet"))
        elif node.column == 0:
            room = LEFT - _PAD
            for y, text, class_ in ((middle - 2, node.label, "d-halo"), (middle + 12, number, "d-halo d-quiet")):
                self.labels.append(Label(x=0, y=y, width=room, text=text, class_=class_, anchor="end"))
        else:
            room = text_width(number)
            name = max(min(text_width(node.label), self.pitch - _PAD - room - 6), 0.0)
            y = mark.y - 5
            self.labels.append(Label(x=mark.x, y=y, width=name, text=node.label, class_="d-halo"))
            self.labels.append(Label(x=mark.x + name + 5, y=y, width=room, text=number, class_="d-halo d-quiet"))

    def _stub_label(self, node: Node, stub: Node, link: Link, y: float, glyph: str) -> None:
        """Shape, word and number of a gain or loss; where room is short the word is cut, not the number."""
        x, room, anchor = self._x(node.column), self.pitch - _PAD, "start"
        if node.column == 0:
            x, room, anchor = 0.0, LEFT - _PAD, "end"
        elif node.column == self.last:
            x += MARK + 6
            room = self.width - x
        number = self.flow.unit.uncertain(link.mass_mg, stub.sigma_mg)
        word = fit(stub.label, room - text_width(f"{glyph}  {number}", SIZE * 1.08), SIZE * 1.08)
        class_ = f"d-halo d-strong d-says-{stub.kind}"
        text = f"{glyph} {word} {number}"
        self.labels.append(Label(x=x, y=y, width=room, text=text, class_=class_, anchor=anchor))

    def _gains(self, node: Node) -> list[Placed]:
        """Ribbons from nowhere into the top of the left side; their words stand above the name of the node."""
        x, y = self._x(node.column), self.top[node.key]
        words = y - self._overhang(node) - _RISE - 3 if self._beside(node.column) else y - _LINE - 5
        placed = []
        for index, link in enumerate(self.links.gains.get(node.key, ())):
            self._stub_label(node, self.links.nodes[link.source], link, words - index * _LINE, "▲")
            size = link.mass_mg * self.scale
            top = self._take(self.taken_left, node.key, size)
            ribbon = Ribbon(width=size, stops=((x - STUB, x - STUB + 10, top - _RISE), (x, x, top)))
            placed.append(Placed(link=link, ribbon=ribbon, kind="gain"))
        return placed

    def _losses(self, node: Node) -> list[Placed]:
        """Ribbons from the bottom of the right side to nowhere; their words stand below the node."""
        x = self._x(node.column) + MARK
        bottom = self.top[node.key] + self._height(node) + self._overhang(node)
        losses = self.links.losses.get(node.key, ())
        if losses:
            self.taken_right[node.key] = self._height(node) - sum(link.mass_mg for link in losses) * self.scale
        placed = []
        for index, link in enumerate(losses):
            self._stub_label(node, self.links.nodes[link.target], link, bottom + _RISE + 10 + index * _LINE, "▼")
            size = link.mass_mg * self.scale
            top = self._take(self.taken_right, node.key, size)
            ribbon = Ribbon(width=size, stops=((x, x, top), (x + STUB - 10, x + STUB, top + _RISE)))
            placed.append(Placed(link=link, ribbon=ribbon, kind="loss"))
        return placed

    def _height(self, node: Node) -> float:
        return self.mass[node.key] * self.scale

    def _overhang(self, node: Node) -> float:
        """By how much words beside a mark reach above its top and below its foot."""
        if not self._beside(node.column):
            return 0.0
        return max(0.0, (_LINE if node.column == self.last else _TWO_LINES) - self._height(node)) / 2

    def _take(self, taken: dict[str, float], key: str, size: float) -> float:
        """The next `size` pixels of a side of a node, from the top; answers where they begin."""
        used = taken.get(key, 0.0)
        taken[key] = used + size
        return self.top[key] + used

    def _forward(self) -> list[Placed]:
        links, routes, tops = self.links.forward, self.layout.routes, self.layout.tops
        starts: dict[int, float] = {}
        ends: dict[int, float] = {}
        for index in sorted(range(len(links)), key=lambda i: (tops[routes[i][1]], i)):
            starts[index] = self._take(self.taken_right, links[index].source, links[index].mass_mg * self.scale)
        for index in sorted(range(len(links)), key=lambda i: (tops[routes[i][-2]], i)):
            ends[index] = self._take(self.taken_left, links[index].target, links[index].mass_mg * self.scale)
        placed = []
        for index, (link, route) in enumerate(zip(links, routes, strict=True)):
            source, target = self.links.nodes[link.source], self.links.nodes[link.target]
            stops = [(self._x(source.column) + MARK,) * 2 + (starts[index],)]
            for offset, waypoint in enumerate(route[1:-1], start=1):
                x = self._x(source.column + offset)
                stops.append((x, x + MARK, HEADING + tops[waypoint]))
            stops.append((self._x(target.column),) * 2 + (ends[index],))
            ribbon = Ribbon(width=link.mass_mg * self.scale, stops=tuple(stops))
            placed.append(Placed(link=link, ribbon=ribbon, kind=self.links.kind(link)))
        return placed

    def _backward(self) -> list[Placed]:
        """Loops under the body, the shortest innermost, each in a lane of its own under its words."""
        placed = []
        nodes = self.links.nodes
        by_span = sorted(self.links.backward, key=lambda link: nodes[link.source].column - nodes[link.target].column)
        for link in by_span:
            size = link.mass_mg * self.scale
            source, target = nodes[link.source], nodes[link.target]
            x0, x1 = self._x(source.column) + MARK, self._x(target.column)
            lane = self.floor + _PAD + _LINE
            words = f"↩ {link.label or source.label + ' → ' + target.label} {self.flow.unit.bare(link.mass_mg)}"
            # Nothing else stands in the row of a lane: a short way back may have longer words.
            room = min(max(abs(x0 - x1), text_width(words)), self.width)
            x = min(max((x0 + x1 - room) / 2, 0.0), self.width - room)
            self.labels.append(Label(x=x, y=lane - 4, width=room, text=words, class_="d-halo", anchor="middle"))
            self.floor = lane + max(size, 2.0)
            stops = (
                (x0, x0, self._take(self.taken_right, link.source, size)),
                (x1, x1, self._take(self.taken_left, link.target, size)),
            )
            ribbon = Ribbon(width=size, stops=stops)
            placed.append(Placed(link=link, ribbon=ribbon, kind=self.links.kind(link), lane=lane))
        return placed
