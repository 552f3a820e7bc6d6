"""The tests that stand in the law files, for a lawyer to read, are run here for every pack.

`input` chooses the rows of a list that hold it; `expect` is what the one row must hold, or `none`. Without `input`,
`expect` tells the status, the value (a table may name part of it) or the evidence. Where no status is told, the value
must be in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lodeline.regulation.parameter import Jurisdiction, Parameter, load

PACKS = Path(__file__).parent / "packs"
LAWS = (load("cn"), load("zz", PACKS))


def cases() -> Iterator[Any]:
    for law in LAWS:
        for name, parameter in law.parameters.items():
            for number, test in enumerate(parameter.tests):
                yield pytest.param(parameter, test, id=f"{law.code}:{name}:{number}")


def holds(found: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is found; a table may hold more."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], inner) for name, inner in wanted.items())
    return bool(found == wanted)


@pytest.mark.parametrize(("parameter", "test"), list(cases()))
def test_the_law_says_what_the_file_expects(parameter: Parameter, test: dict[str, Any]) -> None:
    assert test.keys() <= {"on", "known", "input", "expect"}
    state = parameter.state(test["on"], known=test["known"])
    expect = test["expect"]
    if "input" in test:
        rows = [row for row in parameter.at(test["on"], known=test["known"]).value if holds(row, test["input"])]
        if expect == "none":
            assert rows == []
        else:
            assert len(rows) == 1, rows
            assert holds(rows[0], expect)
        return
    assert expect.keys() <= {"status", "value", "evidence"}
    assert expect
    assert state.status == expect.get("status", "in-force")
    if "value" in expect:
        assert state.value is not None
        assert holds(state.value.value, expect["value"])
    if "evidence" in expect:
        assert state.value is not None
        assert state.value.evidence == expect["evidence"]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.code)
def test_every_parameter_has_a_test_beside_it(law: Jurisdiction) -> None:
    # What stands under `desk` is reference data that the declaration desk's own tests judge.
    untested = [name for name, one in law.parameters.items() if not one.tests and one.instrument != "desk"]
    assert untested == []


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.code)
def test_every_file_of_a_pack_is_read(law: Jurisdiction) -> None:
    root = PACKS if law.code == "zz" else Path(__file__).parents[3] / "src/lodeline/data/regulations"
    files = {path for path in (root / law.code).rglob("*") if path.is_file()}
    read = len(law.parameters) + len(law.instruments) + len(["jurisdiction.yaml"])
    assert len(files) == read
