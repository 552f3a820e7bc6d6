"""Commands that make, fill, mend and keep a store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, app, law_of, law_of_folder, shown, store_at
from lodeline.cli.output import console, errors, localized, print_json, print_problems, progress
from lodeline.language import enumerated


@app.command()
def init(
    jurisdiction: Annotated[
        str | None,
        typer.Option(
            "--jurisdiction",
            metavar="CODE|FOLDER",
            help="The pack whose law a new store has: its code, or its folder. 新建数据库的法域。",
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            help="Name of a new log, by default HOST/log of LODELINE_HOSTS, else lodeline.local/log. 日志名称。",
        ),
    ] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Make the store; bring one of an older version up to date. 建立或更新数据库。"""
    from lodeline.office.access.guarded import has_office, missing_office_guards  # noqa: PLC0415
    from lodeline.office.access.rights import is_older  # noqa: PLC0415
    from lodeline.regulation.pack import shipped_codes  # noqa: PLC0415
    from lodeline.store.law import begun_with  # noqa: PLC0415
    from lodeline.store.opening import create, missing_guards, origin_of, steps_of  # noqa: PLC0415
    from lodeline.web.server import configuration  # noqa: PLC0415
    from lodeline.web.server.serving import prepare  # noqa: PLC0415

    before, guards = steps_of(database), missing_guards(database)
    is_there = any(step.startswith("format-") for step in before)
    named = origin if origin is not None else (None if is_there else origin_of(configuration.read(os.environ).hosts))
    is_folder = jurisdiction not in (None, *shipped_codes()) and Path(str(jurisdiction)).is_dir()
    chosen = law_of_folder(Path(str(jurisdiction))).pack if is_folder else jurisdiction
    store, new = create(database, jurisdiction=chosen, origin=named)
    guards += missing_office_guards(store.database)
    rights, unsaid = has_office(store.database) and is_older(store), begun_with(store) is None
    # The portal's tables as well: a page or the API that is asked before `serve` was ever started finds them.
    prepare(database)
    rights = rights and not is_older(store)
    law = unsaid and begun_with(store) is not None
    migrated = [] if new else sorted(steps_of(database) - before)
    place = shown(database)
    if as_json:
        updated = bool(migrated or guards or rights or law)
        print_json(
            {
                "new": new, "store": str(store.database.path or place), "updated": updated, "migrated": migrated,
                "guards": list(guards), "rights_entered": rights, "law_entered": law, "origin": store.origin,
                "jurisdiction": store.jurisdiction, "vkey": store.signer.verifier.vkey,
            }
        )  # fmt: skip
        return
    done = _brought_up_to_date(migrated, guards, rights=rights, law=law)
    if new:
        wording = output.text("Made a store at {place}.", place=place)
    elif done:
        wording = "\n".join([output.text("Brought the store at {place} up to date:", place=place), *done])
    else:
        wording = output.text("There is a store at {place} already; nothing changed.", place=place)
    console.print(wording, markup=False)


def _brought_up_to_date(migrated: Sequence[str], guards: Sequence[str], *, rights: bool, law: bool) -> list[str]:
    """One line for each kind of change that `init` made, with the names of what it made."""
    tables = [step for step in migrated if not step.startswith("format-")]
    formats = [step.removeprefix("format-") for step in migrated if step.startswith("format-")]
    named = {
        output.text("tables changed"): tables,
        output.text("format taken up"): formats,
        output.text("guards set again"): guards,
    }
    lines = [
        output.text("  {what}: {names}", what=what, names=enumerated(names)) for what, names in named.items() if names
    ]
    if rights:
        lines.append(output.text("  roles, delegations and tokens entered in the log"))
    if law:
        lines.append(output.text("  the law of the store entered in the log"))
    return lines


