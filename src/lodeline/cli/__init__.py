"""The command line: each command turns its arguments into one service call and prints the answer.

Exit status: 0 done, 1 the answer is no (not accepted, a proof fails), 2 wrong usage, no usable store, or a
disk or database server that failed.
The modules stand in the order in which one meets their commands; `--help` lists them so.
"""

from __future__ import annotations

# isort: off
from lodeline.cli.app import app, main
from lodeline.cli import demonstration, bench, keeping, filing, feeds, questions
from lodeline.cli import finding, editions, declare, licence, run, inspect, inspect_plans
from lodeline.cli import screen, parties, law, law_packs, take_over, strategy, proofs, serve
# isort: on

__all__ = [
    "app",
    "bench",
    "declare",
    "demonstration",
    "editions",
    "feeds",
    "filing",
    "finding",
    "inspect",
    "inspect_plans",
    "keeping",
    "law",
    "law_packs",
    "licence",
    "main",
    "parties",
    "proofs",
    "questions",
    "run",
    "screen",
    "serve",
    "strategy",
    "take_over",
]
