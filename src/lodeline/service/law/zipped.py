"""A law pack as one ZIP file: the same bytes for the same files, and every bound asked before it is unpacked.

A ZIP that somebody sends may say anything of itself. So what it says is looked at first, and what comes out is counted.

ZipError    nothing of it is taken; the message says why and what to do
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.regulation.checking import BYTES_MOST, FILES_MOST
from lodeline.regulation.pack import Pack

#: How much larger a text can be than what it is packed into: tables of a law are packed to a fifth.
_RATIO_MOST: Final = 100
#: What a ZIP is dated, so that the same pack is the same file.
_DATED: Final = (1980, 1, 1, 0, 0, 0)
#: What a file manager adds of its own.
_NOT_OF_THE_PACK: Final = ("__MACOSX", ".DS_Store")


class ZipError(UserError):
    """Nothing of the ZIP is taken."""


def zip_of(pack: Pack) -> bytes:
    """The pack's folder as a ZIP file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(pack.files):
            archive.writestr(zipfile.ZipInfo(f"{pack.code}/{path}", _DATED), pack.files[path], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def files_of_zip(content: bytes, code: str) -> Mapping[str, bytes]:
    """Path below the folder `code` → bytes, of a ZIP of that folder or of what is in it. Raises ZipError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not _is_by_the_way(one)]
            _check(members)
            found = {one.filename: _unpacked(archive, one) for one in members}
    # All that the library raises of bytes that are no ZIP, torn, encrypted, or packed in a way that it does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ZipError(text("This is no ZIP file, or it is torn: pack the folder again.")) from error
    folder = f"{code}/"
    if found and all(path.startswith(folder) for path in found):
        return {path.removeprefix(folder): content for path, content in found.items()}
    return found


def _is_by_the_way(one: zipfile.ZipInfo) -> bool:
    parts = one.filename.split("/")
    return one.filename.endswith("/") or parts[0] in _NOT_OF_THE_PACK or parts[-1] in _NOT_OF_THE_PACK


def _check(members: list[zipfile.ZipInfo]) -> None:
    """Raises ZipError for what the ZIP says of itself."""
    if not members:
        raise ZipError(text("The ZIP holds no file: pack the folder of the law."))
    if len(members) > FILES_MOST or sum(one.file_size for one in members) > BYTES_MOST:
        raise ZipError(
            text(
                "The ZIP holds more than {files_most} files or {bytes_most} MiB: leave out what is no law.",
                files_most=FILES_MOST,
                bytes_most=BYTES_MOST >> 20,
            )
        )
    seen: set[str] = set()
    for one in members:
        shown = ascii(one.filename[:200])[1:-1] if not one.filename.isprintable() else one.filename[:200]
        kind = stat.S_IFMT(one.external_attr >> 16)
        if one.filename.startswith("/") or "\\" in one.orig_filename or {"", ".", ".."} & {*one.filename.split("/")}:
            raise ZipError(text("{shown} leaves the folder of the pack: rename it.", shown=shown))
        if kind not in (0, stat.S_IFREG):
            raise ZipError(text("{shown} is a link or no plain file: put the file itself there.", shown=shown))
        if one.flag_bits & 1:
            raise ZipError(text("{shown} is encrypted: pack it without a password.", shown=shown))
        if one.file_size > _RATIO_MOST * max(one.compress_size, 1):
            raise ZipError(
                text(
                    "{shown} unpacks to more than {ratio_most} times its size, as no text of a law does.",
                    shown=shown,
                    ratio_most=_RATIO_MOST,
                )
            )
        if one.filename in seen:
            raise ZipError(text("{shown} is there twice: keep one.", shown=shown))
        seen.add(one.filename)


def _unpacked(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    """The bytes of a file, no more than it said. Raises ValueError where there are more."""
    with archive.open(one) as stream:
        content = stream.read(one.file_size + 1)
    if len(content) != one.file_size:
        raise ValueError(one.filename)
    return content
