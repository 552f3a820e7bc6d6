import hashlib
from typing import Any

import pytest

from lodeline.journal import merkle, verify

LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(21)]


def by_the_book(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = max(1 << power for power in range(8) if 1 << power < len(leaves))
    return hashlib.sha256(b"\x01" + by_the_book(leaves[:split]) + by_the_book(leaves[split:])).digest()


def test_root_follows_the_definition_for_every_size() -> None:
    for size in range(len(LEAVES) + 1):
        expected = by_the_book(LEAVES[:size])
        assert merkle.root_of_leaves(LEAVES[:size]) == expected
        assert merkle.root_of_leaves(b"".join(LEAVES[:size])) == expected


def test_a_leaf_cannot_pass_for_a_node() -> None:
    assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != merkle.node_hash(LEAVES[0], LEAVES[1])


def test_every_inclusion_proof_leads_to_the_root_and_to_no_other_place() -> None:
    for size in range(1, len(LEAVES) + 1):
        subtree, root = merkle.subtrees_of(LEAVES[:size]), by_the_book(LEAVES[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(subtree, index, size)
            merkle.verify_inclusion(index=index, size=size, leaf=LEAVES[index], proof=proof, root=root)
            for other in {(index + 1) % size, (index ^ 1) % size} - {index}:
                with pytest.raises(merkle.ProofError):
                    merkle.verify_inclusion(index=other, size=size, leaf=LEAVES[index], proof=proof, root=root)


def test_every_consistency_proof_leads_from_the_old_root_to_the_new() -> None:
    subtree = merkle.subtrees_of(LEAVES)
    for new_size in range(1, len(LEAVES) + 1):
        for old_size in range(1, new_size + 1):
            proof = merkle.consistency_proof(subtree, old_size, new_size)
            merkle.verify_consistency(
                old_size=old_size,
                new_size=new_size,
                old_root=by_the_book(LEAVES[:old_size]),
                new_root=by_the_book(LEAVES[:new_size]),
                proof=proof,
            )


def test_a_rewritten_log_has_no_consistency_proof() -> None:
    rewritten = [merkle.leaf_hash(b"forged"), *LEAVES[1:]]
    proof = merkle.consistency_proof(merkle.subtrees_of(rewritten), 11, 21)
    with pytest.raises(merkle.ProofError, match="other roots"):
        merkle.verify_consistency(
            old_size=11,
            new_size=21,
            old_root=by_the_book(LEAVES[:11]),
            new_root=by_the_book(rewritten),
            proof=proof,
        )


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root", "holds"),
    [
        (0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, True),
        (0, 0, LEAVES[0], LEAVES[0], False),
        (0, 0, merkle.EMPTY_ROOT, LEAVES[0], False),
        (-1, -1, LEAVES[0], LEAVES[0], False),
        # RFC 9162 section 2.1.4.1 defines no proof that begins at the empty tree.
        (0, 1, merkle.EMPTY_ROOT, LEAVES[0], False),
        (0, 1, LEAVES[0], LEAVES[0], False),
    ],
)
def test_the_empty_tree_has_one_root(old: int, new: int, old_root: bytes, new_root: bytes, holds: bool) -> None:
    claim: dict[str, Any] = {"old_size": old, "new_size": new, "old_root": old_root, "new_root": new_root, "proof": []}
    assert verify.consistency_holds(**claim) == holds
    if holds:
        merkle.verify_consistency(**claim)
    else:
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(**claim)


def test_a_proof_has_exactly_the_length_it_needs() -> None:
    proof = merkle.inclusion_proof(merkle.subtrees_of(LEAVES), 4, 21)
    root = by_the_book(LEAVES)
    for wrong, words in ((proof[:-1], "too short"), ([*proof, LEAVES[0]], "too long"), ([b"", *proof], "0 bytes")):
        with pytest.raises(merkle.ProofError, match=words):
            merkle.verify_inclusion(index=4, size=21, leaf=LEAVES[4], proof=wrong, root=root)


def test_questions_about_what_the_tree_does_not_have_are_size_errors() -> None:
    subtree = merkle.subtrees_of(LEAVES)
    for question in (
        lambda: merkle.inclusion_proof(subtree, 21, 21),
        lambda: merkle.inclusion_proof(subtree, 3, 22),
        lambda: merkle.inclusion_proof(subtree, -1, 21),
        lambda: merkle.consistency_proof(subtree, 0, 21),
        lambda: merkle.consistency_proof(subtree, 5, 4),
        lambda: merkle.root_of_leaves(b"x" * 33),
        lambda: merkle.Frontier().append(b"short"),
    ):
        with pytest.raises(merkle.SizeError):
            question()


def test_the_frontier_grows_like_the_tree() -> None:
    frontier = merkle.Frontier()
    for index, leaf in enumerate(LEAVES):
        proof = frontier.next_inclusion_proof()
        frontier = frontier.append(leaf)
        assert frontier.root() == by_the_book(LEAVES[: index + 1])
        assert frontier == merkle.Frontier.of(LEAVES[: index + 1])
        assert frontier == merkle.Frontier.from_bytes(frontier.to_bytes())
        merkle.verify_inclusion(index=index, size=index + 1, leaf=leaf, proof=proof, root=frontier.root())


@pytest.mark.parametrize("stored", [b"", b"\0" * 7, b"\0" * 8 + b"x" * 32, b"\0" * 7 + b"\1", b"\0" * 7 + b"\1x"])
def test_bytes_that_are_no_frontier_are_refused(stored: bytes) -> None:
    with pytest.raises(merkle.SizeError):
        merkle.Frontier.from_bytes(stored)


def test_proofs_can_be_built_from_subtrees_kept_anywhere() -> None:
    """The caller may keep tiles or a table: only O(log² n) perfect subtrees are asked for."""
    asked: list[tuple[int, int]] = []
    full = merkle.subtrees_of(LEAVES)

    def subtree(level: int, index: int) -> bytes:
        asked.append((level, index))
        return full(level, index)

    assert merkle.inclusion_proof(subtree, 20, 21) == merkle.inclusion_proof(full, 20, 21)
    assert asked == [(4, 0), (2, 4)]
