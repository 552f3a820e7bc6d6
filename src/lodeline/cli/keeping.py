"""Commands that make, fill and mend a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law, shown, store_at
from lodeline.cli.output import console, print_json, print_problems, progress, say


@app.command()
def init(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Make the store; on an existing one, change nothing. 建立数据库。"""
    from lodeline.store.opening import create  # noqa: PLC0415

    store, new = create(database)
    if as_json:
        print_json({"new": new, "origin": store.origin, "vkey": store.signer.verifier.vkey})
    elif new:
        console.print(say(f"Made a store at {shown(database)}.", f"已建立数据库：{shown(database)}。"), markup=False)
    else:
        console.print(
            say(
                f"There is a store at {shown(database)} already; nothing changed.",
                f"数据库 {shown(database)} 已存在，未作改动。",
            ),
            markup=False,
        )


@app.command()
def load(
    directory: Annotated[Path, typer.Argument(help="A dossier: register/, grants/, filings/. 资料目录。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take in a dossier: its register, then every filing in sequence. 装载资料目录。"""
    from lodeline.service.loading import load as load_dossier  # noqa: PLC0415

    store = store_at(database)
    with progress(say("loading", "装载"), quiet=as_json) as bar:
        loaded = load_dossier(store, directory, law=law(), progress=bar)
    head = store.head()
    if as_json:
        print_json({**loaded.as_json(), "size": head.size, "root": head.frontier.root().hex()})
        return
    console.print(
        say(
            f"{loaded.accepted} filings accepted ({loaded.rows} rows), {loaded.repeated} already there,"
            f" {len(loaded.refused)} refused.",
            f"受理 {loaded.accepted} 份申报（{loaded.rows} 行），"
            f"{loaded.repeated} 份已存在，{len(loaded.refused)} 份被拒。",
        )
    )
    print_problems(loaded.register_problems, limit=10)
    for path, problems in loaded.refused[:20]:
        console.print(path, style="bold", markup=False)
        print_problems([found for found in problems if found.severity != "flag"], limit=3)


@app.command()
def rebuild(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Recompute every projection and compare it with what stands. 重算并比对。"""
    from lodeline.service.audit import rebuild as rebuild_state  # noqa: PLC0415

    result = rebuild_state(store_at(database))
    if as_json:
        print_json(result)
    else:
        found = len(result["differences"])
        whole = say("Everything stood as the filings amount to.", "现状与申报推算结果一致。")
        mended = say(f"{found} differences, now mended.", f"发现 {found} 处不符，已更正。")
        console.print(mended if found else whole)
    raise typer.Exit(0 if result["ok"] else 1)
