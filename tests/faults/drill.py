"""`make faults`: every command of a small store with a disk that fails, and with a kill, at each kind of call.

A clean run counts the calls. Then the first fails, the last, and some between that a seed chooses, once or from there
on, with each error. Prints a line for each promise that was broken, and at the end how many cases there were.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.faults import server
from tests.faults.commands import COMMANDS, Command, Models, make_models
from tests.faults.program import CALLS, ERRORS, Ended, Fault, NoShimError, Program, make_shim

WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of a command with one fault."""

    command: Command
    fault: Fault


def chosen(count: int, between: int, chance: random.Random) -> list[int]:
    """The first call, the last, and so many between, in order."""
    if count <= 2:
        return list(range(1, count + 1))
    inner = chance.sample(range(2, count), min(between, count - 2))
    return [1, *sorted(inner), count]


def cases_of(command: Command, clean: Ended, between: int, chance: random.Random) -> list[Case]:
    """The cases of one command. Raises AssertionError where the shim saw none of the calls that it must make."""
    unseen = [call for call in command.calls if not clean.calls[call]]
    assert not unseen, f"{command.name}: the shim saw no {', '.join(unseen)}: the drill would prove nothing"
    # Either a bad block or a disk that stays full; a kill comes once.
    faults = [
        Fault(call=call, number=at, error=error, on=error != "KILL" and chance.random() < 0.5)
        for call in CALLS
        for error in ERRORS
        for at in chosen(clean.calls[call], between, chance)
    ]
    return [Case(command=command, fault=fault) for fault in faults]


def clean_run(command: Command, room: Path, models: Models, program: Program) -> Ended:
    """The command on a sound disk."""
    place = command.ready(room, models, program)
    ended = place.run(*command.words(place))
    assert ended.status == command.done, f"{command.name} on a sound disk: {ended}"
    return ended


def run_case(case: Case, room: Path, models: Models, program: Program, clean: Ended) -> str | None:
    """What was broken, if anything."""
    place = case.command.ready(room, models, program)
    ended = place.run(*case.command.words(place), fault=case.fault)
    try:
        case.command.judge(place, case.fault, ended, clean)
    except AssertionError as broken:
        return f"{case.command.name}: {case.fault}: status {ended.status}: {broken}"
    return None


@contextmanager
def furnished(workers: int = WORKERS) -> Iterator[tuple[list[Program], Models]]:
    """Warm programs, each with a directory in which faults happen, and what cases take copies of."""
    # In memory where there is some: what is asked here is what is done, not how long a disk takes.
    memory = Path("/dev/shm")
    room = Path(tempfile.mkdtemp(prefix="lodeline-faults-", dir=memory if os.access(memory, os.W_OK) else None))
    programs: list[Program] = []
    try:
        shim = make_shim(room)
        programs = [Program(room / f"program-{n}", shim, room / f"at-{n}") for n in range(workers)]
        yield programs, make_models(programs[0], room)
    finally:
        for program in programs:
            program.close()
        shutil.rmtree(room, ignore_errors=True)


def of_all(
    commands: Iterable[Command], between: int, seed: int, programs: list[Program], models: Models
) -> tuple[int, list[str]]:
    """Runs all cases: how many there were, and what was broken."""
    chance = random.Random(seed)
    clean: dict[str, Ended] = {}
    cases: list[Case] = []
    for command in commands:
        clean[command.name] = clean_run(command, programs[0].under, models, programs[0])
        mine = cases_of(command, clean[command.name], between, chance)
        seen = ", ".join(f"{count} {call}" for call, count in clean[command.name].calls.items())
        print(f"{command.name}: {seen}: {len(mine)} cases", flush=True)
        cases += mine
    chance.shuffle(cases)
    free: SimpleQueue[Program] = SimpleQueue()
    for program in programs:
        free.put(program)

    def one(case: Case) -> str | None:
        program = free.get()
        try:
            broken = run_case(case, program.under, models, program, clean[case.command.name])
        finally:
            free.put(program)
        if broken:
            print(broken, flush=True)
        return broken

    with ThreadPoolExecutor(len(programs)) as pool:
        return len(cases), [said for said in pool.map(one, cases) if said]


def main() -> None:
    """Runs the drill as it is told."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("commands", nargs="*", help="only these; `server` is the kill of PostgreSQL")
    options.add_argument("--between", type=int, default=1, help="calls between the first and the last")
    options.add_argument("--seed", type=int, default=1)
    told = options.parse_args()
    begun = time.monotonic()
    kills = 0
    try:
        with furnished() as (programs, models):
            cases, broken = of_all(
                [one for one in COMMANDS if not told.commands or one.name in told.commands],
                told.between,
                told.seed,
                programs,
                models,
            )
            if not told.commands or "server" in told.commands:
                kills, more = server.drill(programs[0], models, told.seed)
                print(*more, sep="\n", end="\n" if more else "")
                broken += more
    except NoShimError as missing:
        sys.exit(f"The drill of faults cannot be run: {missing}")
    print(f"{cases} cases and {kills} kills of the server in {time.monotonic() - begun:.0f} s: {len(broken)} broken")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
