"""An alias is all that a holder's buyers see of a lot; who gave which name to what stays for ever, and is no filing.

An entry of kind `alias` commits to the name and shows none of it. From that entry on the shipper's papers carry the
newest alias; every earlier one goes on meaning the lot. Receipts under an alias are paired whichever came first.

AliasError   this name cannot be given to this lot; the message says what to do
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

import polars as pl

from lodeline.errors import UserError
from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.language import text
from lodeline.ledger.movement import LINE
from lodeline.service.entries.history import projected, tied_history
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.opening import assert_guarded
from lodeline.store.queries.lots import alias_of_entry, aliases_alike, has_lot_called
from lodeline.store.store import Head, Store, StoredEntry

KIND: Final = "alias"
#: As a lot's own id, but for what makes a name canonical.
_ALIAS: Final = re.compile(r"(?!urn:)[A-Za-z0-9._:-]{1,64}")


class AliasError(UserError):
    """This name cannot be given to this lot."""


def give_alias(
    store: Store, organisation: str, *, lot: int, alias: str, filed_at: datetime, by: str | None = None
) -> StoredEntry:
    """Names a lot, by its number, to the organisation's buyers, as an entry of the log; given before, that entry.

    Part of the caller's transaction, if there is one, which locks nothing afterwards. `by`: the opaque id of the person
    who gave it. Raises AliasError.
    """
    assert_guarded(store)
    if not _ALIAS.fullmatch(alias):
        raise AliasError(
            text(
                "An alias is 1 to 64 of the characters A-Z a-z 0-9 . _ : - and does not begin with urn:. Take another."
            )
        )
    with store.database.transaction():
        head = store.head(lock=True)
        before = _given_before(store, organisation, lot, alias)
        if before is not None:
            return before
        content = paper(organisation, store.books.lot_names([lot])[lot], alias)
        digest = sha256(content).hexdigest()
        envelope = journal.Envelope(
            index=head.size,
            kind=KIND,
            filed_at=utc_text(filed_at),
            upload_hash=journal.upload_commitment(sha256(content).digest(), salt_key(store, None, None, None, digest)),
            facts={} if by is None else {"by": by},
        )
        entry, new_head = store.append_entry(head, envelope, digest=digest, rows=0, flags=[])
        store.put_upload(entry.index, name="alias.json", content=content)
        store.put_alias(entry.index, organisation=organisation, lot=lot, alias=alias)
        _project_again(store, head, {lot, *store.books.lot_ids([f"{organisation}/{alias}"]).values()})
        store.set_head(replace(new_head, next_lot=head.next_lot))
    return entry


def paper(organisation: str, lot: str, alias: str) -> bytes:
    """What the entry commits to: canonical JSON of who ships which lot, by its canonical name, under which alias."""
    return journal.canonical_json({"alias": alias, "lot": lot, "organisation": organisation})


def _given_before(store: Store, organisation: str, lot: int, alias: str) -> StoredEntry | None:
    """The entry that gave this lot this alias, where it is the newest. Raises AliasError where the name is taken."""
    given = aliases_alike(store, organisation, lot, alias)
    same = [int(str(entry)) for entry, named, word in given if (named, word) == (lot, alias)]
    if same and given[-1][2] == alias:
        return store.entry(same[0])
    # What was bought by title under an alias is sold on under it.
    labels = store.books.known(organisation, []).labels
    other = labels.filter((pl.col("filed") == alias) & (pl.col("name") != store.books.lot_names([lot])[lot]))
    if same or other.height:
        raise AliasError(
            text("You have used the alias {alias} before, and papers may still bear it. Take another.", alias=alias)
        )
    if has_lot_called(store, organisation, alias):
        raise AliasError(
            text(
                "{alias} is the id of a lot that you hold or held: your buyers would mix them up. Take another.",
                alias=alias,
            )
        )
    return None


def _project_again(store: Store, head: Head, lots: set[int]) -> None:
    """Puts what the lots amount to under the new name in place of what stood."""
    touched, history = tied_history(store, head, pl.DataFrame(schema=LINE), lots)
    store.replace_state(projected(store, history, touched), touched)


def faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    """Whether the name that stands in the books is the one that the entry commits to."""
    stands = [paper(*map(str, row)) for row in alias_of_entry(store, entry.index)]
    if [sha256(one).hexdigest() for one in stands] != [entry.digest]:
        yield Fault(entry=entry.index, what="alias.changed")
