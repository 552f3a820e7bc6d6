"""Markup that is well formed whatever the words are, and carries neither style nor script.

Every element of every drawing is made here. Texts are escaped when they enter and characters that XML cannot hold are
replaced; coordinates are rounded to 0.1, so that the same drawing is the same bytes on every machine. Colours, fonts
and strokes belong to `static/lodeline/drawing.css`: the markup names classes and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final, NewType

#: Finished markup. Plain text becomes `Markup` through `escape`, never by a cast.
Markup = NewType("Markup", str)

#: Width of a drawing that fits a telephone held upright.
NARROW: Final = 340.0

#: What a drawing returns when there is nothing to draw: the page then says so in words.
NOTHING: Final = Markup("")

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SCHEME = re.compile(r"\s*[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
_KEY = re.compile(r"[a-z][a-z0-9-]*")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})

#: Shapes in a box of 10 × 10: a state is never told by colour alone.
SHAPES: Final = {
    "circle": "M5 .6a4.4 4.4 0 1 1 0 8.8a4.4 4.4 0 1 1 0-8.8z",
    "ring": "M5 .4a4.6 4.6 0 1 1 0 9.2a4.6 4.6 0 1 1 0-9.2zM5 2a3 3 0 1 0 0 6a3 3 0 1 0 0-6z",
    "half": "M5 .4a4.6 4.6 0 1 1 0 9.2a4.6 4.6 0 1 1 0-9.2zM5 2a3 3 0 1 0 0 6z",
    "up": "M5 .4 9.8 9.4H.2z",
    "down": "M5 9.6 .2.6h9.6z",
    "square": "M.6.6h8.8v8.8H.6z",
    "diamond": "M5 0 10 5 5 10 0 5z",
    "tick": "M.2 5.6 1.6 4.2 3.8 6.4 8.6.8 10 2.2 3.8 9.4z",
    "cross": "M1.4 0 5 3.6 8.6 0 10 1.4 6.4 5 10 8.6 8.6 10 5 6.4 1.4 10 0 8.6 3.6 5 0 1.4z",
    "bar": "M0 3.6h10v2.8H0z",
}


def escape(text: str) -> Markup:
    """Text as markup, fit for an element or an attribute; what XML 1.0 forbids becomes U+FFFD."""
    return Markup(_NOT_XML.sub("\ufffd", text).translate(_ESCAPES))


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))


def coordinate(value: float) -> str:
    """A coordinate in pixels, rounded to 0.1: 12.04 → "12", -0.04 → "0"."""
    assert math.isfinite(value), "a coordinate is a finite number"
    tenths = round(value * 10)
    whole, tenth = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole}" + (f".{tenth}" if tenth else "")


def path_data(*parts: str | float) -> str:
    """The `d` of a path: letters are commands, numbers are coordinates."""
    return " ".join(part if isinstance(part, str) else coordinate(part) for part in parts)


def element(name: str, /, *inside: Markup, **attributes: str | float | None) -> Markup:
    """`<name …>inside</name>`. None leaves an attribute out; `class_` is class, `stroke_width` stroke-width."""
    assert name != "script", "a drawing carries no script"
    written = []
    for key, value in attributes.items():
        assert key != "style" and not key.startswith("on"), "looks belong to the stylesheet, behaviour to the page"
        if value is not None:
            text = value if isinstance(value, str) else coordinate(value)
            written.append(f' {key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    head = f"<{name}{''.join(written)}"
    return Markup(f"{head}>{join(inside)}</{name}>" if inside else f"{head}/>")


def title(text: str) -> Markup:
    """The words a pointer shows over a mark and a screen reader speaks; nothing when there are none."""
    return element("title", escape(text)) if text else NOTHING


def link(href: str | None, name: str, *inside: Markup) -> Markup:
    """The marks as a link with an accessible name; without an address, the marks with their title.

    `href` is an address within the site or http(s): other schemes are our own mistake.
    """
    if href is None:
        return element("g", title(name), *inside)
    assert not _SCHEME.match(href) or href.startswith(("https:", "http:")), "a link leads to a page"
    return element("a", title(name), *inside, href=href, aria_label=name)


def shape(name: str, x: float, y: float, *, size: float, class_: str) -> Markup:
    """A shape of `SHAPES` centred on (x, y), `size` pixels wide."""
    corner = f"translate({coordinate(x - size / 2)} {coordinate(y - size / 2)})"
    scale = "" if size == 10 else f" scale({size / 10:g})"
    return element("path", class_=class_, d=SHAPES[name], transform=corner + scale)


def hatch(key: str) -> Markup:
    """Definition of the hatching of recycled mass; `key` is unique on the page. Refer to it with `hatched(key)`."""
    assert _KEY.fullmatch(key), "a key is lower-case letters, digits and hyphens"
    ground = element("path", class_="d-hatch-ground", d="M0 0h6v6H0z")
    stroke = element("path", class_="d-hatch-line", d="M0 0v6")
    return element(
        "defs",
        element(
            "pattern",
            ground,
            stroke,
            id=f"{key}-hatch",
            width="6",
            height="6",
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def hatched(key: str) -> str:
    return f"url(#{key}-hatch)"


def drawing(*, width: float, height: float, name: str, description: str, kind: str, body: Markup) -> Markup:
    """The `<svg>` around a drawing. One that holds links is a group, since the parts of an image cannot be reached."""
    return element(
        "svg",
        element("desc", escape(description)) if description else NOTHING,
        body,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"drawing {kind}",
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        role="group" if "<a " in body else "img",
        aria_label=name,
    )


def wide_and_narrow(wide: Markup, narrow: Markup) -> Markup:
    """A drawing made twice; the stylesheet shows the one that fits."""
    return join((element("div", wide, class_="d-wide"), element("div", narrow, class_="d-narrow")))
