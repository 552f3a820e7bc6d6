"""The law of a store: the pack that officers have published in it last, or had by an entry; before any, the pack that
it was made with.

Another version of the program changes no law of a store. A publication is a paper of the log, of two officers
(service.law.publishing). What rests on a law names its digest, and `law_by_digest` gives that law again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lodeline.journal.verify import Fault
from lodeline.language import bilingual, text
from lodeline.regulation.pack import Pack, shipped, shipped_codes
from lodeline.regulation.parameter import Jurisdiction, law_of
from lodeline.store.store import (
    BEGAN_WITH,
    BEGAN_WITH_ENTRY,
    LAW_KIND,
    LAW_PROPOSAL_KIND,
    PACK_FACT,
    Store,
    StoredEntry,
    StoreError,
)

#: Country, or address of the store that published it, and digest → the law, of those that a process has read: files
#: alike can be of two countries.
_read: dict[tuple[str, str], Jurisdiction] = {}
_READ_MOST: Final = 32
_AFTER_ALL: Final = 1 << 62
#: Stores, and the law that each was made with, as their logs say it too.
_begun: set[tuple[str, str, str]] = set()


def law_now(store: Store) -> Jurisdiction:
    """The law as the log has it now."""
    return law_before(store, _AFTER_ALL)


def law_before(store: Store, size: int) -> Jurisdiction:
    """The law as the first `size` entries have it. Raises StoreError where its files are not as they were."""
    found = store.newest_of(LAW_KIND, before=size, most=1)
    if found:
        return _kept(store, str(_facts(found[0])["pack"]), found[0])
    return _kept(store, store.first_pack, None)


def law_by_digest(store: Store, digest: str) -> Jurisdiction | None:
    """The law of that digest: one that the store has or had, or one that comes with the program; None where it is
    neither."""
    if digest == store.first_pack:
        return _kept(store, digest, None)
    published = next((one for one in store.entries_of(LAW_KIND) if _facts(one)["pack"] == digest), None)
    if published is not None:
        return _kept(store, digest, published)
    laws = (law_of(shipped(code)) for code in shipped_codes())
    return next((law for law in laws if law.digest == digest), None)


def _kept(store: Store, digest: str, entry: StoredEntry | None) -> Jurisdiction:
    """The law of that digest, which an entry has published; None: which the store was made with."""
    if entry is None:
        _require_begun(store)
    key = store.jurisdiction if entry is None else store.database.url, digest
    law = _read.get(key)
    if law is None:
        pack = _first_pack(store) if entry is None else pack_of_paper(store, int(_facts(entry)["about"]))
        if pack.digest != digest:
            raise _changed(entry)
        while len(_read) >= _READ_MOST:
            _read.pop(next(iter(_read)), None)
        law = _read.setdefault(key, law_of(pack))
    return law


def faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    """Whether what an entry has published is the pack that another than its officer proposed before."""
    facts = _facts(entry)
    proposal = store.entry(int(facts["about"]))
    proposed = {} if proposal is None or proposal.kind != LAW_PROPOSAL_KIND else _facts(proposal)
    try:
        whole = pack_of_paper(store, int(facts["about"])).digest == facts["pack"]
    except (KeyError, ValueError, zlib.error):
        whole = False  # no such paper, or none that can be read
    is_before = proposal is not None and proposal.index < entry.index
    if not (whole and is_before and proposed.get("pack") == facts["pack"] and proposed.get("by") != facts["by"]):
        yield Fault(entry=entry.index, what="law.pack-changed")


def begun_with(store: Store) -> tuple[int, dict[str, str]] | None:
    """Which law the log says that the store was made with, and in which entry; None where it says nothing, because it
    is empty, or older than that and `lodeline init` was not run since."""
    first = store.entry(0)
    if first is None:
        return None
    found, law = first, _facts_of_any(first).get(BEGAN_WITH)
    if law is None:
        later = store.office_entry(BEGAN_WITH_ENTRY)
        if later is None:
            return None
        found, law = later, _facts_of_any(later)
    # An envelope that was altered may say anything; the audit of the log names it.
    stated = law if isinstance(law, dict) else {}
    return found.index, {name: str(stated.get(name, "")) for name in store.began_with}


def _require_begun(store: Store) -> None:
    """Raises StoreError where the store has another law to begin with than its log says."""
    known = (store.database.url, store.jurisdiction, store.first_pack)
    if known in _begun:
        return
    begun = begun_with(store)
    if begun is None:
        return
    if begun[1] != store.began_with:
        raise _changed(None)
    _begun.add(known)


def assert_first_pack(store: Store) -> None:
    """Raises StoreError where the law that the store was made with is not what its log says, or not what it was."""
    begun = begun_with(store)
    if not first_pack_is_whole(store) or (begun is not None and begun[1] != store.began_with):
        raise _changed(None)


def first_pack_is_whole(store: Store) -> bool:
    """Whether the files of the law that the store was made with are those of its digest."""
    try:
        return _first_pack(store).digest == store.first_pack
    except ValueError:
        return False  # no such fact, or one that is no JSON


def first_pack_faults(store: Store) -> Iterator[Fault]:
    """Whether the store has the law that it was made with: the files of its digest, and the digest of its log."""
    begun = begun_with(store)
    if not first_pack_is_whole(store) or (begun is not None and begun[1] != store.began_with):
        yield Fault(entry=None if begun is None else begun[0], what="law.pack-changed")


def packs_of(store: Store) -> dict[str, int]:
    """Digest of each law that the store has had → the entry from which on; -1 for the one that it was made with."""
    begun = begun_with(store)
    packs = {store.first_pack if begun is None else begun[1]["pack"]: -1}
    for entry in store.entries_of(LAW_KIND):
        packs.setdefault(str(_facts_of_any(entry).get("pack")), entry.index)
    return packs


def _changed(entry: StoredEntry | None) -> StoreError:
    at = "the store was made with" if entry is None else f"entry {entry.index} has published"
    at_zh = "建库时" if entry is None else f"条目 {entry.index} 公布时"
    return StoreError(
        text("the files of the law that {at} are not what they were: run `lodeline verify`", at=bilingual(at, at_zh))
    )


def _first_pack(store: Store) -> Pack:
    ((text,),) = store.database.rows("SELECT value FROM fact WHERE key = %s", (PACK_FACT + store.first_pack,))
    return Pack(code=store.jurisdiction, files=json.loads(str(text)))


def pack_of_paper(store: Store, proposal: int) -> Pack:
    """The pack that an entry has proposed."""
    ((_, content),) = store.uploads(proposal)
    paper = json.loads(content)
    return Pack(code=paper["jurisdiction"], files=paper["files"])


def _facts(entry: StoredEntry) -> dict[str, Any]:
    return json.loads(entry.envelope)["facts"]  # type: ignore[no-any-return]


def _facts_of_any(entry: StoredEntry) -> dict[str, Any]:
    """The same; nothing where the envelope is damaged, which the audit of the log names."""
    try:
        facts = json.loads(entry.envelope)["facts"]
    except (ValueError, KeyError, TypeError):
        return {}
    return facts if isinstance(facts, dict) else {}
