"""A person is erased on request, by two people: no trace of the name is left, and what was filed proves itself."""

from __future__ import annotations

import base64
import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.office.filing_office import FIRM, LAW, MONTH, NOW, file_of, make_office, origin, person
from tests.stores import new_database

from lodeline.journal import verify
from lodeline.journal.certification import Certification
from lodeline.office.access import papers
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, NotAllowedError, actor_of
from lodeline.office.access.sealing import opened_text, seal_text
from lodeline.office.accounts import erasure, holds
from lodeline.office.accounts.erasure import Obstacle
from lodeline.office.accounts.invitations import accept_new, invite
from lodeline.office.accounts.key_standing import registration_of
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.office.accounts.sweeping import sweep_job
from lodeline.office.filing import certify, draft_check, drafts, filing_now
from lodeline.office.jobs import jobs
from lodeline.office.models import AuditRecord, Draft, ErasureRequest, Invitation, LegalHold, Membership, User
from lodeline.regulation.parameter import load
from lodeline.service.entries import receipts
from lodeline.service.log import audit
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

EACH = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)
#: Nobody else in the store is called so, in any script or case.
NAME, FAMILY, ADDRESS = "Zhao Qiaolan", "赵巧兰", "qiaolan.zhao@huaxin.example"
KEY = ec.derive_private_key(0x5EED, ec.SECP256R1())
TODAY = NOW.date()
LONG_AFTER = NOW + timedelta(days=6 * 366)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the register and the office's tables, in one file."""
    path = tmp_path_factory.mktemp("made") / "store.sqlite3"
    make_office(path)
    return path


@pytest.fixture
def url(request: pytest.FixtureRequest, made: Path, tmp_path: Path) -> str:
    """A copy of it; a test that says `EACH` has a PostgreSQL in turn."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return new_database(request.getfixturevalue("postgresql"))
    return str(shutil.copy(made, tmp_path / "store.sqlite3"))


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """The office of conftest; its log must be sound when the test is over, and its papers as they were acted upon."""
    yield store
    assert audit.verify(store).faults == ()
    assert list(papers.judge(store)) == []


def official(name: str, *roles: str) -> Actor:
    return person(name, *roles, organisation="")[1]


def invited() -> User:
    """The certifier of the firm, who came by an invitation."""
    admin = person("admin", "organisation-admin")[1]
    made = invite(admin, email=ADDRESS, name=NAME, organisation=FIRM, role="certifier", today=TODAY, now=NOW)
    return accept_new(
        made.token, name=f"{FAMILY} {NAME}", password="a long enough phrase", language="zh", today=TODAY, now=NOW
    )


def certificate() -> bytes:
    """It names its holder, as certificates do."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{FAMILY} {NAME}")])
    moment = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(moment)
        .not_valid_after(moment + timedelta(days=400))
        .sign(KEY, SHA256())
        .public_bytes(Encoding.PEM)
    )


def filed_by(certifier: User) -> Draft:
    """January, certified with the certificate."""
    filer, signs = person("filer", "filer")[1], actor_of(certifier, on=TODAY)
    certify.add_certificate(signs, FIRM, certificate(), now=NOW)
    draft = drafts.start(filer, FIRM, MONTH, law=LAW, now=NOW)
    draft = drafts.add_files(filer, draft, [file_of(origin("O-1", "L-1"))], seen=draft.revision, now=NOW)
    draft = certify.ask(filer, draft_check.begin(draft, now=NOW), seen=draft.revision, now=NOW)
    statement = certify.statement(draft)
    assert statement is not None
    (kept,) = certify.certificates(signs)
    made = Certification.by_certificate(
        certifier=certifier.pseudonym, certificate=kept.der, signature=KEY.sign(statement.encode(), ec.ECDSA(SHA256()))
    )
    held = certify.certify(signs, draft, made, signed=statement, seen=draft.revision, now=NOW)
    found = filing_now.begin(held, now=NOW)
    assert found.state == Draft.State.FILED, found.problems
    return found


