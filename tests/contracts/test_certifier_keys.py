"""For whom a key stands is proved by an entry: the verifier takes it and no other, and audits miss no missing one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tests.certifier import ED25519, P256, PrivateKey, certificate_of, certify_with_certificate
from tests.contracts.test_certification import NOON, ORIGIN, asked, checked_rows, filed
from tests.desk import Desk

from lodeline.journal import verify
from lodeline.journal.certification import certificate_and_key
from lodeline.service.entries import receipts
from lodeline.service.entries.certifier_keys import Holder, end_key, register_key
from lodeline.service.log import audit

pytestmark = pytest.mark.medium

HOUR = timedelta(hours=1)


#: Signed anew, a certificate would be another one.
CERTIFICATE = certificate_of(P256)


def registered(desk: Desk, key: PrivateKey = P256, *, organisation: str = "MINE", certifier: str = "person-7") -> int:
    """The registration of a certificate's key, an hour before NOON."""
    der, public_key = certificate_and_key(CERTIFICATE if key is P256 else certificate_of(key))
    holder = Holder(certifier=certifier, organisation=organisation, granted_by="person-1")
    return register_key(desk.store, holder, public_key=public_key, certificate=der, at=NOON - HOUR).index


def certified(desk: Desk, room: Path, key: PrivateKey = P256) -> str:
    """The receipt of a filing that was certified by the key alone."""
    checked = checked_rows(desk, room, ORIGIN)
    made = certify_with_certificate(key, asked(desk, checked)).without_certificate()
    outcome = filed(desk, checked, made)
    assert outcome.entry is not None
    return json.dumps(outcome.receipt)


def receipt(desk: Desk, entry: int) -> str:
    return json.dumps(receipts.receipt(desk.store, entry))


def faults(desk: Desk) -> list[tuple[str, object]]:
    return [(fault.what, fault.facts.get("reason")) for fault in audit.verify(desk.store).faults]


def test_a_key_that_was_registered_certifies_and_its_receipt_says_for_whom(desk: Desk, tmp_path: Path) -> None:
    number = registered(desk)
    filing = certified(desk, tmp_path)
    assert "person-7" in filing and "MIIB" not in filing, "no certificate, whose name would stay for ever"
    assert verify.verify_registration(filing, receipt(desk, number), desk.store.signer.verifier.vkey) == []
    for text in verify.registered_as(json.loads(receipt(desk, number))["envelope"]):
        assert "MINE" in text and "person-7" in text and "person-1" in text
    assert faults(desk) == []


def test_the_one_file_verifier_says_it_and_opens_the_certificate(desk: Desk, tmp_path: Path) -> None:
    number = registered(desk)
    key = json.dumps(receipts.receipt(desk.store, number, content=CERTIFICATE))
    for name, text in (("receipt.json", certified(desk, tmp_path)), ("key.json", key)):
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "holder.der").write_bytes(CERTIFICATE)
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    command = [sys.executable, "-I", "-S", "-X", "utf8", "verify.py"]

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, check=False)
        return done.returncode, (done.stdout + done.stderr).decode()

    # The filing's receipt was made when the log was shorter; the key of the log is the same.
    code, said = run("receipt.json", "--registration", "key.json")
    assert code == 0 and "REGISTERED in entry" in said and "代表 MINE" in said, said
    code, said = run("receipt.json")
    assert code == 0 and "--registration" in said
    assert run("key.json", "--upload", "holder.der")[0] == 0
    code, said = run("key.json", "--registration", "key.json")
    assert code == 1 and "registration.differs" in said


@pytest.mark.parametrize(
    ("other", "what"),
    [({"key": ED25519}, "public_key"), ({"organisation": "SEP"}, "organisation"), ({"certifier": "x"}, "certifier")],
)
def test_another_registration_is_no_proof(desk: Desk, tmp_path: Path, other: dict[str, object], what: str) -> None:
    registered(desk)
    number = registered(desk, **other)  # type: ignore[arg-type]
    (found,) = verify.verify_registration(certified(desk, tmp_path), receipt(desk, number))
    assert (found.what, found.facts) == ("registration.differs", {"key": what})


def test_a_registration_made_afterwards_is_no_proof(ledger: Desk, tmp_path: Path) -> None:
    filing = certified(ledger, tmp_path)
    (found,) = verify.verify_registration(filing, receipt(ledger, registered(ledger)))
    assert found.facts == {"key": "entry"}
    assert faults(ledger) == [("certification.invalid", "registration")]


def test_a_key_that_was_ended_before_certifies_nothing(ledger: Desk, tmp_path: Path) -> None:
    end_key(ledger.store, registered(ledger), at=NOON - HOUR / 2)
    certified(ledger, tmp_path)
    assert faults(ledger) == [("certification.invalid", "registration")]


def test_what_was_certified_before_the_end_stays_certified(desk: Desk, tmp_path: Path) -> None:
    number = registered(desk)
    certified(desk, tmp_path)
    ended = end_key(desk.store, number, at=NOON + HOUR)
    assert json.loads(ended.envelope)["facts"]["ends"] == number
    assert faults(desk) == []
