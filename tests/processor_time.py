"""Processor time of a run of the tests by file, of the processes that they start too: printed, and kept as a table.

`make test` prints the files that cost most. All are in `var/test-times.csv`, so one run can be compared with another.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

TABLE = Path(__file__).parents[1] / "var" / "test-times.csv"
_PRINTED = 15
_KEY = pytest.StashKey[defaultdict[str, float]]()


def _used_s() -> float:
    return sum(os.times()[:4])


def _spent(config: pytest.Config) -> defaultdict[str, float]:
    return config.stash.setdefault(_KEY, defaultdict(float))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """What sets a test up and puts away after it counts as its file's."""
    before = _used_s()
    try:
        return (yield)
    finally:
        _spent(item.config)[item.nodeid.partition("::")[0]] += _used_s() - before


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker gives what it has counted to the process that started it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["processor_s"] = dict(_spent(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes what a worker has counted; one that died has given nothing."""
    for name, used in getattr(node, "workeroutput", {}).get("processor_s", {}).items():
        _spent(node.config)[name] += used


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints the files that took most, and keeps all, where many were run."""
    spent = sorted(_spent(config).items(), key=lambda one: -one[1])
    if len(spent) <= _PRINTED:
        return
    TABLE.parent.mkdir(exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "processor_s"), *((name, f"{used:.1f}") for name, used in spent)])
    total = sum(used for _, used in spent)
    terminalreporter.section(f"processor time by file, of {total:.0f} s in all; every file: {TABLE.name} in var")
    for name, used in spent[:_PRINTED]:
        terminalreporter.write_line(f"{used:8.0f} s  {name}")