@app.command()
def load(
    directory: Annotated[Path, typer.Argument(help="A dossier: register/, grants/, filings/. 资料目录。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take in a dossier: its register, every filing in sequence, feeds, strategy tables. 装载资料目录。"""
    from lodeline.service.filing.loading import load as load_dossier  # noqa: PLC0415

    store = store_at(database)
    with progress(output.text("loading"), quiet=as_json) as bar:
        loaded = load_dossier(store, directory, law=law_of(store), progress=bar)
    head = store.head()
    if as_json:
        print_json({**loaded.as_json(), "size": head.size, "root": head.frontier.root().hex()})
        return
    console.print(
        output.text(
            "{accepted} filings accepted ({rows} rows), {repeated} already there, {refused} refused.",
            accepted=loaded.accepted,
            rows=loaded.rows,
            repeated=loaded.repeated,
            refused=len(loaded.refused),
        )
    )
    if loaded.feeds or loaded.feeds_repeated or loaded.feeds_refused:
        console.print(
            output.text(
                "{feeds} feeds taken in ({feed_rows} rows), {feeds_repeated} already there, {feeds_refused} refused.",
                feeds=loaded.feeds,
                feed_rows=loaded.feed_rows,
                feeds_repeated=loaded.feeds_repeated,
                feeds_refused=len(loaded.feeds_refused),
            )
        )
    if loaded.tables or loaded.tables_repeated or loaded.tables_refused:
        console.print(
            output.text(
                "{tables} strategy tables taken in ({table_rows} rows), {tables_repeated} already there, "
                "{tables_refused} refused.",
                tables=loaded.tables,
                table_rows=loaded.table_rows,
                tables_repeated=loaded.tables_repeated,
                tables_refused=len(loaded.tables_refused),
            )
        )
    print_problems(loaded.register_problems, limit=10)
    for path, problems in [*loaded.refused[:20], *loaded.feeds_refused[:20], *loaded.tables_refused]:
        console.print(path, style="bold", markup=False)
        print_problems([found for found in problems if found.severity != "flag"], limit=3)


@app.command()
def rebuild(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Recompute every projection and compare it with what stands. 重算并比对。"""
    from lodeline.service.log.audit import rebuild as rebuild_state  # noqa: PLC0415

    result = rebuild_state(store_at(database))
    if as_json:
        print_json(result)
    else:
        found = len(result["differences"])
        whole = output.text("Everything stood as the filings amount to.")
        mended = output.text("{found} differences, now mended.", found=found)
        console.print(mended if found else whole)
    raise typer.Exit(0 if result["ok"] else 1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist. 备份文件。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Back up everything at one moment, while the store is in use. 备份数据库。"""
    from lodeline.office.log.anchoring import anchor_if_kept  # noqa: PLC0415
    from lodeline.service.log.backup import back_up, checkpoint_beside  # noqa: PLC0415

    store, now = store_at(database), datetime.now(UTC)
    # Its checkpoint is kept: it shall cover what the office has recorded up to now.
    anchor_if_kept(store, now=now)
    with progress(output.text("backing up"), quiet=as_json) as bar:
        made = back_up(store, file, made_at=now, progress=bar)
    checkpoint = checkpoint_beside(file)
    if as_json:
        print_json(
            {
                "file": str(file), "bytes": made.bytes, "rows": made.rows, "size": made.size, "root": made.root,
                "checkpoint": made.checkpoint, "secret_inside": made.secret_inside,
            }
        )  # fmt: skip
        return
    console.print(
        output.text(
            "Backed up {size} entries, root {root}, to {file}.\nKeep {checkpoint} elsewhere: only "
            "against it does a rewritten or old backup show.",
            size=made.size,
            root=made.root,
            file=file,
            checkpoint=checkpoint,
        ),
        markup=False,
    )
    inside = output.text(
        "The store's secret is inside: whoever has the backup can sign for the log. Keep it as safe as the store."
    )
    outside = output.text("LODELINE_SECRET is not inside: without it the backup cannot be opened. Keep it apart.")
    console.print(inside if made.secret_inside else outside, markup=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup. 备份文件。")],
    database: Database = DEFAULT_DATABASE,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The last checkpoint kept elsewhere. 另行保存的最后检查点。")
    ] = None,
    older: Annotated[
        bool, typer.Option("--older", help="Take a backup that ends before the checkpoint. 允许早于检查点。")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup where no store is, and recompute it first. 恢复备份。"""
    from lodeline.cli.proofs import checkpoint_in  # noqa: PLC0415
    from lodeline.office.log.proof import judge  # noqa: PLC0415
    from lodeline.service.log.backup import RefusedError  # noqa: PLC0415
    from lodeline.service.log.backup import restore as restore_backup  # noqa: PLC0415
    from lodeline.web.server.serving import change_tables, prepare  # noqa: PLC0415

    kept = [checkpoint_in(checkpoint)] if checkpoint else []
    try:
        with progress(output.text("restoring"), quiet=as_json) as bar:
            found = restore_backup(
                file, database, make_tables=prepare, change_tables=change_tables, judge=judge, kept=kept, older=older,
                progress=bar,
            )  # fmt: skip
    except RefusedError as refused:
        if as_json:
            print_json({"ok": False, "message": {"en": refused.en, "zh": refused.zh}})
        else:
            errors.print(localized(refused.words), markup=False)
        raise typer.Exit(1) from refused
    if as_json:
        restored = {"size": found.size, "root": found.root, "missing": found.missing, "updated": found.updated}
        print_json({"ok": True, **restored})
        return
    place = shown(database)
    console.print(
        output.text(
            "Restored {size} entries, root {root}, to {place}: everything was recomputed and holds.",
            size=found.size,
            root=found.root,
            place=place,
        ),
        markup=False,
    )
    if found.updated:
        console.print(output.text("The backup is of an older program: its tables were brought up to date."))
    if found.missing:
        console.print(
            output.text(
                "The backup is older than the checkpoint: {missing} entries are missing, and the "
                "checkpoint alone cannot prove that they followed on these. Their filers hold receipts: "
                "ask for them again.",
                missing=found.missing,
            )
        )
    if checkpoint is None:
        console.print(
            output.text(
                "An old backup or a rewritten log shows only against a checkpoint kept elsewhere (--checkpoint)."
            )
        )


@app.command()
def prune(
    directory: Annotated[Path, typer.Argument(help="Where the backups are. 备份目录。")],
    # A month, and time to notice. Assumption: no law names a term for copies; the term of the records themselves is in
    # the law pack (`personal-record-years`).
    days: Annotated[int, typer.Option(min=1, help="Days for which a backup is kept. 备份保留天数。")] = 35,
    as_json: Json = False,
) -> None:
    """Remove backups that have served their time; the newest always stays. 清理过期备份。"""
    from lodeline.service.log.backup_expiry import prune as prune_backups  # noqa: PLC0415

    done = prune_backups(directory, days=days, now=datetime.now(UTC))
    oldest = None if done.oldest is None else done.oldest.astimezone(UTC).isoformat(timespec="seconds")
    if as_json:
        print_json(
            {
                "removed": [str(file) for file in done.removed],
                "kept": [str(one.file) for one in done.kept],
                "oldest": oldest,
            }
        )
        return
    console.print(
        output.text("{removed} removed, {kept} kept.", removed=len(done.removed), kept=len(done.kept))
    )  # fmt: skip
    if oldest is not None:
        console.print(
            output.text("The oldest is from {oldest}: whoever was erased since is still in a backup.", oldest=oldest)
        )
