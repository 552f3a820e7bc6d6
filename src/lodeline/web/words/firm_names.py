"""What organisations are called, for pages that read nothing else of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from lodeline.language import Language
from lodeline.store.opening import open_store
from lodeline.web.visit import Visit
from lodeline.web.words.words import organisation_names


def firm_names(visit: Visit) -> Mapping[str, str]:
    """Organisation id → its name in the reader's language, as registered now, or as this page's reading has it."""
    reading = visit.__dict__.get("reading")
    if reading is not None:
        return organisation_names(reading.snapshot.register, visit.language)
    store = visit.store
    return _names(store.database.url, store.head().register_entry, visit.language)


@lru_cache(maxsize=8)
def _names(url: str, register_entry: int, language: Language) -> Mapping[str, str]:
    """Read once for as long as the register stays the same: its newest entry is part of the question."""
    del register_entry
    store = open_store(url)
    return organisation_names(store.register(store.head()), language)
