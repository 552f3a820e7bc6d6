"""A draft loses nothing, is filed once, and is filed as it was signed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from django.core import mail
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from tests.desk import assert_sound
from tests.office.filing_office import (
    FIRM,
    LAW,
    MONTH,
    NOW,
    People,
    file_of,
    make_office,
    origin,
    person,
    shipment,
)
from tests.office.register import REGISTER

from lodeline.filing.columns.profile import Profile
from lodeline.journal.certification import Certification
from lodeline.journal.verify import uploaded_as, verify_receipt
from lodeline.office.access.actor import NotAllowedError
from lodeline.office.filing import (
    beginning,
    certify,
    dividing,
    draft_check,
    drafts,
    filing_now,
    filings,
    profiles,
    receipt_mail,
    sandbox,
)
from lodeline.office.filing.draft_content import TYPED, content_of
from lodeline.office.filing.drafts import Cell, DraftError
from lodeline.office.jobs import jobs, work
from lodeline.office.models import AuditRecord, Draft, Job, Notice, OrganisationSettings, User
from lodeline.service.entries.receipts import receipt
from lodeline.service.entries.records import put_records
from lodeline.service.filing import posting
from lodeline.store.opening import open_store
from lodeline.store.queries.filing import filed_cells, named_uploads, rows_at
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

OVER = "Nd=24.1;Pr=6.0;Dy=1.6;Fe=68.5;B=1.0"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the register and the office's tables, in one file."""
    path = tmp_path_factory.mktemp("made") / "store.sqlite3"
    make_office(path)
    return path


@pytest.fixture
def ledger(made: Path, tmp_path: Path) -> Iterator[Store]:
    """The log of this test alone; it must be sound when the test is over."""
    path = tmp_path / "store.sqlite3"
    shutil.copy(made, path)
    with override_settings(LODELINE_DATABASE=str(path)):
        store = open_store(str(path))
        yield store
        assert_sound(store)
        store.database.close()


@pytest.fixture
def people(ledger: Store) -> People:
    """The firm's filer and its certifier."""
    return People.hired()


def problems(draft: Draft) -> list[tuple[str, int | None]]:
    """Code and row of each problem."""
    return [(one["code"], one["where"]["row"]) for one in json.loads(draft.problems)]


def entries(store: Store) -> int:
    """Filings in the log."""
    ((count,),) = store.database.rows("SELECT COUNT(*) FROM entry WHERE kind = 'filing'")
    return int(str(count))


def cell(draft: Draft, row: int, column: str, text: str | None) -> Cell:
    """A cell of the draft's first file."""
    file = draft.files.first()
    assert file is not None
    return Cell(source=file.pk, row=row, column=column, text=text)


def test_all_problems_come_at_once_and_a_mended_cell_is_checked(people: People) -> None:
    draft = people.draft(
        origin("O-1", "L-1", composition=OVER), origin("O-2", "L-2"), shipment("S-2", "L-2", "150"),
        origin("O-3", "L-3", day="2025-12-31"),
    )  # fmt: skip
    # What the ledger has against the events that can be read comes with what cannot be read.
    assert set(problems(draft)) == {
        ("composition.over-100", 2), ("mass.exceeds-holding", 4), ("party.named-once", 4), ("date.outside-period", 5)
    }  # fmt: skip
    assert json.loads(draft.counts) == {"reject": 2, "confirm": 1, "flag": 1, "good": 1, "bad": 3}
    draft = drafts.set_cells(
        people.filer, draft,
        [cell(draft, 2, "composition", "Nd=24.1"), cell(draft, 4, "reason", "Weighed twice"),
         cell(draft, 5, "on", "2026-01-31")],
        seen=draft.revision, now=NOW,
    )  # fmt: skip
    draft = draft_check.begin(draft, now=NOW)
    assert draft.accepted
    assert problems(draft) == [("party.named-once", 4), ("mass.exceeds-holding", 4)]


def test_whoever_changes_an_older_revision_changes_nothing(people: People) -> None:
    draft = people.draft(origin("O-1", "L-1"))
    older = draft.revision
    drafts.set_cells(people.filer, draft, [cell(draft, 2, "mass_kg", "200")], seen=older, now=NOW)
    for change in (
        lambda: drafts.set_cells(people.filer, draft, [cell(draft, 2, "mass_kg", "300")], seen=older, now=NOW),
        lambda: drafts.add_files(people.filer, draft, [file_of(origin("O-9", "L-9"))], seen=older, now=NOW),
        lambda: drafts.remove_rows(people.filer, draft, [(TYPED, 2)], seen=older, now=NOW),
        lambda: drafts.drop(people.filer, draft, seen=older, now=NOW),
        lambda: certify.ask(people.filer, draft, seen=older, now=NOW),
    ):
        with pytest.raises(drafts.StaleDraftError):
            change()
    assert content_of(draft).table.frame["mass_kg"].to_list() == ["200"]


