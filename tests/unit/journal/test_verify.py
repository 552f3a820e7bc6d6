"""The verifier that outsiders keep: one file, run on its own, against honest and forged receipts."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest

from lodeline.journal import merkle, verify
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.entry import Envelope, canonical_json, opening_salt, upload_commitment, uploads_sha256
from lodeline.journal.merkle import leaf_hash
from lodeline.journal.receipt import receipt_document

# RFC 8032 section 7.1: TEST 1, 2, 3 and SHA(abc); public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        sha512(b"abc").digest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17a"
        "d9bef1177331a704",
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_signatures_of_rfc_8032_verify(key: str, message: bytes, signature: str) -> None:
    assert verify.ed25519_verifies(bytes.fromhex(key), message, bytes.fromhex(signature))


def test_no_other_key_message_or_spelling_verifies() -> None:
    key, message, signature = (bytes.fromhex(RFC_8032[1][0]), RFC_8032[1][1], bytes.fromhex(RFC_8032[1][2]))
    unreduced = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify.ed25519_verifies(bytes.fromhex(RFC_8032[0][0]), message, signature)
    assert not verify.ed25519_verifies(key, message + b"\0", signature)
    assert not verify.ed25519_verifies(key, message, signature[:32] + unreduced.to_bytes(32, "little"))
    assert not verify.ed25519_verifies(key, message, signature[:-1])
    assert not verify.ed25519_verifies(key[:-1], message, signature)


def test_what_is_no_point_on_the_curve_is_no_key() -> None:
    signature = bytes.fromhex(RFC_8032[0][2])
    # y = 2 has no x; y = p + 1 is a second spelling of y = 1; x = 0 has no sign (RFC 8032 section 5.1.3).
    for key in (2, 2**255 - 18, 1 | 1 << 255):
        assert not verify.ed25519_verifies(key.to_bytes(32, "little"), b"", signature)


def codes(faults: list[verify.Fault]) -> list[str]:
    return [fault.what for fault in faults]


def test_an_honest_receipt_passes_as_text_and_as_object(log: Any) -> None:
    receipt = log.receipt()
    assert verify.verify_receipt(receipt, log.vkey) == []
    assert verify.verify_receipt(json.dumps(receipt, indent=1, ensure_ascii=False), upload=log.upload) == []


def test_an_outsider_gets_a_proof_without_flags_and_upload(log: Any) -> None:
    closed: dict[str, Any] = {"flags": [], "flags_salt": None, "upload_sha256": None, "upload_salt": None}
    assert verify.verify_receipt({**log.receipt(), **closed}, log.vkey) == []


def test_a_log_of_one_entry_needs_no_path(log: Any) -> None:
    receipt = {**log.receipt(0), "inclusion": [], "checkpoint": log.checkpoint(1)}
    assert verify.verify_receipt(receipt, log.vkey) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"entry": 4}, ["receipt.differs", "entry.not-in-log"]),
        ({"filed_at": "2025-07-05T04:00:00Z"}, ["receipt.differs"]),
        ({"leaf_hash": "00" * 32}, ["entry.changed", "entry.not-in-log"]),
        ({"inclusion": []}, ["entry.not-in-log"]),
        ({"flags": []}, ["flags.changed"]),
        ({"flags": [{"code": "quota.passed"}]}, ["flags.changed"]),
        ({"flags_salt": "00" * 16}, ["flags.changed"]),
        ({"upload_sha256": "00" * 32}, ["upload.changed"]),
        ({"upload_salt": None}, ["receipt.malformed"]),
        ({"rows": [{"ordinal": 1}]}, ["receipt.malformed"]),
        ({"note": "paid in full"}, ["receipt.unknown-key"]),
        ({"entry": True}, ["receipt.malformed"]),
        ({"entry": 5.0}, ["receipt.malformed"]),
        ({"format": "lodeline-receipt-v2"}, ["receipt.malformed"]),
        ({"flags": ["\ud800"]}, ["receipt.malformed"]),
        ({"envelope": "{}"}, ["entry.malformed"]),
        ({"vkey": "example.org/log+00000000+AAAA"}, ["key.malformed"]),
        ({"checkpoint": "example.org/log\n"}, ["checkpoint.malformed"]),
    ],
)
def test_what_was_altered_is_named(log: Any, changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(verify.verify_receipt({**log.receipt(), **changes}, log.vkey)) == expected


def test_an_altered_envelope_does_not_give_its_hash(log: Any) -> None:
    receipt = log.receipt()
    receipt["envelope"] = receipt["envelope"].replace("包头", "包头")
    assert verify.verify_receipt(receipt, log.vkey) == []
    receipt["envelope"] = receipt["envelope"].replace("包头", "赣州")
    assert codes(verify.verify_receipt(receipt, log.vkey)) == ["entry.changed"]


def test_an_altered_or_moved_row_is_named_by_its_ordinal(log: Any) -> None:
    receipt = log.receipt()
    receipt["rows"][1]["cells"] = b"entry 5 row 8".hex()
    faults = verify.verify_receipt(receipt, log.vkey)
    assert [(fault.entry, fault.what, fault.facts) for fault in faults] == [(5, "row.changed", {"ordinal": 7})]
    receipt = log.receipt()
    receipt["rows"][0]["ordinal"] = 1
    assert codes(verify.verify_receipt(receipt, log.vkey)) == ["row.changed"]
    receipt["rows"][0]["remark"] = "x"
    assert codes(verify.verify_receipt(receipt, log.vkey)) == ["receipt.unknown-key"]


def test_another_file_than_the_one_filed_is_refused(log: Any) -> None:
    assert codes(verify.verify_receipt(log.receipt(), log.vkey, upload=log.upload + b"\n")) == ["upload.changed"]


JANUARY, CHANGES = b"a workbook", b"what was mended"


def of_two(log: Any, **facts: int) -> dict[str, Any]:
    """The receipt of the first entry of a log, which has two files."""
    key, files = log.key(0), [("januar\ny.xlsx", sha256(JANUARY).digest()), ("changes.csv", sha256(CHANGES).digest())]
    envelope = Envelope(
        index=0, kind="filing", filed_at="2025-07-01T04:00:00Z", facts=facts,
        upload_hash=upload_commitment(uploads_sha256(files), key),
    ).to_bytes()  # fmt: skip
    return receipt_document(
        envelope=envelope, inclusion=[], vkey=log.vkey, uploads=files, upload_sha256=uploads_sha256(files),
        checkpoint=sign_checkpoint(size=1, root=leaf_hash(envelope), signer=log.signer),
        upload_salt=opening_salt(key, "upload"),
    )  # fmt: skip


def test_any_file_of_several_is_accepted_and_named(desk: Path, log: Any) -> None:
    (desk / "two.json").write_text(json.dumps(of_two(log, uploads=2)), "utf-8")
    for number, name, content in ((1, '"januar\\ny.xlsx"', JANUARY), (2, '"changes.csv"', CHANGES)):
        (desk / "file").write_bytes(content)
        code, said = run(desk, "two.json", "--vkey", log.vkey, "--upload", "file")
        assert code == 0
        assert f"The file is number {number} of the 2 files of the entry: {name}\n" in said
        assert f"2 个文件中的第 {number} 个：{name}\n" in said
    for content in (JANUARY + CHANGES, b"", b"januar\ny.xlsx"):
        (desk / "file").write_bytes(content)
        code, said = run(desk, "two.json", "--vkey", log.vkey, "--upload", "file")
        assert code == 1 and "NO [0] upload.changed" in said and "number" not in said


def test_a_list_of_files_that_nothing_proves_is_refused(log: Any) -> None:
    honest = of_two(log, uploads=2)
    one, two = honest["uploads"]
    listed = canonical_json([one, two])
    for changes, expected in (
        ({"uploads": [one]}, "upload.changed"),
        ({"uploads": [two, one]}, "upload.changed"),
        ({"uploads": [{**one, "name": "other.xlsx"}, two]}, "upload.changed"),
        ({"uploads": [{**one, "by": "me"}, two]}, "receipt.unknown-key"),
        ({"uploads": [one, {"name": "changes.csv"}]}, "receipt.malformed"),
        ({"uploads": "changes.csv"}, "receipt.malformed"),
        ({"upload_sha256": None, "upload_salt": None}, "upload.changed"),
    ):
        assert codes(verify.verify_receipt({**honest, **changes}, log.vkey)) == [expected], changes
    without = {name: value for name, value in honest.items() if name != "uploads"}
    assert verify.verify_receipt(without, log.vkey) == []
    # A list is no file, and an entry of one file has no list.
    assert codes(verify.verify_receipt(without, log.vkey, upload=listed)) == ["upload.changed"]
    assert codes(verify.verify_receipt(of_two(log), log.vkey)) == ["upload.changed"]


def test_json_that_says_two_things_is_refused(log: Any) -> None:
    text = json.dumps(log.receipt())
    for twisted in (text[:-1] + ', "entry": 5}', text.replace('"entry": 5', '"entry": 5e0'), text + "x", text[:-40]):
        assert codes(verify.verify_receipt(twisted, log.vkey)) == ["receipt.malformed"]


def test_what_is_no_receipt_is_told_from_one_that_was_altered(desk: Path, log: Any) -> None:
    (desk / "letter.txt").write_text("Dear authority, my filing of June.", "utf-8")
    for text in ("", "Dear authority", "收到", "[" * 100_000, "[]", "5", '{"entry": 5}', '{"format": "invoice"}'):
        assert codes(verify.verify_receipt(text, log.vkey)) == ["receipt.none"], text
    assert codes(verify.verify_receipt({"a": object()}, log.vkey)) == ["receipt.none"]
    honest = log.receipt()
    # Whatever one field is altered to, or left out, it is a receipt that does not hold.
    for name in honest:
        for altered in ({**honest, name: {"x": 1}}, {key: one for key, one in honest.items() if key != name}):
            found = codes(verify.verify_receipt(altered, log.vkey))
            assert found and "receipt.none" not in found, name
    code, said = run(desk, "letter.txt")
    assert (code, "This is not a receipt" in said, "这不是回执" in said) == (1, True, True)


def forged(log: Any) -> dict[str, Any]:
    """A receipt that is whole in itself, signed by a forger under the log's name."""
    forger = Signer(name="example.org/log", seed=b"f" * 32)
    root = merkle.root_of_leaves(log.leaves())
    return {
        **log.receipt(),
        "vkey": forger.verifier.vkey,
        "checkpoint": sign_checkpoint(size=8, root=root, signer=forger),
    }


