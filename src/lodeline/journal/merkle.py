"""The Merkle tree of RFC 9162: one hash that stands for a list, and short proofs about it.

A proof is accepted only if it is exactly the proof that the two sizes call for: no hash more, no hash less.
Appending to a log of n leaves costs O(log n), because a `Frontier` keeps the perfect subtrees and nothing else.

    MerkleError
     ├─ SizeError     a question about a leaf or a size that the tree does not have: the caller's mistake
     └─ ProofError    a proof that does not lead to the root: somebody's claim is false

Source: RFC 9162 section 2.1 (the same tree as RFC 6962), https://www.rfc-editor.org/rfc/rfc9162
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""subtree(level, index): the root of the perfect subtree over leaves [index·2^level, (index+1)·2^level)."""


class MerkleError(ValueError):
    """Something about a Merkle tree is wrong."""


class SizeError(MerkleError):
    """The tree asked about has no such leaf, or no such size."""


class ProofError(MerkleError):
    """The proof does not show what it claims to show."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def _joined(leaf_hashes: bytes | Sequence[bytes]) -> bytes:
    joined = leaf_hashes if isinstance(leaf_hashes, bytes) else b"".join(leaf_hashes)
    if len(joined) % HASH_BYTES:
        raise SizeError(f"{len(joined)} bytes are not a whole number of 32-byte leaf hashes")
    return joined


def _level_above(level: bytes) -> bytes:
    """Hashes of the complete pairs of one level; an odd last hash is left out."""
    hasher = sha256
    pairs_end = len(level) - len(level) % 64
    return b"".join([hasher(b"\x01" + level[at : at + 64]).digest() for at in range(0, pairs_end, 64)])


def root_of_leaves(leaf_hashes: bytes | Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes, given joined or as a list; about half a second per million.

    Raises SizeError if joined bytes are not a multiple of 32.
    """
    level = _joined(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > HASH_BYTES:
        # An odd last hash climbs unchanged until it finds a partner: that is how RFC 9162 splits an uneven tree.
        odd = level[-HASH_BYTES:] if len(level) % 64 else b""
        level = _level_above(level) + odd
    return level


def subtrees_of(leaf_hashes: bytes | Sequence[bytes]) -> Subtree:
    """Every perfect subtree of these leaves, ready for proofs. Hashes once, then answers from 64 bytes per leaf."""
    levels = [_joined(leaf_hashes)]
    while len(levels[-1]) >= 2 * HASH_BYTES:
        levels.append(_level_above(levels[-1]))

    def subtree(level: int, index: int) -> bytes:
        found = levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES] if level < len(levels) else b""
        if len(found) != HASH_BYTES:
            raise SizeError(f"no perfect subtree {index} at level {level} in {len(levels[0]) // HASH_BYTES} leaves")
        return found

    return subtree


def _split(begin: int, end: int) -> int:
    """Where RFC 9162 splits [begin, end): after the largest power of two smaller than its width."""
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def _range_root(subtree: Subtree, begin: int, end: int) -> bytes:
    peaks = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        peaks.append(subtree(level, begin >> level))
        begin += 1 << level
    return _root_of_peaks(peaks)