def replaced(certifier: User) -> None:
    """Somebody else certifies for the firm from now on."""
    person("successor", "certifier")
    assert Membership.objects.filter(user=certifier, organisation=FIRM, role="certifier").exists()


def requested(user: User, said: str = "I have left.") -> ErasureRequest:
    return erasure.ask(actor_of(user, on=TODAY), ground="not-needed", reason=said, now=NOW)


def as_text(pem: bytes) -> list[str]:
    """The lines with the name in a certificate in base64, as JSON would hold it; its public key may stay."""
    lines = [line for line in pem.decode().splitlines() if not line.startswith("-")][1:3]
    assert b"Qiaolan" in base64.b64decode(lines[0]) and b"Qiaolan" in base64.b64decode(lines[1])
    return lines


def traces(store: Store, *needles: str) -> list[str]:
    """The tables that hold any of the texts, as text or as bytes of it; of SQLite the files too."""
    found = []
    database = store.database
    wanted = [needle.encode() for needle in needles] + [needle.encode().hex().encode() for needle in needles]
    for table in database.connection.introspection.table_names():
        for row in database.rows(f'SELECT * FROM "{table}"'):
            held = [bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode() for cell in row]
            if any(needle.lower() in cell.lower() for cell in held for needle in wanted):
                found.append(table)
    if database.path is not None:
        for file in sorted(database.path.parent.glob(database.path.name + "*")):
            content = file.read_bytes().lower()
            found += [file.name for needle in wanted if needle.lower() in content]
    return sorted(set(found))


@EACH
def test_nothing_is_left_of_the_name_and_all_that_was_filed_still_proves_itself(store: Store) -> None:
    person_ = invited()
    filing = filed_by(person_)
    replaced(person_)
    assert filing.entry is not None
    before = json.dumps(receipts.receipt(store, filing.entry))
    request = requested(person_, said=f"Please erase me, {NAME}.")
    assert "office_user" in traces(store, NAME, FAMILY, ADDRESS)
    # Nowhere in the log, erased or not: a log forgets nothing.
    assert not {"entry", "upload", "line", "record"} & set(
        traces(store, NAME, FAMILY, ADDRESS, *as_text(certificate()))
    )
    erasure.carry_out(
        official("zhou", "registrar"), request.pk, reason=f"{NAME} has left.", before_term=True, law=LAW, now=NOW
    )
    sweep_job({}, None)
    assert traces(store, NAME, FAMILY, ADDRESS, "qiaolan", *as_text(certificate())) == []
    gone = User.objects.get(pk=person_.pk)
    assert gone.pseudonym in gone.name and "erased person" in gone.name and "已删除人员" in gone.name
    assert actor_of(gone, on=TODAY).standings == () and not gone.has_usable_password()
    receipt = json.dumps(receipts.receipt(store, filing.entry))
    assert verify.verify_receipt(receipt, store.signer.verifier.vkey) == []
    assert verify.verify_receipt(before, store.signer.verifier.vkey) == []
    said = verify.certified_by(json.loads(receipt)["envelope"])
    assert said is not None and person_.pseudonym in said[0]


def test_what_was_signed_is_proved_for_the_firm_after_the_holder_is_erased(store: Store) -> None:
    person_ = invited()
    filing = filed_by(person_)
    replaced(person_)
    assert filing.entry is not None
    receipt = json.dumps(receipts.receipt(store, filing.entry))
    facts = json.loads(json.loads(receipt)["envelope"])["facts"]["certification"]
    number = registration_of(FIRM, person_.pseudonym, facts["public_key"])
    assert number is not None
    request = requested(person_)
    erasure.carry_out(official("zhou", "registrar"), request.pk, reason="Left.", before_term=True, law=LAW, now=NOW)
    registration = json.dumps(receipts.receipt(store, number))
    assert verify.verify_registration(receipt, registration, store.signer.verifier.vkey) == []
    english, chinese = verify.registered_as(json.loads(registration)["envelope"])
    for text in (english, chinese):
        assert FIRM in text and person_.pseudonym in text and NAME not in text
    # The entry after it ends the key: whoever is erased certifies nothing more.
    assert json.loads(json.loads(json.dumps(receipts.receipt(store, store.head().size - 1)))["envelope"])["facts"] == {
        "certifier": person_.pseudonym, "ends": number, "public_key": facts["public_key"],
    }  # fmt: skip


