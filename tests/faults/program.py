"""The program on a disk that fails when it is told to: faults, the shim that makes them, commands run under them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import REPOSITORY

#: The kinds of calls that can fail, in the order in which the shim counts them.
CALLS: Final = ("write", "fsync", "rename", "open", "mmap")
ERRORS: Final = ("ENOSPC", "EIO", "EROFS", "KILL")
KILLED: Final = -9
_SOURCE: Final = Path(__file__).with_name("shim.c")


class NoShimError(Exception):
    """The shim cannot be made here; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The `number`-th call of a kind fails once, or each one from there on; KILL ends the process there."""

    call: str
    number: int
    error: str
    on: bool = False

    def __str__(self) -> str:
        return f"{self.call} {self.number} {'on' if self.on else 'once'} {self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, what it said, and how many calls of each kind it made under the directory."""

    status: int
    out: str
    err: str
    calls: Mapping[str, int]


def make_shim(room: Path) -> Path:
    """Compiles the shim. Raises NoShimError where there is no compiler, or no Linux."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoShimError("there is no C compiler here. As root: apt-get install gcc libc6-dev")
    if sys.platform != "linux":
        raise NoShimError("the drill needs Linux: it puts itself before the calls of its libc")
    made = room / "shim.so"
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(made), str(_SOURCE), "-ldl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoShimError(f"{compiler} cannot make the shim: {done.stderr.strip()}")
    return made


class Program:
    """A warm program under the shim; its commands see faults below `under` alone."""

    def __init__(self, room: Path, shim: Path, under: Path) -> None:
        self.room, self.under = room, under.resolve()
        room.mkdir(parents=True, exist_ok=True)
        self._counts = room / "counts"
        self._number = itertools.count()
        environment = {
            **os.environ,
            "LD_PRELOAD": str(shim), "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}",
            "LODELINE_LANGUAGE": "en",
            "POLARS_MAX_THREADS": "1", "DJANGO_SETTINGS_MODULE": "lodeline.store.settings",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )  # fmt: skip

    def start(self, *words: object, fault: Fault | None = None, **environment: str) -> Path:
        """Begins a command; `end` waits for it. Returns the file to which its errors go."""
        self._counts.write_bytes(bytes(8 * len(CALLS)))
        number = next(self._number)
        self._out, self._err = self.room / f"out-{number}", self.room / f"err-{number}"
        environment |= {
            "LODELINE_FAULTS_UNDER": str(self.under), "LODELINE_FAULTS_COUNTS": str(self._counts),
            "LODELINE_FAULTS": "" if fault is None else str(fault),
        }  # fmt: skip
        task = {
            "words": [str(word) for word in words], "environment": environment,
            "out": str(self._out), "err": str(self._err),
        }  # fmt: skip
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        return self._err

    def end(self) -> Ended:
        """Waits for the command that was begun."""
        assert self._process.stdout is not None
        status = int(self._process.stdout.readline())
        calls = dict(zip(CALLS, struct.unpack(f"={len(CALLS)}Q", self._counts.read_bytes()), strict=True))
        ended = Ended(status=status, out=self._out.read_text("utf-8"), err=self._err.read_text("utf-8"), calls=calls)
        self._out.unlink()
        self._err.unlink()
        return ended

    def run(self, *words: object, fault: Fault | None = None, **environment: str) -> Ended:
        """Runs a command to its end."""
        self.start(*words, fault=fault, **environment)
        return self.end()

    def close(self) -> None:
        """Ends the warm process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
