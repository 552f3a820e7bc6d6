"""The command about frozen months: computes an edition again, or freezes the next one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law_of, snapshot_at, store_at
from lodeline.cli.output import console, print_json, print_table
from lodeline.errors import UserError
from lodeline.language import text


@app.command()
def edition(
    period: Annotated[str, typer.Argument(help="Which month, YYYY-MM. 月份。")],
    number: Annotated[int | None, typer.Option(min=1, help="Which edition; else the newest. 第几版。")] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Freeze the month as it stands now. 公布新版。")] = False,
    reason: Annotated[str, typer.Option(help="Why, from the second edition on. 发布新版的原因。")] = "",
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Compute a frozen month again from the log as it was, and compare. 复算月度公布版。"""
    from lodeline.service.log import editions  # noqa: PLC0415

    if freeze:
        store, snapshot = snapshot_at(database)
        moment = datetime.now(UTC)
        editions.freeze(store, snapshot, law_of(store), period, reason=reason, filed_at=moment, by="command line")
    store = store_at(database)
    every = editions.editions(store, period)
    if not every:
        raise UserError(text("no edition of {period!r}: freeze one with --freeze", period=period))
    chosen = next((one for one in every if one.number == (number or len(every))), None)
    if chosen is None:
        raise UserError(
            text("{period} has {every} editions, no {number}", period=period, every=len(every), number=number)
        )
    same = editions.recompute(store, chosen) == chosen.content
    if as_json:
        print_json(
            {
                "ok": same, "period": period, "edition": chosen.number, "of": len(every), "entry": chosen.entry.index,
                "filed_at": chosen.entry.filed_at, "reason": chosen.facts["reason"], "sha256": chosen.entry.digest,
                "figures": json.loads(chosen.content),
            }
        )  # fmt: skip
    else:
        columns = output.text("edition,entry,frozen,computed from entry,sha256,reason")
        rows = [
            (one.number, one.entry.index, one.entry.filed_at, one.stamp[0], one.entry.digest[:16], one.facts["reason"])
            for one in every
        ]
        print_table(period, columns.split(","), rows, numbers=(0, 1, 3))
        console.print(
            output.text(
                "Edition {number}, computed again from the log as of entry {stamp}, is the same to the byte.",
                number=chosen.number,
                stamp=chosen.stamp[0],
            )
            if same
            else output.text(
                "Edition {number} is not what the log as of entry {stamp} gives.",
                number=chosen.number,
                stamp=chosen.stamp[0],
            )
        )
    raise typer.Exit(0 if same else 1)
