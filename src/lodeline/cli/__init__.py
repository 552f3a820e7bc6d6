"""The command line: each command turns its arguments into one service call and prints the answer.

Exit status: 0 done, 1 the answer is no (not accepted, a proof fails), 2 wrong usage or no usable store.
"""

from __future__ import annotations

from lodeline.cli.commands import main

__all__ = ["main"]