def test_what_was_sealed_for_a_person_cannot_be_read_by_whoever_kept_a_copy(store: Store) -> None:
    person_ = invited()
    replaced(person_)
    copy = seal_text(person_, f"{NAME}, born in Ganzhou", "hold")
    assert NAME.encode() not in copy
    assert opened_text(person_, copy, "hold") == f"{NAME}, born in Ganzhou"
    other = person("other", "filer")[0]
    seal_text(other, "x", "hold")
    for who, purpose in ((other, "hold"), (person_, "erasure")):
        with pytest.raises(ValueError, match="sealed"):
            opened_text(who, copy, purpose)  # type: ignore[arg-type]
    request = requested(person_)
    erasure.carry_out(official("zhou", "registrar"), request.pk, reason="Left.", before_term=False, law=LAW, now=NOW)
    assert opened_text(person_, copy, "hold") is None
    told = erasure.asked(official("qian", "registrar"), request.pk, law=LAW, today=TODAY)
    assert told.reason is None and told.decision_reason is None


def test_the_audit_trail_stands_with_the_pseudonym(store: Store) -> None:
    person_ = invited()
    replaced(person_)
    before = list(AuditRecord.objects.order_by("pk").values_list("pk", "who", "what"))
    request = requested(person_)
    officer = official("zhou", "system-admin")
    erasure.carry_out(officer, request.pk, reason="Left.", before_term=False, law=LAW, now=NOW)
    records = list(AuditRecord.objects.order_by("pk").values_list("pk", "who", "what"))
    assert records[: len(before)] == before
    added = [(what, who) for _, who, what in records[len(before) :]]
    assert added == [
        ("erasure.ask", person_.pseudonym), ("erasure.done", officer.pseudonym), ("membership.end", officer.pseudonym),
    ]  # fmt: skip
    done = AuditRecord.objects.get(what="erasure.done")
    assert done.subject == person_.pseudonym
    facts = json.loads(done.facts)
    assert len(facts.pop("said")) == 64, "a digest of the request, and none of its words"
    assert facts == {"request": request.pk, "ground": "not-needed", "before_term": False}


def test_nobody_decides_what_he_has_asked_for(store: Store) -> None:
    user = invited()
    replaced(user)
    officer = official("zhou", "registrar")
    request = erasure.enter(officer, ADDRESS.upper(), ground="order", reason="Order 17 of the court.", now=NOW)
    # Registrars are people too: erasing oneself needs another one.
    Membership.objects.create(user=user, organisation="", role="registrar", valid_from=date(2025, 1, 1), granted_at=NOW)
    for who in (officer, actor_of(User.objects.get(pk=user.pk), on=TODAY)):
        with pytest.raises(PeopleError, match="Somebody else"):
            erasure.refuse(who, request.pk, reason="No.", now=NOW)
        with pytest.raises(PeopleError, match="Somebody else"):
            erasure.carry_out(who, request.pk, reason="Yes.", before_term=True, law=LAW, now=NOW)
    erasure.refuse(official("qian", "registrar"), request.pk, reason="Not this person.", now=NOW)
    assert User.objects.get(pk=user.pk).erased_at is None
    with pytest.raises(PeopleError, match="not open"):
        erasure.refuse(official("sun", "registrar"), request.pk, reason="No.", now=NOW)


