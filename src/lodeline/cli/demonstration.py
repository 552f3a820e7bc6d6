"""Commands that show Lodeline at work: the demo and a synthetic world."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lodeline.cli import output
from lodeline.cli.app import DEFAULT_PORT, DEMO_DATABASE, DemoDatabase, Port, app
from lodeline.cli.output import console, progress
from lodeline.errors import UserError
from lodeline.language import bilingual, text


@app.command()
def demo(
    database: DemoDatabase = DEMO_DATABASE,
    pages: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the pages afterwards. 随后启动门户。")
    ] = True,
    port: Port = DEFAULT_PORT,
    organisations: Annotated[
        int | None, typer.Option(help="Firms in the synthetic world. 企业数。", show_default="64")
    ] = None,
    months: Annotated[int | None, typer.Option(help="Months of filings. 月数。", show_default="12")] = None,
    seed: Annotated[int | None, typer.Option(help="The world's seed. 随机种子。", show_default="7")] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="No planted loopholes, nobody at work beside the filings. 仅有申报数据。")
    ] = False,
) -> None:
    """Load a synthetic year, print what an authority asks first, serve the pages. 装载数据、打印报告、启动门户。

    Loopholes are planted in it; tours and the answer key are in the pages. 数据中植入了漏洞，导览与答案见页面。

    What an earlier demo loaded is served as it stands. 已有演示数据时直接启动门户。
    """
    from lodeline.cli.serve import listen, serve_pages  # noqa: PLC0415

    # A port that is taken is said now, and not after the load.
    listener = listen(port) if pages else None
    with _frames_on_one_thread():
        from lodeline.cli import report  # noqa: PLC0415

        stands = report.demo(
            database, report.WorldOptions(organisations=organisations, months=months, seed=seed, bare=bare)
        )
        morning = report.morning_after(stands)
    if listener is not None:
        # Sample accounts, and a clock that has not run on since the synthetic year: the next month is due.
        os.environ |= {"LODELINE_DEMO": "1", "LODELINE_DEMO_CLOCK": morning}
        tour = f"http://localhost:{listener.getsockname()[1]}/en/tour/"
        console.print(
            output.text("Tours and the answer key: {tour}", tour=bilingual(tour, tour.replace("/en/", "/zh/"))),
            markup=False,
        )
        serve_pages(database, listener)


@contextmanager
def _frames_on_one_thread() -> Iterator[None]:
    """Fifteen hundred small filings are quicker on one thread than handed from thread to thread.

    The frame library asks once in each process, when it is imported; the server of the pages is a process of its own.
    """
    name = "POLARS_MAX_THREADS"
    chosen = os.environ.get(name)
    os.environ.setdefault(name, "1")
    try:
        yield
    finally:
        if chosen is None:
            del os.environ[name]


class _World(TyperGroup):
    """Without another word after it, `world` writes one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args and args[0] in self.commands else ["write", *args])


worlds = typer.Typer(cls=_World)
app.add_typer(worlds, name="world", help="Write a synthetic industry, or measure in it. 生成模拟产业或在其中测量。")


@worlds.command("write")
def world(
    out: Annotated[Path, typer.Argument(help="Directory to write. 输出目录。")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same world. 随机种子。")] = 7,
    organisations: Annotated[int, typer.Option(min=20, max=2000, help="Firms. 企业数。")] = 40,
    months: Annotated[int, typer.Option(min=1, max=120, help="Months. 月数。")] = 6,
    plant: Annotated[
        str | None,
        typer.Option(metavar="FILE|random:RATE", help="Loopholes to plant, with more natural dirt. 植入漏洞。"),
    ] = None,
    feeds: Annotated[
        bool, typer.Option("--feeds/--no-feeds", help="Invoices and customs lines as well. 含其他部门数据。")
    ] = True,
    named: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of sales whose customer is named without its id. 未填编号的销售占比。"),
    ] = 0.0,
    profile: Annotated[
        str, typer.Option(metavar="default|stranger", help="Whose habits the firms have. 企业行为模式。")
    ] = "default",
    truth_stock: Annotated[
        bool, typer.Option("--truth-stock", help="What truly lies where as well, to measure in it. 另存真实库存。")
    ] = False,
    strategy: Annotated[
        bool, typer.Option("--strategy", help="Customers' plants and two planted controls. 含客户工厂与预设管制。")
    ] = False,
) -> None:
    """Write a synthetic industry as a dossier, and what was put in beside it. 生成模拟产业数据。

    `lodeline world measure` says what an inspector's instruments show in it. 另见 `lodeline world measure`。
    """
    from lodeline.world import PROFILES, PlantError, asked_plants, build_world, write_world  # noqa: PLC0415

    if profile not in PROFILES:
        raise UserError(
            text(
                "no profile {profile!r}: use {profiles}",
                profile=profile,
                profiles=bilingual(" or ".join(PROFILES), "、".join(PROFILES)),
            )
        )
    if out.exists() and any(out.iterdir()):
        raise UserError(text("{out} is not empty: name a new directory", out=out))
    planned = build_world(seed=seed, organisations=organisations, months=months, habits=profile)
    try:
        plants = None if plant is None else asked_plants(planned, plant)
    except PlantError as error:
        raise UserError(bilingual(error.en, error.zh)) from error
    with progress(output.text("world")) as bar:
        write_world(
            planned, out, progress=bar, plants=plants, feeds=feeds, named=named, stock=truth_stock, strategy=strategy
        )
    console.print(output.text("Wrote a synthetic world to {out}.", out=out), markup=False)


@worlds.command("measure")
def measure_in(
    dossier: Annotated[Path, typer.Argument(help="A world written with --truth-stock. 带真实库存的模拟世界。")],
    items: Annotated[Path, typer.Option("--items", help="CSV: site, lot, on, do, … 检查件清单。")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the measurements go. 输出文件。")],
    seed: Annotated[int, typer.Option(min=0, help="Of the instruments' errors. 测量误差随机种子。")] = 1,
) -> None:
    """Measure items of a synthetic world as an inspector and two laboratories would. 在模拟世界中测量检查件。

    Results of the authority's and the firm's laboratory are written beside the measurements. 化验结果另存两个文件。
    """
    from lodeline.world import MeasureError, measure, read_items, write_shown  # noqa: PLC0415

    try:
        written = write_shown(measure(dossier, read_items(items), seed=seed), out)
    except MeasureError as error:
        raise UserError(bilingual(error.en, error.zh)) from error
    except OSError as error:
        raise UserError(text("{out}: cannot be written: {strerror}", out=out, strerror=error.strerror)) from error
    for path in written:
        console.print(output.text("Wrote {path}.", path=path), markup=False)
