"""Filing with a certification: what fits is kept in the entry, what does not writes nothing, and audits see both."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.certifier import P256, Passkey, certificate_of, certify_with_certificate
from tests.contracts.harm import unguarded
from tests.desk import LAW, Desk, assert_sound, sheet
from tests.docs.pages import REPOSITORY, blocks, run

from lodeline.filing.check import Checked, check
from lodeline.filing.table import read
from lodeline.journal import merkle, verify
from lodeline.journal.certification import Certification, to_sign
from lodeline.journal.certification import check as check_certification
from lodeline.journal.checkpoint import sign_checkpoint
from lodeline.journal.entry import Envelope, canonical_json
from lodeline.service.entries import receipts
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.filing import Filed, submit
from lodeline.service.filing.posting import rows_root_of
from lodeline.service.filing.preparing import encode
from lodeline.service.log import audit

pytestmark = pytest.mark.medium

NOON = datetime.datetime(2025, 7, 5, 4, tzinfo=datetime.UTC)
ORIGIN = "O origin 2 mine 7 1000 product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"
SHIP = "S shipment 5 mine 7 400 counterparty=SEP"


def checked_rows(desk: Desk, room: Path, *rows: str, period: str = "2025-06", correcting: bool = False) -> Checked:
    """MINE's filing, checked."""
    path = room / "mine.csv"
    path.write_text(sheet(period, *rows), "utf-8")
    register = desk.store.register(desk.store.head())
    return check(read([path]), organisation="MINE", period=period, register=register, correcting=correcting)


def asked(desk: Desk, checked: Checked, *, period: str = "2025-06", corrects: int | None = None) -> bytes:
    """What a certifier of this filing is asked to sign."""
    digest, rows, rows_root = rows_root_of(desk.store, checked, "MINE", period, corrects)
    return to_sign(organisation="MINE", period=period, corrects=corrects, digest=digest, rows=rows, rows_root=rows_root)


def filed(desk: Desk, checked: Checked, certification: Certification | None, *, corrects: int | None = None) -> Filed:
    uploads = [Upload(name="mine.csv", content=b"the bytes")]
    return submit(
        desk.store, checked, uploads=uploads, filed_at=NOON, law=LAW, corrects=corrects, certification=certification
    )


def facts_of(desk: Desk, index: int) -> dict[str, object]:
    entry = desk.store.entry(index)
    assert entry is not None
    return dict(Envelope.from_bytes(entry.envelope.encode()).facts)


@pytest.mark.parametrize("kind", ["passkey", "certificate", "password"])
def test_a_certification_that_fits_is_kept_and_proved_by_the_receipt(desk: Desk, tmp_path: Path, kind: str) -> None:
    checked = checked_rows(desk, tmp_path, ORIGIN, SHIP)
    signed = asked(desk, checked)
    made = {
        "passkey": Passkey().certify(signed),
        "certificate": certify_with_certificate(P256, signed),
        "password": Certification.by_password(certifier="person-7"),
    }
    outcome = filed(desk, checked, made[kind])
    assert outcome.entry is not None and outcome.receipt is not None
    assert facts_of(desk, outcome.entry.index)["certification"] == made[kind].as_facts()
    assert verify.verify_receipt(outcome.receipt, desk.store.signer.verifier.vkey) == []
    said = verify.certified_by(str(outcome.receipt["envelope"]))
    assert said is not None and "person-7" in said[0]
    assert ("binds nobody" in said[0]) == (kind == "password")
    assert_sound(desk.store)


def test_a_filing_that_nobody_certified_says_nothing_of_it(desk: Desk, tmp_path: Path) -> None:
    outcome = filed(desk, checked_rows(desk, tmp_path, ORIGIN), None)
    assert outcome.entry is not None
    assert facts_of(desk, outcome.entry.index).keys() == {"resolved", "upload_name"}


def test_what_is_signed_does_not_let_the_rows_be_guessed(desk: Desk, tmp_path: Path) -> None:
    """The plain digest of the rows stands nowhere in the envelope, nor does what is signed follow from it."""
    checked = checked_rows(desk, tmp_path, ORIGIN)
    plain = encode(checked).digest
    signed = asked(desk, checked)
    outcome = filed(desk, checked, Passkey().certify(signed))
    assert outcome.entry is not None
    assert plain not in outcome.entry.envelope
    assert plain not in signed.decode()


