"""How answers reach a person or a program: JSON documents, tables, problems in the reader's language."""

from __future__ import annotations

import csv
import json
import locale
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from lodeline.language import Language, Text, bilingual, words
from lodeline.ledger.problem import Problem

#: Columns to lay tables out in when no terminal says how wide it is.
WIDTH_OF_A_PIPE = 200

console = Console(highlight=False, soft_wrap=True)
if not console.is_terminal:
    console = Console(highlight=False, soft_wrap=True, width=WIDTH_OF_A_PIPE)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

_COLOUR = {"reject": "red", "confirm": "yellow", "flag": "cyan"}
_SEVERITY = {
    "reject": ("rejected", "拒绝"),
    "confirm": ("give a reason", "请说明原因"),
    "flag": ("flagged", "提示"),
}


def language() -> Language:
    """`zh` or `en`: LODELINE_LANGUAGE, else the locale of the terminal."""
    chosen = os.environ.get("LODELINE_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    chosen = chosen or (locale.getlocale()[0] or "")
    return "zh" if chosen.lower().startswith(("zh", "chinese")) else "en"


def text(english: str, /, *, context: str = "", **facts: object) -> str:
    """The text in the reader's language; see `lodeline.language.text`."""
    return words(language(), english, context, facts)


def localized(text: Text) -> str:
    """A text that came in both languages, in the reader's."""
    return text[language()]


def print_json(document: Any) -> None:
    """One JSON document with stable keys on standard output; typed answers in it are encoded."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1, default=_encoded) + "\n")


def _encoded(value: Any) -> Any:
    """A typed answer in JSON."""
    from lodeline.encoding import encoded  # noqa: PLC0415  (with it come numpy and polars)

    return encoded(value)


def print_stream(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Rows as they come, as CSV with a head or as JSON, one document a line; nothing is kept."""
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    waiting = iter(rows)
    # A question that comes to nothing has said so by the first row, and left no head behind.
    first = list(islice(waiting, 1))
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(chain(first, waiting))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()
) -> None:
    """A table; the columns in `numbers` are set flush right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console.print(table)


def print_problems(problems: Sequence[Problem], limit: int = 50) -> None:
    """Each problem with its place, worst first."""
    order = {"reject": 0, "confirm": 1, "flag": 2}
    for found in sorted(problems, key=lambda one: order[one.severity])[:limit]:
        where = found.where
        place = ":".join(str(part) for part in (where.file, where.sheet, where.row, where.column) if part is not None)
        colour = _COLOUR[found.severity]
        console.print(
            f"[{colour}]{localized(bilingual(*_SEVERITY[found.severity]))}[/] {escape(place)} [dim]{found.code}[/]\n"
            f"    {escape(found.message(language()))}"
        )
    if len(problems) > limit:
        console.print(text("… and {problems} more", problems=len(problems) - limit))


@contextmanager
def progress(title: str, *, quiet: bool = False) -> Iterator[Any]:
    """A bar on standard error; yields a function of (done, all). Nothing is drawn where nobody looks."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=errors, transient=True, disable=quiet or not errors.is_terminal,
    )  # fmt: skip
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
