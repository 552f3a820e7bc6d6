"""The QR code of a receipt is read back by a reader of our own, from the picture alone."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M

from lodeline.web.parts.qr import MOST_BYTES, QUIET, draw_code, modules

#: Codewords of data of the versions that hold them in one block with correction M (ISO/IEC 18004, table 9).
DATA_WORDS = {1: 16, 2: 28, 3: 44}
#: Dark where true (ISO/IEC 18004, table 10); x: column, y: row.
MASKS = (
    lambda x, y: (y + x) % 2 == 0,
    lambda x, y: y % 2 == 0,
    lambda x, y: x % 3 == 0,
    lambda x, y: (y + x) % 3 == 0,
    lambda x, y: (y // 2 + x // 3) % 2 == 0,
    lambda x, y: y * x % 2 + y * x % 3 == 0,
    lambda x, y: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda x, y: ((y + x) % 2 + y * x % 3) % 2 == 0,
)

Matrix = list[list[bool]]


def seen(svg: str) -> Matrix:
    """The dark modules of a picture, with the quiet zone."""
    size = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert size is not None
    side = int(size[1])
    matrix = [[False] * side for _ in range(side)]
    drawn = re.search(r'd="([^"]*)" fill="#000"', svg)
    assert drawn is not None
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1H\1z", drawn[1]):
        for at in range(int(x), int(x) + int(run)):
            assert not matrix[int(y)][at], "drawn twice"
            matrix[int(y)][at] = True
    return matrix


def read(code: Matrix) -> str:
    """The text of a code of version 1 to 3 in bytes mode, without its quiet zone."""
    side = len(code)
    version = (side - 17) // 4
    # The level and the mask stand beside the upper left finder, under a mask of their own (7.9).
    told = sum(code[8][x] << (14 - at) for at, x in enumerate((0, 1, 2, 3, 4, 5))) ^ 0b101010000010010
    level, mask = told >> 13 & 0b11, told >> 10 & 0b111
    assert level == 0b00, "correction M"

    def taken(x: int, y: int) -> bool:
        finder = (x < 9 and y < 9) or (x >= side - 8 and y < 9) or (x < 9 and y >= side - 8)
        alignment = version > 1 and side - 9 <= x <= side - 5 and side - 9 <= y <= side - 5
        return finder or alignment or x == 6 or y == 6

    columns = [x for x in range(side - 1, -1, -1) if x != 6]
    bits, upwards = [], True
    for pair in range(0, len(columns), 2):
        for y in range(side - 1, -1, -1) if upwards else range(side):
            bits += [code[y][x] ^ MASKS[mask](x, y) for x in columns[pair : pair + 2] if not taken(x, y)]
        upwards = not upwards
    words = bits[: DATA_WORDS[version] * 8]

    def number(at: int, size: int) -> int:
        return sum(bit << (size - 1 - place) for place, bit in enumerate(words[at : at + size]))

    assert number(0, 4) == 0b0100, "bytes"
    return bytes(number(12 + 8 * at, 8) for at in range(number(4, 8))).decode()


@pytest.mark.parametrize("text", ["a", "lodeline:7", "回执第17条", "https://example.org/v/4182908/7f3a"])
def test_code_says_what_was_put_in(text: str) -> None:
    matrix = seen(draw_code(text, name="verify"))
    inner = [row[QUIET:-QUIET] for row in matrix[QUIET:-QUIET]]
    assert read(inner) == text
    assert inner == [list(row) for row in modules(text)]


def test_large_code_is_the_matrix_of_its_library() -> None:
    text = '{"entry": 4182908, "path": "' + "7f3a" * 300 + '"}'
    library = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    library.add_data(text.encode())
    library.make(fit=True)
    assert seen(draw_code(text, name="verify")) == library.get_matrix()


def test_code_stands_in_its_quiet_zone_and_says_what_it_is() -> None:
    svg = draw_code("A", name='The receipt of "MAG" & Co')
    matrix = seen(svg)
    edge = [*matrix[:QUIET], *matrix[-QUIET:], *(row[:QUIET] + row[-QUIET:] for row in matrix)]
    assert not any(any(row) for row in edge)
    assert matrix[QUIET][QUIET : QUIET + 7] == [True] * 7, "the finder begins at the quiet zone"
    assert 'role="img"' in svg and "&quot;MAG&quot; &amp; Co" in svg


def test_more_goes_into_a_larger_code_up_to_the_largest() -> None:
    sides = [len(modules("x" * size)) for size in (10, 100, 1000, MOST_BYTES)]
    assert all(one < other for one, other in pairwise(sides)) and sides[-1] == 177
    with pytest.raises(AssertionError):
        modules("x" * (MOST_BYTES + 1))
