"""The log, its proofs, and what has changed in it."""

from typing import Literal

from lodeline.web.api.shapes.common import Hash, Json, Shape


class Checkpoint(Shape):
    """The signed size and root of the log, as a note (C2SP tlog-checkpoint), and the key that signed it."""

    size: int
    root: Hash
    checkpoint: str
    vkey: str


class Entry(Shape):
    """An entry's leaf and its place in the log. `envelope`: only for its own organisation and the authority."""

    entry: int
    leaf_hash: Hash
    size: int
    inclusion: list[str]
    envelope: str | None


class Consistency(Shape):
    """Proof that the log of `new_size` entries begins with the log of `old_size`."""

    format: str
    old_size: int
    new_size: int
    proof: list[str]


class Verified(Shape):
    """Whether a receipt holds, and what is wrong with it; `key_given`: the key came from elsewhere."""

    ok: bool
    key_given: bool
    faults: list[Json]


class Change(Shape):
    """Something that has changed, and the cursor behind it."""

    cursor: str
    kind: Literal["filed", "shipped", "received", "sold", "exported", "withdrawn"]
    entry: int
    organisation: str
    filed_at: str


class Changes(Shape):
    """What has changed behind a cursor. `more`: ask again at once."""

    rows: list[Change]
    next: str
    more: bool
