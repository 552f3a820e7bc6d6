"""The log's Merkle tree for proofs: a proof reads a few hundred leaf hashes, however long the log is.

Of the tree only the roots of whole tiles of 256 leaves, and what stands above them, are kept in this process: half a
byte an entry. The leaves of the two or three tiles that a proof touches are read anew for each proof. What is kept is
held against the head that is proved, so a store that was put back or rolled back gives no proof from before that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final

from lodeline.journal.merkle import HASH_BYTES, Frontier, SizeError, Subtree, node_hash, root_of_leaves, subtrees_of

TILE_LEVEL: Final = 8
TILE: Final = 1 << TILE_LEVEL
#: Leaves that are read at a time where many tiles are new.
_READ: Final = 256 * TILE

#: leaves(first, end): the leaf hashes of entries [first, end), joined.
Leaves = Callable[[int, int], bytes]


class LogTree:
    """The tiles of one log that grows; shared between threads."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._lock = Lock()
        #: Level above the tiles → the roots of whole subtrees, joined.
        self._levels: list[bytearray] = [bytearray()]

    def subtrees(self, frontier: Frontier) -> Subtree:
        """Every perfect subtree of the log as `frontier` has it, ready for proofs (journal.merkle)."""
        with self._lock:
            self._grow(frontier.size >> TILE_LEVEL)
            if not self._fits(frontier):
                # Another log stands here now, or an entry of a transaction that came to nothing was kept.
                self._levels = [bytearray()]
                self._grow(frontier.size >> TILE_LEVEL)
        size = frontier.size

        @lru_cache(maxsize=8)
        def tile(number: int) -> Subtree:
            return subtrees_of(self._leaves(number * TILE, min((number + 1) * TILE, size)))

        def subtree(level: int, index: int) -> bytes:
            if (index + 1) << level > size:
                raise SizeError(f"no perfect subtree {index} at level {level} in {size} leaves")
            if level >= TILE_LEVEL:
                return self._node(level, index)
            per_tile = TILE_LEVEL - level
            return tile(index >> per_tile)(level, index & ((1 << per_tile) - 1))

        return subtree

    def _node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level - TILE_LEVEL][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _grow(self, tiles: int) -> None:
        """Reads the leaves of tiles that have become whole, and climbs from each as far as pairs are complete."""
        have = len(self._levels[0]) // HASH_BYTES
        for first in range(have * TILE, tiles * TILE, _READ):
            leaves = self._leaves(first, min(first + _READ, tiles * TILE))
            for begin in range(0, len(leaves), TILE * HASH_BYTES):
                self._put(root_of_leaves(leaves[begin : begin + TILE * HASH_BYTES]))

    def _put(self, root: bytes) -> None:
        for level in self._levels:
            level.extend(root)
            if len(level) % (2 * HASH_BYTES):
                return
            root = node_hash(bytes(level[-2 * HASH_BYTES : -HASH_BYTES]), bytes(level[-HASH_BYTES:]))
        self._levels.append(bytearray(root))

    def _fits(self, frontier: Frontier) -> bool:
        """Whether the subtrees that are kept are those of the head, as far as its peaks are kept at all."""
        begin, peaks = 0, iter(frontier.peaks)
        for level in reversed(range(frontier.size.bit_length())):
            if frontier.size >> level & 1:
                peak = next(peaks)
                if level >= TILE_LEVEL and self._node(level, begin >> level) != peak:
                    return False
                begin += 1 << level
        return True
