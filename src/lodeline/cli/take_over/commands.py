"""Commands for a nation that begins: its register and accounts from one table, its opening stocks, the parallel run."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, DEFAULT_PORT, Database, Json, app, law_of, store_at, today_of
from lodeline.cli.output import console, localized, print_json, print_problems, print_table, progress
from lodeline.errors import UserError
from lodeline.language import bilingual, text

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="take-over", help="Take over a nation. 接管全国。")

Table = Annotated[Path, typer.Argument(help="CSV or XLSX, one row for a site or a person. 表格。")]
Check = Annotated[bool, typer.Option("--check", help="Show every problem and enter nothing. 只检查。")]
By = Annotated[
    str | None, typer.Option(help="E-mail address of the registrar who decides; else the command line. 决定人邮箱。")
]
_WAIT_S = 0.2


@commands.command(name="register")
def register_(
    table: Table,
    check: Check = False,
    on: Annotated[
        str | None, typer.Option(help="From when firms are registered that do not say, YYYY-MM-DD. 登记起始日。")
    ] = None,
    by: By = None,
    address: Annotated[
        str, typer.Option(help="Where the portal is reached, for the links. 门户地址。")
    ] = f"http://localhost:{DEFAULT_PORT}",
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Enter firms, sites and people from one table, whole or not at all; invite the people. 录入登记簿并邀请人员。"""
    store = office_at(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.register import take_over  # noqa: PLC0415

    law, actor, content = law_of(store), _actor(by, store), _content(table)
    day = _day(on) or clock.today(law.timezone)
    found = take_over.check(actor, store, table.name, content, law=law, on=day)
    if as_json and (check or found.refused):
        print_json({**_counts(found), "problems": [one.as_json() for one in found.problems], "entry": None})
    elif not as_json:
        print_problems(found.problems)
    if found.refused or check:
        if not as_json:
            console.print(_summary(found, check), markup=False)
        raise typer.Exit(1 if found.refused else 0)
    done = take_over.enter(actor, store, found, address=address, now=clock.now())
    entry = None if done.entry is None else done.entry.index
    if as_json:
        print_json({**_counts(found), "problems": [one.as_json() for one in found.problems], "entry": entry})
    else:
        console.print(_summary(found, check), markup=False)
        if entry is not None:
            console.print(output.text("Entry {entry} of the log.", entry=entry))
    if done.job is not None:
        _send(done.job, quiet=as_json)


@commands.command()
def stocks(
    table: Annotated[Path, typer.Argument(help="CSV or XLSX, one row for a lot at a site. 批次表格。")],
    on: Annotated[str, typer.Option(help="The evening on which they lay there: the last day of a month. 期初日。")],
    check: Check = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write filings of a dossier here instead. 写为申报文件。")
    ] = None,
    by: By = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Prepare the opening stock of each firm as a draft that its certifier attests. 编制各企业期初库存。"""
    store = office_at(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.filing import opening_stock  # noqa: PLC0415

    day, actor = _day(on), _actor(by, store)
    assert day is not None, "the option must be given"
    found = opening_stock.check(actor, store, table.name, _content(table), on=day)
    lots = sum(one.lots for one in found.filings)
    new: list[Any] = []
    if not (found.refused or check):
        new = _written(found.filings, out) if out is not None else opening_stock.prepare(actor, found, now=clock.now())
    if as_json:
        problems = [one.as_json() for one in found.problems]
        print_json({"firms": len(found.filings), "lots": lots, "prepared": len(new), "problems": problems})
    else:
        print_problems(found.problems)
        console.print(_stocks_summary(found, lots, new, check, out), markup=False)
    raise typer.Exit(1 if found.refused else 0)


@commands.command(name="parallel-run")
def parallel_run(
    until: Annotated[str, typer.Option(help="Its last day, YYYY-MM-DD. 最后一日。")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the log. 理由（记入日志）。")],
    by: By = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Let filings be practice until a day: flags, findings and lateness do not count. 设定并行期。"""
    store = office_at(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.register import parallel_run as office  # noqa: PLC0415

    entry = office.set_until(
        _actor(by, store), store, _day(until), reason=reason, law=law_of(store), now=clock.now()
    )  # fmt: skip
    if entry is None:
        console.print(output.text("It stands like this already."))
        return
    console.print(
        output.text("Nothing of months up to {until} counts. Entry {index} of the log.", until=until, index=entry.index)
    )


@commands.command()
def state(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """How far the take-over is, and from when each detector can see. 接管进度。"""
    store = office_at(database)
    from lodeline.cli.app import snapshot_at  # noqa: PLC0415
    from lodeline.office.register.progress import progress_of  # noqa: PLC0415
    from lodeline.service.findings.seeing import seeing  # noqa: PLC0415

    _, snapshot = snapshot_at(database)
    found, run = progress_of(store), store.newest_register().parallel_run
    eyes = seeing(store, snapshot)
    if as_json:
        print_json(
            {
                **found, "parallel_run_until": None if run is None else run.until.isoformat(),
                "seeing": [one.as_json() for one in eyes],
            }
        )  # fmt: skip
        return
    console.print(
        output.text(
            "{firms} firms, {sites} sites; {invited} people invited, {accepted} accepted, {waiting} letters wait.",
            firms=found["firms"],
            sites=found["sites"],
            invited=found["invited"],
            accepted=found["accepted"],
            waiting=found["waiting"],
        )
    )
    console.print(
        output.text(
            "Opening stocks: {prepared} firms prepared, {attested} attested.",
            prepared=found["prepared"],
            attested=found["attested"],
        )
    )
    console.print(
        output.text("No parallel run is set.")
        if run is None
        else output.text("Parallel run until {until}.", until=run.until)
    )
    columns = output.text("detector,can see from,needs").split(",")
    rows = [
        (one.detector, one.since or output.text("not yet", context="take over"), localized(one.need.words))
        for one in eyes
    ]
    print_table("", columns, rows)


@commands.command()
def example(
    dossier: Annotated[Path, typer.Argument(help="A synthetic world, as `lodeline world` writes it. 模拟产业目录。")],
    out: Annotated[Path, typer.Argument(help="Directory for the tables. 输出目录。")],
) -> None:
    """Write the tables of a take-over from a synthetic world, with people made up for it. 由模拟产业生成接管表格。"""
    from lodeline.world.take_over.tables import TakeOverError, write_tables  # noqa: PLC0415

    try:
        written = write_tables(dossier, out)
    except TakeOverError as error:
        raise UserError(bilingual(error.en, error.zh)) from error
    for path, rows in written.items():
        console.print(output.text("Wrote {path}: {rows} rows.", path=path, rows=rows), markup=False)


@commands.command()
def letters(
    address: Annotated[
        str, typer.Option(help="Where the portal is reached, for the links. 门户地址。")
    ] = f"http://localhost:{DEFAULT_PORT}",
    by: By = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Go on with invitations whose letters have not gone. 继续发送邀请函。"""
    store = office_at(database)
    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.office.register import letters as work  # noqa: PLC0415

    job = work.go_on(_actor(by, store), address=address, now=clock.now())
    if job is None:
        console.print(output.text("No letter waits."))
        return
    _send(job, quiet=False)


def office_at(database: str) -> Any:
    """The store, with the office's tables beside it."""
    os.environ.update(LODELINE_DATABASE=database, DJANGO_SETTINGS_MODULE="lodeline.web.settings")
    from lodeline.web.server.serving import prepare  # noqa: PLC0415

    store = store_at(database)
    prepare(database)
    return store


def _actor(by: str | None, store: Any) -> Any:
    """The registrar of that address; without one, whoever has the database, as the command line."""
    from lodeline.office.access.actor import AUTHORITY, Actor, RoleGrant, actor_of  # noqa: PLC0415
    from lodeline.office.models import User  # noqa: PLC0415

    if by is None:
        grant = RoleGrant(organisation=AUTHORITY, role="registrar")
        return Actor(name="command line", pseudonym="command line", standings=(grant,))
    user = User.objects.filter(email=by.strip().lower()).first()
    if user is None:
        raise UserError(text("nobody has an account as {by}", by=by))
    return actor_of(user, on=today_of(store))


def _content(path: Path) -> bytes:
    from lodeline.filing.take_over import LIMITS  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            # One byte more than is allowed is enough to know.
            return file.read(LIMITS.file_bytes + 1)
    except OSError as error:
        raise UserError(text("{path} cannot be opened: {strerror}", path=path, strerror=error.strerror)) from error


def _day(on: str | None) -> date | None:
    try:
        return None if on is None else date.fromisoformat(on)
    except ValueError as error:
        raise UserError(text("{on!r} is no day: write 2026-01-01", on=on)) from error


def _counts(found: Any) -> dict[str, Any]:
    return {
        "firms": found.firms, "sites": found.sites, "people": len(found.people),
        **{f"new_{name}": frame.height for name, frame in found.records.items()},
    }  # fmt: skip


def _summary(found: Any, check: bool) -> str:
    new = {name: frame.height for name, frame in found.records.items()}
    if found.refused:
        faults = sum(one.severity != "flag" for one in found.problems)
        return output.text("{faults} problems: nothing was entered.", faults=faults)  # fmt: skip
    if found.is_entered:
        return output.text("All of it stands already: nothing changes.")
    firms, sites, people = new["organisations"], new["sites"], len(found.people)
    if check:
        return output.text(
            "{firms} firms and {sites} sites would be entered, {people} people invited.",
            firms=firms,
            sites=sites,
            people=people,
        )
    return output.text(
        "{firms} firms and {sites} sites entered, {people} people invited.", firms=firms, sites=sites, people=people
    )


def _written(filings: Any, out: Path) -> list[Any]:
    """Each filing as a file of a dossier, below `out`."""
    for one in filings:
        path = out / one.organisation / f"{one.period}.csv"
        if path.exists():
            raise UserError(text("{path} exists already: name a new directory", path=path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.content)
    return list(filings)


def _stocks_summary(found: Any, lots: int, new: list[Any], check: bool, out: Path | None) -> str:
    firms = len(found.filings)
    if found.refused:
        faults = sum(one.severity != "flag" for one in found.problems)
        return output.text("{faults} problems: nothing was prepared.", faults=faults)
    if check:
        return output.text("{lots} lots of {firms} firms would be prepared.", lots=lots, firms=firms)
    if out is not None:
        return output.text("{lots} lots of {firms} firms written to {out}.", lots=lots, firms=firms, out=out)
    return output.text(
        "{new} drafts prepared, {lots} lots of {firms} firms: each firm looks its own over, and "
        "its certifier attests it.",
        new=len(new),
        lots=lots,
        firms=firms,
    )


def _send(job: Any, *, quiet: bool) -> None:
    """Works on the queue until the job is done; a worker that has it already is waited for."""
    from lodeline.office.jobs.jobs import worker_name  # noqa: PLC0415
    from lodeline.office.jobs.work import work_once  # noqa: PLC0415
    from lodeline.office.models import Job  # noqa: PLC0415
    from lodeline.office.register.letters import file_if_not_mailed, waiting  # noqa: PLC0415

    worker, total = worker_name(), waiting().count()
    with progress(output.text("letters"), quiet=quiet) as bar:
        while True:
            found = Job.objects.get(pk=job.pk)
            bar(total - waiting().count(), total)
            if found.state not in (Job.State.WAITING, Job.State.RUNNING):
                break
            if not work_once(worker):
                time.sleep(_WAIT_S)
    left = waiting().count()
    if left:
        raise UserError(
            text("{left} letters did not go: see the mail server, then `lodeline take-over letters` goes on", left=left)
        )
    if quiet:
        return
    path = file_if_not_mailed()
    if path is None:
        console.print(output.text("{total} letters were sent.", total=total))
    else:
        console.print(
            output.text("No mail is set up: the letters are in {path}. Whoever reads it can use the links.", path=path),
            markup=False,
        )
