"""What files held when they were written, under a key of the store: without its secret nobody makes others that pass.

A file is sealed block by block, so that a part of a large one can be checked. The seals stand in a document with a code
of its own, which is checked before anything of the document is parsed.
"""

from __future__ import annotations

import hmac
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

BLOCK_BYTES: Final = 1 << 20
#: Bytes of an HMAC-SHA-256 that are kept of each block.
_KEPT_BYTES: Final = 16
_BEFORE_CODE: Final = b'{"code":"'
_AFTER_CODE: Final = b'",'
_CODE_CHARACTERS: Final = 64
#: Not drawn from a seed: whoever alters a block cannot know which are looked at.
_CHANCE: Final = random.SystemRandom()


class WrongFile(Exception):  # noqa: N818  (a state of the files, found by whoever opens them)
    """The file at `path` is missing, or is not as it was written."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path}: {what}")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The size of a file and the codes of its blocks in order, joined."""

    size: int
    codes: str

    @classmethod
    def read(cls, stated: Mapping[str, Any]) -> Self:
        """From what `as_json` gave."""
        return cls(size=stated["bytes"], codes=stated["codes"])

    def as_json(self) -> dict[str, Any]:
        """As a document lists it."""
        return {"bytes": self.size, "codes": self.codes}

    @property
    def blocks(self) -> int:
        """How many blocks the file has."""
        return -(-self.size // BLOCK_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """Keys derived from a store's secret for the files that it writes beside its tables."""

    of_blocks: bytes = field(repr=False)
    of_documents: bytes = field(repr=False)

    @classmethod
    def of_store(cls, secret: bytes) -> Self:
        """The keys of the store with that secret."""
        return cls(
            of_blocks=hmac.digest(secret, b"lodeline snapshot block v1", "sha256"),
            of_documents=hmac.digest(secret, b"lodeline snapshot document v1", "sha256"),
        )

    def seal(self, content: bytes) -> Seal:
        """The seal of a file with this content."""
        starts = range(0, len(content), BLOCK_BYTES)
        view = memoryview(content)
        codes = b"".join(self._code(view[start : start + BLOCK_BYTES]) for start in starts)
        return Seal(size=len(content), codes=codes.hex())

    def seal_file(self, path: Path) -> Seal:
        """The seal of a file as it stands."""
        codes = bytearray()
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                codes += self._code(block)
        return Seal(size=path.stat().st_size, codes=codes.hex())

    def read(self, path: Path, seal: Seal) -> bytes:
        """The content of a file, once it is known to be what was sealed. Raises WrongFile."""
        check_size(path, seal)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WrongFile(path, f"cannot be read ({error.strerror})") from error
        if self.seal(content) != seal:
            raise WrongFile(path, "its content is not what was written")
        return content

    def check_blocks(self, path: Path, seal: Seal, blocks: Sequence[int] | None = None) -> None:
        """Raises WrongFile where one of these blocks of a file, by default any, is not what was sealed."""
        check_size(path, seal)
        width = 2 * _KEPT_BYTES
        try:
            with path.open("rb") as file:
                for number in range(seal.blocks) if blocks is None else blocks:
                    file.seek(number * BLOCK_BYTES)
                    if self._code(file.read(BLOCK_BYTES)).hex() != seal.codes[number * width : (number + 1) * width]:
                        raise WrongFile(path, "its content is not what was written")
        except OSError as error:
            raise WrongFile(path, f"cannot be read ({error.strerror})") from error

    def document(self, purpose: bytes, facts: Mapping[str, Any]) -> bytes:
        """JSON of these facts with a code in its first place; `purpose` keeps one kind from passing for another."""
        body = json.dumps(facts, separators=(",", ":")).encode()
        return _BEFORE_CODE + self._document_code(purpose, body) + _AFTER_CODE + body[1:]

    def open_document(self, purpose: bytes, document: bytes) -> dict[str, Any] | None:
        """The facts of a document; None where it is not one that this key made for this purpose."""
        code_end = len(_BEFORE_CODE) + _CODE_CHARACTERS
        code, body = document[len(_BEFORE_CODE) : code_end], b"{" + document[code_end + len(_AFTER_CODE) :]
        framed = document[:code_end] == _BEFORE_CODE + code and document[code_end:].startswith(_AFTER_CODE)
        if not framed or not hmac.compare_digest(code, self._document_code(purpose, body)):
            return None
        facts: dict[str, Any] = json.loads(body)
        return facts

    def _code(self, block: bytes | memoryview) -> bytes:
        return hmac.digest(self.of_blocks, block, "sha256")[:_KEPT_BYTES]

    def _document_code(self, purpose: bytes, body: bytes) -> bytes:
        return hmac.digest(self.of_documents, purpose + b"\0" + body, "sha256").hex().encode()


def check_size(path: Path, seal: Seal) -> None:
    """Raises WrongFile where a file is missing or of another size than the one that was sealed."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise WrongFile(path, "missing") from error
    if size != seal.size:
        raise WrongFile(path, f"{size} bytes instead of {seal.size}")


def sampled(seals: Mapping[str, Seal], most: int) -> dict[str, list[int]]:
    """Blocks to look at in files, by name: the first of each, and others by chance until there are `most`.

    Files that have no more than `most` blocks together are looked at whole.
    """
    chosen = {name: [0] for name, seal in seals.items() if seal.blocks}
    rest = [(name, block) for name, seal in seals.items() for block in range(1, seal.blocks)]
    left = max(0, most - len(chosen))
    for name, block in rest if len(rest) <= left else _CHANCE.sample(rest, left):
        chosen[name].append(block)
    return chosen