def test_a_forger_with_a_key_of_his_own_fails_against_the_key_from_outside(log: Any) -> None:
    assert verify.verify_receipt(forged(log)) == []
    assert codes(verify.verify_receipt(forged(log), log.vkey)) == ["key.differs", "checkpoint.signature"]


def test_consistency_between_every_two_checkpoints(log: Any) -> None:
    for old in range(9):
        for new in range(old, 9):
            proof = log.consistency(old, new)["proof"] if old else []
            assert verify.verify_consistency(log.checkpoint(old), log.checkpoint(new), proof, vkey=log.vkey) == []


def test_a_fork_and_an_unproved_continuation_are_told_apart(log: Any) -> None:
    other = sign_checkpoint(size=5, root=bytes(32), signer=log.signer)
    empty = sign_checkpoint(size=0, root=bytes(32), signer=log.signer)
    for later in (empty, log.checkpoint(0), log.checkpoint(8)):
        assert codes(verify.verify_consistency(empty, later, [], vkey=log.vkey)) == ["log.fork"]
        assert codes(verify.verify_consistency(later, empty, [], vkey=log.vkey)) == ["log.fork"]
    new, proof = log.checkpoint(8), log.consistency(5, 8)["proof"]
    claim = {"proof": proof, "vkey": log.vkey}
    assert codes(verify.verify_consistency(other, log.checkpoint(5), [], vkey=log.vkey)) == ["log.fork"]
    assert codes(verify.verify_consistency(other, new, **claim)) == ["checkpoint.not-continued"]
    assert codes(verify.verify_consistency(new, other, **claim)) == ["checkpoint.not-continued"]
    assert codes(verify.verify_consistency(log.checkpoint(5), new, [], vkey=log.vkey)) == [
        "checkpoint.needs-consistency"
    ]
    stranger = Signer(name="example.org/log", seed=b"f" * 32).verifier.vkey
    assert codes(verify.verify_consistency(new, new, [], vkey=stranger)) == ["checkpoint.signature"]


