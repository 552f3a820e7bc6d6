"""A process that has imported the program once, and forks a child for each command that it is told to run.

Reads one JSON line for each from standard input, `{"words", "environment", "out", "err"}`, and answers with a line of
its exit status, negative where a signal ended it. The child ends as any Python program does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import sys
from typing import Any

from lodeline.cli import main as lodeline
from lodeline.service.filing import loading
from lodeline.store.database import configure

#: What the commands of the drill import when they run.
_NEEDED = (
    "django.db.backends.sqlite3.base", "lodeline.accountancy.frames", "lodeline.filing.check", "lodeline.filing.table",
    "lodeline.flow.index", "lodeline.regulation.parameter", "lodeline.service.log.audit",
    "lodeline.service.log.backup", "lodeline.service.filing.filing", "lodeline.store.opening",
    "lodeline.store.snapshot", "lodeline.web.server.serving", "psycopg",
)  # fmt: skip


def child(task: dict[str, Any]) -> None:
    """Runs the command in this process, which it ends."""
    os.environ.update(task["environment"])
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(task[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    # A few rows a commit, so that a small dossier has many.
    loading.COMMIT_ROWS = 4
    begin = getattr(ctypes.CDLL(None), "lodeline_faults_begin", None)
    if begin is not None:
        begin()
    sys.argv = ["lodeline", *task["words"]]
    lodeline()


def main() -> None:
    """Serves tasks until the input ends."""
    configure()
    for name in _NEEDED:
        importlib.import_module(name)
    # What is here already is not looked through when a child ends.
    gc.freeze()
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            sys.stdin.close()
            child(json.loads(line))
            sys.exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        os.write(1, f"{status}\n".encode())


if __name__ == "__main__":
    main()
