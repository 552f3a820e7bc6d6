"""Commands about law packs: what stands, whether a folder is fit, and how two officers make it the law."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_DATABASE, Database, Json, law_at, law_of, snapshot_at, store_at
from lodeline.cli.law import commands
from lodeline.cli.output import console, language, localized, print_json, print_table
from lodeline.errors import UserError
from lodeline.language import bilingual, text

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the pack, as cn. 法规包文件夹。")]
By = Annotated[str, typer.Option("--by", help="Who does it. 操作人。")]
_SHORT = 12
#: Of probe lines that come out differently so many are shown.
_PROBES_SHOWN = 40
_WORDS = {"release": ("RELEASE", "放行"), "query": ("QUERY", "质疑"), "hold": ("HOLD", "暂缓放行")}
_STATES = {
    "proposed": "待公布",
    "published": "已公布",
    "refused": "不予公布",
    "withdrawn": "已撤回",
    "overtaken": "已被取代",
}
_KINDS = {
    "exports": ("exports", "项出口"),
    "declarations": ("declarations", "份报关单"),
    "filings": ("months of filings", "个申报月"),
    "findings": ("findings", "条线索"),
    "probes": ("probe lines", "条测试报关项"),
}


@commands.command("check", short_help="Check a law pack. 检查法规数据包。")
def checked(
    folder: Folder,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            help="Compare with the law of this store; default: the program's pack of that code. 与此库法规比较。",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """All that is wrong with a law pack, by file, place and cure; status 1 where anything is. Old values that it has
    otherwise than the published pack are named. 检查法规数据包。"""
    from lodeline.service.law.altered import altered  # noqa: PLC0415
    from lodeline.service.law.checking import check_folder  # noqa: PLC0415

    try:
        found = check_folder(folder)
    except FileNotFoundError as error:
        raise UserError(text("{folder} is no folder: name that of the pack", folder=folder)) from error
    before = _published(folder.resolve().name, database)
    changed = [] if found.read is None or before is None else altered(before, found.read)
    if as_json:
        pack = None if found.law is None else found.law.digest
        print_json(
            {
                "pack": pack,
                "tests": found.tests,
                "faults": [one.as_json() for one in found.faults],
                "compared_with": None if found.read is None or before is None else before.digest,
                "altered": changed,
            }
        )
    elif found.law is not None:
        console.print(
            output.text(
                "{label}: {tests} tests hold. Digest {digest}.",
                label=found.law.label,
                tests=found.tests,
                digest=found.law.digest,
            )
        )
    else:
        for one in found.faults:
            console.print(localized(bilingual(one.en, one.zh)), markup=False)
    if not as_json:
        _print_altered(changed)
    if found.faults:
        raise typer.Exit(1)


def _published(code: str, database: str | None) -> Any:
    """The law that a folder of that name is compared with; None where there is none."""
    from lodeline.regulation.pack import shipped_codes  # noqa: PLC0415

    if database is None:
        return law_of(None, code) if code in shipped_codes() else None
    law = law_of(store_at(database))
    return law if law.code == code else None


@commands.command()
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A folder that is not there yet. 尚不存在的文件夹。")],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Write the files of the law that stands, to be changed and proposed. 导出现行法规包。"""
    pack = law_at(database).pack
    folder = out / pack.code
    if folder.exists():
        raise UserError(text("{folder} is there already: name another", folder=folder))
    for path, content in pack.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    console.print(
        output.text("{folder}: {files} files, {digest}", folder=folder, files=len(pack.files), digest=pack.digest)
    )


