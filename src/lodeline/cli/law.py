"""Commands that ask the law: what is in force on a day, what changed between two, what would come out otherwise."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline import language as lang
from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, Jurisdiction, app, day_under, law_at
from lodeline.cli.output import console, language, localized, print_json, print_table
from lodeline.errors import UserError
from lodeline.language import bilingual

_STATUS = {
    "in-force": "有效", "suspended": "暂停实施", "ended": "已失效", "not-yet": "尚未施行", "unknown": "不明",
    "published": "公布", "corrected": "更正公布", "came": "施行", "resumed": "恢复实施",
}  # fmt: skip
_EVIDENCE = {"text": "原文", "case": "案例", "secondary": "二手资料", "assumption": "假设"}

commands = typer.Typer(invoke_without_command=True)
app.add_typer(commands, name="law")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        # A day and its neighbours: the law of a day is compared with that of the day before.
        if len(text) != len("YYYY-MM-DD") or not date.min < (day := date.fromisoformat(text)) < date.max:
            raise ValueError(text)
    except ValueError as error:
        raise UserError(lang.text("{text!r} is no day: write 2025-11-08", text=text)) from error
    return day


@commands.callback()
def show(
    context: typer.Context,
    on: Annotated[str | None, typer.Option("--on", help="The day asked about; default today. 适用日期。")] = None,
    known: Annotated[
        str | None, typer.Option("--known", help="As published up to this day; default today. 截至此日已公布。")
    ] = None,
    jurisdiction: Jurisdiction = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The law on a day, as known on a day. 某日所适用的法规。"""
    if context.invoked_subcommand is not None:
        if on is not None or known is not None or jurisdiction is not None or as_json:
            raise UserError(
                lang.text(
                    "write the options after `{invoked_subcommand}`", invoked_subcommand=context.invoked_subcommand
                )
            )
        return
    from lodeline.service.law.law import in_force  # noqa: PLC0415

    law = law_at(database, jurisdiction, quiet=as_json)
    today = day_under(law)
    document = in_force(law, _day(on) or today, _day(known) or today)
    if as_json:
        print_json(document)
        return
    print_table(
        output.text("On {on}, as known on {known}", on=document["on"], known=document["known"]),
        output.text("status,parameter,value,from,to,citation,evidence").split(","),
        [
            (
                _word(row["status"]),
                row["label"][language()],
                _short(row["value"]),
                row["in_force_from"],
                row["in_force_to"],
                _cited(row["citation"]) + _suspended(row["suspension"]),
                localized(bilingual(row["evidence"], _EVIDENCE[row["evidence"]])),
            )
            for row in document["rows"]
        ],
    )


@commands.command("diff", short_help="What changed from A to B. 两日之间的变化。")
def difference(
    first: Annotated[str, typer.Argument(metavar="A", help="First day, included. 起始日（含）。")],
    last: Annotated[str, typer.Argument(metavar="B", help="Last day, included. 截止日（含）。")],
    known: Annotated[
        str | None, typer.Option("--known", help="As published up to this day; default B. 截至此日已公布。")
    ] = None,
    jurisdiction: Jurisdiction = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """What came, ended, was suspended or published from A to B. 两日之间的法规变化。"""
    from lodeline.service.law.law import diff  # noqa: PLC0415

    a, b = _day(first), _day(last)
    assert a is not None and b is not None, "both days are required arguments"
    document = diff(law_at(database, jurisdiction, quiet=as_json), a, b, _day(known))
    if as_json:
        print_json(document)
        return
    if not document["rows"]:
        console.print(output.text("Nothing changed from {a} to {b}.", a=a, b=b))
        return
    print_table(
        output.text("From {a} to {b}, as known on {known}", a=a, b=b, known=document["known"]),
        output.text("on,what,instrument,parameter,from,to,citation").split(","),
        [
            (
                row["on"],
                _word(row["what"]),
                row["title"][language()],
                row["label"][language()],
                row["from"],
                row["to"],
                _cited(row["citation"], row["instrument"]),
            )
            for row in document["rows"]
        ],
    )


@commands.command("replay", short_help="What would come out differently. 换用另一日的法规重新判断。")
def replayed(
    first: Annotated[str, typer.Argument(metavar="A", help="The law of this day … 此日的法规。")],
    second: Annotated[str, typer.Argument(metavar="B", help="… against the law of this. 与此日的法规比较。")],
    declaration: Annotated[
        Path | None, typer.Option("--declaration", metavar="FILE", help="A declaration instead. 改为判断一份报关单。")
    ] = None,
    known: Annotated[
        str | None,
        typer.Option("--known", help="As published up to this day; default each day itself. 截至此日已公布。"),
    ] = None,
    jurisdiction: Jurisdiction = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Exports, declarations, filings and findings under the law of A and of B. 换用另一日的法规，哪些结论不同。"""
    from lodeline.cli.law_replay import print_replay, replay_of  # noqa: PLC0415

    a, b = _day(first), _day(second)
    assert a is not None and b is not None, "both days are required arguments"
    document = replay_of(
        database, law_at(database, jurisdiction, quiet=as_json), (a, b), _day(known), declaration, quiet=as_json
    )
    if as_json:
        print_json(document)
    else:
        print_replay(document)
    if declaration is not None and not document["readable"]:
        raise typer.Exit(2)


def _word(status: str) -> str:
    return localized(bilingual(status, _STATUS[status]))


def _cited(citation: dict[str, Any], named: str = "") -> str:
    """The citation; by its article alone where the instrument is `named` beside it."""
    article: str = citation["article"][language()]
    if citation["instrument"] == named:
        return article
    return f"{citation['title'][language()]}{output.text(', ', context='law')}{article}"


def _suspended(suspension: dict[str, Any] | None) -> str:
    if suspension is None:
        return ""
    until = suspension["to"] or "…"
    title = suspension["citation"]["title"][language()]
    return output.text("; suspended {from_} to {until} by {title}", from_=suspension["from"], until=until, title=title)


def _short(value: Any) -> str:
    """A value in a cell: lists of items as their number, for `--json` has them."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return output.text("{value} items", value=len(value))
    if isinstance(value, dict):
        if value.keys() == {"en", "zh"}:
            return str(value[language()])
        return ", ".join(f"{name} {_short(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(str(inner) for inner in value)
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else str(value)
