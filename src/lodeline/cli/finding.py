"""Commands about one finding: its evidence as a file, and the same finding computed again from that file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law_of, snapshot_at
from lodeline.cli.output import console, language, localized, print_json
from lodeline.errors import UserError
from lodeline.language import text

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="finding", help="The evidence of a finding. 线索证据。")


@commands.command("bundle")
def write_bundle(
    finding: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `findings --json` prints it. 线索编号。")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write the ZIP. 输出文件。")],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Write the evidence bundle of a finding: rows, proofs, law, verifier. 导出线索证据包。"""
    from lodeline.service.findings.evidence import bundle  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    content = bundle(store, snapshot, law_of(store), finding)
    out.write_bytes(content)
    size = f"{len(content) / 1000:,.0f} kB"
    console.print(output.text("{out}: {size}, as of entry {entry}.", out=out, size=size, entry=snapshot.entry))


@commands.command()
def recompute(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, a ZIP. 证据包。")],
    vkey: Annotated[str | None, typer.Option(help="The log's public key, from elsewhere. 日志公钥。")] = None,
    as_json: Json = False,
) -> None:
    """Check a bundle's proofs and compute its finding again; needs no store. 离线核验并重算线索。"""
    from lodeline.service.findings.evidence_file import BundleError  # noqa: PLC0415
    from lodeline.service.findings.recomputing import recompute as recomputed  # noqa: PLC0415

    content = _read(file)
    try:
        verdict = recomputed(content, vkey=vkey)
    except BundleError as error:
        if as_json:
            fault = {"what": "bundle.damaged", "facts": {}, "message": {"en": error.en, "zh": error.zh}}
            print_json({"ok": False, "faults": [fault]})
        else:
            console.print(localized(error.words), markup=False)
        raise typer.Exit(1) from error
    document = verdict.as_json()
    if as_json:
        print_json(document)
        raise typer.Exit(0 if verdict.ok else 1)
    for fault in document["faults"]:
        console.print(f"{fault['what']}: {fault['message'][language()]}", markup=False)
    if verdict.ok:
        counted = output.text("{rows} rows of {entries} entries are proved", rows=verdict.rows, entries=verdict.entries)
        again = (
            output.text("the finding computed from them is the same.")
            if verdict.gives_the_finding
            else output.text(
                "the detector needs more of the ledger than a bundle holds: its figures were not computed again."
            )
        )
        console.print(f"{counted}{output.text('; ')}{again}", markup=False)
    if vkey is None:
        console.print(
            output.text("The key was taken from the bundle itself: compare it with one from elsewhere (--vkey).")
        )
    raise typer.Exit(0 if verdict.ok else 1)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(text("cannot read {file}: {strerror}", file=file, strerror=error.strerror)) from error
