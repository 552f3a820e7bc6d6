"""The program `lodeline`: its options, how it ends, and how the commands reach the store."""

from __future__ import annotations

import copy
import gc
import io
import re
import sys
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command, get_command_name

from lodeline import language as lang
from lodeline.build import build
from lodeline.cli import output
from lodeline.cli.output import console, errors, localized, print_json, print_table
from lodeline.errors import UserError
from lodeline.language import bilingual

app = typer.Typer(
    name="lodeline",
    help="Follow rare earths from ore to magnet to border. 稀土与磁材全程追溯。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

INTERRUPTED = 130
#: New objects between two looks for rings of dead ones (Python's own: 700). A command makes many, and then ends.
_NEW_OBJECTS = 20_000
DEFAULT_DATABASE = "var/lodeline.sqlite3"
DEMO_DATABASE = "var/demo.sqlite3"
DEFAULT_PORT = 8000


def month(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        raise UserError(lang.text("{text!r} is no month: write 2025-06", text=text))
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
Port = Annotated[int, typer.Option(min=1024, max=65535, help="Where the pages listen on this machine. 端口。")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document. 输出 JSON。")]
Jurisdiction = Annotated[
    str | None,
    typer.Option(
        "--jurisdiction",
        "--pack",
        metavar="CODE|FOLDER",
        help="By another pack: its code, or its folder. 采用其他法规包：代码或文件夹。",
    ),
]
Site = Annotated[str | None, typer.Option(help="Only this site. 场所。")]
Organisation = Annotated[str | None, typer.Option(help="Only this organisation. 企业。")]
Element = Annotated[str | None, typer.Option(help="Only this element, or TREO. 元素。")]
From = Annotated[str | None, typer.Option("--from", help="First month, YYYY-MM. 起始月份。", callback=month)]
To = Annotated[str | None, typer.Option("--to", help="Last month, YYYY-MM. 截止月份。", callback=month)]


def main() -> None:
    """Runs the command line; every foreseen failure is one sentence and a status.

    Commands import what they need when they run, so that `--help` answers at once.
    """
    for stream in (sys.stdout, sys.stderr):
        # A console that cannot show a character shows a question mark instead of ending the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
    try:
        _command(sys.argv[1] if len(sys.argv) > 1 else "")()
    except UserError as error:
        errors.print(localized(error.words), markup=False)
        sys.exit(2)
    except SystemExit as end:
        # The library turns Ctrl-C into this status and says nothing.
        if end.code == INTERRUPTED:
            errors.print(output.text("Stopped. What was filed stands; nothing is half-done."))
            _end_helpers()
        raise
    except Exception as error:
        from lodeline.store.trouble import trouble  # noqa: PLC0415

        message = trouble(error)
        if message is None:
            raise
        errors.print(localized(bilingual(*message)), markup=False)
        sys.exit(2)


@cache
def _end_helpers() -> None:
    """Ends the processes that read and compute for this one: the interpreter would wait for each at its end, and one
    that was just being started when Ctrl-C came is told by nobody that there is no more work. They write nothing."""
    import multiprocessing  # noqa: PLC0415

    for helper in multiprocessing.active_children():
        helper.kill()


def _command(word: str) -> Any:
    """The command line, with no other command than the one of this name, where there is one.

    To make all of them takes longer than most of them take.
    """
    only = copy.copy(app)
    only.registered_commands = [
        one for one in app.registered_commands
        if one.callback is not None and (one.name or get_command_name(one.callback.__name__)) == word
    ]  # fmt: skip
    only.registered_groups = [one for one in app.registered_groups if one.name == word]
    return get_command(only if only.registered_commands or only.registered_groups else app)


def check_span(first: str | None, last: str | None) -> None:
    if first is not None and last is not None and first > last:
        raise UserError(lang.text("--from {first} is after --to {last}", first=first, last=last))


def law_of(store: Any, jurisdiction: str | None = None) -> Any:
    """The law of a store. Without one, or where a jurisdiction is named, that of another pack: of a folder, of the code
    of one that comes with the program, or of the one that a new store has. Raises UserError."""
    from lodeline.regulation.pack import shipped_codes  # noqa: PLC0415
    from lodeline.regulation.parameter import load  # noqa: PLC0415

    if jurisdiction is None and store is not None:
        from lodeline.store.law import law_now  # noqa: PLC0415

        return law_now(store)
    if jurisdiction is not None and jurisdiction not in shipped_codes() and Path(jurisdiction).is_dir():
        return law_of_folder(Path(jurisdiction))
    try:
        return load(jurisdiction or shipped_codes()[0])
    except FileNotFoundError as error:
        codes = ", ".join(shipped_codes())
        raise UserError(
            lang.text(
                "there is no pack {jurisdiction!r}: name the folder of one, or one that comes with the "
                "program: {codes}",
                jurisdiction=jurisdiction,
                codes=codes,
            )
        ) from error


def law_of_folder(folder: Path) -> Any:
    """The law of the pack in a folder. Raises UserError with all that is wrong with it."""
    from lodeline.service.law.checking import check_folder  # noqa: PLC0415

    checked = check_folder(folder)
    if checked.law is None:
        raise UserError(
            bilingual("\n".join(one.en for one in checked.faults), "\n".join(one.zh for one in checked.faults))
        )
    return checked.law


def law_at(url: str, jurisdiction: str | None = None, *, quiet: bool = False) -> Any:
    """As `law_of`, of the store at an address; where there is none, that is said beside the answer, if not `quiet`."""
    from lodeline.store.store import StoreError  # noqa: PLC0415

    try:
        return law_of(store_at(url) if jurisdiction is None else None, jurisdiction)
    except StoreError as error:
        if not quiet and url != DEFAULT_DATABASE:
            errors.print(localized(error.words), markup=False)
        return law_of(None)


def today_of(store: Any) -> Any:
    """The day on the calendar of a store's law."""
    return day_under(law_of(store))


def day_under(law: Any) -> Any:
    """The day that it is under a law."""
    from datetime import UTC, datetime  # noqa: PLC0415

    return law.day_of(datetime.now(UTC))


def store_at(url: str) -> Any:
    from lodeline.store.opening import open_store  # noqa: PLC0415

    return open_store(url)


def snapshot_at(url: str) -> tuple[Any, Any]:
    """The store and the snapshot of its last entry, whose frames are opened when a command asks for one."""
    from lodeline.store.published import at_head  # noqa: PLC0415

    store = store_at(url)
    return store, at_head(store)


@app.callback(invoke_without_command=True)
def _about(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version. 版本。")] = False,
) -> None:
    if version:
        console.print(output.text("lodeline {build}", build=bilingual(build(), build("zh"))))
        raise typer.Exit
    del context


#: What the keys of `--json` are called at the head of a table.
_COLUMNS_ZH = {
    "site": "场所", "element": "元素", "period": "月份", "opening_kg": "期初", "in_kg": "收入", "out_kg": "发出",
    "book_kg": "账面", "physical_kg": "实物", "muf_kg": "不平衡差", "sigma_kg": "σ", "z": "z", "from": "自", "to": "至",
    "mass_kg": "千克", "lot": "批次", "shipper": "发货方", "receiver": "收货方", "shipped_on": "发货日",
    "shipped_kg": "发出千克", "received_kg": "收到千克", "difference_kg": "收发差", "state": "状态", "cause": "原因",
    "organisation": "企业", "kind": "类别", "ore_type": "矿种", "year": "年度", "granted_kg": "指标",
    "id": "编号", "exporter": "出口企业", "valid_to": "有效期至", "licence": "许可证", "declaration": "报关单",
    "line": "项", "country": "国家和地区", "customer": "客户", "product": "产品", "grade": "牌号", "use": "最终用途",
    "firm": "企业", "exact_kg": "实测千克", "before_kg": "上期千克", "booked_kg": "账面千克",
    "open_goods_kg": "无成分货物千克",
    "reserved_kg": "预留", "used_kg": "已用", "overdrawn_kg": "超用", "left_kg": "剩余", "lapsed_kg": "失效未用",
}  # fmt: skip


def print_rows(document: dict[str, Any], keys: tuple[str, ...], as_json: bool, *, numbers: Any) -> None:
    if as_json:
        print_json(document)
        return
    rows = [tuple(_shown_number(row[key]) for key in keys) for row in document["rows"]]
    print_table("", [localized(bilingual(key, _COLUMNS_ZH[key])) for key in keys], rows[:200], numbers=tuple(numbers))
    if len(rows) > 200:
        console.print(output.text("… {rows} more rows; --json has all", rows=len(rows) - 200))


def _shown_number(value: object) -> object:
    """Numbers as a person reads them; `--json` has every digit."""
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d{4,6}", value):
        return f"{Decimal(value):.3f}"
    return value


def shown(url: str) -> str:
    return url.rpartition("@")[2] if "@" in url else url
