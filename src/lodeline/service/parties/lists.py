"""Lists of parties that the authority has loaded: each edition is a paper of the log, and the newest of a name stands.

Whoever asks on which lists a party stands can be shown the very bytes that were loaded, by whom and when.

ListError       the file is no list; its problems are values
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from lodeline.journal.entry import canonical_json
from lodeline.party.lists import Measure, PartyList, Scope, read_list
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.store.opening import assert_guarded
from lodeline.store.store import LIST_KIND, Store, StoredEntry

FORMAT: Final = "lodeline-party-list-v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A list as it was loaded by an entry."""

    entry: StoredEntry
    list: PartyList


def load_list(
    store: Store, content: bytes, *, name: str, file: str, filed_at: datetime, by: str,
    measure: Measure | None = None, scope: Scope | None = None,
    in_transaction: Callable[[StoredEntry, PartyList], None] | None = None,
) -> tuple[StoredEntry | None, PartyList]:  # fmt: skip
    """Loads an edition of a list whole; a list with a fault that rejects is not loaded (None) and says all its faults.

    `measure` and `scope`: what holds for whoever the list says nothing more of. The same bytes again, said to be the
    same, are no new edition: the entry is the old one's. `also` is done in the transaction that writes a
    new entry; it locks nothing.
    """
    assert_guarded(store)
    read = read_list(content, name=name, file=file, measure=measure, scope=scope)
    if not read.accepted:
        return None, read
    with store.database.transaction():
        head = store.head(lock=True)
        before = newest(store).get(name)
        if before is not None and edition(before.list) == edition(read):
            return before.entry, read
        paper = canonical_json(
            {
                "format": FORMAT, "name": name, "file": file, "content": content.decode(),
                "sha256": read.digest, "loaded_at": utc_text(filed_at), "number": head.size,
                **_scope_facts(measure, scope),
            }
        )  # fmt: skip
        facts = {"list": name, "by": by, "parties": len(read.parties)}
        entry = papers.put_paper(
            store, head, paper, kind=LIST_KIND, name=f"list-{head.size}.json", filed_at=filed_at, facts=facts
        )
        if in_transaction is not None:
            in_transaction(entry, read)
    return entry, read


def newest(store: Store, *, before: int | None = None) -> dict[str, Loaded]:
    """Name → the edition that stands, or that stood before an entry."""
    entries = [one for one in store.entries_of(LIST_KIND) if before is None or one.index < before]
    last = {str(json.loads(one.envelope)["facts"]["list"]): one for one in entries}
    return {name: Loaded(entry=one, list=_read(_Paper(store, one))) for name, one in sorted(last.items())}


def lists_of(store: Store, *, before: int | None = None) -> Sequence[PartyList]:
    """The lists that stand, or that stood before an entry."""
    return [one.list for one in newest(store, before=before).values()]


def edition(one: PartyList) -> tuple[str, str | None, str | None]:
    """What tells an edition of a list from another: its bytes, and what it was said to be."""
    return one.digest, one.measure, one.scope


def files_of(store: Store) -> dict[str, dict[str, Any]]:
    """Name → the file that stands, as `read_again` takes it."""
    found = {}
    for name, one in newest(store).items():
        content = json.loads(papers.paper_of(store, one.entry))
        found[name] = {
            "file": content["file"],
            "content": content["content"],
            **_scope_facts(one.list.measure, one.list.scope),
        }
    return found


def read_again(name: str, content: Mapping[str, Any]) -> PartyList:
    """A list from `file`, `content` and what it was said to be when it was loaded, which older papers do not have."""
    return read_list(
        content["content"].encode(),
        name=name,
        file=content["file"],
        measure=content.get("measure"),
        scope=content.get("scope"),
    )


def _scope_facts(measure: Measure | None, scope: Scope | None) -> dict[str, str]:
    return {name: value for name, value in (("measure", measure), ("scope", scope)) if value}


class _Paper:
    """An entry's paper, told from others by its leaf, so that it is read once."""

    def __init__(self, store: Store, entry: StoredEntry) -> None:
        self.store, self.entry = store, entry

    def __hash__(self) -> int:
        return hash(self.entry.leaf_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Paper) and other.entry.leaf_hash == self.entry.leaf_hash


@lru_cache(maxsize=16)
def _read(paper: _Paper) -> PartyList:
    content = json.loads(papers.paper_of(paper.store, paper.entry))
    return read_again(content["name"], content)
