"""Files that come with an answer: few, small, of known kinds, and never shown in a page.

What a file is is told by its first bytes, whatever it is called.

FileRefusedError   a file that is not kept; the message says why and what is taken
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.models import CaseFile, CaseStep

MOST_FILES: Final = 5
#: Bytes of all files of an answer; a form as large as a page takes has them and its text.
MOST_BYTES: Final = 2_000_000
NAME_CHARACTERS: Final = 120
#: Media type → how a file of it begins.
_BEGINNINGS: Final = (
    ("application/pdf", b"%PDF-"),
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff"),
)
_CSV: Final = "text/csv"


class FileRefusedError(UserError):
    """This file is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that is taken."""

    name: str
    kind: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        return len(self.content)


def attached(files: Sequence[tuple[str, bytes]]) -> list[Attached]:
    """The files of an answer (name, bytes). Raises FileRefusedError for what is not taken."""
    if len(files) > MOST_FILES:
        raise FileRefusedError(text("At most {most_files} files.", most_files=MOST_FILES))
    if sum(len(content) for _, content in files) > MOST_BYTES:
        raise FileRefusedError(text("The files are larger than 2 MB together: send smaller scans, or fewer."))
    return [Attached(name=_name(name), kind=_kind(name, content), content=content) for name, content in files]


def put_files(step: CaseStep, files: Sequence[Attached]) -> None:
    """Keeps the files of a step."""
    for one in files:
        CaseFile.objects.create(
            step=step, name=one.name, kind=one.kind, sha256=one.sha256, size=one.size,
            content=zlib.compress(one.content, 6),
        )  # fmt: skip


def content_of(file: CaseFile) -> bytes:
    """Its bytes as they came."""
    content = zlib.decompress(bytes(file.content))
    assert sha256(content).hexdigest() == file.sha256, "a kept file is the one that came"
    return content


def _name(name: str) -> str:
    """The last part of a path, without what no file system or header takes."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r'[\x00-\x1f\x7f"<>|:*?]', "_", last).strip(" .")
    return plain[-NAME_CHARACTERS:] or "file"


def _kind(name: str, content: bytes) -> str:
    for kind, beginning in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if name.lower().endswith(".csv") and b"\x00" not in content and _is_text(content):
        return _CSV
    raise FileRefusedError(text("{name} is no PDF, PNG, JPEG or CSV: send one of these.", name=_name(name)))


def _is_text(content: bytes) -> bool:
    for encoding in ("utf-8", "gb18030"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False