@EACH
@pytest.mark.parametrize("place", ["person", "organisation"])
def test_a_legal_hold_blocks_erasure_until_it_is_lifted(store: Store, place: str) -> None:
    user = invited()
    replaced(user)
    inspector, officer = official("wu", "inspector"), official("zhou", "registrar")
    reason = "Case 2026/17."
    hold = (
        holds.hold_person(inspector, user, reason=reason, now=NOW)
        if place == "person"
        else holds.hold_organisation(inspector, FIRM, reason=reason, registered={FIRM}, now=NOW)
    )
    # It holds those too who left before it was set.
    Membership.objects.filter(user=user).update(valid_to=date(2026, 1, 31))
    request = requested(user)
    with pytest.raises(PeopleError, match="legal hold"):
        erasure.carry_out(officer, request.pk, reason="Left.", before_term=True, law=LAW, now=LONG_AFTER)
    assert User.objects.get(pk=user.pk).name == f"{FAMILY} {NAME}"
    auditor = official("feng", "auditor")
    assert [(one.reason, one.lifted_reason) for one in holds.holds(auditor)] == [(reason, "")]
    holds.lift(auditor, hold.pk, reason="The case is closed.", now=NOW)
    with pytest.raises(PeopleError, match="not stand"):
        holds.lift(auditor, hold.pk, reason="Again.", now=NOW)
    erasure.carry_out(officer, request.pk, reason="Left.", before_term=True, law=LAW, now=LONG_AFTER)
    # What was written about the person goes with the person; what was written about the firm stays.
    kept = None if place == "person" else reason
    assert [one.reason for one in holds.holds(auditor)] == [kept]
    assert list(AuditRecord.objects.filter(what__startswith="hold").values_list("what", "who")) == [
        ("hold.set", inspector.pseudonym), ("hold.lift", auditor.pseudonym),
    ]  # fmt: skip


def test_a_hold_says_why_and_stands_once(store: Store) -> None:
    user, inspector = invited(), official("wu", "inspector")
    with pytest.raises(InputError):
        holds.hold_person(inspector, user, reason=" ", now=NOW)
    with pytest.raises(InputError):
        holds.hold_organisation(inspector, "NO-1", reason="Why", registered={FIRM}, now=NOW)
    holds.hold_person(inspector, user, reason="Case 1.", now=NOW)
    with pytest.raises(PeopleError, match="already"):
        holds.hold_person(inspector, user, reason="Case 2.", now=NOW)
    assert LegalHold.objects.count() == 1


@pytest.mark.parametrize("role", ["filer", "certifier", "organisation-admin"])
def test_who_is_needed_hands_over_first(store: Store, role: str) -> None:
    user, _ = person("only", role)
    found = [(one.code, one.role) for one in erasure.obstacles(user, law=LAW, today=TODAY)]
    assert found == ([] if role == "filer" else [("needed", role)])
    person("next", role)
    assert erasure.obstacles(user, law=LAW, today=TODAY) == []


def test_who_filed_is_kept_as_long_as_the_records_of_it(store: Store) -> None:
    user = invited()
    replaced(user)
    assert erasure.erasable_from(user, law=LAW, today=TODAY) is None
    filed_by(user)
    officer, request = official("zhou", "registrar"), requested(user)
    (found,) = erasure.obstacles(user, law=LAW, today=TODAY)
    # The last act was on 5 February 2026 in China; the pack says five years, and that this is an assumption.
    assert isinstance(found, Obstacle) and (found.code, found.until) == ("term", date(2031, 2, 6))
    (parameter,) = load("cn").named("personal-record-years")
    assert parameter.at(TODAY, known=TODAY).evidence == "assumption"
    with pytest.raises(PeopleError, match="2031-02-06"):
        erasure.carry_out(officer, request.pk, reason="Left.", before_term=False, law=LAW, now=NOW)
    assert not ErasureRequest.objects.get(pk=request.pk).before_term
    later = NOW + timedelta(days=5 * 366)
    erasure.carry_out(officer, request.pk, reason="The term is over.", before_term=False, law=LAW, now=later)
    done = ErasureRequest.objects.get(pk=request.pk)
    assert (done.state, done.before_term) == ("done", False)


