"""Commands about the records of other authorities: taking them in, and what does not agree with the filings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import (
    DEFAULT_DATABASE,
    Database,
    From,
    Json,
    Organisation,
    To,
    app,
    check_span,
    law_of,
    snapshot_at,
    store_at,
)
from lodeline.cli.output import console, print_json, print_problems, print_table
from lodeline.errors import UserError
from lodeline.language import enumerated, text


@app.command()
def feed(
    files: Annotated[
        list[Path], typer.Argument(help="Invoices or customs lines: CSV, XLSX, JSON or NDJSON. 发票或海关数据文件。")
    ],
    kind: Annotated[str | None, typer.Option(help="invoices or customs; else the header says it. 数据种类。")] = None,
    authority: Annotated[str | None, typer.Option(help="Whose records they are. 提供部门。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take in records of another authority: invoices, customs lines. 接收其他部门数据。"""
    from lodeline.filing.feed import read_feed  # noqa: PLC0415
    from lodeline.filing.feed_schema import FEEDS  # noqa: PLC0415
    from lodeline.service.entries.receipts import receipt  # noqa: PLC0415
    from lodeline.service.entries.upload import Upload  # noqa: PLC0415
    from lodeline.service.matching.feeds import day_of, receive  # noqa: PLC0415

    chosen = next((one for one in FEEDS if one == kind), None)
    if kind is not None and chosen is None:
        raise UserError(
            text(
                "no kind of feed {kind!r}: one of {feeds}",
                kind=kind,
                feeds=enumerated(FEEDS),
            )
        )
    store = store_at(database)
    register = store.register(store.head())
    if authority is not None and authority not in register.roles:
        raise UserError(text("no organisation {authority!r} in the register", authority=authority))
    now = datetime.now(UTC)
    rows = []
    for path in files:
        checked = read_feed(path, today=day_of(now), register=register, feed=chosen)
        upload = Upload(name=path.name, content=b"" if checked.rejects else path.read_bytes())
        received = receive(store, checked, upload=upload, filed_at=now, authority=authority)
        proof = None if received.entry is None else receipt(store, received.entry.index)
        rows.append({"file": str(path), **received.as_json(proof)})
        if not as_json:
            print_problems(received.problems)
            if received.entry is None:
                console.print(output.text("{path}: not accepted, nothing of it was taken in.", path=path))
                continue
            again = output.text(" It had come before.") if received.repeated else ""
            console.print(
                output.text(
                    "{path}: entry {index}, {row_count} rows.{again}",
                    path=path,
                    index=received.entry.index,
                    row_count=received.entry.row_count,
                    again=again,
                ),
                markup=False,
            )
    if as_json:
        print_json({"rows": rows})
    raise typer.Exit(0 if all(row["accepted"] for row in rows) else 1)


@app.command()
def exceptions(
    identifier: Annotated[str | None, typer.Argument(help="One of them, with the rows behind it. 差异编号。")] = None,
    organisation: Organisation = None,
    cause: Annotated[str | None, typer.Option(help="Only this cause, such as export-not-filed. 原因。")] = None,
    state: Annotated[str | None, typer.Option(help="open or not-due. 状态。")] = None,
    first: From = None,
    last: To = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Where filings, invoices and the border disagree, with cause and age. 三方核对差异。"""
    from lodeline.service.matching import exceptions as service  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    check_span(first, last)
    if state not in (None, "open", "not-due"):
        raise UserError(text("no state {state!r}: open or not-due", state=state))
    store, snapshot = snapshot_at(database)
    if identifier is not None:
        _print_one(answered(service.papers, store, snapshot, law_of(store), identifier=identifier), as_json)
        return
    document = service.listed(
        store, snapshot, law_of(store), organisation=organisation, cause=cause, first=first, last=last, state=state
    )  # fmt: skip
    if as_json:
        print_json(document)
        return
    columns = output.text("id,cause,state,age,organisation,on,kg,filed,invoiced,border")
    rows = [
        (row["id"], row["cause"], row["state"], row["age_days"], row["organisation"], row["on"], row["mass_kg"],
         *(None if row[side] is None else row[side]["mass_kg"] for side in ("filed", "invoiced", "border")))
        for row in document["rows"]
    ]  # fmt: skip
    print_table("", columns.split(","), rows[:200], numbers=(3, 6, 7, 8, 9))
    if len(rows) > 200:
        console.print(output.text("… {rows} more rows; --json has all", rows=len(rows) - 200))


def _print_one(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    found = document["exception"]
    console.print(f"{found['id']}  {found['cause']}  {found['organisation']}  {found['mass_kg']} kg", markup=False)
    for side, title in (
        ("filed", output.text("Filed", context="feeds")),
        ("invoiced", output.text("Invoiced", context="feeds")),
        ("border", output.text("Border")),
    ):
        rows = document[side]
        columns = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
        print_table(f"{title}: {len(rows)}", columns, [[row[name] for name in columns] for row in rows])