def test_rows_are_typed_taken_out_and_put_back(people: People) -> None:
    draft = drafts.start(people.filer, FIRM, MONTH, law=LAW, now=NOW)
    typed = [
        Cell(source=TYPED, row=2, column="event", text="O-1"),
        Cell(source=TYPED, row=3, column="event", text="O-2"),
    ]
    draft = drafts.set_cells(people.filer, draft, typed, seen=draft.revision, now=NOW)
    assert drafts.next_typed_row(draft) == 4
    draft = drafts.set_cells(
        people.filer, draft, [Cell(source=TYPED, row=2, column="event", text="")], seen=draft.revision, now=NOW
    )
    assert content_of(draft).table.frame["event"].to_list() == ["O-2"]
    draft = drafts.add_files(
        people.filer, draft, [file_of(origin("O-3", "L-3"), origin("O-4", "L-4"))], seen=draft.revision, now=NOW
    )
    file = draft.files.get()
    draft = drafts.remove_rows(people.filer, draft, [(file.pk, 2), (file.pk, 3)], seen=draft.revision, now=NOW)
    assert content_of(draft).table.frame["event"].to_list() == ["O-2"]
    draft = drafts.restore_rows(people.filer, draft, seen=draft.revision, now=NOW)
    assert content_of(draft).table.frame["event"].to_list() == ["O-3", "O-4", "O-2"]
    draft = drafts.remove_file(people.filer, draft, file.pk, seen=draft.revision, now=NOW)
    assert content_of(draft).table.frame["event"].to_list() == ["O-2"]


@given(st.sets(st.integers(2, 60)))
def test_runs_say_the_same_rows(rows: set[int]) -> None:
    runs = list(drafts._runs(sorted(rows)))
    assert [row for first, last in runs for row in range(first, last + 1)] == sorted(rows)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(runs))


def test_only_a_filer_changes_and_only_a_certifier_signs(people: People) -> None:
    _, stranger = person("stranger", "filer", "certifier", organisation="ALL-1")
    draft = people.draft(origin("O-1", "L-1"))
    signature = Certification.by_password(certifier=people.filer.pseudonym)
    for refused in (
        lambda: drafts.find(stranger, FIRM, draft.pk),
        lambda: drafts.start(people.certifier, FIRM, MONTH, law=LAW, now=NOW),
        lambda: drafts.set_cells(people.certifier, draft, [], seen=draft.revision, now=NOW),
        lambda: drafts.drop(stranger, draft, seen=draft.revision, now=NOW),
        lambda: certify.ask(people.certifier, draft, seen=draft.revision, now=NOW),
        lambda: certify.certify(people.filer, draft, signature, signed="", seen=draft.revision, now=NOW),
        lambda: sandbox.empty(people.certifier, FIRM, now=NOW),
        lambda: filings.filings(stranger, sandbox.ledger(), FIRM),
        lambda: profiles.save(people.certifier, FIRM, "a", Profile(), now=NOW),
        lambda: certify.add_certificate(people.filer, FIRM, b"", now=NOW),
    ):
        with pytest.raises(NotAllowedError):
            refused()
    with pytest.raises(drafts.UnknownDraftError):
        drafts.find(stranger, "ALL-1", draft.pk)


def test_a_month_to_come_is_refused_and_so_is_no_month(people: People) -> None:
    for period in ("2026-03", "2026-13", "January", ""):
        with pytest.raises(drafts.DraftError):
            drafts.start(people.filer, FIRM, period, law=LAW, now=NOW)
    assert drafts.start(people.filer, FIRM, "2026-02", law=LAW, now=NOW).period == "2026-02"


