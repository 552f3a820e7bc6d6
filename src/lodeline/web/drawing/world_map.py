"""The world with what a value makes of it: countries in at most five shades, sites as dots, destinations as arcs.

Shades are quantiles of the values given, named in the legend with the least and the most of each. A country that the
outlines do not have is written below the map: nothing that was given is left out.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.bars import wrapped
from lodeline.web.drawing.lettering import Label, boxed, text_width
from lodeline.web.drawing.number import Unit
from lodeline.web.drawing.outlines import Frame, Outline, Point, centre, country_path, natural_earth
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data

CLASSES: Final = 5
_SWATCH: Final = 12.0
_WIDEST_ARC: Final = 9.0
_LARGEST_SITE: Final = 11.0
_BULGE_EAST: Final = 0.22
_BULGE_WEST: Final = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country by its ISO 3166-1 alpha-2 code, with its name in the reader's language."""

    code: str
    name: str
    mass_mg: int
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place in degrees; the dot's area is its mass."""

    name: str
    longitude: float
    latitude: float
    mass_mg: int
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """Mass from one place to another, both (longitude, latitude) in degrees; the arc's width is its mass.

    `label` (else `name`) and the mass stand at the end that `labelled_at` names.
    """

    name: str
    start: Point
    end: Point
    mass_mg: int
    kind: Literal["flow", "hold"] = "flow"
    href: str | None = None
    label: str = ""
    labelled_at: Literal["start", "end"] = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldMap:
    """`legend` names what the shades mean; `elsewhere` comes before the countries that the outlines do not have."""

    name: str
    unit: Unit
    legend: str
    elsewhere: str
    countries: tuple[Country, ...] = ()
    sites: tuple[Site, ...] = ()
    arcs: tuple[Arc, ...] = ()
    description: str = ""


def centre_of(code: str, outlines: Sequence[Outline] | None = None) -> Point | None:
    """(longitude, latitude) of the middle of a country's largest part; None where the outlines do not have it."""
    known = natural_earth() if outlines is None else outlines
    return next((centre(outline) for outline in known if code and outline.code == code), None)


def classes(values: Sequence[int]) -> list[tuple[int, int]]:
    """(least, most) of each shade: at most five quantiles of the different values, each with one of them at least."""
    different = sorted(set(values))
    count = min(CLASSES, len(different))
    edges = [round(index * len(different) / count) for index in range(count + 1)] if count else []
    return [(different[low], different[high - 1]) for low, high in itertools.pairwise(edges)]


def draw_world_map(world: WorldMap, *, width: float = 1120.0, outlines: Sequence[Outline] | None = None) -> Markup:
    """SVG of the map. `NOTHING` when there is neither country, site nor arc.

    `outlines` replace those of Natural Earth where the law requires a reviewed base map.
    """
    if not (world.countries or world.sites or world.arcs):
        return NOTHING
    known = natural_earth() if outlines is None else tuple(outlines)
    frame = Frame(width)
    shades = classes([country.mass_mg for country in world.countries])
    bottom = frame.height + 8
    parts = [*_land(world, known, shades, width), *_arcs(world, frame), *_sites(world, frame)]
    parts += _arc_names(world, frame)
    legend, bottom = _legend(world, shades, width, bottom)
    drawn_codes = {outline.code for outline in known if outline.code}
    missing = [country for country in world.countries if country.code not in drawn_codes]
    below, bottom = _elsewhere(world, missing, width, bottom)
    return drawing(
        width=width,
        height=bottom + 4,
        name=world.name,
        description=world.description,
        kind="d-world-map",
        body=join((*parts, *legend, *below)),
    )


def _land(world: WorldMap, known: Sequence[Outline], shades: list[tuple[int, int]], width: float) -> list[Markup]:
    """Countries without a value first, so that the edges of the others are seen; then in the order of their codes."""
    by_code = {country.code: country for country in world.countries if country.code}
    tops = [most for _, most in shades]
    first = CLASSES - len(shades)
    plain = "".join(country_path(outline, width) for outline in known if outline.code not in by_code)
    parts = [element("path", class_="d-land", d=plain, fill_rule="evenodd")] if plain else []
    for outline in known:
        country = by_code.get(outline.code)
        if country is not None:
            shade = first + bisect_left(tops, country.mass_mg) + 1
            path = element(
                "path", class_=f"d-part d-class-{shade}", d=country_path(outline, width), fill_rule="evenodd"
            )
            parts.append(link(country.href, f"{country.name}: {world.unit.full(country.mass_mg)}", path))
    return parts


def _shrunk(frame: Frame) -> float:
    """How much thinner marks are on a narrow map: its countries shrink with its width, words do not."""
    return min(max(frame.width / 1120, 0.4), 1.0)


