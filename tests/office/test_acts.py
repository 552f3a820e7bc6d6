"""Every act that is ever recorded has words in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final, get_args

import pytest

from lodeline.control.licences import licensing
from lodeline.ledger import succession
from lodeline.office.access.actor import ROLES, Actor
from lodeline.office.access.acts import ACTS
from lodeline.office.access.audit import record_act
from lodeline.office.customs import queries as customs_cases
from lodeline.office.filing.duty import DEMANDS
from lodeline.office.findings import states as case_states
from lodeline.office.jobs.work import HANDLERS
from lodeline.office.register import registry
from lodeline.service.inspections import visits as inspections
from lodeline.service.parties import parties

SOURCES: Final = Path(str(files("lodeline")))
PERMISSIONS: Final = frozenset().union(*ROLES.values())
#: What writes an act; the one after uses the first.
WRITE: Final = ("record_act", "record_paper")
#: What stands in a name after what does not change: (file, beginning) → all that may follow.
FAMILIES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("duty.py", "duty."): DEMANDS,
    ("successions.py", "register."): succession.KINDS,
    ("registry.py", "register."): get_args(registry.RegisterTable),
    ("visits.py", "inspection."): inspections.ACTS,
    ("parties.py", "party."): (*parties.VERDICTS, "accept", "refuse"),
    ("parties.py", "party.propose-"): ("merge", "split"),
    ("queries.py", "customs."): get_args(customs_cases.Kind),
    ("application_steps.py", "application."): get_args(licensing.Kind),
    ("cases.py", "finding."): get_args(case_states.Kind),
}


def recorded() -> Iterator[tuple[str, ast.expr, ast.Module]]:
    """File, name of the act as written there, and the whole file, of each call that records one."""
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text()
        if not any(f"{writes}(" in text for writes in WRITE) or f"def {WRITE[0]}" in text:
            continue
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WRITE:
                yield path.name, node.args[1], tree


def names(file: str, given: ast.expr, tree: ast.Module) -> set[str]:
    """All that a call may record. What a variable may hold stands somewhere in its file."""
    if isinstance(given, ast.Constant):
        return {str(given.value)}
    if isinstance(given, ast.JoinedStr):
        first = given.values[0]
        assert isinstance(first, ast.Constant) and (file, str(first.value)) in FAMILIES, f"{file}: {ast.unparse(given)}"
        return {str(first.value) + one for one in FAMILIES[file, str(first.value)]}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    areas = "|".join({name.partition(".")[0] for name in ACTS})
    found = {text for text in texts if re.fullmatch(rf"({areas})\.[a-z.-]+", text)} - PERMISSIONS - set(HANDLERS)
    assert found, f"{file} says nowhere what it records"
    return found


def test_every_act_that_is_written_has_words_and_no_words_are_left_over() -> None:
    written = {name for call in recorded() for name in names(*call)}
    assert written == set(ACTS)
    for name, words in ACTS.items():
        assert set(words) == {"en", "zh"} and re.search("[\u4e00-\u9fff]", words["zh"]), name
        assert name not in words.values(), name


def test_an_act_without_words_cannot_be_recorded() -> None:
    with pytest.raises(AssertionError, match="no words"):
        record_act(Actor(user=0, name="Official", pseudonym="official"), "lot.unheard-of")