@commands.command()
def packs(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """The pack that stands, those before it, and what waits to be published. 法规包的公布与提议。"""
    from lodeline.service.law.publishing import proposals, publications  # noqa: PLC0415
    from lodeline.store.law import law_now  # noqa: PLC0415

    store = store_at(database)
    published, proposed = publications(store), proposals(store)
    standing = law_now(store)
    if as_json:
        print_json(
            {
                "jurisdiction": standing.code,
                "pack": standing.digest,
                "first_pack": store.first_pack,
                "publications": [one.as_json() for one in published],
                "proposals": [one.as_json() for one in proposed],
            }
        )
        return
    since = (
        output.text("since entry {index}", index=published[0].entry.index)
        if published
        else output.text("since the store was made")
    )
    console.print(
        output.text("{code} {digest}, {since}", code=standing.code, digest=standing.digest, since=since), markup=False
    )
    print_table(
        "",
        output.text("entry,state,pack,proposed by,on the notice").split(","),
        [
            (
                one.entry.index,
                localized(bilingual(one.state, _STATES[one.state])),
                one.pack[:_SHORT],
                one.by,
                one.reason[:80],
            )
            for one in proposed
        ],
    )


@commands.command()
def propose(
    folder: Folder,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="The notice that it rests on. 所依据的公告。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Propose a pack: its tests are run, and another officer publishes it. 提议法规包。"""
    from lodeline.regulation.checking import files_in  # noqa: PLC0415
    from lodeline.service.law import publishing  # noqa: PLC0415

    if not folder.is_dir():
        raise UserError(text("{folder} is no folder", folder=folder))
    store = store_at(database)
    files, faults = files_in(folder)
    if faults:
        raise publishing.PublishingError(
            bilingual("\n".join(one.en for one in faults), "\n".join(one.zh for one in faults))
        )
    made = publishing.propose(
        store, files, reason=reason, filed_at=datetime.now(UTC), by=by, code=folder.resolve().name
    )
    if as_json:
        print_json(made.as_json())
        return
    number = made.entry.index
    console.print(
        output.text(
            "Proposed as entry {number}, {tests} tests hold. Another officer looks at it and "
            "publishes it: lodeline law publish {number} --by …",
            number=number,
            tests=made.tests,
        ),
        markup=False,
        soft_wrap=True,
    )


@commands.command()
def publish(
    proposal: Annotated[int, typer.Argument(metavar="ENTRY", help="The entry of the proposal. 提议的条目。")],
    by: Annotated[
        str, typer.Option("--by", help="Who publishes; without it, it is only shown. 公布人；不填则仅预览。")
    ] = "",
    refuse: Annotated[str, typer.Option("--refuse", help="Do not publish it, and why. 不予公布的理由。")] = "",
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """See what a proposed pack would change, and publish it or refuse it. 预览并公布法规包。"""
    from lodeline.service.law import publishing  # noqa: PLC0415

    store, snapshot = snapshot_at(database)
    if refuse:
        if not by:
            raise UserError(text("say who refuses it: --by"))
        ended = publishing.refuse(store, proposal, reason=refuse, filed_at=datetime.now(UTC), by=by)
        print_json(ended.as_json()) if as_json else console.print(
            localized(bilingual(ended.state, _STATES[ended.state]))
        )
        return
    document = _preview(store, snapshot, proposal)
    made = None
    if by:
        made = publishing.publish(store, proposal, preview=document, filed_at=datetime.now(UTC), by=by)
    if as_json:
        print_json({"publication": None if made is None else made.as_json(), "preview": publishing.summary(document)})
        return
    _print_preview(document)
    console.print(
        output.text("Not published: say --by who publishes it.")
        if made is None
        else output.text("Published: {pack} is the law from entry {index} on.", pack=made.pack, index=made.entry.index),
        markup=False,
        soft_wrap=True,
    )


def _preview(store: Any, snapshot: Any, proposal: int) -> dict[str, Any]:
    """What it would change on the first day on which it differs from the law that stands."""
    from lodeline.service.customs.replay import replay_proposal  # noqa: PLC0415
    from lodeline.service.law import publishing  # noqa: PLC0415
    from lodeline.store.law import law_now  # noqa: PLC0415
    from lodeline.store.published import answered  # noqa: PLC0415

    law = law_now(store)
    other = publishing.proposed_law(store, proposal)
    on = publishing.first_difference(law, other, law.day_of(datetime.now(UTC)))
    found: dict[str, Any] = answered(replay_proposal, store, snapshot, law, proposal=proposal, on=on)
    return found


def _print_preview(document: dict[str, Any]) -> None:
    _print_altered(document["altered"])
    rules = ", ".join(row["label"][language()] for row in document["law"]) or output.text("none")
    on = document["from"]
    console.print(output.text("On {on} these rules differ: {rules}", on=on, rules=rules), markup=False, soft_wrap=True)
    for kind, words in _KINDS.items():
        different, judged = len(document[kind]["rows"]), document[kind]["judged"]
        what = localized(bilingual(*words))
        console.print(
            output.text(
                "{different} of {judged} {what} come out differently.", different=different, judged=judged, what=what
            )
        )
    for row in document["probes"]["rows"][:_PROBES_SHOWN]:
        codes = ", ".join(
            dict.fromkeys([*(f"+{one['code']}" for one in row["come"]), *(f"-{one['code']}" for one in row["gone"])])
        )
        was, now = (localized(bilingual(*_WORDS[row[side]][:2])) for side in ("from", "to"))
        console.print(f"    {row['asks']}: {was} → {now} ({codes})", markup=False, soft_wrap=True)


def _print_altered(rows: list[dict[str, Any]]) -> None:
    """The old values that the pack has otherwise: a mistake is mended by a value published later."""
    from lodeline.service.law.altered import told  # noqa: PLC0415

    for row in rows:
        for en, zh in told(row):
            console.print(localized(bilingual(en, zh)), markup=False, soft_wrap=True)
    if rows:
        console.print(
            output.text(
                "{rows} old values are others or gone: what was published is not edited, and a mistake "
                "is mended by a value with a later day and `corrects: true`.",
                rows=len(rows),
            ),
            soft_wrap=True,
        )
