import hashlib
import hmac
from typing import Any

import pytest

from lodeline.journal import merkle
from lodeline.journal.entry import (
    ENVELOPE_BYTES_MAX,
    EntryError,
    Envelope,
    canonical_json,
    commitment,
    flags_commitment,
    opening_salt,
    prove_rows,
    row_leaves,
    row_salt,
    rows_root,
    salt_key,
)

KEY = salt_key(b"a secret of the store", b"entry 7")
CELLS = [f"row {number}".encode() for number in range(13)]


def an_envelope(**changes: Any) -> Envelope:
    fields: dict[str, Any] = {
        "index": 7,
        "kind": "filing",
        "organisation": "CN-TEST-1",
        "period": "2025-06",
        "filed_at": "2025-07-05T04:00:00Z",
        "rows": 13,
        "rows_root": rows_root(CELLS, KEY).hex(),
        "facts": {"名称": "包头", "net_mg": 5_000_000},
    }
    return Envelope(**{**fields, **changes})


def test_an_envelope_has_one_spelling_and_one_leaf() -> None:
    envelope = an_envelope()
    encoded = envelope.to_bytes()
    assert encoded.startswith(b'{"corrects":null,"facts":{"net_mg":5000000,"\xe5\x90\x8d')
    assert Envelope.from_bytes(encoded) == envelope
    assert envelope.leaf_hash() == hashlib.sha256(b"\x00" + encoded).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"index": -1},
        {"kind": "Filing"},
        {"kind": ""},
        {"period": "2025-13"},
        {"filed_at": "2025-07-05T04:00:00+08:00"},
        {"filed_at": "2025-02-30T04:00:00Z"},
        {"corrects": 7},
        {"rows": 0},
        {"rows_root": merkle.EMPTY_ROOT.hex()},
        {"rows_root": "00"},
        {"upload_hash": "A" * 64},
        {"flags_hash": ""},
    ],
)
def test_impossible_fields_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EntryError, match=next(iter(changes))):
        an_envelope(**changes)


@pytest.mark.parametrize("fact", [0.5, [1, {"x": 1.0}], 2**53, "\ud800", object()])
def test_facts_without_one_spelling_are_refused(fact: object) -> None:
    with pytest.raises(EntryError):
        an_envelope(facts={"fact": fact}).to_bytes()


def test_an_envelope_fits_into_a_tiled_log() -> None:
    room = ENVELOPE_BYTES_MAX - len(an_envelope(facts={"note": ""}).to_bytes())
    assert len(an_envelope(facts={"note": "x" * room}).to_bytes()) == 65_535
    with pytest.raises(EntryError, match="too long"):
        an_envelope(facts={"note": "x" * (room + 1)}).to_bytes()


@pytest.mark.parametrize(
    "mangle",
    [
        lambda encoded: encoded + b" ",
        lambda encoded: encoded.replace(b"lodeline-entry-v1", b"lodeline-entry-v2"),
        lambda encoded: encoded.replace(b'"kind"', b'"kinds"'),
        lambda encoded: encoded.replace(b'"rows":13', b'"rows":"13"'),
        lambda encoded: b"[1]",
        lambda encoded: b"\xff",
        lambda encoded: b"[" * 100_000,
    ],
)
def test_other_bytes_are_no_envelope(mangle: Any) -> None:
    with pytest.raises(EntryError):
        Envelope.from_bytes(mangle(an_envelope().to_bytes()))


def test_row_leaves_follow_the_published_formula() -> None:
    key = hmac.new(b"a secret of the store", b"lodeline row salt v1entry 7", "sha256").digest()
    expected = []
    for ordinal, cells in enumerate(CELLS):
        salt = hashlib.sha256(key + ordinal.to_bytes(8, "big")).digest()[:16]
        assert row_salt(KEY, ordinal) == salt
        expected.append(hashlib.sha256(b"\x00" + salt + cells).digest())
    assert row_leaves(CELLS, KEY) == b"".join(expected)
    assert row_leaves(CELLS[:5], KEY) + row_leaves(CELLS[5:], KEY, first=5) == b"".join(expected)


def test_equal_rows_do_not_look_equal() -> None:
    leaves = row_leaves([b"same", b"same"], KEY)
    assert leaves[:32] != leaves[32:]
    assert rows_root([b"same"], KEY) != rows_root([b"same"], salt_key(b"a secret of the store", b"entry 8"))


def test_rows_are_proved_without_the_others() -> None:
    proofs = prove_rows({12: CELLS[12], 3: CELLS[3]}, row_leaves(CELLS, KEY), KEY)
    assert [proof.ordinal for proof in proofs] == [3, 12]
    for proof in proofs:
        assert proof.rows_root == rows_root(CELLS, KEY)
        proof.check()


def test_a_false_row_gets_no_proof() -> None:
    leaves = row_leaves(CELLS, KEY)
    with pytest.raises(merkle.ProofError):
        prove_rows({3: CELLS[4]}, leaves, KEY)
    with pytest.raises(merkle.SizeError):
        prove_rows({13: CELLS[3]}, leaves, KEY)


def test_commitments_hide_by_their_salt_and_bind_by_their_content() -> None:
    flags = [{"code": "period.late"}]
    content = hashlib.sha256(canonical_json(flags)).digest()
    assert flags_commitment(flags, KEY) == commitment(opening_salt(KEY, "flags"), content)
    assert flags_commitment([], KEY) is None
    assert len({opening_salt(KEY, "flags"), opening_salt(KEY, "upload"), row_salt(KEY, 0)}) == 3
    assert commitment(opening_salt(KEY, "upload"), content) != commitment(opening_salt(KEY, "flags"), content)


def test_a_store_without_a_secret_cannot_salt() -> None:
    with pytest.raises(EntryError, match="secret"):
        salt_key(b"", b"entry 7")