def test_an_erasure_before_the_term_says_so_for_ever(store: Store) -> None:
    user = invited()
    replaced(user)
    filed_by(user)
    request = requested(user)
    erasure.carry_out(official("zhou", "registrar"), request.pk, reason="Court.", before_term=True, law=LAW, now=NOW)
    assert ErasureRequest.objects.get(pk=request.pk).before_term
    assert json.loads(AuditRecord.objects.get(what="erasure.done").facts)["before_term"] is True


def test_a_request_can_be_taken_back_by_who_made_it_alone(store: Store) -> None:
    user = invited()
    replaced(user)
    request = requested(user)
    with pytest.raises(PeopleError, match="open already"):
        requested(user)
    with pytest.raises(PeopleError, match="takes it back"):
        erasure.withdraw(person("other", "filer")[1], request.pk, now=NOW)
    erasure.withdraw(actor_of(user, on=TODAY), request.pk, now=NOW)
    with pytest.raises(PeopleError, match="not open"):
        erasure.carry_out(official("zhou", "registrar"), request.pk, reason="x", before_term=True, law=LAW, now=NOW)
    assert requested(user).pk != request.pk


def test_only_who_may_does_any_of_it(store: Store) -> None:
    user = invited()
    request = requested(user).pk
    acts: list[tuple[str, Callable[[Actor], object]]] = [
        ("erasure.write", lambda who: erasure.enter(who, ADDRESS, ground="order", reason="x", now=NOW)),
        ("erasure.write", erasure.requests),
        ("erasure.write", lambda who: erasure.refuse(who, request, reason="x", now=NOW)),
        ("erasure.write", lambda who: erasure.erase_again(who, [user.pseudonym], now=NOW)),
        (
            "erasure.write",
            lambda who: erasure.carry_out(who, request, reason="x", before_term=True, law=LAW, now=NOW),
        ),
        ("hold.write", holds.holds),
        ("hold.write", lambda who: holds.hold_person(who, user, reason="x", now=NOW)),
        ("hold.write", lambda who: holds.lift(who, 1, reason="x", now=NOW)),
    ]
    for role, permissions in AUTHORITY_ROLES.items():
        actor = official(f"o-{role}", role)
        for permission, act in acts:
            if permission not in permissions:
                with pytest.raises(NotAllowedError):
                    act(actor)


def test_after_a_restore_they_are_erased_again_by_their_pseudonyms(store: Store) -> None:
    user, other = invited(), person("other", "filer")[0]
    replaced(user)
    officer = official("zhou", "registrar")
    with pytest.raises(InputError, match="no-such"):
        erasure.erase_again(officer, [user.pseudonym, "no-such"], now=NOW)
    assert User.objects.get(pk=user.pk).erased_at is None
    assert erasure.erase_again(officer, [user.pseudonym], now=NOW) == [user.pseudonym]
    assert erasure.erase_again(officer, [user.pseudonym], now=NOW) == []
    sweep_job({}, None)
    assert traces(store, NAME, FAMILY, ADDRESS) == []
    assert User.objects.get(pk=other.pk).erased_at is None


def test_an_open_invitation_of_the_same_address_goes_too(store: Store) -> None:
    user = invited()
    replaced(user)
    registrar = official("zhou", "registrar")
    invite(registrar, email=ADDRESS, name=NAME, organisation="ALL-1", role="filer", today=TODAY, now=NOW)
    request = requested(user)
    erasure.carry_out(registrar, request.pk, reason="Left.", before_term=False, law=LAW, now=NOW)
    assert not Invitation.objects.filter(email=ADDRESS).exists()
    assert jobs.active("erasure.sweep") is not None
    with pytest.raises(InputError):
        erasure.enter(registrar, ADDRESS, ground="order", reason="Again.", now=NOW)
    with pytest.raises(PeopleError, match="already"):
        erasure.enter(registrar, user.pseudonym, ground="order", reason="Again.", now=NOW)
