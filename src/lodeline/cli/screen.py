"""The command that asks who a name may be, and whether that party is listed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline import language as lang
from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, day_under, law_of, snapshot_at
from lodeline.cli.output import console, language, localized, print_json
from lodeline.errors import UserError
from lodeline.language import bilingual

_WORDS = {
    "listed": ("LISTED", "列入名录", "red"),
    "alike": ("ALIKE TO LISTED", "疑似列入", "yellow"),
    "known": ("KNOWN, NOT LISTED", "已知，未列入", "green"),
    "unclear": ("PERHAPS KNOWN, NOT LISTED", "疑似已知，未列入", "cyan"),
    "unknown": ("UNKNOWN", "未知", "cyan"),
}
_MARKS = {"for": "+", "against": "-", None: "·"}


@app.command()
def screen(
    names: Annotated[list[str], typer.Argument(help="Names of firms, in any script. 企业名称。", metavar="NAME...")],
    lists: Annotated[
        list[Path] | None,
        typer.Option("--list", help="A list of parties, CSV or JSON lines; may be repeated. 名录文件。"),
    ] = None,
    country: Annotated[str | None, typer.Option(help="Where the party is, e.g. DE. 国家或地区。")] = None,
    numbers: Annotated[
        list[str] | None,
        typer.Option("--id", help="Its number: uscc:, lei:, vat: or eori: and the number; may be repeated. 号码。"),
    ] = None,
    day: Annotated[str | None, typer.Option("--on", help="The day, YYYY-MM-DD; default today. 日期。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Screen a name: who may it be, in the register and on lists, and is that party listed. 交易方筛查。"""
    from lodeline.party.lists import read_list  # noqa: PLC0415
    from lodeline.service.parties import screening  # noqa: PLC0415

    if len(names) > 1 and (numbers or country):
        raise UserError(lang.text("--id and --country belong to one party: ask for one name at a time"))
    read = [read_list(path, name=path.name.partition(".")[0]) for path in lists or ()]
    if len({one.name for one in read}) < len(read):
        raise UserError(lang.text("two lists have the same name: a list is called as its file, up to the first dot"))
    store, snapshot = _snapshot(database, quiet=as_json)
    law = law_of(store)
    today = day_under(law)
    if store is not None:
        from lodeline.service.parties.lists import lists_of  # noqa: PLC0415

        given = {one.name for one in read}
        read += [one for one in lists_of(store) if one.name not in given]
    document = screening.screen(
        names,
        lists=read,
        register=None if snapshot is None else snapshot.register,
        stamp=None if snapshot is None else snapshot.stamp,
        day=_day(day, today),
        identifiers=[_number(one) for one in numbers or ()],
        country=None if country is None else _country(country),
        law=law,
        known=today,
    )
    if as_json:
        print_json(document)
    else:
        _print(document)
    if not all(one.accepted for one in read):
        raise typer.Exit(2)
    raise typer.Exit(1 if document["verdict"] in ("listed", "alike") else 0)


def _snapshot(database: str, *, quiet: bool) -> tuple[Any, Any]:
    """Store and register, where there is a store; lists and law are asked without one, and the answer says so."""
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        return snapshot_at(database)
    except StoreError as error:
        if not quiet and database != DEFAULT_DATABASE:
            console.print(localized(error.words), markup=False)
        return None, None


def _day(text: str | None, today: date) -> date:
    try:
        return today if text is None else date.fromisoformat(text)
    except ValueError:
        raise UserError(lang.text("{text!r} is no day: write 2025-06-30", text=text)) from None


def _number(text: str) -> Any:
    from lodeline.party.identifier import SCHEMES, identifier  # noqa: PLC0415

    scheme, _, number = text.partition(":")
    found = identifier(scheme.lower(), number) if scheme.lower() in SCHEMES else None
    if found is None:
        schemes = ", ".join(SCHEMES)
        raise UserError(
            lang.text(
                "{text!r} is no number: write a scheme ({schemes}), a colon and the number, and compare its digits",
                text=text,
                schemes=schemes,
            )
        )
    return found


def _country(text: str) -> str:
    from lodeline.filing.country import alpha2  # noqa: PLC0415

    code = alpha2(text)
    if code is None:
        raise UserError(lang.text("{text!r} is no country: write its code, DE", text=text))
    return code


def _print(document: dict[str, Any]) -> None:
    reader_language = language()
    for one in document["lists"]:
        for found in one["problems"]:
            where = ":".join(str(part) for part in found["where"].values() if part is not None)
            console.print(f"{where} {found['code']}\n    {found['message'][reader_language]}", markup=False)
        if not one["accepted"]:
            console.print(output.text("The list {list} was not used.", list=one["list"]), style="red", markup=False)
    for found in document["names"]:
        english, chinese, colour = _WORDS[found["verdict"]]
        console.print(f"[{colour}]{localized(bilingual(english, chinese))}[/]", end="  ")
        console.print(found["name"], markup=False)
        for remark in found["remarks"]:
            console.print(f"    ! {remark['text'][reader_language]}", markup=False)
        for hit in found["hits"]:
            _print_hit(hit, reader_language)
    console.print(_basis(document), markup=False)


def _print_hit(hit: dict[str, Any], reader_language: str) -> None:
    sources = ", ".join(f"{party['source']}:{party['id']}" for party in hit["parties"])
    console.print(f"  {hit['probability']:.2f}  {hit['name']}  [{sources}]", markup=False)
    for reason in hit["reasons"]:
        mark = "!" if reason["code"] in ("listed", "owned") else _MARKS[reason["speaks"]]
        console.print(f"        {mark} {reason['text'][reader_language]}", markup=False)


def _basis(document: dict[str, Any]) -> str:
    lists = ", ".join(f"{one['list']} ({one['listed']})" for one in document["lists"] if one["accepted"])
    packed = document["law_lists"]
    count, once, missing = (sum(one[key] for one in packed) for key in ("named", "named_once", "unnamed"))
    pack = output.text(
        "the law pack ({count} parties, {once} in one script alone; of {missing} more it has no name)",
        count=count,
        once=once,
        missing=missing,
    )
    if document["stamp"] is None:
        register = output.text("no register")
    else:
        register = output.text("the register at entry {entry}", entry=document["stamp"]["entry"])
    return output.text(
        "Searched on {day}: {register}; {pack}; lists (listed parties): {lists}.",
        day=document["day"],
        register=register,
        pack=pack,
        lists=bilingual(lists or "none", lists or "无"),
    )
