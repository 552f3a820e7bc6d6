"""The command `inspect`: what inspectors measured, who holds which bag, what laboratories found."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from math import expm1
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, Organisation, Site, app, snapshot_at, store_at, today_of
from lodeline.cli.output import console, print_json, print_problems, print_table
from lodeline.errors import UserError
from lodeline.language import text

inspect_app = typer.Typer(
    help="Visits: measurements, bags, laboratory results. 现场检查：测量、样袋、化验结果。", no_args_is_help=True
)
app.add_typer(inspect_app, name="inspect")

Files = Annotated[list[Path], typer.Argument(help="Tables as CSV, XLSX, JSON or NDJSON. 表格文件。")]
By = Annotated[str, typer.Option("--by", help="Pseudonym of whoever enters it. 登记人代号。")]
Note = Annotated[str, typer.Option("--note", help="What was seen at the visit. 检查所见。")]


class Side(StrEnum):
    """For whom a laboratory analysed."""

    AUTHORITY = "authority"
    FIRM = "firm"
    REFEREE = "referee"


@inspect_app.command()
def enter(
    files: Files,
    site: Annotated[str, typer.Option("--site", help="Where it was. 场所。")],
    on: Annotated[str, typer.Option("--on", help="Day of the visit, YYYY-MM-DD. 检查日期。")],
    plan: Annotated[int | None, typer.Option("--plan", help="Entry of the plan it follows. 抽样计划条目。")] = None,
    note: Note = "", by: By = "", database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Enter what was counted, weighed and sampled at a site. 登记盘点、称量与取样。"""
    from lodeline.ledger.succession import holder_on  # noqa: PLC0415
    from lodeline.service.inspections.measuring import Weighing, measure  # noqa: PLC0415

    store, day = store_at(database), _day(on)
    organisation = holder_on(store.register(store.head()), site, day)
    if organisation is None:
        raise UserError(text("no site {site!r} is in the register", site=site))
    weighing = Weighing(site=site, on=day, files=_read(files), plan=plan, note=note)
    done = measure(
        store, weighing, organisation=organisation, filed_at=datetime.now(UTC), today=today_of(store), by=by
    )  # fmt: skip
    _end(store, done, as_json)


@inspect_app.command()
def custody(
    files: Files, note: Note = "", by: By = "", database: Database = DEFAULT_DATABASE, as_json: Json = False
) -> None:
    """Enter bags that changed hands. 登记样袋交接。"""
    from lodeline.service.inspections.custody import HandOver, hand_over  # noqa: PLC0415

    store = store_at(database)
    done = hand_over(
        store, HandOver(files=_read(files), note=note), organisations=None, filed_at=datetime.now(UTC),
        today=today_of(store), by=by,
    )  # fmt: skip
    _end(store, done, as_json)


