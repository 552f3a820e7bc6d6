"""Commands about the tables of the strategic view: filing them, and what is in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_of, store_at
from lodeline.cli.output import console, language, localized, print_json, print_problems, print_table
from lodeline.cli.strategy import commands
from lodeline.language import bilingual


@commands.command("file")
def file_(
    files: Annotated[
        list[Path],
        typer.Argument(help="plants, bill, cover, suppliers, scenarios, instruments: CSV, XLSX or JSON. 战略表文件。"),
    ],
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong; file nothing. 仅检查。")] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """File tables of plants, stock, suppliers and scenarios: together, or none. 提交战略表。"""
    from lodeline.service.strategy.inputs import accepted, check_tables, file_tables, upload_of  # noqa: PLC0415

    store = store_at(database)
    uploads = [upload_of(path) for path in files]
    law = law_of(store)
    if check:
        filed = check_tables(store, uploads, law=law)
    else:
        filed = file_tables(store, uploads, filed_at=datetime.now(UTC), law=law)
    whole = accepted(filed)
    if as_json:
        print_json({"checked_only": check, "accepted": whole, "rows": [one.as_json(accepted=whole) for one in filed]})
        raise typer.Exit(0 if whole else 1)
    for one in filed:
        print_problems(one.problems)
        table = one.table or "–"
        if one.entry is None:
            line = (f"{one.file}: {table}, {one.rows} rows.", f"{one.file}：{table}，{one.rows} 行。")
        elif one.repeated:
            line = (
                f"{one.file}: {table} stands already, entry {one.entry.index}.",
                f"{one.file}：{table} 已在条目 {one.entry.index} 中生效。",
            )
        else:
            line = (
                f"{one.file}: {table}, entry {one.entry.index}, {one.rows} rows.",
                f"{one.file}：{table}，条目 {one.entry.index}，{one.rows} 行。",
            )
        console.print(localized(bilingual(*line)), markup=False)
    if not whole:
        console.print(output.text("Not accepted: nothing of them was filed."))
    raise typer.Exit(0 if whole else 1)


@commands.command()
def tables(
    entry: Annotated[int | None, typer.Option(min=0, help="As they stood after this entry. 截至该条目。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Which tables are in force, from which entry, and what an empty one means. 现行战略表。"""
    from lodeline.service.strategy.inputs import tables_in_force  # noqa: PLC0415

    store = store_at(database)
    found = tables_in_force(store, entry)
    if as_json:
        print_json({"entry": entry if entry is not None else store.head().size - 1, "tables": found})
        return
    columns = output.text("table,rows,entry,filed,by,file,what it means").split(",")
    rows = [
        (
            one["table"], one["rows"], one["entry"], one["filed_at"], one["by"], one["file"],
            one["defaults"][language()] if one["defaults"] else one["basis"],
        )
        for one in found
    ]  # fmt: skip
    print_table("", columns, rows, numbers=(1, 2))
