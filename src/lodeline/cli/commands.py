"""The commands of `lodeline`, in the order in which one meets them."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from lodeline import __version__
from lodeline.cli.output import console, errors, language, print_json, print_problems, print_table, progress, say
from lodeline.spoken import SpokenError

app = typer.Typer(
    name="lodeline",
    help="Follow rare earths from ore to magnet to border. 稀土与磁材全程追溯。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

INTERRUPTED = 130
DEFAULT_DATABASE = "var/lodeline.sqlite3"
DEMO_DATABASE = "var/demo.sqlite3"


def _month(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        raise SpokenError(f"{text!r} is no month: write 2025-06", f"{text!r} 不是月份：请写作 2025-06")
    return text


Database = Annotated[
    str,
    typer.Option(
        "--database", envvar="LODELINE_DATABASE", help="Path of a SQLite file, or postgresql://… 数据库地址。",
        show_default=DEFAULT_DATABASE,
    ),
]  # fmt: skip
#: The demo keeps to its own store, whatever store the environment names for real work.
DemoDatabase = Annotated[
    str, typer.Option("--database", help="Where the demo keeps its store. 演示数据库。", show_default=DEMO_DATABASE)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document. 输出 JSON。")]
Site = Annotated[str | None, typer.Option(help="Only this site. 场所。")]
Organisation = Annotated[str | None, typer.Option(help="Only this organisation. 企业。")]
Element = Annotated[str | None, typer.Option(help="Only this element, or TREO. 元素。")]
From = Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM. 起始月份。", callback=_month)]
To = Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM. 截止月份。", callback=_month)]
Files = Annotated[
    list[Path], typer.Argument(help="CSV, XLSX, JSON or NDJSON; several files are one filing. 申报文件。")
]


def main() -> None:
    """Runs the command line; every foreseen failure is one sentence and a status.

    Commands import what they need when they run, so that `--help` answers at once.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows a question mark instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SpokenError as error:
        errors.print(say(error.en, error.zh), markup=False)
        sys.exit(2)
    except OSError as error:
        # A path that was named and cannot be used; anything else that the system refuses reads as well this way.
        errors.print(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "), markup=False)
        sys.exit(2)
    except SystemExit as end:
        # The library turns Ctrl-C into this status and says nothing.
        if end.code == INTERRUPTED:
            errors.print(
                say("Stopped. What was filed stands; nothing is half-done.", "已停止。已申报内容有效，没有半途数据。")
            )
        raise


def _span(first: str | None, last: str | None) -> None:
    if first is not None and last is not None and first > last:
        raise SpokenError(f"--from {first} is after --to {last}", f"起始月份 {first} 晚于截止月份 {last}")


def _law() -> Any:
    from lodeline.regulation.parameter import load  # noqa: PLC0415

    return load()


def _store(url: str) -> Any:
    from lodeline.store.store import open_store  # noqa: PLC0415

    return open_store(url)


def _snapshot(url: str) -> tuple[Any, Any]:
    from lodeline.store.snapshot import open_snapshot  # noqa: PLC0415

    store = _store(url)
    return store, open_snapshot(store)


@app.command()
def demo(
    database: DemoDatabase = DEMO_DATABASE,
    serve: Annotated[
        bool, typer.Option(help="Serve the portal afterwards (comes with the pages). 随后启动门户。")
    ] = True,
    organisations: Annotated[int, typer.Option(help="Firms in the synthetic world. 企业数。")] = 120,
    months: Annotated[int, typer.Option(help="Months of filings. 月数。")] = 12,
    seed: Annotated[int, typer.Option(help="The world's seed. 随机种子。")] = 7,
) -> None:
    """Load a synthetic year and print what the authority would want to know. 装载演示数据并打印报告。"""
    from lodeline.cli import report  # noqa: PLC0415

    report.demo(database, organisations=organisations, months=months, seed=seed)
    if serve:
        console.print(
            say(
                "The pages come with the next release; until then this report is the demo.",
                "网页将随下一版本提供；目前演示到此报告为止。",
            )
        )


@app.command()
def init(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Make the store; on an existing one, change nothing. 建立数据库。"""
    from lodeline.store.store import create  # noqa: PLC0415

    store, new = create(database)
    if as_json:
        print_json({"new": new, "origin": store.origin, "vkey": store.signer.verifier.vkey})
    elif new:
        console.print(say(f"Made a store at {_shown(database)}.", f"已建立数据库：{_shown(database)}。"), markup=False)
    else:
        console.print(
            say(
                f"There is a store at {_shown(database)} already; nothing changed.",
                f"数据库 {_shown(database)} 已存在，未作改动。",
            ),
            markup=False,
        )


@app.command()
def load(
    directory: Annotated[Path, typer.Argument(help="A dossier: register/, grants/, filings/. 资料目录。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Take in a dossier: its register, then every filing in sequence. 装载资料目录。"""
    from lodeline.service.loading import load as load_dossier  # noqa: PLC0415

    store = _store(database)
    with progress(say("loading", "装载"), quiet=as_json) as bar:
        loaded = load_dossier(store, directory, law=_law(), progress=bar)
    head = store.head()
    if as_json:
        print_json({**loaded.as_json(), "size": head.size, "root": head.frontier.root().hex()})
        return
    console.print(
        say(
            f"{loaded.accepted} filings accepted ({loaded.rows} rows), {loaded.repeated} already there,"
            f" {len(loaded.refused)} refused.",
            f"受理 {loaded.accepted} 份申报（{loaded.rows} 行），"
            f"{loaded.repeated} 份已存在，{len(loaded.refused)} 份被拒。",
        )
    )
    print_problems(loaded.register_problems, limit=10)
    for path, problems in loaded.refused[:20]:
        console.print(path, style="bold", markup=False)
        print_problems([found for found in problems if found.severity != "flag"], limit=3)


@app.command()
def rebuild(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Recompute every projection and compare it with what stands. 重算并比对。"""
    from lodeline.service.audit import rebuild as rebuild_state  # noqa: PLC0415

    result = rebuild_state(_store(database))
    if as_json:
        print_json(result)
    else:
        found = len(result["differences"])
        whole = say("Everything stood as the filings amount to.", "现状与申报推算结果一致。")
        mended = say(f"{found} differences, now mended.", f"发现 {found} 处不符，已更正。")
        console.print(mended if found else whole)
    raise typer.Exit(0 if result["ok"] else 1)


@app.command()
def template(
    out: Annotated[Path, typer.Argument(help="Where to write the XLSX. 输出文件。")],
    organisation: Organisation = None,
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Write an empty filing workbook with drop-downs and an explanation of each column. 生成申报模板。"""
    from lodeline.filing.template import write_template  # noqa: PLC0415

    if out.exists():
        raise SpokenError(f"{out} exists already: name a new file", f"{out} 已存在：请另取文件名")
    register = None
    if organisation is not None:
        store = _store(database)
        register = store.register(store.head())
        if organisation not in register.roles:
            raise SpokenError(f"no organisation {organisation!r} in the register", f"登记簿中没有企业 {organisation}")
    write_template(out, organisation=organisation, register=register)
    console.print(say(f"Wrote {out}.", f"已写入 {out}。"), markup=False)


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
    organisation: Annotated[str | None, typer.Option(help="Who files. 申报企业。")] = None,
    period: Annotated[str | None, typer.Option(help="Which month, YYYY-MM. 申报月份。")] = None,
    corrects: Annotated[str | None, typer.Option(help="Entry or file of the filing corrected. 更正对象。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Show every problem of a filing without filing it; works without a store. 检查申报，不提交。"""
    from lodeline.service.filing import preview, resolve_correction  # noqa: PLC0415
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        store = _store(database)
    except StoreError:
        store = None
    register = store.register(store.head()) if store else None
    # A store that knows nobody yet cannot say who is unknown.
    register = register if register is not None and register.roles else None
    checked = _check(files, organisation, period, corrects, register)
    problems = checked.problems
    if store and register and checked.organisation and checked.period and not checked.rejects:
        entry = resolve_correction(store, corrects) if corrects else None
        problems = preview(store, checked, filed_at=datetime.now(UTC), law=_law(), corrects=entry)
    accepted = all(found.severity == "flag" for found in problems)
    if as_json:
        print_json(_filing_json(accepted, problems, None))
    else:
        print_problems(problems)
        rows = checked.rows.height
        console.print(
            say(f"{rows} rows would be accepted.", f"{rows} 行可以受理。") if accepted
            else say("This filing would not be accepted.", "此申报不会被受理。")
        )  # fmt: skip
        if register is None:
            console.print(
                say(
                    "Checked without a register: sites, methods and holdings were not judged.",
                    "未使用登记簿检查：场所、测量方法与库存未核对。",
                )
            )
    raise typer.Exit(0 if accepted else 1)


@app.command(name="file")
def file_(
    files: Files,
    organisation: Annotated[str | None, typer.Option(help="Who files. 申报企业。")] = None,
    period: Annotated[str | None, typer.Option(help="Which month, YYYY-MM. 申报月份。")] = None,
    corrects: Annotated[str | None, typer.Option(help="Entry or file of the filing corrected. 更正对象。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """File a month and print the receipt. 提交申报并打印回执。"""
    from lodeline.service.filing import resolve_correction, submit  # noqa: PLC0415

    store = _store(database)
    register = store.register(store.head())
    with progress(say("filing", "申报"), quiet=as_json) as bar:
        checked = _check(files, organisation, period, corrects, register)
        entry = resolve_correction(store, corrects or checked.corrects) if corrects or checked.corrects else None
        outcome = submit(
            store, checked, files=files, filed_at=datetime.now(UTC), law=_law(), corrects=entry,
            progress=lambda _what, share: bar(int(share * 100), 100),
        )  # fmt: skip
    if as_json:
        print_json(_filing_json(outcome.entry is not None, outcome.problems, outcome.receipt))
    else:
        print_problems(outcome.problems)
        if outcome.entry is None:
            console.print(say("Not accepted: nothing was filed.", "未受理：没有任何内容入账。"))
        else:
            again = say(" It had been filed before.", "此前已申报过。") if outcome.repeated else ""
            console.print(
                say(
                    f"Filed as entry {outcome.entry.index} ({outcome.entry.row_count} rows).{again}",
                    f"已申报，条目 {outcome.entry.index}（{outcome.entry.row_count} 行）。{again}",
                )
            )
            console.print(
                say("Keep the receipt: lodeline receipt", "请保存回执：lodeline receipt"), outcome.entry.index
            )
    raise typer.Exit(0 if outcome.entry is not None else 1)


@app.command()
def trace(
    lot: Annotated[str, typer.Argument(help="MAKER/LOT, as printed in listings. 批次。")],
    forward: Annotated[bool, typer.Option("--forward", help="Downstream instead of upstream. 向下游追踪。")] = False,
    depth: Annotated[int | None, typer.Option(min=0, help="At most so many events away. 最大层数。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The lots, events and sites upstream (downstream) of a lot. 批次追溯。"""
    from lodeline.service import answers  # noqa: PLC0415

    _, snapshot = _snapshot(database)
    document = answers.trace(snapshot, lot, forward=forward, depth=depth)
    if as_json:
        print_json(document)
        return
    rows = [
        (node["lot"], node["product"], node["site"], node["on"], node["mass_kg"], _shares(node["shares"]))
        for node in document["nodes"][:60]
    ]
    columns = say("lot,product,site,on,kg,share", "批次,产品,场所,日期,千克,占比").split(",")
    print_table(f"{lot} ({document['direction']})", columns, rows, numbers=(4,))
    if len(document["nodes"]) > 60:
        console.print(
            say(
                f"… {len(document['nodes']) - 60} more; --json has all",
                f"……另有 {len(document['nodes']) - 60} 条，见 --json",
            )
        )


def _shares(shares: dict[str, float]) -> str:
    return " ".join(f"{element} {share:.3f}" for element, share in shares.items())


@app.command()
def origins(
    lot: Annotated[str, typer.Argument(help="MAKER/LOT. 批次。")],
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Share of each origin in each element of a lot; each element sums to 1. 批次来源构成。"""
    from lodeline.service import answers  # noqa: PLC0415

    _, snapshot = _snapshot(database)
    document = answers.origins(snapshot, lot)
    if as_json:
        print_json(document)
        return
    rows = [
        (row["lot"], row["origin_kind"], row["origin_place"], row["organisation"], _shares(row["shares"]))
        for row in document["rows"]
    ]
    print_table(lot, say("origin,kind,place,organisation,share", "来源批次,类型,来源地,企业,占比").split(","), rows)


@app.command()
def balance(
    site: Site = None,
    organisation: Organisation = None,
    element: Element = None,
    first: From = None,
    last: To = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Material balance per site, element and month, with its uncertainty. 物料平衡。"""
    from lodeline.service import answers  # noqa: PLC0415

    _span(first, last)
    _, snapshot = _snapshot(database)
    document = answers.balance(snapshot, site=site, organisation=organisation, element=element, first=first, last=last)
    keys = (
        "site",
        "element",
        "period",
        "opening_kg",
        "in_kg",
        "out_kg",
        "book_kg",
        "physical_kg",
        "muf_kg",
        "sigma_kg",
        "z",
    )
    _print_rows(document, keys, as_json, numbers=range(3, 11))


@app.command()
def flows(
    element: Element = None,
    first: From = None,
    last: To = None,
    by: Annotated[str, typer.Option(help="stage, organisation or country. 汇总方式。")] = "stage",
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """The flow matrix: how much of each element went from where to where, by month. 流向矩阵。"""
    from lodeline.service import answers  # noqa: PLC0415

    if by not in ("stage", "organisation", "country"):
        raise SpokenError("--by is stage, organisation or country", "--by 只能是 stage、organisation 或 country")
    _span(first, last)
    _, snapshot = _snapshot(database)
    document = answers.flows(snapshot, _law(), element=element, first=first, last=last, by=by)
    _print_rows(document, ("from", "to", "element", "period", "mass_kg"), as_json, numbers=(4,))


@app.command()
def transfers(
    only_open: Annotated[
        bool, typer.Option("--open", help="Only what lacks a shipment or a receipt. 仅未闭合。")
    ] = False,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """Shipments matched with their receipts. 流转及收发差。"""
    from lodeline.service import answers  # noqa: PLC0415

    _, snapshot = _snapshot(database)
    document = answers.transfers(snapshot, _law(), only_open=only_open)
    keys = ("lot", "shipper", "receiver", "shipped_on", "shipped_kg", "received_kg", "difference_kg", "state", "cause")
    _print_rows(document, keys, as_json, numbers=(4, 5, 6))


@app.command()
def quota(database: Database = DEFAULT_DATABASE, as_json: Json = False) -> None:
    """Quotas: granted + overdrawn = reserved + used + left. 总量控制指标。"""
    from lodeline.service import answers  # noqa: PLC0415

    store, snapshot = _snapshot(database)
    keys = (
        "organisation",
        "kind",
        "ore_type",
        "year",
        "granted_kg",
        "reserved_kg",
        "used_kg",
        "overdrawn_kg",
        "left_kg",
    )
    _print_rows(answers.quota(store, snapshot), keys, as_json, numbers=range(4, 9))


@app.command()
def findings(
    detector: Annotated[str | None, typer.Option(help="Only this detector. 检测方法。")] = None,
    database: Database = DEFAULT_DATABASE,
    as_json: Json = False,
) -> None:
    """What the detectors saw, as questions with their evidence. 线索。"""
    from lodeline.service import answers  # noqa: PLC0415

    _, snapshot = _snapshot(database)
    document = answers.findings(snapshot, detector=detector)
    if as_json:
        print_json(document)
        return
    for row in document["rows"][:20]:
        subject = " ".join(f"{name}={value}" for name, value in row["subject"].items())
        console.print(
            f"{row['detector']}  {subject}  {row['period']['from']}…{row['period']['to']}  {row['mass_kg']} kg",
            markup=False,
        )
        console.print(f"    {row['explanation'][language()]}", markup=False)
    if len(document["rows"]) > 20:
        console.print(
            say(
                f"… {len(document['rows']) - 20} more; --json has all",
                f"……另有 {len(document['rows']) - 20} 条，见 --json",
            )
        )


@app.command()
def receipt(
    entry: Annotated[int, typer.Argument(min=0, help="Index of the entry. 条目序号。")],
    database: Database = DEFAULT_DATABASE,
) -> None:
    """Print the receipt of an entry: a proof that needs nothing but itself. 打印回执。"""
    from lodeline.service.audit import receipt as receipt_of  # noqa: PLC0415

    document = receipt_of(_store(database), entry)
    if document is None:
        raise SpokenError(f"the log has no entry {entry}", f"日志中没有条目 {entry}")
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
        _verify_receipt(receipt_file, vkey=vkey, kept=_checkpoint(checkpoint) if checkpoint else None, as_json=as_json)
    from lodeline.service.audit import verify as verify_store  # noqa: PLC0415

    kept = [_checkpoint(checkpoint)] if checkpoint else []
    with progress(say("verifying", "核验"), quiet=as_json) as bar:
        verdict = verify_store(_store(database), kept=kept, progress=lambda _, share: bar(int(share * 100), 100))
    document = verdict.as_json()
    if as_json:
        print_json(document)
    else:
        for fault in document["faults"]:
            entry = say("entry", "条目") + f" {fault['entry']}" if fault["entry"] is not None else say("log", "日志")
            console.print(f"{entry}: {fault['what']}: {fault['message'][language()]}", markup=False)
        console.print(
            say(
                f"{document['size']} entries, root {document['root']}: ",
                f"共 {document['size']} 条，根 {document['root']}：",
            )
            + (say("all holds.", "全部成立。") if document["ok"] else say("does NOT hold.", "不成立。")),
            markup=False,
        )
        if checkpoint is None:
            console.print(
                say(
                    "An old backup or a rewritten log shows only against a checkpoint kept elsewhere (--checkpoint).",
                    "旧备份或被整体改写的日志，只有与另行保存的检查点比对才能发现（--checkpoint 文件）。",
                )
            )
    raise typer.Exit(0 if document["ok"] else 1)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpokenError(f"cannot read {path}: {error}", f"无法读取 {path}：{error}") from error


def _checkpoint(path: Path) -> str:
    """A signed note from a file that holds one, or that holds a receipt with one."""
    text = _text(path)
    if not text.lstrip().startswith("{"):
        return text
    try:
        document = json.loads(text)
        return str(document.get("receipt", document)["checkpoint"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpokenError(f"{path} holds no checkpoint", f"{path} 中没有检查点") from error


def _verify_receipt(path: Path, *, vkey: str | None, kept: str | None, as_json: bool) -> None:
    from lodeline.journal.verify import text_of, verify_consistency, verify_receipt  # noqa: PLC0415

    try:
        document = json.loads(_text(path))
    except ValueError as error:
        raise SpokenError(f"{path} is no JSON: {error}", f"{path} 不是 JSON：{error}") from error
    # A receipt as `lodeline file --json` prints it carries the document under `receipt`.
    document = document.get("receipt", document) if isinstance(document, dict) else document
    document = document if isinstance(document, dict) else {}
    faults = verify_receipt(document, vkey=vkey)
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
            console.print(say("The receipt holds.", "回执成立。"))
        if vkey is None:
            console.print(
                say(
                    "The key was taken from the receipt itself: compare it with one from elsewhere (--vkey).",
                    "公钥取自回执本身：请与另行获得的公钥比对（--vkey）。",
                )
            )
    raise typer.Exit(1 if faults else 0)


@app.command()
def world(
    out: Annotated[Path, typer.Argument(help="Directory to write. 输出目录。")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same world. 随机种子。")] = 7,
    organisations: Annotated[int, typer.Option(min=20, max=2000, help="Firms. 企业数。")] = 40,
    months: Annotated[int, typer.Option(min=1, max=120, help="Months. 月数。")] = 6,
) -> None:
    """Write a synthetic industry as a dossier, and what was put in beside it. 生成模拟产业数据。"""
    from lodeline.world import build_world, write_world  # noqa: PLC0415

    if out.exists() and any(out.iterdir()):
        raise SpokenError(f"{out} is not empty: name a new directory", f"{out} 不是空目录：请另选目录")
    with progress(say("world", "模拟")) as bar:
        write_world(build_world(seed=seed, organisations=organisations, months=months), out, progress=bar)
    console.print(say(f"Wrote a synthetic world to {out}.", f"已生成模拟世界：{out}。"), markup=False)


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help="Which benchmark; without a name, the list. 基准名称。")] = None,
) -> None:
    """Run a benchmark beside its peer. 运行基准测试。"""
    from lodeline.cli import report  # noqa: PLC0415

    report.bench(name)


@app.callback(invoke_without_command=True)
def _about(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version. 版本。")] = False,
) -> None:
    if version:
        console.print(f"lodeline {__version__}")
        raise typer.Exit
    del context


#: What the keys of section 8 are called at the head of a table.
_COLUMNS_ZH = {
    "site": "场所", "element": "元素", "period": "月份", "opening_kg": "期初", "in_kg": "收入", "out_kg": "发出",
    "book_kg": "账面", "physical_kg": "实物", "muf_kg": "不平衡差", "sigma_kg": "σ", "z": "z", "from": "自", "to": "至",
    "mass_kg": "千克", "lot": "批次", "shipper": "发货方", "receiver": "收货方", "shipped_on": "发货日",
    "shipped_kg": "发出千克", "received_kg": "收到千克", "difference_kg": "收发差", "state": "状态", "cause": "原因",
    "organisation": "企业", "kind": "类别", "ore_type": "矿种", "year": "年度", "granted_kg": "指标",
    "reserved_kg": "预留", "used_kg": "已用", "overdrawn_kg": "超用", "left_kg": "剩余",
}  # fmt: skip


def _print_rows(document: dict[str, Any], keys: tuple[str, ...], as_json: bool, *, numbers: Any) -> None:
    if as_json:
        print_json(document)
        return
    rows = [tuple(_shown_number(row[key]) for key in keys) for row in document["rows"]]
    print_table("", [say(key, _COLUMNS_ZH[key]) for key in keys], rows[:200], numbers=tuple(numbers))
    if len(rows) > 200:
        console.print(say(f"… {len(rows) - 200} more rows; --json has all", f"……另有 {len(rows) - 200} 行，见 --json"))


def _shown_number(value: object) -> object:
    """Numbers as a person reads them; `--json` has every digit."""
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d{4,6}", value):
        return f"{Decimal(value):.3f}"
    return value


def _shown(url: str) -> str:
    return url.rpartition("@")[2] if "@" in url else url
