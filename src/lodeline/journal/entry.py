"""What the log holds: one envelope per entry, and a salted Merkle root over the entry's rows.

The same facts give the same bytes on every machine: RFC 8785 text, no random value, no floating-point number, and no
clock but the filing time that the caller states. One row can be shown to a customer, and the rows beside it stay
unguessable: whatever in an envelope stands for hidden content is salted, with salts that come from the store secret.

    EntryError   the envelope cannot be written or read: a mistake of the caller, or bytes that are no envelope

Sources: RFC 8785 (canonical JSON), RFC 9162 section 2.1 (tree), RFC 2104 (HMAC). See docs/reference/journal.md.
"""

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785

from lodeline.journal import merkle

ENTRY_FORMAT = "lodeline-entry-v1"
ENVELOPE_BYTES_MAX = 65_535
"""Tiled logs give the length of an entry in two bytes (C2SP tlog-tiles, entry bundles); whatever is longer is rows."""
SALT_BYTES = 16

_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_HASH = re.compile(r"[0-9a-f]{64}")


class EntryError(ValueError):
    """An envelope is malformed."""


def canonical_json(value: object) -> bytes:
    """RFC 8785 bytes of a value made of dicts, lists, texts, integers below 2^53, booleans and nulls.

    Raises EntryError for anything else. A float is refused: a mass or a share in an entry is an integer or a text.
    """
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as problem:
        raise EntryError(f"no canonical form: {problem}") from problem


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise EntryError(f"{value!r} is a floating-point number; an entry holds integers and text")
    if isinstance(value, Mapping):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What one entry says. Its canonical bytes are hashed into the log; its rows stand behind `rows_root`.

    index         number of the entry, from 0
    kind          what it is: `init`, `register`, `grants`, `filing`, ...
    filed_at      ISO 8601 time in UTC, ending in `Z`, as given by the caller
    organisation  who filed, or None
    period        `YYYY-MM`, or None
    corrects      index of the entry that this one corrects, or None
    rows          number of rows
    rows_root     `rows_root(cells, salt_key)` in hex
    upload_hash   commitment to the uploaded bytes, or None
    flags_hash    commitment to the flags as filed, or None if there are none
    facts         what is particular to the kind; texts, integers, booleans, nulls, lists and dicts

    Raises EntryError if a field is not of this form.
    """

    index: int
    kind: str
    filed_at: str
    organisation: str | None = None
    period: str | None = None
    corrects: int | None = None
    rows: int = 0
    rows_root: str = merkle.EMPTY_ROOT.hex()
    upload_hash: str | None = None
    flags_hash: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        conditions = {
            "index": self.index >= 0,
            "kind": _KIND.fullmatch(self.kind),
            "filed_at": _is_utc_time(self.filed_at),
            "period": self.period is None or _PERIOD.fullmatch(self.period),
            "corrects": self.corrects is None or 0 <= self.corrects < self.index,
            "rows": self.rows >= 0,
            "rows_root": _HASH.fullmatch(self.rows_root)
            and (self.rows == 0) == (self.rows_root == merkle.EMPTY_ROOT.hex()),
            "upload_hash": self.upload_hash is None or _HASH.fullmatch(self.upload_hash),
            "flags_hash": self.flags_hash is None or _HASH.fullmatch(self.flags_hash),
            "facts": isinstance(self.facts, Mapping),
        }
        for name, holds in conditions.items():
            if not holds:
                raise EntryError(f"{name} cannot be {getattr(self, name)!r}")

    def to_bytes(self) -> bytes:
        """Canonical bytes (RFC 8785, UTF-8). Raises EntryError if they exceed ENVELOPE_BYTES_MAX."""
        encoded = canonical_json({"format": ENTRY_FORMAT, **asdict(self)})
        if len(encoded) > ENVELOPE_BYTES_MAX:
            raise EntryError(f"an envelope of {len(encoded)} bytes is too long; what is long belongs in rows")
        return encoded

    def leaf_hash(self) -> bytes:
        """SHA-256(0x00 || canonical bytes): this entry's leaf in the log."""
        return merkle.leaf_hash(self.to_bytes())

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "Envelope":
        """The envelope that `to_bytes` wrote. Raises EntryError if these are not its canonical bytes."""
        try:
            fields = json.loads(encoded)
            if fields.pop("format") != ENTRY_FORMAT:
                raise EntryError("another format of entry")
            envelope = cls(**fields)
        except EntryError:
            raise
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as problem:
            raise EntryError(f"not an envelope: {problem}") from problem
        if envelope.to_bytes() != encoded:
            raise EntryError("not the canonical bytes of an envelope")
        return envelope


def _is_utc_time(text: str) -> bool:
    if not _UTC_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def salt_key(store_secret: bytes, place: bytes) -> bytes:
    """The key from which all salts of one entry come: HMAC-SHA-256(store_secret, "lodeline row salt v1" || place).

    `place` names the entry among all entries for ever. Raises EntryError if the secret is empty.
    """
    if not store_secret:
        raise EntryError("the store secret is empty")
    return hmac.digest(store_secret, b"lodeline row salt v1" + place, "sha256")