def _arcs(world: WorldMap, frame: Frame) -> list[Markup]:
    largest = max((abs(arc.mass_mg) for arc in world.arcs), default=0) or 1
    parts = []
    for arc in sorted(world.arcs, key=lambda arc: -abs(arc.mass_mg)):
        (x0, y0), (x1, y1) = frame.at(*arc.start), frame.at(*arc.end)
        # Arcs bulge to the north, as great circles of the northern hemisphere do, and stay on the map. Those to the
        # west bulge less, so that the two ways between two places do not lie upon one another.
        bulge = _BULGE_WEST if x1 < x0 else _BULGE_EAST
        rise = min(math.dist((x0, y0), (x1, y1)) * bulge, max(min(y0, y1) - 4, 0.0) * 1.6)
        turn = ((x0 + x1) / 2, (y0 + y1) / 2 - rise)
        width = max(abs(arc.mass_mg) / largest * _WIDEST_ARC * _shrunk(frame), 1.0)
        head, (x, y) = _arrowhead(turn, (x1, y1), width)
        line = element(
            "path", class_=f"d-arc d-arc-{arc.kind}", d=path_data("M", x0, y0, "Q", *turn, x, y), stroke_width=width
        )
        tip = element("path", class_=f"d-arc-head d-arc-head-{arc.kind}", d=head)
        parts.append(link(arc.href, f"{arc.name}: {world.unit.full(arc.mass_mg)}", line, tip))
    return parts


def _arrowhead(turn: Point, end: Point, width: float) -> tuple[str, Point]:
    """The head of an arc that comes to `end` from `turn`, and the middle of its base, where the line stops."""
    distance = math.dist(turn, end) or 1.0
    dx, dy = (end[0] - turn[0]) / distance, (end[1] - turn[1]) / distance
    length = min(width + 5, distance)
    half = width / 2 + 2.5
    x, y = end[0] - dx * length, end[1] - dy * length
    left, right = (x - dy * half, y + dx * half), (x + dy * half, y - dx * half)
    return path_data("M", *left, "L", *end, "L", *right, "Z"), (x, y)


def _sites(world: WorldMap, frame: Frame) -> list[Markup]:
    largest = max((abs(site.mass_mg) for site in world.sites), default=0) or 1
    parts = []
    for site in sorted(world.sites, key=lambda site: -abs(site.mass_mg)):
        x, y = frame.at(site.longitude, site.latitude)
        radius = max(math.sqrt(abs(site.mass_mg) / largest) * _LARGEST_SITE * _shrunk(frame), 2.5)
        circle = element("circle", class_="d-site", cx=x, cy=y, r=radius)
        parts.append(link(site.href, f"{site.name}: {world.unit.full(site.mass_mg)}", circle))
    return parts


def _arc_names(world: WorldMap, frame: Frame) -> list[Markup]:
    """What the arcs are called, the largest first, as far as the words do not meet."""
    placed: list[Label] = []
    for arc in sorted(world.arcs, key=lambda arc: -abs(arc.mass_mg)):
        x, y = frame.at(*(arc.end if arc.labelled_at == "end" else arc.start))
        text = f"{arc.label or arc.name} {world.unit.bare(arc.mass_mg)}"
        room = text_width(text)
        for left, baseline in ((x + 7, y + 4), (x - room - 7, y + 4), (x - room / 2, y + 17), (x - room / 2, y - 9)):
            label = boxed(left, baseline, text, class_="d-halo d-strong")
            inside = label.x >= 0 and label.x + label.width <= frame.width
            if inside and not any(label.meets(other) for other in placed):
                placed.append(label)
                break
    return [label.draw() for label in placed]


def _legend(world: WorldMap, shades: list[tuple[int, int]], width: float, y: float) -> tuple[list[Markup], float]:
    """Swatches with the least and the most of each shade, broken into lines; and where they end."""
    if not shades:
        return [], y
    head = f"{world.legend}, {world.unit.word}"
    parts = [Label(x=0, y=y + 12, width=width, text=head, class_="d-strong").draw()]
    x, y = 0.0, y + 22
    for index, (least, most) in enumerate(shades):
        text = world.unit.bare(least)
        if world.unit.bare(most) != text:
            text = f"{text} – {world.unit.bare(most)}"
        room = _SWATCH + 6 + text_width(text)
        if x and x + room > width:
            x, y = 0.0, y + 20
        shade = CLASSES - len(shades) + index + 1
        swatch = element("rect", class_=f"d-class-{shade}", x=x, y=y, width=_SWATCH, height=_SWATCH)
        parts += [swatch, boxed(x + _SWATCH + 6, y + 10, text, class_="d-quiet").draw()]
        x += room + 20
    return parts, y + 20


def _elsewhere(world: WorldMap, missing: Sequence[Country], width: float, y: float) -> tuple[list[Markup], float]:
    if not missing:
        return [], y
    ordered = sorted(missing, key=lambda country: (-country.mass_mg, country.name))
    texts = [f"{country.name} {world.unit.bare(country.mass_mg)}" for country in ordered]
    texts[0] = f"{world.elsewhere} {texts[0]}"
    parts = []
    for line in wrapped(texts, width):
        y += 16
        parts.append(Label(x=0, y=y - 3, width=width, text=line, class_="d-quiet").draw())
    return parts, y + 4