@pytest.fixture
def desk(tmp_path: Path, log: Any) -> Path:
    """What an outsider has: the one file, a receipt, an old checkpoint."""
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    (tmp_path / "receipt.json").write_text(json.dumps(log.receipt()), "utf-8")
    (tmp_path / "forged.json").write_text(json.dumps(forged(log)), "utf-8")
    (tmp_path / "kept.txt").write_text(log.checkpoint(6), "utf-8")
    (tmp_path / "fork.txt").write_text(sign_checkpoint(size=8, root=bytes(32), signer=log.signer), "utf-8")
    (tmp_path / "consistency.json").write_text(json.dumps(log.consistency(6, 8)), "utf-8")
    (tmp_path / "filing.csv").write_bytes(log.upload)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    return tmp_path


def run(desk: Path, *arguments: str) -> tuple[int, str]:
    # -I and -S leave the standard library alone in reach: the file must need nothing else.
    command = [sys.executable, "-I", "-S", "-X", "utf8", "verify.py", *arguments]
    done = subprocess.run(command, cwd=desk, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_the_file_alone_says_yes_in_both_languages_and_where_the_key_came_from(desk: Path, log: Any) -> None:
    code, said = run(desk, "receipt.json", "--upload", "filing.csv")
    assert code == 0
    assert said.startswith("YES: entry 5 of example.org/log, log size 8, filed at 2025-07-06T04:00:00Z; rows proved: 2")
    assert "是：example.org/log 第 5 号条目" in said
    assert "WARNING: the key was taken from the receipt" in said and "公钥取自回执本身" in said
    assert "--checkpoint" in said
    kept = ["--checkpoint", "kept.txt", "--consistency", "consistency.json"]
    code, said = run(desk, "receipt.json", "--vkey", log.vkey, *kept)
    assert code == 0
    assert "WARNING" not in said and "NOTE" not in said


def test_the_file_alone_says_no(desk: Path, log: Any) -> None:
    for arguments, code in (
        (["forged.json", "--vkey", log.vkey], "key.differs"),
        (["receipt.json", "--checkpoint", "fork.txt"], "log.fork"),
        (["receipt.json", "--checkpoint", "kept.txt"], "checkpoint.needs-consistency"),
        (["receipt.json", "--checkpoint", "kept.txt", "--consistency", "receipt.json"], "receipt.malformed"),
        (["receipt.json", "--checkpoint", "binary.json"], "checkpoint.malformed"),
        (["receipt.json", "--upload", "kept.txt"], "upload.changed"),
        (["binary.json"], "receipt.none"),
    ):
        exit_code, said = run(desk, *arguments)
        assert exit_code == 1
        assert f"{code}: " in said and verify.TEXTS[code][1] in said


def test_wrong_usage_is_neither_yes_nor_no(desk: Path) -> None:
    assert run(desk, "absent.json")[0] == 2
    assert run(desk)[0] == 2


def test_every_code_of_the_verifier_has_words_in_both_languages() -> None:
    for english, chinese in verify.TEXTS.values():
        assert english.isascii()
        assert not chinese.isascii()
