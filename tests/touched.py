"""The tests that belong to what was changed since `main`, found by names alone: `make touched`.

What a file belongs to is read from where it stands; nobody keeps a list. A change that reaches further than its names
(what everybody imports, a form of stored data) is what `make test` is for.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
#: Where the tests of a layer stand, longest first; those of a pure room stand in `tests/unit/<room>`.
LAYERS: Final = {
    "web/api": "tests/api", "web/drawing": "tests/web/drawing", "web": "tests/web", "office": "tests/office",
    "service": "tests/contracts", "store": "tests/contracts", "cli": "tests/cli", "client": "tests/client",
    "world": "tests/world",
}  # fmt: skip
_SOURCE: Final = "src/lodeline/"
#: Folders between a layer and its subjects.
_BETWEEN: Final = frozenset({"pages", "templates", "lodeline", "shapes", "models", "migrations"})
_OF_THE_CORE: Final = ("tests/unit/", "tests/properties/")
#: Minutes in a browser or on a disk that fails: never by a name alone.
_APART: Final = ("tests/browser/", "tests/benchmarks/", "tests/faults/", "tests/acceptance/", "tests/crash/")


def changed(base: str = "main") -> list[str]:
    """Paths that differ from where this branch left `base`, and new ones; deleted ones are left out."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"git {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.splitlines()

    (left,) = git("merge-base", base, "HEAD")
    found = {*git("diff", "--name-only", left), *git("ls-files", "--others", "--exclude-standard")}
    return sorted(one for one in found if (REPOSITORY / one).is_file())


def all_tests() -> list[str]:
    return sorted(str(one.relative_to(REPOSITORY)) for one in REPOSITORY.glob("tests/**/test_*.py"))


def belonging_to(path: str, tests: Iterable[str]) -> list[str]:
    """Those of `tests` of a file's name in its layer, else that import it, else of its subject there or elsewhere.

    Names count without a plural: `pages/licences/quotas.py` has `web/test_quotas.py`; `service/balance/balances.py`
    has none and takes those of other layers. A pure room without tests of the name takes all its own.
    """
    tests = [one for one in tests if not one.startswith(_APART)]
    if path.startswith("tests/"):
        return [one for one in tests if one == path]
    if path.startswith("docs/tutorial/"):
        return [one for one in tests if one.startswith("tests/docs/")]
    if path.startswith("docs/") or path.endswith(".md"):
        pages = [one for one in tests if one.startswith("tests/docs/") and "tutorial" not in one]
        return [*pages, *(one for one in tests if "test_reference_page" in one)]
    if not path.startswith(_SOURCE):
        return []
    inside = path.removeprefix(_SOURCE)
    if inside.startswith("data/regulations/"):
        return [one for one in tests if one.startswith("tests/unit/regulation/")]
    if inside.startswith("data/"):
        pages = [one for one in tests if "test_reference_page" in one]
        return sorted({*pages, *_named(Path(inside).stem, tests)})
    room = inside.partition("/")[0]
    layer = next((one for one in LAYERS if inside.startswith(f"{one}/")), room)
    own = [one for one in tests if one.startswith(f"{LAYERS.get(layer, f'tests/unit/{room}')}/")]
    steps = Path(inside.removeprefix(f"{layer}/"))
    folders = [one for one in reversed(steps.parts[:-1]) if one not in _BETWEEN]
    found = _named(steps.stem, own) or _importing(Path(inside), own)
    if found:
        return found
    for name in (*folders, layer.rpartition("/")[2]):
        found = _named(name, own)
        if found:
            return found
    if layer not in LAYERS:
        return own
    others = [one for one in tests if not one.startswith(_OF_THE_CORE)]
    return next((found for name in folders or [steps.stem] if (found := _named(name, others))), [])


def _importing(inside: Path, tests: Iterable[str]) -> list[str]:
    """The tests that import a module."""
    package = ".".join(("lodeline", *inside.parts[:-1]))
    line = re.compile(rf"^(from {package}\.{inside.stem} |from {package} import .*\b{inside.stem}\b)", re.MULTILINE)
    return [one for one in tests if (REPOSITORY / one).is_file() and line.search((REPOSITORY / one).read_text("utf-8"))]


def _named(name: str, tests: Iterable[str]) -> list[str]:
    """The tests whose names have all words of a name."""
    words = _words(name)
    return [one for one in tests if words <= _words(Path(one).stem.removeprefix("test_"))] if words else []


def _words(name: str) -> frozenset[str]:
    """The words of a file's name without the `s` of a plural."""
    return frozenset(one.removesuffix("s") for one in re.findall(r"[a-z0-9]+", name.lower()))


def main() -> None:
    """Prints the tests of what was changed, for pytest; on standard error, which files have none by their names."""
    tests = all_tests()
    found = {path: belonging_to(path, tests) for path in changed(*sys.argv[1:2])}
    without = [path for path, own in found.items() if not own and path.startswith((_SOURCE, "tests/"))]
    if without:
        print("no test has the name or subject of:", *without, sep="\n  ", file=sys.stderr)
    print(*sorted({one for own in found.values() for one in own}), sep="\n")


if __name__ == "__main__":
    main()
