"""What `lodeline law replay` prints: what is answered otherwise under another day's law, kind by kind, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from lodeline.cli.app import snapshot_at
from lodeline.cli.output import console, language, print_table, text
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
        text(f"Rules that stand otherwise: {a} → {b}", f"状态不同的规定：{a} → {b}"),
        text("rule,instrument,before,after", "事项,文件,前,后").split(","),
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
        text("exports", "项出口"),
        text("on,exporter,lot,to,kg,before,after,items", "日期,企业,批次,目的地,千克,前,后,管制编码"),
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
            trace = text(" (trace)", "（微量）") if one["is_trace"] else ""
            return ", ".join(dict.fromkeys(listed)) + trace
    return ""


def _declarations(found: Document) -> None:
    _print(
        found,
        text("declarations", "份报关单（或项）"),
        text("declaration,before,after,why", "报关单,前,后,原因"),
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
        text("months of filings", "个申报月"),
        text("organisation,period,before,after", "企业,月份,前,后"),
        [
            (row["organisation"], row["period"], _word(row["from"]), _word(row["to"]))
            for row in found["rows"][:_SHOWN]
        ],
    )  # fmt: skip


def _findings(found: Document) -> None:
    _print(
        found,
        text("findings of detectors that ask the law", "条与法规有关的线索"),
        text("detector,subject,from,to,what", "检测方法,对象,自,至,变化"),
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
    summary = text(f"{different} of {judged} {of} come out differently.", f"{judged} {of}中有 {different} 个结论不同。")
    if not different:
        console.print(summary, markup=False)
        return
    print_table(summary, heads.split(","), rows)
    if different > _SHOWN:
        more = different - _SHOWN
        console.print(text(f"… {more} more; --json has all", f"……另有 {more} 行，见 --json"))


def _word(state: str | None) -> str:
    if state is None:
        return text("nothing due", "未到期")
    return text(state, _WORDS[state])
