"""`lodeline strategy brief`: a scenario on one sheet of A4."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_of, snapshot_at
from lodeline.cli.output import console, language, print_json, progress
from lodeline.cli.strategy import commands
from lodeline.errors import UserError
from lodeline.language import text


class Language(StrEnum):
    """Of the sheet."""

    EN = "en"
    ZH = "zh"


@commands.command()
def brief(
    name: Annotated[str, typer.Argument(help="A scenario of scenarios.csv. 情景编号。", metavar="SCENARIO")],
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write. 输出的 HTML 文件。")] = Path("brief.html"),
    in_language: Annotated[
        Language | None, typer.Option("--language", help="Of the sheet; default that of the terminal. 语言。")
    ] = None,
    draws: Annotated[int | None, typer.Option(help="Joint draws; default as the scenario says. 抽样次数。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Headline, five figures, three pictures, assumptions, sources: one page, no network. 一页简报。"""
    from lodeline.service.strategy.briefing import briefing, with_names  # noqa: PLC0415
    from lodeline.service.strategy.held import accounts_at  # noqa: PLC0415
    from lodeline.service.strategy.inputs import inputs_of  # noqa: PLC0415
    from lodeline.service.strategy.runs import run_scenario  # noqa: PLC0415
    from lodeline.web.words.strategy_sheet import document  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    with progress(name, quiet=as_json) as told:
        law = law_of(store)
        held = accounts_at(store, snapshot, law)
        run = run_scenario(snapshot, law, inputs_of(store), name, draws=draws, licences=held, progress=told)
    sheet = briefing(with_names(run, snapshot.register))
    if as_json:
        print_json(sheet)
        return
    chosen = language() if in_language is None else in_language.value
    try:
        out.write_text(document(sheet, chosen), encoding="utf-8")
    except OSError as error:
        raise UserError(text("{out} cannot be written: {strerror}", out=out, strerror=error.strerror)) from error
    console.print(run["headline"][language()], markup=False)
    console.print(output.text("Written to {out}: it prints on one page of A4.", out=out), markup=False)
