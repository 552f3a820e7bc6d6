"""Commands about who stops when goods are held back, and who depends on whom: one module for each kind of question."""

from __future__ import annotations

import typer

from lodeline.cli.app import app

commands = typer.Typer(no_args_is_help=True)
app.add_typer(commands, name="strategy", help="Who stops when goods are held back. 管制推演与依赖分析。")

# The commands add themselves to the group.
from lodeline.cli.strategy import brief, dependence, graph, run, tables  # noqa: E402, F401

__all__ = ["commands"]
