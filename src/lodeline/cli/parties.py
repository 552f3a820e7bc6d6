"""Commands about parties: whom filed names mean, mergers, shares, and the lists that are loaded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from lodeline import language as lang
from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, snapshot_at, store_at, today_of
from lodeline.cli.output import console, language, localized, print_json, print_table
from lodeline.errors import UserError
from lodeline.language import bilingual

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="parties", help="Whom filed names mean. 交易方归并。")
_BY = "command line"
_Word = TypeVar("_Word", bound=str)
Reason = Annotated[str, typer.Option(help="Why; it stays in the log. 理由（记入日志）。")]


@commands.command()
def queue(
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many names. 条数。")] = 20,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Names in filings that are no party yet, with whom they may mean. 待归并名称。"""
    from lodeline.service.parties import queue as party_queue  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = party_queue.queue(store, snapshot, day=today_of(store), most=most)
    if as_json:
        print_json(document)
        return
    columns = output.text("name,filed by,rows,kg,perhaps,likely,why").split(",")
    rows = []
    for one in document["names"]:
        best = one["candidates"][0] if one["candidates"] else None
        why = "; ".join(reason["text"][language()] for reason in best["reasons"][:2]) if best else ""
        likely = f"{best['probability']:.2f}" if best else ""
        party = f"{best['party']} {best['name']}" if best else ""
        rows.append((one["name"], ", ".join(one["by"][:3]), one["rows"], one["mass_kg"], party, likely, why))
    print_table("", columns, rows, numbers=(2, 3, 5))
    console.print(output.text("{waiting} names wait.", waiting=document["waiting"]))


