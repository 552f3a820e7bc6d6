"""Texts of the program and its catalogue: `python -m tests.catalogue` brings the catalogue in line with the code.

New texts come in without a translation, for a person to write; texts that are gone leave. With `--pseudo`, every text
in Chinese is the English in brackets: what a page then shows in plain English is in no catalogue.
"""

from __future__ import annotations

import argparse
import ast
import re
import string
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.text import unescape_string_literal

import lodeline
from lodeline.language import CATALOGUE
from lodeline.web.server.template_files import joined

ROOM = Path(lodeline.__file__).parent
_STRING = r'"(?:[^"\\]|\\.)*"'
_TAG = re.compile(rf"\{{% text ({_STRING})(?: context=({_STRING}))?")
_CALLED = re.compile(r"(^|visit\.|^output\.|^spec\.|^lang\.)text$")
#: Without the days and names that others put there: each run would change them.
_HEAD = """\
# Every text of the program under its English, in Chinese. See docs/howto/add-a-language.md.
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

#: The comment of a translation whose places are not those of the English, such as its plural.
DIFFERS = "places differ"

#: Context and English, as the catalogue has a text by them.
Key = tuple[str, str]


def texts() -> dict[Key, str]:
    """Every text that the program asks for, with the file that does so first."""
    found: dict[Key, str] = {}
    for path in sorted(ROOM.rglob("*.py")):
        for key in in_python(path.read_text("utf-8")):
            found.setdefault(key, str(path.relative_to(ROOM)))
    for path in sorted((ROOM / "web" / "templates").rglob("*.*")):
        for english, context in _TAG.findall(joined(path.read_text("utf-8"))):
            key = (unescape_string_literal(context) if context else "", unescape_string_literal(english))
            found.setdefault(key, str(path.relative_to(ROOM)))
    return found


def in_python(source: str) -> dict[Key, list[set[str]]]:
    """The texts of one module, each with the names of the facts of its calls.

    A text is the first argument of `text(…)`, `visit.text(…)`, `output.text(…)` and `spec.text(…)`.
    """
    found: dict[Key, list[set[str]]] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args or not _CALLED.search(ast.unparse(node.func)):
            continue
        english = node.args[0]
        if isinstance(english, ast.Constant) and isinstance(english.value, str):
            named = {str(one.arg): one.value for one in node.keywords}
            context = named.pop("context", None)
            key = (str(context.value) if isinstance(context, ast.Constant) else "", english.value)
            found.setdefault(key, []).append(set(named))
    return found


def catalogue() -> Catalog:
    """The catalogue as it is kept."""
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def places(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _update() -> None:
    kept, updated = catalogue(), Catalog(locale="zh_Hans", fuzzy=False)
    for (context, english), file in sorted(texts().items(), key=lambda one: (one[1], one[0])):
        before = kept.get(english, context or None)
        updated.add(  # a place is a file without a line: else each change would touch the catalogue
            english, before.string if before else "", locations=cast(Any, [(file, None)]), context=context or None,
            user_comments=before.user_comments if before else (),
        )  # fmt: skip
    with CATALOGUE.open("wb") as out:
        out.write(_HEAD.encode())
        write_po(out, updated, width=100_000, omit_header=True)


def _compile(*, pseudo: bool) -> None:
    made = catalogue()
    for message in made if pseudo else ():
        if message.id:
            message.string = f"[{message.id}]"
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, made)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pseudo", action="store_true", help="English in brackets in place of Chinese")
    asked.add_argument("--compile", action="store_true", help="leave the catalogue as it is")
    given = asked.parse_args()
    if not given.pseudo and not given.compile:
        _update()
    _compile(pseudo=given.pseudo)
