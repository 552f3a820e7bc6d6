"""A law pack: the files of one country's law, known by their digest.

Packs come with the program, from a folder, or from a store in which officers have published one. Whatever they come
from, the same files are the same law (`parameter.law_of`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from lodeline.language import text
from lodeline.regulation.document import PackError, read


@dataclass(frozen=True, kw_only=True)
class Pack:
    """The files of a pack. `code`: what its folder is called, as in `cn`; `files`: path below that folder → text."""

    code: str
    files: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the lines `SHA-256 of a file, two spaces, its path`, in the order of the paths' bytes.

        Anybody can compute it in the folder of the pack: `find . -name '*.yaml' -printf '%P\\n' | LC_ALL=C sort |
        xargs -d '\\n' sha256sum | sha256sum`.
        """
        named = sorted((path.encode(), text) for path, text in self.files.items())
        lines = (sha256(text.encode()).hexdigest().encode() + b"  " + path + b"\n" for path, text in named)
        return sha256(b"".join(lines)).hexdigest()


def pack_in(folder: Traversable) -> Pack:
    """The pack of a folder. Raises FileNotFoundError where there is none, PackError for bytes that are no text."""
    found: dict[str, str] = {}
    places = [("", folder)]
    while places:
        at, place = places.pop()
        for one in place.iterdir():
            if one.is_dir():
                places.append((f"{at}{one.name}/", one))
            elif one.name.endswith(".yaml"):
                found[at + one.name] = _text(one, f"{folder.name}/{at}{one.name}")
    if not found:
        raise FileNotFoundError(str(folder))
    return Pack(code=folder.name, files=found)


def _text(file: Traversable, called: str) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PackError(text("{called}: is no text in UTF-8; save it as such", called=called)) from error


def _packs() -> Traversable:
    return files("lodeline") / "data/regulations"


@cache
def shipped(code: str) -> Pack:
    """The pack of that code that comes with the program. Raises FileNotFoundError where none does."""
    if code not in shipped_codes():
        raise FileNotFoundError(code)
    return pack_in(_packs() / code)


@cache
def shipped_codes() -> tuple[str, ...]:
    """The codes of the packs that come with the program, the one first that a store has where nobody names another."""
    default = read((_packs() / "default.yaml").read_text("utf-8"), "default.yaml").table(("jurisdiction",))
    first = default["jurisdiction"].text()
    others = sorted(one.name for one in _packs().iterdir() if one.is_dir() and one.name != first)
    return (first, *(one for one in others if (_packs() / one / "jurisdiction.yaml").is_file()))
