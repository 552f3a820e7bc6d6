"""A picture of the curve: how often a falsified site is found out, against the part that was taken, by falsifier.

One SVG without script, with its own few colours for light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence

from lodeline.web.drawing.svg import coordinate, escape, path_data

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 300, 190, 34, 24, 26
STYLE = (
    "svg{font:10px system-ui,sans-serif;fill:#222}path{fill:none;stroke-width:1.4;stroke:#777}.plan{stroke:#0b5cad;"
    "stroke-width:2}.items{stroke:#1a7f4b;stroke-width:2}.random{stroke-dasharray:4 3}.books{stroke:#b3541e}"
    ".axis{stroke:#999;stroke-width:.7}text.title{font-weight:600}"
    "@media(prefers-color-scheme:dark){svg{fill:#ddd}path{stroke:#999}.plan{stroke:#7cb8ff}.items{stroke:#6fd09b}"
    ".books{stroke:#e39a6b}.axis{stroke:#777}}"
)
#: Columns of the table of the curve, how each is drawn, and its words.
LINES = (("books", "MUF alone"), ("plan", "MUF and D, by plan"), ("plan random", "MUF and D, at random"),
         ("items", "D or an item, by plan"), ("items random", "D or an item, at random"))  # fmt: skip


def picture(panels: Sequence[tuple[str, Sequence[str], Sequence[Sequence[float | None]]]]) -> str:
    """The SVG. A panel: its title, the names of the classes, and for each line of LINES its rates (None: no site)."""
    wide, high = WIDTH * len(panels), HEIGHT + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img">',
        "<title>How often a falsified site is found out, against the part of the stock that was taken</title>",
        f"<style>{STYLE}</style>",
        *(_panel(place, *panel) for place, panel in enumerate(panels)),
        *_legend(HEIGHT + 12),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(place: int, title: str, classes: Sequence[str], lines: Sequence[Sequence[float | None]]) -> str:
    left, wide, high = place * WIDTH + LEFT, WIDTH - LEFT - 14, HEIGHT - TOP - BOTTOM
    across = [left + wide * (number + 0.5) / len(classes) for number in range(len(classes))]
    parts = [
        f'<text class="title" x="{left}" y="{TOP - 10}">{escape(title)}</text>',
        f'<path class="axis" d="{path_data("M", left, TOP, "V", TOP + high, "H", left + wide)}"/>',
        *(f'<text x="{left - 5}" y="{coordinate(TOP + high * (1 - level) + 3)}" text-anchor="end">{text}</text>'
          for level, text in ((0, "0"), (0.5, ".5"), (1, "1"))),
        *(f'<text x="{coordinate(x)}" y="{TOP + high + 13}" text-anchor="middle">{escape(name)}</text>'
          for x, name in zip(across, classes, strict=True)),
    ]  # fmt: skip
    for (kind, _), rates in zip(LINES, lines, strict=True):
        points = [(x, TOP + high * (1 - rate)) for x, rate in zip(across, rates, strict=True) if rate is not None]
        if len(points) > 1:
            steps = [path_data("M" if number == 0 else "L", *point) for number, point in enumerate(points)]
            parts.append(f'<path class="{kind}" d="{"".join(steps)}"/>')
    return "\n".join(parts)


def _legend(top: int) -> list[str]:
    parts = []
    for number, (kind, words) in enumerate(LINES):
        left, down = 34 + number % 3 * 185, top + number // 3 * 16
        parts.append(f'<path class="{kind}" d="{path_data("M", left, down, "H", left + 22)}"/>')
        parts.append(f'<text x="{left + 27}" y="{down + 3}">{escape(words)}</text>')
    return parts
