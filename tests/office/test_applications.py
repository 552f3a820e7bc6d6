"""Applications for licences: drafted, handed in whole, queried and answered, decided by two, bound by the log."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from tests.office.conftest import of_firm

from lodeline.journal.verify import verify_receipt
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.findings.files import attached
from lodeline.office.licences import application_review as review
from lodeline.office.licences import application_views
from lodeline.office.licences import applications as office
from lodeline.office.licences.application_documents import open_document
from lodeline.office.licences.application_review import Proposal
from lodeline.office.licences.application_steps import ApplicationError, ApplicationMovedError, NotReadyError
from lodeline.office.models import Application, ApplicationDocument, ApplicationStep, AuditRecord, Notice, User
from lodeline.regulation.parameter import load
from lodeline.service.entries.receipts import receipt
from lodeline.service.log.audit import verify
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

LAW = load("cn")
NOW = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)
FIRM = "MAG-1"
FILER, OTHER = of_firm(FIRM, "filer"), of_firm("ALL-1", "filer")
PDF = b"%PDF-1.4\nsecret drawing of a rotor\n"
CONTENT: dict[str, Any] = {
    "kind": "individual", "contract": "C-2026-17", "end_users": "Muster Antriebe GmbH", "valid_from": "2026-03-01",
    "valid_to": "2027-02-28", "statement": "Servo motors.", "currency": "CNY", "consignee_name": "Muster Antriebe GmbH",
    "destination": "DE", "end_user_country": "DE", "end_use": "servo motors",
    "goods": [
        {
            "product_name": "NdFeB magnets", "product": "magnet-ndfeb", "hs_code": "8505111000", "value": "96000",
            "control_item": "1C905.a.4", "composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "mass_kg": "1200",
        }
    ],
}  # fmt: skip


def officer(name: str, *, region: str = "") -> Actor:
    """A licensing officer with an account."""
    user, _ = User.objects.get_or_create(email=f"{name}@authority.example", defaults={"name": name, "joined_at": NOW})
    standing = RoleGrant(organisation="", role="licensing-officer", region=region)
    return Actor(user=user.pk, name=name, pseudonym=user.pseudonym, standings=(standing,))


def drafted(store: Store, **changes: Any) -> Application:
    """A draft with all its documents."""
    made = office.begin(FILER, FIRM, now=NOW)
    office.save(FILER, made, {**CONTENT, **changes}, now=NOW)
    for kind in ("applicant", "contract", "technical", "end-use"):
        office.attach(FILER, store, made, kind, attached([(f"{kind}.pdf", PDF)]))
    return made


def handed_in(store: Store) -> Application:
    return office.submit(FILER, store, drafted(store), LAW, now=NOW)


def granted(store: Store, **changes: Any) -> Application:
    one = office.submit(FILER, store, drafted(store, **changes), LAW, now=NOW)
    first, second = officer("first"), officer("second")
    one = review.take(first, store, one, seen=1, now=NOW)
    one = review.propose(first, store, one, Proposal(grant=True, text="In order."), LAW, seen=2, now=NOW)
    return review.decide(second, store, one, LAW, seen=3, now=NOW)


def test_from_draft_to_licence(store: Store) -> None:
    one = granted(store)
    assert one.state == "granted" and one.licence == f"XK-2026-{one.pk:05d}"
    licence = store.register(store.head()).licences[one.licence]
    assert (licence.exporter, licence.mass_mg, licence.valid_to) == (FIRM, 1_200_000_000, date(2027, 2, 28))
    kinds = [step.kind for step, _ in application_views.steps_of(one, disclosed_only=False)]
    assert kinds == ["submitted", "taken", "proposed", "granted"]
    assert [step.kind for step, _ in application_views.steps_of(one, disclosed_only=True)] == ["submitted", "granted"]
    assert Notice.objects.filter(organisation=FIRM, kind="application-decided").count() == 1
    assert verify(store).faults == ()


def test_every_step_opens_with_its_receipt(store: Store) -> None:
    one = granted(store)
    for step, _ in application_views.steps_of(one, disclosed_only=False):
        proof = receipt(store, step.entry, content=step.content.encode())
        assert proof is not None
        assert verify_receipt(proof, upload=step.content.encode()) == []
        forged = step.content.replace('"number":', '"number" :').encode()
        assert [fault.what for fault in verify_receipt(proof, upload=forged)] == ["upload.changed"]
    envelope = json.loads(store.entry(step.entry).envelope)  # type: ignore[union-attr]
    assert FIRM not in json.dumps(envelope), "the log does not say who applies"


def test_a_draft_that_lacks_something_is_not_handed_in_and_loses_nothing(store: Store) -> None:
    made = office.begin(FILER, FIRM, now=NOW)
    office.save(FILER, made, {**CONTENT, "destination": "", "valid_to": "2028-02-28"}, now=NOW)
    size = store.head().size
    with pytest.raises(NotReadyError) as refused:
        office.submit(FILER, store, made, LAW, now=NOW)
    found = {(one.code, one.where.column) for one in refused.value.problems}
    assert ("application.cell-missing", "destination") in found
    assert ("grant.term-too-long", "valid_to") in found
    assert ("application.document-missing", "document-contract") in found
    again = Application.objects.get(pk=made.pk)
    assert again.state == "draft" and json.loads(again.content)["contract"] == "C-2026-17"
    assert store.head().size == size


def test_what_was_handed_in_stands(store: Store) -> None:
    one = handed_in(store)
    with pytest.raises(ApplicationError):
        office.save(FILER, one, {**CONTENT, "contract": "other"}, now=NOW)
    with pytest.raises(ApplicationError):
        office.detach(FILER, one, one.documents.first().pk)  # type: ignore[union-attr]
    with pytest.raises(ApplicationError):
        office.submit(FILER, store, one, LAW, now=NOW)
    step = ApplicationStep.objects.get(application=one)
    with pytest.raises(DatabaseError), store.database.transaction():
        ApplicationStep.objects.filter(pk=step.pk).update(content="{}")


def test_the_clock_stands_while_a_query_is_open(store: Store) -> None:
    one = handed_in(store)
    first = officer("first")
    one = review.take(first, store, one, seen=1, now=NOW)
    one = review.query(first, store, one, text="Which machine?", until=date(2026, 2, 20), seen=2, now=NOW)
    assert application_views.clock_of(one, LAW, today=date(2026, 3, 2)).status == "stopped"
    assert Notice.objects.filter(organisation=FIRM, kind="application-queried").count() == 1
    assert office.remind(date(2026, 2, 21), NOW) == 1 and office.remind(date(2026, 2, 22), NOW) == 0
    with pytest.raises(ApplicationError):
        review.propose(first, store, one, Proposal(grant=True, text="Yes."), LAW, seen=3, now=NOW)
    later = NOW + timedelta(days=25)
    one = office.answer(FILER, store, one, text="A packer.", files=attached([("a.pdf", PDF)]), now=later)
    assert one.state == "submitted"
    running = application_views.clock_of(one, LAW, today=date(2026, 3, 2))
    assert running.status == "running" and running.used == 0


def test_who_proposes_does_not_decide(store: Store) -> None:
    one = handed_in(store)
    first, second = officer("first"), officer("second")
    with pytest.raises(NotAllowedError):
        review.propose(first, store, one, Proposal(grant=True, text="Yes."), LAW, seen=1, now=NOW)
    one = review.take(first, store, one, seen=1, now=NOW)
    one = review.propose(first, store, one, Proposal(grant=False, text="No end user."), LAW, seen=2, now=NOW)
    with pytest.raises(ApplicationError):
        review.decide(first, store, one, LAW, seen=3, now=NOW)
    with pytest.raises(ApplicationError):
        review.send_back(first, store, one, text="Hm.", seen=3, now=NOW)
    one = review.send_back(second, store, one, text="Ask them first.", seen=3, now=NOW)
    assert one.state == "submitted" and one.proposal == ""
    one = review.propose(first, store, one, Proposal(grant=False, text="They did not say."), LAW, seen=4, now=NOW)
    one = review.decide(second, store, one, LAW, seen=5, now=NOW)
    assert one.state == "refused" and one.licence == "" and not store.register(store.head()).licences


def test_whoever_was_slower_looks_again(store: Store) -> None:
    one = handed_in(store)
    first = officer("first")
    review.take(first, store, one, seen=1, now=NOW)
    with pytest.raises(ApplicationMovedError):
        review.query(first, store, one, text="Which machine?", until=None, seen=1, now=NOW)


def test_documents_are_sealed_and_only_who_may_opens_them(store: Store) -> None:
    one = handed_in(store)
    document = one.documents.get(kind="technical")
    assert b"rotor" not in bytes(document.sealed)
    assert open_document(FILER, store, one, document.pk) == ("technical.pdf", PDF)
    first = officer("first")
    for nobody in (first, OTHER, officer("second")):
        with pytest.raises(NotAllowedError):
            open_document(nobody, store, one, document.pk)
    one = review.take(first, store, one, seen=1, now=NOW)
    assert open_document(first, store, one, document.pk)[1] == PDF
    assert AuditRecord.objects.filter(what="application.document").count() == 2
    other = handed_in(store)
    exchanged = ApplicationDocument.objects.filter(pk=other.documents.get(kind="technical").pk)
    own = exchanged.get().sealed
    exchanged.update(sealed=document.sealed)
    with pytest.raises(ValueError, match="sealed for this application"):
        open_document(FILER, store, other, exchanged.get().pk)
    exchanged.update(sealed=own)


def test_nobody_reads_or_acts_for_another_firm(store: Store) -> None:
    one = handed_in(store)
    with pytest.raises(ApplicationError):
        application_views.own_application(OTHER, "ALL-1", one.reference)
    with pytest.raises(NotAllowedError):
        application_views.own_application(OTHER, FIRM, one.reference)
    with pytest.raises(NotAllowedError):
        office.withdraw(OTHER, store, one, text="Ours now.", now=NOW)
    with pytest.raises(NotAllowedError):
        review.take(FILER, store, one, seen=1, now=NOW)
    with pytest.raises(NotAllowedError):
        office.begin(of_firm(FIRM, "certifier"), FIRM, now=NOW)
    away = officer("away", region="somewhere else")
    assert application_views.submitted(away) == []
    with pytest.raises(NotAllowedError):
        review.take(away, store, one, seen=1, now=NOW)


def test_a_draft_is_nobodys_but_its_firms(store: Store) -> None:
    made = drafted(store)
    assert application_views.submitted(officer("first")) == []
    with pytest.raises(ApplicationError):
        application_views.submitted_one(officer("first"), made.reference)
    office.drop(FILER, made)
    assert not Application.objects.exists() and not ApplicationDocument.objects.exists()


def test_a_renewal_begins_with_what_was_said_before(store: Store) -> None:
    before = granted(store)
    made = office.begin(FILER, FIRM, relation="renewal", of_licence=before.licence, now=NOW)
    assert json.loads(made.content)["contract"] == "C-2026-17" and not made.documents.exists()
    with pytest.raises(ApplicationError):
        office.begin(FILER, FIRM, relation="renewal", of_licence="XK-0", now=NOW)


def test_an_amendment_ends_the_licence_that_it_amends(store: Store) -> None:
    before = granted(store)
    made = office.begin(FILER, FIRM, relation="amendment", of_licence=before.licence, now=NOW)
    office.save(FILER, made, {**CONTENT, "contract": "C-2026-17 as amended", "valid_from": "2026-04-01"}, now=NOW)
    for kind in ("applicant", "contract", "technical", "end-use"):
        office.attach(FILER, store, made, kind, attached([(f"{kind}.pdf", PDF)]))
    one = office.submit(FILER, store, made, LAW, now=NOW)
    assert application_views.clock_of(one, LAW, today=date(2026, 2, 10)).limit == 20
    first, second = officer("first"), officer("second")
    one = review.take(first, store, one, seen=1, now=NOW)
    one = review.propose(first, store, one, Proposal(grant=True, text="As asked."), LAW, seen=2, now=NOW)
    one = review.decide(second, store, one, LAW, seen=3, now=NOW)
    standing = store.register(store.head()).licences
    assert standing[before.licence].standing(date(2026, 3, 31)) == "granted"
    assert standing[before.licence].standing(date(2026, 4, 1)) == "revoked"
    assert standing[one.licence].standing(date(2026, 4, 1)) == "granted"


def test_another_end_user_is_no_amendment(store: Store) -> None:
    before = granted(store)
    made = office.begin(FILER, FIRM, relation="amendment", of_licence=before.licence, now=NOW)
    office.save(FILER, made, {**CONTENT, "end_users": "Andere GmbH"}, now=NOW)
    codes = [one.code for one in office.problems_of(store, made, LAW, today=NOW.date())]
    assert "application.new-needed" in codes


def test_a_grant_that_cannot_be_leaves_nothing_half_done(store: Store) -> None:
    one = handed_in(store)
    first = officer("first")
    one = review.take(first, store, one, seen=1, now=NOW)
    size = store.head().size
    wrong = Proposal(grant=True, text="For long.", valid_to=date(2030, 1, 1))
    with pytest.raises(NotReadyError):
        review.propose(first, store, one, wrong, LAW, seen=2, now=NOW)
    assert store.head().size == size and Application.objects.get(pk=one.pk).state == "submitted"


def test_what_was_licensed_is_reported_on(store: Store) -> None:
    one = granted(store)
    one = office.report(FILER, store, one, what="arrival", text="Arrived on 9 March.", now=NOW)
    (step, content) = application_views.steps_of(one, disclosed_only=True)[-1]
    assert (step.kind, content["what"], one.state) == ("reported", "arrival", "granted")
    with pytest.raises(ApplicationError):
        office.withdraw(FILER, store, one, text="Too late.", now=NOW)


JAPAN = {"destination": "JP", "end_user_country": "JP"}


def watched(store: Store, *papers: str, **changes: Any) -> Application:
    """A draft for a party of the watch list, with these papers beside the usual ones."""
    made = drafted(store, end_users="日東電工株式会社", consignee_name="日東電工株式会社", **JAPAN, **changes)
    for kind in papers:
        office.attach(FILER, store, made, kind, attached([(f"{kind}.pdf", PDF)]))
    return made


AFTER = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_watched_party_is_asked_for_with_its_papers_and_has_no_limit_of_time(store: Store) -> None:
    made = watched(store, "risk-report")
    with pytest.raises(NotReadyError) as error:
        office.submit(FILER, store, made, LAW, now=AFTER)
    assert {one.where.column for one in error.value.problems if one.code == "application.document-missing"} == {
        "document-written-promise"
    }
    office.attach(FILER, store, made, "written-promise", attached([("promise.pdf", PDF)]))
    made = office.submit(FILER, store, made, LAW, now=AFTER)
    assert made.on_watch_list
    clock = application_views.clock_of(made, LAW, today=date(2026, 6, 1))
    assert clock.status == "unlimited"
    assert LAW.parameters["watch-list"].values[0] in clock.law
    ann, ben = officer("ann"), officer("ben")
    made = review.take(ann, store, made, seen=1, now=AFTER)
    terms = Proposal(grant=True, text="Papers are complete.", valid_from=date(2026, 3, 10))
    made = review.propose(ann, store, made, terms, LAW, seen=2, now=AFTER)
    made = review.decide(ben, store, made, LAW, seen=3, now=AFTER)
    licence = store.register(store.head()).licences[made.licence]
    assert licence.papers == {"risk-report", "written-promise"}
    assert licence.standing(date(2026, 3, 11)) == "granted"


@pytest.mark.parametrize(
    ("name", "kind", "code", "severity"),
    [
        ("日東電工株式会社", "general", "application.general-barred", "reject"),
        ("三菱造船株式会社", "general", "application.general-barred", "reject"),
        ("三菱造船株式会社", "individual", "application.party-barred", "flag"),
        ("三菱電機株式会社", "general", None, ""),
    ],
)
def test_no_general_licence_is_had_for_whom_a_list_names(
    store: Store, name: str, kind: str, code: str | None, severity: str
) -> None:
    made = drafted(store, end_users=name, kind=kind, **JAPAN)
    found = office.problems_of(store, made, LAW, today=date(2026, 3, 2))
    said = [one for one in found if one.code in ("application.general-barred", "application.party-barred")]
    assert [(one.code, one.severity) for one in said] == ([(code, severity)] if code else [])
    before = office.problems_of(store, made, LAW, today=date(2026, 2, 23))
    assert not [one for one in before if one.code == "application.general-barred"]
