"""A QR code as SVG: what is on paper leads back to its proof.

Black on white whatever the colours of the page, because scanners expect it; the quiet zone is inside the drawing. Error
correction M: 15 % of the code may be covered or torn. Source: ISO/IEC 18004.
"""

from __future__ import annotations

from typing import Final

from lodeline.web.drawing.svg import Markup, coordinate, element

#: Modules of white around the code (ISO/IEC 18004, 6.3.8), and bytes that the largest code holds with correction M.
QUIET: Final = 4
MOST_BYTES: Final = 2331


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """The dark modules of the code, row by row, without the quiet zone; `text` goes in as UTF-8."""
    from qrcode import QRCode  # noqa: PLC0415  (few pages have a code)
    from qrcode.constants import ERROR_CORRECT_M  # noqa: PLC0415

    data = text.encode()
    assert 0 < len(data) <= MOST_BYTES, f"a code holds 1 to {MOST_BYTES} bytes"
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(data)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def draw_code(text: str, *, name: str) -> Markup:
    """SVG of the code of `text`; `name` says in words what scanning it leads to."""
    rows = modules(text)
    side = len(rows) + 2 * QUIET
    runs = [
        f"M{coordinate(first + QUIET)} {coordinate(y + QUIET)}h{coordinate(end - first)}v1H{coordinate(first + QUIET)}z"
        for y, row in enumerate(rows)
        for first, end in _runs(row)
    ]
    return element(
        "svg",
        element("path", d=f"M0 0h{side}v{side}H0z", fill="#fff"),
        element("path", d="".join(runs), fill="#000"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {side} {side}",
        shape_rendering="crispEdges",
        role="img",
        aria_label=name,
    )


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Where dark modules begin and end (after the last of them)."""
    edges = [at for at in range(len(row) + 1) if (at > 0 and row[at - 1]) != (at < len(row) and row[at])]
    return list(zip(edges[::2], edges[1::2], strict=True))
