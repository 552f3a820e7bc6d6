"""Whether what the log keeps rests on a law that the store had: each paper that names a pack."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lodeline.journal.verify import Fault
from lodeline.service.entries import papers
from lodeline.store.store import (
    DESK_KIND,
    EDITION_KIND,
    LAW_KIND,
    LAW_PROPOSAL_KIND,
    STANDING_KIND,
    Store,
    StoredEntry,
)

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "law.pack-unknown": (
        "A paper rests on a law pack that the store did not have then: the law that it was made with was changed",
        "该文件所依据的法规包当时并不属于本库：建库时的法规包已被改动",
    ),
}  # fmt: skip
_KINDS: Final = frozenset({DESK_KIND, EDITION_KIND, STANDING_KIND, LAW_KIND, LAW_PROPOSAL_KIND})


def fault_of(store: Store, entry: StoredEntry, packs: Mapping[str, int]) -> Iterator[Fault]:
    """Whether the pack that an entry's paper names is one of `packs` (`store.law.packs_of`), by then."""
    if entry.kind not in _KINDS:
        return
    try:
        named = _named(entry.kind, json.loads(papers.paper_of(store, entry)))
    except (ValueError, zlib.error):
        return  # damaged bytes are a fault of the upload
    if named is not None and packs.get(named, entry.index) >= entry.index:
        yield Fault(entry=entry.index, what="law.pack-unknown", facts={"pack": named})


def _named(kind: str, paper: Mapping[str, Any]) -> str | None:
    """The digest of the law that a paper rests on; None where it names none, as older ones do not."""
    if kind == DESK_KIND:
        # What was asked at a port rests on the law of its bundle, which is judged when it is brought in.
        found = None if paper.get("bundle") else paper.get("answer", {}).get("pack")
    elif kind in (LAW_KIND, LAW_PROPOSAL_KIND):
        found = paper.get("over")
    else:
        found = paper.get("pack")
    return None if found is None else str(found)
