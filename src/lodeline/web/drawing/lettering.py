"""Text that keeps to its room: widths are estimated on the safe side, what does not fit ends in ….

The full text of what was cut is in its title.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lodeline.web.drawing.svg import NOTHING, Markup, element, escape, title

#: Size in pixels of text in a drawing and of its small text, as in `drawing.css`.
SIZE: Final = 12.0
SMALL: Final = 11.0

# Widths in em of the sans serif faces the stylesheet asks for, rounded up (Inter and DejaVu Sans are the wide ones).
_NARROW = frozenset("iljtfrI.,:;'|!()[]/\\ \u00a0-·")
_WIDE = frozenset("mwMW@%—…＿±→←↔")
_SPACE_THIN = "\u202f\u2009"


@lru_cache(maxsize=8192)
def em_width(character: str) -> float:
    """Width of one character in em, estimated: 1 for Chinese, 0 for what combines with the one before."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in _SPACE_THIN:
        return 0.22
    if character in _NARROW:
        return 0.38
    if character in _WIDE:
        return 0.95
    if character.isupper():
        return 0.7
    return 0.62 if character.isdigit() else 0.57 if character.isascii() else 0.8


def text_width(text: str, size: float = SIZE) -> float:
    """Estimated width in pixels of one line."""
    return sum(map(em_width, text)) * size


def fit(text: str, width: float, size: float = SIZE) -> str:
    """The text, or as much of its beginning as fits `width` pixels with a … behind it; "" where not even that fits."""
    # A box made to measure is not too narrow by what rounding takes.
    if text_width(text, size) <= width + 0.01:
        return text
    room = width - text_width("…", size)
    if room < 0:
        return ""
    used, kept = 0.0, 0
    for index, character in enumerate(text):
        used += em_width(character) * size
        if used > room:
            break
        kept = index + 1
    return text[:kept].rstrip() + "…"


def fit_both_ends(text: str, width: float, size: float = SIZE) -> str:
    """The text, or its beginning, a … and its last word where that has a digit: `P2` tells works of one firm apart."""
    head, blank, last = text.rpartition(" ")
    tells = any(map(str.isdigit, last))
    if not tells or text_width(text, size) <= width + 0.01 or not blank or text_width(f"… {last}", size) > width / 2:
        return fit(text, width, size)
    return f"{fit(f'{head} ', width - text_width(f' {last}', size), size)} {last}"


def _face(class_: str) -> float:
    """How much wider than plain text the faces of the stylesheet run: capitals with space between them, bold."""
    return 1.3 if "d-caps" in class_ else 1.08 if "d-strong" in class_ else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One line of text and the box it keeps to: baseline at `y`, from `x` to `x + width` in pixels.

    both_ends: where it has to be cut, its last word stays.
    """

    x: float
    y: float
    width: float
    text: str
    class_: str = ""
    anchor: str = "start"
    size: float = SIZE
    both_ends: bool = False

    @property
    def top(self) -> float:
        return self.y - self.size * 0.9

    @property
    def bottom(self) -> float:
        return self.y + self.size * 0.25

    def meets(self, other: Label) -> bool:
        """Whether the two boxes overlap."""
        apart = (
            self.x + self.width <= other.x
            or other.x + other.width <= self.x
            or self.bottom <= other.top
            or other.bottom <= self.top
        )
        return not apart

    def draw(self) -> Markup:
        """The `<text>`, cut to its box; nothing when the box cannot hold a letter."""
        cut = fit_both_ends if self.both_ends else fit
        shown = cut(self.text, self.width, self.size * _face(self.class_))
        if not shown:
            return NOTHING
        at = {"start": self.x, "middle": self.x + self.width / 2, "end": self.x + self.width}[self.anchor]
        classes = " ".join(
            name for name in (self.class_, {"start": "", "middle": "d-middle", "end": "d-end"}[self.anchor]) if name
        )
        whole = title(self.text) if shown != self.text else NOTHING
        return element("text", whole, escape(shown), class_=classes or None, x=at, y=self.y)


def boxed(x: float, y: float, text: str, *, class_: str = "", anchor: str = "start", size: float = SIZE) -> Label:
    """A label whose box is as wide as its text; `x` is where the text begins, its middle or its end."""
    width = text_width(text, size) * _face(class_)
    left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
    return Label(x=left, y=y, width=width, text=text, class_=class_, anchor=anchor, size=size)
