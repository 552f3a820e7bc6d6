"""Records of other authorities go into the log like filings: whole, once, each row provable, and moving nothing.

An entry of kind `feed` holds one file. Sent again it gives the old entry. A row that states again what an earlier entry
stated (an invoice by its number, a customs line by declaration and line) replaces it from then on; both stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import polars as pl

from lodeline.filing.canonical import digest
from lodeline.filing.dossier import SHANGHAI
from lodeline.filing.feed import CheckedFeed
from lodeline.filing.feed_schema import FEEDS, Feed, feed_text
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.audit import audit_rows
from lodeline.journal.verify import Fault
from lodeline.ledger.problem import Problem
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.service.entries.upload import Upload
from lodeline.store.opening import assert_guarded
from lodeline.store.store import FEED_KIND, FEED_TABLES, Store, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a feed: the entry that holds it (None: refused), its problems, whether it was there before."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...]
    repeated: bool = False

    def as_json(self, receipt: dict[str, object] | None) -> dict[str, Any]:
        """The shape that `lodeline feed --json` and the API promise."""
        return {
            "accepted": self.entry is not None,
            "repeated": self.repeated,
            "feed": None if self.entry is None else feed_of_entry(self.entry),
            "rows": None if self.entry is None else self.entry.row_count,
            "problems": [one.as_json() for one in self.problems],
            "receipt": receipt,
        }


def receive(
    store: Store, checked: CheckedFeed, *, upload: Upload, filed_at: datetime, authority: str | None = None,
    by: str | None = None, in_transaction: Callable[[StoredEntry], None] | None = None,
) -> Received:  # fmt: skip
    """Takes in a checked feed, whole or not at all.

    `authority`: whose records they are, an organisation of the register. `by`: the opaque id of who sent it. Neither is
    part of what identifies a feed. `also` is done in the transaction that writes a new entry; it locks nothing.
    """
    if checked.rejects or checked.feed is None:
        return Received(entry=None, problems=checked.problems)
    assert_guarded(store)
    text = feed_text(checked.rows, checked.feed)
    identity = sha256(f"{checked.feed}\n{digest(text)}".encode()).hexdigest()
    key = salt_key(store, None, None, None, identity)
    leaves = journal.row_leaves(text.cast(pl.Binary), key)
    with store.database.transaction():
        head = store.head(lock=True)
        before = store.feed_before(identity)
        if before is not None:
            return Received(entry=before, problems=checked.problems, repeated=True)
        flags = [as_filed(one, upload.name) for one in checked.problems]
        name = journal.name_commitment(upload.name, key)
        about = {"feed": checked.feed, "authority": authority, "by": by, "upload_name": name}
        envelope = journal.Envelope(
            index=head.size,
            kind=FEED_KIND,
            filed_at=utc_text(filed_at),
            rows=checked.rows.height,
            rows_root=merkle.root_of_leaves(leaves).hex(),
            upload_hash=journal.upload_commitment(sha256(upload.content).digest(), key),
            flags_hash=journal.flags_commitment(flags, key),
            facts={name: value for name, value in about.items() if value is not None},
        )
        entry, new_head = store.append_entry(head, envelope, digest=identity, rows=checked.rows.height, flags=flags)
        rows = checked.rows.with_columns_seq(
            (pl.int_range(pl.len(), dtype=pl.Int64()) + head.next_line).alias("id"),
            pl.lit(entry.index, pl.Int64()).alias("entry"),
            pl.int_range(pl.len(), dtype=pl.Int64()).alias("ordinal"),
            pl.Series("leaf", [leaves[at : at + 32] for at in range(0, len(leaves), 32)], pl.Binary()),
        )
        store.append_rows(FEED_TABLES[checked.feed], rows)
        store.put_upload(entry.index, name=upload.name, content=upload.content)
        store.set_head(new_head)
        if in_transaction is not None:
            in_transaction(entry)
    return Received(entry=entry, problems=checked.problems)


def as_filed(found: Problem, name: str) -> dict[str, object]:
    """A flag as the entry keeps it: with the name of the file, not where it lay."""
    return replace(found, where=replace(found.where, file=name)).as_json()


def feed_of_entry(entry: StoredEntry) -> Feed | None:
    """Which feed an entry holds, by its envelope; None where that says none."""
    named = journal.Envelope.from_bytes(entry.envelope.encode()).facts.get("feed")
    return next((feed for feed in FEEDS if feed == named), None)


def day_of(moment: datetime) -> date:
    """The day at the authorities (Asia/Shanghai): no record is of a later one."""
    return moment.astimezone(SHANGHAI).date()


def faults(store: Store, entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    """Whether the rows that stand are those that the entry bound, each in its place."""
    feed = feed_of_entry(entry)
    if feed is None:
        yield Fault(entry=entry.index, what="entry.columns-differ")
        return
    rows = store.feed_rows(feed, entry.index)
    text = feed_text(rows, feed)
    yield from audit_rows(
        entry=entry.index, expected_root=bytes.fromhex(envelope.rows_root), count=envelope.rows,
        cells=text.cast(pl.Binary).to_list(), row_salt_key=key, kept_leaves=b"".join(rows["leaf"].to_list()),
    )  # fmt: skip
    if sha256(f"{feed}\n{digest(text)}".encode()).hexdigest() != entry.digest:
        yield Fault(entry=entry.index, what="entry.columns-differ")
    places = pl.int_range(pl.len(), dtype=pl.Int64())
    misplaced = rows.filter((pl.col("ordinal") != places) | (pl.col("id") != places + entry.first_line))
    for (ordinal,) in misplaced.select("ordinal").head(100).iter_rows():
        yield Fault(entry=entry.index, what="row.misplaced", facts={"ordinal": ordinal})
