"""The command `licence`: what is left of each, what is drawn on it, and what two officers decide about it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from lodeline import language as lang
from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law_of, print_rows, snapshot_at, store_at, today_of
from lodeline.cli.output import console, language, print_json, print_problems, print_table

licence_app = typer.Typer(help="Export licences, and what is drawn on them. 出口许可证及核销。", no_args_is_help=True)
app.add_typer(licence_app, name="licence")

Licence = Annotated[str, typer.Argument(help="Number of the licence. 许可证号。")]
Declaration = Annotated[str, typer.Argument(help="Number of the declaration. 报关单号。")]
Line = Annotated[str, typer.Argument(help="Line of it. 项号。")]
Kg = Annotated[str, typer.Option("--kg", help="Net mass of goods in kg. 净重（千克）。")]
Elements = Annotated[str, typer.Option("--elements", help="Dy=1.2|Tb=0.1 in kg. 各元素（千克）。")]
Exporter = Annotated[str, typer.Option("--exporter", help="Whose goods they are. 出口企业。")]
Reason = Annotated[str, typer.Option("--reason", help="Why. 理由。")]
Reference = Annotated[str, typer.Option("--reference", help="Your own number of the confirmation. 确认编号。")]


@licence_app.command("list")
def list_licences(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Every licence: granted + overdrawn = reserved + used + left + lapsed. 许可证一览。"""
    from lodeline.encoding import encoded  # noqa: PLC0415
    from lodeline.service.licences.answers import licence_list  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = licence_list(store, snapshot.register, law_of(store), day=today_of(store))
    keys = (
        "id", "exporter", "state", "valid_to", "granted_kg", "reserved_kg", "used_kg", "overdrawn_kg", "left_kg",
        "lapsed_kg",
    )  # fmt: skip
    print_rows(encoded(document), keys, as_json, numbers=range(4, 10))


