"""Every parameter of the pack is applied by a rule of the program, or says why people alone read it.

The rules are run on lines and papers that meet them, and what they read of the law is recorded. What the desk loads for
a day and asks nothing of is not counted as read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.control import test_barred, test_permits, test_records, test_rules
from tests.unit.control.conftest import LICENSED, TODAY, Fields, licences, verdict_on

from lodeline.control import rulebook, settling
from lodeline.control.licences import application, licensing
from lodeline.ledger import licence_terms
from lodeline.ledger.roles import QUOTAS
from lodeline.office.accounts import erasure
from lodeline.office.customs import queries as customs_cases
from lodeline.regulation import fines
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import Jurisdiction, Parameter, State, load
from lodeline.regulation.value import Value
from lodeline.service.law.checking import READ
from lodeline.service.licences.quotas import national_quota
from lodeline.web.pages.licences import firm_application

#: Read by the rules on lists of parties and by the band of traces, which are not among those run here.
ELSEWHERE = {"de-minimis"}


@dataclass
class Recorder:
    """Names of the parameters that were read; while `is_loading`, the desk only gathers what it may need."""

    read: set[str] = field(default_factory=set)
    is_loading: bool = False


class Recording(dict[str, Value]):
    """The values of a rulebook, which notes what is asked of it."""

    def __init__(self, values: Mapping[str, Value], recorder: Recorder) -> None:
        super().__init__(values)
        self._recorder = recorder

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            self._recorder.read.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Value:
        self._recorder.read.add(name)
        return super().__getitem__(name)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Wraps every way in which the program reads the law."""
    found = Recorder()
    state, gather = Parameter.state, rulebook._values

    def recorded(self: Parameter, day: date, *, known: date) -> State:
        if not found.is_loading:
            found.read.add(self.name)
        return state(self, day, known=known)

    def gathered(law: Jurisdiction, day: date, known: date) -> tuple[Recording, Recording]:
        found.is_loading = True
        try:
            values, unknown = gather(law, day, known)
        finally:
            found.is_loading = False
        return Recording(values, found), Recording(unknown, found)

    monkeypatch.setattr(Parameter, "state", recorded)
    monkeypatch.setattr(rulebook, "_values", gathered)
    return found


def run_desk() -> None:
    """All lines by which the reasons of the desk are tested, and the documents that settle their queries."""
    pairs = [*test_rules.PAIRS.values(), *test_permits.PAIRS.values()]
    lines: list[tuple[Fields, dict[str, date], Any]] = [
        (line, test_permits.known_of(line), None) for pair in pairs for line in pair if "on" in line
    ]
    lines += [(LICENSED | line, {}, licences(**changed)) for changed, line in test_rules.LICENCE_PAIRS.values()]
    lines.append((test_permits.EXTRACTANT, {}, None))
    lines.append((test_permits.DY_METAL | {"licence": "LIC-1"}, {}, licences(**test_permits.COVERED)))
    for _, line, kind, *_ in test_barred.LINES:
        covered, register = (line, None) if kind is None else test_barred.licensed(line, kind)
        lines.append((covered, {"day": test_barred.DAY, "known": test_barred.DAY}, register))
    for records, line, other_records, other_line in (*test_records.LOTS.values(), *test_records.PATTERNS.values()):
        verdict_on(line, records=records)
        verdict_on(other_line, records=other_records)
    for line, options, register in lines:
        for one in verdict_on(line, licences=register, **options):
            assert one.case is not None
            settling.as_json(settling.settled_by(one.reasons), one.case.rules)


def run_offices(law: Jurisdiction) -> None:
    """Deadlines, clocks, terms, fines, quotas and documents, each on a day on which the law has it."""
    deadline_without_extension("2026-06", law)
    fines.fines(law, TODAY, known=TODAY)
    law.at(fines.RECORDS, TODAY, known=TODAY)
    for relation in licensing.RELATIONS:
        licensing.clock(
            [("submitted", date(2026, 6, 1))], relation=relation, law=law, today=date(2026, 6, 10), on_watch_list=False
        )
    for kind in ("individual", "general"):
        application.needed_documents(law, kind, day=TODAY)
        application.general_licence_bars(law, kind, day=TODAY)
    licence_terms.terms(law, TODAY, known=TODAY)
    for kind in QUOTAS:
        national_quota(law, kind, 2020)
    customs_cases.terms(law, date(2026, 6, 1))
    for parameter in law.named(erasure._TERM):
        erasure._years(parameter, TODAY)
    firm_application._reports(SimpleNamespace(own=SimpleNamespace(law=law), today=TODAY))  # type: ignore[arg-type]


def test_every_parameter_is_read_by_a_rule_or_says_why_it_is_not(recorder: Recorder) -> None:
    law = load("cn")
    run_desk()
    run_offices(law)
    excused = {one.name for one in law.parameters.values() if one.informs is not None}
    every = {one.name for one in law.parameters.values()}
    assert every - recorder.read - excused - ELSEWHERE == set(), "neither read nor excused"
    assert recorder.read & excused == set(), "excused, and read all the same"
    assert every >= ELSEWHERE
    # A pack is refused for a name that nobody reads: what is read is told truly.
    assert recorder.read - READ == set(), "read, and not said to be"
    assert (READ & every) - recorder.read - ELSEWHERE == set(), "said to be read, and is not"


def test_a_rule_that_is_not_run_is_missed(recorder: Recorder) -> None:
    run_offices(load("cn"))
    assert "technology-list" not in recorder.read
    assert "filing-deadline" in recorder.read
