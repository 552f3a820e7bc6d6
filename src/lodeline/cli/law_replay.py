"""What `lodeline law replay` prints: what is answered otherwise under another day's law, kind by kind, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lodeline.cli import output
from lodeline.cli.app import snapshot_at
from lodeline.cli.output import console, language, localized, print_table
from lodeline.language import bilingual
from lodeline.service.customs.replay import replay, replay_declaration
from lodeline.store.published import answered

Document = dict[str, Any]
#: Rows of each kind that are printed; `--json` has all.
_SHOWN = 40
_WORDS = {
    "needed": "须许可", "not-needed": "无须许可", "unknown": "不明",
    "release": "放行", "query": "质疑", "hold": "暂缓放行",
    "filed": "按期", "late": "逾期", "missing": "缺报", "comes": "新出现", "goes": "消失", "changes": "变化",
    "in-force": "有效", "suspended": "暂停实施", "ended": "已失效", "not-yet": "尚未施行",
}  # fmt: skip


def replay_of(
    database: str, law: Any, days: tuple[date, date], known: date | None, declaration: Path | None, *, quiet: bool
) -> Document:
    """The replay of a store, or of a declaration, for which a store is not needed."""
    first, second = days
    if declaration is None:
        store, snapshot = snapshot_at(database)
        return answered(replay, store, snapshot, law, first=first, second=second, known=known)
    from lodeline.cli.declare import register_at  # noqa: PLC0415
    from lodeline.service.customs.desk import read  # noqa: PLC0415

    register = register_at(database, quiet=quiet)
    return replay_declaration(read(declaration), law, first=first, second=second, known=known, snapshot=register)


def print_replay(document: Document) -> None:
    """Each kind under a headline that counts; what came out the same is counted and not listed."""
    a, b = document["from"], document["to"]
    print_table(
        output.text("Rules that stand otherwise: {a} → {b}", a=a, b=b),
        output.text("rule,instrument,before,after").split(","),
        [
            (row["label"][language()], row["title"][language()], _word(row["from"]), _word(row["to"]))
            for row in document["law"]
        ],
    )
    if "exports" in document:
        _exports(document["exports"])
    _declarations(document["declarations"])
    if "filings" in document:
        _filings(document["filings"])
        _findings(document["findings"])


def _exports(found: Document) -> None:
    _print(
        found,
        output.text("exports"),
        output.text("on,exporter,lot,to,kg,before,after,items"),
        [
            (
                row["on"], row["organisation"], row["lot"], row["destination"], row["mass_kg"],
                _word(row["from"]["licence"]), _word(row["to"]["licence"]), _items(row),
            )
            for row in found["rows"][:_SHOWN]
        ],
    )  # fmt: skip


def _items(row: Document) -> str:
    """The items met after; where none is, those that were met before."""
    for one in (row["to"], row["from"]):
        listed = [item["item"] for item in (*one["items"], *one["unknown_items"])]
        if listed:
            trace = output.text(" (trace)") if one["is_trace"] else ""
            return ", ".join(dict.fromkeys(listed)) + trace
    return ""


def _declarations(found: Document) -> None:
    _print(
        found,
        output.text("declarations"),
        output.text("declaration,before,after,why"),
        [(_named(row), _word(row["from"]), _word(row["to"]), _why(row)) for row in found["rows"][:_SHOWN]],
    )


def _named(row: Document) -> str:
    """A declaration by its number; a line of a file by its own beside it."""
    return " / ".join(filter(None, (row["declaration"], row.get("line")))) or "–"


def _why(row: Document) -> str:
    changes = [f"+ {one['code']}" for one in row["come"]] + [f"− {one['code']}" for one in row["gone"]]
    return ", ".join(dict.fromkeys(changes))


def _filings(found: Document) -> None:
    _print(
        found,
        output.text("months of filings"),
        output.text("organisation,period,before,after"),
        [
            (row["organisation"], row["period"], _word(row["from"]), _word(row["to"]))
            for row in found["rows"][:_SHOWN]
        ],
    )  # fmt: skip


def _findings(found: Document) -> None:
    _print(
        found,
        output.text("findings of detectors that ask the law"),
        output.text("detector,subject,from,to,what"),
        [
            (
                row["detector"], " ".join(row["subject"].values()), row["period"]["from"], row["period"]["to"],
                _word(row["what"]),
            )
            for row in found["rows"][:_SHOWN]
        ],
    )  # fmt: skip


def _print(found: Document, of: str, heads: str, rows: Sequence[tuple[object, ...]]) -> None:
    different, judged = len(found["rows"]), found["judged"]
    summary = output.text(
        "{different} of {judged} {of} come out differently.", different=different, judged=judged, of=of
    )
    if not different:
        console.print(summary, markup=False)
        return
    print_table(summary, heads.split(","), rows)
    if different > _SHOWN:
        more = different - _SHOWN
        console.print(output.text("… {more} more; --json has all", context="law replay", more=more))


def _word(state: str | None) -> str:
    if state is None:
        return output.text("nothing due")
    return localized(bilingual(state, _WORDS[state]))
