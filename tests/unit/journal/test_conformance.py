"""Public vectors for RFC 9162 proofs and RFC 8785 text; every one is judged as its publisher says."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from lodeline.journal import merkle, verify
from lodeline.journal.entry import EntryError, canonical_json

REPOSITORY = Path(__file__).parents[3]
VECTORS = (REPOSITORY / os.environ.get("LODELINE_SHARED", "../shared") / "conformance").resolve()
INCLUSION = sorted((VECTORS / "merkle" / "inclusion").rglob("*.json"))
CONSISTENCY = sorted((VECTORS / "merkle" / "consistency").rglob("*.json"))
JCS = sorted((VECTORS / "jcs" / "input").glob("*.json"))

needs_merkle = pytest.mark.skipif(not INCLUSION, reason=f"no Merkle vectors below {VECTORS} (set LODELINE_SHARED)")
needs_jcs = pytest.mark.skipif(not JCS, reason=f"no JCS vectors below {VECTORS} (set LODELINE_SHARED)")


def name(path: Path) -> str:
    return str(path.relative_to(VECTORS))


def decoded(hashes: list[str] | None) -> list[bytes]:
    return [base64.b64decode(hash_) for hash_ in hashes or []]


def accepts(check: Any, **claim: Any) -> bool:
    try:
        check(**claim)
    except merkle.ProofError:
        return False
    return True


@needs_merkle
@pytest.mark.parametrize("path", INCLUSION, ids=name)
def test_inclusion_vectors(path: Path) -> None:
    vector = json.loads(path.read_bytes())
    claim = {
        "index": vector["leafIdx"],
        "size": vector["treeSize"],
        "leaf": base64.b64decode(vector["leafHash"]),
        "root": base64.b64decode(vector["root"]),
        "proof": decoded(vector["proof"]),
    }
    assert accepts(merkle.verify_inclusion, **claim) == (not vector["wantErr"])
    assert verify.inclusion_holds(**claim) == (not vector["wantErr"])


@needs_merkle
@pytest.mark.parametrize("path", CONSISTENCY, ids=name)
def test_consistency_vectors(path: Path) -> None:
    vector = json.loads(path.read_bytes())
    claim = {
        "old_size": vector["size1"],
        "new_size": vector["size2"],
        "old_root": base64.b64decode(vector["root1"]),
        "new_root": base64.b64decode(vector["root2"]),
        "proof": decoded(vector["proof"]),
    }
    assert accepts(merkle.verify_consistency, **claim) == (not vector["wantErr"])
    assert verify.consistency_holds(**claim) == (not vector["wantErr"])


def holds_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(holds_float, value.values()))
    return any(map(holds_float, value)) if isinstance(value, list) else isinstance(value, float)


@needs_jcs
@pytest.mark.parametrize("path", JCS, ids=name)
def test_canonical_json_vectors(path: Path) -> None:
    value = json.loads(path.read_bytes())
    expected = (VECTORS / "jcs" / "output" / path.name).read_bytes()
    assert rfc8785.dumps(value) == expected
    if holds_float(value):
        with pytest.raises(EntryError, match="floating-point"):
            canonical_json(value)
    else:
        assert canonical_json(value) == expected
        assert verify.canonical(value).encode() == expected
