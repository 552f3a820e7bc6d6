"""Which build of the program this is: its version, and the commit that it was made from.

A wheel has the commit in a file that `hatch_build.py` puts into it; a checkout has it in what git keeps, which is read
as files. Knows the standard library alone: the build asks it too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

#: What a wheel or an archive of the sources has next to this file.
COMMIT_FILE: Final = "COMMIT"
#: Digits that tell commits apart.
_DIGITS: Final = 12
_HASH: Final = re.compile(rf"[0-9a-f]{{{_DIGITS},64}}")
#: References that lead to one another end at a hash; git itself gives up after so many.
_DEEP: Final = 5


def build(language: Literal["en", "zh"] = "en", *, version: str | None = None, of: str | None = None) -> str:
    """This program as people name it, `0.1.0, build 7fd6d8213c5a`; or the one of a version and a commit."""
    if version is None:
        from lodeline import __version__  # noqa: PLC0415  (the build of a wheel has only this file)

        version, of = __version__, _COMMIT
    if language == "zh":
        return f"{version}，构建 {of}" if of else f"{version}，构建未知"
    return f"{version}, build {of}" if of else f"{version}, unknown build"


def commit() -> str | None:
    """The first digits of the commit that this program was made from; None where nothing says so."""
    return _COMMIT


def _own_commit() -> str | None:
    here = Path(__file__).parent
    root = here.parents[1]
    found = _text(here / COMMIT_FILE)
    if found is None and root / "src" / "lodeline" == here:
        found = commit_of(root)
    return found[:_DIGITS] if found and _HASH.fullmatch(found) else None


def commit_of(root: Path) -> str | None:
    """The commit that is checked out in a directory; None where git keeps none there."""
    git = root / ".git"
    # In a worktree it is a file that says where; what all worktrees share is named there in turn.
    elsewhere = _text(git)
    if elsewhere is not None:
        git = root / elsewhere.removeprefix("gitdir:").strip()
    shared = git / (_text(git / "commondir") or ".")
    found = _text(git / "HEAD")
    for _ in range(_DEEP):
        if found is None or not found.startswith("ref:"):
            break
        name = found.removeprefix("ref:").strip()
        found = _text(git / name) or _text(shared / name) or _packed(shared, name)
    return found if found and _HASH.fullmatch(found) else None


def _packed(shared: Path, name: str) -> str | None:
    for line in (_text(shared / "packed-refs") or "").splitlines():
        value, _, named = line.partition(" ")
        if named == name:
            return value
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


#: As the program was when it was loaded: it may be replaced while it runs.
_COMMIT: Final = _own_commit()