@inspect_app.command()
def results(
    files: Files,
    laboratory: Annotated[str, typer.Option("--laboratory", help="Who analysed. 实验室。")],
    side: Annotated[Side, typer.Option("--side", help="authority, firm or referee. 受谁委托。")] = Side.AUTHORITY,
    note: Note = "", by: By = "", database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """Enter what a laboratory found in bags and reference materials. 登记化验结果。"""
    from lodeline.service.inspections.results import Report, report_results  # noqa: PLC0415

    store = store_at(database)
    report = Report(laboratory=laboratory, side=side.value, files=_read(files), note=note)
    done = report_results(
        store, report, organisations=None, filed_at=datetime.now(UTC), today=today_of(store), by=by
    )  # fmt: skip
    _end(store, done, as_json)


@inspect_app.command("list")
def list_papers(
    organisation: Organisation = None, site: Site = None, database: Database = DEFAULT_DATABASE, as_json: Json = False
) -> None:
    """Every paper of visits, the oldest first. 检查记录一览。"""
    from lodeline.service.inspections.showing import summary  # noqa: PLC0415
    from lodeline.service.inspections.visits import inspections  # noqa: PLC0415

    every = inspections(store_at(database), None if organisation is None else [organisation], site=site)
    rows = [summary(one) for one in every]
    if as_json:
        print_json({"rows": rows})
        return
    words = output.text("entry,on,act,organisation,site,rows,dry kg,laboratory")
    keys = ("entry", "on", "act", "organisation", "site", "lots", "mass_kg", "laboratory")
    print_table("", words.split(","), [tuple(row[key] for key in keys) for row in rows], numbers=(0, 5, 6))


@inspect_app.command()
def show(
    entry: Annotated[int, typer.Argument(help="Entry of any of its papers. 任一记录的条目。")],
    database: Database = DEFAULT_DATABASE, as_json: Json = False,
) -> None:  # fmt: skip
    """One visit: its papers, who holds each bag, what its plan left open. 一次检查的全部记录与样袋去向。"""
    from lodeline.service.inspections.reading import visit_of  # noqa: PLC0415
    from lodeline.service.inspections.showing import visit_document  # noqa: PLC0415

    store = store_at(database)
    visit = visit_of(store, entry)
    if visit is None:
        raise UserError(text("no visit has a paper in entry {entry}", entry=entry))
    document = visit_document(store, visit)
    if as_json:
        print_json(document)
        return
    console.print(f"{document['on']} {document['site']} {document['organisation']}", markup=False)
    for paper in document["papers"]:
        _print_paper(paper)
    words = output.text("bag,part,lot,held by,seal broken,results").split(",")
    keys = ("bag", "part", "lot", "holder", "broken", "results")
    bags = [tuple(_cell(one[key]) for key in keys) for one in document["bags"]]
    print_table(output.text("Bags") if bags else "", words, bags)
    for one in document["unmeasured"]:
        console.print(output.text("not measured: {lot}", lot=one["lot"]), markup=False)
    for lot in document["by_hand"]:
        console.print(output.text("chosen by hand: {lot}", lot=lot), markup=False)


@inspect_app.command()
def laboratories(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Which laboratories and scales differ from those that measured the same. 实验室与衡器的偏差。"""
    from lodeline.service.inspections.laboratories import as_json as documented  # noqa: PLC0415
    from lodeline.service.inspections.laboratories import instruments  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    document = documented(answered(instruments, store, snapshot))
    if as_json:
        print_json(document)
        return
    rows = [
        (one["own"], one["other"], one["element"] or output.text("mass"), one["n"],
         *("–" if one[name] is None else f"{100 * expm1(one[name]):+.2f}" for name in ("bias", "low", "high")),
         "–" if one["p"] is None else f"{one['p']:.2g}", one["since"] or "–", one["anchor"] or "–",
         output.text("yes", context="inspect") if one["beyond_chance"] else "")
        for one in document["rows"]
    ]  # fmt: skip
    columns = output.text("laboratory or site,beside,of,n,bias %,from,to,p,growing since,off,beyond chance").split(",")
    print_table("", columns, rows, numbers=range(3, 8))
    said = output.text(
        "{tests} tests; by chance alone about {by_chance} would show p < .05.",
        tests=document["tests"],
        by_chance=document["by_chance"],
    )
    console.print(said, markup=False)


def _print_paper(paper: dict[str, Any]) -> None:
    keys = [name for name in (paper["rows"][0] if paper["rows"] else ()) if any(row[name] for row in paper["rows"])]
    rows = [tuple(_cell(row[key]) for key in keys) for row in paper["rows"]]
    laboratory = paper["laboratory"] or ""
    print_table(f"{paper['entry']} {paper['act']} {laboratory}", keys, rows)


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ";".join(f"{name}={share}" for name, share in value.items())
    if isinstance(value, bool):
        return output.text("yes", context="inspect") if value else ""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _read(files: list[Path]) -> list[tuple[str, bytes]]:
    """The files by name. Raises UserError."""
    found = []
    for path in files:
        try:
            found.append((path.name, path.read_bytes()))
        except OSError as error:
            raise UserError(text("the file {path} cannot be opened", path=path)) from error
    return found


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise UserError(text("--on {said!r} is no day: write 2026-03-01", said=said)) from error


def _end(store: Any, done: Any, as_json: bool) -> None:
    """Says what became of it; status 1 where nothing was entered because a row is wrong."""
    from lodeline.service.inspections.showing import taken_document  # noqa: PLC0415

    if as_json:
        print_json(taken_document(store, done))
        raise typer.Exit(0 if done.accepted else 1)
    print_problems(done.problems)
    if not done.accepted:
        console.print(output.text("Nothing was entered. Mend the file and send it again."))
        raise typer.Exit(1)
    for one in done.entries:
        who = one.organisation or output.text("reference materials")
        console.print(output.text("Entry {index}: {who}", index=one.index, who=who), markup=False)
    for what, stood in done.repeated.items():
        console.print(output.text("{what} stood already: entry {stood}", what=what, stood=stood), markup=False)