@commands.command()
def settle(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Settle the names that need nobody: exact, or likely above the threshold. 自动归并。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    done = parties.settle_names(store, snapshot, day=today_of(store), filed_at=datetime.now(UTC), by=_BY)
    if as_json:
        names = [{"name": name, "party": party, "probability": likely} for name, party, likely in done.names]
        print_json({"settled": names, "waiting": done.waiting, "entry": done.entry.index if done.entry else None})
        return
    for name, party, likely in done.names:
        console.print(f"{likely:.2f}  {name}  →  {party}", markup=False)
    console.print(
        output.text("{names} names settled, {waiting} wait for a person.", names=len(done.names), waiting=done.waiting)
    )


@commands.command()
def decide(
    name: Annotated[str, typer.Argument(help="The name as it was filed. 申报名称。")],
    verdict: Annotated[str, typer.Argument(help="same, other, new or open. 判断。")],
    party: Annotated[str, typer.Argument(help="Id of the party it is, or is not. 主体编号。")] = "",
    reason: Reason = "",
    country: Annotated[str, typer.Option(help="Of a new party, e.g. DE. 新主体的国家或地区。")] = "",
    other_name: Annotated[str, typer.Option(help="Of a new party, in the other script. 新主体的另一种文字名称。")] = "",
    numbers: Annotated[
        list[str] | None, typer.Option("--id", help="Of a new party: uscc:, lei:, vat: or eori: and the number. 号码。")
    ] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Decide whom a name means: same PARTY, other than PARTY, a new one, or open again. 决定归并。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    if verdict not in parties.VERDICTS:
        words = ", ".join(parties.VERDICTS)
        raise UserError(lang.text("{verdict!r} is none of {words}", verdict=verdict, words=words))
    decision = parties.Decision(
        name=name, verdict=verdict, party=party, reason=reason, country=country, other_name=other_name,
        identifiers=numbers or (),
    )  # fmt: skip
    entry, meant = parties.decide(store_at(database), decision, filed_at=datetime.now(UTC), by=_BY)
    _print_document({"entry": entry.index, "name": name, "party": meant}, as_json)


@commands.command()
def merge(
    party: Annotated[str, typer.Argument(help="The party that is the other. 被并入的主体。")],
    into: Annotated[str, typer.Argument(help="The one that it is. 并入的主体。")],
    reason: Reason = "",
    by: Annotated[str, typer.Option(help="Who proposes. 提议人。")] = _BY,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Propose that two parties are one; another person accepts. 提议合并主体。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    wanted = parties.Proposal(kind="merge", party=party, into=into, reason=reason)
    entry, proposal = parties.propose(store_at(database), wanted, filed_at=datetime.now(UTC), by=by)
    _print_document({"entry": entry.index, "proposal": proposal}, as_json)


@commands.command()
def split(
    party: Annotated[str, typer.Argument(help="The party. 主体编号。")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Names that are another's; none: undo its merger. 名称。")
    ] = None,
    reason: Reason = "",
    by: Annotated[str, typer.Option(help="Who proposes. 提议人。")] = _BY,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Propose that a merger is undone, or that names are another party's. 提议拆分主体。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    wanted = parties.Proposal(kind="split", party=party, names=names or (), reason=reason)
    entry, proposal = parties.propose(store_at(database), wanted, filed_at=datetime.now(UTC), by=by)
    _print_document({"entry": entry.index, "proposal": proposal}, as_json)


@commands.command()
def accept(
    proposal: Annotated[str, typer.Argument(help="The proposal. 提议编号。")],
    by: Annotated[str, typer.Option(help="Who decides; not who proposed. 决定人（不得为提议人）。")],
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead. 驳回。")] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Accept or refuse what another has proposed. 决定提议。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    entry = parties.settle(store_at(database), proposal, accept=not refuse, filed_at=datetime.now(UTC), by=by)
    _print_document({"entry": entry.index, "proposal": proposal, "accepted": not refuse}, as_json)


@commands.command("own", hidden=True, deprecated=True)
@commands.command("share")
def own(
    owner: Annotated[str, typer.Argument(help="Who holds. 持股方。")],
    owned: Annotated[str, typer.Argument(help="What is held. 被持股方。")],
    share: Annotated[str, typer.Argument(help="In percent, 51.5. 股比。")],
    source: Annotated[str, typer.Option(help="Where that is written. 来源。")],
    since: Annotated[str | None, typer.Option("--from", help="First day. 起始日。")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day. 截止日。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Enter that a party holds a share of another. 登记持股。"""
    from lodeline.service.parties import parties  # noqa: PLC0415

    entry = parties.own(
        store_at(database), owner=owner, owned=owned, share_pct=share, since=_day(since), until=_day(until),
        source=source, filed_at=datetime.now(UTC), by=_BY,
    )  # fmt: skip
    _print_document(
        {"entry": entry.index if entry else None, "owner": owner, "owned": owned, "share_pct": share}, as_json
    )


@commands.command()
def load(
    file: Annotated[Path, typer.Argument(help="A list, CSV or JSON lines. 名录文件。")],
    name: Annotated[str | None, typer.Option(help="What it is called; else as its file. 名录名称。")] = None,
    measure: Annotated[
        str | None, typer.Option(help="barred, watched or end-user-ban, for rows that say none. 措施。")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="dual-use or all-goods, for rows that say none. 适用范围。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Load an edition of a list into the log, whole or not at all. 载入名录。"""
    from lodeline.party.lists import MEASURES, SCOPES  # noqa: PLC0415
    from lodeline.service.parties.lists import load_list  # noqa: PLC0415

    called = name or file.name.partition(".")[0]
    entry, read = load_list(
        store_at(database), file.read_bytes(), name=called, file=file.name, filed_at=datetime.now(UTC), by=_BY,
        measure=_one_of(measure, MEASURES), scope=_one_of(scope, SCOPES),
    )  # fmt: skip
    document = {
        "accepted": entry is not None, "entry": entry.index if entry else None, "list": called,
        "parties": len(read.parties), "sha256": read.digest, "measure": read.measure, "scope": read.scope,
        "problems": [one.as_json() for one in read.problems],
    }  # fmt: skip
    if as_json:
        print_json(document)
    else:
        for found in read.problems:
            console.print(
                f"{found.where.file}:{found.where.row} {found.code}: {found.message(language())}", markup=False
            )
        summary = (f"{called}: {len(read.parties)} parties", f"{called}：{len(read.parties)} 个主体")
        refused = (f"The list {called} was not loaded.", f"名录 {called} 未载入。")
        console.print(localized(bilingual(*(summary if entry else refused))), markup=False)
    raise typer.Exit(0 if entry else 1)


@commands.command()
def show(
    party: Annotated[str, typer.Argument(help="A party, an organisation, or a name as filed. 主体编号或申报名称。")],
    day: Annotated[str | None, typer.Option("--on", help="The day, YYYY-MM-DD; default today. 日期。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Names, numbers, owners, listings on a day and decisions about a party. 主体信息。"""
    from lodeline.service.parties import queue as party_queue  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = party_queue.party(store, snapshot, party, day=_day(day) or today_of(store))
    if document is None:
        raise UserError(lang.text("there is no party {party!r}", party=party))
    if as_json:
        print_json(document)
        return
    console.print(f"{document['id']}  {' · '.join(document['names'])}", markup=False)
    for one in document["identifiers"]:
        console.print(f"    {one}", markup=False)
    for one in document["owners"]:
        console.print(f"    ← {one['share_pct']} % {one['owner']} ({one['source'] or '–'})", markup=False)
    for one in document["listed"]:
        console.print(f"    ! {one['list']} ({one['how']})", markup=False)
    for one in document["seen"]:
        console.print(f"    {one['by']}: {one['rows']} × {one['name']}, {one['mass_kg']} kg", markup=False)
    for one in document["history"]:
        console.print(f"    {one['at']}  {one['table']}  {one['by']}  {one['reason'] or ''}", markup=False)


def _one_of(text: str | None, words: tuple[_Word, ...]) -> _Word | None:
    found = next((one for one in words if one == text), None)
    if text is not None and found is None:
        raise UserError(lang.text("{text!r} is none of {words}", text=text, words=", ".join(words)))
    return found


def _print_document(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        console.print("  ".join(f"{key}: {value}" for key, value in document.items()), markup=False)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UserError(lang.text("{text!r} is no day: write 2025-06-30", text=text)) from None