def row_salt(row_salt_key: bytes, ordinal: int) -> bytes:
    """Salt of row `ordinal`: the first 16 bytes of SHA-256(salt key || ordinal as 8 bytes, big-endian)."""
    return sha256(row_salt_key + ordinal.to_bytes(8, "big")).digest()[:SALT_BYTES]


def row_leaf(cells: bytes, salt: bytes) -> bytes:
    """Leaf of one row: SHA-256(0x00 || salt || cells)."""
    return sha256(b"\x00" + salt + cells).digest()


def row_leaves(cells: Iterable[bytes], row_salt_key: bytes, *, first: int = 0) -> bytes:
    """Leaf hashes of consecutive rows, joined, 32 bytes each; about 1.3 s per million rows of 150 bytes.

    `first` is the ordinal of the first row, so that a long filing can be hashed in chunks and the results joined.
    """
    # The body repeats `row_salt` and `row_leaf`: two calls a row would cost half as much again over a million rows.
    hasher = sha256
    return b"".join(
        [
            hasher(
                b"\x00" + hasher(row_salt_key + ordinal.to_bytes(8, "big")).digest()[:SALT_BYTES] + row_cells
            ).digest()
            for ordinal, row_cells in enumerate(cells, first)
        ]
    )


def rows_root(cells: Iterable[bytes], row_salt_key: bytes) -> bytes:
    """Merkle root over the salted rows, 32 bytes."""
    return merkle.root_of_leaves(row_leaves(cells, row_salt_key))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProof:
    """One row, opened: `cells` is number `ordinal` (from 0) of the `count` rows under `rows_root`."""

    ordinal: int
    count: int
    cells: bytes
    salt: bytes
    path: tuple[bytes, ...]
    rows_root: bytes

    def check(self) -> None:
        """Returns if the proof holds; else raises merkle.ProofError."""
        leaf = row_leaf(self.cells, self.salt)
        merkle.verify_inclusion(index=self.ordinal, size=self.count, leaf=leaf, proof=self.path, root=self.rows_root)


def prove_rows(rows: Mapping[int, bytes], leaves: bytes, row_salt_key: bytes) -> list[RowProof]:
    """Proofs for some rows (ordinal -> cells) of an entry whose joined leaf hashes are `leaves`.

    The tree is hashed once for all of them. Raises merkle.SizeError for an ordinal that does not exist and
    merkle.ProofError if cells are not those that were hashed: a proof that cannot hold is not handed out.
    """
    subtree, root = merkle.subtrees_of(leaves), merkle.root_of_leaves(leaves)
    count = len(leaves) // merkle.HASH_BYTES
    proofs = []
    for ordinal, cells in sorted(rows.items()):
        path = merkle.inclusion_proof(subtree, ordinal, count)
        salt = row_salt(row_salt_key, ordinal)
        proof = RowProof(ordinal=ordinal, count=count, cells=cells, salt=salt, path=tuple(path), rows_root=root)
        proof.check()
        proofs.append(proof)
    return proofs


def opening_salt(row_salt_key: bytes, purpose: str) -> bytes:
    """Salt of a commitment (`purpose`: `upload`, `flags`, `digest`, …), 16 bytes; whoever holds it can open it."""
    return hmac.digest(row_salt_key, b"lodeline opening salt v1" + purpose.encode(), "sha256")[:SALT_BYTES]


def commitment(salt: bytes, content_sha256: bytes) -> str:
    """Hex of SHA-256("lodeline commitment v1" || salt || SHA-256 of the content).

    A plain hash of a short filing would let anyone who is shown one row find the others by trial.
    """
    return sha256(b"lodeline commitment v1" + salt + content_sha256).hexdigest()


def upload_commitment(upload_sha256: bytes, row_salt_key: bytes) -> str:
    """The `upload_hash` of an envelope, from the plain SHA-256 of the uploaded bytes."""
    return commitment(opening_salt(row_salt_key, "upload"), upload_sha256)


def name_commitment(name: str, row_salt_key: bytes) -> str:
    """The fact `upload_name` of an entry with one file: several are listed with their names."""
    return commitment(opening_salt(row_salt_key, "name"), sha256(name.encode("utf-8", "surrogatepass")).digest())


def uploads_sha256(files: Sequence[tuple[str, bytes]]) -> bytes:
    """What `upload_commitment` takes for several files (name, SHA-256): each can be shown to be one of them alone."""
    listed = [{"name": name, "sha256": sha256_.hex()} for name, sha256_ in files]
    return sha256(canonical_json(listed)).digest()


def digest_commitment(digest: str, row_salt_key: bytes) -> str:
    """What a certifier signs and an envelope keeps in place of the digest (hex) of a filing's content."""
    return commitment(opening_salt(row_salt_key, "digest"), bytes.fromhex(digest))


def flags_commitment(flags: Sequence[object], row_salt_key: bytes) -> str | None:
    """The `flags_hash` of an envelope; None if there are no flags. Raises EntryError if a flag holds a float."""
    if not flags:
        return None
    return commitment(opening_salt(row_salt_key, "flags"), sha256(canonical_json(list(flags))).digest())