def test_what_is_filed_is_what_was_signed_with_the_files_as_they_came(ledger: Store, people: People) -> None:
    draft = people.draft(origin("O-1", "L-1"), origin("O-2", "L-2", composition=OVER))
    draft = drafts.set_cells(
        people.filer, draft, [cell(draft, 3, "composition", "Nd=24.1")], seen=draft.revision, now=NOW
    )
    draft = draft_check.begin(draft, now=NOW)
    signed = json.loads(certify.statement(draft) or "")
    draft = people.filed(draft)
    assert draft.entry is not None
    entry = ledger.entry(draft.entry)
    assert entry is not None
    envelope = json.loads(entry.envelope)
    assert (signed["rows"], signed["rows_root"]) == (envelope["rows"], envelope["rows_root"])
    assert signed["digest"] == envelope["facts"]["digest"]
    assert envelope["facts"]["certification"] == {"kind": "password", "certifier": people.certifier.pseudonym}
    proof = receipt(ledger, draft.entry)
    assert proof is not None
    assert verify_receipt(proof) == []
    kept = named_uploads(ledger, entry)
    assert [name for name, _ in kept] == ["january.csv", filing_now.CHANGES_NAME]
    assert kept[0][1] == file_of(origin("O-1", "L-1"), origin("O-2", "L-2", composition=OVER)).content
    assert OVER.encode() in kept[1][1]
    for number, (name, content) in enumerate(kept, 1):
        assert verify_receipt(proof, upload=content) == []
        said = uploaded_as(proof, content)
        assert said is not None and f"number {number} of the 2" in said[0] and name in said[1]
    joined = verify_receipt(proof, upload=kept[0][1] + kept[1][1])
    assert [fault.what for fault in joined] == ["upload.changed"]
    assert_sound(ledger)
    acts = set(AuditRecord.objects.values_list("what", flat=True))
    assert {"draft.start", "draft.files", "draft.ask", "draft.certify"} <= acts


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was judged since: "rows" by themselves, or against the "ledger"."""
    seen: list[str] = []

    def count(what: str, module: ModuleType, name: str) -> None:
        judge = getattr(module, name)

        def counting(*args: Any, **options: Any) -> Any:
            seen.append(what)
            return judge(*args, **options)

        monkeypatch.setattr(module, name, counting)

    count("rows", draft_check, "check")
    count("ledger", posting, "prepare")
    return seen


def test_a_filing_is_judged_when_it_is_checked_and_at_the_head(people: People, judged: list[str]) -> None:
    draft = people.draft(origin("O-1", "L-1"))
    assert judged == ["rows", "ledger"]
    signed = people.signed(draft)
    judged.clear()
    assert filing_now.begin(signed, now=NOW).state == Draft.State.FILED
    assert judged == ["ledger"], "the rows are those that were checked, and nothing that they rest on has moved"


def test_a_register_that_moves_after_the_signature_has_the_rows_judged_again(
    ledger: Store, people: People, judged: list[str]
) -> None:
    signed = people.signed(people.draft(origin("O-1", "L-1")))
    elsewhere = REGISTER["sites"].with_columns(organisation=pl.lit("ALL-1"))
    put_records(ledger, {"sites": elsewhere}, filed_at=NOW)
    judged.clear()
    given_back = filing_now.begin(signed, now=NOW)
    assert judged[0] == "rows"
    assert given_back.state == Draft.State.OPEN, "the site is another firm's by now"
    assert entries(ledger) == 0


def test_a_log_that_moves_has_a_correction_compared_again(people: People, judged: list[str]) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1")))
    signed = people.signed(people.draft(origin("O-1", "L-1", mass_kg="120"), corrects=first.entry))
    people.filed(people.draft(origin("O-2", "L-2")))
    judged.clear()
    assert filing_now.begin(signed, now=NOW).state == Draft.State.FILED
    assert judged == ["rows", "rows", "ledger"], "as a month, and as what differs from it"


def test_a_change_after_asking_takes_the_question_back(people: People) -> None:
    draft = people.draft(origin("O-1", "L-1"))
    asked = certify.ask(people.filer, draft, seen=draft.revision, now=NOW)
    statement = certify.statement(asked) or ""
    assert Notice.objects.filter(organisation=FIRM, role="certifier").count() == 1
    changed = drafts.set_cells(people.filer, asked, [cell(asked, 2, "mass_kg", "101")], seen=asked.revision, now=NOW)
    assert changed.state == Draft.State.OPEN
    signature = Certification.by_password(certifier=people.certifier.pseudonym)
    with pytest.raises(drafts.StaleDraftError):
        certify.certify(people.certifier, asked, signature, signed=statement, seen=asked.revision, now=NOW)
    checked = draft_check.begin(changed, now=NOW)
    asked = certify.ask(people.filer, checked, seen=checked.revision, now=NOW)
    with pytest.raises(drafts.StaleDraftError):
        certify.certify(people.certifier, asked, signature, signed=statement, seen=asked.revision, now=NOW)


def test_nobody_signs_what_was_not_asked_for_or_would_be_refused(people: People) -> None:
    good, bad = people.draft(origin("O-1", "L-1")), people.draft(origin("O-2", "L-2", composition=OVER))
    signature = Certification.by_password(certifier=people.certifier.pseudonym)
    with pytest.raises(certify.CertifyError):
        certify.ask(people.filer, bad, seen=bad.revision, now=NOW)
    with pytest.raises(certify.CertifyError):
        certify.certify(
            people.certifier, good, signature, signed=certify.statement(good) or "", seen=good.revision, now=NOW
        )


def test_pressing_twice_files_once(ledger: Store, people: People) -> None:
    draft = people.signed(people.draft(origin("O-1", "L-1")))
    signature = Certification.by_password(certifier=people.certifier.pseudonym)
    again = certify.certify(
        people.certifier, draft, signature, signed=certify.statement(draft) or "", seen=draft.revision, now=NOW
    )
    first, second = filing_now.begin(draft, now=NOW), filing_now.begin(again, now=NOW)
    assert (first.state, first.entry) == (second.state, second.entry) == ("filed", 1)
    assert entries(ledger) == 1
    with pytest.raises(drafts.ClosedDraftError):
        drafts.set_cells(people.filer, first, [], seen=first.revision, now=NOW)


def test_an_entry_and_its_draft_stand_together_or_not_at_all(
    ledger: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = people.signed(people.draft(origin("O-1", "L-1")))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(filing_now, "_mark", killed)
        with pytest.raises(KeyboardInterrupt):
            filing_now.begin(draft, now=NOW)
    assert entries(ledger) == 0
    draft.refresh_from_db()
    assert draft.state == Draft.State.FILING
    # The request is gone; the job that stands behind it does the work.
    Job.objects.update(run_after=NOW - timedelta(days=400))
    assert work.work_once("machine:1:aaaa")
    draft.refresh_from_db()
    # What is short is done beside it: the log may hold an anchor of the audit as well.
    assert (draft.state, entries(ledger)) == ("filed", 1)
    assert draft.entry is not None
    filed = ledger.entry(draft.entry)
    assert filed is not None and filed.kind == "filing"


@pytest.mark.ci
def test_a_worker_that_is_killed_while_it_files_is_followed_by_one_that_files_once(
    ledger: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = people.signed(people.draft(*(origin(f"O-{n}", f"L-{n}") for n in range(8_000))))
    monkeypatch.setattr(filing_now, "is_small", lambda draft: False)
    filing_now.begin(draft, now=NOW - timedelta(days=400))
    environment = os.environ | {"LODELINE_DATABASE": ledger.database.url}
    command = [sys.executable, "-m", "lodeline.office.worker"]
    first = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 30
    while Job.objects.get(kind="draft.file").state == "waiting":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.2)
    first.kill()
    first.wait()
    second = subprocess.Popen(command, env=environment)
    try:
        while Job.objects.get(kind="draft.file").state != "done":
            assert time.monotonic() < deadline + 60
            time.sleep(0.05)
    finally:
        second.terminate()
        second.wait()
    draft.refresh_from_db()
    # What is short is done beside it: the log may hold an anchor of the audit as well.
    assert (draft.state, entries(ledger)) == ("filed", 1)
    assert draft.entry is not None
    filed = ledger.entry(draft.entry)
    assert filed is not None and filed.kind == "filing"


def test_where_a_second_person_is_wanted_the_maker_cannot_sign(ledger: Store, people: People) -> None:
    _, both = person("both", "filer", "certifier")
    alone = People(filer=both, certifier=both)
    assert alone.filed(alone.draft(origin("O-1", "L-1"))).entry == 1
    OrganisationSettings.objects.create(organisation=FIRM, second_person=True)
    with pytest.raises(certify.CertifyError):
        alone.signed(alone.draft(origin("O-2", "L-2")))
    assert people.filed(people.draft(origin("O-3", "L-3"))).entry == 2


def test_the_good_events_go_now_and_every_row_is_in_one_of_the_two(ledger: Store, people: People) -> None:
    draft = people.draft(
        origin("O-1", "L-1"), origin("O-2", "L-2", composition=OVER), shipment("S-2", "L-2", "10"), origin("O-3", "L-3")
    )
    before = content_of(draft).table.frame["event"].to_list()
    kept, rest = drafts.split(people.filer, draft, {"O-1", "O-3"}, seen=draft.revision, now=NOW, law=LAW, keep=True)
    parts = [content_of(one).table.frame["event"].to_list() for one in (kept, rest)]
    assert parts == [["O-1", "O-3"], ["O-2", "S-2"]]
    assert sorted(before) == sorted(parts[0] + parts[1])
    assert people.filed(draft_check.begin(kept, now=NOW)).entry == 1
    rest = draft_check.begin(rest, now=NOW)
    assert ("composition.over-100", 3) in problems(rest)
    mended = drafts.set_cells(
        people.filer, rest, [cell(rest, 3, "composition", "Nd=24.1")], seen=rest.revision, now=NOW
    )
    assert people.filed(draft_check.begin(mended, now=NOW)).entry == 2
    assert entries(ledger) == 2


def test_events_of_another_month_become_its_filing(people: People) -> None:
    draft = people.draft(origin("O-1", "L-1"), origin("O-2", "L-2", day="2025-12-30"))
    assert json.loads(draft.summary)["other_months"] == {"2025-12": 1}
    kept, other = drafts.split(people.filer, draft, {"O-2"}, seen=draft.revision, now=NOW, law=LAW, period="2025-12")
    kept, other = (draft_check.begin(one, now=NOW) for one in (kept, other))
    assert (kept.period, kept.accepted, other.period, other.accepted) == (MONTH, True, "2025-12", True)
    assert ("period.late", None) in problems(other)


def test_what_is_tried_in_the_sandbox_is_judged_by_the_own_books(ledger: Store, people: People) -> None:
    """L-1 is really held: to try its shipment is as good as to file it, and too much of it is asked about."""
    people.filed(people.draft(origin("O-1", "L-1")))
    size = ledger.head().size
    tried = people.draft(shipment("S-1", "L-1", "40"), sandbox=True)
    assert tried.accepted, tried.problems
    filed = people.filed(tried)
    assert entries(sandbox.sandbox(FIRM, now=NOW)) == 1 and filed.entry is not None
    much = people.draft(shipment("S-2", "L-1", "900"), sandbox=True)
    assert not much.accepted and "mass.exceeds-holding" in much.problems
    unknown = people.draft(shipment("S-3", "L-9", "1"), sandbox=True)
    assert not unknown.accepted and "lot.unknown" in unknown.problems
    assert ledger.head().size == size, "nothing of it entered the ledger"


def test_a_month_filed_again_is_one_correction_of_what_differs(ledger: Store, people: People) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1"), origin("O-2", "L-2"), origin("O-3", "L-3")))
    again = people.draft(
        origin("O-1", "L-1"), origin("O-2", "L-2", mass_kg="120"), origin("O-4", "L-4"), corrects=first.entry
    )
    compared = json.loads(again.summary)["comparison"]
    assert compared["counts"] == {"unchanged": 1, "changed": 1, "new": 1, "missing": 1}
    assert compared["missing"] == ["O-3"]
    dry = next(one for one in compared["masses"] if one["element"] is None)
    assert (dry["before_mg"], dry["after_mg"]) == (300_000_000, 420_000_000)
    entry = people.filed(again).entry
    assert entry is not None
    stored = ledger.entry(entry)
    assert stored is not None
    assert filed_cells(ledger, stored, 0, 100)["event"].to_list() == ["O-2", "O-4"]
    assert set(rows_at(ledger, FIRM, MONTH, entry)["event"]) == {"O-1", "O-2", "O-3", "O-4"}
    assert filings.difference(ledger, stored).of("changed") == ["O-2"]
    listed = filings.filings(people.filer, ledger, FIRM)
    assert [(one.entry, one.corrects, one.restated) for one in listed] == [(2, 1, 0), (1, None, 1)]


def test_a_correction_begins_with_the_month_as_it_stands(ledger: Store, people: People) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1"), origin("O-2", "L-2")))
    second = people.filed(people.draft(origin("O-1", "L-1"), origin("O-2", "L-2", mass_kg="120"), corrects=first.entry))
    begun = beginning.begin(
        people.filer, drafts.start(people.filer, FIRM, MONTH, law=LAW, now=NOW, corrects=second.entry), now=NOW
    )
    begun = draft_check.begin(begun, now=NOW)
    assert (begun.rows, begun.accepted) == (2, False), "nothing differs yet"
    assert json.loads(begun.summary)["comparison"]["counts"] == {"unchanged": 2, "changed": 0, "new": 0, "missing": 0}
    changed = drafts.set_cells(people.filer, begun, [cell(begun, 3, "mass_kg", "130")], seen=begun.revision, now=NOW)
    changed = draft_check.begin(changed, now=NOW)
    assert changed.accepted
    assert json.loads(changed.summary)["comparison"]["counts"]["changed"] == 1


def test_what_a_file_leaves_out_is_withdrawn_only_when_chosen(ledger: Store, people: People) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1"), origin("O-2", "L-2")))
    same = people.draft(origin("O-1", "L-1"), corrects=first.entry)
    assert not same.accepted
    assert problems(same) == []
    chosen = drafts.set_voided(people.filer, same, '["O-2"]', seen=same.revision, now=NOW)
    entry = people.filed(draft_check.begin(chosen, now=NOW)).entry
    assert entry is not None
    assert rows_at(ledger, FIRM, MONTH, entry)["event"].to_list() == ["O-1"]


def test_a_correction_names_a_filing_of_ones_own_and_of_the_month(people: People) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1")))
    with pytest.raises(drafts.DraftError):
        drafts.start(people.filer, FIRM, "2025-12", law=LAW, now=NOW, corrects=first.entry)
    _, stranger = person("stranger", "filer", organisation="ALL-1")
    with pytest.raises(drafts.DraftError):
        drafts.start(stranger, "ALL-1", MONTH, law=LAW, now=NOW, corrects=first.entry)


def test_a_sandbox_is_a_ledger_of_its_own(ledger: Store, people: People) -> None:
    tried = people.filed(people.draft(origin("O-1", "L-1"), sandbox=True))
    assert tried.entry == 1
    assert entries(ledger) == 0
    store = sandbox.sandbox(FIRM, now=NOW)
    proof = receipt(store, 1)
    assert proof is not None
    assert verify_receipt(proof) == []
    assert verify_receipt(proof, vkey=ledger.signer.verifier.vkey) != []
    assert Notice.objects.count() == 0
    sandbox.empty(people.filer, FIRM, now=NOW)
    assert entries(sandbox.sandbox(FIRM, now=NOW)) == 0
    assert Draft.objects.get(pk=tried.pk).state == Draft.State.DROPPED


def test_a_large_draft_is_checked_and_filed_by_a_worker(
    ledger: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_check, "SMALL_BYTES", 10)
    draft = people.draft(origin("O-1", "L-1"))
    assert (draft.state, draft.checked_revision) == ("checking", -1)
    changed = drafts.set_cells(people.filer, draft, [cell(draft, 2, "mass_kg", "7")], seen=draft.revision, now=NOW)
    draft_check.begin(changed, now=NOW)
    Job.objects.update(run_after=NOW - timedelta(days=400))
    while work.work_once("machine:1:aaaa"):
        pass
    changed.refresh_from_db()
    assert (changed.state, changed.accepted, changed.checked_revision) == ("open", True, changed.revision)
    signed = people.signed(changed)
    assert filing_now.begin(signed, now=NOW).state == Draft.State.FILING
    Job.objects.update(run_after=NOW - timedelta(days=400))
    assert work.work_once("machine:1:aaaa")
    signed.refresh_from_db()
    assert (signed.state, entries(ledger)) == ("filed", 1)


def test_a_large_draft_is_divided_by_a_worker(ledger: Store, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = people.draft(origin("O-1", "L-1"), origin("O-2", "L-2", composition=OVER))
    monkeypatch.setattr(draft_check, "SMALL_BYTES", 10)
    begun = dividing.begin(people.filer, draft, seen=draft.revision, now=NOW)
    assert begun.state == "checking"
    assert dividing.begin(people.filer, begun, seen=begun.revision, now=NOW).state == "checking", "pressed twice"
    Job.objects.update(run_after=NOW - timedelta(days=400))
    while work.work_once("machine:1:aaaa"):
        Job.objects.update(run_after=NOW - timedelta(days=400))
    good, rest = Draft.objects.order_by("id")
    parts = [content_of(one).table.frame["event"].to_list() for one in (good, rest)]
    assert parts == [["O-1"], ["O-2"]]
    assert (good.state, good.accepted, rest.state, rest.accepted) == ("open", True, "open", False)
    assert entries(ledger) == 0, "to divide files nothing"


def test_what_cannot_be_divided_is_as_it_was(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = people.draft(origin("O-2", "L-2", composition=OVER))
    monkeypatch.setattr(draft_check, "SMALL_BYTES", 10)
    dividing.begin(people.filer, draft, seen=draft.revision, now=NOW)
    Job.objects.update(run_after=NOW - timedelta(days=400))
    while work.work_once("machine:1:aaaa"):
        pass
    (left,) = Draft.objects.all()
    assert (left.state, left.accepted, left.revision) == ("open", False, draft.revision)


def test_a_correction_is_filed_whole(people: People) -> None:
    first = people.filed(people.draft(origin("O-1", "L-1")))
    correction = people.draft(origin("O-1", "L-1", composition=OVER), origin("O-9", "L-9"), corrects=first.entry)
    with pytest.raises(DraftError, match="filed whole"):
        dividing.begin(people.filer, correction, seen=correction.revision, now=NOW)


def test_a_check_that_comes_too_late_says_nothing(people: People) -> None:
    draft = people.draft(origin("O-1", "L-1", composition=OVER))
    older = Draft.objects.get(pk=draft.pk)
    newer = drafts.set_cells(people.filer, draft, [cell(draft, 2, "composition", "Nd=1")], seen=draft.revision, now=NOW)
    newer = draft_check.begin(newer, now=NOW)
    assert newer.accepted
    assert draft_check.check_now(older, now=NOW).accepted
    assert Draft.objects.get(pk=draft.pk).checked_revision == newer.revision


def test_what_the_ledger_refuses_at_the_last_moment_goes_back_to_the_filer(ledger: Store, people: People) -> None:
    first, second = people.draft(origin("O-1", "L-1")), people.draft(origin("O-1", "L-1", mass_kg="5"))
    signed = [people.signed(one) for one in (first, second)]
    assert filing_now.begin(signed[0], now=NOW).state == Draft.State.FILED
    back = filing_now.begin(signed[1], now=NOW)
    assert (back.state, back.accepted, back.certification) == ("open", False, "")
    assert problems(back)[0][0] == "event.exists-with-other-content"
    assert entries(ledger) == 1


def test_the_moment_of_signing_is_the_moment_of_filing(ledger: Store, people: People) -> None:
    draft = people.signed(people.draft(origin("O-1", "L-1")))
    filed = filing_now.file(draft, now=NOW + timedelta(days=30))
    entry = ledger.entry(filed.entry or 0)
    assert entry is not None
    assert entry.filed_at == "2026-02-05T01:00:00Z"
    assert entry.flags == []


def test_own_columns_are_read_by_the_profile_that_fits(people: People) -> None:
    own = (
        "Vorgang;Was;Datum;Werk;Charge;Produkt;Menge t;Analyse;Quelle;Land\n"
        "O-1;origin;05.01.2026;MAG-1-A;L-1;scrap-eol;0,5;Nd=24;secondary;CN\n"
    )
    file = drafts.FileIn(name="sap.csv", content=own.encode())
    draft = drafts.start(people.filer, FIRM, MONTH, law=LAW, now=NOW)
    draft = drafts.add_files(people.filer, draft, [file], seen=draft.revision, now=NOW)
    draft = draft_check.begin(draft, now=NOW)
    assert not draft.accepted
    assert profiles.fitting_profile(draft) is None
    named = zip(
        ("Vorgang", "Was", "Datum", "Werk", "Charge", "Produkt", "Menge t", "Analyse", "Quelle", "Land"),
        ("event", "kind", "on", "site", "lot", "product", "mass_t", "composition", "origin_kind", "origin_place"),
        strict=True,
    )
    mapping = Profile(columns=dict(named), date_order="dmy", decimals="comma")
    kept = profiles.save(people.filer, FIRM, "SAP", mapping, now=NOW)
    assert profiles.fitting_profile(draft) == kept
    draft = drafts.set_profile(people.filer, draft, kept, seen=draft.revision, now=NOW)
    draft = draft_check.begin(draft, now=NOW)
    assert (draft.accepted, problems(draft)) == (True, [])
    other = people.draft(origin("O-2", "L-2"))
    assert profiles.fitting_profile(other) is None


def test_a_dropped_draft_keeps_nothing_of_its_content(people: People) -> None:
    draft = people.draft(origin("O-1", "L-1", composition=OVER))
    drafts.drop(people.filer, draft, seen=draft.revision, now=NOW)
    dropped = Draft.objects.get(pk=draft.pk)
    assert (dropped.state, dropped.files.count(), dropped.edits.count(), dropped.problems) == ("dropped", 0, 0, "[]")
    with pytest.raises(drafts.ClosedDraftError):
        drafts.add_files(people.filer, dropped, [file_of()], seen=dropped.revision, now=NOW)


def test_files_are_bounded_and_the_same_file_is_one(people: People) -> None:
    draft = drafts.start(people.filer, FIRM, MONTH, law=LAW, now=NOW)
    file = file_of(origin("O-1", "L-1"))
    draft = drafts.add_files(people.filer, draft, [file, file], seen=draft.revision, now=NOW)
    draft = drafts.add_files(people.filer, draft, [file], seen=draft.revision, now=NOW)
    assert draft.files.count() == 1
    with override_settings(LODELINE_FILING_BYTES=10), pytest.raises(drafts.DraftError):
        drafts.add_files(people.filer, draft, [file_of(name="b.csv")], seen=draft.revision, now=NOW)
    with pytest.raises(drafts.DraftError):
        many = [file_of(name=f"{n}.csv") for n in range(drafts.FILES_LIMIT + 1)]
        drafts.add_files(people.filer, draft, many, seen=draft.revision, now=NOW)
    assert draft.files.count() == 1


def test_what_is_no_filing_is_said_and_nothing_breaks(people: People) -> None:
    for name, content in (
        ("scan.pdf", b"%PDF-1.7"), ("empty.csv", b""), ("broken.xlsx", b"PK\x03\x04 not a workbook"),
        ("../../etc/passwd.csv", b"\x00\xff\xfe"), ("list.json", b"[1, 2"),
    ):  # fmt: skip
        draft = drafts.start(people.filer, FIRM, MONTH, law=LAW, now=NOW)
        file = drafts.FileIn(name=name, content=content)
        draft = drafts.add_files(people.filer, draft, [file], seen=draft.revision, now=NOW)
        draft = draft_check.begin(draft, now=NOW)
        assert not draft.accepted, name
        assert problems(draft), name
        assert "/" not in draft.files.get().name


def test_a_certificate_is_registered_once_and_withdrawn(people: People) -> None:
    with pytest.raises(certify.CertifyError):
        certify.add_certificate(people.certifier, FIRM, b"no certificate", now=NOW)
    assert certify.certificates(people.certifier) == []
    assert jobs.active("nothing") is None


def test_whoever_filed_and_whoever_certified_get_the_receipt_by_mail_once(
    ledger: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(name="Certifier").update(language="zh")
    sending = override_settings(
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend", LODELINE_SENDS_MAIL=True,
        LODELINE_HOSTS=["portal.example"],
    )  # fmt: skip
    monkeypatch.setattr("lodeline.office.access.clock.now", lambda: NOW)
    mail.outbox = []
    with sending:
        draft = people.filed(people.draft(origin("O-1", "L-1")))
        assert mail.outbox == []
        payload = json.loads(Job.objects.get(kind="draft.receipt").payload)
        for _ in range(2):
            receipt_mail.receipt_job(payload, None)
        english, chinese = sorted(mail.outbox, key=lambda one: one.to, reverse=True)
        assert (english.to, chinese.to) == (["filer@example.com"], ["certifier@example.com"])
        entry = ledger.entry(1)
        assert entry is not None and draft.entry == 1
        for message, language in ((english, "en"), (chinese, "zh")):
            assert entry.leaf_hash in message.body
            assert f"https://portal.example/{language}/firm/{FIRM}/filings/1/" in message.body
            assert "January" not in message.body and "2026-01" not in message.body
        # Who wants no mail gets none; what was tried is no receipt; without a mail server there is no job.
        User.objects.update(wants_mail=False)
        people.filed(people.draft(origin("O-2", "L-2")))
        people.filed(people.draft(origin("O-3", "L-3"), sandbox=True))
        payload = json.loads(Job.objects.filter(kind="draft.receipt").latest("id").payload)
        assert receipt_mail.receipt_job(payload, None) == {"sent": 0}
    people.filed(people.draft(origin("O-4", "L-4")))
    assert (Job.objects.filter(kind="draft.receipt").count(), len(mail.outbox)) == (2, 2)
