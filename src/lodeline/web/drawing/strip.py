"""Dots on a line: where one value stands among many of its kind.

Values that fall together are stacked. Dots are too small and near to be hit one by one: those that stand out lead to
what they are of, and the table beside the drawing to all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.lettering import boxed
from lodeline.web.drawing.number import grouped, nice_ticks, tick_decimals
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data, shape

DotKind = Literal["ok", "gain", "loss"]

_SHAPES: Final = {"ok": ("circle", "quiet"), "gain": ("up", "gain"), "loss": ("down", "loss")}
_SIZE: Final = 8.0
_SIDE: Final = 14.0
_HEAD: Final = 22.0
_FOOT: Final = 22.0
#: Dots stacked higher than this are drawn closer together.
_TALLEST: Final = 96.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One value with its name; `asked` is the one that the page is about, named on the drawing."""

    value: float
    name: str
    kind: DotKind = "ok"
    asked: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """`band` is half the width of the part of the line, around zero, in which values are expected."""

    name: str
    dots: tuple[Dot, ...]
    band: float = 0.0
    band_word: str = ""
    description: str = ""


def draw_strip(strip: Strip, *, width: float = 520.0) -> Markup:
    """SVG of the dots, `width` pixels wide. `NOTHING` without a dot."""
    if not strip.dots:
        return NOTHING
    values = [dot.value for dot in strip.dots]
    ticks = nice_ticks(min(-strip.band, *values), max(strip.band, *values))
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> float:
        return _SIDE + (width - 2 * _SIDE) * (value - low) / (high - low)

    stacks: dict[int, list[Dot]] = {}
    for dot in sorted(strip.dots, key=lambda one: (not one.asked, one.value, one.name)):
        stacks.setdefault(round(x(dot.value) / _SIZE), []).append(dot)
    most = max(len(stack) for stack in stacks.values())
    step = min(_SIZE + 1, _TALLEST / most)
    base = _HEAD + most * step
    parts = [_band(strip, x(-strip.band), x(strip.band), base), *_axis(ticks, x, base, width)]
    for place, stack in sorted(stacks.items()):
        for level, dot in enumerate(stack):
            form, fill = _SHAPES[dot.kind]
            middle = base - _SIZE / 2 - 1 - level * step
            class_ = f"d-fill-{'ink' if dot.asked and dot.kind == 'ok' else fill}"
            label = f"{dot.name}: {grouped(dot.value, 1, signed=True)}"
            parts.append(link(dot.href, label, shape(form, place * _SIZE, middle, size=_SIZE, class_=class_)))
    parts += [_named(dot, round(x(dot.value) / _SIZE) * _SIZE, width) for dot in strip.dots if dot.asked]
    return drawing(
        width=width, height=base + _FOOT, name=strip.name, description=strip.description, kind="d-strip",
        body=join(parts),
    )  # fmt: skip


def _band(strip: Strip, left: float, right: float, base: float) -> Markup:
    if not strip.band:
        return NOTHING
    ground = element("rect", class_="d-band", x=left, y=_HEAD - 4, width=right - left, height=base - _HEAD + 4)
    return join((ground, boxed(right - 5, _HEAD + 9, strip.band_word, class_="d-small", anchor="end").draw()))


def _axis(ticks: tuple[float, ...], x: Callable[[float], float], base: float, width: float) -> list[Markup]:
    parts = [element("path", class_="d-rule", d=path_data("M", _SIDE / 2, base, "H", width - _SIDE / 2))]
    decimals = tick_decimals(ticks)
    for tick in ticks:
        parts.append(element("path", class_="d-rule", d=path_data("M", x(tick), base, "v", 4.0)))
        text = grouped(tick, decimals, signed=True)
        parts.append(boxed(x(tick), base + 17, text, class_="d-quiet", anchor="middle").draw())
    return parts


def _named(dot: Dot, x: float, width: float) -> Markup:
    """The name of the asked dot above it, kept inside of the drawing."""
    text = f"{dot.name}, {grouped(dot.value, 1, signed=True)}"
    label = boxed(0, 12, text, class_="d-strong")
    left = min(max(x - label.width / 2, 0.0), max(width - label.width, 0.0))
    words = "" if dot.kind == "ok" else f" d-says-{dot.kind}"
    rule = element("path", class_="d-hair", d=path_data("M", x, 16.0, "V", _HEAD + 2))
    return join((rule, boxed(left, 12, text, class_=f"d-halo d-strong{words}").draw()))
