"""Commands of a filer: the workbook, the check, the filing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, Organisation, app, law_of, store_at
from lodeline.cli.output import console, print_json, print_problems, progress
from lodeline.errors import UserError
from lodeline.language import text

Files = Annotated[
    list[Path], typer.Argument(help="CSV, XLSX, JSON or NDJSON; several files are one filing. 申报文件。")
]
Filer = Annotated[str | None, typer.Option(help="Who files. 申报企业。")]
Period = Annotated[str | None, typer.Option(help="Which month, YYYY-MM. 申报月份。")]
Corrects = Annotated[str | None, typer.Option(help="Entry or file of the filing corrected. 更正对象。")]


@app.command()
def template(
    out: Annotated[Path, typer.Argument(help="Where to write the XLSX. 输出文件。")],
    organisation: Organisation = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Write an empty filing workbook with drop-downs and an explanation of each column. 生成申报模板。"""
    from lodeline.filing.template import write_template  # noqa: PLC0415

    if out.exists():
        raise UserError(text("{out} exists already: name a new file", out=out))
    register = None
    if organisation is not None:
        store = store_at(database)
        register = store.register(store.head())
        if organisation not in register.roles:
            raise UserError(text("no organisation {organisation!r} in the register", organisation=organisation))
    write_template(out, organisation=organisation, register=register)
    console.print(output.text("Wrote {out}.", out=out), markup=False)


def _check(files: list[Path], organisation: str | None, period: str | None, corrects: str | None, register: Any) -> Any:
    from lodeline.filing.check import check as check_table  # noqa: PLC0415
    from lodeline.filing.table import read  # noqa: PLC0415

    return check_table(
        read(files), organisation=organisation, period=period, register=register, correcting=corrects is not None
    )


def _filing_json(accepted: bool, problems: Any, receipt: Any) -> dict[str, Any]:
    return {"accepted": accepted, "problems": [found.as_json() for found in problems], "receipt": receipt}


@app.command()
def check(
    files: Files,
    organisation: Filer = None,
    period: Period = None,
    corrects: Corrects = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show every problem of a filing without filing it; works without a store. 检查申报，不提交。"""
    from lodeline.service.filing.filing import preview, resolve_correction  # noqa: PLC0415
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        store = store_at(database)
    except StoreError:
        store = None
    register = store.register(store.head()) if store else None
    # A store that knows nobody yet cannot say who is unknown.
    register = register if register is not None and register.roles else None
    checked = _check(files, organisation, period, corrects, register)
    problems = checked.problems
    if store and register and checked.organisation and checked.period and not checked.rejects:
        entry = resolve_correction(store, corrects) if corrects else None
        problems = preview(store, checked, filed_at=datetime.now(UTC), law=law_of(store), corrects=entry)
    accepted = all(found.severity == "flag" for found in problems)
    if as_json:
        print_json(_filing_json(accepted, problems, None))
    else:
        print_problems(problems)
        rows = checked.rows.height
        console.print(
            output.text("{rows} rows would be accepted.", rows=rows) if accepted and rows
            else output.text("No row is filled in. If nothing happened in the month, file it with --nil.") if accepted
            else output.text("This filing would not be accepted.")
        )  # fmt: skip
        if register is not None and checked.rejects:
            console.print(
                output.text(
                    "The books come next: what lots hold, deliveries and quotas are held against the rows "
                    "once they can be read."
                )
            )
        if register is None:
            console.print(output.text("Checked without a register: sites, methods and holdings were not judged."))
    raise typer.Exit(0 if accepted else 1)


def _be_sure_of_nil(checked: Any, nil: bool) -> None:
    """Raises UserError where no row is filled in and nobody says so, or rows are and somebody says there are none.

    An empty workbook reads as a nil return: a state of the books that a slip must not enter.
    """
    if checked.rejects:
        return
    if not nil and not checked.rows.height:
        raise UserError(
            text("no row is filled in, and nothing was filed. If nothing happened in the month, say so with --nil")
        )
    if nil and checked.rows.height:
        rows = checked.rows.height
        raise UserError(
            text("--nil says that nothing happened, and {rows} rows are filled in: nothing was filed", rows=rows)
        )


@app.command(name="file")
def file_(
    files: Files,
    organisation: Filer = None,
    period: Period = None,
    corrects: Corrects = None,
    nil: Annotated[bool, typer.Option("--nil", help="Nothing happened in the month. 零申报。")] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """File a month and print the receipt. 提交申报并打印回执。"""
    from lodeline.service.entries.upload import Upload  # noqa: PLC0415
    from lodeline.service.filing.filing import resolve_correction, submit  # noqa: PLC0415

    store = store_at(database)
    register = store.register(store.head())
    with progress(output.text("filing"), quiet=as_json) as bar:
        checked = _check(files, organisation, period, corrects, register)
        _be_sure_of_nil(checked, nil)
        entry = resolve_correction(store, corrects or checked.corrects) if corrects or checked.corrects else None
        # A file that cannot be read is a problem of the check by now.
        uploads = [] if checked.rejects else [Upload(name=path.name, content=path.read_bytes()) for path in files]
        outcome = submit(
            store, checked, uploads=uploads, filed_at=datetime.now(UTC), law=law_of(store), corrects=entry,
            progress=lambda _what, share: bar(int(share * 100), 100),
        )  # fmt: skip
    if as_json:
        print_json(_filing_json(outcome.entry is not None, outcome.problems, outcome.receipt))
    else:
        print_problems(outcome.problems)
        if outcome.entry is None:
            console.print(output.text("Not accepted: nothing was filed."))
        else:
            again = output.text(" It had been filed before.") if outcome.repeated else ""
            console.print(
                output.text(
                    "Filed as entry {index} ({row_count} rows).{again}",
                    index=outcome.entry.index,
                    row_count=outcome.entry.row_count,
                    again=again,
                )
            )
            console.print(output.text("Keep the receipt: lodeline receipt"), outcome.entry.index)
    raise typer.Exit(0 if outcome.entry is not None else 1)
