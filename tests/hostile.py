"""Bodies that are sent to break what reads them, by name: bytes and the kind of content that they claim to be."""

from __future__ import annotations

from tests.workbooks import workbook

#: So deep that a reader which calls itself for each step does not come back.
DEEP = "[" * 100_000
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_BOUNDARY = "b"
_PARTS = f"multipart/form-data; boundary={_BOUNDARY}"


def _part(name: str, content: bytes, file: str | None = None) -> bytes:
    said = f'; filename="{file}"' if file is not None else ""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{said}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", _JSON),
    "deep arrays": (DEEP.encode(), _JSON),
    "deep arrays, closed": ((DEEP + "]" * len(DEEP)).encode(), _JSON),
    "deep objects": (b'{"rows":' * 100_000, _JSON),
    "deep rows": (b'{"period":"2025-04","rows":' + DEEP.encode(), _JSON),
    "a number of many digits": (b'{"period":' + b"9" * 10_000 + b"}", _JSON),
    "an exponent": (b'{"period":"2025-04","rows":[{"mass_kg":1e999999999}]}', _JSON),
    "numbers that are none": (b'{"period":NaN,"rows":[{"mass_kg":-Infinity}]}', _JSON),
    "half a character": (b'{"period":"\\ud800","rows":[{"event":"\\udfff"}]}', _JSON),
    "a zero byte in a text": (b'{"period":"2025-04\\u0000","rows":[{"event":"\\u0000"}]}', _JSON),
    "no UTF-8": (b'{"period":"\xff\xfe"}', _JSON),
    "UTF-16": ('{"period":"2025-04"}'.encode("utf-16"), _JSON),
    "an array": (b"[1,[2],{}]", _JSON),
    "a text": (b'"period"', _JSON),
    "null": (b"null", _JSON),
    "rows that are none": (b'{"period":[],"rows":[null,1,"x",[],{"event":{}}],"corrects":{}}', _JSON),
    "a key twice": (b'{"period":"2025-04","period":"2025-05","rows":[]}', _JSON),
    "a month beyond the calendar": (b'{"period":"9999-12","rows":[]}', _JSON),
    "the year nought": (b'{"period":"0000-01","rows":[]}', _JSON),
    "many fields": (b"&".join(b"f%d=1" % number for number in range(1500)), _FORM),
    "fields of no text": (b"receipt=%ff%fe%00&%00=1", _FORM),
    "many parts": (_multipart(*(_part(f"f{number}", b"1") for number in range(1500))), _PARTS),
    "many files": (_multipart(*(_part("files", b"event", f"{number}.csv") for number in range(150))), _PARTS),
    "no boundary": (b"x", "multipart/form-data"),
    "a part without an end": (_part("files", b"event", "a.csv")[:-20], _PARTS),
    "a file with a path for a name": (_multipart(_part("files", b"event", "../../etc/passwd\x00.csv")), _PARTS),
    "a file of far cells": (
        _multipart(_part("period", b"2025-04"), _part("files", workbook(), "month.xlsx")), _PARTS,
    ),
    "a kind with a line break": (b"x", "text/\u2028plain"),
}  # fmt: skip
