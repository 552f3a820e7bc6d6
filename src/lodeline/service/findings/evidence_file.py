"""A bundle as a file: a ZIP of known names whose bytes depend on its content alone, with the sums of all that is in it.

BundleError   the file is no bundle, or is damaged: the message says where
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from lodeline.errors import UserError
from lodeline.language import text

PACK: Final = "lodeline-evidence-v1"
SUMS: Final = "SHA256SUMS"
#: What a file may unfold to: beyond it nobody is meant to read it.
_MOST_BYTES: Final = 1 << 30
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
#: The first moment that a ZIP can state: when it was packed says nothing.
_NO_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


class BundleError(UserError):
    """This is no bundle, or not as it was made."""


def json_bytes(document: object) -> bytes:
    """JSON that people can read, the same for the same content."""
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def packed(made: Mapping[str, bytes]) -> bytes:
    """The bytes of the ZIP: its files in order of name, and their sums as `sha256sum -c` reads them."""
    sums = "".join(f"{sha256(made[name]).hexdigest()}  {name}\n" for name in sorted(made))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted({**made, SUMS: sums.encode()}.items()):
            assert _NAME.fullmatch(name), f"{name!r} is no name of a bundle"
            info = zipfile.ZipInfo(name, _NO_MOMENT)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, content, compresslevel=9)
    return out.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """Name → bytes of a bundle's files, all of which are as its sums say. Raises BundleError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            if sum(one.file_size for one in listed) > _MOST_BYTES:
                raise BundleError(text("the file unfolds to more than a bundle holds"))
            found = {one.filename: archive.read(one) for one in listed}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise BundleError(text("the file is no ZIP or is damaged: {error}", error=error)) from error
    if len(found) != len(listed) or not all(map(_NAME.fullmatch, found)):
        raise BundleError(text("the file holds names that no bundle has"))
    sums = found.pop(SUMS, None)
    expected = "".join(f"{sha256(found[name]).hexdigest()}  {name}\n" for name in sorted(found)).encode()
    if sums != expected:
        stated = {} if sums is None else dict(_stated(sums))
        changed = [name for name, one in sorted(found.items()) if stated.get(name) != sha256(one).hexdigest()]
        named = ", ".join([*changed, *sorted(stated.keys() - found.keys())][:5]) or SUMS
        raise BundleError(text("not as it was made: {named}", named=named))
    return found


def document(files: Mapping[str, bytes], name: str) -> Any:
    """A JSON file of a bundle. Raises BundleError where there is none."""
    try:
        return json.loads(files[name])
    except (KeyError, ValueError, RecursionError) as error:
        raise BundleError(text("{name} is missing or no JSON", name=name)) from error


def _stated(sums: bytes) -> list[tuple[str, str]]:
    lines = sums.decode("utf-8", "replace").splitlines()
    return [(name, stated) for stated, _, name in (line.partition("  ") for line in lines)]