def test_what_is_signed_is_what_is_posted_whoever_files_in_between(desk: Desk, tmp_path: Path) -> None:
    checked = checked_rows(desk, tmp_path, ORIGIN)
    signed = asked(desk, checked)
    desk.rows("SEP", "2025-06")
    assert asked(desk, checked) == signed
    outcome = filed(desk, checked, Passkey().certify(signed))
    assert outcome.entry is not None
    stated = json.loads(signed)
    envelope = json.loads(outcome.entry.envelope)
    assert all(envelope[name] == stated[name] for name in ("organisation", "period", "corrects", "rows", "rows_root"))
    assert envelope["facts"]["digest"] == stated["digest"]


def test_a_certification_of_other_content_is_refused_and_nothing_is_written(desk: Desk, tmp_path: Path) -> None:
    checked = checked_rows(desk, tmp_path, ORIGIN)
    changed = checked_rows(desk, tmp_path, ORIGIN.replace("1000", "1001"))
    july = checked_rows(desk, tmp_path, period="2025-07")
    size = desk.store.head().size
    for signed in (asked(desk, changed), asked(desk, july, period="2025-07"), asked(desk, checked, corrects=1)):
        for certification, reason in (
            (Passkey().certify(signed), "challenge"),
            (certify_with_certificate(P256, signed), "signature"),
        ):
            outcome = filed(desk, checked, certification)
            assert (outcome.entry, outcome.receipt) == (None, None)
            assert [(found.code, found.facts) for found in outcome.problems if found.severity == "reject"] == [
                ("certification.invalid", {"reason": reason})
            ]
    assert desk.store.head().size == size


def test_a_certificate_must_be_valid_when_the_filing_comes(desk: Desk, tmp_path: Path) -> None:
    checked = checked_rows(desk, tmp_path, ORIGIN)
    old = certificate_of(P256, first_year=2023, last_year=2024)
    outcome = filed(desk, checked, certify_with_certificate(P256, asked(desk, checked), certificate=old))
    assert [found.facts["reason"] for found in outcome.problems if found.severity == "reject"] == ["expired"]


def test_a_correction_is_certified_as_the_correction_of_its_entry(desk: Desk, tmp_path: Path) -> None:
    first = desk.rows("MINE", "2025-06", ORIGIN)
    checked = checked_rows(desk, tmp_path, ORIGIN.replace("1000", "1001"), correcting=True)
    as_original = Passkey().certify(asked(desk, checked))
    assert filed(desk, checked, as_original, corrects=first).entry is None
    outcome = filed(desk, checked, Passkey().certify(asked(desk, checked, corrects=first)), corrects=first)
    assert outcome.entry is not None and outcome.entry.corrects == first
    assert_sound(desk.store)


def test_a_nil_return_can_be_certified(desk: Desk, tmp_path: Path) -> None:
    checked = checked_rows(desk, tmp_path)
    outcome = filed(desk, checked, Passkey().certify(asked(desk, checked)))
    assert outcome.entry is not None and outcome.entry.row_count == 0
    assert_sound(desk.store)


def test_a_filing_is_the_same_filing_whoever_certifies_it(desk: Desk, tmp_path: Path) -> None:
    checked = checked_rows(desk, tmp_path, ORIGIN)
    signed = asked(desk, checked)
    first = filed(desk, checked, Passkey().certify(signed))
    assert first.entry is not None
    for again in (Passkey(certifier="person-8").certify(signed), Certification.by_password(certifier="person-8"), None):
        outcome = filed(desk, checked, again)
        assert outcome.repeated and outcome.entry is not None and outcome.entry.index == first.entry.index
    assert "person-8" not in json.dumps(facts_of(desk, first.entry.index))


def forge(desk: Desk, index: int, envelope: dict[str, object]) -> None:
    """Puts another envelope in place of the last entry's, and makes leaf, root, head and checkpoint anew around it."""
    store = desk.store
    encoded = canonical_json(envelope)
    leaf = merkle.leaf_hash(encoded)
    frontier = merkle.Frontier()
    for entry in list(store.entries())[:index]:
        frontier = frontier.append(bytes.fromhex(entry.leaf_hash))
    frontier = frontier.append(leaf)
    note = sign_checkpoint(size=index + 1, root=frontier.root(), signer=store.signer)
    with unguarded(store):
        store.database.execute(
            'UPDATE entry SET envelope = %s, leaf_hash = %s, root = %s WHERE "index" = %s',
            [encoded.decode(), leaf.hex(), frontier.root().hex(), index],
        )
        store.database.execute("UPDATE head SET frontier = %s, checkpoint = %s", [frontier.to_bytes(), note])


