"""The command `run`: a planned run is announced, so that its mass is set aside of the quota, or put off."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, store_at, today_of
from lodeline.cli.output import console, print_json, print_problems
from lodeline.language import text

run_app = typer.Typer(
    help="Planned runs, and the quota that they reserve. 计划批次及其占用指标。", no_args_is_help=True
)
app.add_typer(run_app, name="run")

Organisation = Annotated[str, typer.Argument(help="Whose run it is. 企业编号。")]
Run = Annotated[str, typer.Argument(help="What rows of the run will call it (column run). 批次编号（run 列）。")]


class Kind(StrEnum):
    """What a quota is for."""

    MINING = "mining"
    SEPARATION = "separation"


class OreType(StrEnum):
    """Of which ore, where the grant names one."""

    ROCK = "rock"
    ION = "ion"


@run_app.command()
def announce(
    organisation: Organisation,
    run: Run,
    kind: Annotated[Kind, typer.Option("--kind", help="Of which quota. 指标类别。")],
    kg: Annotated[str, typer.Option("--kg", help="Oxide that it will draw, in kg REO. 计划用量（千克 REO）。")],
    ore_type: Annotated[OreType | None, typer.Option("--ore-type", help="Ore. 矿种。")] = None,
    year: Annotated[
        int, typer.Option("--year", help="Year of the quota: this or the next. 指标年度：本年或下一年。")
    ] = 0,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Reserve quota for a planned run until rows that name it draw it. 预留指标。"""
    from lodeline.errors import UserError  # noqa: PLC0415
    from lodeline.material.mass import parse_mass  # noqa: PLC0415
    from lodeline.service.licences.runs import announce_run  # noqa: PLC0415

    try:
        reo_mg = int(parse_mass(kg))
    except ValueError as error:
        raise UserError(text("--kg {kg!r} is no mass in kilograms", kg=kg)) from error
    store = store_at(database)
    day = today_of(store)
    known = store.register(store.head()).tables["organisations"]["id"]
    if organisation not in set(known):
        raise UserError(text("the register has no organisation {organisation}", organisation=organisation))
    found = announce_run(
        store=store, organisation=organisation, kind=kind.value, ore_type="" if ore_type is None else ore_type.value,
        year=year or day.year, run=run, reo_mg=reo_mg, on=day, filed_at=datetime.now(UTC),
    )  # fmt: skip
    _end(found, organisation, run, as_json)


@run_app.command()
def void(
    organisation: Organisation,
    run: Run,
    reason: Annotated[str, typer.Option("--reason", help="Why. 理由。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take back what a planned run has not drawn. 撤销预留。"""
    from lodeline.service.licences.runs import cancel_run  # noqa: PLC0415

    store = store_at(database)
    found = cancel_run(
        store=store, organisation=organisation, run=run, reason=reason, on=today_of(store),
        filed_at=datetime.now(UTC),
    )  # fmt: skip
    _end(found, organisation, run, as_json)


def _end(found: Any, organisation: str, run: str, as_json: bool) -> None:
    """Prints what became of it; status 1 where it was refused."""
    from lodeline.service.licences.runs import RunAnswer  # noqa: PLC0415

    answer = RunAnswer.of(found, organisation, run)
    if as_json:
        print_json(answer)
    else:
        print_problems(list(found.problems), limit=10)
        if found.draw is not None:
            wording = output.text(
                "Entry {entry}, number {reservation}", entry=answer.entry, reservation=answer.reservation
            )
            console.print(wording + (output.text(" (stood already)") if found.repeated else ""), markup=False)
    raise typer.Exit(0 if found.draw is not None else 1)
