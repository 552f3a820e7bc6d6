"""No code knows a country: codes, names and clocks of countries stand in packs, not in modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src/lodeline"
COUNTRY = {"CN", "cn", "CHN", "China", "china", "中国", "Asia/Shanghai", "PRC"}
#: Where a word may stand, and why.
ALLOWED = {
    ("filing/dossier.py", "Asia/Shanghai"),  # part of the exchange format, which fixes its moments
}


def words() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        file = path.relative_to(SOURCE).as_posix()
        if file.startswith(("world/", "store/migrations/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in COUNTRY:
                yield file, str(node.value)


def test_no_module_names_a_country() -> None:
    assert set(words()) == ALLOWED
