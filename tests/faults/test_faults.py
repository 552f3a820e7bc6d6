"""One fault for each command of the drill (`make faults` has hundreds): nothing acknowledged is lost or half done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.faults.commands import COMMANDS, Command, Models
from tests.faults.drill import cases_of, clean_run, furnished
from tests.faults.program import Ended, Fault, NoShimError, Program

pytestmark = pytest.mark.ci

FAULTS = {
    "file": Fault(call="write", number=40, error="ENOSPC", on=True),
    "load": Fault(call="fsync", number=4, error="EIO"),
    "backup": Fault(call="rename", number=2, error="KILL"),
    "restore": Fault(call="open", number=8, error="EROFS"),
    "rebuild": Fault(call="write", number=30, error="KILL"),
    "trace": Fault(call="rename", number=2, error="ENOSPC"),
}


@pytest.fixture(scope="module")
def furniture() -> Iterator[tuple[Program, Models]]:
    try:
        with furnished(workers=1) as (programs, models):
            yield programs[0], models
    except NoShimError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_a_fault_loses_nothing_and_is_said_with_its_cure(furniture: tuple[Program, Models], command: Command) -> None:
    program, models = furniture
    clean = Ended(status=command.done, out="", err="", calls={})
    if command.name == "trace":
        clean = clean_run(command, program.under, models, program)
    place, fault = command.ready(program.under, models, program), FAULTS[command.name]
    ended = place.run(*command.words(place), fault=fault)
    assert ended.calls[fault.call] >= fault.number, "the fault was never met"
    assert ended.status != command.done
    command.judge(place, fault, ended, clean)


def test_a_shim_that_sees_nothing_proves_nothing() -> None:
    blind = Ended(status=0, out="", err="", calls=dict.fromkeys(("write", "fsync", "rename", "open", "mmap"), 0))
    with pytest.raises(AssertionError, match="prove nothing"):
        cases_of(COMMANDS[0], blind, 1, None)  # type: ignore[arg-type]
