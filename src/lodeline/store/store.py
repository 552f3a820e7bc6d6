"""The store: the log and its head, facts that only grow, and state that follows from them. `books`: what its rows say.

Whoever appends holds the head. Numbers of entries, rows and lots are given under it, so that they have no gaps
and the order of the log is the order of commits.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256

import polars as pl

from lodeline.errors import UserError
from lodeline.filing.feed_schema import Feed, feed_cells
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.entry import Envelope
from lodeline.journal.merkle import Frontier, Subtree, leaf_hash
from lodeline.language import Text, bilingual
from lodeline.ledger.register import KEYS, TABLES, Register
from lodeline.ledger.state import State
from lodeline.store.append import append, replace_state
from lodeline.store.books import Books
from lodeline.store.database import Database, integer, marks
from lodeline.store.tree import LogTree


class StoreError(UserError):
    """The store cannot be used as it is; the message says what is wrong and what to do.

    A text may hold `{at}` or, where it begins, `{place}`: where the store is; and `{reason}`: what its database said.
    An operator is shown both; a page, which anybody may ask for, neither.
    """

    def __init__(self, words: Text, *, place: str = "", reason: str = "") -> None:
        english = {"{at}": f" at {place}", "{place}": f"{place}: ", "{reason}": f": {reason}"}
        chinese = {"{at}": f" {place} 处的", "{place}": f"{place}：", "{reason}": f"：{reason}"}
        named = english, chinese
        en, zh = (
            _filled(one, names if place else {}) for one, names in zip((words["en"], words["zh"]), named, strict=True)
        )
        super().__init__(bilingual(en, zh))
        self._for_anybody = bilingual(_filled(words["en"], {}), _filled(words["zh"], {}))

    def for_anybody(self) -> Text:
        """The texts without a place and without words of the database."""
        return self._for_anybody


def _filled(text: str, named: Mapping[str, str]) -> str:
    for name in ("{at}", "{place}", "{reason}"):
        text = text.replace(name, named.get(name, ""))
    return text.lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the log ends: its size, the next numbers, and the entry of the newest register record (-1: none)."""

    size: int
    next_line: int
    next_lot: int
    frontier: Frontier
    checkpoint: str
    register_entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as it stands in the log."""

    index: int
    kind: str
    organisation: str | None
    period: str | None
    corrects: int | None
    filed_at: str
    digest: str
    row_count: int
    first_line: int
    envelope: str
    leaf_hash: str
    root: str
    #: JSON list, as stored.
    flags_text: str

    @property
    def flags(self) -> list[dict[str, object]]:
        """The flags as filed. Raises ValueError if what is stored is no JSON list."""
        flags = json.loads(self.flags_text)
        if not isinstance(flags, list):
            raise ValueError("flags are no list")
        return flags


_ENTRY = (
    '"index", kind, organisation, period, corrects, filed_at, digest, row_count, first_line, envelope, leaf_hash, root,'
    " flags"
)

_SUPERSEDED: dict[str, pl.DataType] = {
    "organisation": pl.String(), "event": pl.String(), "entry": pl.Int64(), "by": pl.Int64(),
}  # fmt: skip

#: Entries of this kind bind a step of a case (service.entries.cases); they have no rows.
CASE_KIND = "case"
#: A published month (service.log.editions), and what an inspector found (service.inspections.visits).
EDITION_KIND, INSPECTION_KIND = "edition", "inspection"
#: What a visit is to measure, drawn before it (service.inspections.planning). It names no firm: it must not warn one.
INSPECTION_PLAN_KIND = "inspection-plan"
#: An edition of a list of parties (service.parties.lists).
LIST_KIND = "party-list"
#: Questions put to the customs desk, and what was decided about them (service.customs.papers).
DESK_KIND = "declaration"
#: Records of another authority (service.matching.feeds), each kind in a table of its own.
FEED_KIND = "feed"
FEED_TABLES: dict[Feed, str] = {"invoices": "invoice_line", "customs": "customs_line"}
#: What was said of licences and quotas beside the filings (service.licences.draws).
DRAW_KIND = "draw"
#: What happens in the office, without its names (service.entries.office_log).
OFFICE_KIND = "office"
#: A law pack that an officer proposes, and its publication by another (service.law.publishing), which changes answers.
LAW_PROPOSAL_KIND, LAW_KIND = "law-proposal", "law"
#: A fact of this name and the digest of a pack has its files: path → text, as JSON.
PACK_FACT = "pack-"
#: What the first entry of a log says of the law that the store was made with, whatever else it is (store.law). An older
#: log has an entry of the office about it, of this `what`.
BEGAN_WITH = "began_with"
BEGAN_WITH_ENTRY = "began-with"
#: What two officers answer about a rule of which no text tells whether it holds (service.customs.standing_answers).
STANDING_KIND = "standing-answer"
#: What a user tells of plants, their stock and suppliers, and of scenarios (service.strategy.inputs).
STRATEGY_KIND = "strategy-table"
#: What says nothing about goods or parties: whatever is computed from rows and register stands as before.
KINDS_WITHOUT_GOODS = (
    CASE_KIND, EDITION_KIND, LIST_KIND, DESK_KIND, DRAW_KIND, OFFICE_KIND, LAW_PROPOSAL_KIND,
    STANDING_KIND, INSPECTION_PLAN_KIND, STRATEGY_KIND,
)  # fmt: skip
STATE_TABLES = ("holding", "transfer", "drawdown")

#: URL of a database → leaf hash of the entry that made its newest register, and that register; those of the stores that
#: were opened last.
_registers: dict[str, tuple[str, Register]] = {}
_REGISTERS_KEPT = 4


class Store:
    """One database that holds a ledger. Make it with `create` or `open_store`."""

    def __init__(self, database: Database, facts: dict[str, str], secret: bytes) -> None:
        self.database = database
        self.secret = secret
        #: What it is called and which law it began with.
        self.facts = {name: facts[name] for name in ("origin", "jurisdiction", "pack")}
        self.origin = facts["origin"]
        #: Code of the pack that it was made with, and its digest: its law until another is published (store.law).
        self.jurisdiction = facts["jurisdiction"]
        self.first_pack = facts["pack"]
        self._register: tuple[int, Register] | None = None
        self._tree = LogTree(self.leaf_hashes)
        #: What its rows say.
        self.books = Books(database, self.newest_register)

    @cached_property
    def signer(self) -> Signer:
        """The key of the log."""
        return Signer.of_store(self.secret, self.origin)

    # What a writer asks.

    def head(self, *, lock: bool = False) -> Head:
        """The head; with `lock`, held until the transaction ends (on SQLite the transaction itself holds it)."""
        suffix = " FOR UPDATE" if lock and not self.database.is_sqlite else ""
        ((size, line, lot, frontier, checkpoint, register),) = self.database.rows(
            "SELECT size, next_line, next_lot, frontier, checkpoint, register_entry FROM head WHERE id = 1" + suffix
        )
        return Head(
            size=integer(size),
            next_line=integer(line),
            next_lot=integer(lot),
            frontier=Frontier.from_bytes(_bytes(frontier)),
            checkpoint=str(checkpoint),
            register_entry=integer(register),
        )

    def newest_register(self) -> Register:
        """The register as it stands now. Needs no more of the head than which entry that is of."""
        ((entry,),) = self.database.rows("SELECT register_entry FROM head WHERE id = 1")
        return self._register_of(integer(entry))

    def register(self, head: Head) -> Register:
        """The register as of `head`, read once for as long as it stays the same."""
        return self._register_of(head.register_entry)

    def _register_of(self, entry: int) -> Register:
        if self._register is None or self._register[0] != entry:
            self._register = (entry, self._kept_register(entry))
        return self._register[1]

    def _kept_register(self, entry: int) -> Register:
        """Read once in a process, whoever opens the store, for as long as the leaf of its entry stays the same."""
        found = self.database.rows('SELECT leaf_hash FROM entry WHERE "index" = %s', (entry,))
        if not found:
            return self._read_register()
        leaf = str(found[0][0])
        kept = _registers.pop(self.database.url, None)
        if kept is None or kept[0] != leaf:
            kept = (leaf, self._read_register())
        _registers[self.database.url] = kept
        while len(_registers) > _REGISTERS_KEPT:
            _registers.pop(next(iter(_registers)), None)
        return kept[1]

    def forget_register(self) -> None:
        """Reads the register anew when it is next asked for."""
        self._register = None

    def register_before(self, size: int) -> Register:
        """The register as the first `size` entries have it."""
        head = self.head()
        return self.register(head) if head.register_entry < size <= head.size else self._read_register(before=size)

    def record_bodies(self, before: int | None = None) -> dict[tuple[str, str], str]:
        """(table, key) → the newest body of every record, or the newest that an entry below `before` holds."""
        condition, params = ("", ()) if before is None else (" WHERE entry < %s", (before,))
        found = self.database.rows(f'SELECT "table", key, body FROM record{condition} ORDER BY id', params)
        return {(str(table), str(key)): str(body) for table, key, body in found}

    def _read_register(self, before: int | None = None) -> Register:
        bodies = self.record_bodies(before)
        tables = {}
        for name, schema in TABLES.items():
            records = [json.loads(body) for (table, _), body in bodies.items() if table == name]
            stored = {column: pl.String() if dtype == pl.Date else dtype for column, dtype in schema.items()}
            tables[name] = pl.DataFrame(records, schema=stored, orient="row").with_columns(
                pl.col(column).str.to_date("%Y-%m-%d") for column, dtype in schema.items() if dtype == pl.Date
            )
        return Register(tables=tables)

    def entry(self, index: int) -> StoredEntry | None:
        """The entry of that index."""
        return self._one_entry('"index" = %s', index)

    def filed_before(self, *, organisation: str, period: str, corrects: int | None, digest: str) -> StoredEntry | None:
        """The entry that already holds this very filing."""
        if corrects is None:
            return self._one_entry(
                "organisation = %s AND period = %s AND corrects IS NULL AND digest = %s", organisation, period, digest
            )
        return self._one_entry(
            "organisation = %s AND period = %s AND corrects = %s AND digest = %s",
            organisation, period, corrects, digest,
        )  # fmt: skip

    def feed_before(self, digest: str) -> StoredEntry | None:
        """The entry that already holds this very feed."""
        return self._one_entry("kind = %s AND digest = %s", FEED_KIND, digest)

    def feed_rows(self, feed: Feed, entry: int) -> pl.DataFrame:
        """The rows of one entry with their cells, `id`, `ordinal` and `leaf`, in order."""
        columns = ",".join(f'"{name}"' for name in feed_cells(feed))
        return self.database.frame(
            f"SELECT {columns}, id, ordinal, leaf FROM {FEED_TABLES[feed]} WHERE entry = %s ORDER BY ordinal, id",
            (entry,),
            schema={**feed_cells(feed), "id": pl.Int64(), "ordinal": pl.Int64(), "leaf": pl.Binary()},
        )

    def filed_uploads(self) -> frozenset[tuple[str, str, str]]:
        """(organisation, period, SHA-256) of every file that was filed."""
        found = self.database.rows(
            'SELECT e.organisation, e.period, u.sha256 FROM upload u JOIN entry e ON e."index" = u.entry'
        )
        return frozenset((str(row[0]), str(row[1]), str(row[2])) for row in found)

    def entry_of_upload(self, digest: str) -> StoredEntry | None:
        """The newest entry that took in a file with this SHA-256."""
        found = self.database.rows("SELECT MAX(entry) FROM upload WHERE sha256 = %s", (digest,))
        return None if found[0][0] is None else self.entry(integer(found[0][0]))

    def _one_entry(self, condition: str, *params: str | int) -> StoredEntry | None:
        found = self.database.rows(f'SELECT {_ENTRY} FROM entry WHERE {condition} ORDER BY "index" LIMIT 1', params)
        return _entry(found[0]) if found else None

    def entries(self, first: int = 0, batch: int = 10_000) -> Iterable[StoredEntry]:
        """All entries from `first` on, in order."""
        statement = f'SELECT {_ENTRY} FROM entry WHERE "index" > %s ORDER BY "index" LIMIT %s'
        return map(_entry, self.database.paged(statement, batch, after=first - 1))

    def entries_of(
        self, kind: str, *, organisation: str | None = None, period: str | None = None,
        within: tuple[int, int] | None = None,
    ) -> list[StoredEntry]:  # fmt: skip
        """The entries of a kind, or those about an organisation or a month or `within` [first, end), in order."""
        bounds = "" if within is None else ' AND "index" >= %s AND "index" < %s'
        return self._of_kind(kind, organisation, period, f'{bounds} ORDER BY "index"', within or ())

    def newest_of(
        self, kind: str, *, before: int, most: int, organisation: str | None = None, period: str | None = None
    ) -> list[StoredEntry]:
        """The last entries of a kind, or those about an organisation or a month, below an index, the last first."""
        ending = ' AND "index" < %s ORDER BY "index" DESC LIMIT %s'
        return self._of_kind(kind, organisation, period, ending, (before, most))

    def _of_kind(
        self, kind: str, organisation: str | None, period: str | None, ending: str, params: tuple[int, ...]
    ) -> list[StoredEntry]:
        wanted = {"kind": kind, "organisation": organisation, "period": period}
        given = {column: value for column, value in wanted.items() if value is not None}
        condition = " AND ".join(f"{column} = %s" for column in given)
        found = self.database.rows(f"SELECT {_ENTRY} FROM entry WHERE {condition}{ending}", [*given.values(), *params])
        return [_entry(row) for row in found]

    def leaf_hashes(self, first: int, end: int) -> bytes:
        """The leaf hashes of the entries [first, end) in order, joined."""
        found = self.database.rows(
            'SELECT leaf_hash FROM entry WHERE "index" >= %s AND "index" < %s ORDER BY "index"', (first, end)
        )
        return b"".join(bytes.fromhex(str(leaf)) for (leaf,) in found)

    def subtrees(self, frontier: Frontier) -> Subtree:
        """The perfect subtrees of the log at a head, for proofs (store.tree)."""
        return self._tree.subtrees(frontier)

    def last_goods_entry(self, size: int, *, still: Sequence[str] = KINDS_WITHOUT_GOODS) -> tuple[int, str]:
        """The last of the first `size` entries that says something about goods or parties, and its root: none of
        KINDS_WITHOUT_GOODS does. With `still`, the last of another kind than these.

        What is computed from rows, register and filings alone stands as long as this does; (-1, "") without one.
        """
        found = self.database.rows(
            f'SELECT "index", root FROM entry WHERE "index" < %s AND kind NOT IN ({marks(still)})'
            ' ORDER BY "index" DESC LIMIT 1',
            (size, *still),
        )
        return (integer(found[0][0]), str(found[0][1])) if found else (-1, "")

    def uploads(self, entry: int) -> Iterable[tuple[str, bytes]]:
        """(SHA-256 as stored, bytes) of each file that an entry was filed with. Raises zlib.error if damaged."""
        found = self.database.rows("SELECT sha256, content FROM upload WHERE entry = %s ORDER BY id", (entry,))
        for stated, content in found:
            yield str(stated), zlib.decompress(_bytes(content))

    def upload_digests(self, entry: int) -> list[tuple[str, str]]:
        """(SHA-256 as stored, name) of the files of `uploads`, in the same order, without reading them."""
        found = self.database.rows("SELECT sha256, name FROM upload WHERE entry = %s ORDER BY id", (entry,))
        return [(str(digest), str(name)) for digest, name in found]

    def upload_names(self, entry: int) -> list[str]:
        """What the files of `uploads` are called, in the same order."""
        found = self.database.rows("SELECT name FROM upload WHERE entry = %s ORDER BY id", (entry,))
        return [str(name) for (name,) in found]

    def checkpoint(self) -> str:
        """The signed note over the head."""
        return str(self.database.rows("SELECT checkpoint FROM head WHERE id = 1")[0][0])

    def superseded(self) -> list[tuple[str, str, int, int]]:
        """(organisation, event, entry, by) of everything that is out of force."""
        found = self.database.rows('SELECT organisation, event, entry, "by" FROM superseded')
        return [(str(row[0]), str(row[1]), integer(row[2]), integer(row[3])) for row in found]

    def expected_superseded(self) -> list[tuple[str, str, int, int]]:
        """The same, recomputed: each time an event is filed again, the time before goes out of force."""
        found = self.database.rows(
            "SELECT DISTINCT organisation, event, entry FROM line WHERE (organisation, event) IN"
            " (SELECT organisation, event FROM line GROUP BY organisation, event HAVING COUNT(DISTINCT entry) > 1)"
            " ORDER BY organisation, event, entry"
        )
        filed = [(str(row[0]), str(row[1]), integer(row[2])) for row in found]
        return [(*this, then[2]) for this, then in itertools.pairwise(filed) if this[:2] == then[:2]]

    def state_table(self, table: str, schema: pl.Schema) -> pl.DataFrame:
        """A table of state as it stands."""
        return self.database.frame(f"SELECT {','.join(schema)} FROM {table}", schema=dict(schema))

    @property
    def began_with(self) -> dict[str, str]:
        """The law that it was made with, as the log is to say it."""
        return {"jurisdiction": self.jurisdiction, "pack": self.first_pack}

    def office_entry(self, what: str) -> StoredEntry | None:
        """The first entry in which the office says `what`."""
        # Canonical JSON has one spelling.
        return self._one_entry("kind = %s AND envelope LIKE %s", OFFICE_KIND, f'%"what":"{what}"%')

    # What a writer does, inside one transaction and under the head.

    def append_entry(
        self, head: Head, envelope: Envelope, *, digest: str, rows: int, flags: list[dict[str, object]]
    ) -> tuple[StoredEntry, Head]:
        """Appends the entry, signs the new head, and returns both. The rows are appended by the caller.

        The first entry of a log also says with which law the store was made, so that no other can be put in its place.
        """
        if head.size == 0:
            envelope = self._first(envelope)
        encoded = envelope.to_bytes()
        leaf = leaf_hash(encoded)
        frontier = head.frontier.append(leaf)
        root = frontier.root()
        entry = StoredEntry(
            index=head.size,
            kind=envelope.kind,
            organisation=envelope.organisation,
            period=envelope.period,
            corrects=envelope.corrects,
            filed_at=envelope.filed_at,
            digest=digest,
            row_count=rows,
            first_line=head.next_line,
            envelope=encoded.decode(),
            leaf_hash=leaf.hex(),
            root=root.hex(),
            flags_text=json.dumps(flags, ensure_ascii=False),
        )
        self.database.execute(
            f"INSERT INTO entry ({_ENTRY}) VALUES ({','.join(['%s'] * 13)})",
            (
                entry.index, entry.kind, entry.organisation, entry.period, entry.corrects, entry.filed_at, digest, rows,
                entry.first_line, entry.envelope, entry.leaf_hash, entry.root, entry.flags_text,
            ),
        )  # fmt: skip
        new = Head(
            size=head.size + 1,
            next_line=head.next_line + rows,
            next_lot=head.next_lot,
            frontier=frontier,
            checkpoint=sign_checkpoint(size=head.size + 1, root=root, signer=self.signer),
            register_entry=entry.index if envelope.kind == "register" else head.register_entry,
        )
        return entry, new

    def _first(self, envelope: Envelope) -> Envelope:
        return replace(envelope, facts={**envelope.facts, BEGAN_WITH: self.began_with})

    def set_head(self, head: Head) -> None:
        """Moves the head."""
        self.database.execute(
            "UPDATE head SET size = %s, next_line = %s, next_lot = %s, frontier = %s, checkpoint = %s,"
            " register_entry = %s WHERE id = 1",
            (
                head.size, head.next_line, head.next_lot, head.frontier.to_bytes(), head.checkpoint,
                head.register_entry,
            ),
        )  # fmt: skip

    def append_rows(self, table: str, rows: pl.DataFrame) -> None:
        """Appends rows to a table of facts or state."""
        append(self.database, table, rows)

    def rebuild_superseded(self) -> None:
        """Recomputes which events are out of force."""
        superseded = self.expected_superseded()
        self.database.execute("DELETE FROM superseded")
        self.put_superseded(superseded)

    def rebuild_state(self, state: State) -> None:
        """Puts the whole state in place of what stands."""
        for table, rows in zip(STATE_TABLES, (state.holdings, state.transfers, state.drawdowns), strict=True):
            self.database.execute(f"DELETE FROM {table}")
            append(self.database, table, rows)

    def put_superseded(self, rows: Sequence[tuple[str, str, int, int]]) -> None:
        """Records (organisation, event, entry, by): the event's rows in `entry` are out of force."""
        if rows:
            append(self.database, "superseded", pl.DataFrame(rows, schema=_SUPERSEDED, orient="row"))

    def put_alias(self, entry: int, *, organisation: str, lot: int, alias: str) -> None:
        """Records what an entry has given as an alias."""
        self.database.execute(
            "INSERT INTO alias (entry, organisation, lot, alias) VALUES (%s, %s, %s, %s)",
            (entry, organisation, lot, alias),
        )

    def put_upload(self, entry: int, *, name: str, content: bytes) -> None:
        """Keeps the bytes that an entry was filed with."""
        self.database.execute(
            "INSERT INTO upload (entry, name, sha256, content) VALUES (%s, %s, %s, %s)",
            (entry, name, sha256(content).hexdigest(), zlib.compress(content, 1)),
        )

    def replace_state(self, state: State, lots: Iterable[int], *, known_below: int | None = None) -> None:
        """Puts the state of these lots in place of what stood there: nothing of lots from `known_below` on."""
        touched = sorted({lot for lot in lots if known_below is None or lot < known_below})
        for table, rows in zip(STATE_TABLES, (state.holdings, state.transfers, state.drawdowns), strict=True):
            replace_state(self.database, table, rows, touched)


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes | memoryview)
    return bytes(value)


def _entry(row: tuple[object, ...]) -> StoredEntry:
    index, kind, organisation, period, corrects, filed_at, digest, count, first, envelope, leaf, root, flags = row
    return StoredEntry(
        index=integer(index),
        kind=str(kind),
        organisation=None if organisation is None else str(organisation),
        period=None if period is None else str(period),
        corrects=None if corrects is None else integer(corrects),
        filed_at=str(filed_at),
        digest=str(digest),
        row_count=integer(count),
        first_line=integer(first),
        envelope=str(envelope),
        leaf_hash=str(leaf),
        root=str(root),
        flags_text=str(flags),
    )


def record_key(table: str, record: dict[str, object]) -> str:
    """What identifies a record within its table, as one text."""
    cells = [record[column] for column in KEYS[table]]
    return json.dumps([one.isoformat() if isinstance(one, date) else one for one in cells], ensure_ascii=False)