@licence_app.command()
def show(licence: Licence, database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """One licence: its acts, its positions, and the log of its draw-downs. 许可证详情。"""
    from lodeline.encoding import encoded  # noqa: PLC0415
    from lodeline.service.licences.answers import licence_shown  # noqa: PLC0415
    from lodeline.service.licences.proposals import proposals  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = encoded(licence_shown(store, snapshot.register, law_of(store), licence, day=today_of(store)))
    if as_json:
        print_json(document)
        return
    masses = {output.text("goods"): document, **document["elements"]}
    names = ("granted_kg", "reserved_kg", "used_kg", "overdrawn_kg", "left_kg", "lapsed_kg")
    words = output.text("mass,granted,reserved,used,overdrawn,left,lapsed").split(",")
    rows = [(name, *(mass[key] for key in names)) for name, mass in masses.items()]
    print_table(f"{licence}  {document['state']}", words, rows, numbers=range(1, 7))
    for act in document["acts"]:
        console.print(f"{act['on']} {act['deed']} {act['holder'] or ''} {act['reason']}", markup=False)
    for one in proposals(snapshot.register, licence):
        if one.state == "proposed":
            state = output.text("proposed", context="licence")
            console.print(f"{state} {one.id}: {one.on} {one.deed} {one.holder or ''} {one.reason}", markup=False)
    words = output.text("entry,on,act,declaration,line,kg,closes,number").split(",")
    keys = ("entry", "on", "act", "declaration", "line", "mass_kg", "closes", "reference")
    rows = [tuple("" if one[key] is None else one[key] for key in keys) for one in document["draws"][:200]]
    print_table("", words, rows, numbers=(5,))
    for one in document["draws"]:
        for found in one["problems"]:
            console.print(f"! {one['entry']} {found['code']}: {found['message'][language()]}", markup=False)


@licence_app.command("reserve")
def reserve_line(
    licence: Licence, declaration: Declaration, line: Line, kg: Kg, exporter: Exporter, elements: Elements = "",
    tranche: Annotated[str, typer.Option("--tranche", help="Tranche it is spent from. 分配额。")] = "",
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Reserve for a line of a declaration, once. 预留。"""
    from lodeline.ledger.licence import elements_mg  # noqa: PLC0415
    from lodeline.service.licences.draws import Wanted, reserve  # noqa: PLC0415

    wanted = Wanted(
        licence=licence, organisation=exporter, declaration=declaration, line=line, mass_mg=_mg(kg),
        elements_mg=elements_mg(elements), tranche=tranche,
    )  # fmt: skip
    store, now = store_at(database), datetime.now(UTC)
    found = reserve(store=store, wanted=[wanted], law=law_of(store), on=today_of(store), filed_at=now)
    _end(found[0], as_json)


@licence_app.command()
def post(
    declaration: Declaration, line: Line, kg: Kg, reference: Reference, elements: Elements = "",
    close: Annotated[bool, typer.Option("--close", help="Nothing more leaves on the line. 结清。")] = False,
    licence: Annotated[str, typer.Option("--licence", help="Where nothing was reserved. 未预留时填写。")] = "",
    exporter: Exporter = "",
    corrects: Annotated[str, typer.Option("--corrects", help="Confirmation that was wrong. 被更正的编号。")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it is corrected. 更正理由。")] = "",
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Confirm what left, or correct such a confirmation; partial exits add up. 出境确认及更正。"""
    from lodeline.ledger.licence import elements_mg  # noqa: PLC0415
    from lodeline.service.licences.exits import Exit, confirm_exits  # noqa: PLC0415

    one = Exit(
        declaration=declaration, line=line, mass_mg=_mg(kg), reference=reference, closes=close, licence=licence,
        elements_mg=elements_mg(elements) if elements else None, organisation=exporter, corrects=corrects,
        reason=reason,
    )  # fmt: skip
    store, now = store_at(database), datetime.now(UTC)
    found = confirm_exits(store=store, exits=[one], law=law_of(store), on=today_of(store), filed_at=now)
    _end(found[0], as_json)


@licence_app.command()
def void(
    declaration: Declaration, line: Line, reason: Reason, database: Database = DEFAULT_DATABASE, as_json: Json = False
) -> None:
    """Take a reservation back, as its declaration was amended or withdrawn. 撤销预留。"""
    from lodeline.service.licences.draws import void  # noqa: PLC0415

    store, now = store_at(database), datetime.now(UTC)
    found = void(store=store, declaration=declaration, line=line, reason=reason, on=today_of(store), filed_at=now)
    _end(found, as_json)


@licence_app.command()
def tranche(
    licence: Licence,
    name: Annotated[str, typer.Argument(help="What the tranche is called. 分配额编号。")],
    port: Annotated[str, typer.Option("--port", help="The port whose desk spends it. 口岸。")] = "",
    kg: Kg = "0", elements: Elements = "",
    withdraw: Annotated[str, typer.Option("--withdraw", help="Take the rest back, and why. 收回余量的理由。")] = "",
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Allot a part of a licence to a port without network, or take its rest back. 离线口岸分配额。"""
    from lodeline.ledger.licence import elements_mg  # noqa: PLC0415
    from lodeline.service.licences.draws import allot, void_tranche  # noqa: PLC0415

    store, now = store_at(database), datetime.now(UTC)
    day = today_of(store)
    if withdraw:
        found = void_tranche(store=store, licence=licence, tranche=name, reason=withdraw, on=day, filed_at=now)
    else:
        found = allot(
            store=store, licence=licence, tranche=name, port=port, mass_mg=_mg(kg), elements_mg=elements_mg(elements),
            law=law_of(store), on=day, filed_at=now,
        )  # fmt: skip
    _end(found, as_json)


@licence_app.command()
def propose(
    licence: Licence,
    deed: Annotated[str, typer.Argument(help="suspended, resumed, revoked or holder. 中止、恢复、撤销或变更持有人。")],
    reason: Reason,
    by: Annotated[str, typer.Option(help="Who proposes. 提议人。")],
    on: Annotated[str, typer.Option("--on", help="The day from which; today without it. 起始日期。")] = "",
    holder: Annotated[str, typer.Option("--holder", help="The new holder. 新持有人。")] = "",
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Propose to suspend, resume, revoke or hand over; another officer decides. 提议中止、恢复、撤销或变更持有人。"""
    from lodeline.service.licences import proposals as licence_proposals  # noqa: PLC0415

    store = store_at(database)
    day = today_of(store)
    found = licence_proposals.propose(
        store, licence, deed, on=_day(on) if on else day, reason=reason, today=day,
        filed_at=datetime.now(UTC), by=by, holder=holder,
    )  # fmt: skip
    _print_outcome(found, as_json)


@licence_app.command()
def decide(
    proposal: Annotated[str, typer.Argument(help="The proposal. 提议编号。")],
    by: Annotated[str, typer.Option(help="Who decides; not who proposed. 决定人（不得为提议人）。")],
    refuse: Annotated[str, typer.Option("--refuse", help="Refuse it instead, and why. 不同意的理由。")] = "",
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Confirm what another officer proposed about a licence, or refuse it. 决定提议。"""
    from lodeline.service.licences import proposals as licence_proposals  # noqa: PLC0415

    store, now = store_at(database), datetime.now(UTC)
    if refuse:
        found = licence_proposals.refuse(store, proposal, answer=refuse, filed_at=now, by=by)
    else:
        found = licence_proposals.confirm(store, proposal, today=today_of(store), filed_at=now, by=by)
    _print_outcome(found, as_json)


def _day(text: str) -> date:
    from lodeline.errors import UserError  # noqa: PLC0415

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UserError(lang.text("--on {text!r} is no day: write 2026-03-01", text=text)) from error


def _print_outcome(found: Any, as_json: bool) -> None:
    """Prints how a proposal stands; status 1 where there is none, or the licence does not stand so."""
    if as_json:
        print_json(found)
    else:
        print_problems(list(found.problems), limit=10)
        if found.entry is not None:
            one = found.proposal
            outcome = f"{one.id}: {one.licence} {one.deed} {one.on} {one.holder or ''}".rstrip()
            console.print(
                f"{outcome} ({one.state}); " + output.text("entry {entry}", entry=found.entry),
                markup=False,
            )
    raise typer.Exit(0 if found.entry is not None else 1)


def _mg(text: str) -> int:
    from lodeline.errors import UserError  # noqa: PLC0415
    from lodeline.material.mass import parse_mass  # noqa: PLC0415

    try:
        return int(parse_mass(text))
    except ValueError as error:
        raise UserError(lang.text("--kg {text!r} is no mass in kilograms", text=text)) from error


def _end(found: Any, as_json: bool) -> None:
    """Prints what became of it; status 1 where it was refused."""
    if as_json:
        print_json(found.answer)
    else:
        print_problems(list(found.problems), limit=10)
        if found.draw is not None:
            entry, number = found.draw.entry, found.answer.reservation or found.draw.number
            wording = output.text("Entry {entry}, number {number}", entry=entry, number=number)
            console.print(wording + (output.text(" (stood already)") if found.repeated else ""), markup=False)
    raise typer.Exit(0 if found.draw is not None else 1)
