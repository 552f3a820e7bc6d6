"""What is sealed under a key passes as long as nothing of it is changed, and nobody without the key makes another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lodeline.store.seal import BLOCK_BYTES, Seal, SealKey, WrongFile, sampled

KEY = SealKey.of_store(b"a secret of tests")
OTHER = SealKey.of_store(b"another secret of tests")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two blocks and a bit."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (BLOCK_BYTES // 128) + b"end")
    return path


def change(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_what_was_sealed_passes_whole_and_in_part(file: Path) -> None:
    seal = KEY.seal_file(file)
    assert seal == KEY.seal(file.read_bytes()) == Seal.read(json.loads(json.dumps(seal.as_json())))
    assert seal.blocks == 3
    assert KEY.read(file, seal) == file.read_bytes()
    KEY.check_blocks(file, seal)


@pytest.mark.parametrize("at", [0, BLOCK_BYTES - 1, BLOCK_BYTES, 2 * BLOCK_BYTES, 2 * BLOCK_BYTES + 2])
def test_a_flipped_bit_shows_in_its_block(file: Path, at: int) -> None:
    seal = KEY.seal_file(file)
    change(file, at)
    for look in (KEY.read, KEY.check_blocks):
        with pytest.raises(WrongFile, match="not what was written"):
            look(file, seal)
    KEY.check_blocks(file, seal, [block for block in range(3) if block != at // BLOCK_BYTES])


def test_a_cut_grown_missing_or_replaced_file_is_named(file: Path) -> None:
    seal, content = KEY.seal_file(file), file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(WrongFile, match="bytes instead of"):
        KEY.check_blocks(file, seal, [])
    file.write_bytes(content + b"!")
    with pytest.raises(WrongFile, match="bytes instead of"):
        KEY.read(file, seal)
    file.unlink()
    with pytest.raises(WrongFile, match="missing"):
        KEY.read(file, seal)
    file.mkdir()
    with pytest.raises(WrongFile):
        KEY.check_blocks(file, Seal(size=file.stat().st_size, codes=seal.codes))


def test_another_key_seals_otherwise(file: Path) -> None:
    assert KEY.seal_file(file) != OTHER.seal_file(file)


def test_a_document_opens_for_its_key_and_purpose_alone() -> None:
    document = KEY.document(b"one", {"format": 5, "name": "文"})
    assert json.loads(document).keys() == {"code", "format", "name"}
    assert KEY.open_document(b"one", document) == {"format": 5, "name": "文"}
    assert KEY.open_document(b"two", document) is None
    assert OTHER.open_document(b"one", document) is None
    assert KEY.open_document(b"one", document.replace(b'"format":5', b'"format":6')) is None
    assert KEY.open_document(b"one", document + b" ") is None


@pytest.mark.parametrize("document", [b"", b"{", b"[" * 100_000, b'{"code":"' + "文".encode() * 40, b"\xff" * 200])
def test_what_is_no_document_is_not_parsed(document: bytes) -> None:
    assert KEY.open_document(b"one", document) is None


def test_few_blocks_are_looked_at_all_and_of_many_the_first_and_some_by_chance() -> None:
    seals = {name: Seal(size=blocks * BLOCK_BYTES, codes="") for name, blocks in (("a", 3), ("b", 1), ("c", 0))}
    assert {name: sorted(blocks) for name, blocks in sampled(seals, 4).items()} == {"a": [0, 1, 2], "b": [0]}
    seals["d"] = Seal(size=1000 * BLOCK_BYTES - 1, codes="")
    seen = set()
    for _ in range(200):
        chosen = sampled(seals, 10)
        assert sum(map(len, chosen.values())) == 10
        assert all(blocks[0] == 0 and len(set(blocks)) == len(blocks) for blocks in chosen.values())
        seen |= set(chosen["d"])
    assert max(seen) > 900 and len(seen) > 500, "any block may be looked at"
