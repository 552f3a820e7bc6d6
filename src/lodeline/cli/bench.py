"""The benchmarks of a checkout, run by name: each stands in `benchmarks/` with its peers, and none is in the package.

A benchmark is a program of its own with its own options; what stands after its name is handed to it as it is.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Annotated

import typer

from lodeline.cli import output
from lodeline.cli.app import app
from lodeline.cli.output import console, errors
from lodeline.errors import UserError
from lodeline.language import text

ROOM = Path(__file__).parents[3] / "benchmarks"


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def bench(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Which benchmark; without a name, the list. 基准名称。")] = None,
) -> None:
    """Run a benchmark beside its peer; what follows its name are its options. 运行基准测试。"""
    if name == "--help":
        console.print(context.get_help(), markup=False)
        return
    known = sorted(path.stem for path in ROOM.glob("[a-z]*.py"))
    if not known:
        raise UserError(
            text("the benchmarks are not in the installed package: run this in a checkout (git clone, then make test)")
        )
    listed = output.text("benchmarks: {known}", known=", ".join(known))
    if name is None:
        console.print(listed, markup=False)
        return
    if name not in known:
        errors.print(listed, markup=False)
        raise typer.Exit(2)
    sys.argv = [f"lodeline bench {name}", *context.args]
    runpy.run_path(str(ROOM / f"{name}.py"), run_name="__main__")
