"""The tiles of a log give the proofs that its leaves give, while it grows; a log that was put back is another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.journal import merkle
from lodeline.store.tree import TILE, LogTree


class Log:
    """A list of leaves that counts how many are read of it."""

    def __init__(self, size: int = 0, name: str = "log") -> None:
        self.leaves: list[bytes] = []
        self.read = 0
        self.grow(size, name)

    def grow(self, by: int, name: str = "log") -> merkle.Frontier:
        first = len(self.leaves)
        self.leaves += [merkle.leaf_hash(f"{name} {number}".encode()) for number in range(first, first + by)]
        return self.frontier()

    def frontier(self, size: int | None = None) -> merkle.Frontier:
        return merkle.Frontier.of(b"".join(self.leaves[:size]))

    def between(self, first: int, end: int) -> bytes:
        self.read += end - first
        return b"".join(self.leaves[first:end])


@given(steps=st.lists(st.integers(1, 3 * TILE), min_size=1, max_size=5), data=st.data())
def test_a_log_that_grows_gives_the_proofs_of_its_leaves(steps: list[int], data: st.DataObject) -> None:
    log = Log()
    tree = LogTree(log.between)
    for step in steps:
        frontier = log.grow(step)
        size, subtree = frontier.size, tree.subtrees(frontier)
        whole = merkle.subtrees_of(log.leaves)
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        assert merkle.inclusion_proof(subtree, index, size) == merkle.inclusion_proof(whole, index, size)
        assert merkle.consistency_proof(subtree, old, size) == merkle.consistency_proof(whole, old, size)
        assert merkle.Frontier.at(subtree, old) == log.frontier(old)


def test_a_proof_reads_two_tiles_of_a_long_log() -> None:
    log = Log(20 * TILE + 7)
    tree = LogTree(log.between)
    tree.subtrees(log.frontier())
    log.grow(1)
    log.read = 0
    merkle.inclusion_proof(tree.subtrees(log.frontier()), 3 * TILE + 5, len(log.leaves))
    assert log.read <= 2 * TILE


@pytest.mark.parametrize("kept", [0, TILE, 2 * TILE, 2 * TILE + 9])
def test_another_log_in_the_same_place_is_proved_as_it_is(kept: int) -> None:
    log = Log(5 * TILE)
    tree = LogTree(log.between)
    tree.subtrees(log.frontier())
    del log.leaves[kept:]
    frontier = log.grow(6 * TILE, "put back")
    proof = merkle.inclusion_proof(tree.subtrees(frontier), 4 * TILE + 1, frontier.size)
    merkle.verify_inclusion(
        index=4 * TILE + 1, size=frontier.size, leaf=log.leaves[4 * TILE + 1], proof=proof, root=frontier.root()
    )


def test_what_the_log_does_not_have_is_refused() -> None:
    log = Log(TILE + 3)
    subtree = LogTree(log.between).subtrees(log.frontier())
    for level, index in ((0, TILE + 3), (1, TILE // 2 + 1), (8, 1), (9, 0)):
        with pytest.raises(merkle.SizeError):
            subtree(level, index)
