"""A picture of the calibration: how often what was said to be so likely is so, with the number of pairs.

One SVG without script. It carries its own few colours, for light and dark, because it is shown by whatever shows the
document.
"""

from __future__ import annotations

from collections.abc import Sequence

from lodeline.web.drawing.svg import coordinate, path_data

SIDE, LEFT, TOP, BOTTOM, RIGHT = 300, 46, 20, 46, 20
STYLE = (
    "svg{font:11px system-ui,sans-serif;fill:#222}path{fill:none;stroke:#999;stroke-width:1}.even{stroke-dasharray:4 3}"
    ".own{stroke:#0b5cad;stroke-width:2}circle{fill:#0b5cad;fill-opacity:.75}.bar{stroke:#0b5cad;stroke-width:1}"
    "@media(prefers-color-scheme:dark){svg{fill:#ddd}path{stroke:#777}.own,.bar{stroke:#7cb8ff}circle{fill:#7cb8ff}}"
)


def picture(points: Sequence[tuple[float, float, int]]) -> str:
    """`points`: (mean said, share that is so, pairs), by rising probability. A dot grows with its pairs; its bar is two
    standard errors of the share to both sides.
    """
    wide, high = LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img">',
        "<title>What is said to be so likely, and how often it is so, on the test pairs</title>",
        f"<style>{STYLE}</style>",
        f'<path d="{path_data("M", LEFT, TOP, "V", TOP + SIDE, "H", LEFT + SIDE)}"/>',
        f'<path class="even" d="{path_data("M", LEFT, TOP + SIDE, "L", LEFT + SIDE, TOP)}"/>',
    ]
    for level in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _place(level, level)
        parts.append(f'<text x="{LEFT - 6}" y="{coordinate(y + 4)}" text-anchor="end">{level:g}</text>')
        parts.append(f'<text x="{coordinate(x)}" y="{TOP + SIDE + 16}" text-anchor="middle">{level:g}</text>')
    line: list[str | float] = []
    for said, so, _ in points:
        line += ["L" if line else "M", *_place(said, so)]
    parts.append(f'<path class="own" d="{path_data(*line)}"/>')
    for said, so, pairs in points:
        error = 2 * (max(so * (1 - so), 0.25 / pairs) / pairs) ** 0.5
        x, low = _place(said, max(0.0, so - error))
        _, up = _place(said, min(1.0, so + error))
        parts.append(f'<path class="bar" d="{path_data("M", x, low, "V", up)}"/>')
        _, y = _place(said, so)
        size = coordinate(2 + pairs**0.5 / 3)
        parts.append(f'<circle cx="{coordinate(x)}" cy="{coordinate(y)}" r="{size}"/>')
    parts.append(f'<text x="{LEFT}" y="{high - 8}">across: probability said; up: share that is one firm</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _place(x: float, y: float) -> tuple[float, float]:
    return LEFT + SIDE * x, TOP + SIDE * (1 - y)
