"""Steps of cases and applications, their files and where they stand cannot be altered unseen, on either database."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from tests.office import test_applications as licences
from tests.office import test_cases as findings
from tests.office.harm import alter, faults_of, verdict_of
from tests.stores import copied, put_away

from lodeline.journal.verify import Fault
from lodeline.office.findings import cases
from lodeline.office.findings.files import attached
from lodeline.office.log import rights_proof
from lodeline.office.models import Application, Case, CaseFile, CaseStep
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
PDF = b"%PDF-1.7 synthetic"


def _make(url: str) -> None:
    """A finding that was asked about, answered with a file and confirmed; an application that was granted."""
    findings.furnish(url)
    with findings.opened(url) as made:
        findings.ask(made)
        findings.answer(made, files=attached([("ticket.pdf", PDF)]))
        cases.assign(findings.ANALYST, made, findings.sight(), to=None, now=findings.NOW)
        cases.confirm(findings.INSPECTOR, made, findings.sight(), text="It says otherwise.", now=findings.NOW)
        licences.granted(made)
    put_away(open_store(url))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with findings.opened(copied(_make, url)) as made:
        yield made


def told(store: Store) -> list[tuple[str, int | None]]:
    """What does not hold, and of which step."""
    return [(one.what, int(one.facts["step"]) if "step" in one.facts else None) for one in faults_of(store)]


def test_what_nobody_touched_holds(store: Store) -> None:
    assert faults_of(store) == []


@pytest.mark.parametrize(
    "change",
    [
        "content = REPLACE(content, 'A scale was out of order.', 'We did it.')",
        "kind = 'explained'",
        "who = 'somebody'",
        "organisation = 'SEP-1'",
        "at = '2026-02-06 01:00:00+00:00'",
    ],
)
def test_a_step_of_a_case_that_was_altered_is_named(store: Store, change: str) -> None:
    alter(store, f"UPDATE office_case_step SET {change} WHERE number = 2")
    entry = CaseStep.objects.get(number=2).entry
    reference = Case.objects.get().reference
    named = Fault(entry=entry, what="step.changed", facts={"case": reference, "step": "2"})
    assert named in faults_of(store)


def test_a_step_with_another_number_or_of_another_case_is_named(store: Store) -> None:
    alter(store, "UPDATE office_case_step SET number = 7 WHERE number = 2")
    assert told(store) == [("step.changed", 7), ("case.differs", None)]
    alter(store, "UPDATE office_case_step SET number = 2 WHERE number = 7")
    assert told(store) == []
    other = Case.objects.create(
        finding="cd" * 32, organisation=findings.FIRM, detector="x", seen="{}", opened_at=findings.NOW,
        changed_at=findings.NOW,
    )  # fmt: skip
    alter(store, "UPDATE office_case_step SET case_id = %s WHERE number = 2", (other.pk,))
    assert ("step.changed", 2) in told(store)


def test_a_step_that_was_taken_away_or_added_is_named(store: Store) -> None:
    step = CaseStep.objects.get(number=4)
    alter(store, "DELETE FROM office_case_step WHERE number = 4")
    assert faults_of(store) == [
        Fault(entry=None, what="case.differs", facts={"case": step.case.reference}),
        Fault(entry=step.entry, what="step.missing", facts={"case": step.case.reference, "step": "4"}),
    ]
    insert = (
        "INSERT INTO office_case_step (case_id, number, kind, at, who, organisation, content, entry)"
        " VALUES (%s, %s, %s, '2026-02-05 01:00:00+00:00', 'x', '', '{}', NULL)"
    )
    alter(store, insert, (step.case_id, 4, "withdrawn"))
    assert ("step.without-entry", 4) in told(store)


def test_a_step_that_arranges_work_keeps_its_place(store: Store) -> None:
    alter(store, "DELETE FROM office_case_step WHERE kind = 'assigned'")
    assert told(store) == [("case.differs", None)]


MALFORMED = {
    "$.files": ("'[1]'", "'[{}]'", "'\"abc\"'", "'{\"name\": 1}'"),
    "$.documents": ("'[1]'", "'[{}]'", "'\"abc\"'", "'7'"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in MALFORMED.items() for value in values])
def test_a_step_that_cannot_be_read_is_named_and_the_rest_is_judged(store: Store, path: str, value: str) -> None:
    table, number = ("office_case_step", 2) if path == "$.files" else ("office_application_step", 1)
    changed = f"json_set(content, '{path}', json({value}))"
    if not store.database.is_sqlite:
        changed = f"jsonb_set(content::jsonb, '{{{path[2:]}}}', {value}::jsonb)::text"
    alter(store, f"UPDATE {table} SET content = {changed} WHERE number = {number}")
    alter(store, "UPDATE office_case SET state = 'withdrawn'")
    found = told(store)
    assert ("step.changed", number) in found and ("case.differs", None) in found
    assert "store.unreadable" not in [what for what, _ in found]


def test_a_judge_that_cannot_go_on_is_a_fault_and_the_others_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls(*_: object) -> Iterator[Fault]:
        raise KeyError("what somebody wrote there")

    monkeypatch.setattr(rights_proof, "judge", falls)
    alter(store, "UPDATE office_case SET state = 'withdrawn'")
    found = verdict_of(store)
    (fallen,) = [one for one in found.faults if one.what == "store.unreadable"]
    assert dict(fallen.facts) == {"part": "rights", "error": "KeyError"}
    assert "case.differs" in [one.what for one in found.faults]
    assert all(one["message"]["zh"] for one in found.as_json()["faults"])


@pytest.mark.parametrize("change", ["state = 'withdrawn'", "organisation = 'SEP-1'", "steps_taken = 3"])
def test_a_case_that_does_not_stand_as_its_steps_say_is_named(store: Store, change: str) -> None:
    alter(store, f"UPDATE office_case SET {change}")
    assert {one.what for one in faults_of(store)} & {"case.differs", "step.changed"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE office_case_file SET name = 'other.pdf'",
        "UPDATE office_case_file SET size = 3",
        "DELETE FROM office_case_file",
    ],
)
def test_a_file_that_was_altered_or_taken_away_is_named_with_its_step(store: Store, statement: str) -> None:
    alter(store, statement)
    assert told(store) == [("step.file-changed", 2)]


def test_a_file_with_other_bytes_or_more_files_are_named(store: Store) -> None:
    packed = zlib.compress(b"%PDF-1.7 another").hex()
    value = f"x'{packed}'" if store.database.is_sqlite else f"'\\x{packed}'::bytea"
    alter(store, f"UPDATE office_case_file SET content = {value}")
    assert told(store) == [("step.file-changed", 2)]
    first = CaseStep.objects.get(number=1)
    CaseFile.objects.create(step=first, name="more.pdf", kind="application/pdf", sha256="00", size=1, content=b"x")
    assert told(store) == [("step.file-changed", 1), ("step.file-changed", 2)]


def test_a_step_of_an_application_that_was_altered_is_named(store: Store) -> None:
    alter(store, "UPDATE office_application_step SET content = REPLACE(content, 'In order.', 'Fine.') WHERE number = 3")
    assert ("step.changed", 3) in told(store)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'refused'", "content = REPLACE(content, 'servo motors', 'missiles')", "licence = 'XK-2026-00009'",
        "proposal = ''", "of_licence = 'XK-2025-00001'", "officer_id = (SELECT MAX(id) FROM office_user)",
    ],
)  # fmt: skip
def test_an_application_that_does_not_stand_as_its_steps_say_is_named(store: Store, change: str) -> None:
    alter(store, f"UPDATE office_application SET {change}")
    reference = Application.objects.get().reference
    assert faults_of(store) == [Fault(entry=None, what="case.differs", facts={"case": reference})]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE office_application_document SET kind = 'other' WHERE kind = 'contract'",
        "UPDATE office_application_document SET step_id = NULL WHERE kind = 'contract'",
        "DELETE FROM office_application_document WHERE kind = 'contract'",
        "UPDATE office_application_document SET sealed = (SELECT sealed FROM office_application_document"
        " WHERE kind = 'technical'), sha256 = 'ab' WHERE kind = 'contract'",
    ],
)
def test_a_document_that_was_altered_exchanged_or_taken_away_is_named(store: Store, statement: str) -> None:
    alter(store, statement)
    assert told(store) == [("step.file-changed", 1)]


def test_documents_of_a_draft_are_nobody_s_word_yet(store: Store) -> None:
    licences.drafted(store)
    assert faults_of(store) == []


def test_rows_that_point_at_nothing_end_in_a_fault(store: Store) -> None:
    """SQLite lets whoever opens the file delete a case and leave its steps."""
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL lets nobody do so")
    store.database.execute("PRAGMA foreign_keys = OFF")
    alter(store, "DELETE FROM office_case")
    assert ("step.missing", 1) in told(store)
