"""A file as it came from whoever files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Bytes as they came from the filer."""

    name: str
    content: bytes
