"""The command of the desk: may this consignment leave?"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law, snapshot_at
from lodeline.cli.output import console, language, print_json, say

_WORDS = {
    "release": ("RELEASE", "放行", "green"),
    "query": ("QUERY", "质疑", "yellow"),
    "hold": ("HOLD", "不予放行", "red"),
}
_LINES_SHOWN = 100


@app.command()
def declare(
    file: Annotated[Path, typer.Argument(help="The declaration: CSV, XLSX, JSON or NDJSON. 报关单文件。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """May this consignment leave? A verdict for each line of a declaration, with its reasons. 报关单逐项判断。"""
    from lodeline.service import desk  # noqa: PLC0415

    pack = law()
    today = datetime.now(ZoneInfo(pack.timezone)).date()
    store, snapshot = ledger_at(database, quiet=as_json)
    document = desk.declare(source=file, law=pack, today=today, snapshot=snapshot, store=store)
    if as_json:
        print_json(document)
    else:
        _print(document)
    if not document["readable"]:
        raise typer.Exit(2)
    is_clear = all(found["severity"] == "flag" for found in document["problems"])
    raise typer.Exit(0 if is_clear and document["verdict"] == "release" else 1)


def register_at(database: str, *, quiet: bool) -> Any:
    """The snapshot of `ledger_at`."""
    return ledger_at(database, quiet=quiet)[1]


def ledger_at(database: str, *, quiet: bool) -> tuple[Any, Any]:
    """The store and its snapshot, where there is one; the desk answers without too, and says what it did not know."""
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        return snapshot_at(database)
    except StoreError as error:
        if not quiet and database != DEFAULT_DATABASE:
            console.print(say(error.en, error.zh), markup=False)
        return None, None


def _print(document: dict[str, Any]) -> None:
    spoken = language()
    for found in document["problems"]:
        where = ":".join(str(part) for part in found["where"].values() if part is not None)
        console.print(f"{where} {found['code']}\n    {found['message'][spoken]}", markup=False)
    for line in document["lines"][:_LINES_SHOWN]:
        english, chinese, colour = _WORDS[line["verdict"]]
        console.print(f"[{colour}]{say(english, chinese)}[/]", end=" ")
        about = (say("line", "第") + f" {line['line'] or '?'} " + say("", "项")).strip()
        console.print(f"{about}  {line['product_name'] or '–'}  {line['hs_code'] or '–'}  {line['day']}", markup=False)
        for found in line["problems"]:
            console.print(f"    ! {found['where']['column'] or ''}: {found['message'][spoken]}", markup=False)
        for reason in sorted(line["reasons"], key=lambda one: -list(_WORDS).index(one["verdict"])):
            _print_reason(reason, spoken)
    if len(document["lines"]) > _LINES_SHOWN:
        more = len(document["lines"]) - _LINES_SHOWN
        console.print(say(f"… {more} more lines; --json has all", f"……另有 {more} 项，见 --json"))
    counts = document["counts"]
    console.print(
        say(
            f"{counts['release']} released, {counts['query']} to be asked about, {counts['hold']} held.",
            f"放行 {counts['release']} 项，质疑 {counts['query']} 项，不予放行 {counts['hold']} 项。",
        )
    )
    if document["licences"] == "unknown":
        console.print(say("No licences were at hand.", "未取得许可证登记数据。"))
    console.print(say("Not checked:", "未核对："))
    for found in document["not_checked"]:
        console.print(f"    {found[spoken]}", markup=False)


def _print_reason(reason: dict[str, Any], spoken: str) -> None:
    mark = {"release": "·", "query": "?", "hold": "×"}[reason["verdict"]]
    console.print(f"    {mark} {reason['text'][spoken]} [{reason['code']}]", markup=False)
    if reason.get("settle"):
        console.print(f"        {say('settled by', '可凭以下材料解决')}: {reason['settle'][spoken]}", markup=False)
    if reason["verdict"] != "release":
        cited = dict.fromkeys(f"{one['title'][spoken]}, {one['article'][spoken]}" for one in reason["law"])
        for one in list(cited)[:3]:
            console.print(f"        § {one}", markup=False)