def _root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def inclusion_proof(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """Audit path of leaf `index` in the tree of the first `size` leaves, from the leaf upwards.

    `subtree` answers from wherever the perfect subtrees are kept: `subtrees_of(leaves)`, a table, tiles on disk.
    It is asked O(log² size) times. Raises SizeError unless 0 ≤ index < size.
    """
    if not 0 <= index < size:
        raise SizeError(f"no leaf {index} in a tree of {size}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        split = _split(begin, end)
        if index < split:
            path.append(_range_root(subtree, split, end))
            end = split
        else:
            path.append(_range_root(subtree, begin, split))
            begin = split
    return path[::-1]


def consistency_proof(subtree: Subtree, old_size: int, new_size: int) -> list[bytes]:
    """Proof that the first `old_size` leaves of the tree of `new_size` leaves are the older tree.

    Empty if the sizes are equal. Raises SizeError unless 1 ≤ old_size ≤ new_size: every tree begins with the
    empty one, so about size 0 there is nothing to prove.
    """
    if not 1 <= old_size <= new_size:
        raise SizeError(f"no consistency proof from size {old_size} to {new_size}")
    begin, end, path = 0, new_size, []
    while old_size != end:
        split = _split(begin, end)
        if old_size <= split:
            path.append(_range_root(subtree, split, end))
            end = split
        else:
            path.append(_range_root(subtree, begin, split))
            begin = split
    if begin > 0:
        path.append(_range_root(subtree, begin, end))
    return path[::-1]


def _check_hash(name: str, value: bytes) -> None:
    if len(value) != HASH_BYTES:
        raise ProofError(f"{name} has {len(value)} bytes, not 32")


def root_from_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that this audit path leads to (RFC 9162 section 2.1.3.2).

    Raises ProofError if the index is not in the tree or the path has the wrong length.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    _check_hash("the leaf hash", leaf)
    node, last, root = index, size - 1, leaf
    for hash_ in proof:
        _check_hash("a hash of the proof", hash_)
        if last == 0:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            root = node_hash(hash_, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, hash_)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return root


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if leaf hash `leaf` is number `index` of the `size` leaves under `root`; else raises ProofError."""
    if root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof) != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns if the new tree only appended to the old one; else raises ProofError (RFC 9162 section 2.1.4.2).

    From size 0 to a larger one nothing can be proved, and the attempt is refused.
    """
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError("two trees of one size need equal roots and an empty proof")
        if old_size <= 0 and (old_size, old_root) != (0, EMPTY_ROOT):
            raise ProofError("the empty tree has another root")
        return
    if not 0 < old_size < new_size:
        raise ProofError(f"no consistency proof leads from size {old_size} to {new_size}")
    for name, hash_ in [("the old root", old_root), *(("a hash of the proof", hash_) for hash_ in proof)]:
        _check_hash(name, hash_)
    # A power of two is a perfect subtree of the new tree: its root starts the climb and is not sent along.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise ProofError("the proof is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for hash_ in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if old != old_root or new != new_root:
        raise ProofError("the proof leads to other roots")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All that a log must remember in order to grow: its size and the roots of its perfect subtrees.

    `peaks` holds one 32-byte hash for each 1 in the binary form of `size`, the largest subtree first.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise SizeError(f"a frontier of size {self.size} cannot have {len(self.peaks)} peaks")

    @classmethod
    def of(cls, leaf_hashes: bytes | Sequence[bytes]) -> "Frontier":
        """The frontier of a whole list of leaves. Raises SizeError as `root_of_leaves` does."""
        joined = _joined(leaf_hashes)
        size = len(joined) // HASH_BYTES
        peaks, begin = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                end = begin + (1 << level)
                peaks.append(root_of_leaves(joined[begin * HASH_BYTES : end * HASH_BYTES]))
                begin = end
        return cls(size=size, peaks=tuple(peaks))

    @classmethod
    def at(cls, subtree: Subtree, size: int) -> "Frontier":
        """The frontier of the first `size` leaves of a tree. Raises SizeError where it has fewer."""
        peaks, begin = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(subtree(level, begin >> level))
                begin += 1 << level
        return cls(size=size, peaks=tuple(peaks))

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash. Raises SizeError if it is not 32 bytes."""
        if len(leaf) != HASH_BYTES:
            raise SizeError(f"a leaf hash has 32 bytes, not {len(leaf)}")
        peaks, carry, size = list(self.peaks), leaf, self.size
        while size & 1:
            carry = node_hash(peaks.pop(), carry)
            size >>= 1
        return Frontier(size=self.size + 1, peaks=(*peaks, carry))

    def next_inclusion_proof(self) -> list[bytes]:
        """Audit path of the leaf that is appended *next*, in the tree that ends with it.

        The newest leaf is joined to each present peak in turn, smallest first, so the peaks are its path: a filer
        gets the receipt in the same transaction, and nothing but the frontier is read.
        """
        return list(reversed(self.peaks))

    def root(self) -> bytes:
        """Root of the tree so far, 32 bytes."""
        return _root_of_peaks(self.peaks) if self.peaks else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Size as 8 bytes, big-endian, then the peaks."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Frontier":
        """The frontier that `to_bytes` wrote. Raises SizeError if the bytes are not one."""
        if len(stored) < 8 or len(stored) % HASH_BYTES != 8:
            raise SizeError(f"{len(stored)} bytes are not a frontier")
        peaks = tuple(stored[at : at + HASH_BYTES] for at in range(8, len(stored), HASH_BYTES))
        return cls(size=int.from_bytes(stored[:8], "big"), peaks=peaks)
