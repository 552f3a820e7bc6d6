"""Commands that prove: the receipt of an entry, the whole log recomputed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lodeline import language as lang
from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, store_at
from lodeline.cli.output import console, language, localized, print_json, progress
from lodeline.errors import UserError
from lodeline.language import bilingual


@app.command()
def receipt(
    entry: Annotated[int, typer.Argument(min=0, help="Index of the entry. 条目序号。")],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Print the receipt of an entry: a proof that needs nothing but itself. 打印回执。"""
    from lodeline.service.entries.receipts import receipt as receipt_of  # noqa: PLC0415

    document = receipt_of(store_at(database), entry)
    if document is None:
        raise UserError(lang.text("the log has no entry {entry}", entry=entry))
    print_json(document)


@app.command()
def verify(
    receipt_file: Annotated[
        Path | None, typer.Option("--receipt", help="Check one receipt offline. 离线核验回执。")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="A checkpoint kept elsewhere. 另行保存的检查点。")] = None,
    vkey: Annotated[str | None, typer.Option(help="The log's public key, from elsewhere. 日志公钥。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Recompute the whole log and every projection, or check one receipt. 核验账本或回执。"""
    if receipt_file is not None:
        _verify_receipt(
            receipt_file, vkey=vkey, kept=checkpoint_in(checkpoint) if checkpoint else None, as_json=as_json
        )
    from lodeline.office.log.proof import judge  # noqa: PLC0415
    from lodeline.service.log.audit import verify as verify_store  # noqa: PLC0415

    kept = [checkpoint_in(checkpoint)] if checkpoint else []
    with progress(output.text("verifying"), quiet=as_json) as bar:
        verdict = verify_store(
            store_at(database), kept=kept, judge=judge, progress=lambda _, share: bar(int(share * 100), 100)
        )
    document = verdict.as_json()
    if as_json:
        print_json(document)
    else:
        for fault in document["faults"]:
            entry = output.text("entry") + f" {fault['entry']}" if fault["entry"] is not None else output.text("log")
            console.print(f"{entry}: {fault['what']}: {fault['message'][language()]}", markup=False)
        console.print(
            output.text("{size} entries, root {root}: ", size=document["size"], root=document["root"])
            + (output.text("all holds.") if document["ok"] else output.text("does NOT hold.")),
            markup=False,
        )
        if verdict.counts.get("not_anchored"):
            count = verdict.counts["not_anchored"]
            console.print(
                output.text(
                    "{count} audit records stand in no anchor yet: nothing shows whether these are as they "
                    "were written. A server that runs anchors them within minutes; so does a backup.",
                    count=count,
                )
            )
        if not verdict.law_entered:
            console.print(
                output.text(
                    "The log does not say yet with which law the store was made: run `lodeline init`. Until "
                    "then only the papers that name a law pack show whether it is still that one."
                )
            )
        if checkpoint is None:
            console.print(
                output.text(
                    "An old backup or a rewritten log shows only against a checkpoint kept elsewhere (--checkpoint)."
                )
            )
    raise typer.Exit(0 if document["ok"] else 1)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(lang.text("cannot read {path}: {error}", path=path, error=error)) from error


def checkpoint_in(path: Path) -> str:
    """A signed note from a file that holds one, or that holds a receipt with one."""
    text = _text(path)
    if not text.lstrip().startswith("{"):
        return text
    try:
        document = json.loads(text)
        return str(document.get("receipt", document)["checkpoint"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(lang.text("{path} holds no checkpoint", path=path)) from error


def _verify_receipt(path: Path, *, vkey: str | None, kept: str | None, as_json: bool) -> None:
    from lodeline.journal.verify import certified_by, text_of, verify_consistency, verify_receipt  # noqa: PLC0415

    given = _text(path)
    try:
        document = json.loads(given)
    except (ValueError, RecursionError):
        document = None
    # A receipt as `lodeline file --json` prints it carries the document under `receipt`.
    document = document.get("receipt", document) if isinstance(document, dict) else document
    is_read, document = isinstance(document, dict), document if isinstance(document, dict) else {}
    faults = verify_receipt(document if is_read else given, vkey=vkey)
    if kept is not None and not faults:
        # Without a proof only equal sizes can be compared; the fault then asks for one.
        key = vkey or str(document.get("vkey"))
        faults = verify_consistency(kept, str(document.get("checkpoint")), [], vkey=key)
    if as_json:
        print_json(
            {
                "ok": not faults,
                "key_given": vkey is not None,
                "faults": [{"entry": fault.entry, "what": fault.what, "facts": dict(fault.facts)} for fault in faults],
            }
        )
    else:
        for fault in faults:
            console.print(f"{fault.what}: {text_of(fault, language())}", markup=False)
        if not faults:
            console.print(output.text("The receipt holds."))
            certified = certified_by(str(document["envelope"]))
            if certified is not None:
                console.print(localized(bilingual(*certified)), markup=False)
        if vkey is None:
            console.print(
                output.text("The key was taken from the receipt itself: compare it with one from elsewhere (--vkey).")
            )
    raise typer.Exit(1 if faults else 0)
