"""Opens snapshots: of the last entry of the log, or of an entry before.

What is read of the column files is known to be what this store wrote (`store.column_files`).
"""

from __future__ import annotations

from dataclasses import fields, replace

import polars as pl

from lodeline.mapped import beside, mapped
from lodeline.store.column_files import ColumnFiles, directory_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import OFFICE_KIND, Head, Store


def open_snapshot(store: Store, before: Snapshot | None = None) -> Snapshot:
    """Catches up with the log and opens the snapshot of its last entry.

    `before`: one of this store that was opened earlier. Where the entries since then say nothing about goods or
    parties, it is given again under the new stamp, with every frame that it has computed.
    """
    head = store.head()
    if before is not None and is_of(store, before) and _is_unchanged(store, before, head):
        return _stamped(before, head)
    files = ColumnFiles(store=store, directory=directory_of(store.database))

    def kept(rows: pl.DataFrame, head: Head) -> pl.DataFrame:
        return mapped(_in_force(store, rows, head.size), files.directory)

    head, held = files.read("lines", "lots", kept={"lines": kept})
    register = store.register(head)
    lines = held["lines"]
    if lines.n_chunks() > 1:
        # Who works on pieces often makes one of them, in memory.
        lines = mapped(lines, files.directory)
    if (meant := register.meant(lines)) is not lines:
        parties = mapped(meant.select("party"), files.directory)
        lines = beside(lines.with_columns(parties), lines, parties)
    return Snapshot(
        files=files,
        entry=head.size - 1,
        root=head.frontier.root().hex(),
        as_of=last_filing_time(store),
        lines=lines,
        lots=mapped(held["lots"], files.directory),
        register=register,
        aliases=store.books.all_aliases(before=head.size),
    )


def open_snapshot_as_of(store: Store, entry: int) -> Snapshot:
    """The snapshot that stood when `entry` was the last of the log: what came later is left out."""
    last = store.entry(entry)
    assert last is not None, f"the log has no entry {entry}"
    files = ColumnFiles(store=store, directory=directory_of(store.database))
    _, held = files.read("lines", "lots")
    lines = held["lines"].filter(pl.col("entry") <= entry)
    register = store.register_before(entry + 1)
    # Lots are numbered as lines name them, under the head.
    return Snapshot(
        files=files,
        entry=entry,
        root=last.root,
        as_of=last_filing_time(store, entry + 1),
        lines=register.meant(_in_force(store, lines, entry + 1)),
        lots=held["lots"].filter(pl.col("lot") <= (lines["lot"].max() or 0)),
        register=register,
        aliases=store.books.all_aliases(before=entry + 1),
    )


def is_unchanged(store: Store, entry: int, root: str) -> bool:
    """Whether what was computed as of an entry holds: all that came since is the office's own. No page is computed from
    that but the log, which asks the store."""
    last = store.entry(entry)
    # Where a backup was restored, the log is another, and may be as long.
    of_this_log = last is not None and last.root == root
    return of_this_log and store.last_goods_entry(store.head().size, still=[OFFICE_KIND])[0] <= entry


def is_of(store: Store, before: Snapshot) -> bool:
    """Whether the snapshot is of a beginning of this very log."""
    last = store.entry(before.entry)
    return last is not None and last.root == before.root


def _is_unchanged(store: Store, before: Snapshot, head: Head) -> bool:
    return before.entry < head.size and store.last_goods_entry(before.entry + 1) == store.last_goods_entry(head.size)


def _stamped(before: Snapshot, head: Head) -> Snapshot:
    snapshot = replace(before, entry=head.size - 1, root=head.frontier.root().hex())
    # The lot graph says its stamp itself.
    own = {one.name for one in fields(Snapshot)} | {"_flow_index"}
    vars(snapshot).update({name: value for name, value in vars(before).copy().items() if name not in own})
    return snapshot


def _in_force(store: Store, lines: pl.DataFrame, size: int) -> pl.DataFrame:
    superseded = store.database.frame(
        'SELECT organisation, event, entry FROM superseded WHERE "by" < %s',
        (size,),
        schema={"organisation": pl.String(), "event": pl.String(), "entry": pl.Int64()},
    )  # fmt: skip
    current = lines.filter(pl.col("kind") != "void")
    if superseded.height:
        current = current.join(superseded, on=["organisation", "event", "entry"], how="anti", maintain_order="left")
    return current


def last_filing_time(store: Store, size: int | None = None) -> str | None:
    """When the newest filing came in, of the first `size` entries or of all; None where nobody has filed."""
    condition, params = ("", ()) if size is None else (' AND "index" < %s', (size,))
    found = store.database.rows(f"SELECT MAX(filed_at) FROM entry WHERE kind = 'filing'{condition}", params)
    return None if found[0][0] is None else str(found[0][0])
