"""Commands that show Lodeline at work: the demo, a synthetic world, the benchmarks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli.app import DEMO_DATABASE, DemoDatabase, app
from lodeline.cli.output import console, progress, say
from lodeline.spoken import SpokenError


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
    # Fifteen hundred small filings are quicker on one thread than handed from thread to thread. Polars asks once,
    # when it is imported.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
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
