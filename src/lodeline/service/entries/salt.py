"""Salts of what the log commits to: derived from the store's secret and the place of an entry, never random."""

from __future__ import annotations

import json

from lodeline.journal import entry as journal
from lodeline.store.store import Store


def salt_key(
    store: Store, organisation: str | None, period: str | None, corrects: int | None, content_digest: str
) -> bytes:
    """The key of an entry's row salts, from the store's secret and what identifies the entry's content."""
    place = json.dumps([organisation, period, corrects, content_digest]).encode()
    return journal.salt_key(store.secret, place)