def test_who_holds_the_key_of_the_log_cannot_make_a_certifier_sign_something_else(ledger: Desk, tmp_path: Path) -> None:
    """Everything is made anew around the lie, so that only the certification still speaks."""
    checked = checked_rows(ledger, tmp_path, ORIGIN)
    outcome = filed(ledger, checked, Passkey().certify(asked(ledger, checked)))
    assert outcome.entry is not None
    index = outcome.entry.index
    honest = json.loads(outcome.entry.envelope)
    other = checked_rows(ledger, tmp_path, ORIGIN.replace("1000", "1001"))
    digest, _, rows_root = rows_root_of(ledger.store, other, "MINE", "2025-06", None)
    lies = (
        {**honest, "period": "2025-05"},
        {**honest, "rows_root": rows_root, "facts": {**honest["facts"], "digest": digest}},
        {**honest, "facts": {**honest["facts"], "certification": {**honest["facts"]["certification"], "kind": "oath"}}},
    )
    for lie, reason in zip(lies, ("challenge", "challenge", "malformed"), strict=True):
        forge(ledger, index, lie)
        found = [fault for fault in audit.verify(ledger.store).faults if fault.what == "certification.invalid"]
        assert [(fault.entry, fault.facts) for fault in found] == [(index, {"reason": reason})]
        assert not [fault for fault in audit.verify(ledger.store).faults if fault.what.startswith(("log.", "checkp"))]
        receipt = receipts.receipt(ledger.store, index)
        assert receipt is not None
        assert [f.what.partition(".")[0] for f in verify.verify_receipt(receipt)] == ["certification"]
    forge(ledger, index, honest)
    assert_sound(ledger.store)


def test_a_digest_that_was_signed_for_other_rows_is_named(ledger: Desk, tmp_path: Path) -> None:
    """A store that had its certifier sign one digest beside the root of other rows is found out by its own audit."""
    checked = checked_rows(ledger, tmp_path, ORIGIN)
    _, rows, rows_root = rows_root_of(ledger.store, checked, "MINE", "2025-06", None)
    outcome = filed(ledger, checked, Passkey().certify(asked(ledger, checked)))
    assert outcome.entry is not None
    digest = "ab" * 32
    signed = to_sign(
        organisation="MINE", period="2025-06", corrects=None, digest=digest, rows=rows, rows_root=rows_root
    )
    lie = json.loads(outcome.entry.envelope)
    lie["facts"] |= {"digest": digest, "certification": Passkey().certify(signed).as_facts()}
    forge(ledger, outcome.entry.index, lie)
    faults = audit.verify(ledger.store).faults
    assert [(fault.entry, fault.what) for fault in faults] == [(outcome.entry.index, "entry.columns-differ")]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_the_howto_certifies_with_openssl_as_it_says(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = REPOSITORY / "docs/howto/certify.md"
    before, after = (block.body for block in blocks(page) if block.language == "python")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {
        "store": desk.store, "checked": checked_rows(desk, tmp_path, ORIGIN, SHIP), "uploads": [], "law": LAW,
        "Path": Path, "UTC": datetime.UTC, "datetime": datetime.datetime, "Certification": Certification,
        "rows_root_of": rows_root_of, "submit": submit, "to_sign": to_sign,
    }  # fmt: skip
    exec(before, names)
    ran = run(page, tmp_path)
    for command, promised, printed in ran:
        shown = [re.sub("[0-9a-f]{64}", "…", line) for line in printed]
        assert shown == promised, command
    exec(after, names)
    assert names["filed"].entry is not None, names["filed"].problems
    said = verify.certified_by(names["filed"].entry.envelope)
    assert said is not None and said[0].endswith(ran[-1][2][0].partition(" ")[0])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        ("ed25519", "pkeyutl -sign -rawin -inkey key.pem -in to-sign.json -out signature.bin"),
        ("rsa:2048", "dgst -sha256 -sign key.pem -out signature.bin to-sign.json"),
        ("rsa:2048", "dgst -sha256 -sigopt rsa_padding_mode:pss -sign key.pem -out signature.bin to-sign.json"),
    ],
)
def test_openssl_signs_with_the_other_keys_too(tmp_path: Path, kind: str, sign: str) -> None:
    (tmp_path / "to-sign.json").write_bytes(b"what is signed")
    made = f"req -x509 -newkey {kind} -nodes -keyout key.pem -out certificate.pem -days 30 -subj /CN=trial"
    for arguments in (made, sign):
        subprocess.run(["openssl", *arguments.split()], cwd=tmp_path, check=True, capture_output=True)
    certification = Certification.by_certificate(
        certifier="person-7",
        certificate=(tmp_path / "certificate.pem").read_bytes(),
        signature=(tmp_path / "signature.bin").read_bytes(),
    )
    check_certification(certification, to_sign=b"what is signed", at=datetime.datetime.now(datetime.UTC))
