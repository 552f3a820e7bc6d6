"""A process that is warm when it is born: it imports everything once, and forks a child for each task.

Reads one JSON line per task from standard input, `{"url", "dossier", "commit_rows"}`; the child loads the
dossier. Writes `started PID`, a line `head` each time the child is about to commit, and `ended STATUS`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing import loading
from lodeline.store.opening import open_store


def say(*words: object) -> None:
    """One line to whoever holds the other end, at once."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def announce(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Passes a statement on, and says so when it was the last before a commit."""
    result = execute(sql, params, many, context)
    if sql.startswith("UPDATE head"):
        say("head")
    return result


def load(task: dict[str, Any]) -> None:
    """Loads the dossier in commits of so many rows."""
    loading.COMMIT_ROWS = task["commit_rows"]
    store = open_store(task["url"])
    with store.database.connection.execute_wrapper(announce):
        loading.load(store, Path(task["dossier"]), law=load_law("cn"))


def main() -> None:
    """Serves tasks until the input ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                load(json.loads(line))
                status = 0
            finally:
                os._exit(status)
        say("started", child)
        say("ended", os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
